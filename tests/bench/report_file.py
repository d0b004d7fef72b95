"""A report of all orders as Amazon writes one, of any size and the same for the same seed.

Columns, order and words are those of GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL. What makes such files hard
to read is in it: titles with stray quotation marks and letters beyond ASCII, orders of several rows, rows of one order
that stand far apart, orders from outside Amazon, cancelled and pending ones without a price, and personal data.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

HEADER = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
    "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state", "ship-postal-code", "ship-country",
    "promotion-ids", "is-business-order", "purchase-order-number", "price-designation", "is-iba",
)  # fmt: skip
SEED = 20261122
PRODUCTS = 5_000
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_WORDS = (
    "Stainless", "Steel", "Ceramic", "Organic", "Premium", "Travel", "Kitchen", "Garden", "Coffee", "Grinder", "Mug",
    "Bottle", "Set", "Pack", "Blue", "Black", "Large", "Small", '12"', "500ml", "with", "for", "Home", "Office", "Café",
    "Über", "Crème", "&", "100%", '"Best"', "Lid", "Spoon", "Filter", "Brush", "Replacement", "Professional",
)  # fmt: skip
_PLACES = (
    ("SEATTLE", "WA", "98101-1234"), ("New York", "NY", "10001-4321"), ("AUSTIN", "TX", "73301"),
    ("Los Angeles", "California", "90001-0001"), ("MIAMI", "FL", "33101-7788"),
)  # fmt: skip


@dataclass
class Truth:
    """What a file holds.

    Attributes:
        rows: rows, the header not counted.
        units: units on them.
        cents: what the item prices add up to.
        scattered: orders whose rows do not stand together.
        bytes: its size, unpacked.
        packed: its size, packed.
    """

    rows: int = 0
    units: int = 0
    cents: int = 0
    scattered: int = 0
    bytes: int = 0
    packed: int = 0


def write(path: Path, size: int, *, rows: int | None = None) -> Truth:
    """Write a gzip file of ``size`` bytes unpacked, or of so many rows, and return what is in it."""
    truth = Truth()
    with gzip.open(path, "wb", compresslevel=6) as file:
        head = ("\t".join(HEADER) + "\r\n").encode()
        file.write(head)
        truth.bytes = len(head)
        block: list[str] = []
        for row in _rows(truth):
            block.append(row)
            if len(block) == 2000 or (rows is not None and truth.rows >= rows):
                content = "".join(block).encode()
                file.write(content)
                truth.bytes += len(content)
                block.clear()
            if truth.bytes >= size or (rows is not None and truth.rows >= rows):
                break
    truth.packed = path.stat().st_size
    return truth


def _products(chance: Random) -> list[tuple[str, str, str, int]]:
    return [
        (
            " ".join(chance.choice(_WORDS) for _ in range(chance.randint(8, 18))),
            f"{chance.choice(('AB', 'QX', 'K7'))}-{number:05d}-{chance.choice(('US', 'NEW', '2P'))}",
            f"B0{chance.randrange(36**8):08X}"[:10],
            chance.randint(499, 14_999),
        )
        for number in range(PRODUCTS)
    ]


def _rows(truth: Truth) -> Iterator[str]:
    """Yield rows, and count in ``truth`` those that were yielded."""
    chance = Random(SEED)
    products = _products(chance)
    late: list[tuple[int, str, int, int]] = []
    number = 0
    while True:
        number += 1
        order_id = f"{chance.randint(100, 999)}-{number:07d}-{chance.randrange(10**7):07d}"
        at = _BEGAN + timedelta(seconds=number * 2, milliseconds=chance.randrange(2000))
        purchased = at.isoformat(timespec="seconds")
        kind = chance.random()
        status = "Shipped" if kind < 0.93 else "Cancelled" if kind < 0.97 else "Pending" if kind < 0.99 else "Shipping"
        channel = "Non-Amazon US" if chance.random() < 0.01 else "Amazon.com"
        place = _PLACES[number % len(_PLACES)]
        lines = 1 if chance.random() < 0.88 else chance.randint(2, 4)
        is_scattered = lines > 1 and chance.random() < 0.01
        for line in range(lines):
            title, sku, asin, cents = products[int(chance.random() ** 2 * PRODUCTS)]
            units = 0 if status == "Cancelled" else 1 if chance.random() < 0.9 else chance.randint(2, 5)
            priced = status in {"Shipped", "Shipping"}
            amount = cents * units if priced else 0
            money = f"{amount // 100}.{amount % 100:02d}" if priced else ""
            tax = f"{amount * 8 // 10_000}.{amount * 8 // 100 % 100:02d}" if priced else ""
            coupon, discount = (f"PLM-{sku}", "1.50" if priced else "") if number % 7 == 0 else ("", "")
            text = (
                f"{order_id}\t{order_id}\t{purchased}\t{purchased}\t{status}\tAmazon\t{channel}\t"
                f"WebsiteOrderChannel\tExpedited\t{title}\t{sku}\t{asin}\t{status}\t{units}\t"
                f"{'USD' if priced else ''}\t{money}\t{tax}\t\t\t\t\t{discount}\t\t{place[0]}\t{place[1]}\t"
                f"{place[2]}\tUS\t{coupon}\tfalse\t\t\tfalse\r\n"
            )
            if is_scattered and line == lines - 1:
                late.append((number + chance.randint(2, 400), text, units, amount))
                truth.scattered += 1
                continue
            _count(truth, units, amount)
            yield text
        if late and late[0][0] <= number:
            _, text, units, amount = late.pop(0)
            _count(truth, units, amount)
            yield text


def _count(truth: Truth, units: int, cents: int) -> None:
    truth.rows += 1
    truth.units += units
    truth.cents += cents
