"""What the FBA Inventory API answers, as far as Quayside reads it. Source: Amazon's model fbaInventory.json."""

from datetime import datetime

import msgspec

from quayside.amazon.errors import UnexpectedAnswer


class ReservedQuantity(msgspec.Struct, frozen=True, rename="camel"):
    """Units that are there but spoken for."""

    total_reserved_quantity: int | None = None
    pending_customer_order_quantity: int | None = None
    pending_transshipment_quantity: int | None = None
    fc_processing_quantity: int | None = None


class ResearchingQuantity(msgspec.Struct, frozen=True, rename="camel"):
    """Units that Amazon is looking for."""

    total_researching_quantity: int | None = None


class UnfulfillableQuantity(msgspec.Struct, frozen=True, rename="camel"):
    """Units that can't be sold."""

    total_unfulfillable_quantity: int | None = None


class InventoryDetails(msgspec.Struct, frozen=True, rename="camel"):
    """Units by where they are."""

    fulfillable_quantity: int | None = None
    inbound_working_quantity: int | None = None
    inbound_shipped_quantity: int | None = None
    inbound_receiving_quantity: int | None = None
    reserved_quantity: ReservedQuantity | None = None
    researching_quantity: ResearchingQuantity | None = None
    unfulfillable_quantity: UnfulfillableQuantity | None = None


class InventorySummary(msgspec.Struct, frozen=True, rename="camel"):
    """The stock of one SKU in one marketplace. Amazon leaves out what it does not know."""

    seller_sku: str
    asin: str | None = None
    fn_sku: str | None = None
    condition: str | None = None
    inventory_details: InventoryDetails | None = None
    last_updated_time: str | None = None
    product_name: str | None = None
    total_quantity: int | None = None

    def updated_at(self) -> datetime | None:
        """Return when the stock last changed; Amazon sends an empty text for SKUs that never moved."""
        try:
            return msgspec.convert(self.last_updated_time, datetime) if self.last_updated_time else None
        except msgspec.ValidationError:
            return None


class UnreadableSummary(msgspec.Struct, frozen=True):
    """A summary that lacks what every summary must have."""

    seller_sku: str
    problem: str


class InventoryPage(msgspec.Struct, frozen=True):
    """One page of getInventorySummaries. ``next_token`` lives 30 seconds; None after the last page."""

    summaries: tuple[InventorySummary, ...]
    unreadable: tuple[UnreadableSummary, ...]
    next_token: str | None


class _Pagination(msgspec.Struct, frozen=True, rename="camel"):
    next_token: str | None = None


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    inventory_summaries: tuple[msgspec.Raw, ...]


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    payload: _Payload
    pagination: _Pagination | None = None


class _OnlySku(msgspec.Struct, frozen=True, rename="camel"):
    seller_sku: str = ""


_answer = msgspec.json.Decoder(_Answer)
_summary = msgspec.json.Decoder(InventorySummary)
_only_sku = msgspec.json.Decoder(_OnlySku)


def _read(raw: msgspec.Raw) -> InventorySummary | UnreadableSummary:
    try:
        return _summary.decode(raw)
    except msgspec.ValidationError as problem:
        try:
            sku = _only_sku.decode(raw).seller_sku
        except msgspec.ValidationError:
            sku = ""
        return UnreadableSummary(sku, str(problem))


def decode_summaries(body: bytes) -> InventoryPage:
    """Read the answer of getInventorySummaries, summary by summary.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        answer = _answer.decode(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getInventorySummaries", status=200) from problem
    read = [_read(raw) for raw in answer.payload.inventory_summaries]
    return InventoryPage(
        summaries=tuple(each for each in read if isinstance(each, InventorySummary)),
        unreadable=tuple(each for each in read if isinstance(each, UnreadableSummary)),
        next_token=(answer.pagination.next_token or None) if answer.pagination else None,
    )
