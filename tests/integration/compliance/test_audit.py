"""The audit trail from the first sign-in to a checkpoint, and whatever is done to it behind the product's back."""

import io
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import boto3
import pytest

from compliance_worker.tasks import TASKS
from quayside.command_line import Streams, run
from quayside.compliance import audit_service, audit_store
from quayside.compliance.tasks import ComplianceTask, Work
from quayside.kernel.ids import tenant_id_of
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import audit, keys, proofs
from quayside.storage.audit import APPLICATION, AuditEvent
from quayside.storage.connection import KEEPS_PROMISES
from tests.support.aws import REGION, Aws, aws
from tests.support.fresh import emptied
from tests.support.identity import CODE
from tests.support.seller_world import PASSWORD, SellerWorld

T = tenant_id_of("one")
DAY = 86_400


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws(access=KEEPS_PROMISES) as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Aws:
    return emptied(shared)


class Logged:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def error(self, message: str, extra: dict[str, Any]) -> None:
        self.lines.append((message, extra))


class Worker:
    """Runs the task as compliance_worker does, with all the messages that follow from it."""

    def __init__(self, on: Aws) -> None:
        self.on = on
        self.metrics, self.log = CountedMetrics(), Logged()
        self.short = False
        self._drawn = count()

    def entropy(self, length: int) -> bytes:
        return next(self._drawn).to_bytes(length)

    def run(self) -> None:
        waiting = [ComplianceTask("audit.checkpoint")]
        work = Work(self.on.clock, self.entropy, self.metrics, self.log, lambda: self.short)  # type: ignore[arg-type]  # logs only errors
        while waiting:
            TASKS[waiting[0].task](waiting.pop(0), work)
            sent = self.on.messages(self.on.settings.compliance_queue_url)
            waiting += [ComplianceTask(each["body"]["task"], arguments=each["body"]["arguments"]) for each in sent]


def filled(on: Aws, entries: int = 5) -> None:
    with tenant_scope(T):
        for number in range(entries):
            audit.append(AuditEvent("a.b", f"m-{number}", "member/m"), clock=on.clock)


def table(on: Aws) -> Any:
    return boto3.resource("dynamodb", region_name=REGION).Table(on.settings.audit_table)


def place(number: int) -> dict[str, str]:
    return keys.audit_entry(T, 0, number)._asdict()


def item(on: Aws, number: int) -> dict[str, Any]:
    found: dict[str, Any] = table(on).get_item(Key=place(number))["Item"]
    return found


def checked(on: Aws, chain: str = T) -> audit_service.Checked:
    return audit_service.verify(chain, clock=on.clock, public_key_pem=proofs.public_key())


def edit(on: Aws) -> None:
    table(on).put_item(Item={**item(on, 2), "text": item(on, 2)["text"].replace("m-2", "m-3")})


def delete(on: Aws) -> None:
    table(on).delete_item(Key=place(2))


def insert(on: Aws) -> None:
    table(on).put_item(Item={**item(on, 2), "sk": f"{place(2)['sk']}x"})


def swap(on: Aws) -> None:
    one, other = item(on, 2), item(on, 3)
    table(on).put_item(Item={**one, "sk": other["sk"]})
    table(on).put_item(Item={**other, "sk": one["sk"]})


def truncate(on: Aws) -> None:
    for number in (3, 4):
        table(on).delete_item(Key=place(number))


TAMPERINGS: dict[Callable[[Aws], None], list[tuple[str, int]]] = {
    edit: [("edited", 2)],
    delete: [("missing", 2)],
    insert: [("inserted", 3)],
    swap: [("moved", 2), ("moved", 3)],
    truncate: [("truncated", 3)],
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_tampering_is_found_by_verify_and_by_the_next_checkpoint(on: Aws, tampering: Callable[[Aws], None]) -> None:
    filled(on)
    worker = Worker(on)
    worker.run()
    assert checked(on).intact
    tampering(on)
    found = checked(on)
    assert [(each.fault, each.sequence) for each in found.verified.problems] == TAMPERINGS[tampering]
    assert found.checkpoint == "2026-11-21T10:11:12Z"


def test_a_checkpoint_signs_where_each_chain_ends_and_the_next_one_goes_on_from_there(on: Aws) -> None:
    filled(on)
    audit.append_application(AuditEvent("a.b", "m", "m/m"), clock=on.clock)
    worker = Worker(on)
    worker.run()
    on.clock.advance(DAY)
    filled(on, 2)
    worker.run()
    newest = audit_store.newest_of(T, on.clock.now())
    assert newest is not None
    assert newest.taken_at == "2026-11-22T10:11:12Z"
    assert newest.signed_by(proofs.public_key())
    with tenant_scope(T):
        assert newest.head(T) == audit.find_head(T)
    assert checked(on, APPLICATION).checkpoint == "2026-11-22T10:11:12Z"
    assert worker.metrics.counts == {}
    newest.document["chains"][T]["hash"] = "0" * 64
    assert not newest.signed_by(proofs.public_key())


def test_a_checkpoint_is_never_written_over(on: Aws) -> None:
    filled(on, 1)
    taken = audit_service.checkpoint(keys.audit_shard(T), None, clock=on.clock, mark="m", time_is_short=lambda: False)
    assert taken.key is not None
    with tenant_scope(T):
        head = audit.find_head(T)
    assert head is not None
    with pytest.raises(Exception, match="PreconditionFailed"):
        audit_store.put(keys.audit_shard(T), on.clock.now(), "m", {T: head})


def test_a_broken_chain_is_left_out_of_the_checkpoint_and_alarmed_about(on: Aws) -> None:
    filled(on)
    worker = Worker(on)
    worker.run()
    truncate(on)
    on.clock.advance(DAY)
    worker.run()
    assert worker.metrics.counts == {"AuditChainBroken": 1}
    assert worker.log.lines == [
        ("an audit chain is broken", {"tenant_id": T, "count": 1, "kind": "truncated", "entry_id": 4})
    ]
    newest = audit_store.newest_of(T, on.clock.now())
    assert newest is not None
    assert newest.taken_at == "2026-11-21T10:11:12Z"


def test_a_run_that_is_short_of_time_goes_on_with_another_message(on: Aws) -> None:
    for number in range(12):
        with tenant_scope(tenant_id_of(str(number))):
            audit.append(AuditEvent("a.b", "m", "m/m"), clock=on.clock)
    worker = Worker(on)
    worker.short = True
    worker.run()
    assert sorted(audit_service.every_chain()) == sorted(tenant_id_of(str(number)) for number in range(12))
    for chain in audit_service.every_chain():
        assert audit_store.newest_of(chain, on.clock.now()) is not None


def test_what_expired_may_be_missing_and_nothing_younger(on: Aws) -> None:
    filled(on, 2)
    worker = Worker(on)
    worker.run()
    on.clock.advance((audit.AUDIT_DAYS + 1) * DAY)
    filled(on, 2)
    table(on).delete_item(Key=place(0))
    table(on).delete_item(Key=place(1))
    assert checked(on).intact
    table(on).delete_item(Key=place(2))
    assert [(each.fault, each.sequence) for each in checked(on).verified.problems] == [("missing", 0)]


def test_a_chain_that_nothing_is_added_to_gets_an_entry_of_its_own_before_its_end_expires(on: Aws) -> None:
    filled(on, 1)
    worker = Worker(on)
    worker.run()
    on.clock.advance(181 * DAY)
    worker.run()
    with tenant_scope(T):
        assert [each.action for each in audit.newest_first(T)] == ["audit.carried_on", "a.b"]
    assert checked(on).intact


def test_verify_names_what_is_wrong_and_says_so_to_the_shell(on: Aws) -> None:
    def quayside(words: str) -> tuple[int, str, str]:
        written, failed = io.StringIO(), io.StringIO()
        names = ("aws_region", "audit_table", "audit_bucket", "proof_key_arn")
        environ = {name.upper(): getattr(on.settings, name) for name in names}
        code = run(words.split(), environ, Streams(io.StringIO(), written, failed), clock=on.clock)
        return code, written.getvalue(), failed.getvalue()

    filled(on)
    code, said, failed = quayside("audit checkpoint")
    assert (code, failed) == (0, "")
    assert said.startswith(f"checkpoints/{keys.audit_shard(T)}/2026-11-21T10:11:12Z-")
    code, said, _ = quayside("audit verify")
    assert code == 0
    assert f"{T}  intact  5 entries to entry 4, against the checkpoint of 2026-11-21T10:11:12Z" in said
    edit(on)
    code, said, failed = quayside(f"audit verify --tenant {T}")
    assert code == 1
    assert "edited     Entry 2 was edited: its text does not have its hash." in said
    assert "1 of 1 audit chains are not what they were. Follow infra/runbooks/audit-chain-broken.md" in failed
    assert quayside("audit checkpoint")[0] == 0, "the last checkpoint is behind the entry: only verify reads it again"


# -- What is recorded -------------------------------------------------------------------------------------------------


def recorded(chain: str) -> Sequence[tuple[str, str, str]]:
    with audit.chain_scope(chain):
        return [(each.action, each.outcome, each.subject) for each in audit.newest_first(chain)][::-1]


def test_signing_up_in_out_and_being_refused_is_recorded_without_an_address(on: Aws) -> None:
    world = SellerWorld(on, mfa_mode="optional")
    anna = world.person().sign_up()
    member = world.identity.accounts[anna.email].subject
    assert anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": "Wrong-Horse-99"}).status == 401
    assert anna.call("PATCH", "/me", {"name": "Anna Miller"}).status == 200
    assert anna.call("POST", "/connections/authorizations", {"marketplace_id": "A1PA6795UKMFR9"}).status == 201
    assert anna.call("POST", "/auth/sign-out").status == 204
    assert recorded(anna.tenant_id) == [
        ("account.signed_up", "done", f"member/{member}"),
        ("tenant.created", "done", f"tenant/{anna.tenant_id}"),
        ("session.started", "done", f"member/{member}"),
        ("me.rename_me", "done", f"member/{member}"),
        ("connections.begin_authorization", "done", f"member/{member}"),
        ("session.ended", "done", f"member/{member}"),
    ]
    assert recorded(APPLICATION) == [("session.refused", "refused", "session/none")]
    stored = str(on.items("audit_table"))
    for personal in (anna.email, PASSWORD, CODE, "Anna", "Miller", "example"):
        assert personal not in stored


def test_the_trail_is_shown_newest_first_with_filters_and_a_cursor_that_names_no_tenant(on: Aws) -> None:
    world = SellerWorld(on, mfa_mode="optional")
    anna = world.person().sign_up()
    on.clock.advance(60)
    anna.call("PATCH", "/me", {"name": "Anna Miller"})
    first = anna.call("GET", "/audit", query={"limit": "2"}).json
    assert [each["title"] for each in first["entries"]] == ["Own name changed", "Signed in"]
    assert first["entries"][0]["actor_name"] == "Anna Miller"
    assert anna.tenant_id not in first["next_cursor"]
    second = anna.call("GET", "/audit", query={"limit": "2", "cursor": first["next_cursor"]}).json
    assert [each["sequence"] for each in second["entries"]] == [1, 0]
    assert second["next_cursor"] is None
    for query, titles in (
        ({"area": "session"}, ["Signed in"]),
        ({"since": "2026-11-21T10:12:00Z"}, ["Own name changed"]),
        ({"until": "2026-11-21T10:12:00Z", "area": "me"}, []),
        ({"outcome": "refused"}, []),
        ({"actor": "nobody"}, []),
    ):
        found = anna.call("GET", "/audit", query=query).json
        assert [each["title"] for each in found["entries"]] == titles, query
        assert found["next_cursor"] is None
    for cursor in ("x", "WyJ4Il0", "WyI5OTk5OTk5OTk5OTk5OTk5OTkiXQ"):
        assert anna.call("GET", "/audit", query={"cursor": cursor}).json["code"] == "invalid_cursor"
    assert anna.call("GET", "/audit", query={"since": "yesterday"}).status == 400
