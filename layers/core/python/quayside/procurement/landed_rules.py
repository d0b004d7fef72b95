"""What goods cost until they are there: charges shared out over lines, and lots made of what arrived. Pure.

A charge (freight, duty, insurance …) is shared out once, over the lines that it covers, in proportion to their value,
weight, volume or units. Each share is rounded down to whole minor units and the remainder goes to the last line that
bears any, so the shares add up to the charge.

What falls on a line is borne by its good units as they arrive. Let ``E`` be the good units that arrived and those still
to come; after ``n`` of them, ``C * n // E`` of a charge of ``C`` is in stock. A lot holds the difference between two
such points, so that all lots of a line add up to what falls on it once nothing is still to come. Damaged units bear
nothing, and when an order is closed short, what arrived bears all.

Goods are converted in the same way: of the good units so far, whatever the receipts. They stand apart from the rest as
manufacturing cost, which Amazon reimburses (Amazon: FBA inventory reimbursement policy, "manufacturing cost").
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple

import msgspec

from quayside.finance.rate_rules import Rate, convert
from quayside.kernel.errors import InvalidInput
from quayside.kernel.money import Money
from quayside.procurement.rules import MOST_MINOR, Line, Order

AllocateBy = Literal["value", "weight", "volume", "units"]
ChargeKind = Literal["freight", "duty", "insurance", "inspection", "customs", "prep", "storage", "other"]

CHARGE_WORDS: dict[ChargeKind, str] = {
    "freight": "Freight",
    "duty": "Duty and import tax",
    "insurance": "Insurance",
    "inspection": "Inspection",
    "customs": "Customs clearance",
    "prep": "Preparation",
    "storage": "Storage",
    "other": "Other",
}

MOST_CHARGED_ORDERS = 10
"""So many orders one charge covers at most: they are changed in one transaction."""
MOST_CHARGES = 50
"""So many charges an order bears at most."""


class Charge(msgspec.Struct, frozen=True):
    """What was paid to have goods here.

    Attributes:
        charge_id: its id.
        kind: what for.
        amount: as it was billed.
        day: of the bill.
        allocate_by: how it was shared out.
        landed: the amount in the currency of the lots.
        rate: how it was converted; None when it was billed in that currency.
        shares: what falls on which line, in minor units of ``landed``: (order id, line id, minor).
        note: the member's words.
        by: who entered it.
        voided: whether it was taken back.
    """

    charge_id: str
    kind: ChargeKind
    amount: Money
    day: date
    allocate_by: AllocateBy
    landed: Money
    rate: Rate | None
    shares: tuple[tuple[str, str, int], ...]
    note: str = ""
    by: str = ""
    voided: bool = False


class Bearer(NamedTuple):
    """A line, or the part of one, that a charge covers."""

    order_id: str
    line: Line
    units: int


def allocate(amount_minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share an amount out in proportion to ``weights``: rounded down, the remainder to the last that has a weight.

    Raises:
        ValueError: the amount or a weight is negative, or no weight is above 0.
    """
    if amount_minor < 0 or not weights or min(weights) < 0 or not any(weights):
        raise ValueError("An amount of 0 or more is shared out by weights, one of them above 0.")
    whole = sum(weights)
    shares = [amount_minor * weight // whole for weight in weights]
    last = max(place for place, weight in enumerate(weights) if weight)
    shares[last] += amount_minor - sum(shares)
    return tuple(shares)


def weights_of(bearers: Sequence[Bearer], allocate_by: AllocateBy) -> tuple[int, ...]:
    """Return by what a charge is shared out, whole numbers in proportion.

    Raises:
        InvalidInput: nothing is covered, or what is needed of a line (its carton, a price) is not known.
    """
    if not bearers:
        raise InvalidInput("The charge covers nothing.", code="nothing_covered", action="Name the lines it covers.")
    if allocate_by in {"weight", "volume"}:
        bare = [each.line for each in bearers if each.line.carton is None]
        if bare:
            skus = ", ".join(dict.fromkeys(line.seller_sku for line in bare[:5]))
            raise InvalidInput(
                f"The carton of {skus} is not known, so the charge can't be shared out by {allocate_by}.",
                code="carton_missing",
                action="Amend the order with the cartons, or share it out by value or units.",
            )
    weights = [_weight(each, allocate_by) for each in bearers]
    if not any(weights):
        raise InvalidInput(
            f"What the charge covers has no {allocate_by}.",
            code="nothing_covered",
            action="Share it out by something else.",
        )
    return tuple(weights)


_SCALE = 10**6


def _weight(bearer: Bearer, allocate_by: AllocateBy) -> int:
    line, units = bearer.line, bearer.units
    if allocate_by == "units":
        return units
    if allocate_by == "value":
        return line.price.minor * units * _SCALE // line.price.per_units
    carton = line.carton
    if carton is None:
        return 0
    whole = carton.weight_grams if allocate_by == "weight" else carton.length_mm * carton.width_mm * carton.height_mm
    return whole * units * _SCALE // carton.units


def shares_by_order(shares: Sequence[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Return what falls on the lines of each order."""
    found: dict[str, dict[str, int]] = {}
    for order_id, line_id, minor in shares:
        lines = found.setdefault(order_id, {})
        lines[line_id] = lines.get(line_id, 0) + minor
    return found


# -- Lots --------------------------------------------------------------------------------------------------------------


class MadeLot(NamedTuple):
    """The lot that one receipt of one line makes, in minor units of the landed currency."""

    receipt_id: str
    received_on: date
    line: Line
    units: int
    manufacturing_minor: int
    landed_minor: int


def converted(minor: int, order: Order) -> int:
    """Return an amount of the order's currency in its landed one.

    Raises:
        InvalidInput: there is no rate.
    """
    if order.content.currency == order.content.landed_currency:
        return minor
    if order.rate is None:
        raise rate_missing(order.content.currency, order.content.landed_currency)
    return convert(Money(minor, order.content.currency), order.rate).amount_minor


def rate_missing(base: str, quote: str, day: date | None = None) -> InvalidInput:
    """Return the error for a conversion that nobody stated a rate for."""
    when = "" if day is None else f" for {day} or the week before"
    return InvalidInput(
        f"There is no rate from {base} to {quote}{when}.",
        code="rate_missing",
        action=f"State the rate from {base} to {quote} under Costs, with its day and source, then try again.",
    )


def charges_on(order: Order, line_id: str) -> int:
    """Return what falls on a line of freight, duty and so on, in minor units of the landed currency."""
    return sum(share.lines.get(line_id, 0) for share in order.shares)


def lots_of(order: Order) -> tuple[MadeLot, ...]:
    """Return the lots that what arrived makes, line by line in the order of the receipts.

    Raises:
        InvalidInput: there is no rate into the landed currency.
    """
    found: list[MadeLot] = []
    for line in order.lines:
        charged = charges_on(order, line.line_id)
        bearing = order.good(line.line_id) + order.to_come(line)
        count = goods_before = charged_before = 0
        for receipt in order.counted:
            units = sum(each.units for each in receipt.lines if each.line_id == line.line_id)
            if not units:
                continue
            count += units
            goods = converted(line.price.of(count), order)
            borne = charged * count // bearing
            manufacturing = goods - goods_before
            landed = manufacturing + borne - charged_before
            found.append(MadeLot(receipt.receipt_id, receipt.received_on, line, units, manufacturing, landed))
            goods_before, charged_before = goods, borne
    return tuple(found)


class LineCost(NamedTuple):
    """What a line costs, in minor units of the landed currency.

    Attributes:
        goods_minor: of the units ordered, or received when they are more.
        charges_minor: what falls on it, by kind of charge.
        units: which bear it: good ones that arrived and those still to come.
        in_stock_minor: what is in cost lots already, landed.
        not_borne_minor: charges that no unit bears, because none arrived and none is to come.
    """

    goods_minor: int
    charges_minor: Mapping[str, int]
    units: int
    in_stock_minor: int
    not_borne_minor: int

    @property
    def landed_minor(self) -> int:
        """Goods and charges together."""
        return self.goods_minor + sum(self.charges_minor.values())


def line_costs(order: Order) -> dict[str, LineCost]:
    """Return what each line costs, by line.

    Raises:
        InvalidInput: there is no rate into the landed currency.
    """
    lots = lots_of(order)
    found = {}
    for line in order.lines:
        bearing = order.good(line.line_id) + order.to_come(line)
        by_kind: dict[str, int] = {}
        for share in order.shares:
            if line.line_id in share.lines:
                by_kind[share.kind] = by_kind.get(share.kind, 0) + share.lines[line.line_id]
        stocked = sum(lot.landed_minor for lot in lots if lot.line.line_id == line.line_id)
        not_borne = 0 if bearing else sum(by_kind.values())
        found[line.line_id] = LineCost(converted(line.price.of(bearing), order), by_kind, bearing, stocked, not_borne)
    return found


def unit_text(minor: int, units: int, currency: str) -> str | None:
    """Write what one unit costs, with two places more than its currency has; None without units."""
    if not units:
        return None
    amount = Money(minor, currency).to_decimal() / units
    places = -Money(0, currency).to_decimal().as_tuple().exponent + 2  # type: ignore[operator]  # finite, so a number
    return f"{amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):f}"


def check_amount(amount: Money) -> None:
    """Refuse an amount that no charge has.

    Raises:
        InvalidInput: it is not above 0, or enormous.
    """
    if not 0 < amount.amount_minor <= MOST_MINOR:
        raise InvalidInput("The amount has to be more than 0 and less than a million million.", code="invalid_amount")
