"""Reports tell what the world holds: money to the cent, every row, in each marketplace's words, by the clock."""

import csv
import gzip
import io
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator import audit, people, truth
from infra.simulator import books as accounts
from infra.simulator.clock import DAY, HOUR, SimulatorClock, iso
from infra.simulator.faults import Faults
from infra.simulator.importing import import_orders, read_csv
from infra.simulator.lifecycle import State
from infra.simulator.marketplaces import BY_COUNTRY, MARKETPLACES
from infra.simulator.money import parse_amount
from infra.simulator.profiles import PROFILES
from infra.simulator.reports import listings, orders, restock, returns, sales_and_traffic, settlements
from infra.simulator.reports.engine import KINDS, Report, Reports
from infra.simulator.reports.making import Kind, shipping_tax
from infra.simulator.storage import Storage
from infra.simulator.world import Line, Notice, Order, Seller, World

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Stage:
    """A world with one seller and an engine that makes its reports."""

    world: World
    clock: SimulatorClock
    faults: Faults
    reports: Reports
    seller: Seller
    told: list[Notice]

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.world.step()

    def request(self, kind: Kind, *countries: str, days: float = 29, ago: float = 0, **options: str) -> str:
        """Ask for a report of ``days`` days that ended ``ago`` days before now, and return its id."""
        now = self.world.now_ms
        end = now - round(ago * DAY)
        places = [BY_COUNTRY[each].marketplace_id for each in countries] or self.seller.marketplaces[:1]
        report = self.reports.request(
            self.seller, kind, places, start=end - round(days * DAY), end=end, options=options, at=now
        )
        return report.report_id

    def report(self, report_id: str) -> Report:
        found = self.reports.report(self.seller, report_id)
        assert found is not None
        return found

    def raw(self, report: Report) -> tuple[bytes, str]:
        """Return a document's bytes, unpacked, and its content type."""
        compressed = self.reports.document_of(report)
        assert compressed is not None
        body, content_type = self.world.storage.connection.execute(
            "SELECT body, content_type FROM report_documents WHERE document_id = ?", (report.document_id,)
        ).fetchone()
        return (gzip.decompress(body) if compressed else body), content_type

    def made(self, kind: Kind, *countries: str, **values: Any) -> Report:
        """Ask for a report and wait until it is there."""
        report_id = self.request(kind, *countries, **values)
        self.advance(240)
        found = self.report(report_id)
        assert found.status == "DONE", found
        return found

    def settlements(self) -> list[Report]:
        return self.reports.search(
            self.seller, [settlements.SETTLEMENT.name], since=0, until=self.world.now_ms, limit=1000
        )


def _stage(profile: str, seed: int = 5, **values: Any) -> Stage:
    clock, faults = SimulatorClock.manual(START), Faults(seed)
    told: list[Notice] = []
    world = World(
        Storage(), clock, seed=seed, observe=lambda event: told.append(event) if isinstance(event, Notice) else None
    )
    reports = Reports(world, faults, b"key")
    seller = world.create_seller(profile, **values)
    world.step()
    return Stage(world, clock, faults, reports, seller, told)


@pytest.fixture(scope="module")
def europe() -> Stage:
    """A seller in five countries that nobody changes but by asking for reports."""
    return _stage("europe")


def _rows(raw: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    # Quotes mean nothing in a flat file, as production's stray ones show.
    return list(csv.DictReader(io.StringIO(raw.decode(encoding)), delimiter="\t", quoting=csv.QUOTE_NONE))


# ---------------------------------------------------------------------- orders


def test_order_report_and_api_agree_to_the_cent(europe: Stage) -> None:
    report = europe.made(orders.BY_ORDER_DATE, "DE", days=30)
    rows = _rows(europe.raw(report)[0])
    assert tuple(rows[0]) == orders.COLUMNS
    told: dict[str, Counter[str]] = {}
    for row in rows:
        if row["sales-channel"] == orders.NON_AMAZON:
            continue
        sums = told.setdefault(row["amazon-order-id"], Counter())
        sums["units"] += int(row["quantity"])
        for name in ("item-price", "item-tax", "shipping-price", "shipping-tax", "item-promotion-discount"):
            sums[name] += parse_amount(row[name] or "0", "EUR")
        sums["priced"] += bool(row["item-price"])
    world = europe.world
    expected = [
        Order._make(row)
        for row in world.storage.connection.execute(
            "SELECT * FROM orders WHERE created >= ? AND created < ?", (report.start, report.end)
        )
    ]
    assert set(told) == {each.order_id for each in expected}
    assert {each.marketplace_id for each in expected} == set(europe.seller.marketplaces)  # though only DE was asked for
    for order in expected:
        lines, sums = world.lines(order.pk), told[order.order_id]
        assert sums["units"] == sum(each.quantity for each in lines)
        if not order.priced:
            assert not sums["priced"]
            continue
        assert sums["item-price"] == sum(each.item_minor for each in lines)
        assert sums["item-tax"] + sums["shipping-tax"] == sum(each.tax_minor for each in lines)
        assert sums["shipping-price"] == sum(each.shipping_minor for each in lines)
        assert sums["item-promotion-discount"] == sum(each.discount_minor for each in lines)


def test_order_report_by_last_update_holds_what_was_updated(europe: Stage) -> None:
    report = europe.made(orders.BY_LAST_UPDATE, days=2)
    rows = _rows(europe.raw(report)[0])
    expected = europe.world.storage.connection.execute(
        "SELECT order_id FROM orders WHERE updated >= ? AND updated < ?", (report.start, report.end)
    ).fetchall()
    assert {row["amazon-order-id"] for row in rows} == {row[0] for row in expected}
    assert {row["order-status"] for row in rows} >= {"Shipped", "Unshipped"}


def test_order_rows_have_productions_bad_habits() -> None:
    stage = _stage("large-us", history_days=32, history_orders=4300)
    rows = _rows(stage.raw(stage.made(orders.BY_ORDER_DATE, days=30))[0])
    at = [row["amazon-order-id"] for row in rows]
    distances = [
        index - at.index(order_id) for index, order_id in enumerate(at) if at.index(order_id) not in {index, index - 1}
    ]
    assert max(distances) > 1000  # lines of one order far apart
    channels: dict[str, set[str]] = {order_id: set() for order_id in at}
    for row in rows:
        channels[row["amazon-order-id"]].add(row["sales-channel"])
    assert {"Amazon.com", orders.NON_AMAZON} in channels.values()  # one id in two channels
    again = Counter((row["amazon-order-id"], row["sku"], row["sales-channel"]) for row in rows)
    assert max(again.values()) > 1  # one line in two rows
    assert {row["product-name"].count('"') for row in rows} == {0, 1}  # quotes that nobody closes
    assert all(not row["item-price"] for row in rows if row["sales-channel"] == orders.NON_AMAZON)


def test_pending_orders_have_no_prices_and_orders_beyond_two_years_are_gone() -> None:
    stage = _stage("quiet-us")
    order = stage.world.new_order(stage.seller, quantity=3)
    stage.world.storage.connection.execute("DELETE FROM events")
    stage.world._events.clear()  # the order stays pending
    stage.clock.advance(60)
    report = stage.reports.request(
        stage.seller, orders.BY_ORDER_DATE, stage.seller.marketplaces, start=stage.world.now_ms - DAY,
        end=stage.clock.now_ms(), at=stage.clock.now_ms(),
    )  # fmt: skip
    stage.advance(240)
    (row,) = _rows(stage.raw(stage.report(report.report_id))[0])
    assert (row["amazon-order-id"], row["quantity"], row["order-status"]) == (order.order_id, "3", "Pending")
    assert (row["item-price"], row["currency"], row["item-tax"]) == ("", "", "")
    stage.advance(2 * 365 * 86400)
    old = stage.request(orders.BY_ORDER_DATE, days=1, ago=2 * 365)
    stage.advance(240)
    assert stage.report(old).status == "CANCELLED"


@given(quantity=st.integers(2, 9), money=st.tuples(*[st.integers(0, 10**6)] * 4))
def test_a_line_told_in_two_rows_adds_up(quantity: int, money: tuple[int, int, int, int]) -> None:
    line = Line(1, 1, 1, quantity, quantity, 0, *money)
    first, rest = orders.parts(line)
    for name in ("quantity", "item_minor", "tax_minor", "shipping_minor", "discount_minor"):
        assert getattr(first, name) + getattr(rest, name) == getattr(line, name)
        assert min(getattr(first, name), getattr(rest, name)) >= 0
    assert first.quantity == 1


@pytest.mark.parametrize(
    ("item", "shipping", "discount", "tax", "expected"),
    [(1000, 250, 0, 125, 25), (1000, 0, 0, 80, 0), (1000, 250, 250, 100, 25), (0, 0, 0, 0, 0), (500, 0, 500, 0, 0)],
)
def test_tax_on_shipping_is_its_share(item: int, shipping: int, discount: int, tax: int, expected: int) -> None:
    assert shipping_tax(Line(1, 1, 1, 1, 0, 0, item, tax, shipping, discount)) == expected


def test_city_of_a_report_is_the_city_of_the_buyer() -> None:
    for number in range(50):
        buyer = people.buyer(5, number, "DE")
        assert people.ships_to(5, number, "DE") == (buyer.city, buyer.state, buyer.postal_code)


# ---------------------------------------------------------------------- money


@pytest.mark.parametrize("profile", ["small-us", "europe", "japan"])
def test_settlements_pay_every_posting_once_and_add_up(profile: str) -> None:
    stage = _stage(profile)
    world, seller = stage.world, stage.seller
    stage.advance(13 * 86400)
    assert audit.check(world, seller) == []
    currency = MARKETPLACES[seller.marketplaces[0]].currency
    expected = {each["settlement_id"]: each["total_minor"] for each in truth.settlements(world, seller)}
    assert sum(expected.values()) == world.books.balance(seller.pk, accounts.BANK, currency)
    assert len(stage.settlements()) >= 6
    told: Counter[str] = Counter()
    for report in stage.settlements():
        encoding = "cp932" if profile == "japan" else "utf-8"
        total, *rows = _rows(stage.raw(report)[0], encoding)
        assert tuple(total) == settlements.COLUMNS
        comma = "," if profile == "europe" else "."
        amounts = [parse_amount(row["amount"].replace(comma, "."), currency) for row in rows]
        assert parse_amount(total["total-amount"].replace(comma, "."), currency) == sum(amounts)
        assert sum(amounts) == expected[total["settlement-id"]] > 0
        told.update(row["amount-description"] for row in rows)
        units = Counter(row["transaction-type"] for row in rows if row["quantity-purchased"])
        assert units["Order"] > 0
    assert told["Principal"] > told["FBAPerUnitFulfillmentFee"] > 0
    assert (told["MarketplaceFacilitatorTax-Principal"] > 0) == (profile == "small-us")
    unsettled = sum(each.net_minor for each in world.postings.between(seller.pk, 0, 2**62) if each.settlement is None)
    assert unsettled == world.books.balance(seller.pk, accounts.BALANCE, currency)


def test_a_settlement_below_nothing_is_carried_over() -> None:
    stage = _stage("quiet-us")
    world, seller = stage.world, stage.seller
    order = world.new_order(seller)
    world.advance_order(seller, order.order_id, "SHIPPED")
    stage.advance(20 * 86400)  # paid with the settlement of 3 December
    world.advance_order(seller, order.order_id, "REFUNDED")
    stage.advance(14 * 86400)
    second = world.new_order(seller, quantity=9)
    world.advance_order(seller, second.order_id, "SHIPPED")
    stage.advance(14 * 86400)
    found = truth.settlements(world, seller)
    refund = [each for each in found if each["left_minor"] < 0]
    assert len(refund) == 1
    assert refund[0]["total_minor"] == 0
    following = found[found.index(refund[0]) + 1]
    assert following["carried_minor"] == refund[0]["left_minor"]
    report = next(each for each in stage.settlements() if iso(each.end or 0) == refund[0]["end"])
    total, *rows = _rows(stage.raw(report)[0])
    assert total["total-amount"] == "0.00"
    assert sum(Decimal(row["amount"]) for row in rows) == 0
    assert {row["amount-description"] for row in rows} >= {"Current Reserve Amount"}
    assert audit.check(world, seller) == []


def test_audit_finds_a_posting_that_the_books_do_not_know() -> None:
    stage = _stage("small-us")
    stage.world.storage.connection.execute("UPDATE postings SET net_minor = net_minor + 1 WHERE pk = 1")
    assert any("postings" in each for each in audit.check(stage.world, stage.seller))


def test_imported_orders_are_settled_too() -> None:
    stage = _stage("quiet-us")
    seller = stage.world.open_empty_account("na", ["ATVPDKIKX0DER"], name="Imported")
    lines = "".join(f"2026-10-{day:02d}T10:00:00Z,o{day},MUG,2,30.00,USD\n" for day in range(1, 29))
    import_orders(stage.world, seller, read_csv("time,order,sku,quantity,price,currency\n" + lines))
    past = truth.settlements(stage.world, seller)
    assert sum(each["postings"] for each in past) > 10
    stage.advance(14 * 86400)
    assert len(truth.settlements(stage.world, seller)) == len(past) + 1
    assert audit.check(stage.world, seller) == []


# ---------------------------------------------------------------------- what came back, what is sold, who looked


def test_returns_are_the_units_that_came_back(europe: Stage) -> None:
    report = europe.made(returns.CUSTOMER_RETURNS, "DE", "FR", "IT", "ES", "NL", days=100)
    rows = _rows(europe.raw(report)[0])
    world = europe.world
    (expected,) = world.storage.connection.execute(
        "SELECT SUM(l.returned) FROM lines l JOIN orders o ON o.pk = l.order_pk "
        "WHERE o.state = ? AND o.by_amazon AND o.updated >= ? AND o.updated < ?",
        (int(State.RETURNED), report.start, report.end),
    ).fetchone()
    assert len(rows) == expected > 20
    assert {row["quantity"] for row in rows} == {"1"}
    assert len({row["license-plate-number"] for row in rows}) == len(rows)
    everything = europe.made(returns.CUSTOMER_RETURNS, "DE", "FR", "IT", "ES", "NL", days=200)
    damaged = sum(row["detailed-disposition"] == "CUSTOMER_DAMAGED" for row in _rows(europe.raw(everything)[0]))
    booked = sum(
        amount for _, account, _, amount in world.books.balances() if account == accounts.UNFULFILLABLE_CUSTOMER
    )
    assert damaged == booked > 0


@pytest.mark.parametrize(
    ("profile", "country", "encoding", "names", "date"),
    [
        ("small-us", "US", "utf-8-sig", ("item-name", "seller-sku", "fulfillment-channel"), "%Y-%m-%d"),
        ("europe", "DE", "cp1252", ("Artikelbezeichnung", "Händler-SKU", "Versender"), "%d/%m/%Y"),
        ("europe", "FR", "cp1252", ("nom-produit", "sku-vendeur", "canal-traitement"), "%d/%m/%Y"),
        ("europe", "IT", "cp1252", ("Nome dell'articolo", "SKU venditore", "Canale di gestione"), "%d/%m/%Y"),
        ("europe", "ES", "cp1252", ("Título del producto", "SKU del vendedor", "Canal de gestión logística"),
         "%d/%m/%Y"),
        ("europe", "NL", "cp1252", ("item-name", "seller-sku", "fulfilment-channel"), "%d/%m/%Y"),
        ("japan", "JP", "cp932", ("商品名", "出品者SKU", "フルフィルメント・チャンネル"), "%Y/%m/%d"),
    ],
)  # fmt: skip
def test_listings_are_in_the_marketplaces_own_words(
    profile: str, country: str, encoding: str, names: tuple[str, str, str], date: str
) -> None:
    stage = _stage(profile, history=False)
    raw, content_type = stage.raw(stage.made(listings.MERCHANT_LISTINGS, country))
    assert raw.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    assert raw.count(b"\xef\xbb\xbf") <= 1
    charsets = {"utf-8-sig": "UTF-8", "cp1252": "windows-1252", "cp932": "Shift_JIS"}
    assert content_type == f"text/plain; charset={charsets[encoding]}"
    rows = _rows(raw, encoding)
    assert set(names) <= set(rows[0])
    place = BY_COUNTRY[country]
    expected = stage.world.listings_of(stage.seller, place.marketplace_id)
    assert [row[names[1]] for row in rows] == [each.sku for each in expected]
    assert {row[names[2]] for row in rows} == {"DEFAULT", f"AMAZON_{place.region.upper()}".replace("_FE", "_JP")}
    columns = listings.columns_of(place)
    assert datetime.strptime(rows[0][columns["open-date"]][:10], date).astimezone(UTC).year > 2020
    for row, listing in zip(rows, expected, strict=True):
        assert parse_amount(row[columns["price"]], place.currency) == listing.price_minor
        assert (row[columns["quantity"]] == "") == listing.by_amazon


def test_a_suppressed_listing_is_inactive() -> None:
    stage = _stage("small-us", history=False)
    listing = stage.world.listings_of(stage.seller, "ATVPDKIKX0DER")[3]
    listing.issue = "99300"
    rows = _rows(stage.raw(stage.made(listings.MERCHANT_LISTINGS))[0], "utf-8-sig")
    assert [row["status"] for row in rows if row["seller-sku"] == listing.sku] == ["Inactive"]


def test_restock_recommendations_are_of_the_stock_amazon_holds(europe: Stage) -> None:
    report = europe.made(restock.RESTOCK_RECOMMENDATIONS, "DE")
    rows = _rows(europe.raw(report)[0])
    stored = [each for each in europe.world.listings_of(europe.seller, report.marketplaces[0]) if each.by_amazon]
    assert tuple(rows[0]) == restock.COLUMNS
    assert [row["Merchant SKU"] for row in rows] == [each.sku for each in stored]
    for row, listing in zip(rows, stored, strict=True):
        there = europe.world.books.balance(europe.seller.pk, accounts.FULFILLABLE, listing.units)
        held, sold = int(row["Inbound"]) + int(row["Available"]), int(row["Units Sold Last 30 Days"])
        assert int(row["Available"]) == there
        assert row["Recommended replenishment qty"] == str(max(0, 2 * sold - held))
        assert (row["Recommended ship date"] == "none") == (row["Recommended replenishment qty"] == "0")
    assert any(row["Recommended replenishment qty"] != "0" for row in rows)


def test_sales_and_traffic_agree_with_the_orders(europe: Stage) -> None:
    place = BY_COUNTRY["DE"]
    report = europe.made(sales_and_traffic.SALES_AND_TRAFFIC, "DE", days=6, ago=2, asinGranularity="SKU")
    document = json.loads(europe.raw(report)[0])
    sold = {
        each["day"]: each
        for each in truth.daily(europe.world, europe.seller)
        if each["marketplace_id"] == place.marketplace_id
    }
    days = document["salesAndTrafficByDate"]
    assert [each["date"] for each in days] == [f"2026-11-{number}" for number in range(13, 20)]
    for day in days:
        expected, sales, traffic = sold[day["date"]], day["salesByDate"], day["trafficByDate"]
        assert sales["unitsOrdered"] == expected["units"]
        assert round(sales["orderedProductSales"]["amount"] * 100) == expected["sales_minor"]
        assert traffic["sessions"] == traffic["browserSessions"] + traffic["mobileAppSessions"] >= sales["unitsOrdered"]
        assert traffic["pageViews"] >= traffic["sessions"]
        assert 3 < traffic["unitSessionPercentage"] < 40
        assert traffic["unitSessionPercentage"] == pytest.approx(
            100 * sales["unitsOrdered"] / traffic["sessions"], 0.01
        )
    products = document["salesAndTrafficByAsin"]
    assert len({each["sku"] for each in products}) == len(products)
    assert all(each["parentAsin"] == each["childAsin"] for each in products)
    for name, part in (("unitsOrdered", "sales"), ("sessions", "traffic"), ("pageViews", "traffic")):
        whole = sum(each[f"{part}ByDate"][name] for each in days)
        assert whole == sum(each[f"{part}ByAsin"][name] for each in products) > 0
    assert any(each["trafficByAsin"]["sessions"] and not each["salesByAsin"]["unitsOrdered"] for each in products)
    assert all(0 < each["trafficByAsin"]["buyBoxPercentage"] <= 100 for each in products)


@pytest.mark.parametrize(("granularity", "keys"), [("PARENT", {"parentAsin"}), ("CHILD", {"parentAsin", "childAsin"})])
def test_traffic_by_week_and_product(europe: Stage, granularity: str, keys: set[str]) -> None:
    report = europe.made(
        sales_and_traffic.SALES_AND_TRAFFIC, "FR", days=10, ago=2, dateGranularity="WEEK", asinGranularity=granularity
    )
    document = json.loads(europe.raw(report)[0])
    assert [each["date"] for each in document["salesAndTrafficByDate"]] == ["2026-11-08", "2026-11-15"]
    assert set(document["salesAndTrafficByAsin"][0]) == keys | {"salesByAsin", "trafficByAsin"}


def test_traffic_of_days_that_are_not_over_fails_with_words(europe: Stage) -> None:
    report_id = europe.request(sales_and_traffic.SALES_AND_TRAFFIC, "DE", days=0)
    europe.advance(120)
    report = europe.report(report_id)
    assert report.status == "FATAL"
    assert "not yet available" in json.loads(europe.raw(report)[0])["errorDetails"]


# ---------------------------------------------------------------------- by the clock


def test_processing_takes_its_time_and_is_told() -> None:
    stage = _stage("small-us")
    report_id = stage.request(orders.BY_ORDER_DATE, days=20)
    told: list[str] = []
    for second in range(241):
        status = stage.report(report_id).status
        if not told or told[-1] != status:
            told.append(status)
        assert second >= 60 or status != "DONE"
        stage.advance(1)
    assert told == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    report = stage.report(report_id)
    (notice,) = [each for each in stage.told if each.kind == "REPORT_PROCESSING_FINISHED"]
    assert notice.at_ms == report.ended
    assert notice.payload["reportProcessingFinishedNotification"]["reportId"] == report_id
    assert notice.payload["reportProcessingFinishedNotification"]["reportDocumentId"] == report.document_id


def test_larger_reports_take_longer_up_to_four_minutes() -> None:
    kind = orders.BY_ORDER_DATE
    times = [kind.processing_ms(rows, 0.5) // 1000 for rows in (0, 1000, 4000, 100_000)]
    assert times == sorted(times)
    assert times[0] >= 60
    assert times[-1] == 240


def test_documents_do_not_depend_on_how_the_clock_is_stepped() -> None:
    bodies = []
    for step in (240, 7):
        stage = _stage("small-us", seed=3)
        report_id = stage.request(orders.BY_LAST_UPDATE, days=3)
        for _ in range(-(-240 // step)):
            stage.advance(step)
        report = stage.report(report_id)
        bodies.append((report, stage.raw(report)))
    assert bodies[0] == bodies[1]


def test_no_data_is_cancelled_or_a_header_alone() -> None:
    stage = _stage("quiet-us")
    by_date = stage.request(orders.BY_ORDER_DATE)
    by_update = stage.request(orders.BY_LAST_UPDATE)
    returned = stage.request(returns.CUSTOMER_RETURNS)
    stage.advance(240)
    assert [stage.report(each).status for each in (by_date, by_update, returned)] == ["CANCELLED", "DONE", "CANCELLED"]
    assert stage.raw(stage.report(by_update))[0].decode().splitlines() == ["\t".join(orders.COLUMNS)]


def test_more_than_thirty_days_of_orders_are_refused() -> None:
    stage = _stage("small-us")
    long, right = stage.request(orders.BY_ORDER_DATE, days=31), stage.request(orders.BY_ORDER_DATE, days=30)
    stage.advance(240)
    assert [stage.report(each).status for each in (long, right)] == ["FATAL", "DONE"]


def test_the_hidden_limit_is_per_report_and_window() -> None:
    stage = _stage("small-us")
    kind = returns.CUSTOMER_RETURNS
    first, other, again = stage.request(kind, days=60), stage.request(kind, days=50), stage.request(kind, days=60)
    stage.advance(240)
    assert [stage.report(each).status for each in (first, other, again)] == ["DONE", "DONE", "CANCELLED"]
    start, end = stage.report(first).start, stage.report(first).end
    stage.advance(4 * 3600)
    later = stage.reports.request(
        stage.seller, kind, stage.seller.marketplaces, start=start, end=end, at=stage.world.now_ms
    )
    stage.advance(240)
    assert stage.report(later.report_id).status == "DONE"


def test_a_report_survives_a_restart(tmp_path: Path) -> None:
    clock = SimulatorClock.manual(START)
    first = World(Storage(tmp_path / "first"), clock, seed=5)
    seller = first.create_seller("small-us", history=False)
    asked = Reports(first, Faults(5), b"key").request(
        seller, listings.MERCHANT_LISTINGS, seller.marketplaces, at=first.now_ms
    )
    first.commit()
    # What a crash leaves behind is what is in the files.
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    second = World(Storage(tmp_path / "second"), clock)
    reports = Reports(second, Faults(5), b"key")
    clock.advance(120)
    second.step()
    (again,) = second.sellers.values()
    found = reports.report(again, asked.report_id)
    assert found is not None
    assert (found.status, reports.document_of(found)) == ("DONE", True)


def test_reports_are_forgotten_after_ninety_days() -> None:
    stage = _stage("small-us", history=False)
    old = stage.made(listings.MERCHANT_LISTINGS)
    stage.advance(91 * 86400)
    stage.made(listings.MERCHANT_LISTINGS)
    assert stage.reports.report(stage.seller, old.report_id) is None
    (left,) = stage.world.storage.connection.execute(
        "SELECT COUNT(*) FROM report_documents WHERE report = ?", (old.pk,)
    ).fetchone()
    assert left == 0


def test_a_cancelled_schedule_makes_nothing_for_the_next_one() -> None:
    stage = _stage("small-us", history=False)
    kind, places = listings.MERCHANT_LISTINGS, stage.seller.marketplaces
    first = stage.reports.schedule(stage.seller, kind, places, {}, "PT1H", stage.world.now_ms + HOUR)
    stage.reports.unschedule(first)
    stage.reports.schedule(stage.seller, kind, places, {}, "PT8H", stage.world.now_ms + 8 * HOUR)
    stage.advance(7 * 3600)
    assert stage.reports.search(stage.seller, [kind.name], since=0, until=2**62, limit=10) == []
    stage.advance(2 * 3600)
    assert len(stage.reports.search(stage.seller, [kind.name], since=0, until=2**62, limit=10)) == 1


# ---------------------------------------------------------------------- a long past


def test_a_long_past_is_written_in_bulk_and_balances() -> None:
    stage = _stage("small-us", history_days=500, history_orders=4000)
    world, seller = stage.world, stage.seller
    count, first = world.storage.connection.execute("SELECT COUNT(*), MIN(created) FROM orders").fetchone()
    assert count == 4000
    assert world.now_ms - first > 490 * DAY
    assert audit.check(world, seller) == []
    states = {row[0] for row in world.storage.connection.execute("SELECT DISTINCT state FROM orders")}
    assert {State.DELIVERED, State.CANCELLED, State.RETURNED, State.UNSHIPPED} <= states
    late = world.storage.connection.execute(
        "SELECT COUNT(*) FROM orders WHERE updated > ? OR updated < created", (world.now_ms,)
    ).fetchone()
    assert late == (0,)
    assert len(truth.settlements(world, seller)) >= 34
    stage.advance(5 * 86400)
    assert audit.check(world, seller) == []


def test_the_same_seed_gives_the_same_long_past() -> None:
    pasts = [
        _stage("europe", seed=8, history_days=120, history_orders=800)
        .world.storage.connection.execute("SELECT * FROM orders ORDER BY pk")
        .fetchall()
        for _ in range(2)
    ]
    assert pasts[0] == pasts[1]


@pytest.mark.parametrize(("days", "orders_"), [(0, None), (731, None), (None, 0)])
def test_impossible_pasts_are_refused(days: int | None, orders_: int | None) -> None:
    with pytest.raises(ValueError, match="history"):
        PROFILES["small-us"].with_history(days, orders_)
    with pytest.raises(ValueError, match="with demand"):
        PROFILES["quiet-us"].with_history(None, 10)


def test_the_benchmarks_sellers_are_as_large_as_they_say() -> None:
    two_years = PROFILES["two-years-us"]
    assert (two_years.history_days, two_years.history_orders) == (730, 100_000)
    stage = _stage("busy-us", history=False)
    week = [
        stage.world.wanted(stage.seller, "ATVPDKIKX0DER", datetime(2026, 6, day, tzinfo=UTC).date())[0]
        for day in range(1, 8)
    ]
    assert sum(week) / 7 == pytest.approx(10_000, rel=0.35)


def test_every_kind_has_a_name_of_amazons() -> None:
    assert {name for name, kind in KINDS.items() if not kind.requestable} == {settlements.SETTLEMENT.name}
    assert all(name.startswith("GET_") for name in KINDS)
