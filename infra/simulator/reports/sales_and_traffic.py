"""Sales and traffic as JSON: ordered units and sales from the orders, sessions and page views that go with them.

Ordered are all orders but cancelled ones; a day is the marketplace's own. Traffic is invented per SKU and day, so that
the totals of a day are the sums of its SKUs, and a unit was never sold without a session.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from infra.simulator import entropy
from infra.simulator.clock import DAY, SECOND, local_day_of
from infra.simulator.demand import promotion
from infra.simulator.lifecycle import State
from infra.simulator.money import exponent
from infra.simulator.postings import Kind as PostingKind
from infra.simulator.reports.making import JSON, Kind, ReportFailedError, Wanted
from infra.simulator.world import Listing, World, local_day, local_midnight

_HISTORY_DAYS = 730
_GRANULARITIES = {"dateGranularity": ("DAY", "WEEK", "MONTH"), "asinGranularity": ("PARENT", "CHILD", "SKU")}


@dataclass(slots=True)
class Sums:
    """What is added up per day or per product."""

    sales: int = 0
    units: int = 0
    items: int = 0
    refunded: int = 0
    shipped_sales: int = 0
    shipped_units: int = 0
    shipped_orders: set[int] = field(default_factory=set)
    browser_sessions: int = 0
    app_sessions: int = 0
    browser_views: int = 0
    app_views: int = 0
    # Sums over SKU and day, for the average.
    offers_won: float = 0.0
    offers: int = 0

    @property
    def sessions(self) -> int:
        """Visits by browser and app."""
        return self.browser_sessions + self.app_sessions

    @property
    def views(self) -> int:
        """Page views by browser and app."""
        return self.browser_views + self.app_views

    def add(self, other: "Sums") -> None:
        """Add another's sums to these."""
        for name in self.__slots__:
            if name == "shipped_orders":
                self.shipped_orders |= other.shipped_orders
            else:
                setattr(self, name, getattr(self, name) + getattr(other, name))


def days_of(wanted: Wanted) -> list[date]:
    """Return the days a report covers: those of the window that are over in the marketplace.

    Raises:
        ReportFailedError: more than one marketplace, or no day of the window is over.
    """
    if len(wanted.marketplaces) != 1:
        raise ReportFailedError("Please specify exactly one marketplace.")
    place = wanted.place.marketplace_id
    yesterday = local_day(wanted.now_ms, place) - timedelta(days=1)
    # The dates are taken as they are written: a day has no time zone.
    first = datetime.fromtimestamp(wanted.start // SECOND, tz=UTC).date()
    last = min(datetime.fromtimestamp(wanted.end // SECOND, tz=UTC).date(), yesterday)
    if first > last:
        raise ReportFailedError("The requested dates are in the future or their data is not yet available.")
    if first < yesterday - timedelta(days=_HISTORY_DAYS):
        raise ReportFailedError(f"The report data is available for at most {_HISTORY_DAYS} days.")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def cells(world: World, wanted: Wanted) -> dict[tuple[date, int], Sums]:
    """Return what is known per day and listing of the report's marketplace."""
    place = wanted.place
    days = days_of(wanted)
    begin = local_midnight(days[0], place.marketplace_id)
    end = local_midnight(days[-1] + timedelta(days=1), place.marketplace_id)
    listings = world.listings_of(wanted.seller, place.marketplace_id)
    found = {(day, each.pk): Sums() for day in days for each in listings}
    rows = world.storage.connection.execute(
        "SELECT o.created, l.listing, l.quantity, l.item_minor FROM orders o JOIN lines l ON l.order_pk = o.pk "
        "WHERE o.seller = ? AND o.created >= ? AND o.created < ? AND o.marketplace_id = ? AND o.state != ?",
        (wanted.seller.pk, begin, end, place.marketplace_id, int(State.CANCELLED)),
    )
    for created, listing, quantity, item_minor in rows:
        cell = found[local_day_of(created, place.zone), listing]
        cell.sales += item_minor
        cell.units += quantity
        cell.items += 1
    world.postings.flush()
    posted = world.storage.connection.execute(
        "SELECT p.at, p.kind, p.order_pk, l.listing, l.quantity, l.item_minor FROM postings p "
        "JOIN lines l ON l.order_pk = p.order_pk AND l.position = p.position JOIN orders o ON o.pk = p.order_pk "
        "WHERE p.seller = ? AND p.at >= ? AND p.at < ? AND o.marketplace_id = ?",
        (wanted.seller.pk, begin, end, place.marketplace_id),
    )
    for at, kind, order_pk, listing, quantity, item_minor in posted:
        cell = found[local_day_of(at, place.zone), listing]
        if kind == PostingKind.REFUND:
            cell.refunded += quantity
        else:
            cell.shipped_units += quantity
            cell.shipped_sales += item_minor
            cell.shipped_orders.add(order_pk)
    for (day, pk), cell in found.items():
        _visit(world, world.listings[pk], day, cell)
    return found


def _visit(world: World, listing: Listing, day: date, cell: Sums) -> None:
    # One product converts better than another; visitors come whether or not they buy.
    chance = entropy.generator(world.seed, "traffic", listing.pk, day.toordinal())
    conversion = 0.05 + entropy.fraction(world.seed, "conversion", listing.pk) * 0.18
    expected = 0.0
    if listing.demand is not None:
        expected = listing.demand.expected(day, promotion(listing.demand.seed, day.toordinal()))
    sessions = max(cell.units, round((cell.units + expected) / 2 / conversion * chance.uniform(0.85, 1.15)))
    views = sessions + round(sessions * chance.uniform(0.2, 0.6))
    cell.browser_sessions = round(sessions * chance.uniform(0.35, 0.6))
    cell.app_sessions = sessions - cell.browser_sessions
    cell.browser_views = round(views * chance.uniform(0.35, 0.6))
    cell.app_views = views - cell.browser_views
    cell.offers_won, cell.offers = chance.uniform(82, 100), 1


def _size(world: World, wanted: Wanted) -> int:
    listings = world.listings_of(wanted.seller, wanted.place.marketplace_id)
    return max(1, (wanted.end - wanted.start) // DAY) * len(listings)


def _chunks(world: World, wanted: Wanted) -> Iterator[str]:
    found = {} if wanted.emptied else cells(world, wanted)
    by_date: dict[date, Sums] = {}
    by_listing: dict[int, Sums] = {}
    whole = Sums()
    for (day, listing), cell in found.items():
        by_date.setdefault(_begin(day, wanted), Sums()).add(cell)
        by_listing.setdefault(listing, Sums()).add(cell)
        whole.add(cell)
    options = {"dateGranularity": "DAY", "asinGranularity": "PARENT", **wanted.options}
    listed = len(by_listing)
    document = {
        "reportSpecification": {
            "reportType": SALES_AND_TRAFFIC.name,
            "reportOptions": options,
            "dataStartTime": datetime.fromtimestamp(wanted.start // SECOND, tz=UTC).date().isoformat(),
            "dataEndTime": datetime.fromtimestamp(wanted.end // SECOND, tz=UTC).date().isoformat(),
            "marketplaceIds": list(wanted.marketplaces),
        },
        "salesAndTrafficByDate": [
            {
                "date": day.isoformat(),
                "salesByDate": _sales_by_date(sums, wanted),
                "trafficByDate": _traffic(sums, listed),
            }
            for day, sums in sorted(by_date.items())
        ],
    }
    # The list by product is the long part: it is written one by one.
    yield json.dumps(document)[:-1] + ', "salesAndTrafficByAsin": ['
    for number, entry in enumerate(_by_asin(world, wanted, by_listing, whole, options["asinGranularity"])):
        yield ("," if number else "") + json.dumps(entry)
    yield "]}"


def _begin(day: date, wanted: Wanted) -> date:
    match wanted.options.get("dateGranularity", "DAY"):
        case "WEEK":
            return day - timedelta(days=(day.weekday() + 1) % 7)
        case "MONTH":
            return day.replace(day=1)
        case _:
            return day


def _by_asin(
    world: World, wanted: Wanted, by_listing: dict[int, Sums], whole: Sums, granularity: str
) -> Iterator[dict[str, object]]:
    by_sku = granularity == "SKU"
    groups: dict[tuple[str, str], Sums] = {}
    for pk, sums in by_listing.items():
        listing = world.listings[pk]
        groups.setdefault((listing.asin, listing.sku if by_sku else ""), Sums()).add(sums)
    for (asin, sku), sums in groups.items():
        if not sums.sessions and not sums.units:
            continue
        # Nothing here has variations: a product is its own parent.
        entry: dict[str, object] = {"parentAsin": asin}
        if granularity != "PARENT":
            entry["childAsin"] = asin
        if by_sku:
            entry["sku"] = sku
        entry["salesByAsin"] = {
            _named("unitsOrdered", wanted): sums.units,
            "orderedProductSales": _money(sums.sales, wanted),
            "totalOrderItems": sums.items,
        }
        entry["trafficByAsin"] = {
            "browserSessions": sums.browser_sessions,
            "mobileAppSessions": sums.app_sessions,
            "sessions": sums.sessions,
            "browserSessionPercentage": _share(sums.browser_sessions, whole.browser_sessions),
            "mobileAppSessionPercentage": _share(sums.app_sessions, whole.app_sessions),
            "sessionPercentage": _share(sums.sessions, whole.sessions),
            "browserPageViews": sums.browser_views,
            "mobileAppPageViews": sums.app_views,
            "pageViews": sums.views,
            "browserPageViewsPercentage": _share(sums.browser_views, whole.browser_views),
            "mobileAppPageViewsPercentage": _share(sums.app_views, whole.app_views),
            "pageViewsPercentage": _share(sums.views, whole.views),
            "buyBoxPercentage": round(sums.offers_won / sums.offers, 2),
            "unitSessionPercentage": _share(sums.units, sums.sessions),
        }
        yield entry


def _sales_by_date(sums: Sums, wanted: Wanted) -> dict[str, object]:
    return {
        "orderedProductSales": _money(sums.sales, wanted),
        _named("unitsOrdered", wanted): sums.units,
        "totalOrderItems": sums.items,
        "averageSalesPerOrderItem": _money(round(sums.sales / sums.items) if sums.items else 0, wanted),
        "averageUnitsPerOrderItem": round(sums.units / sums.items, 2) if sums.items else 0.0,
        "averageSellingPrice": _money(round(sums.sales / sums.units) if sums.units else 0, wanted),
        "unitsRefunded": sums.refunded,
        "refundRate": _share(sums.refunded, sums.units),
        "claimsGranted": 0,
        "claimsAmount": _money(0, wanted),
        "shippedProductSales": _money(sums.shipped_sales, wanted),
        "unitsShipped": sums.shipped_units,
        "ordersShipped": len(sums.shipped_orders),
    }


def _traffic(sums: Sums, listed: int) -> dict[str, object]:
    return {
        "browserPageViews": sums.browser_views,
        "mobileAppPageViews": sums.app_views,
        "pageViews": sums.views,
        "browserSessions": sums.browser_sessions,
        "mobileAppSessions": sums.app_sessions,
        "sessions": sums.sessions,
        "buyBoxPercentage": round(sums.offers_won / sums.offers, 2) if sums.offers else 0.0,
        "orderItemSessionPercentage": _share(sums.items, sums.sessions),
        "unitSessionPercentage": _share(sums.units, sums.sessions),
        "averageOfferCount": listed,
        "averageParentItems": listed,
        "feedbackReceived": 0,
        "negativeFeedbackReceived": 0,
        "receivedNegativeFeedbackRate": 0.0,
    }


def _named(name: str, wanted: Wanted) -> str:
    return f"{name}V2" if wanted.renamed else name


def _share(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _money(minor: int, wanted: Wanted) -> dict[str, object]:
    places = exponent(wanted.place.currency)
    # A number, not a text: so Amazon's schema has it.
    amount: float = round(minor / 10**places, places) if places else minor
    return {"amount": amount, "currencyCode": wanted.place.currency}


def check_options(options: dict[str, str]) -> str | None:
    """Return what is wrong with a request's options, or None."""
    for name, value in options.items():
        allowed = _GRANULARITIES.get(name)
        if allowed is None:
            return f"reportOptions.{name} is not an option of {SALES_AND_TRAFFIC.name}."
        if value not in allowed:
            return f"reportOptions.{name} must be one of {', '.join(allowed)}."
    return None


SALES_AND_TRAFFIC = Kind(
    name="GET_SALES_AND_TRAFFIC_REPORT",
    size=_size,
    chunks=_chunks,
    content_type=JSON,
    maximum_ms=_HISTORY_DAYS * DAY,
    seconds_per_row=0.005,
)
