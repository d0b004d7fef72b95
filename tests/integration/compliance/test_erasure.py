"""An erasure destroys everything of what it is about and nothing else, wherever it dies, and proves it."""

import base64
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
import pytest

from quayside.amazon.marketplaces import marketplace
from quayside.compliance import erasure_service, erasure_store
from quayside.compliance.erasure_rules import Erased, Plan
from quayside.compliance.erasure_views import ErasureView
from quayside.compliance.tasks import ComplianceTask
from quayside.connections import service as connections
from quayside.connections import store as connection_store
from quayside.connections.records import ConnectionRecord
from quayside.kernel.errors import Conflict, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys, proofs
from quayside.storage.connection import KEEPS_PROMISES
from quayside.sync import store as sync
from quayside.sync.service import Desk
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.erasures import (
    REPORT,
    SETTLEMENT,
    Keeper,
    Killed,
    files_of,
    killed_after,
    left_of,
    plant,
    random_points,
    tenant_keys,
)
from tests.support.fresh import emptied
from tests.support.sellers import ConnectedSeller, connect

US = "ATVPDKIKX0DER"
CA = "A2EUQ1WTGCTBG2"


@pytest.fixture(scope="module")
def present() -> Iterator[Aws]:
    with aws(access=KEEPS_PROMISES) as opened:
        yield opened


@pytest.fixture
def on(present: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    # Five years of months and every store of the region are looked through in production; a few show the same here.
    monkeypatch.setattr(erasure_store, "MONTHS", 5)
    monkeypatch.setattr(erasure_store, "MARKETPLACES", (marketplace(US),))
    monkeypatch.setattr(erasure_store, "OPERATIONS", ("getOrder",))
    return emptied(present)


def ended(on: Aws, *, subject: str = "anna", seller: str = "A1ERASED", extra: str = "") -> ConnectedSeller:
    """A connection with data of every kind, disconnected by a member."""
    made = connect(on.clock, subject=subject, seller=seller, marketplaces=(US, CA))
    with tenant_scope(made.tenant_id):
        plant(on, made.tenant_id, made.connection_id, US)
        sync.point_to_report(REPORT + extra, made.tenant_id, made.connection_id, "run", on.clock.now())
        sync.add_wanted(made.tenant_id, made.connection_id, 3, on.clock.now())
        sync.put_on_board(
            made.tenant_id, made.connection_id, "orders",
            state="fresh", last_success_at=None, reason="", throttled=0, now=on.clock.now(),
        )  # fmt: skip
        connections.disconnect(made.connection_id, seller, desk=Desk(on.clock, entropy_of(1)))
        erasure_service.connection_ended(
            made.connection_id,
            cause="disconnect",
            requested_by="anna",
            clock=on.clock,
            # Of each seller's own, for it becomes the id of the erasure.
            entropy=entropy_of(int.from_bytes(seller.encode())),
        )
    on.messages()
    return made


def test_every_kind_of_record_lies_where_an_erasure_looks(on: Aws) -> None:
    made = connect(on.clock)
    plan = Plan((Erased(made.connection_id, "NA", "A1"),), {made.connection_id: (SETTLEMENT,)}, "2026-11-21")
    looked_at = {each.partition.pk for each in erasure_store.partitions(made.tenant_id, plan, whole_tenant=True)} | {
        each.partition.pk for each in erasure_store.credential_places(made.tenant_id, plan)
    }

    found = tenant_keys(made.tenant_id, made.connection_id, US, date(2026, 10, 1))

    assert len(found) >= 20
    assert {name for name, key in found.items() if key.pk not in looked_at} == set()


def test_a_connection_goes_and_what_belongs_to_others_stays(on: Aws) -> None:
    made, other = ended(on), connect(on.clock, subject="anna", seller="A2STAYS", marketplaces=(US,))
    stranger = connect(on.clock, subject="bob", seller="A3OTHER", marketplaces=(US,))
    planted = plant(on, other.tenant_id, other.connection_id, US)
    plant(on, stranger.tenant_id, stranger.connection_id, US)
    # What is worked out over all connections goes with each, and is worked out anew for those that stay.
    over_all = keys.cost_boards(made.tenant_id)
    before = [item for item in on.items() if made.connection_id not in str(item) and item["pk"]["S"] != over_all]
    keeper = Keeper(on)

    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    keeper.until_done()

    assert left_of(on, made.connection_id, ["A1ERASED"]) == []
    assert files_of(made.tenant_id, made.connection_id) == []
    assert [item for item in on.items() if made.connection_id not in str(item)] == before
    assert files_of(other.tenant_id, other.connection_id)
    assert keeper.metrics.counts == {"ErasureFinished": 1}
    with tenant_scope(made.tenant_id):
        (receipt,) = erasure_service.receipts()
        with pytest.raises(NotFound):
            connections.get(made.connection_id)
        assert connections.live(other.connection_id) is not None
    # The same was planted for both; the connection brought its health, and with it goes
    # the cost board over all connections.
    assert sum(each.items for each in receipt.erased) == planted + 2
    assert receipt.files == 3


def test_nothing_is_destroyed_before_its_time(on: Aws) -> None:
    made = ended(on)
    before = on.items()
    keeper = Keeper(on)
    on.clock.advance(timedelta(days=6, hours=23).total_seconds())

    keeper.run(ComplianceTask("erasure.due"))
    assert keeper.deliver() == 0
    (view,) = _views(made)
    keeper.run(ComplianceTask("erasure.run", made.tenant_id, None, {"erasure_id": view.erasure_id}))

    assert on.items() == before
    assert view.state == "waiting"


def test_who_connects_again_calls_the_erasure_off(on: Aws) -> None:
    made = ended(on)
    with tenant_scope(made.tenant_id):
        connection_store.change(
            made.connection_id, [ConnectionRecord.status.set("connected")], only_in=("disconnecting", "disconnected")
        )
    before = on.items()
    keeper = Keeper(on)

    on.clock.advance(timedelta(days=8).total_seconds())
    keeper.until_done()

    assert on.items() == before
    assert [view.state for view in _views(made)] == ["withdrawn"]
    assert keeper.metrics.counts == {"ErasureWithdrawn": 1}


def test_a_member_may_not_wait_and_then_all_is_quiet_first(on: Aws) -> None:
    made = ended(on)
    keeper = Keeper(on)
    on.clock.advance(60)
    with tenant_scope(made.tenant_id):
        (view,) = erasure_service.erasures()
        soon = erasure_service.erase_soon(view.erasure_id, clock=on.clock)
    (message,) = on.messages(on.settings.compliance_queue_url)

    assert soon.begins_at == "2026-11-21T10:21:12Z"
    assert message["delay_seconds"] == 541
    keeper.until_done()
    assert left_of(on, made.connection_id, []) == []
    with tenant_scope(made.tenant_id), pytest.raises(Conflict):
        erasure_service.erase_soon(view.erasure_id, clock=on.clock)


def test_asking_twice_is_one_erasure(on: Aws) -> None:
    made = ended(on)
    with tenant_scope(made.tenant_id):
        erasure_service.connection_ended(
            made.connection_id, cause="revocation", requested_by="amazon", clock=on.clock, entropy=entropy_of(3)
        )
    assert len(_views(made)) == 1


def test_a_tenant_goes_whole_and_its_receipt_is_found_by_an_operator(on: Aws) -> None:
    made, stranger = ended(on), connect(on.clock, subject="bob", seller="A3OTHER", marketplaces=(US,))
    live = connect(on.clock, subject="anna", seller="A2LIVE", marketplaces=(US,))
    plant(on, live.tenant_id, live.connection_id, US)
    plant(on, stranger.tenant_id, stranger.connection_id, US)
    before = [item for item in on.items() if made.tenant_id not in str(item)]
    keeper = Keeper(on)

    with tenant_scope(made.tenant_id):
        first = erasure_service.close_account(requested_by="anna", clock=on.clock, entropy=entropy_of(4))
        again = erasure_service.close_account(requested_by="anna", clock=on.clock, entropy=entropy_of(5))
    keeper.until_done()

    assert again.erasure_id == first.erasure_id
    assert left_of(on, made.tenant_id, ["A1ERASED", "A2LIVE"]) == []
    assert files_of(made.tenant_id) == []
    assert [item for item in on.items() if made.tenant_id not in str(item)] == before
    kept = erasure_store.operators_receipts(made.tenant_id)
    assert kept[-1].receipt.connection_id is None
    assert erasure_service.check_receipt(kept[-1])


def test_a_receipt_that_was_changed_is_no_receipt(on: Aws) -> None:
    made = ended(on)
    keeper = Keeper(on)
    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    keeper.until_done()
    (kept,) = erasure_store.operators_receipts(made.tenant_id)
    document = msgspec.json.decode(kept.document)

    assert proofs.verify(document, base64.b64decode(kept.signature), kept.public_key)
    assert document["found_afterwards"] == 0
    assert document["recovery_copies_end_at"] > document["finished_at"] >= document["began_at"]
    for name in document:
        changed = kept._replace(document=msgspec.json.encode({**document, name: "changed"}).decode())
        assert not erasure_service.check_receipt(changed)


def test_an_erasure_that_dies_anywhere_goes_on_and_counts_right(on: Aws) -> None:
    counts = set()
    for round_number, point in enumerate(random_points(seed=4, count=3, most=150)):
        made = ended(on, seller=f"A1ROUND{round_number}")
        keeper = Keeper(on)
        on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
        keeper.run(ComplianceTask("erasure.due"))
        died = False
        with killed_after(on.store, point):
            try:
                keeper.deliver()
            except Killed:
                died = True
        assert died, f"the erasure was over before call {point}"
        keeper.until_done()

        assert left_of(on, made.connection_id, [f"A1ROUND{round_number}"]) == []
        assert files_of(made.tenant_id, made.connection_id) == []
        with tenant_scope(made.tenant_id):
            receipt = erasure_service.receipts()[0]
        assert receipt.connection_id == made.connection_id
        counts.add((sum(each.items for each in receipt.erased), receipt.files))
    assert len(counts) == 1


def test_an_erasure_whose_time_is_short_hands_itself_on(on: Aws) -> None:
    made = ended(on)
    keeper = Keeper(on, stop=lambda: True)
    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    keeper.run(ComplianceTask("erasure.due"))

    runs = 0
    while keeper.deliver():
        runs += 1
        assert runs < 200

    assert runs > 10
    assert left_of(on, made.connection_id, []) == []
    assert [view.state for view in _views(made)] == ["done"]


def test_what_is_written_meanwhile_is_found_and_destroyed_too(on: Aws) -> None:
    made = ended(on)
    keeper = Keeper(on, stop=lambda: True)
    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    keeper.run(ComplianceTask("erasure.due"))
    while _views(made)[0].stage != "read_back":
        keeper.deliver()
    plant(on, made.tenant_id, made.connection_id, CA)

    keeper.stop = lambda: False
    keeper.until_done()

    assert left_of(on, made.connection_id, []) == []
    assert files_of(made.tenant_id, made.connection_id) == []


def test_what_comes_again_and_again_is_given_up_with_a_word(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(on)
    keeper = Keeper(on)
    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    keeper.run(ComplianceTask("erasure.due"))
    monkeypatch.setattr(erasure_service, "delete_items", lambda _partition, _stop: True)
    monkeypatch.setattr(erasure_service, "_MOST_ROUNDS", 1)

    with pytest.raises(erasure_service.StillThere):
        keeper.deliver()


def test_a_sellers_messages_that_nobody_claimed_go_with_the_last_connection(on: Aws) -> None:
    made = ended(on)
    connections.quarantine(
        tenant_id=None, connection_id=None, received_at=on.clock.now(), type="ORDER_CHANGE",
        reason="nobody", action="", payload='{"SellerId":"A1ERASED"}',
    )  # fmt: skip
    connections.quarantine(
        tenant_id=None, connection_id=None, received_at=on.clock.now(), type="ORDER_CHANGE",
        reason="nobody", action="", payload='{"SellerId":"A9ELSE"}',
    )  # fmt: skip
    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    Keeper(on).until_done()

    assert left_of(on, made.connection_id, ["A1ERASED"]) == []
    assert len(connections.quarantined(None).entries) == 1


def test_two_workers_at_one_erasure_do_no_harm(on: Aws) -> None:
    made = ended(on)
    keeper = Keeper(on, stop=lambda: True)
    on.clock.advance(timedelta(days=7, minutes=1).total_seconds())
    (view,) = _views(made)
    task = ComplianceTask("erasure.run", made.tenant_id, None, {"erasure_id": view.erasure_id})
    with tenant_scope(made.tenant_id):
        stale = erasure_store.find(made.tenant_id, view.erasure_id)
    keeper.run(task)

    assert stale is not None
    with tenant_scope(made.tenant_id):
        assert erasure_store.move(stale, on.clock.now()) is None
    keeper.stop = lambda: False
    keeper.run(task)
    keeper.run(task)
    assert left_of(on, made.connection_id, []) == []
    assert keys.export_prefix(made.tenant_id, ConnectionId(made.connection_id)).startswith("T/")


def _views(made: ConnectedSeller) -> tuple[ErasureView, ...]:
    with tenant_scope(made.tenant_id):
        return erasure_service.erasures()
