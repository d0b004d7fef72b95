"""Amazon's notifications: one message in, one typed notification or one typed problem out. Pure.

Amazon writes envelopes in two casings (``NotificationType`` and ``notificationType``) and has changed the casing of a
type before, so both are read for every type. Unknown fields and unknown enumeration values pass; a missing required
field becomes a ``Problem`` that names its path. ``DestinationPostalCode`` has no field here: it is dropped on arrival.
Sources: Amazon's schemas/notifications; reference/sp-api.md section 1.3.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from quayside.amazon.decoding import Reader, in_utc
from quayside.kernel.redaction import redacted
from quayside.storage.vault import Secret

ORDER_CHANGE = "ORDER_CHANGE"
FBA_INVENTORY_AVAILABILITY_CHANGES = "FBA_INVENTORY_AVAILABILITY_CHANGES"
REPORT_PROCESSING_FINISHED = "REPORT_PROCESSING_FINISHED"
LISTINGS_ITEM_STATUS_CHANGE = "LISTINGS_ITEM_STATUS_CHANGE"
LISTINGS_ITEM_ISSUES_CHANGE = "LISTINGS_ITEM_ISSUES_CHANGE"
PRODUCT_TYPE_DEFINITIONS_CHANGE = "PRODUCT_TYPE_DEFINITIONS_CHANGE"
LISTINGS_ITEM_MFN_QUANTITY_CHANGE = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
TRANSACTION_UPDATE = "TRANSACTION_UPDATE"
ACCOUNT_STATUS_CHANGED = "ACCOUNT_STATUS_CHANGED"
NEW_CLIENT_SECRET = "APPLICATION_OAUTH_CLIENT_NEW_SECRET"  # noqa: S105 - the name of a notification
CLIENT_SECRET_EXPIRY = "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY"  # noqa: S105 - the name of a notification


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


class ListingStatusChange(msgspec.Struct, frozen=True, rename="pascal"):
    """A listing can be bought or found, or no longer. ``status`` holds BUYABLE and DISCOVERABLE, or neither."""

    seller_id: str
    marketplace_id: str
    status: tuple[str, ...]
    seller_sku: str = msgspec.field(name="Sku")
    asin: str | None = None
    created_date: datetime | None = None


class ListingIssuesChange(msgspec.Struct, frozen=True, rename="pascal"):
    """The issues of a listing changed; what they are has to be asked for.

    ``severities`` holds ERROR and WARNING, ``enforcement_actions`` SEARCH_SUPPRESSED, LISTING_SUPPRESSED, … ; both are
    empty when no issue is left.
    """

    seller_id: str
    marketplace_id: str
    seller_sku: str = msgspec.field(name="Sku")
    asin: str | None = None
    severities: tuple[str, ...] = ()
    enforcement_actions: tuple[str, ...] = ()


class ProductTypeDefinitionsChange(msgspec.Struct, frozen=True, rename="pascal"):
    """Amazon released new definitions of product types; which ones changed it does not say.

    ``marketplace_id`` is None when it names no marketplace: all are meant then.
    """

    product_type_version: str
    seller_id: str = msgspec.field(name="AccountId")
    marketplace_id: str | None = None
    new_product_types: tuple[str, ...] = ()


class ListingQuantityChange(msgspec.Struct, frozen=True, rename="pascal"):
    """The seller's own stock of a SKU changed. It names no marketplace: a channel is the same in all of a region."""

    seller_id: str
    quantity: int
    seller_sku: str = msgspec.field(name="Sku")
    fulfillment_channel_code: str | None = None


class UpdatedSellingPartner(msgspec.Struct, frozen=True, rename="pascal"):
    """Whose transaction it is."""

    selling_partner_id: str | None = None
    marketplace_id: str | None = None
    account_type: str | None = None


class UpdatedIdentifier(msgspec.Struct, frozen=True, rename="pascal"):
    """What the transaction belongs to."""

    related_identifier_name: str | None = None
    related_identifier_value: str | None = None


class TransactionUpdate(msgspec.Struct, frozen=True, rename="pascal"):
    """There is a new transaction. It says too little to be kept: it is the sign to list transactions."""

    selling_partner_metadata: UpdatedSellingPartner
    transaction_type: str | None = None
    posted_date: datetime | None = None
    related_identifiers: tuple[UpdatedIdentifier, ...] = ()

    @property
    def seller_id(self) -> str | None:
        """The seller it is about."""
        return self.selling_partner_metadata.selling_partner_id


class AccountStatusChange(msgspec.Struct, frozen=True, rename="camel"):
    """The standing of a seller's account: NORMAL, AT_RISK or DEACTIVATED.

    It names no seller; the subscription tells for whom it is meant.
    """

    current_account_status: str
    previous_account_status: str | None = None

    @property
    def seller_id(self) -> str | None:
        """None: the type names no seller."""
        return None


class NewClientSecret(msgspec.Struct, frozen=True):
    """Amazon issued a new client secret, and takes the one before for a week more. It concerns no seller."""

    client_id: str
    secret: Secret
    valid_until: datetime
    previous_valid_until: datetime

    @property
    def seller_id(self) -> str | None:
        """None: it concerns the application alone."""
        return None


class ClientSecretExpiry(msgspec.Struct, frozen=True, rename="camel"):
    """Amazon tells, 90 days before, when the client secret expires. It concerns no seller."""

    client_id: str
    client_secret_expiry_time: datetime

    @property
    def seller_id(self) -> str | None:
        """None: it concerns the application alone."""
        return None


class OtherPayload(msgspec.Struct, frozen=True):
    """The payload of a type that Quayside does not read yet; ``seller_id`` when it names one."""

    seller_id: str | None = None


Payload = (
    OrderChange
    | InventoryChange
    | ReportFinished
    | ListingStatusChange
    | ListingIssuesChange
    | ListingQuantityChange
    | ProductTypeDefinitionsChange
    | TransactionUpdate
    | AccountStatusChange
    | NewClientSecret
    | ClientSecretExpiry
    | OtherPayload
)


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
    payload: Payload
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


class _TransactionPayload(msgspec.Struct, frozen=True, rename="pascal"):
    transaction_update_notification: TransactionUpdate


class _AccountPayload(msgspec.Struct, frozen=True, rename="camel"):
    account_status_change_notification: AccountStatusChange


class _IssuedSecret(msgspec.Struct, frozen=True, rename="camel"):
    client_id: str
    new_client_secret: str
    new_client_secret_expiry_time: datetime
    old_client_secret_expiry_time: datetime


class _NewSecretPayload(msgspec.Struct, frozen=True, rename="camel"):
    issued: _IssuedSecret = msgspec.field(name="applicationOAuthClientNewSecret")


class _SecretExpiryPayload(msgspec.Struct, frozen=True):
    expiry: ClientSecretExpiry = msgspec.field(name="applicationOAuthClientSecretExpiry")


_head = msgspec.json.Decoder(_Head)
_order_change = Reader(_OrderChangePayload)
_inventory_change = Reader(InventoryChange)
_report = Reader(_ReportPayload)
_listing_status = Reader(ListingStatusChange)
_listing_issues = Reader(ListingIssuesChange)
_listing_quantity = Reader(ListingQuantityChange)
_definitions = Reader(ProductTypeDefinitionsChange)
_transaction = Reader(_TransactionPayload)
_account = Reader(_AccountPayload)
_new_secret = Reader(_NewSecretPayload)
_secret_expiry = Reader(_SecretExpiryPayload)

_SELLER_ID = re.compile(rb'"(?:[sS]ellerId|[sS]ellingPartnerId)"\s*:\s*"([A-Za-z0-9]{1,64})"')
_PATH = re.compile(r" - at `(.+)`$")


def decode(body: bytes | str) -> Notification | Problem:
    """Read one message of the intake queue (or the event of an EventBridge rule).

    Never raises: whatever arrives becomes a notification or a problem.
    """
    data = body.encode() if isinstance(body, str) else body
    try:
        head = _head.decode(data)
        if _type_of(head) is None and bytes(head.detail):
            data, head = _inside(head.detail)
    except msgspec.ValidationError as problem:
        return Problem(
            "not_a_notification", _words(problem), _where(problem, "$"), selling_partner_id=_seller_id_in(data)
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem("not_json", "The message is not valid JSON.", "$", selling_partner_id=_seller_id_in(data))
    return _read(head, data)


_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


def _inside(detail: msgspec.Raw) -> tuple[bytes, _Head]:
    """Return the notification in an event of EventBridge, and its head.

    Amazon doesn't document the nesting: the detail is the notification itself, holds it under some name, or holds it as
    text.
    """
    data = bytes(detail)
    if data.startswith(b'"'):
        data = _text.decode(data).encode()
    head = _head.decode(data)
    if _type_of(head) is None:
        for part in _objects.decode(data).values():
            inner = bytes(part)
            if inner.startswith(b"{") and _type_of(found := _head.decode(inner)) is not None:
                return inner, found
    return data, head


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


def _content(kind: str, payload: bytes) -> Payload:
    if kind == ORDER_CHANGE:
        return _order_change.read(payload).order_change_notification
    if kind == FBA_INVENTORY_AVAILABILITY_CHANGES:
        return _inventory_change.read(payload)
    reader = _BY_TYPE.get(kind)
    return OtherPayload(_seller_id_in(payload)) if reader is None else reader(payload)


def _new_client_secret(payload: bytes) -> NewClientSecret:
    issued = _new_secret.read(payload).issued
    return NewClientSecret(
        issued.client_id,
        Secret(issued.new_client_secret),
        in_utc(issued.new_client_secret_expiry_time),
        in_utc(issued.old_client_secret_expiry_time),
    )


_BY_TYPE: Mapping[str, Callable[[bytes], Payload]] = {
    REPORT_PROCESSING_FINISHED: lambda payload: _report.read(payload).report_processing_finished_notification,
    LISTINGS_ITEM_STATUS_CHANGE: _listing_status.read,
    LISTINGS_ITEM_ISSUES_CHANGE: _listing_issues.read,
    LISTINGS_ITEM_MFN_QUANTITY_CHANGE: _listing_quantity.read,
    PRODUCT_TYPE_DEFINITIONS_CHANGE: _definitions.read,
    TRANSACTION_UPDATE: lambda payload: _transaction.read(payload).transaction_update_notification,
    ACCOUNT_STATUS_CHANGED: lambda payload: _account.read(payload).account_status_change_notification,
    NEW_CLIENT_SECRET: _new_client_secret,
    CLIENT_SECRET_EXPIRY: lambda payload: _secret_expiry.read(payload).expiry,
}


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
_SOUNDS_PERSONAL = re.compile(
    r"(^|-)(buyer|recipient|customer|consignee|address|phone|e-?mail|postal|postcode|zip|city|county|gift|message|comment|"
    r"customi[sz]ed|signature|secret|token|password|(first|last|full|given|family)-name)(-|\d|$)"
)
_NUMBERS_TOO = re.compile(r"(^|-)(phone|postal|postcode|zip)(-|\d|$)")
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+")
_FIELD_NAME = re.compile(r'("[A-Za-z]{1,60}"\s*:)')
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_LONGEST_SHAPE = 65_536


def without_personal_data(body: bytes | str) -> str:
    """Return a message fit to be kept: the same JSON without the fields that hold personal data or secrets.

    Fields are known by their names, wherever they stand, also in JSON that is written as text inside of JSON. A name
    that Amazon adds and that sounds personal is taken for personal. Of a message that is not JSON only the shape is
    kept (names of fields and punctuation, every letter an x, every digit a 0), at most 64 KiB of it: it can't be
    replayed, and nobody can say what stands in it.
    """
    text = body if isinstance(body, str) else body.decode(errors="replace")
    try:
        return msgspec.json.encode(_without(msgspec.json.decode(text))).decode()
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return _shape(text[:_LONGEST_SHAPE])


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if not _is_personal(str(key), part)}
    if isinstance(value, list):
        return [_without(part) for part in value]
    if isinstance(value, str):
        return without_personal_data(value) if value.lstrip()[:1] in {"{", "["} else redacted(value)
    return value


def _is_personal(name: str, value: object) -> bool:
    if name.lower() in _PERSONAL:
        return True
    words = _BETWEEN_WORDS.sub("-", name).casefold()
    if value is None or isinstance(value, bool):
        return False
    return (_NUMBERS_TOO if isinstance(value, int | float) else _SOUNDS_PERSONAL).search(words) is not None


def _shape(text: str) -> str:
    parts = _FIELD_NAME.split(text)
    # Every second part is the name of a field.
    parts[::2] = [_DIGIT.sub("0", _LETTER.sub("x", part)) for part in parts[::2]]
    return "".join(parts)
