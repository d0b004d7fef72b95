from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.connections.rules import (
    Status,
    dataset_state,
    is_live,
    is_overdue,
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
    found = dataset_state(status, last_success_at=last, failed=failed, running=running, objective_seconds=1800, now=NOW)
    assert found == state


MINUTE_AGO = NOW - timedelta(seconds=60)


@pytest.mark.parametrize(
    ("rows", "before", "share", "last", "total", "seconds"),
    [
        (100, 0, 0.25, False, 400, None),
        (100, 0, 0.25, True, 400, 180),
        (500, 400, 0.5, False, 600, None),
        (500, 400, 0.5, True, 600, 12),
        (500, 400, 1.0, True, 500, 0),
        (0, 0, 0.5, True, None, None),
        (400, 400, 0.5, True, None, None),
        (10, 0, 0.01, True, None, None),
    ],
)
def test_progress_is_a_straight_line_within_a_window(  # noqa: PLR0917 - a table
    rows: int,
    before: int,
    share: float,
    last: bool,  # noqa: FBT001 - a table
    total: int | None,
    seconds: int | None,
) -> None:
    found = progress_of(rows=rows, rows_before=before, share=share, last_window=last, started=MINUTE_AGO, now=NOW)
    assert found == (total, None if seconds is None else NOW + timedelta(seconds=seconds))


@given(st.integers(1, 500), st.integers(-10, 600))
def test_the_share_of_a_window_is_between_nothing_and_all(length: int, reached: int) -> None:
    begins, ends = NOW - timedelta(days=length), NOW
    share = share_walked((begins, ends), begins + timedelta(days=reached))
    assert share == pytest.approx(min(max(reached, 0), length) / length)


def test_before_the_first_page_nothing_is_walked() -> None:
    assert share_walked((NOW - timedelta(days=1), NOW), None) == 0.0
    assert share_walked((NOW, NOW), NOW) == 0.0


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
