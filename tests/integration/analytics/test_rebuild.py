"""Figures that went wrong are found by adding them up anew, and put right."""

import io
from collections.abc import Iterator

import pytest

from quayside.analytics import sheet_store
from quayside.analytics.sheet_rules import Change, Place
from quayside.command_line import Streams, run
from quayside.kernel.tenancy import tenant_scope
from tests.integration.metrics_roller.test_roller import World
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def world(shared: Aws) -> World:
    """Two orders that the roller counted, an hour ago."""
    found = World(emptied(shared))
    found.change("903-0000000-0000001", purchased="2026-11-18T12:00:00Z")
    found.change("903-0000000-0000002", purchased="2026-10-19T12:00:00Z")
    found.deliver()
    shared.clock.advance(3600)
    return found


def rebuild(world: World, *more: str, months: tuple[str, str] = ("2026-10", "2026-11")) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    seller = world.seller
    words = ["figures", "rebuild", "--tenant", seller.tenant_id, "--connection", seller.connection_id]
    words += ["--from", months[0], "--to", months[1], *more]
    streams = Streams(io.StringIO(), out, err)
    code = run(words, {"CORE_TABLE": "CoreTable"}, streams, clock=world.aws.clock, store=world.aws.store)
    return code, out.getvalue(), err.getvalue()


def spoil(world: World) -> None:
    """Count an order twice, and a product that was never sold."""
    for sku in (None, "GHOST"):
        wrong = Change("2026-11-01", "0", 0, {("2026-11-18", "USD"): {"orders": 1, "units": 7}})
        place = Place("ORDERS", world.seller.connection_id, US, "2026-11", sku)
        with tenant_scope(world.seller.tenant_id):
            sheet_store.advance(place, [wrong], world.aws.clock.now())


def test_what_is_right_stays_as_it_is(world: World) -> None:
    before = world.aws.items()
    code, out, _ = rebuild(world)
    assert (code, out.count(" equal"), out.count(" 0 differ")) == (0, 2, 2)
    assert world.aws.items() == before


def test_what_is_wrong_is_found_and_put_right_and_goes_on_exactly_once(world: World) -> None:
    spoil(world)
    _, out, _ = rebuild(world, "--check")
    assert "2 differ  DIFFERS" in out
    _, out, _ = rebuild(world)
    assert "2 differ  corrected" in out
    assert world.figures() == world.truth()
    # What the sheets have heard is not forgotten: the same stream again changes nothing, what is new does.
    world.deliver()
    assert world.figures() == world.truth()
    world.change("903-0000000-0000003", purchased="2026-11-18T13:00:00Z")
    world.deliver()
    assert world.figures() == world.truth()


def test_a_month_that_changed_a_moment_ago_is_left_alone(world: World) -> None:
    world.change("903-0000000-0000003", purchased="2026-11-18T13:00:00Z")
    spoil(world)
    wrong = world.aws.items()
    _, out, _ = rebuild(world)
    assert "STILL CHANGING" in out
    assert world.aws.items() == wrong


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (("2026-13", "2026-11"), "no month"),
        (("2026-11", "2026-10"), "1 to 36 months"),
        (("2020-01", "2026-10"), "1 to 36 months"),
    ],
)
def test_impossible_months_are_refused_with_what_is_possible(world: World, months: tuple[str, str], words: str) -> None:
    code, _, err = rebuild(world, months=months)
    assert (code, words in err) == (1, True)
