"""What the use cases of figures share: a tenant's accounts with their figures of a period and the one before."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from quayside.amazon.marketplaces import Marketplace, find_marketplace
from quayside.analytics import rules, sheet_store
from quayside.analytics.rules import Period, PeriodKey, Standing
from quayside.analytics.sheet_rules import Amounts, Kind, months_between
from quayside.analytics.views import PeriodView
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId
from quayside.orders.service import day_of

Asked = PeriodKey | Period
"""The period that is asked for: by its name, or from one day of the marketplaces to another."""

_DAY = timedelta(days=1)


class Row(NamedTuple):
    """What the facts of one kind add up to on one day, in one currency."""

    kind: Kind
    marketplace_id: str
    day: date
    currency: str
    amounts: Amounts


class Shop(NamedTuple):
    """A marketplace of an account, and the period in days of its own."""

    marketplace: Marketplace
    period: Period


class Account(NamedTuple):
    """A connection with its marketplaces and all its figures of the period and the one before."""

    known: Known
    shops: tuple[Shop, ...]
    rows: tuple[Row, ...]

    def history_from(self, dataset: str, time_zone: str) -> date | None:
        """Return the first local day from which a dataset is complete; None while its history is being read."""
        complete_from = self.known.complete_from(dataset)
        return None if complete_from is None else first_whole_day(complete_from, time_zone)


def rows(connection_id: ConnectionId, from_day: date, to_day: date) -> list[Row]:
    """Return the figures of a connection of the tenant in scope from one day to another, both included.

    Reads sheets of months, never facts: one range query.
    """
    # A transaction lies in the month of its day in UTC, which may be the day beside the marketplace's.
    months = months_between(from_day - _DAY, to_day + _DAY)
    first, last = from_day.isoformat(), to_day.isoformat()
    return [
        Row(row.place.kind, row.place.marketplace_id, date.fromisoformat(day), currency, amounts)
        for row in sheet_store.sheets(connection_id, months[0], months[-1])
        for currency, days in row.sheet.items()
        for day, amounts in days.items()
        if first <= day <= last
    ]


def accounts(known: Sequence[Known], asked: Asked, marketplace_id: str | None, now: datetime) -> list[Account]:
    """Return the accounts that sell in a marketplace, or all, with their figures by one range query each.

    Raises:
        NotFound: the marketplace asked for is not one of the tenant's.
    """
    return [_with_rows(account) for account in shops(known, asked, marketplace_id, now)]


def shops(known: Sequence[Known], asked: Asked, marketplace_id: str | None, now: datetime) -> list[Account]:
    """Return what ``accounts`` does without their figures; nothing is read for it.

    Raises:
        NotFound: the marketplace asked for is not one of the tenant's.
    """
    found = [account for each in known if each.has_data and (account := _account(each, asked, marketplace_id, now))]
    if marketplace_id is not None and not found:
        raise NotFound("None of your accounts sells there.", code="marketplace_not_connected")
    return found


def _account(known: Known, asked: Asked, marketplace_id: str | None, now: datetime) -> Account | None:
    found = tuple(
        Shop(place, period_of(asked, day_of(now, place.time_zone)))
        for each in sorted(known.connection.marketplace_ids)
        if marketplace_id in (None, each) and (place := find_marketplace(each)) is not None
    )
    return Account(known, found, ()) if found else None


def _with_rows(account: Account) -> Account:
    first = min(shop.period.before.from_day for shop in account.shops)
    last = max(shop.period.to_day for shop in account.shops)
    return account._replace(rows=tuple(rows(account.known.connection_id, first, last)))


def all_accounts(asked: Asked, marketplace_id: str | None, now: datetime) -> list[Account]:
    """Return the accounts of the tenant in scope, as ``accounts``."""
    return accounts(connections.known(), asked, marketplace_id, now)


def period_of(asked: Asked, today: date) -> Period:
    """Return the period that is asked for, as of a marketplace's present day."""
    return asked if isinstance(asked, Period) else rules.period_until(asked, today)


def first_whole_day(complete_from: datetime, time_zone: str) -> date:
    """Return the first local day all of which lies at or after an instant."""
    return day_of(complete_from - timedelta(microseconds=1), time_zone) + _DAY


def period_view(asked: Asked, periods: Sequence[Period], now: datetime) -> PeriodView:
    """Return the period as it is shown: from the earliest to the latest day of all marketplaces."""
    known = list(periods) or [period_of(asked, now.date())]
    return PeriodView(
        "custom" if isinstance(asked, Period) else asked,
        min(period.from_day for period in known).isoformat(),
        max(period.to_day for period in known).isoformat(),
        len(known[0].days),
    )


def standing_of(found: Sequence[Account], dataset: str, now: datetime, *, before: bool = False) -> Standing:
    """Return how far figures of a dataset can be trusted, as of the least fresh account.

    Args:
        found: the accounts.
        dataset: which dataset the figures are made of.
        now: stands for the age of what was never read.
        before: of the period before instead.
    """
    ages = [at for account in found if (at := account.known.as_of(dataset)) is not None]
    whole = all(
        rules.covers(
            account.history_from(dataset, shop.marketplace.time_zone), shop.period.before if before else shop.period
        )
        for account in found
        for shop in account.shops
    )
    return Standing(min(ages, default=now), known=bool(ages), whole=whole)
