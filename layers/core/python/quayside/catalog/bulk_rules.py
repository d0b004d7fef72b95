"""A file of changes: its rows, what each would change, and what became of it. Pure.

A file has the column ``seller_sku`` and any of ``price``, ``quantity`` and attributes, in any order, separated by
commas, semicolons or tabs. With semicolons a comma is the decimal mark of prices. The column of an attribute says its
marketplace, its language if it has one, and which of several values it holds, as Amazon's own spreadsheets do:
``bullet_point[marketplace_id=A1PA6795UKMFR9][language_tag=de_DE]#2``. An empty cell leaves what is there as it is.
Nothing is guessed: a row that can't be read is refused with its reason, and the others are not.

``FILE_MACHINE`` says how a file goes: it comes in parts, all of it is compared with what is stored, or, where it names
attributes, with what Amazon has, for those are not stored; a member has it applied, Amazon is told, and works on it.
Each row becomes ``accepted`` or ``rejected`` exactly once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, cast

import msgspec

from quayside.catalog import attribute_rules
from quayside.catalog.attribute_rules import Form, UnusableAttributes
from quayside.catalog.edit_rules import Attribute, UnusableChange, Values, checked_price, checked_quantity, why_not
from quayside.catalog.rules import Listing, Price
from quayside.kernel.machines import Machine, Move
from quayside.kernel.sheets import Row as SheetRow
from quayside.kernel.sheets import UnreadableSheet, plain_cell, read_sheet

RowState = Literal["waiting", "change", "same", "refused", "moved", "sent", "accepted", "rejected", "unsent"]
FileState = Literal["reading", "comparing", "ready", "queued", "submitting", "submitted", "done", "failed"]

FileEvent = Literal[
    "part_comes", "all_came", "attributes_came", "look_up", "compared",
    "apply", "nothing_left", "hand_over", "call", "taken", "look", "tell", "anothers",
    "all_told", "turned_away", "given_up",
]  # fmt: skip

_MANAGE = "catalog.manage"

FILE_MACHINE = Machine(
    "listing_file",
    "A file of changes of listings",
    {
        "reading": "Being read",
        "comparing": "Being compared with Amazon",
        "ready": "Waits for you",
        "queued": "About to be sent",
        "submitting": "Being sent",
        "submitted": "Amazon is working on it",
        "done": "Done",
        "failed": "Failed",
    },
    (
        Move("reading", "part_comes", _MANAGE, "reading"),
        Move("reading", "all_came", _MANAGE, "ready"),
        Move("reading", "attributes_came", _MANAGE, "comparing"),
        Move("comparing", "look_up", "", "comparing"),
        Move("comparing", "compared", "", "ready"),
        Move("comparing", "turned_away", "", "failed"),
        Move("comparing", "given_up", "", "failed"),
        Move("ready", "apply", _MANAGE, "queued"),
        Move("queued", "hand_over", "", "submitting"),
        Move("queued", "nothing_left", "", "failed"),
        Move("queued", "turned_away", "", "failed"),
        Move("queued", "given_up", "", "failed"),
        Move("submitting", "call", "", "submitting"),
        Move("submitting", "taken", "", "submitted"),
        Move("submitting", "turned_away", "", "failed"),
        Move("submitting", "given_up", "", "failed"),
        Move("submitted", "look", "", "submitted"),
        Move("submitted", "tell", "", "submitted"),
        # A feed that was found by asking turned out to be another file's.
        Move("submitted", "anothers", "", "submitting"),
        Move("submitted", "all_told", "", "done"),
        Move("submitted", "turned_away", "", "failed"),
        Move("submitted", "given_up", "", "failed"),
    ),
)
"""Every legal move of a file. None leads back to before it was applied."""

COLUMNS = ("seller_sku", "price", "quantity")
ROWS_A_PART = 1_000
ROWS_WITH_ATTRIBUTES = 100
"""So many rows a part has at most when they have attributes: a description alone may have thousands of characters."""
MOST_PARTS = 250
MOST_ROWS = 25_000
"""As many as Amazon takes messages in one feed."""
MOST_PART_BYTES = 340_000
"""What the rows of a part take at most as they are stored; an item of DynamoDB holds 400 kB."""
TEMPLATE = (("item_name", 1), ("bullet_point", 5), ("product_description", 1), ("generic_keyword", 1))
"""The attributes that a template has columns for, and how many each."""
GIVEN_UP_AFTER = timedelta(hours=26)
_UNDER_WAY = frozenset(FILE_MACHINE.states_for("given_up"))
_LONGEST_SKU = 40
_LONGEST_PROBLEM = 600
NO_LISTING = "there is no such listing in this marketplace"
_LANGUAGES = {
    "US": "en_US", "CA": "en_CA", "MX": "es_MX", "BR": "pt_BR", "GB": "en_GB", "DE": "de_DE", "FR": "fr_FR",
    "IT": "it_IT", "ES": "es_ES", "NL": "nl_NL", "SE": "sv_SE", "PL": "pl_PL", "BE": "fr_BE", "IE": "en_IE",
    "TR": "tr_TR", "SA": "ar_AE", "AE": "en_AE", "EG": "ar_AE", "IN": "en_IN", "JP": "ja_JP", "AU": "en_AU",
    "SG": "en_SG", "ZA": "en_ZA",
}  # fmt: skip
"""The language that a template proposes, by country. Amazon's definition decides which one an attribute is in."""
_COLUMN = re.compile(
    r"(?P<name>[a-z0-9_]{1,100})"
    r"\[marketplace_id=(?P<place>[a-z0-9]{1,20})\]"
    r"(?:\[language_tag=(?P<language>[a-z]{2,3}(?:[_-][a-z0-9]{2,8})+)\])?"
    r"(?:#(?P<number>[1-9][0-9]{0,2}))?(?:\.value)?"
)
"""The column of an attribute, in small letters."""


class UnreadableFile(ValueError):
    """A part of a file can't be read at all; the message says why and what is allowed."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One row of a file.

    Attributes:
        line: its line in the file; also its number in Amazon's feed.
        seller_sku: of which listing.
        state: what it comes to; ``waiting`` until its attributes are compared with Amazon's.
        change: the values that are to be.
        before: the values that were stored when it was compared.
        problem: why it is refused, moved or rejected, in words.
        product_type: of the listing, when it is known.
    """

    line: int
    seller_sku: str
    state: RowState
    change: Values = Values()
    before: Values = Values()
    problem: str = ""
    product_type: str | None = None


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of changes of one marketplace's listings, and how far it is.

    Attributes:
        file_id: its id; ids sort by time.
        connection_id: for which account.
        marketplace_id: for which marketplace.
        name: what the member calls it.
        state: how far it is.
        asked_by: the member who brought it.
        asked_at: when.
        parts: how many parts it has.
        counts: how many of its rows are in which state.
        applied_by: the member who had it applied.
        applied_at: when.
        sent: how many rows were sent.
        document_id: Amazon's id of what was sent.
        called_at: when Amazon was asked to process it; since then nobody knows until there is a feed id.
        feed_id: Amazon's id of the feed.
        is_found: whether the feed was found by asking, so that it has to be shown to be this one.
        not_ours: feeds that were found and turned out to be another's.
        result_id: Amazon's id of its report.
        checks: how often Amazon was asked how far it is.
        collected: how many parts have their results.
        reason: why it failed, in words.
        has_attributes: whether a row of it names attributes, so that it is compared with what Amazon has.
        compared: how many parts were.
    """

    file_id: str
    connection_id: str
    marketplace_id: str
    name: str
    state: FileState
    asked_by: str
    asked_at: datetime
    parts: int = 0
    counts: dict[str, int] = {}
    applied_by: str | None = None
    applied_at: datetime | None = None
    sent: int = 0
    document_id: str | None = None
    called_at: datetime | None = None
    feed_id: str | None = None
    is_found: bool = False
    not_ours: tuple[str, ...] = ()
    result_id: str | None = None
    checks: int = 0
    collected: int = 0
    reason: str = ""
    has_attributes: bool = False
    compared: int = 0

    def state_at(self, now: datetime) -> FileState:
        """Return its state: what is under way for more than a day failed, for nobody tries any longer."""
        since = self.applied_at or self.asked_at
        return "failed" if self.state in _UNDER_WAY and now - since > GIVEN_UP_AFTER else self.state


def moved(file: File, event: FileEvent, **noted: object) -> File:
    """Return a file after something happened to it, with what is noted of that.

    Raises:
        IllegalMove: that can't happen to a file in its state.
    """
    state = cast("FileState", FILE_MACHINE.move(file.state, event).next_state)
    return msgspec.structs.replace(file, state=state, **noted)


class Column(NamedTuple):
    """Which value of which attribute a column holds; ``language`` is in small letters, None when none is named."""

    name: str
    language: str | None
    number: int


def column_of(header: str, marketplace_id: str) -> Column | None:
    """Return which attribute a column is of, in a file for one marketplace; None when it is of none.

    Raises:
        UnreadableFile: it means an attribute, but does not say which, or is of another marketplace.
    """
    example = f"{attribute_rules.FIRST[0]}[marketplace_id={marketplace_id}][language_tag=en_GB]"
    if "[" not in header:
        if header in attribute_rules.FIRST:
            raise UnreadableFile(f"The column {header} has to say its marketplace and language, such as {example}.")
        return None
    found = _COLUMN.fullmatch(header)
    if found is None:
        raise UnreadableFile(f"The column {header[:80]} can't be read. That of an attribute looks like {example}.")
    if found["place"] != marketplace_id.lower():
        raise UnreadableFile(f"The column {header[:80]} is of another marketplace than the file, {marketplace_id}.")
    language = found["language"]
    return Column(found["name"], language and language.replace("-", "_"), int(found["number"] or 1))


def template_columns(marketplace_id: str, country_code: str) -> tuple[str, ...]:
    """Return the columns of a template: price, quantity, and the attributes that buyers read."""
    language = _LANGUAGES.get(country_code, "en_US")
    texts = (
        f"{name}[marketplace_id={marketplace_id}][language_tag={language}]" + (f"#{number}" if count > 1 else "")
        for name, count in TEMPLATE
        for number in range(1, count + 1)
    )
    return ("seller_sku", "title", "price", "quantity", *texts)


def read_part(text: str, first_line: int, currency: str, marketplace_id: str) -> list[Row]:
    """Read a part of a file: its header, and rows of which the first is ``first_line`` of the whole file.

    Raises:
        UnreadableFile: a column is missing or can't be read, a quotation mark is not closed, or there are too many
            rows.
    """
    header = text.partition("\n")[0].lower()
    with_attributes = any(mark in header for mark in ("[", *attribute_rules.FIRST))
    try:
        rows = list(
            read_sheet(
                text,
                required=("seller_sku",),
                one_of=() if with_attributes else ("price", "quantity"),
                most_rows=ROWS_WITH_ATTRIBUTES if with_attributes else ROWS_A_PART,
                decimals=("price",),
            )
        )
    except UnreadableSheet as problem:
        raise UnreadableFile(f"The file {problem}.") from problem
    headers = {header for each in rows for header in each.cells}
    columns = {header: column for header in headers if (column := column_of(header, marketplace_id)) is not None}
    return [_row(first_line + each.line - 2, each, currency, columns) for each in rows]


def _row(line: int, read: SheetRow, currency: str, columns: Mapping[str, Column]) -> Row:
    fields = {name: cell.strip() for name, cell in read.cells.items()}
    sku = fields.get("seller_sku", "")
    if read.problem:
        return Row(line, sku[:_LONGEST_SKU], "refused", problem=f"the row {read.problem}")
    if not 1 <= len(sku) <= _LONGEST_SKU:
        return Row(line, sku[:_LONGEST_SKU], "refused", problem=f"seller_sku needs 1 to {_LONGEST_SKU} characters")
    price, quantity = fields.get("price", ""), fields.get("quantity", "")
    try:
        change = Values(
            checked_price(price, currency) if price else None,
            _whole(quantity) if quantity else None,
            _attributes(fields, columns),
        )
    except UnusableChange as problem:
        return Row(line, sku, "refused", problem=f"{problem.field} {problem.reason}")
    if change.is_empty:
        nothing = "no price, quantity or attribute is given" if columns else "neither a price nor a quantity is given"
        return Row(line, sku, "refused", problem=nothing)
    return Row(line, sku, "waiting" if change.attributes else "change", change)


def _attributes(fields: Mapping[str, str], columns: Mapping[str, Column]) -> tuple[Attribute, ...]:
    """Return the attributes that a row names, with their values in the order of their numbers."""
    found: dict[tuple[str, str | None], list[tuple[int, str]]] = {}
    for header, column in columns.items():
        text = plain_cell(fields.get(header, ""))
        if text:
            found.setdefault((column.name, column.language), []).append((column.number, text))
    return tuple(
        Attribute(name, tuple(text for _, text in sorted(found[name, language])), language)
        for name, language in sorted(found, key=lambda key: (key[0], key[1] or ""))
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - far above any quantity
        raise UnusableChange("quantity", "has to be a whole number, such as 40")
    return checked_quantity(int(text))


def values_of(listing: Listing) -> Values:
    """Return the values of a stored listing that can be changed."""
    price = listing.price
    return Values(None if price is None else Price(price.amount_minor, price.currency), listing.quantity)


def compared(row: Row, listing: Listing | None) -> Row:
    """Return a row without attributes compared with what is stored of its listing."""
    if row.state != "change":
        return row
    if listing is None or listing.standing == "deleted":
        return refused(row, NO_LISTING)
    return compared_with(row, values_of(listing), listing.product_type, by_amazon=listing.by_amazon)


def compared_with(row: Row, now: Values, product_type: str | None, *, by_amazon: bool) -> Row:
    """Return a row compared with the values that its listing has now."""
    before = row.change.touched(now)
    known = msgspec.structs.replace(row, state="change", before=before, product_type=product_type)
    why = why_not(row.change, now, by_amazon=by_amazon)
    if not why:
        return known
    return msgspec.structs.replace(known, state="same") if before == row.change else refused(known, why)


def refused(row: Row, problem: str) -> Row:
    """Return a row that changes nothing, for a reason."""
    return msgspec.structs.replace(row, state="refused", problem=problem)


def held_against(row: Row, form: Form) -> Row:
    """Return a row with its attributes as the form of its listing's product type takes them, or refused."""
    fields = {field.name: field for field in form.fields}
    for each in row.change.attributes:
        field = fields.get(each.name)
        if field is not None and each.language != (field.language and field.language.lower()):
            language = "no language" if field.language is None else f"the language {field.language}"
            return refused(row, f"{each.name} has {language} here; its column has to say so")
    given = [(each.name, each.values) for each in row.change.attributes]
    try:
        attributes = attribute_rules.checked(form, given)
    except UnusableAttributes as problem:
        words = (f"{each.field.removeprefix('attributes.')} {each.reason}" for each in problem.problems)
        return refused(row, "; ".join(words)[:_LONGEST_PROBLEM])
    return msgspec.structs.replace(row, change=msgspec.structs.replace(row.change, attributes=attributes))


def without_repeats(row: Row, seen: set[str]) -> Row:
    """Refuse a row whose SKU a row before it changes already; ``seen`` takes the SKUs that are changed."""
    if row.state not in {"change", "waiting"}:
        return row
    if row.seller_sku in seen:
        return refused(row, "an earlier row changes the same SKU")
    seen.add(row.seller_sku)
    return row


def sendable(row: Row, listing: Listing | None) -> Row:
    """Return a row without attributes as it is sent, or as ``moved`` when its listing changed since the comparison."""
    if row.state != "change" or row.change.attributes:
        return row
    if listing is None:
        return sendable_now(row, None, None)
    return sendable_now(row, values_of(listing), listing.product_type)


def sendable_now(row: Row, now: Values | None, product_type: str | None) -> Row:
    """Return a row as it is sent, or as ``moved`` when the values of its listing are others than were compared."""
    if now is None or row.change.touched(now) != row.before:
        problem = "the listing changed after the file was compared; nothing was sent"
        return msgspec.structs.replace(row, state="moved", problem=problem)
    return msgspec.structs.replace(row, state="sent", product_type=product_type)


def settled(row: Row, rejected: Mapping[int, str]) -> Row:
    """Return a row as Amazon's report has it: rejected with Amazon's words, or accepted."""
    if row.state != "sent":
        return row
    problem = rejected.get(row.line)
    if problem is None:
        return msgspec.structs.replace(row, state="accepted")
    return msgspec.structs.replace(row, state="rejected", problem=problem)


def unsent(row: Row, reason: str) -> Row:
    """Return a row of a file that Amazon did not process."""
    return msgspec.structs.replace(row, state="unsent", problem=reason) if row.state == "sent" else row


def counts_of(parts: Iterable[Sequence[Row]]) -> dict[str, int]:
    """Return how many rows are in which state."""
    found: dict[str, int] = {}
    for rows in parts:
        for row in rows:
            found[row.state] = found.get(row.state, 0) + 1
    return found
