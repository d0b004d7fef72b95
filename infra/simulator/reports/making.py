"""What every kind of report has in common: what was asked for, how its text is made, and how text becomes bytes."""

import codecs
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.simulator.clock import SECOND
from infra.simulator.entropy import number
from infra.simulator.marketplaces import MARKETPLACES, Marketplace
from infra.simulator.world import Line, Listing, Seller, World

TEXT, JSON = "text/plain", "application/json"
# Amazon leaves small documents as they are.
_COMPRESS_FROM = 1024
_LEVEL = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to hold. Instants are epoch milliseconds; ``start`` included, ``end`` not.

    ``now_ms`` is when it is made. ``renamed`` gives a column another name than Amazon documents, ``emptied`` leaves
    the rows out: trouble on demand. ``settlement`` is the number of the settlement that it tells.
    """

    seller: Seller
    marketplaces: Sequence[str]
    start: int
    end: int
    now_ms: int
    options: Mapping[str, str] = field(default_factory=dict)
    settlement: int = 0
    renamed: bool = False
    emptied: bool = False

    @property
    def place(self) -> Marketplace:
        """The first marketplace: it decides language, encoding and formats."""
        return MARKETPLACES[self.marketplaces[0]]


class ReportFailedError(Exception):
    """Amazon gives up on a report (FATAL); the words are in the document that it offers instead."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A report type.

    Args:
        name: Amazon's name of it.
        size: how many rows a report will have, roughly: decides how long it takes and whether there is any data.
        chunks: the text, header first.
        encoding: a Python codec name; decided by the marketplace.
        content_type: of the document.
        needs_dates: whether the window matters; without it a report is a picture of now.
        interval_ms: the hidden limit: the same report again within this time comes back CANCELLED.
        maximum_ms: a longer window comes back FATAL.
        cancelled_when_empty: whether no data means CANCELLED, or a document with a header alone.
        requestable: whether anybody but Amazon can ask for it.
        seconds: the shortest and longest processing time; a row makes it longer by ``seconds_per_row``.
    """

    name: str
    size: Callable[[World, Wanted], int]
    chunks: Callable[[World, Wanted], Iterator[str]]
    encoding: Callable[[Wanted], str] = lambda _: "utf-8"
    content_type: str = TEXT
    needs_dates: bool = True
    interval_ms: int = 0
    maximum_ms: int | None = None
    cancelled_when_empty: bool = False
    requestable: bool = True
    seconds: tuple[int, int] = (30, 90)
    seconds_per_row: float = 0.0

    def processing_ms(self, rows: int, luck: float) -> int:
        """Return how long Amazon works on a report of ``rows`` rows; ``luck`` is in [0, 1)."""
        shortest, longest = self.seconds
        return round(min(longest, shortest + rows * self.seconds_per_row + luck * (longest - shortest) / 4)) * SECOND


@dataclass(frozen=True, slots=True)
class Made:
    """A finished document."""

    content_type: str
    compressed: bool
    body: bytes


def make(kind: Kind, world: World, wanted: Wanted) -> Made:
    """Make a document piece by piece: never more than a chunk of text and the compressed bytes are in memory."""
    codec = kind.encoding(wanted)
    # One encoder for all pieces: a byte order mark belongs to the file, not to each piece.
    encoder = codecs.getincrementalencoder(codec)("replace")
    squeeze = zlib.compressobj(_LEVEL, wbits=31)
    pieces: list[bytes] = []
    small: list[bytes] | None = []
    length = 0
    for chunk in kind.chunks(world, wanted):
        raw = encoder.encode(chunk)
        length += len(raw)
        if small is not None:
            small.append(raw)
            if length >= _COMPRESS_FROM:
                pieces.append(squeeze.compress(b"".join(small)))
                small = None
            continue
        pieces.append(squeeze.compress(raw))
    charset = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "windows-1252", "cp932": "Shift_JIS"}[codec]
    content_type = f"{kind.content_type}; charset={charset}"
    if small is not None:
        return Made(content_type, compressed=False, body=b"".join(small))
    pieces.append(squeeze.flush())
    return Made(content_type, compressed=True, body=b"".join(pieces))


def header(columns: Sequence[str], wanted: Wanted, fragile: str) -> str:
    """Return the header line of a flat file; on demand the ``fragile`` column has a name that nobody expects."""
    return "\t".join(f"{each}-v2" if wanted.renamed and each == fragile else each for each in columns) + "\n"


def joined(rows: Iterable[Sequence[str]], size: int = 500) -> Iterator[str]:
    """Yield rows as lines of a flat file, ``size`` at a time."""
    lines: list[str] = []
    for row in rows:
        lines.append("\t".join(row))
        if len(lines) >= size:
            yield "\n".join(lines) + "\n"
            lines.clear()
    if lines:
        yield "\n".join(lines) + "\n"


def flat_encoding(wanted: Wanted) -> str:
    """Return the encoding of flat files: Shift_JIS in Japan, UTF-8 elsewhere."""
    return "cp932" if wanted.place.country_code == "JP" else "utf-8"


def product_name(listing: Listing) -> str:
    """Return a title as flat files have it: now and then with a quote that nobody closes, as sellers write inches."""
    luck = number("quote", listing.sku) % 10
    if luck == 0:
        return f'"{listing.title}'
    return f'{listing.title}, 12"' if luck == 1 else listing.title


def shipping_tax(line: Line) -> int:
    """Return the part of a line's tax that is on its shipping, in minor units."""
    taxed = line.item_minor - line.discount_minor + line.shipping_minor
    return line.tax_minor * line.shipping_minor // taxed if taxed > 0 else 0
