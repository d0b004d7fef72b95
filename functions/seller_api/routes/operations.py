"""For operators of this installation: what belongs to no tenant."""

from typing import Annotated

import msgspec

from quayside.connections.rules import DatasetState
from quayside.connections.views import QuarantinePage
from quayside.operations import service
from quayside.sync import service as sync
from quayside.sync.views import BoardPage
from seller_api.routes.connections import PageQuery, Replayed
from seller_api.routing import Call, Routes

routes = Routes("operations")


class BoardQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of the board to show."""

    state: DatasetState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )


@routes.get("/operations/sync", permission="operations.read", query=BoardQuery)
def show_board(call: Call[None, BoardQuery]) -> BoardPage:
    """Show how every dataset of every account stands, in words that tell nothing of a seller's business."""
    return sync.board(call.query.state, call.query.cursor, call.container.clock)


@routes.get("/operations/quarantine", permission="operations.read", query=PageQuery)
def list_unclaimed(call: Call[None, PageQuery]) -> QuarantinePage:
    """List the notifications that could not be given to any tenant, newest first."""
    return service.unclaimed(call.query.cursor)


@routes.post("/operations/quarantine/{entry_id}/replay", permission="operations.act", status=202)
def replay_unclaimed(call: Call[None, None]) -> Replayed:
    """Take such a notification in again, for example after its seller was connected."""
    service.replay(None, call.path("entry_id"), call.container.desk)
    return Replayed(call.path("entry_id"))
