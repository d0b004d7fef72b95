"""What the data browser shows of money."""

from quayside.finance.records import (
    FeeRecord,
    SettlementLineRecord,
    SettlementRecord,
    TransactionRecord,
    control_from,
    estimate_from,
    estimated_at_of,
    line_from,
    posted_of,
    refusal_from,
    settlement_id_of,
    sku_of,
    statement_from,
    transaction_from,
    transaction_id_of,
)
from quayside.finance.rules import other_fees
from quayside.kernel.clock import format_instant, from_epoch_seconds
from quayside.kernel.money import Money
from quayside.sync.views import Cell, Column

TRANSACTION_COLUMNS = (
    Column("posted_at", "Posted", "instant"),
    Column("type", "Type", "text"),
    Column("status", "Status", "text"),
    Column("description", "Description", "text"),
    Column("order_id", "Order", "text"),
    Column("total", "Total", "money"),
    Column("skus", "SKUs", "text"),
    Column("parts", "Made up of", "text"),
    Column("marketplace_id", "Marketplace", "text"),
    Column("released_by", "Released as", "text"),
    Column("transaction_id", "Transaction", "text"),
)

SETTLEMENT_COLUMNS = (
    Column("settlement_id", "Settlement", "text"),
    Column("started_at", "From", "instant"),
    Column("ended_at", "To", "instant"),
    Column("deposited_at", "Paid out", "instant"),
    Column("total", "Total", "money"),
    Column("lines", "Lines", "number"),
    Column("sum", "Sum of lines", "money"),
    Column("residual", "Residual", "money"),
    Column("state", "Check", "text"),
)

LINE_COLUMNS = (
    Column("settlement_id", "Settlement", "text"),
    Column("transaction_type", "Transaction", "text"),
    Column("amount_type", "Kind of amount", "text"),
    Column("amount_description", "Amount of", "text"),
    Column("amount", "Amount", "money"),
    Column("posted_at", "Posted", "instant"),
    Column("order_id", "Order", "text"),
    Column("order_item_id", "Line of the order", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("quantity", "Units", "number"),
    Column("marketplace_name", "Marketplace", "text"),
    Column("shipment_id", "Shipment", "text"),
    Column("adjustment_id", "Adjustment", "text"),
    Column("promotion_id", "Promotion", "text"),
)
"""What an export says of each line of a settlement."""

REFERRAL, FBA = "ReferralFee", "FBAFees"

FEE_COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("total", "All fees", "money"),
    Column("referral", "Referral fee", "money"),
    Column("fba", "FBA fees", "money"),
    Column("other", "Other fees", "money"),
    Column("fees", "Made up of", "text"),
    Column("by_amazon", "Shipped by", "text"),
    Column("estimated_at", "Estimated", "instant"),
    Column("refusal", "Why there is none", "text"),
)

_CHECKS = {"balanced": "Adds up", "unbalanced": "Does not add up", "loading": "Loading"}


def transaction_row(record: TransactionRecord) -> tuple[Cell, ...]:
    """Return a transaction as a row of ``TRANSACTION_COLUMNS``."""
    facts = transaction_from(record.facts)
    return (
        posted_of(record.sk),
        facts.type,
        facts.status or None,
        facts.description,
        facts.related_to("ORDER_ID"),
        _money(facts.total_minor, facts.currency),
        ", ".join(dict.fromkeys(item.seller_sku for item in facts.items if item.seller_sku)) or None,
        "; ".join(f"{part.type} {_amount(part.amount_minor, facts.currency)}" for part in facts.parts) or None,
        facts.marketplace_id,
        facts.released_by,
        transaction_id_of(record.sk),
    )


def settlement_row(record: SettlementRecord) -> tuple[Cell, ...]:
    """Return a settlement as a row of ``SETTLEMENT_COLUMNS``."""
    statement, checked = statement_from(record.facts), control_from(record.control)
    added_up = checked.state != "loading"
    return (
        settlement_id_of(record.sk),
        _instant(statement.started_at),
        _instant(statement.ended_at),
        _instant(statement.deposited_at),
        Money(statement.total_minor, statement.currency),
        checked.lines if added_up else None,
        Money(checked.sum_minor, statement.currency) if added_up else None,
        Money(checked.residual_minor, statement.currency) if added_up else None,
        _CHECKS[checked.state],
    )


def line_row(settlement_id: str, record: SettlementLineRecord) -> tuple[Cell, ...]:
    """Return a line of a settlement as a row of ``LINE_COLUMNS``."""
    line = line_from(record.facts)
    return (
        settlement_id,
        line.transaction_type,
        line.amount_type,
        line.amount_description,
        Money(line.amount_minor, line.currency),
        _instant(line.posted_at),
        line.order_id,
        line.order_item_id,
        line.seller_sku,
        line.quantity,
        line.marketplace_name,
        line.shipment_id,
        line.adjustment_id,
        line.promotion_id,
    )


def fee_row(marketplace_id: str, record: FeeRecord) -> tuple[Cell, ...]:
    """Return the fees of a SKU as a row of ``FEE_COLUMNS``."""
    estimate, refusal = estimate_from(record), refusal_from(record)
    why = None if refusal is None else f"{refusal.code or refusal.status}: {refusal.message}"
    if estimate is None:
        return (marketplace_id, sku_of(record.sk), None, None, None, None, None, None, None, why)
    return (
        marketplace_id,
        sku_of(record.sk),
        Money(estimate.total_minor, estimate.currency),
        Money(estimate.final_of(REFERRAL), estimate.currency),
        Money(estimate.final_of(FBA), estimate.currency),
        Money(other_fees(estimate, (REFERRAL, FBA)), estimate.currency),
        "; ".join(f"{fee.type} {_amount(fee.final_minor, estimate.currency)}" for fee in estimate.fees) or None,
        "Amazon" if estimate.by_amazon else "Seller",
        _instant(estimated_at_of(record)),
        why,
    )


def _money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None or currency is None else Money(minor, currency)


def _amount(minor: int | None, currency: str | None) -> str:
    money = _money(minor, currency)
    return "" if money is None else f"{money.to_decimal()} {money.currency}"


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else format_instant(from_epoch_seconds(seconds))
