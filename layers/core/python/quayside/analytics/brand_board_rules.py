"""Brand boards: what the products under each brand sold. Pure.

A board adds up the products of a marketplace by their brand, over the named periods that end on one day. It is made
with the rankings, from the same sheets, so that no dashboard reads products. A product counts for the brand that it is
under when the board is made, on all days.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from quayside.analytics.board_rules import Standing as ProductStanding
from quayside.analytics.rules import SOURCE, PeriodKey, Standing
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.kernel.money import Money

if TYPE_CHECKING:
    from quayside.kernel.figures import State

_NO_BRAND = "no brand"
_TAG_NOTE = (
    "A product counts for the brand it was under when this was worked out, on all days: give it another brand, and its "
    "past goes along."
)


class BrandSum(msgspec.Struct, frozen=True, array_like=True):
    """What the products under a brand sold in a period and in the one before; an empty ``brand`` is none.

    ``unpriced`` counts orders of the period that Amazon has not priced yet, product by product.
    """

    brand: str
    products: int
    units: int
    sales_minor: int
    units_before: int
    sales_before_minor: int
    unpriced: int


class BrandBoard(msgspec.Struct, frozen=True, array_like=True):
    """The brands of a marketplace, by currency and name of the period, as of the end of ``day``."""

    day: date
    sums: Mapping[str, Mapping[PeriodKey, tuple[BrandSum, ...]]]


_BOARD = msgspec.json.Decoder(BrandBoard)


class BrandTally:
    """Adds products up by their brand while they pass by."""

    def __init__(self, day: date, brands: Mapping[str, str]) -> None:
        """Begin with nothing.

        Args:
            day: the day the periods end on.
            brands: the brand of each product that has one.
        """
        self._day = day
        self._brands = brands
        self._sums: dict[str, dict[PeriodKey, dict[str, BrandSum]]] = {}

    def hear(self, currency: str, key: PeriodKey, product: ProductStanding, unpriced: int) -> None:
        """Take in what one product sold."""
        brand = self._brands.get(product.seller_sku, "")
        found = self._sums.setdefault(currency, {}).setdefault(key, {})
        one = BrandSum(
            brand,
            1,
            product.units,
            product.sales_minor,
            product.units_before,
            product.sales_before_minor,
            unpriced,
        )
        found[brand] = one if brand not in found else _added(found[brand], one)

    def board(self) -> BrandBoard:
        """Return what was taken in."""
        return BrandBoard(
            self._day,
            {
                currency: {key: tuple(found[brand] for brand in sorted(found)) for key, found in periods.items()}
                for currency, periods in sorted(self._sums.items())
            },
        )


def _added(one: BrandSum, other: BrandSum) -> BrandSum:
    numbers = zip(msgspec.structs.astuple(one)[1:], msgspec.structs.astuple(other)[1:], strict=True)
    return BrandSum(one.brand, *(first + second for first, second in numbers))


def merged(parts: Iterable[BrandSum]) -> list[BrandSum]:
    """Return the sums of several marketplaces by brand, the most sold first, products without a brand last."""
    found: dict[str, BrandSum] = {}
    for each in parts:
        found[each.brand] = _added(found[each.brand], each) if each.brand in found else each
    return sorted(found.values(), key=lambda each: (not each.brand, -each.sales_minor, -each.units, each.brand))


class BrandRow(msgspec.Struct, frozen=True):
    """A brand of a period: sales and units, and those of the period before (None when that is not known whole).

    ``brand`` is None for products that are under none.
    """

    brand: str | None
    products: int
    sales: Figure
    units: Figure
    previous_sales_minor: int | None
    previous_units: int | None


def rows(found: Sequence[BrandSum], currency: str, standing: Standing, *, compared: bool) -> tuple[BrandRow, ...]:
    """Return brands with their figures, each with its method card filled in."""
    return tuple(
        BrandRow(
            each.brand or None,
            each.products,
            _figure(each, each.sales_minor, currency, standing),
            _figure(each, each.units, None, standing),
            each.sales_before_minor if compared else None,
            each.units_before if compared else None,
        )
        for each in found
    )


def _figure(of: BrandSum, value: int, currency: str | None, standing: Standing) -> Figure:
    name = of.brand or _NO_BRAND
    what = "Units" if currency is None else "Item proceeds"
    said = f"{value:,} units" if currency is None else f"{Money(value, currency).to_decimal():,} {currency}"
    state: State = "estimated" if of.unpriced or not standing.whole else "posted"
    notes = [
        _TAG_NOTE,
        "Cancelled and unfulfillable orders and free replacements are left out.",
    ]
    if of.unpriced:
        notes.append("Estimated: Amazon gives no price for pending orders, and some orders still wait for theirs.")
    if not standing.whole:
        notes.append("A part of the whole: older orders of this period are still being read from Amazon.")
    return figure(
        value,
        unit="units" if currency is None else "minor",
        currency=currency,
        as_of=standing.as_of,
        state=state,
        source=SOURCE,
        method=method_card(
            "units.by_brand" if currency is None else "sales.by_brand",
            f"{'Units ordered' if currency is None else 'Sales'}, {name}",
            f"Sum of the {what.lower()} of all products that you put under the brand",
            f"{what} of {of.products:,} products under {name} = {said}",
            inputs=(
                FigureInput("Products that sold, now or in the period before", of.products, "products"),
                FigureInput("Orders without a price yet, product by product", of.unpriced, "orders"),
            ),
            notes=notes,
        ),
    )


def packed(board: BrandBoard) -> bytes:
    """Write a board as it is stored."""
    return zlib.compress(msgspec.json.encode(board), 9)


def unpacked(data: bytes) -> BrandBoard:
    """Read a stored board."""
    return _BOARD.decode(zlib.decompress(data))
