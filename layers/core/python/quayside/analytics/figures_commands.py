"""``quayside figures rebuild``: add figures up anew from their facts, compare, and correct what differs."""

import argparse
import re
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import check_connection_id, check_tenant_id
from quayside.kernel.settings import Settings

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_MOST_MONTHS = 36
_WORDS = {
    "equal": "equal",
    "corrected": "corrected",
    "differs": "DIFFERS; run again without --check to correct it",
    "moving": "STILL CHANGING; run again in a quarter of an hour",
}


class Output(Protocol):
    """Where a command writes to."""

    write: TextIO


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the area ``figures``."""
    figures = areas.add_parser("figures", help="the daily figures that dashboards read")
    verbs = figures.add_subparsers(dest="verb", required=True, metavar="VERB")
    rebuild = verbs.add_parser("rebuild", help="add them up anew from orders, transactions and returns")
    rebuild.add_argument("--tenant", required=True)
    rebuild.add_argument("--connection", required=True)
    rebuild.add_argument("--from", dest="first", required=True, help="the first month, for example 2026-01")
    rebuild.add_argument("--to", dest="last", required=True, help="the last month, included")
    rebuild.add_argument("--check", action="store_true", help="only compare, and change nothing")
    rebuild.set_defaults(run=_rebuild, required=("core_table",))


def _rebuild(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from datetime import date  # noqa: PLC0415 - help needs nothing of this

    from quayside.analytics import rebuild_service  # noqa: PLC0415 - help needs no AWS
    from quayside.analytics.sheet_rules import months_between  # noqa: PLC0415 - as above
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above

    for month in (arguments.first, arguments.last):
        if _MONTH.fullmatch(month) is None:
            raise InvalidInput(f"'{month[:20]}' is no month.", action="Write it like 2026-11.")
    first, last = (date.fromisoformat(f"{month}-01") for month in (arguments.first, arguments.last))
    months = months_between(first, last)
    if not 1 <= len(months) <= _MOST_MONTHS:
        raise InvalidInput(
            f"From {arguments.first} to {arguments.last} are {len(months)} months.",
            action=f"Rebuild 1 to {_MOST_MONTHS} months at a time.",
        )
    connection_id = check_connection_id(arguments.connection)
    with tenant_scope(check_tenant_id(arguments.tenant)):
        for each in rebuild_service.rebuild(connection_id, months, clock.now(), correct=not arguments.check):
            if each.facts or each.sheets:
                print(
                    f"{each.month}  {each.kind:<8} {each.marketplace_id or '-':<15} {each.facts:>9} facts"
                    f"  {each.sheets:>7} sheets  {each.differences:>6} differ  {_WORDS[each.state]}",
                    file=streams.write,
                )
    print("Done.", file=streams.write)
