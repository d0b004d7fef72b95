"""What the API shows of the catalog's grid, its issue inbox and saved views."""

from datetime import datetime

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.catalog.grid_records import (
    GridLineRecord,
    IssueRecord,
    SavedViewRecord,
    filed_from,
    issue_place_of,
    line_from,
    line_sku_of,
    view_id_of,
)
from quayside.catalog.grid_rules import Severity
from quayside.catalog.grid_store import Shelf
from quayside.catalog.rules import Price, Standing
from quayside.kernel.clock import format_instant, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.money import Money


class PackageView(msgspec.Struct, frozen=True):
    """The size of a product's package; what Amazon's catalog does not say is null."""

    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    weight_g: int | None


class GridLineView(msgspec.Struct, frozen=True):
    """One listing in the grid; see ``grid_rules.Line``. ``computed_at`` says how old the line is.

    ``brand`` is the one members gave and figures go by; ``amazon_brand`` is what Amazon's catalog names.
    """

    connection_id: str
    marketplace_id: str
    seller_sku: str
    asin: str | None
    title: str | None
    standing: Standing
    errors: int
    warnings: int
    price: Money | None
    by_amazon: bool
    units: int | None
    product_type: str | None
    package: PackageView
    unit_cost: Money | None
    brand: str | None
    amazon_brand: str | None
    computed_at: str


class GridPage(msgspec.Struct, frozen=True):
    """A page of the grid.

    Attributes:
        lines: the listings that pass the filters, among those that were looked at.
        examined: how many listings were looked at for this page.
        next_cursor: goes on with further listings; None when all were looked at.
        as_of: when listings were last read from Amazon, the account that is furthest behind; None before the first.
    """

    lines: tuple[GridLineView, ...]
    examined: int
    next_cursor: str | None
    as_of: str | None


class IssueView(msgspec.Struct, frozen=True):
    """One issue of a listing, in Amazon's words, and where it can be mended.

    Attributes:
        first_seen: when Quayside first saw it.
        actions: what Amazon does about it now, in its words: LISTING_SUPPRESSED, SEARCH_SUPPRESSED, … .
        fix_url: the page of Seller Central where the listing is edited; None for a marketplace that is not known.
    """

    connection_id: str
    marketplace_id: str
    seller_sku: str
    asin: str | None
    title: str | None
    severity: str
    code: str
    message: str
    attributes: tuple[str, ...]
    categories: tuple[str, ...]
    actions: tuple[str, ...]
    first_seen: str
    fix_url: str | None


class IssuePage(msgspec.Struct, frozen=True):
    """A page of the issue inbox, the newest of each account first."""

    severity: Severity
    issues: tuple[IssueView, ...]
    next_cursor: str | None
    as_of: str | None


class SavedViewView(msgspec.Struct, frozen=True):
    """Filters of the grid under a name; ``filters`` is the query of the grid's address."""

    view_id: str
    name: str
    filters: str
    saved_at: str


class SavedViewList(msgspec.Struct, frozen=True):
    """The views that members of the organisation saved, by name."""

    views: tuple[SavedViewView, ...]


def _money(price: Price | None) -> Money | None:
    return None if price is None else price.money()


def grid_line_view(shelf: Shelf, record: GridLineRecord) -> GridLineView:
    """Return a stored line as the API shows it."""
    line = line_from(record.line)
    return GridLineView(
        connection_id=shelf.connection_id,
        marketplace_id=shelf.marketplace_id,
        seller_sku=line_sku_of(record.sk),
        asin=line.asin,
        title=line.title,
        standing=line.standing,
        errors=line.errors,
        warnings=line.warnings,
        price=_money(line.price),
        by_amazon=line.by_amazon,
        units=line.units,
        product_type=line.product_type,
        package=PackageView(line.length_mm, line.width_mm, line.height_mm, line.weight_g),
        unit_cost=_money(line.unit_cost),
        brand=line.brand,
        amazon_brand=line.amazon_brand,
        computed_at=format_instant(from_epoch_seconds(int(record.computed_at))),
    )


def issue_view(connection_id: ConnectionId, record: IssueRecord) -> IssueView:
    """Return a stored entry of the inbox as the API shows it."""
    filed = filed_from(record.entry)
    issue = filed.issue
    marketplace_id, seller_sku = issue_place_of(record.sk)
    return IssueView(
        connection_id=connection_id,
        marketplace_id=marketplace_id,
        seller_sku=seller_sku,
        asin=filed.asin,
        title=filed.title,
        severity=issue.severity,
        code=issue.code,
        message=issue.message,
        attributes=issue.attributes,
        categories=issue.categories,
        actions=issue.actions,
        first_seen=format_instant(from_epoch_seconds(issue.first_seen)),
        fix_url=seller_central_url(marketplace_id, seller_sku, filed.asin),
    )


def seller_central_url(marketplace_id: str, seller_sku: str, asin: str | None) -> str | None:
    """Return the address of the page of Seller Central where a listing is edited."""
    place = find_marketplace(marketplace_id)
    if place is None:
        return None
    from urllib.parse import urlencode  # noqa: PLC0415 - few answers need it

    query = {"marketplaceID": marketplace_id, "sku": seller_sku} | ({"asin": asin} if asin else {})
    return f"https://{place.seller_central_host}/abis/listing/edit?{urlencode(query)}"


def saved_view_view(record: SavedViewRecord) -> SavedViewView:
    """Return a saved view as the API shows it."""
    return SavedViewView(view_id_of(record.sk), record.name, record.filters, record.saved_at)


def instant(at: datetime | None) -> str | None:
    """Write an instant that may be unknown."""
    return None if at is None else format_instant(at)
