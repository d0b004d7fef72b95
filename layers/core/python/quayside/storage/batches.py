"""What functions that work off a queue share: which messages come again, and when.

A message that failed comes again after seconds, then minutes: the queue's own timeout is as long as a message may need,
and somebody may be looking at a page that waits for it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from quayside.storage.connection import bound

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

COMES_AGAIN_SECONDS = (10, 60, 240)
"""After how long a message that failed for the first, second and third time comes again; later, when the queue says."""

Postpone = Callable[[str, int], None]
"""Lets the message of a receipt handle come again after so many seconds."""


class BatchItemFailure(TypedDict):
    """The id of a message that has to come again."""

    itemIdentifier: str


class BatchAnswer(TypedDict):
    """What Lambda expects of a function with partial batch responses."""

    batchItemFailures: list[BatchItemFailure]


def short_of_time(milliseconds_left: Callable[[], int] | None) -> Callable[[], bool]:
    """Return what tells whether less than a third is left of the time there is now; None stands for no end."""
    whole = milliseconds_left() if milliseconds_left else 0
    return lambda: milliseconds_left is not None and 3 * milliseconds_left() < whole


def postpone_message(queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Let a message that could not be finished come again after ``seconds`` (0 to 43,200).

    Raises:
        botocore.exceptions.ClientError: the queue does not know the message, or no longer.
    """
    bound().system.sqs.change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )


def postpone_failed(postpone: Postpone, receipt_handle: str, received: int, log: "Logger", what: str) -> None:
    """Let what failed come again soon, and less soon each time; when that fails, it comes when the queue says.

    Args:
        postpone: lets it.
        receipt_handle: of its message.
        received: how often the message was delivered, this time included.
        log: is told when it comes late.
        what: the word for it.
    """
    if received > len(COMES_AGAIN_SECONDS):
        return
    try:
        postpone(receipt_handle, COMES_AGAIN_SECONDS[received - 1])
    except (BotoCoreError, ClientError) as problem:
        log.warning("a failed %s comes again late", what, extra={"error_type": type(problem).__name__})
