"""What the API shows of settlements: the list, how one is reconciled, and its lines."""

from datetime import datetime

import msgspec

from quayside.finance.amount_rules import AmountGroup, AmountKind, line_kind
from quayside.finance.amount_views import GROUP_WORDS, KIND_WORDS
from quayside.finance.records import (
    SettlementLineRecord,
    SettlementRecord,
    control_from,
    line_from,
    line_number_of,
    reconciliation_from,
    settlement_id_of,
    statement_from,
)
from quayside.finance.rules import LineFacts, StatementFacts
from quayside.finance.settlement_rules import NamedLine, Reconciliation, ReconciliationState, residual_in_words
from quayside.kernel.clock import format_instant, from_epoch_seconds
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.kernel.money import Money

SOURCE = "Amazon's settlement report (GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2)"

_RESIDUAL_FORMULA = "Paid out \N{MINUS SIGN} lines whose kind is known"
_MINUS = "\N{MINUS SIGN}"


class SettlementSummary(msgspec.Struct, frozen=True):
    """A settlement in the list. ``residual`` is None until its lines were added up."""

    connection_id: str
    settlement_id: str
    currency: str
    started_at: str | None
    ended_at: str | None
    deposited_at: str
    total: Money
    lines: int
    residual: Money | None
    state: ReconciliationState


class SettlementPage(msgspec.Struct, frozen=True):
    """A page of settlements, account by account, the latest payout first. ``as_of`` is the oldest freshness."""

    settlements: tuple[SettlementSummary, ...]
    next_cursor: str | None
    as_of: str | None


class KindTotal(msgspec.Struct, frozen=True):
    """What the lines of one kind add up to."""

    kind: AmountKind
    label: str
    lines: int
    amount: Figure


class GroupTotal(msgspec.Struct, frozen=True):
    """What the lines under one heading add up to, and the kinds it is made of."""

    group: AmountGroup
    label: str
    amount: Figure
    kinds: tuple[KindTotal, ...]


class SettlementLineView(msgspec.Struct, frozen=True):
    """One line of Amazon's file, and what it is."""

    line: int
    kind: AmountKind | None
    label: str
    transaction_type: str
    amount_type: str
    amount_description: str
    amount: Money
    posted_at: str | None
    order_id: str | None
    seller_sku: str | None


class SettlementDetail(msgspec.Struct, frozen=True):
    """How one settlement is reconciled.

    Attributes:
        summary: as in the list.
        paid_out: the total that Amazon states.
        groups: what the lines add up to, by heading; the residual is no part of them.
        residual: paid out less all lines of known kinds.
        explanation: what the residual consists of, in sentences; nothing when there is none.
        named: the lines of the residual, the first of them; all of them are among the lines of their kind.
        unnamed: how many more there are.
    """

    summary: SettlementSummary
    paid_out: Figure
    groups: tuple[GroupTotal, ...]
    residual: Figure
    explanation: tuple[str, ...]
    named: tuple[SettlementLineView, ...]
    unnamed: int


class SettlementLinePage(msgspec.Struct, frozen=True):
    """A page of the lines of a settlement in the order of Amazon's file."""

    lines: tuple[SettlementLineView, ...]
    next_cursor: str | None


def summary_of(connection_id: str, record: SettlementRecord) -> SettlementSummary:
    """Return a settlement as the list shows it."""
    statement, found = statement_from(record.facts), _found(record)
    return SettlementSummary(
        connection_id,
        settlement_id_of(record.sk),
        statement.currency,
        _instant(statement.started_at),
        _instant(statement.ended_at),
        format_instant(from_epoch_seconds(statement.deposited_at)),
        Money(statement.total_minor, statement.currency),
        found.lines if found else 0,
        Money(found.residual_minor, statement.currency) if found else None,
        found.state if found else "loading",
    )


def detail_of(connection_id: str, record: SettlementRecord) -> SettlementDetail:
    """Return a settlement with how it is reconciled."""
    statement, found = statement_from(record.facts), _found(record)
    as_of = from_epoch_seconds(int(record.received_at))
    explained = found or Reconciliation((), 0, 0)
    return SettlementDetail(
        summary_of(connection_id, record),
        _paid_out(statement, found, as_of),
        tuple(
            _group(group, explained, statement, as_of)
            for group in GROUP_WORDS
            if group is not AmountGroup.UNCLASSIFIED and any(each.kind.group is group for each in explained.kinds)
        ),
        _residual(statement, found, as_of),
        residual_in_words(statement, explained),
        tuple(_named(each, statement.currency) for each in explained.named),
        explained.unnamed,
    )


def line_of(record: SettlementLineRecord) -> SettlementLineView:
    """Return a line of a settlement."""
    line = line_from(record.facts)
    kind = line_kind(line)
    return _line(line_number_of(record.sk), kind, KIND_WORDS[kind], line)


def _found(record: SettlementRecord) -> Reconciliation | None:
    """Return how the lines explain the total; None while lines are missing."""
    return None if control_from(record.control).state == "loading" else reconciliation_from(record.reconciliation)


def _named(line: NamedLine, currency: str) -> SettlementLineView:
    if line.currency != currency:
        return _line(line.line, None, f"In {line.currency}, not {currency}", line)
    return _line(line.line, AmountKind.UNCLASSIFIED, KIND_WORDS[AmountKind.UNCLASSIFIED], line)


def _line(number: int, kind: AmountKind | None, words: str, line: LineFacts | NamedLine) -> SettlementLineView:
    return SettlementLineView(
        number,
        kind,
        words,
        line.transaction_type,
        line.amount_type,
        line.amount_description,
        Money(line.amount_minor, line.currency),
        _instant(line.posted_at),
        line.order_id,
        line.seller_sku,
    )


def _amount(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).to_decimal():,} {currency}".replace("-", _MINUS)


def _paid_out(statement: StatementFacts, found: Reconciliation | None, as_of: datetime) -> Figure:
    said = _amount(statement.total_minor, statement.currency)
    return figure(
        statement.total_minor,
        unit="minor",
        currency=statement.currency,
        as_of=as_of,
        state="reconciled" if found is not None and found.state == "reconciled" else "posted",
        source=SOURCE,
        method=method_card(
            "settlement.paid_out",
            "Paid out",
            "The total in the summary of Amazon's settlement",
            f"Line {statement.line} of the file says {said}",
            notes=("A settlement is of one currency and of the whole account, all its marketplaces together.",),
        ),
    )


def _group(group: AmountGroup, found: Reconciliation, statement: StatementFacts, as_of: datetime) -> GroupTotal:
    kinds = tuple(
        KindTotal(
            each.kind,
            KIND_WORDS[each.kind],
            each.lines,
            _sum(each.kind, KIND_WORDS[each.kind], each.amount_minor, each.lines, found, statement, as_of),
        )
        for each in found.kinds
        if each.kind.group is group
    )
    lines = sum(each.lines for each in kinds)
    amount = _sum(group, GROUP_WORDS[group], found.of_group(group), lines, found, statement, as_of)
    return GroupTotal(group, GROUP_WORDS[group], amount, kinds)


def _sum(  # noqa: PLR0913, PLR0917 - what a sum of lines is made of
    what: str,
    title: str,
    amount_minor: int,
    lines: int,
    found: Reconciliation,
    statement: StatementFacts,
    as_of: datetime,
) -> Figure:
    return figure(
        amount_minor,
        unit="minor",
        currency=statement.currency,
        as_of=as_of,
        state="reconciled" if found.state == "reconciled" else "posted",
        source=SOURCE,
        method=method_card(
            f"settlement.{what}",
            title,
            "Sum of the settlement's lines that Amazon books under a name of this kind",
            f"Sum of {lines:,} lines = {_amount(amount_minor, statement.currency)}",
            inputs=(FigureInput("Lines", lines, "lines"),),
            notes=("Positive is yours, negative is paid by you.",),
        ),
    )


def _residual(statement: StatementFacts, found: Reconciliation | None, as_of: datetime) -> Figure:
    currency = statement.currency
    if found is None:
        filled = "Its lines are still being read"
        inputs: tuple[FigureInput, ...] = ()
    else:
        known, residual = _amount(found.known_minor, currency), _amount(found.residual_minor, currency)
        filled = f"{_amount(statement.total_minor, currency)} {_MINUS} {known} = {residual}"
        inputs = (
            FigureInput("Paid out", statement.total_minor, "minor"),
            FigureInput("Lines whose kind is known", found.known_minor, "minor"),
            FigureInput("Lines of unknown kind", found.unclassified_minor, "minor"),
            FigureInput("On no line", found.unread_minor, "minor"),
        )
    return figure(
        None if found is None else found.residual_minor,
        unit="minor",
        currency=currency,
        as_of=as_of,
        state="reconciled" if found is not None and found.state == "reconciled" else "posted",
        source=SOURCE,
        method=method_card(
            "settlement.residual",
            "Residual",
            _RESIDUAL_FORMULA,
            filled,
            inputs=inputs,
            notes=("Nothing means that every line is accounted for, to the smallest unit of the currency.",),
        ),
    )


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else format_instant(from_epoch_seconds(seconds))
