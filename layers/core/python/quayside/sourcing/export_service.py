"""Use case of sourcing: hand leads, quotes and scenarios over, row by row, for an export."""

from collections.abc import Iterator

from quayside.amazon.marketplaces import find_marketplace
from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant
from quayside.sourcing.records import LeadRecord, MoveRecord, QuoteRecord, ScenarioRecord
from quayside.storage import keys
from quayside.storage.keys import decode
from quayside.sync.own_rows import Row, Rows, columns, rows_page
from quayside.sync.views import RowsPage


def _lead(record: LeadRecord) -> Iterator[Row]:
    it = record.read()
    packed = it.package
    sides = (None,) * 4 if packed is None else (
        packed.length_mm, packed.width_mm, packed.height_mm, packed.weight_grams
    )  # fmt: skip
    taken = it.approval
    approved = (None,) * 6 if taken is None else (
        taken.seller_sku, taken.quote_id, taken.units, taken.order_id, taken.approved_at, taken.approved_by
    )  # fmt: skip
    yield it.lead_id, it.name, it.stage, it.created_at, " ".join(it.asins), *sides, it.note, it.reason, *approved


def _targets(record: LeadRecord) -> Iterator[Row]:
    it = record.read()
    for each in it.targets:
        yield it.lead_id, each.connection_id, each.marketplace_id, Money(each.price_minor, each.currency)


def _promises(record: LeadRecord) -> Iterator[Row]:
    it = record.read()
    for each in () if it.approval is None else it.approval.promised:
        amounts = (
            each.price_minor, each.net_minor, each.fees_minor, each.landed_minor, each.returns_minor, each.ads_minor,
            each.other_minor, each.profit_minor,
        )  # fmt: skip
        yield (
            it.lead_id, each.scenario_id, each.name, each.connection_id, each.marketplace_id,
            *(_money(minor, each.currency) for minor in amounts), each.margin_percent,
        )  # fmt: skip


def _move(record: MoveRecord) -> Iterator[Row]:
    _, lead_id, number = record.sk.split("#")
    yield decode(lead_id), int(number), record.event, record.stage, record.moved_at, record.moved_by, record.reason


def _quote(record: QuoteRecord) -> Iterator[Row]:
    it = record.read()
    yield (
        _lead_of(record.sk), it.quote_id, it.supplier_name, it.supplier_id, it.currency, it.minimum_units,
        it.carton_units, it.lead_time_days, it.incoterm, None if it.valid_until is None else it.valid_until.isoformat(),
        it.freight_unit, it.duty_basis_points, it.duty_base, it.other_unit, it.tooling, it.note, record.entered_at,
    )  # fmt: skip


def _prices(record: QuoteRecord) -> Iterator[Row]:
    it = record.read()
    for each in it.breaks:
        yield _lead_of(record.sk), it.quote_id, each.from_units, each.unit_price, it.currency


def _scenario(record: ScenarioRecord) -> Iterator[Row]:
    it = record.read()
    marketplace = find_marketplace(it.marketplace_id)
    currency = None if marketplace is None else marketplace.currency
    price, landed, fees, other = (
        _money(minor, currency) for minor in (it.price_minor, it.landed_minor, it.fees_minor, it.other_minor)
    )
    yield (
        _lead_of(record.sk), it.scenario_id, it.name, it.connection_id, it.marketplace_id, price,
        "Amazon" if it.by_amazon else "seller", it.units, it.quote_id, landed, fees, it.tax_basis_points,
        it.returns_basis_points, it.ads_basis_points, other, record.entered_at,
    )  # fmt: skip


def _money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None or currency is None else Money(minor, currency)


def _lead_of(sort_key: str) -> str:
    return decode(sort_key.split("#")[1])


_LEAD = columns(lead_id=("Lead", "text"))
_PLACE = columns(of_connection_id=("Account", "text"), marketplace_id=("Marketplace", "text"))
_SCENARIO = columns(scenario_id=("Scenario", "text"), name=("Name", "text"))

_DATASETS = {
    "leads": Rows(
        LeadRecord, "LEAD#",
        columns(
            lead_id=("Lead", "text"), name=("Name", "text"), stage=("Stage", "text"), created_at=("Entered", "instant"),
            asins=("Compared with", "text"), length_mm=("Length in mm", "number"), width_mm=("Width in mm", "number"),
            height_mm=("Height in mm", "number"), weight_grams=("Weight in g", "number"), note=("Note", "text"),
            reason=("Why it was rejected", "text"), seller_sku=("SKU", "text"),
            quote_id=("Quote that was taken", "text"),
            units=("Units of the first order", "number"), order_id=("First order", "text"),
            approved_at=("Approved", "instant"), approved_by=("Approved by", "text"),
        ),
        _lead,
    ),
    "lead_targets": Rows(LeadRecord, "LEAD#", (*_LEAD, *_PLACE, *columns(price=("Price", "money"))), _targets),
    "lead_promises": Rows(
        LeadRecord, "LEAD#",
        (
            *_LEAD, *_SCENARIO, *_PLACE,
            *columns(
                price=("Price", "money"), net=("Price without tax", "money"), fees=("Amazon's fees", "money"),
                landed=("Landed cost", "money"), returns=("Returns", "money"), ads=("Advertising", "money"),
                other=("Other costs", "money"), profit=("Profit", "money"), margin_percent=("Margin in %", "number"),
            ),
        ),
        _promises,
    ),
    "lead_moves": Rows(
        MoveRecord, "MOVE#",
        columns(
            lead_id=("Lead", "text"), version=("Version", "number"), event=("What happened", "text"),
            stage=("Stage", "text"), moved_at=("At", "instant"), moved_by=("Member", "text"), reason=("Reason", "text"),
        ),
        _move,
    ),
    "lead_quotes": Rows(
        QuoteRecord, "QUOTE#",
        columns(
            lead_id=("Lead", "text"), quote_id=("Quote", "text"), supplier_name=("Supplier's name", "text"),
            supplier_id=("Supplier", "text"), currency=("Currency", "text"), minimum_units=("Least order", "number"),
            carton_units=("Units in a carton", "number"), lead_time_days=("Lead time in days", "number"),
            incoterm=("Incoterm", "text"), valid_until=("Holds until", "day"),
            freight_unit=("Freight of a unit", "text"),
            duty_basis_points=("Duty in hundredths of a percent", "number"), duty_base=("Duty is counted on", "text"),
            other_unit=("Other costs of a unit", "text"), tooling=("Tooling", "text"), note=("Note", "text"),
            entered_at=("Entered", "instant"),
        ),
        _quote,
    ),
    "lead_quote_prices": Rows(
        QuoteRecord, "QUOTE#",
        columns(
            lead_id=("Lead", "text"), quote_id=("Quote", "text"), from_units=("From units", "number"),
            unit_price=("Unit price", "text"), currency=("Currency", "text"),
        ),
        _prices,
    ),
    "lead_scenarios": Rows(
        ScenarioRecord, "SCENARIO#",
        (
            *_LEAD, *_SCENARIO, *_PLACE,
            *columns(
                price=("Price", "money"), shipped_by=("Shipped by", "text"), units=("Units of a purchase", "number"),
                quote_id=("Quote", "text"), landed=("Landed cost as entered", "money"),
                fees=("Amazon's fees as entered", "money"),
                tax_basis_points=("Tax in hundredths of a percent", "number"),
                returns_basis_points=("Returns in hundredths of a percent", "number"),
                ads_basis_points=("Advertising in hundredths of a percent", "number"), other=("Other costs", "money"),
                entered_at=("Entered", "instant"),
            ),
        ),
        _scenario,
    ),
}  # fmt: skip

DATASETS = tuple(_DATASETS)
"""What there is to hand over."""


def rows(dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of the leads of the tenant in scope; ``cursor`` is the one of the page before.

    Args:
        dataset: one of ``DATASETS``.
        cursor: where the page before ended.
        limit: so many rows, and at most those of one record more.
    """
    return rows_page(_DATASETS[dataset], keys.sourcing(current_tenant()), cursor, limit)
