"""The backfill benchmark's arithmetic: what is compared of an order, which calls count, and what loading costs."""

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.backfill import Line, gathered, others, throttled
from tests.bench.shop import ROWS_A_SECOND, loading_seconds
from tests.bench.simulated_amazon import Call

LINES = st.lists(st.builds(Line, st.sampled_from("ABC"), st.integers(0, 9), st.integers(0, 5000)), max_size=8)


def test_a_line_that_is_told_in_two_rows_is_one() -> None:
    told = gathered([Line("B", 1, 500), Line("A", 1, 100), Line("B", 2, 1001)])
    assert told == (Line("A", 1, 100), Line("B", 3, 1501))


def test_a_line_without_a_price_has_none_whatever_its_other_rows_say() -> None:
    assert gathered([Line("A", 1, 100), Line("A", 1, None), Line("A", 1, 100)]) == (Line("A", 3, None),)


@given(LINES, st.randoms())
def test_the_order_of_lines_says_nothing(lines: list[Line], chance: object) -> None:
    shuffled = list(lines)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' stand-in for random.Random
    assert gathered(shuffled) == gathered(lines)
    assert sum(line.quantity for line in gathered(lines)) == sum(line.quantity for line in lines)


def test_calls_for_other_datasets_are_counted_apart_and_reports_never_are() -> None:
    paths = (
        "/orders/2026-01-01/orders",
        "/reports/2021-06-30/reports",
        "/notifications/v1/destinations",
        "/sellers/v1/marketplaceParticipations",
        "/fba/inventory/v1/summaries",
        "/fba/inbound/v0/shipments",
        "/inbound/fba/2024-03-20/inboundPlans",
        "/finances/2024-06-19/transactions",
    )
    assert others([Call(0, "A", path, 200) for path in paths]) == 4
    assert throttled([Call(0, "A", "/", 429), Call(0, "A", "/", 200)]) == 1


def test_loading_is_charged_by_the_row() -> None:
    assert ROWS_A_SECOND == 500
    assert (loading_seconds(0), loading_seconds(4_000)) == (0.0, 8.0)
