"""The simulator's small parts: clock, quotas, page tokens, filters, faults, money, demand."""

import base64
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator import entropy, filters
from infra.simulator.clock import SimulatorClock, iso, iso_milliseconds, parse
from infra.simulator.demand import HOURS, Demand, poisson, promotion
from infra.simulator.faults import Faults
from infra.simulator.filters import FilterError
from infra.simulator.money import amount_text, parse_amount
from infra.simulator.quotas import Bucket, Quotas
from infra.simulator.sp_api.operations import OPERATIONS, find
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


# ---------------------------------------------------------------------- clock


def test_clock_runs_pauses_and_jumps() -> None:
    real = [0.0]
    clock = SimulatorClock(START, speed=60, monotonic=lambda: real[0])
    real[0] = 2.0
    assert clock.now() == datetime(2026, 11, 21, 12, 2, tzinfo=UTC)
    clock.set_paused(paused=True)
    real[0] = 10.0
    assert iso(clock.now_ms()) == "2026-11-21T12:02:00Z"
    clock.advance(3600)
    clock.set_paused(paused=False)
    clock.set_speed(1)
    real[0] = 11.0
    assert iso_milliseconds(clock.now_ms()) == "2026-11-21T13:02:01.000Z"
    clock.move_to(0)
    assert iso(clock.now_ms()) == "2026-11-21T13:02:01Z"


@pytest.mark.parametrize("change", [lambda c: c.advance(-1), lambda c: c.set_speed(-1)])
def test_time_never_goes_back(change: Any) -> None:
    with pytest.raises(ValueError, match="does not go back"):
        change(SimulatorClock.manual(START))


def test_parse_reads_dates_and_offsets() -> None:
    assert parse("2026-11-21") == parse("2026-11-21T00:00:00Z") == parse("2026-11-21T01:00:00+01:00")


# ---------------------------------------------------------------------- quotas


def test_bucket_gives_its_burst_then_its_rate() -> None:
    bucket = Bucket(rate=0.5, burst=3, tokens=3, at_ms=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(1999)
    assert bucket.take(2000)
    assert [bucket.take(1_000_000) for _ in range(4)] == [True, True, True, False]


@given(
    rate=st.floats(0.005, 5), burst=st.integers(1, 30), steps=st.lists(st.integers(0, 60_000), min_size=1, max_size=60)
)
def test_bucket_never_gives_more_than_burst_and_rate_allow(rate: float, burst: int, steps: list[int]) -> None:
    bucket, now, taken = Bucket(rate, burst, burst, 0), 0, 0
    for step in steps:
        now += step
        taken += bucket.take(now)
    assert taken <= burst + now / 1000 * rate + 1e-6


def test_quotas_are_apart_per_operation_and_account_and_counted() -> None:
    quotas = Quotas()
    assert quotas.take("getOrder", "app", "A", 1, 1, 0)
    assert not quotas.take("getOrder", "app", "A", 1, 1, 0)
    assert quotas.take("getOrder", "app", "B", 1, 1, 0)
    assert quotas.take("searchOrders", "app", "A", 1, 1, 0)
    quotas.count("getOrder", "A", 200)
    quotas.count("getOrder", "A", 429)
    again = Quotas()
    again.restore(quotas.dump())
    assert again.report() == quotas.report()
    assert again.report()["getOrder"]["throttled"] == 1
    assert not again.take("getOrder", "app", "A", 1, 1, 0)


def test_usage_plans_are_those_of_amazons_models() -> None:
    plans = {each.name: (each.rate, each.burst) for each in OPERATIONS}
    assert plans["searchOrders"] == (0.0056, 20)
    assert plans["getOrder"] == (0.5, 30)
    assert plans["getInventorySummaries"] == (2, 2)
    assert plans["getMarketplaceParticipations"] == (0.016, 15)
    assert plans["createReport"] == plans["getReportDocument"] == (0.0167, 15)
    assert plans["getReport"] == (2, 15)
    assert {plan for name, plan in plans.items() if "Report" in name} == {(0.0167, 15), (2, 15), (0.0222, 10)}
    assert plans.pop("createUploadDestinationForResource") == (10, 10)
    assert {plan for name, plan in plans.items() if "ubscription" in name or "estination" in name} == {(1, 5)}


def test_paths_find_their_operation() -> None:
    found = find("GET", "/orders/2026-01-01/orders/111-1")
    assert found is not None
    assert (found[0].name, found[1]) == ("getOrder", {"orderId": "111-1"})
    assert find("POST", "/orders/2026-01-01/orders") is None


# ---------------------------------------------------------------------- page tokens


def test_page_token_returns_its_cursor_within_its_time_and_query() -> None:
    tokens = PageTokens(b"key")
    token = tokens.issue({"a": ["1", "2"]}, 1000, (7, "x"))
    assert tokens.read(token, {"a": ["2,1"]}, 1999, 1000) == [7, "x"]
    with pytest.raises(TokenRefusedError, match="expired"):
        tokens.read(token, {"a": ["1", "2"]}, 2000, 1000)
    with pytest.raises(TokenRefusedError, match="other parameters"):
        tokens.read(token, {"a": ["1"]}, 1000, 1000)
    with pytest.raises(TokenRefusedError, match="malformed"):
        PageTokens(b"other").read(token, {"a": ["1", "2"]}, 1000, 1000)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_forged_page_tokens_are_refused(token: str) -> None:
    with pytest.raises(TokenRefusedError):
        PageTokens(b"key").read(token, {}, 0, 1000)


# ---------------------------------------------------------------------- filters

PAYLOAD = {
    "OrderChangeNotification": {
        "OrderChangeType": "OrderStatusChange",
        "Summary": {"OrderStatus": "Shipped", "NumberOfItemsShipped": 2, "FulfillmentType": "AFN", "Flag": True},
    }
}
SUMMARY = "OrderChangeNotification.Summary"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{SUMMARY}.OrderStatus == `Shipped`", True),
        (f"{SUMMARY}.OrderStatus == 'Pending'", False),
        (f'{SUMMARY}.OrderStatus != "Pending" && {SUMMARY}.FulfillmentType == "AFN"', True),
        (f'{SUMMARY}.OrderStatus in ["Pending", "Shipped"]', True),
        (f'!({SUMMARY}.OrderStatus in ["Pending"])', True),
        (f"{SUMMARY}.NumberOfItemsShipped >= 2", True),
        (f"{SUMMARY}.NumberOfItemsShipped > 2 || {SUMMARY}.NumberOfItemsShipped < 1", False),
        (f"has({SUMMARY}.OrderStatus) && !has({SUMMARY}.Nothing)", True),
        (f'{SUMMARY}.OrderStatus.startsWith("Ship")', True),
        (f'{SUMMARY}.OrderStatus.contains("xx")', False),
        (f'{SUMMARY}.Nothing == "x"', False),
        (f"{SUMMARY}.OrderStatus < 3", False),
        (f"{SUMMARY}.Flag == true", True),
        ("true", True),
        ("false || null == null", True),
    ],
)
def test_filter_expressions(expression: str, *, expected: bool) -> None:
    assert filters.compile_expression(expression)(PAYLOAD) is expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "1 to 256"),
        ("a" * 257, "1 to 256"),
        ("a ==", "expected a value"),
        ("a + 1 == 2", "unexpected '+' at position 3"),
        ("(a == 1", "expected ')'"),
        ("a == 1 b", "unexpected 'b'"),
        ("a. == 1", "expected a field name"),
        ("has(1)", "needs a field"),
    ],
)
def test_filter_expressions_that_cannot_be_understood(expression: str, words: str) -> None:
    with pytest.raises(FilterError) as refused:
        filters.compile_expression(expression)
    assert words in str(refused.value)


@given(st.text(min_size=1, max_size=80))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        predicate = filters.compile_expression(text)
    except FilterError:
        return
    assert predicate(PAYLOAD) in {True, False}


def test_event_filter_by_change_type() -> None:
    wanted = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["BuyerRequestedChange"]}}
    assert not filters.passes(wanted, PAYLOAD)
    assert filters.passes(None, PAYLOAD)


# ---------------------------------------------------------------------- faults


def test_faults_end_by_count_and_by_time() -> None:
    faults = Faults(seed=1)
    faults.add("html_503", 0, operation="getOrder", seller="A", count=2)
    assert faults.strike_api(0, "B", "getOrder") is None
    assert faults.strike_api(0, "A", "searchOrders") is None
    assert [faults.strike_api(0, "A", "getOrder") is not None for _ in range(3)] == [True, True, False]
    faults.add("slow", 0, duration_seconds=10)
    assert faults.strike_api(9_999, "A", "getOrder") is not None
    assert faults.strike_api(10_000, "A", "getOrder") is None
    assert faults.active == {}


def test_a_share_of_calls_is_struck() -> None:
    faults = Faults(seed=1)
    faults.add("empty_429", 0, probability=0.25)
    struck = sum(faults.strike_api(0, "A", "getOrder") is not None for _ in range(2000))
    assert 400 < struck < 600


@pytest.mark.parametrize(
    ("arguments", "word"), [({"kind": "x"}, "kind"), ({"probability": 0}, "probability"), ({"count": 0}, "count")]
)
def test_impossible_faults_name_the_field(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=f"^{word}:"):
        Faults(1).add(**{"kind": "slow", "now_ms": 0, **arguments})


# ---------------------------------------------------------------------- money and demand


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
def test_money_survives_the_round_trip(minor: int, currency: str) -> None:
    assert parse_amount(amount_text(minor, currency), currency) == minor


@pytest.mark.parametrize("text", ["ten", "1.005", "NaN", ""])
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|more decimals"):
        parse_amount(text, "USD")


def test_demand_knows_season_weekday_trend_and_promotion() -> None:
    flat = Demand(base=10, trend=0, season=0, peak_day=1, weekday=0, seed=1)
    week = [flat.expected(date(2026, 6, day), 0) for day in range(1, 8)]
    assert sum(week) / 7 == pytest.approx(10, rel=0.01)
    assert len(set(week)) > 3
    day = date(2026, 12, 16)
    assert Demand(10, 0, 0.3, 350, 0, 1).expected(day, 0) > flat.expected(day, 0)
    assert Demand(10, 0.5, 0, 1, 0, 1).expected(day, 0) > flat.expected(day, 0)
    assert flat.expected(day, 0.2) > 2 * flat.expected(day, 0)
    assert sum(HOURS) == pytest.approx(1)


def test_promotions_last_some_days_and_are_rare() -> None:
    days = [promotion(42, day) for day in range(739_000, 739_000 + 3650)]
    assert 0.01 < sum(each > 0 for each in days) / len(days) < 0.15


def test_poisson_has_its_mean() -> None:
    chance = entropy.generator("poisson")
    for mean in (0.3, 4.0, 80.0):
        assert sum(poisson(chance, mean) for _ in range(3000)) / 3000 == pytest.approx(mean, rel=0.1)
