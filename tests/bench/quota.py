"""Quota: 50 connections, one with a backlog a hundred times the others', on the simulator's exact token buckets.

Three parts, each side on a simulator of its own and a clock moved by hand, one after the other, and before each part
time enough for every bucket to fill:

* ``backlog``: every connection has orders to fetch (getOrder, 0.5 a second, burst 30), all at once, the large one
  first.
* ``application``: the same operation, but Amazon also limits the application as a whole to 0.4 a second and a burst of
  12, less than one connection's own rate. The large backlog is there from the beginning; the small connections'
  calls come spread over nine tenths of the time that all calls take at that rate. Amazon has such limits on catalog
  items (500 a second); this one is as tight for 50 connections as that one is for many thousand.
* ``pages``: a walk through searchOrders (one call in 178 seconds, burst 20), a hundred pages against one.

Ours is the product's worker with its ledger, broker, queue and list of due work, on an in-process AWS; its use cases
only make the call. What is put off comes back up to two seconds late, drawn by a fixed seed, as from a busy queue.
Calls take no time, on either side. The plain client is described in ``plain_client.py``.

**used_share.** In each part one bucket is short as long as the large backlog lasts: the large connection's own in
``backlog`` and ``pages``, the application's in ``application``. From the first request until the large connection's
last call T seconds later it offers ``burst + rate * T`` tokens, Amazon's own figures. The share is the calls that took
one of its tokens in that time, divided by that; the figure is the least of the three parts.

**throttled.** Calls that Amazon answered with 429, in all parts together.

**small_p95_wait_slots.** For every call of a small connection: from when a worker (or the plain program) held the
request until Amazon let the call through, less what the connection's own bucket would have made it wait had it been
alone and had it known the bucket exactly; in slots, which are intervals of the connection's own bucket. The k-th call
of a connection is held against its k-th request. The figure is the 95th percentile, nearest rank, of all three parts;
each part reports its own too.
"""

import heapq
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from tests.bench.catalogue import Result
from tests.bench.harness import Run, handlers_log
from tests.bench.simulated_amazon import OK, REGION, TOO_MANY, Call, SimulatedAmazon

if TYPE_CHECKING:
    from infra.simulator.server import Simulator
    from infra.simulator.world import Seller
    from quayside.storage.vault import Purpose
    from quayside.sync.commands import Kind, SyncCommand
    from quayside.sync.service import UseCase, Work
    from quayside.sync.worker import Worker
    from tests.bench.simulated_time import Programs
    from tests.support.amazon import SharedClock, Stage
    from tests.support.aws import Aws

CONNECTIONS = 50
TIMES = 100
"""How many times a small connection's work the large one has."""
SEED = 20261122
BEGINS = datetime(2026, 11, 22, 10, tzinfo=UTC)
SETTLED_SECONDS = 600
"""Orders are this old when the work begins: a search does not show what is younger than two minutes."""
LATEST_MILLISECONDS = 2000
TICK_MILLISECONDS = 300_000
"""The schedules run every five minutes."""
MARKETPLACE = "ATVPDKIKX0DER"
INCLUDED = "PROCEEDS"
SPREAD = 0.9
SINCE = f"{BEGINS:%Y-%m-%dT%H:%M:%SZ}"
MAXIMUM_IDLE_TICKS = 100
KIND: "Kind" = "connection.release"
"""A kind of command without a dataset: the worker keeps no log of its runs, whose writes are not what is measured."""
PERCENTILE = 95


@dataclass(frozen=True)
class Plan:
    """Rate (calls a second) and burst of a bucket of Amazon's."""

    rate: float
    burst: int

    @property
    def interval_ms(self) -> float:
        """Milliseconds between two calls at the rate."""
        return 1000 / self.rate


GET_ORDER = Plan(0.5, 30)
SEARCH_ORDERS = Plan(0.0056, 20)
APPLICATION = Plan(0.4, 12)


@dataclass(frozen=True)
class Part:
    """One part of the benchmark.

    Attributes:
        name: as it is reported.
        own: the bucket every connection has.
        small: how many calls a small connection has to make.
        whole: the application's bucket, if Amazon limits it.
        spread: whether the small connections' calls come over time instead of all at once.
        walks: whether the calls are pages, each to be asked for with what the one before it said.
    """

    name: str
    own: Plan
    small: int
    whole: Plan | None = None
    spread: bool = False
    walks: bool = False

    @property
    def short(self) -> Plan:
        """The bucket that is short while the large backlog lasts."""
        return self.whole or self.own

    def requests(self) -> list["Asked"]:
        """Return what is asked for, in order; the large connection is number 0 and first."""
        chance = Random(f"{SEED}{self.name}")
        large = [Asked(0, 0)] * (self.small * TIMES)
        all_calls = len(large) + self.small * (CONNECTIONS - 1)
        window = SPREAD * (all_calls - self.short.burst) * self.short.interval_ms if self.spread else 0
        others = [
            Asked(round(chance.random() * window), number)
            for _ in range(self.small)
            for number in range(1, CONNECTIONS)
        ]
        return sorted([*large, *others], key=lambda asked: asked.after_ms)


def parts(run: Run) -> list[Part]:
    """Return the parts; a quick run's connections have less to do."""
    return [
        Part("backlog", GET_ORDER, small=4 if run.quick else 20),
        Part("application", GET_ORDER, small=3 if run.quick else 12, whole=APPLICATION, spread=True),
        Part("pages", SEARCH_ORDERS, small=1, walks=True),
    ]


@dataclass(frozen=True)
class Asked:
    """A request: how many milliseconds after the beginning, and by which connection."""

    after_ms: int
    connection: int


# -- The figures -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """What came of one part on one side.

    Attributes:
        used_share: tokens used of those offered.
        throttled: calls answered with 429.
        waits: waits of the small connections beyond their own bucket's, in slots.
        calls: calls that Amazon let through.
        simulated_minutes: from the first request to the last call.
    """

    used_share: float
    throttled: int
    waits: list[float]
    calls: int
    simulated_minutes: float

    def shown(self) -> dict[str, float | int]:
        """Return the figures as they are reported."""
        return {
            "used_share": round(self.used_share, 4),
            "throttled": self.throttled,
            "small_p95_wait_slots": round(percentile(self.waits, PERCENTILE), 3),
            "calls": self.calls,
            "simulated_minutes": round(self.simulated_minutes, 1),
        }


def own_turns(asked_ms: Sequence[int], plan: Plan) -> list[float]:
    """Return when a connection that is alone and knows its bucket exactly makes its calls, first come first served."""
    tokens, at, made = float(plan.burst), 0.0, []
    for each in asked_ms:
        now = max(at, float(each))
        tokens = min(plan.burst, tokens + (now - at) / plan.interval_ms)
        if tokens < 1:
            now += (1 - tokens) * plan.interval_ms
            tokens = 1.0
        tokens -= 1
        at = now
        made.append(now)
    return made


def waits_beyond(asked_ms: Sequence[int], made_ms: Sequence[int], plan: Plan) -> list[float]:
    """Return how many slots each call was made after its own bucket would have let it through.

    Raises:
        ValueError: there are not as many calls as requests.
    """
    alone = own_turns(asked_ms, plan)
    return [max(0.0, (made - best) / plan.interval_ms) for made, best in zip(sorted(made_ms), alone, strict=True)]


def used_share(calls: int, milliseconds: float, plan: Plan) -> float:
    """Return which share of the tokens that a bucket offered in a time, from full, was used."""
    return calls / (plan.burst + milliseconds / plan.interval_ms)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that ``percent`` of all do not exceed (nearest rank); 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def figures_of(part: Part, requests: Sequence[Asked], began_ms: int, calls: Sequence[tuple[int, Call]]) -> Figures:
    """Work the figures of one part out of its calls, each with the number of its connection.

    Raises:
        ValueError: some connection's calls are not as many as its requests.
        RuntimeError: Amazon answered something that is neither success nor 429.
    """
    strange = {call.status for _, call in calls} - {OK, TOO_MANY}
    if strange:
        raise RuntimeError(f"Amazon answered {sorted(strange)} in the part {part.name}.")
    made: dict[int, list[int]] = defaultdict(list)
    for connection, call in calls:
        if call.status == OK:
            made[connection].append(call.at_ms - began_ms)
    asked: dict[int, list[int]] = defaultdict(list)
    for each in requests:
        asked[each.connection].append(each.after_ms)
    waits = [
        wait
        for connection in range(1, CONNECTIONS)
        for wait in waits_beyond(asked[connection], made[connection], part.own)
    ]
    if len(made[0]) != len(asked[0]):
        raise ValueError(f"The large connection made {len(made[0])} of {len(asked[0])} calls in {part.name}.")
    lasted = max(made[0])
    users = made if part.whole else {0: made[0]}
    used = sum(1 for ats in users.values() for at in ats if at <= lasted)
    return Figures(
        used_share(used, lasted, part.short),
        sum(1 for _, call in calls if call.status == TOO_MANY),
        waits,
        sum(len(ats) for ats in made.values()),
        max(max(ats) for ats in made.values()) / 60_000,
    )


def together(found: Sequence[tuple[Part, Figures]]) -> dict[str, object]:
    """Put the figures of all parts together."""
    waits = [wait for _, figures in found for wait in figures.waits]
    return {
        "used_share": round(min(figures.used_share for _, figures in found), 4),
        "throttled": sum(figures.throttled for _, figures in found),
        "small_p95_wait_slots": round(percentile(waits, PERCENTILE), 3),
        "parts": {part.name: figures.shown() for part, figures in found},
    }


# -- The scene ---------------------------------------------------------------------------------------------------------


class Scene:
    """A simulator with an account for every connection, and between two parts time enough for every bucket to fill.

    Args:
        clock: the time of everything.
        simulator: one of its own for each side.
    """

    def __init__(self, clock: "SharedClock", simulator: "Simulator") -> None:
        self.clock = clock
        self.simulator = simulator
        self.amazon = SimulatedAmazon(simulator)
        self.sellers = [self._account(number) for number in range(CONNECTIONS)]
        self.orders = [self._orders(number, seller) for number, seller in enumerate(self.sellers)]
        self._numbers = {seller.selling_partner_id: number for number, seller in enumerate(self.sellers)}
        self.part: Part | None = None
        self.requests: list[Asked] = []
        self.began_ms = 0

    def begin(self, part: Part) -> None:
        """Begin a part."""
        self.clock.advance(SETTLED_SECONDS)
        self.part = part
        self.requests = part.requests()
        self.began_ms = self.now_ms
        self.amazon.forget()
        plans = self.simulator.quotas.application_plans
        plans.clear()
        if part.whole:
            plans["getOrder"] = (part.whole.rate, part.whole.burst)

    def figures(self) -> Figures:
        """Work out the figures of everything that was called in this part."""
        calls = [(self._numbers[call.account], call) for call in self.amazon.calls]
        return figures_of(self.at_work, self.requests, self.began_ms, calls)

    @property
    def at_work(self) -> Part:
        """The part under way."""
        if self.part is None:
            raise RuntimeError("No part was begun.")
        return self.part

    @property
    def now_ms(self) -> int:
        """The simulated time in epoch milliseconds."""
        return self.simulator.clock.now_ms()

    def _account(self, number: int) -> "Seller":
        world = self.simulator.world
        seller = world.open_empty_account(REGION, [MARKETPLACE], name=f"Shop {number}", seed=number)
        world.add_listing(
            seller, MARKETPLACE, sku="A", asin="B000000001", fnsku="X000000001", title="A", price_minor=1000,
            by_amazon=False,
        )  # fmt: skip
        return seller

    def _orders(self, number: int, seller: "Seller") -> list[str]:
        """Place one order, with the large connection as many as it has pages of one order to read."""
        count = TIMES if number == 0 else 1
        return [self.simulator.world.new_order(seller).order_id for _ in range(count)]


@contextmanager
def scene() -> Iterator[Scene]:
    """Make a scene for the length of the block; nothing is served, everything is called in this process."""
    from infra.simulator.server import Simulator  # noqa: PLC0415 - the simulator, only when measured
    from tests.support.amazon import SharedClock  # noqa: PLC0415 - as above

    clock = SharedClock(BEGINS)
    simulator = Simulator(clock=clock.simulated, seed=SEED, deliver=lambda _arn, _body: None)
    try:
        yield Scene(clock, simulator)
    finally:
        simulator.stop()


# -- Ours --------------------------------------------------------------------------------------------------------------


class Queue:
    """The work queue and the list of due work on the scene's clock.

    What the product puts off comes back by the delay it asked for, and up to two seconds later. The schedules run every
    five minutes.
    """

    def __init__(self, here: Scene, stage: "Stage") -> None:
        self._here = here
        self._stage = stage
        self._chance = Random(SEED)
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, SyncCommand]] = []
        self._tick_ms = here.now_ms
        self.runs = 0

    def put(self, at_ms: int, command: "SyncCommand") -> None:
        """Put a command into the queue, visible from an instant."""
        heapq.heappush(self._waiting, (at_ms, next(self._numbers), command))

    def run(self, worker: "Worker", until: Callable[[], bool]) -> None:
        """Run everything when it is due, until the condition holds.

        Raises:
            RuntimeError: nothing is left to run and the condition does not hold.
        """
        idle_ticks = 0
        while not until():
            if self._waiting and self._waiting[0][0] <= self._tick_ms:
                at_ms, _, command = heapq.heappop(self._waiting)
                self._move_to(at_ms)
                worker.run(command)
                self.runs += 1
                idle_ticks = 0
            else:
                self._move_to(self._tick_ms)
                self._tick_ms = self._here.now_ms + TICK_MILLISECONDS
                self._stage.tick(0)
                idle_ticks += 1
                if idle_ticks > MAXIMUM_IDLE_TICKS:
                    raise RuntimeError("Nothing waits any more, and yet calls are missing.")
            self._collect()

    def _collect(self) -> None:
        from quayside.sync.commands import decode_command  # noqa: PLC0415 - the product, only when measured

        for message in self._stage.aws.messages():
            late = self._chance.randrange(LATEST_MILLISECONDS)
            due = self._here.now_ms + 1000 * message["delay_seconds"] + late
            self.put(due, decode_command(json.dumps(message["body"])))

    def _move_to(self, at_ms: int) -> None:
        ahead = at_ms - self._here.now_ms
        if ahead > 0:
            self._here.clock.advance(ahead / 1000)


class Ours:
    """The product's worker, connected to every account.

    Args:
        here: the scene.
        on: the AWS it works on.
    """

    def __init__(self, here: Scene, on: "Aws") -> None:
        from tests.support.amazon import Stage  # noqa: PLC0415 - the product, only when measured

        self._here = here
        self._stage = Stage(on, here.simulator, here.clock)
        self._queue = Queue(here, self._stage)
        self._worker = self._stage.new_worker(transport=here.amazon, use_cases=_use_cases(here))
        self._connected = [self._connect(number) for number in range(CONNECTIONS)]

    def run(self, part: Part) -> Figures:
        """Run a part."""
        from quayside.sync.commands import command  # noqa: PLC0415 - the product, only when measured

        here = self._here
        here.begin(part)
        for asked in _begun(part, here.requests):
            owner = self._connected[asked.connection]
            arguments = {"order_id": here.orders[asked.connection][0]}
            self._queue.put(
                here.began_ms + asked.after_ms,
                command(
                    KIND, owner.tenant_id, owner.connection_id, arguments,
                    cause="schedule", now=here.clock.now(), entropy=self._stage.entropy,
                ),
            )  # fmt: skip
        wanted = len(here.requests)
        self._queue.run(self._worker, lambda: here.amazon.let_through >= wanted)
        return here.figures()

    def _connect(self, number: int) -> "Purpose":
        """Put an account's refresh token where the broker finds it; it is all that a connection is here."""
        from quayside.kernel.ids import connection_id_of, tenant_id_of  # noqa: PLC0415 - only when measured
        from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above
        from quayside.storage import vault  # noqa: PLC0415 - as above

        seller, clock = self._here.sellers[number], self._here.clock
        tenant_id = tenant_id_of(f"owner-{number}")
        connection_id = connection_id_of(tenant_id, "NA", seller.selling_partner_id)
        grant = vault.Purpose(tenant_id, connection_id, vault.REFRESH_TOKEN)
        with tenant_scope(tenant_id):
            vault.put_credential(vault.Secret(self._here.simulator.lwa.authorise(seller)), grant, clock=clock)
        return grant


@contextmanager
def ours() -> Iterator[Ours]:
    """Set our side up for the length of the block."""
    from quayside.storage import vault  # noqa: PLC0415 - the product, only when measured
    from tests.support.aws import aws  # noqa: PLC0415 - as above

    with scene() as here:
        application = here.simulator.application
        with aws(
            clock=here.clock,
            lwa_client_id=application.client_id,
            amazon_application_id=application.application_id,
            lwa_token_url=f"{here.simulator.url}/auth/o2/token",
            sp_api_endpoint_na=f"{here.simulator.url}/na",
        ) as on:
            vault.put_client_secret(application.client_id, vault.Secret(application.client_secret), clock=here.clock)
            yield Ours(here, on)


def _begun(part: Part, requests: Sequence[Asked]) -> list[Asked]:
    """Return what begins by itself: every call, or of a walk its first page."""
    if not part.walks:
        return list(requests)
    return list({asked.connection: asked for asked in requests}.values())


def _use_cases(here: Scene) -> dict["Kind", "UseCase"]:
    """Return use cases that make the call as the product does and store nothing."""
    import msgspec  # noqa: PLC0415 - the product, only when measured

    from quayside.amazon.client import Caller  # noqa: PLC0415 - as above
    from quayside.amazon.operations import GET_ORDER as GET  # noqa: PLC0415 - as above
    from quayside.amazon.operations import SEARCH_ORDERS as SEARCH  # noqa: PLC0415 - as above
    from quayside.amazon.orders import decode_search  # noqa: PLC0415 - as above

    limited = msgspec.structs.replace(
        GET, application_rate=Decimal(str(APPLICATION.rate)), application_burst=APPLICATION.burst
    )

    def caller(work: "Work") -> Caller:
        return Caller(work.tenant_id, work.connection_id, "NA")

    def fetch(work: "Work") -> None:
        operation = limited if here.at_work.whole else GET
        work.amazon._call(operation, caller(work), work.command.arguments["order_id"], includedData=[INCLUDED])

    def search(work: "Work") -> None:
        arguments = work.command.arguments
        named: dict[str, Any] = {"paginationToken": arguments["token"]} if "token" in arguments else {}
        reply = work.amazon._call(
            SEARCH, caller(work), marketplaceIds=[MARKETPLACE], createdAfter=SINCE, maxResultsPerPage=1,
            includedData=[INCLUDED], **named,
        )  # fmt: skip
        token = decode_search(reply.body).next_token
        if token is not None:
            work.follow_up(KIND, {"token": token})

    return {KIND: lambda work: search(work) if here.at_work.walks else fetch(work)}


# -- Theirs ------------------------------------------------------------------------------------------------------------


class Plain:
    """The plain client, connected to every account."""

    def __init__(self, here: Scene) -> None:
        from tests.bench.plain_client import PlainClient  # noqa: PLC0415 - only when measured

        self._here = here
        self._clients = [PlainClient(here.amazon, seller, here.clock.simulated) for seller in here.sellers]

    def run(self, part: Part) -> Figures:
        """Run a part."""
        from tests.bench.plain_client import run_side_by_side  # noqa: PLC0415 - only when measured

        self._here.begin(part)
        run_side_by_side(self._here.clock.simulated, [self._program(number) for number in range(CONNECTIONS)])
        return self._here.figures()

    def _program(self, number: int) -> Callable[["Programs"], None]:
        here, client = self._here, self._clients[number]

        def walk(_: "Programs") -> None:
            client.walk(marketplaceIds=[MARKETPLACE], createdAfter=SINCE, maxResultsPerPage=1, includedData=[INCLUDED])

        def fetch(programs: "Programs") -> None:
            asked = [each.after_ms for each in here.requests if each.connection == number]
            for after_ms, group in itertools.groupby(asked):
                programs.sleep(max(0, here.began_ms + after_ms - here.now_ms) / 1000)
                client.get_orders([here.orders[number][0]] * len(list(group)), included=INCLUDED)

        return walk if here.at_work.walks else fetch


def measure(run: Run) -> Result:
    """Run every part with both and report the figures."""
    found: dict[str, list[tuple[Part, Figures]]] = {"ours": [], "plain": []}
    with handlers_log(run), ours() as mine, scene() as here:
        theirs = Plain(here)
        run.say(f"{CONNECTIONS} connections are open, to each its own account.")
        for number, part in enumerate(parts(run)):
            pair: list[tuple[str, Ours | Plain]] = [("ours", mine), ("plain", theirs)]
            for who, side in pair if number % 2 == 0 else reversed(pair):
                figures = side.run(part)
                found[who].append((part, figures))
                run.say(f"{part.name}, {who}: {figures.shown()}")
    return {**together(found["ours"]), "connections": CONNECTIONS, "plain": together(found["plain"])}
