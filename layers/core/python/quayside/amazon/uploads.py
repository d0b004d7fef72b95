"""Uploads API 2020-11-01: where a file for a message to a buyer goes, and under which id the message names it. Pure.

Amazon answers with a presigned address of its document store, good for fifteen minutes, and with the headers that are
signed with it. Sources: Amazon's model uploads_2020-11-01.json and its "Messaging API use case guide", steps 7 and 8.
"""

import base64
import hashlib

import msgspec

from quayside.amazon.errors import UnexpectedAnswer
from quayside.storage.vault import Secret


class UploadDestination(msgspec.Struct, frozen=True):
    """Where a file goes.

    Attributes:
        destination_id: what a message names the file by.
        url: the presigned address. Whoever has it can write the file, so it is a secret: never logged, never kept.
        headers: what has to be sent along.
    """

    destination_id: str
    url: Secret
    headers: dict[str, str]


class _Destination(msgspec.Struct, frozen=True, rename="camel"):
    upload_destination_id: str
    url: str
    headers: dict[str, str] | None = None


class _Answer(msgspec.Struct, frozen=True):
    payload: _Destination


_ANSWER = msgspec.json.Decoder(_Answer)


def decode_destination(body: bytes, operation: str) -> UploadDestination:
    """Read the answer of createUploadDestinationForResource.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    try:
        found = _ANSWER.decode(body).payload
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnexpectedAnswer(str(problem), operation=operation) from problem
    return UploadDestination(found.upload_destination_id, Secret(found.url), found.headers or {})


def content_md5(content: bytes) -> str:
    """Return the digest Amazon checks a file by, as the header Content-MD5 has it (RFC 1864): base 64 of the MD5."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
