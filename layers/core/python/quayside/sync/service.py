"""Use cases of syncing: asking for work, planning it, switching it on and off, and showing how it stands.

What the worker does is in ``sync.datasets`` and ``sync.reports``. A use case there takes one ``Work``: the command, the
doors it may use and the time. It raises what the worker's runner turns into a later try (``SlotAhead``, the errors of
Amazon), and returns when the command is done; follow-up commands are sent before it returns. All use cases may run
twice for the same command without harm.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from quayside.amazon.ledger import Ledger
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import Connection, DatasetHealth, Pause
from quayside.connections.rules import is_live
from quayside.connections.views import (
    ConnectionList,
    ConnectionView,
    connection_view,
    dataset_view,
    in_step_at,
    trouble_view,
)
from quayside.kernel.clock import Clock, epoch_seconds, format_instant, from_epoch_milliseconds, parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, NotFound, RateLimited
from quayside.kernel.ids import ConnectionId, TenantId, new_id
from quayside.kernel.observability import Metrics
from quayside.kernel.settings import Settings
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.batches import postpone_message
from quayside.storage.connection import bound
from quayside.sync import store
from quayside.sync.commands import (
    ApplicationCommand,
    ApplicationUse,
    Cause,
    Kind,
    SyncCommand,
    command,
    encode_command,
    fetch_order,
)
from quayside.sync.registry import (
    FEATURES,
    MERCHANT_FULFILMENT,
    ORDERS,
    REGISTRY,
    ROUTINES,
    Dataset,
    dataset,
    dataset_of_report,
    refresh_arguments,
)
from quayside.sync.rules import (
    ASKED_EVERY,
    COUNTED_EVERY_SECONDS,
    MAXIMUM_DELAY_SECONDS,
    Standing,
    Step,
    brings_changes_of,
    next_step,
    spread_seconds,
    sweep_step,
    sweeps_unshipped_only,
)
from quayside.sync.views import (
    BoardEntry,
    BoardPage,
    DatasetSync,
    FeatureView,
    QuotaView,
    RunsPage,
    RunView,
    SyncConnection,
    SyncView,
)

if TYPE_CHECKING:
    from quayside.amazon.client import AmazonClient
    from quayside.amazon.tokens import TokenBroker
    from quayside.amazon.transport import Downloads, Uploads
    from quayside.sync.records import BoardRecord, RunRecord

RUN_LIFE = timedelta(hours=2)
"""A run that has not moved for so long is given up for a new one."""
DUE = "due"
"""The argument that marks a command of the schedule: whether it is needed is decided when it runs."""
_BATCH = 10
_TICK_SPREAD_SECONDS = 60
_SPREAD_SECONDS = 300
_FORGOTTEN_AFTER_SECONDS = 300
_RUNS_PAGE = 50
_BOARD_PAGE = 100
_UNSHIPPED = "UNSHIPPED"
_REMEMBERED_SEARCHES = 5000


class CommandsNotSent(RuntimeError):
    """The work queue did not take all commands; whoever asked has to ask again."""


def enqueue(commands: Sequence[SyncCommand], *, delay_seconds: int = 0) -> None:
    """Send commands to the work queue, ten at a time, each in its tenant's fair-queue group.

    Raises:
        CommandsNotSent: the queue refused some; those it took are sent.
    """
    enqueue_spread([(each, delay_seconds) for each in commands])


def enqueue_spread(commands: Sequence[tuple[SyncCommand, int]]) -> None:
    """Send commands to the work queue, each with its own delay in seconds.

    Raises:
        CommandsNotSent: the queue refused some; those it took are sent.
    """
    opened = bound()
    refused = 0
    for start in range(0, len(commands), _BATCH):
        answer = opened.system.sqs.send_message_batch(
            QueueUrl=opened.settings.work_queue_url,
            Entries=[
                {
                    "Id": str(place),
                    "MessageBody": encode_command(each),
                    "DelaySeconds": min(max(delay_seconds, 0), MAXIMUM_DELAY_SECONDS),
                    "MessageGroupId": each.tenant_id,
                }
                for place, (each, delay_seconds) in enumerate(commands[start : start + _BATCH])
            ],
        )
        refused += len(answer.get("Failed", []))
    if refused:
        raise CommandsNotSent(f"The work queue refused {refused} of {len(commands)} commands.")


def enqueue_application(command: ApplicationCommand, *, delay_seconds: int = 0) -> None:
    """Send a command of the application itself to the work queue.

    Raises:
        botocore.exceptions.ClientError: the queue refused.
    """
    opened = bound()
    opened.system.sqs.send_message(
        QueueUrl=opened.settings.work_queue_url,
        MessageBody=encode_command(command),
        DelaySeconds=min(max(delay_seconds, 0), MAXIMUM_DELAY_SECONDS),
        MessageGroupId="application",
    )


def ask_for_application(
    use: ApplicationUse,
    requested_by: str,
    *,
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
    key_rotated_at: datetime | None = None,
) -> None:
    """Ask the worker for a piece of work of the application itself.

    Args:
        use: which.
        requested_by: a member's id, ``operator``, or the name of a function.
        clock: the time.
        entropy: random bytes for its id.
        key_rotated_at: what was encrypted before is encrypted anew.
    """
    rotated_at = None if key_rotated_at is None else format_instant(key_rotated_at)
    asked_at = format_instant(clock.now())
    enqueue_application(ApplicationCommand(new_id(entropy), use, requested_by, asked_at, rotated_at))


def let_come_again(receipt_handle: str, seconds: int) -> None:
    """Let a message of the work queue that its worker could not finish come again after ``seconds`` (0 to 43,200).

    Raises:
        botocore.exceptions.ClientError: the queue does not know the message, or no longer.
    """
    postpone_message(bound().settings.work_queue_url, receipt_handle, seconds)


class Desk:
    """Asks for work and calls it off: the implementation of ``connections.service.WorkDesk``."""

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._entropy = entropy

    def command(
        self,
        kind: Kind,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        arguments: Mapping[str, str],
        cause: Cause,
    ) -> SyncCommand:
        """Build a fresh command."""
        return command(
            kind, tenant_id, connection_id, arguments, cause=cause, now=self._clock.now(), entropy=self._entropy
        )

    def ask(self, kind: str, tenant_id: TenantId, connection_id: ConnectionId, *, cause: str, **arguments: str) -> None:
        """Ask the worker for a piece of work, now.

        Raises:
            CommandsNotSent: the queue did not take it.
        """
        known_kind: Kind = msgspec.convert(kind, Kind)
        known_cause: Cause = msgspec.convert(cause, Cause)
        enqueue([self.command(known_kind, tenant_id, connection_id, arguments, known_cause)])

    def begin(self, tenant_id: TenantId, connection: Connection) -> None:
        """Ask for a fresh connection's history now and for its datasets at intervals from now on; repeatable.

        What nobody needs at present has its place in the schedule all the same: whether a dataset is read is decided
        whenever it is due, so that a feature that is switched on later needs nothing more than that.
        """
        connection_id = ConnectionId(connection.connection_id)
        now = self._clock.now()
        store.call_off(tenant_id, connection_id)
        for each in REGISTRY:
            store.put_recurring(
                now + _until_planned(each, connection_id),
                tenant_id,
                connection_id,
                each.key,
                command_kind=each.refresh_kind,
                arguments=refresh_arguments(each),
                every_seconds=each.refresh_seconds,
            )
        for routine in ROUTINES:
            store.put_recurring(
                now + timedelta(seconds=routine.first_after_seconds + spread_seconds(connection_id, _SPREAD_SECONDS)),
                tenant_id,
                connection_id,
                routine.job,
                command_kind=routine.kind,
                arguments={},
                every_seconds=routine.every_seconds,
            )
        # Those that wait for nothing begin now: the history of orders by its own command, the others by theirs.
        at_once = [each for each in REGISTRY if not each.first_after_seconds]
        enqueue(
            [
                self.command(kind, tenant_id, connection_id, arguments, "connect")
                for each in at_once
                if each.is_needed(connection.features_off)
                for kind, arguments in _first_commands(each)
            ]
        )

    def call_off(self, tenant_id: TenantId, connection_id: ConnectionId) -> None:
        """Call off everything that is due later for a connection, and take it off the operators' board."""
        store.call_off(tenant_id, connection_id)
        store.leave_board(tenant_id, connection_id)


def _until_planned(each: Dataset, connection_id: ConnectionId) -> timedelta:
    """Return how long after an account was connected a dataset is read for the first time by plan; spread."""
    return timedelta(
        seconds=(each.first_after_seconds or each.refresh_seconds) + spread_seconds(connection_id, _SPREAD_SECONDS)
    )


def _first_commands(each: Dataset) -> list[tuple[Kind, Mapping[str, str]]]:
    """Return what is asked for when an account was connected: for orders a first look, and then the history."""
    if each.key == ORDERS:
        return [("orders.search", {"mode": "first"}), ("orders.history", {})]
    return [(each.refresh_kind, refresh_arguments(each))]


# -- What is due -------------------------------------------------------------------------------------------------------


def fire_due(*, clock: Clock, entropy: Callable[[int], bytes]) -> int:
    """Send the commands of everything that is due, spread over a minute, and return how many.

    A command is sent before its job is moved on, so a crash in between sends it again, which does no harm. Whether a
    dataset needs to be read is decided by the worker, who knows how it stands (``step_of``).
    """
    now = clock.now()
    desk = Desk(clock, entropy)
    sent = 0
    for shard in range(keys.DUE_SHARDS):
        for job in store.due(shard, now):
            waiting = job.waiting_command()
            due_command = waiting or desk.command(
                msgspec.convert(job.command_kind, Kind),
                TenantId(job.tenant_id),
                ConnectionId(job.connection_id),
                {**msgspec.json.decode(job.arguments, type=dict[str, str]), DUE: job.job},
                "schedule",
            )
            delay = 0 if waiting else spread_seconds(f"{job.connection_id}{job.job}", _TICK_SPREAD_SECONDS)
            enqueue([due_command], delay_seconds=delay)
            store.finish(job, now)
            sent += 1
    return sent


def step_of(connection: Connection | None, each: Dataset, health: DatasetHealth | None, now: datetime) -> Step:
    """Return what a dataset of a connection needs next, and why."""
    if connection is None:
        return next_step(each, Standing(live=False), now)
    return next_step(
        each,
        Standing(
            live=is_live(connection.status),
            needed=each.is_needed(connection.features_off),
            paused=each.key in connection.paused,
            last_success_at=_instant(health.last_success_at) if health else None,
            notified_at=_instant(health.notified_at) if health else None,
            checked_at=_instant(health.checked_at) if health else None,
            complete_until=_instant(health.reconciled_until) if health else None,
            failing=bool(health and health.failure_reason),
        ),
        now,
    )


def plan(connection_id: ConnectionId, clock: Clock) -> list[tuple[Dataset, Step]]:
    """Return what each dataset of a connection of the tenant in scope needs next.

    Raises:
        NotFound: there is no such connection.
    """
    connection = connections.get(connection_id)
    health = connections.health_of(connection_id)
    return [(each, step_of(connection, each, health.get(each.key), clock.now())) for each in REGISTRY]


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


# -- Prices ------------------------------------------------------------------------------------------------------------


class _Planned(msgspec.Struct):
    """A search that is planned, until when it is remembered, and how many prices it brings were not counted yet."""

    planned_at: int
    narrow: bool
    until: int
    uncounted: int = 0


class PlannedSearches:
    """The searches for prices that one process knows to be planned.

    What such a search brings is counted here and written down every ``COUNTED_EVERY_SECONDS``: batches come many times
    a second. A process that ends takes a few seconds' counts along; they only set the pace of the searches.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Planned] = {}

    def covering(self, tenant_id: TenantId, connection_id: ConnectionId, now: int, count: int) -> bool | None:
        """Count ``count`` prices to the search that brings changes of ``now``; return whether it is a narrow one.

        None, and nothing is counted, when no such search is known or it is time to write counts down.
        """
        known = self._known.get((tenant_id, connection_id))
        if known is None or not now < known.until or not brings_changes_of(known.planned_at, now):
            return None
        known.uncounted += count
        return known.narrow

    def uncounted(self, tenant_id: TenantId, connection_id: ConnectionId) -> int:
        """Return how many prices were not written down yet."""
        known = self._known.get((tenant_id, connection_id))
        return 0 if known is None else known.uncounted

    def forget(self, tenant_id: TenantId, connection_id: ConnectionId) -> None:
        """Forget what is known of a connection: its counts were written down."""
        self._known.pop((tenant_id, connection_id), None)

    def learn(
        self, tenant_id: TenantId, connection_id: ConnectionId, planned_at: int, now: int, *, narrow: bool
    ) -> None:
        """Remember the search that is planned for a connection."""
        if len(self._known) >= _REMEMBERED_SEARCHES:
            self._known.clear()
        self._known[tenant_id, connection_id] = _Planned(planned_at, narrow, now + COUNTED_EVERY_SECONDS)


def want_prices(  # noqa: PLR0913 - what is asked for, and what is known of it
    tenant_id: TenantId,
    connection_id: ConnectionId,
    orders: Sequence[tuple[str, str]],
    now: datetime,
    searches: PlannedSearches,
    *,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> int:
    """Ask for the money of orders that changed just now: order ids and their statuses.

    A few orders are fetched one by one; more are brought together by one search in five minutes (in ten, where not many
    come), whatever their number. Costs one write, none while ``searches`` knows the search that brings them, and one
    more about every five minutes. Asking again for the same orders does no harm.

    Returns:
        How many orders are fetched one by one.

    Raises:
        CommandsNotSent: nobody was asked; ask again.
    """
    at = epoch_seconds(now)

    def fetch_singly(order_ids: Sequence[str], first: Sequence[tuple[SyncCommand, int]] = ()) -> int:
        commands = [
            *first,
            *(
                (fetch_order(tenant_id, connection_id, order_id, cause="notification", now=now, entropy=entropy), 0)
                for order_id in order_ids
            ),
        ]
        if commands:
            enqueue_spread(commands)
        return len(order_ids)

    known_narrow = searches.covering(tenant_id, connection_id, at, len(orders))
    if known_narrow is not None:
        return fetch_singly(_left_out(orders) if known_narrow else [])
    added = len(orders) + searches.uncounted(tenant_id, connection_id)
    counted = store.add_wanted(tenant_id, connection_id, added, now)
    searches.forget(tenant_id, connection_id)
    step = sweep_step(counted.wanted, added, at)
    if step.window is not None:
        store.begin_window(tenant_id, connection_id, counted.wanted.window_at, step.window)
    if step.singly:
        return fetch_singly([order_id for order_id, _ in orders])
    planned_at, narrow = counted.wanted.planned_at, counted.narrow
    commands: list[tuple[SyncCommand, int]] = []
    if step.plan_at is not None:
        window = step.window or counted.wanted
        planned_at, narrow = step.plan_at, sweeps_unshipped_only(window.wanted, window.last_wanted)
        arguments = {"mode": "sweep", "at": str(step.plan_at), **({"narrow": "yes"} if narrow else {})}
        sweep = command(
            "orders.search", tenant_id, connection_id, arguments, cause="notification", now=now, entropy=entropy
        )
        commands.append((sweep, step.plan_at - at))
    singly = fetch_singly(_left_out(orders) if narrow else [], commands)
    if step.plan_at is not None:
        # After it was sent: a crash in between sends a second one for the same time, which then finds it done.
        store.plan_sweep(tenant_id, connection_id, counted.wanted.planned_at, step.plan_at, narrow=narrow)
    if planned_at is not None:
        searches.learn(tenant_id, connection_id, planned_at, at, narrow=narrow)
    return singly


def _left_out(orders: Sequence[tuple[str, str]]) -> list[str]:
    """Return the orders that a narrow search does not bring."""
    return [order_id for order_id, status in orders if status.upper() != _UNSHIPPED]


# -- Doing the work ----------------------------------------------------------------------------------------------------


class Notes:
    """What a use case notes about the run it is, for the run log."""

    def __init__(self) -> None:
        self.rows: int | None = None
        self.reason = ""
        self.marketplace_id: str | None = None
        self.request_ids: list[str] = []
        self.operations: set[str] = set()

    def brought(self, rows: int, *, marketplace_id: str | None = None) -> None:
        """Count rows that the run brought."""
        self.rows = (self.rows or 0) + rows
        if marketplace_id is not None:
            self.marketplace_id = marketplace_id

    def say(self, reason: str) -> None:
        """Say something about the run, in words for the seller."""
        self.reason = reason


class Work(msgspec.Struct, frozen=True):
    """One command and what it may use. The tenant of the command is in scope.

    Attributes:
        command: the command.
        amazon: the calls of Amazon.
        tokens: access tokens.
        downloads: fetches documents by their addresses.
        desk: asks for more work.
        clock: the time.
        entropy: randomness.
        connection: the connection, which Amazon may be called for; None when there is no such any more.
        notes: takes what the run log shows.
        time_is_short: whether less than a third of the function's time is left, so that long work stops and goes on
            with another command.
        uploads: puts documents where Amazon's addresses say; None where nothing is uploaded.
    """

    command: SyncCommand
    amazon: "AmazonClient"
    tokens: "TokenBroker"
    downloads: "Downloads"
    desk: Desk
    clock: Clock
    entropy: Callable[[int], bytes]
    connection: Connection | None
    notes: Notes
    time_is_short: Callable[[], bool]
    uploads: "Uploads | None" = None

    @property
    def connection_id(self) -> ConnectionId:
        """The connection the work is for."""
        return self.command.connection_id

    @property
    def tenant_id(self) -> TenantId:
        """The tenant the work is for."""
        return self.command.tenant_id

    def follow_up(self, kind: Kind, arguments: Mapping[str, str], *, delay_seconds: int = 0) -> None:
        """Send the command that goes on where this one ends."""
        following = self.desk.command(kind, self.tenant_id, self.connection_id, arguments, self.command.cause)
        enqueue([following], delay_seconds=delay_seconds)


UseCase = Callable[[Work], None]


class ApplicationWork(NamedTuple):
    """What a use case of the application itself is given.

    Attributes:
        command: what was asked for.
        amazon: the calls.
        settings: the application.
        clock: the time.
        metrics: counts what happened.
    """

    command: ApplicationCommand
    amazon: "AmazonClient"
    settings: Settings
    clock: Clock
    metrics: Metrics


ApplicationUseCase = Callable[[ApplicationWork], None]
"""Runs one kind of command of the application itself; raises as a ``UseCase`` does."""


def authorise(work: Work) -> None:
    """``connection.authorise``: complete an authorisation."""
    connections.authorise(
        work.connection_id,
        amazon=work.amazon,
        tokens=work.tokens,
        desk=work.desk,
        clock=work.clock,
        entropy=work.entropy,
    )


def release(work: Work) -> None:
    """``connection.release``: delete the subscriptions of a disconnected account."""
    connections.release(work.connection_id, amazon=work.amazon)


def dataset_of(asked: SyncCommand) -> Dataset | None:
    """Return the dataset a command is for, None for one that is for the connection as a whole."""
    if asked.kind.startswith("report."):
        if "dataset" in asked.arguments:
            return dataset(asked.arguments["dataset"])
        named = asked.arguments.get("report", "").removeprefix("REPORT#")
        return dataset_of_report(named.split("#", 1)[0])
    key = _DATASET_OF_AREA.get(asked.kind.split(".", 1)[0])
    return None if key is None else dataset(key)


_DATASET_OF_AREA = {each.refresh_kind.split(".", 1)[0]: each.key for each in REGISTRY if each.key != "settlements"}


# -- Switching ---------------------------------------------------------------------------------------------------------


def pause(connection_id: ConnectionId, dataset_key: str, member_id: str, clock: Clock) -> None:
    """Stop calling Amazon for a dataset until it is resumed. What Amazon tells by itself still comes in.

    Raises:
        NotFound: there is no such connection or dataset.
    """
    known = _known(dataset_key)
    connections.change_pause(connection_id, known.key, Pause(format_instant(clock.now()), member_id))
    # The run under way is over; a page of it that is still being read finds that out when it is done.
    model = DatasetHealth
    ending = [model.run.remove(), model.run_at.remove(), model.run_step.remove()]
    connections_store.change_health(connection_id, known.key, ending, model.run.exists())


def resume(
    connection_id: ConnectionId,
    dataset_key: str,
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> None:
    """Go on calling Amazon for a dataset, and read it now; resuming what is not paused does nothing.

    Raises:
        NotFound: there is no such connection or dataset.
    """
    known = _known(dataset_key)
    if known.key not in connections.get(connection_id).paused:
        return
    connection = connections.change_pause(connection_id, known.key, None)
    _read_now(connection, known, clock, entropy, "member")


def run_now(
    connection_id: ConnectionId,
    dataset_key: str,
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
    *,
    cause: Cause = "member",
) -> None:
    """Read a dataset now instead of when it is due.

    Raises:
        NotFound: there is no such connection or dataset.
        Conflict: it is paused, switched off or being read, or the connection is not active.
        RateLimited: it was asked for less than a minute ago.
    """
    known = _known(dataset_key)
    connection = connections.get(connection_id)
    now = clock.now()
    if not is_live(connection.status):
        raise Conflict("The connection is not active.", code="connection_not_active", action="Connect it again first.")
    if not known.is_needed(connection.features_off):
        raise Conflict(
            f"{known.title} is switched off.", code="dataset_off", action="Switch its feature on, then run it."
        )
    if known.key in connection.paused:
        raise Conflict(f"{known.title} is paused.", code="dataset_paused", action="Resume it, then run it.")
    health = connections_store.dataset_health(connection_id, known.key)
    if is_running(health, now):
        raise Conflict(f"{known.title} is being read already.", code="dataset_running", action="Wait until it is done.")
    asked = DatasetHealth.asked_at
    free = asked.does_not_exist() | (asked <= format_instant(now - ASKED_EVERY)) | (asked > format_instant(now))
    if not connections_store.change_health(connection_id, known.key, [asked.set(format_instant(now))], free):
        raise RateLimited(f"{known.title} was asked for a moment ago.", action="Wait a minute, then run it again.")
    _read_now(connection, known, clock, entropy, cause)


def read_soon(dataset_key: str, clock: Clock, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
    """Have a dataset read for every account of the tenant in scope that it may be read for, as soon as the worker can.

    Raises:
        CommandsNotSent: the queue did not take it for an account, nor for those after it.
    """
    known = _known(dataset_key)
    for connection in connections.all_connections():
        if known.key not in connection.paused:
            _read_now(connection, known, clock, entropy, "member")


def is_running(health: DatasetHealth | None, now: datetime) -> bool:
    """Return whether a run of a dataset is under way that has moved not long ago."""
    run: str | None = health.run if health else None
    at: str | None = health.run_at if health else None
    return run is not None and at is not None and now - parse_instant(at) < RUN_LIFE


def _read_now(
    connection: Connection, known: Dataset, clock: Clock, entropy: Callable[[int], bytes], cause: Cause
) -> None:
    if not is_live(connection.status) or not known.is_needed(connection.features_off):
        return
    desk = Desk(clock, entropy)
    desk.ask(
        known.refresh_kind,
        current_tenant(),
        ConnectionId(connection.connection_id),
        cause=cause,
        **refresh_arguments(known),
    )


def switch_feature(
    connection_id: ConnectionId,
    feature: str,
    on: bool,  # noqa: FBT001 - the state of a switch
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> None:
    """Switch a feature of a connection on or off: what no feature that is on needs is not read (AUP-3.8).

    Switching on reads at once what was off until then. Switching merchant fulfilment off deletes the personal data that
    was kept for it.

    Raises:
        NotFound: there is no such connection or feature.
    """
    if feature not in {each.key for each in FEATURES}:
        raise NotFound("There is no such feature.", code="feature_not_found")
    before = connections.get(connection_id)
    forgets = not on and feature == MERCHANT_FULFILMENT and feature not in before.features_off
    desk = Desk(clock, entropy)
    if forgets:
        # Before anything else, so that a crash in between leaves nothing; and late enough for whatever a worker was
        # about to seal at that moment.
        late = desk.command("personal_data.forget", current_tenant(), connection_id, {}, "member")
        enqueue([late], delay_seconds=_FORGOTTEN_AFTER_SECONDS)
    after = connections.change_features(connection_id, feature, on=on)
    if forgets:
        desk.ask("personal_data.forget", current_tenant(), connection_id, cause="member")
    for each in REGISTRY:
        if each.is_needed(after.features_off) and not each.is_needed(before.features_off):
            if each.key in after.paused:
                continue
            _read_now(after, each, clock, entropy, "member")


def _known(key: str) -> Dataset:
    found = next((each for each in REGISTRY if each.key == key), None)
    if found is None:
        raise NotFound("There is no such dataset.", code="dataset_not_found")
    return found


# -- Showing it --------------------------------------------------------------------------------------------------------


def show_connections(clock: Clock) -> ConnectionList:
    """Show all connections of the tenant in scope."""
    return ConnectionList(tuple(_show(each, clock) for each in connections.all_connections()))


def show_connection(connection_id: ConnectionId, clock: Clock) -> ConnectionView:
    """Show one connection of the tenant in scope.

    Raises:
        NotFound: there is no such connection.
    """
    return _show(connections.get(connection_id), clock)


def _show(connection: Connection, clock: Clock) -> ConnectionView:
    connection_id = ConnectionId(connection.connection_id)
    return connection_view(
        connection,
        connections.health_of(connection_id),
        REGISTRY,
        quarantined=connections.count_quarantined(connection_id),
        now=clock.now(),
        credential=connections.credential_of(connection_id),
    )


def sync_status(connection_id: ConnectionId, clock: Clock) -> SyncView:
    """Show how every dataset of a connection stands: its age against its objective, its quota, and what to do.

    Raises:
        NotFound: there is no such connection.
    """
    connection = connections.get(connection_id)
    health = connections.health_of(connection_id)
    now = clock.now()
    quotas = _quotas(connection_id, bound().settings, clock)
    return SyncView(
        connection=SyncConnection(
            connection.connection_id,
            connection.name,
            connection.region,
            connection.status,
            trouble_view(connection, REGISTRY),
        ),
        features=tuple(
            FeatureView(
                each.key,
                each.title,
                each.what,
                each.key not in connection.features_off,
                each.caution,
                tuple(known.key for known in REGISTRY if each.key in known.features),
            )
            for each in FEATURES
        ),
        datasets=tuple(_dataset_sync(connection, each, health.get(each.key), quotas, now) for each in REGISTRY),
        quarantined=connections.count_quarantined(connection_id),
    )


def _dataset_sync(
    connection: Connection,
    each: Dataset,
    health: DatasetHealth | None,
    quotas: Mapping[str, QuotaView],
    now: datetime,
) -> DatasetSync:
    shown = dataset_view(connection, each, health, now)
    in_step = in_step_at(health) if health else None
    active = shown.state not in {"off", "paused"}
    failing = shown.state == "failing" and health is not None
    following = (health.next_at if health else None) or _first_at(connection, each)
    next_at = following if active and following and following > format_instant(now) else None
    paused = connection.paused.get(each.key)
    return DatasetSync(
        dataset=each.key,
        title=each.title,
        feature=each.features[0],
        objective_seconds=each.objective_seconds,
        age_seconds=None if in_step is None else max(0, int((now - in_step).total_seconds())),
        state=shown.state,
        last_success_at=shown.last_success_at,
        last_attempt_at=shown.last_attempt_at,
        next_at=next_at,
        rows=shown.rows,
        last_rows=int(health.last_rows) if health and health.last_rows is not None else None,
        source_words=each.source,
        reason=(health.failure_reason or "") if failing and health else shown.reason,
        action=shown.action,
        request_id=health.failure_request_id if failing and health else None,
        progress=shown.progress,
        last_cause=health.last_cause if health else None,
        paused_at=paused.at if paused else None,
        quota=tuple(quotas[operation.name] for operation in each.operations if operation.name in quotas),
    )


def _first_at(connection: Connection, each: Dataset) -> str | None:
    """Return when a dataset that was never read is read by plan; None while the account is not connected yet."""
    if connection.connected_at is None:
        return None
    connection_id = ConnectionId(connection.connection_id)
    return format_instant(parse_instant(connection.connected_at) + _until_planned(each, connection_id))


def _quotas(connection_id: ConnectionId, settings: Settings, clock: Clock) -> dict[str, QuotaView]:
    """Return how the quotas of a connection stand, by operation; nothing when the application is not set up."""
    if not settings.amazon_application_id:
        return {}
    operations = list({operation.name: operation for each in REGISTRY for operation in each.operations}.values())
    ledger = Ledger(settings.amazon_application_id, clock)
    now = clock.now()
    shown: dict[str, QuotaView] = {}
    standings = ledger.standings([(operation, connection_id) for operation in operations])
    for operation, stands in zip(operations, standings, strict=True):
        slot = from_epoch_milliseconds(stands.next_slot_at_ms)
        shown[operation.name] = QuotaView(
            operation.name,
            str(stands.rate_per_second),
            stands.burst,
            stands.left,
            format_instant(slot) if slot > now else None,
            stands.throttled,
        )
    return shown


def runs(connection_id: ConnectionId, dataset_key: str, cursor: str | None) -> RunsPage:
    """Show the runs of a dataset, newest first.

    Raises:
        NotFound: there is no such connection or dataset.
        InvalidInput: the cursor is not one of this list.
    """
    known = _known(dataset_key)
    connections.get(connection_id)
    after = decode_cursor(cursor, 1)[0] if cursor else None
    if after is not None and not after.startswith(keys.runs_of(known.key)):
        raise invalid_cursor()
    found = store.runs(connection_id, known.key, after=after, limit=_RUNS_PAGE)
    following = None if found.next_sort_key is None else encode_cursor(found.next_sort_key)
    return RunsPage(tuple(_run_view(each) for each in found.records), following)


def _run_view(record: "RunRecord") -> RunView:
    plain: dict[str, Any] = {
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "kind": record.command_kind,
        "cause": record.cause,
        "attempt": int(record.attempt),
        "outcome": record.outcome,
        "reason": record.reason or "",
        "rows": int(record.rows),
        "request_ids": msgspec.json.decode(record.request_ids) if record.request_ids else [],
        "marketplace_id": record.marketplace_id,
    }
    return msgspec.convert(plain, RunView)


# -- For operators -----------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    shard: int
    after: str | None


def board(state: str | None, cursor: str | None, clock: Clock) -> BoardPage:
    """Show how every dataset of every connection is doing, in our words alone; needs no tenant in scope.

    Args:
        state: only entries in this state; None for all.
        cursor: where the page before ended.
        clock: the time, which makes what was fresh late.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    place = _place(cursor)
    entries: list[BoardEntry] = []
    for shard in range(place.shard, keys.DUE_SHARDS):
        after = place.after if shard == place.shard else None
        while True:
            found = store.board(shard, after=after, limit=_BOARD_PAGE)
            shown = (_board_entry(each, clock.now()) for each in found.records)
            entries += [each for each in shown if state is None or each.state == state]
            after = found.next_sort_key
            if after is None:
                break
            if len(entries) >= _BOARD_PAGE:
                return BoardPage(tuple(entries), encode_cursor(str(shard), after))
        if len(entries) >= _BOARD_PAGE and shard + 1 < keys.DUE_SHARDS:
            return BoardPage(tuple(entries), encode_cursor(str(shard + 1), ""))
    return BoardPage(tuple(entries), None)


def _place(cursor: str | None) -> _Place:
    if not cursor:
        return _Place(0, None)
    shard, after = decode_cursor(cursor, 2)
    if not shard.isascii() or not shard.isdecimal() or int(shard) >= keys.DUE_SHARDS:
        raise invalid_cursor()
    return _Place(int(shard), after or None)


def _board_entry(record: "BoardRecord", now: datetime) -> BoardEntry:
    state, since, reason = record.state, record.since, record.reason or ""
    known = next((each for each in REGISTRY if each.key == record.dataset), None)
    if state == "fresh" and known is not None and record.last_success_at:
        late_from = parse_instant(record.last_success_at) + timedelta(seconds=known.objective_seconds)
        if now > late_from:
            state, since = "late", format_instant(late_from)
            reason = "Nothing was brought in step since."
    return BoardEntry(
        tenant_id=record.tenant_id,
        connection_id=record.connection_id,
        dataset=record.dataset,
        state=state,
        since=since,
        last_success_at=record.last_success_at,
        reason=reason,
        throttled=int(record.throttled or 0),
        updated_at=record.updated_at,
    )
