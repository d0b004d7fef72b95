"""Boards: which products sell most, and which sell less than before. Pure.

A board ranks all products of a marketplace over the named periods that end on one day. It is made anew from the
products' sheets when orders were read, and a dashboard reads the board, so that no dashboard reads products.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from quayside.analytics.rules import Period, PeriodKey, period_until
from quayside.analytics.sheet_rules import Sheet

RANKED = 10
"""How many products a ranking names."""

PERIODS: tuple[PeriodKey, ...] = ("today", "yesterday", "7d", "30d", "90d")

REFRESH_SECONDS = 15 * 60
"""A board is made anew at most so often."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """One product in a ranking: what it sold in the period and in the one before, in minor units."""

    seller_sku: str
    units: int
    sales_minor: int
    units_before: int
    sales_before_minor: int

    @property
    def change_minor(self) -> int:
        """By how much its sales changed."""
        return self.sales_minor - self.sales_before_minor


class Ranking(msgspec.Struct, frozen=True, array_like=True):
    """The products of one currency and period: the most sold, those that fell most, and how many there are."""

    top: tuple[Standing, ...]
    falling: tuple[Standing, ...]
    products: int


class Board(msgspec.Struct, frozen=True, array_like=True):
    """The rankings of a marketplace, by currency and name of the period, as of the end of ``day``."""

    day: date
    rankings: Mapping[str, Mapping[PeriodKey, Ranking]]


Heard = Callable[[str, PeriodKey, Standing, int], None]
"""Is told of what each product sold: the currency, the period, and how many orders Amazon has not priced yet."""

Order = Callable[[Standing], tuple[int, int, str]]
"""What a ranking sorts by, the best first."""

_TRIMMED_AT = 20 * RANKED
_BOARD = msgspec.json.Decoder(Board)


class _Sums:
    """Running sums of one product in one currency: of each period and the one before, and its unpriced orders."""

    __slots__ = ("sums",)

    def __init__(self) -> None:
        self.sums: list[list[int]] = [[0, 0, 0, 0, 0] for _ in PERIODS]


class _Bounds(NamedTuple):
    before: str
    first: str
    last: str


def _bounds(period: Period) -> _Bounds:
    return _Bounds(period.before.from_day.isoformat(), period.from_day.isoformat(), period.to_day.isoformat())


def days_needed(day: date) -> Period:
    """Return the days that a board of ``day`` is made of."""
    longest = period_until(PERIODS[-1], day)
    return Period(longest.before.from_day, day)


def board_of(day: date, products: Iterable[tuple[str, Iterable[Sheet]]], heard: Heard | None = None) -> Board:
    """Rank products by their sheets: each product once, whatever the order.

    Memory grows with the length of the rankings and not with the number of products.

    Args:
        day: the day the periods end on.
        products: each with its sheets.
        heard: is told of each product as it passes by.
    """
    bounds = [_bounds(period_until(key, day)) for key in PERIODS]
    kept: dict[str, list[_Best]] = {}
    for sku, sheets in products:
        for currency, sums in _summed(sheets, bounds).items():
            rankings = kept.setdefault(currency, [_Best() for _ in PERIODS])
            for key, best, (units, sales, units_before, sales_before, unpriced) in zip(
                PERIODS, rankings, sums.sums, strict=True
            ):
                if units or sales or units_before or sales_before:
                    standing = Standing(sku, units, sales, units_before, sales_before)
                    best.add(standing)
                    if heard is not None:
                        heard(currency, key, standing, unpriced)
    return Board(
        day,
        {
            currency: {key: best.ranking() for key, best in zip(PERIODS, rankings, strict=True)}
            for currency, rankings in sorted(kept.items())
        },
    )


def _summed(sheets: Iterable[Sheet], bounds: list[_Bounds]) -> dict[str, _Sums]:
    found: dict[str, _Sums] = {}
    for sheet in sheets:
        for currency, days in sheet.items():
            sums = found.setdefault(currency, _Sums()).sums
            for day, amounts in days.items():
                units, sales = amounts.get("units", 0), amounts.get("sales_minor", 0)
                unpriced = amounts.get("pending", 0) + amounts.get("waiting_for_price", 0)
                for place, bound in enumerate(bounds):
                    if bound.first <= day <= bound.last:
                        sums[place][0] += units
                        sums[place][1] += sales
                        sums[place][4] += unpriced
                    elif bound.before <= day < bound.first:
                        sums[place][2] += units
                        sums[place][3] += sales
    return found


class _Best:
    """The few best of many, kept while they pass by; of equals, the one that is first by its SKU."""

    def __init__(self) -> None:
        self._top: list[Standing] = []
        self._falling: list[Standing] = []
        self._count = 0

    def add(self, standing: Standing) -> None:
        self._count += 1
        if standing.units > 0 or standing.sales_minor > 0:
            self._top = _kept(self._top, standing, most_sold)
        if standing.change_minor < 0:
            self._falling = _kept(self._falling, standing, most_fallen)

    def ranking(self) -> Ranking:
        return Ranking(ranked(self._top, most_sold), ranked(self._falling, most_fallen), self._count)


def most_sold(standing: Standing) -> tuple[int, int, str]:
    """Sorts by sales, then by units."""
    return -standing.sales_minor, -standing.units, standing.seller_sku


def most_fallen(standing: Standing) -> tuple[int, int, str]:
    """Sorts by the loss of sales, then by what was sold before."""
    return standing.change_minor, -standing.units_before, standing.seller_sku


def ranked(found: Iterable[Standing], order: Order) -> tuple[Standing, ...]:
    """Return the first few of a ranking."""
    return tuple(sorted(found, key=order)[:RANKED])


def _kept(best: list[Standing], standing: Standing, order: Order) -> list[Standing]:
    best.append(standing)
    return best if len(best) < _TRIMMED_AT else list(ranked(best, order))


def is_due(made_at: int | None, made_of: date | None, today: date, now: int) -> bool:
    """Whether a board has to be made anew: there is none, its day is over, or it is older than it may be."""
    return made_at is None or made_of != today or now - made_at >= REFRESH_SECONDS


def packed(board: Board) -> bytes:
    """Write a board as it is stored."""
    return zlib.compress(msgspec.json.encode(board), 9)


def unpacked(data: bytes) -> Board:
    """Read a stored board."""
    return _BOARD.decode(zlib.decompress(data))
