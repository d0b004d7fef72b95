"""Use cases of syncing: asking for work, doing it, and showing how it stands.

A use case takes one ``Work``: the command, the doors it may use and the time. It raises what the worker's runner turns
into a later try (``SlotAhead``, the errors of Amazon), and returns when the command is done; follow-up commands are
sent before it returns. All use cases may run twice for the same command without harm.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from quayside.amazon.client import AmazonClient
from quayside.amazon.errors import RequestRejected
from quayside.amazon.orders import Order, OrdersPage
from quayside.amazon.tokens import TokenBroker
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import Connection, DatasetHealth, HistoryWalk
from quayside.connections.views import ConnectionList, ConnectionView, connection_view
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.ids import ConnectionId, TenantId, new_id
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.sync import store
from quayside.sync.commands import Cause, Kind, SyncCommand, command, encode_command
from quayside.sync.registry import INVENTORY, ORDERS, REGISTRY
from quayside.sync.rules import (
    MAXIMUM_DELAY_SECONDS,
    OVERLAP,
    SAFE_BEFORE,
    TOKEN_LIFE,
    PageSeen,
    resume_from,
    seen,
    spread_seconds,
    window_before,
)
from quayside.sync.sinks import Applied, InventorySink, OrderSink, Rejected

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

RECONCILE_SECONDS = 900
INVENTORY_SECONDS = 1800
STALLED_AFTER = timedelta(minutes=30)
"""A walk through history that has not moved for so long has lost its command, and is given a new one."""
RUN_LIFE = timedelta(hours=2)
"""A run that began longer ago is given up for a new one."""
_BATCH = 10
_BAD_REQUEST = 400
_RESTARTS = 3
_TICK_SPREAD_SECONDS = 60


class CommandsNotSent(RuntimeError):
    """The work queue did not take all commands; whoever asked has to ask again."""


def enqueue(commands: Sequence[SyncCommand], *, delay_seconds: int = 0) -> None:
    """Send commands to the work queue, ten at a time, each in its tenant's fair-queue group.

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
                for place, each in enumerate(commands[start : start + _BATCH])
            ],
        )
        refused += len(answer.get("Failed", []))
    if refused:
        raise CommandsNotSent(f"The work queue refused {refused} of {len(commands)} commands.")


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
        """Ask for a fresh connection's history now and for its datasets at intervals from now on; repeatable."""
        connection_id = ConnectionId(connection.connection_id)
        now = self._clock.now()
        store.call_off(tenant_id, connection_id)
        shift = spread_seconds(connection_id, 300)
        store.put_recurring(
            now + timedelta(seconds=RECONCILE_SECONDS + shift),
            tenant_id,
            connection_id,
            ORDERS,
            command_kind="orders.search",
            arguments={"mode": "reconcile"},
            every_seconds=RECONCILE_SECONDS,
        )
        store.put_recurring(
            now + timedelta(seconds=INVENTORY_SECONDS + shift),
            tenant_id,
            connection_id,
            INVENTORY,
            command_kind="inventory.list",
            arguments={},
            every_seconds=INVENTORY_SECONDS,
        )
        commands = [self.command("inventory.list", tenant_id, connection_id, {}, "connect")]
        walk = begin_walk(connection_id, now, new_id(self._entropy), history_days=bound().settings.history_days)
        if walk is None:
            arguments = {"mode": "reconcile"}
        else:
            arguments = {"mode": "history", "run": walk.run, "page": str(walk.page)}
        commands.append(self.command("orders.search", tenant_id, connection_id, arguments, "connect"))
        enqueue(commands)

    def call_off(self, tenant_id: TenantId, connection_id: ConnectionId) -> None:
        """Call off everything that is due later for a connection."""
        store.call_off(tenant_id, connection_id)


def begin_walk(connection_id: ConnectionId, now: datetime, run: str, *, history_days: int) -> HistoryWalk | None:
    """Begin the walk through a connection's order history, or go on with the one there is.

    Returns the walk to go on with, None when history is complete: then a reconciling search brings what changed since.
    """
    health = connections_store.dataset_health(connection_id, ORDERS)
    present = health.walk() if health else None
    if present is not None:
        if present.done:
            connections.finish_history(connection_id, f"{present.rows} orders")
            return None
        return present
    newest, oldest = now - SAFE_BEFORE, now - timedelta(days=history_days)
    after = format_instant(window_before(newest, newest=newest, oldest=oldest))
    walk = HistoryWalk(
        run=run,
        page=0,
        oldest=format_instant(oldest),
        newest=format_instant(newest),
        created_after=after,
        created_before=format_instant(newest),
        started_at=format_instant(now),
        updated_at=format_instant(now),
        from_instant=after,
    )
    model = DatasetHealth
    connections_store.change_health(
        connection_id,
        ORDERS,
        [*connections_store.walk_actions(walk), model.reconciled_until.set(format_instant(now - SAFE_BEFORE))],
        model.history.does_not_exist(),
    )
    return walk


# -- What is due -------------------------------------------------------------------------------------------------------


def fire_due(*, clock: Clock, entropy: Callable[[int], bytes]) -> int:
    """Send the commands of everything that is due, spread over a minute, and return how many.

    A command is sent before its job is moved on, so a crash in between sends it again, which does no harm.
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
                msgspec.json.decode(job.arguments, type=dict[str, str]),
                "schedule",
            )
            delay = 0 if waiting else spread_seconds(f"{job.connection_id}{job.job}", _TICK_SPREAD_SECONDS)
            enqueue([due_command], delay_seconds=delay)
            store.finish(job, now)
            sent += 1
    return sent


# -- Doing the work ----------------------------------------------------------------------------------------------------


class Work(msgspec.Struct, frozen=True):
    """One command and what it may use. The tenant of the command is in scope."""

    command: SyncCommand
    amazon: AmazonClient
    tokens: TokenBroker
    desk: Desk
    clock: Clock
    entropy: Callable[[int], bytes]

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


def fetch_order(sink: OrderSink) -> UseCase:
    """Return ``orders.fetch``: get one order from Amazon and store it with ``sink``."""

    def run(work: Work) -> None:
        connection = connections.live(work.connection_id)
        if connection is None:
            return
        found = work.amazon.get_order(connections.caller_of(connection), work.command.arguments["order_id"])
        if not isinstance(found, Order):
            _put_aside(work, ORDERS, [Rejected(found.order_id, found.problem)])
            return
        applied = sink(work.tenant_id, work.connection_id, [found], received_at=work.clock.now(), clock=work.clock)
        _put_aside(work, ORDERS, applied.rejected)

    return run


def search_orders(sink: OrderSink) -> UseCase:
    """Return ``orders.search``: one page of history or of a reconciling search, stored with ``sink``."""

    def run(work: Work) -> None:
        connection = connections.live(work.connection_id)
        if connection is None:
            return
        if work.command.arguments.get("mode") == "history":
            _walk_history(work, connection, sink)
        else:
            _reconcile(work, connection, sink)

    return run


def _apply(work: Work, sink: OrderSink, found: OrdersPage) -> Applied:
    applied = sink(work.tenant_id, work.connection_id, found.orders, received_at=work.clock.now(), clock=work.clock)
    rejected = (*applied.rejected, *(Rejected(each.order_id, each.problem) for each in found.unreadable))
    _put_aside(work, ORDERS, rejected)
    return applied


def _put_aside(work: Work, dataset: str, rejected: Sequence[Rejected]) -> None:
    """Make facts that could not be stored visible; they are no reason to hold the others up."""
    for each in rejected:
        connections.quarantine(
            tenant_id=work.tenant_id,
            connection_id=work.connection_id,
            received_at=work.clock.now(),
            type=f"{dataset}:{work.command.kind}",
            reason=each.reason,
            action="Amazon's answer could not be stored. It is fetched again with the next check.",
            payload=msgspec.json.encode({"dataset": dataset, "identity": each.identity}).decode(),
        )


def _walk_history(work: Work, connection: Connection, sink: OrderSink) -> None:
    health = connections_store.dataset_health(work.connection_id, ORDERS)
    walk = health.walk() if health else None
    asked = (work.command.arguments.get("run"), work.command.arguments.get("page"))
    if walk is None or walk.done or asked != (walk.run, str(walk.page)):
        return  # a duplicate, or of an earlier walk: whoever moved the walk on has sent the next command
    now = work.clock.now()
    here = walk if _token_is_good(walk, now) else _without_token(walk)
    try:
        found = work.amazon.search_orders(
            connections.caller_of(connection),
            connection.marketplace_ids,
            created_after=parse_instant(here.from_instant),
            created_before=parse_instant(here.created_before),
            pagination_token=here.token,
        )
    except RequestRejected as rejected:
        if here.token is None or rejected.status != _BAD_REQUEST:
            raise
        # Amazon no longer takes the token. The next command searches anew; this one has had its turn.
        _move_on(work, walk, msgspec.structs.replace(_without_token(here), page=here.page + 1))
        return
    _apply(work, sink, found)
    state = seen(_state(here), [each.created_time for each in found.orders])
    following = msgspec.structs.replace(
        here,
        page=here.page + 1,
        updated_at=format_instant(now),
        token=found.next_token,
        token_at=format_instant(now) if found.next_token else None,
        last_seen=format_instant(state.last_seen) if state.last_seen else None,
        ascending=state.ascending,
        rows=here.rows + len(found.orders),
    )
    if found.next_token is None:
        following = _next_window(following)
    _move_on(work, walk, following, brought=len(found.orders))


def _move_on(work: Work, walk: HistoryWalk, following: HistoryWalk, *, brought: int = 0) -> None:
    """Store where a walk stands now and send its next command, unless another worker did both already."""
    model = DatasetHealth
    actions: list[Action] = [*connections_store.walk_actions(following), model.rows.add(brought)]
    if following.created_before != walk.created_before or following.done:
        actions.append(model.complete_from.set(walk.created_after))
    if following.done:
        actions += [
            model.last_success_at.set(following.updated_at),
            model.last_rows.set(following.rows),
        ]
    moved = connections_store.change_health(
        work.connection_id, ORDERS, actions, model.history_step == connections_store.step_of(walk)
    )
    if not moved:
        return
    if following.done:
        connections.finish_history(work.connection_id, f"{following.rows} orders")
        work.follow_up("orders.search", {"mode": "reconcile"})
        return
    work.follow_up("orders.search", {"mode": "history", "run": walk.run, "page": str(following.page)})


def _next_window(walk: HistoryWalk) -> HistoryWalk:
    """Return the walk at the window before the present one, which is complete; done when there is none."""
    if walk.created_after <= walk.oldest:
        return msgspec.structs.replace(walk, done=True)
    ends, newest, oldest = (parse_instant(text) for text in (walk.created_after, walk.newest, walk.oldest))
    begins = format_instant(window_before(ends, newest=newest, oldest=oldest))
    return msgspec.structs.replace(
        walk,
        created_after=begins,
        created_before=walk.created_after,
        from_instant=begins,
        last_seen=None,
        ascending=True,
        rows_before=walk.rows,
    )


def _state(walk: HistoryWalk) -> PageSeen:
    return PageSeen(parse_instant(walk.last_seen) if walk.last_seen else None, walk.ascending)


def _token_is_good(walk: HistoryWalk, now: datetime) -> bool:
    return walk.token is None or (walk.token_at is not None and now - parse_instant(walk.token_at) < TOKEN_LIFE)


def _without_token(walk: HistoryWalk) -> HistoryWalk:
    """Return the walk as it goes on from the last purchase time seen."""
    resumed = resume_from(parse_instant(walk.created_after), _state(walk))
    return msgspec.structs.replace(walk, token=None, token_at=None, from_instant=format_instant(resumed))


def _reconcile(work: Work, connection: Connection, sink: OrderSink) -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    health = connections_store.dataset_health(work.connection_id, ORDERS)
    run = arguments.get("run")
    if run is None:
        _wake_stalled_walk(work, health, now)
        run = _begin_run(work, ORDERS, health, now)
        if run is None:
            return
    elif health is None or health.run != run:
        return
    since = arguments.get("since") or _since(health, now)
    found = work.amazon.search_orders(
        connections.caller_of(connection),
        connection.marketplace_ids,
        last_updated_after=parse_instant(since),
        pagination_token=arguments.get("token"),
    )
    applied = _apply(work, sink, found)
    until = arguments.get("until") or format_instant(found.complete_until or now - SAFE_BEFORE)
    rows = int(arguments.get("rows", "0")) + applied.applied
    if found.next_token is not None:
        work.follow_up(
            "orders.search",
            {
                "mode": "reconcile",
                "run": run,
                "since": since,
                "until": until,
                "rows": str(rows),
                "token": found.next_token,
            },
        )
        return
    model = DatasetHealth
    connections.record_success(
        work.connection_id, ORDERS, rows=rows, now=now, actions=[model.reconciled_until.set(until), model.run.remove()]
    )


def _since(health: DatasetHealth | None, now: datetime) -> str:
    until: str | None = health.reconciled_until if health else None
    return format_instant((parse_instant(until) if until else now) - OVERLAP)


def _begin_run(work: Work, dataset: str, health: DatasetHealth | None, now: datetime) -> str | None:
    """Begin a run of a dataset; None when one is under way, so that runs don't pile up behind an outage."""
    present: str | None = health.run if health else None
    at: str | None = health.run_at if health else None
    if present is not None and at is not None and now - parse_instant(at) < RUN_LIFE:
        if present != work.command.command_id:
            return None
        return present
    model = DatasetHealth
    run = work.command.command_id
    connections_store.change_health(
        work.connection_id,
        dataset,
        [model.run.set(run), model.run_at.set(format_instant(now)), model.last_attempt_at.set(format_instant(now))],
    )
    return run


def _wake_stalled_walk(work: Work, health: DatasetHealth | None, now: datetime) -> None:
    walk = health.walk() if health else None
    if walk is None or walk.done or now - parse_instant(walk.updated_at) < STALLED_AFTER:
        return
    work.follow_up("orders.search", {"mode": "history", "run": walk.run, "page": str(walk.page)})


def list_inventory(sink: InventorySink) -> UseCase:
    """Return ``inventory.list``: one page of the stock of one marketplace after another, stored with ``sink``."""

    def run(work: Work) -> None:
        connection = connections.live(work.connection_id)
        if connection is None:
            return
        health = connections_store.dataset_health(work.connection_id, INVENTORY)
        run_id = work.command.arguments.get("run")
        if run_id is None:
            run_id = _begin_run(work, INVENTORY, health, work.clock.now())
        elif health is None or health.run != run_id:
            return
        if run_id is not None:
            _list_page(work, connection, run_id, sink)

    return run


def _list_page(work: Work, connection: Connection, run: str, sink: InventorySink) -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    remaining = arguments["remaining"].split(",") if "remaining" in arguments else list(connection.marketplace_ids)
    following = {"run": run, "remaining": ",".join(remaining), "rows": arguments.get("rows", "0")}
    token = arguments.get("token")
    try:
        found = work.amazon.inventory_summaries(connections.caller_of(connection), remaining[0], next_token=token)
    except RequestRejected as rejected:
        restarts = int(arguments.get("restarts", "0"))
        if token is None or rejected.status != _BAD_REQUEST or restarts >= _RESTARTS:
            raise
        # A token lives 30 seconds, and a queue may take longer: this marketplace begins anew.
        work.follow_up("inventory.list", {**following, "restarts": str(restarts + 1)})
        return
    applied = sink(work.tenant_id, work.connection_id, remaining[0], found.summaries, received_at=now, clock=work.clock)
    unreadable = [Rejected(each.seller_sku, each.problem) for each in found.unreadable]
    _put_aside(work, INVENTORY, [*applied.rejected, *unreadable])
    rows = int(following["rows"]) + applied.applied
    if found.next_token is not None:
        following["token"] = found.next_token
        if "restarts" in arguments:
            following["restarts"] = arguments["restarts"]
    else:
        remaining = remaining[1:]
    if not remaining:
        connections.record_success(
            work.connection_id, INVENTORY, rows=rows, now=now, actions=[DatasetHealth.run.remove()]
        )
        return
    work.follow_up("inventory.list", {**following, "remaining": ",".join(remaining), "rows": str(rows)})


DATASET_OF: Mapping[Kind, str | None] = {
    "connection.authorise": None,
    "connection.release": None,
    "orders.fetch": ORDERS,
    "orders.search": ORDERS,
    "inventory.list": INVENTORY,
}
"""Which dataset's health tells of a command's failure."""


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
    )
