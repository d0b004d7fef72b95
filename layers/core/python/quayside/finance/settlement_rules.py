"""How the lines of a settlement explain what Amazon paid, to the cent. Pure.

    paid out = lines whose kind is known + residual
    residual = lines whose kind is not known + what is on no line that we could read

A settlement is reconciled when the residual is nothing. Otherwise every line that it consists of is named, and what is
on no line is said as such; nothing is spread over lines that are known. A line in another currency than the payout's is
named and is in no sum.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from quayside.finance.amount_rules import AmountGroup, AmountKind, line_kind
from quayside.finance.rules import Control, LineFacts, StatementFacts
from quayside.kernel.money import Money

NAMED_AT_MOST = 50
"""So many lines of a residual are kept with the settlement; the others are found among its lines by their kind."""

ReconciliationState = Literal["loading", "reconciled", "explained", "unexplained"]


class KindSum(msgspec.Struct, frozen=True, array_like=True):
    """What the lines of one kind add up to, in minor units of the statement's currency."""

    kind: AmountKind
    amount_minor: int
    lines: int


class NamedLine(msgspec.Struct, frozen=True, array_like=True):
    """A line that is part of a residual: its place in Amazon's file and Amazon's words for it."""

    line: int
    transaction_type: str
    amount_type: str
    amount_description: str
    amount_minor: int
    currency: str
    posted_at: int | None
    order_id: str | None
    seller_sku: str | None


class Reconciliation(msgspec.Struct, frozen=True, array_like=True):
    """How a settlement's lines explain its total. Money in minor units of the statement's currency.

    Attributes:
        kinds: what the lines of each kind add up to; ``unclassified`` is among them.
        lines: how many lines were added up.
        unread_minor: what the total says beyond all lines; 0 when the file adds up.
        named: the first lines of the residual: those of unknown kind, and those in another currency.
        unnamed: how many more there are.
        foreign: how many lines are in another currency; they are in no sum.
    """

    kinds: tuple[KindSum, ...]
    lines: int
    unread_minor: int
    named: tuple[NamedLine, ...] = ()
    unnamed: int = 0
    foreign: int = 0

    def of(self, kind: AmountKind) -> int:
        """Return what the lines of a kind add up to."""
        return sum(each.amount_minor for each in self.kinds if each.kind is kind)

    def of_group(self, group: AmountGroup) -> int:
        """Return what the lines under a heading add up to."""
        return sum(each.amount_minor for each in self.kinds if each.kind.group is group)

    @property
    def unclassified_minor(self) -> int:
        """What the lines of unknown kind add up to."""
        return self.of(AmountKind.UNCLASSIFIED)

    @property
    def known_minor(self) -> int:
        """What the lines of known kinds add up to."""
        return sum(each.amount_minor for each in self.kinds) - self.unclassified_minor

    @property
    def residual_minor(self) -> int:
        """The total less the lines of known kinds."""
        return self.unclassified_minor + self.unread_minor

    @property
    def state(self) -> ReconciliationState:
        """``reconciled`` to the cent, ``explained`` line by line, or ``unexplained`` in part."""
        if self.unread_minor or self.foreign:
            return "unexplained"
        return "explained" if any(each.kind is AmountKind.UNCLASSIFIED for each in self.kinds) else "reconciled"

    @property
    def control(self) -> Control:
        """The same in short: whether the lines add up to the total."""
        total = sum(each.amount_minor for each in self.kinds)
        return Control("unbalanced" if self.unread_minor else "balanced", self.lines, total, self.unread_minor)


def reconcile(statement: StatementFacts, lines: Iterable[tuple[int, LineFacts]]) -> Reconciliation:
    """Add the lines of a settlement up by kind and compare them with its total.

    Args:
        statement: the summary.
        lines: its lines, each with its place in Amazon's file.
    """
    sums: dict[AmountKind, list[int]] = {}
    named: list[NamedLine] = []
    count = residual_lines = foreign = 0
    for number, line in lines:
        count += 1
        kind = line_kind(line)
        is_foreign = line.currency != statement.currency
        if is_foreign:
            foreign += 1
        else:
            so_far = sums.setdefault(kind, [0, 0])
            so_far[0] += line.amount_minor
            so_far[1] += 1
        if is_foreign or kind is AmountKind.UNCLASSIFIED:
            residual_lines += 1
            if len(named) < NAMED_AT_MOST:
                named.append(_named(number, line))
    kinds = tuple(KindSum(kind, amount, number) for kind, (amount, number) in sorted(sums.items()))
    return Reconciliation(
        kinds,
        count,
        statement.total_minor - sum(each.amount_minor for each in kinds),
        tuple(named),
        residual_lines - len(named),
        foreign,
    )


def _named(number: int, line: LineFacts) -> NamedLine:
    return NamedLine(
        number,
        line.transaction_type,
        line.amount_type,
        line.amount_description,
        line.amount_minor,
        line.currency,
        line.posted_at,
        line.order_id,
        line.seller_sku,
    )


def residual_in_words(statement: StatementFacts, found: Reconciliation) -> tuple[str, ...]:
    """Say what a residual consists of, a sentence a part; nothing when there is none."""
    said = []
    unclassified = sum(each.lines for each in found.kinds if each.kind is AmountKind.UNCLASSIFIED)
    if unclassified:
        amount = _words(found.unclassified_minor, statement.currency)
        said.append(f"{_lines(unclassified)} of a kind Quayside does not know: {amount}.")
    if found.unread_minor:
        amount = _words(abs(found.unread_minor), statement.currency)
        said.append(
            f"{amount} more was paid out than its {_lines(found.lines)} add up to."
            if found.unread_minor > 0
            else f"{amount} less was paid out than its {_lines(found.lines)} add up to."
        )
    if found.foreign:
        said.append(f"{_lines(found.foreign)} in another currency than {statement.currency}, which no sum includes.")
    return tuple(said)


def _lines(count: int) -> str:
    return f"{count:,} line" if count == 1 else f"{count:,} lines"


def _words(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).to_decimal():,} {currency}"
