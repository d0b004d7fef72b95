"""Settlements beside transactions: whether what Amazon paid is what it posted, kind by kind. Pure.

Amazon tells the same money twice: line by line in a settlement's file, and as transactions that name the settlement
they were paid in. Both are sorted into the same kinds. Where the two sums of a kind differ, one of the two is not
complete here, or Amazon booked it under another name; either way it is shown and nothing is evened out. Payouts are
left out: a transaction tells of the transfer to the bank, which is what a settlement's lines come to.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from quayside.analytics.profit_rules import words
from quayside.analytics.sheet_rules import Amounts, Sheet, summed
from quayside.finance.amount_rules import AmountGroup, AmountKind
from quayside.finance.amount_views import KIND_WORDS
from quayside.kernel.figures import Figure, FigureInput, figure, method_card

SOURCE = (
    "Amazon's settlement report (GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2) beside its transactions (Finances API "
    "2024-06-19)"
)

_MINUS = "\N{MINUS SIGN}"


class ComparedKind(msgspec.Struct, frozen=True):
    """One kind of money as a settlement's lines and as the transactions of the settlement have it, in minor units."""

    kind: AmountKind
    label: str
    settled_minor: int
    posted_minor: int
    difference_minor: int


def posted_of(sheets: Iterable[Sheet], currency: str) -> Amounts:
    """Return what the transactions of a settlement come to by kind, in one currency."""
    return summed(amounts for sheet in sheets for amounts in sheet.get(currency, {}).values())


def compared(settled: Mapping[AmountKind, int], posted: Mapping[str, int]) -> tuple[ComparedKind, ...]:
    """Return every kind that either has, in the order of the kinds."""
    return tuple(
        ComparedKind(
            kind,
            KIND_WORDS[kind],
            settled.get(kind, 0),
            posted.get(kind.value, 0),
            settled.get(kind, 0) - posted.get(kind.value, 0),
        )
        for kind in AmountKind
        if kind.group is not AmountGroup.PAYOUTS and (settled.get(kind) or posted.get(kind.value))
    )


def difference_figure(kinds: Iterable[ComparedKind], currency: str, as_of: datetime, *, whole: bool) -> Figure:
    """Return what the settlement has beyond its transactions, with the method card.

    Args:
        kinds: what is compared.
        currency: of all of it.
        as_of: when transactions were last in step.
        whole: whether every transaction of its time was read.
    """
    found = list(kinds)
    settled, posted = sum(each.settled_minor for each in found), sum(each.posted_minor for each in found)
    return figure(
        settled - posted,
        unit="minor",
        currency=currency,
        as_of=as_of,
        state="posted" if whole else "estimated",
        source=SOURCE,
        method=method_card(
            "settlement.beside_transactions",
            "Difference from transactions",
            f"Lines of the settlement {_MINUS} transactions that name it",
            f"{words(settled, currency)} {_MINUS} {words(posted, currency)} = {words(settled - posted, currency)} "
            f"{currency}",
            inputs=(
                FigureInput("Lines of the settlement", settled, "minor"),
                FigureInput("Transactions that name it", posted, "minor"),
                FigureInput("Kinds that differ", sum(1 for each in found if each.difference_minor), "kinds"),
            ),
            notes=(
                "Payouts are left out: the transfer to your bank is what the lines come to.",
                *(() if whole else ("A part of the whole: transactions of its time are still being read.",)),
            ),
        ),
    )
