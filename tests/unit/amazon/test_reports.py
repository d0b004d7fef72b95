"""Report files: from Amazon's bytes to typed rows, whatever is wrong with them."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulator.reports import listings
from quayside.amazon.report_rows import (
    AdviceRow,
    BadCell,
    ListingRow,
    OrderRow,
    ReturnRow,
    Row,
    SettlementRow,
    TrafficRow,
    count,
    instant,
    number,
)
from quayside.amazon.reports import (
    CUSTOMER_RETURNS,
    KINDS,
    MERCHANT_LISTINGS,
    ORDERS_BY_LAST_UPDATE,
    ORDERS_BY_ORDER_DATE,
    RESTOCK_ADVICE,
    SETTLEMENT,
    TRAFFIC,
    BrokenFile,
    Cutter,
    Header,
    HeaderChanged,
    IdFilter,
    Kept,
    NotThisReport,
    Read,
    Totals,
    identity_of,
    indexed,
    is_personal,
    layout_of,
    read_json,
    read_piece,
    share_of,
    totals_of,
    unpacked,
)
from tests.support.reports import ORDER_HEADER, SECRETS, order_cells, order_id, table

US, DE, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1VC38T7YXB528"
ORDERS = KINDS[ORDERS_BY_ORDER_DATE]


class Cut(msgspec.Struct):
    """A file that was cut: what is kept, and what is known of it."""

    members: list[bytes]
    kept: Kept

    @property
    def plain(self) -> bytes:
        return b"".join(zlib.decompress(each, 31) for each in self.members)


def in_chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[place : place + size] for place in range(0, len(content), size))


def cut(
    content: str | bytes, *, kind: str = ORDERS_BY_ORDER_DATE, marketplaces: Sequence[str] = (US,), chunk: int = 100,
    piece_bytes: int = 1 << 20,
) -> Cut:  # fmt: skip
    data = content.encode() if isinstance(content, str) else content
    cutter = Cutter(KINDS[kind], marketplaces, piece_bytes=piece_bytes)
    members = list(cutter.cut(in_chunks(data, chunk)))
    return Cut(members, cutter.kept)


def read_all(found: Cut, *, kind: str = ORDERS_BY_ORDER_DATE) -> Read:
    assert found.kept.header is not None
    layout = layout_of(KINDS[kind], found.kept.header, found.kept.encoding)
    carried: dict[str, str] = {}
    rows: list[Row] = []
    bad = []
    for piece, packed in zip(found.kept.pieces, found.members, strict=True):
        read = read_piece(KINDS[kind], layout, packed, piece.first_line, carried)
        rows += read.rows
        bad += read.bad
    return Read(rows, bad)


def rows_of(content: str | bytes, kind: str = ORDERS_BY_ORDER_DATE, marketplaces: Sequence[str] = (US,)) -> list[Row]:
    read = read_all(cut(content, kind=kind, marketplaces=marketplaces), kind=kind)
    assert not read.bad
    return read.rows


# -- Cells -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19.99", "19.99"), ("-19.99", "-19.99"), ("0", "0"), ("19,99", "19.99"), ("-1.234,56", "-1234.56"),
        ("1,234.56", "1234.56"), ("1,234", "1234"), ("1,234,567", "1234567"), ("12,5", "12.5"), ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"), ("1'234.56", "1234.56"), ("1.234", "1.234"), (",5", "0.5"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_every_marketplace_writes_them(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "12-3", "NaN", "Infinity", "1,2,3,4", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        number(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_an_amount_means_the_same_with_comma_and_with_point(value: Decimal) -> None:
    grouped = f"{value:,.2f}"
    assert number(grouped) == value
    assert number(grouped.translate(str.maketrans(",.", ".,"))) == value
    assert number(str(value).replace(".", ",")) == value


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "", "10000000000"])
def test_what_is_no_number_of_units_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        count(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-21T10:11:12+00:00", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("2026-11-21T10:11:12Z", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("2026-11-21T02:11:12-08:00", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21 10:11:12 UTC", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("2026-11-21 02:11:12 PST", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("21.11.2026 10:11:12 UTC", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("21/11/2026 11:11:12 MEZ", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("2026/11/21 19:11:12 JST", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
        ("2026/11/21 4:11 JST", datetime(2026, 11, 20, 19, 11, tzinfo=UTC)),
        ("21/11/2026 15:41:12 IST", datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_every_marketplace_writes_them(text: str, at: datetime) -> None:
    assert instant(text) == at
    assert instant(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["", "soon", "31.02.2026", "2026-13-01", "21/11/2026 10:11:12 XYZ", "01.01.0000"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        instant(text)


# -- Rows of each report -----------------------------------------------------------------------------------------------


def test_a_row_of_orders_is_read_with_its_line() -> None:
    (row,) = rows_of(table([order_cells(7, gift_wrap_price="2.00", product_name='12" pan, "best"')]))
    assert row == OrderRow(
        line=2,
        order_id=order_id(7),
        purchased_at=datetime(2026, 11, 1, 18, tzinfo=UTC),
        updated_at=datetime(2026, 11, 2, 7, tzinfo=UTC),
        status="Shipped",
        fulfilled_by="Amazon",
        sales_channel="Amazon.com",
        title='12" pan, "best"',
        seller_sku="SKU-1",
        asin="B000000001",
        item_status="Shipped",
        quantity=1,
        currency="USD",
        item_price=Decimal("19.99"),
        item_tax=Decimal("1.65"),
        shipping_price=Decimal("4.99"),
        shipping_tax=None,
        gift_wrap_price=Decimal("2.00"),
        gift_wrap_tax=None,
        item_discount=Decimal("1.00"),
        shipping_discount=None,
    )


LISTINGS = {
    "English": (US, "utf-8", {
        "item-name": "Café beans", "listing-id": "1121", "seller-sku": "SKU-1", "price": "19.99", "quantity": "5",
        "open-date": "2024-01-14 04:32:17 PST", "item-note": "", "item-condition": "11", "asin1": "B000000001",
        "product-id": "B000000001", "product-id-type": "1", "fulfillment-channel": "DEFAULT",
        "merchant-shipping-group": "Default", "status": "Active",
    }),
    "German, cp1252": (DE, "cp1252", {
        "Artikelbezeichnung": "Kaffee für Büros", "Angebotsnummer": "1121", "Händler-SKU": "SKU-1", "Preis": "19,99",
        "Menge": "5", "Erstellungsdatum": "14/01/2024 13:32:17 MEZ", "Artikelzustand": "11", "ASIN 1": "B000000001",
        "Produkt-ID": "B000000001", "Produkt-ID-Typ": "1", "Versender": "DEFAULT", "Händlerversandgruppe": "Default",
        "Status": "Active",
    }),
    "French": (DE, "cp1252", {
        "nom-produit": "Café moulu", "id-offre": "1121", "sku-vendeur": "SKU-1", "prix": "19,99", "quantité": "5",
        "date-ouverture": "14/01/2024 13:32:17 CET", "état-produit": "11", "id-produit": "B000000001",
        "type-id-produit": "1", "canal-traitement": "DEFAULT", "groupe-expédition-vendeur": "Default", "état": "Active",
    }),
    "Italian": (DE, "utf-8", {
        "Nome dell'articolo": "Caffè", "Numero offerta": "1121", "SKU venditore": "SKU-1", "Prezzo": "19,99",
        "Quantità": "5", "Data di creazione": "14/01/2024 13:32:17 CET", "Condizione dell'articolo": "11",
        "Identificativo del prodotto": "B000000001", "Tipo di identificativo del prodotto": "1",
        "Canale di gestione": "DEFAULT", "gruppo-spedizione-venditore": "Default", "stato": "Active",
    }),
    "Spanish": (DE, "utf-8", {
        "Título del producto": "Café", "Identificador del listing": "1121", "SKU del vendedor": "SKU-1",
        "Precio": "19,99", "Cantidad": "5", "Fecha de creación": "14/01/2024 13:32:17 CET",
        "Estado del producto": "11", "Identificador del producto": "B000000001",
        "Tipo de identificador de producto": "1", "Canal de gestión logística": "DEFAULT", "estado": "Active",
        "merchant-shipping-group": "Default",
    }),
    "Japanese, Shift_JIS": (JP, "cp932", {
        "商品名": "コーヒー豆 ソ表", "出品ID": "1121", "出品者SKU": "SKU-1", "価格": "19.99", "数量": "5",
        "出品日": "2024/01/14 21:32:17 JST", "コンディション": "11", "商品ID": "B000000001", "商品IDタイプ": "1",
        "フルフィルメント・チャンネル": "DEFAULT", "merchant-shipping-group": "Default", "ステータス": "Active",
    }),
}  # fmt: skip


@pytest.mark.parametrize("language", LISTINGS)
def test_listings_are_read_in_every_language_and_encoding(language: str) -> None:
    marketplace, encoding, cells = LISTINGS[language]
    (row,) = rows_of(table([cells], list(cells)).encode(encoding), MERCHANT_LISTINGS, (marketplace,))
    assert row == ListingRow(
        line=2,
        seller_sku="SKU-1",
        asin="B000000001",
        listing_id="1121",
        title=next(iter(cells.values())),
        price=Decimal("19.99"),
        quantity=5,
        opened_at=datetime(2024, 1, 14, 12, 32, 17, tzinfo=UTC),
        fulfilment_channel="DEFAULT",
        status="Active",
        condition="11",
        product_id="B000000001",
        product_id_type="1",
        shipping_group="Default",
    )


ADVICE = {
    "Country": "US", "Product Name": 'Lamp 12"', "FNSKU": "X1", "Merchant SKU": "SKU-1", "ASIN": "B000000001",
    "Condition": "New", "Price": "9.99", "Inbound": "5", "Available": "2", "Customer Order": "1",
    "Total Days of Supply (including units from open shipments)": "7.5",
    "Days of Supply at Amazon Fulfillment Network": "2", "Alert": "low_stock", "Recommended replenishment qty": "1,160",
    "Recommended ship date": "12/04/2026", "Recommended action": "Create shipping plan",
}  # fmt: skip


def advice(**changes: str) -> AdviceRow:
    cells = ADVICE | changes
    (row,) = rows_of(table([cells], list(cells)), RESTOCK_ADVICE)
    assert isinstance(row, AdviceRow)
    return row


def test_restock_recommendations_are_read_as_amazon_says_them() -> None:
    assert advice() == AdviceRow(
        2, "US", "SKU-1", "B000000001", 1160, date(2026, 12, 4), 7, "low_stock", "Create shipping plan"
    )
    nothing = advice(**{"Recommended replenishment qty": "", "Recommended ship date": "none", "Alert": ""})
    assert (nothing.quantity, nothing.ship_on, nothing.alert) == (None, None, "")


@pytest.mark.parametrize(
    ("country", "text", "day"),
    [
        ("US", "12/04/2026", date(2026, 12, 4)),
        ("United Kingdom", "12/04/2026", date(2026, 4, 12)),
        ("DE", "12/04/2026", date(2026, 4, 12)),
        ("US", "2026-12-04", date(2026, 12, 4)),
        ("CA", "12/04/2026", None),
        ("CA", "04/04/2026", date(2026, 4, 4)),
        ("CA", "23/04/2026", date(2026, 4, 23)),
        ("DE", "12/14/2026", None),
        ("DE", "", None),
    ],
)
def test_a_day_to_ship_is_read_by_the_countrys_habit_or_not_at_all(country: str, text: str, day: date | None) -> None:
    assert advice(**{"Country": country, "Recommended ship date": text}).ship_on == day


def test_a_byte_order_mark_remarks_and_quoted_cells_are_understood() -> None:
    names = [f"{name} (a remark)" for name in ("seller-sku", "price", "quantity", "fulfillment-channel")]
    quoted = "\ufeff" + "\t".join(f'"{name}"' for name in names) + '\r\n"A""B"\t"1.50"\t""\t"DEFAULT"\r\n'
    (row,) = rows_of(quoted, MERCHANT_LISTINGS)
    assert isinstance(row, ListingRow)
    assert (row.seller_sku, row.price, row.quantity) == ('A"B', Decimal("1.50"), None)


def test_a_listing_opened_at_no_understandable_time_is_a_listing_all_the_same() -> None:
    cells = LISTINGS["English"][2] | {"open-date": "vor langer Zeit", "price": "", "quantity": ""}
    (row,) = rows_of(table([cells], list(cells)), MERCHANT_LISTINGS)
    assert isinstance(row, ListingRow)
    assert (row.opened_at, row.price, row.quantity) == (None, None, None)


def test_lines_in_two_encodings_are_each_read_in_theirs() -> None:
    cells = LISTINGS["English"][2]
    text = table([cells | {"item-name": "Café"}], list(cells)).encode("cp1252")
    text += table([cells | {"item-name": "Žižkov"}], list(cells)).encode().split(b"\n", 1)[1]
    titles = [row.title for row in rows_of(text, MERCHANT_LISTINGS, (DE,)) if isinstance(row, ListingRow)]
    assert titles == ["Café", "Žižkov"]


def test_bytes_of_no_encoding_spoil_nothing_but_their_own_characters() -> None:
    cells = LISTINGS["English"][2]
    text = table([cells | {"item-name": "caf?"}], list(cells)).encode().replace(b"caf?", b"caf\x81\xe9")
    (row,) = rows_of(text, MERCHANT_LISTINGS, (DE,))
    assert isinstance(row, ListingRow)
    assert row.title == "caf\ufffdé"
    assert row.seller_sku == "SKU-1"


RETURN = {
    "return-date": "2026-11-03T10:00:00+00:00", "order-id": order_id(1), "sku": "SKU-1", "asin": "B000000001",
    "fnsku": "X001", "product-name": "Coffee beans", "quantity": "1", "fulfillment-center-id": "ONT8",
    "detailed-disposition": "SELLABLE", "reason": "DEFECTIVE", "status": "Unit returned to inventory",
    "license-plate-number": "LPN1", "customer-comments": "call me: 555-0100",
}  # fmt: skip


def test_returns_are_read_and_what_buyers_wrote_is_dropped() -> None:
    found = cut(table([RETURN], list(RETURN)), kind=CUSTOMER_RETURNS)
    assert b"call me" not in found.plain
    (row,) = read_all(found, kind=CUSTOMER_RETURNS).rows
    assert row == ReturnRow(
        2, datetime(2026, 11, 3, 10, tzinfo=UTC), order_id(1), "SKU-1", "B000000001", "X001", "Coffee beans", 1, "ONT8",
        "SELLABLE", "DEFECTIVE", "Unit returned to inventory", "LPN1",
    )  # fmt: skip


SETTLEMENT_HEADER = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name",
    "amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time",
    "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
)  # fmt: skip
SUMMARY = {
    "settlement-id": "7", "settlement-start-date": "01.11.2026 10:00:00 UTC",
    "settlement-end-date": "15.11.2026 10:00:00 UTC", "deposit-date": "17.11.2026 10:00:00 UTC",
    "total-amount": "1.016,42", "currency": "EUR",
}  # fmt: skip


def settled(amount: str, **more: str) -> dict[str, str]:
    return {
        "settlement-id": "7", "transaction-type": "Order", "order-id": order_id(1), "amount-type": "ItemPrice",
        "amount-description": "Principal", "amount": amount, "posted-date": "02.11.2026",
        "posted-date-time": "02.11.2026 08:00:00 UTC", "sku": "SKU-1", "quantity-purchased": "1", **more,
    }  # fmt: skip


def test_settlement_lines_carry_the_currency_of_their_summary_and_add_up_to_it() -> None:
    lines = [SUMMARY, settled("1.019,41"), settled("-2,99", **{"posted-date-time": ""})]
    rows = rows_of(table(lines, SETTLEMENT_HEADER), SETTLEMENT)
    summary, first, second = rows
    assert isinstance(summary, SettlementRow)
    assert isinstance(first, SettlementRow)
    assert isinstance(second, SettlementRow)
    assert (summary.is_summary, summary.total, summary.amount) == (True, Decimal("1016.42"), None)
    assert (first.is_summary, first.currency, first.amount) == (False, "EUR", Decimal("1019.41"))
    assert (second.posted_at, second.quantity) == (datetime(2026, 11, 2, tzinfo=UTC), 1)
    totals = totals_of(rows)
    assert totals.money == {"EUR": Decimal("1016.42")} == totals.stated
    assert totals.disagreement == ""
    assert "add up to 1019.41 EUR" in totals_of(rows[:2]).disagreement


def test_a_settlement_line_before_any_summary_has_no_currency_and_is_bad() -> None:
    read = read_all(cut(table([settled("1,00")], SETTLEMENT_HEADER), kind=SETTLEMENT), kind=SETTLEMENT)
    assert not read.rows
    assert [each.line for each in read.bad] == [2]


def traffic(**changes: object) -> bytes:
    report: dict[str, object] = {
        "reportSpecification": {"dataStartTime": "2026-11-19", "dataEndTime": "2026-11-19"},
        "salesAndTrafficByDate": [
            {
                "date": "2026-11-19",
                "salesByDate": {
                    "orderedProductSales": {"amount": 64.97, "currencyCode": "USD"}, "unitsOrdered": 3,
                    "totalOrderItems": 2, "unitsRefunded": 1,
                },
                "trafficByDate": {"sessions": 40, "pageViews": 55, "buyBoxPercentage": 98.5},
            }
        ],
        "salesAndTrafficByAsin": [
            {
                "parentAsin": "B0PARENT01", "childAsin": "B000000001", "sku": "SKU-1",
                "salesByAsin": {
                    "unitsOrdered": 3, "orderedProductSales": {"amount": 64.97, "currencyCode": "USD"},
                    "totalOrderItems": 2,
                },
                "trafficByAsin": {"sessions": 40, "pageViews": 55, "buyBoxPercentage": 98.5},
            },
            {"childAsin": "B000000002", "sku": "SKU-2", "salesByAsin": {"unitsOrdered": "many"}},
        ],
    }  # fmt: skip
    return json.dumps(report | changes).encode()


def test_sales_and_traffic_of_a_day_are_read_entry_by_entry() -> None:
    found = cut(traffic(), kind=TRAFFIC, piece_bytes=100)
    assert len(found.members) > 3
    assert found.plain == traffic()
    read = read_json(KINDS[TRAFFIC], found.members)
    total, product = read.rows
    assert isinstance(product, TrafficRow)
    assert product == TrafficRow(
        line=2, day=date(2026, 11, 19), is_total=False, parent_asin="B0PARENT01", asin="B000000001", seller_sku="SKU-1",
        units_ordered=3, order_items=2, sales=Decimal("64.97"), currency="USD", sessions=40, page_views=55,
        buy_box_percentage=Decimal("98.5"), units_refunded=None,
    )  # fmt: skip
    assert isinstance(total, TrafficRow)
    assert (total.is_total, total.units_refunded) == (True, 1)
    assert [(each.line, each.column) for each in read.bad] == [(3, "salesAndTrafficByAsin")]
    assert totals_of(read.rows).money == {"USD": Decimal("64.97")}


@pytest.mark.parametrize(
    "content",
    [
        b"{not json",
        b"[]",
        traffic(reportSpecification=None),
        traffic(reportSpecification={"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-19"}),
    ],
)
def test_a_traffic_report_that_is_none_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(BadCell):
        read_json(KINDS[TRAFFIC], cut(content, kind=TRAFFIC).members)


# -- Bad rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"quantity": "two"}, "quantity", "“two” is no number"),
        ({"quantity": ""}, "quantity", "is no number"),
        ({"item-price": "n/a"}, "item-price", "“n/a” is no number"),
        ({"purchase-date": "yesterday"}, "purchase-date", "“yesterday” is no time"),
        ({"last-updated-date": ""}, "last-updated-date", "is no time"),
        ({"amazon-order-id": ""}, "", "torn"),
        ({"order-status": ""}, "order-status", "empty"),
        ({"product-name": "a\tb"}, "", "torn"),
    ],
)
def test_a_bad_row_names_line_column_and_reason_and_spoils_no_other(
    changes: dict[str, str], column: str, words: str
) -> None:
    good = [order_cells(1), order_cells(3)]
    # A row that does not begin like one is short or long, so it is cut down to nothing but its line.
    broken = order_cells(2) | changes
    if changes.get("amazon-order-id") == "":
        text = table([good[0]]) + "rest of a title\tSKU\n" + table([good[1]]).split("\n", 1)[1]
    else:
        text = table([good[0], broken, good[1]])
    read = read_all(cut(text))
    assert [(each.line, each.column) for each in read.bad] == [(3, column)]
    assert words in read.bad[0].reason
    assert [row.line for row in read.rows] == [2, 4]


def test_a_row_that_is_short_at_its_end_is_filled_up() -> None:
    text = table([order_cells(1)])
    short = "\t".join(text.split("\n")[1].split("\t")[:20])
    (row,) = rows_of(f"{text.split(chr(10))[0]}\n{short}\n")
    assert isinstance(row, OrderRow)
    assert row.item_price == Decimal("19.99")


def test_empty_lines_and_windows_line_ends_count_as_lines_but_not_as_rows() -> None:
    text = table([order_cells(1), order_cells(2)], newline="\r\n").replace("\r\n902-0000002", "\r\n\r\n902-0000002")
    found = cut(text)
    assert found.kept.rows == 2
    read = read_all(found)
    assert [row.line for row in read.rows] == [2, 4]
    assert not read.bad


def test_cells_beyond_the_header_are_bad_unless_they_are_empty() -> None:
    cells = LISTINGS["English"][2]
    header, row = table([cells], list(cells)).rstrip("\n").split("\n")
    read = read_all(cut(f"{header}\n{row}\t\t\n{row}\tmore\n", kind=MERCHANT_LISTINGS), kind=MERCHANT_LISTINGS)
    assert [each.line for each in read.rows] == [2]
    assert "15 cells where the header has 14" in read.bad[0].reason


# -- Headers -----------------------------------------------------------------------------------------------------------


def test_columns_may_come_in_any_order_with_new_ones_between() -> None:
    header = ["is-premium", *reversed(ORDER_HEADER)]
    (row,) = rows_of(table([order_cells(5)], header))
    assert isinstance(row, OrderRow)
    assert (row.order_id, row.item_price) == (order_id(5), Decimal("19.99"))


def test_a_missing_optional_column_is_empty_and_a_missing_required_one_is_named() -> None:
    (row,) = rows_of(table([order_cells(1)], [name for name in ORDER_HEADER if name != "gift-wrap-price"]))
    assert isinstance(row, OrderRow)
    assert row.gift_wrap_price is None
    found = cut(table([order_cells(1)], [name for name in ORDER_HEADER if name not in {"quantity", "sku"}]))
    assert found.kept.header is not None
    with pytest.raises(HeaderChanged, match="“sku”, “quantity”") as raised:
        layout_of(ORDERS, found.kept.header, "utf-8")
    assert raised.value.missing == ("sku", "quantity")


@pytest.mark.parametrize("content", ["<html>Sorry</html>\n", "name\taddress\nAnna\tHome\n", "\n\n"])
def test_of_a_file_that_is_no_such_report_nothing_is_kept(content: str) -> None:
    with pytest.raises(NotThisReport):
        cut(content)


def test_every_kind_knows_its_own_columns_once() -> None:
    for kind in KINDS.values():
        names = [column.name for column in kind.columns]
        assert len(names) == len(set(names))
        layout = layout_of(kind, Header(tuple(names)), "utf-8")
        assert layout.places == tuple(range(len(names)))


@pytest.mark.parametrize("language", sorted(listings.HEADERS))
def test_every_header_of_the_simulator_is_understood(language: str) -> None:
    words = listings.HEADERS[language]
    layout = layout_of(KINDS[MERCHANT_LISTINGS], Header(tuple(words.values())), "utf-8")
    for column, place in zip(KINDS[MERCHANT_LISTINGS].columns, layout.places, strict=True):
        expected = list(words).index(column.name) if column.name in words else -1
        assert place == expected, column.name


# -- Personal data -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["buyer-name", "Recipient Name", "ship-city", "ship_postal_code", "buyer-phone", "delivery-address", "vat-name"],
)
def test_columns_that_sound_personal_are_dropped(name: str) -> None:
    assert is_personal(ORDERS, name)


@pytest.mark.parametrize("name", ["product-name", "ship-country", "is-premium", "promotion-ids", "sku"])
def test_columns_about_goods_and_money_are_kept(name: str) -> None:
    assert not is_personal(ORDERS, name)


def test_a_title_column_of_a_listing_is_not_personal_whatever_it_is_called() -> None:
    assert not is_personal(KINDS[MERCHANT_LISTINGS], "Nome dell'articolo")


@given(
    st.lists(st.sampled_from(["tab", "short", "cut", "newline", "plain"]), min_size=1, max_size=6),
    st.integers(1, 400),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_nothing_personal_is_kept_however_rows_are_torn(kinds: list[str], chunk: int, chance: object) -> None:
    del chance
    header = [*ORDER_HEADER, "buyer-email"]
    lines = [table([], header).rstrip("\n")]
    for number_of, kind in enumerate(kinds):
        line = table([order_cells(number_of, buyer_email="PLANTED@example.com")], header).split("\n")[1]
        cells = line.split("\t")
        lines.append(
            {
                "tab": line.replace("Coffee beans", "Coffee\tbeans"),
                "short": "\t".join(cells[:12]),
                "cut": "\t".join(cells[11:]),
                "newline": line.replace("Coffee beans", "Coffee\nbeans"),
                "plain": line,
            }[kind]
        )
    kept = cut("\n".join(lines) + "\n", chunk=chunk).plain.decode()
    assert not [secret for secret in (*SECRETS, "PLANTED@example.com", "PLANTED") if secret in kept]


# -- Cutting, resuming and finding again -------------------------------------------------------------------------------


def mixed(numbers: Sequence[int]) -> str:
    """Return a file whose rows belong to these orders, in this order."""
    return table(
        [order_cells(each, sku=f"SKU-{place}", product_name=f"Tee é {place}") for place, each in enumerate(numbers)]
    )


@given(st.lists(st.integers(1, 8), max_size=40), st.integers(1, 700), st.integers(1, 3000))
@settings(max_examples=80)
def test_cutting_changes_no_row_wherever_it_cuts(numbers: list[int], chunk: int, piece_bytes: int) -> None:
    whole = cut(mixed(numbers))
    pieces = cut(mixed(numbers), chunk=chunk, piece_bytes=piece_bytes)
    assert pieces.plain == whole.plain
    assert read_all(pieces).rows == read_all(whole).rows
    assert pieces.kept.rows == whole.kept.rows == len(numbers)
    offsets = [piece.offset for piece in pieces.kept.pieces]
    assert offsets == [sum(len(each) for each in pieces.members[:place]) for place in range(len(pieces.members))]
    # Rows that stand together are in one piece.
    layout = layout_of(ORDERS, pieces.kept.header or Header(()), "utf-8")
    ends = [
        read_piece(ORDERS, layout, packed, piece.first_line, {}).rows
        for piece, packed in zip(pieces.kept.pieces, pieces.members, strict=True)
    ]
    for before, after in pairwise(ends):
        if before and after:
            assert identity_of(before[-1]) != identity_of(after[0])


@given(st.lists(st.integers(1, 12), max_size=40), st.integers(1, 2000))
@settings(max_examples=80)
def test_orders_whose_rows_do_not_stand_together_are_noticed(numbers: list[int], piece_bytes: int) -> None:
    found = cut(mixed(numbers), piece_bytes=piece_bytes).kept
    seen: list[int] = []
    scattered = set()
    for each in numbers:
        if seen and seen[-1] == each:
            continue
        if each in seen:
            scattered.add(each)
        seen.append(each)
    assert all(order_id(each) in found.scattered for each in scattered)
    assert found.scattered_ids == len(scattered)
    assert bool(found.scattered) == bool(scattered)


@given(st.lists(st.integers(1, 8), max_size=30), st.integers(200, 3000), st.integers(1, 500))
@settings(max_examples=50)
def test_a_kept_file_tells_by_itself_what_its_cutter_knew(numbers: list[int], piece_bytes: int, chunk: int) -> None:
    found = cut(mixed(numbers), piece_bytes=piece_bytes)
    again = indexed(ORDERS, (US,), in_chunks(b"".join(found.members), chunk))
    assert (again.pieces, again.header, again.encoding, again.rows, again.sha256, again.scattered_ids) == (
        found.kept.pieces, found.kept.header, found.kept.encoding, found.kept.rows, found.kept.sha256,
        found.kept.scattered_ids,
    )  # fmt: skip
    assert again.scattered.bits == found.kept.scattered.bits


def test_a_kept_file_that_ends_too_early_is_noticed() -> None:
    packed = b"".join(cut(mixed([1, 2, 3])).members)
    with pytest.raises(BrokenFile):
        indexed(ORDERS, (US,), [packed[:-5]])
    with pytest.raises(BrokenFile):
        indexed(ORDERS, (US,), [packed[:20] + b"\0\0\0\0" + packed[24:]])


@given(st.binary(max_size=400), st.integers(1, 50), st.integers(1, 3))
def test_what_was_packed_is_unpacked_however_it_arrives(content: bytes, chunk: int, members: int) -> None:
    packed = gzip.compress(content) * members
    assert b"".join(unpacked(in_chunks(packed, chunk))) == content * members


@given(st.binary(max_size=100).filter(lambda each: not each.startswith(b"\x1f\x8b")), st.integers(1, 50))
def test_what_was_not_packed_passes(content: bytes, chunk: int) -> None:
    assert b"".join(unpacked(in_chunks(content, chunk))) == content


@pytest.mark.parametrize("cut_off", [1, 8, 12])
def test_a_download_that_ends_too_early_is_no_short_report(cut_off: int) -> None:
    packed = gzip.compress(mixed([1, 2]).encode())
    with pytest.raises(BrokenFile, match="too early"):
        list(unpacked([packed[:-cut_off]]))
    with pytest.raises(BrokenFile, match="damaged"):
        list(unpacked([packed[:12] + b"\xff\xff\xff\xff" + packed[16:]]))


def test_only_wanted_orders_are_read_when_some_are_wanted() -> None:
    found = cut(mixed([1, 2, 1, 3]))
    layout = layout_of(ORDERS, found.kept.header or Header(()), "utf-8")
    read = read_piece(ORDERS, layout, found.members[0], 1, {}, lambda each: each == order_id(1))
    assert [row.line for row in read.rows] == [2, 4]


# -- Filters and totals ------------------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 10**7 - 1), max_size=300))
def test_a_filter_never_forgets_an_id_and_reads_back_as_it_was(numbers: set[int]) -> None:
    ids = [order_id(each) for each in numbers]
    made = IdFilter.of(ids)
    again = IdFilter(made.bits)
    assert all(each in again for each in ids)
    assert bool(again) == bool(ids)
    assert not IdFilter(b"") or ids


def test_a_filter_is_rarely_wrong_and_never_large() -> None:
    assert len(IdFilter.of(order_id(each) for each in range(100_000)).bits) == IdFilter.LARGEST
    made = IdFilter.of(order_id(each) for each in range(30_000))
    wrong = sum(order_id(each) in made for each in range(1_000_000, 1_010_000))
    assert wrong < 300


@given(st.integers(0, 10**7 - 1), st.integers(1, 50))
def test_every_id_falls_into_one_share(number_of: int, shares: int) -> None:
    assert 0 <= share_of(order_id(number_of), shares) < shares
    assert share_of(order_id(number_of), shares) == share_of(order_id(number_of), shares)


@given(st.lists(st.integers(1, 5), max_size=20), st.integers(0, 20))
def test_totals_of_parts_add_up_to_the_total(numbers: list[int], at: int) -> None:
    rows = read_all(cut(mixed(numbers))).rows
    assert totals_of(rows[:at]).plus(totals_of(rows[at:])) == totals_of(rows)
    expected = Totals(len(rows), len(rows), {"USD": Decimal("19.99") * len(rows)} if rows else {})
    assert totals_of(rows) == expected


def test_both_reports_of_all_orders_are_read_alike() -> None:
    assert rows_of(table([order_cells(1)]), ORDERS_BY_LAST_UPDATE) == rows_of(table([order_cells(1)]))
