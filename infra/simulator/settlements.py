"""Every fourteen days Amazon pays what it owes: one settlement per currency, with the lines that it pays."""

from typing import NamedTuple

from infra.simulator import books as accounts
from infra.simulator.clock import DAY, HOUR
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.world import Seller, World

PERIOD_MS = 14 * DAY
REPORT_DELAY_MS = 3 * HOUR
REPORT_EVENT = "settlement_report"
_COLUMNS = "pk, seller, currency, settlement_id, start, end, carried_minor, total_minor, left_minor"


class Settlement(NamedTuple):
    """One payment: ``carried_minor`` came from the last one, ``left_minor`` (at most 0) goes into the next.

    The postings that it pays and ``carried_minor`` add up to ``total_minor + left_minor``.
    """

    pk: int
    seller: int
    currency: str
    settlement_id: str
    start: int
    end: int
    carried_minor: int
    total_minor: int
    left_minor: int


def settle_due(world: World, seller: Seller, at: int) -> None:
    """Settle a seller's account if ``at``, a midnight, is the end of a period."""
    if at % PERIOD_MS == 0:
        _settle(world, seller, at)


def settle_past(world: World, seller: Seller) -> None:
    """Make the settlements of a past that was written in one go."""
    (last,) = world.storage.connection.execute(
        "SELECT MAX(end) FROM settlements WHERE seller = ?", (seller.pk,)
    ).fetchone()
    begin = world.postings.earliest_unsettled(seller.pk)
    if begin is None:
        return
    begin = max(begin, last or 0)
    for at in range((begin // PERIOD_MS + 1) * PERIOD_MS, world.now_ms + 1, PERIOD_MS):
        _settle(world, seller, at)


def by_number(world: World, pk: int) -> Settlement:
    """Return a settlement by its number."""
    row = world.storage.connection.execute(
        f"SELECT {_COLUMNS} FROM settlements WHERE pk = ?",  # noqa: S608  own columns
        (pk,),
    ).fetchone()
    return Settlement._make(row)


def marketplaces_of(seller: Seller, settlement: Settlement) -> list[str]:
    """Return the seller's marketplaces that a settlement pays for."""
    return [each for each in seller.marketplaces if MARKETPLACES[each].currency == settlement.currency]


def _settle(world: World, seller: Seller, at: int) -> None:
    connection = world.storage.connection
    for currency in sorted({MARKETPLACES[each].currency for each in seller.marketplaces}):
        last = connection.execute(
            f"SELECT {_COLUMNS} FROM settlements WHERE seller = ? AND currency = ? ORDER BY end DESC LIMIT 1",  # noqa: S608  own columns
            (seller.pk, currency),
        ).fetchone()
        previous = None if last is None else Settlement._make(last)
        start = at - PERIOD_MS if previous is None else previous.end
        carried = 0 if previous is None else previous.left_minor
        (pk,) = connection.execute("SELECT COALESCE(MAX(pk), 0) + 1 FROM settlements").fetchone()
        owed = carried + world.postings.settle(seller.pk, currency, at, pk)
        total = max(0, owed)
        settlement = Settlement(
            pk, seller.pk, currency, str(18_400_000_000 + pk * 1_117), start, at, carried, total, owed - total
        )
        connection.execute("INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", settlement)
        world.books.post(seller.pk, at, accounts.BALANCE, accounts.BANK, currency, total)
        world.schedule(at + REPORT_DELAY_MS, seller.pk, REPORT_EVENT, pk)
