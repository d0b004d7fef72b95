"""The use cases that bring the datasets: what the worker does for each kind of command.

A run of several pages is a chain of commands that carry the run's id and their step. A command whose step is over is a
duplicate and does nothing; the next command is sent before the step is moved on, so that a worker that dies in between
repeats a page and never loses one. A run that has not moved for two hours is given up for a new one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from quayside.amazon.errors import RequestRejected
from quayside.amazon.orders import Order, OrdersPage
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import Connection, DatasetHealth, HistoryWalk
from quayside.kernel.clock import format_instant, from_epoch_seconds, parse_instant
from quayside.sync import store
from quayside.sync.registry import (
    CATALOG_ITEMS,
    CUSTOMER_RETURNS,
    FEES,
    FINANCES,
    INBOUND_SHIPMENTS,
    INVENTORY,
    LISTINGS,
    MERCHANT_LISTINGS,
    ORDERS,
    ORDERS_BY_LAST_UPDATE,
    RESTOCK_RECOMMENDATIONS,
    RETURNS,
    SALES_AND_TRAFFIC,
    TRAFFIC,
    dataset,
)
from quayside.sync.rules import (
    CLOCKS_DIFFER,
    LONGEST_SWEEP_SECONDS,
    SAFE_BEFORE,
    SETTLED_SECONDS,
    SWEEP_SECONDS,
    TOKEN_LIFE,
    PageSeen,
    emptied,
    resume_from,
    seen,
    spread_seconds,
    windows_of,
)
from quayside.sync.service import UseCase, Work, enqueue, enqueue_spread, is_running
from quayside.sync.sinks import Applied, Rejected

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from quayside.amazon.inbound import UnreadableInbound
    from quayside.sync.commands import SyncCommand
    from quayside.sync.sinks import (
        CatalogSink,
        FeeSink,
        InboundSink,
        InventorySink,
        KnownAsins,
        ListingSink,
        OrderSink,
        PlanReport,
        PricedSkus,
        TransactionSink,
    )

_BAD_REQUEST, _NOT_FOUND = 400, 404
_RESTARTS = 3
_SWEEP_OVERLAP = timedelta(seconds=30)
_SWEEP_FORGETS = timedelta(hours=1)
_DAY = timedelta(days=1)
_FIRST_LOOK = timedelta(days=1)


# -- Runs of several pages ---------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """The run a command belongs to, and which step of it the command is."""

    run_id: str
    step: int
    health: DatasetHealth | None


def join_run(work: Work, key: str) -> Run | None:
    """Return the run a command belongs to: a new one, or the one under way.

    None when there is nothing to do: the command is a duplicate, belongs to a run that is over, or would begin a run
    beside one that is under way, so that runs don't pile up behind an outage.
    """
    now = work.clock.now()
    health = connections_store.dataset_health(work.connection_id, key)
    named = work.command.arguments.get("run")
    run_id = named or work.command.command_id
    step = int(work.command.arguments.get("step", "0"))
    present: str | None = health.run if health else None
    if present == run_id:
        return None if health is not None and int(health.run_step or 0) > step else Run(run_id, step, health)
    over: str | None = health.ended_run if health else None
    if named is not None or over == run_id or is_running(health, now):
        return None
    model = DatasetHealth
    connections_store.change_health(
        work.connection_id,
        key,
        [
            model.run.set(run_id),
            model.run_at.set(format_instant(now)),
            model.run_step.set(0),
            model.last_attempt_at.set(format_instant(now)),
        ],
    )
    return Run(run_id, 0, health)


def go_on(work: Work, key: str, run: Run, arguments: Mapping[str, str]) -> None:
    """Send the next command of a run, then move the run on."""
    following = {**arguments, "run": run.run_id, "step": str(run.step + 1)}
    work.follow_up(work.command.kind, following)
    model = DatasetHealth
    connections_store.change_health(
        work.connection_id,
        key,
        [model.run_step.set(run.step + 1), model.run_at.set(format_instant(work.clock.now()))],
        (model.run == run.run_id) & (model.run_step.does_not_exist() | (model.run_step <= run.step)),
    )


def end_run(work: Work, key: str, run: Run, rows: int, *actions: "Action", listed: int | None = None) -> None:
    """Take note that a run brought its dataset up to date.

    ``listed`` is how many rows Amazon's complete list had. An empty one where there were rows before is reported and
    not taken as truth: nothing is deleted, and the dataset does not count as brought in step.
    """
    model = DatasetHealth
    now = work.clock.now()
    present = (model.run == run.run_id) & (model.run_step.does_not_exist() | (model.run_step <= run.step))
    before: float | None = run.health.listed if run.health else None
    if listed is not None and emptied(None if before is None else int(before), listed):
        reason = f"Amazon's list was empty where it had {int(before or 0)} rows. What was known is kept."
        work.notes.say(reason)
        ended: list[Action] = [model.stale_reason.set(reason), model.last_attempt_at.set(format_instant(now))]
        connections_store.change_health(work.connection_id, key, [*ended, *_ending(run)], present)
        return
    told: list[Action] = [model.stale_reason.remove()]
    if listed is not None:
        told += [model.listed.set(listed), model.checked_at.set(format_instant(now))]
    connections.record_success(
        work.connection_id,
        key,
        rows=rows,
        now=now,
        actions=[*told, *actions, *_ending(run)],
        cause=work.command.cause,
        next_at=next_of(work, key),
        condition=present,
    )


def next_of(work: Work, key: str) -> datetime | None:
    """Return when a dataset is read next, as far as a command of the schedule tells."""
    if work.command.cause != "schedule":
        return None
    return parse_instant(work.command.first_seen) + timedelta(seconds=dataset(key).refresh_seconds)


def _ending(run: Run) -> "list[Action]":
    model = DatasetHealth
    return [model.ended_run.set(run.run_id), model.run.remove(), model.run_at.remove(), model.run_step.remove()]


def put_aside(work: Work, key: str, rejected: Sequence[Rejected]) -> None:
    """Make facts that could not be stored visible; they are no reason to hold the others up."""
    for each in rejected:
        connections.quarantine(
            tenant_id=work.tenant_id,
            connection_id=work.connection_id,
            received_at=work.clock.now(),
            type=f"{key}:{work.command.kind}",
            reason=each.reason,
            action="Amazon's answer could not be stored. It is fetched again with the next check.",
            payload=msgspec.json.encode({"dataset": key, "identity": each.identity}).decode(),
        )


def refuses_token(work: Work, rejected: RequestRejected) -> bool:
    """Return whether Amazon no longer takes the page token that a command came with: its list has to begin anew."""
    return "token" in work.command.arguments and rejected.status == _BAD_REQUEST


def _restarted(work: Work, key: str, run: Run, arguments: Mapping[str, str], rejected: RequestRejected) -> None:
    """Go on without the page token that Amazon no longer takes, or give up after a few times.

    Tokens of some calls live 30 seconds, and a queue may take longer.
    """
    restarts = int(work.command.arguments.get("restarts", "0"))
    if not refuses_token(work, rejected) or restarts >= _RESTARTS:
        raise rejected
    go_on(work, key, run, {**arguments, "restarts": str(restarts + 1)})


def _with(arguments: Mapping[str, str], token: str | None, carried: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments of the next page, with its token and the count of restarts so far."""
    following = dict(arguments)
    if token is not None:
        following["token"] = token
        if "restarts" in carried:
            following["restarts"] = carried["restarts"]
    return following


# -- Orders ------------------------------------------------------------------------------------------------------------


def fetch_order(sink: "OrderSink") -> UseCase:
    """Return ``orders.fetch``: get one order from Amazon and store it with ``sink``."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        found = work.amazon.get_order(connections.caller_of(work.connection), work.command.arguments["order_id"])
        if not isinstance(found, Order):
            put_aside(work, ORDERS, [Rejected(found.order_id, found.problem)])
            return
        _store_orders(work, sink, OrdersPage((found,), (), None, None))

    return run


def search_orders(sink: "OrderSink", plan: "PlanReport") -> UseCase:
    """Return ``orders.search``: one page of a search by its mode, stored with ``sink``.

    ``reconcile`` brings what changed since the last time; ``check`` asks for a report of it instead; ``sweep`` brings
    the prices that are wanted; ``history`` walks a window that no report would bring; ``first`` brings a page of the
    last day to a seller who has just connected.
    """

    def run(work: Work) -> None:
        if work.connection is None:
            return
        mode = work.command.arguments.get("mode")
        if mode == "history":
            _walk_history(work, work.connection, sink)
        elif mode == "sweep":
            _sweep(work, work.connection, sink)
        elif mode == "check":
            _check(work, work.connection, plan)
        elif mode == "first":
            _first_look(work, work.connection, sink)
        else:
            _reconcile(work, work.connection, sink)

    return run


def _store_orders(work: Work, sink: "OrderSink", found: OrdersPage) -> Applied:
    applied = sink(work.tenant_id, work.connection_id, found.orders, received_at=work.clock.now(), clock=work.clock)
    rejected = (*applied.rejected, *(Rejected(each.order_id, each.problem) for each in found.unreadable))
    put_aside(work, ORDERS, rejected)
    work.notes.brought(applied.applied)
    return applied


def _first_look(work: Work, connection: Connection, sink: "OrderSink") -> None:
    """Bring one page of new orders at once: the reports of history take Amazon minutes, and somebody is waiting."""
    since = work.clock.now() - _FIRST_LOOK
    caller = connections.caller_of(connection)
    _store_orders(work, sink, work.amazon.search_orders(caller, connection.marketplace_ids, created_after=since))


def _reconcile(work: Work, connection: Connection, sink: "OrderSink") -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    run = join_run(work, ORDERS)
    if run is None:
        return
    since = arguments.get("since") or _since(run.health, now)
    token = arguments.get("token")
    here = {"mode": "reconcile", "since": since, "rows": arguments.get("rows", "0")}
    try:
        found = work.amazon.search_orders(
            connections.caller_of(connection),
            connection.marketplace_ids,
            last_updated_after=parse_instant(since),
            pagination_token=token,
        )
    except RequestRejected as rejected:
        _restarted(work, ORDERS, run, here, rejected)
        return
    applied = _store_orders(work, sink, found)
    until = arguments.get("until") or format_instant(found.complete_until or now - SAFE_BEFORE)
    rows = int(here["rows"]) + applied.applied
    if found.next_token is not None:
        go_on(work, ORDERS, run, _with({**here, "until": until, "rows": str(rows)}, found.next_token, arguments))
        return
    model = DatasetHealth
    until_is = model.reconciled_until.set(until)
    end_run(work, ORDERS, run, rows, until_is, model.checked_at.set(format_instant(now)))


def _since(health: DatasetHealth | None, now: datetime) -> str:
    until: str | None = health.reconciled_until if health else None
    overlap = timedelta(seconds=dataset(ORDERS).overlap_seconds)
    return format_instant((min(parse_instant(until), now) if until else now) - overlap)


def _check(work: Work, connection: Connection, plan: "PlanReport") -> None:
    """Ask for a report of everything that changed since orders were last complete."""
    health = connections_store.dataset_health(work.connection_id, ORDERS)
    asked = parse_instant(work.command.first_seen) - SAFE_BEFORE
    plan(
        work,
        ORDERS_BY_LAST_UPDATE,
        connection.marketplace_ids,
        data_start=parse_instant(_since(health, asked)),
        data_end=asked,
    )


def _sweep(work: Work, connection: Connection, sink: "OrderSink") -> None:
    """Bring the prices that are wanted: everything that changed since the last such search.

    When it was not narrowed to unshipped orders it is a reconciling search as well, and counts as one.
    """
    now = work.clock.now()
    arguments = work.command.arguments
    token = arguments.get("token")
    narrow = "narrow" in arguments
    planned = int(arguments.get("at", "0"))
    if token is None and "since" not in arguments:
        by = work.command.command_id
        if not store.begin_sweep(work.tenant_id, work.connection_id, planned, by, SWEEP_SECONDS // 2):
            return
    since = arguments.get("since") or _swept_since(work, planned)
    here = {"mode": "sweep", "at": arguments.get("at", "0"), "since": since, **({"narrow": "yes"} if narrow else {})}
    try:
        found = work.amazon.search_orders(
            connections.caller_of(connection),
            connection.marketplace_ids,
            last_updated_after=parse_instant(since),
            statuses=("UNSHIPPED",) if narrow else (),
            pagination_token=token,
        )
    except RequestRejected as rejected:
        if not refuses_token(work, rejected) or "restarts" in arguments:
            raise
        work.follow_up("orders.search", {**here, "restarts": "1"})
        return
    _store_orders(work, sink, found)
    until = arguments.get("until") or format_instant(found.complete_until or now - SAFE_BEFORE)
    if found.next_token is not None:
        work.follow_up("orders.search", _with({**here, "until": until}, found.next_token, arguments))
        return
    store.end_sweep(work.tenant_id, work.connection_id, format_instant(parse_instant(until) - _SWEEP_OVERLAP))
    if narrow:
        return
    model = DatasetHealth
    joined = (model.reconciled_until >= since) & (model.reconciled_until < until)
    connections.record_success(
        work.connection_id,
        ORDERS,
        rows=work.notes.rows or 0,
        now=now,
        actions=[model.reconciled_until.set(until), model.checked_at.set(format_instant(now))],
        cause=work.command.cause,
        condition=joined,
    )


def _swept_since(work: Work, planned: int) -> str:
    """Return from where a search for prices begins: where the last one ended, unless that was long ago."""
    kept = store.sweep(work.tenant_id, work.connection_id)
    window = from_epoch_seconds(kept.wanted.window_at or planned)
    # The orders of the windows before the present one may be waiting too.
    begins = window - timedelta(seconds=LONGEST_SWEEP_SECONDS + SETTLED_SECONDS) - CLOCKS_DIFFER
    if kept.since is not None and parse_instant(kept.since) >= begins - _SWEEP_FORGETS:
        return kept.since
    return format_instant(begins)


def begin_walk(work: Work, created_after: datetime, created_before: datetime) -> bool:
    """Begin to walk a window of history by search, when no report would bring it.

    When the walk is over, ``orders.history`` is asked for again and finds ``DatasetHealth.walk().done``. False when
    another walk is under way, or this one was begun already; one that stands still is given its command again.
    """
    now = work.clock.now()
    health = connections_store.dataset_health(work.connection_id, ORDERS)
    present = health.walk() if health else None
    bounds = (format_instant(created_after), format_instant(created_before))
    if present is not None and not present.done:
        wake_walk(work, present, now)
        return False
    if present is not None and (present.created_after, present.created_before) == bounds:
        return False
    walk = HistoryWalk(
        run=work.command.command_id,
        page=0,
        created_after=bounds[0],
        created_before=bounds[1],
        started_at=format_instant(now),
        updated_at=format_instant(now),
        from_instant=bounds[0],
    )
    model = DatasetHealth
    unchanged: Condition = model.history_step.does_not_exist()
    if present is not None:
        unchanged = model.history_step == connections_store.step_of(present)
    begun = connections_store.change_health(work.connection_id, ORDERS, connections_store.walk_actions(walk), unchanged)
    if begun:
        work.follow_up("orders.search", {"mode": "history", "run": walk.run, "page": "0"})
    return begun


STALLED_AFTER = timedelta(minutes=30)
"""A walk that has not moved for so long has lost its command, and is given a new one."""


def wake_walk(work: Work, walk: HistoryWalk, now: datetime) -> None:
    """Give a walk that stands still its command again."""
    if not walk.done and now - parse_instant(walk.updated_at) >= STALLED_AFTER:
        work.follow_up("orders.search", {"mode": "history", "run": walk.run, "page": str(walk.page)})


def _walk_history(work: Work, connection: Connection, sink: "OrderSink") -> None:
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
    _store_orders(work, sink, found)
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
        done=found.next_token is None,
    )
    _move_on(work, walk, following, brought=len(found.orders))


def _move_on(work: Work, walk: HistoryWalk, following: HistoryWalk, *, brought: int = 0) -> None:
    """Store where a walk stands now and send its next command, unless another worker did both already."""
    model = DatasetHealth
    moved = connections_store.change_health(
        work.connection_id,
        ORDERS,
        [*connections_store.walk_actions(following), model.rows.add(brought)],
        model.history_step == connections_store.step_of(walk),
    )
    if not moved:
        return
    if following.done:
        work.follow_up("orders.history", {})
        return
    work.follow_up("orders.search", {"mode": "history", "run": walk.run, "page": str(following.page)})


def _state(walk: HistoryWalk) -> PageSeen:
    return PageSeen(parse_instant(walk.last_seen) if walk.last_seen else None, walk.ascending)


def _token_is_good(walk: HistoryWalk, now: datetime) -> bool:
    return walk.token is None or (walk.token_at is not None and now - parse_instant(walk.token_at) < TOKEN_LIFE)


def _without_token(walk: HistoryWalk) -> HistoryWalk:
    """Return the walk as it goes on from the last purchase time seen."""
    resumed = resume_from(parse_instant(walk.created_after), _state(walk))
    return msgspec.structs.replace(walk, token=None, token_at=None, from_instant=format_instant(resumed))


# -- FBA stock ---------------------------------------------------------------------------------------------------------


def list_inventory(sink: "InventorySink") -> UseCase:
    """Return ``inventory.list``: one page of the stock of one marketplace after another, stored with ``sink``."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        joined = join_run(work, INVENTORY)
        if joined is not None:
            _list_inventory(work, work.connection, joined, sink)

    return run


def _remaining(work: Work, connection: Connection) -> list[str]:
    listed = work.command.arguments.get("remaining")
    return list(connection.marketplace_ids) if listed is None else [each for each in listed.split(",") if each]


def _list_inventory(work: Work, connection: Connection, run: Run, sink: "InventorySink") -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    remaining = _remaining(work, connection)
    if not remaining:
        end_run(work, INVENTORY, run, 0)
        return
    here = {
        "remaining": ",".join(remaining),
        "rows": arguments.get("rows", "0"),
        "listed": arguments.get("listed", "0"),
    }
    token = arguments.get("token")
    try:
        found = work.amazon.inventory_summaries(connections.caller_of(connection), remaining[0], next_token=token)
    except RequestRejected as rejected:
        _restarted(work, INVENTORY, run, here, rejected)
        return
    applied = sink(work.tenant_id, work.connection_id, remaining[0], found.summaries, received_at=now, clock=work.clock)
    unreadable = [Rejected(each.seller_sku, each.problem) for each in found.unreadable]
    put_aside(work, INVENTORY, [*applied.rejected, *unreadable])
    work.notes.brought(applied.applied, marketplace_id=remaining[0])
    rows = int(here["rows"]) + applied.applied
    listed = int(here["listed"]) + len(found.summaries) + len(found.unreadable)
    if found.next_token is None:
        remaining = remaining[1:]
    if not remaining:
        end_run(work, INVENTORY, run, rows, listed=listed)
        return
    following = {"remaining": ",".join(remaining), "rows": str(rows), "listed": str(listed)}
    go_on(work, INVENTORY, run, _with(following, found.next_token, arguments))


# -- Listings and product attributes -----------------------------------------------------------------------------------


def refresh_listings(plan: "PlanReport") -> UseCase:
    """Return ``listings.refresh``: ask for the listings report of each marketplace."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        asked = parse_instant(work.command.first_seen)
        for marketplace_id in work.connection.marketplace_ids:
            plan(work, MERCHANT_LISTINGS, (marketplace_id,), data_start=asked - _DAY, data_end=asked)

    return run


def refresh_advice(plan: "PlanReport") -> UseCase:
    """Return ``advice.refresh``: ask for Amazon's own restock recommendations for each marketplace."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        asked = parse_instant(work.command.first_seen)
        for marketplace_id in work.connection.marketplace_ids:
            plan(work, RESTOCK_RECOMMENDATIONS, (marketplace_id,), data_start=asked - _DAY, data_end=asked)

    return run


def fetch_listing(sink: "ListingSink") -> UseCase:
    """Return ``listings.fetch``: get one listing with its issues, in one marketplace or in all of them."""

    def run(work: Work) -> None:
        connection = work.connection
        if connection is None:
            return
        sku = work.command.arguments["seller_sku"]
        named = work.command.arguments.get("marketplace_id")
        marketplaces = (named,) if named else connection.marketplace_ids
        try:
            found = work.amazon.listing(
                connections.caller_of(connection), connection.selling_partner_id, sku, marketplaces
            )
        except RequestRejected as rejected:
            if rejected.status != _NOT_FOUND:
                raise
            # It was deleted meanwhile; the next report says so for all of them.
            work.notes.say("Amazon no longer has this listing.")
            return
        put_aside(work, LISTINGS, [Rejected(sku, each) for each in found.problems])
        for marketplace_id in marketplaces:
            if found.summary_of(marketplace_id) is None:
                continue
            applied = sink(
                work.tenant_id,
                work.connection_id,
                marketplace_id,
                [found],
                received_at=work.clock.now(),
                clock=work.clock,
            )
            put_aside(work, LISTINGS, applied.rejected)
            work.notes.brought(applied.applied, marketplace_id=marketplace_id)

    return run


_ASINS_A_CALL = 20
_CALLS_A_RUN = 400
"""Calls one run asks for in one marketplace; what is left is read the next day."""
_READ_AGAIN_AFTER = timedelta(days=4)
_CATALOG_PACE = 0.75
"""Seconds between two of these calls: a little slower than their quota, so that there is room for others."""


def refresh_catalog(known: "KnownAsins", sink: "CatalogSink") -> UseCase:
    """Return ``catalog.refresh``: read the products that were not read lately, twenty a call.

    The first command lists them and asks for the calls; each call is a command of its own, so that a crash loses none
    and repeats at most one.
    """

    def run(work: Work) -> None:
        if work.connection is None:
            return
        if "asins" in work.command.arguments:
            _read_products(work, work.connection, sink)
        else:
            _ask_for_products(work, work.connection, known)

    return run


def _ask_for_products(work: Work, connection: Connection, known: "KnownAsins") -> None:
    now = work.clock.now()
    commands: list[tuple[SyncCommand, int]] = []
    for marketplace_id in connection.marketplace_ids:
        unread = known(work.connection_id, marketplace_id, now - _READ_AGAIN_AFTER)[: _ASINS_A_CALL * _CALLS_A_RUN]
        for start in range(0, len(unread), _ASINS_A_CALL):
            arguments = {"marketplace_id": marketplace_id, "asins": ",".join(unread[start : start + _ASINS_A_CALL])}
            asked = work.desk.command(
                "catalog.refresh", work.tenant_id, work.connection_id, arguments, work.command.cause
            )
            commands.append((asked, int(len(commands) * _CATALOG_PACE)))
    if commands:
        enqueue_spread(commands)
        return
    connections.record_success(
        work.connection_id,
        CATALOG_ITEMS,
        rows=0,
        now=now,
        cause=work.command.cause,
        next_at=next_of(work, CATALOG_ITEMS),
    )


def _read_products(work: Work, connection: Connection, sink: "CatalogSink") -> None:
    now = work.clock.now()
    marketplace_id = work.command.arguments["marketplace_id"]
    asins = work.command.arguments["asins"].split(",")
    found = work.amazon.catalog_items(connections.caller_of(connection), marketplace_id, asins)
    applied = sink(
        work.tenant_id, work.connection_id, marketplace_id, found, asked=asins, received_at=now, clock=work.clock
    )
    put_aside(work, CATALOG_ITEMS, applied.rejected)
    work.notes.brought(applied.applied, marketplace_id=marketplace_id)
    connections.record_success(
        work.connection_id, CATALOG_ITEMS, rows=applied.applied, now=now, cause=work.command.cause
    )


# -- Money -------------------------------------------------------------------------------------------------------------

_FIRST_TRANSACTIONS = timedelta(days=30)
_LATE_POSTS = timedelta(days=3)
"""How far back a run a day reaches: orders of the last two days may be missing at first."""
_LATE_RELEASES = timedelta(days=35)
"""How far back a run a week reaches: deferred payments are released after delivery."""
_LISTED_LATELY = timedelta(hours=2)
"""A notification of a transaction asks for nothing while the last list is so young."""
_TRANSACTIONS_WINDOW = timedelta(days=150)
"""A window of listTransactions holds 180 days at most."""
_NEXT_WINDOW_SECONDS = 10
_DAYS_A_WEEK = 7


def list_transactions(sink: "TransactionSink") -> UseCase:
    """Return ``finances.list``: pages of the transactions of a window of time, stored with ``sink``.

    The window reaches back some hours behind the last one, once a day three days and once a week five weeks, for Amazon
    shows some of them late. Mode ``history`` goes back window by window from the oldest.
    """

    def run(work: Work) -> None:
        if work.connection is None or _listed_lately(work):
            return
        joined = join_run(work, FINANCES)
        if joined is not None:
            _list_transactions(work, work.connection, joined, sink)

    return run


def _listed_lately(work: Work) -> bool:
    """Return whether a notification asks for what has been listed meanwhile: there is one for every transaction.

    The first list is the schedule's: it is long, and has to wait until the orders of a fresh account are in.
    """
    if work.command.cause != "notification" or "run" in work.command.arguments or "mode" in work.command.arguments:
        return False
    health = connections_store.dataset_health(work.connection_id, FINANCES)
    last: str | None = health.last_success_at if health else None
    return last is None or work.clock.now() - parse_instant(last) < _LISTED_LATELY


def _list_transactions(work: Work, connection: Connection, run: Run, sink: "TransactionSink") -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    if "after" in arguments:
        here = {name: arguments[name] for name in ("after", "before", "rows", "mode", "deep") if name in arguments}
    elif arguments.get("mode") == "history":
        window = _older_transactions(run.health, now)
        if window is None:
            end_run(work, FINANCES, run, 0)
            return
        here = {"mode": "history", **window}
    else:
        here = _recent_transactions(work, run.health)
    token = arguments.get("token")
    try:
        found = work.amazon.transactions(
            connections.caller_of(connection),
            posted_after=parse_instant(here["after"]),
            posted_before=parse_instant(here["before"]),
            next_token=token,
        )
    except RequestRejected as rejected:
        _restarted(work, FINANCES, run, here, rejected)
        return
    applied = sink(work.tenant_id, work.connection_id, found.transactions, received_at=now, clock=work.clock)
    unreadable = [Rejected(each.transaction_id, each.problem) for each in found.unreadable]
    put_aside(work, FINANCES, [*applied.rejected, *unreadable])
    work.notes.brought(applied.applied)
    here["rows"] = str(int(here.get("rows", "0")) + applied.applied)
    if found.next_token is not None:
        go_on(work, FINANCES, run, _with(here, found.next_token, arguments))
        return
    _end_transactions(work, run, here)


def _end_transactions(work: Work, run: Run, here: Mapping[str, str]) -> None:
    model = DatasetHealth
    actions: list[Action] = []
    if here.get("mode") == "history":
        actions.append(model.complete_from.set(here["after"]))
    else:
        actions.append(model.reconciled_until.set(here["before"]))
        if run.health is None or run.health.complete_from is None:
            actions.append(model.complete_from.set(here["after"]))
        if "deep" in here:
            actions.append(model.checked_at.set(format_instant(work.clock.now())))
    complete: str | None = run.health.complete_from if run.health else None
    if complete is None or here.get("mode") == "history":
        complete = here["after"]
    if complete > _oldest_transactions(work.clock.now()):
        # Sent before the run ends, so that a crash in between repeats it; it does nothing while this one is under way.
        work.follow_up("finances.list", {"mode": "history"}, delay_seconds=_NEXT_WINDOW_SECONDS)
    end_run(work, FINANCES, run, int(here.get("rows", "0")), *actions)


def _recent_transactions(work: Work, health: DatasetHealth | None) -> dict[str, str]:
    now = work.clock.now()
    before = now - SAFE_BEFORE
    until = parse_instant(health.reconciled_until) if health and health.reconciled_until else None
    if until is None:
        return {"after": format_instant(before - _FIRST_TRANSACTIONS), "before": format_instant(before), "deep": "yes"}
    until = min(until, before)
    after = until - timedelta(seconds=dataset(FINANCES).overlap_seconds)
    checked = parse_instant(health.checked_at) if health and health.checked_at else None
    deep = checked is None or now - checked >= _DAY
    if deep:
        # Each connection has its own day of the week for the long way back.
        is_its_day = now.weekday() == spread_seconds(work.connection_id, _DAYS_A_WEEK)
        after = until - (_LATE_RELEASES if is_its_day else _LATE_POSTS)
    after = max(after, before - _TRANSACTIONS_WINDOW)
    return {"after": format_instant(after), "before": format_instant(before), **({"deep": "yes"} if deep else {})}


def _older_transactions(health: DatasetHealth | None, now: datetime) -> dict[str, str] | None:
    complete: str | None = health.complete_from if health else None
    oldest = _oldest_transactions(now)
    if complete is None or complete <= oldest:
        return None
    after = max(parse_instant(oldest), parse_instant(complete) - _TRANSACTIONS_WINDOW)
    return {"after": format_instant(after), "before": complete}


def _oldest_transactions(now: datetime) -> str:
    return format_instant(now - timedelta(days=dataset(FINANCES).history_days))


def estimate_fees(priced: "PricedSkus", sink: "FeeSink") -> UseCase:
    """Return ``fees.estimate``: Amazon's estimates for twenty SKUs after another, one marketplace after another."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        joined = join_run(work, FEES)
        if joined is not None:
            _estimate_fees(work, work.connection, joined, priced, sink)

    return run


def _estimate_fees(work: Work, connection: Connection, run: Run, priced: "PricedSkus", sink: "FeeSink") -> None:
    from quayside.amazon.fees import MAXIMUM_REQUESTS, FeeRequest  # noqa: PLC0415 - only fee commands need it

    arguments = work.command.arguments
    remaining = _remaining(work, connection)
    rows = int(arguments.get("rows", "0"))
    after = arguments.get("after")
    while remaining:
        skus = priced(work.connection_id, remaining[0], after, MAXIMUM_REQUESTS)
        if skus:
            break
        remaining, after = remaining[1:], None
    if not remaining:
        end_run(work, FEES, run, rows)
        return
    requests = [
        FeeRequest(
            identifier=each.sku,
            marketplace_id=remaining[0],
            id_type="SellerSKU",
            id_value=each.sku,
            price=each.price,
            by_amazon=each.by_amazon,
        )
        for each in skus
    ]
    now = work.clock.now()
    found = work.amazon.fee_estimates(connections.caller_of(connection), requests)
    applied = sink(work.tenant_id, work.connection_id, remaining[0], found, received_at=now, clock=work.clock)
    put_aside(work, FEES, applied.rejected)
    work.notes.brought(applied.applied, marketplace_id=remaining[0])
    following = {"remaining": ",".join(remaining), "after": skus[-1].sku, "rows": str(rows + applied.applied)}
    go_on(work, FEES, run, following)


# -- Shipments to Amazon -----------------------------------------------------------------------------------------------

_STAGES = ("shipments", "items", "plans")


def list_inbound(sink: "InboundSink") -> UseCase:
    """Return ``inbound.list``: shipments and received units that changed, then the plans that changed.

    What the older API says comes first, for received units are there alone. Each plan that changed is read by commands
    of its own.
    """

    def run(work: Work) -> None:
        if work.connection is None:
            return
        if "plan_id" in work.command.arguments:
            _read_plan(work, work.connection, sink)
            return
        joined = join_run(work, INBOUND_SHIPMENTS)
        if joined is not None:
            _list_inbound(work, work.connection, joined, sink)

    return run


class _InboundPage(NamedTuple):
    applied: Applied
    unreadable: Sequence[Rejected]
    next_token: str | None
    reached_the_known: bool = False


def _list_inbound(work: Work, connection: Connection, run: Run, sink: "InboundSink") -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    stage = arguments.get("stage", _STAGES[0])
    remaining = _remaining(work, connection)
    here = {
        "stage": stage,
        "remaining": ",".join(remaining),
        "since": arguments.get("since") or _inbound_since(run.health, now),
        "until": arguments.get("until") or format_instant(now),
        "rows": arguments.get("rows", "0"),
    }
    if not remaining:
        end_run(work, INBOUND_SHIPMENTS, run, 0)
        return
    try:
        page = _inbound_page(work, connection, sink, here, remaining[0])
    except RequestRejected as rejected:
        _restarted(work, INBOUND_SHIPMENTS, run, here, rejected)
        return
    put_aside(work, INBOUND_SHIPMENTS, [*page.applied.rejected, *page.unreadable])
    work.notes.brought(page.applied.applied, marketplace_id=None if stage == "plans" else remaining[0])
    here["rows"] = str(int(here["rows"]) + page.applied.applied)
    if page.next_token is not None and not page.reached_the_known:
        go_on(work, INBOUND_SHIPMENTS, run, _with(here, page.next_token, arguments))
        return
    remaining = [] if stage == "plans" else remaining[1:]
    if not remaining:
        if stage == _STAGES[-1]:
            until = DatasetHealth.reconciled_until.set(here["until"])
            end_run(work, INBOUND_SHIPMENTS, run, int(here["rows"]), until)
            return
        here["stage"] = _STAGES[_STAGES.index(stage) + 1]
        remaining = list(connection.marketplace_ids)
    go_on(work, INBOUND_SHIPMENTS, run, {**here, "remaining": ",".join(remaining)})


def _inbound_page(
    work: Work, connection: Connection, sink: "InboundSink", here: Mapping[str, str], marketplace_id: str
) -> _InboundPage:
    caller = connections.caller_of(connection)
    now, token = work.clock.now(), work.command.arguments.get("token")
    since, until = parse_instant(here["since"]), parse_instant(here["until"])
    store_in = (work.tenant_id, work.connection_id)
    if here["stage"] == "plans":
        plans = work.amazon.inbound_plans(caller, token=token)
        changed = [each for each in plans.plans if each.last_updated_at >= since]
        commands = [
            work.desk.command("inbound.list", *store_in, {"plan_id": each.inbound_plan_id}, work.command.cause)
            for each in changed
        ]
        enqueue(commands)
        applied = sink(*store_in, plans=changed, received_at=now, clock=work.clock)
        # They come with the last changed first, so an older one means that the others are older still.
        return _InboundPage(applied, _rejected(plans.unreadable), plans.next_token, len(changed) < len(plans.plans))
    if here["stage"] == "items":
        items = work.amazon.inbound_items_v0(
            caller, marketplace_id, updated_after=since, updated_before=until, next_token=token
        )
        applied = sink(*store_in, items=items.items, received_at=now, clock=work.clock)
        return _InboundPage(applied, _rejected(items.unreadable), items.next_token)
    shipments = work.amazon.inbound_shipments_v0(
        caller, marketplace_id, updated_after=since, updated_before=until, next_token=token
    )
    applied = sink(*store_in, shipments=shipments.shipments, received_at=now, clock=work.clock)
    return _InboundPage(applied, _rejected(shipments.unreadable), shipments.next_token)


def _rejected(unreadable: "Sequence[UnreadableInbound]") -> list[Rejected]:
    return [Rejected(each.identifier, each.problem) for each in unreadable]


def _inbound_since(health: DatasetHealth | None, now: datetime) -> str:
    terms = dataset(INBOUND_SHIPMENTS)
    until = parse_instant(health.reconciled_until) if health and health.reconciled_until else None
    if until is None:
        return format_instant(now - timedelta(days=terms.history_days))
    return format_instant(min(until, now) - timedelta(seconds=terms.overlap_seconds))


def _read_plan(work: Work, connection: Connection, sink: "InboundSink") -> None:
    """Read one plan with its shipments, or (when the command names one) one shipment of it with its items."""
    caller = connections.caller_of(connection)
    plan_id = work.command.arguments["plan_id"]
    shipment_id = work.command.arguments.get("shipment_id")
    now = work.clock.now()
    if shipment_id is None:
        plan = work.amazon.inbound_plan(caller, plan_id)
        applied = sink(work.tenant_id, work.connection_id, plans=[plan], received_at=now, clock=work.clock)
        enqueue(
            [
                work.desk.command(
                    "inbound.list",
                    work.tenant_id,
                    work.connection_id,
                    {"plan_id": plan_id, "shipment_id": each.shipment_id},
                    work.command.cause,
                )
                for each in plan.shipments
            ]
        )
    elif "token" in work.command.arguments or "items" in work.command.arguments:
        token = work.command.arguments.get("token")
        page = work.amazon.inbound_shipment_items(caller, plan_id, shipment_id, token=token)
        applied = sink(work.tenant_id, work.connection_id, items=page.items, received_at=now, clock=work.clock)
        put_aside(work, INBOUND_SHIPMENTS, _rejected(page.unreadable))
        if page.next_token is not None:
            following = {"plan_id": plan_id, "shipment_id": shipment_id, "token": page.next_token}
            work.follow_up("inbound.list", following)
    else:
        shipment = work.amazon.inbound_shipment(caller, plan_id, shipment_id)
        applied = sink(work.tenant_id, work.connection_id, shipments=[shipment], received_at=now, clock=work.clock)
        work.follow_up("inbound.list", {"plan_id": plan_id, "shipment_id": shipment_id, "items": "yes"})
    put_aside(work, INBOUND_SHIPMENTS, applied.rejected)
    work.notes.brought(applied.applied)


# -- Reports in windows of time ----------------------------------------------------------------------------------------

_RETURNS_WINDOW = timedelta(days=60)
_DAYS_A_RUN = 10
"""Days of sales and traffic that one run asks for in a marketplace: createReport has one call a minute for all."""


def refresh_returns(plan: "PlanReport") -> UseCase:
    """Return ``returns.refresh``: ask for the returns since the last report, or for a year's at first."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        terms = dataset(RETURNS)
        asked = parse_instant(work.command.first_seen) - SAFE_BEFORE
        health = connections_store.dataset_health(work.connection_id, RETURNS)
        until = parse_instant(health.reconciled_until) if health and health.reconciled_until else None
        begins = asked - timedelta(days=terms.history_days)
        if until is not None:
            begins = max(begins, min(until, asked) - timedelta(seconds=terms.overlap_seconds))
        for start, end in windows_of(begins, asked, _RETURNS_WINDOW):
            plan(work, CUSTOMER_RETURNS, work.connection.marketplace_ids, data_start=start, data_end=end)

    return run


def refresh_traffic(plan: "PlanReport") -> UseCase:
    """Return ``traffic.refresh``: ask for days of sales and traffic, the newest first.

    Amazon changes a day for two days more, so the days of the last overlap are asked for each time; older ones until
    they have been brought once.
    """

    def run(work: Work) -> None:
        if work.connection is None:
            return
        terms = dataset(SALES_AND_TRAFFIC)
        asked = parse_instant(work.command.first_seen) - SAFE_BEFORE
        today = asked.replace(hour=0, minute=0, second=0, microsecond=0)
        changing_days = terms.overlap_seconds // 86_400 + 1
        for marketplace_id in work.connection.marketplace_ids:
            asked_for = 0
            for number in range(1, terms.history_days + 1):
                begins = today - number * _DAY
                ends = begins + _DAY - timedelta(seconds=1)
                changes = number <= changing_days
                asked_for += plan(work, TRAFFIC, (marketplace_id,), data_start=begins, data_end=ends, again=changes)
                if asked_for >= _DAYS_A_RUN:
                    break

    return run
