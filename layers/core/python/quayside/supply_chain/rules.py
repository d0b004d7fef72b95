"""What an inbound shipment is, and how Amazon's two APIs make one of it. Pure.

The API of 2024-03-20 knows plans, windows and tracking; the older one knows what was received. Both know a shipment by
its confirmation id (``FBA…``), under which it is kept as soon as there is one. Statuses stay in Amazon's words.
"""

from collections.abc import Iterable

import msgspec


class UnusableInbound(ValueError):
    """What Amazon sent can't be true; ``reason`` says why in words a seller can read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PlanFacts(msgspec.Struct, frozen=True, array_like=True):
    """An inbound plan. Instants are epoch seconds."""

    status: str
    name: str | None
    marketplace_ids: tuple[str, ...]
    created_at: int


class PlannedShipment(msgspec.Struct, frozen=True, array_like=True):
    """A shipment as the API of plans has it. Instants are epoch seconds."""

    shipment_id: str
    plan_id: str | None
    status: str | None = None
    name: str | None = None
    destination: str | None = None
    ready_from: int | None = None
    ready_until: int | None = None
    delivery_from: int | None = None
    delivery_until: int | None = None
    tracking_ids: tuple[str, ...] = ()


class ReceivedShipment(msgspec.Struct, frozen=True, array_like=True):
    """A shipment as the API of received quantities has it."""

    status: str | None = None
    name: str | None = None
    destination: str | None = None


class PlannedItem(msgspec.Struct, frozen=True, array_like=True):
    """Units of one SKU in a shipment, all expiry dates and lots together."""

    quantity: int
    asin: str | None = None
    fnsku: str | None = None


class ReceivedItem(msgspec.Struct, frozen=True, array_like=True):
    """Units of one SKU that were shipped, and those that Amazon took in."""

    shipped: int
    received: int
    fnsku: str | None = None


class Words[Said](msgspec.Struct, frozen=True):
    """What one API said, and its version: higher is newer."""

    version: int
    said: Said


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment, put together from both APIs. ``receiving_status`` is the older API's own word."""

    plan_id: str | None = None
    status: str | None = None
    receiving_status: str | None = None
    name: str | None = None
    destination: str | None = None
    ready_from: int | None = None
    ready_until: int | None = None
    delivery_from: int | None = None
    delivery_until: int | None = None
    tracking_ids: tuple[str, ...] = ()


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU of a shipment. ``received`` is None as long as Amazon has not said anything about it."""

    expected: int
    received: int | None
    asin: str | None = None
    fnsku: str | None = None

    @property
    def missing(self) -> int | None:
        """Units that were sent and not taken in yet; negative when Amazon took in more than was sent."""
        return None if self.received is None else self.expected - self.received


def shipment_of(planned: Words[PlannedShipment] | None, received: Words[ReceivedShipment] | None) -> Shipment:
    """Put a shipment together: windows and tracking from its plan, and for what both know the newer word."""
    plan = planned.said if planned else None
    receipt = received.said if received else None
    plan_is_newer = received is None or (planned is not None and planned.version >= received.version)
    order = (plan, receipt) if plan_is_newer else (receipt, plan)
    name = next((each.name for each in order if each and each.name), None)
    destination = next((each.destination for each in order if each and each.destination), None)
    if plan is None:
        return Shipment(receiving_status=receipt.status if receipt else None, name=name, destination=destination)
    return Shipment(
        plan_id=plan.plan_id,
        status=plan.status,
        receiving_status=receipt.status if receipt else None,
        name=name,
        destination=destination,
        ready_from=plan.ready_from,
        ready_until=plan.ready_until,
        delivery_from=plan.delivery_from,
        delivery_until=plan.delivery_until,
        tracking_ids=plan.tracking_ids,
    )


def item_of(planned: PlannedItem | None, received: ReceivedItem | None) -> Item:
    """Put one SKU of a shipment together: what was shipped counts once it is known, before that what was planned."""
    return Item(
        expected=received.shipped if received is not None else planned.quantity if planned is not None else 0,
        received=received.received if received is not None else None,
        asin=planned.asin if planned else None,
        fnsku=(planned.fnsku if planned else None) or (received.fnsku if received else None),
    )


def checked_units(seller_sku: str, *quantities: int) -> None:
    """Check that quantities can be true.

    Raises:
        UnusableInbound: there is no SKU, or a quantity is negative.
    """
    if not seller_sku.strip():
        raise UnusableInbound("The item has no SKU.")
    if min(quantities) < 0:
        raise UnusableInbound(f"The item {seller_sku} has a negative quantity.")


def together(items: Iterable[tuple[str, str, PlannedItem]]) -> dict[tuple[str, str], PlannedItem]:
    """Add up what a plan lists of one SKU in several entries, for it lists every expiry date and lot apart."""
    summed: dict[tuple[str, str], PlannedItem] = {}
    for shipment_id, sku, item in items:
        before = summed.get((shipment_id, sku))
        summed[shipment_id, sku] = (
            item
            if before is None
            else PlannedItem(before.quantity + item.quantity, before.asin or item.asin, before.fnsku or item.fnsku)
        )
    return summed
