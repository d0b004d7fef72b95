"""Use cases of money: take in what Amazon books, check it, and list it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from quayside.amazon.fees import Fee as AmazonFee
from quayside.amazon.fees import FeeAmount, FeeEstimate, FeeProblem
from quayside.amazon.finances import Breakdown, FinanceAmount, Transaction
from quayside.amazon.finances import TransactionItem as AmazonItem
from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.finance import amount_rules, rules, settlement_rules, store
from quayside.finance.amount_rules import DailyAmounts
from quayside.finance.records import TransactionRecord, transaction_from, transaction_place_of
from quayside.finance.rules import (
    Fee,
    FeeFacts,
    FeeRefusal,
    LineFacts,
    Part,
    StatementFacts,
    TransactionFacts,
    TransactionItem,
    UnusableFact,
)
from quayside.finance.store import Posted
from quayside.finance.views import (
    FEE_COLUMNS,
    LINE_COLUMNS,
    SETTLEMENT_COLUMNS,
    TRANSACTION_COLUMNS,
    fee_row,
    line_row,
    settlement_row,
    transaction_row,
)
from quayside.kernel.clock import Clock, epoch_seconds, parse_instant
from quayside.kernel.errors import QuaysideError
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.facts import Tally
from quayside.storage.tables import Item
from quayside.sync.sinks import Applied, Rejected, ReportLoad
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from quayside.amazon.report_rows import SettlementRow

FINANCES = "finances"
SETTLEMENTS = "settlements"
FEES = "fees"


def apply_transactions(
    tenant_id: TenantId,
    connection_id: ConnectionId,
    transactions: Sequence[Transaction],
    *,
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on the receipt alone
) -> Applied:
    """Store transactions: one fact an id, with the latest status. Types and statuses nobody knows are kept as well."""
    usable: list[Posted] = []
    rejected: list[Rejected] = []
    for transaction in transactions:
        try:
            usable.append(Posted(transaction.transaction_id, transaction.posted_date, transaction_facts(transaction)))
        except (UnusableFact, QuaysideError) as problem:
            rejected.append(Rejected(transaction.transaction_id, str(problem)))
    with tenant_scope(tenant_id):
        tally = store.put_transactions(connection_id, usable, received_at=received_at)
    return Applied(tally.applied, tally.stale, tuple(rejected))


def transaction_facts(transaction: Transaction) -> TransactionFacts:
    """Return a transaction as it is stored: nothing personal, all money in minor units of one currency.

    Raises:
        UnusableFact: it has no id, or several currencies.
        InvalidInput: an amount is finer than its currency.
    """
    if not transaction.transaction_id:
        raise UnusableFact("The transaction has no id.")
    total = _money(transaction.total_amount)
    amounts = [total]
    parts = _parts(transaction.breakdowns, amounts)
    items = tuple(_item(item, amounts) for item in transaction.items)
    deferral = next(
        (each for each in transaction.contexts if each.deferral_reason or each.maturity_date is not None), None
    )
    matures_at = deferral.maturity_date if deferral is not None else None
    return TransactionFacts(
        type=transaction.transaction_type,
        status=transaction.transaction_status or "",
        description=transaction.description,
        marketplace_id=transaction.marketplace_id,
        currency=rules.one_currency(amounts, f"The transaction {transaction.transaction_id}"),
        total_minor=None if total is None else total.amount_minor,
        related=_related(
            (each.related_identifier_name, each.related_identifier_value) for each in transaction.related_identifiers
        ),
        items=items,
        parts=parts,
        deferral_reason=None if deferral is None else deferral.deferral_reason,
        matures_at=None if matures_at is None else epoch_seconds(matures_at),
    )


def _item(item: AmazonItem, amounts: list[Money | None]) -> TransactionItem:
    """Read an item, and add all money in it to ``amounts``."""
    product = item.product
    total = _money(item.total_amount)
    amounts.append(total)
    return TransactionItem(
        seller_sku=product.sku if product else None,
        asin=product.asin if product else None,
        quantity=product.quantity_shipped if product else None,
        amount_minor=None if total is None else total.amount_minor,
        parts=_parts(item.breakdowns, amounts),
        related=_related(
            (each.item_related_identifier_name, each.item_related_identifier_value) for each in item.related_identifiers
        ),
    )


def _related(pairs: Iterable[tuple[str | None, str | None]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs if name and value)


def _money(amount: FinanceAmount | None) -> Money | None:
    return None if amount is None else amount.money()


def _parts(breakdowns: Sequence[Breakdown] | None, amounts: list[Money | None]) -> tuple[Part, ...]:
    """Read parts with their own parts, and add all money in them to ``amounts``."""
    parts = []
    for each in breakdowns or ():
        amount = _money(each.breakdown_amount)
        amounts.append(amount)
        parts.append(
            Part(
                each.breakdown_type or "",
                None if amount is None else amount.amount_minor,
                _parts(each.breakdowns, amounts),
            )
        )
    return tuple(parts)


def apply_settlement_rows(load: ReportLoad, rows: "Sequence[SettlementRow]") -> Applied:
    """Store rows of a settlement, and with the last ones compare its lines with its total, to the cent.

    What remains is kept with the settlement, line by line: a settlement that does not add up is no bad file, and is
    shown with its residual. Loading the same file again changes nothing and checks it again.
    """
    by_settlement: dict[str, list[SettlementRow]] = defaultdict(list)
    for row in rows:
        by_settlement[row.settlement_id].append(row)
    rejected: list[Rejected] = []
    tally = Tally()
    with tenant_scope(load.tenant_id):
        for settlement_id, its_rows in by_settlement.items():
            lines: list[tuple[int, LineFacts]] = []
            for row in its_rows:
                try:
                    if row.is_summary:
                        tally = tally.plus(
                            store.begin_settlement(
                                load.connection_id,
                                settlement_id,
                                statement_facts(row),
                                report_id=load.report_id,
                                received_at=load.received_at,
                            )
                        )
                    else:
                        lines.append((row.line, line_facts(row)))
                except (UnusableFact, QuaysideError) as problem:
                    rejected.append(Rejected(f"line {row.line}", str(problem)))
            tally = tally.plus(store.put_lines(load.connection_id, settlement_id, lines, received_at=load.received_at))
        if load.last:
            rejected += _check(load, set(by_settlement))
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _check(load: ReportLoad, in_last_rows: set[str]) -> list[Rejected]:
    """Compare every settlement of a report with its lines; a report with lines and no summary is no good either."""
    with_summary = set()
    for settlement_id, record in store.settlements(load.connection_id):
        if record.report_id != load.report_id and settlement_id not in in_last_rows:
            continue
        with_summary.add(settlement_id)
        lines = store.lines_of(load.connection_id, settlement_id)
        store.keep_reconciliation(record, settlement_rules.reconcile(store.statement_of(record), lines))
    return [
        Rejected(f"settlement {settlement_id}", "The file has lines of this settlement and not its summary.")
        for settlement_id in sorted(in_last_rows - with_summary)
    ]


def statement_facts(row: "SettlementRow") -> StatementFacts:
    """Return the summary of a settlement as it is stored.

    Raises:
        UnusableFact: it has no total or no date.
        InvalidInput: its total is finer than its currency.
    """
    deposited_at = row.deposited_at or row.ended_at
    if row.total is None or deposited_at is None:
        raise UnusableFact(f"The summary of settlement {row.settlement_id} has no total, or no date of payout.")
    total = Money.from_decimal(str(row.total), row.currency)
    return StatementFacts(
        currency=total.currency,
        total_minor=total.amount_minor,
        started_at=None if row.started_at is None else epoch_seconds(row.started_at),
        ended_at=None if row.ended_at is None else epoch_seconds(row.ended_at),
        deposited_at=epoch_seconds(deposited_at),
        line=row.line,
    )


def line_facts(row: "SettlementRow") -> LineFacts:
    """Return a line of a settlement as it is stored.

    Raises:
        UnusableFact: it has no amount.
        InvalidInput: its amount is finer than its currency.
    """
    if row.amount is None:
        raise UnusableFact("The line has no amount.")
    amount = Money.from_decimal(str(row.amount), row.currency)
    return LineFacts(
        transaction_type=row.transaction_type,
        amount_type=row.amount_type,
        amount_description=row.amount_description,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        posted_at=None if row.posted_at is None else epoch_seconds(row.posted_at),
        order_id=row.order_id or None,
        order_item_id=row.order_item_id or None,
        seller_sku=row.seller_sku or None,
        quantity=row.quantity,
        marketplace_name=row.marketplace_name or None,
        shipment_id=row.shipment_id or None,
        adjustment_id=row.adjustment_id or None,
        promotion_id=row.promotion_id or None,
    )


def apply_fee_estimates(  # noqa: PLR0913 - the port of the sync worker
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    estimates: Sequence[FeeEstimate | FeeProblem],
    *,
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on the receipt alone
) -> Applied:
    """Store fee estimates under their SKUs; where Amazon gives none, why, beside the estimate of before.

    A problem of Amazon's own, which may pass, is rejected and not stored: it says nothing of the SKU.
    """
    given: list[tuple[str, FeeFacts, datetime]] = []
    refused: list[tuple[str, FeeRefusal]] = []
    rejected: list[Rejected] = []
    for each in estimates:
        sku = _sku_of(each)
        if isinstance(each, FeeProblem):
            if each.may_pass or not sku:
                rejected.append(Rejected(sku, f"Amazon gave no estimate: {each.code or each.status} {each.message}"))
            else:
                refused.append((sku, FeeRefusal(each.status, each.code, each.message)))
            continue
        try:
            given.append((sku, _fee_facts(each), each.estimated_at))
        except (UnusableFact, QuaysideError) as problem:
            rejected.append(Rejected(sku, str(problem)))
    with tenant_scope(tenant_id):
        tally = store.put_estimates(connection_id, marketplace_id, given, received_at=received_at).plus(
            store.put_refusals(connection_id, marketplace_id, refused, received_at=received_at)
        )
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _sku_of(answer: FeeEstimate | FeeProblem) -> str:
    """Return the SKU an answer is for: what was asked for by SKU, or the name we gave a request by ASIN."""
    if isinstance(answer, FeeEstimate) and answer.id_type == "SellerSKU":
        return answer.id_value
    return answer.identifier or answer.id_value


def _fee_facts(estimate: FeeEstimate) -> FeeFacts:
    total = estimate.total.money()
    amounts = [total, *(amount for fee in estimate.fees for amount in _fee_amounts(fee))]
    rules.one_currency(amounts, "The estimate")
    return FeeFacts(
        currency=total.currency,
        total_minor=total.amount_minor,
        by_amazon=estimate.by_amazon,
        asin=estimate.id_value if estimate.id_type == "ASIN" else None,
        fees=tuple(_fee(fee) for fee in estimate.fees),
    )


def _fee_amounts(fee: AmazonFee) -> Iterable[Money]:
    for amount in (fee.final_fee, fee.fee_amount, fee.fee_promotion, fee.tax_amount):
        if amount is not None:
            yield amount.money()
    for included in fee.included_fee_detail_list:
        yield from _fee_amounts(included)


def _fee(fee: AmazonFee) -> Fee:
    return Fee(
        fee.fee_type,
        fee.final_fee.money().amount_minor,
        _minor(fee.fee_amount),
        _minor(fee.fee_promotion),
        _minor(fee.tax_amount),
        tuple(_fee(each) for each in fee.included_fee_detail_list),
    )


def _minor(amount: FeeAmount | None) -> int | None:
    return None if amount is None else amount.money().amount_minor


def rows_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of the transactions, settlements or fee estimates of a connection of the tenant in scope.

    Settlements are of the whole account: a marketplace does not narrow them.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    if dataset == SETTLEMENTS:
        settled = store.browse_settlements([connection_id], cursor, limit)
        rows = tuple(settlement_row(record) for _, record in settled.found)
        return RowsPage(SETTLEMENT_COLUMNS, rows, settled.next_cursor, reach.as_of)
    if dataset == FEES:
        fees = store.browse_fees(connection_id, reach.places(marketplace_id), cursor, limit)
        rows = tuple(fee_row(place, record) for place, record in fees.found)
        return RowsPage(FEE_COLUMNS, rows, fees.next_cursor, reach.as_of)

    def wanted(record: TransactionRecord) -> bool:
        return marketplace_id is None or transaction_from(record.facts).marketplace_id == marketplace_id

    if reach.newest is None:
        return RowsPage(TRANSACTION_COLUMNS, (), None, None)
    found = store.browse_transactions(connection_id, date.fromisoformat(reach.newest[:10]), cursor, limit, wanted)
    rows = tuple(transaction_row(record) for _, record in found.found)
    return RowsPage(TRANSACTION_COLUMNS, rows, found.next_cursor, reach.as_of)


def lines_view(
    connection_id: ConnectionId,
    dataset: str,
    marketplace_id: str | None,  # noqa: ARG001 - as rows_view; a settlement is of the whole account
    cursor: str | None,
    limit: int,
) -> RowsPage:
    """Return a page of the lines of all settlements of a connection of the tenant in scope.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    found = store.browse_lines(connection_id, cursor, limit)
    rows = tuple(line_row(settlement_id, record) for settlement_id, record in found.found)
    return RowsPage(LINE_COLUMNS, rows, found.next_cursor, reach.as_of)


class PlacedAmounts(NamedTuple):
    """What one transaction of a connection brings, by product, and in which settlement it was paid, if Amazon says."""

    connection_id: str
    amounts: tuple[DailyAmounts, ...]
    settlement_id: str | None


def amounts_of_image(image: Item) -> PlacedAmounts:
    """Return what a stored transaction brings, from its item as the table's stream shows it.

    Its day is the one of its marketplace; of UTC when Amazon does not say where it happened.

    Raises:
        ValueError: the image is not a transaction of this product.
        KeyError: an attribute that every transaction has is missing.
    """
    place = transaction_place_of(image["pk"]["S"], image["sk"]["S"])
    facts = transaction_from(image["facts"]["S"])
    marketplace = find_marketplace(facts.marketplace_id) if facts.marketplace_id else None
    zone = ZoneInfo(marketplace.time_zone if marketplace else "UTC")
    day = parse_instant(place.posted_at).astimezone(zone).date()
    return PlacedAmounts(
        place.connection_id, amount_rules.daily_amounts(facts, day), facts.related_to("SETTLEMENT_ID") or None
    )
