"""The making of reports in simulated time: asked for, queued, worked on, finished, told, forgotten after 90 days."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from infra.simulator import entropy, settlements
from infra.simulator.clock import DAY, HOUR, SECOND
from infra.simulator.faults import Faults
from infra.simulator.reports import listings, orders, restock, returns, sales_and_traffic
from infra.simulator.reports import settlements as settlement_report
from infra.simulator.reports.documents import Documents
from infra.simulator.reports.making import JSON, Kind, Made, ReportFailedError, Wanted, make
from infra.simulator.world import Seller, World

KINDS: dict[str, Kind] = {
    each.name: each
    for each in (
        orders.BY_ORDER_DATE,
        orders.BY_LAST_UPDATE,
        listings.MERCHANT_LISTINGS,
        returns.CUSTOMER_RETURNS,
        sales_and_traffic.SALES_AND_TRAFFIC,
        restock.RESTOCK_RECOMMENDATIONS,
        settlement_report.SETTLEMENT,
    )
}
IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL = "IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"
STATUSES = (CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE)
RETENTION_MS = 90 * DAY
PERIODS_MS = {
    "PT5M": HOUR // 12, "PT15M": HOUR // 4, "PT30M": HOUR // 2, "PT1H": HOUR, "PT2H": 2 * HOUR, "PT4H": 4 * HOUR,
    "PT8H": 8 * HOUR, "PT12H": 12 * HOUR, "P1D": DAY, "P2D": 2 * DAY, "P3D": 3 * DAY, "PT84H": 84 * HOUR,
    "P7D": 7 * DAY, "P14D": 14 * DAY, "P15D": 15 * DAY, "P18D": 18 * DAY, "P30D": 30 * DAY, "P1M": 30 * DAY,
}  # fmt: skip
_BEGIN, _END, _SCHEDULED = "report_begin", "report_end", "report_schedule"
_NOTIFICATION = "REPORT_PROCESSING_FINISHED"
_QUEUED_SECONDS = (4, 20)


@dataclass(frozen=True, slots=True)
class Report:
    """One report as stored. Instants are epoch milliseconds; ``start`` and ``end`` are the window asked for."""

    pk: int
    seller: int
    kind: str
    created: int
    status: str
    marketplaces: list[str]
    start: int | None = None
    end: int | None = None
    options: dict[str, str] = field(default_factory=dict)
    begun: int | None = None
    ended: int | None = None
    document_id: str | None = None
    schedule: int | None = None
    settlement: int = 0
    too_soon: bool = False

    @property
    def report_id(self) -> str:
        """Amazon's id of it."""
        return str(51_000_000_000 + self.pk)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Reports that Amazon makes again and again for the application."""

    pk: int
    seller: int
    kind: str
    marketplaces: list[str]
    options: dict[str, str]
    period: str
    next_at: int

    @property
    def schedule_id(self) -> str:
        """Amazon's id of it."""
        return self.id_of(self.pk)

    @staticmethod
    def id_of(pk: int) -> str:
        """Return Amazon's id of a schedule's number."""
        return str(61_000_000_000 + pk)


class Reports:
    """All reports and their schedules. Everything is called under the world's lock."""

    def __init__(self, world: World, faults: Faults, key: bytes) -> None:
        self._world = world
        self._connection = world.storage.connection
        self._faults = faults
        self.documents = Documents(world, key)
        world.handlers |= {
            _BEGIN: self._begin,
            _END: self._end,
            _SCHEDULED: self._scheduled,
            settlements.REPORT_EVENT: self._settled,
        }

    # ------------------------------------------------------------------ asked for

    def request(  # noqa: PLR0913  a request has this many parts
        self,
        seller: Seller,
        kind: Kind,
        marketplaces: Sequence[str],
        *,
        start: int | None = None,
        end: int | None = None,
        options: dict[str, str] | None = None,
        at: int,
        schedule: int | None = None,
    ) -> Report:
        """Take a request, and plan when its processing begins and ends."""
        self._forget_old(at)
        asked = Report(0, seller.pk, kind.name, at, IN_QUEUE, list(marketplaces), start, end, options or {})
        report = self._insert(replace(asked, schedule=schedule))
        report = replace(report, too_soon=self._is_too_soon(kind, report))
        self._save(report)
        chance = entropy.generator(self._world.seed, seller.seed, "report", report.pk)
        queued = SECOND * chance.randint(*_QUEUED_SECONDS)
        rows = kind.size(self._world, self._wanted(kind, report, at))
        working = max(kind.processing_ms(rows, chance.random()) - queued, SECOND)
        self._world.schedule(at + queued, seller.pk, _BEGIN, report.pk)
        self._world.schedule(at + queued + working, seller.pk, _END, report.pk)
        return report

    def cancel(self, report: Report) -> bool:
        """Cancel a report that waits in the queue; False when it is too late for that."""
        if report.status != IN_QUEUE:
            return False
        self._finish(replace(report, status=CANCELLED, ended=self._world.now_ms), self._world.now_ms)
        return True

    def schedule(  # noqa: PLR0913, PLR0917  a schedule has this many parts
        self,
        seller: Seller,
        kind: Kind,
        marketplaces: Sequence[str],
        options: dict[str, str],
        period: str,
        next_at: int,
    ) -> Schedule:
        """Make reports from now on; a schedule of the same type and marketplaces is replaced."""
        for each in self.schedules(seller, [kind.name]):
            if sorted(each.marketplaces) == sorted(marketplaces):
                self.unschedule(each)
        pk = self._number()
        found = Schedule(pk, seller.pk, kind.name, list(marketplaces), options, period, next_at)
        self._connection.execute(
            "INSERT INTO report_schedules (pk, seller, kind, document) VALUES (?, ?, ?, ?)",
            (pk, seller.pk, kind.name, json.dumps(asdict(found))),
        )
        self._world.schedule(next_at, seller.pk, _SCHEDULED, pk)
        return found

    def unschedule(self, schedule: Schedule) -> None:
        """Make no more reports of a schedule."""
        self._connection.execute("DELETE FROM report_schedules WHERE pk = ?", (schedule.pk,))

    # ------------------------------------------------------------------ looked for

    def report(self, seller: Seller, report_id: str) -> Report | None:
        """Return a seller's report by Amazon's id, or None."""
        if not report_id.isdecimal():
            return None
        rows = self._select("pk = ? AND seller = ?", (int(report_id) - 51_000_000_000, seller.pk), 1)
        return rows[0] if rows else None

    def of_document(self, seller: Seller, document_id: str) -> Report | None:
        """Return the report that a document belongs to, or None."""
        condition = "seller = ? AND json_extract(document, '$.document_id') = ?"
        rows = self._select(condition, (seller.pk, document_id), 1)
        return rows[0] if rows else None

    def search(  # noqa: PLR0913  a search has this many conditions
        self,
        seller: Seller,
        kinds: Sequence[str],
        *,
        statuses: Sequence[str] = (),
        marketplaces: Sequence[str] = (),
        since: int,
        until: int,
        before: tuple[int, int] = (2**62, 2**62),
        limit: int,
    ) -> list[Report]:
        """Return reports, the newest first, older than the one at ``before`` (created, number)."""
        conditions = ["seller = ?", "created >= ?", "created <= ?", "(created, pk) < (?, ?)"]
        values: list[object] = [seller.pk, since, until, *before]
        for column, wanted in (("kind", kinds), ("status", statuses)):
            if wanted:
                conditions.append(f"{column} IN ({','.join('?' * len(wanted))})")
                values += wanted
        if marketplaces:
            marks = ",".join("?" * len(marketplaces))
            conditions.append(f"EXISTS (SELECT 1 FROM json_each(document, '$.marketplaces') WHERE value IN ({marks}))")  # noqa: S608  only question marks
            values += marketplaces
        return self._select(" AND ".join(conditions), values, limit)

    def schedules(self, seller: Seller, kinds: Sequence[str] = ()) -> list[Schedule]:
        """Return a seller's schedules, the oldest first."""
        rows = self._connection.execute(
            "SELECT pk, document FROM report_schedules WHERE seller = ? ORDER BY pk", (seller.pk,)
        )
        found = [Schedule(**json.loads(document)) for _, document in rows]
        return [each for each in found if not kinds or each.kind in kinds]

    def document_of(self, report: Report) -> bool | None:
        """Return whether a report's document is compressed, or None when it has none.

        A settlement's document is made when it is first asked for: it does not change any more.
        """
        if report.document_id is None:
            return None
        if self.documents.compressed(report.document_id) is None and report.settlement:
            kind = KINDS[report.kind]
            wanted = self._wanted(kind, report, self._world.now_ms)
            wanted = replace(wanted, **self._troubles(report, self._world.sellers[report.seller]))
            self.documents.keep(report.document_id, report.pk, make(kind, self._world, wanted))
        return self.documents.compressed(report.document_id)

    # ------------------------------------------------------------------ what time does

    def _begin(self, at: int, _: Seller, pk: int, __: str) -> None:
        report = self._by_number(pk)
        if report is not None and report.status == IN_QUEUE:
            self._save(replace(report, status=IN_PROGRESS, begun=at))

    def _end(self, at: int, seller: Seller, pk: int, _: str) -> None:
        report = self._by_number(pk)
        if report is None or report.status != IN_PROGRESS:
            return
        kind = KINDS[report.kind]
        ended = replace(report, ended=at)
        wanted = self._wanted(kind, report, at)
        fault = self._faults.strike(
            at, kinds=frozenset({"report_fatal", "report_cancelled"}), seller=seller.selling_partner_id,
            operation=kind.name,
        )  # fmt: skip
        if report.too_soon or (fault is not None and fault.kind == "report_cancelled"):
            self._finish(replace(ended, status=CANCELLED), at)
            return
        too_long = kind.needs_dates and kind.maximum_ms is not None and wanted.end - wanted.start > kind.maximum_ms
        if too_long or fault is not None:
            self._finish(replace(ended, status=FATAL), at)
            return
        wanted = replace(wanted, **self._troubles(report, seller))
        # On demand an empty document comes even where Amazon would cancel.
        if kind.cancelled_when_empty and not wanted.emptied and not kind.size(self._world, wanted):
            self._finish(replace(ended, status=CANCELLED), at)
            return
        document_id = f"amzn1.spdoc.1.4.{seller.region}.{entropy.identifier(self._world.seed, 'document', pk)}.QS"
        try:
            made, status = make(kind, self._world, wanted), DONE
        except ReportFailedError as error:
            body = json.dumps({"errorDetails": str(error)}).encode()
            made, status = Made(JSON, compressed=False, body=body), FATAL
        self.documents.keep(document_id, pk, made)
        self._finish(replace(ended, status=status, document_id=document_id), at)

    def _scheduled(self, at: int, seller: Seller, pk: int, _: str) -> None:
        for schedule in self.schedules(seller):
            if schedule.pk == pk:
                period = PERIODS_MS[schedule.period]
                self.request(
                    seller, KINDS[schedule.kind], schedule.marketplaces, start=at - period, end=at,
                    options=schedule.options, at=at, schedule=pk,
                )  # fmt: skip
                self._save_schedule(replace(schedule, next_at=at + period))
                self._world.schedule(at + period, seller.pk, _SCHEDULED, pk)

    def _settled(self, at: int, seller: Seller, pk: int, _: str) -> None:
        if at < self._world.clock.now_ms() - RETENTION_MS:
            return
        settlement = settlements.by_number(self._world, pk)
        document_id = f"amzn1.spdoc.1.4.{seller.region}.{entropy.identifier(self._world.seed, 'settlement', pk)}.QS"
        report = self._insert(
            Report(
                0, seller.pk, settlement_report.SETTLEMENT.name, at, DONE,
                settlements.marketplaces_of(seller, settlement), settlement.start, settlement.end,
                begun=at, ended=at, document_id=document_id, settlement=pk,
            )
        )  # fmt: skip
        self._finish(report, at)

    # ------------------------------------------------------------------ inner

    def _finish(self, report: Report, at: int) -> None:
        self._save(report)
        seller = self._world.sellers[report.seller]
        if at < seller.created_ms:
            # What a seller's past brought is not news to anybody.
            return
        payload = {
            "sellerId": seller.selling_partner_id,
            "accountId": f"amzn1.merchant.o.{seller.selling_partner_id}",
            "reportId": report.report_id,
            "reportType": report.kind,
            "processingStatus": report.status,
        }
        if report.document_id is not None:
            payload["reportDocumentId"] = report.document_id
        self._world.notice(seller, _NOTIFICATION, at, {"reportProcessingFinishedNotification": payload})

    def _troubles(self, report: Report, seller: Seller) -> dict[str, Any]:
        found = {}
        for fault, name in (("report_header", "renamed"), ("report_empty", "emptied")):
            struck = self._faults.strike(
                self._world.now_ms, kinds=frozenset({fault}), seller=seller.selling_partner_id, operation=report.kind
            )
            found[name] = struck is not None
        return found

    def _wanted(self, kind: Kind, report: Report, now: int) -> Wanted:
        start, end = (report.start, report.end) if kind.needs_dates else (None, None)
        return Wanted(
            seller=self._world.sellers[report.seller],
            marketplaces=report.marketplaces,
            start=report.created if start is None else start,
            end=report.created if end is None else end,
            now_ms=now,
            options=report.options,
            settlement=report.settlement,
        )

    def _is_too_soon(self, kind: Kind, report: Report) -> bool:
        if not kind.interval_ms:
            return False
        since = report.created - kind.interval_ms
        for each in self._select(
            "seller = ? AND kind = ? AND created > ? AND pk < ?", (report.seller, kind.name, since, report.pk), 1000
        ):
            same_window = not kind.needs_dates or (each.start, each.end) == (report.start, report.end)
            same_places = sorted(each.marketplaces) == sorted(report.marketplaces)
            if same_window and same_places and not each.too_soon and each.status not in {CANCELLED, FATAL}:
                return True
        return False

    def _forget_old(self, now: int) -> None:
        for (pk,) in self._connection.execute(
            "SELECT pk FROM reports WHERE created < ?", (now - RETENTION_MS,)
        ).fetchall():
            self.documents.forget(pk)
            self._connection.execute("DELETE FROM reports WHERE pk = ?", (pk,))

    def _insert(self, report: Report) -> Report:
        number = self._number()
        numbered = replace(report, pk=number)
        self._connection.execute(
            "INSERT INTO reports (pk, seller, kind, created, status, document) VALUES (?, ?, ?, ?, ?, ?)",
            (number, report.seller, report.kind, report.created, report.status, json.dumps(asdict(numbered))),
        )
        return numbered

    def _number(self) -> int:
        # Never used again, not even those of what was forgotten: planned happenings name them.
        number = int(self._world.storage.note("report_number") or 0) + 1
        self._world.storage.write_note("report_number", number)
        return number

    def _save(self, report: Report) -> None:
        self._connection.execute(
            "UPDATE reports SET status = ?, document = ? WHERE pk = ?",
            (report.status, json.dumps(asdict(report)), report.pk),
        )

    def _save_schedule(self, schedule: Schedule) -> None:
        self._connection.execute(
            "UPDATE report_schedules SET document = ? WHERE pk = ?", (json.dumps(asdict(schedule)), schedule.pk)
        )

    def _by_number(self, pk: int) -> Report | None:
        rows = self._select("pk = ?", (pk,), 1)
        return rows[0] if rows else None

    def _select(self, condition: str, values: Sequence[object], limit: int) -> list[Report]:
        rows = self._connection.execute(
            f"SELECT document FROM reports WHERE {condition} ORDER BY created DESC, pk DESC LIMIT ?",  # noqa: S608  own conditions
            (*values, limit),
        )
        return [Report(**json.loads(document)) for (document,) in rows]
