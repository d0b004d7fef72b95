"""How a report is stored, from the plan to ask for it up to its rows in the store. For the tenant in scope.

A run has a state and a step. Every change says which step it was made from and holds only then, so of two workers on
the same report one moves it on and the other finds out.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from quayside.amazon.reports import Header, IdFilter, Piece, Totals
from quayside.kernel.clock import epoch_seconds, format_instant, parse_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import AMAZON_DATA_DAYS, CoreItem, living, move_on, write
from quayside.sync.commands import Cause
from quayside.sync.report_rules import SENT_WITHIN, STALLED_AFTER
from quayside.sync.views import ReportState

HISTORY = "history"
"""The mode of a run that is a window of history."""

UNDER_WAY: frozenset[ReportState] = frozenset({"planned", "requested", "waiting", "ready", "collected", "loading"})
"""The states of a report whose rows are still to come."""
DONE: frozenset[ReportState] = frozenset({"loaded", "empty"})
"""The states of a report that brought all it has."""

_PAGE = 100


class ReportRun(CoreItem):
    """One report: what was asked for, what came, and how far it is stored.

    Attributes:
        step: how often it was changed.
        state: how far it is.
        mode: ``history`` for a window of history, otherwise empty.
        not_before: when it may be asked for, ISO 8601.
        checks: how often we looked whether it is made.
        pieces: the gzip members of its kept file, JSON.
        scattered: which orders' rows do not stand together, as a filter.
        rows_applied: rows that changed something.
        piece: the piece that is loaded next; beyond the last, the share of the scattered rows.
        line: the line of that piece that is loaded next.
        carried: what rows before that piece left for the rows after them, JSON.
    """

    KIND = "report_run"

    step = NumberAttribute()
    state = UnicodeAttribute()
    report_type = UnicodeAttribute()
    marketplaces = UnicodeAttribute()
    mode = UnicodeAttribute(null=True)
    cause = UnicodeAttribute()
    data_start = UnicodeAttribute(null=True)
    data_end = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    not_before = UnicodeAttribute(null=True)
    attempts = NumberAttribute(null=True)
    requested_at = UnicodeAttribute(null=True)
    report_id = UnicodeAttribute(null=True)
    checks = NumberAttribute(null=True)
    document_id = UnicodeAttribute(null=True)
    ready_at = UnicodeAttribute(null=True)
    collected_at = UnicodeAttribute(null=True)
    object_key = UnicodeAttribute(null=True)
    sha256_received = UnicodeAttribute(null=True)
    sha256_kept = UnicodeAttribute(null=True)
    bytes = NumberAttribute(null=True)
    pieces = UnicodeAttribute(null=True)
    header = UnicodeAttribute(null=True)
    encoding = UnicodeAttribute(null=True)
    scattered = BinaryAttribute(null=True, legacy_encoding=False)
    scattered_ids = NumberAttribute(null=True)
    rows_total = NumberAttribute(null=True)
    rows_loaded = NumberAttribute(null=True)
    rows_bad = NumberAttribute(null=True)
    rows_applied = NumberAttribute(null=True)
    totals = UnicodeAttribute(null=True)
    piece = NumberAttribute(null=True)
    line = NumberAttribute(null=True)
    carried = UnicodeAttribute(null=True)
    loaded_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    action = UnicodeAttribute(null=True)

    @property
    def name(self) -> str:
        """What names it within its connection."""
        return self.sk.removeprefix("REPORT#")

    @property
    def stage(self) -> ReportState:
        """How far it is."""
        state: ReportState = msgspec.convert(self.state, ReportState)
        return state

    @property
    def begins(self) -> datetime | None:
        """Where its window begins, None when it has none."""
        return instant_or_none(self.data_start)

    @property
    def ends(self) -> datetime | None:
        """Where its window ends, None when it has none."""
        return instant_or_none(self.data_end)

    @property
    def asked_at(self) -> datetime | None:
        """When Amazon was asked for it, None when it was not yet."""
        return instant_or_none(self.requested_at)

    @property
    def received_at(self) -> datetime:
        """When its file was received; always the same instant for the same file."""
        return parse_instant(self.collected_at or self.created_at)

    @property
    def has_file(self) -> bool:
        """Whether its file is kept."""
        return bool(self.object_key and self.pieces)

    @property
    def marketplace_ids(self) -> tuple[str, ...]:
        """For which marketplaces it is made."""
        return msgspec.json.decode(self.marketplaces, type=tuple[str, ...])

    @property
    def member_pieces(self) -> tuple[Piece, ...]:
        """The pieces of its kept file."""
        return msgspec.json.decode(self.pieces, type=tuple[Piece, ...]) if self.pieces else ()

    @property
    def kept_header(self) -> Header | None:
        """The header of its kept file, None for JSON."""
        return msgspec.json.decode(self.header, type=Header) if self.header else None

    @property
    def scattered_filter(self) -> IdFilter:
        """Which ids' rows do not stand together."""
        return IdFilter(self.scattered or b"")

    @property
    def sums(self) -> Totals:
        """What the rows loaded so far add up to."""
        return msgspec.json.decode(self.totals, type=Totals) if self.totals else Totals()

    def has_lost_its_command(self, now: datetime) -> bool:
        """Whether nobody moves it any more, so that it has to be given a command again."""
        untouched = self.step == 1 and self.is_stalled(now, SENT_WITHIN)
        return untouched or self.is_stalled(now, STALLED_AFTER)

    def is_stalled(self, now: datetime, after: timedelta) -> bool:
        """Whether it should have moved and has not for so long."""
        due = max(parse_instant(each) for each in (self.updated_at, self.not_before) if each)
        return self.stage in UNDER_WAY and now - due >= after


def counted(value: float | None) -> int:
    """Return a stored number as a whole one, 0 when it is not there."""
    return int(value or 0)


def whole(value: float | None) -> int | None:
    """Return a stored number as a whole one, None when it is not there."""
    return None if value is None else int(value)


def instant_or_none(text: str | None) -> datetime | None:
    """Read a stored instant; None when it is not there."""
    return parse_instant(text) if text else None


def as_text(value: object) -> str:
    """Return a value as the JSON that is stored."""
    return msgspec.json.encode(value).decode()


def find(connection_id: ConnectionId, name: str) -> ReportRun | None:
    """Return a run by its name."""
    return ReportRun.find(keys.report_run(current_tenant(), connection_id, name))


def create(  # noqa: PLR0913 - the parts of a run
    connection_id: ConnectionId,
    report_type: str,
    marketplace_ids: Sequence[str],
    *,
    mark: str,
    data_start: datetime | None,
    data_end: datetime | None,
    cause: Cause,
    now: datetime,
    mode: str = "",
    state: ReportState = "planned",
    actions: Sequence[Action] = (),
) -> ReportRun | None:
    """Store a new run; None when there is one of that name already."""
    model = ReportRun
    name = keys.report_name(report_type, data_start or now, marketplace_ids, mark)
    written = write(
        model,
        keys.report_run(current_tenant(), connection_id, name),
        [
            model.step.set(1),
            model.state.set(state),
            model.report_type.set(report_type),
            model.marketplaces.set(as_text(sorted(marketplace_ids))),
            model.cause.set(cause),
            model.created_at.set(format_instant(now)),
            model.updated_at.set(format_instant(now)),
            model.expires_at.set(epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))),
            *([model.mode.set(mode)] if mode else []),
            *([model.data_start.set(format_instant(data_start))] if data_start else []),
            *([model.data_end.set(format_instant(data_end))] if data_end else []),
            *actions,
        ],
        model.pk.does_not_exist(),
        source=f"amazon:reports/{report_type}",
    )
    return ReportRun.from_raw_data(written.item) if written.applied else None


def change(run: ReportRun, actions: Sequence[Action], now: datetime) -> ReportRun | None:
    """Change a run that is still at the step it was read at; None when somebody else changed it meanwhile."""
    return move_on(run, [ReportRun.updated_at.set(format_instant(now)), *actions], source=run.source)


def newest_first(connection_id: ConnectionId, report_type: str, until: datetime | None = None) -> Iterator[ReportRun]:
    """Yield the runs of a type by where their windows begin, the newest first, lazily."""
    low, high = keys.report_range(report_type, until)
    found = ReportRun.query(
        keys.report_runs(current_tenant(), connection_id),
        ReportRun.sk.between(low, high),
        consistent_read=True,
        scan_index_forward=False,
        page_size=_PAGE,
    )
    yield from living(found)


def history(connection_id: ConnectionId, report_type: str) -> list[ReportRun]:
    """Return the windows of history, the newest first."""
    return [run for run in newest_first(connection_id, report_type) if run.mode == HISTORY]


def token_of(name: str) -> str:
    """Return a run's name as the API writes it: one word that any path takes."""
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def name_of(token: str) -> str | None:
    """Return the name of a run from the API's word for it; None when it is none."""
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except ValueError:
        return None
