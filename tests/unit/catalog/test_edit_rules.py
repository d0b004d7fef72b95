"""Changes of listings and files of them: what is accepted, what it comes to, and that each row ends exactly once."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.catalog import bulk_rules, edit_rules
from quayside.catalog.attribute_rules import Form, FormField
from quayside.catalog.bulk_rules import ROWS_A_PART, File, Row, UnreadableFile, read_part
from quayside.catalog.edit_rules import (
    Attribute,
    Edit,
    UnusableChange,
    Values,
    checked_price,
    checked_quantity,
    restored,
    why_not,
)
from quayside.catalog.rules import Listing, Price
from quayside.kernel.machines import IllegalMove
from quayside.kernel.money import Money

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TEN, ELEVEN = Price(1000, "EUR"), Price(1100, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "minor"), [("12.99", "EUR", 1299), ("1200", "JPY", 1200), (" 0.01 ", "USD", 1)]
)
def test_prices_are_whole_minor_units(text: str, currency: str, minor: int) -> None:
    assert checked_price(text, currency) == Price(minor, currency)


@pytest.mark.parametrize("text", ["", "0", "-1", "1,5", "1.005", "NaN", "1e99", "free"])
def test_other_prices_are_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(UnusableChange, match="amount in EUR above 0"):
        checked_price(text, "EUR")


def test_a_quantity_is_in_its_range() -> None:
    assert checked_quantity(0) == 0
    for wrong in (-1, 10**9):
        with pytest.raises(UnusableChange, match="from 0 to 999,999,999"):
            checked_quantity(wrong)


def test_a_change_touches_what_it_names() -> None:
    assert Values(price=TEN).touched(Values(ELEVEN, 4)) == Values(ELEVEN)
    assert why_not(Values(price=TEN), Values(ELEVEN, 4), by_amazon=True) == ""
    assert "already" in why_not(Values(price=TEN), Values(TEN, 4), by_amazon=False)
    assert "Amazon ships" in why_not(Values(quantity=1), Values(TEN, 4), by_amazon=True)


def test_what_nobody_tries_any_longer_has_failed() -> None:
    edit = Edit(edit_id="1", state="queued", change=Values(TEN), asked_by="anna", asked_at=NOW, before=Values(ELEVEN))
    assert edit.state_at(NOW + timedelta(hours=24)) == "queued"
    assert edit.state_at(NOW + timedelta(hours=26)) == "failed"
    assert (restored(edit, "before"), restored(edit, "after")) == (Values(ELEVEN), Values(TEN))


def test_what_ended_is_moved_by_nothing() -> None:
    edit = Edit(edit_id="1", state="applied", change=Values(TEN), asked_by="anna", asked_at=NOW)
    with pytest.raises(IllegalMove):
        edit_rules.moved(edit, "turned_away", reason="late")
    file = File(
        file_id="1", connection_id="c", marketplace_id="DE", name="Prices", state="done", asked_by="anna", asked_at=NOW
    )
    with pytest.raises(IllegalMove):
        bulk_rules.moved(file, "turned_away", reason="late")
    again = bulk_rules.moved(msgspec.structs.replace(file, state="submitted"), "anothers", feed_id=None)
    assert (again.state, again.feed_id) == ("submitting", None)


def test_a_file_amazon_says_nothing_of_for_a_day_has_failed() -> None:
    file = File(
        file_id="1", connection_id="c", marketplace_id="DE", name="Prices", state="submitted", asked_by="anna",
        asked_at=NOW - timedelta(days=3), applied_at=NOW,
    )  # fmt: skip
    assert file.state_at(NOW + timedelta(hours=25)) == "submitted"
    assert file.state_at(NOW + timedelta(hours=27)) == "failed"


FILE = "\ufeffSeller SKU;Price;Quantity\nA;12,50;\n\nB;;40\nC;0;\n;1;\nD;;\nE;;4.5\n"


def test_a_file_is_read_row_by_row_and_each_bad_row_says_why() -> None:
    rows = read_part(FILE, 2, "EUR", "A1PA6795UKMFR9")
    assert [(row.line, row.seller_sku, row.state) for row in rows] == [
        (2, "A", "change"), (4, "B", "change"), (5, "C", "refused"), (6, "", "refused"), (7, "D", "refused"),
        (8, "E", "refused"),
    ]  # fmt: skip
    assert (rows[0].change, rows[1].change) == (Values(Price(1250, "EUR")), Values(quantity=40))
    assert all(row.problem for row in rows[2:])
    assert read_part("seller_sku,price\nA,1\n", 1002, "EUR", "A1PA6795UKMFR9")[0].line == 1002
    # A decimal comma among commas makes one cell more: not a price of 12.
    (split,) = read_part("seller_sku,price\nA,12,50\n", 2, "EUR", "A1PA6795UKMFR9")
    assert (split.state, split.problem) == ("refused", "the row has 3 cells, the header has 2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks the column seller_sku"),
        ("sku,price\nA,1\n", "lacks the column seller_sku"),
        ("seller_sku,title\nA,1\n", "lacks a column price or quantity"),
        ('seller_sku,price\nA,"1\n', "can't be read after line 2"),
        ("seller_sku,price\n" + "A,1\n" * (ROWS_A_PART + 1), "more than 1,000 rows"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_part(text, 2, "EUR", "A1PA6795UKMFR9")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("item_name", "has to say its marketplace and language"),
        ("item_name[language_tag=de_DE]", "can't be read"),
        ("bullet_point[marketplace_id=A1PA6795UKMFR9]#0", "can't be read"),
        ("item_name[marketplace_id=ATVPDKIKX0DER]", "another marketplace"),
    ],
)
def test_a_column_that_may_mean_several_attributes_is_refused(column: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_part(f"seller_sku,{column}\nA,x\n", 2, "EUR", "A1PA6795UKMFR9")


def test_a_column_says_its_attribute_place_language_and_number() -> None:
    column = bulk_rules.column_of
    assert column("title", "DE1") is None
    assert column("color[marketplace_id=de1]", "DE1") == ("color", None, 1)
    assert column("bullet_point[marketplace_id=de1][language_tag=zh-hans_cn]#12.value", "DE1") == (
        "bullet_point", "zh_hans_cn", 12,
    )  # fmt: skip
    own = bulk_rules.template_columns("A1PA6795UKMFR9", "DE")
    found = [column(each.lower(), "A1PA6795UKMFR9") for each in own]
    assert found[:4] == [None] * 4
    assert found[4:7] == [("item_name", "de_de", 1), ("bullet_point", "de_de", 1), ("bullet_point", "de_de", 2)]


GERMAN = "item_name has the language de_DE here; its column has to say so"
NOT_THERE = "bulb can't be edited here; it is not among the attributes of this listing's form"
TEXTS = Form(
    "LAMP", "Lamp", "1",
    (
        FormField("item_name", "Title", "", "text", required=True, most=1, language="de_DE", longest=9),
        FormField("watts", "Watts", "", "number", required=False, most=1, least="1"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("attribute", "problem"),
    [
        (Attribute("item_name", ("Lampe",), "de_de"), ""),
        (
            Attribute("item_name", ("Lampe",), "en_us"),
            GERMAN,
        ),
        (Attribute("item_name", ("Lampe",)), GERMAN),
        (Attribute("watts", ("5",), "de_de"), "watts has no language here; its column has to say so"),
        (Attribute("watts", ("0",)), "watts has to be a number, such as 12.5, of at least 1"),
        (
            Attribute("bulb", ("E27",)),
            NOT_THERE,
        ),
    ],
)
def test_attributes_of_a_row_are_held_against_the_form(attribute: Attribute, problem: str) -> None:
    held = bulk_rules.held_against(Row(2, "A", "waiting", Values(attributes=(attribute,))), TEXTS)
    assert held.problem == problem
    if not problem:
        assert held.change.attributes == (Attribute("item_name", ("Lampe",), "de_DE"),)


def test_a_long_part_of_texts_is_refused_before_it_grows() -> None:
    header = "seller_sku,item_name[marketplace_id=a1pa6795ukmfr9][language_tag=de_de]\n"
    with pytest.raises(UnreadableFile, match="more than 100 rows"):
        read_part(header + "A,x\n" * 101, 2, "EUR", "A1PA6795UKMFR9")
    (row,) = read_part(header + "A,'=Lampe\n", 2, "EUR", "A1PA6795UKMFR9")
    assert (row.state, row.change) == ("waiting", Values(attributes=(Attribute("item_name", ("=Lampe",), "de_de"),)))


def listing(minor: int = 1000, *, by_amazon: bool = False, quantity: int = 5) -> Listing:
    channel = "AMAZON_EU" if by_amazon else "DEFAULT"
    return Listing(standing="buyable", price=Money(minor, "EUR"), quantity=quantity, channel=channel)


def test_rows_are_compared_with_what_is_stored() -> None:
    row = Row(2, "A", "change", Values(ELEVEN))
    compared = bulk_rules.compared(row, listing())
    assert (compared.state, compared.before) == ("change", Values(TEN))
    assert bulk_rules.compared(row, listing(1100)).state == "same"
    assert bulk_rules.compared(row, None).problem == "there is no such listing in this marketplace"
    stock = Row(2, "A", "change", Values(quantity=9))
    assert bulk_rules.compared(stock, listing(by_amazon=True)).state == "refused"
    assert bulk_rules.sendable(compared, listing()).state == "sent"
    assert bulk_rules.sendable(compared, listing(1050)).state == "moved"
    assert bulk_rules.sendable(compared, None).state == "moved"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 3)), max_size=12), st.sets(st.integers(2, 14)))
def test_no_row_is_lost_and_none_is_sent_twice(given_rows: list[tuple[str, int]], refused: set[int]) -> None:
    present = {"A": listing(), "B": listing(by_amazon=True)}
    rows = [Row(line, sku, "change", Values(quantity=units)) for line, (sku, units) in enumerate(given_rows, 2)]
    seen: set[str] = set()
    ready = [bulk_rules.without_repeats(bulk_rules.compared(row, present.get(row.seller_sku)), seen) for row in rows]
    sent = [bulk_rules.sendable(row, present.get(row.seller_sku)) for row in ready]
    ended = [bulk_rules.settled(row, dict.fromkeys(refused, "no")) for row in sent]

    assert [row.line for row in ended] == [row.line for row in rows]
    assert sum(bulk_rules.counts_of([ended]).values()) == len(rows)
    skus = [row.seller_sku for row in ended if row.state in {"accepted", "rejected"}]
    assert len(skus) == len(set(skus))
    assert not any(row.state in {"change", "sent"} for row in ended)
    again = [bulk_rules.settled(row, {}) for row in ended]
    assert again == ended
