"""Stream records that were not delivered survive a restart.

Gap: MiniStack keeps the read position of a stream's mapping over a restart and forgets the records, so what
was undelivered is lost and the mapping skips new records until they outnumber the old ones. AWS keeps a
record for 24 hours. Delivered records are dropped here once many have gathered, to bound memory; nothing of
the product reads a stream other than through a mapping.
Source: DynamoDB developer guide, "Change data capture for DynamoDB Streams" (data retention limit).
"""

from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "stream_records"

_KEEP_DELIVERED = 2_000


def apply() -> None:
    """Save the records from the slowest mapping's position on, and load them again."""
    dynamodb = part("services.dynamodb")
    functions = part("services.lambda_svc")
    expect(NAME, dynamodb, "_stream_records", "_stream_trimmed", "_tables")
    expect(NAME, functions, "_esms", "_dynamodb_stream_positions", "_iter_all_esms")
    scoped = expect(NAME, part("core.responses"), "AccountRegionScopedDict")

    wrap(NAME, dynamodb, "get_state", lambda original: _saving(original, dynamodb, functions, scoped))
    wrap(NAME, dynamodb, "_restore_state", lambda original: _loading(original, dynamodb))
    wrap(NAME, dynamodb, "_trim_stream_records", lambda original: _trimming(original, dynamodb, functions))


def _saving(original: Any, dynamodb: Any, functions: Any, scoped: Any) -> Any:
    def get_state() -> dict[str, Any]:
        state: dict[str, Any] = original()
        state["stream_records"], state["stream_trimmed"] = scoped(), scoped()
        for (account, region, name), records in list(dynamodb._stream_records.all_items()):
            trimmed = dynamodb._stream_trimmed.get_scoped(account, region, name, 0)
            done = max(0, min(len(records), _delivered_before(functions, account, region, name) - trimmed))
            state["stream_records"].set_scoped(account, region, name, records[done:])
            state["stream_trimmed"].set_scoped(account, region, name, trimmed + done)
        return state

    return get_state


def _loading(original: Any, dynamodb: Any) -> Any:
    def restore_state(state: Any) -> None:
        original(state)
        if state:
            dynamodb._stream_records.update(state.get("stream_records", {}))
            dynamodb._stream_trimmed.update(state.get("stream_trimmed", {}))

    return restore_state


def _trimming(original: Any, dynamodb: Any, functions: Any) -> Any:
    responses = part("core.responses")

    def trim(name: str, *, account_id: Any = None, region: Any = None) -> None:
        original(name, account_id=account_id, region=region)
        records = dynamodb._stream_records.get(name) if account_id is None else None
        if records is None or len(records) < 2 * _KEEP_DELIVERED:
            return
        trimmed = dynamodb._stream_trimmed.get(name, 0)
        delivered = _delivered_before(functions, responses.get_account_id(), responses.get_region(), name)
        done = min(delivered - trimmed, len(records)) - _KEEP_DELIVERED
        if done > 0:
            del records[:done]
            dynamodb._stream_trimmed[name] = trimmed + done

    return trim


def _delivered_before(functions: Any, account: str, region: str, table_name: str) -> int:
    """The stream position before which every mapping of the table has read; without mappings, all of it."""
    positions = [
        functions._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"], 0)
        for owner, where, mapping in functions._iter_all_esms()
        if (owner, where) == (account, region) and f":table/{table_name}/stream/" in mapping.get("EventSourceArn", "")
    ]
    return min(positions) if positions else 2**62
