"""From consent to callback: what a member can do, and every way it can go wrong."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from quayside.connections import service, store
from quayside.connections.records import Connection
from quayside.kernel.errors import Conflict, Forbidden, Gone, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId, MemberId, TenantId, connection_id_of, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.connection import STORES_CREDENTIALS
from quayside.storage.vault import Purpose
from quayside.sync.service import CommandsNotSent, Desk, show_connection
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws

T, OTHER = tenant_id_of("one"), tenant_id_of("other")
MEMBER = MemberId("member-1")
C = connection_id_of(T, "EU", "A1SELLER")
GERMANY = "A1PA6795UKMFR9"


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws(access=STORES_CREDENTIALS) as opened, tenant_scope(T):
        yield opened


def begin(on: Aws, seed: int = 1) -> str:
    asked = service.begin_authorization(GERMANY, MEMBER, settings=on.settings, clock=on.clock, entropy=entropy_of(seed))
    assert asked.expires_at == "2026-11-21T10:21:12Z"
    assert asked.consent_url.startswith("https://sellercentral-europe.amazon.com/apps/authorize/consent?")
    return parse_qs(urlsplit(asked.consent_url).query)["state"][0]


def accept(
    on: Aws,
    state: str,
    *,
    seller: str = "A1SELLER",
    code: str = "code-1",
    member: MemberId = MEMBER,
    desk: Desk | None = None,
) -> Connection:
    return service.accept_callback(
        state=state,
        selling_partner_id=seller,
        code=code,
        member_id=member,
        desk=desk or Desk(on.clock, entropy_of(2)),
        clock=on.clock,
    )


def test_a_callback_stores_the_code_sealed_and_asks_for_the_rest(on: Aws) -> None:
    state = begin(on)
    assert len(state) == 64
    assert state not in str(on.items("coordination_table"))
    connection = accept(on, state)
    assert (connection.connection_id, connection.status, connection.region) == (C, "authorising", "EU")
    assert [step.state for step in connection.steps.values()] == ["running", "waiting", "waiting", "waiting"]
    stored = on.items("vault_table")
    assert [item["sk"]["S"] for item in stored] == ["AUTHORIZATION_CODE"]
    assert "code-1" not in str(stored)
    assert int(stored[0]["expires_at"]["N"]) - on.clock.now().timestamp() == 300
    (message,) = on.messages()
    assert (message["body"]["kind"], message["group"]) == ("connection.authorise", T)
    assert "code-1" not in str(message)


def test_sending_the_same_callback_again_changes_nothing_and_asks_again_while_it_matters(on: Aws) -> None:
    state = begin(on)
    first = accept(on, state)
    on.messages()
    assert accept(on, state) == first
    assert [message["body"]["kind"] for message in on.messages()] == ["connection.authorise"]
    service.fail_authorisation(C, "exchange", "It did not work.", clock=on.clock)
    assert accept(on, state).status == "failed"
    assert on.messages() == []
    assert on.items("vault_table") == []


class Refusing(Desk):
    """A desk whose queue takes nothing."""

    def ask(self, kind: str, tenant_id: TenantId, connection_id: ConnectionId, *, cause: str, **arguments: str) -> None:
        del kind, tenant_id, connection_id, cause, arguments
        raise CommandsNotSent("The work queue refused 1 of 1 commands.")


def test_an_error_of_ours_in_the_middle_is_mended_by_sending_it_again(on: Aws) -> None:
    state = begin(on)
    with pytest.raises(CommandsNotSent):
        accept(on, state, desk=Refusing(on.clock))
    assert on.messages() == []
    assert accept(on, state).status == "authorising"
    assert [message["body"]["kind"] for message in on.messages()] == ["connection.authorise"]


def test_an_error_before_the_connection_exists_is_mended_too(on: Aws) -> None:
    state = begin(on)
    assert store.use_state(state, C)
    assert accept(on, state).status == "authorising"
    assert [item["sk"]["S"] for item in on.items("vault_table")] == ["AUTHORIZATION_CODE"]
    assert len(on.messages()) == 1


def test_an_authorisation_nobody_works_on_is_shown_as_failed_and_can_begin_anew(on: Aws) -> None:
    accept(on, begin(on))
    on.clock.advance(361)
    shown = show_connection(C, on.clock)
    assert (shown.status, shown.steps[0].state, shown.status_action) == (
        "failed",
        "failed",
        "Connect the account again.",
    )
    assert accept(on, begin_again(on)).status == "authorising"
    assert show_connection(C, on.clock).status == "authorising"


def begin_again(on: Aws) -> str:
    asked = service.begin_authorization(GERMANY, MEMBER, settings=on.settings, clock=on.clock, entropy=entropy_of(77))
    return parse_qs(urlsplit(asked.consent_url).query)["state"][0]


def test_a_state_works_once(on: Aws) -> None:
    state = begin(on)
    accept(on, state)
    with pytest.raises(Conflict) as refused:
        accept(on, state, seller="A2ANOTHER")
    assert refused.value.code == "state_used"


def test_a_state_expires_after_ten_minutes(on: Aws) -> None:
    state = begin(on)
    on.clock.advance(600)
    with pytest.raises(Gone) as refused:
        accept(on, state)
    assert refused.value.code == "state_expired"


def test_a_forged_state_is_refused(on: Aws) -> None:
    begin(on)
    with pytest.raises(InvalidInput) as refused:
        accept(on, "0" * 64)
    assert refused.value.code == "state_unknown"


def test_a_state_of_another_member_or_tenant_is_refused(on: Aws) -> None:
    state = begin(on)
    with pytest.raises(Forbidden):
        accept(on, state, member=MemberId("member-2"))
    assert on.items("vault_table") == []
    assert on.messages() == []


def test_a_state_of_another_tenant_is_refused() -> None:
    with aws(access=STORES_CREDENTIALS) as on:
        with tenant_scope(T):
            state = begin(on)
        with tenant_scope(OTHER), pytest.raises(Forbidden):
            accept(on, state)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"seller": ""}, "selling_partner_id"), ({"code": ""}, "code"), ({"seller": "A1#B"}, "selling_partner_id"),
     ({"seller": "A" * 65}, "selling_partner_id")],
)  # fmt: skip
def test_an_incomplete_callback_names_the_field(on: Aws, change: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        accept(on, begin(on), seller=change.get("seller", "A1"), code=change.get("code", "code-1"))
    assert [problem.field for problem in refused.value.fields] == [field]


def test_an_unknown_marketplace_is_refused(on: Aws) -> None:
    with pytest.raises(InvalidInput):
        service.begin_authorization("A1NEW", MEMBER, settings=on.settings, clock=on.clock)


def test_disconnecting_stops_everything_before_it_returns(on: Aws) -> None:
    accept(on, begin(on))
    desk = Desk(on.clock, entropy_of(3))
    store.serve("A1SELLER", T, C, "EU", ["sub-1"])
    desk.begin(T, service.get(C))
    on.messages()
    with pytest.raises(InvalidInput):
        service.disconnect(C, "A2ANOTHER", desk=desk)
    assert service.serving("A1SELLER")
    assert service.disconnect(C, "A1SELLER", desk=desk).status == "disconnecting"
    assert service.serving("A1SELLER") == ()
    assert on.items("vault_table") == []
    assert [item["kind"]["S"] for item in on.items("coordination_table")] == ["authorization_state"]
    assert [message["body"]["kind"] for message in on.messages()] == ["connection.release"]
    assert service.live(C) is None
    assert service.disconnect(C, "A1SELLER", desk=desk).status == "disconnecting"
    with pytest.raises(Conflict, match="being disconnected"):
        accept(on, begin(on, 9))
    assert on.items("vault_table") == []


def test_what_is_not_there_is_not_found(on: Aws) -> None:
    with pytest.raises(NotFound):
        service.get(ConnectionId("0" * 16))
    assert service.all_connections() == ()
    assert on.items() == []


def test_a_failed_authorisation_says_why_and_keeps_nothing(on: Aws) -> None:
    accept(on, begin(on))
    service.fail_authorisation(C, "exchange", "Amazon no longer takes the code of your consent.", clock=on.clock)
    shown = show_connection(C, on.clock)
    assert (shown.status, shown.steps[0].state) == ("failed", "failed")
    assert "no longer takes the code" in shown.status_reason
    assert shown.status_action == "Connect the account again."
    assert {dataset.state for dataset in shown.datasets} == {"off"}
    assert vault.SealedCredential.find(vault._place(Purpose(T, C, vault.AUTHORIZATION_CODE))) is None


def test_quarantine_keeps_what_can_not_be_applied_and_sends_it_again(on: Aws) -> None:
    for number in range(3):
        on.clock.advance(1)
        service.quarantine(
            tenant_id=T,
            connection_id=C,
            received_at=on.clock.now(),
            type="ORDER_CHANGE",
            reason=f"reason {number}",
            action="Replay it.",
            payload=f'{{"n":{number}}}',
        )
    first = service.quarantined(C, limit=2)
    assert [entry.reason for entry in first.entries] == ["reason 2", "reason 1"]
    rest = service.quarantined(C, limit=2, after=first.next_cursor)
    assert [entry.reason for entry in rest.entries] == ["reason 0"]
    assert service.count_quarantined(C) == 3
    service.replay(C, rest.entries[0].entry_id)
    assert [message["body"] for message in on.messages(on.settings.intake_queue_url)] == [{"n": 0}]
    assert service.count_quarantined(C) == 2
    with pytest.raises(NotFound):
        service.replay(C, rest.entries[0].entry_id)


def test_a_message_of_nobody_known_goes_to_the_operators(on: Aws) -> None:
    entry_id = service.quarantine(
        tenant_id=None, connection_id=None, received_at=on.clock.now(), type="", reason="unknown seller",
        action="Replay it when the seller has connected.", payload="not json",
    )  # fmt: skip
    (entry,) = service.quarantined(None).entries
    assert (entry.entry_id, entry.payload) == (entry_id, "not json")
    assert service.count_quarantined(C) == 0
