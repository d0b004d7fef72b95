"""What tests of datasets share: a connected seller, reports to load, and a count of what reaches the store."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec

from quayside.sync.sinks import ReportLoad
from quayside.sync.views import Cell, RowsPage
from tests.support.aws import Aws
from tests.support.sellers import ConnectedSeller, connect

WRITES = frozenset({"UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


class Bench(msgspec.Struct, frozen=True):
    """A connected seller on an in-process AWS."""

    aws: Aws
    seller: ConnectedSeller

    @property
    def now(self) -> datetime:
        """The instant of the clock."""
        return self.aws.clock.now()

    def load(
        self,
        report_type: str = "report",
        *,
        report_id: str = "1",
        marketplaces: tuple[str, ...] = ("ATVPDKIKX0DER",),
        data_end: datetime | None = None,
        received_at: datetime | None = None,
        last: bool = True,
    ) -> ReportLoad:
        """Return where a batch of rows comes from: a report of this seller, received now unless told otherwise."""
        return ReportLoad(
            tenant_id=self.seller.tenant_id,
            connection_id=self.seller.connection_id,
            marketplace_ids=marketplaces,
            report_type=report_type,
            report_id=report_id,
            data_start=None,
            data_end=data_end,
            received_at=received_at or self.now,
            last=last,
        )

    def ago(self, **parts: float) -> datetime:
        """Return an instant before now."""
        return self.now - timedelta(**parts)

    @contextmanager
    def calls(self) -> Iterator[Counter[str]]:
        """Count the calls to the tenant's tables while the block runs, by name of the operation."""
        made: Counter[str] = Counter()

        def count(**call: object) -> None:
            made[str(getattr(call["model"], "name", ""))] += 1

        events = self.aws.store.connection("tenant").client.meta.events
        events.register("before-call.dynamodb", count)
        try:
            yield made
        finally:
            events.unregister("before-call.dynamodb", count)

    def kinds(self) -> Counter[str]:
        """Return how many items of each kind there are, besides what connecting leaves."""
        return Counter(
            item["kind"]["S"]
            for item in self.aws.items()
            if item["kind"]["S"] not in {"connection", "dataset_health", "tenant", "member"}
        )


def writes(made: Counter[str]) -> int:
    """Return how many of the calls wrote something."""
    return sum(count for name, count in made.items() if name in WRITES)


def bench(present: Aws, *, subject: str = "anna", marketplaces: tuple[str, ...] = ("ATVPDKIKX0DER",)) -> Bench:
    """Return a connected seller."""
    return Bench(present, connect(present.clock, subject=subject, marketplaces=marketplaces))


def table(page: RowsPage) -> list[dict[str, Cell]]:
    """Return the rows of a page with the keys of their columns; every row has a cell for every column."""
    keys = [column.key for column in page.columns]
    return [dict(zip(keys, row, strict=True)) for row in page.rows]
