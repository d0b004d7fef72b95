"""Batches larger than ten, and the batching window.

Gap: MiniStack hands a queue's function at most ten messages and ignores MaximumBatchingWindowInSeconds. AWS
gathers up to BatchSize messages or records until the window ends, six megabytes are reached, or the batch is full.
Source: AWS Lambda developer guide, "Batching behavior".
"""

import time
from typing import Any

from infra.local.patching import expect, part, replace_text

NAME = "batching"

_MAXIMUM_BYTES = 6 * 1024 * 1024
_waiting_since: dict[str, float] = {}


def apply() -> None:
    """Gather before a batch is taken from a queue or a stream."""
    functions, sqs = part("services.lambda_svc"), part("services.sqs")
    expect(NAME, sqs, "_queues_lock", "_get_q", "_expire_retained", "_dlq_sweep", "_collect_msgs")
    functions._gather_messages = lambda mapping, url: gather_messages(sqs, mapping, url)
    functions._keeps_gathering = keeps_gathering
    replace_text(
        NAME,
        functions,
        "_poll_sqs",
        ("_sqs._receive_messages_for_esm(queue_url, batch_size)", "_gather_messages(esm, queue_url)"),
    )
    replace_text(
        NAME,
        functions,
        "_poll_dynamodb_streams",
        (
            "            raw_len = len(batch)\n",
            (
                "            if _keeps_gathering(esm, len(batch), batch_size, time.time()):\n"
                "                continue\n"
                "            raw_len = len(batch)\n"
            ),
        ),
    )


def gather_messages(sqs: Any, mapping: dict[str, Any], url: str) -> list[dict[str, Any]]:
    """Receive one batch for ``mapping``, or nothing while its window is open and the batch not full."""
    size = int(mapping.get("BatchSize", 10))
    with sqs._queues_lock:
        queue = sqs._get_q(url)
        sqs._expire_retained(queue)
        sqs._dlq_sweep(queue)
        now = time.time()
        visible = [message for message in queue["messages"] if message["visible_at"] <= now]
        if not visible or keeps_gathering(mapping, len(visible), size, now):
            return []
        length = 0
        for count, message in enumerate(visible[:size]):
            length += len(message["body"])
            if length > _MAXIMUM_BYTES and count:
                size = count
                break
        received: list[dict[str, Any]] = sqs._collect_msgs(
            queue, size, int(queue["attributes"].get("VisibilityTimeout", "30"))
        )
        return received


def keeps_gathering(mapping: dict[str, Any], count: int, size: int, now: float) -> bool:
    """Whether ``count`` waiting records are too few and the window since the first was seen is still open."""
    window = float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    identity = mapping["UUID"]
    since = _waiting_since.setdefault(identity, now)
    if count < size and now - since < window:
        return True
    _waiting_since.pop(identity, None)
    return False
