"""A seeded world of notifications whose end is known: what Amazon delivers, and what is true once all has arrived.

Orders live through several changes, some of them within the same second; one delivery in seven is a repetition and
deliveries arrive out of order within a window, a few of them very late (shared reference: 69,913 deliveries of 59,830
notifications seen in production). The truth of an order is its newest change, whatever came last.
"""

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

REPEATED_SHARE = 1 / 7
"""Deliveries that repeat an earlier one. Source: production figures of an integrator, 69,913 to 59,830."""
INVENTORY_SHARE = 0.1
WINDOW = 120
"""By how many places a delivery may be late or early."""
LATE_SHARE = 0.01
"""Deliveries that come at any later time."""

_STORED_STATUS = {
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "Canceled": "CANCELLED",
}
"""The notification speaks Orders v0, the store speaks Orders 2026-01-01."""

_LIVES: tuple[tuple[str, ...], ...] = (
    ("Pending", "Unshipped", "Shipped"),
    ("Pending", "Unshipped", "Shipped"),
    ("Unshipped", "Shipped"),
    ("Pending", "Unshipped", "PartiallyShipped", "Shipped"),
    ("Pending", "Unshipped", "PartiallyShipped"),
    ("Pending", "Canceled"),
    ("Pending", "Unshipped", "Canceled"),
)


@dataclass(frozen=True, kw_only=True)
class Seller:
    """One selling partner account that sends notifications."""

    selling_partner_id: str
    marketplaces: tuple[str, ...]
    region: str


SELLERS: tuple[Seller, ...] = (
    Seller(selling_partner_id="A1QUAYNA000001", marketplaces=("ATVPDKIKX0DER",), region="na"),
    Seller(selling_partner_id="A1QUAYNA000002", marketplaces=("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"), region="na"),
    Seller(selling_partner_id="A1QUAYNA000003", marketplaces=("ATVPDKIKX0DER",), region="na"),
    Seller(selling_partner_id="A1QUAYNA000004", marketplaces=("ATVPDKIKX0DER",), region="na"),
    Seller(selling_partner_id="A1QUAYEU000001", marketplaces=("A1PA6795UKMFR9", "A13V1IB3VIYZZH"), region="eu"),
    Seller(selling_partner_id="A1QUAYEU000002", marketplaces=("A1F83G8C2ARO7P",), region="eu"),
    Seller(selling_partner_id="A1QUAYEU000003", marketplaces=("A1PA6795UKMFR9",), region="eu"),
    Seller(selling_partner_id="A1QUAYFE000001", marketplaces=("A1VC38T7YXB528",), region="fe"),
)
"""Eight sellers in three regions, as one intake queue sees them mixed."""

WARM_UP_SELLER = Seller(selling_partner_id="A1QUAYNA000099", marketplaces=("ATVPDKIKX0DER",), region="na")
"""A seller of the warm-up alone, so that nothing measured was touched before."""


@dataclass(frozen=True, order=True)
class LineTruth:
    """A line of an order as its newest change tells it."""

    order_item_id: str
    seller_sku: str
    quantity_ordered: int
    quantity_shipped: int


@dataclass(frozen=True, kw_only=True)
class OrderTruth:
    """An order as its newest change tells it."""

    selling_partner_id: str
    marketplace_id: str
    order_id: str
    purchased_at: str
    status: str
    fulfilled_by: str
    lines: tuple[LineTruth, ...]


@dataclass(frozen=True, kw_only=True)
class InventoryTruth:
    """A stock position as its newest notification tells it."""

    selling_partner_id: str
    marketplace_id: str
    seller_sku: str
    fulfillable: int
    inbound_working: int
    inbound_shipped: int
    inbound_receiving: int
    unfulfillable: int
    researching: int
    reserved: int


@dataclass(kw_only=True)
class Traffic:
    """Deliveries in the order they arrive, and what is true after all of them.

    Attributes:
        deliveries: bodies of SQS messages.
        orders: the truth by (selling_partner_id, order_id).
        positions: the truth by (selling_partner_id, marketplace_id, seller_sku).
        order_changes: distinct changes of orders among the deliveries.
        inventory_changes: distinct changes of stock positions among the deliveries.
    """

    deliveries: list[str] = field(default_factory=list)
    orders: dict[tuple[str, str], OrderTruth] = field(default_factory=dict)
    positions: dict[tuple[str, str, str], InventoryTruth] = field(default_factory=dict)
    order_changes: int = 0
    inventory_changes: int = 0


def generate(*, seed: int, deliveries: int, until: datetime, sellers: Sequence[Seller] = SELLERS) -> Traffic:
    """Make ``deliveries`` notifications of the ten days before ``until``.

    The same arguments give the same traffic. Every notification's last delivery is among the result, so the truth is
    what a correct reader holds at the end.
    """
    chance = random.Random(seed)
    distinct = deliveries - round(deliveries * REPEATED_SHARE)
    changes: list[_Change] = []
    stock_changes = round(distinct * INVENTORY_SHARE)
    traffic = Traffic(inventory_changes=stock_changes, order_changes=distinct - stock_changes)
    for number in itertools.count():
        room = traffic.order_changes - len(changes)
        if room <= 0:
            break
        changes += _order_changes(chance, number, sellers, until)[:room]
    # A life cut short by the room left ends with the change that was still delivered.
    _cut(traffic, changes)
    changes += _inventory_changes(chance, stock_changes, sellers, until, traffic)
    changes.sort(key=lambda change: change.at)
    bodies = [_envelope(chance, change) for change in changes]
    traffic.deliveries = _deliver(chance, bodies, deliveries - distinct)
    return traffic


def sqs_event(bodies: Sequence[str], queue_arn: str, first_number: int) -> dict[str, object]:
    """Return the event Lambda gets for a batch of messages of a queue. Source: AWS Lambda guide, "SQS event"."""
    return {
        "Records": [
            {
                "messageId": str(UUID(int=first_number + place)),
                "receiptHandle": f"receipt-{first_number + place}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1764000000000",
                    "SenderId": "437568002678",
                    "ApproximateFirstReceiveTimestamp": "1764000000001",
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": "us-east-1",
            }
            for place, body in enumerate(bodies)
        ]
    }


def subscription_id(selling_partner_id: str, kind: str) -> str:
    """Return the id of a seller's subscription to one kind of notification; each seller has its own."""
    return str(uuid5(NAMESPACE_URL, f"{selling_partner_id}/{kind}"))


@dataclass(frozen=True)
class _Change:
    at: datetime
    kind: str
    payload: dict[str, object]
    truth: OrderTruth | InventoryTruth


def instant(at: datetime) -> str:
    """Write an instant as Amazon's notifications do, with milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _order_changes(chance: random.Random, number: int, sellers: Sequence[Seller], until: datetime) -> list[_Change]:
    seller = chance.choice(sellers)
    marketplace = chance.choice(seller.marketplaces)
    order_id = f"{100 + number % 900}-{number:07d}-{chance.randrange(10**7):07d}"
    purchased = until - timedelta(seconds=chance.randrange(9 * 3600, 10 * 86400), milliseconds=chance.randrange(1000))
    by = chance.choice(("AFN", "AFN", "AFN", "MFN"))
    ordered = [(f"{number:08d}{place:06d}", f"SKU-{chance.randrange(400):04d}", chance.choice((1, 1, 1, 2, 5)))
               for place in range(chance.choice((1, 1, 1, 2, 3)))]  # fmt: skip
    # Payment, picking and shipping of one order may be told within the same second: only the milliseconds differ.
    hurried = chance.random() < 0.1
    at = purchased
    changes = []
    for status in chance.choice(_LIVES):
        at += timedelta(seconds=chance.uniform(0.001, 0.4) if hurried else chance.uniform(1, 9000))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        shipped = [_shipped(status, quantity) for _, _, quantity in ordered]
        truth = OrderTruth(
            selling_partner_id=seller.selling_partner_id,
            marketplace_id=marketplace,
            order_id=order_id,
            purchased_at=purchased.strftime("%Y-%m-%dT%H:%M:%SZ"),
            status=_STORED_STATUS[status],
            fulfilled_by="AMAZON" if by == "AFN" else "MERCHANT",
            lines=tuple(
                LineTruth(item, sku, quantity, sent)
                for (item, sku, quantity), sent in zip(ordered, shipped, strict=True)
            ),
        )
        changes.append(_Change(at, "ORDER_CHANGE", _order_payload(truth, status, by, purchased, at), truth))
        at += timedelta(milliseconds=1)
    return changes


def _shipped(status: str, quantity: int) -> int:
    if status == "Shipped":
        return quantity
    return (quantity + 1) // 2 if status == "PartiallyShipped" else 0


def _order_payload(truth: OrderTruth, status: str, by: str, purchased: datetime, at: datetime) -> dict[str, object]:
    ship_by, deliver_by = purchased + timedelta(days=1), purchased + timedelta(days=5)
    return {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": truth.selling_partner_id,
            "AmazonOrderId": truth.order_id,
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {"TimeOfOrderChange": instant(at), "ChangeReason": "OrderStatusChange"},
            "Summary": {
                "MarketplaceId": truth.marketplace_id,
                "OrderStatus": status,
                "PurchaseDate": instant(purchased),
                "DestinationPostalCode": "48110",
                "FulfillmentType": by,
                "OrderType": "StandardOrder",
                "NumberOfItemsShipped": sum(line.quantity_shipped for line in truth.lines),
                "NumberOfItemsUnshipped": sum(line.quantity_ordered - line.quantity_shipped for line in truth.lines),
                "EarliestShipDate": instant(purchased),
                "LatestShipDate": instant(ship_by),
                "EarliestDeliveryDate": instant(ship_by),
                "LatestDeliveryDate": instant(deliver_by),
                "OrderPrograms": [],
                "ShippingPrograms": [],
                "OrderItems": [
                    {
                        "OrderItemId": line.order_item_id,
                        "SellerSKU": line.seller_sku,
                        "SupplySourceId": None,
                        "OrderItemStatus": status,
                        "Quantity": line.quantity_ordered,
                        "QuantityShipped": line.quantity_shipped,
                        "IsBuyerRequestedCancel": False,
                        "ItemEarliestDeliveryDate": instant(ship_by),
                        "ItemLatestDeliveryDate": instant(deliver_by),
                    }
                    for line in truth.lines
                ],
            },
        }
    }


def _cut(traffic: Traffic, changes: Sequence[_Change]) -> None:
    for change in changes:
        truth = change.truth
        if isinstance(truth, OrderTruth):
            # Changes of one order stand in the order of their time.
            traffic.orders[(truth.selling_partner_id, truth.order_id)] = truth


def _inventory_changes(
    chance: random.Random, count: int, sellers: Sequence[Seller], until: datetime, traffic: Traffic
) -> list[_Change]:
    changes: list[_Change] = []
    taken: set[datetime] = set()
    newest: dict[tuple[str, str, str], datetime] = {}
    while len(changes) < count:
        at = until - timedelta(milliseconds=chance.randrange(3_600_000, 10 * 86_400_000))
        if at in taken:
            continue
        taken.add(at)
        seller = chance.choice(sellers)
        truth = InventoryTruth(
            selling_partner_id=seller.selling_partner_id,
            marketplace_id=chance.choice(seller.marketplaces),
            seller_sku=f"SKU-{chance.randrange(40):04d}",
            fulfillable=chance.randrange(500),
            inbound_working=chance.randrange(50),
            inbound_shipped=chance.randrange(50),
            inbound_receiving=chance.randrange(50),
            unfulfillable=chance.randrange(9),
            researching=chance.randrange(3),
            reserved=chance.randrange(30),
        )
        key = (truth.selling_partner_id, truth.marketplace_id, truth.seller_sku)
        if key not in newest or newest[key] < at:
            newest[key] = at
            traffic.positions[key] = truth
        changes.append(_Change(at, "FBA_INVENTORY_AVAILABILITY_CHANGES", _inventory_payload(truth), truth))
    return changes


def _inventory_payload(truth: InventoryTruth) -> dict[str, object]:
    number = truth.seller_sku.removeprefix("SKU-")
    return {
        "SellerId": truth.selling_partner_id,
        "FNSKU": f"X00QUAY{number}",
        "ASIN": f"B00QUAY{number[-3:]}",
        "SKU": truth.seller_sku,
        "FulfillmentInventoryByMarketplace": [
            {
                "MarketplaceId": truth.marketplace_id,
                "ItemName": f"Item {number}",
                "FulfillmentInventory": {
                    "InboundQuantityBreakdown": {
                        "Working": truth.inbound_working,
                        "Shipped": truth.inbound_shipped,
                        "Receiving": truth.inbound_receiving,
                    },
                    "Fulfillable": truth.fulfillable,
                    "Unfulfillable": truth.unfulfillable,
                    "Researching": truth.researching,
                    "ReservedQuantityBreakdown": {
                        "WarehouseProcessing": 0,
                        "WarehouseTransfer": 0,
                        "PendingCustomerOrder": truth.reserved,
                    },
                    "FutureSupplyBuyable": 0,
                    "PendingCustomerOrderInTransit": 0,
                },
                "Stores": [],
            }
        ],
    }


def _envelope(chance: random.Random, change: _Change) -> str:
    return json.dumps(
        {
            "NotificationVersion": "1.0",
            "NotificationType": change.kind,
            "PayloadVersion": "1.0",
            "EventTime": instant(change.at),
            "Payload": change.payload,
            "NotificationMetadata": {
                "ApplicationId": "amzn1.sp.solution.00000000-0000-4000-8000-000000000001",
                "SubscriptionId": subscription_id(change.truth.selling_partner_id, change.kind),
                "PublishTime": instant(change.at + timedelta(seconds=1)),
                "NotificationId": str(UUID(int=chance.getrandbits(128), version=4)),
            },
        },
        separators=(",", ":"),
    )


def _deliver(chance: random.Random, bodies: Sequence[str], repetitions: int) -> list[str]:
    """Repeat and displace: each delivery's place is its own, give or take the window, and some come at any time."""
    total = len(bodies)
    places = [(_place(chance, number, total), number) for number in range(total)]
    places += [(_place(chance, number, total), number) for number in chance.choices(range(total), k=repetitions)]
    places.sort()
    return [bodies[number] for _, number in places]


def _place(chance: random.Random, number: int, total: int) -> float:
    if chance.random() < LATE_SHARE:
        return chance.uniform(number, total)
    return number + chance.uniform(-WINDOW / 2, WINDOW / 2)
