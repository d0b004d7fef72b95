"""Use cases of brands: put products under a brand, one or many at once or from a file, and say which are under which.

A brand is looked up when figures are read or ranked: a product that gets another brand is of that brand in the figures
of the past as well, and nothing is counted anew.
"""

from collections import Counter
from collections.abc import Sequence

from quayside.catalog import brand_rules, brand_store, grid_store
from quayside.catalog.brand_records import unpacked
from quayside.catalog.brand_rules import Book, Tag, Tagged, TagRow, UnusableTag
from quayside.catalog.brand_views import BrandList, RowState, TagFileView, TagOutcome, TagPage, TagRowView, TagView
from quayside.catalog.grid_store import Place
from quayside.connections import service as connections
from quayside.kernel.clock import Clock
from quayside.kernel.cursors import decode_cursor, encode_cursor
from quayside.kernel.errors import FieldProblem, InvalidInput, NotFound
from quayside.sync.own_rows import columns
from quayside.sync.views import RowsPage

_COLUMNS = columns(seller_sku=("SKU", "text"), brand=("Brand", "text"))


def list_brands() -> BrandList:
    """List the brands of the tenant in scope."""
    found = brand_store.record()
    book = {} if found is None else unpacked(found.book)
    return BrandList(brand_rules.brands_of(book), len(book), None if found is None else found.changed_at)


def list_tags(brand: str | None, cursor: str | None, limit: int) -> TagPage:
    """List the products of the tenant in scope under brands, or under one, in the order of their SKUs.

    Raises:
        NotFound: no product is under the brand.
        InvalidInput: the cursor is not one of ours.
    """
    after = "" if cursor is None else decode_cursor(cursor, 1)[0]
    book = brand_store.book()
    skus = sorted(book if brand is None else products_of(brand, book))
    shown = [sku for sku in skus if sku > after][: limit + 1]
    following = encode_cursor(shown[limit - 1]) if len(shown) > limit else None
    return TagPage(tuple(TagView(sku, book[sku]) for sku in shown[:limit]), following)


def tag(wanted: Sequence[tuple[str, str | None]], *, member_id: str, clock: Clock) -> TagOutcome:
    """Put products of the tenant in scope under brands, or out of them; the grid follows at once.

    Raises:
        InvalidInput: a SKU or a brand can't be, or there would be too many.
        Conflict: others kept changing the brands.
    """
    try:
        tags = [brand_rules.tag_of(*each) for each in wanted]
        done = _change(tags, member_id, clock)
    except UnusableTag as problem:
        raise _invalid(problem) from problem
    return TagOutcome(len(done.changes), len({each.seller_sku for each in tags}) - len(done.changes))


def preview_file(text: str) -> TagFileView:
    """Say what a file of brands would change for the tenant in scope; nothing is stored.

    Raises:
        InvalidInput: the file has no usable header, too many rows, or too many new brands.
    """
    try:
        rows = brand_rules.read_file(text)
        return _file_view(rows, brand_rules.tagged(brand_store.book(consistent=True), _tags(rows)))
    except UnusableTag as problem:
        raise _invalid(problem) from problem


def import_file(text: str, *, member_id: str, clock: Clock) -> TagFileView:
    """Put the products of a file under their brands; refused rows are left out and said.

    Raises:
        InvalidInput: the file has no usable header, too many rows, or too many new brands.
        Conflict: others kept changing the brands.
    """
    try:
        rows = brand_rules.read_file(text)
        return _file_view(rows, _change(_tags(rows), member_id, clock))
    except UnusableTag as problem:
        raise _invalid(problem) from problem


def _tags(rows: Sequence[TagRow]) -> list[Tag]:
    return [row.tag for row in rows if row.tag is not None]


def _change(tags: Sequence[Tag], member_id: str, clock: Clock) -> Tagged:
    done = brand_store.change(lambda book: brand_rules.tagged(book, tags), member_id, clock.now())
    # What was there already is put on the lines as well: a request that died may have left some without it.
    places = [
        Place(known.connection_id, marketplace_id, seller_sku)
        for known in connections.known()
        for marketplace_id in sorted(known.connection.marketplace_ids)
        for seller_sku in dict.fromkeys(each.seller_sku for each in tags)
    ]
    grid_store.tag_lines(places, done.book)
    return done


def _file_view(rows: Sequence[TagRow], done: Tagged) -> TagFileView:
    changed = {each.seller_sku for each in done.changes}
    last = {row.seller_sku: row.line for row in rows if row.tag is not None}

    def state(row: TagRow) -> RowState:
        if row.tag is None:
            return "refused"
        return "new" if row.seller_sku in changed and last[row.seller_sku] == row.line else "known"

    shown = tuple(
        TagRowView(row.line, row.seller_sku, state(row), None if row.tag is None else row.tag.brand, row.problem)
        for row in rows
    )
    counted = Counter(each.state for each in shown)
    return TagFileView(counted["new"], counted["known"], counted["refused"], shown)


# -- For figures and the export ----------------------------------------------------------------------------------------


def book() -> Book:
    """Return the brand of each product of the tenant in scope that has one: one read, whatever the history."""
    return brand_store.book()


def products_of(brand: str, known: Book | None = None) -> frozenset[str]:
    """Return the products of the tenant in scope under a brand.

    Raises:
        NotFound: there is none.
    """
    found = brand_rules.products_of(brand_store.book() if known is None else known, brand)
    if not found:
        raise NotFound("No product is under this brand.", code="no_such_brand")
    return found


def rows(_dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of the products of the tenant in scope under brands, for an export."""
    found = list_tags(None, cursor, limit)
    return RowsPage(_COLUMNS, tuple((each.seller_sku, each.brand) for each in found.tags), found.next_cursor, None)


def _invalid(problem: UnusableTag) -> InvalidInput:
    return InvalidInput(
        f"{problem.field} {problem.reason}.",
        fields=(FieldProblem(problem.field, problem.reason),),
        code="invalid_brand_tag",
    )
