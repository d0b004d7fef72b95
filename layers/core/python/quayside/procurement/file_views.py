"""What the API shows of files of suppliers and purchase orders."""

from typing import Literal

import msgspec

FileState = Literal["new", "known", "refused"]


class PurchasingImportRow(msgspec.Struct, frozen=True):
    """A supplier or an order of a file: on which lines it stands, its name, whether it is new, and what it asks for.

    ``says`` is why it is refused when it is.
    """

    lines: tuple[int, ...]
    name: str
    state: FileState
    says: str


class PurchasingImportView(msgspec.Struct, frozen=True):
    """What a file of suppliers or orders enters, in the order of the file."""

    new: int
    known: int
    refused: int
    rows: tuple[PurchasingImportRow, ...]


class PurchasingFilePage(msgspec.Struct, frozen=True):
    """Rows of a file of suppliers or orders that can be entered again as they are.

    Attributes:
        columns: their names.
        rows: as many of each supplier as it has contacts, of each order as it has lines.
        things: how many suppliers or orders these are.
        next_cursor: asks for the page after this one; None when these were the last.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    things: int
    next_cursor: str | None
