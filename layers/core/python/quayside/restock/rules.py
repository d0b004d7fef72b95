"""How much to reorder and when: lead time, safety stock, reorder point, two plans, budget. Pure.

Safety stock ``z·sqrt(L·sd² + d²·sL²)`` and reorder point ``d·L + safety`` are the textbook forms (Silver, Pyke and
Thomas, "Inventory and Production Management in Supply Chains", 4th edition, section 6.7), where L is the lead time, d a
day's demand, and sd and sL their standard deviations. Quantity, order-by date and overstock are PRODUCT.md §7's. Days
are counted from the day after the last one of the history.
"""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from statistics import NormalDist, fmean, variance
from typing import Literal

import msgspec

from quayside.restock.demand_rules import Demand, UnknownDemand, expected_days

MEASURED_FROM = 3
"""Observations from which on a leg's own measurements replace the days that were entered."""
OVERSTOCK_PERCENT = 150
"""Stock above this share of the target is too much. Source: PRODUCT.md §7."""
LOW_INVENTORY_DAYS = 28
"""Amazon charges the low-inventory-level fee below 28 days of historical supply, per parent. Source: PRODUCT.md §7."""
FAR = 730
"""Days beyond which a run-out date says nothing; stock that lasts longer has none."""

_DUST = 1e-9
"""Less than any real part of a unit or a day: what binary fractions leave when they are added up."""

SERVICE_LEVELS = (0.5, 0.999)
LEG_DAYS = (0.0, 365.0)
LEAD_TIME_DAYS = (1.0, 365.0)
COVER_DAYS = (1, 365)
EXTRA_LEAD_DAYS = (-365, 365)
GROWTH_PERCENT = (-90, 400)
CARTON_UNITS = (1, 10_000)
MINIMUM_UNITS = (0, 1_000_000)

PlanKind = Literal["send", "buy"]
Status = Literal["order_now", "order_soon", "enough", "overstock"]
SOON_DAYS = 7
"""A reorder point reached within so many days is near, as in Jungle Scout's states (reference/peers.md 3.1)."""


class UnusableParameter(ValueError):
    """A setting can't be true or can't be computed with; says which, why, and what is allowed."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Leg(msgspec.Struct, frozen=True):
    """One part of a lead time.

    Attributes:
        name: what happens in it, in the seller's words (production, freight, receiving, …).
        days: how long the seller says that it takes.
        observed: how many days it took, each time it was measured.
    """

    name: str
    days: float
    observed: tuple[float, ...] = ()

    @property
    def is_measured(self) -> bool:
        """Whether there are enough measurements to go by them."""
        return len(self.observed) >= MEASURED_FROM

    @property
    def mean_days(self) -> float:
        """How long it takes: the mean of what was measured, else what was entered."""
        return fmean(self.observed) if self.is_measured else self.days

    @property
    def variance_days(self) -> float:
        """How much that varies, in days squared; nothing is known of a leg that was not measured."""
        return variance(self.observed) if self.is_measured else 0.0


class LeadTime(msgspec.Struct, frozen=True):
    """How long it takes until ordered units can be sold: the sum of its legs."""

    days: float
    deviation_days: float
    legs: tuple[Leg, ...]

    @property
    def whole_days(self) -> int:
        """The days rounded up."""
        return math.ceil(self.days - _DUST)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the seller decides for one SKU in one marketplace.

    Attributes:
        send_legs: from the seller's own stock until Amazon can sell it.
        buy_legs: from the purchase order until it is in the seller's own stock; ``send_legs`` come on top.
        service_level: the chance that no unit is missing before the next delivery.
        send_cover_days: how many days a delivery to Amazon is to last.
        buy_cover_days: how many days a purchase is to last.
        growth_percent: what the seller expects beyond what history says.
        minimum_order_units: what the supplier delivers at least.
        carton_units: units of one carton; only whole cartons are ordered or sent.
    """

    send_legs: tuple[Leg, ...]
    buy_legs: tuple[Leg, ...]
    service_level: float = 0.95
    send_cover_days: int = 30
    buy_cover_days: int = 60
    growth_percent: int = 0
    minimum_order_units: int = 0
    carton_units: int = 1


class OpenOrder(msgspec.Struct, frozen=True):
    """Units that were ordered from a supplier, and when they are expected in the seller's own stock.

    ``to_amazon`` says that they are expected at Amazon itself, so that the way from the own stock does not come on top.
    """

    units: int
    expected_on: date
    to_amazon: bool = False


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one SKU that are there or on their way. Never pooled across marketplaces unless the seller links them.

    Attributes:
        fulfillable: Amazon can ship them now.
        inbound: on their way to Amazon or being received.
        transfer: moving between fulfilment centres.
        processing: set aside by Amazon for processing.
        own_stock: in the seller's own locations.
        open_orders: ordered from suppliers and not arrived.
    """

    fulfillable: int = 0
    inbound: int = 0
    transfer: int = 0
    processing: int = 0
    own_stock: int = 0
    open_orders: tuple[OpenOrder, ...] = ()

    @property
    def at_amazon(self) -> int:
        """Units in Amazon's network and on their way to it."""
        return self.fulfillable + self.inbound + self.transfer + self.processing

    @property
    def on_order(self) -> int:
        """Units that suppliers still owe."""
        return sum(order.units for order in self.open_orders)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send to Amazon, or what to buy, with every number that led to it. Units unless the name says days.

    Attributes:
        lead_time: until what is ordered now can be sold.
        service_level: the one the safety stock is for.
        z: the standard normal quantile of the service level.
        daily: expected units a day over the lead time.
        daily_deviation: how far a day's demand strays from what was expected.
        lead_time_units: expected over the lead time.
        safety_stock: kept against surprises, rounded up.
        reorder_point: order when the position is at most this.
        cover_days: how many days the order is to last.
        forecast_units: expected over lead time and cover.
        position_units: what counts against it.
        target_units: forecast and safety stock.
        wanted_units: what is missing to the target, before minimum and cartons.
        quantity: what to order now: minimum, whole cartons; 0 when the reorder point is not reached.
        cartons: whole cartons in ``quantity``.
        short_units: of a shipment to Amazon, what the own stock lacks.
        days_of_cover: how long the position lasts at what is expected; None beyond two years.
        run_out_on: the first day that can't be served in full; None beyond two years.
        order_by: the last day to order without running out: run-out less lead time.
        reorder_on: the day on which the position comes down to the reorder point; None beyond two years.
        status: what to do.
        overstock_units: beyond 150 % of the target.
    """

    kind: PlanKind
    lead_time: LeadTime
    service_level: float
    z: float
    daily: float
    daily_deviation: float
    lead_time_units: float
    safety_stock: int
    reorder_point: int
    cover_days: int
    forecast_units: float
    position_units: int
    target_units: int
    wanted_units: int
    quantity: int
    cartons: int
    short_units: int
    days_of_cover: int | None
    run_out_on: date | None
    order_by: date | None
    reorder_on: date | None
    status: Status
    overstock_units: int


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Both plans for one SKU in one marketplace, and the demand they follow from."""

    computed_for: date
    demand: Demand
    send: Plan
    buy: Plan


def checked(settings: Settings) -> Settings:
    """Return the settings when they can be computed with.

    Raises:
        UnusableParameter: one is out of its range; names it and the range.
    """
    _within("service_level", settings.service_level, SERVICE_LEVELS)
    for name in ("send_cover_days", "buy_cover_days"):
        _within(name, getattr(settings, name), COVER_DAYS, "days")
    _within("growth_percent", settings.growth_percent, GROWTH_PERCENT, "percent")
    _within("carton_units", settings.carton_units, CARTON_UNITS, "units")
    _within("minimum_order_units", settings.minimum_order_units, MINIMUM_UNITS, "units")
    for field, legs in (("send_legs", settings.send_legs), ("buy_legs", settings.buy_legs)):
        for index, leg in enumerate(legs):
            for days in (leg.days, *leg.observed):
                _within(f"{field}[{index}].days", days, LEG_DAYS, "days")
    _within("send_legs", sum(leg.mean_days for leg in settings.send_legs), LEAD_TIME_DAYS, "days in total")
    whole = sum(leg.mean_days for leg in (*settings.buy_legs, *settings.send_legs))
    _within("buy_legs", whole, LEAD_TIME_DAYS, "days in total, those to Amazon included")
    return settings


def _within(field: str, value: float, allowed: tuple[float, float], unit: str = "") -> None:
    least, most = allowed
    if not least <= value <= most:  # also refuses what is no number
        raise UnusableParameter(field, f"must be from {least:g} to {most:g}{unit and ' '}{unit}; it is {value:g}.")


def lead_time_of(legs: Sequence[Leg]) -> LeadTime:
    """Add up the legs; their variances add up because one leg's delay says nothing about another's."""
    deviation = math.sqrt(sum(leg.variance_days for leg in legs))
    return LeadTime(sum(leg.mean_days for leg in legs), deviation, tuple(legs))


def z_of(service_level: float) -> float:
    """Return the standard normal quantile of a service level.

    Raises:
        UnusableParameter: the level is out of its range; 1.0 would need endless stock.
    """
    _within("service_level", service_level, SERVICE_LEVELS)
    return NormalDist().inv_cdf(service_level)


def safety_stock(z: float, lead_time: LeadTime, daily: float, daily_deviation: float) -> float:
    """Return ``z·sqrt(L·sd² + d²·sL²)`` in units."""
    return z * math.sqrt(lead_time.days * daily_deviation**2 + daily**2 * lead_time.deviation_days**2)


def suggest(demand: Demand, position: Position, settings: Settings) -> Suggestion:
    """Return what to send and what to buy, computed for the day after the last one of the demand's history.

    Raises:
        UnusableParameter: a setting is out of its range.
    """
    checked(settings)
    outlook = Outlook.of(demand.grown(settings.growth_percent))
    send_time = lead_time_of(settings.send_legs)
    buy_time = lead_time_of((*settings.buy_legs, *settings.send_legs))
    first = demand.last_day + timedelta(days=1)
    transit = send_time.whole_days
    orders = tuple(
        Arrival(order.units, max(0, (order.expected_on - first).days) + (0 if order.to_amazon else transit))
        for order in position.open_orders
    )
    at_amazon = Arrival(position.at_amazon, 0)
    send = _plan("send", outlook, settings, send_time, (at_amazon,))
    # Dates are whole days: an order of today is expected after the days rounded up, and must count tomorrow.
    buying = math.ceil(math.fsum(leg.mean_days for leg in settings.buy_legs) - _DUST)
    arrivals = (at_amazon, Arrival(position.own_stock, 0), *orders)
    buy = _plan("buy", outlook, settings, buy_time, arrivals, last_arrival=buying + transit)
    return Suggestion(
        computed_for=first,
        demand=outlook.demand,
        send=_capped_at(send, position.own_stock, settings.carton_units),
        buy=buy,
    )


class Arrival(msgspec.Struct, frozen=True):
    """Units that can be sold from so many days on."""

    units: int
    in_days: int


class Outlook(msgspec.Struct, frozen=True):
    """Expected units, added up from the first day on: ``sums[n]`` is what the first n days ask for."""

    demand: Demand
    sums: tuple[float, ...]

    @classmethod
    def of(cls, demand: Demand) -> "Outlook":
        """Look as far ahead as anything here asks for."""
        days = FAR + math.ceil(LEAD_TIME_DAYS[1])
        return cls(demand, (0.0, *accumulate(expected_days(demand, days))))

    def units(self, days: float) -> float:
        """Return what so many days ask for; part of a day counts in part."""
        whole = math.floor(days)
        part = days - whole
        return self.sums[whole] + (part * (self.sums[whole + 1] - self.sums[whole]) if part else 0.0)


def _plan(  # noqa: PLR0913 - a plan follows from all of these
    kind: PlanKind,
    outlook: Outlook,
    settings: Settings,
    lead_time: LeadTime,
    arrivals: Sequence[Arrival],
    *,
    last_arrival: int = 0,
) -> Plan:
    """Make a plan; what arrives within ``last_arrival`` days is there before what is ordered now."""
    cover_days = settings.send_cover_days if kind == "send" else settings.buy_cover_days
    z = z_of(settings.service_level)
    lead_units = outlook.units(lead_time.days)
    daily = lead_units / lead_time.days
    deviation = outlook.demand.spread
    safety = _up(safety_stock(z, lead_time, daily, deviation))
    reorder_point = _up(lead_units + safety)
    horizon = lead_time.days + cover_days
    forecast_units = outlook.units(horizon)
    target = max(reorder_point, _up(forecast_units + safety))
    # What arrives only after the order would have been used up can't take its place.
    counted = sum(each.units for each in arrivals if each.in_days <= last_arrival + cover_days)
    wanted = max(0, target - counted)
    run_out = _run_out_in(outlook, arrivals)
    reorder_in = _reorder_in(outlook, arrivals, lead_time, safety, last_arrival)
    is_due = reorder_in == 0 and wanted > 0
    minimum = settings.minimum_order_units if kind == "buy" else 0
    quantity = rounded_up(wanted, minimum, settings.carton_units) if is_due else 0
    overstock = max(0, counted - target * OVERSTOCK_PERCENT // 100)
    first = outlook.demand.last_day + timedelta(days=1)
    return Plan(
        kind=kind,
        lead_time=lead_time,
        service_level=settings.service_level,
        z=z,
        daily=daily,
        daily_deviation=deviation,
        lead_time_units=lead_units,
        safety_stock=safety,
        reorder_point=reorder_point,
        cover_days=cover_days,
        forecast_units=forecast_units,
        position_units=counted,
        target_units=target,
        wanted_units=wanted,
        quantity=quantity,
        cartons=-(-quantity // settings.carton_units),
        short_units=0,
        days_of_cover=run_out,
        run_out_on=None if run_out is None else first + timedelta(days=run_out),
        order_by=None if run_out is None else first + timedelta(days=run_out - lead_time.whole_days),
        reorder_on=None if reorder_in is None else first + timedelta(days=reorder_in),
        status=_status(is_due=is_due, reorder_in=reorder_in, overstock=overstock),
        overstock_units=overstock,
    )


def _up(units: float) -> int:
    """Round up, unless the part above the whole is only what adding up in binary left."""
    return math.ceil(units - _DUST)


def _status(*, is_due: bool, reorder_in: int | None, overstock: int) -> Status:
    if is_due:
        return "order_now"
    if overstock:
        return "overstock"
    return "order_soon" if reorder_in is not None and reorder_in <= SOON_DAYS else "enough"


def _run_out_in(outlook: Outlook, arrivals: Sequence[Arrival]) -> int | None:
    """Return after how many whole days the next one can't be served in full.

    What arrives late can't serve the days before, and what they lacked is not made up for.
    """
    late = sorted((each.in_days, each.units) for each in arrivals if each.in_days > 0)
    left = float(sum(each.units for each in arrivals if each.in_days <= 0))
    for day in range(FAR):
        while late and late[0][0] <= day:
            left += late.pop(0)[1]
        left -= outlook.sums[day + 1] - outlook.sums[day]
        if left < -_DUST:
            return day
    return None


def _reorder_in(
    outlook: Outlook, arrivals: Sequence[Arrival], lead_time: LeadTime, safety: int, last_arrival: int
) -> int | None:
    """Return after how many days what is there, and due within the lead time, comes down to the reorder point."""
    for day in range(FAR):
        due = sum(each.units for each in arrivals if each.in_days <= day + last_arrival)
        if due - outlook.units(day + lead_time.days) <= safety:
            return day
    return None


def rounded_up(wanted: int, minimum: int, carton_units: int) -> int:
    """Return what to order so that ``wanted`` units are covered: at least the minimum, in whole cartons; 0 for none."""
    if wanted <= 0:
        return 0
    return -(-max(wanted, minimum) // carton_units) * carton_units


def _capped_at(plan: Plan, own_stock: int, carton_units: int) -> Plan:
    """Return the shipment with no more than there is at home; a carton that is not full at home can go all the same."""
    sendable = min(plan.quantity, max(0, own_stock))
    return msgspec.structs.replace(
        plan,
        quantity=sendable,
        cartons=-(-sendable // carton_units),
        short_units=max(0, plan.wanted_units - sendable) if plan.quantity else 0,
    )


def allocate(total: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Share whole units in proportion to weights, so that the shares add up to ``total`` exactly.

    What rounding leaves goes to the largest remainders, of equal ones to the first. Without any weight all is shared
    evenly.

    Raises:
        ValueError: there is nobody to share with, or a number is negative.
    """
    if not weights or total < 0 or min(weights) < 0:
        raise ValueError("Units are shared among at least one, and nothing in it is negative.")
    whole = math.fsum(weights)
    if not whole:
        weights, whole = [1.0] * len(weights), float(len(weights))
    exact = [total * (weight / whole) for weight in weights]
    shares = [min(total, math.floor(share)) for share in exact]
    order = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    left = total - sum(shares)
    for step in range(left):
        shares[order[step % len(order)]] += 1
    for index in reversed(order):  # only when the weights' sum was rounded down
        if sum(shares) <= total:
            break
        shares[index] -= min(shares[index], sum(shares) - total)
    return tuple(shares)


class BudgetLine(msgspec.Struct, frozen=True):
    """What one SKU needs, what a unit of it costs, and how soon it runs out."""

    key: str
    quantity: int
    carton_units: int
    minimum_units: int
    unit_cost_minor: int
    daily: float
    days_of_cover: int | None


class Funded(msgspec.Struct, frozen=True):
    """What the budget buys of one SKU, and what that costs in minor units."""

    key: str
    quantity: int
    cost_minor: int


def within_budget(lines: Sequence[BudgetLine], budget_minor: int) -> tuple[Funded, ...]:
    """Spend no more than the budget: first minimum orders, then cartons, always to what would run out first.

    All lines are in one currency. The answer has a line for each asked one, in the same order; what is not bought has
    quantity 0.

    Raises:
        UnusableParameter: the budget is negative, or a unit has no cost to go by.
    """
    if budget_minor < 0:
        raise UnusableParameter("budget_minor", "must be 0 or more.")
    for line in lines:
        if line.unit_cost_minor <= 0:
            raise UnusableParameter(line.key, "has no unit cost; enter one, or leave it out of the budget.")
    bought = [0] * len(lines)
    left = budget_minor
    waiting = {index for index, line in enumerate(lines) if line.quantity > 0}
    while waiting:
        index = min(waiting, key=lambda each: (_lasts(lines[each], bought[each]), each))
        line = lines[index]
        step = line.carton_units if bought[index] else rounded_up(1, line.minimum_units, line.carton_units)
        step = min(step, line.quantity - bought[index])
        if step <= 0 or step * line.unit_cost_minor > left:
            waiting.discard(index)
            continue
        bought[index] += step
        left -= step * line.unit_cost_minor
    return tuple(
        Funded(line.key, units, units * line.unit_cost_minor) for line, units in zip(lines, bought, strict=True)
    )


def _lasts(line: BudgetLine, bought: int) -> float:
    cover = FAR if line.days_of_cover is None else line.days_of_cover
    return cover + (bought / line.daily if line.daily > 0 else FAR)


class LowInventory(msgspec.Struct, frozen=True):
    """Where a parent stands against Amazon's line of 28 days.

    Attributes:
        days_of_supply: stock over daily sales, in tenths of a day; None when nothing is sold.
        missing_units: what would lift it to the line.
        is_below: whether the fee applies on this reckoning.
    """

    days_of_supply_tenths: int | None
    missing_units: int
    is_below: bool


def low_inventory(children: Sequence[tuple[int, float]]) -> LowInventory:
    """Compare a parent's stock with 28 days of its sales.

    Args:
        children: of each child its units at Amazon and its expected units a day; the line is for all of them together.
    """
    stock = sum(units for units, _ in children)
    daily = math.fsum(each for _, each in children)
    if daily <= 0:
        return LowInventory(None, 0, is_below=False)
    missing = max(0, math.ceil(LOW_INVENTORY_DAYS * daily - stock - _DUST))
    return LowInventory(math.floor(stock / daily * 10), missing, is_below=missing > 0)


def what_if(  # noqa: PLR0913 - a what-if may change each of these
    demand: Demand | UnknownDemand,
    position: Position,
    settings: Settings,
    *,
    extra_lead_days: float = 0,
    service_level: float | None = None,
    growth_percent: int | None = None,
    send_cover_days: int | None = None,
    buy_cover_days: int | None = None,
) -> Suggestion | UnknownDemand:
    """Return what would be suggested if a setting were another; nothing is kept.

    ``extra_lead_days`` is what purchases would take longer than now, or less when it is negative.

    Raises:
        UnusableParameter: a setting would be out of its range.
    """
    if isinstance(demand, UnknownDemand):
        return demand
    _within("extra_lead_days", extra_lead_days, EXTRA_LEAD_DAYS, "days")
    whole = math.fsum(leg.mean_days for leg in settings.buy_legs)
    changed = msgspec.structs.replace(
        settings,
        buy_legs=_stretched(settings.buy_legs, whole, max(0.0, whole + extra_lead_days)),
        service_level=settings.service_level if service_level is None else service_level,
        growth_percent=settings.growth_percent if growth_percent is None else growth_percent,
        send_cover_days=settings.send_cover_days if send_cover_days is None else send_cover_days,
        buy_cover_days=settings.buy_cover_days if buy_cover_days is None else buy_cover_days,
    )
    return suggest(demand, position, changed)


def _stretched(legs: Sequence[Leg], whole: float, days: float) -> tuple[Leg, ...]:
    """Return the legs, of ``whole`` days together, so that they take ``days`` and vary in proportion."""
    if not whole:
        return (*legs, Leg("what if", days)) if days else tuple(legs)
    share = days / whole
    return tuple(Leg(leg.name, leg.days * share, tuple(each * share for each in leg.observed)) for leg in legs)
