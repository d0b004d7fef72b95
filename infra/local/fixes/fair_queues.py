"""Fair queues: on a standard queue a tenant with many messages in flight waits behind the others.

Gap: MiniStack hands out a standard queue's messages in order of arrival whatever their MessageGroupId. AWS
prefers groups with fewer messages in flight, so one tenant's backlog does not delay another's messages.
Source: Amazon SQS developer guide, "Amazon SQS fair queues".
"""

from collections import Counter
from typing import Any

from infra.local.patching import part, replace_text

NAME = "fair_queues"


def apply() -> None:
    """Order visible messages by how many of their group are in flight."""
    sqs = part("services.sqs")
    sqs._fairly = fairly
    replace_text(
        NAME,
        sqs,
        "_collect_msgs",
        ("    result = visible[:max_n]\n", '    result = _fairly(visible, q["messages"], now)[:max_n]\n'),
    )


def fairly(visible: list[dict[str, Any]], messages: list[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """``visible`` in the order fair queues hand them out; messages without a group keep their place."""
    if not any(message.get("group_id") for message in visible):
        return visible
    taken = Counter(
        message.get("group_id") for message in messages if message["visible_at"] > now and message["receive_count"]
    )
    placed: Counter[Any] = Counter()
    ranked = []
    for place, message in enumerate(visible):
        group = message.get("group_id")
        rank = taken[group] + placed[group] if group else 0
        placed[group] += 1
        ranked.append((rank, place, message))
    ranked.sort(key=lambda entry: entry[:2])
    return [message for _, _, message in ranked]
