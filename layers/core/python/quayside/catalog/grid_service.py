"""Use cases of the grid: put its lines together, show them with their filters, show the issue inbox, keep views.

Stock and costs belong to other features: they come through ports that the composition roots fill.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from quayside.catalog import brand_store, grid_rules, grid_store, store
from quayside.catalog.grid_rules import Filters, Severity
from quayside.catalog.grid_store import Place, Shelf
from quayside.catalog.grid_views import (
    GridPage,
    IssuePage,
    SavedViewList,
    SavedViewView,
    grid_line_view,
    instant,
    issue_view,
    saved_view_view,
)
from quayside.catalog.rules import Listing, Price
from quayside.connections import service as connections
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId, TenantId, new_id
from quayside.kernel.tenancy import tenant_scope

if TYPE_CHECKING:
    from quayside.amazon.listings import Listing as AmazonListing
    from quayside.connections.service import Known
    from quayside.kernel.money import Money
    from quayside.sync.service import UseCase, Work
    from quayside.sync.sinks import Applied, ListingSink

LISTINGS = "listings"
_AT_ONCE = 100
_LONGEST_NAME = 60


class StockOf(Protocol):
    """Tells the units Amazon can sell of some SKUs (``inventory.service.fulfillable_of``)."""

    def __call__(
        self, connection_id: ConnectionId, marketplace_id: str, seller_skus: Sequence[str], /
    ) -> Mapping[str, int]:
        """Return units by SKU; SKUs that Amazon tells nothing of are left out."""
        ...


class CostsOf(Protocol):
    """Tells what a unit of some SKUs costs (``finance.cost_service.unit_costs``)."""

    def __call__(self, seller_skus: Sequence[str], day: date, /) -> "Mapping[str, Money]":
        """Return costs by SKU; SKUs without a cost are left out."""
        ...


class Ports(NamedTuple):
    """What other features know of a line."""

    stock_of: StockOf
    costs_of: CostsOf


# -- Putting lines together --------------------------------------------------------------------------------------------


def compute(  # noqa: PLR0913 - the port of the sync worker
    connection_id: ConnectionId,
    marketplace_ids: Sequence[str],
    after: tuple[str, str] | None,
    *,
    ports: Ports,
    clock: Clock,
    time_is_short: Callable[[], bool],
) -> tuple[str, str] | None:
    """Put the lines of all listings of some marketplaces together anew, for the tenant in scope.

    Doing the same again gives the same. A line is of the instant it was put together.

    Returns:
        behind which marketplace and SKU to go on; None when all is done.
    """
    begin, mark = (0, None) if after is None else (list(marketplace_ids).index(after[0]), after[1])
    for marketplace_id in marketplace_ids[begin:]:
        while True:
            found = list(islice(store.listings(connection_id, marketplace_id, after=mark), _AT_ONCE))
            _put(Shelf(connection_id, marketplace_id), found, ports, clock.now())
            if len(found) < _AT_ONCE:
                break
            mark = found[-1][0]
            if time_is_short():
                return marketplace_id, mark
        mark = None
    return None


def refresh(shelf: Shelf, seller_skus: Iterable[str], ports: Ports, clock: Clock) -> None:
    """Put the lines of some listings of one marketplace together anew, for the tenant in scope."""
    _put(shelf, list(store.listings_of(*shelf, seller_skus).items()), ports, clock.now())


def _put(shelf: Shelf, listings: Sequence[tuple[str, Listing]], ports: Ports, now: datetime) -> None:
    skus = [sku for sku, _ in listings]
    if not skus:
        return
    stock = ports.stock_of(shelf.connection_id, shelf.marketplace_id, skus)
    costs = ports.costs_of(skus, now.date())
    products = store.products_of(*shelf, [listing.asin for _, listing in listings if listing.asin])
    # Read last: who changes a brand after this finds the lines as they are written here.
    brands = brand_store.book(consistent=True)
    for sku, listing in listings:
        cost = costs.get(sku)
        line = grid_rules.line_of(
            listing,
            stock.get(sku),
            products.get(listing.asin or ""),
            None if cost is None else Price(cost.amount_minor, cost.currency),
            brands.get(sku),
        )
        grid_store.put_line(Place(*shelf, sku), line, listing, now)


def with_lines(sink: "ListingSink", ports: Ports) -> "ListingSink":
    """Return a sink that stores listings with ``sink`` and puts their lines together at once."""

    def apply(  # noqa: PLR0913 - the port of the sync worker
        tenant_id: TenantId,
        connection_id: ConnectionId,
        marketplace_id: str,
        listings: "Sequence[AmazonListing]",
        *,
        received_at: datetime,
        clock: Clock,
    ) -> "Applied":
        applied = sink(tenant_id, connection_id, marketplace_id, listings, received_at=received_at, clock=clock)
        with tenant_scope(tenant_id):
            refresh(Shelf(connection_id, marketplace_id), [each.sku for each in listings], ports, clock)
        return applied

    return apply


def refresh_one(ports: Ports) -> "UseCase":
    """Return ``grid.line``: put the line of one listing together, after a notification changed the listing."""

    def run(work: "Work") -> None:
        arguments = work.command.arguments
        shelf = Shelf(work.connection_id, arguments["marketplace_id"])
        refresh(shelf, [arguments["seller_sku"]], ports, work.clock)

    return run


# -- Showing them ------------------------------------------------------------------------------------------------------


def list_lines(
    connection_id: ConnectionId | None, marketplace_id: str | None, filters: Filters, cursor: str | None, limit: int
) -> GridPage:
    """Return a page of the grid over the tenant's accounts and marketplaces, in the order of their SKUs.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    known = _known(connection_id)
    shelves = [
        Shelf(each.connection_id, place)
        for each in known
        for place in sorted(each.connection.marketplace_ids)
        if marketplace_id in (None, place)
    ]
    found = grid_store.browse_lines(shelves, filters.passes, cursor, limit)
    lines = tuple(grid_line_view(shelf, record) for shelf, record in found.found)
    return GridPage(lines, found.examined, found.next_cursor, _as_of(known))


def list_issues(connection_id: ConnectionId | None, severity: Severity, cursor: str | None, limit: int) -> IssuePage:
    """Return a page of the issues of one severity, account by account, the newest of each first.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    known = _known(connection_id)
    found, following = grid_store.issues([each.connection_id for each in known], severity, cursor, limit)
    return IssuePage(severity, tuple(issue_view(*each) for each in found), following, _as_of(known))


def _known(connection_id: ConnectionId | None) -> "list[Known]":
    known = [each for each in connections.known() if each.has_data]
    if connection_id is None:
        return known
    found = [each for each in known if each.connection_id == connection_id]
    if not found:
        raise NotFound("There is no such connection.", code="no_such_connection")
    return found


def _as_of(known: "Sequence[Known]") -> str | None:
    read = [each.as_of(LISTINGS) for each in known]
    if not read or any(at is None for at in read):
        return None
    return instant(min(at for at in read if at is not None))


# -- Saved views -------------------------------------------------------------------------------------------------------


def list_views() -> SavedViewList:
    """List the saved views of the tenant in scope, by name."""
    found = map(saved_view_view, grid_store.views())
    return SavedViewList(tuple(sorted(found, key=lambda each: each.name.casefold())))


def save_view(
    name: str, filters: str, *, member_id: str, clock: Clock, entropy: Callable[[int], bytes]
) -> SavedViewView:
    """Save filters under a name, for all members of the tenant in scope; a view of the same name is replaced.

    Raises:
        InvalidInput: the name is empty or too long.
        Conflict: there are too many views.
    """
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        problem = FieldProblem("name", f"has 1 to {_LONGEST_NAME} characters")
        raise InvalidInput("The view can't be saved.", fields=(problem,), code="invalid_view")
    views = list_views().views
    same = next((each for each in views if each.name.casefold() == name.casefold()), None)
    if same is None and len(views) >= grid_store.MOST_VIEWS:
        raise Conflict(
            f"There are {grid_store.MOST_VIEWS} saved views already.",
            code="too_many_views",
            action="Remove one that nobody needs.",
        )
    view_id = new_id(entropy) if same is None else same.view_id
    now = clock.now()
    grid_store.put_view(view_id, name, filters, member_id, now)
    return SavedViewView(view_id, name, filters, instant(now) or "")


def remove_view(view_id: str) -> None:
    """Remove a saved view of the tenant in scope.

    Raises:
        NotFound: there is none.
    """
    if not grid_store.remove_view(view_id):
        raise NotFound("There is no such view.", code="no_such_view")
