"""What an order is, worked out from what Amazon said. Pure: no clock, no store, no network.

Three sources describe the same order. ORDER_CHANGE notifications speak the old Orders API's vocabulary and carry no
money; documents of the Orders API 2026-01-01 carry everything; rows of reports carry money, but not Amazon's ids of the
lines. All become ``OrderFacts`` in the 2026 vocabulary.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from quayside.kernel.money import Money

PENDING_STATUSES = frozenset({"PENDING_AVAILABILITY", "PENDING"})
"""The buyer ordered, but payment is not authorised or the item is not released; Amazon gives no price yet."""

KNOWN_STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
"""Every fulfilment status of the Orders API 2026-01-01, in the order of an order's life."""

_UNCOUNTED_STATUSES = frozenset({"CANCELLED", "UNFULFILLABLE"})

_STATUS_NAMES = {
    # Orders API v0 (as ORDER_CHANGE writes it) to 2026-01-01.
    "PendingAvailability": "PENDING_AVAILABILITY",
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    # Everything is shipped; only the buyer's invoice is not confirmed yet.
    "InvoiceUnconfirmed": "SHIPPED",
    "Canceled": "CANCELLED",
    "Cancelled": "CANCELLED",
    "Unfulfillable": "UNFULFILLABLE",
}

_ORDER_ID = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")

_FULFILLED_BY_NAMES = {"AFN": "AMAZON", "MFN": "MERCHANT", "Amazon": "AMAZON", "Merchant": "MERCHANT"}

_REPORT_STATUSES = {
    # Words of the reports that are no status of either Orders API.
    "Shipping": "PARTIALLY_SHIPPED",
    "Complete": "SHIPPED",
}

RETENTION = timedelta(days=548)
"""Amazon data without personal data is kept for 18 months at most (DPP 1.7), counted from the day it was received."""

REPORTED_LINE = "report:"
"""What the id of a line begins with that is known from a report alone, which does not give Amazon's ids of lines."""

_TITLE_BUDGET = 180
_SHORTEST_TITLE = 60

Windows = tuple[int | None, int | None, int | None, int | None]
"""Epoch seconds: ship not before, ship by, deliver not before, deliver by."""

NO_WINDOWS: Windows = (None, None, None, None)


class UnusableOrder(ValueError):
    """What Amazon sent can't be turned into an order; ``reason`` says why in words a seller can read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OrderLine(msgspec.Struct, frozen=True, array_like=True):
    """What was ordered on one line.

    Attributes:
        order_item_id: Amazon's identifier of the line.
        seller_sku: the seller's own SKU; empty when Amazon leaves it out.
        quantity_ordered: units ordered.
        quantity_shipped: units handed to the carrier so far.
        cancelled: the line will not be delivered, whatever becomes of the rest of the order.
    """

    order_item_id: str
    seller_sku: str
    quantity_ordered: int
    quantity_shipped: int = 0
    cancelled: bool = False


class LinePrice(msgspec.Struct, frozen=True, array_like=True):
    """The money of one line in minor units of the order's currency, as Amazon's proceeds break it down.

    The parts add up to the line's proceeds. ``discount_minor`` is zero or negative. ``quantity`` is the number of units
    the amounts were given for: when the line's quantity changes, the price is out of date.
    """

    quantity: int
    item_minor: int
    tax_minor: int = 0
    shipping_minor: int = 0
    discount_minor: int = 0
    other_minor: int = 0


class LineProduct(msgspec.Struct, frozen=True, array_like=True):
    """What a line's product is called; notifications don't say, documents do."""

    asin: str | None = None
    title: str | None = None


Prices = Mapping[str, LinePrice]
Products = Mapping[str, LineProduct]


class NotifiedLine(msgspec.Struct, frozen=True):
    """One entry of an ORDER_CHANGE notification's ``OrderItems``, in Amazon's vocabulary."""

    order_item_id: str
    seller_sku: str
    quantity: int
    quantity_shipped: int
    status: str = ""


class NotifiedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What an ORDER_CHANGE notification says about an order, in Amazon's vocabulary and without the postal code."""

    order_id: str
    marketplace_id: str
    status: str
    purchased_at: datetime
    changed_at: datetime
    fulfillment_type: str = ""
    whole_order: bool = True
    units_shipped: int | None = None
    units_unshipped: int | None = None
    lines: tuple[NotifiedLine, ...] = ()
    windows: Windows = NO_WINDOWS


class Breakdown(msgspec.Struct, frozen=True):
    """One category of a line's proceeds: Amazon's type and the decimal amount as text."""

    type: str
    amount: str
    currency: str


class DocumentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One order item of an Orders API document. ``breakdowns`` is None when Amazon gives no proceeds yet."""

    order_item_id: str
    seller_sku: str
    quantity_ordered: int
    quantity_shipped: int = 0
    asin: str | None = None
    title: str | None = None
    cancelled: bool = False
    breakdowns: tuple[Breakdown, ...] | None = None


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the Orders API 2026-01-01 describes it, without personal data."""

    order_id: str
    marketplace_id: str
    status: str
    purchased_at: datetime
    updated_at: datetime
    fulfilled_by: str = ""
    is_replacement: bool = False
    lines: tuple[DocumentLine, ...] = ()
    total: Breakdown | None = None
    windows: Windows = NO_WINDOWS


class ReportedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a report of all orders: amounts in major units, None when Amazon gives none."""

    seller_sku: str
    asin: str
    title: str
    quantity: int
    status: str
    currency: str
    item: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    other: Decimal | None = None


class ReportedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one order in a report, in the order of the file and in the report's vocabulary."""

    order_id: str
    marketplace_id: str
    status: str
    fulfilled_by: str
    purchased_at: datetime
    updated_at: datetime
    lines: tuple[ReportedLine, ...]
    is_replacement: bool = False


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one source established about an order. ``None`` means that this source says nothing about it.

    Attributes:
        day: the day of the purchase in the marketplace's own time zone.
        updated_at: when Amazon changed the order; the newest one wins.
        prices: money per order item id; an item Amazon gave no proceeds for is left out.
        total_minor: everything the seller receives for the order.
        is_reported: the source was a report, whose line ids are our own (``REPORTED_LINE``).
    """

    order_id: str
    marketplace_id: str
    day: date
    purchased_at: datetime
    updated_at: datetime
    status: str
    fulfilled_by: str
    windows: Windows
    lines: tuple[OrderLine, ...] | None
    prices: dict[str, LinePrice] | None = None
    products: dict[str, LineProduct] | None = None
    currency: str | None = None
    total_minor: int | None = None
    is_replacement: bool | None = None
    is_reported: bool = False

    @property
    def is_document(self) -> bool:
        """Whether the source was a whole document of the Orders API, which speaks of products and money by line id."""
        return self.products is not None and not self.is_reported


class Contribution(msgspec.Struct, frozen=True):
    """What one order adds to the figures of its day.

    Attributes:
        orders: 1 when the order counts as a sale.
        units: units ordered on lines that are not cancelled.
        sales_minor: item proceeds known so far, without tax, shipping and discounts.
        priced: 1 when the order has money in ``sales_minor``, so that averages divide by what was summed.
        pending: 1 while Amazon holds the order as pending.
        waiting_for_price: 1 while an order that is not pending lacks money for some line.
        cancelled: 1 when the order was cancelled.
    """

    orders: int = 0
    units: int = 0
    sales_minor: int = 0
    priced: int = 0
    pending: int = 0
    waiting_for_price: int = 0
    cancelled: int = 0


NOTHING = Contribution()


def normalise_status(amazon_status: str) -> str:
    """Return the 2026-01-01 name of a status of either vocabulary.

    A status that nobody knows yet is kept, in the same style (``UpComing`` becomes ``UP_COMING``), so that it is shown
    rather than lost; it counts like an order that is still open.
    """
    known = _STATUS_NAMES.get(amazon_status)
    if known is not None:
        return known
    if amazon_status.isupper():
        return amazon_status
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in amazon_status)
    return words.strip("_").upper()


def normalise_fulfilled_by(amazon_name: str) -> str:
    """Return AMAZON or MERCHANT for either vocabulary; an unknown name is kept in capitals."""
    return _FULFILLED_BY_NAMES.get(amazon_name, amazon_name.upper())


def local_day(instant: datetime, time_zone: str) -> date:
    """Return the calendar day of an instant in a marketplace's own time zone (IANA name)."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def day_bounds(from_day: date, to_day: date, time_zone: str) -> tuple[datetime, datetime]:
    """Return the first instant of ``from_day`` and the last whole second of ``to_day`` in a marketplace's time zone.

    A day has 23 or 25 hours when the clocks change; the bounds are the marketplace's own midnights all the same.
    """
    zone = ZoneInfo(time_zone)
    after = datetime.combine(to_day + timedelta(days=1), time.min, zone)
    return datetime.combine(from_day, time.min, zone).astimezone(UTC), after.astimezone(UTC) - timedelta(seconds=1)


def expires_at(received_at: datetime) -> datetime:
    """Return when an order must be gone: 18 months after it was first received, however old it was then."""
    return received_at + RETENTION


def _whole_seconds(instant: datetime) -> datetime:
    """Cut to the second: the purchase time is part of the key, and Amazon's two sources differ in their decimals."""
    return instant.replace(microsecond=0)


def _checked_quantity(quantity: int, order_item_id: str) -> int:
    if quantity < 0:
        raise UnusableOrder(f"Order item {order_item_id} has a negative quantity.")
    return quantity


def facts_of_notification(notified: NotifiedOrder, time_zone: str) -> OrderFacts:
    """Work out what a notification establishes.

    An item-level notification lists only the items that changed. Its lines are taken when they account for every unit
    of the order and left out otherwise, which leaves the stored lines as they are.

    Raises:
        UnusableOrder: a quantity is negative or two lines have the same id.
    """
    lines = tuple(
        OrderLine(
            line.order_item_id,
            line.seller_sku,
            _checked_quantity(line.quantity, line.order_item_id),
            _checked_quantity(line.quantity_shipped, line.order_item_id),
            normalise_status(line.status) in _UNCOUNTED_STATUSES,
        )
        for line in notified.lines
    )
    _check_unique(lines)
    return OrderFacts(
        order_id=notified.order_id,
        marketplace_id=notified.marketplace_id,
        day=local_day(notified.purchased_at, time_zone),
        purchased_at=_whole_seconds(notified.purchased_at),
        updated_at=notified.changed_at,
        status=normalise_status(notified.status),
        fulfilled_by=normalise_fulfilled_by(notified.fulfillment_type),
        windows=notified.windows,
        lines=lines if lines and _accounts_for_all(notified, lines) else None,
    )


def _accounts_for_all(notified: NotifiedOrder, lines: Sequence[OrderLine]) -> bool:
    if notified.whole_order:
        return True
    if notified.units_shipped is None or notified.units_unshipped is None:
        return False
    live = sum(line.quantity_ordered for line in lines if not line.cancelled)
    return live == notified.units_shipped + notified.units_unshipped


def _check_unique(lines: Sequence[OrderLine]) -> None:
    if len({line.order_item_id for line in lines}) != len(lines):
        raise UnusableOrder("Two lines of the order have the same order item id.")


def line_price(breakdowns: Sequence[Breakdown], quantity: int, currency: str) -> LinePrice | None:
    """Return the money of a line from Amazon's proceeds, exactly, or None when the item's own price is not there.

    The ITEM subtotal is the line's sales, as Amazon states it: never unit price times quantity. Discounts (DISCOUNT,
    or PROMOTION as some accounts see it) are kept as a negative amount whichever sign Amazon writes.

    Raises:
        UnusableOrder: an amount is not exact money of ``currency``.
        InvalidInput: an amount is no number at all.
    """
    parts = {"ITEM": 0, "TAX": 0, "SHIPPING": 0, "DISCOUNT": 0, "OTHER": 0}
    has_item = False
    for breakdown in breakdowns:
        if breakdown.currency != currency:
            raise UnusableOrder(f"The order mixes {currency} and {breakdown.currency}.")
        amount = Money.from_decimal(breakdown.amount, breakdown.currency).amount_minor
        if breakdown.type in ("DISCOUNT", "PROMOTION"):
            parts["DISCOUNT"] -= abs(amount)
        elif breakdown.type in parts:
            parts[breakdown.type] += amount
        else:
            parts["OTHER"] += amount
        has_item = has_item or breakdown.type == "ITEM"
    if not has_item:
        return None
    return LinePrice(quantity, parts["ITEM"], parts["TAX"], parts["SHIPPING"], parts["DISCOUNT"], parts["OTHER"])


def facts_of_document(document: OrderDocument, time_zone: str) -> OrderFacts:
    """Work out what a document of the Orders API establishes.

    Raises:
        UnusableOrder: a quantity is negative, two lines have the same id, or currencies are mixed.
        InvalidInput: an amount is no number.
    """
    lines = tuple(
        OrderLine(
            line.order_item_id,
            line.seller_sku,
            _checked_quantity(line.quantity_ordered, line.order_item_id),
            _checked_quantity(line.quantity_shipped, line.order_item_id),
            line.cancelled,
        )
        for line in document.lines
    )
    _check_unique(lines)
    currency = _currency_of(document)
    prices: dict[str, LinePrice] = {}
    for line in document.lines:
        price = line_price(line.breakdowns, line.quantity_ordered, currency) if line.breakdowns and currency else None
        if price is not None:
            prices[line.order_item_id] = price
    limit = title_limit(len(lines))
    products = {line.order_item_id: LineProduct(line.asin, _shortened(line.title, limit)) for line in document.lines}
    return OrderFacts(
        order_id=document.order_id,
        marketplace_id=document.marketplace_id,
        day=local_day(document.purchased_at, time_zone),
        purchased_at=_whole_seconds(document.purchased_at),
        updated_at=document.updated_at,
        status=normalise_status(document.status),
        fulfilled_by=normalise_fulfilled_by(document.fulfilled_by),
        windows=document.windows,
        lines=lines or None,
        prices=prices,
        products=products,
        currency=currency,
        total_minor=_total(document, prices, currency),
        is_replacement=document.is_replacement,
    )


def report_status(amazon_status: str) -> str:
    """Return the 2026-01-01 name of an order's status in a report, such as ``Shipped - Delivered to Buyer``."""
    plain = amazon_status.split(" - ", 1)[0].strip()
    return _REPORT_STATUSES.get(plain) or normalise_status(plain.replace(" ", ""))


def facts_of_report(order: ReportedOrder, time_zone: str, *, tax_on_top: bool) -> OrderFacts:
    """Work out what the rows of a report establish.

    A report does not give Amazon's ids of the lines, so lines are numbered within the order. Where prices include tax
    (everywhere but in the United States and Canada) the tax of a row is a part of its price and is not added again.

    Raises:
        UnusableOrder: a quantity is negative, currencies are mixed, or an amount is not exact money.
        InvalidInput: an amount or a currency is none at all.
    """
    lines: list[OrderLine] = []
    prices: dict[str, LinePrice] = {}
    products: dict[str, LineProduct] = {}
    currencies = {line.currency for line in order.lines if line.currency}
    if len(currencies) > 1:
        raise UnusableOrder(f"The order mixes {' and '.join(sorted(currencies))}.")
    currency = next(iter(currencies), None)
    status = report_status(order.status)
    limit = title_limit(len(order.lines))
    for number, line in enumerate(order.lines, start=1):
        line_id = f"{REPORTED_LINE}{number}"
        line_status = report_status(line.status)
        lines.append(
            OrderLine(
                line_id,
                line.seller_sku,
                _checked_quantity(line.quantity, line_id),
                line.quantity if line_status == "SHIPPED" else 0,
                line_status in _UNCOUNTED_STATUSES,
            )
        )
        products[line_id] = LineProduct(line.asin or None, _shortened(line.title or None, limit))
        if currency is not None and line.item is not None:
            prices[line_id] = _reported_price(line, currency, tax_on_top=tax_on_top)
    return OrderFacts(
        order_id=order.order_id,
        marketplace_id=order.marketplace_id,
        day=local_day(order.purchased_at, time_zone),
        purchased_at=_whole_seconds(order.purchased_at),
        updated_at=order.updated_at,
        status=status,
        fulfilled_by=normalise_fulfilled_by(order.fulfilled_by),
        windows=NO_WINDOWS,
        lines=tuple(lines),
        prices=prices,
        products=products,
        currency=currency,
        total_minor=_sum_of(prices) if prices else None,
        is_replacement=order.is_replacement,
        is_reported=True,
    )


def _reported_price(line: ReportedLine, currency: str, *, tax_on_top: bool) -> LinePrice:
    def minor(amount: Decimal | None) -> int:
        return 0 if amount is None else Money.from_decimal(str(amount), currency).amount_minor

    return LinePrice(
        line.quantity,
        minor(line.item),
        minor(line.tax) if tax_on_top else 0,
        minor(line.shipping),
        -abs(minor(line.discount)),
        minor(line.other),
    )


def with_ids_of(facts: OrderFacts, known: Sequence[OrderLine]) -> OrderFacts | None:
    """Return what a report established, under the ids of lines that are known; None when the lines don't correspond.

    They correspond when both sides have the same SKUs, and of each SKU as many lines, paired by their quantity where
    that can be had. Several rows of one SKU are one line when only one is known: Amazon writes a row for each
    warehouse. So an order item id that Amazon once told is not lost to a report.
    """
    told: dict[str, list[OrderLine]] = {}
    for line in facts.lines or ():
        told.setdefault(line.seller_sku, []).append(line)
    present: dict[str, list[OrderLine]] = {}
    for line in known:
        present.setdefault(line.seller_sku, []).append(line)
    if not told or told.keys() != present.keys():
        return None
    groups: list[tuple[str, list[OrderLine]]] = []
    for sku, lines in told.items():
        there = present[sku]
        if len(there) == 1:
            groups.append((there[0].order_item_id, lines))
        elif len(there) == len(lines):
            groups += _paired(lines, there)
        else:
            return None
    return msgspec.structs.replace(
        facts,
        lines=tuple(_one_line(name, lines) for name, lines in groups),
        prices={name: price for name, lines in groups if (price := _one_price(lines, facts.prices or {})) is not None},
        products={name: (facts.products or {})[lines[0].order_item_id] for name, lines in groups},
    )


def _paired(lines: Sequence[OrderLine], there: Sequence[OrderLine]) -> list[tuple[str, list[OrderLine]]]:
    """Pair lines of one SKU, those of the same quantity first."""
    free = list(there)
    pairs: list[tuple[str, list[OrderLine]]] = []
    left: list[OrderLine] = []
    for line in lines:
        same = next((each for each in free if each.quantity_ordered == line.quantity_ordered), None)
        if same is None:
            left.append(line)
        else:
            free.remove(same)
            pairs.append((same.order_item_id, [line]))
    return pairs + [(each.order_item_id, [line]) for each, line in zip(free, left, strict=True)]


def _one_line(name: str, lines: Sequence[OrderLine]) -> OrderLine:
    return OrderLine(
        name,
        lines[0].seller_sku,
        sum(line.quantity_ordered for line in lines),
        sum(line.quantity_shipped for line in lines),
        all(line.cancelled for line in lines),
    )


def _one_price(lines: Sequence[OrderLine], prices: Prices) -> LinePrice | None:
    """Add up the prices of rows that are one line; None when a row that counts has none."""
    found = [prices[line.order_item_id] for line in lines if line.order_item_id in prices]
    if not found or any(not line.cancelled and line.order_item_id not in prices for line in lines):
        return None
    return LinePrice(*(sum(parts) for parts in zip(*(msgspec.structs.astuple(price) for price in found), strict=True)))


def has_real_ids(lines: Sequence[OrderLine]) -> bool:
    """Whether lines are known under Amazon's own ids."""
    return bool(lines) and not any(line.order_item_id.startswith(REPORTED_LINE) for line in lines)


def _currency_of(document: OrderDocument) -> str | None:
    for line in document.lines:
        for breakdown in line.breakdowns or ():
            return breakdown.currency
    return document.total.currency if document.total is not None else None


def _total(document: OrderDocument, prices: Prices, currency: str | None) -> int | None:
    """Return Amazon's grand total, or the sum of the lines' proceeds when Amazon gives none."""
    if document.total is not None:
        if document.total.currency != currency:
            raise UnusableOrder(f"The order mixes {currency} and {document.total.currency}.")
        return Money.from_decimal(document.total.amount, document.total.currency).amount_minor
    return _sum_of(prices) if prices else None


def _sum_of(prices: Prices) -> int:
    return sum(
        price.item_minor + price.tax_minor + price.shipping_minor + price.discount_minor + price.other_minor
        for price in prices.values()
    )


def title_limit(line_count: int) -> int:
    """Return how many characters of a title are kept, so that an order of up to three lines fits one write unit."""
    return max(_SHORTEST_TITLE, _TITLE_BUDGET // max(line_count, 1))


def _shortened(title: str | None, limit: int) -> str | None:
    if title is None or len(title) <= limit:
        return title
    return f"{title[: limit - 1].rstrip()}…"


def looks_like_order_id(text: str) -> bool:
    """Whether a search text is an order id of Amazon: digits in groups of 3, 7 and 7."""
    return _ORDER_ID.fullmatch(text) is not None


def is_counted(status: str, *, is_replacement: bool) -> bool:
    """Whether an order is a sale: not cancelled, not unfulfillable, and not a free replacement of an earlier order."""
    return not is_replacement and status not in _UNCOUNTED_STATUSES


def is_open_question(status: str) -> bool:
    """Whether Amazon may still decide otherwise: pending, or in a status this version does not know."""
    return status in PENDING_STATUSES or status not in KNOWN_STATUSES


class OrderState(msgspec.Struct, frozen=True):
    """The part of an order that decides what it counts for.

    Attributes:
        has_document: whether a document of the Orders API was seen, which says what money there is.
    """

    status: str
    lines: tuple[OrderLine, ...] = ()
    prices: Mapping[str, LinePrice] = msgspec.field(default_factory=dict[str, LinePrice])
    is_replacement: bool = False
    has_document: bool = False
    currency: str | None = None

    @property
    def live_lines(self) -> tuple[OrderLine, ...]:
        """The lines that were not cancelled."""
        return tuple(line for line in self.lines if not line.cancelled)


def needs_price(state: OrderState) -> bool:
    """Whether the order document has to be fetched for its money.

    True when the order counts, is past pending, and a live line has no price for its present quantity, or the lines
    themselves are not known.
    """
    if not is_counted(state.status, is_replacement=state.is_replacement) or state.status in PENDING_STATUSES:
        return False
    return not _is_priced(state)


def _is_priced(state: OrderState) -> bool:
    return bool(state.lines) and all(_line_is_priced(line, state) for line in state.live_lines)


def _line_is_priced(line: OrderLine, state: OrderState) -> bool:
    price = state.prices.get(line.order_item_id)
    if price is not None and price.quantity == line.quantity_ordered:
        return True
    # A line without units need not have money: once a document was seen without any, there is none to wait for.
    return line.quantity_ordered == 0 and state.has_document


def _sales_of(line: OrderLine, state: OrderState) -> int | None:
    """Return what a live line sold for, None when not known.

    A price for another quantity is the best there is until the new one comes, but not for a line that has become empty.
    """
    price = state.prices.get(line.order_item_id)
    if price is None or (line.quantity_ordered == 0 and price.quantity != 0):
        return None
    return price.item_minor


def contribution(state: OrderState) -> Contribution:
    """Return what an order in this state adds to its day's figures."""
    if not is_counted(state.status, is_replacement=state.is_replacement):
        return Contribution(cancelled=1) if state.status == "CANCELLED" else NOTHING
    live = state.live_lines
    sales = [amount for line in live if (amount := _sales_of(line, state)) is not None]
    pending = is_open_question(state.status)
    return Contribution(
        orders=1,
        units=sum(line.quantity_ordered for line in live),
        sales_minor=sum(sales),
        priced=int(bool(sales)),
        pending=int(pending),
        waiting_for_price=int(not pending and not _is_priced(state)),
    )


def contributions_by_sku(state: OrderState) -> dict[str, Contribution]:
    """Return what an order in this state adds to its day's figures of each product on its lines.

    An order of two products is an order of both; units and sales add up to those of the order. A line without a SKU
    counts under the empty text.
    """
    lines: dict[str, list[OrderLine]] = {}
    for line in state.lines:
        # A line that was called off counts for nothing, unless the whole order was, which counts for all its products.
        if not line.cancelled or state.status == "CANCELLED":
            lines.setdefault(line.seller_sku, []).append(line)
    found = {
        sku: contribution(msgspec.structs.replace(state, lines=tuple(group))) for sku, group in sorted(lines.items())
    }
    return {sku: each for sku, each in found.items() if each != NOTHING}
