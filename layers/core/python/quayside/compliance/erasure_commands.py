"""The sub-commands ``quayside erasure``: what is being erased, erasing at Amazon's request, and receipts."""

import argparse
import pathlib
import secrets
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import check_connection_id, check_tenant_id
from quayside.kernel.settings import Settings


class Output(Protocol):
    """Where a command writes to."""

    @property
    def write(self) -> TextIO:
        """Standard output."""
        ...


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``erasure`` to the areas of the command line."""
    erasure = areas.add_parser("erasure", help="what is being erased, and the receipts of what was")
    verbs = erasure.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="show every erasure that has not ended, and where it stands")
    listing.set_defaults(run=_list, required=("coordination_table",))
    asking = verbs.add_parser("request", help="disconnect an account and erase its data, because Amazon asked for it")
    asking.add_argument("--tenant", required=True, help="of this tenant")
    asking.add_argument("--connection", required=True, help="this connection")
    asking.set_defaults(run=_request, required=("core_table", "vault_table", "coordination_table", "work_queue_url"))
    receipts = verbs.add_parser("receipts", help="print the receipts of a tenant, also of one that is gone")
    receipts.add_argument("--tenant", required=True, help="of this tenant")
    receipts.set_defaults(run=_receipts, required=("audit_table",))
    check = verbs.add_parser("check", help="check a receipt that was saved as a file; needs no AWS")
    check.add_argument("file")
    check.set_defaults(run=_check, required=(), offline=True)


def _list(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del arguments, settings, clock
    from quayside.compliance import erasure_service  # noqa: PLC0415 - help needs no AWS

    found = erasure_service.not_ended()
    for tenant_id, each in found:
        stands = f"{each.stage} {each.items_done}/{each.items_total}" if each.stage else f"from {each.begins_at}"
        subject = each.connection_id or "everything"
        print(f"{tenant_id}  {subject:<16}  {each.cause:<10} {each.state:<8} {stands}", file=streams.write)
    if not found:
        print("Nothing is being erased.", file=streams.write)


def _request(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from quayside.compliance import erasure_service  # noqa: PLC0415 - as in _list
    from quayside.connections import service as connections  # noqa: PLC0415 - as in _list
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as in _list
    from quayside.sync.service import Desk  # noqa: PLC0415 - as in _list

    connection_id = check_connection_id(arguments.connection)
    with tenant_scope(check_tenant_id(arguments.tenant)):
        connection = connections.get(connection_id)
        connections.disconnect(connection_id, connection.selling_partner_id, desk=Desk(clock))
        erasure_service.connection_ended(
            connection_id, cause="request", requested_by="operator", clock=clock, entropy=secrets.token_bytes
        )
    print("Disconnected. Its data is erased within two hours; see: quayside erasure list", file=streams.write)


def _receipts(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings, clock
    from quayside.compliance import erasure_service, erasure_store  # noqa: PLC0415 - as in _list

    found = erasure_store.operators_receipts(check_tenant_id(arguments.tenant))
    for each in found:
        genuine = "signature good" if erasure_service.check_receipt(each) else "SIGNATURE BAD: it was changed"
        print(erasure_service.as_file(each), file=streams.write)
        print(f"# {each.receipt.receipt}: {genuine}", file=streams.write)
    if not found:
        print("There is no receipt of this tenant.", file=streams.write)


def _check(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings, clock
    from quayside.compliance import erasure_service  # noqa: PLC0415 - as in _list

    kept = erasure_service.from_file(pathlib.Path(arguments.file).read_text(encoding="utf-8"))
    if not erasure_service.check_receipt(kept):
        raise InvalidInput(
            f"The receipt {kept.receipt.receipt} does not say what was signed.",
            code="receipt_changed",
            action="Ask the operator for the receipt anew.",
        )
    receipt = kept.receipt
    subject = f"connection {receipt.connection_id}" if receipt.connection_id else "everything"
    print(f"Good: {subject} of tenant {receipt.tenant_id}, erased {receipt.finished_at}.", file=streams.write)
    print(f"{sum(receipt.items.values())} items, {receipt.files} files. Signed with:", file=streams.write)
    print(kept.public_key, file=streams.write)
