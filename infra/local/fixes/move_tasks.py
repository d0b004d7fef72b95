"""StartMessageMoveTask and ListMessageMoveTasks: a dead-letter queue's messages go back where they came from.

Gap: MiniStack does not know the actions. Source: Amazon SQS API reference, StartMessageMoveTask.
"""

import json
import time
import uuid
from typing import Any

from infra.local.patching import FixRefusedError, expect, part

NAME = "move_tasks"

_tasks: list[dict[str, Any]] = []


def apply() -> None:
    """Add both actions to SQS."""
    sqs = part("services.sqs")
    if "StartMessageMoveTask" in expect(NAME, sqs, "_queue_by_arn", "_Err", "_queues_lock", "_HANDLERS"):
        raise FixRefusedError(NAME, "SQS knows StartMessageMoveTask by itself")
    sqs._HANDLERS["StartMessageMoveTask"] = lambda request, _url: start(sqs, request)
    sqs._HANDLERS["ListMessageMoveTasks"] = lambda request, _url: listed(request)


def start(sqs: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Move every message of the source; each goes to the destination named, or to the queue it failed in."""
    source_arn, destination_arn = request.get("SourceArn", ""), request.get("DestinationArn")
    with sqs._queues_lock:
        source = sqs._queue_by_arn(source_arn)
        if source is None or not _is_dead_letter_queue(sqs, source_arn):
            raise sqs._Err("ResourceNotFoundException", "Source queue must be configured as a Dead Letter Queue.", 404)
        moved, kept = 0, []
        for message in source["messages"]:
            came_from = message.get("sys", {}).get("DeadLetterQueueSourceArn")
            target = sqs._queue_by_arn(destination_arn or came_from or "")
            if target is None:
                kept.append(message)
                continue
            target["messages"].append(
                {
                    **message,
                    "receipt_handle": None,
                    "receive_count": 0,
                    "first_receive_at": None,
                    "visible_at": time.time(),
                    "sys": {key: value for key, value in message["sys"].items() if key != "DeadLetterQueueSourceArn"},
                }
            )
            moved += 1
        source["messages"] = kept
    sqs.esm_wake.set()
    task = {
        "TaskHandle": str(uuid.uuid4()),
        "Status": "COMPLETED",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": moved,
        "StartedTimestamp": int(time.time() * 1000),
    }
    if destination_arn:
        task["DestinationArn"] = destination_arn
    _tasks.insert(0, task)
    return {"TaskHandle": task["TaskHandle"]}


def listed(request: dict[str, Any]) -> dict[str, Any]:
    """The latest tasks of one source queue, the newest first."""
    found = [task for task in _tasks if task["SourceArn"] == request.get("SourceArn")]
    shown = found[: int(request.get("MaxResults") or 1)]
    return {"Results": [{key: task[key] for key in task if key != "TaskHandle"} for task in shown]}


def _is_dead_letter_queue(sqs: Any, arn: str) -> bool:
    for queue in sqs._queues.all_values():
        try:
            policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
        except ValueError:
            continue
        if isinstance(policy, dict) and policy.get("deadLetterTargetArn") == arn:
            return True
    return False
