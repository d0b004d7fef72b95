"""Documents of shipments through the API: sent by a form, checked by their bytes, kept, saved, removed and erased."""

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from quayside.kernel.clock import FixedClock, parse_instant
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys
from quayside.storage.audit import newest_first
from quayside.supply_chain import document_rules as rules
from quayside.supply_chain import document_service as service
from quayside.supply_chain import document_store as store
from quayside.supply_chain import shipment_service
from quayside.supply_chain.document_rules import Document, Documents
from quayside.supply_chain.document_service import DocumentDraft
from quayside.supply_chain.shipment_service import LegDraft, LineDraft, ShipmentDraft
from tests.support.amazon import entropy_of
from tests.support.api import Answer
from tests.support.aws import DOCUMENTS_BUCKET, REGION, UPLOADS_BUCKET, Aws, aws
from tests.support.notifications import US
from tests.support.seller_world import SellerWorld
from tests.support.sellers import connect

PDF = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"


class World:
    """Somebody with a connected account."""

    def __init__(self, on: Aws) -> None:
        self.on = on
        self.person = SellerWorld(on).person().sign_up()
        subject = self.person.world.identity.accounts[self.person.email].subject
        self.seller = connect(on.clock, subject=subject, marketplaces=(US,))
        self.numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with aws() as present:
        yield World(present)


class Office:
    """A shipment, and a browser that sends files."""

    def __init__(self, world: World) -> None:
        self.on, self.person, self.seller = world.on, world.person, world.seller
        with tenant_scope(self.seller.tenant_id):
            draft = ShipmentDraft(
                "Autumn", self.seller.connection_id, US, legs=(LegDraft("sea"),), lines=(LineDraft("A", 1),)
            )
            entropy = entropy_of(next(world.numbers))
            card = shipment_service.enter(draft, member_id="anna", clock=self.on.clock, entropy=entropy)
        self.shipment_id = card.shipment.shipment_id
        self.path = f"/shipments/{self.shipment_id}/documents"

    def call(self, method: str, below: str = "", body: object = None) -> Answer:
        return self.person.call(method, f"{self.path}{below}", body)

    def send(self, content: bytes, name: str = "invoice.pdf") -> str:
        """Have a form made, and let S3 take the file as it would by that form; return the document's id."""
        form = self.call("POST", body={"name": name, "size": len(content)})
        assert form.status == 201, form.text
        client = boto3.client("s3", region_name=REGION)
        client.put_object(Bucket=UPLOADS_BUCKET, Key=form.json["fields"]["key"], Body=content)
        return str(form.json["document_id"])

    def attach(self, content: bytes = PDF, name: str = "invoice.pdf", kind: str = "commercial_invoice") -> Answer:
        return self.call("PUT", f"/{self.send(content, name)}", {"name": name, "kind": kind})

    def files(self, bucket: str) -> dict[str, Any]:
        """Return what a bucket holds of the shipment."""
        client = boto3.client("s3", region_name=REGION)
        prefix = f"T/{self.seller.tenant_id}/shipments/{self.shipment_id}/"
        found = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {each["Key"]: client.get_object(Bucket=bucket, Key=each["Key"]) for each in found}


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_a_document_is_sent_checked_kept_saved_and_removed(office: Office) -> None:
    made = office.attach(PDF, "Übersee\\Rechnung.PDF")
    assert made.status == 200, made.text
    (document,) = made.json["documents"]
    assert {name: document[name] for name in ("name", "kind", "content_type", "size", "sha256")} == {
        "name": "Rechnung.PDF", "kind": "commercial_invoice", "content_type": "application/pdf", "size": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }  # fmt: skip
    assert (made.json["most"], made.json["limit_bytes"]) == (40, 10_000_000)
    assert office.files(UPLOADS_BUCKET) == {}
    ((key, kept),) = office.files(DOCUMENTS_BUCKET).items()
    assert key.startswith(f"T/{office.seller.tenant_id}/shipments/")
    assert (kept["ContentType"], kept["Body"].read()) == ("application/pdf", PDF)

    # Whoever asks again, for an answer was lost, finds it attached once.
    again = office.call("PUT", f"/{document['document_id']}", {"name": "other.pdf", "kind": "other"})
    assert again.json == made.json == office.call("GET").json

    link = office.call("GET", f"/{document['document_id']}/link")
    address = urlsplit(link.json["url"])
    asked = parse_qs(address.query)
    assert asked["response-content-disposition"] == [rules.disposition("Rechnung.PDF")]
    assert asked["response-content-type"] == ["application/pdf"]
    assert asked["X-Amz-Expires"] == ["300"]

    gone = office.call("POST", f"/{document['document_id']}/remove")
    assert (gone.json["documents"], gone.json["removed"][0]["name"]) == ([], "Rechnung.PDF")
    assert office.files(DOCUMENTS_BUCKET) == {}
    for method, below in (("GET", "/link"), ("POST", "/remove")):
        assert office.call(method, f"/{document['document_id']}{below}").json["code"] == "document_not_found"
    with tenant_scope(office.seller.tenant_id):
        done = [
            each.action
            for each in newest_first(office.seller.tenant_id)
            if each.subject == f"shipment/{office.shipment_id}"
        ][::-1]
    assert done == [
        "shipments.begin_document", "shipments.attach_document", "shipments.attach_document",
        "shipments.remove_document",
    ]  # fmt: skip


def test_a_form_takes_one_file_of_one_size_at_one_place_and_nothing_else(office: Office) -> None:
    form = office.call("POST", body={"name": "a.pdf", "size": 1234}).json
    key = keys.shipment_file(office.seller.tenant_id, office.shipment_id, form["document_id"])
    assert form["fields"]["key"] == key
    assert form["fields"]["Content-Type"] == "application/octet-stream"
    conditions = json.loads(base64.b64decode(form["fields"]["policy"]))["conditions"]
    assert {"key": key} in conditions
    assert {"bucket": UPLOADS_BUCKET} in conditions
    assert {"Content-Type": "application/octet-stream"} in conditions
    assert ["content-length-range", 1234, 1234] in conditions
    assert parse_instant(form["expires_at"]) - office.on.clock.now() == service.UPLOAD_LIFE


def test_what_is_not_taken_is_said_and_deleted(office: Office) -> None:
    for content, name, said in (
        (b"<!doctype html><script>steal()</script>", "invoice.pdf", "markup"),
        (b"MZ\x90\x00\x03", "invoice.pdf", "a Windows program"),
        (b"PK\x03\x04..xl/vbaProject.bin", "prices.xlsx", "macros"),
    ):
        refused = office.attach(content, name)
        assert (refused.status, refused.json["code"]) == (400, "document_refused")
        assert said in refused.json["detail"]
        assert refused.json["fields"][0]["field"] == "file"
        assert name not in refused.text
        assert (office.files(UPLOADS_BUCKET), office.files(DOCUMENTS_BUCKET)) == ({}, {})
    assert office.call("GET").json["documents"] == []


def test_no_form_is_made_for_what_would_be_refused(office: Office) -> None:
    for name, size in (("a.pdf", 0), ("a.pdf", -1), ("a.pdf", 10_000_001), ("../", 1)):
        answer = office.call("POST", body={"name": name, "size": size})
        assert (answer.status, answer.json["code"]) == (400, "document_refused"), (name, size)


def test_what_is_not_there_is_not_found(office: Office) -> None:
    draft = {"name": "a.pdf", "kind": "other"}
    assert office.call("PUT", "/never-sent", draft).json["code"] == "document_not_arrived"
    assert office.call("PUT", "/..%2f..", draft).status == 404
    for method, below, body in (
        ("GET", "", None), ("POST", "", {"name": "a", "size": 1}), ("PUT", "/x", draft), ("GET", "/x/link", None),
        ("POST", "/x/remove", None),
    ):  # fmt: skip
        answer = office.person.call(method, f"/shipments/none/documents{below}", body)
        assert (answer.status, answer.json["code"]) == (404, "shipment_not_found")


def test_another_organisation_reaches_neither_file_nor_form(office: Office) -> None:
    name = office.send(PDF)
    eve = office.person.world.person("eve@example.org").sign_up("Eve Limited")
    connect(office.on.clock, subject=office.person.world.identity.accounts[eve.email].subject, seller="A1EVE")
    for method, below, body in (
        ("PUT", f"/{name}", {"name": "a.pdf", "kind": "other"}), ("GET", f"/{name}/link", None), ("GET", "", None),
    ):  # fmt: skip
        assert eve.call(method, f"{office.path}{below}", body).json["code"] == "shipment_not_found"
    assert office.call("PUT", f"/{name}", {"name": "a.pdf", "kind": "other"}).status == 200


def test_a_shipment_has_so_many_documents_and_no_more(office: Office) -> None:
    made = tuple(
        Document(str(number), f"{number}.pdf", "other", "application/pdf", 1, "0" * 64, "2026-11-22", "anna")
        for number in range(rules.MOST)
    )
    waiting = office.send(PDF)
    with tenant_scope(office.seller.tenant_id):
        assert store.save(office.shipment_id, Documents(made[1:]), 0)
        assert store.save(office.shipment_id, Documents(made), 1)
        assert not store.save(office.shipment_id, Documents(), 1), "somebody else changed them first"
    assert office.call("POST", body={"name": "a.pdf", "size": 1}).json["code"] == "documents_full"
    late = office.call("PUT", f"/{waiting}", {"name": "a.pdf", "kind": "other"})
    assert (late.status, late.json["code"]) == (409, "documents_full")
    assert (office.files(UPLOADS_BUCKET), office.files(DOCUMENTS_BUCKET)) == ({}, {})


def test_two_who_attach_at_once_both_do(office: Office) -> None:
    first, second = office.send(PDF), office.send(PDF + b"\n")

    class Slow(FixedClock):
        """A clock that lets the other be faster, the moment it is asked."""

        def now(self) -> Any:
            if not raced:
                raced.append(True)
                assert office.call("PUT", f"/{first}", {"name": "first.pdf", "kind": "other"}).status == 200
            return super().now()

    raced: list[bool] = []
    with tenant_scope(office.seller.tenant_id):
        made = service.attach(
            office.shipment_id, second, DocumentDraft("second.pdf", "other"), member_id="ben",
            clock=Slow(office.on.clock.now()),
        )  # fmt: skip
    assert [each.name for each in made.documents] == ["second.pdf", "first.pdf"]
    assert len(office.files(DOCUMENTS_BUCKET)) == 2
