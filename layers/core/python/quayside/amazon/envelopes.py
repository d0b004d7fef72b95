"""Amazon's notifications: one message in, one typed notification or one typed problem out. Pure.

Amazon writes envelopes in two casings (``NotificationType`` and ``notificationType``) and has changed the casing of a
type before, so both are read for every type. Unknown fields and unknown enumeration values pass; a missing required
field becomes a ``Problem`` that names its path. ``DestinationPostalCode`` has no field here: it is dropped on arrival.
Sources: Amazon's schemas/notifications; reference/sp-api.md section 1.3.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

ORDER_CHANGE = "ORDER_CHANGE"
FBA_INVENTORY_AVAILABILITY_CHANGES = "FBA_INVENTORY_AVAILABILITY_CHANGES"
REPORT_PROCESSING_FINISHED = "REPORT_PROCESSING_FINISHED"


class OrderChangeItem(msgspec.Struct, frozen=True, rename="pascal"):
    """One line of a changed order."""

    order_item_id: str
    quantity: int
    seller_sku: str = msgspec.field(name="SellerSKU")
    order_item_status: str | None = None
    quantity_shipped: int | None = None
    is_buyer_requested_cancel: bool | None = None


class OrderChangeSummary(msgspec.Struct, frozen=True, rename="pascal"):
    """The order after the change, without money and, by design of this struct, without the postal code."""

    marketplace_id: str
    order_status: str
    order_items: tuple[OrderChangeItem, ...]
    purchase_date: datetime | None = None
    fulfillment_type: str | None = None
    order_type: str | None = None
    number_of_items_shipped: int | None = None
    number_of_items_unshipped: int | None = None
    earliest_ship_date: datetime | None = None
    latest_ship_date: datetime | None = None
    earliest_delivery_date: datetime | None = None
    latest_delivery_date: datetime | None = None
    order_programs: tuple[str, ...] | None = None


class OrderChangeTrigger(msgspec.Struct, frozen=True, rename="pascal"):
    """When and why the order changed."""

    time_of_order_change: datetime | None = None
    change_reason: str | None = None


class OrderChange(msgspec.Struct, frozen=True, rename="pascal"):
    """An order changed."""

    seller_id: str
    amazon_order_id: str
    summary: OrderChangeSummary
    notification_level: str | None = None
    order_change_type: str | None = None
    order_change_trigger: OrderChangeTrigger | None = None


class InboundQuantities(msgspec.Struct, frozen=True, rename="pascal"):
    """Units on their way to Amazon."""

    working: int = 0
    shipped: int = 0
    receiving: int = 0


class ReservedQuantities(msgspec.Struct, frozen=True, rename="pascal"):
    """Units that are there but spoken for."""

    warehouse_processing: int = 0
    warehouse_transfer: int = 0
    pending_customer_order: int = 0


class FulfilmentInventory(msgspec.Struct, frozen=True, rename="pascal"):
    """The stock of one SKU in one marketplace."""

    fulfillable: int
    inbound_quantity_breakdown: InboundQuantities
    reserved_quantity_breakdown: ReservedQuantities
    unfulfillable: int = 0
    researching: int = 0
    future_supply_buyable: int | None = None
    pending_customer_order_in_transit: int | None = None


class MarketplaceInventory(msgspec.Struct, frozen=True, rename="pascal"):
    """Stock by marketplace."""

    marketplace_id: str
    fulfillment_inventory: FulfilmentInventory
    item_name: str | None = None


class InventoryChange(msgspec.Struct, frozen=True, rename="pascal"):
    """The FBA stock of one SKU changed."""

    seller_id: str
    fulfillment_inventory_by_marketplace: tuple[MarketplaceInventory, ...]
    seller_sku: str = msgspec.field(name="SKU")
    asin: str | None = msgspec.field(name="ASIN", default=None)
    fnsku: str | None = msgspec.field(name="FNSKU", default=None)


class ReportFinished(msgspec.Struct, frozen=True, rename="camel"):
    """A report is ready, or will never be. ``seller_id`` is absent for vendors."""

    report_id: str
    report_type: str
    processing_status: str
    seller_id: str | None = None
    report_document_id: str | None = None


class OtherPayload(msgspec.Struct, frozen=True):
    """The payload of a type that Quayside does not read yet; ``seller_id`` when it names one."""

    seller_id: str | None = None


class Notification(msgspec.Struct, frozen=True):
    """A notification that could be read.

    Attributes:
        type: Amazon's notification type.
        payload: what it says, by type.
        event_time: when it happened on Amazon's side.
        notification_id: Amazon's id; repeated deliveries carry the same one.
        subscription_id: the subscription it was sent for, which tells for whom it is meant.
    """

    type: str
    payload: OrderChange | InventoryChange | ReportFinished | OtherPayload
    event_time: datetime
    notification_id: str | None = None
    subscription_id: str | None = None
    payload_version: str | None = None

    @property
    def selling_partner_id(self) -> str | None:
        """The seller it is about, None when the type names none."""
        return self.payload.seller_id


class Problem(msgspec.Struct, frozen=True):
    """A message that could not be read, with all that could be: it goes to quarantine, never lost.

    Attributes:
        code: ``not_json``, ``not_a_notification`` or ``invalid_payload``.
        detail: what is wrong, in words.
        path: where, as a JSON path such as ``$.Payload.OrderChangeNotification.Summary``; ``$`` is the whole message.
        type: the notification type, when it could be read.
        notification_id: Amazon's id, when it could be read.
        subscription_id: the subscription, when it could be read.
        selling_partner_id: the seller, when it could be read, so that the entry finds its tenant.
    """

    code: str
    detail: str
    path: str
    type: str | None = None
    notification_id: str | None = None
    subscription_id: str | None = None
    selling_partner_id: str | None = None


class _Metadata(msgspec.Struct, frozen=True, rename="pascal"):
    notification_id: str | None = None
    subscription_id: str | None = None


class _CamelMetadata(msgspec.Struct, frozen=True, rename="camel"):
    notification_id: str | None = None
    subscription_id: str | None = None


class _Head(msgspec.Struct, frozen=True):
    """Both casings at once, so that one pass over the message is enough."""

    pascal_type: str | None = msgspec.field(name="NotificationType", default=None)
    camel_type: str | None = msgspec.field(name="notificationType", default=None)
    pascal_time: datetime | None = msgspec.field(name="EventTime", default=None)
    camel_time: datetime | None = msgspec.field(name="eventTime", default=None)
    pascal_version: str | None = msgspec.field(name="PayloadVersion", default=None)
    camel_version: str | None = msgspec.field(name="payloadVersion", default=None)
    pascal_payload: msgspec.Raw = msgspec.field(name="Payload", default=msgspec.Raw())
    camel_payload: msgspec.Raw = msgspec.field(name="payload", default=msgspec.Raw())
    pascal_metadata: _Metadata | None = msgspec.field(name="NotificationMetadata", default=None)
    camel_metadata: _CamelMetadata | None = msgspec.field(name="notificationMetadata", default=None)
    # EventBridge delivers the notification inside its own event.
    detail: msgspec.Raw = msgspec.Raw()


class _OrderChangePayload(msgspec.Struct, frozen=True, rename="pascal"):
    order_change_notification: OrderChange


class _ReportPayload(msgspec.Struct, frozen=True, rename="camel"):
    report_processing_finished_notification: ReportFinished


_head = msgspec.json.Decoder(_Head)
_order_change = msgspec.json.Decoder(_OrderChangePayload, strict=False)
_inventory_change = msgspec.json.Decoder(InventoryChange, strict=False)
_report = msgspec.json.Decoder(_ReportPayload, strict=False)

_SELLER_ID = re.compile(rb'"[sS]ellerId"\s*:\s*"([A-Za-z0-9]{1,64})"')
_PATH = re.compile(r" - at `(.+)`$")


def decode(body: bytes | str) -> Notification | Problem:
    """Read one message of the intake queue (or the event of an EventBridge rule).

    Never raises: whatever arrives becomes a notification or a problem.
    """
    data = body.encode() if isinstance(body, str) else body
    try:
        head = _head.decode(data)
        if _type_of(head) is None and bytes(head.detail):
            data = bytes(head.detail)
            head = _head.decode(data)
    except msgspec.ValidationError as problem:
        return Problem(
            "not_a_notification", _words(problem), _where(problem, "$"), selling_partner_id=_seller_id_in(data)
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem("not_json", "The message is not valid JSON.", "$", selling_partner_id=_seller_id_in(data))
    return _read(head, data)


def _type_of(head: _Head) -> str | None:
    return head.pascal_type or head.camel_type


def _read(head: _Head, data: bytes) -> Notification | Problem:
    kind = _type_of(head)
    pascal = head.pascal_type is not None
    at = head.pascal_time or head.camel_time
    payload = bytes(head.pascal_payload) or bytes(head.camel_payload)
    name = "Payload" if pascal else "payload"
    metadata = head.pascal_metadata or head.camel_metadata
    notification_id = metadata.notification_id if metadata else None
    subscription_id = metadata.subscription_id if metadata else None

    def problem(code: str, detail: str, path: str) -> Problem:
        return Problem(code, detail, path, kind, notification_id, subscription_id, _seller_id_in(data))

    if kind is None:
        return problem("not_a_notification", "The message does not say which notification it is.", "$")
    if at is None:
        field = "EventTime" if pascal else "eventTime"
        return problem("not_a_notification", f"Object missing required field `{field}`", "$")
    if not payload:
        return problem("not_a_notification", f"Object missing required field `{name}`", "$")
    try:
        content = _content(kind, payload)
    except msgspec.ValidationError as wrong:
        return problem("invalid_payload", _words(wrong), _where(wrong, f"$.{name}"))
    return Notification(
        kind,
        content,
        at if at.tzinfo else at.replace(tzinfo=UTC),
        notification_id,
        subscription_id,
        head.pascal_version or head.camel_version,
    )


def _content(kind: str, payload: bytes) -> OrderChange | InventoryChange | ReportFinished | OtherPayload:
    if kind == ORDER_CHANGE:
        return _tolerant(_order_change, payload, _OrderChangePayload).order_change_notification
    if kind == FBA_INVENTORY_AVAILABILITY_CHANGES:
        return _tolerant(_inventory_change, payload, InventoryChange)
    if kind == REPORT_PROCESSING_FINISHED:
        return _tolerant(_report, payload, _ReportPayload).report_processing_finished_notification
    return OtherPayload(_seller_id_in(payload))


def _tolerant[Content](decoder: msgspec.json.Decoder[Content], payload: bytes, kind: type[Content]) -> Content:
    """Decode in the casing Amazon documents; when that fails, in whatever casing the names came."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as first:
        recased = _recase(msgspec.json.decode(payload), _names())
        try:
            return msgspec.convert(recased, kind, strict=False)
        except msgspec.ValidationError:
            raise first from None


def _names() -> Mapping[str, str]:
    """Return the documented spelling of every field, by its spelling in lower case."""
    if not _KNOWN_NAMES:
        structs: tuple[type[msgspec.Struct], ...] = (
            _ReportPayload, ReportFinished, _OrderChangePayload, OrderChange, OrderChangeSummary, OrderChangeItem,
            OrderChangeTrigger, InventoryChange, MarketplaceInventory, FulfilmentInventory, InboundQuantities,
            ReservedQuantities,
        )  # fmt: skip
        for struct in structs:
            fields = msgspec.structs.fields(struct)
            _KNOWN_NAMES.update((field.encode_name.lower(), field.encode_name) for field in fields)
    return _KNOWN_NAMES


_KNOWN_NAMES: dict[str, str] = {}


def _recase(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        recased = {names.get(str(key).lower(), str(key)): _recase(part, names) for key, part in value.items()}
        # The one name that two types spell differently; the struct that does not know one ignores it.
        if "SellerId" in recased:
            recased.setdefault("sellerId", recased["SellerId"])
        return recased
    if isinstance(value, list):
        return [_recase(part, names) for part in value]
    return value


def _words(problem: msgspec.ValidationError) -> str:
    return _PATH.sub("", str(problem))


def _where(problem: msgspec.ValidationError, below: str) -> str:
    found = _PATH.search(str(problem))
    return below if found is None else below + found.group(1).removeprefix("$")


def _seller_id_in(data: bytes) -> str | None:
    found = _SELLER_ID.search(data)
    return None if found is None else found.group(1).decode()


_PERSONAL = frozenset(
    {
        "destinationpostalcode", "postalcode", "buyername", "buyeremail", "buyerinfo", "buyer", "recipient", "name",
        "shippingaddress", "deliveryaddress", "addressline1", "addressline2", "addressline3", "phone", "giftmessage",
        "customizedurl", "newclientsecret",
    }
)  # fmt: skip
_PERSONAL_TEXT = re.compile(rf'"({"|".join(sorted(_PERSONAL))})"\s*:\s*"(?:[^"\\]|\\.)*"?', re.IGNORECASE)


def without_personal_data(body: bytes | str) -> str:
    """Return a message fit for quarantine: the same JSON without the fields that hold personal data or secrets.

    A message that is not JSON is kept as text with those fields blanked as far as they can be recognised, at most
    64 KiB of it.
    """
    text = body if isinstance(body, str) else body.decode(errors="replace")
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _PERSONAL_TEXT.sub(r'"\1":""', text)[:65_536]
    return msgspec.json.encode(_without(content)).decode()


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if str(key).lower() not in _PERSONAL}
    if isinstance(value, list):
        return [_without(part) for part in value]
    return value
