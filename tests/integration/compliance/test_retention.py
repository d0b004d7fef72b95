"""Amazon's data is kept 18 months at most: every record has its end, none is shown after it, and a sweep counts."""

import importlib
import io
import pkgutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import boto3
import pytest

import quayside
from quayside.amazon.marketplaces import marketplace
from quayside.analytics import (
    alert_store,
    board_store,
    brand_board_store,
    cost_board_store,
    figures_service,
    sheet_store,
)
from quayside.analytics.alert_rules import AlertBoard
from quayside.analytics.board_records import AlertsRecord, BoardRecord, BrandBoardRecord, CostBoardRecord
from quayside.analytics.board_rules import board_of
from quayside.analytics.brand_board_rules import BrandBoard
from quayside.analytics.cost_board_rules import CostBoard
from quayside.analytics.sheet_records import SheetRecord
from quayside.analytics.sheet_rules import Change, Place
from quayside.catalog import attribute_store, bulk_store, edit_store, grid_store
from quayside.catalog.attribute_records import AttributesRecord, FormRecord, KeptForm, Reading
from quayside.catalog.attribute_rules import Form
from quayside.catalog.bulk_records import FileRecord, PartRecord
from quayside.catalog.bulk_rules import File, Row
from quayside.catalog.edit_records import EditRecord
from quayside.catalog.edit_rules import Edit, Values
from quayside.catalog.grid_records import GridLineRecord, IssueRecord
from quayside.catalog.grid_rules import line_of
from quayside.catalog.rules import Issue, Listing
from quayside.command_line import Streams, run
from quayside.compliance import erasure_store, retention_service
from quayside.compliance.retention_rules import Held
from quayside.compliance.tasks import ComplianceTask
from quayside.connections import store as connections
from quayside.connections.records import QuarantinedMessage, TenantQuarantineEntry
from quayside.inventory import store as inventory
from quayside.inventory.records import PositionRecord
from quayside.inventory.rules import PositionFacts, Quantities
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.tenancy import tenant_scope
from quayside.messages import store as messages_store
from quayside.messages.records import EntryRecord, MessageRecord, OfferRecord, WordsRecord
from quayside.messages.records import OpenRecord as MessageOpenRecord
from quayside.messages.sending import Standing as MessageStanding
from quayside.messages.sending import moved
from quayside.orders import store as orders
from quayside.orders.records import OrderRecord
from quayside.orders.rules import NO_WINDOWS, OrderFacts
from quayside.restock import store as restock_store
from quayside.restock.choice_rules import Choices, merged, settings_of
from quayside.restock.demand_rules import SalesHistory, UnknownDemand
from quayside.restock.records import Card, CardRecord, Line, LineRecord, OpenRecord, ScoredRecord, ScoreRecord
from quayside.restock.rules import Position
from quayside.restock.score_rules import Kept, outcome_of, scores_of
from quayside.reviews import store as reviews_store
from quayside.reviews.records import DayRecord, MarkRecord, ReviewRecord, WakeUpRecord
from quayside.reviews.sending import Standing, WakeUp
from quayside.storage import audit, keys
from quayside.storage.audit_chain import AuditEvent
from quayside.storage.connection import KEEPS_PROMISES
from quayside.storage.facts import Fact, FactItem, stored, upsert
from quayside.storage.keys import Key
from quayside.storage.tables import (
    AMAZON_DATA_DAYS,
    ApplicationAuditItem,
    ApplicationVaultItem,
    AuditItem,
    CoordinationItem,
    CoreItem,
    PiiItem,
    PiiKeyItem,
    VaultItem,
    create,
    every,
    write,
)
from quayside.sync import report_runs
from tests.support.aws import REGION, Aws, aws
from tests.support.erasures import Keeper
from tests.support.fresh import emptied
from tests.support.sellers import ConnectedSeller, connect

US = "ATVPDKIKX0DER"
KEPT = timedelta(days=AMAZON_DATA_DAYS)
OWN = {
    "tenant", "member", "connection", "dataset_health", "run", "export", "own_location", "own_balance", "own_movement",
    "stock_links", "catalog_view", "brand_book", "cost_lot", "cost_method", "other_cost", "exchange_rate",
    "own_movement_once", "supplier", "supplier_name", "purchase_order", "purchase_entry", "purchase_change",
    "purchase_version", "on_order", "payment_due", "purchase_outcome", "purchase_charge", "purchase_settings",
    "purchase_counter",
    "restock_choices", "review_campaign", "review_switch", "review_standing", "do_not_solicit",
    "shipment", "listed_shipment", "shipment_detail", "shipment_documents", "shipped_order", "shipped_inbound",
    "lead_times", "units_under_way",
    "lead", "lead_card", "lead_move", "lead_quote", "lead_scenario", "lead_sku", "research_asked",
}  # fmt: skip
"""Kinds of Core that sellers and the product made: they go with the connection or the account, and not by their age."""
ELSEWHERE = (
    VaultItem, ApplicationVaultItem, PiiItem, PiiKeyItem, AuditItem, ApplicationAuditItem, CoordinationItem,
)  # fmt: skip
"""What lies in other tables than Core: credentials, personal data, audit trail and notes live by rules of their own."""


@pytest.fixture(scope="module")
def present() -> Iterator[Aws]:
    with aws(access=KEEPS_PROMISES) as opened:
        yield opened


@pytest.fixture
def on(present: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    # As in the tests of erasure: a few months of one store show what five years of all of them would.
    monkeypatch.setattr(erasure_store, "MONTHS", 3)
    monkeypatch.setattr(erasure_store, "MARKETPLACES", (marketplace(US),))
    return emptied(present)


def kinds() -> dict[str, type[CoreItem]]:
    """Every kind of record of Core that the package defines."""
    for module in pkgutil.walk_packages(quayside.__path__, "quayside."):
        importlib.import_module(module.name)

    def below(model: type[CoreItem]) -> Iterator[type[CoreItem]]:
        for each in model.__subclasses__():
            yield each
            yield from below(each)

    found = {each for each in below(CoreItem) if each.__module__.startswith("quayside.")}
    return {str(each.KIND): each for each in found if each.KIND}


def put_order(on: Aws, seller: ConnectedSeller) -> None:
    """All three sources of an order write one of their own."""
    now = on.clock.now()

    def facts(number: int, **more: Any) -> OrderFacts:
        return OrderFacts(
            order_id=f"701-{number}", marketplace_id=US, day=now.date(), purchased_at=now, updated_at=now,
            status="UNSHIPPED", fulfilled_by="AMAZON", windows=NO_WINDOWS, lines=(), **more,
        )  # fmt: skip

    orders.upsert(seller.connection_id, facts(1), now)
    orders.upsert(seller.connection_id, facts(2, products={}), now)
    orders.upsert_reported(seller.connection_id, facts(3, products={}, is_reported=True), now, report_type="GET_X")


def put_position(on: Aws, seller: ConnectedSeller) -> None:
    # Amazon's clock is ahead: what it tells is kept no longer for it.
    facts = PositionFacts(
        marketplace_id=US,
        seller_sku="SKU-1",
        updated_at=on.clock.now() + timedelta(hours=3),
        quantities=Quantities(1),
    )
    inventory.upsert(seller.connection_id, facts, on.clock.now(), "amazon:test")


def put_run(on: Aws, seller: ConnectedSeller) -> None:
    report_runs.create(
        seller.connection_id, "GET_X", [US],
        mark="m", data_start=None, data_end=None, cause="schedule", now=on.clock.now(),
    )  # fmt: skip


def put_figure(on: Aws, seller: ConnectedSeller) -> None:
    day = on.clock.now().date().isoformat()
    change = Change(day, "1", 0, {(day, "USD"): {"orders": 1}})
    sheet_store.advance(Place("ORDERS", seller.connection_id, US, day[:7]), [change], on.clock.now())


def put_board(on: Aws, seller: ConnectedSeller) -> None:
    now = on.clock.now()
    board_store.put(seller.connection_id, US, board_of(now.date(), ()), now)


def put_alerts(on: Aws, seller: ConnectedSeller) -> None:
    now = on.clock.now()
    alert_store.put(seller.connection_id, AlertBoard(now.date(), (), 0), now)


def put_brand_board(on: Aws, seller: ConnectedSeller) -> None:
    now = on.clock.now()
    brand_board_store.put(seller.connection_id, US, BrandBoard(now.date(), {}), now)


def put_cost_board(on: Aws, _seller: ConnectedSeller) -> None:
    now = on.clock.now()
    cost_board_store.put(US, CostBoard(now.date(), "fifo", {}), now)


def put_aside(on: Aws, seller: ConnectedSeller) -> None:
    message = QuarantinedMessage("entry", format_instant(on.clock.now()), "ORDER_CHANGE", "test", "none", "{}")
    connections.put_aside(seller.tenant_id, seller.connection_id, message)


def put_suggestion(on: Aws, seller: ConnectedSeller) -> None:
    place, now = restock_store.Place(seller.connection_id, US, "SKU-1"), on.clock.now()
    kept = Kept(
        computed_for=now.date(), horizon_days=1, lead_days=1, forecast_units=0, naive_units=0, seasonal_naive_units=0,
        average_units=0, position_units=0, quantity=0,
    )  # fmt: skip
    unknown = UnknownDemand(last_day=now.date(), counted_days=0, counted_units=0)
    settings = settings_of(merged(Choices(), Choices()))
    restock_store.put_line(place, Line(now.date().isoformat()), now)
    restock_store.put_card(place, Card(None, unknown, Position(), settings, None), now)
    restock_store.keep(place, kept, now)
    outcome = outcome_of(kept, SalesHistory(last_day=now.date(), units=(0,)))
    ((key, _),) = restock_store.due(place, now.date())
    restock_store.put_outcome(place, key, outcome, now)
    restock_store.keep(place, kept, now)
    restock_store.put_scores(place, scores_of([outcome]), now)


def put_review(on: Aws, seller: ConnectedSeller) -> None:
    now = on.clock.now()
    wake = WakeUp("701-1", US, now - timedelta(days=3), now + timedelta(days=9))
    book = reviews_store.Book(seller.connection_id, lambda _: None)
    waiting = Standing(state="waiting", step=1, decided_at=now, send_at=wake.wakes_at, look_at=wake.wakes_at)
    book.keep(wake, None, waiting)
    reviews_store.mark(seller.connection_id, "701-1", "refunded_at", now, now)


def put_listing_line(on: Aws, seller: ConnectedSeller) -> None:
    listing = Listing(standing="suppressed", issues=(Issue("90220", "ERROR", "It is missing.", first_seen=1),))
    place = grid_store.Place(seller.connection_id, US, "SKU-1")
    now = on.clock.now()
    grid_store.put_line(place, line_of(listing, None, None, None), listing, now)
    edit = Edit(edit_id="1", state="checking", change=Values(quantity=1), asked_by="anna", asked_at=now)
    edit_store.put(place, edit, now)
    attribute_store.begin(place, Reading(state="reading", asked_by="anna", asked_at=now), now)
    attribute_store.keep_form(seller.connection_id, US, KeptForm(Form("MUG", "Mug", "1"), "c", now))
    file = File(
        file_id="1", connection_id=seller.connection_id, marketplace_id=US, name="x", state="reading", asked_by="anna",
        asked_at=now,
    )  # fmt: skip
    bulk_store.put(file, now)
    bulk_store.put_part(seller.connection_id, "1", 0, [Row(2, "SKU-1", "refused")], now)


def put_message(on: Aws, seller: ConnectedSeller) -> None:
    now = on.clock.now()
    new = MessageStanding(
        message_id="message-1", order_id="701-1", marketplace_id=US, action="warranty", state="waiting", because="",
        written_at=now, written_by="anna", moved_at=now, digest="d",
    )  # fmt: skip
    messages_store.put_new(seller.connection_id, new, {"text": "Hello"})
    messages_store.Book(seller.connection_id).keep(new, moved(new, "begins", "", now))
    messages_store.ask_offer(seller.connection_id, "701-1", now, now)
    messages_store.keep_offer(seller.connection_id, "701-1", (), language="en-US", problem=None, now=now)


WRITERS: dict[type[CoreItem], Callable[[Aws, ConnectedSeller], None]] = {
    OrderRecord: put_order,
    PositionRecord: put_position,
    report_runs.ReportRun: put_run,
    SheetRecord: put_figure,
    BoardRecord: put_board,
    CostBoardRecord: put_cost_board,
    BrandBoardRecord: put_brand_board,
    AlertsRecord: put_alerts,
    TenantQuarantineEntry: put_aside,
    **dict.fromkeys((LineRecord, CardRecord, OpenRecord, ScoredRecord, ScoreRecord), put_suggestion),
    **dict.fromkeys((GridLineRecord, IssueRecord, EditRecord, FileRecord, PartRecord), put_listing_line),
    **dict.fromkeys((AttributesRecord, FormRecord), put_listing_line),
    **dict.fromkeys((MessageRecord, EntryRecord, WordsRecord, MessageOpenRecord, OfferRecord), put_message),
    **dict.fromkeys((ReviewRecord, WakeUpRecord, MarkRecord, DayRecord), put_review),
}
"""How the kinds are written that are no facts of ``storage.facts``."""


def put_everything(on: Aws) -> ConnectedSeller:
    """Let every write path of Amazon's data write, for one connected seller."""
    seller = connect(on.clock, marketplaces=(US,))
    with tenant_scope(seller.tenant_id):
        for model in kinds().values():
            if model in WRITERS:
                WRITERS[model](on, seller)
            elif issubclass(model, FactItem):
                for register in registers(model):
                    fact = Fact(place(seller, model), 1, "{}")
                    upsert(model, [fact], received_at=on.clock.now(), source="amazon:test", register=register)
    return seller


def registers(model: type[CoreItem]) -> list[str]:
    return [name.removesuffix("_version") for name in model.get_attributes() if name.endswith("_version")]


def place(seller: ConnectedSeller, model: type[FactItem]) -> Key:
    return Key(keys.inbound(seller.tenant_id, seller.connection_id), f"TEST#{model.KIND}#")


def test_every_record_of_amazons_ends_18_months_after_it_was_received_at_most(on: Aws) -> None:
    found = kinds()
    unknown = {
        kind for kind, model in found.items() if kind not in OWN and model not in WRITERS and not registers(model)
    }
    assert unknown == set(), "say how it is written, or that it is not Amazon's"
    seller = put_everything(on)

    items = [item for item in on.items() if item["kind"]["S"] not in OWN]

    assert {item["kind"]["S"] for item in items} == found.keys() - OWN
    furthest = epoch_seconds(on.clock.now() + KEPT)
    assert {item["kind"]["S"] for item in items if not 0 < int(item["expires_at"]["N"]) <= furthest} == set()
    assert {item["kind"]["S"] for item in items if item["source"]["S"] == "quayside"} == set()
    kept_apart = [item for item in on.items() if item["kind"]["S"] in OWN]
    assert {item["source"]["S"] for item in kept_apart} == {"quayside"}
    assert any(item["pk"]["S"] == keys.connections(seller.tenant_id) for item in kept_apart)


def test_what_lies_elsewhere_is_no_fact(on: Aws) -> None:
    settings = {model.Meta.table_setting for model in ELSEWHERE}
    assert "core_table" not in settings
    assert all(model.Meta.table_setting == "core_table" for model in kinds().values())
    assert on.items() == []


def test_nothing_of_amazons_comes_to_be_without_an_end(on: Aws) -> None:
    seller = connect(on.clock)
    key = keys.inventory_position(seller.tenant_id, seller.connection_id, US, "SKU-9")
    with tenant_scope(seller.tenant_id):
        told = write(PositionRecord, key, [PositionRecord.title.set("x")], source="amazon:test")
        assert not told.applied
        with pytest.raises(ValueError, match="needs expires_at"):
            create(PositionRecord, key, {}, source="amazon:test")
        assert PositionRecord.find(key) is None
        ends = PositionRecord.expires_at.set(epoch_seconds(on.clock.now() + KEPT))
        assert write(PositionRecord, key, [ends], source="amazon:test").applied
        assert write(PositionRecord, key, [PositionRecord.title.set("x")], source="amazon:test").applied


def shown(seller: ConnectedSeller) -> dict[str, int]:
    """How many records each reader of Amazon's data hands out."""
    today, connection_id = date(2026, 11, 21), seller.connection_id
    shelf = orders.Shelf(connection_id, US, "UTC")
    of_facts = [model for model in kinds().values() if issubclass(model, FactItem)]
    walked = [every(model, place(seller, model).pk, prefix=place(seller, model).sk) for model in of_facts]
    return {
        "orders": len(list(orders.newest_first([shelf], today - timedelta(days=2), today, None))),
        "order": int(orders.find("701-1") is not None),
        "positions": len(list(inventory.by_sku([inventory.Shelf(connection_id, US)], None))),
        "reports": len(list(report_runs.newest_first(connection_id, "GET_X"))),
        "figures": len(figures_service.rows(connection_id, today, today)),
        "boards": len(board_store.records(connection_id)),
        "quarantine": len(connections.quarantined(connection_id, after=None, limit=9)[0]),
        "found": sum(model.find(place(seller, model)) is not None for model in of_facts),
        "every": sum(len(list(each)) for each in walked),
    }  # fmt: skip


def test_readers_refuse_what_has_ended_though_it_is_still_there(on: Aws) -> None:
    seller = put_everything(on)
    with tenant_scope(seller.tenant_id):
        before = shown(seller)
        assert before["orders"] == 3
        assert before["every"] == before["found"] > 5
        assert set(before.values()) & {0} == set()

        on.clock.advance((KEPT - timedelta(seconds=1)).total_seconds())
        assert shown(seller) == {**before, "quarantine": 0}
        on.clock.advance(1)

        assert {name for name, count in shown(seller).items() if count} == set()
        # Who writes sees it all the same, and begins anew.
        model = next(model for model in kinds().values() if issubclass(model, FactItem))
        assert len(stored(model, [place(seller, model)])) == 1
    assert len(on.items()) > 10


def plant(on: Aws, seller: ConnectedSeller, name: str, end: timedelta | None, source: str | None) -> None:
    """Put a listing past the product's own writing."""
    item = {
        "pk": {"S": keys.listings(seller.tenant_id, seller.connection_id, US)},
        "sk": {"S": name},
        "kind": {"S": "listing"},
    }
    if end is not None:
        item["expires_at"] = {"N": str(epoch_seconds(on.clock.now() + end))}
    if source is not None:
        item["source"] = {"S": source}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName=on.settings.core_table, Item=item)


def sweep(on: Aws, *, short: bool = False, twice: bool = False) -> Keeper:
    keeper = Keeper(on, stop=lambda: short)
    keeper.run(ComplianceTask(retention_service.SWEEP))
    for _ in range(200):
        if twice:
            messages = on.messages(on.settings.compliance_queue_url, clear=False)
            if messages:
                keeper.run(ComplianceTask(**messages[0]["body"]))
        if not keeper.deliver():
            return keeper
    raise AssertionError("The sweep does not end.")


def quayside_says(on: Aws, *words: str) -> str:
    out = io.StringIO()
    environ = {"AWS_REGION": REGION, "AUDIT_TABLE": on.settings.audit_table}
    streams = Streams(io.StringIO(), out, io.StringIO())
    assert run(["compliance", "retention", *words], environ, streams, clock=on.clock, store=on.store) == 0
    return out.getvalue()


def chain_of(on: Aws, seller: ConnectedSeller) -> None:
    """An account begins with an entry in its chain, by which the sweep finds it."""
    with tenant_scope(seller.tenant_id):
        audit.append(AuditEvent("tenant.created", "anna", f"tenant/{seller.tenant_id}"), clock=on.clock)


@pytest.mark.parametrize("short", [False, True])
def test_the_sweep_counts_every_tenant_and_names_what_is_kept_too_long(
    on: Aws, monkeypatch: pytest.MonkeyPatch, *, short: bool
) -> None:
    monkeypatch.setattr(retention_service, "_COUNTED_AT_ONCE", 15)
    first = connect(on.clock, marketplaces=(US,))
    with tenant_scope(first.tenant_id):
        for put in (put_order, put_position, put_figure):
            put(on, first)
    second = connect(on.clock, subject="bob", seller="A2", marketplaces=(US,))
    for seller in (first, second):
        chain_of(on, seller)
    audit.append_application(AuditEvent("test.ran", "operator", "test/1"), clock=on.clock)
    good = 5

    keeper = sweep(on, short=short)
    (day,) = retention_service.results(7, clock=on.clock)

    assert (day.day, day.shards) == (date(2026, 11, 21), keys.DUE_SHARDS)
    assert sum(held.items for held in day.held.values()) == good
    assert sum(held.broken for held in day.held.values()) == 0
    assert keeper.metrics.counts == {"RetentionSwept": good}
    assert "2026-11-21  nothing older than 18 months\n" in quayside_says(on)

    on.clock.advance(86_400)
    for name, end, source in (
        ("removed soon", timedelta(days=-4), "amazon:test"),
        ("overdue", timedelta(days=-6), "amazon:test"),
        ("too long", KEPT + timedelta(days=1), "amazon:test"),
        ("endless", None, "amazon:test"),
        ("of nobody", None, None),
        ("own", None, "quayside"),
    ):
        plant(on, second, name, end, source)
    keeper = sweep(on, short=short, twice=not short)
    latest = retention_service.results(1, clock=on.clock)[0].held["listings"]

    ends = epoch_seconds(on.clock.now() + KEPT + timedelta(days=1))
    assert latest == Held(items=5, ended=1, overdue=1, too_long=1, endless=2, next_end=ends)
    if short:
        assert keeper.metrics.counts["RetentionBroken"] == 4
    said = quayside_says(on, "--days", "2")
    assert said.index("2026-11-22  4 KEPT TOO LONG") < said.index("2026-11-21  nothing older")
    results = [item for item in on.items("audit_table") if item["kind"]["S"] == "retention_sweep"]
    assert len(results) == 2 * keys.DUE_SHARDS
    assert not any(seller.tenant_id in str(results) for seller in (first, second))


def test_a_part_that_is_missing_is_said(on: Aws) -> None:
    assert quayside_says(on) == "No sweep of these days is on record.\n"
    keeper = Keeper(on)
    keeper.run(ComplianceTask(retention_service.SWEEP))
    waiting = on.messages(on.settings.compliance_queue_url)
    keeper.run(ComplianceTask(**waiting[0]["body"]))

    assert f"1 of {keys.DUE_SHARDS} parts counted" in quayside_says(on)
