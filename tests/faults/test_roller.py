"""The roller when the store fails in the middle: what was written is not added again, the rest is delivered again."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.analytics import sheet_store
from quayside.analytics.rolling_service import roll
from quayside.analytics.sheet_rules import Change, Place
from quayside.analytics.sheet_store import Ahead
from quayside.kernel.errors import UpstreamUnavailable
from tests.integration.metrics_roller.test_roller import World
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.orders import item


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


class FailingStore:
    """Writes sheets, but fails at the given attempts, before or after the write."""

    def __init__(self, fails_before: frozenset[int], fails_after: frozenset[int]) -> None:
        self.attempt = 0
        self.fails_before = fails_before
        self.fails_after = fails_after

    def advance(self, place: Place, changes: Sequence[Change], now: datetime, ahead: Ahead | None) -> int:
        self.attempt += 1
        if self.attempt in self.fails_before:
            raise UpstreamUnavailable("The store did not answer.")
        writes = sheet_store.advance(place, changes, now, ahead)
        if self.attempt in self.fails_after:
            raise UpstreamUnavailable("The answer of the store was lost.")
        return writes


@settings(max_examples=10)
@given(
    changes=st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(18, 20),
            st.sampled_from(["PENDING", "SHIPPED", "CANCELLED"]),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=10,
    ),
    before=st.frozensets(st.integers(1, 9), max_size=3),
    after=st.frozensets(st.integers(1, 9), max_size=3),
)
def test_a_crash_in_the_middle_neither_loses_nor_doubles(
    shared: Aws, changes: list[tuple[int, int, str, int]], before: frozenset[int], after: frozenset[int]
) -> None:
    world = World(emptied(shared))
    for minute, (number, day, status, quantity) in enumerate(changes):
        world.change(
            f"903-{day:07}-{number:07}",
            purchased=f"2026-11-{day}T{number:02}:00:00Z",
            updated=f"2026-11-21T00:{minute:02}:00Z",
            status=status,
            items=[item(sku=f"SKU-{number}", quantity=quantity, price=f"{quantity}.00")],
        )
    failing = FailingStore(before, after)
    first = 0
    for _ in range(10):
        rolled = roll(world.stream[first:], world.aws.clock, advance=failing.advance)
        if rolled.failed_sequence_number is None:
            break
        # Lambda delivers again from the record that was named.
        numbers = [record["dynamodb"]["SequenceNumber"] for record in world.stream]
        assert numbers.index(rolled.failed_sequence_number) >= first
        first = numbers.index(rolled.failed_sequence_number)
    assert rolled.failed_sequence_number is None
    assert world.figures() == world.truth()


def test_one_sheet_that_fails_does_not_hold_up_the_others(shared: Aws) -> None:
    world = World(emptied(shared))
    world.change("903-0000000-0000001", purchased="2026-10-18T12:00:00Z")
    world.change("903-0000000-0000002", purchased="2026-11-19T12:00:00Z")
    failing = FailingStore(frozenset({1}), frozenset())
    rolled: Any = roll(world.stream, world.aws.clock, advance=failing.advance)
    # Of two months, each for the marketplace and for the product.
    assert rolled.writes == 3
    assert rolled.failed_sequence_number == world.stream[0]["dynamodb"]["SequenceNumber"]
    assert [day.isoformat() for day, _ in world.marketplace_figures()] == ["2026-11-19"]
