"""What the API shows of an order on paper, and of a file of its lines."""

from typing import Literal

import msgspec

from quayside.procurement.rules import NewLine


class PaperView(msgspec.Struct, frozen=True):
    """A document to be kept: its name, its kind, and what it holds in base 64."""

    name: str
    media_type: str
    base64: str


class LineRowView(msgspec.Struct, frozen=True):
    """A row of a file of lines: ``new`` can be ordered as ``line_to_order``, ``refused`` says why."""

    line: int
    seller_sku: str
    state: Literal["new", "refused"]
    line_to_order: NewLine | None
    problem: str | None


class LinesFileView(msgspec.Struct, frozen=True):
    """What a file of lines holds."""

    new: int
    refused: int
    rows: tuple[LineRowView, ...]
