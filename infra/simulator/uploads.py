"""Files that sellers hand over for messages, as Amazon's document store takes them.

An address is presigned for fifteen minutes, together with the digest of the content and with the encryption that the
store is told to use: what is sent along has to be exactly that. The digest is taken as it comes and looked at when the
content arrives, as at Amazon (github.com/amzn/selling-partner-api-models issue 1755). A file that was never put is no
attachment, nor is one that was put for another message.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from infra.simulator import entropy
from infra.simulator.clock import MINUTE
from infra.simulator.world import Seller, World

URL_LIVES_MS = 15 * MINUTE
_ENCRYPTION = "x-amz-server-side-encryption"
_DIGEST_BYTES = 16


@dataclass(slots=True)
class Destination:
    """Where one file goes: whose, for which resource, under which digest; ``content`` comes later."""

    destination_id: str
    seller: int
    resource: str
    content_md5: str
    content: bytes | None = None


class Uploads:
    """All destinations and what was put there. ``puts`` counts what was accepted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._key = entropy.identifier(world.seed, "key of uploads", 0).encode()
        self._destinations: dict[str, Destination] = {}
        self.puts = 0

    def create(self, seller: Seller, resource: str, content_md5: str) -> tuple[str, str, dict[str, str]]:
        """Make a destination; return its id, the path of its address, and the headers that are signed with it."""
        destination_id = entropy.identifier(self._world.seed, "upload destination", len(self._destinations))
        self._destinations[destination_id] = Destination(destination_id, seller.pk, resource, content_md5)
        expires = self._world.now_ms + URL_LIVES_MS
        signature = self._sign(destination_id, content_md5, expires)
        headers = {_ENCRYPTION: "aws:kms", "Content-MD5": content_md5}
        return destination_id, f"/message-files/{destination_id}?expires={expires}&signature={signature}", headers

    def put(
        self, destination_id: str, expires: str, signature: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        """Take a file; return an HTTP status and the store's code for what is wrong, as S3 has them."""
        with self._world.lock:
            found = self._destinations.get(destination_id)
            if found is None or not expires.isdigit():
                return 403, "AccessDenied"
            signed = self._sign(destination_id, headers.get("content-md5", ""), int(expires))
            if headers.get(_ENCRYPTION) != "aws:kms" or not hmac.compare_digest(signed, signature):
                return 403, "SignatureDoesNotMatch"
            if self._world.now_ms > int(expires):
                return 403, "AccessDenied"
            try:
                digest = base64.b64decode(found.content_md5, validate=True)
            except binascii.Error:
                digest = b""
            if len(digest) != _DIGEST_BYTES:
                return 400, "InvalidDigest"
            if digest != hashlib.md5(body, usedforsecurity=False).digest():
                return 400, "BadDigest"
            found.content = body
            self.puts += 1
            return 200, ""

    def content(self, seller: Seller, resource: str, destination_id: str) -> bytes | None:
        """Return what was put for a resource of a seller; None when nothing was."""
        found = self._destinations.get(destination_id)
        if found is None or (found.seller, found.resource) != (seller.pk, resource):
            return None
        return found.content

    def _sign(self, destination_id: str, content_md5: str, expires: int) -> str:
        text = f"PUT\n{destination_id}\n{content_md5}\n{expires}"
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
