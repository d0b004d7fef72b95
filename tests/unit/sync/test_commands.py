import json

import pytest

from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.sync.commands import decode_command, encode_command, fetch_order
from quayside.sync.registry import ONCE, REGISTRY, data_inventory, dataset

T = tenant_id_of("abc")
C = connection_id_of(T, "EU", "A1")
COMMAND = fetch_order(T, C, "902-1", cause="notification", now=parse_instant("2026-11-21T10:11:12Z"), entropy=bytes)


def test_a_command_survives_the_queue() -> None:
    assert decode_command(encode_command(COMMAND)) == COMMAND
    assert json.loads(encode_command(COMMAND)) == {
        "command_id": "0" * 26,
        "tenant_id": T,
        "connection_id": C,
        "kind": "orders.fetch",
        "arguments": {"order_id": "902-1"},
        "cause": "notification",
        "first_seen": "2026-11-21T10:11:12Z",
    }


@pytest.mark.parametrize(
    "change",
    [{"kind": "orders.delete"}, {"tenant_id": "*"}, {"connection_id": "x"}, {"attempt": "many"}, {"cause": None}],
)
def test_what_is_no_command_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        decode_command(json.dumps({**json.loads(encode_command(COMMAND)), **change}))


@pytest.mark.parametrize("body", ["", "{", "[]", "{}"])
def test_what_is_not_even_json_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput):
        decode_command(body)


def test_the_data_inventory_names_everything_that_is_read() -> None:
    lines = data_inventory()
    assert [line.dataset for line in lines] == ["marketplaces", "orders", "inventory"]
    for line in lines:
        assert line.what
        assert line.why_feature
        assert line.kept_for == "18 months, or until you disconnect"
        assert line.sp_api_role == dataset(line.dataset).role


def test_no_dataset_is_kept_longer_than_amazon_allows_or_holds_personal_data() -> None:
    for each in (*ONCE, *REGISTRY):
        assert each.retention_days <= 548
        assert not each.contains_personal_data
