"""What the Fulfillment Inbound APIs answer: plans and shipments of 2024-03-20, received quantities of v0.

The newer API knows plans, windows and tracking, but not what Amazon received; only v0 tells that. Both name a shipment
by its confirmation id (``FBA…``), so that is what joins them. Addresses and contacts have no place here: they are
dropped on decoding. Sources: Amazon's models fulfillmentInbound_2024-03-20.json and fulfillmentInboundV0.json.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from quayside.amazon.decoding import Reader, in_utc, raw_entries
from quayside.amazon.errors import UnexpectedAnswer


class PlanShipment(msgspec.Struct, frozen=True, rename="camel"):
    """A shipment of a plan, by the id of 2024-03-20."""

    shipment_id: str
    status: str | None = None


class InboundPlan(msgspec.Struct, frozen=True, rename="camel"):
    """An inbound plan. ``shipments`` is only filled by getInboundPlan. Instants are in UTC.

    Attributes:
        inbound_plan_id: Amazon's id.
        status: ACTIVE, VOIDED, SHIPPED, ERRORED, … .
        created_at: when it was made.
        last_updated_at: when it last changed.
        name: the seller's name for it.
        marketplace_ids: what it is for.
        shipments: its shipments.
    """

    inbound_plan_id: str
    status: str
    created_at: datetime
    last_updated_at: datetime
    name: str | None = None
    marketplace_ids: tuple[str, ...] = ()
    shipments: tuple[PlanShipment, ...] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "created_at", in_utc(self.created_at))
        msgspec.structs.force_setattr(self, "last_updated_at", in_utc(self.last_updated_at))


class InboundShipment(msgspec.Struct, frozen=True):
    """A shipment to Amazon, from either API. Instants are in UTC.

    Attributes:
        shipment_id: the id in the API it came from.
        confirmation_id: the id both APIs know (``FBA…``); None before the shipment is confirmed.
        plan_id: its plan; None in v0.
        name: the seller's name for it.
        status: WORKING, SHIPPED, RECEIVING, CLOSED, CANCELLED, … ; v0 and 2024-03-20 have their own words.
        destination: the fulfilment centre.
        ready_from: the beginning of the ready-to-ship window.
        ready_until: its end.
        delivery_from: the beginning of the delivery window.
        delivery_until: its end.
        tracking_ids: parcels or freight bills.
    """

    shipment_id: str
    confirmation_id: str | None
    plan_id: str | None = None
    name: str | None = None
    status: str | None = None
    destination: str | None = None
    ready_from: datetime | None = None
    ready_until: datetime | None = None
    delivery_from: datetime | None = None
    delivery_until: datetime | None = None
    tracking_ids: tuple[str, ...] = ()


class InboundItem(msgspec.Struct, frozen=True):
    """One SKU of a shipment.

    Attributes:
        shipment_id: the shipment in the API it came from.
        seller_sku: the seller's SKU.
        quantity_shipped: units sent.
        quantity_received: units Amazon has taken in; None when the API does not tell (2024-03-20).
        asin: None in v0.
        fnsku: Amazon's own SKU.
    """

    shipment_id: str
    seller_sku: str
    quantity_shipped: int
    quantity_received: int | None = None
    asin: str | None = None
    fnsku: str | None = None


class UnreadableInbound(msgspec.Struct, frozen=True):
    """A plan, shipment or item that lacks what it must have."""

    identifier: str
    problem: str


class InboundPlansPage(msgspec.Struct, frozen=True):
    """One page of listInboundPlans. ``next_token`` is None after the last page."""

    plans: tuple[InboundPlan, ...]
    unreadable: tuple[UnreadableInbound, ...]
    next_token: str | None


class InboundShipmentsPage(msgspec.Struct, frozen=True):
    """One page of getShipments (v0). ``next_token`` is None after the last page."""

    shipments: tuple[InboundShipment, ...]
    unreadable: tuple[UnreadableInbound, ...]
    next_token: str | None


class InboundItemsPage(msgspec.Struct, frozen=True):
    """One page of items of either API. ``next_token`` is None after the last page."""

    items: tuple[InboundItem, ...]
    unreadable: tuple[UnreadableInbound, ...]
    next_token: str | None


class _Pagination(msgspec.Struct, frozen=True, rename="camel"):
    next_token: str | None = None


class _Plans(msgspec.Struct, frozen=True, rename="camel"):
    inbound_plans: msgspec.Raw = msgspec.Raw()
    pagination: _Pagination | None = None


class _Items(msgspec.Struct, frozen=True, rename="camel"):
    items: msgspec.Raw
    pagination: _Pagination | None = None


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    msku: str
    quantity: int
    asin: str | None = None
    fnsku: str | None = None


class _Destination(msgspec.Struct, frozen=True, rename="camel"):
    warehouse_id: str | None = None


class _Window(msgspec.Struct, frozen=True, rename="camel"):
    start: datetime | None = None
    end: datetime | None = None


class _Dates(msgspec.Struct, frozen=True, rename="camel"):
    ready_to_ship_window: _Window | None = None


class _DeliveryWindow(msgspec.Struct, frozen=True, rename="camel"):
    start_date: datetime | None = None
    end_date: datetime | None = None


class _Freight(msgspec.Struct, frozen=True, rename="camel"):
    freight_bill_number: tuple[str, ...] = ()


class _Parcel(msgspec.Struct, frozen=True, rename="camel"):
    tracking_id: str | None = None


class _Parcels(msgspec.Struct, frozen=True, rename="camel"):
    spd_tracking_items: tuple[_Parcel, ...] = ()


class _Tracking(msgspec.Struct, frozen=True, rename="camel"):
    ltl_tracking_detail: _Freight | None = None
    spd_tracking_detail: _Parcels | None = None


class _Shipment(msgspec.Struct, frozen=True, rename="camel"):
    shipment_id: str
    shipment_confirmation_id: str | None = None
    name: str | None = None
    status: str | None = None
    destination: _Destination | None = None
    dates: _Dates | None = None
    selected_delivery_window: _DeliveryWindow | None = None
    tracking_details: _Tracking | None = None


class _ShipmentV0(msgspec.Struct, frozen=True, rename="pascal"):
    shipment_id: str
    shipment_name: str | None = None
    shipment_status: str | None = None
    destination_fulfillment_center_id: str | None = None


class _ItemV0(msgspec.Struct, frozen=True, rename="pascal"):
    shipment_id: str
    quantity_shipped: int
    seller_sku: str = msgspec.field(name="SellerSKU")
    fnsku: str | None = msgspec.field(name="FulfillmentNetworkSKU", default=None)
    quantity_received: int | None = None


class _ShipmentsV0(msgspec.Struct, frozen=True, rename="pascal"):
    shipment_data: msgspec.Raw = msgspec.Raw()
    next_token: str | None = None


class _ItemsV0(msgspec.Struct, frozen=True, rename="pascal"):
    item_data: msgspec.Raw = msgspec.Raw()
    next_token: str | None = None


class _ShipmentsAnswerV0(msgspec.Struct, frozen=True):
    payload: _ShipmentsV0


class _ItemsAnswerV0(msgspec.Struct, frozen=True):
    payload: _ItemsV0


_plans = Reader(_Plans)
_plan = Reader(InboundPlan)
_items = Reader(_Items)
_item = Reader(_Item)
_shipment = Reader(_Shipment)
_shipments_v0 = Reader(_ShipmentsAnswerV0)
_shipment_v0 = Reader(_ShipmentV0)
_items_v0 = Reader(_ItemsAnswerV0)
_item_v0 = Reader(_ItemV0)


def decode_plans(body: bytes) -> InboundPlansPage:
    """Read the answer of listInboundPlans, plan by plan.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    page = _answer(_plans, body, "listInboundPlans")
    plans, unreadable = _each(page.inbound_plans, _plan.read, "listInboundPlans")
    return InboundPlansPage(plans, unreadable, _token(page.pagination))


def decode_plan(body: bytes) -> InboundPlan:
    """Read the answer of getInboundPlan.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    return _answer(_plan, body, "getInboundPlan")


def decode_shipment(body: bytes, plan_id: str) -> InboundShipment:
    """Read the answer of getShipment.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    read = _answer(_shipment, body, "getShipment")
    ready = read.dates.ready_to_ship_window if read.dates else None
    delivery = read.selected_delivery_window
    tracking = read.tracking_details
    parcels = tracking.spd_tracking_detail.spd_tracking_items if tracking and tracking.spd_tracking_detail else ()
    bills = tracking.ltl_tracking_detail.freight_bill_number if tracking and tracking.ltl_tracking_detail else ()
    return InboundShipment(
        read.shipment_id,
        read.shipment_confirmation_id or None,
        plan_id,
        read.name,
        read.status,
        read.destination.warehouse_id if read.destination else None,
        _utc(ready.start) if ready else None,
        _utc(ready.end) if ready else None,
        _utc(delivery.start_date) if delivery else None,
        _utc(delivery.end_date) if delivery else None,
        tuple(each.tracking_id for each in parcels if each.tracking_id) + bills,
    )


def decode_shipment_items(body: bytes, shipment_id: str) -> InboundItemsPage:
    """Read the answer of listShipmentItems, item by item.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    page = _answer(_items, body, "listShipmentItems")

    def read(raw: msgspec.Raw) -> InboundItem:
        item = _item.read(raw)
        return InboundItem(shipment_id, item.msku, item.quantity, None, item.asin, item.fnsku)

    items, unreadable = _each(page.items, read, "listShipmentItems")
    return InboundItemsPage(items, unreadable, _token(page.pagination))


def decode_shipments_v0(body: bytes) -> InboundShipmentsPage:
    """Read the answer of getShipments (v0), shipment by shipment.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    page = _answer(_shipments_v0, body, "getShipments").payload

    def read(raw: msgspec.Raw) -> InboundShipment:
        shipment = _shipment_v0.read(raw)
        return InboundShipment(
            shipment.shipment_id,
            shipment.shipment_id,
            name=shipment.shipment_name,
            status=shipment.shipment_status,
            destination=shipment.destination_fulfillment_center_id,
        )

    shipments, unreadable = _each(page.shipment_data, read, "getShipments")
    return InboundShipmentsPage(shipments, unreadable, page.next_token or None)


def decode_items_v0(body: bytes) -> InboundItemsPage:
    """Read the answer of getShipmentItems (v0), item by item.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    page = _answer(_items_v0, body, "getShipmentItems").payload

    def read(raw: msgspec.Raw) -> InboundItem:
        item = _item_v0.read(raw)
        # The model makes the received quantity optional; where it is missing, nothing has been received yet.
        return InboundItem(
            item.shipment_id, item.seller_sku, item.quantity_shipped, item.quantity_received or 0, None, item.fnsku
        )

    items, unreadable = _each(page.item_data, read, "getShipmentItems")
    return InboundItemsPage(items, unreadable, page.next_token or None)


def _answer[Content: msgspec.Struct](reader: Reader[Content], body: bytes, operation: str) -> Content:
    try:
        return reader.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation=operation, status=200) from problem


def _each[Content](
    raw: msgspec.Raw, read: Callable[[msgspec.Raw], Content], operation: str
) -> tuple[tuple[Content, ...], tuple[UnreadableInbound, ...]]:
    problems: list[str] = []
    entries = raw_entries(raw, "entries", problems)
    if problems:
        raise UnexpectedAnswer(problems[0], operation=operation, status=200)
    found: list[Content] = []
    unreadable: list[UnreadableInbound] = []
    for entry in entries:
        try:
            found.append(read(entry))
        except msgspec.ValidationError as problem:
            unreadable.append(UnreadableInbound(_name_in(entry), str(problem)))
    return tuple(found), tuple(unreadable)


def _name_in(raw: msgspec.Raw) -> str:
    """Return whatever names an entry that can't be read."""
    content = msgspec.json.decode(raw)
    names = {key.lower(): value for key, value in content.items()} if isinstance(content, dict) else {}
    found = (names.get(key) for key in ("inboundplanid", "shipmentid", "msku"))
    return next((each for each in found if isinstance(each, str)), "")


def _token(pagination: _Pagination | None) -> str | None:
    return (pagination.next_token or None) if pagination else None


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else in_utc(at)
