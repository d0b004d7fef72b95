"""The catalog: the grid of listings, its issue inbox and saved views."""

import secrets
from typing import Annotated, Literal

import msgspec

from quayside.catalog import attribute_service, brand_service, bulk_service, edit_service, grid_service
from quayside.catalog.attribute_views import AttributesView
from quayside.catalog.brand_rules import LONGEST_BRAND, LONGEST_SKU
from quayside.catalog.brand_views import BrandList, TagFileView, TagOutcome, TagPage
from quayside.catalog.bulk_views import FileList, FileRows, FileTemplate, FileView
from quayside.catalog.edit_rules import Side
from quayside.catalog.edit_service import NewChange
from quayside.catalog.edit_views import EditPage, EditView, ListingDetail
from quayside.catalog.grid_rules import Filters, IssueFilter, Severity, StockFilter
from quayside.catalog.grid_store import Place
from quayside.catalog.grid_views import GridPage, IssuePage, SavedViewList, SavedViewView
from quayside.catalog.rules import Standing
from quayside.kernel.ids import ConnectionId, check_connection_id
from seller_api.routing import Call, Routes

routes = Routes("catalog")

_ConnectionId = Annotated[str, msgspec.Meta(max_length=16)]
_MarketplaceId = Annotated[str, msgspec.Meta(max_length=20)]
_Cursor = Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")]


class GridQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which listings to show; what is left out lets all pass."""

    connection_id: _ConnectionId | None = None
    marketplace_id: _MarketplaceId | None = None
    standing: Standing | None = None
    issues: IssueFilter | None = None
    stock: StockFilter | None = None
    cost: Literal["missing"] | None = None
    search: Annotated[str, msgspec.Meta(max_length=200, description="A part of a SKU, an ASIN or a title.")] = ""
    brand: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_BRAND)] | None = None
    brand_tag: Annotated[Literal["missing"], msgspec.Meta(description="Products under no brand.")] | None = None
    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class IssueQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which issues to list."""

    severity: Severity = "ERROR"
    connection_id: _ConnectionId | None = None
    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 25


class NewView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filters to save; ``filters`` is the query of the grid's address."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    filters: Annotated[str, msgspec.Meta(max_length=500)]


_Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
_EditId = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class ListingQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which listing."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku


class EditsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which listing, and where the page before ended."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku
    cursor: _Cursor | None = None


class EditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which change of which listing."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku
    edit_id: _EditId


class NewAttribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attribute as it is to be: all of its values in the marketplace's language; none deletes it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="Amazon's name, such as item_name.")]
    values: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=20_000)], ...], msgspec.Meta(max_length=100)]


class NewEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed of a listing: a price, a quantity, attributes, or several; or a version that is put back.

    Attributes are those of the listing's form, which ``/catalog/attributes`` shows after it was asked for.

    With ``restores`` the values of that version are put back: those it made (``after``), or those before it.
    """

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku
    price: Annotated[str, msgspec.Meta(max_length=40, description="A decimal number, such as 12.99.")] | None = None
    quantity: Annotated[int, msgspec.Meta(ge=0, le=999_999_999)] | None = None
    attributes: Annotated[tuple[NewAttribute, ...], msgspec.Meta(max_length=40)] = ()
    restores: _EditId | None = None
    side: Side = "after"


class WantedAttributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which listing the attributes are to be read at Amazon."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku


class AppliedEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which change to apply; ``step`` is the one that was seen."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku
    edit_id: _EditId
    step: Annotated[int, msgspec.Meta(ge=0)]


class FileListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which account."""

    connection_id: _ConnectionId


class RowsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a file of which account; parts have a thousand rows at most and are counted from 0 on."""

    connection_id: _ConnectionId
    part: Annotated[int, msgspec.Meta(ge=0, le=250)] = 0


class TemplateQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which listings to show a file to fill in."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class NewFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of changes of one marketplace's listings."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""


class FilePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a file: CSV with the column ``seller_sku``, and columns of what is to change.

    ``price`` and ``quantity`` are such columns, and attributes of listings, each with its marketplace and language:
    ``bullet_point[marketplace_id=A1PA6795UKMFR9][language_tag=de_DE]#2``. A part has at most a thousand rows, with
    attributes a hundred.
    """

    connection_id: _ConnectionId
    number: Annotated[int, msgspec.Meta(ge=0, le=250, description="Which part, counted from 0 on.")]
    csv: Annotated[str, msgspec.Meta(max_length=60_000)]
    first_line: Annotated[int, msgspec.Meta(ge=2, le=1_000_000, description="The line of its first row.")] = 2


class FileAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which account the file is."""

    connection_id: _ConnectionId


class AppliedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file to apply; ``step`` is the one that was seen."""

    connection_id: _ConnectionId
    step: Annotated[int, msgspec.Meta(ge=0)]


_Brand = Annotated[str, msgspec.Meta(max_length=LONGEST_BRAND)]


class BrandTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product and the brand to put it under; without one it is taken out of its brand."""

    seller_sku: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_SKU)]
    brand: _Brand | None = None


class BrandTags(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Products to put under brands."""

    tags: Annotated[tuple[BrandTag, ...], msgspec.Meta(min_length=1, max_length=100)]


class BrandFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of brands: CSV with the columns ``seller_sku`` and ``brand``, and at most 500 rows."""

    csv: Annotated[str, msgspec.Meta(max_length=60_000)]


class TagsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which brand, and where the page before ended."""

    brand: _Brand | None = None
    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


def _place(of: ListingQuery | EditsQuery | EditQuery | NewEdit | WantedAttributes | AppliedEdit) -> Place:
    return Place(check_connection_id(of.connection_id), of.marketplace_id, of.seller_sku)


def _connection(connection_id: str | None) -> ConnectionId | None:
    return None if connection_id is None else check_connection_id(connection_id)


@routes.get("/catalog", permission="catalog.read", query=GridQuery)
def list_listings(call: Call[None, GridQuery]) -> GridPage:
    """List listings over all accounts and marketplaces: status, issues, price, stock, package and cost."""
    query = call.query
    brand = "" if query.brand_tag == "missing" else query.brand
    filters = Filters(query.standing, query.issues, query.stock, query.cost, query.search, brand)
    return grid_service.list_lines(
        _connection(query.connection_id), query.marketplace_id, filters, query.cursor, query.limit
    )


@routes.get("/catalog/issues", permission="catalog.read", query=IssueQuery)
def list_issues(call: Call[None, IssueQuery]) -> IssuePage:
    """List what Amazon finds wrong with listings, the newest of each account first."""
    query = call.query
    return grid_service.list_issues(_connection(query.connection_id), query.severity, query.cursor, query.limit)


@routes.get("/catalog/views", permission="catalog.read")
def list_views(_call: Call[None, None]) -> SavedViewList:
    """List the saved views of the grid."""
    return grid_service.list_views()


@routes.post("/catalog/views", permission="catalog.manage", body=NewView, status=201)
def save_view(call: Call[NewView, None]) -> SavedViewView:
    """Save filters of the grid under a name, for everybody of the organisation."""
    return grid_service.save_view(
        call.body.name,
        call.body.filters,
        member_id=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )


@routes.post("/catalog/views/{view_id}/remove", permission="catalog.manage")
def remove_view(call: Call[None, None]) -> None:
    """Remove a saved view."""
    grid_service.remove_view(call.path("view_id"))


@routes.get("/catalog/brands", permission="catalog.read")
def list_brands(_call: Call[None, None]) -> BrandList:
    """List your brands, each with how many products you put under it."""
    return brand_service.list_brands()


@routes.get("/catalog/brands/tags", permission="catalog.read", query=TagsQuery)
def list_brand_tags(call: Call[None, TagsQuery]) -> TagPage:
    """List the products under your brands, or under one of them."""
    return brand_service.list_tags(call.query.brand, call.query.cursor, call.query.limit)


@routes.post("/catalog/brands/tags", permission="catalog.manage", body=BrandTags)
def tag_products(call: Call[BrandTags, None]) -> TagOutcome:
    """Put products under brands, one or many at once; figures of the past follow."""
    return brand_service.tag(
        [(each.seller_sku, each.brand) for each in call.body.tags],
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.post("/catalog/brands/file/preview", permission="catalog.manage", body=BrandFile)
def preview_brand_file(call: Call[BrandFile, None]) -> TagFileView:
    """Say what a file of brands would change, row by row; nothing is stored."""
    return brand_service.preview_file(call.body.csv)


@routes.post("/catalog/brands/file", permission="catalog.manage", body=BrandFile)
def import_brand_file(call: Call[BrandFile, None]) -> TagFileView:
    """Put the products of a file under their brands; refused rows are left out and said."""
    return brand_service.import_file(call.body.csv, member_id=call.principal.member_id, clock=call.container.clock)


@routes.get("/catalog/listing", permission="catalog.read", query=ListingQuery)
def get_listing(call: Call[None, ListingQuery]) -> ListingDetail:
    """Show one listing with its issues."""
    return edit_service.show_listing(_place(call.query))


@routes.get("/catalog/attributes", permission="catalog.read", query=ListingQuery)
def get_attributes(call: Call[None, ListingQuery]) -> AttributesView:
    """Show the attributes of a listing as they were last read at Amazon, in the form they can be edited in."""
    return attribute_service.show(_place(call.query), call.container.clock)


@routes.post("/catalog/attributes", permission="catalog.manage", body=WantedAttributes, status=202)
def ask_for_attributes(call: Call[WantedAttributes, None]) -> AttributesView:
    """Have the attributes of a listing read at Amazon, to edit them."""
    return attribute_service.ask(
        _place(call.body), member_id=call.principal.member_id, desk=call.container.desk, clock=call.container.clock
    )


@routes.get("/catalog/edits", permission="catalog.read", query=EditsQuery)
def list_edits(call: Call[None, EditsQuery]) -> EditPage:
    """List the changes of a listing, the newest first; those that Amazon accepted are its versions."""
    return edit_service.list_edits(_place(call.query), call.query.cursor, call.container.clock)


@routes.get("/catalog/edit", permission="catalog.read", query=EditQuery)
def get_edit(call: Call[None, EditQuery]) -> EditView:
    """Show one change, as far as it is."""
    return edit_service.show(_place(call.query), call.query.edit_id, call.container.clock)


@routes.post("/catalog/edits", permission="catalog.manage", body=NewEdit, status=202)
def ask_for_edit(call: Call[NewEdit, None]) -> EditView:
    """Ask for a change of a listing: Amazon judges it first, and nothing is applied yet."""
    body = call.body
    return edit_service.ask(
        _place(body),
        NewChange(
            body.price,
            body.quantity,
            tuple((each.name, each.values) for each in body.attributes),
            body.restores,
            body.side,
        ),
        member_id=call.principal.member_id,
        desk=call.container.desk,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )


@routes.post("/catalog/edits/apply", permission="catalog.manage", body=AppliedEdit, status=202)
def apply_edit(call: Call[AppliedEdit, None]) -> EditView:
    """Apply a change that Amazon found valid, unless the listing changed meanwhile."""
    return edit_service.apply(
        _place(call.body),
        call.body.edit_id,
        call.body.step,
        member_id=call.principal.member_id,
        desk=call.container.desk,
        clock=call.container.clock,
    )


@routes.get("/catalog/files", permission="catalog.read", query=FileListQuery)
def list_files(call: Call[None, FileListQuery]) -> FileList:
    """List the newest files of changes of an account."""
    return bulk_service.list_files(check_connection_id(call.query.connection_id), call.container.clock)


@routes.post("/catalog/files", permission="catalog.manage", body=NewFile, status=201)
def begin_file(call: Call[NewFile, None]) -> FileView:
    """Begin a file of changes; its parts follow, one after the other."""
    return bulk_service.begin(
        check_connection_id(call.body.connection_id),
        call.body.marketplace_id,
        call.body.name,
        member_id=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )


@routes.get("/catalog/file-template", permission="catalog.read", query=TemplateQuery)
def get_file_template(call: Call[None, TemplateQuery]) -> FileTemplate:
    """Show a file of changes to fill in: its columns, and a row for each listing of a marketplace, page by page."""
    query = call.query
    connection_id = check_connection_id(query.connection_id)
    return bulk_service.template(connection_id, query.marketplace_id, query.cursor, query.limit)


@routes.get("/catalog/files/{file_id}", permission="catalog.read", query=FileListQuery)
def get_file(call: Call[None, FileListQuery]) -> FileView:
    """Show how far a file is."""
    connection_id = check_connection_id(call.query.connection_id)
    return bulk_service.show(connection_id, call.path("file_id"), call.container.clock)


@routes.get("/catalog/files/{file_id}/rows", permission="catalog.read", query=RowsQuery)
def get_file_rows(call: Call[None, RowsQuery]) -> FileRows:
    """Show the rows of one part of a file: what each changes, and what became of it."""
    return bulk_service.show_rows(check_connection_id(call.query.connection_id), call.path("file_id"), call.query.part)


@routes.post("/catalog/files/{file_id}/parts", permission="catalog.manage", body=FilePart)
def add_file_part(call: Call[FilePart, None]) -> FileView:
    """Read a part of a file and compare its rows with what is stored; nothing is applied."""
    body = call.body
    return bulk_service.add_part(
        check_connection_id(body.connection_id),
        call.path("file_id"),
        body.number,
        first_line=body.first_line,
        csv=body.csv,
        clock=call.container.clock,
    )


@routes.post("/catalog/files/{file_id}/complete", permission="catalog.manage", body=FileAccount)
def complete_file(call: Call[FileAccount, None]) -> FileView:
    """Say that all parts came: the preview of the whole file is there then."""
    connection_id = check_connection_id(call.body.connection_id)
    return bulk_service.complete(
        connection_id, call.path("file_id"), desk=call.container.desk, clock=call.container.clock
    )


@routes.post("/catalog/files/{file_id}/apply", permission="catalog.manage", body=AppliedFile, status=202)
def apply_file(call: Call[AppliedFile, None]) -> FileView:
    """Apply the changes of a file through one feed; rows that changed since the preview are left out."""
    return bulk_service.apply(
        check_connection_id(call.body.connection_id),
        call.path("file_id"),
        call.body.step,
        member_id=call.principal.member_id,
        desk=call.container.desk,
        clock=call.container.clock,
    )
