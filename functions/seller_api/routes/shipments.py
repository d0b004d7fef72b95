"""The seller's own shipments: from the factory to Amazon, leg by leg, and how long legs take."""

import secrets
from typing import Annotated

import msgspec

from quayside.kernel.file_rows import FilePage, ImportView
from quayside.kernel.ids import check_connection_id
from quayside.supply_chain import arrival_service, file_service, inbound_service, pipeline_service
from quayside.supply_chain import shipment_service as service
from quayside.supply_chain.arrival_service import Arrival
from quayside.supply_chain.inbound_service import ClaimDraft
from quayside.supply_chain.inbound_views import Candidates, ShipmentInbound
from quayside.supply_chain.pipeline_views import PipelinePage
from quayside.supply_chain.shipment_rules import Event, State
from quayside.supply_chain.shipment_service import Filters, ShipmentDraft
from quayside.supply_chain.shipment_views import (
    LeadTimes,
    OrderLines,
    ShipmentCard,
    ShipmentPage,
)
from seller_api.routing import Call, Routes

routes = Routes("shipments")

_Version = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000, description="The one that was seen.")]


class _Filtered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ended: Annotated[bool, msgspec.Meta(description="Those that are over, instead of those that are not.")] = False
    late: Annotated[bool, msgspec.Meta(description="Only those that are later than planned.")] = False
    state: State | None = None
    search: Annotated[
        str, msgspec.Meta(max_length=100, description="Part of a name, SKU, order, tracking number or Amazon's id.")
    ] = ""
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )

    @property
    def filters(self) -> Filters:
        """Which shipments are asked for."""
        return Filters(self.ended, self.late, self.state, self.search)


class ShipmentQuery(_Filtered, frozen=True, forbid_unknown_fields=True):
    """Which shipments to list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class ShipmentFileQuery(_Filtered, frozen=True, forbid_unknown_fields=True):
    """Which shipments to list with everything about their legs."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=10)] = 10


class ShipmentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of shipments: CSV with a header."""

    csv: Annotated[str, msgspec.Meta(max_length=60_000)]


class ShipmentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shipment as it is to be, and the version that was seen."""

    shipment: ShipmentDraft
    version: _Version


class ShipmentMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with a shipment: close, cancel or reopen it; the other events follow from its legs."""

    event: Event
    version: _Version


@routes.get("/shipments", permission="supply_chain.read", query=ShipmentQuery)
def list_shipments(call: Call[None, ShipmentQuery]) -> ShipmentPage:
    """List shipments, the newest first, each with the days of its legs and when it arrives."""
    query = call.query
    return service.list_shipments(query.filters, query.cursor, query.limit, clock=call.container.clock)


@routes.get("/shipment-details", permission="supply_chain.read", query=ShipmentFileQuery)
def list_whole_shipments(call: Call[None, ShipmentFileQuery]) -> FilePage:
    """List shipments as rows of a file: their lines and legs, in the columns that a file of them is read by."""
    query = call.query
    return service.list_whole(query.filters, query.cursor, query.limit, clock=call.container.clock)


@routes.post("/shipments", permission="supply_chain.manage", body=ShipmentDraft, status=201)
def enter_shipment(call: Call[ShipmentDraft, None]) -> ShipmentCard:
    """Enter a shipment with its legs and what it carries."""
    return service.enter(
        call.body, member_id=call.principal.member_id, clock=call.container.clock, entropy=secrets.token_bytes
    )


@routes.post("/shipments/file/preview", permission="supply_chain.manage", body=ShipmentFile)
def preview_shipments(call: Call[ShipmentFile, None]) -> ImportView:
    """Say which shipments a file would enter, one by one; nothing is stored."""
    return file_service.preview(call.body.csv, clock=call.container.clock)


@routes.post("/shipments/file", permission="supply_chain.manage", body=ShipmentFile)
def import_shipments(call: Call[ShipmentFile, None]) -> ImportView:
    """Enter the new shipments of a file; refused ones are left out and said."""
    return file_service.import_file(call.body.csv, member_id=call.principal.member_id, clock=call.container.clock)


@routes.get("/shipments/{shipment_id}", permission="supply_chain.read")
def get_shipment(call: Call[None, None]) -> ShipmentCard:
    """Show a shipment with everything about it."""
    return service.show(call.path("shipment_id"), clock=call.container.clock)


@routes.put("/shipments/{shipment_id}", permission="supply_chain.manage", body=ShipmentChange)
def change_shipment(call: Call[ShipmentChange, None]) -> ShipmentCard:
    """Change a shipment: its legs and their days, what it carries, where it goes."""
    return service.change(
        call.path("shipment_id"),
        call.body.shipment,
        call.body.version,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.post("/shipments/{shipment_id}/moves", permission="supply_chain.manage", body=ShipmentMove)
def move_shipment(call: Call[ShipmentMove, None]) -> ShipmentCard:
    """Close, cancel or reopen a shipment."""
    return service.move(
        call.path("shipment_id"),
        call.body.event,
        call.body.version,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.post("/shipments/{shipment_id}/arrivals", permission="supply_chain.manage", body=Arrival)
def receive_shipment(call: Call[Arrival, None]) -> ShipmentCard:
    """Receive units of a shipment: into its purchase orders, and into own stock unless it goes straight to Amazon."""
    return arrival_service.receive(
        call.path("shipment_id"), call.body, member_id=call.principal.member_id, clock=call.container.clock
    )


@routes.post("/shipments/{shipment_id}/arrivals/finish", permission="supply_chain.manage")
def finish_arrival(call: Call[None, None]) -> ShipmentCard:
    """Finish a receipt that was begun and interrupted; without one nothing happens."""
    return arrival_service.finish(
        call.path("shipment_id"), member_id=call.principal.member_id, clock=call.container.clock
    )


class OrderLineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lines of purchase orders to list."""

    search: Annotated[str, msgspec.Meta(max_length=80, description="Part of an order's number or a SKU.")] = ""


@routes.get("/order-lines", permission="supply_chain.read", query=OrderLineQuery)
def list_order_lines(call: Call[None, OrderLineQuery]) -> OrderLines:
    """List lines of purchase orders that can go into a shipment, with the units that are in none yet."""
    return service.order_lines(call.query.search)


class Matches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of Amazon's inbound shipments belong to a shipment: all of them."""

    inbound_ids: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=60)], ...], msgspec.Meta(max_length=50)
    ]
    version: _Version


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that was seen."""

    version: _Version


@routes.get("/shipments/{shipment_id}/inbound", permission="supply_chain.read")
def get_shipment_inbound(call: Call[None, None]) -> ShipmentInbound:
    """Show how a shipment stands with Amazon: what it took in, what is missing, until when it can be claimed."""
    return inbound_service.show(call.path("shipment_id"), clock=call.container.clock)


@routes.get("/shipments/{shipment_id}/inbound/candidates", permission="supply_chain.read")
def list_inbound_candidates(call: Call[None, None]) -> Candidates:
    """List inbound shipments of Amazon's that may belong to a shipment, the most alike first."""
    return inbound_service.candidates(call.path("shipment_id"))


@routes.put("/shipments/{shipment_id}/inbound", permission="supply_chain.manage", body=Matches)
def match_inbound(call: Call[Matches, None]) -> ShipmentInbound:
    """Say which of Amazon's inbound shipments belong to a shipment."""
    return inbound_service.match(
        call.path("shipment_id"),
        call.body.inbound_ids,
        call.body.version,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.post("/shipments/{shipment_id}/inbound/arrivals", permission="supply_chain.manage", body=Seen)
def take_in_shipment(call: Call[Seen, None]) -> ShipmentCard:
    """Enter as arrived what Amazon took in since it was entered last."""
    return inbound_service.take_in(
        call.path("shipment_id"), call.body.version, member_id=call.principal.member_id, clock=call.container.clock
    )


@routes.put("/shipments/{shipment_id}/claims", permission="supply_chain.manage", body=ClaimDraft)
def set_claim(call: Call[ClaimDraft, None]) -> ShipmentInbound:
    """Keep what is claimed from Amazon for missing units, and how the claim stands; nothing is filed from here."""
    return inbound_service.claim(
        call.path("shipment_id"), call.body, member_id=call.principal.member_id, clock=call.container.clock
    )


class PipelineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which marketplace of which account."""

    connection_id: Annotated[str, msgspec.Meta(max_length=16)]
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)]
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 25


@routes.get("/pipeline", permission="supply_chain.read", query=PipelineQuery)
def list_pipeline(call: Call[None, PipelineQuery]) -> PipelinePage:
    """List SKUs of one marketplace from the order to the shelf: each unit once, late ones marked."""
    query = call.query
    return pipeline_service.list_pipeline(
        check_connection_id(query.connection_id),
        query.marketplace_id,
        query.cursor,
        query.limit,
        clock=call.container.clock,
    )


@routes.get("/lead-times", permission="supply_chain.read")
def list_lead_times(call: Call[None, None]) -> LeadTimes:
    """List how long legs took, by kind, supplier and lane."""
    return service.list_lead_times(clock=call.container.clock)
