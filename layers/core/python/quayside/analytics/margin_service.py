"""Use cases of costs beside figures: what the seller's costs come to on the days that are shown.

Joined when somebody looks, by bounded reads: sheets of months (never orders or transactions), the seller's lots, other
costs and rates, and the summaries of settlements.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from quayside.amazon.marketplaces import find_marketplace
from quayside.analytics import margin_rules, rules, sheet_store
from quayside.analytics.figures_service import Account, first_whole_day
from quayside.analytics.margin_rules import CostedSale, Exchange, Outlay, Sale, SharedCost
from quayside.analytics.profit_rules import Slice
from quayside.analytics.sheet_rules import Amounts, Sheet, months_between, sellable_units
from quayside.connections import service as connections
from quayside.finance import cost_service, settlement_service
from quayside.finance.cost_rules import Method, OtherCost
from quayside.finance.service import FINANCES
from quayside.kernel.ids import ConnectionId

if TYPE_CHECKING:
    from quayside.analytics.sheet_rules import Kind
    from quayside.analytics.sheet_store import ProductRow

MOST_SHEETS = 5000
"""So many months of products are read at most for one view: about a megabyte and a half."""
MOST_KEYED = 400
"""Up to so many sheets of some products are read by their keys, which costs what a walk over all products does."""

TOO_MUCH = (
    "Costs and profit are left out: there are too many products, or too many lots, to work them out for all at once. "
    "The page of each product has them."
)

_UNPLACED = (
    "{:,} units that came back to be sold again are of orders that are not known here. Their cost is not taken off."
)
_DAY = timedelta(days=1)


class View(NamedTuple):
    """Whose costs are wanted: of one marketplace, one account, one product, or some products; None is all."""

    marketplace_id: str | None = None
    connection_id: ConnectionId | None = None
    seller_sku: str | None = None
    seller_skus: frozenset[str] | None = None

    def is_about(self, seller_sku: str | None) -> bool:
        """Whether a product is wanted; what is no product's is where all are."""
        if self.seller_sku is not None:
            return seller_sku == self.seller_sku
        return self.seller_skus is None or seller_sku in self.seller_skus


class Costs(NamedTuple):
    """What was spent by currency and day, how lots are used up, and what a reader must know."""

    method: Method
    days: Mapping[str, Mapping[date, Outlay]]
    notes: tuple[str, ...]

    def within(self, currency: str, part: Slice) -> Outlay:
        """Return what was spent in a column."""
        return margin_rules.within(self.days.get(currency, {}), part)


class _Place(NamedTuple):
    connection_id: ConnectionId
    marketplace_id: str


Shipped = dict[str, dict[str, Counter[tuple[str, str]]]]
"""Units shipped by SKU, month of posting, and marketplace and account."""


class _Sold(NamedTuple):
    """Units shipped, and those that came back to be sold again, by SKU.

    ``unplaced`` counts those that came back and of which nobody knows where they had been sold. ``shipped`` has the
    units shipped month by month.
    """

    sales: dict[str, list[Sale]]
    unplaced: int
    shipped: Shipped


def costs(view: View, span: Slice, *, most_sheets: int = MOST_SHEETS) -> Costs | None:
    """Return what the tenant in scope spent on the days of a span; None when that is too much to work out at once.

    First in, first out needs the sales of a product everywhere since its first lot; the other methods those of the
    span alone.

    Args:
        view: whose costs.
        span: the days, both ends included.
        most_sheets: so many months of products are read at most.
    """
    found = costs_of([view], span, _wanted(view), most_sheets=most_sheets)
    return None if found is None else found[view]


def _wanted(view: View) -> frozenset[str] | None:
    return view.seller_skus if view.seller_sku is None else frozenset({view.seller_sku})


def costs_of(
    views: Sequence[View], span: Slice, seller_skus: frozenset[str] | None = None, *, most_sheets: int = MOST_SHEETS
) -> dict[View, Costs] | None:
    """Return the costs of several views, as ``costs`` does, from what is read once.

    Args:
        views: whose costs; of ``seller_skus`` where they are given.
        span: the days, both ends included.
        seller_skus: read these products alone.
        most_sheets: so many months of products are read at most.
    """
    book = cost_service.cost_book(next(iter(seller_skus)) if seller_skus and len(seller_skus) == 1 else None)
    if book is None:
        return None
    begins = [lot.from_day for lots in book.lots.values() for lot in lots]
    since = min([span.first, *begins]) if book.method == "fifo" else span.first
    # Sheets are kept for 18 months; there is nothing to find in older ones.
    earliest = max(since, span.last - timedelta(days=rules.HISTORY_DAYS))
    places, known_from = _places()
    sold = _sales(places, seller_skus, Slice(earliest, span.last), span.first, most_sheets)
    if sold is None:
        return None
    unplaced = (_UNPLACED.format(sold.unplaced),) if sold.unplaced else ()
    known_from = None if known_from is None else max(known_from, earliest)
    costed = [
        each
        for sku, sales in sold.sales.items()
        for each in margin_rules.cost_sales(book.lots.get(sku, ()), book.method, sales, known_from, span.first)
    ]
    entered = cost_service.other_costs_of(span.first, span.last)
    others = [cost for cost, _ in entered]
    found = {view: _costs_of(view, span, book.method, costed, others, sold.shipped) for view in views}
    return {view: each._replace(notes=(*each.notes, *unplaced)) for view, each in found.items()}


def _costs_of(  # noqa: PLR0913, PLR0917 - what the costs of a view are made of
    view: View,
    span: Slice,
    method: Method,
    costed: Iterable[CostedSale],
    entered: Sequence[OtherCost],
    shipped: Shipped,
) -> Costs:
    by_currency: dict[str, list[CostedSale]] = defaultdict(list)
    for each in costed:
        if _is_of(view, each.sale):
            by_currency[each.sale.currency].append(each)
    others, shared, left_out = _other_costs(view, entered, shipped, span)
    days = {
        currency: margin_rules.outlays_by_day(
            by_currency[currency],
            others[currency],
            _exchange(
                by_currency[currency], [*others[currency], *(each.cost for each in shared[currency])], currency, span
            ),
            span,
            shared[currency],
        )
        for currency in sorted({*by_currency, *others, *shared})
    }
    notes = (f"Other costs that name no marketplace are left out here: {', '.join(left_out)}.",) if left_out else ()
    return Costs(method, days, notes)


def _places() -> tuple[tuple[_Place, ...], date | None]:
    """Return every place where the tenant sells, and the first day since when the sales of all are known."""
    places: list[_Place] = []
    known_from = date.min
    whole = True
    for known in connections.known():
        if not known.has_data:
            continue
        complete_from = known.complete_from(FINANCES)
        places.append(_Place(known.connection_id, ""))
        for marketplace_id in sorted(known.connection.marketplace_ids):
            marketplace = find_marketplace(marketplace_id)
            places.append(_Place(known.connection_id, marketplace_id))
            if complete_from is None:
                whole = False
                continue
            time_zone = "UTC" if marketplace is None else marketplace.time_zone
            known_from = max(known_from, first_whole_day(complete_from, time_zone))
    return tuple(places), known_from if whole else None


def _sales(
    places: Sequence[_Place], seller_skus: frozenset[str] | None, span: Slice, shown_from: date, most_sheets: int
) -> _Sold | None:
    """Return the units shipped of each product on the days of a span; None when it takes more than so many sheets.

    Args:
        places: where the tenant sells; of each connection once without a marketplace, where its returns stand.
        seller_skus: of these products alone.
        span: the days.
        shown_from: the first of them that is shown.
        most_sheets: so many months of products are read at most.
    """
    # A transaction lies in the month of its day in UTC, which may be the day beside the marketplace's.
    months = months_between(span.first - _DAY, span.last + _DAY)
    left = most_sheets
    sold = _Sold(defaultdict(list), 0, defaultdict(lambda: defaultdict(Counter)))
    only_places = {place.connection_id: _only_place(places, place.connection_id) for place in places}
    shelves: list[tuple[_Place, Kind]] = [(place, "MONEY") for place in places]
    shelves += [(place, "RETURNS") for place in places if not place.marketplace_id]
    for place, kind, row in _rows(shelves, seller_skus, months):
        left -= len(row.sheets)
        if left < 0:
            return None
        if seller_skus is not None and row.seller_sku not in seller_skus:
            continue
        if kind == "MONEY":
            sold.sales[row.seller_sku].extend(_of_sheets(place, row.sheets, span))
            for month, sheet in zip(row.months, row.sheets, strict=True):
                sold.shipped[row.seller_sku][month][place.marketplace_id, place.connection_id] += _shipped(sheet)
            continue
        for each in _returns_of(place.connection_id, only_places[place.connection_id], row.sheets, span):
            if each.currency:
                sold.sales[row.seller_sku].append(each)
            elif each.day >= shown_from:
                sold = sold._replace(unplaced=sold.unplaced - each.units)
    return sold


def _rows(
    shelves: "Sequence[tuple[_Place, Kind]]", seller_skus: frozenset[str] | None, months: Sequence[str]
) -> "Iterator[tuple[_Place, Kind, ProductRow]]":
    """Yield the products of some shelves; those that are wanted, and others where a walk over all costs less."""
    sheets = 0 if seller_skus is None else len(seller_skus) * len(shelves) * len(months)
    keyed = seller_skus is not None and (len(seller_skus) == 1 or sheets <= MOST_KEYED)
    for place, kind in shelves:
        if seller_skus is not None and keyed:
            for seller_sku in sorted(seller_skus):
                yield place, kind, sheet_store.months_of_product(*place, kind, seller_sku, months)
            continue
        for row in sheet_store.products(*place, kind, months):
            yield place, kind, row


def money_of_products(
    found: Sequence[Account],
    marketplace_id: str | None,
    seller_skus: frozenset[str],
    span: Slice,
    *,
    most_sheets: int = MOST_SHEETS,
) -> dict[str, list[tuple[date, Amounts]]] | None:
    """Return the days of the money of some products by currency; None when it takes more than so many sheets.

    Args:
        found: the accounts, with the marketplaces they are wanted of.
        marketplace_id: of this marketplace alone; None is all, and what Amazon books for none.
        seller_skus: which products.
        span: the days.
        most_sheets: so many months of products are read at most.
    """
    shelves: list[tuple[_Place, Kind]] = []
    for account in found:
        wanted = {shop.marketplace.marketplace_id for shop in account.shops} | (
            {""} if marketplace_id is None else set()
        )
        shelves += [(_Place(account.known.connection_id, place), "MONEY") for place in sorted(wanted)]
    first, last = span.first.isoformat(), span.last.isoformat()
    days: dict[str, list[tuple[date, Amounts]]] = defaultdict(list)
    left = most_sheets
    for _, _, row in _rows(shelves, seller_skus, months_between(span.first - _DAY, span.last + _DAY)):
        left -= len(row.sheets)
        if left < 0:
            return None
        if row.seller_sku not in seller_skus:
            continue
        for sheet in row.sheets:
            for currency, of_days in sheet.items():
                days[currency] += [
                    (date.fromisoformat(day), amounts) for day, amounts in of_days.items() if first <= day <= last
                ]
    return days


def _shipped(sheet: Sheet) -> int:
    return sum(amounts.get("units_shipped", 0) for days in sheet.values() for amounts in days.values())


def _only_place(places: Sequence[_Place], connection_id: ConnectionId) -> str | None:
    """Return the marketplace of an account that sells in one alone."""
    mine = [place.marketplace_id for place in places if place.connection_id == connection_id and place.marketplace_id]
    return mine[0] if len(mine) == 1 else None


def _returns_of(
    connection_id: ConnectionId, only_place: str | None, sheets: Iterable[Sheet], span: Slice
) -> Iterator[Sale]:
    """Yield the units that came back to be sold again; without a currency if nobody knows where they were sold."""
    first, last = span.first.isoformat(), span.last.isoformat()
    for sheet in sheets:
        for day, amounts in sheet.get("", {}).items():
            if not first <= day <= last:
                continue
            for sold_in, units in sellable_units(amounts).items():
                marketplace_id = sold_in or only_place or ""
                marketplace = find_marketplace(marketplace_id)
                currency = "" if marketplace is None else marketplace.currency
                place = _Place(connection_id, marketplace_id)
                yield Sale(date.fromisoformat(day), "#".join(place), currency, -units, is_return=True)


def _of_sheets(place: _Place, sheets: Iterable[Sheet], span: Slice) -> Iterator[Sale]:
    first, last = span.first.isoformat(), span.last.isoformat()
    for sheet in sheets:
        for currency, days in sheet.items():
            for day, amounts in days.items():
                if first <= day <= last and (units := amounts.get("units_shipped", 0)):
                    yield Sale(date.fromisoformat(day), "#".join(place), currency, units)


def _is_of(view: View, sale: Sale) -> bool:
    connection_id, _, marketplace_id = sale.place.partition("#")
    return view.connection_id in {None, connection_id} and view.marketplace_id in {None, marketplace_id}


def _other_costs(
    view: View,
    entered: Sequence[OtherCost],
    shipped: Shipped,
    span: Slice,
) -> tuple[dict[str, list[OtherCost]], dict[str, list[SharedCost]], list[str]]:
    """Return the other costs of a view by the currency they count in, and the names of those that can't be placed.

    What is a product's and names no marketplace is shared among those where it was shipped in the same month.
    """
    found: dict[str, list[OtherCost]] = defaultdict(list)
    shared: dict[str, list[SharedCost]] = defaultdict(list)
    left_out: dict[str, None] = {}
    for cost in entered:
        if not view.is_about(cost.seller_sku):
            continue
        if view.marketplace_id is not None and cost.marketplace_id is None:
            part = _part_of(view, cost, shipped)
            months = months_between(max(cost.from_day, span.first), min(cost.to_day, span.last))
            if any(month not in part.portions for month in months):
                left_out[cost.name] = None
            marketplace = find_marketplace(view.marketplace_id)
            if marketplace is not None and any(portion.weight for portion in part.portions.values()):
                shared[marketplace.currency].append(part)
        elif view.marketplace_id in {None, cost.marketplace_id}:
            marketplace = None if cost.marketplace_id is None else find_marketplace(cost.marketplace_id)
            found[cost.currency if marketplace is None else marketplace.currency].append(cost)
    return found, shared, list(left_out)


def _part_of(view: View, cost: OtherCost, shipped: Shipped) -> SharedCost:
    months = shipped.get(cost.seller_sku or "", {})
    here = {
        place
        for places in months.values()
        for place in places
        if place[0] == view.marketplace_id and view.connection_id in {None, place[1]}
    }
    return margin_rules.shared_cost(cost, months, here)


def _exchange(sales: Sequence[CostedSale], others: Sequence[OtherCost], currency: str, span: Slice) -> Exchange:
    bases = sorted({*(each.currency for each in sales if each.currency), *(cost.currency for cost in others)})
    return Exchange(cost_service.rates_between(bases, currency, span.first, span.last), currency)


class Part(NamedTuple):
    """Days of an account in a time zone."""

    connection_id: ConnectionId
    period: Slice
    time_zone: str


def parts_of(found: Sequence[Account], currency: str, marketplace_id: str | None) -> list[Part]:
    """Return the days of accounts that have money in a currency, marketplace by marketplace.

    What Amazon books for no marketplace counts by days of UTC, and belongs to all marketplaces alone.
    """
    parts = []
    for account in found:
        booked = {row.marketplace_id for row in account.rows if row.kind == "MONEY" and row.currency == currency}
        for shop in account.shops:
            part = Part(
                account.known.connection_id,
                Slice(shop.period.from_day, shop.period.to_day),
                shop.marketplace.time_zone,
            )
            if shop.marketplace.marketplace_id in booked:
                parts.append(part)
            if marketplace_id is None and "" in booked:
                parts.append(part._replace(time_zone="UTC"))
    return parts


def are_reconciled(parts: Sequence[Part], currency: str, now: datetime) -> bool:
    """Whether every instant of some days lies in settlements in a currency that are reconciled; not if there are none.

    Days that are not over are not: settlements tell of the past alone. One query an account.
    """
    if not parts or any(part.period.last >= now.date() for part in parts):
        return False
    spans = {
        connection_id: [
            (each.started_at, each.ended_at)
            for each in settlement_service.reconciled_spans(connection_id)
            if each.currency == currency
        ]
        for connection_id in dict.fromkeys(part.connection_id for part in parts)
    }
    return all(margin_rules.is_covered(spans[part.connection_id], part.period, part.time_zone) for part in parts)
