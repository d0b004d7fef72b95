"""A settlement as a flat file (version 2): one row per amount, from the postings that the settlement paid.

The first row says the total; the amounts of all others add up to it. Amazon makes this report by itself.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from infra.simulator import settlements
from infra.simulator.clock import DAY
from infra.simulator.marketplaces import MARKETPLACES, Marketplace
from infra.simulator.money import amount_text
from infra.simulator.postings import Kind as PostingKind
from infra.simulator.postings import Posting
from infra.simulator.reports.making import Kind, Wanted, flat_encoding, header, joined, shipping_tax
from infra.simulator.windows import order_item_id
from infra.simulator.world import Line, Order, World, fulfilment_fee, referral_fee

COLUMNS = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name",
    "amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time",
    "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
)  # fmt: skip
_BATCH = 500
_DEPOSIT_DELAY_MS = 2 * DAY


class Amount(NamedTuple):
    """One amount of a line, in minor units: what Amazon owes more (or, negative, less) because of it."""

    amount_type: str
    description: str
    minor: int


def amounts(posting: Posting, line: Line, *, by_amazon: bool) -> list[Amount]:
    """Return the amounts of a posting; they add up to its ``net_minor``."""
    if posting.kind == PostingKind.REFUND:
        found = [
            Amount("ItemPrice", "Principal", -line.item_minor),
            Amount("ItemPrice", "Tax", -line.tax_minor),
            Amount("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", line.tax_minor),
            # What is refunded is never below nothing.
            Amount("Promotion", "Principal", min(line.discount_minor, line.item_minor)),
        ]
    else:
        on_shipping = shipping_tax(line)
        found = [
            Amount("ItemPrice", "Principal", line.item_minor),
            Amount("ItemPrice", "Tax", line.tax_minor - on_shipping),
            Amount("ItemPrice", "Shipping", line.shipping_minor),
            Amount("ItemPrice", "ShippingTax", on_shipping),
            Amount("Promotion", "Principal", -line.discount_minor),
            Amount("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", on_shipping - line.tax_minor),
            Amount("ItemWithheldTax", "MarketplaceFacilitatorTax-Shipping", -on_shipping),
            Amount("ItemFees", "Commission", -referral_fee(line)),
            Amount("ItemFees", "FBAPerUnitFulfillmentFee", -fulfilment_fee(line) if by_amazon else 0),
        ]
    return [each for each in found if each.minor]


def _size(world: World, wanted: Wanted) -> int:
    (count,) = world.storage.connection.execute(
        "SELECT COUNT(*) FROM postings WHERE seller = ? AND settlement = ?", (wanted.seller.pk, wanted.settlement)
    ).fetchone()
    return int(count)


def _chunks(world: World, wanted: Wanted) -> Iterator[str]:
    yield header(COLUMNS, wanted, "amount")
    if not wanted.emptied:
        yield from joined(_rows(world, wanted))


def _rows(world: World, wanted: Wanted) -> Iterator[list[str]]:
    settlement = settlements.by_number(world, wanted.settlement)
    place, currency = wanted.place, settlement.currency
    blank = dict.fromkeys(COLUMNS, "") | {"settlement-id": settlement.settlement_id}
    total = {
        "settlement-start-date": moment(settlement.start, place),
        "settlement-end-date": moment(settlement.end, place),
        "deposit-date": moment(settlement.end + _DEPOSIT_DELAY_MS, place),
        "total-amount": amount(settlement.total_minor, place, currency),
        "currency": currency,
    }
    yield list((blank | total).values())
    for description, minor in (
        ("Previous Reserve Amount Balance", settlement.carried_minor),
        ("Current Reserve Amount", -settlement.left_minor),
    ):
        if minor:
            other = {
                "transaction-type": "other-transaction", "amount-type": "other-transaction",
                "amount-description": description, "amount": amount(minor, place, currency),
                "posted-date": moment(settlement.end, place)[:10], "posted-date-time": moment(settlement.end, place),
            }  # fmt: skip
            yield list((blank | other).values())
    postings = world.postings.settled(wanted.seller.pk, settlement.pk)
    while batch := list(islice(postings, _BATCH)):
        orders = _orders(world, batch)
        lines = world.lines_of(list(orders.values()))
        for posting in batch:
            order = orders[posting.order_pk]
            yield from _of_posting(world, posting, order, lines[order.pk][posting.position - 1], blank, place)


def _of_posting(  # noqa: PLR0913, PLR0917  a row is made of all of these
    world: World, posting: Posting, order: Order, line: Line, blank: dict[str, str], place: Marketplace
) -> Iterator[list[str]]:
    refund = posting.kind == PostingKind.REFUND
    listing = world.listings[line.listing]
    common = blank | {
        "transaction-type": "Refund" if refund else "Order",
        "order-id": order.order_id,
        "merchant-order-id": order.order_id,
        "adjustment-id": f"amzn1:crow:{posting.pk:012d}" if refund else "",
        "shipment-id": "" if refund else f"D{order.pk:09d}",
        "marketplace-name": MARKETPLACES[order.marketplace_id].name,
        "fulfillment-id": "AFN" if order.by_amazon else "MFN",
        "posted-date": moment(posting.at, place)[:10],
        "posted-date-time": moment(posting.at, place),
        "order-item-code": order_item_id(line),
        "sku": listing.sku,
        "quantity-purchased": "",
    }
    for number, each in enumerate(amounts(posting, line, by_amazon=bool(order.by_amazon))):
        row = common | {
            "amount-type": each.amount_type,
            "amount-description": each.description,
            "amount": amount(each.minor, place, posting.currency),
        }
        if not number:
            # Only the first amount of a line says how many units it is about.
            row["quantity-purchased"] = str(line.quantity)
        if each.amount_type == "Promotion":
            row["promotion-id"] = f"QS-PROMO-{listing.sku}"
        yield list(row.values())


def _orders(world: World, batch: list[Posting]) -> dict[int, Order]:
    numbers = sorted({each.order_pk for each in batch})
    rows = world.storage.connection.execute(
        f"SELECT * FROM orders WHERE pk IN ({','.join('?' * len(numbers))})",  # noqa: S608  only question marks
        numbers,
    )
    return {row[0]: Order._make(row) for row in rows}


def moment(at_ms: int, place: Marketplace) -> str:
    """Write an instant as settlements of a marketplace have it: day first in Europe, slashes in Japan."""
    at = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    day = "%d.%m.%Y" if place.region == "eu" else "%Y/%m/%d" if place.country_code == "JP" else "%Y-%m-%d"
    return at.strftime(f"{day} %H:%M:%S UTC")


def amount(minor: int, place: Marketplace, currency: str) -> str:
    """Write an amount as settlements of a marketplace have it: with a decimal comma where euros are paid."""
    text = amount_text(minor, currency)
    return text.replace(".", ",") if place.currency == "EUR" else text


SETTLEMENT = Kind(
    name="GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
    size=_size,
    chunks=_chunks,
    encoding=flat_encoding,
    requestable=False,
)
