"""Reports for tests: files as Amazon writes them, an Amazon that makes them, and a worker without one.

``FakeAmazon`` keeps reports as Amazon does and lets a test decide what becomes of each; ``Reports`` plays the work
queue on a clock moved by hand. Nothing is patched: the use cases get both as they get the real ones.
"""

import gzip
import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, cast

import msgspec

from quayside.amazon.client import Caller
from quayside.amazon.documents import CANCELLED, DONE, FATAL, IN_PROGRESS, DocumentAddress, ReportAnswer, ReportsPage
from quayside.amazon.errors import AddressExpired, AmazonUnavailable
from quayside.amazon.report_rows import Row
from quayside.amazon.reports import KINDS, PIECE_BYTES
from quayside.connections import service as connections
from quayside.connections.records import DatasetHealth
from quayside.kernel.clock import FixedClock
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.vault import Secret
from quayside.sync import report_runs, reports
from quayside.sync.commands import Cause, Kind, SyncCommand, decode_command
from quayside.sync.report_loading import Sizes
from quayside.sync.report_runs import ReportRun
from quayside.sync.service import Desk, Notes, Work, fire_due
from quayside.sync.sinks import Applied, ReportLoad, ReportSink
from tests.support.aws import Aws
from tests.support.sellers import ConnectedSeller, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from quayside.amazon.client import AmazonClient
    from quayside.amazon.tokens import TokenBroker
    from quayside.sync.service import UseCase

ORDER_HEADER = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
    "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state", "ship-postal-code", "ship-country",
    "promotion-ids", "is-business-order", "purchase-order-number", "price-designation", "is-iba",
)  # fmt: skip
"""The header of Amazon's reports of all orders, as documented."""

SECRETS = ("PLANTED-CITY", "PLANTED-STATE", "98101-1234", "PLANTED-PO")
"""What must never be kept of an order."""


def order_id(number: int) -> str:
    """Return the order id with this number."""
    return f"902-{number:07d}-{number:07d}"


def order_cells(number: int = 1, **changes: str) -> dict[str, str]:
    """Return the cells of one row by column; names with underscores stand for dashes."""
    cells = dict.fromkeys(ORDER_HEADER, "") | {
        "amazon-order-id": order_id(number),
        "purchase-date": "2026-11-01T18:00:00+00:00",
        "last-updated-date": "2026-11-02T07:00:00+00:00",
        "order-status": "Shipped",
        "fulfillment-channel": "Amazon",
        "sales-channel": "Amazon.com",
        "order-channel": "WebsiteOrderChannel",
        "ship-service-level": "Expedited",
        "product-name": "Coffee beans",
        "sku": "SKU-1",
        "asin": "B000000001",
        "item-status": "Shipped",
        "quantity": "1",
        "currency": "USD",
        "item-price": "19.99",
        "item-tax": "1.65",
        "shipping-price": "4.99",
        "item-promotion-discount": "1.00",
        "ship-city": SECRETS[0],
        "ship-state": SECRETS[1],
        "ship-postal-code": SECRETS[2],
        "ship-country": "US",
        "is-business-order": "false",
        "purchase-order-number": SECRETS[3],
        "is-iba": "false",
    }
    return cells | {name.replace("_", "-"): value for name, value in changes.items()}


def table(rows: Sequence[Mapping[str, str]], header: Sequence[str] = ORDER_HEADER, *, newline: str = "\n") -> str:
    """Return a flat file with these rows."""
    lines = ["\t".join(header), *("\t".join(row.get(name, "") for name in header) for row in rows)]
    return newline.join([*lines, ""])


class MadeReport(msgspec.Struct):
    """A report of Amazon's: what was asked for, and what becomes of it."""

    report_id: str
    report_type: str
    marketplace_ids: tuple[str, ...]
    data_start: datetime | None
    data_end: datetime | None
    created: datetime
    options: dict[str, str] | None
    status: str = IN_PROGRESS
    content: bytes = b""

    @property
    def document_id(self) -> str | None:
        """The id of its document, when there is one."""
        return f"document-{self.report_id}" if self.status == DONE else None


class FakeAmazon:
    """Keeps reports. ``making`` decides what becomes of one when it is asked for: status and content."""

    def __init__(self, clock: FixedClock, prefix: str = "") -> None:
        """``prefix`` begins the ids of reports, for two fakes in one world must not give the same."""
        self._clock = clock
        self._prefix = prefix
        self.made: list[MadeReport] = []
        self.calls: Counter[str] = Counter()
        self.making: Callable[[MadeReport], tuple[str, str | bytes]] = lambda _: (DONE, table([]))
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.page_size = 100
        self.addresses: dict[str, datetime] = {}
        self.chunk = 1000

    def create_report(
        self,
        caller: Caller,
        report_type: str,
        marketplace_ids: Sequence[str],
        *,
        data_start: datetime | None = None,
        data_end: datetime | None = None,
        options: Mapping[str, str] | None = None,
    ) -> str:
        self._called("createReport", caller)
        made = MadeReport(
            f"{self._prefix}{len(self.made) + 1}",
            report_type,
            tuple(marketplace_ids),
            data_start,
            data_end,
            self._clock.now(),
            dict(options) if options else None,
        )
        self.made.append(made)
        made.status, content = self.making(made)
        made.content = content.encode() if isinstance(content, str) else content
        self.after("createReport")
        return made.report_id

    def report(self, caller: Caller, report_id: str) -> ReportAnswer:
        self._called("getReport", caller)
        return self._answer(self._find(report_id))

    def reports(
        self,
        caller: Caller,
        report_types: Sequence[str],
        *,
        created_since: datetime | None = None,
        next_token: str | None = None,
        page_size: int = 100,
    ) -> ReportsPage:
        self._called("getReports", caller)
        wanted = [
            each
            for each in reversed(self.made)
            if each.report_type in report_types and (created_since is None or each.created >= created_since)
        ]
        start = int(next_token or 0)
        size = min(page_size, self.page_size)
        token = str(start + size) if start + size < len(wanted) else None
        return ReportsPage(tuple(self._answer(each) for each in wanted[start : start + size]), token)

    def report_document(self, caller: Caller, document_id: str) -> DocumentAddress:
        self._called("getReportDocument", caller)
        report_id = document_id.removeprefix("document-")
        self._find(report_id)
        url = f"https://documents.s3.amazonaws.com/{report_id}?signature={len(self.addresses)}"
        self.addresses[url] = self._clock.now() + timedelta(minutes=5)
        return DocumentAddress(document_id, Secret(url), "GZIP")

    @contextmanager
    def stream(self, url: Secret) -> Iterator[Iterator[bytes]]:
        """Hand out a document while its address is good."""
        self.before("download")
        ends = self.addresses[url.reveal()]
        if self._clock.now() >= ends:
            raise AddressExpired("the document store did not hand it out", operation="download", status=403)
        report_id = url.reveal().split("?")[0].rsplit("/", 1)[1]
        content = gzip.compress(self._find(report_id).content, mtime=0)
        self.calls["download"] += 1
        yield (content[place : place + self.chunk] for place in range(0, len(content), self.chunk))

    def by_itself(self, report_type: str, content: str, **changes: Any) -> MadeReport:
        """Make a report that nobody asked for."""
        made = MadeReport(
            f"own-{len(self.made) + 1}", report_type, (), None, None, self._clock.now(), None, DONE, content.encode()
        )
        self.made.append(msgspec.structs.replace(made, **changes))
        return self.made[-1]

    def _called(self, operation: str, caller: Caller) -> None:
        assert caller.region == "NA"
        self.before(operation)
        self.calls[operation] += 1

    def _find(self, report_id: str) -> MadeReport:
        return next(each for each in self.made if each.report_id == report_id)

    @staticmethod
    def _answer(made: MadeReport) -> ReportAnswer:
        ended = made.created + timedelta(minutes=1) if made.status in {DONE, CANCELLED, FATAL} else None
        return ReportAnswer(
            made.report_id,
            made.report_type,
            made.status,
            made.document_id,
            made.data_start,
            made.data_end,
            made.created,
            ended,
            made.marketplace_ids,
        )


class Sink:
    """Remembers what it was given; says of every row that it is new."""

    def __init__(self) -> None:
        self.loads: list[tuple[ReportLoad, list[Row]]] = []
        self.rejects: Callable[[Row], bool] = lambda _: False

    def __call__(self, load: ReportLoad, rows: Sequence[Row]) -> Applied:
        """Take rows."""
        self.loads.append((load, list(rows)))
        return Applied(len(rows), 0)

    @property
    def lines(self) -> list[int]:
        """The lines of all rows, in the order they came."""
        return [row.line for _, rows in self.loads for row in rows]


class Reports:
    """A worker of reports with its queue, its clock and its Amazon."""

    def __init__(
        self,
        aws: Aws,
        *,
        sinks: Mapping[str, ReportSink] | None = None,
        seller: ConnectedSeller | None = None,
        sizes: Sizes | None = None,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self._sizes = sizes or Sizes()
        self._piece_bytes = piece_bytes
        self.aws = aws
        self.clock = aws.clock
        self.seller = seller or connect(aws.clock)
        self.amazon = FakeAmazon(aws.clock, "" if seller is None else f"{seller.connection_id}-")
        self.sink = Sink()
        self.sinks = sinks or dict.fromkeys(KINDS, self.sink)
        self.entropy = Random(11).randbytes
        self.time_is_short: Callable[[], bool] = lambda: False
        self.desk = Desk(self.clock, self.entropy)
        self.other: list[SyncCommand] = []
        self.done: list[SyncCommand] = []
        self._waiting: list[tuple[datetime, int, SyncCommand]] = []
        self._sent = 0

    @property
    def tenant_id(self) -> TenantId:
        """Whose reports they are."""
        return self.seller.tenant_id

    @property
    def connection_id(self) -> ConnectionId:
        """Of which connection they are."""
        return self.seller.connection_id

    def command(self, kind: Kind, cause: Cause = "schedule", **arguments: str) -> SyncCommand:
        """Return a fresh command."""
        return self.desk.command(kind, self.tenant_id, self.connection_id, arguments, cause)

    def work(self, command: SyncCommand) -> Work:
        """Return what a use case gets for a command; the tenant has to be in scope."""
        return Work(
            command=command,
            amazon=cast("AmazonClient", self.amazon),
            tokens=cast("TokenBroker", None),
            downloads=self.amazon,
            desk=self.desk,
            clock=self.clock,
            entropy=self.entropy,
            connection=connections.live(self.connection_id),
            notes=Notes(),
            time_is_short=self.time_is_short,
        )

    def do(self, command: SyncCommand) -> None:
        """Run one command to its end, with whatever it raises."""
        use_cases: dict[str, UseCase] = {
            "orders.history": reports.orders_history,
            "report.request": reports.request,
            "report.check": reports.check,
            "report.collect": reports.collecting(self._piece_bytes),
            "report.load": reports.load(self.sinks, self._sizes),
            "report.find": reports.find,
        }
        use_case = use_cases.get(command.kind)
        with tenant_scope(self.tenant_id):
            if use_case is None:
                self.other.append(command)
            else:
                use_case(self.work(command))
        self.done.append(command)

    def plan(self, report_type: str, window: tuple[datetime, datetime] | None = None, *, again: bool = False) -> bool:
        """Plan a report, of the last day unless a window is given."""
        start, end = window or (self.clock.now() - timedelta(days=1), self.clock.now())
        with tenant_scope(self.tenant_id):
            marketplaces = connections.get(self.connection_id).marketplace_ids
            work = self.work(self.command("orders.search"))
            return reports.plan(work, report_type, marketplaces, data_start=start, data_end=end, again=again)

    def collect_messages(self) -> list[SyncCommand]:
        """Take what is on the queue into the waiting list, and return all that waits, soonest first."""
        for message in self.aws.messages():
            self._sent += 1
            at = self.clock.now() + timedelta(seconds=message["delay_seconds"])
            heapq.heappush(self._waiting, (at, self._sent, decode_command(json.dumps(message["body"]))))
        return [each[2] for each in sorted(self._waiting, key=lambda each: each[:2])]

    def step(self) -> SyncCommand | None:
        """Run the next command, moving the clock to when it is due. What is due later than a queue can hold counts."""
        self.collect_messages()
        if not self._waiting:
            return None
        at, _, command = heapq.heappop(self._waiting)
        if at > self.clock.now():
            self.clock.advance((at - self.clock.now()).total_seconds())
        try:
            self.do(command)
        except AmazonUnavailable:
            self._sent += 1
            again = msgspec.structs.replace(command, attempt=command.attempt + 1)
            heapq.heappush(self._waiting, (self.clock.now() + timedelta(seconds=5), self._sent, again))
        return command

    def run(self, *, steps: int = 500, quiet_hours: int = 0) -> int:
        """Run commands until none waits; then let as many hours pass and fire what is due."""
        count = 0
        for _ in range(quiet_hours * 12 + 1):
            while self.step() is not None:
                count += 1
                assert count < steps, f"still not done: {self.collect_messages()[:3]}"
            if quiet_hours:
                self.clock.advance(300)
                fire_due(clock=self.clock, entropy=self.entropy)
        return count

    def redeliver(self, command: SyncCommand) -> None:
        """Put a command on the queue again."""
        self._sent += 1
        heapq.heappush(self._waiting, (self.clock.now(), self._sent, command))

    def runs(self, report_type: str) -> list[ReportRun]:
        """Return the runs of a type, the newest window first."""
        with tenant_scope(self.tenant_id):
            return list(report_runs.newest_first(self.connection_id, report_type))

    def run_of(self, report_type: str) -> ReportRun:
        """Return the only run of a type."""
        (found,) = self.runs(report_type)
        return found

    def health(self, dataset: str) -> DatasetHealth:
        """Return the health of a dataset."""
        with tenant_scope(self.tenant_id):
            return connections.health_of(self.connection_id)[dataset]
