"""Use case: add a month's figures up anew from its facts, compare, and correct what differs.

A rebuild must not count what the roller is about to count. So a month whose facts changed in the last quarter of an
hour is left alone and named: by then the roller has heard of everything (its age has an alarm at less), and a sheet
that changes meanwhile is not overwritten.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from quayside.analytics import sheet_store
from quayside.analytics.rolling_service import COUNTINGS
from quayside.analytics.sheet_rules import Counted, Kind, Place, Sheet, sheet_of
from quayside.connections import service as connections
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.tables import Item

QUIET = timedelta(minutes=15)
"""How long a month's facts must not have changed."""

State = Literal["equal", "corrected", "differs", "moving"]


class Rebuilt(NamedTuple):
    """What became of one kind of facts of one month: how many facts and sheets there are, and how many differed."""

    kind: Kind
    month: str
    marketplace_id: str
    facts: int
    sheets: int
    differences: int
    state: State


class _Source(NamedTuple):
    """A partition of facts, and the marketplaces whose sheets it feeds."""

    kind: Kind
    prefix: str
    partition: str
    marketplace_ids: tuple[str, ...]


def rebuild(connection_id: ConnectionId, months: Sequence[str], now: datetime, *, correct: bool) -> Iterator[Rebuilt]:
    """Compare the sheets of a connection with its facts, month by month, and correct them if asked to.

    Memory grows with the products of one month and not with its orders.

    Raises:
        NotFound: the tenant in scope has no such connection.
    """
    places = sorted(connections.get(connection_id).marketplace_ids)
    for month in months:
        for source in _sources(connection_id, places, month):
            yield _one(connection_id, source, month, now, correct=correct)


def _sources(connection_id: ConnectionId, places: Sequence[str], month: str) -> Iterator[_Source]:
    tenant_id, first = current_tenant(), datetime.fromisoformat(f"{month}-01").date()
    for place in places:
        yield _Source("ORDERS", "ORDER", keys.orders(tenant_id, connection_id, place, first), (place,))
    # What Amazon names no marketplace for stands under none.
    yield _Source("MONEY", "TRANSACTION", keys.transactions(tenant_id, connection_id, first), ("", *places))
    yield _Source("RETURNS", "RETURN", keys.returns(tenant_id, connection_id, None, first), ("",))


def _one(connection_id: ConnectionId, source: _Source, month: str, now: datetime, *, correct: bool) -> Rebuilt:
    places = [Place(source.kind, connection_id, place, month) for place in source.marketplace_ids]
    if source.kind == "MONEY":
        # Transactions also count by the settlement they were paid in.
        places.append(Place("SETTLED", connection_id, "", month))
    held = sheet_store.held(places)
    counter = _Counter(source.prefix, epoch_seconds(now))
    truth = sheet_of(counter.walk(source.partition))
    wrong = {place: truth.get(place, {}) for place in {*held, *truth} if _sheet(held, place) != truth.get(place, {})}
    state: State = "differs" if wrong else "equal"
    if counter.newest > epoch_seconds(now - QUIET):
        state = "moving"
    elif wrong and correct:
        done = [sheet_store.replace(place, sheet, held.get(place), now) for place, sheet in wrong.items()]
        state = "corrected" if all(done) else "moving"
    place = source.marketplace_ids[0] if source.kind == "ORDERS" else ""
    return Rebuilt(source.kind, month, place, counter.facts, len({*held, *truth}), len(wrong), state)


def _sheet(held: "dict[Place, sheet_store.Held]", place: Place) -> Sheet:
    return held[place].sheet if place in held else {}


class _Counter:
    """Walks a partition of facts and remembers how many there were and when the newest came."""

    def __init__(self, prefix: str, now: int) -> None:
        self.facts = 0
        self.newest = 0
        self._prefix = prefix
        self._now = now

    def walk(self, partition: str) -> Iterator[Counted]:
        """Yield what each fact that has not ended counts for, strongly consistent."""
        for item in _items(partition, f"{self._prefix}#"):
            if int(item.get("expires_at", {}).get("N", self._now + 1)) <= self._now:
                continue
            self.facts += 1
            self.newest = max(self.newest, int(item["received_at"]["N"]))
            yield COUNTINGS[self._prefix].of_image(item)[1]


def _items(partition: str, prefix: str) -> Iterator[Item]:
    client = bound().tenant.client("dynamodb")
    request: dict[str, Any] = {
        "TableName": bound().settings.core_table,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": {":pk": {"S": partition}, ":prefix": {"S": prefix}},
        "ConsistentRead": True,
    }
    while True:
        answer = client.query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
