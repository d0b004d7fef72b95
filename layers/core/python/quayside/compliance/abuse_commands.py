"""The sub-commands ``quayside abuse``: cases about tenants, their block, and the e-mail to Amazon."""

import argparse
import secrets
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.settings import Settings

_NEEDS = ("coordination_table", "audit_table")


class Output(Protocol):
    """Where a command writes to."""

    @property
    def write(self) -> TextIO:
        """Standard output."""
        ...


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``abuse`` to the areas of the command line."""
    abuse = areas.add_parser("abuse", help="sellers who violate an agreement with Amazon: cases, blocks, the e-mail")
    verbs = abuse.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="show all cases, the one opened last first")
    listing.set_defaults(run=_list, required=_NEEDS)
    opening = verbs.add_parser("open", help="open a case about a tenant")
    opening.add_argument("--tenant", required=True, help="about this tenant")
    opening.add_argument("--reason", required=True, help="why; the tenant's members are shown the reason of a block")
    opening.add_argument("--block", action="store_true", help="and block the tenant at once")
    opening.set_defaults(run=_open, required=_NEEDS)
    for name, words in (
        ("show", "show a case with everything that was done in it"),
        ("email", "print the draft of the e-mail to Amazon"),
    ):
        reading = verbs.add_parser(name, help=words)
        reading.add_argument("case")
        reading.set_defaults(run=_show, required=_NEEDS)
    for name, words in (
        ("block", "block the tenant: nobody of it gets in, and no worker does anything for it"),
        ("unblock", "lift the block; reading goes on by the schedule"),
        ("close", "close a case whose tenant is not blocked"),
        ("note", "add what was seen to a case, without personal data"),
    ):
        acting = verbs.add_parser(name, help=words)
        acting.add_argument("case")
        acting.add_argument("--reason", required=True, help="why, or what was seen")
        acting.set_defaults(run=_act, required=_NEEDS)


def _list(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del arguments, settings, clock
    from quayside.compliance import abuse_service  # noqa: PLC0415 - help needs no AWS

    found = abuse_service.cases().cases
    for each in found:
        line = f"{each.case_id}  {each.state:<8} {each.opened_at}  {each.tenant_id}  {each.reason}"
        print(line, file=streams.write)
    if not found:
        print("There are no abuse cases.", file=streams.write)


def _open(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from quayside.compliance import abuse_service as abuse  # noqa: PLC0415 - as in _list

    case = abuse.open_case(
        arguments.tenant,
        arguments.reason,
        abuse.Operator("operator"),
        clock=clock,
        entropy=secrets.token_bytes,
        block=arguments.block,
    )
    print(f"Case {case.case_id} is {case.state}.", file=streams.write)
    print(f"Now tell Amazon: quayside abuse email {case.case_id}", file=streams.write)


def _show(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings, clock
    from quayside.compliance import abuse_service as abuse  # noqa: PLC0415 - as in _list

    case = abuse.show_case(arguments.case)
    if arguments.verb == "email":
        print(f"To: {case.email.to}\nSubject: {case.email.subject}\n\n{case.email.body}", file=streams.write)
        return
    print(f"case    {case.case_id}  {case.state}\ntenant  {case.tenant_id}", file=streams.write)
    for account in case.accounts:
        print(f"seller  {account.selling_partner_id}  {account.region}", file=streams.write)
    for entry in case.entries:
        print(f"{entry.at}  {entry.kind:<9} {entry.by}  {entry.text}", file=streams.write)


def _act(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from quayside.compliance import abuse_service as abuse  # noqa: PLC0415 - as in _list

    use_cases = {
        "block": abuse.block_tenant,
        "unblock": abuse.unblock_tenant,
        "close": abuse.close_case,
        "note": abuse.add_evidence,
    }
    case = use_cases[arguments.verb](arguments.case, arguments.reason, abuse.Operator("operator"), clock=clock)
    print(f"Case {case.case_id} is {case.state}.", file=streams.write)
