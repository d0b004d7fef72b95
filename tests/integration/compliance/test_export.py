"""An export hands out everything the API shows and nothing else, wherever its worker dies, and ends when it should."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import msgspec
import pytest

from quayside.accounts.rules import PERMISSIONS_OF_ROLE
from quayside.catalog import brand_service, edit_store, grid_service
from quayside.catalog.edit_rules import Edit, Values
from quayside.catalog.grid_store import Place
from quayside.catalog.rules import Price
from quayside.compliance import export_rules, export_sources, export_store, export_working
from quayside.compliance.export_records import ExportRecord
from quayside.compliance.export_rules import Manifest
from quayside.compliance.tasks import ComplianceTask, Work, send
from quayside.connections import service as connections
from quayside.finance import cost_service
from quayside.finance import store as finance_store
from quayside.inventory import own_service
from quayside.kernel.clock import format_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.observability import CountedMetrics, logger
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import returns
from quayside.orders import service as orders
from quayside.procurement import charge_service, order_service, payment_service, receipt_service, supplier_service
from quayside.procurement.charge_service import Covered, NewCharge
from quayside.procurement.order_service import Actor, NewOrder
from quayside.procurement.payment_service import NewPayment
from quayside.procurement.receipt_service import NewReceipt
from quayside.procurement.rules import NewLine, ReceivedUnits, Terms
from quayside.procurement.supplier_rules import Contact
from quayside.procurement.supplier_service import SupplierTerms
from quayside.sourcing import quote_service, scenario_service
from quayside.sourcing import service as leads
from quayside.sourcing.views import BreakDraft, LeadDraft, QuoteDraft, ScenarioDraft, TargetDraft
from quayside.storage import audit, keys
from quayside.storage.blocks import lift_block, put_block
from quayside.storage.connection import KEEPS_PROMISES
from quayside.storage.tables import CoreItem
from quayside.supply_chain import document_store, shipment_service
from quayside.supply_chain.document_rules import Document, Documents
from quayside.supply_chain.shipment_service import LegDraft, LineDraft, ShipmentDraft
from tests.support.amazon import entropy_of
from tests.support.aws import EXPORTS_BUCKET, REGION, Aws, aws
from tests.support.erasures import Killed, files_of, killed_after
from tests.support.fresh import emptied
from tests.support.notifications import US
from tests.support.orders import item, order_document
from tests.support.seller_world import Person, SellerWorld
from tests.support.sellers import ConnectedSeller, connect

FORMULA = '=HYPERLINK("https://evil.example","Lamp")'
ORDERS = 7


@pytest.fixture(scope="module")
def present() -> Iterator[Aws]:
    with aws(access=KEEPS_PROMISES) as opened:
        yield opened


@pytest.fixture
def on(present: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setattr(export_sources, "READ_AT_ONCE", 3)
    # Years of months are looked through in production; a few show the same here.
    monkeypatch.setattr(orders, "MAXIMUM_HISTORY_DAYS", 60)
    monkeypatch.setattr(orders, "AMAZON_DATA_DAYS", 30)
    monkeypatch.setattr(returns, "MONTHS", 2)
    monkeypatch.setattr(finance_store, "MONTHS", 2)
    return emptied(present)


class Worker:
    """Runs what is on the compliance queue; ``stop`` says when its time is short."""

    def __init__(self, on: Aws) -> None:
        self._on = on
        self._random = Random(5)
        self.short = False
        self.metrics = CountedMetrics()
        self.runs = 0

    def deliver(self) -> None:
        """Run every task until none is left."""
        work = Work(self._on.clock, self._random.randbytes, self.metrics, logger("test"), lambda: self.short)
        while messages := self._on.messages(self._on.settings.compliance_queue_url):
            for message in messages:
                self.runs += 1
                export_working.run(msgspec.convert(message["body"], ComplianceTask), work)


def somebody(on: Aws) -> tuple[Person, ConnectedSeller]:
    """A member with a connected account that has orders, one with a title that is a formula."""
    person = SellerWorld(on).person().sign_up()
    made = connect(on.clock, subject=person.world.identity.accounts[person.email].subject)
    put_orders(on, made, [FORMULA, *["Lamp"] * (ORDERS - 1)])
    on.messages(on.settings.compliance_queue_url)
    return person, made


def put_orders(on: Aws, made: ConnectedSeller, titles: list[str]) -> None:
    documents = [
        order_document(f"903-000000{number}-0000001", items=[item(title=title), item("2", sku="SKU-2")])
        for number, title in enumerate(titles)
    ]
    with tenant_scope(made.tenant_id):
        orders.apply_orders(made.tenant_id, made.connection_id, documents, received_at=on.clock.now(), clock=on.clock)


def exported(person: Person) -> dict[str, Any]:
    (found,) = person.call("GET", "/data").json["exports"]
    told: dict[str, Any] = found
    return told


def file_of(made: ConnectedSeller) -> zipfile.ZipFile:
    (key,) = files_of(made.tenant_id)
    body = boto3.client("s3", region_name=REGION).get_object(Bucket=EXPORTS_BUCKET, Key=key)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(body))


def rows_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in archive.read(name).splitlines()]


def test_a_member_takes_everything_along(on: Aws) -> None:
    person, made = somebody(on)
    planted = {
        "pk": {"S": keys.vault(made.tenant_id, made.connection_id)},
        "sk": {"S": "X"},
        "c": {"S": "planted-token"},
    }
    boto3.client("dynamodb", region_name=REGION).put_item(TableName=on.settings.vault_table, Item=planted)
    worker = Worker(on)

    asked = person.call("POST", "/data/exports", {"connection_id": made.connection_id})
    assert (asked.status, asked.json["state"], asked.json["name"]) == (202, "waiting", "Anna's shop")
    early = person.call("POST", f"/data/exports/{asked.json['export_id']}/link")
    assert (early.status, early.json["code"]) == (409, "export_not_ready")
    assert person.call("POST", "/data/exports", {"connection_id": made.connection_id}).json == asked.json
    worker.deliver()

    shown = exported(person)
    assert (shown["state"], shown["ends_at"]) == ("ready", "2026-11-28T10:11:12Z")
    assert shown["parts_done"] == shown["parts_total"] == len(export_sources.WALKERS) + len(export_sources.MADE)
    archive = file_of(made)
    assert archive.testzip() is None
    assert (archive.infolist()[0].date_time, archive.infolist()[0].flag_bits & 8) == ((2026, 11, 21, 10, 11, 12), 8)
    manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
    assert {each.name for each in manifest.files} | {"manifest.json"} == set(archive.namelist())
    assert set(archive.namelist()) >= {f"{name}.{kind}" for name in export_sources.WALKERS for kind in ("csv", "jsonl")}
    for each in manifest.files:
        content = archive.read(each.name)
        assert (each.bytes, each.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    counts = {each.name: each.rows for each in manifest.files}
    assert (counts["orders.csv"], counts["order_lines.jsonl"], counts["returns.csv"]) == (ORDERS, 2 * ORDERS, 0)
    assert shown["rows"] == sum(rows for name, rows in counts.items() if name.endswith(".jsonl"))

    lines = rows_of(archive, "order_lines.jsonl")
    assert FORMULA in {line["title"] for line in lines}
    assert lines[0]["item"] == {"amount_minor": 1999, "currency": "USD"}
    table = list(csv.DictReader(io.StringIO(archive.read("order_lines.csv").decode(), newline="")))
    assert [row["order_id"] for row in table] == [line["order_id"] for line in lines]
    assert f"'{FORMULA}" in {row["title"] for row in table}
    assert (table[0]["item"], table[0]["item_currency"]) == ("19.99", "USD")
    assert not [name for name in archive.namelist() if b"planted-token" in archive.read(name)]


def test_what_the_seller_made_goes_along_with_everything(on: Aws) -> None:
    person, made = somebody(on)
    with tenant_scope(made.tenant_id):
        place = own_service.add_location("Shed", made.connection_id, US, entropy=entropy_of(3))
        for units in (40, 2):
            own_service.move(place.location_id, "SKU-1", "received", units, note="=A1", member_id="M1", clock=on.clock)
        cost_service.add_lot(
            {"seller_sku": "SKU-1", "from_day": "2026-10-01", "units": "40", "unit_cost": "4.00", "currency": "USD"},
            on.clock,
        )
        cost_service.add_other_cost(
            "Photos", "31.00", "USD", date(2026, 10, 1), date(2026, 10, 2), marketplace_id=None, seller_sku=None,
            clock=on.clock, entropy=entropy_of(4),
        )  # fmt: skip
        cost_service.set_rate(date(2026, 10, 1), "EUR", "USD", "1.25", "ECB", on.clock)
    person.call("POST", "/data/exports", {})
    Worker(on).deliver()

    archive = file_of(made)
    read = {name: rows_of(archive, f"{name}.jsonl") for name in export_sources.OWN}
    assert [row["name"] for row in read["own_locations"]] == ["Shed"]
    assert [(row["seller_sku"], row["units"]) for row in read["own_stock"]] == [("SKU-1", 42)]
    assert [(row["change"], row["balance"]) for row in read["own_movements"]] == [(40, 40), (2, 42)]
    (lot,), (other,), (rate,) = read["cost_lots"], read["other_costs"], read["exchange_rates"]
    assert (lot["seller_sku"], lot["landed"]["amount_minor"], lot["per_units"]) == ("SKU-1", 16000, 40)
    assert (other["amount"], rate["rate"]) == ({"amount_minor": 3100, "currency": "USD"}, "1.25")
    assert b"'=A1" in archive.read("own_movements.csv")


def test_what_was_ordered_sourced_shipped_and_changed_goes_along_row_by_row(on: Aws) -> None:
    person, made = somebody(on)
    clock, day = on.clock, on.clock.now().date()
    owner = Actor("M1", "owner", PERMISSIONS_OF_ROLE["owner"])
    with tenant_scope(made.tenant_id):
        terms = SupplierTerms("Yiwu Home", "USD", Terms(50), contacts=(Contact("Li", "li@yiwu.example"),))
        supplier_id = supplier_service.add_supplier(terms, clock=clock, entropy=entropy_of(1)).supplier_id
        lines = tuple(NewLine(sku, 10, "0.085") for sku in ("A", "B", "C", "=D"))
        order = order_service.draft(NewOrder(supplier_id, lines), member_id="M1", clock=clock, entropy=entropy_of(2))
        for event in ("approve", "send"):
            order = order_service.move(order.order_id, event, order.step, actor=owner, clock=clock)
        receipt = NewReceipt("receipt-1", day, "amazon", (ReceivedUnits("1", 6, 1), ReceivedUnits("2", 10)))
        receipt_service.receive(order.order_id, receipt, member_id="M1", clock=clock)
        covers = tuple(Covered(order.order_id, line.line_id) for line in order.lines)
        freight = NewCharge("charge-1", "freight", "9.99", "USD", day, "units", covers)
        charge_service.add(freight, member_id="M1", clock=clock)
        payment_service.pay(order.order_id, NewPayment("payment-1", day, "1.25"), member_id="M1", clock=clock)
        target = TargetDraft(made.connection_id, US, "24.99")
        lead_id = leads.create(LeadDraft(name="Lid", targets=(target,)), clock=clock, entropy=entropy_of(3))
        offer = QuoteDraft(supplier_name="Hanse", currency="EUR", breaks=(BreakDraft(1, "5"), BreakDraft(500, "4.5")))
        quote_service.add(lead_id, offer, clock=clock, entropy=entropy_of(4))
        base = ScenarioDraft(
            name="Base", connection_id=made.connection_id, marketplace_id=US, price="24.99", fees="6.97"
        )
        scenario_service.add(lead_id, base, clock=clock, entropy=entropy_of(5))
        grid_service.save_view("Low", "stock=out", member_id="M1", clock=clock, entropy=entropy_of(6))
        brand_service.tag([("A", "Hanse"), ("=D", "=Home")], member_id="M1", clock=clock)
        for number in range(4):
            shipped = ShipmentDraft(
                f"Autumn {number}", made.connection_id, US, legs=(LegDraft("sea"), LegDraft("road")),
                lines=(LineDraft("A", 100), LineDraft("B", 40)),
            )  # fmt: skip
            card = shipment_service.enter(shipped, member_id="M1", clock=clock, entropy=entropy_of(10 + number))
        shipment_service.move(card.shipment.shipment_id, "cancel", 1, member_id="M1", clock=clock)
        document = Document("D1", "a.pdf", "other", "application/pdf", 9, "0" * 64, format_instant(clock.now()), "M1")
        assert document_store.save(card.shipment.shipment_id, Documents((document,)), 0)
        place = Place(made.connection_id, US, "SKU-1")
        for number in range(4):
            change = Values(Price(1000 + number, "USD"), number)
            edit_store.put(
                place, Edit(edit_id=f"E{number}", state="ready", change=change, asked_by="M1", asked_at=clock.now()),
                clock.now(),
            )  # fmt: skip
    person.call("POST", "/data/exports", {})
    Worker(on).deliver()

    archive = file_of(made)
    read = {name: rows_of(archive, f"{name}.jsonl") for name in [*export_sources.OWN, *export_sources.MADE]}
    counts = {name: len(rows) for name, rows in read.items() if rows and not name.startswith(("own_", "cost_lots"))}
    assert counts == {
        "catalog_views": 1, "brand_tags": 2,
        "suppliers": 1, "supplier_contacts": 1, "purchase_orders": 1, "purchase_order_lines": 4,
        "purchase_order_versions": 4, "purchase_order_changes": 7, "purchase_receipts": 2, "purchase_payments": 1,
        "purchase_charges": 4, "leads": 1, "lead_targets": 1, "lead_quotes": 1, "lead_quote_prices": 2,
        "lead_scenarios": 1, "shipments": 4, "shipment_legs": 8, "shipment_lines": 8, "shipment_history": 5,
        "shipment_documents": 1, "listing_changes": 4,
    }  # fmt: skip
    line = read["purchase_order_lines"][0]
    assert (line["unit_price"], line["price"]["amount_minor"], line["received"], line["to_come"]) == ("0.085", 85, 6, 3)
    assert sum(row["share"]["amount_minor"] for row in read["purchase_charges"]) == 999
    assert read["purchase_payments"][0]["amount"] == {"amount_minor": 125, "currency": "USD"}
    assert [row["unit_price"] for row in read["lead_quote_prices"]] == ["5", "4.5"]
    assert read["lead_scenarios"][0]["fees"] == {"amount_minor": 697, "currency": "USD"}
    assert sorted(row["state"] for row in read["shipments"]) == ["cancelled", "planned", "planned", "planned"]
    assert [row["price"]["amount_minor"] for row in read["listing_changes"]] == [1000, 1001, 1002, 1003]
    assert b"'=D" in archive.read("purchase_order_lines.csv")


def test_a_link_opens_the_file_for_minutes_and_both_are_recorded(on: Aws) -> None:
    person, made = somebody(on)
    export_id = person.call("POST", "/data/exports", {}).json["export_id"]
    Worker(on).deliver()

    given = person.call("POST", f"/data/exports/{export_id}/link")

    assert (given.status, given.json["expires_at"]) == (200, "2026-11-21T10:16:12Z")
    address = urlsplit(given.json["url"])
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (asked["X-Amz-Algorithm"], asked["X-Amz-Expires"]) == ("AWS4-HMAC-SHA256", "300")
    assert asked["response-content-disposition"] == 'attachment; filename="quayside-export-2026-11-21.zip"'
    (key,) = files_of(made.tenant_id)
    assert address.path.endswith(key)
    recorded = [each["action"] for each in person.call("GET", "/audit").json["entries"]]
    assert recorded[:3] == ["data.link_export", "export.finished", "data.ask_for_export"]
    assert person.call("GET", "/data/disclosures", query={"cursor": "WyJYIl0"}).json["code"] == "invalid_cursor"
    log = person.call("GET", "/data/disclosures", query={"limit": "1"}).json
    more = person.call("GET", "/data/disclosures", query={"cursor": log["next_cursor"]}).json
    handed_out = [*log["disclosures"], *more["disclosures"]]
    assert {each["what"] for each in handed_out} == {"export_made", "export_opened"}
    size, rows = exported(person)["size"], exported(person)["rows"]
    for each in handed_out:
        assert (each["export_id"], each["by_name"], each["size"], each["rows"]) == (export_id, "Anna", size, rows)

    on.clock.advance(timedelta(days=7).total_seconds())
    person.authorised()
    over = person.call("POST", f"/data/exports/{export_id}/link")
    assert (over.status, over.json["code"], exported(person)["state"]) == (410, "export_ended", "ended")
    assert person.call("POST", "/data/exports/unknown/link").status == 404
    assert person.call("POST", "/data/exports", {"connection_id": "0" * 26}).status in {400, 404}


def test_it_goes_on_where_time_ran_short_or_a_worker_died(on: Aws) -> None:
    person, made = somebody(on)
    whole, worker = Worker(on), Worker(on)
    person.call("POST", "/data/exports", {})
    whole.deliver()
    left_out = {"manifest.json", *(f"{name}.{kind}" for name in export_sources.OWN for kind in ("csv", "jsonl"))}
    expected = {name: file_of(made).read(name) for name in file_of(made).namelist() if name not in left_out}
    boto3.client("s3", region_name=REGION).delete_object(Bucket=EXPORTS_BUCKET, Key=files_of(made.tenant_id)[0])

    # Of one connection: what the seller made belongs to none and stays out.
    person.call("POST", "/data/exports", {"connection_id": made.connection_id})
    task = on.messages(on.settings.compliance_queue_url)[0]["body"]
    worker.short = True
    died = 0
    for calls in (4, 9, 14, 19, 24, 7, 12, 16):
        work = Work(on.clock, Random(calls).randbytes, worker.metrics, logger("test"), lambda: True)
        try:
            with killed_after(on.store, calls):
                export_working.run(msgspec.convert(task, ComplianceTask), work)
        except Killed:
            died += 1
    on.messages(on.settings.compliance_queue_url)
    with tenant_scope(made.tenant_id):
        (record,) = export_store.of_subjects([made.connection_id])
        send(msgspec.convert(task, ComplianceTask))
    assert record.state == "running"
    worker.deliver()

    assert died
    assert worker.runs > len(expected) / 2
    archive = file_of(made)
    assert {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"} == expected


def test_files_that_were_made_are_not_made_again(on: Aws) -> None:
    person, made = somebody(on)
    person.call("POST", "/data/exports", {})
    worker = Worker(on)
    worker.short = True

    def packed() -> list[str]:
        with tenant_scope(made.tenant_id):
            (record,) = export_store.of_subjects([None])
        return [each.key for each in export_store.progress_of(record).packed]

    def one_run(calls: int = 0) -> None:
        (message,) = on.messages(on.settings.compliance_queue_url)
        task = msgspec.convert(message["body"], ComplianceTask)
        work = Work(on.clock, Random(len(packed())).randbytes, worker.metrics, logger("test"), lambda: worker.short)
        if not calls:
            export_working.run(task, work)
            return
        with pytest.raises(Killed), killed_after(on.store, calls):
            export_working.run(task, work)
        with tenant_scope(made.tenant_id):
            send(task)

    while len(packed()) < 2:
        one_run()
    before = packed()
    for calls in (5, 6):
        one_run(calls)
        assert packed() == before
    worker.short = False
    one_run()

    archive = file_of(made)
    assert archive.testzip() is None
    assert [len(rows_of(archive, f"{name}.jsonl")) for name in ("orders", "order_lines")] == [ORDERS, 2 * ORDERS]


def test_a_blocked_organisation_gets_nothing(on: Aws) -> None:
    person, made = somebody(on)
    export_id = person.call("POST", "/data/exports", {}).json["export_id"]
    put_block(made.tenant_id, "case-1", "Asks buyers for good reviews.", on.clock.now())
    Worker(on).deliver()

    for path in ("/data/exports", f"/data/exports/{export_id}/link"):
        assert person.call("POST", path, {} if path.endswith("exports") else None).json["code"] == "tenant_blocked"
    assert files_of(made.tenant_id) == []
    lift_block(made.tenant_id, "case-1")
    shown = exported(person)
    assert (shown["state"], shown["reason"]) == ("failed", "Your organisation is blocked.")
    assert person.call("POST", "/data/exports", {}).json["export_id"] != export_id


def test_what_is_erased_meanwhile_leaves_no_file(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    person, made = somebody(on)
    asked = person.call("POST", "/data/exports", {"connection_id": made.connection_id})
    finished = audit.append

    def erase(*told: Any, **more: Any) -> Any:
        # The last moment before the export is noted as ready.
        CoreItem.remove(keys.export(made.tenant_id, made.connection_id, asked.json["export_id"]))
        return finished(*told, **more)

    monkeypatch.setattr(audit, "append", erase)
    Worker(on).deliver()
    monkeypatch.undo()

    assert [name for name in files_of(made.tenant_id) if name.endswith(".zip")] == []
    with tenant_scope(made.tenant_id):
        connections.begin_erasing(ConnectionId(made.connection_id), whatever_status=True)
    late = person.call("POST", "/data/exports", {"connection_id": made.connection_id})
    assert (late.status, late.json["code"]) == (409, "export_too_late")


def test_one_that_cant_be_put_together_is_given_up(on: Aws) -> None:
    person, made = somebody(on)
    person.call("POST", "/data/exports", {})
    with tenant_scope(made.tenant_id):
        (record,) = export_store.of_subjects([None])
        progress = export_rules.Progress(tries=export_rules.TRIES)
        model = ExportRecord
        export_store.move(
            record,
            on.clock.now(),
            [model.state.set("running"), model.progress.set(export_store.progress_text(progress))],
        )
    worker = Worker(on)
    worker.deliver()
    assert (exported(person)["state"], worker.metrics.counts) == ("failed", {"ExportFailed": 1})
