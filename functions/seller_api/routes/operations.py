"""For operators of this installation: what belongs to no tenant."""

from quayside.connections import service as connections
from quayside.connections.views import QuarantinePage
from seller_api.http import Call, Routes
from seller_api.routes.connections import PageQuery, Replayed, quarantine_page

routes = Routes("operations")


@routes.get("/operations/quarantine", permission="operations.read", query=PageQuery)
def list_unclaimed(call: Call[None, PageQuery]) -> QuarantinePage:
    """List the notifications that could not be given to any tenant, newest first."""
    return quarantine_page(None, call.query.cursor)


@routes.post("/operations/quarantine/{entry_id}/replay", permission="operations.act", status=202)
def replay_unclaimed(call: Call[None, None]) -> Replayed:
    """Take such a notification in again, for example after its seller was connected."""
    connections.replay(None, call.path("entry_id"))
    return Replayed(call.path("entry_id"))
