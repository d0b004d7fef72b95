"""What the API shows of syncing, in the field names of the contract with the web app."""

from typing import Literal

import msgspec

from quayside.connections.rules import DatasetState, Status
from quayside.connections.views import ProgressView, TroubleView
from quayside.kernel.money import Money


class SyncConnection(msgspec.Struct, frozen=True):
    """The connection that a sync page is about."""

    connection_id: str
    name: str
    region: str
    status: Status
    trouble: TroubleView | None


class FeatureView(msgspec.Struct, frozen=True):
    """A feature that can be switched off, and the datasets that are read for it.

    ``caution`` is what to know before it is switched on; empty when it is on from the beginning.
    """

    feature: str
    title: str
    what: str
    on: bool
    caution: str
    datasets: tuple[str, ...]


class QuotaView(msgspec.Struct, frozen=True):
    """How much of Amazon's quota for one call is left.

    Attributes:
        operation: Amazon's name of the call.
        rate_per_second: how fast it fills up, as decimal text.
        burst: how many calls it holds.
        left: how many may be made now.
        next_slot_at: when the next call may be made; None when it may be made now.
        throttled: how often Amazon refused all the same.
    """

    operation: str
    rate_per_second: str
    burst: int
    left: int
    next_slot_at: str | None
    throttled: int


class DatasetSync(msgspec.Struct, frozen=True):
    """How one dataset is doing; ``age_seconds`` is None before its first success."""

    dataset: str
    title: str
    feature: str
    objective_seconds: int
    age_seconds: int | None
    state: DatasetState
    last_success_at: str | None
    last_attempt_at: str | None
    next_at: str | None
    rows: int
    last_rows: int | None
    source_words: str
    reason: str
    action: str
    request_id: str | None
    progress: ProgressView | None
    last_cause: str | None
    paused_at: str | None
    quota: tuple[QuotaView, ...]


class SyncView(msgspec.Struct, frozen=True):
    """The sync page of a connection."""

    connection: SyncConnection
    features: tuple[FeatureView, ...]
    datasets: tuple[DatasetSync, ...]
    quarantined: int


Outcome = Literal["done", "nothing_new", "retries", "refused", "stopped", "gave_up"]
"""How a run ended."""


class RunView(msgspec.Struct, frozen=True):
    """One run: one command for a dataset, from its start to its end."""

    started_at: str
    finished_at: str
    kind: str
    cause: str
    attempt: int
    outcome: Outcome
    reason: str
    rows: int
    request_ids: tuple[str, ...]
    marketplace_id: str | None


class RunsPage(msgspec.Struct, frozen=True):
    """A page of runs, newest first."""

    runs: tuple[RunView, ...]
    next_cursor: str | None


ColumnKind = Literal["text", "money", "number", "instant", "day"]


class Column(msgspec.Struct, frozen=True):
    """A column of the data browser: how its cells are to be read."""

    key: str
    title: str
    kind: ColumnKind


Cell = str | int | float | Money | None
"""What a cell holds; ``money`` columns hold ``Money``, instants and days ISO 8601 texts."""


class RowsPage(msgspec.Struct, frozen=True):
    """A page of what is stored of a dataset: each row has one cell a column.

    Attributes:
        columns: what the cells mean.
        rows: the rows.
        next_cursor: continues after this page, None when it was the last.
        as_of: when the dataset was last in step with Amazon, None when it never was.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    next_cursor: str | None
    as_of: str | None


ReportState = Literal["planned", "requested", "waiting", "ready", "collected", "loading", "loaded", "empty", "failed"]
"""How far a report is; ``empty`` is an answer (there is no such data), ``failed`` is not."""


class ReportTotals(msgspec.Struct, frozen=True):
    """Control totals of a report: what its rows add up to."""

    rows: int
    units: int | None
    money: tuple[Money, ...]


class ReportView(msgspec.Struct, frozen=True):
    """One report of Amazon's and what became of it. ``report`` names it in the API."""

    report: str
    report_type: str
    title: str
    state: ReportState
    data_start: str | None
    data_end: str | None
    requested_at: str | None
    ready_at: str | None
    loaded_at: str | None
    rows_total: int | None
    rows_loaded: int
    rows_bad: int
    totals: ReportTotals | None
    sha256: str | None
    bytes: int | None
    reason: str
    action: str


class ReportsPage(msgspec.Struct, frozen=True):
    """A page of reports, newest first."""

    reports: tuple[ReportView, ...]
    next_cursor: str | None


class BoardEntry(msgspec.Struct, frozen=True):
    """One dataset of one connection on the operators' board; holds no seller data."""

    tenant_id: str
    connection_id: str
    dataset: str
    state: str
    since: str
    last_success_at: str | None
    reason: str
    throttled: int
    updated_at: str


class BoardPage(msgspec.Struct, frozen=True):
    """A page of the operators' board."""

    entries: tuple[BoardEntry, ...]
    next_cursor: str | None
