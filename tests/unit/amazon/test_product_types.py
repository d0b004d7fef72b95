"""Definitions of product types: the newest one, and a schema that is what its checksum is of or nothing."""

import base64
import hashlib

import pytest

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.product_types import MOST_SCHEMA_BYTES, decode_definition, read_schema

SCHEMA = b'{"properties":{}}'
DIGEST = hashlib.md5(SCHEMA, usedforsecurity=False)


@pytest.mark.parametrize("checksum", [base64.b64encode(DIGEST.digest()).decode(), DIGEST.hexdigest()])
def test_a_schema_is_read_when_it_is_what_its_checksum_is_of(checksum: str) -> None:
    assert read_schema([SCHEMA[:4], SCHEMA[4:]], checksum) == {"properties": {}}
    with pytest.raises(UnexpectedAnswer, match="not what its checksum is of"):
        read_schema([SCHEMA, b" "], checksum)


def test_what_is_no_schema_or_too_large_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer, match="can't be read"):
        read_schema([b"[]"], hashlib.md5(b"[]", usedforsecurity=False).hexdigest())
    with pytest.raises(UnexpectedAnswer, match="more than"):
        read_schema([b"x" * (MOST_SCHEMA_BYTES // 4 + 1)] * 4, "x")


def test_amazons_example_of_a_definition_is_read() -> None:
    body = (
        b'{"schema":{"link":{"resource":"https://schema-url","verb":"GET"},"checksum":"c7af"},"requirements":"LISTING",'
        b'"propertyGroups":{},"locale":"en_US","marketplaceIds":["ATVPDKIKX0DER"],"productType":"LUGGAGE",'
        b'"displayName":"Luggage","productTypeVersion":{"version":"UHqSqmb4FNUk=","latest":true}}'
    )
    found = decode_definition(body)
    assert (found.product_type, found.title, found.version, found.checksum) == (
        "LUGGAGE",
        "Luggage",
        "UHqSqmb4FNUk=",
        "c7af",
    )
    assert found.schema_url.reveal() == "https://schema-url"
    assert "schema-url" not in repr(found)
    with pytest.raises(UnexpectedAnswer):
        decode_definition(b"{}")
