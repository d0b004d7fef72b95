"""How files of changes are stored: one item a file, and one a part with its rows, compressed."""

import zlib
from typing import ClassVar

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from quayside.catalog.bulk_rules import File, Row
from quayside.storage.tables import CoreItem

FILE_PREFIX = "FILE#"

_ENCODER = msgspec.json.Encoder()
_FILE = msgspec.json.Decoder(File)
_ROWS = msgspec.json.Decoder(list[Row])


class FileRecord(CoreItem):
    """A file of changes. ``step`` counts its moves. It holds Amazon's words, so it ends after 18 months."""

    KIND: ClassVar[str] = "listing_file"

    file = UnicodeAttribute()
    step = NumberAttribute()


class PartRecord(CoreItem):
    """A part of a file: its rows with what became of each."""

    KIND: ClassVar[str] = "listing_file_part"

    rows = BinaryAttribute(legacy_encoding=False)


def text_of(file: File) -> str:
    """Write a file as it is stored."""
    return _ENCODER.encode(file).decode()


def file_from(text: str) -> File:
    """Read a stored file."""
    return _FILE.decode(text)


def packed(rows: list[Row]) -> bytes:
    """Write the rows of a part as they are stored: a thousand of them are some 30 kB."""
    return zlib.compress(_ENCODER.encode(rows))


def unpacked(content: bytes) -> list[Row]:
    """Read the rows of a stored part."""
    return _ROWS.decode(zlib.decompress(content))
