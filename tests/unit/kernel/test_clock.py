from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.clock import (
    FixedClock,
    epoch_milliseconds,
    epoch_seconds,
    format_instant,
    from_epoch_milliseconds,
    parse_instant,
)
from quayside.kernel.errors import InvalidInput

instants = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zones are drawn apart


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-21T10:11:12Z", "2026-11-21T10:11:12Z"),
        ("2026-11-21T10:11:12.999Z", "2026-11-21T10:11:12Z"),
        ("2026-11-21T12:11:12+02:00", "2026-11-21T10:11:12Z"),
        ("2026-11-21T10:11:12", "2026-11-21T10:11:12Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
    ],
)
def test_instants_are_read_as_amazon_writes_them(text: str, instant: str) -> None:
    assert format_instant(parse_instant(text)) == instant


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "12"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_instant(text)


@given(instants)
def test_milliseconds_are_exact_and_reversible(at: datetime) -> None:
    value = epoch_milliseconds(at)
    assert from_epoch_milliseconds(value) <= at < from_epoch_milliseconds(value + 1)
    assert epoch_seconds(at) == value // 1000


@given(instants, instants)
def test_written_instants_sort_as_text(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    assert format_instant(earlier) <= format_instant(later)


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_instant(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert format_instant(clock.now()) == "2026-01-01T10:00:00Z"
    clock.advance(1.5)
    assert clock.now() == datetime(2026, 1, 1, 10, 0, 1, 500_000, tzinfo=UTC)
