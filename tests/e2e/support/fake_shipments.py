"""Shipments as the screens know them, worked out by the product's own rules from legs in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import JSONResponse

from quayside.kernel.clock import FixedClock
from quayside.kernel.file_rows import ImportRow, ImportView
from quayside.supply_chain import claim_rules, lead_rules, listed_rules, pipeline_rules, shipment_rules
from quayside.supply_chain.claim_rules import Claim
from quayside.supply_chain.document_rules import Unacceptable
from quayside.supply_chain.file_rules import read_shipments
from quayside.supply_chain.inbound_views import InboundLine, InboundView, ShipmentInbound, missing_figure
from quayside.supply_chain.lead_rules import Observation
from quayside.supply_chain.pipeline_rules import Moving, Stages
from quayside.supply_chain.pipeline_views import PipelineLine, PipelinePage, total_figure
from quayside.supply_chain.shipment_records import Entry
from quayside.supply_chain.shipment_rules import AMAZON, Estimate, Leg, LegKind, Line, Shipment
from quayside.supply_chain.shipment_views import (
    LeadTimes,
    ShipmentCard,
    ShipmentPage,
    arrival_figure,
    lead_time_view,
    line_view,
    shipment_view,
)
from tests.e2e.support.fake_data import AMERICA, EUROPE, instant
from tests.e2e.support.fake_documents import FakeDocuments, refusal

if TYPE_CHECKING:
    from datetime import date, datetime

    from starlette.responses import Response

    from quayside.kernel.clock import Clock
    from quayside.supply_chain.shipment_views import ShipmentLine

Json = dict[str, Any]
Part = tuple[LegKind, str, str, int, int, int | None, int | None]


class FakeShipments:
    """The shipments of one deployment's worth of state."""

    def __init__(self, now: datetime) -> None:
        ningbo: list[Part] = [
            ("production", "", "Ningbo", -70, -40, -70, -38),
            ("sea", "Ningbo", "Long Beach", -38, -6, -36, None),
            ("customs", "Long Beach", "", -6, -3, None, None),
            ("check_in", "", "LGB8", -2, 5, None, None),
        ]
        self.kept: dict[str, tuple[int, Shipment, tuple[Line, ...]]] = {}
        self.documents = FakeDocuments(now)
        self._keep("autumn", now, "Autumn container", ningbo, [("LAMP-01", 1200), ("MUG-SET-4", 800)], AMERICA)
        self._keep(
            "air", now, "Rush by air", [("air", "Shenzhen", "Leipzig", 3, 7, None, None)], [("KETTLE", 90)], EUROPE
        )
        self._keep(
            "winter", now, "Winter lamps", [("production", "", "Yiwu", -10, 20, -9, None)], [("LAMP-02", 640)], EUROPE
        )
        prep: list[Part] = [
            ("road", "Hamburg", "Leipzig", -8, -6, -8, -6),
            ("prep", "Leipzig", "", -5, -2, -5, None),
        ]
        self._keep("prep", now, "Mugs, relabelled", prep, [("MUG-SET-4", 300)], EUROPE)
        self._keep("here", now, "Summer rest", [("road", "Hamburg", "Leipzig", -9, -5, -9, -5)], [("FAN", 40)], EUROPE)

    def _keep(  # noqa: PLR0917 - the parts of a shipment
        self, name: str, now: datetime, title: str, parts: list[Part], lines: list[tuple[str, int]], of: str
    ) -> None:
        today = now.date()

        def day(number: int | None) -> date | None:
            return None if number is None else today + timedelta(days=number)

        legs = tuple(
            Leg(
                kind,
                origin,
                to,
                "Blue Line" if kind == "sea" else "",
                "MSKU 482913-7" if kind == "sea" else "",
                *map(day, days),
            )
            for kind, origin, to, *days in parts
        )
        carried = tuple(Line(seller_sku=sku, units=units, title="", order_number="PO-000012") for sku, units in lines)
        shipment = Shipment(
            name=title,
            connection_id=of,
            marketplace_id="ATVPDKIKX0DER" if of == AMERICA else "A1PA6795UKMFR9",
            destination=AMAZON,
            state=shipment_rules.state_of(legs, "planned"),
            legs=legs,
            estimates=tuple(Estimate(34, 41, 6, "lane") if leg.kind == "sea" else None for leg in legs),
            units=sum(line.units for line in carried),
            skus=tuple(line.seller_sku for line in carried),
            orders=("PO-000012",),
            changed_at=instant(now),
        )
        self.kept[name] = (1, shipment, carried)

    def line(self, name: str, now: datetime) -> ShipmentLine:
        """Return a shipment as the list shows it."""
        return line_view(name, listed_rules.listed(self.kept[name][1], 0), now.date())

    def answer(  # noqa: PLR0911, PLR0917 - a line a route
        self, method: str, area: str, path: list[str], query: Any, body: Json, now: datetime
    ) -> Response:
        """Answer one call below ``/shipments`` or ``/lead-times``."""
        if area == "lead-times":
            return _json(_lead_times(now))
        if area == "pipeline":
            return _json(_pipeline(FixedClock(now)))
        match [method, *path]:
            case ["GET"]:
                found = tuple(self.line(name, now) for name in self.kept)
                late = tuple(each for each in found if each.late_days or not query.get("late"))
                return _json(ShipmentPage(late if not query.get("ended") else (), len(found), None))
            case ["GET", name, "inbound"] if name in self.kept:
                return _json(_inbound(self.kept[name][0], now, named=name == "autumn"))
            case [_, name, "documents", *below] if name in self.kept:
                try:
                    return _json(self.documents.answer(method, below, body, now))
                except Unacceptable as refused:
                    return JSONResponse(refusal(refused), 400, media_type="application/problem+json")
            case ["GET", name] if name in self.kept:
                return _json(self._card(name, now))
            case ["POST", "file", *_]:
                return _json(_file(body["csv"]))
            case ["PUT", name]:
                version, shipment, lines = self.kept[name]
                wanted = [
                    msgspec.convert([leg[field] for field in Leg.__struct_fields__], Leg)
                    for leg in body["shipment"]["legs"]
                ]
                legs = shipment_rules.checked_legs(wanted, now.date())
                state = shipment_rules.state_of(legs, shipment.state)
                self.kept[name] = (version + 1, msgspec.structs.replace(shipment, legs=legs, state=state), lines)
                return _json(self._card(name, now))
            case _:
                body = {"type": "urn:quayside:problem:shipment_not_found", "title": "Not Found", "status": 404}
                body |= {"code": "shipment_not_found", "detail": "There is no such shipment.", "action": "Go back."}
                return JSONResponse({**body, "request_id": "3f1c-test"}, 404, media_type="application/problem+json")

    def _card(self, name: str, now: datetime) -> ShipmentCard:
        version, shipment, lines = self.kept[name]
        view = shipment_view(name, version, shipment, now.date())
        history = (Entry(instant(now), "mara", "changed", "legs"), Entry(instant(now), "mara", "entered"))
        events = shipment_rules.events_of(shipment.state)
        return ShipmentCard(view, lines, arrival_figure(view, now.date(), now), events, None, history)


def _file(text: str) -> ImportView:
    rows = tuple(
        ImportRow(each.lines, each.name, "refused", each.problem)
        if each.draft is None
        else ImportRow(each.lines, each.name, "new", f"{each.draft.lines[0].units:,} of {len(each.draft.lines)}")
        for each in read_shipments(text)
    )
    new = sum(row.state == "new" for row in rows)
    return ImportView(new, 0, len(rows) - new, rows)


def _inbound(version: int, now: datetime, *, named: bool) -> ShipmentInbound:
    """One shipment is matched with one of Amazon's, of which units are missing and claimed."""
    evidence = claim_rules.evidence((), has_tracking=True)
    if not named:
        return ShipmentInbound(version, (), {}, {}, 0, (), evidence)
    lines = tuple(
        InboundLine(sku, sent, sent, taken, missing_figure(sent, taken, now, final=False))
        for sku, sent, taken in (("LAMP-01", 1200, 1170), ("MUG-SET-4", 800, 800))
    )
    by = claim_rules.claim_deadline(now.date())
    found = InboundView("FBA18CQN4M2T", True, "Autumn", "RECEIVING", "LGB8", (), False, by, lines)  # noqa: FBT003 - a view's parts
    claim = Claim("FBA18CQN4M2T", "LAMP-01", 30, "filed", "1284", "", instant(now))
    return ShipmentInbound(version, (found,), {}, {"LAMP-01": 40}, 30, (claim,), evidence)


def _pipeline(clock: Clock) -> PipelinePage:
    today = clock.now().date()
    lamps = Moving("autumn", "Autumn container", 1200, "in_transit", today + timedelta(days=10), 6, at_amazon=False)
    mugs = Moving("prep", "Mugs, relabelled", 300, "at_prep", today, 2, at_amazon=False)
    rows = (
        (
            "LAMP-01",
            "Harbour lamp, brass",
            pipeline_rules.stages(Stages(available=214, reserved=9), 800, [lamps]),
            (lamps,),
        ),
        ("MUG-SET-4", "Stoneware mugs, set of 4", pipeline_rules.stages(Stages(inbound=60), 0, [mugs]), (mugs,)),
        ("KETTLE", "Kettle", Stages(own_stock=12, available=31, unfulfillable=2), ()),
    )
    lines = tuple(
        PipelineLine(
            sku, title, "B0C1", found, total_figure(found, clock), moving,
            moving[0].arrives if moving else None, moving[0].late_days if moving else 0,
        )
        for sku, title, found, moving in rows
    )  # fmt: skip
    return PipelinePage(lines, None, whole_orders=True)


def _lead_times(now: datetime) -> LeadTimes:
    today = now.date()
    sea = [
        Observation(f"s{days}", 1, today - timedelta(days=days), days, "Ningbo", "Long Beach", ("anker",), ("LAMP-01",))
        for days in (31, 33, 34, 41)
    ]
    customs = [msgspec.structs.replace(sea[0], origin="Long Beach", destination="", days=4)]
    rows = lead_rules.measured({"sea": sea, "customs": customs})
    return LeadTimes(tuple(lead_time_view(row, now) for row in rows), lead_rules.MEASURED_FROM)


def _json(answer: object, status: int = 200) -> Response:
    return JSONResponse(msgspec.to_builtins(answer), status)
