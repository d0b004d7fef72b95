"""The organisation's data as a whole: taking it along, what is being erased, the receipts, closing the account."""

import secrets
from typing import Annotated

import msgspec

from quayside.accounts import service as accounts
from quayside.compliance import disclosure_service as disclosures
from quayside.compliance import erasure_service as erasures
from quayside.compliance import export_service as exports
from quayside.compliance.disclosure_views import DisclosuresPage
from quayside.compliance.erasure_views import ErasureView, ReceiptView
from quayside.compliance.export_views import ExportLink, ExportView
from quayside.connections import service as connections
from quayside.connections.rules import is_live
from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.ids import check_connection_id
from seller_api.routing import Call, Routes

routes = Routes("data")


class DataPage(msgspec.Struct, frozen=True):
    """Exports, erasures that wait, run or ended lately, and the receipts of all that ended; latest first."""

    exports: tuple[ExportView, ...]
    erasures: tuple[ErasureView, ...]
    receipts: tuple[ReceiptView, ...]


class ExportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which connection; null for all of them."""

    connection_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class DisclosuresQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of the log of exports."""

    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The organisation's name, typed by the person who closes its account."""

    confirmation: Annotated[str, msgspec.Meta(max_length=100)]


@routes.get("/data", permission="tenant.read")
def show_data(call: Call[None, None]) -> DataPage:
    """Show what can be taken along, which data is being erased and how far that is, and the receipts."""
    return DataPage(exports.exports(call.container.clock), erasures.erasures(), erasures.receipts())


@routes.post("/data/exports", permission="connections.manage", body=ExportRequest, status=202)
def ask_for_export(call: Call[ExportRequest, None]) -> ExportView:
    """Have everything that is known of a connection, or of all, made into one file; one under way is not made twice."""
    wanted = call.body.connection_id
    return exports.ask(
        None if wanted is None else check_connection_id(wanted),
        requested_by=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )


@routes.post("/data/exports/{export_id}/link", permission="connections.manage")
def link_export(call: Call[None, None]) -> ExportLink:
    """Make an address that opens the file of an export for five minutes, without any further sign-in."""
    return exports.link(
        call.path("export_id"),
        opened_by=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )


@routes.get("/data/disclosures", permission="audit.read", query=DisclosuresQuery)
def list_disclosures(call: Call[None, DisclosuresQuery]) -> DisclosuresPage:
    """List each time that the organisation's data was handed out: when, what, and by whom; newest first."""
    return disclosures.disclosures(call.query.cursor, call.query.limit)


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
