"""The permission of a batch call of SQS.

Gap: MiniStack asks for ``sqs:SendMessageBatch``, an action that does not exist, so a role that may send is refused a
batch. AWS asks for the single call's permission: ``sqs:SendMessage``, ``sqs:DeleteMessage`` or
``sqs:ChangeMessageVisibility``.
Source: Amazon SQS developer guide, "Amazon SQS API permissions: Actions and resource reference".
"""

from typing import Any

from infra.local.patching import part, wrap

NAME = "queue_batch_actions"

_BATCHES = {
    f"sqs:{action}Batch": f"sqs:{action}" for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def apply() -> None:
    """Ask for the single call's permission."""
    wrap(NAME, part("core.iam_actions"), "extract_iam_action", single_action)


def single_action(original: Any) -> Any:
    """``original`` with the action of a batch replaced by that of its single call."""

    def extract(*arguments: Any, **named: Any) -> Any:
        action = original(*arguments, **named)
        return _BATCHES.get(action, action)

    return extract
