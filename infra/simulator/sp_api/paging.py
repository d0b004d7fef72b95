"""Opaque page tokens: signed, bound to their query, and dead after their time."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence


class TokenRefusedError(ValueError):
    """A page token that is forged, old, or belongs to another query."""


class PageTokens:
    """Issues and reads page tokens with a secret of the simulator's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, query: Mapping[str, Sequence[str]], now_ms: int, cursor: Sequence[object]) -> str:
        """Return a token for the page after ``cursor`` of ``query``."""
        raw = json.dumps([_digest(query), now_ms, *cursor], separators=(",", ":")).encode()
        signature = hmac.digest(self._key, raw, hashlib.sha256)[:16]
        return base64.urlsafe_b64encode(signature + raw).decode().rstrip("=")

    def read(self, token: str, query: Mapping[str, Sequence[str]], now_ms: int, lives_ms: int) -> list[object]:
        """Return a token's cursor. Raises TokenRefusedError when it is not ours, too old, or of another query."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise TokenRefusedError("it is malformed") from None
        if not hmac.compare_digest(hmac.digest(self._key, raw[16:], hashlib.sha256)[:16], raw[:16]):
            raise TokenRefusedError("it is malformed")
        digest, issued_ms, *cursor = json.loads(raw[16:])
        if now_ms - issued_ms >= lives_ms:
            raise TokenRefusedError("it has expired")
        if digest != _digest(query):
            raise TokenRefusedError("the other parameters must be those of the request that returned it")
        return list(cursor)


def _digest(query: Mapping[str, Sequence[str]]) -> str:
    parts = sorted(
        (name, sorted(part for value in values for part in value.split(","))) for name, values in query.items()
    )
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=9).hexdigest()
