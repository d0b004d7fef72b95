"""For operators of this installation: what belongs to no tenant."""

from quayside.connections.views import QuarantinePage
from quayside.operations import service
from seller_api.http import Call, Routes
from seller_api.routes.connections import PageQuery, Replayed

routes = Routes("operations")


@routes.get("/operations/quarantine", permission="operations.read", query=PageQuery)
def list_unclaimed(call: Call[None, PageQuery]) -> QuarantinePage:
    """List the notifications that could not be given to any tenant, newest first."""
    return service.unclaimed(call.query.cursor)


@routes.post("/operations/quarantine/{entry_id}/replay", permission="operations.act", status=202)
def replay_unclaimed(call: Call[None, None]) -> Replayed:
    """Take such a notification in again, for example after its seller was connected."""
    service.replay(None, call.path("entry_id"))
    return Replayed(call.path("entry_id"))
