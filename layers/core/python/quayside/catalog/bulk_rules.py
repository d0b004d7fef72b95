"""A file of changes: its rows, what each would change, and what became of it. Pure.

A file has the columns ``seller_sku``, ``price`` and ``quantity`` (either of both may be missing or empty) in any order,
separated by commas, semicolons or tabs. With semicolons a comma is the decimal mark. Nothing is guessed: a row that
can't be read is refused with its reason, and the others are not.

``FILE_MACHINE`` says how a file goes: it comes in parts, all of it is compared with what is stored, a member has it
applied, Amazon is told, and works on it. Each row becomes ``accepted`` or ``rejected`` exactly once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, cast

import msgspec

from quayside.catalog.edit_rules import UnusableChange, Values, checked_price, checked_quantity, why_not
from quayside.catalog.rules import Listing, Price
from quayside.kernel.machines import Machine, Move
from quayside.kernel.sheets import Row as SheetRow
from quayside.kernel.sheets import UnreadableSheet, read_sheet

RowState = Literal["change", "same", "refused", "moved", "sent", "accepted", "rejected", "unsent"]
FileState = Literal["reading", "ready", "queued", "submitting", "submitted", "done", "failed"]

FileEvent = Literal[
    "part_comes", "all_came", "apply", "nothing_left", "hand_over", "call", "taken", "look", "tell", "anothers",
    "all_told", "turned_away", "given_up",
]  # fmt: skip

_MANAGE = "catalog.manage"

FILE_MACHINE = Machine(
    "listing_file",
    "A file of changes of listings",
    {
        "reading": "Being read",
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
MOST_PARTS = 25
MOST_ROWS = ROWS_A_PART * MOST_PARTS
"""As many as Amazon takes messages in one feed."""
GIVEN_UP_AFTER = timedelta(hours=26)
_UNDER_WAY = frozenset(FILE_MACHINE.states_for("given_up"))
_LONGEST_SKU = 40


class UnreadableFile(ValueError):
    """A part of a file can't be read at all; the message says why and what is allowed."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One row of a file.

    Attributes:
        line: its line in the file; also its number in Amazon's feed.
        seller_sku: of which listing.
        state: what it comes to.
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


def read_part(text: str, first_line: int, currency: str) -> list[Row]:
    """Read a part of a file: its header, and rows of which the first is ``first_line`` of the whole file.

    Raises:
        UnreadableFile: a column is missing, a quotation mark is not closed, or there are too many rows.
    """
    try:
        rows = list(
            read_sheet(
                text,
                required=("seller_sku",),
                one_of=("price", "quantity"),
                most_rows=ROWS_A_PART,
                decimals=("price",),
            )
        )
    except UnreadableSheet as problem:
        raise UnreadableFile(f"The file {problem}.") from problem
    return [_row(first_line + each.line - 2, each, currency) for each in rows]


def _row(line: int, read: SheetRow, currency: str) -> Row:
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
        )
    except UnusableChange as problem:
        return Row(line, sku, "refused", problem=f"{problem.field} {problem.reason}")
    if change.is_empty:
        return Row(line, sku, "refused", problem="neither a price nor a quantity is given")
    return Row(line, sku, "change", change)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - far above any quantity
        raise UnusableChange("quantity", "has to be a whole number, such as 40")
    return checked_quantity(int(text))


def values_of(listing: Listing) -> Values:
    """Return the values of a stored listing that can be changed."""
    price = listing.price
    return Values(None if price is None else Price(price.amount_minor, price.currency), listing.quantity)


def compared(row: Row, listing: Listing | None) -> Row:
    """Return a row compared with what is stored of its listing."""
    if row.state != "change":
        return row
    if listing is None or listing.standing == "deleted":
        return msgspec.structs.replace(row, state="refused", problem="there is no such listing in this marketplace")
    now = values_of(listing)
    compared_row = msgspec.structs.replace(row, before=row.change.touched(now), product_type=listing.product_type)
    why = why_not(row.change, now, by_amazon=listing.by_amazon)
    if not why:
        return compared_row
    same = row.change.touched(now) == row.change
    return msgspec.structs.replace(compared_row, state="same" if same else "refused", problem="" if same else why)


def without_repeats(row: Row, seen: set[str]) -> Row:
    """Refuse a row whose SKU a row before it changes already; ``seen`` takes the SKUs that are changed."""
    if row.state != "change":
        return row
    if row.seller_sku in seen:
        return msgspec.structs.replace(row, state="refused", problem="an earlier row changes the same SKU")
    seen.add(row.seller_sku)
    return row


def sendable(row: Row, listing: Listing | None) -> Row:
    """Return a row as it is sent, or as ``moved`` when its listing changed since it was compared."""
    if row.state != "change":
        return row
    if listing is None or row.change.touched(values_of(listing)) != row.before:
        problem = "the listing changed after the file was compared; nothing was sent"
        return msgspec.structs.replace(row, state="moved", problem=problem)
    return msgspec.structs.replace(row, state="sent", product_type=listing.product_type)


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
