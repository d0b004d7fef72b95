"""The organisation's data as a whole: what is being erased, the receipts, and closing the account."""

import secrets
from typing import Annotated

import msgspec

from quayside.accounts import service as accounts
from quayside.compliance import erasure_service as erasures
from quayside.compliance.erasure_views import ErasureView, ReceiptView
from quayside.connections import service as connections
from quayside.connections.rules import is_live
from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.ids import check_connection_id
from seller_api.http import Call, Routes

routes = Routes("data")


class DataPage(msgspec.Struct, frozen=True):
    """Erasures that wait, run or ended lately, and the receipts of all that ended; latest first."""

    erasures: tuple[ErasureView, ...]
    receipts: tuple[ReceiptView, ...]


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The organisation's name, typed by the person who closes its account."""

    confirmation: Annotated[str, msgspec.Meta(max_length=100)]


@routes.get("/data", permission="tenant.read")
def show_data(_call: Call[None, None]) -> DataPage:
    """Show which data is being erased, how far that is, and the receipts of what was erased."""
    return DataPage(erasures.erasures(), erasures.receipts())


@routes.post("/data/erasures/{erasure_id}/begin", permission="connections.manage", status=202)
def begin_erasure(call: Call[None, None]) -> ErasureView:
    """Erase the data of a connection that ended without waiting for the week to pass."""
    return erasures.erase_soon(call.path("erasure_id"), clock=call.container.clock)


@routes.post("/tenant/close", permission="tenant.close", body=Closing, status=202)
def close_account(call: Call[Closing, None]) -> ErasureView:
    """Close the account: every connection ends at once, then everything is erased, the members' own accounts too."""
    name = accounts.me(call.principal).tenant.name
    if call.body.confirmation != name:
        raise InvalidInput(
            "The confirmation does not match.",
            fields=(FieldProblem("confirmation", f"must be {name}"),),
            code="confirmation_mismatch",
        )
    for each in connections.all_connections():
        if is_live(each.status) or each.status in {"failed", "revoked"}:
            connections.disconnect(
                check_connection_id(each.connection_id), each.selling_partner_id, desk=call.container.desk
            )
    return erasures.close_account(
        requested_by=call.principal.member_id, clock=call.container.clock, entropy=secrets.token_bytes
    )
