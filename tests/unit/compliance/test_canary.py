"""The canary tells a closed lock from an open one, and both from a session that can do nothing at all."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from quayside.compliance.canary import OTHER, OWN, Finding, findings
from quayside.kernel.settings import Settings

SETTINGS = Settings(
    core_table="core", vault_table="vault", pii_table="pii", pii_keys_table="pii-keys", audit_table="audit",
    raw_bucket="raw",
)  # fmt: skip


class Client:
    """A client of a session that may do what ``allows`` says of a call's name and parameters."""

    def __init__(self, allows: Callable[[str, Mapping[str, Any]], bool], code: str) -> None:
        self._allows = allows
        self._code = code

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            if not self._allows(name, request):
                raise ClientError({"Error": {"Code": self._code}}, name)
            return {}

        return call


def found(allows: Callable[[str, Mapping[str, Any]], bool], code: str = "AccessDeniedException") -> list[Finding]:
    client = Client(allows, code)
    return list(findings(lambda _service: client, SETTINGS))


def test_a_role_that_keeps_to_its_own_shows_nothing() -> None:
    shown = found(lambda _name, request: OWN in str(request) and OTHER not in str(request))
    assert [each.attempt for each in shown if each.answer == "allowed"] == ["get of its own"]
    assert all(each.is_denied for each in shown if not each.is_own)
    assert len(shown) == 19


@pytest.mark.parametrize(
    ("allows", "open_lock"),
    [
        (lambda name, _request: name == "scan", "scan of core_table"),
        (lambda _name, request: request.get("TableName") == "vault", "get in vault_table"),
        (lambda _name, request: "IndexName" in request, "query of the index"),
        (lambda name, _request: name == "batch_get_item", "batch with its own"),
        (lambda name, _request: name == "list_objects_v2", "list of raw files"),
    ],
)
def test_each_lock_that_is_open_is_found(allows: Callable[[str, Mapping[str, Any]], bool], open_lock: str) -> None:
    through = [each.attempt for each in found(allows) if each.answer == "allowed" and not each.is_own]
    assert open_lock in through


def test_trouble_is_no_refusal() -> None:
    shown = found(lambda *_: False, "ProvisionedThroughputExceededException")
    assert not any(each.is_denied for each in shown)


def test_it_only_ever_reads() -> None:
    asked = []

    def note(name: str, _request: Mapping[str, Any]) -> bool:
        asked.append(name)
        return True

    found(note)
    assert set(asked) == {"get_item", "query", "scan", "batch_get_item", "list_objects_v2"}
