"""A seller's order history, window by window: reports, and a search where Amazon can make none."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest

from quayside.amazon.reports import ORDERS_BY_ORDER_DATE
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import ConnectionRecord, HistoryWalk, no_steps
from quayside.kernel.clock import format_instant, parse_instant
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.keys import Key
from quayside.sync.report_runs import ReportRun
from quayside.sync.rules import SAFE_BEFORE
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.reports import MadeReport, Reports, order_cells, table
from tests.support.sellers import connect

WINDOWS = 4
DAYS = 100


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws(history_days=str(DAYS)) as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Reports:
    present = emptied(shared)
    opened = Reports(present, seller=connect(present.clock, fresh=False))
    opened.amazon.making = orders_of_its_window
    return opened


def orders_of_its_window(made: MadeReport) -> tuple[str, str]:
    """Return a file with one order a day of the window that was asked for."""
    assert made.data_start is not None
    assert made.data_end is not None
    days = (made.data_end - made.data_start).days
    rows = []
    for day in range(days):
        at = format_instant(made.data_start + timedelta(days=day)).replace("Z", "+00:00")
        number = int((made.data_start + timedelta(days=day)).timestamp()) // 86_400
        rows.append(order_cells(number, purchase_date=at, last_updated_date=at))
    return "DONE", table(rows)


def windows(on: Reports) -> list[tuple[str, str | None, str | None]]:
    return [(run.stage, run.data_start, run.data_end) for run in on.runs(ORDERS_BY_ORDER_DATE)]


def begin(on: Reports) -> datetime:
    on.do(on.command("orders.history", "connect"))
    return on.clock.now()


def test_history_is_planned_in_windows_of_thirty_days_the_newest_first(on: Reports) -> None:
    begun = begin(on)
    newest = begun - SAFE_BEFORE
    bounds = [newest, *(newest - timedelta(days=days) for days in (30, 60, 90, DAYS))]
    assert windows(on) == [
        ("planned", format_instant(start), format_instant(end)) for end, start in itertools.pairwise(bounds)
    ]
    asked = [command.arguments for command in on.collect_messages()]
    assert [each["report"].split("#")[1] for each in asked] == [format_instant(start) for start in bounds[1:]]
    # A queue keeps no order, so the newest asks first.
    assert [(at - begun).total_seconds() for at, *_ in sorted(on._waiting)] == [0, 2, 4, 6]
    # So that they take no more of Amazon's quota than history may.
    assert {each["mode"] for each in asked} == {"history"}
    plan = on.health("orders").windows()
    assert plan is not None
    assert (plan.windows_total, plan.windows_done) == (WINDOWS, 0)
    assert on.health("orders").reconciled_until == format_instant(newest)


def test_history_becomes_complete_window_by_window_and_then_is_over(on: Reports) -> None:
    with tenant_scope(on.tenant_id):
        connections_store.change(
            on.connection_id,
            [ConnectionRecord.steps.set(connections_store.encoded(no_steps()))],
            only_in=("connected",),
        )
    begun = begin(on)
    reached: list[tuple[int, str | None]] = []
    while on.step() is not None:
        plan = on.health("orders").windows()
        assert plan is not None
        state = (plan.windows_done, on.health("orders").complete_from)
        if not reached or reached[-1] != state:
            reached.append(state)
    assert [done for done, _ in reached] == [0, 1, 2, 3, 4]
    starts = [None, *(start for _, start, _ in windows(on))]
    assert [complete_from for _, complete_from in reached] == starts
    health = on.health("orders")
    assert int(health.rows or 0) == DAYS
    plan = health.windows()
    assert plan is not None
    assert plan.rows == DAYS
    assert health.last_success_at is not None
    assert on.amazon.calls == {
        "createReport": WINDOWS, "getReport": WINDOWS, "getReportDocument": WINDOWS, "download": WINDOWS,
    }  # fmt: skip
    assert parse_instant(plan.started_at) == begun
    # What changed while history was read comes by a search, and what to buy can be worked out now.
    assert [(command.kind, command.arguments) for command in on.other] == [
        ("orders.search", {"mode": "reconcile"}),
        ("suggestions.compute", {}),
    ]
    with tenant_scope(on.tenant_id):
        assert connections.get(on.connection_id).steps["history"].state == "done"


def test_a_window_that_is_done_behind_a_missing_one_does_not_count_as_complete(on: Reports) -> None:
    begin(on)
    first, *others = on.collect_messages()
    on._waiting.clear()  # the newest window's command is lost
    for command in others:
        on.redeliver(command)
    on.run()
    health = on.health("orders")
    assert not health.complete_from
    plan = health.windows()
    assert plan is not None
    assert (plan.windows_done, plan.stored) == (WINDOWS - 1, (False, True, True, True))
    assert [stage for stage, _, _ in windows(on)] == ["planned", "loaded", "loaded", "loaded"]
    # Asked for again, history finds what stands still.
    on.clock.advance(3700)
    begin(on)
    on.run()
    assert {stage for stage, _, _ in windows(on)} == {"loaded"}
    assert on.health("orders").complete_from == windows(on)[-1][1]
    assert first.arguments["report"] == on.runs(ORDERS_BY_ORDER_DATE)[0].name


def test_history_that_died_while_it_was_planned_is_planned_to_its_end(on: Reports) -> None:
    begin(on)
    for run in on.runs(ORDERS_BY_ORDER_DATE)[2:]:
        with tenant_scope(on.tenant_id):
            ReportRun.remove(Key(run.pk, run.sk))
    on._waiting.clear()
    on.aws.messages()
    on.clock.advance(730)
    before = windows(on)
    begin(on)
    assert len(windows(on)) == WINDOWS
    assert windows(on)[:2] == before
    on.run()
    assert {stage for stage, _, _ in windows(on)} == {"loaded"}
    assert on.amazon.calls["createReport"] == WINDOWS


def test_a_window_amazon_can_not_report_is_walked_by_search_and_then_history_goes_on(on: Reports) -> None:
    def making(made: MadeReport) -> tuple[str, str]:
        is_second = made.data_start == parse_instant(on.runs(ORDERS_BY_ORDER_DATE)[1].data_start or "")
        return ("FATAL", "") if is_second else orders_of_its_window(made)

    on.amazon.making = making
    begin(on)
    on.run(quiet_hours=3)
    failed = on.runs(ORDERS_BY_ORDER_DATE)[1]
    assert (failed.stage, failed.attempts) == ("failed", 3)
    # It is no failure to show: the search is under way.
    assert on.health("orders").failure_reason is None
    (walking,) = [command for command in on.other if command.kind == "orders.search"]
    walk = on.health("orders").walk()
    assert walk is not None
    assert walking.arguments == {"mode": "history", "run": walk.run, "page": "0"}
    assert (walk.created_after, walk.created_before) == (failed.data_start, failed.data_end)
    assert on.health("orders").complete_from == windows(on)[0][1]
    finish_walk(on, walk, rows=30)
    on.do(on.command("orders.history"))
    assert {stage for stage, _, _ in windows(on)} == {"loaded"}
    assert on.runs(ORDERS_BY_ORDER_DATE)[1].reason == (
        "Amazon could not make it, asked 3 times. It was read by search instead."
    )
    health = on.health("orders")
    assert health.complete_from == windows(on)[-1][1]
    with tenant_scope(on.tenant_id):
        assert connections.get(on.connection_id).steps["history"].state == "done"


def test_two_windows_amazon_can_not_report_are_walked_one_after_the_other(on: Reports) -> None:
    on.amazon.making = lambda made: ("FATAL", "") if made.data_start in bad else orders_of_its_window(made)
    bad: set[datetime | None] = set()
    begin(on)
    bad |= {run.begins for run in on.runs(ORDERS_BY_ORDER_DATE)[1:3]}
    on.run(quiet_hours=3)
    walked: set[str] = set()
    for _ in bad:
        walk = on.health("orders").walk()
        assert walk is not None
        assert not walk.done
        walked.add(walk.created_after)
        finish_walk(on, walk, rows=30)
        on.do(on.command("orders.history"))
    assert walked == {run.data_start for run in on.runs(ORDERS_BY_ORDER_DATE)[1:3]}
    assert {stage for stage, _, _ in windows(on)} == {"loaded"}


def finish_walk(on: Reports, walk: HistoryWalk, *, rows: int) -> None:
    """Leave the walk as a search that came to its end does."""
    done = msgspec.structs.replace(walk, page=1, rows=rows, done=True)
    with tenant_scope(on.tenant_id):
        connections_store.change_health(on.connection_id, "orders", connections_store.walk_actions(done))


def test_history_that_is_complete_stays_complete_when_an_account_is_connected_again(on: Reports) -> None:
    begin(on)
    on.run()
    calls = on.amazon.calls.copy()
    before = windows(on)
    on.clock.advance(40 * 86_400)
    begin(on)
    on.run()
    assert (windows(on), on.amazon.calls) == (before, calls)
    assert on.other[-1].arguments == {"mode": "reconcile"}


def test_a_young_account_has_empty_windows_and_a_complete_history(on: Reports) -> None:
    def making(made: MadeReport) -> tuple[str, str]:
        newest = made.data_start == on.runs(ORDERS_BY_ORDER_DATE)[0].begins
        return orders_of_its_window(made) if newest else ("CANCELLED", "")

    on.amazon.making = making
    begin(on)
    on.run()
    assert [stage for stage, _, _ in windows(on)] == ["loaded", "empty", "empty", "empty"]
    assert on.health("orders").complete_from == windows(on)[-1][1]
    assert on.health("orders").failure_reason is None
