"""Reads and writes of review requests. Every function acts for the tenant in scope."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.amazon.marketplaces import find_marketplace
from quayside.kernel.clock import epoch_seconds, format_instant, from_epoch_seconds, parse_instant
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.reviews.records import (
    SOURCE,
    BarredRecord,
    CampaignRecord,
    DayRecord,
    MarkRecord,
    ReviewRecord,
    StandingRecord,
    SwitchRecord,
    WakeUpRecord,
    standing_from,
    text_of,
    whole,
)
from quayside.reviews.rules import Campaign, Candidate
from quayside.reviews.sending import Emptiness, Standing, WakeUp
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS, create, every, living, look_up, page, write

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

    from quayside.reviews.sending import State

COUNTS = ("planned", "sent", "tested", "skipped", "unclear")
MOST_BARRED = 10_000
_ATTEMPTS = 5
_KEPT = timedelta(days=AMAZON_DATA_DAYS)
_PAGE_SIZE = 100
_COUNT_OF: dict["State", str] = {
    "waiting": "planned", "sending": "planned", "sent": "sent", "tested": "tested", "skipped": "skipped",
    "unclear": "unclear",
}  # fmt: skip


def _key(connection_id: ConnectionId, wake: WakeUp) -> Key:
    found = find_marketplace(wake.marketplace_id)
    zone = ZoneInfo(found.time_zone if found else "UTC")
    month = wake.purchased_at.astimezone(zone).date()
    return keys.review(current_tenant(), connection_id, wake.marketplace_id, month, wake.purchased_at, wake.order_id)


def day_in(marketplace_id: str, at: datetime) -> date:
    """Return the day of an instant in a marketplace's own time zone."""
    found = find_marketplace(marketplace_id)
    return at.astimezone(ZoneInfo(found.time_zone if found else "UTC")).date()


class Book:
    """The book of one connection in the table of facts: ``reviews.sending.Book``.

    Args:
        connection_id: of which connection.
        candidates: returns what is known of an order now.
    """

    def __init__(self, connection_id: ConnectionId, candidates: Callable[[WakeUp], Candidate | None]) -> None:
        self._connection_id = connection_id
        self._candidates = candidates

    def wake(self, wake: WakeUp) -> None:
        """Put a time to be decided on the list; the same again changes nothing."""
        put_wake_up(self._connection_id, wake)

    def due(self, now: datetime, limit: int) -> list[WakeUp]:
        """Return what is due, longest overdue first."""
        partition = keys.review_wake_ups(current_tenant(), self._connection_id)
        found = page(
            WakeUpRecord,
            partition,
            limit=limit,
            between=(keys.LOWEST, keys.review_wake_ups_until(now)),
            consistent=True,
        )
        return [_wake_of(record) for record in found.records]

    def standing(self, wake: WakeUp) -> Standing | None:
        """Return how an order's request stands, as it is now."""
        record = ReviewRecord.find(_key(self._connection_id, wake))
        return None if record is None else standing_from(record.standing)

    def candidate(self, wake: WakeUp) -> Candidate | None:
        """Return what is known of the order now."""
        return self._candidates(wake)

    def keep(self, wake: WakeUp, before: Standing | None, after: Standing) -> bool:
        """Write how a request stands, and count it, unless somebody else wrote since ``before``."""
        if after.look_at is not None:
            self.wake(WakeUp(wake.order_id, wake.marketplace_id, wake.purchased_at, after.look_at))
        model = ReviewRecord
        key = _key(self._connection_id, wake)
        counted, was_counted = _counted(wake, after), None if before is None else _counted(wake, before)
        actions: list[Action] = [
            model.step.set(after.step),
            model.state.set(after.state),
            model.standing.set(text_of(after)),
            model.counted.set(counted) if counted else model.counted.remove(),
            model.lookup_key.set(keys.review_lookup(current_tenant(), wake.order_id)),
            model.expires_at.set(model.expires_at | epoch_seconds(after.decided_at + _KEPT)),
        ]
        same = model.pk.does_not_exist() if before is None else model.step == before.step
        if counted == was_counted:
            return write(model, key, actions, same, source=SOURCE, returning="NONE").applied
        for _ in range(_ATTEMPTS):
            try:
                with TransactWrite(connection=bound().connection("tenant")) as together:
                    together.update(
                        model.at(key),
                        actions=[*actions, model.kind.set(model.KIND), model.source.set(SOURCE)],
                        condition=same,
                    )
                    for day, changes in _changes(was_counted, counted).items():
                        self._count(together, wake.marketplace_id, day, changes, after.decided_at)
            except TransactWriteError as problem:
                codes = [reason.code if reason else None for reason in problem.cancellation_reasons or ()]
                if codes and codes[0] == "ConditionalCheckFailed":
                    return False
                if "TransactionConflict" not in codes:
                    raise
                # Another order of the same day was counted in the same instant.
                continue
            return True
        raise Conflict("The count of a day was changed by too many at once.", code="reviews_contended")

    def _count(
        self, together: TransactWrite, marketplace_id: str, day: str, changes: dict[str, int], now: datetime
    ) -> None:
        model = DayRecord
        key = keys.review_day(current_tenant(), self._connection_id, marketplace_id, date.fromisoformat(day))
        together.update(
            model.at(key),
            actions=[
                *(getattr(model, name).add(change) for name, change in changes.items()),
                model.expires_at.set(model.expires_at | epoch_seconds(now + _KEPT)),
                model.kind.set(model.KIND),
                model.source.set(SOURCE),
            ],
        )

    def done(self, wake: WakeUp) -> None:
        """Take a time to be decided off the list."""
        WakeUpRecord.remove(_wake_key(self._connection_id, wake))


def _counted(wake: WakeUp, standing: Standing) -> str | None:
    name = _COUNT_OF[standing.state]
    at = standing.decided_at if name != "planned" else standing.send_at
    return None if at is None else f"{name}#{day_in(wake.marketplace_id, at).isoformat()}"


def _changes(before: str | None, after: str | None) -> dict[str, dict[str, int]]:
    """Return by how much which counts of which days change; a day is one item, which is written once."""
    changes: dict[str, dict[str, int]] = {}
    for counted, change in ((before, -1), (after, 1)):
        if counted is not None:
            name, _, day = counted.partition("#")
            changes.setdefault(day, {})[name] = change
    return changes


def _wake_key(connection_id: ConnectionId, wake: WakeUp) -> Key:
    return keys.review_wake_up(current_tenant(), connection_id, wake.wakes_at, wake.order_id)


def _wake_of(record: WakeUpRecord) -> WakeUp:
    at, _, order_id = record.sk.partition("#")
    return WakeUp(keys.decode(order_id), record.marketplace_id, parse_instant(record.purchased_at), parse_instant(at))


def put_wake_up(connection_id: ConnectionId, wake: WakeUp) -> None:
    """Put an order's time to be decided on the list."""
    WakeUpRecord.at(
        _wake_key(connection_id, wake),
        marketplace_id=wake.marketplace_id,
        purchased_at=format_instant(wake.purchased_at),
        source=SOURCE,
        # From the order's day: whatever is planned for later, nothing of Amazon's is kept longer for it.
        expires_at=epoch_seconds(wake.purchased_at + _KEPT),
    ).save()


# -- Marks and bars ----------------------------------------------------------------------------------------------------


class Marks(NamedTuple):
    """When an order was first refunded and returned, and whether the seller barred it."""

    refunded_at: datetime | None = None
    returned_at: datetime | None = None
    is_barred: bool = False


def marks(connection_id: ConnectionId, order_ids: Sequence[str]) -> dict[str, Marks]:
    """Return the marks of orders; an order without any is left out."""
    tenant_id = current_tenant()
    wanted: dict[Key, str] = {}
    barred: dict[Key, str] = {}
    for each in order_ids:
        wanted[keys.review_mark(tenant_id, connection_id, each)] = each
        barred[keys.do_not_solicit_order(tenant_id, each)] = each
    found: dict[str, Marks] = {}
    for record in living(MarkRecord.batch_get([(key.pk, key.sk) for key in wanted], consistent_read=True)):
        found[wanted[Key(record.pk, record.sk)]] = Marks(_instant(record.refunded_at), _instant(record.returned_at))
    for bar in BarredRecord.batch_get([(key.pk, key.sk) for key in barred], consistent_read=True):
        order_id = barred[Key(bar.pk, bar.sk)]
        found[order_id] = found.get(order_id, Marks())._replace(is_barred=True)
    return found


def _instant(value: float | None) -> datetime | None:
    return None if value is None else from_epoch_seconds(int(value))


def mark(connection_id: ConnectionId, order_id: str, what: str, at: datetime, received_at: datetime) -> bool:
    """Remember when an order was first refunded (``refunded_at``) or returned (``returned_at``); whether it is new."""
    model = MarkRecord
    attribute = getattr(model, what)
    return write(
        model,
        keys.review_mark(current_tenant(), connection_id, order_id),
        [attribute.set(epoch_seconds(at)), model.expires_at.set(model.expires_at | epoch_seconds(received_at + _KEPT))],
        attribute.does_not_exist() | (attribute > epoch_seconds(at)),
        source=SOURCE,
        returning="NONE",
    ).applied


def wake_known(order_id: str, now: datetime) -> int:
    """Let an order that was decided before be decided again now; return how many of that id there are."""
    woken = 0
    for key in look_up(keys.review_lookup(current_tenant(), order_id)):
        place = place_of(key)
        put_wake_up(place.connection_id, WakeUp(order_id, place.marketplace_id, place.purchased_at, now))
        woken += 1
    return woken


def bar(order_id: str, *, by: str, now: datetime) -> bool:
    """Put an order on the do-not-solicit list; whether it was not there."""
    given = {"added_at": {"S": format_instant(now)}, "added_by": {"S": by}}
    return create(BarredRecord, keys.do_not_solicit_order(current_tenant(), order_id), given).applied


def unbar(order_id: str) -> bool:
    """Take an order off the do-not-solicit list; False when it was not on it."""
    key = keys.do_not_solicit_order(current_tenant(), order_id)
    if BarredRecord.find(key) is None:
        return False
    BarredRecord.remove(key)
    return True


def barred(*, after: str | None, limit: int) -> tuple[list[BarredRecord], str | None]:
    """Return a page of the do-not-solicit list, in the order of its order ids."""
    found = page(BarredRecord, keys.do_not_solicit(current_tenant()), limit=limit, prefix="BARRED#", after=after)
    return found.records, found.next_sort_key


# -- What sellers set --------------------------------------------------------------------------------------------------


def switch() -> SwitchRecord | None:
    """Return the switch of the tenant's review requests, None when nothing was ever set."""
    return SwitchRecord.find(keys.review_switch(current_tenant()))


def set_paused(*, paused: bool, now: datetime) -> None:
    """Pause all requests, or let them go on."""
    model = SwitchRecord
    changed = [model.paused.set(paused), model.paused_at.set(format_instant(now)), model.version.add(1)]
    write(model, keys.review_switch(current_tenant()), changed, returning="NONE")


def settings_changed() -> None:
    """Count up the version of the settings, so that waiting orders are decided anew."""
    model = SwitchRecord
    write(model, keys.review_switch(current_tenant()), [model.version.add(1)], returning="NONE")


def campaigns() -> list[CampaignRecord]:
    """Return all campaigns of the tenant."""
    return list(every(CampaignRecord, keys.review_settings(current_tenant()), prefix="CAMPAIGN#"))


def campaign(campaign_id: str) -> CampaignRecord | None:
    """Return one campaign."""
    return CampaignRecord.find(keys.review_campaign(current_tenant(), campaign_id))


def put_campaign(each: Campaign, *, step: int, now: datetime) -> CampaignRecord | None:
    """Write a campaign that was at ``step`` (0: a new one); None when somebody else changed it meanwhile."""
    model = CampaignRecord
    written = write(
        model,
        keys.review_campaign(current_tenant(), each.campaign_id),
        [
            model.step.set(step + 1),
            model.campaign.set(text_of(each)),
            model.changed_at.set(format_instant(now)),
        ],
        model.pk.does_not_exist() if step == 0 else model.step == step,
    )
    return model.from_raw_data(written.item) if written.applied else None


def remove_campaign(campaign_id: str) -> None:
    """Remove a campaign; what it decided stays in the log."""
    CampaignRecord.remove(keys.review_campaign(current_tenant(), campaign_id))


# -- How a connection stands -------------------------------------------------------------------------------------------


def connection_standing(connection_id: ConnectionId) -> StandingRecord | None:
    """Return how far a connection is planned, None when it never was."""
    return StandingRecord.find(keys.review_standing(current_tenant(), connection_id))


def emptiness_of(record: StandingRecord | None) -> Emptiness:
    """Read how Amazon answers at present."""
    if record is None:
        return Emptiness()
    return Emptiness(whole(record.in_a_row), _instant(record.rests_until))


def keep_emptiness(connection_id: ConnectionId, emptiness: Emptiness) -> None:
    """Write down how Amazon answers at present."""
    model = StandingRecord
    until = emptiness.rests_until
    write(
        model,
        keys.review_standing(current_tenant(), connection_id),
        [
            model.in_a_row.set(emptiness.in_a_row),
            model.rests_until.remove() if until is None else model.rests_until.set(epoch_seconds(until)),
        ],
        returning="NONE",
    )


def keep_planned(connection_id: ConnectionId, planned_at: datetime, version: int) -> None:
    """Take note that orders were looked through, by which version of the settings."""
    model = StandingRecord
    write(
        model,
        keys.review_standing(current_tenant(), connection_id),
        [model.planned_at.set(epoch_seconds(planned_at)), model.planned_version.set(version)],
        returning="NONE",
    )


def standings_of(connection_id: ConnectionId, wakes: Sequence[WakeUp]) -> dict[str, Standing]:
    """Return how the requests of orders stand, by order id; orders that were never decided are left out."""
    wanted = {_key(connection_id, each): each.order_id for each in wakes}
    found = ReviewRecord.batch_get([(key.pk, key.sk) for key in wanted])
    return {wanted[Key(record.pk, record.sk)]: standing_from(record.standing) for record in living(found)}


# -- The log -----------------------------------------------------------------------------------------------------------


class ReviewPlace(NamedTuple):
    """What a decision's key says."""

    connection_id: ConnectionId
    marketplace_id: str
    purchased_at: datetime
    order_id: str


def place_of(key: Key) -> ReviewPlace:
    """Read a decision's key back into its parts."""
    parts, sort = key.pk.split("#"), key.sk.split("#")
    return ReviewPlace(
        ConnectionId(keys.decode(parts[3])), keys.decode(parts[4]), parse_instant(sort[1]), keys.decode(sort[2])
    )


def find(order_id: str) -> list[ReviewRecord]:
    """Return what was decided about the orders with an id."""
    found = [ReviewRecord.find(key) for key in look_up(keys.review_lookup(current_tenant(), order_id))]
    return [record for record in found if record is not None]


def newest_first(
    shelves: Sequence[tuple[ConnectionId, str]], newest: date, months: int, before: str | None
) -> Iterator[ReviewRecord]:
    """Yield decisions by the time their orders were placed, newest first, lazily."""
    streams = (_shelf(connection_id, place, newest, months, before) for connection_id, place in shelves)
    return heapq.merge(*streams, key=lambda record: record.sk, reverse=True)


def _shelf(
    connection_id: ConnectionId, marketplace_id: str, newest: date, months: int, before: str | None
) -> Iterator[ReviewRecord]:
    month = newest
    if before is not None:
        month = min(newest, day_in(marketplace_id, parse_instant(before.split("#")[1])))
    for _ in range(months):
        partition = keys.reviews(current_tenant(), connection_id, marketplace_id, month)
        condition = ReviewRecord.sk < before if before is not None else ReviewRecord.sk.startswith("REVIEW#")
        yield from living(ReviewRecord.query(partition, condition, scan_index_forward=False, page_size=_PAGE_SIZE))
        month = month.replace(day=1) - timedelta(days=1)


def days(connection_id: ConnectionId, marketplace_id: str, from_day: date, to_day: date) -> list[DayRecord]:
    """Return the counts of a range of days, oldest first."""
    between = keys.review_day_range(from_day, to_day)
    return list(every(DayRecord, keys.review_days(current_tenant(), connection_id, marketplace_id), between=between))
