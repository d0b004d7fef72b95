"""Cursors: where a page of a list ended, as text that a client hands back unread.

A cursor holds sort keys only, never a partition key: which tenant's list goes on is decided by who asks, so a cursor
that was taken from someone else leads nowhere but into one's own list.
"""

import base64
import binascii

import msgspec

from quayside.kernel.errors import InvalidInput

_MAXIMUM_LENGTH = 1024
_DECODER = msgspec.json.Decoder(tuple[str, ...])


def encode_cursor(*parts: str) -> str:
    """Return the cursor that stands for ``parts``."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, count: int) -> tuple[str, ...]:
    """Return the ``count`` parts of a cursor.

    Raises:
        InvalidInput: it is not a cursor with that many parts.
    """
    try:
        if len(cursor) > _MAXIMUM_LENGTH:
            raise invalid_cursor()
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = _DECODER.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as problem:
        raise invalid_cursor() from problem
    if len(parts) != count:
        raise invalid_cursor()
    return parts


def invalid_cursor() -> InvalidInput:
    """Return the error for a cursor that does not belong to the list it was given to."""
    return InvalidInput(
        "The cursor is not valid.", code="invalid_cursor", action="Begin again from the first page of the list."
    )
