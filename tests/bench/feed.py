"""20,000 changes of listings by a file: preview, apply, one feed, each row's outcome; nothing lost, nothing twice.

The file comes through the API's own routes, as the web app sends it. The worker runs in a process of its own
(``feed_probe``), so that its peak memory is the worker's alone: interpreter, botocore and pynamodb included; Amazon,
AWS, the API and the file are elsewhere. The embedded AWS has the real template's tables and queue, the API and the
worker have their roles. Amazon is the simulator behind its port, with its quotas; it refuses 3 % of the rows, for it
takes their prices for mistakes.

The trouble, by a fixed seed: the process of the worker is killed at random steps and right after Amazon took the feed,
messages are delivered twice, and a second worker does the same message in between two steps of the first.

What Amazon did is read from the simulator's own record: the messages of the feeds that it processed, less those that
it refused, and the listings as they stand. ``twice`` are rows that it applied more than once. ``lost`` are rows that
it should have applied and did not, whose listing is not what the file says, or of which the product does not tell what
Amazon made of them. ``calls`` are all calls to Amazon's API from the preview to the last row's outcome.
``progress_states`` are how many different states a screen saw that asked four times a second.
"""

import gzip
import heapq
import itertools
import json
import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tests.bench.catalogue import Result
from tests.bench.deployment import Function, as_function, deploy
from tests.bench.embedded_aws import EmbeddedAws, embedded_aws
from tests.bench.harness import REPOSITORY, NotMeasurableError, Run, chunks, environment, handlers_log
from tests.bench.shop import MARKETPLACE, SUBJECT, addresses, operator, sign_up, simulated

if TYPE_CHECKING:
    from infra.simulator.server import Simulator
    from infra.simulator.world import Listing, Seller
    from quayside.kernel.ids import ConnectionId
    from tests.bench.feed_probe import Became, Peril
    from tests.bench.product import Api, Part

ROWS = 20_000
ROWS_A_PART = 1_000
"""As many as the web app sends at once."""
REFUSED_SHARE = 0.03
MERCHANT_SHARE = 0.4
SEED = 20261123
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLL_SECONDS = 0.25
VISIBILITY_MS = 730_000
"""When a message whose worker died is delivered again, by the template."""
LONGEST_DELIVERIES = 200
SEND, CHECK, COLLECT = "listings.send_file", "listings.check_file", "listings.collect_file"
KINDS = frozenset({SEND, CHECK, COLLECT})


@dataclass(frozen=True)
class Change:
    """One row of the file: which line, which SKU, what it is to be, and whether Amazon will refuse it."""

    line: int
    seller_sku: str
    price_minor: int
    quantity: int | None
    is_refused: bool


@dataclass(frozen=True)
class Difference:
    """What became of the rows: lost ones, ones applied twice, and refused ones that were applied all the same."""

    lost: int
    twice: int
    unwanted: int


def difference(
    changes: Sequence[Change],
    applied: Mapping[str, int],
    standing: Mapping[str, tuple[int, int | None]],
    told: Mapping[int, str],
) -> Difference:
    """Compare a file with what Amazon did and with what the product tells.

    Args:
        changes: the rows.
        applied: how often Amazon applied a change, by SKU.
        standing: price and quantity at Amazon, by SKU.
        told: the state of each row in the product, by line.
    """
    lost = unwanted = 0
    for change in changes:
        done = applied.get(change.seller_sku, 0)
        if change.is_refused:
            unwanted += done > 0
            lost += told.get(change.line) != "rejected"
            continue
        price, quantity = standing[change.seller_sku]
        is_so = price == change.price_minor and change.quantity in {None, quantity}
        lost += not (done and is_so and told.get(change.line) == "accepted")
    return Difference(lost, sum(count > 1 for count in applied.values()), unwanted)


def file_of(listings: Sequence["Listing"], chance: Random) -> list[Change]:
    """Return a change for every listing; Amazon refuses some of the prices, each twenty times what it was."""
    refused = set(chance.sample(range(len(listings)), round(len(listings) * REFUSED_SHARE)))
    return [
        Change(
            line=number + 2,
            seller_sku=listing.sku,
            price_minor=listing.price_minor * 20 if number in refused else listing.price_minor + chance.randint(1, 400),
            quantity=None if listing.by_amazon else chance.randint(500, 900),
            is_refused=number in refused,
        )
        for number, listing in enumerate(listings)
    ]


def csv_of(changes: Iterable[Change]) -> str:
    """Write rows of the file."""
    rows = (
        f"{each.seller_sku},{each.price_minor // 100}.{each.price_minor % 100:02},"
        f"{'' if each.quantity is None else each.quantity}\n"
        for each in changes
    )
    return "seller_sku,price,quantity\n" + "".join(rows)


def measure(run: Run) -> Result:
    """Have the file applied, and compare what Amazon did with it."""

    def make(simulator: "Simulator") -> "Seller":
        return _stocked(simulator, run.share(ROWS))

    with (
        embedded_aws(run) as aws,
        environment(operator(aws)),
        handlers_log(run),
        simulated(START, make, seed=SEED) as (_, simulator, seller),
    ):
        simulator.start()
        functions = deploy(aws, ("SyncWorker", "SellerApi"), addresses(simulator.url))
        bench = Bench(run, aws, functions, simulator, seller)
        changes = file_of(simulator.world.listings_of(seller, MARKETPLACE), Random(SEED))
        bench.bring(changes)
        bench.work()
        return bench.report(changes)


def _stocked(simulator: "Simulator", count: int) -> "Seller":
    from infra.simulator import listing_life  # noqa: PLC0415 - the simulator, only when measured

    world, chance = simulator.world, Random(SEED + 1)
    seller = world.open_empty_account("na", [MARKETPLACE], name="Quiet Pier", selling_partner_id="A1BENCHFEED001")
    with world.lock:
        for number in range(count):
            listing = world.add_listing(
                seller, MARKETPLACE, sku=f"SHELF-{number:05}", asin=f"B0{number:08}", fnsku=f"X0{number:08}",
                title=f"Shelf of {number} boards", price_minor=chance.randint(800, 9_000),
                by_amazon=chance.random() >= MERCHANT_SHARE,
            )  # fmt: skip
            if not listing.by_amazon:
                listing_life.set_quantity(world, listing, chance.randint(1, 400), world.now_ms)
        world.commit()
    return seller


class Bench:
    """A connected seller whose listings are stored, the API, the queue, and the worker."""

    def __init__(
        self,
        run: Run,
        aws: EmbeddedAws,
        functions: Mapping[str, Function],
        simulator: "Simulator",
        seller: "Seller",
    ) -> None:
        from quayside.kernel.observability import CountedMetrics  # noqa: PLC0415 - the product, only when measured
        from quayside.storage.connection import STORES_CREDENTIALS, USES_CREDENTIALS  # noqa: PLC0415 - as above
        from tests.bench.product import DelaysOnTheClock, api_of, part_of  # noqa: PLC0415 - as above

        self._run = run
        self._aws = aws
        self._functions = functions
        self._simulator = simulator
        self._seller = seller
        self._chance = Random(SEED + 2)
        self._worker_part = part_of(aws, functions["SyncWorker"], USES_CREDENTIALS)
        with DelaysOnTheClock(simulator.clock).active():
            part = part_of(aws, functions["SellerApi"], STORES_CREDENTIALS)
            self._api: Api = api_of(
                part, simulator.clock, CountedMetrics(), SUBJECT, sign_up(part.store, functions, simulator)
            )
        self._connection_id = _connected(self._worker_part, simulator, seller)
        self._before = self._calls()
        self._file_id = ""
        self._shown: set[tuple[object, ...]] = set()
        self._seen: Counter[str] = Counter()
        self._peak = 0.0
        run.say("The account is connected, its listings are stored.")

    # -- Preview -------------------------------------------------------------------------------------------------------

    def bring(self, changes: Sequence[Change]) -> None:
        """Bring the file in parts, look at its preview, and have it applied; every request is made twice."""
        account = {"connection_id": self._connection_id}
        begun = self._api.post("/catalog/files", {**account, "marketplace_id": MARKETPLACE, "name": "Spring prices"})
        self._file_id = begun["file_id"]
        for number, rows in enumerate(chunks(changes, ROWS_A_PART)):
            body = {**account, "number": number, "first_line": rows[0].line, "csv": csv_of(rows)}
            self._api.post(self._at("/parts"), body)
            self._look()
        self._api.post(self._at("/parts"), body)
        for _ in range(2):
            file = self._api.post(self._at("/complete"), account)
        self._look()
        if file["counts"] != {"change": len(changes)}:
            raise NotMeasurableError(f"the preview is not of {len(changes)} changes: {file['counts']}")
        self._run.say(f"The preview shows {len(changes)} changes.")
        for _ in range(2):
            self._api.post(self._at("/apply"), {**account, "step": file["step"]})
        self._look()

    def _at(self, path: str) -> str:
        return f"/catalog/files/{self._file_id}{path}"

    def _look(self) -> dict[str, Any]:
        """Look at the file as the screen does."""
        file: dict[str, Any] = self._api.get(self._at(""), connection_id=self._connection_id)
        self._shown.add((file["state"], file["parts"], file["collected"]))
        return file

    # -- Work ----------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Deliver messages until none waits, with all trouble."""
        waiting: list[tuple[int, int, str, int]] = []
        numbers = itertools.count()
        perils = self._perils()
        clock = self._simulator.clock
        with as_function(self._aws, self._functions["SyncWorker"]):
            worker = Worker(self._run)
            try:
                for _ in range(LONGEST_DELIVERIES):
                    for due, body in self._messages():
                        heapq.heappush(waiting, (due, next(numbers), body, 1))
                    if not waiting:
                        break
                    due, _, body, received = heapq.heappop(waiting)
                    kind = str(json.loads(body)["kind"])
                    self._simulator.advance(max(0, due - clock.now_ms()) / 1000)
                    peril = next(perils[kind], None)
                    became = self._deliver(worker, body, received, peril)
                    self._seen[kind] += 1
                    if became.died or became.failed:
                        heapq.heappush(waiting, (clock.now_ms() + VISIBILITY_MS, next(numbers), body, received + 1))
                    elif self._chance.random() < 0.5:
                        self._seen["delivered_twice"] += 1
                        again = clock.now_ms() + self._chance.choice((0, 20_000, 90_000))
                        heapq.heappush(waiting, (again, next(numbers), body, received + 1))
                    if became.died:
                        worker.end()
                        worker = Worker(self._run)
            finally:
                worker.end()
        self._run.say(f"Done after {dict(self._seen)}.")

    def _perils(self) -> dict[str, Iterator["Peril | None"]]:
        """Return what befalls the deliveries of each kind, one after the other."""
        from tests.bench.feed_probe import Peril  # noqa: PLC0415 - the product, only when measured

        parts = -(-self._run.share(ROWS) // ROWS_A_PART)

        def steps(most: int, *, dies: bool) -> Peril:
            return Peril(dies=dies, step=self._chance.randint(1, most))

        most_send, most_collect = 20 * parts, 1_500 * parts
        return {
            SEND: iter([
                steps(most_send, dies=False), steps(most_send, dies=True), Peril(dies=True, after="upload"),
                Peril(dies=True, after="createFeed"), Peril(dies=False, after="getFeeds"),
            ]),
            CHECK: iter([steps(8, dies=False), steps(8, dies=True)]),
            COLLECT: iter([
                steps(most_collect, dies=True), steps(most_collect, dies=False), steps(most_collect // 2, dies=True),
                steps(most_collect // 3, dies=True),
            ]),
        }  # fmt: skip

    def _deliver(self, worker: "Worker", body: str, received: int, peril: "Peril | None") -> "Became":
        from tests.bench.feed_probe import Delivery  # noqa: PLC0415 - the product, only when measured

        worker.take(Delivery(self._simulator.clock.now_ms(), body, received, peril))
        while (became := worker.answer(POLL_SECONDS)) is None:
            self._look()
        self._peak = max(self._peak, became.peak_memory_mb)
        if became.struck:
            self._seen["died" if became.died else "second_worker"] += 1
        self._seen["failed"] += became.failed and not became.died
        file = self._look()
        self._run.say(f"{json.loads(body)['kind']}: {file['state']}, {file['collected']} of {file['parts']} parts.")
        return became

    def _messages(self) -> Iterator[tuple[int, str]]:
        """Take all messages of the file out of the queue; other work is left out."""
        store = self._worker_part.store
        url = self._worker_part.settings.work_queue_url
        sqs = store.system.sqs
        while True:
            found = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageAttributeNames=["due_ms"]
            ).get("Messages", [])
            if not found:
                return
            for message in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if json.loads(message["Body"])["kind"] in KINDS:
                    yield int(message["MessageAttributes"]["due_ms"]["StringValue"]), message["Body"]

    # -- What came of it -----------------------------------------------------------------------------------------------

    def report(self, changes: Sequence[Change]) -> Result:
        """Compare the file with what Amazon did and with what the product tells."""
        file = self._look()
        told = {
            row["line"]: row["state"]
            for part in range(file["parts"])
            for row in self._api.get(self._at("/rows"), connection_id=self._connection_id, part=str(part))["rows"]
        }
        listings = self._simulator.world.listings_of(self._seller, MARKETPLACE)
        standing = {each.sku: (each.price_minor, each.offered) for each in listings}
        feeds, applied = applied_changes(self._simulator, self._seller)
        found = difference(changes, applied, standing, told)
        calls = self._calls() - self._before
        return {
            "rows": len(changes),
            "lost": found.lost,
            "twice": found.twice,
            "calls": calls.total(),
            "peak_memory_mb": self._peak,
            "progress_states": len(self._shown),
            "refused_by_amazon": sum(each.is_refused for each in changes),
            "unwanted": found.unwanted,
            "feeds": feeds,
            "throttled": self._throttled(),
            "calls_by_operation": dict(sorted(calls.items())),
            "state": file["state"],
            "told": dict(sorted(Counter(told.values()).items())),
            "trouble": dict(sorted(self._seen.items())),
            "simulated_minutes": round((self._simulator.clock.now() - START).total_seconds() / 60, 1),
        }

    def _calls(self) -> Counter[str]:
        found = self._simulator.quotas.report()
        return Counter({operation: cast("int", each["calls"]) for operation, each in found.items()})

    def _throttled(self) -> int:
        return sum(cast("int", each["throttled"]) for each in self._simulator.quotas.report().values())


def applied_changes(simulator: "Simulator", seller: "Seller") -> tuple[int, Counter[str]]:
    """Return how many feeds Amazon has of a seller, and how often it applied a change of each SKU, by its record."""
    read = simulator.world.storage.connection.execute

    def document(document_id: str | None) -> dict[str, Any]:
        (row,) = read("SELECT compressed, body FROM feed_documents WHERE document_id = ?", (document_id,))
        found: dict[str, Any] = json.loads(gzip.decompress(row[1]) if row[0] else row[1])
        return found

    applied: Counter[str] = Counter()
    with simulator.world.lock:
        feeds = simulator.feeds.between(seller, 0, simulator.clock.now_ms())
        for feed in feeds:
            if feed.outcome == "DONE":
                refused = {issue.get("messageId") for issue in document(feed.result)["issues"]}
                messages = document(feed.input)["messages"]
                applied.update(each["sku"] for each in messages if each["messageId"] not in refused)
    return len(feeds), applied


def _connected(part: "Part", simulator: "Simulator", seller: "Seller") -> "ConnectionId":
    """Store the account and its listings as connecting and the daily report leave them."""
    from infra.simulator import listing_life  # noqa: PLC0415 - the simulator, only when measured
    from quayside.catalog import store as catalog  # noqa: PLC0415 - the product, only when measured
    from quayside.catalog.rules import Price, ReportedListing  # noqa: PLC0415 - as above
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above
    from quayside.storage import vault  # noqa: PLC0415 - as above
    from quayside.storage.connection import binding  # noqa: PLC0415 - as above
    from tests.support.sellers import connect  # noqa: PLC0415 - as above

    clock = simulator.clock
    with binding(part.store):
        ours = connect(clock, subject=SUBJECT, seller=seller.selling_partner_id, fresh=False)
        grant = vault.Purpose(ours.tenant_id, ours.connection_id, vault.REFRESH_TOKEN)
        with tenant_scope(ours.tenant_id):
            vault.put_credential(vault.Secret(simulator.lwa.authorise(seller)), grant, clock=clock)
            listings = [
                (
                    each.sku,
                    ReportedListing(
                        status="Active", asin=each.asin, title=each.title, price=Price(each.price_minor, "USD"),
                        quantity=None if each.by_amazon else listing_life.quantity(simulator.world, each),
                        channel="AMAZON_NA" if each.by_amazon else "DEFAULT",
                    ),
                )
                for each in simulator.world.listings_of(seller, MARKETPLACE)
            ]  # fmt: skip
            for some in chunks(listings, 1_000):
                catalog.put_reported(ours.connection_id, MARKETPLACE, some, at=clock.now(), received_at=clock.now())
    return ours.connection_id


class Worker:
    """The process of the worker, in the environment that this one has when it is started."""

    def __init__(self, run: Run) -> None:
        self._log = (run.scratch / "worker.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.feed_probe"],
            cwd=REPOSITORY, env=dict(os.environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._path = run.scratch / "worker.log"

    def take(self, delivery: msgspec.Struct) -> None:
        """Hand a delivery over."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(delivery) + b"\n")
        self._process.stdin.flush()

    def answer(self, seconds: float) -> "Became | None":
        """Return what came of the delivery, or None when that is not known within some seconds.

        Raises:
            NotMeasurableError: the process ended without a word.
        """
        from tests.bench.feed_probe import Became  # noqa: PLC0415 - the product, only when measured

        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            return None
        line = self._process.stdout.readline()
        if not line:
            said = self._path.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise NotMeasurableError(f"the worker ended without a word: {said}")
        return msgspec.json.decode(line, type=Became)

    def end(self) -> None:
        """Let the process end, and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()
