"""The rows of Amazon's reports as typed values, one struct a report, each with its line in the file. Pure.

A row is made from its cells in the order of the report's canonical columns (``quayside.amazon.reports``); a column
that the file does not have is an empty text. Money is read to ``Decimal`` exactly, instants to UTC. A cell that can't
be read makes the whole row a ``BadRow`` that names line, column and reason; nothing is guessed.

Amazon writes numbers and times by the country of the marketplace: ``1.234,56``, ``14/01/2020 04:32:17 GMT``,
``2020/01/14 4:32:17 JST``. Numbers and quantities repeat in a file, so what a text means is remembered.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Never

import msgspec

_REMEMBERED = 50_000


class BadRow(msgspec.Struct, frozen=True):
    """A row that could not be read.

    Attributes:
        line: its line in the file, the header being line 1.
        column: the canonical name of the column at fault, empty when the row as a whole is.
        reason: what is wrong, in words; quotes at most 40 characters of the cell.
    """

    line: int
    column: str
    reason: str


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One line of an order, from a report of all orders.

    Attributes:
        status: the order's status in the words of the report: Pending, Unshipped, Shipping, Shipped, Cancelled, … .
        fulfilled_by: Amazon or Merchant.
        sales_channel: ``Amazon.de``, or ``Non-Amazon …`` for an order that Amazon only fulfils.
        quantity: units; 0 on a cancelled line.
        currency: empty as long as the order has no price.
        item_price: for all units of the line, without tax where Amazon states tax apart; None when Amazon gives none.
    """

    line: int
    order_id: str
    purchased_at: datetime
    updated_at: datetime
    status: str
    fulfilled_by: str
    sales_channel: str
    title: str
    seller_sku: str
    asin: str
    item_status: str
    quantity: int
    currency: str
    item_price: Decimal | None
    item_tax: Decimal | None
    shipping_price: Decimal | None
    shipping_tax: Decimal | None
    gift_wrap_price: Decimal | None
    gift_wrap_tax: Decimal | None
    item_discount: Decimal | None
    shipping_discount: Decimal | None
    is_replacement: bool = False


class ListingRow(msgspec.Struct, frozen=True, gc=False):
    """One listing of the seller in one marketplace.

    Attributes:
        asin: None when the report identifies the product by something else.
        quantity: units the seller offers; None for stock at Amazon.
        opened_at: when it was created; None when it is not said or not understood.
        fulfilment_channel: ``DEFAULT`` for the seller's own, ``AMAZON_NA`` and the like for Amazon's.
        status: ``Active``, ``Inactive``, ``Incomplete``, in the words of the report.
        product_id_type: 1 for an ASIN, 2 ISBN, 3 UPC, 4 EAN.
    """

    line: int
    seller_sku: str
    asin: str | None
    listing_id: str
    title: str
    price: Decimal | None
    quantity: int | None
    opened_at: datetime | None
    fulfilment_channel: str
    status: str
    condition: str
    product_id: str
    product_id_type: str
    shipping_group: str


class ReturnRow(msgspec.Struct, frozen=True, gc=False):
    """One return that reached a warehouse of Amazon. What the buyer wrote is dropped before anything is kept."""

    line: int
    returned_at: datetime
    order_id: str
    seller_sku: str
    asin: str
    fnsku: str
    title: str
    quantity: int
    fulfilment_centre: str
    disposition: str
    reason: str
    status: str
    license_plate: str


class SettlementRow(msgspec.Struct, frozen=True, gc=False):
    """One line of a settlement statement.

    Amazon's first line of a statement is its summary (``is_summary``): it has the period, the deposit and the total,
    and no transaction. The other lines carry the statement's currency, which Amazon writes on the summary alone.

    Attributes:
        total: what is paid out, on the summary alone.
        amount: None on the summary.
        posted_at: when the transaction was posted; a whole day when Amazon gives no time. None on the summary.
        quantity: units the line is about, None when Amazon says nothing.
    """

    line: int
    settlement_id: str
    is_summary: bool
    started_at: datetime | None
    ended_at: datetime | None
    deposited_at: datetime | None
    total: Decimal | None
    currency: str
    transaction_type: str
    order_id: str
    merchant_order_id: str
    adjustment_id: str
    shipment_id: str
    marketplace_name: str
    amount_type: str
    amount_description: str
    amount: Decimal | None
    posted_at: datetime | None
    order_item_id: str
    seller_sku: str
    quantity: int | None
    promotion_id: str


class TrafficRow(msgspec.Struct, frozen=True, gc=False):
    """Sales and traffic of one SKU on one day, or of the whole marketplace (``is_total``).

    Attributes:
        line: its place in the report, for JSON has no lines: 1 for the first.
        day: the day in the marketplace's own time zone.
        buy_box_percentage: from 0 to 100; None when Amazon says nothing.
        units_refunded: on the total alone.
    """

    line: int
    day: date
    is_total: bool
    parent_asin: str
    asin: str
    seller_sku: str
    units_ordered: int
    order_items: int
    sales: Decimal
    currency: str
    sessions: int | None
    page_views: int | None
    buy_box_percentage: Decimal | None
    units_refunded: int | None


class AdviceRow(msgspec.Struct, frozen=True, gc=False):
    """What Amazon itself recommends to send of one SKU, from the report of restock recommendations.

    Attributes:
        country: of the stock, as Amazon writes it: ``US``, ``United Kingdom``, … .
        quantity: units Amazon would send; None when it recommends none.
        ship_on: by when; None when it is not said or not clear.
        days_of_supply: how long what is there and on its way lasts by Amazon's reckoning; None when it does not say.
        alert: Amazon's alert in its own word, for example ``out_of_stock``; empty when there is none.
        action: what Amazon recommends, in its own words; empty when nothing.
    """

    line: int
    country: str
    seller_sku: str
    asin: str
    quantity: int | None
    ship_on: date | None
    days_of_supply: int | None
    alert: str
    action: str


Row = OrderRow | ListingRow | ReturnRow | SettlementRow | TrafficRow | AdviceRow


# -- Cells -------------------------------------------------------------------------------------------------------------


class BadCell(ValueError):
    """A cell does not hold what its column promises; the message says what is wrong in words."""


_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+")
_NUMBER_NOISE = str.maketrans("", "", "\u00a0\u202f '")


def number(text: str) -> Decimal:
    """Read a decimal number as any of Amazon's marketplaces writes it.

    The last separator is the decimal one. A single comma followed by exactly three digits groups thousands, for no
    currency of a marketplace has three decimals.

    Raises:
        BadCell: the text is no finite number.
    """
    plain = text.translate(_NUMBER_NOISE)
    if "," in plain:
        if "." in plain:
            decimal_comma = plain.rindex(",") > plain.rindex(".")
            plain = plain.replace(".", "").replace(",", ".") if decimal_comma else plain.replace(",", "")
        elif _GROUPED.fullmatch(plain):
            plain = plain.replace(",", "")
        else:
            plain = plain.replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise BadCell(f"“{text[:40]}” is no number.") from None
    if not value.is_finite():
        raise BadCell(f"“{text[:40]}” is no number.")
    return value


def optional_number(text: str) -> Decimal | None:
    """Read a number; an empty cell means that Amazon says nothing."""
    return number(text) if text.strip() else None


def count(text: str) -> int:
    """Read a whole number that is not negative.

    Raises:
        BadCell: it is none.
    """
    value = number(text)
    if value != value.to_integral_value() or not 0 <= value <= _MOST_UNITS:
        raise BadCell(f"“{text[:40]}” is no number of units.")
    return int(value)


def optional_count(text: str) -> int | None:
    """Read a whole number; an empty cell means that Amazon says nothing."""
    return count(text) if text.strip() else None


_MOST_UNITS = 10**9

_LOCAL_TIME = re.compile(
    r"(?P<a>[0-9]{1,4})(?P<separator>[-./])(?P<b>[0-9]{1,2})(?P=separator)(?P<c>[0-9]{1,4})"
    r"(?:[ T](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?(?: ?(?P<zone>[A-Za-z]{2,5}))?"
)
_ZONE_HOURS = {
    "": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "TRT": 3, "MSK": 3, "GST": 4, "SGT": 8, "JST": 9, "AEST": 10, "AEDT": 11, "PST": -8,
    "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4, "BRT": -3,
}  # fmt: skip
"""What the letters behind a time mean; India's half hour stands apart."""
_INDIA = timezone(timedelta(hours=5, minutes=30))


def instant(text: str) -> datetime:
    """Read an instant as any of Amazon's marketplaces writes it, in UTC. A time without a zone is UTC.

    Of two numbers before a year the first is the day, for where Amazon puts the month first it writes dashes and the
    year in front.

    Raises:
        BadCell: it is no time, or its zone is not known.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _local_instant(text)
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _local_instant(text: str) -> datetime:
    found = _LOCAL_TIME.fullmatch(text.strip())
    if found is None:
        raise BadCell(f"“{text[:40]}” is no time.")
    a, b, c = found["a"], found["b"], found["c"]
    year, month, day = (a, b, c) if len(a) == _YEAR_DIGITS else (c, b, a)
    letters = (found["zone"] or "").upper()
    if letters != "IST" and letters not in _ZONE_HOURS:
        raise BadCell(f"“{text[:40]}” has a time zone nobody knows.")
    zone = _INDIA if letters == "IST" else timezone(timedelta(hours=_ZONE_HOURS[letters]))
    try:
        at = datetime(
            int(year), int(month), int(day), int(found["hour"] or 0), int(found["minute"] or 0),
            int(found["second"] or 0), tzinfo=zone,
        )  # fmt: skip
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadCell(f"“{text[:40]}” is no time.") from None


_YEAR_DIGITS = 4


def optional_instant(text: str) -> datetime | None:
    """Read an instant; an empty cell means that Amazon says nothing."""
    return instant(text) if text.strip() else None


def some_text(text: str) -> str:
    """Return a text that must not be empty.

    Raises:
        BadCell: it is.
    """
    if not text.strip():
        raise BadCell("The cell is empty.")
    return text


def any_text(text: str) -> str:
    """Return a text as it is."""
    return text


class _Remembered[Value](dict[str, Value]):
    """What texts mean, worked out once for each text; forgets everything now and then, so that it stays small."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Value:
        value = self._read(text)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = value
        return value


_amounts = _Remembered(optional_number)
_counts = _Remembered(count)


# -- Rows --------------------------------------------------------------------------------------------------------------

Cells = Sequence[str]
Carried = dict[str, str]
"""What a row leaves for the rows after it: a settlement's currency stands on its first line alone."""


def order_row(cells: Cells, line: int, _carried: Carried) -> OrderRow:
    """Read a row of a report of all orders."""
    (
        order_id, purchased, updated, status, fulfilled_by, sales_channel, title, sku, asin, item_status, quantity,
        currency, item_price, item_tax, shipping_price, shipping_tax, gift_wrap_price, gift_wrap_tax, item_discount,
        shipping_discount, is_replacement,
    ) = cells  # fmt: skip
    if not order_id:
        _refuse("The cell is empty.")
    purchased_at = datetime.fromisoformat(purchased)
    updated_at = datetime.fromisoformat(updated)
    if purchased_at.tzinfo is not UTC or updated_at.tzinfo is not UTC:
        purchased_at, updated_at = instant(purchased), instant(updated)
    return OrderRow(
        line, order_id, purchased_at, updated_at, status or _refuse("The cell is empty."), fulfilled_by, sales_channel,
        title, sku, asin, item_status, _counts[quantity], currency, _amounts[item_price], _amounts[item_tax],
        _amounts[shipping_price], _amounts[shipping_tax], _amounts[gift_wrap_price], _amounts[gift_wrap_tax],
        _amounts[item_discount], _amounts[shipping_discount], is_replacement in _TRUE,
    )  # fmt: skip


_TRUE = frozenset({"true", "True", "TRUE", "Y", "yes", "1"})


def listing_row(cells: Cells, line: int, _carried: Carried) -> ListingRow:
    """Read a row of the report of all listings."""
    (
        sku, asin1, listing_id, title, price, quantity, opened, channel, status, condition, product_id, id_type, group,
    ) = cells  # fmt: skip
    asin = asin1 or (product_id if id_type == _ASIN_TYPE or _ASIN.fullmatch(product_id) else "")
    try:
        opened_at = optional_instant(opened)
    except BadCell:
        # When a listing was created is a nicety: no reason to lose the listing.
        opened_at = None
    return ListingRow(
        line, some_text(sku), asin or None, listing_id, title, _amounts[price], optional_count(quantity), opened_at,
        channel, status, condition, product_id, id_type, group,
    )  # fmt: skip


_ASIN_TYPE = "1"
_ASIN = re.compile(r"B0[0-9A-Z]{8}")


def return_row(cells: Cells, line: int, _carried: Carried) -> ReturnRow:
    """Read a row of the report of FBA returns."""
    (
        returned, order_id, sku, asin, fnsku, title, quantity, centre, disposition, reason, status, plate,
    ) = cells  # fmt: skip
    return ReturnRow(
        line, instant(returned), some_text(order_id), sku, asin, fnsku, title, _counts[quantity], centre, disposition,
        reason, status, plate,
    )  # fmt: skip


def settlement_row(cells: Cells, line: int, carried: Carried) -> SettlementRow:
    """Read a row of a settlement; the summary leaves its currency for the rows after it."""
    (
        settlement_id, started, ended, deposited, total, currency, transaction_type, order_id, merchant_order_id,
        adjustment_id, shipment_id, marketplace_name, amount_type, description, amount, posted_day, posted_at,
        item_code, sku, quantity, promotion_id,
    ) = cells  # fmt: skip
    some_text(settlement_id)
    is_summary = bool(total.strip()) and not transaction_type
    if is_summary:
        carried[f"currency:{settlement_id}"] = some_text(currency)
    else:
        currency = currency or carried.get(f"currency:{settlement_id}", "")
        some_text(currency)
        number(amount)
    return SettlementRow(
        line, settlement_id, is_summary, optional_instant(started), optional_instant(ended),
        optional_instant(deposited), _amounts[total], currency, transaction_type, order_id, merchant_order_id,
        adjustment_id, shipment_id, marketplace_name, amount_type, description, _amounts[amount],
        None if is_summary else instant(posted_at or posted_day), item_code, sku, optional_count(quantity),
        promotion_id,
    )  # fmt: skip


def advice_row(cells: Cells, line: int, _carried: Carried) -> AdviceRow:
    """Read a row of the report of restock recommendations."""
    country, sku, asin, supply, alert, quantity, ship_on, action = cells
    return AdviceRow(
        line, country.strip(), some_text(sku), asin, optional_count(quantity), _ship_day(ship_on, country.strip()),
        _whole_days(supply), alert.strip(), action.strip(),
    )  # fmt: skip


_SHIP_DAY = re.compile(r"(?P<first>[0-9]{1,2})/(?P<second>[0-9]{1,2})/(?P<year>[0-9]{4})")
_MONTH_FIRST = frozenset({"US", "United States"})
_EITHER = frozenset({"CA", "Canada"})


def _ship_day(text: str, country: str) -> date | None:
    """Read a day that Amazon writes by the country's habit, which in this report is month first in the United States.

    A recommendation stays one without its day, so what is not clear is None: ``none``, a day that does not exist, and
    in Canada, which uses both habits, a day that could be either.
    """
    found = _SHIP_DAY.fullmatch(text.strip())
    try:
        if found is None:
            return date.fromisoformat(text.strip()[:10])
        first, second, year = int(found["first"]), int(found["second"]), int(found["year"])
        if country in _EITHER:
            days = [(year, *each) for each in ((first, second), (second, first)) if each[0] <= _MONTHS]
            return date(*days[0]) if len(set(days)) == 1 else None
        return date(year, first, second) if country in _MONTH_FIRST else date(year, second, first)
    except ValueError:
        return None


_MONTHS = 12


def _whole_days(text: str) -> int | None:
    """Read how many days; Amazon may write a fraction, ``> 365``, or nothing."""
    try:
        value = optional_number(text)
    except BadCell:
        return None
    return None if value is None or not 0 <= value <= _MOST_UNITS else int(value)


def _refuse(reason: str) -> Never:
    raise BadCell(reason)


def explain(columns: Mapping[str, Callable[[str], object]], cells: Cells, line: int, problem: ValueError) -> BadRow:
    """Say which cell of a row is at fault, by reading them one by one; the row as a whole when none is."""
    for (name, read), cell in zip(columns.items(), cells, strict=True):
        try:
            read(cell)
        except BadCell as found:
            return BadRow(line, name, str(found))
    return BadRow(line, "", str(problem) if isinstance(problem, BadCell) else "The row can't be read.")


# -- Sales and traffic, which is JSON ----------------------------------------------------------------------------------


class _Amount(msgspec.Struct, frozen=True, rename="camel"):
    amount: Decimal = Decimal(0)
    currency_code: str = ""


class _DaySales(msgspec.Struct, frozen=True, rename="camel"):
    ordered_product_sales: _Amount = _Amount()
    units_ordered: int = 0
    total_order_items: int = 0
    units_refunded: int | None = None


class _DayTraffic(msgspec.Struct, frozen=True, rename="camel"):
    sessions: int | None = None
    page_views: int | None = None
    buy_box_percentage: Decimal | None = None


class _Day(msgspec.Struct, frozen=True, rename="camel"):
    date: str
    sales_by_date: _DaySales = _DaySales()
    traffic_by_date: _DayTraffic = _DayTraffic()


class _Product(msgspec.Struct, frozen=True, rename="camel"):
    sales_by_asin: _DaySales = _DaySales()
    traffic_by_asin: _DayTraffic = _DayTraffic()
    parent_asin: str = ""
    child_asin: str = ""
    sku: str = ""


class _Specification(msgspec.Struct, frozen=True, rename="camel"):
    data_start_time: str = ""
    data_end_time: str = ""


class _Traffic(msgspec.Struct, frozen=True, rename="camel"):
    report_specification: _Specification | None = None
    sales_and_traffic_by_date: tuple[msgspec.Raw, ...] = ()
    sales_and_traffic_by_asin: tuple[msgspec.Raw, ...] = ()


def traffic_rows(data: bytes) -> tuple[list[TrafficRow], list[BadRow]]:
    """Read a report of sales and traffic of one day, entry by entry.

    Raises:
        BadCell: it is not such a report, or covers more than one day, so that its SKUs belong to no day.
    """
    try:
        report = msgspec.json.decode(data, type=_Traffic, strict=False)
    except msgspec.DecodeError as problem:
        raise BadCell(f"The file is no report of sales and traffic: {problem}.") from None
    rows: list[TrafficRow] = []
    bad: list[BadRow] = []
    for place, raw in enumerate(report.sales_and_traffic_by_date, start=1):
        try:
            found = msgspec.json.decode(raw, type=_Day, strict=False)
            rows.append(_traffic_row(place, instant(found.date).date(), found.sales_by_date, found.traffic_by_date))
        except (msgspec.DecodeError, BadCell) as problem:
            bad.append(BadRow(place, "salesAndTrafficByDate", str(problem)))
    if not report.sales_and_traffic_by_asin:
        return rows, bad
    day = _only_day(report.report_specification)
    for place, raw in enumerate(report.sales_and_traffic_by_asin, start=len(report.sales_and_traffic_by_date) + 1):
        try:
            product = msgspec.json.decode(raw, type=_Product, strict=False)
            rows.append(_traffic_row(place, day, product.sales_by_asin, product.traffic_by_asin, product))
        except (msgspec.DecodeError, BadCell) as problem:
            bad.append(BadRow(place, "salesAndTrafficByAsin", str(problem)))
    return rows, bad


def _only_day(specification: _Specification | None) -> date:
    if specification is None:
        raise BadCell("The report does not say which day it covers.")
    first, last = instant(specification.data_start_time).date(), instant(specification.data_end_time).date()
    if first != last:
        raise BadCell("The report covers more than one day.")
    return first


def _traffic_row(
    line: int, day: date, sales: _DaySales, traffic: _DayTraffic, product: _Product | None = None
) -> TrafficRow:
    return TrafficRow(
        line=line,
        day=day,
        is_total=product is None,
        parent_asin=product.parent_asin if product else "",
        asin=product.child_asin if product else "",
        seller_sku=product.sku if product else "",
        units_ordered=sales.units_ordered,
        order_items=sales.total_order_items,
        sales=sales.ordered_product_sales.amount,
        currency=sales.ordered_product_sales.currency_code,
        sessions=traffic.sessions,
        page_views=traffic.page_views,
        buy_box_percentage=traffic.buy_box_percentage,
        units_refunded=sales.units_refunded,
    )
