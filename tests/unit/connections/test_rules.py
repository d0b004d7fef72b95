from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.connections.rules import (
    Status,
    dataset_state,
    features_off,
    finish_of,
    is_live,
    is_overdue,
    may_become,
    statuses_before,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALL: tuple[Status, ...] = get_args(Status)

LEGAL = {
    ("authorising", "authorising"), ("authorising", "connected"), ("authorising", "failed"),
    ("authorising", "disconnecting"), ("authorising", "revoked"), ("connected", "authorising"),
    ("connected", "disconnecting"), ("connected", "revoked"), ("failed", "authorising"), ("failed", "disconnecting"),
    ("disconnecting", "disconnecting"), ("disconnecting", "disconnected"), ("disconnected", "authorising"),
    ("revoked", "authorising"), ("revoked", "disconnecting"), ("failed", "erasing"), ("disconnecting", "erasing"),
    ("disconnected", "erasing"), ("revoked", "erasing"), ("erasing", "erasing"),
}  # fmt: skip


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("following", ALL)
def test_only_these_moves_are_legal(status: Status, following: Status) -> None:
    assert may_become(status, following) is ((status, following) in LEGAL)
    assert (status in statuses_before(following)) is ((status, following) in LEGAL)


def test_amazon_is_called_only_while_the_authorisation_stands() -> None:
    assert [status for status in ALL if is_live(status)] == ["authorising", "connected"]


@pytest.mark.parametrize(
    ("status", "age", "failed", "running", "state"),
    [
        ("connected", 60, False, False, "fresh"),
        ("connected", 1800, False, False, "fresh"),
        ("connected", 1801, False, False, "late"),
        ("connected", 1801, False, True, "fresh"),
        ("connected", 60, True, False, "failing"),
        ("connected", None, False, False, "waiting"),
        ("connected", None, True, False, "failing"),
        ("authorising", None, False, False, "waiting"),
        ("revoked", 60, False, False, "off"),
        ("disconnected", 60, True, False, "off"),
        ("failed", None, False, False, "off"),
    ],
)
def test_how_fresh_a_dataset_is(status: Status, age: int | None, failed: bool, running: bool, state: str) -> None:  # noqa: FBT001 - a table
    last = None if age is None else NOW - timedelta(seconds=age)
    found = dataset_state(status, last_success_at=last, failed=failed, running=running, objective_seconds=1800, now=NOW)
    assert found == state


@pytest.mark.parametrize(
    ("status", "needed", "paused", "state"),
    [
        ("connected", True, True, "paused"),
        ("authorising", True, True, "paused"),
        ("connected", False, True, "off"),
        ("connected", False, False, "off"),
        ("authorising", False, False, "off"),
        ("revoked", True, True, "off"),
    ],
)
def test_a_pause_and_a_switch_come_before_freshness(
    status: Status,
    needed: bool,  # noqa: FBT001 - a table
    paused: bool,  # noqa: FBT001 - a table
    state: str,
) -> None:
    found = dataset_state(
        status, last_success_at=NOW, failed=True, running=False, objective_seconds=1800, now=NOW, needed=needed,
        paused=paused,
    )  # fmt: skip
    assert found == state


@pytest.mark.parametrize(
    ("done", "total", "minutes", "later", "finish_in"),
    [
        (0, 25, 0, 5, None),
        (1, 25, 10, 5, None),
        (2, 25, 10, 0, 23 * 5),
        (5, 25, 10, 4, 20 * 2 - 4),
        # A window that takes longer than the others: the estimate is never in the past.
        (24, 25, 24, 60, 0),
        (25, 25, 50, 0, None),
    ],
)
def test_the_end_of_a_backfill_is_estimated_by_its_pace(
    done: int, total: int, minutes: int, later: int, finish_in: int | None
) -> None:
    updated = NOW - timedelta(minutes=later)
    found = finish_of(
        windows_done=done, windows_total=total, started=updated - timedelta(minutes=minutes), updated=updated, now=NOW
    )
    assert found == (None if finish_in is None else NOW + timedelta(minutes=finish_in))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_estimate_is_never_in_the_past(done: int, left: int, took: int, later: int) -> None:
    updated = NOW - timedelta(seconds=later)
    found = finish_of(
        windows_done=done,
        windows_total=done + left,
        started=updated - timedelta(seconds=took),
        updated=updated,
        now=NOW,
    )
    assert found is None or found >= NOW


@pytest.mark.parametrize(
    ("status", "exchanging", "seconds", "overdue"),
    [
        ("authorising", True, 360, False),
        ("authorising", True, 361, True),
        ("authorising", False, 9999, False),
        ("connected", True, 9999, False),
        ("failed", True, 9999, False),
    ],
)
def test_a_code_that_was_never_exchanged_is_dead_after_six_minutes(
    status: Status,
    exchanging: bool,  # noqa: FBT001 - a table
    seconds: int,
    overdue: bool,  # noqa: FBT001 - a table
) -> None:
    found = is_overdue(status, exchanging=exchanging, began_at=NOW - timedelta(seconds=seconds), now=NOW)
    assert found is overdue


@pytest.mark.parametrize(
    ("switched_off", "switched_on", "without"),
    [
        ((), (), ("merchant_fulfilment", "messages")),
        (("sales",), (), ("merchant_fulfilment", "messages", "sales")),
        ((), ("merchant_fulfilment", "messages"), ()),
        (("merchant_fulfilment",), ("messages",), ("merchant_fulfilment",)),
        # What is on from the beginning needs nobody to switch it on, and switching it on changes nothing.
        ((), ("sales",), ("merchant_fulfilment", "messages")),
    ],
)
def test_what_needs_personal_data_or_writes_to_buyers_is_off_until_it_is_switched_on(
    switched_off: tuple[str, ...], switched_on: tuple[str, ...], without: tuple[str, ...]
) -> None:
    assert features_off(switched_off, switched_on) == without
