"""What each order line brought and cost: the books' money, line by line, as settlements and finances tell it.

The books keep days; these keep lines. Both are written together (``World.post_sale``, ``World.post_refund``), and
``audit`` compares them.
"""

import sqlite3
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_COLUMNS = "pk, seller, at, kind, currency, order_pk, position, net_minor, settlement"


class Kind(IntEnum):
    """What was posted for a line: its shipment, or its refund."""

    SHIPMENT = 0
    REFUND = 1


class Posting(NamedTuple):
    """One line's money at one instant. ``net_minor`` is what it adds to what Amazon owes the seller.

    Its parts follow from the line (``world.referral_fee``, ``world.fulfilment_fee``). ``settlement`` is the number of
    the settlement that paid it, or None.
    """

    pk: int
    seller: int
    at: int
    kind: int
    currency: str
    order_pk: int
    position: int
    net_minor: int
    settlement: int | None


class Postings:
    """All postings; new ones wait in memory until somebody reads, or the world is saved."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._new: list[tuple[int, int, int, str, int, int, int]] = []

    def add(  # noqa: PLR0913, PLR0917  a posting is these facts
        self, seller: int, at: int, kind: Kind, currency: str, order_pk: int, position: int, net_minor: int
    ) -> None:
        """Note one line's money."""
        self._new.append((seller, at, int(kind), currency, order_pk, position, net_minor))

    def flush(self) -> None:
        """Write what is still only in memory into the open transaction."""
        if self._new:
            self._connection.executemany(
                "INSERT INTO postings (seller, at, kind, currency, order_pk, position, net_minor) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                self._new,
            )
            self._new.clear()

    def between(self, seller: int, after_ms: int, before_ms: int) -> Iterator[Posting]:
        """Yield a seller's postings with ``after_ms <= at < before_ms``, oldest first."""
        self.flush()
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM postings WHERE seller = ? AND at >= ? AND at < ? ORDER BY at, pk",  # noqa: S608  own columns
            (seller, after_ms, before_ms),
        )
        return map(Posting._make, rows)

    def settled(self, seller: int, settlement: int) -> Iterator[Posting]:
        """Yield the postings that a settlement paid, oldest first."""
        self.flush()
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM postings WHERE seller = ? AND settlement = ? ORDER BY at, pk",  # noqa: S608  own columns
            (seller, settlement),
        )
        return map(Posting._make, rows)

    def earliest_unsettled(self, seller: int) -> int | None:
        """Return the instant of the oldest posting that no settlement paid, or None."""
        self.flush()
        row = self._connection.execute(
            "SELECT MIN(at) FROM postings WHERE seller = ? AND settlement IS NULL", (seller,)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def settle(self, seller: int, currency: str, before_ms: int, settlement: int) -> int:
        """Give a settlement everything unpaid before an instant, and return its sum in minor units."""
        self.flush()
        condition = "seller = ? AND settlement IS NULL AND at < ? AND currency = ?"
        values = (seller, before_ms, currency)
        (total,) = self._connection.execute(
            f"SELECT COALESCE(SUM(net_minor), 0) FROM postings WHERE {condition}",  # noqa: S608  own condition
            values,
        ).fetchone()
        self._connection.execute(
            f"UPDATE postings SET settlement = ? WHERE {condition}",  # noqa: S608  own condition
            (settlement, *values),
        )
        return int(total)

    def total(self, seller: int, currency: str) -> int:
        """Return the sum of all postings of a seller in a currency."""
        self.flush()
        (total,) = self._connection.execute(
            "SELECT COALESCE(SUM(net_minor), 0) FROM postings WHERE seller = ? AND currency = ?", (seller, currency)
        ).fetchone()
        return int(total)
