"""Items past their time to live: removed within seconds, and the removal is in the stream.

Gap: MiniStack sweeps once a minute and writes no stream record. AWS writes a REMOVE record whose
``userIdentity`` is the service ``dynamodb.amazonaws.com`` (its own delay is up to days; a short one here only
makes what depends on it visible). Source: DynamoDB developer guide, "DynamoDB Streams and Time to Live".
"""

import logging
import os
import threading
import time
from typing import Any

from infra.local.patching import expect, part

NAME = "expiry_sweep"

_log = logging.getLogger("embedded_aws.expiry")


def apply() -> None:
    """Start a sweep every ``TTL_SWEEP_SECONDS`` (2) seconds."""
    dynamodb = part("services.dynamodb")
    expect(NAME, dynamodb, "_ttl_settings", "_tables", "_lock", "_remove_item", "_emit_stream_event", "_stream_records")
    responses = part("core.responses")
    expect(NAME, responses, "_request_account_id", "_request_region")
    pause = float(os.environ.get("TTL_SWEEP_SECONDS", "2"))

    def run() -> None:
        while True:
            time.sleep(pause)
            try:
                sweep(dynamodb, responses, time.time())
            except Exception:  # noqa: BLE001 - logged, and the thread has to go on
                _log.exception("A sweep of expired items failed; the next one tries again")

    threading.Thread(target=run, daemon=True, name="expiry-sweep").start()


def sweep(dynamodb: Any, responses: Any, now: float) -> None:
    """Remove every item whose time to live attribute is at or before ``now`` (epoch seconds)."""
    for (account, region, name), setting in list(dynamodb._ttl_settings.all_items()):
        if setting.get("TimeToLiveStatus") != "ENABLED":
            continue
        account_token = responses._request_account_id.set(account)
        region_token = responses._request_region.set(region)
        try:
            with dynamodb._lock:
                _sweep_table(dynamodb, name, setting["AttributeName"], now)
        finally:
            responses._request_account_id.reset(account_token)
            responses._request_region.reset(region_token)


def _sweep_table(dynamodb: Any, name: str, attribute: str, now: float) -> None:
    table = dynamodb._tables.get(name)
    if not table:
        return
    expired = [
        (partition, sort, item)
        for partition, items in list(table["items"].items())
        for sort, item in list(items.items())
        if _at_or_before(item.get(attribute), now)
    ]
    for partition, sort, item in expired:
        dynamodb._remove_item(table, partition, sort)
        before = len(dynamodb._stream_records.get(name) or [])
        dynamodb._emit_stream_event(name, "REMOVE", item, None)
        for record in (dynamodb._stream_records.get(name) or [])[before:]:
            record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def _at_or_before(value: Any, now: float) -> bool:
    return isinstance(value, dict) and "N" in value and float(value["N"]) <= now
