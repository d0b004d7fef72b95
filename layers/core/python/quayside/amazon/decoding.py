"""Reading Amazon's JSON without stumbling over what Amazon changes now and then. Pure.

A ``Reader`` decodes at msgspec's speed as long as an answer is what Amazon's model promises. Only when that fails does
it look closer: names in another casing, ``null`` where a field may be missing, and numbers in text are read all the
same. What stays wrong is wrong, and the error says where.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import get_args

import msgspec


class Reader[Content: msgspec.Struct]:
    """Reads one kind of struct from JSON; the decoder is made at the first use, so that importing costs nothing."""

    __slots__ = ("_decoder", "_kind")

    def __init__(self, kind: type[Content]) -> None:
        self._kind = kind
        self._decoder: msgspec.json.Decoder[Content] | None = None

    def read(self, data: bytes | msgspec.Raw) -> Content:
        """Read one struct.

        Raises:
            msgspec.ValidationError: the content is not of this kind; the words are those for the documented spelling.
            msgspec.DecodeError: it is no JSON.
        """
        if self._decoder is None:
            self._decoder = msgspec.json.Decoder(self._kind, strict=False)
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as first:
            try:
                return msgspec.convert(_fitted(_plain.decode(data), self._kind), self._kind, strict=False)
            except msgspec.ValidationError:
                raise first from None

    def entries(self, raw: msgspec.Raw | None, name: str, problems: list[str]) -> tuple[Content, ...]:
        """Read a list entry by entry: a bad one is named in ``problems`` and spoils none of the others."""
        found: list[Content] = []
        for number, entry in enumerate(raw_entries(raw, name, problems)):
            try:
                found.append(self.read(entry))
            except msgspec.ValidationError as problem:
                problems.append(f"{name}[{number}]: {problem}")
        return tuple(found)


# A number of money keeps every digit on this way too.
_plain = msgspec.json.Decoder(float_hook=Decimal)
_raw_list = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_ABSENT = frozenset({b"", b"null"})


def raw_entries(raw: msgspec.Raw | None, name: str, problems: list[str]) -> Sequence[msgspec.Raw]:
    """Return the entries of a list unread; a missing list has none, and what is no list is named in ``problems``."""
    if raw is None or bytes(raw) in _ABSENT:
        return ()
    try:
        return _raw_list.decode(raw)
    except msgspec.ValidationError as problem:
        problems.append(f"{name}: {problem}")
        return ()


def in_utc(at: datetime) -> datetime:
    """Return an instant in UTC; one without a time zone is Amazon's UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, tuple[str, object, bool]]:
    """Return the documented spelling, the type and the need of every field, by its spelling in lower case."""
    return {
        field.encode_name.lower(): (field.encode_name, field.type, field.required)
        for field in msgspec.structs.fields(struct)
    }


@cache
def _struct_in(kind: object) -> type[msgspec.Struct] | None:
    """Return the struct that a type is, holds, or may be."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for part in get_args(kind) if (found := _struct_in(part)) is not None), None)


def _fitted(value: object, kind: object) -> object:
    """Return a value with the names that a type documents, and without ``null`` where a field may be missing."""
    if isinstance(value, list):
        return [_fitted(part, kind) for part in value]
    struct = _struct_in(kind)
    if struct is None or not isinstance(value, dict):
        return value
    known = _fields(struct)
    fitted: dict[str, object] = {}
    for key, part in value.items():
        name, inner, required = known.get(str(key).lower(), (str(key), None, False))
        if part is None and not required:
            continue
        # A field in the documented spelling wins over one that merely resembles it.
        if name not in fitted or name == key:
            fitted[name] = _fitted(part, inner)
    return fitted
