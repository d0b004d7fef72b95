"""What the seller decides about restocking: for all SKUs, and for one where it differs. Pure."""

from collections.abc import Callable
from typing import Literal

import msgspec

from quayside.restock.demand_rules import Method
from quayside.restock.rules import Leg, PlanKind, Settings, UnusableParameter, checked

LEGS = 10
"""How many legs one lead time can have."""
QUANTITY = (0, 1_000_000)
"""What can be ordered by the seller's own word."""


class LegChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One leg of a lead time: what happens in it, and how many days it takes."""

    name: str
    days: float


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A quantity by the seller's own word instead of the one that is worked out, and why."""

    plan: PlanKind
    quantity: int
    reason: str


class Choices(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Decisions; what is left out is decided elsewhere: for a SKU by the defaults, for those by Quayside's own.

    Attributes:
        send_legs: from the own stock until Amazon can sell it.
        buy_legs: from the purchase order until it is in the own stock.
        service_level_percent: the chance that no unit is missing before the next delivery, for example 95 or 99.5.
        send_cover_days: how many days a delivery to Amazon is to last.
        buy_cover_days: how many days a purchase is to last.
        growth_percent: what is expected beyond what history says.
        minimum_order_units: what the supplier delivers at least.
        carton_units: units of one carton.
        method: the method of demand, when it is not to be chosen by back-test.
        unit_cost_minor: what a unit costs, in minor units of the marketplace's currency; for the budget.
        overrides: quantities by the seller's own word.
    """

    send_legs: tuple[LegChoice, ...] | None = None
    buy_legs: tuple[LegChoice, ...] | None = None
    service_level_percent: float | None = None
    send_cover_days: int | None = None
    buy_cover_days: int | None = None
    growth_percent: int | None = None
    minimum_order_units: int | None = None
    carton_units: int | None = None
    method: Method | None = None
    unit_cost_minor: int | None = None
    overrides: tuple[Override, ...] = ()


STANDARD = Choices(
    send_legs=(LegChoice("Pack and hand over", 2), LegChoice("Carrier", 5), LegChoice("Check-in at Amazon", 7)),
    buy_legs=(LegChoice("Production", 30), LegChoice("Freight and customs", 30)),
    service_level_percent=95,
    send_cover_days=30,
    buy_cover_days=60,
    growth_percent=0,
    minimum_order_units=0,
    carton_units=1,
)
"""Where the seller decided nothing yet. Common values of sellers who import by sea; nobody's own."""

Origin = Literal["sku", "defaults", "standard"]


def merged(own: Choices, defaults: Choices) -> Choices:
    """Return the decisions that hold for one SKU: its own, else the seller's defaults, else Quayside's."""
    parts = {
        name: next(
            (value for each in (own, defaults) if (value := getattr(each, name)) is not None), getattr(STANDARD, name)
        )
        for name in Choices.__struct_fields__
        if name != "overrides"
    }
    return Choices(**parts, overrides=own.overrides)


def settings_of(choices: Choices) -> Settings:
    """Return merged decisions as the statistics take them.

    Raises:
        UnusableParameter: one is out of its range; names it and the range.
    """
    return checked(
        Settings(
            send_legs=_legs(choices.send_legs),
            buy_legs=_legs(choices.buy_legs),
            service_level=(choices.service_level_percent or 0) / 100,
            send_cover_days=choices.send_cover_days or 0,
            buy_cover_days=choices.buy_cover_days or 0,
            growth_percent=choices.growth_percent or 0,
            minimum_order_units=choices.minimum_order_units or 0,
            carton_units=choices.carton_units or 0,
        )
    )


def _legs(legs: tuple[LegChoice, ...] | None) -> tuple[Leg, ...]:
    return tuple(Leg(leg.name, leg.days) for leg in legs or ())


def measured(settings: Settings, days_of: Callable[[str], tuple[int, ...]]) -> Settings:
    """Return settings whose legs know what was measured of them, by their names.

    What was measured can't be computed with when a lead time would be out of its range; then what was entered holds.
    """

    def known(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
        return tuple(Leg(leg.name, leg.days, tuple(float(days) for days in days_of(leg.name))) for leg in legs)

    found = msgspec.structs.replace(settings, send_legs=known(settings.send_legs), buy_legs=known(settings.buy_legs))
    try:
        return checked(found)
    except UnusableParameter:
        return settings


def check(own: Choices, defaults: Choices) -> None:
    """Let decisions pass that can be computed with.

    Raises:
        UnusableParameter: one can't; names it and what is allowed.
    """
    for field in ("send_legs", "buy_legs"):
        legs: tuple[LegChoice, ...] = getattr(own, field) or ()
        if len(legs) > LEGS:
            raise UnusableParameter(field, f"can have {LEGS} legs at most; these are {len(legs)}.")
        if any(not leg.name.strip() for leg in legs):
            raise UnusableParameter(field, "each leg needs a name.")
    try:
        settings_of(merged(own, defaults))
    except UnusableParameter as problem:
        if problem.field != "service_level":
            raise
        raise UnusableParameter("service_level_percent", "must be from 50 to 99.9 percent.") from None
    if own.unit_cost_minor is not None and own.unit_cost_minor <= 0:
        raise UnusableParameter("unit_cost_minor", "must be 1 or more; leave it out when it is not known.")
    _check_overrides(own.overrides)


def _check_overrides(overrides: tuple[Override, ...]) -> None:
    least, most = QUANTITY
    for index, override in enumerate(overrides):
        if not least <= override.quantity <= most:
            raise UnusableParameter(f"overrides[{index}].quantity", f"must be from {least:,} to {most:,}.")
        if not override.reason.strip():
            raise UnusableParameter(f"overrides[{index}].reason", "says why, so that it can be judged later.")
    if len({each.plan for each in overrides}) < len(overrides):
        raise UnusableParameter("overrides", "can have one quantity for each plan.")
