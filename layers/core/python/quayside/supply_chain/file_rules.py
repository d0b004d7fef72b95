"""Shipments as files: rows of one name are one shipment; a row has a line of it, a leg of it, or both. Pure.

What belongs to the whole shipment is read from its first row. Legs that say the same in several rows are one, unless
they are numbered; so who ships by one carrier writes it into every row, and who has many legs numbers them.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import zip_longest
from typing import NamedTuple, get_args

from quayside.kernel.file_rows import Asked, Cells, asked_of, day, entered_as, rows_of, whole, wrong
from quayside.supply_chain.shipment_rules import AMAZON, Forecast, Leg, LegKind, Line, Shipment

REQUIRED = ("name", "sku", "units")
_LINE = ("order", "line", "sku", "title", "units")
_DAYS = {
    "planned_departure": "planned_start",
    "planned_arrival": "planned_end",
    "departed": "actual_start",
    "arrived": "actual_end",
}
_LEG = ("leg", "by", "from", "to", "carrier", "tracking", *_DAYS)
COLUMNS = ("name", "marketplace", "account", "destination", *_LINE, *_LEG, "shipment_id")
"""What is read of a file."""
_TOLD = ("state", "line_received", "line_damaged", "leg_expected_end", "leg_late_days", "inbound")
WRITTEN = (*COLUMNS, *_TOLD)
"""What is written into one: all that is read, and what else there is to tell."""
MOST_ROWS = 400
MOST_SHIPMENTS = 40
"""So many shipments are entered at once, as far as a call has time for."""
KINDS: tuple[LegKind, ...] = get_args(LegKind)
COLUMN_OF = {
    **{of: name for name, of in _DAYS.items()},
    "kind": "by", "origin": "from", "destination": "to", "seller_sku": "sku", "line_id": "line",
}  # fmt: skip
"""The columns of the parts of a shipment that are called otherwise."""


class FileLine(NamedTuple):
    """Units of one SKU as a file says it: of which order (its number), and which of its lines where that is needed."""

    order: str
    line_id: str
    seller_sku: str
    title: str
    units: int


class FileShipment(NamedTuple):
    """A shipment as a file says it; places are names or ids, and ``shipment_id`` is the one it was exported with."""

    name: str
    marketplace: str
    account: str
    destination: str
    legs: tuple[Leg, ...]
    lines: tuple[FileLine, ...]
    shipment_id: str


def read_shipments(text: str) -> tuple[Asked[FileShipment], ...]:
    """Read a file of shipments.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows or shipments.
    """
    rows = rows_of(text, required=REQUIRED, most=MOST_ROWS)
    found = tuple(asked_of(rows, COLUMNS, _shipment, ("shipment_id",)))
    if len(found) > MOST_SHIPMENTS:
        raise wrong("name", f"names {len(found)} shipments; a file has {MOST_SHIPMENTS} at most, so send it in parts")
    return found


def _shipment(group: Sequence[Cells]) -> FileShipment:
    first = group[0]
    lines = tuple(_line(cells) for cells in group if any(cells[name] for name in _LINE))
    if not lines:
        raise wrong("sku", "is needed in one row of a shipment at least")
    names = ("name", "marketplace", "account", "destination")
    name, marketplace, account, destination = (first[each] for each in names)
    return FileShipment(
        name, marketplace, account, destination or AMAZON, _legs(group), lines, entered_as(first, "shipment_id")
    )


def _line(cells: Cells) -> FileLine:
    if not cells["sku"]:
        raise wrong("sku", "is needed beside units or an order")
    return FileLine(cells["order"], cells["line"], cells["sku"], cells["title"], whole(cells, "units"))


def _legs(group: Sequence[Cells]) -> tuple[Leg, ...]:
    numbered: dict[int, Leg] = {}
    others: list[Leg] = []
    for cells in group:
        if not any(cells[name] for name in _LEG):
            continue
        leg = _leg(cells)
        if not cells["leg"]:
            others += [] if leg in others else [leg]
            continue
        number = whole(cells, "leg")
        if numbered.setdefault(number, leg) != leg:
            raise wrong("leg", f"{number} says two things; each number is one leg")
    if numbered and others:
        raise wrong("leg", "is given for all legs of a shipment or for none")
    return tuple(numbered[number] for number in sorted(numbered)) or tuple(others)


def _leg(cells: Cells) -> Leg:
    days: dict[str, date | None] = {of: day(cells, name) if cells[name] else None for name, of in _DAYS.items()}
    return Leg(_kind(cells["by"]), cells["from"], cells["to"], cells["carrier"], cells["tracking"], **days)


def _kind(text: str) -> LegKind:
    plain = text.casefold().replace("-", "_").replace(" ", "_").removesuffix("_freight")
    found = next((kind for kind in KINDS if kind == plain), None)
    if found is None:
        raise wrong("by", f"has to be one of {', '.join(KINDS)}")
    return found


def written(
    shipment_id: str, shipment: Shipment, lines: Sequence[Line], forecasts: Sequence[Forecast]
) -> Iterable[tuple[str, ...]]:
    """Yield the rows of a shipment in the columns of ``WRITTEN``: as many as it has lines or legs."""
    legs = list(zip(shipment.legs, forecasts, strict=True))
    for number, (line, leg) in enumerate(zip_longest(lines, legs), 1):
        about = dict.fromkeys(WRITTEN, "")
        about |= {
            "shipment_id": shipment_id, "name": shipment.name, "marketplace": shipment.marketplace_id,
            "account": shipment.connection_id, "destination": shipment.destination, "state": shipment.state,
            "inbound": " ".join(shipment.inbound),
        }  # fmt: skip
        if line is not None:
            about |= {
                "order": line.order_number, "line": line.line_id, "sku": line.seller_sku, "title": line.title,
                "units": str(line.units), "line_received": str(line.received), "line_damaged": str(line.damaged),
            }  # fmt: skip
        if leg is not None:
            it, expected = leg
            about |= {
                "leg": str(number), "by": it.kind, "from": it.origin, "to": it.destination, "carrier": it.carrier,
                "tracking": it.tracking, "leg_expected_end": _text(expected.end),
                "leg_late_days": str(expected.late_days),
                **{name: _text(getattr(it, of)) for name, of in _DAYS.items()},
            }  # fmt: skip
        yield tuple(about[name] for name in WRITTEN)


def _text(each: date | None) -> str:
    return "" if each is None else each.isoformat()
