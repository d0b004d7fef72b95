"""Identifiers: short, lowercase, safe in keys, URLs and session tags, and never derived from personal data in clear."""

import hashlib
from collections.abc import Callable
from typing import NewType

from quayside.kernel.errors import InvalidInput

TenantId = NewType("TenantId", str)
ConnectionId = NewType("ConnectionId", str)
MemberId = NewType("MemberId", str)

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o or u. Source: https://www.crockford.com/base32.html"""

TENANT_ID_LENGTH = 26
CONNECTION_ID_LENGTH = 16
_BITS_PER_CHARACTER = 5


def _encode(data: bytes, length: int) -> str:
    """Write the leading ``5 * length`` bits of ``data``, most significant first."""
    number = int.from_bytes(data) >> (len(data) * 8 - length * _BITS_PER_CHARACTER)
    return "".join(ALPHABET[(number >> (_BITS_PER_CHARACTER * place)) & 31] for place in range(length - 1, -1, -1))


def tenant_id_of(subject: str) -> TenantId:
    """Return the tenant id that belongs to the person who signed up.

    Deterministic, so that a sign-up that is repeated after a failure finds its own tenant: 26 characters, the first
    130 bits of the SHA-256 of the identity provider's subject.
    """
    return TenantId(_encode(hashlib.sha256(subject.encode()).digest(), TENANT_ID_LENGTH))


def check_tenant_id(text: str) -> TenantId:
    """Return ``text`` as a tenant id.

    Raises:
        InvalidInput: it is not 26 characters of the alphabet, so it could never be a key prefix of one tenant.
    """
    if len(text) != TENANT_ID_LENGTH or not set(text) <= _CHARACTERS:
        raise InvalidInput("That is not a tenant id.", code="invalid_tenant_id")
    return TenantId(text)


def check_connection_id(text: str) -> ConnectionId:
    """Return ``text`` as a connection id.

    Raises:
        InvalidInput: it is not 16 characters of the alphabet.
    """
    if len(text) != CONNECTION_ID_LENGTH or not set(text) <= _CHARACTERS:
        raise InvalidInput("That is not a connection id.", code="invalid_connection_id")
    return ConnectionId(text)


def connection_id_of(tenant_id: TenantId, region: str, selling_partner_id: str) -> ConnectionId:
    """Return the id of one selling partner account in one region of one tenant.

    Deterministic (80 bits of a SHA-256), so connecting the same account again finds the connection it had before.
    """
    text = f"{tenant_id}\n{region}\n{selling_partner_id}"
    return ConnectionId(_encode(hashlib.sha256(text.encode()).digest(), CONNECTION_ID_LENGTH))


def new_id(entropy: Callable[[int], bytes]) -> str:
    """Return a fresh 26-character id from 17 bytes of ``entropy`` (``secrets.token_bytes`` in production)."""
    return _encode(entropy(17), TENANT_ID_LENGTH)


_CHARACTERS = frozenset(ALPHABET)
