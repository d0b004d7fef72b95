"""Real order lines: every problem is named by line and column, and what is imported is exact."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulator import audit, truth
from infra.simulator.clock import DAY, SimulatorClock, instant, milliseconds
from infra.simulator.importing import (
    WEEK,
    ImportRefusedError,
    SourceLine,
    SourceOrder,
    import_orders,
    import_request,
    read_csv,
    start_of_replay,
)
from infra.simulator.lifecycle import State
from infra.simulator.storage import Storage
from infra.simulator.world import Seller, World

HEADER = "time,order,sku,quantity,price,currency\n"
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
US = "ATVPDKIKX0DER"


def _seller() -> tuple[World, SimulatorClock, Seller]:
    clock = SimulatorClock.manual(START)
    world = World(Storage(), clock, seed=3)
    return world, clock, world.open_empty_account("na", [US], name="Imported")


def test_csv_groups_lines_into_orders_oldest_first() -> None:
    orders = read_csv(
        HEADER
        + "2026-01-02T10:00:00Z,B,SKU-1,2,19.98,USD\n"
        + '2026-01-01T10:00:00-08:00,A,"SKU, 2",1,5,usd\n'
        + "2026-01-02T10:00:00Z,B,SKU-3,0,0.01,USD\n"
    )
    assert [each.name for each in orders] == ["A", "B"]
    assert orders[0].lines == (SourceLine("SKU, 2", "SKU, 2", 1, 500),)
    assert [line.price_minor for line in orders[1].lines] == [1998, 1]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            "2026-01-01,A,S,1,1,USD",
            "line 2, column time: '2026-01-01' has no offset: add Z for UTC, or one such as -08:00",
        ),
        (
            "soon,A,S,1,1,USD",
            "line 2, column time: 'soon' is not an ISO 8601 instant: write it like 2026-01-31T09:30:00Z",
        ),
        ("2026-01-01T00:00:00Z,,S,1,1,USD", "line 2, column order: is empty: every line needs one"),
        ("2026-01-01T00:00:00Z,A,,1,1,USD", "line 2, column sku: is empty: every line needs one"),
        (
            "2026-01-01T00:00:00Z,A,S,1.5,1,USD",
            "line 2, column quantity: '1.5' is not a whole number from 0 to 10000000",
        ),
        ("2026-01-01T00:00:00Z,A,S,-1,1,USD", "line 2, column quantity: '-1' is not a whole number from 0 to 10000000"),
        ("2026-01-01T00:00:00Z,A,S,1,x,USD", "line 2, column price: 'x' is not a number: write it like 19.99"),
        (
            "2026-01-01T00:00:00Z,A,S,1,1.001,USD",
            "line 2, column price: '1.001' has more decimals than USD knows: use at most 2",
        ),
        ("2026-01-01T00:00:00Z,A,S,1,-1,USD", "line 2, column price: -1 is below 0: leave refunds out"),
        (
            "2026-01-01T00:00:00Z,A,S,1,1,ECU",
            "line 2, column currency: 'ECU' is not a currency code known here: use one such as USD or EUR",
        ),
        ("2026-01-01T00:00:00Z,A,S,1,1", "line 2: 5 fields instead of 6: check commas and quotes"),
    ],
)
def test_csv_problems_say_line_column_and_what_to_do(row: str, problem: str) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        read_csv(HEADER + row + "\n")
    assert refused.value.problems == [problem]


def test_csv_header_and_order_problems() -> None:
    with pytest.raises(ImportRefusedError) as refused:
        read_csv("time,order,sku,qty,price,currency\n")
    assert refused.value.problems == [
        "line 1: column quantity is missing: the first line names the columns time,order,sku,quantity,price,currency",
        "line 1: column qty is unknown: remove it",
    ]
    with pytest.raises(ImportRefusedError, match="order A is in USD above"):
        read_csv(HEADER + "2026-01-01T00:00:00Z,A,S,1,1,USD\n2026-01-01T00:00:00Z,A,S,1,1,EUR\n")
    with pytest.raises(ImportRefusedError, match="quote fields"):
        read_csv(HEADER + '2026-01-01T00:00:00Z,A,"S"x,1,1,USD\n')


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_csv(HEADER + text)
    except ImportRefusedError as refused:
        assert refused.problems  # noqa: PT017  both outcomes are fine, an empty refusal is not


SOURCES = st.lists(
    st.builds(
        SourceOrder,
        at_ms=st.integers(0, 90).map(lambda day: milliseconds(START) - 80 * DAY + day * DAY),
        name=st.uuids().map(str),
        currency=st.just("USD"),
        lines=st.lists(
            st.builds(
                SourceLine,
                sku=st.sampled_from(["A", "B", "C"]),
                title=st.just("Thing"),
                quantity=st.integers(0, 9),
                price_minor=st.integers(0, 99_999),
            ),
            min_size=1,
            max_size=4,
        ).map(tuple),
    ),
    max_size=12,
).map(lambda orders: sorted(orders, key=lambda each: each.at_ms))


@given(SOURCES)
@settings(max_examples=60)
def test_imported_orders_keep_every_unit_and_cent(orders: list[SourceOrder]) -> None:
    world, clock, seller = _seller()
    report = import_orders(world, seller, orders)
    assert report.orders == len(orders)
    assert audit.check(world, seller) == []
    clock.advance(40 * 86400)
    world.step()
    assert audit.check(world, seller) == []
    lines = [line for order in orders for line in order.lines]
    stored = world.storage.connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(quantity), 0), COALESCE(SUM(item_minor), 0) FROM lines"
    ).fetchone()
    assert stored == (len(lines), sum(line.quantity for line in lines), sum(line.price_minor for line in lines))
    days = truth.daily(world, seller)
    assert sum(day["orders"] for day in days) == len(orders)
    assert sum(day["sales_minor"] for day in days) == stored[2]


def test_replay_releases_orders_when_their_time_comes() -> None:
    old = [SourceOrder(day * DAY, f"o{day}", "USD", (SourceLine("A", "A", 1, 100),)) for day in range(21)]
    last = old[-1].at_ms
    clock = SimulatorClock.manual(instant(start_of_replay(last, milliseconds(START))))
    world = World(Storage(), clock, seed=3)
    seller = world.open_empty_account("na", [US], name="Imported")
    report = import_orders(world, seller, old, last_ms=last, ends_at_ms=world.now_ms + WEEK)
    assert (report.history_orders, report.replay_orders) == (14, 7)
    assert report.shifted_weeks == (world.now_ms + WEEK - last) // WEEK
    clock.advance(3 * 86400)
    world.step()
    assert world.storage.connection.execute("SELECT COUNT(*) FROM orders").fetchone()[0] == 17
    assert len(list(world.imported_ahead(seller))) == 4
    clock.advance(20 * 86400)
    world.step()
    states = world.storage.connection.execute("SELECT DISTINCT state FROM orders").fetchall()
    assert states == [(State.DELIVERED,)]


def test_start_of_replay_leaves_exactly_the_wanted_days_ahead() -> None:
    last = milliseconds(datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC))
    now = milliseconds(START)
    start = start_of_replay(last, now, days=7)
    assert now - WEEK < start <= now
    assert (start + 7 * DAY - last) % WEEK == 0


def test_currency_must_be_the_sellers() -> None:
    world, _, seller = _seller()
    order = SourceOrder(0, "x", "EUR", (SourceLine("A", "A", 1, 100),))
    with pytest.raises(ImportRefusedError, match="currency EUR"):
        import_orders(world, seller, [order])


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b"{", "not valid JSON"),
        ("application/json", b'{"dataset":"x"}', "dataset: must be complete-journey"),
        (
            "application/json",
            b'{"dataset":"complete-journey","products":"some"}',
            "products: 'some' must be even, odd or all",
        ),
        ("text/csv", b"\xff\xfe", "byte 1: not UTF-8"),
    ],
)
def test_import_requests_that_cannot_be_done(kind: str, body: bytes, words: str) -> None:
    world, _, seller = _seller()
    with pytest.raises(ImportRefusedError) as refused:
        import_request(world, seller, kind, body, {})
    assert words in str(refused.value)
