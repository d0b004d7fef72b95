"""How an order is stored: one item an order, at most one kilobyte for one to three lines.

Lines, prices and products are three attributes, each JSON of small arrays: a notification knows the lines alone, a
document all three, and neither wipes what only the other knows. Everything the key says (tenant, connection,
marketplace, purchase time, order id) is read from the key and not stored twice.
"""

from datetime import datetime
from typing import Any, ClassVar

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from quayside.orders.rules import NO_WINDOWS, LinePrice, LineProduct, OrderLine, OrderState, Windows
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

SORT_PREFIX = "ORDER#"

_LINES = msgspec.json.Decoder(tuple[OrderLine, ...])
_PRICES = msgspec.json.Decoder(dict[str, LinePrice])
_PRODUCTS = msgspec.json.Decoder(dict[str, LineProduct])
_WINDOWS = msgspec.json.Decoder(tuple[int | None, int | None, int | None, int | None])
_ENCODER = msgspec.json.Encoder()


def whole(value: float | None) -> int | None:
    """Return a stored number as a whole one, None when it is not there (pynamodb's types don't say it may not be)."""
    return None if value is None else int(value)


class OrderRecord(CoreItem):
    """An order of a connection.

    Attributes:
        source_updated_at: epoch milliseconds of Amazon's change that ``status`` and ``lines`` stand for.
        document_at: epoch milliseconds of Amazon's change that ``prices`` and ``products`` stand for.
        priced_at: epoch seconds when the money was fetched.
        received_at: epoch seconds when the last change reached us.
        replacement: present and true when the order replaces an earlier one free of charge.
    """

    KIND: ClassVar[str] = "order"

    status = UnicodeAttribute()
    fulfilled_by = UnicodeAttribute(null=True)
    source_updated_at = NumberAttribute()
    received_at = NumberAttribute()
    windows = UnicodeAttribute(null=True)
    lines = UnicodeAttribute(null=True)
    prices = UnicodeAttribute(null=True)
    products = UnicodeAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    total_minor = NumberAttribute(null=True)
    priced_at = NumberAttribute(null=True)
    document_at = NumberAttribute(null=True)
    replacement = BooleanAttribute(null=True)


def text_or_none(value: str | None) -> str | None:
    """Return a stored text, None when it is not there (pynamodb's types don't say it may not be)."""
    return value


class OrderPlace(msgspec.Struct, frozen=True):
    """What an order's key says."""

    connection_id: str
    marketplace_id: str
    purchased_at: datetime
    order_id: str


def place_of(pk: str, sk: str) -> OrderPlace:
    """Read an order's key back into its parts.

    Raises:
        ValueError: it is not the key of an order.
    """
    parts = pk.split("#")
    if len(parts) != 6 or parts[2] != "ORDERS":  # noqa: PLR2004 - as storage.keys builds them
        raise ValueError("That is not the key of an order.")
    purchased_at = purchased_at_of(sk)
    return OrderPlace(decode(parts[3]), decode(parts[4]), purchased_at, decode(sk.split("#")[2]))


def purchased_at_of(sort_key: str) -> datetime:
    """Read the purchase time from an order's sort key.

    Raises:
        ValueError: it is not the sort key of an order.
    """
    parts = sort_key.split("#")
    if len(parts) != 3 or parts[0] != "ORDER":  # noqa: PLR2004 - as storage.keys builds them
        raise ValueError("That is not the sort key of an order.")
    at = datetime.fromisoformat(parts[1])
    if at.tzinfo is None:
        raise ValueError("That is not the sort key of an order.")
    return at


def state_of_item(item: dict[str, dict[str, Any]]) -> OrderState:
    """Read the deciding part from an item as DynamoDB and its streams write it.

    Raises:
        msgspec.DecodeError: a stored attribute is not what this module writes.
        KeyError: the item has no status.
    """
    return OrderState(
        status=item["status"]["S"],
        lines=lines_from(item["lines"]["S"]) if "lines" in item else (),
        prices=prices_from(item["prices"]["S"]) if "prices" in item else {},
        is_replacement=bool(item.get("replacement", {}).get("BOOL", False)),
        has_document="document_at" in item,
        currency=item["currency"]["S"] if "currency" in item else None,
    )


def state_of_record(record: OrderRecord) -> OrderState:
    """Read the deciding part from a record."""
    return OrderState(
        status=record.status,
        lines=lines_from(record.lines),
        prices=prices_from(record.prices),
        is_replacement=bool(record.replacement),
        has_document=whole(record.document_at) is not None,
        currency=text_or_none(record.currency),
    )


def text_of(value: object) -> str:
    """Write lines, prices, products or windows as the text that is stored."""
    return _ENCODER.encode(value).decode()


def lines_from(text: str | None) -> tuple[OrderLine, ...]:
    """Read stored lines; none when nothing is stored."""
    return _LINES.decode(text) if text else ()


def prices_from(text: str | None) -> dict[str, LinePrice]:
    """Read stored prices; none when nothing is stored."""
    return _PRICES.decode(text) if text else {}


def products_from(text: str | None) -> dict[str, LineProduct]:
    """Read stored products; none when nothing is stored."""
    return _PRODUCTS.decode(text) if text else {}


def windows_from(text: str | None) -> Windows:
    """Read stored windows; four unknowns when nothing is stored."""
    return _WINDOWS.decode(text) if text else NO_WINDOWS
