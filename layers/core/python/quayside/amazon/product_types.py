"""What Amazon asks of listings of a product type: which definition is the newest, and the JSON schema behind its link.

Sources: Amazon's model definitionsProductTypes_2020-09-01.json and its product type definition meta-schema v1.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from quayside.amazon.decoding import Reader
from quayside.amazon.errors import UnexpectedAnswer
from quayside.storage.vault import Secret

MOST_SCHEMA_BYTES = 16 << 20
"""Amazon's largest schemas have some megabytes; what is larger than this is none."""
_DOWNLOAD = "getDefinitionsProductType schema"


class Definition(msgspec.Struct, frozen=True):
    """The newest definition of a product type in a marketplace.

    Attributes:
        product_type: Amazon's name.
        title: its name for people, in the marketplace's language.
        version: Amazon's version of it.
        locale: the language of the words in the schema.
        schema_url: where the schema is for a while. Whoever has it can read the schema: never logged, never kept.
        checksum: the MD5 of the schema in base64; the same checksum is the same schema.
    """

    product_type: str
    title: str
    version: str
    locale: str
    schema_url: Secret
    checksum: str


class _Link(msgspec.Struct, frozen=True):
    resource: str


class _SchemaLink(msgspec.Struct, frozen=True):
    link: _Link
    checksum: str


class _Version(msgspec.Struct, frozen=True):
    version: str


class _Definition(msgspec.Struct, frozen=True, rename="camel"):
    product_type: str
    product_type_version: _Version
    schema: _SchemaLink
    display_name: str = ""
    locale: str = ""


_definition = Reader(_Definition)
_schema = msgspec.json.Decoder(dict[str, Any])


def decode_definition(body: bytes) -> Definition:
    """Read the answer of getDefinitionsProductType.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    try:
        read = _definition.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getDefinitionsProductType", status=200) from problem
    return Definition(
        read.product_type,
        read.display_name or read.product_type,
        read.product_type_version.version,
        read.locale,
        Secret(read.schema.link.resource),
        read.schema.checksum,
    )


def read_schema(chunks: Iterable[bytes], checksum: str) -> dict[str, Any]:
    """Read a downloaded schema, and hold it against its checksum (in base64; Amazon's own examples have it in hex).

    Raises:
        UnexpectedAnswer: it is too large, is not what the checksum is of, or is no JSON object.
    """
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_SCHEMA_BYTES:
            raise UnexpectedAnswer(f"the schema has more than {MOST_SCHEMA_BYTES:,} bytes", operation=_DOWNLOAD)
    digest = hashlib.md5(body, usedforsecurity=False)
    if checksum not in {base64.b64encode(digest.digest()).decode(), digest.hexdigest()}:
        raise UnexpectedAnswer("the schema is not what its checksum is of", operation=_DOWNLOAD)
    try:
        return _schema.decode(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(f"the schema can't be read: {problem}", operation=_DOWNLOAD) from problem
