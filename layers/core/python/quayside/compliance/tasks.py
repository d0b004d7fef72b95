"""What compliance_worker is asked to do: one task a message on the compliance queue.

Schedules, people and other functions ask with the same message. A task that can't end before its function does goes on
with a message of its own, so every task may be interrupted anywhere and be run twice.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from quayside.kernel.clock import Clock
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import ConnectionId, TenantId, check_connection_id, check_tenant_id
from quayside.kernel.observability import Metrics
from quayside.storage.batches import postpone_message
from quayside.storage.connection import bound

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class ComplianceTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of work.

    Attributes:
        task: which one, for example ``erasure.run``; ``compliance_worker.tasks`` knows them all.
        tenant_id: whose data it is about; None for work on the whole installation.
        connection_id: about which connection; None for all of a tenant.
        arguments: what else the task needs, as short texts: ids and numbers, never personal data.
    """

    task: str
    tenant_id: TenantId | None = None
    connection_id: ConnectionId | None = None
    arguments: dict[str, str] = {}


class Work(NamedTuple):
    """What a task is given.

    Attributes:
        clock: the time.
        entropy: random bytes for ids.
        metrics: counts what happened.
        log: the structured logger.
        time_is_short: whether the function's time is nearly over: stop, and go on with another message.
    """

    clock: Clock
    entropy: Callable[[int], bytes]
    metrics: Metrics
    log: "Logger"
    time_is_short: Callable[[], bool]


RunsTask = Callable[[ComplianceTask, Work], None]
"""Runs one kind of task; whatever it raises lets the message come again."""

_decoder = msgspec.json.Decoder(ComplianceTask)
_encoder = msgspec.json.Encoder()


def encode_task(task: ComplianceTask) -> str:
    """Write a task as the body of a queue message."""
    return _encoder.encode(task).decode()


def decode_task(body: str | bytes) -> ComplianceTask:
    """Read a task from the body of a queue message.

    Raises:
        InvalidInput: the body is no task.
    """
    try:
        task = _decoder.decode(body)
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"The message is no task: {problem}.", code="invalid_task") from problem
    if task.tenant_id is not None:
        check_tenant_id(task.tenant_id)
    if task.connection_id is not None:
        check_connection_id(task.connection_id)
    return task


def send(task: ComplianceTask, *, delay_seconds: int = 0) -> None:
    """Put a task on the compliance queue, to come after ``delay_seconds`` (0 to 900).

    Tasks of one tenant share a message group, so that one tenant's many don't hold up the others'.

    Raises:
        botocore.exceptions.ClientError: the queue refused.
    """
    opened = bound()
    opened.system.sqs.send_message(
        QueueUrl=opened.settings.compliance_queue_url,
        MessageBody=encode_task(task),
        DelaySeconds=delay_seconds,
        MessageGroupId=task.tenant_id or "installation",
    )


def let_come_again(receipt_handle: str, seconds: int) -> None:
    """Let a message that its worker could not finish come again after ``seconds`` (0 to 43,200).

    Raises:
        botocore.exceptions.ClientError: the queue does not know the message, or no longer.
    """
    postpone_message(bound().settings.compliance_queue_url, receipt_handle, seconds)
