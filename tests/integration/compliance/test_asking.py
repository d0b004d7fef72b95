"""Who asks for an erasure: a member who disconnects or closes the account, Amazon, an operator."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from quayside.command_line import Streams, run
from quayside.compliance import erasure_service, erasure_store
from quayside.compliance.tasks import ComplianceTask
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import ConnectionRecord
from quayside.kernel.clock import format_instant
from quayside.kernel.tenancy import tenant_scope
from sync_worker.container import note_failed, note_revoked
from tests.support.aws import Aws, aws
from tests.support.erasures import Keeper
from tests.support.seller_world import Person, SellerWorld
from tests.support.sellers import connect

SELLER = "A1SELLER"


@pytest.fixture(scope="module")
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


@pytest.fixture(scope="module")
def world(on: Aws) -> SellerWorld:
    return SellerWorld(on)


def anna(world: SellerWorld, email: str) -> tuple[Person, str]:
    person = world.person(email).sign_up()
    return person, world.identity.accounts[email].subject


def quayside(on: Aws, *words: str) -> tuple[int, str, str]:
    names = ("aws_region", "core_table", "vault_table", "audit_table", "coordination_table", "work_queue_url")
    environ = {name.upper(): getattr(on.settings, name) for name in names}
    written, failed = io.StringIO(), io.StringIO()
    code = run(words, environ, Streams(io.StringIO(), written, failed), clock=on.clock)
    return code, written.getvalue(), failed.getvalue()


def test_a_member_who_disconnects_has_a_week_or_erases_now(on: Aws, world: SellerWorld) -> None:
    person, subject = anna(world, "disconnects@example.com")
    made = connect(on.clock, subject=subject, seller=SELLER)
    assert person.call("GET", "/data").json == {"exports": [], "erasures": [], "receipts": []}

    person.call("POST", f"/connections/{made.connection_id}/disconnect", {"confirmation": SELLER})
    (erasure,) = person.call("GET", "/data").json["erasures"]
    assert (erasure["cause"], erasure["state"], erasure["name"]) == ("disconnect", "waiting", "Anna's shop")
    assert erasure["begins_at"] == format_instant(on.clock.now() + timedelta(days=7))

    sooner = person.call("POST", f"/data/erasures/{erasure['erasure_id']}/begin")
    assert (sooner.status, sooner.json["begins_at"]) == (202, format_instant(on.clock.now() + timedelta(minutes=10)))
    assert person.call("POST", "/data/erasures/unknown/begin").status == 404


def test_only_an_owner_who_types_the_name_closes_the_account(on: Aws, world: SellerWorld) -> None:
    person, subject = anna(world, "closes@example.com")
    made = connect(on.clock, subject=subject, seller=SELLER)
    wrong = person.call("POST", "/tenant/close", {"confirmation": "Somebody else"})
    assert (wrong.status, wrong.json["code"]) == (400, "confirmation_mismatch")

    closing = person.call("POST", "/tenant/close", {"confirmation": "Anna & Co"})

    assert (closing.status, closing.json["connection_id"], closing.json["cause"]) == (202, None, "closure")
    shown = person.call("GET", f"/connections/{made.connection_id}")
    assert shown.json["status"] == "disconnecting"
    task = on.messages(on.settings.compliance_queue_url)[-1]
    assert task["body"] == {
        "task": "erasure.run",
        "tenant_id": made.tenant_id,
        "arguments": {"erasure_id": closing.json["erasure_id"]},
    }
    assert task["delay_seconds"] == 601


def test_a_withdrawal_at_amazon_is_noted(on: Aws) -> None:
    made = connect(on.clock, subject="revoked", seller=SELLER)
    with tenant_scope(made.tenant_id):
        note_revoked(on.clock)(made.connection_id)
        (erasure,) = erasure_service.erasures()
    assert (erasure.cause, erasure.begins_at) == ("revocation", format_instant(on.clock.now() + timedelta(days=7)))


def test_an_account_that_could_not_be_connected_anew_is_erased_by_itself(
    on: Aws, world: SellerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure_store, "MONTHS", 1)
    monkeypatch.setattr(erasure_store, "MARKETPLACES", ())
    person, subject = anna(world, "fails@example.com")
    made = connect(on.clock, subject=subject, seller=SELLER)
    with tenant_scope(made.tenant_id):
        connections_store.change(
            made.connection_id, [ConnectionRecord.status.set("authorising")], only_in=("connected",)
        )
        connections.fail_authorisation(made.connection_id, "exchange", "The code is no good.", clock=on.clock)
        note_failed(on.clock)(made.connection_id)
        note_failed(on.clock)(made.connection_id)
    (erasure,) = person.call("GET", "/data").json["erasures"]
    assert (erasure["cause"], erasure["begins_at"]) == ("failure", format_instant(on.clock.now() + timedelta(days=7)))

    assert person.call("POST", f"/data/erasures/{erasure['erasure_id']}/begin").status == 202
    on.messages(on.settings.compliance_queue_url)
    on.clock.advance(timedelta(hours=1).total_seconds())
    task = ComplianceTask("erasure.run", made.tenant_id, None, {"erasure_id": erasure["erasure_id"]})
    Keeper(on).run(task)

    person.authorised()
    shown = person.call("GET", "/data").json
    assert [(each["cause"], each["connection_id"]) for each in shown["receipts"]] == [("failure", made.connection_id)]
    assert person.call("GET", "/connections").json["connections"] == []


def test_an_operator_erases_lists_and_checks_receipts(on: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure_store, "MONTHS", 1)
    monkeypatch.setattr(erasure_store, "MARKETPLACES", ())
    made = connect(on.clock, subject="requested", seller=SELLER)
    tenant = ("--tenant", made.tenant_id)
    assert quayside(on, "erasure", "receipts", *tenant)[1] == "There is no receipt of this tenant.\n"

    assert quayside(on, "erasure", "request", *tenant, "--connection", made.connection_id)[0] == 0
    listed = quayside(on, "erasure", "list")[1]
    begins = format_instant(on.clock.now() + timedelta(minutes=10))
    assert f"{made.tenant_id}  {made.connection_id}  request    waiting  from {begins}" in listed

    on.messages(on.settings.compliance_queue_url)
    keeper = Keeper(on)
    on.clock.advance(timedelta(hours=1).total_seconds())
    with tenant_scope(made.tenant_id):
        (view,) = erasure_service.erasures()
    keeper.run(ComplianceTask("erasure.run", made.tenant_id, None, {"erasure_id": view.erasure_id}))

    code, printed, _ = quayside(on, "erasure", "receipts", *tenant)
    assert (code, "signature good" in printed) == (0, True)
    saved = tmp_path / "receipt.json"
    saved.write_text(printed.partition("# ")[0])
    assert quayside(on, "erasure", "check", str(saved))[1].startswith(f"Good: connection {made.connection_id}")
    content = msgspec.json.decode(saved.read_bytes(), type=dict[str, str])
    content["document"] = content["document"].replace('"found_afterwards":0', '"found_afterwards":1')
    saved.write_bytes(msgspec.json.encode(content))
    code, _, error = quayside(on, "erasure", "check", str(saved))
    assert (code, "does not say what was signed" in error) == (1, True)
    saved.write_text("{}")
    assert "no receipt" in quayside(on, "erasure", "check", str(saved))[2]
