"""The catalog for the browser tests: listings in every standing, their issues, and saved views."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import JSONResponse, Response

from quayside.catalog.attribute_views import AttributeFieldView, AttributesView, ChoiceView, ElsewhereView
from quayside.catalog.brand_rules import Brand
from quayside.catalog.brand_views import BrandList, TagOutcome, TagPage, TagView
from quayside.catalog.bulk_views import FileList, FileRows, FileRowView, FileTemplate, FileView
from quayside.catalog.edit_views import (
    AttributeView,
    ChangeIssueView,
    EditPage,
    EditView,
    ListingDetail,
    ValuesView,
)
from quayside.catalog.grid_views import (
    GridLineView,
    GridPage,
    IssuePage,
    IssueView,
    PackageView,
    SavedViewList,
    SavedViewView,
    seller_central_url,
)
from quayside.kernel.clock import format_instant
from quayside.kernel.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quayside.catalog.bulk_rules import FileState, RowState
    from quayside.catalog.edit_rules import State
    from quayside.catalog.rules import Standing

Json = dict[str, Any]

_STANDINGS: tuple[Standing, ...] = ("buyable", "buyable", "suppressed", "discoverable", "inactive", "incomplete")
_BRANDS = ("Beacon", None, "Harbour & Sons", None, "Beacon")
_ISSUES = (
    ("90220", "ERROR", "'country_of_origin' is required but not supplied.", ("country_of_origin",),
     ("LISTING_SUPPRESSED",)),
    ("18448", "WARNING", "Relevant attributes are incomplete: provide item_weight and item_dimensions.",
     ("item_dimensions", "item_weight"), ()),
    ("99300", "ERROR", "The price is far above recent prices and could be an error.", ("purchasable_offer",),
     ("LISTING_SUPPRESSED",)),
)  # fmt: skip


class FakeCatalog:
    """The catalog of one deployment."""

    def __init__(self, now: datetime, positions: list[Json]) -> None:
        self.lines = [_line(now, index, item) for index, item in enumerate(positions)]
        self.views = [SavedViewView("v1", "Broken in Germany", "issues=errors", format_instant(now))]

    def answer(  # noqa: C901, PLR0911, PLR0912 - a line a route
        self, method: str, below: list[str], query: Mapping[str, str], body: Json, now: datetime
    ) -> Response:
        """Answer a call of the catalog's routes."""
        match [method, *below]:
            case ["GET"]:
                return _json(self._page(query, now))
            case ["GET", "listing"]:
                return self._listing(query)
            case [_, "attributes"]:
                reading = AttributesView("reading", format_instant(now))
                return _json(_attributes(now)) if method == "GET" else _json(reading, 202)
            case ["GET", "edits"]:
                return _json(EditPage(tuple(_edit(now, each) for each in (1, 2, 3)), None))
            case ["GET", "edit"]:
                return _json(_edit(now, int(query["edit_id"])))
            case ["POST", "edits", *_]:
                return _json(_edit(now, 0), 202)
            case ["GET", "file-template"]:
                return _json(FileTemplate(("seller_sku", "title", "price"), (("LAMP-01", "Lamp"),), None))
            case ["GET", "files", *rest]:
                return _files(rest, query, now)
            case ["GET", "issues"]:
                return _json(self._issues(query.get("severity", "ERROR"), now))
            case ["GET", "brands"]:
                found = (Brand("Beacon", 22), Brand("Harbour & Sons", 9), Brand("Tidewater", 4))
                return _json(BrandList(found, 35, format_instant(now - timedelta(days=3))))
            case ["GET", "brands", "tags"]:
                return _json(TagPage((TagView("LAMP-OAK-30", "Beacon"), TagView("MUG-SET-4", "Beacon")), None))
            case ["POST", "brands", "tags"]:
                return self._tag({each["seller_sku"]: each["brand"] for each in body["tags"]})
            case ["GET", "views"]:
                return _json(SavedViewList(tuple(self.views)))
            case ["POST", "views"]:
                self.views.append(SavedViewView(f"v{len(self.views) + 1}", **body, saved_at=format_instant(now)))
                return _json(self.views[-1], 201)
            case ["POST", "views", view_id, "remove"]:
                self.views = [each for each in self.views if each.view_id != view_id]
                return Response(status_code=204)
            case _:
                return JSONResponse({"code": "not_found", "status": 404}, 404)

    def _tag(self, tags: Mapping[str, str | None]) -> Response:
        self.lines = [
            msgspec.structs.replace(line, brand=tags[line.seller_sku]) if line.seller_sku in tags else line
            for line in self.lines
        ]
        return _json(TagOutcome(len(tags), 0))

    def _listing(self, query: Mapping[str, str]) -> Response:
        line = next((each for each in self.lines if each.seller_sku == query["seller_sku"]), None)
        if line is None:
            found = {
                "code": "no_such_listing",
                "status": 404,
                "title": "Not Found",
                "detail": "There is no such listing.",
            }
            return JSONResponse({**found, "action": "Check the address."}, 404)
        code, severity, message, attributes, _ = _ISSUES[0]
        issue = ChangeIssueView(code, severity, message, attributes)
        url = seller_central_url(line.marketplace_id, line.seller_sku, line.asin)
        return _json(ListingDetail(line, line.price.currency if line.price else "EUR", (issue,), url, ""))

    def _page(self, query: Mapping[str, str], now: datetime) -> GridPage:
        found = [
            line
            for line in self.lines
            if query.get("marketplace_id", "") in {"", line.marketplace_id}
            and query.get("standing", "") in {"", line.standing}
            and (query.get("issues", "") != "errors" or line.errors)
            and query.get("search", "").casefold() in f"{line.seller_sku} {line.title}".casefold()
        ]
        return GridPage(tuple(found[:50]), len(self.lines), None, format_instant(now - timedelta(hours=2)))

    def _issues(self, severity: str, now: datetime) -> IssuePage:
        found = []
        for index, line in enumerate(self.lines):
            code, its_severity, message, attributes, actions = _ISSUES[index % 3]
            if (line.errors or line.warnings) and its_severity == severity:
                found.append(
                    IssueView(
                        line.connection_id, line.marketplace_id, line.seller_sku, line.asin, line.title, its_severity,
                        code, message, attributes, ("MISSING_ATTRIBUTE",), actions,
                        format_instant(now - timedelta(hours=5 + 30 * index)),
                        seller_central_url(line.marketplace_id, line.seller_sku, line.asin),
                    )
                )  # fmt: skip
        return IssuePage(
            "ERROR" if severity == "ERROR" else "WARNING", tuple(found), None, format_instant(now - timedelta(hours=2))
        )


_TEXTS_BEFORE = (
    AttributeView("item_name", ("Beacon Lamp, oak and linen",), "de_DE"),
    AttributeView("bullet_point", ("Warm light", "Made of oak", "Easy to clean"), "de_DE"),
    AttributeView("generic_keyword", ("lampe licht",), "de_DE"),
)
_TEXTS_AFTER = (
    AttributeView("item_name", ("Beacon Lamp, oak and linen, dimmable, for bedside and living room",), "de_DE"),
    AttributeView("bullet_point", ("Warm light", "Made of oak", "Dimmable in five steps"), "de_DE"),
    AttributeView("generic_keyword", (), "de_DE"),
)


def _attributes(now: datetime) -> AttributesView:
    """Return attributes with a field of every kind, one of them too long."""

    def field(name: str, title: str, values: tuple[str, ...], **more: Any) -> AttributeFieldView:
        rest: Json = {
            "description": "", "kind": "text", "required": False, "most": 1, "language": "de_DE", "longest": None,
            "longest_bytes": None, "least": None, "greatest": None, "choices": (), **more,
        }  # fmt: skip
        return AttributeFieldView(name=name, title=title, values=values, **rest)

    described = "Up to five short statements about the product."
    countries = (ChoiceView("DE", "Germany"), ChoiceView("PT", "Portugal"))
    return AttributesView(
        "ready",
        format_instant(now),
        format_instant(now),
        "LAMP",
        "Lamp",
        "1",
        (
            field("item_name", "Item Name", _TEXTS_BEFORE[0].values, required=True, longest=200),
            field("bullet_point", "Bullet Point", _TEXTS_BEFORE[1].values, description=described, most=5, longest=500),
            field("product_description", "Product Description", ("A lamp of oak. " * 12,), longest=2000),
            field("generic_keyword", "Generic Keyword", ("lämpchen " * 30,), longest_bytes=250),
            field("number_of_items", "Number of Items", ("1",), kind="whole", language=None, least="1", greatest="100"),
            field("country_of_origin", "Country of Origin", ("PT",), required=True, language=None, choices=countries),
        ),
        (
            ElsewhereView("brand", "Brand Name", "Amazon does not let it be changed."),
            ElsewhereView("item_weight", "Item Weight", "It has several parts."),
        ),
    )


def _edit(now: datetime, number: int) -> EditView:
    """Return a change: 0 is ready, 1 was accepted, 2 met another one, 3 was refused."""
    state: State = ("ready", "applied", "conflict", "refused")[number]
    before, after = Money(2499 + 100 * number, "EUR"), Money(2799 + 100 * number, "EUR")
    refused = ChangeIssueView("99300", "ERROR", _ISSUES[2][2], ("purchasable_offer",))
    return EditView(
        edit_id=str(number),
        state=state,
        step=1,
        change=ValuesView(after, 40 if number == 1 else None, _TEXTS_AFTER if number < 2 else ()),
        before=ValuesView(before, 12 if number == 1 else None, _TEXTS_BEFORE if number < 2 else ()),
        found=ValuesView(Money(2599, "EUR"), None) if state == "conflict" else None,
        issues=(refused,) if state == "refused" else (),
        asked_by="anna",
        asked_at=format_instant(now - timedelta(days=number, minutes=3)),
        checked_at=format_instant(now - timedelta(days=number, minutes=2)),
        applied_by="anna" if state == "applied" else None,
        applied_at=format_instant(now - timedelta(days=number)) if state == "applied" else None,
        submission_id=None,
        reason="The listing changed at Amazon after you saw it. Nothing was sent." if state == "conflict" else "",
        restores=None,
        bulk_id=None,
    )


def _files(rest: list[str], query: Mapping[str, str], now: datetime) -> Response:
    """Answer what is asked of files of changes."""
    match rest:
        case []:
            states: tuple[FileState, ...] = ("done", "submitted", "ready")
            return _json(FileList(tuple(_file(now, query, state) for state in states)))
        case [_, "rows"]:
            return _json(_rows())
        case _:
            return _json(_file(now, query, "done"))


def _file(now: datetime, query: Mapping[str, str], state: FileState) -> FileView:
    """Return a file of changes in some state."""
    found = {"accepted": 1_940, "rejected": 58, "refused": 2} if state == "done" else {"change": 1_998, "refused": 2}
    return FileView(
        file_id=state,
        connection_id=query["connection_id"],
        marketplace_id="A1PA6795UKMFR9",
        name="autumn-prices.csv",
        state=state,
        step=2,
        parts=2,
        counts=found,
        sent=1_998,
        collected=2 if state == "done" else 0,
        asked_by="anna",
        asked_at=format_instant(now - timedelta(hours=2)),
        applied_by="anna",
        applied_at=format_instant(now - timedelta(hours=2)),
        feed_id="50000000001",
        reason="",
        has_attributes=True,
        compared=2,
    )


def _rows() -> FileRows:
    """Return the rows of a part: one of each outcome."""
    states: tuple[RowState, ...] = ("accepted", "rejected", "refused", "moved", "same")
    nothing = ValuesView(None, None)

    def texts(number: int, *values: str) -> tuple[AttributeView, ...]:
        named = zip(("item_name", "bullet_point"), values, strict=True)
        return tuple(AttributeView(name, (value,), "de_DE") for name, value in named)[: number % 3]

    return FileRows(
        0,
        2,
        tuple(
            FileRowView(
                number + 2,
                f"LAMP-0{number}",
                state,
                ValuesView(Money(2799, "EUR"), None, texts(number, "Lampe aus Eiche, hell", "Steht sicher")),
                nothing
                if state == "refused"
                else ValuesView(Money(2499, "EUR"), None, texts(number, "Lampe aus Eiche", "Steht fest")),
                "Amazon (99300): The price is far above recent prices." if state == "rejected" else "",
            )
            for number, state in enumerate(states)
        ),
    )


def _line(now: datetime, index: int, item: Json) -> GridLineView:
    standing = _STANDINGS[index % len(_STANDINGS)]
    currency = {"A1F83G8C2ARO7P": "GBP", "ATVPDKIKX0DER": "USD", "A1VC38T7YXB528": "JPY"}.get(
        item["marketplace_id"], "EUR"
    )
    known = index % 4 != 3
    return GridLineView(
        connection_id=item["connection_id"],
        marketplace_id=item["marketplace_id"],
        seller_sku=item["seller_sku"],
        asin=item["asin"],
        title=item["title"],
        standing=standing,
        errors=int(standing in {"suppressed", "incomplete"}),
        warnings=int(index % 5 == 1),
        price=Money(2499 + 100 * index, currency),
        by_amazon=index % 3 != 2,
        units=item["fulfillable"],
        product_type="HOME",
        package=PackageView(200 + index, 150, 80, 640) if known else PackageView(None, None, None, None),
        unit_cost=Money(410 + index, currency) if index % 3 else None,
        brand=_BRANDS[index % len(_BRANDS)],
        amazon_brand="Beacon Home & Garden" if index % 2 else None,
        computed_at=format_instant(now - timedelta(minutes=7 + index)),
    )


def _json(view: msgspec.Struct, status: int = 200) -> JSONResponse:
    return JSONResponse(msgspec.json.decode(msgspec.json.encode(view)), status)
