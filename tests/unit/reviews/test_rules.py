"""Windows, hours and campaigns: what holds for every order."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.errors import InvalidInput
from quayside.reviews.campaign_rules import Place, check
from quayside.reviews.rules import (
    CLOCKS_DIFFER,
    POLICY,
    Campaign,
    Candidate,
    Product,
    asked_again_at,
    at_hour,
    decide,
    planned_at,
    window_of,
)

ZONES = ("America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo")
CAMPAIGN = Campaign(campaign_id="c", name="All", state="on", priority=1, delay_days=7, send_hour=10)
US, DE = Place("ATVPDKIKX0DER", "USD"), Place("A1PA6795UKMFR9", "EUR")

instants = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware at once
orders = st.builds(
    lambda zone, deliver_after, days, status, barred, late, refunded: Candidate(
        order_id="114-0000000-0000001",
        marketplace_id=US.marketplace_id,
        time_zone=zone,
        status=status,
        fulfilled_by="AMAZON",
        purchased_at=deliver_after - timedelta(days=3),
        deliver_after=deliver_after,
        deliver_by=deliver_after + timedelta(days=days),
        products=(Product("MUG"),),
        is_barred=barred,
        was_late=late,
        refunded_at=deliver_after if refunded else None,
    ),
    st.sampled_from(ZONES),
    instants,
    st.floats(0, 20),
    st.sampled_from(("SHIPPED", "SHIPPED", "UNSHIPPED", "CANCELLED")),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
campaigns = st.builds(
    lambda delay, hour, state: msgspec.structs.replace(CAMPAIGN, delay_days=delay, send_hour=hour, state=state),
    st.integers(-400, 400),
    st.integers(0, 23),
    st.sampled_from(("on", "test", "off")),
)


@given(order=orders, campaign=campaigns, after_days=st.floats(-5, 60), paused=st.booleans())
def test_no_setting_sends_outside_the_window_or_to_an_excluded_order(
    order: Candidate, campaign: Campaign, after_days: float, *, paused: bool
) -> None:
    assert order.deliver_after is not None
    assert order.deliver_by is not None
    now = order.deliver_after + timedelta(days=after_days)
    decision = decide(order, (campaign,), now, is_paused=paused)

    assert decision == decide(order, (campaign,), now, is_paused=paused)
    assert decision.rules
    if decision.outcome in ("send", "test"):
        assert order.deliver_after + timedelta(days=5) <= now <= order.deliver_by + timedelta(days=30)
        assert order.status == "SHIPPED"
        assert not any((order.is_barred, order.was_late, order.refunded_at))
        assert campaign.state == ("on" if decision.outcome == "send" else "test")
        assert not (paused and decision.outcome == "send")
    if decision.outcome == "wait":
        # It is looked at again, later, and before the window closes unless something is lacking.
        assert decision.look_at is not None
        assert decision.look_at > now
        if decision.deciding_rule in ("window", "hour", "paused"):
            assert decision.window is not None
            assert decision.look_at <= decision.window.last


@given(order=orders, campaign=campaigns)
def test_an_order_that_waits_for_its_time_is_sent_when_it_comes(order: Candidate, campaign: Campaign) -> None:
    good = msgspec.structs.replace(order, status="SHIPPED", is_barred=False, was_late=False, refunded_at=None)
    on = msgspec.structs.replace(campaign, state="on")
    now = good.purchased_at
    for _ in range(5):
        decision = decide(good, (on,), now)
        if decision.outcome != "wait":
            break
        assert decision.look_at is not None
        now = decision.look_at
    assert decision.outcome == "send"


@given(
    zone=st.sampled_from(ZONES),
    first=instants,
    days=st.floats(0, 20),
    delay=st.integers(5, 30),
    hour=st.integers(0, 23),
)
def test_the_plan_keeps_the_hour_and_the_window(zone: str, first: datetime, days: float, delay: int, hour: int) -> None:
    by = first + timedelta(days=days)
    window = window_of(first, by, zone)
    assert window is not None
    planned = planned_at(window, by, delay, hour, zone)

    assert window.first <= planned <= window.last
    local = planned.astimezone(ZoneInfo(zone))
    assert planned == at_hour(local.date(), hour, zone)
    assert first + timedelta(days=5) <= window.opens_at
    assert window.closes_at <= by + timedelta(days=30)


@given(zone=st.sampled_from(ZONES), first=instants, hour=st.integers(0, 23))
def test_asking_again_ends_on_the_last_day(zone: str, first: datetime, hour: int) -> None:
    window = window_of(first, first, zone)
    assert window is not None
    now: datetime | None = window.first
    times: list[datetime] = []
    while now is not None:
        times.append(now)
        now = asked_again_at(len(times), now, window, hour, zone)

    assert times == sorted(set(times))
    assert times[-1] <= window.last
    assert window.last - times[-1] <= timedelta(hours=1), "the last day is not left out"
    assert len(times) <= 9


def test_an_hour_that_the_clocks_skip_begins_after_them() -> None:
    spring = datetime(2026, 3, 29, tzinfo=UTC).date()
    autumn = datetime(2026, 10, 25, tzinfo=UTC).date()
    assert at_hour(spring, 2, "Europe/Berlin") == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert at_hour(autumn, 2, "Europe/Berlin") == datetime(2026, 10, 25, 0, tzinfo=UTC)


def test_a_day_across_a_change_of_the_clocks_counts_as_what_makes_the_window_shorter() -> None:
    before = datetime(2026, 3, 27, 12, tzinfo=UTC)
    window = window_of(before, before, "Europe/Berlin")
    assert window is not None
    assert window.opens_at == before + timedelta(days=5)
    assert window.closes_at == before + timedelta(days=30, hours=-1)
    assert window.first - window.opens_at == window.closes_at - window.last == CLOCKS_DIFFER

    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    window = window_of(autumn, None, "Europe/Berlin")
    assert window is not None
    assert window.opens_at == autumn + timedelta(days=5, hours=1)
    assert window.closes_at == autumn + timedelta(days=30)


def _draft(**changes: object) -> Campaign:
    return msgspec.structs.replace(CAMPAIGN, **changes)


@pytest.mark.parametrize("delay", [-1, 0, 4, 31, 1000])
def test_a_delay_that_breaks_the_policy_is_refused_with_its_sentence(delay: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(_draft(delay_days=delay), [US])
    assert refused.value.detail == POLICY
    assert refused.value.code == "against_policy"
    assert [each.field for each in refused.value.fields] == ["delay_days"]
    assert "from 5 to 30 days" in refused.value.fields[0].problem


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "  "}, "name", "1 to 80 characters"),
        ({"name": "x" * 81}, "name", "1 to 80 characters"),
        ({"send_hour": 24}, "send_hour", "from 0 to 23"),
        ({"send_hour": -1}, "send_hour", "from 0 to 23"),
        ({"priority": 0}, "priority", "from 1 (first) to 100"),
        ({"marketplace_ids": ("A2EUQ1WTGCTBG2",)}, "marketplace_ids", "none of your accounts"),
        ({"maximum_age_days": 5}, "maximum_age_days", "from 6 to 120"),
        ({"include_skus": tuple(f"S{n}" for n in range(501))}, "include_skus", "at most 500"),
        ({"exclude_asins": ("",)}, "exclude_asins", "empty or longer than 100"),
        ({"include_skus": ("A", "B"), "exclude_skus": ("B",)}, "exclude_skus", "leaves out B"),
        ({"minimum_price_minor": -1, "price_currency": "USD"}, "minimum_price_minor", "0 or more"),
        (
            {"minimum_price_minor": 2, "maximum_price_minor": 1, "price_currency": "USD"},
            "maximum_price_minor",
            "at least the lowest",
        ),
        ({"minimum_price_minor": 2}, "price_currency", "one of EUR, USD"),
        (
            {"minimum_price_minor": 2, "price_currency": "EUR", "marketplace_ids": (US.marketplace_id,)},
            "price_currency",
            "one of USD",
        ),
        ({"price_currency": "EUR"}, "price_currency", "goes with a price"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_what_is_allowed(
    changes: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(_draft(**changes), [US, DE])
    assert [each.field for each in refused.value.fields] == [field]
    assert words in refused.value.fields[0].problem
    assert refused.value.code == "invalid_campaign"


def test_a_good_campaign_passes() -> None:
    check(
        _draft(
            delay_days=30,
            marketplace_ids=(DE.marketplace_id,),
            price_currency="EUR",
            minimum_price_minor=0,
            maximum_price_minor=100,
            maximum_age_days=120,
            include_skus=("A",),
            exclude_skus=("B",),
        ),
        [US, DE],
    )
