"""Use cases of costs: enter and remove lots, one by one or from a file, other costs and rates, and cost what was sold.

All of it is what the seller says; it is of the tenant, has no end, and stays when an Amazon account is disconnected.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, DecimalException
from itertools import chain
from typing import NamedTuple

from quayside.amazon.marketplaces import marketplace
from quayside.finance import cost_store as store
from quayside.finance.cost_file_rules import (
    EARLIEST,
    LATEST,
    LONGEST_SKU,
    MOST_MINOR,
    LotRow,
    UnusableCost,
    lot_of,
    read_file,
)
from quayside.finance.cost_records import lot_from
from quayside.finance.cost_rules import CostOfSales, Lot, Method, OtherCost, cost_of_sales
from quayside.finance.cost_views import (
    CostFileView,
    CostMethodView,
    CostRowView,
    LotPage,
    LotView,
    OtherCostList,
    OtherCostView,
    RateList,
    RateView,
    RowState,
    lot_view,
    lot_view_of,
    other_cost_view,
    rate_view,
)
from quayside.finance.rate_rules import LONGEST_GAP_DAYS, Rate
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import new_id
from quayside.kernel.money import Money

_MOST_OTHER_DAYS = 3660

MOST_BOOKED = 5000
"""So many lots are read at most to work out the costs of all products at once: about a megabyte."""


def list_lots(sku_begins: str, cursor: str | None, limit: int) -> LotPage:
    """List the lots of the tenant in scope whose SKU begins so, in the order of their SKUs.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    found, next_cursor = store.browse_lots(sku_begins, cursor, limit)
    counted = (record for record in found if record.counts())
    return LotPage(store.method(), tuple(map(lot_view_of, counted)), next_cursor)


def set_method(chosen: Method) -> CostMethodView:
    """Say how the costs of the tenant in scope are used up; all figures follow, past ones too."""
    store.set_method(chosen)
    return CostMethodView(chosen)


def add_lot(fields: Mapping[str, str], clock: Clock) -> LotView:
    """Enter a lot of the tenant in scope.

    Args:
        fields: its parts as text, by the names of ``cost_file_rules.COLUMNS``.
        clock: the time.

    Raises:
        InvalidInput: a part is missing or out of its range, or the SKU's other lots are in another currency.
        Conflict: the very same lot is there already, or the SKU has too many.
    """
    try:
        sku, lot = lot_of(fields)
        _fits(lot, store.lots_of(sku))
    except UnusableCost as problem:
        raise _invalid(problem) from problem
    if not store.add_lot(sku, lot, clock.now()):
        raise Conflict("This lot is entered already.", code="cost_known", action="Change its day, units or note.")
    return lot_view(sku, lot)


def remove_lot(seller_sku: str, from_day: date, lot_id: str) -> None:
    """Remove a lot of the tenant in scope.

    Raises:
        NotFound: there is no such lot.
        Conflict: a purchase order made it.
    """
    found = store.find_lot(seller_sku, from_day, lot_id)
    if found is None or not found.counts():
        raise NotFound("There is no such lot.", code="no_such_lot")
    origin: str | None = found.origin
    if origin is not None:
        raise Conflict(
            f"This lot was made by what {origin} brought, and follows it.",
            code="lot_of_order",
            action="Correct the order, its receipts or its charges; the lot changes with them.",
        )
    store.remove_lot(seller_sku, from_day, lot_id)


def keep_bought(seller_sku: str, lot: Lot, *, origin: str, step: int, clock: Clock) -> bool:
    """Enter or change a lot that an order made, for the tenant in scope. The same again changes nothing.

    Args:
        seller_sku: of which SKU.
        lot: with the id and the day under which it stands from the first time on.
        origin: the order, as a reader knows it.
        step: of the order; what an earlier one says never replaces what a later one said.
        clock: the time.
    """
    return store.keep_lot(seller_sku, lot, origin=origin, step=step, at=clock.now())


def withdraw_bought(seller_sku: str, from_day: date, lot_id: str, *, step: int, clock: Clock) -> bool:
    """Withdraw a lot that an order made, for the tenant in scope: it counts for nothing any more.

    Costs of what was sold are worked out of the lots that there are whenever they are asked for, so the sales that it
    covered are covered by the lots after it, or are said to have no cost. The same again is no harm.

    Args:
        seller_sku: of which SKU.
        from_day: the day under which it stands.
        lot_id: its id.
        step: of the order; what an earlier one says never brings it back.
        clock: the time.
    """
    return store.withdraw_lot(seller_sku, from_day, lot_id, step=step, at=clock.now())


def check_bought(seller_skus: Iterable[str], currency: str, lots_each: int = 1) -> None:
    """Refuse lots that could not stand beside those that the SKUs have.

    Raises:
        Conflict: a SKU has lots in another currency, or as many as it can have.
    """
    for sku in dict.fromkeys(seller_skus):
        records = store.lot_records(sku)
        present = [lot_from(record) for record in records if record.counts()]
        other = next((lot.currency for lot in present if lot.currency != currency), None)
        if other is not None:
            raise Conflict(
                f"The costs of {sku} are kept in {other}, this order lands in {currency}.",
                code="other_cost_currency",
                action=f"Let the order land in {other}, with a rate; or enter the SKU's lots anew in {currency}.",
            )
        if len(present) + lots_each > store.MOST_LOTS or len(records) >= store.MOST_RECORDS:
            raise Conflict(
                f"{sku} has {len(present)} cost lots; {store.MOST_LOTS} is the most.",
                code="too_many_lots",
                action="Remove old lots under Costs first.",
            )


def preview_file(text: str) -> CostFileView:
    """Say what a file of costs would change for the tenant in scope; nothing is stored.

    Raises:
        InvalidInput: the file has no usable header, or too many rows.
    """
    return _file_view(_judged(text))


def import_file(text: str, clock: Clock) -> CostFileView:
    """Enter the new lots of a file for the tenant in scope; refused rows are left out and said, known ones stay.

    Raises:
        InvalidInput: the file has no usable header, or too many rows.
    """
    rows = _judged(text)
    now = clock.now()
    for row, state, _ in rows:
        if state == "new" and row.lot is not None:
            store.add_lot(row.seller_sku, row.lot, now)
    return _file_view(rows)


class _Judged(NamedTuple):
    row: LotRow
    state: RowState
    problem: str | None


def _judged(text: str) -> list[_Judged]:
    try:
        rows = read_file(text)
    except UnusableCost as problem:
        raise _invalid(problem) from problem
    lots: dict[str, list[Lot]] = {}
    judged = []
    for row in rows:
        if row.lot is None:
            judged.append(_Judged(row, "refused", row.problem))
            continue
        present = lots.setdefault(row.seller_sku, []) if row.seller_sku in lots else store.lots_of(row.seller_sku)
        lots[row.seller_sku] = present
        if any(each.lot_id == row.lot.lot_id for each in present):
            judged.append(_Judged(row, "known", None))
            continue
        try:
            _fits(row.lot, present)
        except UnusableCost as problem:
            judged.append(_Judged(row, "refused", str(problem)))
            continue
        present.append(row.lot)
        judged.append(_Judged(row, "new", None))
    return judged


def _fits(lot: Lot, present: Sequence[Lot]) -> None:
    """Refuse a lot that can't stand beside those of its SKU.

    Raises:
        UnusableCost: they are in another currency, or too many.
    """
    other = next((each.currency for each in present if each.currency != lot.currency), None)
    if other is not None:
        raise UnusableCost("currency", f"has to be {other}, as in the other lots of this SKU")
    if len(present) >= store.MOST_LOTS:
        raise UnusableCost("seller_sku", f"has {store.MOST_LOTS} lots already; remove old ones")


def _file_view(rows: Sequence[_Judged]) -> CostFileView:
    shown = tuple(
        CostRowView(
            row.line,
            row.seller_sku,
            state,
            None if row.lot is None else lot_view(row.seller_sku, row.lot),
            problem,
        )
        for row, state, problem in rows
    )
    counted: dict[str, int] = defaultdict(int)
    for each in shown:
        counted[each.state] += 1
    return CostFileView(counted["new"], counted["known"], counted["refused"], shown)


def list_other_costs() -> OtherCostList:
    """List the other costs of the tenant in scope, the earliest first."""
    return OtherCostList(tuple(map(other_cost_view, store.other_costs())))


def add_other_cost(  # noqa: PLR0913 - the parts of a cost
    name: str,
    amount: str,
    currency: str,
    from_day: date,
    to_day: date,
    *,
    marketplace_id: str | None,
    seller_sku: str | None,
    clock: Clock,
    entropy: Callable[[int], bytes],
) -> OtherCostView:
    """Enter a cost that is no purchase price, spread evenly over its days, both included.

    Raises:
        InvalidInput: the amount, the days, the marketplace or the SKU can't be.
        Conflict: there are too many.
    """
    money = Money.from_decimal(amount, currency)
    problems = []
    if not 0 < money.amount_minor <= MOST_MINOR:
        problems.append(FieldProblem("amount", "has to be more than 0 and less than a million million"))
    if not EARLIEST <= from_day <= to_day <= LATEST or to_day - from_day > timedelta(days=_MOST_OTHER_DAYS):
        problems.append(
            FieldProblem("to_day", f"has to be the first day or later, {_MOST_OTHER_DAYS} days at most, until {LATEST}")
        )
    if seller_sku is not None and not 1 <= len(seller_sku) <= LONGEST_SKU:
        problems.append(FieldProblem("seller_sku", f"has 1 to {LONGEST_SKU} characters"))
    if not name.strip():
        problems.append(FieldProblem("name", "is needed"))
    if problems:
        raise InvalidInput("The cost can't be entered.", fields=tuple(problems), code="invalid_cost")
    if marketplace_id is not None:
        marketplace(marketplace_id)
    if len(store.other_costs()) >= store.MOST_OTHER_COSTS:
        raise Conflict(
            f"There are {store.MOST_OTHER_COSTS} other costs already.",
            code="too_many_costs",
            action="Remove old ones first.",
        )
    cost = OtherCost(
        new_id(entropy), name.strip(), money.amount_minor, money.currency, from_day, to_day, marketplace_id, seller_sku
    )
    store.add_other_cost(cost, clock.now())
    return other_cost_view(cost)


def remove_other_cost(from_day: date, cost_id: str) -> None:
    """Remove an other cost of the tenant in scope.

    Raises:
        NotFound: there is no such cost.
    """
    if not store.remove_other_cost(from_day, cost_id):
        raise NotFound("There is no such cost.", code="no_such_cost")


def list_rates() -> RateList:
    """List the latest rates of exchange of the tenant in scope."""
    return RateList(tuple(map(rate_view, store.latest_rates(200))))


def set_rate(day: date, base: str, quote: str, rate: str, source: str, clock: Clock) -> RateView:  # noqa: PLR0913, PLR0917 - a rate has these parts
    """State a rate for a pair of currencies and a day, with its source; it replaces another one of that day.

    Raises:
        InvalidInput: the currencies are the same or no codes, the rate is no number above 0, or the source is empty.
    """
    Money.from_decimal("0", base)
    Money.from_decimal("0", quote)
    try:
        value = Decimal(rate)
        sensible = value.is_finite() and Decimal("1e-8") <= value <= Decimal("1e8")
    except DecimalException:
        sensible = False
    problems = []
    if not sensible:
        problems.append(FieldProblem("rate", "has to be a number from 0.00000001 to 100000000, such as 1.0842"))
    if base == quote:
        problems.append(FieldProblem("quote", "has to be another currency"))
    if not EARLIEST <= day <= LATEST:
        problems.append(FieldProblem("day", f"has to be from {EARLIEST} to {LATEST}"))
    if not source.strip():
        problems.append(FieldProblem("source", "is needed: where the rate comes from"))
    if problems:
        raise InvalidInput("The rate can't be entered.", fields=tuple(problems), code="invalid_rate")
    found = Rate(day, base, quote, rate, source.strip())
    store.put_rate(found, clock.now())
    return rate_view(found)


# -- For figures -------------------------------------------------------------------------------------------------------


def cost_of_units(seller_sku: str, units_before: int, units: Mapping[date, int]) -> CostOfSales:
    """Return what the sales of one SKU of the tenant in scope cost, day by day. Two reads, however long the history.

    Args:
        seller_sku: the SKU, over all marketplaces.
        units_before: units sold before the first of the days since ``lots_begin``, returns taken off.
        units: units sold by day, less those that came back for sale.
    """
    return cost_of_sales(store.lots_of(seller_sku), store.method(), units_before, units)


class CostBook(NamedTuple):
    """How the tenant's costs are used up, and the lots of each SKU."""

    method: Method
    lots: Mapping[str, Sequence[Lot]]


def cost_book(seller_sku: str | None = None) -> CostBook | None:
    """Return the lots of one SKU of the tenant in scope, or of all; None when all are more than ``MOST_BOOKED``."""
    lots = store.all_lots(MOST_BOOKED) if seller_sku is None else {seller_sku: store.lots_of(seller_sku)}
    return None if lots is None else CostBook(store.method(), lots)


def unit_costs(seller_skus: Sequence[str], day: date) -> dict[str, Money]:
    """Return what a unit of each SKU costs landed by the last lot that began until a day, rounded half to even.

    SKUs without such a lot are left out. One read a SKU.
    """
    found = {}
    for sku in dict.fromkeys(seller_skus):
        lots = [lot for lot in store.lots_of(sku) if lot.from_day <= day]
        if lots:
            found[sku] = Money(round(lots[-1].unit_cost), lots[-1].currency)
    return found


def lots_begin(seller_sku: str) -> date | None:
    """Return the first day of the oldest lot of a SKU: from there on its units are counted. None when it has none."""
    return min((lot.from_day for lot in store.lots_of(seller_sku)), default=None)


def other_costs_of(from_day: date, to_day: date) -> tuple[tuple[OtherCost, int], ...]:
    """Return the other costs that fall on a period, both days included, each with its share in minor units."""
    shares = ((cost, cost.share(from_day, to_day)) for cost in store.other_costs())
    return tuple((cost, minor) for cost, minor in shares if minor)


def rates_between(bases: Sequence[str], quote: str, from_day: date, to_day: date) -> tuple[Rate, ...]:
    """Return the rates of some currencies into another that can hold on a day of a period."""
    since = from_day - timedelta(days=LONGEST_GAP_DAYS)
    found = (store.rates_of(base, quote, since, to_day) for base in dict.fromkeys(bases) if base != quote)
    return tuple(chain.from_iterable(found))


def _invalid(problem: UnusableCost) -> InvalidInput:
    return InvalidInput(
        f"{problem.field} {problem.reason}.", fields=(FieldProblem(problem.field, problem.reason),), code="invalid_cost"
    )
