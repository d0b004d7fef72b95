"""How the words of several sources become one listing, and what a product measures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.catalog import rules
from quayside.catalog.records import text_of
from quayside.catalog.rules import (
    DocumentedListing,
    Issue,
    Listing,
    Measure,
    NotifiedStatus,
    Price,
    ReportedListing,
    Sources,
    Words,
    merged,
    standing_of,
)
from quayside.kernel.money import Money

BOTH = ("BUYABLE", "DISCOVERABLE")
FOUND = ("DISCOVERABLE",)


def reported(version: int, status: str = "Active", **parts: object) -> Words[ReportedListing]:
    return Words(version, ReportedListing(status, **parts))  # type: ignore[arg-type]


def documented(version: int, *statuses: str, **parts: object) -> Words[DocumentedListing]:
    return Words(version, DocumentedListing(tuple(statuses), **parts))  # type: ignore[arg-type]


def notified(version: int, *statuses: str, asin: str | None = None) -> Words[NotifiedStatus]:
    return Words(version, NotifiedStatus(tuple(statuses), asin))


def issue(code: str = "8541", severity: str = "ERROR", *actions: str, attributes: tuple[str, ...] = ()) -> Issue:
    return Issue(code, severity, "Amazon's words", attributes, (), actions)


@pytest.mark.parametrize(
    ("statuses", "actions", "standing"),
    [
        (BOTH, (), "buyable"),
        (("BUYABLE",), (), "buyable"),
        (("DISCOVERABLE",), (), "discoverable"),
        ((), (), "inactive"),
        (("DELETED",), (), "deleted"),
        (("DISCOVERABLE",), ("LISTING_SUPPRESSED",), "suppressed"),
        ((), ("CATALOG_ITEM_REMOVED",), "suppressed"),
        ((), ("SEARCH_SUPPRESSED",), "suppressed"),
        (("BUYABLE",), ("SEARCH_SUPPRESSED",), "suppressed"),
        (BOTH, ("SEARCH_SUPPRESSED",), "buyable"),
        (BOTH, ("ATTRIBUTE_SUPPRESSED",), "buyable"),
        (("SOMETHING_NEW",), ("SOMETHING_NEW",), "inactive"),
    ],
)
def test_what_statuses_and_issues_amount_to(statuses: tuple[str, ...], actions: tuple[str, ...], standing: str) -> None:
    assert standing_of(statuses, [issue("1", "ERROR", *actions)]) == standing


@pytest.mark.parametrize(
    ("sources", "standing", "words"),
    [
        (Sources(), "unknown", ()),
        (Sources(reported=reported(1, "Active")), "buyable", ("Active",)),
        (Sources(reported=reported(1, "inactive ")), "inactive", ("inactive ",)),
        (Sources(reported=reported(1, "Incomplete")), "incomplete", ("Incomplete",)),
        (Sources(reported=reported(1, "Brand new word")), "unknown", ("Brand new word",)),
        # The finer words stay when the coarse ones agree, however much newer these are.
        (Sources(reported=reported(9, "Active"), documented=documented(1, *BOTH)), "buyable", BOTH),
        (Sources(reported=reported(9, "Inactive"), documented=documented(1, "DISCOVERABLE")), "discoverable", FOUND),
        # When they don't, the newer wins.
        (Sources(reported=reported(9, "Inactive"), documented=documented(1, *BOTH)), "inactive", ("Inactive",)),
        (Sources(reported=reported(1, "Inactive"), documented=documented(9, *BOTH)), "buyable", BOTH),
        (Sources(reported=reported(9, "Active"), notified=notified(1, "DELETED")), "buyable", ("Active",)),
        (Sources(reported=reported(9, "What?"), documented=documented(1, *BOTH)), "buyable", BOTH),
        (Sources(documented=documented(1, *BOTH), notified=notified(2)), "inactive", ()),
        (Sources(documented=documented(2, *BOTH), notified=notified(1)), "buyable", BOTH),
    ],
)  # fmt: skip
def test_the_newest_word_on_a_listing_decides(sources: Sources, standing: str, words: tuple[str, ...]) -> None:
    listing = merged(sources)
    assert (listing.standing, listing.statuses) == (standing, words)


def test_for_every_value_the_newest_source_that_knows_it_wins() -> None:
    listing = merged(
        Sources(
            reported=reported(5, price=Price(999, "USD"), title="From the report", asin="B000000001"),
            documented=documented(3, *BOTH, price=Price(500, "USD"), quantity=7, title="Old", fnsku="X001", asin="B2"),
            notified=notified(9, *BOTH, asin="B000000009"),
        )
    )
    assert listing == Listing(
        standing="buyable",
        statuses=BOTH,
        asin="B000000009",
        title="From the report",
        price=Money(999, "USD"),
        quantity=7,
        fnsku="X001",
    )


prices = st.none() | st.builds(Price, st.integers(1, 10**6), st.just("USD"))
report_words = st.builds(
    Words,
    st.integers(0, 9),
    st.builds(ReportedListing, st.sampled_from(["Active", "Inactive", "?"]), st.none() | st.just("B1"), price=prices),
)
document_words = st.builds(
    Words,
    st.integers(0, 9),
    st.builds(DocumentedListing, st.sampled_from([BOTH, FOUND]), asin=st.none() | st.just("B2"), price=prices),
)  # fmt: skip


@given(st.none() | report_words, st.none() | document_words)
def test_a_known_price_is_never_lost_and_comes_from_a_source(
    report: Words[ReportedListing] | None, document: Words[DocumentedListing] | None
) -> None:
    listing = merged(Sources(reported=report, documented=document))
    known = [words.said.price.money() for words in (report, document) if words is not None and words.said.price]
    assert (listing.price in known) if known else listing.price is None


@given(report_words, document_words, st.integers(1, 9))
def test_only_the_order_of_the_versions_matters(
    report: Words[ReportedListing], document: Words[DocumentedListing], later: int
) -> None:
    sources = Sources(reported=report, documented=document)
    moved = Sources(
        reported=msgspec.structs.replace(report, version=report.version + later),
        documented=msgspec.structs.replace(document, version=document.version + later),
    )
    assert merged(sources) == merged(moved)


def test_an_issue_keeps_the_day_it_was_first_seen_whatever_amazon_calls_it() -> None:
    before = rules.with_first_seen([issue("1", attributes=("color", "size")), issue("2", "WARNING")], (), 100)
    reworded = msgspec.structs.replace(issue("1", attributes=("size", "color")), message="New words", severity="INFO")
    after = rules.with_first_seen([reworded, issue("3")], before, 200)
    assert [(each.code, each.first_seen) for each in after] == [("3", 200), ("1", 100)]


def test_issues_stand_worst_first_and_unknown_severities_last() -> None:
    issues = [issue("1", "NEW"), issue("2", "INFO"), issue("3", "ERROR"), issue("4", "WARNING")]
    assert [each.code for each in rules.with_first_seen(issues, (), 1)] == ["3", "4", "2", "1"]


@given(st.permutations([issue("1"), issue("2", "INFO"), issue("3", "WARNING"), issue("1", attributes=("a",))]))
def test_the_same_issues_in_any_order_are_stored_as_the_same_text(issues: list[Issue]) -> None:
    first = DocumentedListing((), rules.with_first_seen(issues, (), 5))
    again = DocumentedListing((), rules.with_first_seen(list(reversed(issues)), first.issues, 9))
    assert text_of(first) == text_of(again)


@pytest.mark.parametrize(
    ("exemption", "actions"),
    [(None, ("A",)), ("NOT_EXEMPT", ("A",)), ("EXEMPT", ()), ("EXEMPT_UNTIL_EXPIRY_DATE", ()), ("NEW", ("A",))],
)
def test_an_exempt_listing_suffers_no_action(exemption: str | None, actions: tuple[str, ...]) -> None:
    assert rules.actions_in_force(["A"], exemption) == actions


@pytest.mark.parametrize(
    ("channel", "by_amazon"), [("AMAZON_NA", True), ("amazon_eu", True), ("DEFAULT", False), (None, False)]
)
def test_who_ships(channel: str | None, *, by_amazon: bool) -> None:
    assert Listing(standing="buyable", channel=channel).by_amazon is by_amazon


@pytest.mark.parametrize("sku", ["", "  "])
def test_a_listing_needs_a_sku(sku: str) -> None:
    with pytest.raises(rules.UnusableListing, match="no SKU"):
        rules.checked_sku(sku)
    assert rules.checked_sku(" A ") == " A "


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(rules.UnusableListing, match="A has a negative"):
        rules.checked_quantity("A", -1)
    assert (rules.checked_quantity("A", 0), rules.checked_quantity("A", None)) == (0, None)


@pytest.mark.parametrize(
    ("value", "unit", "millimetres", "grams"),
    [
        ("10", "inches", 254, None),
        ("1.5", "Inches", 38, None),
        ("12.3", "centimeters", 123, None),
        ("0.5", "millimeters", 1, None),
        ("2", "pounds", None, 907),
        ("1", "ounces", None, 28),
        ("0.75", "kilograms", None, 750),
        ("3", "cubits", None, None),
    ],
)
def test_measures_in_whole_millimetres_and_grams(
    value: str, unit: str, millimetres: int | None, grams: int | None
) -> None:
    assert (rules.millimetres(Measure(value, unit)), rules.grams(Measure(value, unit))) == (millimetres, grams)


@given(st.decimals(0, 10**4, places=3))
def test_a_length_is_off_by_half_a_millimetre_at_most(inches: Decimal) -> None:
    found = rules.millimetres(Measure(str(inches), "inches"))
    assert found is not None
    assert abs(found - inches * Decimal("25.4")) <= Decimal("0.5")
    assert rules.millimetres(None) is None


AT = datetime(2026, 11, 20, tzinfo=UTC)


@given(st.lists(st.sampled_from("abcdef")), st.dictionaries(st.sampled_from("abcdef"), st.integers(-10, 10)))
def test_never_read_products_come_first_then_the_longest_unread_each_once(
    asins: list[str], read: dict[str, int]
) -> None:
    read_at = {asin: AT + timedelta(hours=hours) for asin, hours in read.items()}
    found = rules.to_read(asins, read_at, AT)
    assert sorted(found) == sorted({asin for asin in asins if asin not in read_at or read_at[asin] < AT})
    ages = [read_at.get(asin, datetime.min.replace(tzinfo=UTC)) for asin in found]
    assert ages == sorted(ages)
