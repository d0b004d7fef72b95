"""Runs one command: opens its tenant's scope, gives its calls their turn, and decides what becomes of a failure.

Nothing sleeps here. What has to wait goes back to the queue with a delay, or onto the list of due work when the queue
can't hold it that long. A command is done (its message is deleted) only after whatever follows from it was sent.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from quayside.amazon.client import AmazonClient
from quayside.amazon.errors import (
    AccessRefused,
    AmazonError,
    AmazonUnavailable,
    Busy,
    OurSecretInvalid,
    RequestRejected,
    Revoked,
    Throttled,
)
from quayside.amazon.ledger import Ledger
from quayside.amazon.oauth import CODE_SECONDS
from quayside.amazon.operations import OPERATIONS
from quayside.amazon.tokens import NoGrant, TokenBroker
from quayside.amazon.transport import Transport
from quayside.amazon.turns import CarriedSlot, LedgerTurns, SlotAhead
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, epoch_milliseconds, from_epoch_milliseconds, parse_instant
from quayside.kernel.observability import Metrics
from quayside.kernel.settings import Settings
from quayside.kernel.tenancy import tenant_scope
from quayside.sync import store
from quayside.sync.commands import Kind, SyncCommand
from quayside.sync.rules import GIVE_UP_AFTER, MAXIMUM_DELAY_SECONDS, backoff_seconds, seconds_until
from quayside.sync.service import DATASET_OF, Desk, UseCase, Work, enqueue

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

Ending = Literal["done", "waits", "retries", "refused", "stopped", "gave_up"]

_BUSY_SECONDS = 3
_SECRET_SECONDS = 300
_CODE_WAITS_SECONDS = 15
"""An authorisation code lives five minutes, so a connection is not put off for long while it has one."""


class Collaborators(NamedTuple):
    """What the worker is made of; the composition root chooses them."""

    settings: Settings
    transport: Transport
    tokens: TokenBroker
    ledger: Ledger
    use_cases: Mapping[Kind, UseCase]
    clock: Clock
    entropy: Callable[[int], bytes]
    random: Random
    metrics: Metrics
    logger: "Logger"


class Worker:
    """Runs commands, one at a time."""

    def __init__(self, collaborators: Collaborators) -> None:
        self._with = collaborators
        self._desk = Desk(collaborators.clock, collaborators.entropy)

    def run(self, command: SyncCommand) -> Ending:
        """Run a command and return how it ended.

        Raises:
            Exception: a fault of ours or of AWS; the message stays in the queue and comes again.
        """
        with tenant_scope(command.tenant_id):
            ending = self._run(command)
        self._with.metrics.count(f"Command{''.join(word.title() for word in ending.split('_'))}")
        return ending

    def _run(self, command: SyncCommand) -> Ending:
        given = self._with
        carried = None
        if command.slot_at is not None and command.slot_operation is not None:
            carried = CarriedSlot(command.slot_operation, command.slot_at)
        backfill = command.arguments.get("mode") == "history"
        turns = LedgerTurns(given.ledger, given.clock, carried=carried, backfill=backfill)
        amazon = AmazonClient(given.settings, given.transport, given.tokens, turns)
        work = Work(command, amazon, given.tokens, self._desk, given.clock, given.entropy)
        try:
            given.use_cases[command.kind](work)
        except SlotAhead as ahead:
            return self._wait(command, ahead.operation, ahead.slot_at)
        except AmazonError as problem:
            return self._failed(command, problem)
        return "done"

    def _wait(self, command: SyncCommand, operation: str, slot_at: int) -> Ending:
        """Put a command off until its slot; its reservation goes with it."""
        now = epoch_milliseconds(self._with.clock.now())
        waiting = msgspec.structs.replace(command, slot_at=slot_at, slot_operation=operation)
        delay = seconds_until(slot_at, now)
        if delay > MAXIMUM_DELAY_SECONDS:
            store.put_waiting(from_epoch_milliseconds(slot_at), waiting)
        else:
            enqueue([waiting], delay_seconds=delay)
        return "waits"

    def _failed(self, command: SyncCommand, problem: AmazonError) -> Ending:
        given = self._with
        given.logger.warning(
            "a call to Amazon failed",
            extra={
                "kind": command.kind,
                "tenant_id": command.tenant_id,
                "connection_id": command.connection_id,
                "operation": problem.operation,
                "error_type": type(problem).__name__,
                "status": problem.status,
                "request_id": problem.request_id,
                "attempt": command.attempt,
            },
        )
        if isinstance(problem, NoGrant):
            return "stopped"
        if isinstance(problem, Revoked):
            given.metrics.count("AuthorisationRevoked")
            connections.revoked(command.connection_id, desk=self._desk)
            return "stopped"
        if isinstance(problem, RequestRejected) and not (isinstance(problem, AccessRefused) and command.attempt == 0):
            return self._refused(command, problem)
        return self._again(command, problem, self._pause(command, problem))

    def _pause(self, command: SyncCommand, problem: AmazonError) -> int:
        """Return after how many seconds a failed command is tried again, and do what the failure calls for."""
        given = self._with
        if isinstance(problem, Busy):
            return _BUSY_SECONDS
        if isinstance(problem, OurSecretInvalid):
            # Our own fault: an alarm for the operator, and no seller is disconnected for it.
            given.metrics.count("InvalidClientSecret")
            reason = "Quayside's own access to Amazon has to be renewed."
            self._record(command, reason, "Nothing to do: the operator has been told.", "")
            return _SECRET_SECONDS
        if isinstance(problem, Throttled):
            given.metrics.count("AmazonThrottled")
            return self._turn_after_throttling(command, problem)
        if isinstance(problem, AccessRefused):
            # A token may have died early; a fresh one shows whether the seller withdrew the authorisation.
            given.tokens.discard(command.tenant_id, command.connection_id)
            return 1
        given.metrics.count("AmazonUnavailable")
        delay = backoff_seconds(command.attempt + 1, given.random.random())
        age = given.clock.now() - parse_instant(command.first_seen)
        if command.kind == "connection.authorise" and age.total_seconds() < CODE_SECONDS:
            return min(delay, _CODE_WAITS_SECONDS)
        return delay

    def _turn_after_throttling(self, command: SyncCommand, problem: Throttled) -> int:
        """Return in how many seconds the bucket, which is known to be empty now, has its next slot."""
        operation = OPERATIONS.get(problem.operation)
        if operation is None:
            return backoff_seconds(command.attempt + 1, self._with.random.random())
        plan = self._with.ledger.plan(operation, command.connection_id)
        return min(MAXIMUM_DELAY_SECONDS, -(-plan.interval // 1000))

    def _again(self, command: SyncCommand, problem: AmazonError, delay_seconds: int) -> Ending:
        """Send a command back for another try, or give it up when it has been tried for a day."""
        now = self._with.clock.now()
        if now - parse_instant(command.first_seen) > GIVE_UP_AFTER:
            return self._gave_up(command, problem)
        counts = not isinstance(problem, Busy | OurSecretInvalid)
        if counts and command.attempt:
            self._record(command, _words(problem), "Nothing to do: it is tried again.", problem.request_id)
        following = msgspec.structs.replace(
            command, attempt=command.attempt + (1 if counts else 0), slot_at=None, slot_operation=None
        )
        enqueue([following], delay_seconds=delay_seconds)
        return "retries"

    def _refused(self, command: SyncCommand, problem: RequestRejected) -> Ending:
        self._with.metrics.count("AmazonRefused")
        reason = f"Amazon refused: {problem.said or 'no explanation'}"
        if command.kind == "connection.authorise":
            self._fail_authorisation(command, f"{reason} (request {problem.request_id or 'without id'})")
        elif command.kind == "connection.release":
            connections.close(command.connection_id)
        self._record(command, reason, "If it stays so, tell support the request id.", problem.request_id, ends_run=True)
        return "refused"

    def _gave_up(self, command: SyncCommand, problem: AmazonError) -> Ending:
        self._with.metrics.count("CommandGivenUp")
        if command.kind == "connection.authorise":
            self._fail_authorisation(command, _words(problem))
        elif command.kind == "connection.release":
            connections.close(command.connection_id)
        self._record(
            command, _words(problem), "It is tried again with the next check.", problem.request_id, ends_run=True
        )
        return "gave_up"

    def _fail_authorisation(self, command: SyncCommand, reason: str) -> None:
        connection = connections.live(command.connection_id)
        if connection is None:
            return
        running = [key for key, step in connection.steps.items() if step.state == "running"]
        connections.fail_authorisation(command.connection_id, running[0] if running else "exchange", reason)

    def _record(
        self, command: SyncCommand, reason: str, action: str, request_id: str, *, ends_run: bool = False
    ) -> None:
        dataset = DATASET_OF[command.kind]
        if dataset is not None:
            connections.record_failure(
                command.connection_id,
                dataset,
                reason=reason,
                action=action,
                request_id=request_id,
                now=self._with.clock.now(),
                ends_run=ends_run,
            )


def _words(problem: AmazonError) -> str:
    if isinstance(problem, Throttled):
        return "Amazon asks us to slow down."
    if isinstance(problem, AmazonUnavailable):
        return "Amazon does not answer at the moment."
    return f"Amazon answered: {problem.said or 'no explanation'}"
