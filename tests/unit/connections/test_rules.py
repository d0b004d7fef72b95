from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.connections.rules import (
    Status,
    dataset_state,
    is_live,
    may_become,
    progress_of,
    share_walked,
    statuses_before,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALL: tuple[Status, ...] = get_args(Status)

LEGAL = {
    ("authorising", "authorising"), ("authorising", "connected"), ("authorising", "failed"),
    ("authorising", "disconnecting"), ("authorising", "revoked"), ("connected", "authorising"),
    ("connected", "disconnecting"), ("connected", "revoked"), ("failed", "authorising"), ("failed", "disconnecting"),
    ("disconnecting", "disconnecting"), ("disconnecting", "disconnected"), ("disconnected", "authorising"),
    ("revoked", "authorising"), ("revoked", "disconnecting"),
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
    found = dataset_state(
        status, last_success_at=last, failed=failed, running=running, objective_seconds=1800, now=NOW
    )
    assert found == state


def test_progress_is_a_straight_line() -> None:
    total, finish = progress_of(rows=100, share=0.25, started=NOW - timedelta(seconds=60), now=NOW)
    assert (total, finish) == (400, NOW + timedelta(seconds=180))


@pytest.mark.parametrize(("rows", "share"), [(0, 0.5), (10, 0.0), (10, 0.01)])
def test_too_little_to_say_is_said(rows: int, share: float) -> None:
    assert progress_of(rows=rows, share=share, started=NOW, now=NOW) == (None, None)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_share_grows_with_every_window_and_every_page(ends_ago: int, length: int, reached: int) -> None:
    oldest, newest = NOW - timedelta(days=1000), NOW
    ends = newest - timedelta(days=ends_ago)
    begins = ends - timedelta(days=length)
    share = share_walked(oldest=oldest, newest=newest, window=(begins, ends), reached=begins + timedelta(days=reached))
    assert 0.0 <= share <= 1.0
    assert share == pytest.approx((ends_ago + min(reached, length)) / 1000)
    further = share_walked(
        oldest=oldest, newest=newest, window=(begins, ends), reached=begins + timedelta(days=reached + 1)
    )
    assert further >= share


def test_nothing_to_walk_is_all_walked() -> None:
    assert share_walked(oldest=NOW, newest=NOW, window=(NOW, NOW), reached=None) == 1.0
