"""Use cases of money: what Amazon booked in a period, profit and loss, refunds and returns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec

from quayside.analytics import figures_service, margin_rules, margin_service, profit_rules
from quayside.analytics.figures_service import Account, Asked
from quayside.analytics.margin_rules import Column, Outlay, Shown
from quayside.analytics.margin_service import Costs, View
from quayside.analytics.profit_rules import Slice, Step
from quayside.analytics.rules import Period, Standing
from quayside.analytics.sheet_rules import Amounts, summed
from quayside.analytics.views import (
    BrandScope,
    ColumnView,
    MoneySummary,
    ProfitTable,
    ProfitView,
    ReasonView,
    RefundView,
    ReturnsView,
)
from quayside.catalog import brand_service as brands
from quayside.finance.amount_rules import AmountGroup
from quayside.finance.service import FINANCES
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.orders.returns import DATASET as RETURNS
from quayside.orders.returns import NO_REASON

Days = list[tuple[date, Amounts]]

_RETURNS_SOURCE = "Amazon's report of FBA returns, added up per day as it is read"
_TOO_MANY_PRODUCTS = (
    "The money of this brand is left out: there are too many products to add it up at once. Choose a shorter period or "
    "one marketplace; the page of each product has its own."
)
_ACCOUNT_NOTE = "Fees that Amazon books for no marketplace are left out: choose all marketplaces to see them."


def money_of(found: Sequence[Account], marketplace_id: str | None) -> dict[str, Days]:
    """Return the days of money by currency; what Amazon books for no marketplace belongs to all of them alone."""
    days: dict[str, Days] = defaultdict(list)
    for account in found:
        places = {shop.marketplace.marketplace_id for shop in account.shops}
        if marketplace_id is None:
            places.add("")
        for row in account.rows:
            if row.kind == "MONEY" and row.marketplace_id in places:
                days[row.currency].append((row.day, row.amounts))
    return days


def _period(found: Sequence[Account], asked: Asked, now: datetime) -> Period:
    """Return the one period of a table: of the marketplace whose day is furthest when there are several."""
    periods = [shop.period for account in found for shop in account.shops]
    return max(periods, key=lambda period: period.to_day, default=figures_service.period_of(asked, now.date()))


def _previous_of(days: Days, period: Period, before: Standing) -> Amounts | None:
    return profit_rules.within(days, profit_rules.previous_slice(period)) if before.known and before.whole else None


def summaries(found: Sequence[Account], marketplace_id: str | None, now: datetime) -> dict[str, MoneySummary]:
    """Return what Amazon booked in the period, by currency; nothing while no transactions were ever read."""
    standing = figures_service.standing_of(found, FINANCES, now)
    if not standing.known:
        return {}
    before = figures_service.standing_of(found, FINANCES, now, before=True)
    summary: dict[str, MoneySummary] = {}
    for currency, days in money_of(found, marketplace_id).items():
        period = _period(found, "today", now)
        amounts = profit_rules.within(days, Slice(period.from_day, period.to_day))
        previous = _previous_of(days, period, before)
        summary[currency] = MoneySummary(
            profit_rules.group_figure(amounts, AmountGroup.REFUNDS, currency, standing),
            profit_rules.group_figure(amounts, AmountGroup.FEES, currency, standing),
            profit_rules.proceeds_figure(amounts, currency, standing),
            None if previous is None else profit_rules.group_minor(previous, AmountGroup.REFUNDS),
            None if previous is None else profit_rules.group_minor(previous, AmountGroup.FEES),
            None if previous is None else profit_rules.proceeds_minor(previous),
        )
    return summary


def brand_note(brand: str, products: int) -> str:
    """Return what a reader must know of figures of a brand with so many products."""
    return (
        f"Of the products under the brand {brand}, {products:,} now, on all days, whenever they were put under it. "
        "What Amazon books for no product is left out."
    )


def profit(
    clock: Clock, asked: Asked, by: Step, marketplace_id: str | None = None, brand: str | None = None
) -> ProfitView:
    """Show profit and loss of a period of the tenant in scope, by currency, beside the period before.

    A brand is that of its products now, on all days: what is read are the sheets of products, of which ``costs`` reads
    as many at most.

    Args:
        clock: the time.
        asked: the period.
        by: what a column is; coarser when the table would get too wide.
        marketplace_id: only this marketplace.
        brand: only products under this brand.

    Raises:
        NotFound: the marketplace asked for is not one of the tenant's, or no product is under the brand.
    """
    now = clock.now()
    skus = None if brand is None else brands.products_of(brand)
    found = figures_service.all_accounts(asked, marketplace_id, now)
    standing = figures_service.standing_of(found, FINANCES, now)
    if brand is not None and skus is not None:
        standing = msgspec.structs.replace(standing, notes=(brand_note(brand, len(skus)),))
    before = figures_service.standing_of(found, FINANCES, now, before=True)
    period = _period(found, asked, now)
    step = profit_rules.step_for(period, by)
    columns = profit_rules.slices(period, step)
    earlier = profit_rules.previous_slice(period)
    compared = before.known and before.whole
    span = Slice(earlier.first if compared else period.from_day, period.to_day)
    money = (
        money_of(found, marketplace_id)
        if skus is None
        else margin_service.money_of_products(found, marketplace_id, skus, span)
    )
    costs = None if money is None else margin_service.costs(View(marketplace_id, seller_skus=skus), span)
    tables = []
    for currency in sorted({*(money or ()), *(costs.days if costs else ())}):
        days = money.get(currency, []) if money else []
        amounts = [profit_rules.within(days, column) for column in columns]
        previous = _previous_of(days, period, before)
        total = summed(amounts)
        if not total and not previous and not (costs and _spent(costs, currency, period)):
            continue
        parts = margin_service.parts_of(found, currency, marketplace_id)
        firm = msgspec.structs.replace(standing, reconciled=margin_service.are_reconciled(parts, currency, now))
        tables.append(
            ProfitTable(
                currency,
                profit_rules.headings(amounts, previous, currency, firm),
                profit_rules.proceeds_figure(total, currency, firm),
                tuple(profit_rules.proceeds_minor(column) for column in amounts),
                None if previous is None else profit_rules.proceeds_minor(previous),
                total.get("units_shipped", 0),
                total.get("units_refunded", 0),
                None if costs is None else result_of(costs, days, period, columns, Shown(currency, firm), compared),
            )
        )
    return ProfitView(
        figures_service.period_view(asked, [period], now),
        step,
        tuple(_column(column) for column in columns),
        _column(earlier) if compared else None,
        format_instant(standing.as_of) if standing.known else None,
        tuple(tables),
        (
            *(() if marketplace_id is None or skus is not None else (_ACCOUNT_NOTE,)),
            *((_TOO_MANY_PRODUCTS,) if money is None else ()),
            *((margin_service.TOO_MUCH,) if costs is None and money is not None else ()),
            *(costs.notes if costs else ()),
        ),
        None if brand is None or skus is None else BrandScope(brand, len(skus), standing.notes[0]),
    )


def _spent(costs: Costs, currency: str, period: Period) -> bool:
    return costs.within(currency, Slice(period.from_day, period.to_day)) != Outlay()


def result_of(  # noqa: PLR0913, PLR0917 - what a result is made of
    costs: Costs,
    days: Days,
    period: Period,
    columns: Sequence[Slice],
    shown: Shown,
    compared: bool,  # noqa: FBT001 - whether the period before is known whole
) -> margin_rules.Result:
    """Return how the proceeds of a period become profit, in one currency."""

    def column(part: Slice) -> Column:
        return Column(profit_rules.within(days, part), costs.within(shown.currency, part))

    return margin_rules.result(
        column(Slice(period.from_day, period.to_day)),
        [column(part) for part in columns],
        column(profit_rules.previous_slice(period)) if compared else None,
        costs.method,
        shown,
    )


def _column(part: Slice) -> ColumnView:
    return ColumnView(part.first.isoformat(), part.last.isoformat())


def returns(clock: Clock, asked: Asked) -> ReturnsView:
    """Show units that came back by reason, and the money given back by currency, of all accounts in scope.

    Amazon's returns name no marketplace, so their days are days of UTC and there is no view of one marketplace.
    """
    now = clock.now()
    found = figures_service.all_accounts(asked, None, now)
    period = _period(found, asked, now)
    returned = [(row.day, row.amounts) for account in found for row in account.rows if row.kind == "RETURNS"]
    standing = figures_service.standing_of(found, RETURNS, now)
    before = figures_service.standing_of(found, RETURNS, now, before=True)
    amounts = profit_rules.within(returned, Slice(period.from_day, period.to_day))
    previous = _previous_of(returned, period, before)
    money_standing = figures_service.standing_of(found, FINANCES, now)
    money_before = figures_service.standing_of(found, FINANCES, now, before=True)
    return ReturnsView(
        figures_service.period_view(asked, [period], now),
        format_instant(standing.as_of) if standing.known else None,
        returned_units(amounts, standing),
        reasons_of(amounts, previous),
        tuple(_refunds(money_of(found, None), period, money_standing, money_before)),
    )


def reasons_of(amounts: Amounts, previous: Amounts | None) -> tuple[ReasonView, ...]:
    """Return reasons with their units, the most frequent first."""
    names = sorted({*amounts, *(previous or {})}, key=lambda name: (-amounts.get(name, 0), name))
    return tuple(
        ReasonView(name, amounts.get(name, 0), None if previous is None else previous.get(name, 0)) for name in names
    )


def returned_units(amounts: Amounts, standing: Standing) -> Figure:
    """Return how many units came back, with the reasons as inputs."""
    units = sum(amounts.values())
    said = " + ".join(f"{name} {count:,}" for name, count in sorted(amounts.items())) or "No unit came back"
    return figure(
        units if standing.known else None,
        unit="units",
        as_of=standing.as_of,
        state="posted" if standing.whole else "estimated",
        source=_RETURNS_SOURCE,
        method=method_card(
            "returns.units",
            "Units returned",
            "Sum of the units that reached Amazon's centres again, by the reason buyers gave",
            f"{said} = {units:,} units",
            inputs=[FigureInput(name, count, "units") for name, count in sorted(amounts.items())],
            notes=(
                "A day is a day of UTC: Amazon does not say in which marketplace a returned unit was sold.",
                f"{NO_REASON} stands for returns of which Amazon gives no reason.",
                *(() if standing.whole else ("A part of the whole: older returns may still be missing.",)),
            ),
        ),
    )


def _refunds(money: dict[str, Days], period: Period, standing: Standing, before: Standing) -> Iterator[RefundView]:
    for currency, days in sorted(money.items()):
        amounts = profit_rules.within(days, Slice(period.from_day, period.to_day))
        previous = _previous_of(days, period, before)
        refunds = [
            heading
            for heading in profit_rules.headings([amounts], previous, currency, standing)
            if heading.group == AmountGroup.REFUNDS.value
        ]
        if refunds:
            yield RefundView(currency, refunds[0].total, amounts.get("units_refunded", 0), refunds[0].lines)
