"""What an order is, worked out from Amazon's two ways of telling it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.marketplaces import MARKETPLACES, Marketplace
from quayside.kernel.errors import InvalidInput
from quayside.kernel.money import Money
from quayside.orders import rules
from quayside.orders.rules import (
    Breakdown,
    Contribution,
    DocumentLine,
    LinePrice,
    NotifiedLine,
    NotifiedOrder,
    OrderDocument,
    OrderLine,
    OrderState,
    ReportedLine,
    ReportedOrder,
    UnusableOrder,
)

PURCHASED = datetime(2026, 11, 1, 6, 30, 15, 284000, UTC)
CHANGED = datetime(2026, 11, 2, 7, 0, 0, 123000, UTC)


def notified(**changes: object) -> NotifiedOrder:
    order = NotifiedOrder(
        order_id="903-8868176-2219830",
        marketplace_id="ATVPDKIKX0DER",
        status="Unshipped",
        purchased_at=PURCHASED,
        changed_at=CHANGED,
        fulfillment_type="AFN",
        lines=(NotifiedLine("1", "SKU-A", 2, 0, "Unshipped"), NotifiedLine("2", "SKU-B", 1, 0, "Unshipped")),
    )
    return msgspec.structs.replace(order, **changes)


def document(**changes: object) -> OrderDocument:
    order = OrderDocument(
        order_id="903-8868176-2219830",
        marketplace_id="ATVPDKIKX0DER",
        status="UNSHIPPED",
        purchased_at=PURCHASED,
        updated_at=CHANGED,
        fulfilled_by="AMAZON",
        lines=(
            DocumentLine(
                order_item_id="1",
                seller_sku="SKU-A",
                quantity_ordered=2,
                asin="B000000001",
                title="Coffee",
                breakdowns=(
                    Breakdown("ITEM", "20.00", "USD"),
                    Breakdown("TAX", "1.65", "USD"),
                    Breakdown("SHIPPING", "4.99", "USD"),
                    Breakdown("DISCOUNT", "-1.50", "USD"),
                    Breakdown("GIFT_WRAP", "2.00", "USD"),
                ),
            ),
        ),
    )
    return msgspec.structs.replace(order, **changes)


@pytest.mark.parametrize(
    ("amazon", "ours"),
    [
        ("PendingAvailability", "PENDING_AVAILABILITY"),
        ("Pending", "PENDING"),
        ("Unshipped", "UNSHIPPED"),
        ("PartiallyShipped", "PARTIALLY_SHIPPED"),
        ("Shipped", "SHIPPED"),
        ("InvoiceUnconfirmed", "SHIPPED"),
        ("Canceled", "CANCELLED"),
        ("Unfulfillable", "UNFULFILLABLE"),
        ("CANCELLED", "CANCELLED"),
        ("PARTIALLY_SHIPPED", "PARTIALLY_SHIPPED"),
        ("UpComing", "UP_COMING"),
        ("upComing", "UP_COMING"),
        ("", ""),
    ],
)
def test_statuses_of_both_vocabularies_become_those_of_2026(amazon: str, ours: str) -> None:
    assert rules.normalise_status(amazon) == ours


@given(st.text(max_size=40))
def test_normalising_a_status_twice_changes_nothing_for_names_amazon_could_give(text: str) -> None:
    name = "".join(letter for letter in text if letter.isascii() and letter.isalpha())
    once = rules.normalise_status(name)
    assert rules.normalise_status(once) == once


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        # One second before and at midnight in Los Angeles, in summer and winter time.
        ("2026-07-01T06:59:59+00:00", "America/Los_Angeles", "2026-06-30"),
        ("2026-07-01T07:00:00+00:00", "America/Los_Angeles", "2026-07-01"),
        ("2026-12-01T07:59:59+00:00", "America/Los_Angeles", "2026-11-30"),
        ("2026-12-01T08:00:00+00:00", "America/Los_Angeles", "2026-12-01"),
        ("2026-10-31T22:59:59+00:00", "Europe/Berlin", "2026-10-31"),
        ("2026-10-31T23:00:00+00:00", "Europe/Berlin", "2026-11-01"),
        ("2026-11-21T14:59:59+00:00", "Asia/Tokyo", "2026-11-21"),
        ("2026-11-21T15:00:00+00:00", "Asia/Tokyo", "2026-11-22"),
    ],
)
def test_a_day_is_a_day_of_the_marketplace(instant: str, zone: str, day: str) -> None:
    assert rules.local_day(datetime.fromisoformat(instant), zone) == date.fromisoformat(day)


@given(
    st.sampled_from(MARKETPLACES),
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    st.integers(0, 40),
)
def test_the_bounds_of_days_hold_exactly_the_instants_of_those_days(place: Marketplace, day: date, length: int) -> None:
    zone = place.time_zone
    last = day + timedelta(days=length)
    first, end = rules.day_bounds(day, last, zone)
    assert rules.local_day(first, zone) == day
    assert rules.local_day(first - timedelta(seconds=1), zone) == day - timedelta(days=1)
    assert rules.local_day(end, zone) == last
    assert rules.local_day(end + timedelta(seconds=1), zone) == last + timedelta(days=1)


def test_a_notification_says_status_lines_and_time_but_no_money() -> None:
    facts = rules.facts_of_notification(notified(), "America/Los_Angeles")
    assert (facts.status, facts.fulfilled_by) == ("UNSHIPPED", "AMAZON")
    assert facts.day == date(2026, 10, 31)
    assert facts.purchased_at == PURCHASED.replace(microsecond=0)
    assert facts.updated_at == CHANGED
    assert facts.lines == (OrderLine("1", "SKU-A", 2), OrderLine("2", "SKU-B", 1))
    assert (facts.prices, facts.products, facts.currency, facts.total_minor) == (None, None, None, None)
    assert not facts.is_document


@pytest.mark.parametrize(
    ("shipped", "unshipped", "complete"), [(1, 2, True), (0, 3, True), (0, 4, False), (None, 3, False)]
)
def test_an_item_level_notification_gives_lines_only_when_they_account_for_every_unit(
    shipped: int | None, unshipped: int, *, complete: bool
) -> None:
    order = notified(whole_order=False, units_shipped=shipped, units_unshipped=unshipped)
    facts = rules.facts_of_notification(order, "America/Los_Angeles")
    assert (facts.lines is not None) == complete


def test_a_notification_without_lines_leaves_the_stored_ones_alone() -> None:
    assert rules.facts_of_notification(notified(lines=()), "America/Los_Angeles").lines is None


@pytest.mark.parametrize(
    "lines",
    [
        (NotifiedLine("1", "A", -1, 0),),
        (NotifiedLine("1", "A", 1, -1),),
        (NotifiedLine("1", "A", 1, 0), NotifiedLine("1", "B", 1, 0)),
    ],
)
def test_impossible_lines_are_refused(lines: tuple[NotifiedLine, ...]) -> None:
    with pytest.raises(UnusableOrder):
        rules.facts_of_notification(notified(lines=lines), "America/Los_Angeles")


def test_a_cancelled_line_is_marked() -> None:
    lines = (NotifiedLine("1", "A", 1, 0, "Canceled"), NotifiedLine("2", "B", 1, 0, "Unshipped"))
    facts = rules.facts_of_notification(notified(lines=lines), "America/Los_Angeles")
    assert [line.cancelled for line in facts.lines or ()] == [True, False]


def test_a_document_brings_money_as_amazon_states_it() -> None:
    facts = rules.facts_of_document(document(), "America/Los_Angeles")
    assert facts.is_document
    assert facts.currency == "USD"
    assert facts.prices == {
        "1": LinePrice(2, item_minor=2000, tax_minor=165, shipping_minor=499, discount_minor=-150, other_minor=200)
    }
    assert facts.total_minor == 2000 + 165 + 499 - 150 + 200
    assert facts.products == {"1": rules.LineProduct("B000000001", "Coffee")}


def test_amazons_grand_total_goes_before_our_sum() -> None:
    facts = rules.facts_of_document(document(total=Breakdown("TOTAL", "99.99", "USD")), "America/Los_Angeles")
    assert facts.total_minor == 9999


@pytest.mark.parametrize(("kind", "amount"), [("DISCOUNT", "-1.50"), ("DISCOUNT", "1.50"), ("PROMOTION", "1.50")])
def test_a_discount_takes_away_whatever_sign_it_comes_with(kind: str, amount: str) -> None:
    price = rules.line_price((Breakdown("ITEM", "10", "USD"), Breakdown(kind, amount, "USD")), 1, "USD")
    assert price is not None
    assert price.discount_minor == -150


def test_yen_has_no_smaller_coin() -> None:
    price = rules.line_price((Breakdown("ITEM", "1280", "JPY"),), 1, "JPY")
    assert price == LinePrice(1, 1280)


def test_proceeds_without_the_items_own_price_are_no_price() -> None:
    assert rules.line_price((Breakdown("TAX", "1.00", "USD"),), 1, "USD") is None


def test_mixed_currencies_are_refused() -> None:
    with pytest.raises(UnusableOrder, match="USD and EUR"):
        rules.line_price((Breakdown("ITEM", "1", "USD"), Breakdown("TAX", "1", "EUR")), 1, "USD")
    with pytest.raises(UnusableOrder, match="USD and EUR"):
        rules.facts_of_document(document(total=Breakdown("TOTAL", "1", "EUR")), "America/Los_Angeles")


@pytest.mark.parametrize("amount", ["abc", "1.005", "NaN", ""])
def test_money_that_is_not_exact_is_refused_and_never_rounded(amount: str) -> None:
    with pytest.raises(InvalidInput):
        rules.line_price((Breakdown("ITEM", amount, "USD"),), 1, "USD")


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6), st.sampled_from(["USD", "JPY", "KWD"]))
def test_the_parts_of_a_line_add_up_to_its_proceeds(amounts: list[int], currency: str) -> None:
    kinds = ["ITEM", "TAX", "SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER"]
    parts = tuple(
        Breakdown(kind, str(Money(amount, currency).to_decimal()), currency)
        for kind, amount in zip(kinds, amounts, strict=False)
    )
    price = rules.line_price(parts, 1, currency)
    assert price is not None
    _, *minor = msgspec.structs.astuple(price)
    assert sum(minor) == sum(amounts)


@given(st.text(max_size=300), st.integers(0, 12))
def test_titles_keep_within_their_budget(title: str, count: int) -> None:
    limit = rules.title_limit(count)
    shortened = rules._shortened(title, limit)
    assert shortened is not None
    assert len(shortened) <= limit
    assert shortened == title or shortened.endswith("…")


PRICED = {"1": LinePrice(2, 2000), "2": LinePrice(1, 500)}
LINES = (OrderLine("1", "A", 2), OrderLine("2", "B", 1))

COUNTED = [
    # status, lines, prices, replacement, document; what it adds; whether the document is needed
    ("SHIPPED", LINES, PRICED, False, True, Contribution(1, 3, 2500, 1, 0, 0, 0), False),
    ("UNSHIPPED", LINES, {}, False, False, Contribution(1, 3, 0, 0, 0, 1, 0), True),
    ("UNSHIPPED", LINES, {"1": PRICED["1"]}, False, True, Contribution(1, 3, 2000, 1, 0, 1, 0), True),
    ("PENDING", LINES, {}, False, False, Contribution(1, 3, 0, 0, 1, 0, 0), False),
    ("PENDING_AVAILABILITY", LINES, {}, False, False, Contribution(1, 3, 0, 0, 1, 0, 0), False),
    ("PENDING", LINES, PRICED, False, True, Contribution(1, 3, 2500, 1, 1, 0, 0), False),
    ("CANCELLED", LINES, PRICED, False, True, Contribution(cancelled=1), False),
    ("UNFULFILLABLE", LINES, PRICED, False, True, Contribution(), False),
    ("SHIPPED", LINES, PRICED, True, True, Contribution(), False),
    ("UP_COMING", LINES, PRICED, False, True, Contribution(1, 3, 2500, 1, 1, 0, 0), False),
    # The quantity changed after the price came: the old price is the best there is, and a new one is asked for.
    ("SHIPPED", (OrderLine("1", "A", 1), LINES[1]), PRICED, False, True, Contribution(1, 2, 2500, 1, 0, 1, 0), True),
    # A cancelled line needs no price and counts for nothing.
    (
        "SHIPPED", (LINES[0], OrderLine("2", "B", 1, 0, True)), PRICED, False, True,  # noqa: FBT003 - a stored row
        Contribution(1, 2, 2000, 1, 0, 0, 0), False,
    ),
    # A line without units: its money counts when Amazon states some, and is not waited for once a document was seen.
    ("SHIPPED", (OrderLine("1", "A", 0),), {"1": LinePrice(0, 700)}, False, True, Contribution(1, 0, 700, 1), False),
    ("SHIPPED", (OrderLine("1", "A", 0),), {}, False, True, Contribution(1, 0, 0, 0), False),
    ("SHIPPED", (OrderLine("1", "A", 0),), {}, False, False, Contribution(1, 0, 0, 0, 0, 1), True),
    ("SHIPPED", (OrderLine("1", "A", 0),), {"1": LinePrice(2, 700)}, False, True, Contribution(1, 0, 0, 0), False),
    # Nothing is known of its lines.
    ("SHIPPED", (), {}, False, False, Contribution(1, 0, 0, 0, 0, 1), True),
]  # fmt: skip


@pytest.mark.parametrize(("status", "lines", "prices", "replacement", "seen", "adds", "needs"), COUNTED)
def test_what_an_order_counts_for(
    status: str,
    lines: tuple[OrderLine, ...],
    prices: dict[str, LinePrice],
    *,
    replacement: bool,
    seen: bool,
    adds: Contribution,
    needs: bool,
) -> None:
    state = OrderState(status, lines, prices, replacement, seen)
    assert rules.contribution(state) == adds
    assert rules.needs_price(state) == needs


@given(
    status=st.sampled_from([*rules.KNOWN_STATUSES, "NEW_ONE"]),
    parts=st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 10_000)), max_size=4),
    priced=st.booleans(),
    replacement=st.booleans(),
)
def test_an_order_waits_for_a_price_exactly_when_one_is_fetched(
    status: str, parts: list[tuple[int, bool, int]], *, priced: bool, replacement: bool
) -> None:
    lines = tuple(OrderLine(str(at), "S", quantity, 0, gone) for at, (quantity, gone, _) in enumerate(parts))
    prices = {str(at): LinePrice(quantity, minor) for at, (quantity, _, minor) in enumerate(parts)} if priced else {}
    state = OrderState(status, lines, prices, replacement, has_document=False)
    adds = rules.contribution(state)
    if status in rules.KNOWN_STATUSES:
        assert bool(adds.waiting_for_price) == rules.needs_price(state)
    assert adds.orders + adds.cancelled <= 1
    assert not adds.orders or adds.units == sum(quantity for quantity, gone, _ in parts if not gone)
    assert adds.priced <= adds.orders
    assert min(msgspec.structs.astuple(adds)) >= 0


@pytest.mark.parametrize(
    ("text", "is_id"),
    [("903-8868176-2219830", True), ("S01-1234567-1234567", True), ("903-8868176-221983", False), ("coffee", False)],
)
def test_order_ids_are_told_from_other_search_texts(text: str, *, is_id: bool) -> None:
    assert rules.looks_like_order_id(text) == is_id


def test_an_order_is_kept_for_eighteen_months_from_its_receipt() -> None:
    assert rules.expires_at(CHANGED) - CHANGED == timedelta(days=548)


# -- Reports -----------------------------------------------------------------------------------------------------------


def reported_line(**changes: object) -> ReportedLine:
    line = ReportedLine(
        seller_sku="SKU-A",
        asin="B000000001",
        title="Coffee",
        quantity=2,
        status="Shipped",
        currency="USD",
        item=Decimal("20.00"),
        tax=Decimal("1.65"),
        shipping=Decimal("4.99"),
        discount=Decimal("1.50"),
        other=Decimal("2.00"),
    )
    return msgspec.structs.replace(line, **changes)


def reported(*lines: ReportedLine, **changes: object) -> ReportedOrder:
    order = ReportedOrder(
        order_id="903-8868176-2219830",
        marketplace_id="ATVPDKIKX0DER",
        status="Shipped",
        fulfilled_by="Amazon",
        purchased_at=PURCHASED,
        updated_at=CHANGED,
        lines=lines or (reported_line(),),
    )
    return msgspec.structs.replace(order, **changes)


def facts_of(*lines: ReportedLine, tax_on_top: bool = True, **changes: object) -> rules.OrderFacts:
    return rules.facts_of_report(reported(*lines, **changes), "America/Los_Angeles", tax_on_top=tax_on_top)


def test_a_report_establishes_what_a_document_does_but_for_the_line_ids() -> None:
    by_report = facts_of()
    by_document = rules.facts_of_document(document(status="SHIPPED"), "America/Los_Angeles")
    assert by_report.lines == (OrderLine("report:1", "SKU-A", 2, 2),)
    assert by_report.prices is not None
    assert by_document.prices is not None
    assert by_report.prices["report:1"] == by_document.prices["1"] == LinePrice(2, 2000, 165, 499, -150, 200)
    assert (by_report.total_minor, by_report.currency) == (by_document.total_minor, by_document.currency)
    assert (by_report.day, by_report.purchased_at) == (by_document.day, by_document.purchased_at)
    assert (by_report.status, by_report.fulfilled_by) == ("SHIPPED", "AMAZON")
    assert (by_report.is_document, by_document.is_document) == (False, True)


@pytest.mark.parametrize(
    ("amazon", "ours"),
    [
        ("Pending", "PENDING"),
        ("Pending - Waiting for Pick Up", "PENDING"),
        ("Unshipped", "UNSHIPPED"),
        ("Shipping", "PARTIALLY_SHIPPED"),
        ("Shipped", "SHIPPED"),
        ("Shipped - Delivered to Buyer", "SHIPPED"),
        ("Complete", "SHIPPED"),
        ("Cancelled", "CANCELLED"),
        ("Being Wrapped", "BEING_WRAPPED"),
    ],
)
def test_statuses_of_reports_become_the_api_s(amazon: str, ours: str) -> None:
    assert rules.report_status(amazon) == ours


def test_where_prices_include_tax_it_is_not_added_again() -> None:
    facts = facts_of(tax_on_top=False)
    assert facts.prices == {"report:1": LinePrice(2, 2000, 0, 499, -150, 200)}
    assert facts.total_minor == 2000 + 499 - 150 + 200


def test_a_pending_order_has_lines_and_no_money() -> None:
    facts = facts_of(reported_line(item=None, currency="", status="Unshipped"), status="Pending")
    assert (facts.status, facts.currency, facts.prices, facts.total_minor) == ("PENDING", None, {}, None)


def test_a_cancelled_line_counts_nothing() -> None:
    facts = facts_of(reported_line(), reported_line(quantity=0, status="Cancelled", item=None))
    assert facts.lines is not None
    assert [line.cancelled for line in facts.lines] == [False, True]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (reported_line(currency="EUR"), "mixes EUR and USD"),
        (reported_line(item=Decimal("1.234")), "not an amount of USD"),
        (reported_line(currency="dollars"), "mixes"),
    ],
)
def test_what_can_not_be_true_is_refused(line: ReportedLine, reason: str) -> None:
    with pytest.raises((UnusableOrder, InvalidInput), match=reason):
        facts_of(reported_line(), line)


def known(*skus: str) -> tuple[OrderLine, ...]:
    return tuple(OrderLine(f"{number}00", sku, 2) for number, sku in enumerate(skus, start=1))


def test_known_line_ids_are_kept_where_lines_correspond() -> None:
    facts = facts_of(reported_line(seller_sku="B", quantity=1), reported_line(seller_sku="A"))
    named = rules.with_ids_of(facts, (OrderLine("7", "A", 2), OrderLine("8", "B", 5)))
    assert named is not None
    assert named.lines is not None
    assert [(line.order_item_id, line.seller_sku, line.quantity_ordered) for line in named.lines] == [
        ("8", "B", 1),
        ("7", "A", 2),
    ]
    assert set(named.prices or {}) == set(named.products or {}) == {"7", "8"}


def test_lines_of_one_sku_are_told_apart_by_their_quantity() -> None:
    facts = facts_of(reported_line(quantity=1), reported_line(quantity=5))
    named = rules.with_ids_of(facts, (OrderLine("7", "SKU-A", 5), OrderLine("8", "SKU-A", 1)))
    assert named is not None
    assert [line.order_item_id for line in named.lines or ()] == ["8", "7"]


def test_rows_of_several_warehouses_are_one_line_when_one_is_known() -> None:
    facts = facts_of(
        reported_line(quantity=1, item=Decimal("10.00"), status="Shipped"),
        reported_line(quantity=2, item=Decimal("20.00"), status="Unshipped"),
        reported_line(quantity=0, item=None, status="Cancelled"),
    )
    named = rules.with_ids_of(facts, (OrderLine("7", "SKU-A", 3),))
    assert named is not None
    assert named.lines == (OrderLine("7", "SKU-A", 3, 1),)
    assert named.prices == {"7": LinePrice(3, 3000, 330, 998, -300, 400)}
    assert named.total_minor == facts.total_minor


def test_rows_that_are_one_line_have_no_price_as_long_as_one_of_them_has_none() -> None:
    facts = facts_of(reported_line(), reported_line(item=None))
    named = rules.with_ids_of(facts, (OrderLine("7", "SKU-A", 4),))
    assert named is not None
    assert named.prices == {}


@pytest.mark.parametrize("skus", [(), ("SKU-A", "SKU-A"), ("SKU-B",), ("SKU-A", "SKU-B")])
def test_lines_that_do_not_correspond_keep_their_own_numbers(skus: tuple[str, ...]) -> None:
    assert rules.with_ids_of(facts_of(), known(*skus)) is None


@given(st.lists(st.sampled_from("AB"), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_ids_move_over_exactly_when_the_skus_are_the_same(skus: list[str], chance: object) -> None:
    facts = facts_of(*(reported_line(seller_sku=sku) for sku in skus))
    shuffled = list(skus)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    named = rules.with_ids_of(facts, known(*shuffled))
    assert named is not None
    assert sorted(line.order_item_id for line in named.lines or ()) == [line.order_item_id for line in known(*shuffled)]
    by_id = {line.order_item_id: line.seller_sku for line in known(*shuffled)}
    assert all(by_id[line.order_item_id] == line.seller_sku for line in named.lines or ())
    assert rules.with_ids_of(facts, known(*shuffled[1:], "C")) is None
