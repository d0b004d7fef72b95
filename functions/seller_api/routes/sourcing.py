"""Sourcing: the board, leads, suppliers' quotes, the calculator's scenarios."""

import secrets
from typing import Annotated, Any

import msgspec

from quayside.analytics import products_service
from quayside.kernel.errors import NotFound
from quayside.kernel.file_rows import ImportView
from quayside.sourcing import (
    approval_service,
    file_service,
    lead_service,
    quote_service,
    realised_service,
    research_service,
    scenario_service,
    service,
)
from quayside.sourcing.realised_service import FindSold, Sold
from quayside.sourcing.rules import Event, Promised, Stage
from quayside.sourcing.views import (
    ApprovalDraft,
    Board,
    Comparison,
    LeadDraft,
    LeadView,
    QuoteDraft,
    RealisedView,
    Removed,
    ScenarioDraft,
    StageView,
)
from seller_api.routing import Call, Routes

routes = Routes("sourcing")

Version = Annotated[int, msgspec.Meta(ge=1, description="The version that was changed.")]


class StageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which column of the board to show."""

    stage: Stage
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = service.CARDS_AT_ONCE


class LeadChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lead as it is to be, and the version that it was changed from."""

    version: Version
    lead: LeadDraft


class LeadMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a lead moves over the board; ``reason`` is needed when it is rejected."""

    version: Version
    event: Event
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class QuoteChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A quote as it is to be, and the version that it was changed from."""

    version: Version
    quote: QuoteDraft


class ScenarioChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario as it is to be, and the version that it was changed from."""

    version: Version
    scenario: ScenarioDraft


class ComparisonQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how many units, and in which currency, quotes are compared."""

    units: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)]


class SourcingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV file with a header."""

    csv: Annotated[str, msgspec.Meta(max_length=100_000)]


@routes.get("/sourcing", permission="sourcing.read")
def show_lead_board(call: Call[None, None]) -> Board:
    """Show the board: of each stage the newest leads."""
    return service.board(call.container.clock)


@routes.get("/sourcing/stage", permission="sourcing.read", query=StageQuery)
def show_lead_stage(call: Call[None, StageQuery]) -> StageView:
    """Show a column of the board, page by page."""
    return service.stage(call.query.stage, call.query.cursor, call.query.limit)


@routes.post("/sourcing/file/preview", permission="sourcing.manage", body=SourcingFile)
def preview_leads(call: Call[SourcingFile, None]) -> ImportView:
    """Say which leads a file would enter, row by row; nothing is stored."""
    return file_service.preview_leads(call.body.csv, clock=call.container.clock)


@routes.post("/sourcing/file", permission="sourcing.manage", body=SourcingFile)
def import_leads(call: Call[SourcingFile, None]) -> ImportView:
    """Enter the new leads of a file as ideas; refused rows are left out and said."""
    return file_service.import_leads(call.body.csv, clock=call.container.clock)


@routes.post("/sourcing/leads", permission="sourcing.manage", body=LeadDraft, status=201)
def create_lead(call: Call[LeadDraft, None]) -> LeadView:
    """Keep a new lead; it begins as an idea."""
    lead_id = service.create(call.body, clock=call.container.clock, entropy=secrets.token_bytes)
    return lead_service.show(lead_id, call.container.clock)


@routes.get("/sourcing/leads/{lead_id}", permission="sourcing.read")
def show_lead(call: Call[None, None]) -> LeadView:
    """Show a lead with its quotes, its scenarios and what they promise."""
    return _lead(call)


@routes.put("/sourcing/leads/{lead_id}", permission="sourcing.manage", body=LeadChange)
def change_lead(call: Call[LeadChange, None]) -> LeadView:
    """Change a lead."""
    service.change(_lead_id(call), call.body.version, call.body.lead, clock=call.container.clock)
    return _lead(call)


@routes.post("/sourcing/leads/{lead_id}/move", permission="sourcing.manage", body=LeadMove)
def move_lead(call: Call[LeadMove, None]) -> LeadView:
    """Move a lead over the board; only legal moves are made, and each is written down."""
    body = call.body
    service.move(
        _lead_id(call),
        body.version,
        body.event,
        body.reason,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )
    return _lead(call)


@routes.post("/sourcing/leads/{lead_id}/approve", permission="sourcing.manage", body=ApprovalDraft)
def approve_lead(call: Call[ApprovalDraft, None]) -> LeadView:
    """Approve a lead: it becomes a product with a SKU and a drafted first purchase order."""
    approval_service.approve(
        _lead_id(call),
        call.body,
        member_id=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )
    return _lead(call)


@routes.post("/sourcing/leads/{lead_id}/research", permission="sourcing.manage", status=202)
def research_lead(call: Call[None, None]) -> LeadView:
    """Have Amazon asked for a lead: facts of the products it is compared with, and fees at the prices that count."""
    research_service.ask(_lead_id(call), desk=call.container.desk, clock=call.container.clock)
    return _lead(call)


@routes.post("/sourcing/leads/{lead_id}/remove", permission="sourcing.manage")
def remove_lead(call: Call[None, None]) -> Removed:
    """Remove a lead with its quotes and scenarios."""
    service.remove(_lead_id(call))
    return Removed()


@routes.post("/sourcing/leads/{lead_id}/quotes", permission="sourcing.manage", body=QuoteDraft, status=201)
def add_quote(call: Call[QuoteDraft, None]) -> LeadView:
    """Enter a supplier's quote for a lead."""
    quote_service.add(_lead_id(call), call.body, clock=call.container.clock, entropy=secrets.token_bytes)
    return _refreshed(call)


@routes.post("/sourcing/leads/{lead_id}/quotes/file/preview", permission="sourcing.manage", body=SourcingFile)
def preview_quotes(call: Call[SourcingFile, None]) -> ImportView:
    """Say which quotes a file would enter for a lead, row by row; nothing is stored."""
    return file_service.preview_quotes(_lead_id(call), call.body.csv)


@routes.post("/sourcing/leads/{lead_id}/quotes/file", permission="sourcing.manage", body=SourcingFile)
def import_quotes(call: Call[SourcingFile, None]) -> LeadView:
    """Enter the new quotes of a file for a lead; refused rows are left out."""
    file_service.import_quotes(_lead_id(call), call.body.csv, clock=call.container.clock)
    return _refreshed(call)


@routes.put("/sourcing/leads/{lead_id}/quotes/{quote_id}", permission="sourcing.manage", body=QuoteChange)
def change_quote(call: Call[QuoteChange, None]) -> LeadView:
    """Change a quote; the scenarios that count with it follow."""
    body = call.body
    quote_service.change(_lead_id(call), call.path("quote_id"), body.version, body.quote, clock=call.container.clock)
    return _refreshed(call)


@routes.post("/sourcing/leads/{lead_id}/quotes/{quote_id}/remove", permission="sourcing.manage")
def remove_quote(call: Call[None, None]) -> LeadView:
    """Remove a quote that no scenario counts with."""
    quote_service.remove(_lead_id(call), call.path("quote_id"))
    return _lead(call)


@routes.get("/sourcing/leads/{lead_id}/comparison", permission="sourcing.read", query=ComparisonQuery)
def compare_quotes(call: Call[None, ComparisonQuery]) -> Comparison:
    """Compare all quotes for a lead on the landed cost of a unit."""
    return quote_service.compare(_lead_id(call), call.query.units, call.query.currency, call.container.clock)


@routes.get("/sourcing/leads/{lead_id}/realised", permission="sourcing.read")
def show_realised(call: Call[None, None]) -> RealisedView:
    """Show what an approved lead promised beside what its product earned in the last 90 days."""
    return realised_service.compare(_lead_id(call), _sold(call))


@routes.post("/sourcing/leads/{lead_id}/scenarios", permission="sourcing.manage", body=ScenarioDraft, status=201)
def add_scenario(call: Call[ScenarioDraft, None]) -> LeadView:
    """Add a scenario to a lead's calculator."""
    scenario_service.add(_lead_id(call), call.body, clock=call.container.clock, entropy=secrets.token_bytes)
    return _lead(call)


@routes.put("/sourcing/leads/{lead_id}/scenarios/{scenario_id}", permission="sourcing.manage", body=ScenarioChange)
def change_scenario(call: Call[ScenarioChange, None]) -> LeadView:
    """Change a scenario."""
    body, clock = call.body, call.container.clock
    scenario_service.change(_lead_id(call), call.path("scenario_id"), body.version, body.scenario, clock=clock)
    return _lead(call)


@routes.post("/sourcing/leads/{lead_id}/scenarios/{scenario_id}/remove", permission="sourcing.manage")
def remove_scenario(call: Call[None, None]) -> LeadView:
    """Remove a scenario."""
    scenario_service.remove(_lead_id(call), call.path("scenario_id"), call.container.clock)
    return _lead(call)


def _sold(call: Call[Any, Any]) -> FindSold:
    def find(seller_sku: str, promised: Promised) -> Sold | None:
        try:
            found = products_service.product(
                call.container.clock,
                seller_sku,
                "90d",
                marketplace_id=promised.marketplace_id,
                connection_id=promised.connection_id,
            )
        except NotFound:
            return None
        result = found.result
        return None if result is None else Sold(found.units_shipped, result.profit, result.margin)

    return find


def _lead_id(call: Call[Any, Any]) -> str:
    return call.path("lead_id")


def _lead(call: Call[Any, Any]) -> LeadView:
    return lead_service.show(_lead_id(call), call.container.clock)


def _refreshed(call: Call[Any, Any]) -> LeadView:
    scenario_service.refresh(_lead_id(call), call.container.clock)
    return _lead(call)
