"""What the API shows of the seller's own shipments."""

from datetime import date, datetime

import msgspec

from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.supply_chain import listed_rules
from quayside.supply_chain import shipment_rules as rules
from quayside.supply_chain.lead_rules import Measured
from quayside.supply_chain.listed_rules import Listed
from quayside.supply_chain.shipment_records import Entry, Receipt
from quayside.supply_chain.shipment_rules import Estimate, Event, Forecast, Leg, LegKind, Line, Shipment, Stage, State

SOURCE = "The days that you entered for the legs of this shipment, and of those before it"


class LegView(msgspec.Struct, frozen=True):
    """One leg: what was entered, and when it begins and ends by what is known today; see ``shipment_rules``.

    Attributes:
        start: its first day, actual or expected.
        end: its last day, actual or expected by the median.
        end_p90: its last day if it takes as long as in 9 of 10 cases.
        basis: what the end follows from: actual, measured, planned, or unknown.
        late_days: by how many days it ends later than planned.
        estimate: what was measured of its like; None while there are fewer than three.
    """

    kind: LegKind
    origin: str
    destination: str
    carrier: str
    tracking: str
    planned_start: date | None
    planned_end: date | None
    actual_start: date | None
    actual_end: date | None
    start: date | None
    end: date | None
    end_p90: date | None
    basis: str
    late_days: int
    estimate: Estimate | None


class ShipmentView(msgspec.Struct, frozen=True):
    """A shipment.

    Attributes:
        version: sent back with a change.
        state: planned, under way, arrived, closed or cancelled.
        stage: where its units are.
        current: which leg is under way or comes next; None when all have ended.
        arrives: the day it arrives, by the median; None when a leg says nothing.
        arrives_p90: the day by which it arrives in 9 of 10 cases.
        late_days: by how many days it arrives later than planned, or its present leg ends later.
        skus: how many SKUs it carries.
        first_sku: the first of them.
        orders: numbers of the purchase orders it carries.
        inbound: Amazon's inbound shipments that belong to it.
    """

    shipment_id: str
    version: int
    name: str
    connection_id: str
    marketplace_id: str
    destination: str
    state: State
    stage: Stage
    current: int | None
    legs: tuple[LegView, ...]
    arrives: date | None
    arrives_p90: date | None
    late_days: int
    units: int
    skus: int
    first_sku: str
    orders: tuple[str, ...]
    inbound: tuple[str, ...]
    changed_at: str
    ended_on: date | None


class LegDays(msgspec.Struct, frozen=True):
    """One leg in a list: when it begins and ends by what is known today; see ``LegView``."""

    kind: LegKind
    actual_start: date | None
    actual_end: date | None
    start: date | None
    end: date | None
    late_days: int


class ShipmentLine(msgspec.Struct, frozen=True):
    """A shipment in a list; see ``ShipmentView``.

    Attributes:
        origin: where the leg that is under way, or next, begins; long names are shortened.
        destination: where it leads.
        orders: numbers of the first three purchase orders it carries.
        more_orders: how many more it carries.
    """

    shipment_id: str
    name: str
    marketplace_id: str
    state: State
    stage: Stage
    current: int | None
    origin: str
    destination: str
    legs: tuple[LegDays, ...]
    arrives: date | None
    arrives_p90: date | None
    late_days: int
    units: int
    skus: int
    first_sku: str
    orders: tuple[str, ...]
    more_orders: int
    ended_on: date | None


class ShipmentPage(msgspec.Struct, frozen=True):
    """A page of shipments, the newest first; ``next_cursor`` goes on, None when these were the last.

    ``examined`` says how many were looked at for it; what the filters leave out is not among the shipments, so a page
    may be short, even empty, and still not the last.
    """

    shipments: tuple[ShipmentLine, ...]
    examined: int
    next_cursor: str | None


class ShipmentCard(msgspec.Struct, frozen=True):
    """Everything about a shipment.

    Attributes:
        shipment: as the list shows it.
        lines: what it carries, and what of it arrived.
        arrives_in: days until it arrives, with how they follow from its legs.
        events: what can be done with it now: close, cancel or reopen.
        pending: a receipt that was begun and not finished; entering it again finishes it.
        history: what was done with it, the newest first.
    """

    shipment: ShipmentView
    lines: tuple[Line, ...]
    arrives_in: Figure
    events: tuple[Event, ...]
    pending: Receipt | None
    history: tuple[Entry, ...]


class OrderLine(msgspec.Struct, frozen=True):
    """A line of a purchase order that can go into a shipment: what is still to come and in no shipment yet."""

    order_id: str
    order_number: str
    line_id: str
    seller_sku: str
    units: int
    to_come: int
    expected_on: str | None


class OrderLines(msgspec.Struct, frozen=True):
    """Lines of purchase orders that can go into a shipment; ``whole`` when these are all that fit the search."""

    lines: tuple[OrderLine, ...]
    whole: bool


class LeadTimeView(msgspec.Struct, frozen=True):
    """How long one kind of leg took on one lane from one supplier; see ``lead_rules.Measured``."""

    kind: LegKind
    supplier_id: str
    origin: str
    destination: str
    newest: date
    median: Figure
    p90: Figure


class LeadTimes(msgspec.Struct, frozen=True):
    """What was measured, by kind of leg, supplier and lane. ``enough`` observations make a lead time count."""

    rows: tuple[LeadTimeView, ...]
    enough: int


def shipment_view(shipment_id: str, version: int, shipment: Shipment, today: date) -> ShipmentView:
    """Return a shipment as the list shows it."""
    forecasts = rules.forecast(shipment.legs, shipment.estimates, today)
    arrives, arrives_p90 = rules.arrival(forecasts)
    estimates = [*shipment.estimates, *[None] * (len(shipment.legs) - len(shipment.estimates))]
    return ShipmentView(
        shipment_id,
        version,
        shipment.name,
        shipment.connection_id,
        shipment.marketplace_id,
        shipment.destination,
        shipment.state,
        rules.stage_of(shipment.legs),
        rules.current_leg(shipment.legs),
        tuple(_leg_view(*each) for each in zip(shipment.legs, forecasts, estimates, strict=True)),
        arrives,
        arrives_p90,
        rules.late_days(shipment.legs, forecasts) if shipment.is_open else 0,
        shipment.units,
        len(shipment.skus),
        shipment.skus[0] if shipment.skus else "",
        shipment.orders,
        shipment.inbound,
        shipment.changed_at,
        shipment.ended_on,
    )


def line_view(shipment_id: str, entry: Listed, today: date) -> ShipmentLine:
    """Return a shipment as lists show it."""
    legs, estimates = listed_rules.legs_of(entry)
    forecasts = rules.forecast(legs, estimates, today)
    arrives, arrives_p90 = rules.arrival(forecasts)
    return ShipmentLine(
        shipment_id,
        entry.name,
        entry.marketplace_id,
        entry.state,
        rules.stage_of(legs),
        rules.current_leg(legs),
        entry.origin,
        entry.destination,
        tuple(
            LegDays(leg.kind, leg.actual_start, leg.actual_end, each.start, each.end, each.late_days)
            for leg, each in zip(legs, forecasts, strict=True)
        ),
        arrives,
        arrives_p90,
        listed_rules.late_days(entry, today),
        entry.units,
        entry.skus,
        entry.first_sku,
        entry.orders,
        entry.more_orders,
        None if entry.ended_on is None else date.fromordinal(entry.ended_on),
    )


def _leg_view(leg: Leg, expected: Forecast, estimate: Estimate | None) -> LegView:
    return LegView(
        **{name: getattr(leg, name) for name in Leg.__struct_fields__},
        start=expected.start,
        end=expected.end,
        end_p90=expected.end_p90,
        basis=expected.basis,
        late_days=expected.late_days,
        estimate=estimate,
    )


KIND_WORDS: dict[LegKind, str] = {
    "production": "production", "air": "air freight", "sea": "sea freight", "road": "road freight",
    "rail": "rail freight", "customs": "customs", "prep": "prep", "check_in": "check-in at Amazon",
}  # fmt: skip


def arrival_figure(view: ShipmentView, today: date, as_of: datetime) -> Figure:
    """Return how many days it is until a shipment arrives, with how they follow from its legs."""
    left = [leg for leg in view.legs if leg.actual_end is None]
    unknown = [KIND_WORDS[leg.kind] for leg in left if leg.end is None]
    if not left:
        filled = f"arrived on {view.arrives}"
    elif view.arrives is None:
        filled = f"nothing says how long this takes: {', '.join(unknown)}"
    else:
        filled = "; ".join(f"{KIND_WORDS[leg.kind]} until {leg.end} ({leg.basis})" for leg in left)
        filled += f": {(view.arrives - today).days} days from {today}"
    notes = [
        f"{KIND_WORDS[leg.kind].capitalize()}: median of {leg.estimate.observations} legs of the same "
        f"{leg.estimate.basis}, {leg.estimate.median_days:g} days."
        for leg in left
        if leg.estimate is not None
    ]
    if view.arrives_p90 is not None and left:
        notes.append(f"In 9 of 10 cases by {view.arrives_p90}: every leg that is left takes its 90th percentile.")
    return figure(
        None if view.arrives is None else max(0, (view.arrives - today).days),
        unit="days",
        as_of=as_of,
        state="estimated" if left else "posted",
        source=SOURCE,
        method=method_card(
            "shipment.arrives_in",
            "Arrives in",
            "Each leg that is left takes its measured median, else the days planned, from when the one before it ends; "
            "what is not over ends today at the earliest",
            filled,
            inputs=[FigureInput("Legs left", len(left), "legs")],
            notes=notes,
        ),
    )


def lead_time_view(row: Measured, as_of: datetime) -> LeadTimeView:
    """Return what was measured of one group of legs."""
    words = KIND_WORDS[row.kind]
    inputs = (FigureInput("Legs measured", row.observations, "legs"),)

    def days(name: str, value: float, formula: str) -> Figure:
        return figure(
            round(value),
            unit="days",
            as_of=as_of,
            state="posted",
            source="The actual days of the legs of your shipments",
            method=method_card(
                f"lead_time.{name}", f"{words.capitalize()}: {formula.lower()}",
                f"{formula} of the days from first to last day",
                f"{value:g} days of {row.observations} legs, the newest ended on {row.newest}", inputs=inputs,
            ),
        )  # fmt: skip

    return LeadTimeView(
        row.kind, row.supplier_id, row.origin, row.destination, row.newest,
        days("median", row.median_days, "Median"), days("p90", row.p90_days, "90th percentile (nearest rank)"),
    )  # fmt: skip
