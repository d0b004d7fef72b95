"""Runs one command: opens its tenant's scope, gives its calls their turn, and decides what becomes of a failure.

Nothing sleeps here. What has to wait goes back to the queue with a delay, or onto the list of due work when the queue
can't hold it that long. A command is done (its message is deleted) only after whatever follows from it was sent. How a
command ended is written into the run log, onto the operators' board, and, when a whole connection is in trouble, onto
the connection.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from quayside.amazon.circuits import Circuits
from quayside.amazon.client import AmazonClient
from quayside.amazon.errors import (
    AccessRefused,
    AmazonError,
    AmazonUnavailable,
    Busy,
    OurSecretInvalid,
    RequestRejected,
    Revoked,
    RoleMissing,
    RoleSilent,
    TenantBlocked,
    Throttled,
)
from quayside.amazon.ledger import Ledger
from quayside.amazon.oauth import CODE_SECONDS
from quayside.amazon.operations import OPERATIONS
from quayside.amazon.tokens import NoGrant, TokenBroker
from quayside.amazon.transport import Downloads, QueryValue, Reply, Transport, Uploads
from quayside.amazon.turns import CarriedSlot, CircuitOpen, LedgerTurns, SlotAhead
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import Connection, Trouble
from quayside.connections.rules import TroubleKind
from quayside.kernel.clock import Clock, epoch_milliseconds, format_instant, from_epoch_milliseconds, parse_instant
from quayside.kernel.observability import Metrics
from quayside.kernel.settings import Settings
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import blocks
from quayside.sync import store
from quayside.sync.commands import ApplicationCommand, ApplicationUse, Kind, SyncCommand
from quayside.sync.registry import ORDERS, Dataset
from quayside.sync.rules import GIVE_UP_AFTER, MAXIMUM_DELAY_SECONDS, backoff_seconds, seconds_until
from quayside.sync.service import (
    DUE,
    ApplicationUseCase,
    ApplicationWork,
    Desk,
    Notes,
    UseCase,
    Work,
    dataset_of,
    enqueue,
    enqueue_application,
    step_of,
)
from quayside.sync.views import Outcome

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.kernel.ids import ConnectionId

Ending = Literal["done", "waits", "retries", "refused", "stopped", "gave_up", "blocked"]

_BUSY_SECONDS = 3
_APPLICATION_ATTEMPTS = 5
_SECRET_SECONDS = 300
_CODE_WAITS_SECONDS = 15
"""An authorisation code lives five minutes, so a connection is not put off for long while it has one."""
_OUTAGE_AFTER = 2
"""Failed attempts after which a seller is told that Amazon is down, and not before: single faults are daily life."""
_REQUEST_IDS = 10
_LISTED_EARLY = timedelta(minutes=10)
_BOARD_EVERY = timedelta(minutes=10)
_BOARD_REMEMBERS = 5000
_USE_NOTED_EVERY = timedelta(hours=1)
_EVEN_IF_BLOCKED: frozenset[Kind] = frozenset(
    {"connection.release", "credential.review", "personal_data.destroy", "personal_data.forget"}
)
"""What only takes access away, or keeps it safe, goes on for a blocked tenant."""
_SUPPORT = "If it stays so, tell support the request id."


class Collaborators(NamedTuple):
    """What the worker is made of; the composition root chooses them."""

    settings: Settings
    transport: Transport
    downloads: Downloads
    tokens: TokenBroker
    ledger: Ledger
    circuits: Circuits
    use_cases: Mapping[Kind, UseCase]
    application_use_cases: Mapping[ApplicationUse, ApplicationUseCase]
    clock: Clock
    entropy: Callable[[int], bytes]
    random: Random
    metrics: Metrics
    logger: "Logger"
    revoked: Callable[["ConnectionId"], None]
    """Told of a connection whose seller withdrew the authorisation, before it is stopped."""
    failed: Callable[["ConnectionId"], None]
    """Told of a connection that could not be authorised; told again when the command comes again."""
    uploads: Uploads | None = None


class _Noting:
    """A transport that notes which calls were answered, and Amazon's ids of the requests."""

    def __init__(self, inner: Transport, notes: Notes) -> None:
        self._inner = inner
        self._notes = notes

    def send(  # noqa: PLR0913 - the port's own parameters
        self,
        method: str,
        url: str,
        *,
        operation: str,
        query: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Send a request and note its id."""
        reply = self._inner.send(method, url, operation=operation, query=query, headers=headers, content=content)
        self._notes.operations.add(operation)
        request_id = reply.headers.get("x-amzn-requestid", reply.headers.get("x-amzn-request-id", ""))
        if request_id and len(self._notes.request_ids) < _REQUEST_IDS:
            self._notes.request_ids.append(request_id)
        return reply


class _Asked(NamedTuple):
    """A command that runs: for which dataset and connection, since when, and what it notes."""

    command: SyncCommand
    terms: Dataset | None
    connection: Connection | None
    started_at: datetime
    notes: Notes


def plenty_of_time() -> bool:
    """Say that time is not short: for callers without an end."""
    return False


class Worker:
    """Runs commands, one at a time. Remembers what the board last showed, so that it is seldom written."""

    def __init__(self, collaborators: Collaborators) -> None:
        self._with = collaborators
        self._desk = Desk(collaborators.clock, collaborators.entropy)
        self._shown: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._used: dict[tuple[str, str], datetime] = {}

    def run(self, command: SyncCommand, *, time_is_short: Callable[[], bool] = plenty_of_time) -> Ending:
        """Run a command and return how it ended.

        Args:
            command: the command.
            time_is_short: whether less than a third of the function's time is left.

        Raises:
            Exception: a fault of ours or of AWS; the message stays in the queue and comes again.
        """
        with tenant_scope(command.tenant_id):
            ending = self._run(command, time_is_short)
            if command.kind == "connection.authorise" and connections.has_failed(command.connection_id):
                self._with.failed(command.connection_id)
        self._with.metrics.count(f"Command{''.join(word.title() for word in ending.split('_'))}")
        return ending

    def run_application(self, command: ApplicationCommand) -> Ending:
        """Run a command of the application itself, for which no tenant is in scope, and return how it ended.

        Raises:
            Exception: a fault of ours or of AWS; the message stays in the queue and comes again.
        """
        ending = self._run_application(command)
        self._with.metrics.count(f"Command{''.join(word.title() for word in ending.split('_'))}")
        return ending

    def _run_application(self, command: ApplicationCommand) -> Ending:
        given = self._with
        carried = None
        if command.slot_at is not None and command.slot_operation is not None:
            carried = CarriedSlot(command.slot_operation, command.slot_at)
        turns = LedgerTurns(given.ledger, given.clock, carried=carried, circuits=given.circuits)
        amazon = AmazonClient(given.settings, given.transport, given.tokens, turns)
        work = ApplicationWork(command, amazon, given.settings, given.clock, given.metrics)
        try:
            given.application_use_cases[command.application](work)
        except SlotAhead as ahead:
            delay = seconds_until(ahead.slot_at, epoch_milliseconds(given.clock.now()))
            waiting = msgspec.structs.replace(command, slot_at=ahead.slot_at, slot_operation=ahead.operation)
            enqueue_application(waiting, delay_seconds=min(delay, MAXIMUM_DELAY_SECONDS))
            return "waits"
        except AmazonError as problem:
            return self._application_failed(command, problem)
        return "done"

    def _application_failed(self, command: ApplicationCommand, problem: AmazonError) -> Ending:
        given = self._with
        given.logger.warning(
            "a call to Amazon for the application failed",
            extra={
                "kind": command.application,
                "operation": problem.operation,
                "error_type": type(problem).__name__,
                "status": problem.status,
                "request_id": problem.request_id,
                "attempt": command.attempt,
            },
        )
        if isinstance(problem, OurSecretInvalid):
            given.metrics.count("InvalidClientSecret")
        if isinstance(problem, RequestRejected | OurSecretInvalid):
            return "refused"
        if command.attempt >= _APPLICATION_ATTEMPTS:
            return "gave_up"
        # The review comes every day, so a few tries are enough.
        following = msgspec.structs.replace(command, attempt=command.attempt + 1, slot_at=None, slot_operation=None)
        delay = (
            _BUSY_SECONDS if isinstance(problem, Busy) else backoff_seconds(following.attempt, given.random.random())
        )
        enqueue_application(following, delay_seconds=delay)
        return "retries"

    def put_back(self, command: SyncCommand) -> None:
        """Send a command to the queue again as it is, for a function with more time."""
        enqueue([command])

    def _run(self, command: SyncCommand, time_is_short: Callable[[], bool]) -> Ending:
        if command.kind not in _EVEN_IF_BLOCKED and blocks.block_of(command.tenant_id) is not None:
            # What is due comes again by the schedule, so nothing has to be kept for when the block is lifted.
            return "blocked"
        terms = dataset_of(command)
        connection = None if terms is None else connections.live(command.connection_id)
        if terms is not None:
            if connection is None:
                return "done"
            if terms.key in connection.paused or not terms.is_needed(connection.features_off):
                return "stopped"
            decided = self._decided(command, terms, connection)
            if decided is None:
                return "done"
            command = decided
        return self._carry_out(_Asked(command, terms, connection, self._with.clock.now(), Notes()), time_is_short)

    def _carry_out(self, asked: _Asked, time_is_short: Callable[[], bool]) -> Ending:
        command = asked.command
        try:
            self._with.use_cases[command.kind](self._work(asked, time_is_short))
        except CircuitOpen as resting:
            self._trouble(asked, "outage", resting.operation, "")
            return self._rest(command, resting)
        except SlotAhead as ahead:
            return self._wait(command, ahead.operation, ahead.slot_at)
        except AmazonError as problem:
            return self._failed(asked, problem)
        self._succeeded(asked)
        return "done"

    def _work(self, asked: _Asked, time_is_short: Callable[[], bool]) -> Work:
        given, command = self._with, asked.command
        carried = None
        if command.slot_at is not None and command.slot_operation is not None:
            carried = CarriedSlot(command.slot_operation, command.slot_at)
        turns = LedgerTurns(
            given.ledger, given.clock, carried=carried, backfill=is_backfill(command), circuits=given.circuits
        )
        amazon = AmazonClient(given.settings, _Noting(given.transport, asked.notes), given.tokens, turns)
        return Work(
            command=command,
            amazon=amazon,
            tokens=given.tokens,
            downloads=given.downloads,
            desk=self._desk,
            clock=given.clock,
            entropy=given.entropy,
            connection=asked.connection,
            notes=asked.notes,
            time_is_short=time_is_short,
            uploads=given.uploads,
        )

    def _decided(self, command: SyncCommand, terms: Dataset, connection: Connection) -> SyncCommand | None:
        """Decide what a command of the schedule does, None when its dataset needs nothing now."""
        if DUE not in command.arguments:
            return command
        now = self._with.clock.now()
        steps = connection.steps
        if terms.key == ORDERS and "history" in steps and steps["history"].state != "done":
            # Whatever command of the history was lost, this one finds where it stands.
            self._desk.ask("orders.history", command.tenant_id, command.connection_id, cause="schedule")
        health = connections_store.dataset_health(command.connection_id, terms.key)
        step = step_of(connection, terms, health, now)
        if step.kind is None:
            return None
        arguments = {name: value for name, value in command.arguments.items() if name != DUE}
        kind: Kind = msgspec.convert(step.kind, Kind)
        return msgspec.structs.replace(command, kind=kind, arguments={**arguments, **step.arguments})

    # -- What becomes of it --------------------------------------------------------------------------------------------

    def _succeeded(self, asked: _Asked) -> None:
        connection, notes = asked.connection, asked.notes
        trouble = connection.trouble if connection else None
        if connection is not None and trouble is not None:
            over = trouble.operation in notes.operations if trouble.operation else bool(notes.operations)
            if over:
                connections.end_trouble(connection)
        self._log(asked, "nothing_new" if notes.rows == 0 else "done", notes.reason)
        if notes.operations:
            self._note_use(asked)
            self._show_success(asked)

    def _wait(self, command: SyncCommand, operation: str, slot_at: int) -> Ending:
        """Put a command off until its turn; its place in line goes with it."""
        return self._put_off(msgspec.structs.replace(command, slot_at=slot_at, slot_operation=operation), slot_at)

    def _rest(self, command: SyncCommand, resting: CircuitOpen) -> Ending:
        """Put a command off until its operation is tried again; spread, so that not all come at once."""
        spread = round(self._with.random.random() * _REST_SPREAD_MILLISECONDS)
        return self._put_off(command, resting.retry_at_ms + spread)

    def _put_off(self, command: SyncCommand, until: int) -> Ending:
        delay = seconds_until(until, epoch_milliseconds(self._with.clock.now()))
        if delay > MAXIMUM_DELAY_SECONDS:
            # The list is gone through every five minutes. Taken from it early, the queue holds it for the rest.
            store.put_waiting(from_epoch_milliseconds(until) - _LISTED_EARLY, command)
        else:
            enqueue([command], delay_seconds=delay)
        return "waits"

    def _failed(self, asked: _Asked, problem: AmazonError) -> Ending:
        given, command = self._with, asked.command
        if isinstance(problem, TenantBlocked):
            return "blocked"
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
            return self._stopped(asked, "There is no authorisation to read with.")
        if isinstance(problem, Revoked):
            given.metrics.count("AuthorisationRevoked")
            # First, so that a worker that dies in between leaves nothing that is never erased.
            given.revoked(command.connection_id)
            connections.revoked(command.connection_id, desk=self._desk, clock=given.clock)
            return self._stopped(asked, "The authorisation was withdrawn at Amazon.")
        if isinstance(problem, RequestRejected) and not (isinstance(problem, AccessRefused) and command.attempt == 0):
            return self._refused(asked, problem)
        return self._again(asked, problem, self._pause(asked, problem))

    def _stopped(self, asked: _Asked, reason: str) -> Ending:
        self._log(asked, "stopped", reason)
        return "stopped"

    def _pause(self, asked: _Asked, problem: AmazonError) -> int:
        """Return after how many seconds a failed command is tried again, and do what the failure calls for."""
        given, command = self._with, asked.command
        if isinstance(problem, Busy):
            return _BUSY_SECONDS
        if isinstance(problem, OurSecretInvalid):
            # Our own fault: an alarm for the operator, and no seller is disconnected for it.
            given.metrics.count("InvalidClientSecret")
            self._trouble(asked, "our_secret", "", "")
            self._record(asked, _words(problem), "Nothing to do: the operator has been told.", "")
            return _SECRET_SECONDS
        if isinstance(problem, Throttled):
            given.metrics.count("AmazonThrottled")
            return self._turn_after_throttling(command, problem)
        if isinstance(problem, AccessRefused):
            # A token may have died early; a fresh one shows whether the seller withdrew the authorisation.
            given.tokens.discard(command.tenant_id, command.connection_id)
            return 1
        given.metrics.count("AmazonUnavailable")
        if command.attempt >= _OUTAGE_AFTER:
            self._trouble(asked, "outage", problem.operation, problem.request_id)
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

    def _again(self, asked: _Asked, problem: AmazonError, delay_seconds: int) -> Ending:
        """Send a command back for another try, or give it up when it has been tried for a day."""
        command = asked.command
        if self._with.clock.now() - parse_instant(command.first_seen) > GIVE_UP_AFTER:
            return self._gave_up(asked, problem)
        counts = not isinstance(problem, Busy | OurSecretInvalid)
        if counts and command.attempt:
            self._record(asked, _words(problem), "Nothing to do: it is tried again.", problem.request_id)
        if not isinstance(problem, Busy):
            self._log(asked, "retries", _words(problem))
        following = msgspec.structs.replace(
            command, attempt=command.attempt + (1 if counts else 0), slot_at=None, slot_operation=None
        )
        enqueue([following], delay_seconds=delay_seconds)
        return "retries"

    def _refused(self, asked: _Asked, problem: RequestRejected) -> Ending:
        self._with.metrics.count("AmazonRefused")
        command = asked.command
        reason, action = _refusal(problem, asked.terms)
        if isinstance(problem, AccessRefused):
            self._trouble(asked, "access", problem.operation, problem.request_id)
        if command.kind == "connection.authorise":
            self._fail_authorisation(command, f"{reason} (request {problem.request_id or 'without id'})")
        elif command.kind == "connection.release":
            connections.close(command.connection_id)
        self._record(asked, reason, action, problem.request_id, ends_run=True)
        self._log(asked, "refused", reason)
        return "refused"

    def _gave_up(self, asked: _Asked, problem: AmazonError) -> Ending:
        self._with.metrics.count("CommandGivenUp")
        command = asked.command
        if command.kind == "connection.authorise":
            self._fail_authorisation(command, _words(problem))
        elif command.kind == "connection.release":
            connections.close(command.connection_id)
        action = "It is tried again with the next check."
        self._record(asked, _words(problem), action, problem.request_id, ends_run=True)
        self._log(asked, "gave_up", _words(problem))
        return "gave_up"

    def _fail_authorisation(self, command: SyncCommand, reason: str) -> None:
        connection = connections.live(command.connection_id)
        if connection is None:
            return
        running = [key for key, step in connection.steps.items() if step.state == "running"]
        connections.fail_authorisation(
            command.connection_id, running[0] if running else "exchange", reason, clock=self._with.clock
        )

    # -- Where it is told ----------------------------------------------------------------------------------------------

    def _trouble(self, asked: _Asked, kind: TroubleKind, operation: str, request_id: str) -> None:
        """Tell the seller that the whole connection is in trouble, once for as long as it lasts."""
        if asked.connection is not None:
            since = format_instant(self._with.clock.now())
            connections.note_trouble(asked.connection, Trouble(kind, since, operation, request_id))

    def _record(self, asked: _Asked, reason: str, action: str, request_id: str, *, ends_run: bool = False) -> None:
        if asked.terms is None:
            return
        connections.record_failure(
            asked.command.connection_id,
            asked.terms.key,
            reason=reason,
            action=action,
            request_id=request_id,
            now=self._with.clock.now(),
            ends_run=ends_run,
            cause=asked.command.cause,
        )
        self._show(asked, "failing", reason)

    def _log(self, asked: _Asked, outcome: Outcome, reason: str) -> None:
        if asked.terms is None:
            return
        notes = asked.notes
        store.put_run(
            asked.command,
            asked.terms.key,
            started_at=asked.started_at,
            finished_at=self._with.clock.now(),
            outcome=outcome,
            reason=reason,
            rows=notes.rows or 0,
            request_ids=notes.request_ids,
            marketplace_id=notes.marketplace_id or asked.command.arguments.get("marketplace_id"),
        )

    def _note_use(self, asked: _Asked) -> None:
        """Take note, at most once an hour, that the key of a connection is of use, and by which role of Amazon's."""
        connection, terms, now = asked.connection, asked.terms, self._with.clock.now()
        if connection is None or terms is None:
            return
        place = (asked.command.connection_id, terms.role)
        noted = self._used.get(place)
        if noted is not None and abs(now - noted) < _USE_NOTED_EVERY:
            return
        if len(self._used) >= _BOARD_REMEMBERS:
            self._used.clear()
        connections.note_use(connection, (terms.role,), now)
        self._used[place] = now

    def _show_success(self, asked: _Asked) -> None:
        """Tell the operators' board what the seller is told: one command that went well brings no dataset in step."""
        if asked.terms is None or self._is_shown(asked, "fresh"):
            return
        health = connections_store.dataset_health(asked.command.connection_id, asked.terms.key)
        at: str | None = None if health is None else health.last_success_at
        failure: str | None = None if health is None else health.failure_reason
        if failure is not None:
            self._show(asked, "failing", failure)
        else:
            self._show(asked, "waiting" if at is None else "fresh", "", last_success_at=at)

    def _is_shown(self, asked: _Asked, state: str) -> bool:
        """Whether this worker told the board so within the last ten minutes."""
        if asked.terms is None:
            return True
        shown = self._shown.get((asked.command.connection_id, asked.terms.key))
        return shown is not None and shown[0] == state and abs(self._with.clock.now() - shown[1]) < _BOARD_EVERY

    def _show(self, asked: _Asked, state: str, reason: str, *, last_success_at: str | None = None) -> None:
        """Keep the operators' board up to date: at once when a state changes, else every ten minutes."""
        command, terms, now = asked.command, asked.terms, self._with.clock.now()
        if terms is None or self._is_shown(asked, state):
            return
        place = (command.connection_id, terms.key)
        if len(self._shown) >= _BOARD_REMEMBERS:
            self._shown.clear()
        throttled = sum(
            each.throttled
            for each in self._with.ledger.standings([(each, command.connection_id) for each in terms.operations])
        )
        store.put_on_board(
            command.tenant_id,
            command.connection_id,
            terms.key,
            state=state,
            last_success_at=last_success_at,
            reason=reason,
            throttled=throttled,
            now=now,
        )
        self._shown[place] = (state, now)


_REST_SPREAD_MILLISECONDS = 10_000


def is_backfill(command: SyncCommand) -> bool:
    """Return whether a command only gets the backfill's share: history, and reading what is read little by little."""
    return command.arguments.get("mode") == "history" or command.kind in _LITTLE_BY_LITTLE


_LITTLE_BY_LITTLE: frozenset[Kind] = frozenset({"catalog.refresh", "fees.estimate"})


def _words(problem: AmazonError) -> str:
    if isinstance(problem, OurSecretInvalid):
        return "Quayside's own access to Amazon has to be renewed."
    if isinstance(problem, Throttled):
        return "Amazon asks us to slow down."
    if isinstance(problem, AmazonUnavailable):
        return "Amazon does not answer at the moment."
    return f"Amazon answered: {problem.said or 'no explanation'}"


def _refusal(problem: RequestRejected, terms: Dataset | None) -> tuple[str, str]:
    """Return why Amazon refused, in words, and what to do."""
    if isinstance(problem, RoleMissing | RoleSilent):
        role = f" “{terms.role}”" if terms is not None else ""
        return (
            f"Your authorisation lacks Amazon's role{role}.",
            f"Connect the account again as its primary user. {_SUPPORT}",
        )
    if isinstance(problem, AccessRefused):
        return "Amazon lets nobody in here with this authorisation.", f"Connect the account again. {_SUPPORT}"
    return f"Amazon refused: {problem.said or 'no explanation'}", _SUPPORT
