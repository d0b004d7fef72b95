"""Partial batch responses and bounded retries of DynamoDB stream mappings.

Gap: MiniStack takes any answer of a stream function as success, so records it reports as failed are lost, and
it never halves a failing batch or gives up on it, whatever the mapping says. AWS checkpoints at the lowest failed
sequence number and retries from there; when the retries are spent it sends the batch's position to the
failure destination and goes on.
Source: AWS Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda".
"""

import json
from typing import Any

from infra.local.patching import expect, part, replace_text

NAME = "stream_failures"

_attempts: dict[tuple[str, int], int] = {}
_narrowed: dict[str, int] = {}


def apply() -> None:
    """Read the function's answer before the position moves, and count retries."""
    functions = part("services.lambda_svc")
    expect(NAME, functions, "_send_ddb_stream_failure_record")
    functions._stream_position_after = position_after
    functions._stream_retries_spent = retries_spent
    functions._stream_batch_size = batch_size
    replace_text(
        NAME,
        functions,
        "_poll_dynamodb_streams",
        ('batch_size = esm.get("BatchSize", 100)', "batch_size = _stream_batch_size(esm)"),
        (
            (
                "                _esm_backoff_until.pop(esm_id, None)\n"
                "                with _dynamodb_stream_positions_lock:\n"
                "                    _dynamodb_stream_positions[esm_id] = pos + raw_len\n"
            ),
            (
                "                _esm_backoff_until.pop(esm_id, None)\n"
                "                moved_to = _stream_position_after(esm, result, _ddb, table_name, pos, raw_len)\n"
                "                if moved_to < pos + raw_len:\n"
                "                    _esm_backoff_until[esm_id] = time.time() + _ESM_BACKOFF_SECONDS\n"
                "                    if moved_to == pos and _stream_retries_spent(esm, pos, len(batch)):\n"
                "                        _send_ddb_stream_failure_record(\n"
                "                            esm, func_rec, batch, source_arn, result, 'RetryAttemptsExhausted')\n"
                "                        moved_to = pos + raw_len\n"
                "                with _dynamodb_stream_positions_lock:\n"
                "                    _dynamodb_stream_positions[esm_id] = moved_to\n"
            ),
        ),
        (
            "                _esm_backoff_until[esm_id] = time.time() + _ESM_BACKOFF_SECONDS\n            else:\n",
            (
                "                _esm_backoff_until[esm_id] = time.time() + _ESM_BACKOFF_SECONDS\n"
                "                if _stream_retries_spent(esm, pos, len(batch)):\n"
                "                    _send_ddb_stream_failure_record(\n"
                "                        esm, func_rec, batch, source_arn, result, 'RetryAttemptsExhausted')\n"
                "                    with _dynamodb_stream_positions_lock:\n"
                "                        _dynamodb_stream_positions[esm_id] = pos + raw_len\n"
                "            else:\n"
            ),
        ),
    )


def position_after(  # noqa: PLR0913, PLR0917 - what the poller knows at that point
    mapping: Any, result: Any, dynamodb: Any, table: str, position: int, length: int
) -> int:
    """Where a mapping stands after its function answered ``result`` for ``length`` records from ``position``."""
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        _narrowed.pop(mapping["UUID"], None)
        return position + length
    answer = result.get("body")
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            return position
    _narrowed.pop(mapping["UUID"], None)
    failures = (answer or {}).get("batchItemFailures") if isinstance(answer or {}, dict) else None
    if not failures:
        return position + length
    failed = {str(failure.get("itemIdentifier") or "") for failure in failures}
    records = dynamodb.stream_records_since(table, position, length)
    for index, record in enumerate(records):
        if record["dynamodb"]["SequenceNumber"] in failed:
            return position + index
    # An identifier that names no record of the batch fails the whole batch, as on AWS.
    return position


def batch_size(mapping: Any) -> int:
    """How many records the mapping's next batch holds: fewer while BisectBatchOnFunctionError narrows a failure."""
    return _narrowed.get(mapping["UUID"], int(mapping.get("BatchSize", 100)))


def retries_spent(mapping: Any, position: int, length: int) -> bool:
    """Count one failed attempt at ``position``; true when MaximumRetryAttempts allows no further one.

    A batch of several that may be halved is halved instead, which costs no attempt.
    """
    if mapping.get("BisectBatchOnFunctionError") and length > 1:
        _narrowed[mapping["UUID"]] = length // 2
        return False
    limit = mapping.get("MaximumRetryAttempts")
    if limit is None or int(limit) < 0:
        return False
    key = (mapping["UUID"], position)
    _attempts[key] = _attempts.get(key, 0) + 1
    if _attempts[key] <= int(limit):
        return False
    del _attempts[key]
    _narrowed.pop(mapping["UUID"], None)
    return True
