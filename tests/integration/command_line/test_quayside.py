"""The operator's command line, word by word."""

import io
from collections.abc import Iterator

import pytest

from quayside.command_line import Streams, run
from quayside.connections import service, store
from quayside.connections.records import Trouble
from quayside.connections.rules import statuses_before
from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.sync.store import put_on_board
from tests.support.aws import Aws, aws
from tests.support.sellers import ConnectedSeller, connect

T = tenant_id_of("one")
C = connection_id_of(T, "EU", "A1")
SECRET = "amzn1.oa2-cs.v1." + "0123456789abcdef" * 2


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def environment(on: Aws) -> dict[str, str]:
    settings = on.settings
    return {
        name.upper(): getattr(settings, name)
        for name in ("aws_region", "core_table", "vault_table", "coordination_table", "vault_key_arn",
                     "intake_queue_url", "work_queue_url", "lwa_client_id", "amazon_application_id")
    }  # fmt: skip


def quayside(on: Aws, words: str, typed: str = "", environ: dict[str, str] | None = None) -> tuple[int, str, str]:
    written, failed = io.StringIO(), io.StringIO()
    streams = Streams(io.StringIO(typed), written, failed)
    given = environment(on) if environ is None else environ
    code = run(words.split(), given, streams, clock=on.clock)
    return code, written.getvalue(), failed.getvalue()


def test_a_secret_is_stored_sealed_and_shown_by_its_age_alone(on: Aws) -> None:
    assert "not set" in quayside(on, "application show")[1]
    code, out, err = quayside(on, "application set-secret", f"{SECRET}\n")
    assert (code, err) == (0, "")
    assert SECRET not in out
    (found,) = vault.client_secrets(on.settings.lwa_client_id, on.clock.now())
    assert found.reveal() == SECRET
    assert SECRET not in str(on.items("vault_table"))
    assert "in use since 2026-11-21T10:11:12Z" in quayside(on, "application show")[1]


@pytest.mark.parametrize("typed", ["", "\n", "short\n", "two words that are long enough\n"])
def test_what_is_no_secret_is_refused_and_not_stored(on: Aws, typed: str) -> None:
    code, _, err = quayside(on, "application set-secret", typed)
    assert code == 1
    assert "no LWA client secret" in err
    assert on.items("vault_table") == []


def test_missing_names_are_told(on: Aws) -> None:
    code, _, err = quayside(on, "application set-secret", environ={"AWS_DEFAULT_REGION": "us-east-1"})
    assert code == 1
    assert "VAULT_TABLE, VAULT_KEY_ARN" in err
    assert "--stack" in err
    code, _, err = quayside(on, "application show", environ={**environment(on), "LWA_CLIENT_ID": ""})
    assert (code, "--client-id" in err) == (1, True)


def test_a_stack_that_is_not_there_is_told(on: Aws) -> None:
    code, _, err = quayside(on, "--stack nowhere application show")
    assert code == 1
    assert "nowhere" in err


def test_connections_of_a_tenant(on: Aws) -> None:
    assert quayside(on, f"connections list --tenant {T}")[1] == "This tenant has no connections.\n"
    with tenant_scope(T):
        store.begin(
            C, selling_partner_id="A1", region="EU", name="Amazon Europe", member_id="m", begun_with="s", steps="{}",
            before=statuses_before("authorising"), now=on.clock.now(),
        )  # fmt: skip
    assert quayside(on, f"connections list --tenant {T}")[1] == f"{C}  authorising   EU  A1  Amazon Europe\n"
    code, _, err = quayside(on, "connections list --tenant *")
    assert (code, "not a tenant id" in err) == (1, True)


def test_quarantine_of_operators_and_of_a_connection(on: Aws) -> None:
    for tenant_id, connection_id in ((None, None), (T, C)):
        said = f"reason of {tenant_id}"
        if tenant_id is None:
            entry_id = _aside(on, said)
        else:
            with tenant_scope(tenant_id):
                entry_id = service.quarantine(
                    tenant_id=tenant_id, connection_id=connection_id, received_at=on.clock.now(), type="ORDER_CHANGE",
                    reason=said, action="", payload='{"a":1}',
                )  # fmt: skip
        which = "" if tenant_id is None else f" --tenant {tenant_id} --connection {connection_id}"
        assert said in quayside(on, f"quarantine list{which}")[1]
        assert quayside(on, f"quarantine replay {entry_id}{which}")[0] == 0
        assert len(on.messages(on.settings.intake_queue_url)) == 1
        assert quayside(on, f"quarantine list{which}")[1] == "Nothing is in quarantine.\n"
        code, _, err = quayside(on, f"quarantine replay {entry_id}{which}")
        assert (code, "no such message" in err) == (1, True)


def _aside(on: Aws, said: str) -> str:
    return service.quarantine(
        tenant_id=None,
        connection_id=None,
        received_at=on.clock.now(),
        type="",
        reason=said,
        action="",
        payload='{"a":2}',
    )


def test_half_of_an_address_is_told(on: Aws) -> None:
    code, _, err = quayside(on, f"quarantine list --tenant {T}")
    assert (code, "together" in err) == (1, True)


def connected(on: Aws) -> ConnectedSeller:
    return connect(on.clock, seller="A1")


def test_how_datasets_are_doing_is_told_for_a_tenant(on: Aws) -> None:
    seller = connected(on)
    code, out, err = quayside(on, f"sync status --tenant {seller.tenant_id}")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{seller.connection_id}  connected  NA  Anna's shop"
    assert lines[1].split() == ["orders", "fresh", "0", "s", "old", "0", "rows"]
    assert lines[5].startswith("  finances           waiting  never read   0 rows")
    assert len(lines) == 16
    only = f"--tenant {seller.tenant_id} --connection {seller.connection_id}"
    assert len(quayside(on, f"sync status {only} --state waiting")[1].splitlines()) == 12
    assert len(quayside(on, f"sync status {only} --dataset orders")[1].splitlines()) == 2


def test_trouble_is_told_with_what_to_do(on: Aws) -> None:
    seller = connected(on)
    with tenant_scope(seller.tenant_id):
        service.note_trouble(service.get(seller.connection_id), Trouble("our_secret", "2026-11-21T10:00:00Z"))
    out = quayside(on, f"sync status --tenant {seller.tenant_id}")[1]
    assert "Quayside can't sign in to Amazon. Nothing to do: the operator has been told." in out


def test_without_a_tenant_the_board_of_all_is_told(on: Aws) -> None:
    assert quayside(on, "sync status")[1] == "Nothing to show.\n"
    for number in range(3):
        put_on_board(
            T, connection_id_of(T, "EU", f"A{number}"), "orders", state="failing" if number else "fresh",
            last_success_at="2026-11-21T10:00:00Z", reason="Amazon asks us to slow down.", throttled=0,
            now=on.clock.now(),
        )  # fmt: skip
    assert len(quayside(on, "sync status")[1].splitlines()) == 3
    failing = quayside(on, "sync status --state failing")[1].splitlines()
    assert len(failing) == 2
    assert failing[0].endswith("failing  since 2026-11-21T10:11:12Z  Amazon asks us to slow down.")
    assert quayside(on, "sync status --dataset fees")[1] == "Nothing to show.\n"
    code, _, err = quayside(on, f"sync status --connection {C}")
    assert (code, "--tenant" in err) == (1, True)


def test_the_plan_is_told_with_its_reasons(on: Aws) -> None:
    seller = connected(on)
    lines = quayside(on, f"sync plan --tenant {seller.tenant_id}")[1].splitlines()
    assert lines[0] == seller.connection_id
    assert (
        lines[1] == "  orders             nothing           none         It was read 0 s ago, which is recent enough."
    )
    assert lines[5] == "  finances           finances.list     search       It was never read."


def test_a_dataset_is_read_now_for_an_operator(on: Aws) -> None:
    seller = connected(on)
    words = f"sync run --tenant {seller.tenant_id} --connection {seller.connection_id} --dataset finances"
    assert quayside(on, words)[0] == 0
    (message,) = on.messages()
    assert (message["body"]["kind"], message["body"]["cause"]) == ("finances.list", "operator")
    code, _, err = quayside(on, words)
    assert (code, "a moment ago" in err) == (1, True)
    code, _, err = quayside(on, words.replace("finances", "nothing"))
    assert (code, "no such dataset" in err) == (1, True)


def test_what_is_in_quarantine_of_a_connection_goes_through_again(on: Aws) -> None:
    seller = connected(on)
    words = f"sync replay --tenant {seller.tenant_id} --connection {seller.connection_id}"
    assert quayside(on, words)[1] == "Nothing is in quarantine.\n"
    with tenant_scope(seller.tenant_id):
        for number, kind in enumerate(["ORDER_CHANGE", "inventory:inventory.list", "inventory:inventory.list"]):
            service.quarantine(
                tenant_id=seller.tenant_id, connection_id=seller.connection_id, received_at=on.clock.now(), type=kind,
                reason="odd", action="", payload=f'{{"a":{number}}}',
            )  # fmt: skip
    assert quayside(on, f"{words} --dataset orders")[1] == "Sent through intake again: 1. Asked for anew: 0.\n"
    assert quayside(on, words)[1] == "Sent through intake again: 0. Asked for anew: 1.\n"
    (message,) = on.messages()
    assert message["body"]["kind"] == "inventory.list"
    assert len(on.messages(on.settings.intake_queue_url)) == 1
    assert quayside(on, words)[1] == "Nothing is in quarantine.\n"
    code, _, err = quayside(on, f"{words} --report bm90aGluZw")
    assert (code, "report" in err) == (1, True)


@pytest.mark.parametrize("words", ["", "application", "application set-password", "connections list"])
def test_wrong_words_show_the_usage(on: Aws, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        quayside(on, words)
    assert ended.value.code == 2
    assert "usage: quayside" in capsys.readouterr().err
