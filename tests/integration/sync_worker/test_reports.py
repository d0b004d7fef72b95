"""Reports from the plan to the stored rows, with everything that can happen on the way."""

import gzip
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from datetime import timedelta

import boto3
import msgspec
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from quayside.amazon.errors import AccessRefused, AmazonUnavailable, RequestRejected, Throttled
from quayside.amazon.report_rows import OrderRow, Row
from quayside.amazon.reports import (
    KINDS,
    MERCHANT_LISTINGS,
    ORDERS_BY_LAST_UPDATE,
    ORDERS_BY_ORDER_DATE,
    SETTLEMENT,
    TRAFFIC,
)
from quayside.amazon.turns import SlotAhead
from quayside.connections import service as connections
from quayside.kernel.clock import format_instant
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.service import apply_report_rows
from quayside.sync import report_list, report_loading, report_runs, reports
from quayside.sync.commands import SyncCommand
from quayside.sync.report_runs import ReportRun
from quayside.sync.sinks import Applied, Rejected, ReportLoad
from tests.support.aws import RAW_BUCKET, Aws, aws
from tests.support.fresh import emptied
from tests.support.reports import (
    SECRETS,
    MadeReport,
    Reports,
    Sink,
    order_cells,
    order_id,
    table,
)
from tests.support.sellers import connect

BY_DATE, BY_CHANGE = ORDERS_BY_ORDER_DATE, ORDERS_BY_LAST_UPDATE


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Reports:
    return Reports(emptied(shared))


def three_orders(_: MadeReport | None = None) -> tuple[str, str]:
    return "DONE", table([order_cells(1), order_cells(2), order_cells(2, sku="SKU-2"), order_cells(3)])


def orders_in(on: Reports) -> dict[str, dict[str, object]]:
    """Return the stored orders without the time at which they were received."""
    return {
        item["sk"]["S"].rsplit("#", 1)[1]: {name: value for name, value in item.items() if name != "received_at"}
        for item in on.aws.items()
        if item["kind"]["S"] == "order" and item["pk"]["S"].startswith(f"T#{on.tenant_id}#")
    }


def finished(on: Reports, made: MadeReport) -> SyncCommand | None:
    """Return what follows from Amazon's notification that a report is finished."""
    return reports.finished(made.report_id, made.status, made.document_id, now=on.clock.now(), entropy=on.entropy)


# -- The way of a report -----------------------------------------------------------------------------------------------


def test_a_report_is_asked_for_kept_and_loaded(on: Reports) -> None:
    on.amazon.making = three_orders
    assert on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.rows_total, run.rows_loaded, run.rows_bad) == ("loaded", 4, 4, 0)
    assert on.sink.lines == [2, 3, 4, 5]
    assert [load.last for load, _ in on.sink.loads] == [True]
    (load, _), *_ = on.sink.loads
    assert (load.report_id, load.report_type, load.marketplace_ids) == ("1", BY_CHANGE, ("ATVPDKIKX0DER",))
    assert (run.sums.rows, run.sums.units, str(run.sums.money["USD"])) == (4, 4, "79.96")
    assert on.amazon.calls == {"createReport": 1, "getReport": 1, "getReportDocument": 1, "download": 1}
    health = on.health("orders")
    assert health.last_rows == 4
    assert not health.failure_reason
    assert health.reconciled_until == run.data_end


def test_amazons_word_brings_it_at_once_and_no_look_is_needed(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.step()
    told = finished(on, on.amazon.made[0])
    assert told is not None
    on.do(told)
    on.run()
    assert on.run_of(BY_CHANGE).stage == "loaded"
    assert on.amazon.calls["getReport"] == 0


def test_a_notification_of_somebody_elses_report_is_dropped_without_a_write(on: Reports) -> None:
    before = on.aws.items("coordination_table"), on.aws.items()
    assert reports.finished("somebody-elses", "DONE", "d", now=on.clock.now(), entropy=on.entropy) is None
    assert (on.aws.items("coordination_table"), on.aws.items()) == before
    assert on.aws.messages() == []


def test_the_kept_file_is_amazons_but_for_personal_data_and_is_proven_by_its_hash(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    key = f"T/{on.tenant_id}/{on.connection_id}/{BY_CHANGE}/1.gz"
    assert run.object_key == key
    body = boto3.client("s3").get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == run.sha256_kept
    received = gzip.compress(on.amazon.made[0].content, mtime=0)
    assert (run.bytes, run.sha256_received) == (len(received), hashlib.sha256(received).hexdigest())
    kept = gzip.decompress(body).decode()
    assert kept.count("\n") == 5
    assert "Coffee beans" in kept
    everything = kept + str(on.aws.items()) + str(on.aws.items("coordination_table"))
    assert not [secret for secret in SECRETS if secret in everything]


def test_a_file_that_is_kept_is_never_written_again(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.run()
    client = boto3.client("s3")
    before = client.list_objects_v2(Bucket=RAW_BUCKET)["Contents"]
    run = on.run_of(BY_CHANGE)
    on.amazon.made[0].content = table([order_cells(9)]).encode()
    with tenant_scope(on.tenant_id):
        report_runs.change(run, [ReportRun.state.set("ready")], on.clock.now())
    on.do(on.command("report.collect", report=run.name))
    on.run()
    assert client.list_objects_v2(Bucket=RAW_BUCKET)["Contents"] == before
    assert on.amazon.calls["download"] == 1
    assert on.run_of(BY_CHANGE).rows_total == 4


def test_a_traffic_report_is_json_and_asks_for_its_options(on: Reports) -> None:
    on.amazon.making = lambda _: (
        "DONE",
        '{"salesAndTrafficByDate": [{"date": "2026-11-19"}, {"date": "soon"}], "salesAndTrafficByAsin": []}',
    )
    on.plan(TRAFFIC)
    on.run()
    run = on.run_of(TRAFFIC)
    assert (run.stage, run.rows_total, run.rows_loaded, run.rows_bad) == ("loaded", 2, 1, 1)
    assert on.amazon.made[0].options == {"dateGranularity": "DAY", "asinGranularity": "SKU"}


def test_a_picture_of_the_present_is_asked_for_without_a_window(on: Reports) -> None:
    on.plan(MERCHANT_LISTINGS)
    on.run()
    assert (on.amazon.made[0].data_start, on.amazon.made[0].data_end) == (None, None)


# -- Planning ----------------------------------------------------------------------------------------------------------


def test_what_is_under_way_or_loaded_is_not_planned_again_unless_it_is_wanted(on: Reports) -> None:
    window = on.clock.now() - timedelta(days=1), on.clock.now()
    assert on.plan(BY_CHANGE, window)
    assert not on.plan(BY_CHANGE, window)
    on.run()
    on.clock.advance(3600)
    assert not on.plan(BY_CHANGE, window)
    assert on.plan(BY_CHANGE, window, again=True)
    assert len(on.runs(BY_CHANGE)) == 2
    on.run()
    # A window that begins at the same instant and ends later is another one.
    assert on.plan(BY_CHANGE, (window[0], on.clock.now()))


def test_a_report_that_stalled_is_woken(on: Reports) -> None:
    window = on.clock.now() - timedelta(days=1), on.clock.now()
    on.plan(BY_CHANGE, window)
    on.aws.messages()  # its command is lost
    on.clock.advance(3700)
    assert not on.plan(BY_CHANGE, window)
    on.run()
    assert on.run_of(BY_CHANGE).stage == "empty"


def test_a_picture_is_not_asked_for_again_within_amazons_hidden_interval(on: Reports) -> None:
    on.amazon.making = lambda _: ("DONE", "seller-sku\tprice\tquantity\tfulfillment-channel\nA\t1\t1\tDEFAULT\n")
    assert on.plan(MERCHANT_LISTINGS)
    on.run()
    assert not on.plan(MERCHANT_LISTINGS)
    on.clock.advance(1800)
    assert on.plan(MERCHANT_LISTINGS)


# -- Amazon's answers --------------------------------------------------------------------------------------------------


def test_cancelled_means_no_data(on: Reports) -> None:
    on.amazon.making = lambda _: ("CANCELLED", b"")
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.rows_total, run.reason) == ("empty", 0, "Amazon has no data for it.")
    assert on.health("orders").failure_reason is None


def test_a_header_without_rows_means_no_data_too(on: Reports) -> None:
    on.plan(BY_CHANGE)
    on.run()
    assert (on.run_of(BY_CHANGE).stage, on.run_of(BY_CHANGE).reason) == ("empty", "Amazon's file has no rows.")
    assert on.sink.loads == []


def test_cancelled_for_being_too_soon_is_asked_for_again_after_the_interval(on: Reports) -> None:
    answers = iter(["CANCELLED", "DONE"])
    on.plan(BY_CHANGE)
    on.run()  # an empty one, so that it counts as asked for
    asked = on.clock.now()
    on.amazon.making = lambda _: (next(answers), table([order_cells(1)]))
    first = on.runs(BY_CHANGE)[0]
    # Another part of ours asked for it at nearly the same time, so nobody knew.
    with tenant_scope(on.tenant_id):
        created = report_runs.create(
            on.connection_id,
            BY_CHANGE,
            first.marketplace_ids,
            mark="1",
            cause="member",
            now=asked,
            data_start=first.begins,
            data_end=first.ends,
        )
        assert created is not None
        asked_for = report_runs.change(
            created, [ReportRun.state.set("requested"), ReportRun.requested_at.set(format_instant(asked))], asked
        )
        assert asked_for is not None
    on.clock.advance(120)
    on.do(on.command("report.request", report=asked_for.name))  # Amazon knows of none, so it is asked for
    on.run(quiet_hours=1)
    second = next(run for run in on.runs(BY_CHANGE) if run.name == asked_for.name)
    assert second.stage == "loaded"
    before, after = (made.created for made in on.amazon.made[-2:])
    assert after - before >= timedelta(minutes=20)
    assert after - (first.asked_at or after) >= timedelta(minutes=30)


def test_what_amazon_can_not_make_is_asked_for_three_times_and_then_said(on: Reports) -> None:
    on.amazon.making = lambda _: ("FATAL", b"")
    on.plan(BY_CHANGE)
    on.run(quiet_hours=3)
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.attempts, on.amazon.calls["createReport"]) == ("failed", 3, 3)
    assert run.reason == "Amazon could not make it, asked 3 times."
    health = on.health("orders")
    assert health.failure_reason == "Orders by date of last change: Amazon could not make it, asked 3 times."
    spans = [after.created - before.created for before, after in itertools.pairwise(on.amazon.made)]
    assert all(span >= timedelta(minutes=30) for span in spans)


def test_what_amazon_could_not_make_at_first_is_made_the_next_time(on: Reports) -> None:
    answers = iter(["FATAL", "DONE"])
    on.amazon.making = lambda _: (next(answers), table([order_cells(1)]))
    on.plan(BY_CHANGE)
    on.run(quiet_hours=1)
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.attempts) == ("loaded", 2)
    assert not run.reason


def test_a_report_in_the_making_is_looked_at_less_and_less_often(on: Reports) -> None:
    on.amazon.making = lambda _: ("IN_PROGRESS", b"")
    on.plan(BY_CHANGE)
    looks = []
    on.amazon.before = lambda operation: looks.append(on.clock.now()) if operation == "getReport" else None
    for _ in range(9):
        on.step()
    spans = [int((after - before).total_seconds()) for before, after in itertools.pairwise(looks)]
    assert spans[:3] == [270, 405, 608]
    assert spans[-1] == 900


def test_an_empty_list_where_the_last_one_was_full_is_reported_and_not_believed(on: Reports) -> None:
    content = iter(["seller-sku\tprice\tquantity\tfulfillment-channel\nA\t1\t1\tDEFAULT\nB\t1\t1\tDEFAULT\n", "", "x"])
    header = "seller-sku\tprice\tquantity\tfulfillment-channel\n"
    on.amazon.making = lambda _: ("DONE", next(content) or header)
    on.plan(MERCHANT_LISTINGS)
    on.run()
    in_step = on.health("listings").last_success_at
    # All listings were read, so the catalog is put together anew.
    assert [each.kind for each in on.other] == ["grid.compute"]
    on.clock.advance(86_400)
    on.plan(MERCHANT_LISTINGS)
    on.run()
    run = on.runs(MERCHANT_LISTINGS)[0]
    assert (run.stage, run.reason) == ("empty", "Amazon's file has no rows. The one before it had 2 rows.")
    assert run.action == "Nothing was deleted here. Check in Seller Central whether that is right."
    health = on.health("listings")
    assert health.stale_reason == "Amazon's last list brought nothing where the one before had 2 rows."
    assert health.last_success_at == in_step
    assert len(on.sink.loads) == 1
    assert len(on.other) == 1
    # The next full list takes the words back.
    on.clock.advance(86_400)
    on.amazon.making = lambda _: ("DONE", header + "A\t1\t1\tDEFAULT\n")
    on.plan(MERCHANT_LISTINGS)
    on.run()
    assert on.health("listings").stale_reason is None


def test_a_changed_header_fails_with_the_column_named_and_is_loaded_once_it_is_understood(on: Reports) -> None:
    good = table([order_cells(1)])
    on.amazon.making = lambda _: ("DONE", good.replace("item-price", "line-price"))
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.reason) == ("failed", "Amazon's file has no column “item-price”.")
    assert run.object_key is not None
    assert "“item-price”" in on.health("orders").failure_reason
    assert on.sink.loads == []
    with tenant_scope(on.tenant_id):
        # As a version of ours that knows the new spelling would read it.
        header = msgspec.json.decode(run.header or "")
        header["cells"] = [name.replace("line-price", "item-price") for name in header["cells"]]
        report_runs.change(run, [ReportRun.header.set(msgspec.json.encode(header).decode())], on.clock.now())
        report_list.replay(on.connection_id, report_runs.token_of(run.name), on.desk)
    on.run()
    assert (on.run_of(BY_CHANGE).stage, on.sink.lines) == ("loaded", [2])
    assert on.amazon.calls["createReport"] == 1


def test_of_a_file_that_is_something_else_nothing_is_kept(on: Reports) -> None:
    on.amazon.making = lambda _: ("DONE", "<html>Anna, 98101-1234</html>\n")
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert run.stage == "failed"
    assert not run.has_file
    assert "not one column" in str(run.reason)
    assert boto3.client("s3").list_objects_v2(Bucket=RAW_BUCKET)["KeyCount"] == 0


def test_bad_rows_are_put_aside_with_line_column_and_reason_and_the_others_are_loaded(on: Reports) -> None:
    on.amazon.making = lambda _: (
        "DONE",
        table([order_cells(1), order_cells(2, quantity="two"), order_cells(3, item_price="?"), order_cells(4)]),
    )
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.rows_loaded, run.rows_bad) == ("loaded", 2, 2)
    assert run.reason == "2 of 4 rows could not be stored."
    with tenant_scope(on.tenant_id):
        entries = connections.quarantined(on.connection_id).entries
    assert sorted(entry.reason for entry in entries) == [
        "Orders by date of last change, line 3, column “quantity”: “two” is no number.",
        "Orders by date of last change, line 4, column “item-price”: “?” is no number.",
    ]
    assert {entry.type for entry in entries} == {"orders:report.load"}
    # The same file loaded again puts nothing aside twice.
    with tenant_scope(on.tenant_id):
        report_list.replay(on.connection_id, report_runs.token_of(run.name), on.desk)
    on.run()
    with tenant_scope(on.tenant_id):
        assert connections.count_quarantined(on.connection_id) == 2
    assert on.run_of(BY_CHANGE).rows_bad == 2


def test_of_very_many_bad_rows_only_some_are_put_aside_one_by_one(on: Reports) -> None:
    on.amazon.making = lambda _: ("DONE", table([order_cells(each, quantity="x") for each in range(150)]))
    on.plan(BY_CHANGE)
    on.run()
    assert on.run_of(BY_CHANGE).rows_bad == 150
    with tenant_scope(on.tenant_id):
        assert connections.count_quarantined(on.connection_id) == report_loading.QUARANTINED_AT_MOST


def test_what_a_sink_rejects_is_put_aside_too(on: Reports) -> None:
    class Picky(Sink):
        def __call__(self, load: ReportLoad, rows: Sequence[Row]) -> Applied:  # noqa: ARG002 - the port
            return Applied(len(rows) - 1, 0, (Rejected(f"{order_id(1)}, line 2", "It can't be true."),))

    on.sinks = dict.fromkeys(KINDS, Picky())
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.rows_loaded, run.rows_bad, run.rows_applied) == ("loaded", 3, 1, 3)


def test_a_settlement_that_does_not_add_up_is_said(on: Reports) -> None:
    header = (
        "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
        "transaction-type", "order-id", "amount-type", "amount-description", "amount", "posted-date", "sku",
    )  # fmt: skip
    summary = {"settlement-id": "7", "total-amount": "10.00", "currency": "USD"}
    line = {"settlement-id": "7", "transaction-type": "Order", "amount": "9.00", "posted-date": "2026-11-01"}
    made = on.amazon.by_itself(SETTLEMENT, table([summary, line], header), data_start=on.clock.now())
    on.do(on.command("report.find", dataset="settlements"))
    on.run()
    run = on.run_of(SETTLEMENT)
    assert (run.stage, run.report_id) == ("loaded", made.report_id)
    assert run.reason == "The lines add up to 9.00 USD, Amazon's total is 10.00 USD."


# -- Reports that Amazon makes by itself -------------------------------------------------------------------------------


def settlement_of(number: int) -> str:
    header = (
        "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
        "transaction-type", "order-id", "amount-type", "amount-description", "amount", "posted-date", "sku",
    )  # fmt: skip
    summary = {"settlement-id": str(number), "total-amount": "9.00", "currency": "USD"}
    line = {"settlement-id": str(number), "transaction-type": "Order", "amount": "9.00", "posted-date": "2026-11-01"}
    return table([summary, line], header)


def test_settlements_are_found_page_by_page_and_each_is_loaded_once(on: Reports) -> None:
    on.amazon.page_size = 2
    for number in range(5):
        # One for each currency may begin at the same instant.
        on.amazon.by_itself(SETTLEMENT, settlement_of(number), data_start=on.clock.now() - timedelta(days=number // 2))
    on.amazon.by_itself(SETTLEMENT, "", status="IN_PROGRESS")
    on.do(on.command("report.find", dataset="settlements"))
    on.run()
    assert [run.stage for run in on.runs(SETTLEMENT)] == ["loaded"] * 5
    assert len(on.sink.loads) == 5
    assert on.amazon.calls["getReports"] == 3
    assert on.health("settlements").failure_reason is None
    on.do(on.command("report.find", dataset="settlements"))
    on.run()
    assert len(on.sink.loads) == 5
    assert on.amazon.calls["createReport"] == 0


# -- Repetition, and two at once (crashes: tests/faults/test_sync_trouble.py) -----------------------------------------


def test_every_command_delivered_twice_brings_the_same(on: Reports) -> None:
    on.sinks = dict.fromkeys(KINDS, apply_report_rows)
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    seen = 0
    while (command := on.step()) is not None:
        on.redeliver(command) if seen < 12 else None
        seen += 1
        assert seen < 100
    assert on.run_of(BY_CHANGE).stage == "loaded"
    assert on.amazon.calls["createReport"] == 1
    assert on.run_of(BY_CHANGE).rows_loaded == 4
    assert len(orders_in(on)) == 3


def test_two_workers_collect_at_once_and_one_file_is_kept(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.step()
    told = finished(on, on.amazon.made[0])
    assert told is not None
    inside: list[bool] = []

    def in_the_middle(operation: str) -> None:
        if operation == "download" and not inside:
            inside.append(True)
            on.do(on.command("report.collect", report=on.run_of(BY_CHANGE).name))

    on.amazon.before = in_the_middle
    on.do(told)
    assert boto3.client("s3").list_objects_v2(Bucket=RAW_BUCKET)["KeyCount"] == 1
    on.run()
    assert (on.run_of(BY_CHANGE).stage, on.run_of(BY_CHANGE).rows_loaded) == ("loaded", 4)


def test_two_workers_load_at_once_and_rows_are_counted_once(on: Reports) -> None:
    inside: list[bool] = []

    class Meeting(Sink):
        def __call__(self, load: ReportLoad, rows: Sequence[Row]) -> Applied:  # noqa: ARG002 - the port
            if not inside:
                inside.append(True)
                on.do(on.command("report.load", report=on.run_of(BY_CHANGE).name))
            return Applied(len(rows), 0)

    on.sinks = dict.fromkeys(KINDS, Meeting())
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.run()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.rows_loaded, run.sums.units) == ("loaded", 4, 4)
    assert int(on.health("orders").rows or 0) == 4


def test_two_workers_ask_at_once_and_amazon_is_asked_once(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    inside: list[bool] = []

    def in_the_middle(operation: str) -> None:
        if operation == "createReport" and not inside:
            inside.append(True)
            on.do(on.command("report.request", report=on.run_of(BY_CHANGE).name))

    on.amazon.before = in_the_middle
    on.run()
    assert on.amazon.calls["createReport"] == 1
    assert on.run_of(BY_CHANGE).stage == "loaded"


def test_a_report_whose_answer_was_lost_is_found_again_and_not_asked_for_twice(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    lost = [True]

    def lose(operation: str) -> None:
        if operation == "createReport" and lost.pop():
            raise AmazonUnavailable("no answer", operation="createReport")

    on.amazon.after = lose
    on.run()
    assert on.amazon.calls["createReport"] == 1
    assert on.amazon.calls["getReports"] == 1
    assert (on.run_of(BY_CHANGE).stage, on.run_of(BY_CHANGE).report_id) == ("loaded", "1")


def test_a_lost_call_takes_no_report_that_is_for_another_window_or_run(on: Reports) -> None:
    on.amazon.making = three_orders
    window = on.clock.now() - timedelta(days=9), on.clock.now() - timedelta(days=8)
    on.plan(BY_CHANGE, window)
    on.step()
    on.plan(BY_CHANGE)
    calls = [0]

    def refuse(operation: str) -> None:
        if operation == "createReport":
            calls[0] += 1
            if calls[0] == 1:
                raise AmazonUnavailable("no way", operation="createReport")

    on.amazon.before = refuse
    on.run()
    assert [run.report_id for run in on.runs(BY_CHANGE)] == ["2", "1"]


@pytest.mark.parametrize(
    "problem",
    [
        SlotAhead("createReport", 1),
        Throttled("slow down", operation="createReport"),
        AccessRefused("token", operation="createReport", status=403),
    ],
)
def test_a_call_that_never_went_out_is_simply_made_later(on: Reports, problem: Exception) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    (command,) = on.collect_messages()

    def refuse(operation: str) -> None:
        if operation == "createReport":
            raise problem

    on.amazon.before = refuse
    with pytest.raises(type(problem)):
        on.step()
    assert (on.run_of(BY_CHANGE).stage, on.run_of(BY_CHANGE).attempts) == ("planned", 0)
    on.amazon.before = lambda _: None
    on.redeliver(command)
    on.run()
    assert on.run_of(BY_CHANGE).stage == "loaded"
    assert on.amazon.calls["getReports"] == 0


def test_a_refused_report_fails_with_amazons_words(on: Reports) -> None:
    on.plan(BY_CHANGE)

    def refuse(operation: str) -> None:
        if operation == "createReport":
            raise RequestRejected("The window is too long", operation="createReport", status=400)

    on.amazon.before = refuse
    with pytest.raises(RequestRejected):
        on.step()
    run = on.run_of(BY_CHANGE)
    assert (run.stage, run.reason) == ("failed", "Amazon refused to make it: The window is too long")


def test_an_address_that_has_expired_is_asked_for_anew(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    late = [True]

    def dawdle(operation: str) -> None:
        if operation == "download" and late.pop():
            on.clock.advance(301)
            late.append(False)

    on.amazon.before = lambda operation: dawdle(operation) if late and late[0] else None
    on.run()
    assert on.amazon.calls["getReportDocument"] == 2
    assert on.run_of(BY_CHANGE).stage == "loaded"


def test_a_download_that_breaks_off_leaves_nothing_and_is_fetched_again(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    whole = on.amazon.stream
    broken = [True]

    class Short:
        def stream(self, url: object) -> object:
            from contextlib import contextmanager  # noqa: PLC0415 - one use

            @contextmanager
            def opened() -> Iterator[Iterator[bytes]]:
                with whole(url) as chunks:  # type: ignore[arg-type]  # passed through
                    content = b"".join(chunks)
                    yield iter([content[:-9] if broken.pop() else content])
                    broken.append(False)

            return opened()

    on.amazon.stream = Short().stream  # type: ignore[method-assign,assignment]  # a fake of a fake
    broken.insert(0, False)
    on.run()
    assert on.run_of(BY_CHANGE).stage == "loaded"
    assert on.amazon.calls["download"] == 2


def test_a_command_for_a_report_or_connection_that_is_gone_calls_nobody(on: Reports) -> None:
    for kind in ("report.request", "report.check", "report.collect", "report.load"):
        on.do(on.command(kind, report="nothing#2026-01-01T00:00:00Z#X#0"))
        on.do(on.command(kind))
    on.plan(BY_CHANGE)
    with tenant_scope(on.tenant_id):
        connections.disconnect(on.connection_id, on.seller.selling_partner_id, desk=on.desk)
    on.run()
    assert not on.amazon.calls
    assert on.run_of(BY_CHANGE).stage == "planned"


# -- Loading in parts --------------------------------------------------------------------------------------------------


def many(numbers: Sequence[int]) -> str:
    return table([order_cells(each, sku=f"SKU-{place}") for place, each in enumerate(numbers)])


def loaded_rows(sink: Sink) -> dict[str, list[int]]:
    """Return the lines each order was stored with the last time, and make sure that they came in one call."""
    found: dict[str, list[int]] = {}
    for _, rows in sink.loads:
        here: dict[str, list[int]] = {}
        for row in rows:
            assert isinstance(row, OrderRow)
            here.setdefault(row.order_id, []).append(row.line)
        for each, lines in here.items():
            assert found.get(each, lines) == lines
            found[each] = lines
    return found


def test_a_load_that_stops_anywhere_brings_each_order_whole_and_counts_each_row_once(shared: Aws) -> None:
    opened = emptied(shared)
    tried = itertools.count()

    @example(numbers=list(range(1, 21)), short=[True], piece_bytes=2000, chunk_rows=2, held=0)
    @example(numbers=[1, 2, 3, 1, 4, 5, 6, 7, 2, 8, 9], short=[False, True], piece_bytes=1500, chunk_rows=2, held=0)
    @given(
        st.lists(st.integers(1, 9), min_size=1, max_size=30)
        | st.lists(st.integers(1, 99), min_size=1, max_size=30, unique=True),
        st.lists(st.booleans(), min_size=1, max_size=6),
        st.integers(300, 2500),
        st.integers(1, 6),
        st.integers(0, 12),
    )
    # Without shrinking: an example takes a second, and the first that fails says enough.
    @settings(max_examples=20, phases=(Phase.explicit, Phase.generate))
    def anywhere(numbers: list[int], short: list[bool], piece_bytes: int, chunk_rows: int, held: int) -> None:
        seller = connect(opened.clock, subject=f"seller-{next(tried)}")
        sizes = report_loading.Sizes(chunk_rows, held, 3)
        on = Reports(opened, sizes=sizes, piece_bytes=piece_bytes, seller=seller)
        on.amazon.making = lambda _: ("DONE", many(numbers))
        answers = itertools.cycle(short)
        on.time_is_short = lambda: next(answers)
        on.plan(BY_CHANGE)
        on.run(steps=200)
        run = on.run_of(BY_CHANGE)
        assert (run.stage, run.rows_total, run.rows_loaded) == ("loaded", len(numbers), len(numbers))
        assert run.sums.units == len(numbers)
        expected: dict[str, list[int]] = {}
        for line, each in enumerate(numbers, start=2):
            expected.setdefault(order_id(each), []).append(line)
        assert loaded_rows(on.sink) == expected
        assert [load.last for load, _ in on.sink.loads].count(True) == 1
        assert on.sink.loads[-1][0].last

    anywhere()


# -- Showing them ------------------------------------------------------------------------------------------------------


def names(on: Reports, **asked: str) -> tuple[list[tuple[str, str | None]], str | None]:
    with tenant_scope(on.tenant_id):
        page = report_list.list_reports(on.connection_id, asked.get("dataset"), asked.get("cursor"))
    return [(each.report_type, each.data_start) for each in page.reports], page.next_cursor


def test_reports_are_listed_newest_first_page_by_page_and_none_twice(on: Reports) -> None:
    now = on.clock.now()
    for number in range(40):
        # Two types, and several that begin at the same instant.
        report_type = BY_CHANGE if number % 2 else SETTLEMENT
        with tenant_scope(on.tenant_id):
            assert report_runs.create(
                on.connection_id, report_type, ["A1"], mark=str(number), data_start=now - timedelta(days=number // 4),
                data_end=now, cause="schedule", now=now,
            )  # fmt: skip
    first, cursor = names(on)
    assert cursor is not None
    second, end = names(on, cursor=cursor)
    assert (len(first), len(second), end) == (25, 15, None)
    starts = [start for _, start in first + second]
    assert starts == sorted(starts, key=str, reverse=True)
    only, _ = names(on, dataset="settlements")
    assert {each for each, _ in only} == {SETTLEMENT}
    assert len(only) == 20


def test_a_shown_report_says_what_came_of_it(on: Reports) -> None:
    on.amazon.making = three_orders
    on.plan(BY_CHANGE)
    on.run()
    with tenant_scope(on.tenant_id):
        (shown,) = report_list.list_reports(on.connection_id).reports
    run = on.run_of(BY_CHANGE)
    assert (shown.title, shown.state, shown.rows_total, shown.rows_loaded, shown.rows_bad) == (
        "Orders by date of last change", "loaded", 4, 4, 0,
    )  # fmt: skip
    assert shown.totals is not None
    assert [(money.amount_minor, money.currency) for money in shown.totals.money] == [(7996, "USD")]
    assert (shown.sha256, shown.bytes) == (run.sha256_kept, run.bytes)
    assert report_runs.name_of(shown.report) == run.name
    assert set(shown.report) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_what_is_not_there_can_not_be_shown_or_loaded_again(on: Reports) -> None:
    with tenant_scope(on.tenant_id):
        with pytest.raises(NotFound):
            report_list.list_reports(on.connection_id, "nothing")
        with pytest.raises(InvalidInput):
            report_list.list_reports(on.connection_id, cursor="?")
        for token in ("?", "AAAA", report_runs.token_of("X#2026-01-01T00:00:00Z#A#0"), "é"):
            with pytest.raises(NotFound):
                report_list.replay(on.connection_id, token, on.desk)


def test_a_report_under_way_is_not_loaded_again_and_a_failed_one_without_a_file_is_asked_for_again(on: Reports) -> None:
    on.amazon.making = lambda _: ("FATAL", b"")
    on.plan(BY_CHANGE)
    token = report_runs.token_of(on.run_of(BY_CHANGE).name)
    with tenant_scope(on.tenant_id), pytest.raises(Conflict):
        report_list.replay(on.connection_id, token, on.desk)
    on.run(quiet_hours=3)
    assert on.run_of(BY_CHANGE).stage == "failed"
    on.amazon.making = three_orders
    with tenant_scope(on.tenant_id):
        report_list.replay(on.connection_id, token, on.desk)
    on.run(quiet_hours=1)
    assert on.run_of(BY_CHANGE).stage == "loaded"
