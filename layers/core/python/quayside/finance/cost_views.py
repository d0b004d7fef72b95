"""What the API shows of costs: lots, other costs, rates, and what a file would change."""

from fractions import Fraction
from typing import Literal

import msgspec

from quayside.finance.cost_records import LotRecord, lot_from, lot_sku_of
from quayside.finance.cost_rules import Lot, Method, OtherCost
from quayside.finance.rate_rules import Rate
from quayside.kernel.money import Money, exponent_of

_MORE_PLACES = 2
RowState = Literal["new", "known", "refused"]


class LotView(msgspec.Struct, frozen=True):
    """A lot of one SKU.

    ``unit_cost`` is landed, a decimal number with as many places as it needs; ``landed`` is what all units cost, None
    for a price without a number of units; ``origin`` is the purchase order that made it, None when a member did.
    """

    lot_id: str
    seller_sku: str
    from_day: str
    units: int | None
    currency: str
    unit_cost: str
    manufacturing_unit_cost: str | None
    landed: Money | None
    note: str | None
    entered_at: str | None
    origin: str | None = None


class LotPage(msgspec.Struct, frozen=True):
    """A page of lots in the order of their SKUs, and how all lots are used up."""

    method: Method
    lots: tuple[LotView, ...]
    next_cursor: str | None


class CostMethodView(msgspec.Struct, frozen=True):
    """How costs are used up."""

    method: Method


class CostRowView(msgspec.Struct, frozen=True):
    """A row of a file of costs: ``new`` would be or was added, ``known`` is there already, ``refused`` says why."""

    line: int
    seller_sku: str
    state: RowState
    lot: LotView | None
    problem: str | None


class CostFileView(msgspec.Struct, frozen=True):
    """What a file of costs changes, or changed."""

    new: int
    known: int
    refused: int
    rows: tuple[CostRowView, ...]


class OtherCostView(msgspec.Struct, frozen=True):
    """A cost that is no purchase price, spread over its days; both days are included."""

    cost_id: str
    name: str
    amount: Money
    from_day: str
    to_day: str
    marketplace_id: str | None
    seller_sku: str | None


class OtherCostList(msgspec.Struct, frozen=True):
    """All other costs, the earliest first."""

    costs: tuple[OtherCostView, ...]


class RateView(msgspec.Struct, frozen=True):
    """How much of ``quote`` one unit of ``base`` is, on a day, as a source says."""

    day: str
    base: str
    quote: str
    rate: str
    source: str


class RateList(msgspec.Struct, frozen=True):
    """The latest rates, pair by pair."""

    rates: tuple[RateView, ...]


def lot_view(seller_sku: str, lot: Lot, entered_at: str | None = None, origin: str | None = None) -> LotView:
    """Return a lot as the API shows it."""
    return LotView(
        lot.lot_id,
        seller_sku,
        lot.from_day.isoformat(),
        lot.units,
        lot.currency,
        _per_unit(lot.landed_minor, lot),
        None if lot.manufacturing_minor is None else _per_unit(lot.manufacturing_minor, lot),
        None if lot.units is None else Money(lot.landed_minor, lot.currency),
        lot.note,
        entered_at,
        origin,
    )


def lot_view_of(record: LotRecord) -> LotView:
    """Return a stored lot."""
    return lot_view(lot_sku_of(record.sk), lot_from(record), record.entered_at, record.origin)


def other_cost_view(cost: OtherCost) -> OtherCostView:
    """Return an other cost."""
    return OtherCostView(
        cost.cost_id,
        cost.name,
        Money(cost.amount_minor, cost.currency),
        cost.from_day.isoformat(),
        cost.to_day.isoformat(),
        cost.marketplace_id,
        cost.seller_sku,
    )


def rate_view(rate: Rate) -> RateView:
    """Return a rate."""
    return RateView(rate.day.isoformat(), rate.base, rate.quote, rate.rate, rate.source)


def _per_unit(minor: int, lot: Lot) -> str:
    """Write what one unit costs with the currency's places, and up to two more when it takes them."""
    places = exponent_of(lot.currency)
    scaled = round(Fraction(minor * 10**_MORE_PLACES, lot.per_units))
    whole, parts = divmod(scaled, 10 ** (places + _MORE_PLACES))
    digits = f"{parts:0{places + _MORE_PLACES}d}"
    kept = digits[:places] + digits[places:].rstrip("0")
    return f"{whole}.{kept}" if kept else str(whole)
