"""Where finished documents lie until somebody fetches them: addresses that are signed and die after five minutes."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.simulator.clock import MINUTE
from infra.simulator.reports.making import Made
from infra.simulator.world import World

LIVES_MS = 5 * MINUTE
OPERATION = "document.download"
_PIECE = 256 * 1024
_REFUSAL = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>QUAYSIDE</RequestId></Error>"
)


@dataclass(frozen=True, slots=True)
class Download:
    """The answer to a fetch: its status, its headers, and its body in pieces."""

    status: int
    content_type: str
    pieces: Iterator[bytes]
    headers: dict[str, str] = field(default_factory=dict)


class Documents:
    """All documents, in the world's database."""

    def __init__(self, world: World, key: bytes) -> None:
        self._world = world
        self._connection = world.storage.connection
        self._key = key

    def keep(self, document_id: str, report: int, made: Made) -> None:
        """Keep a finished document under its id."""
        self._connection.execute(
            "INSERT INTO report_documents (document_id, report, content_type, compressed, body) VALUES (?, ?, ?, ?, ?)",
            (document_id, report, made.content_type, int(made.compressed), made.body),
        )

    def compressed(self, document_id: str) -> bool | None:
        """Return whether a document is compressed, or None when there is none such."""
        row = self._connection.execute(
            "SELECT compressed FROM report_documents WHERE document_id = ?", (document_id,)
        ).fetchone()
        return None if row is None else bool(row[0])

    def forget(self, report: int) -> None:
        """Delete the document of a report."""
        self._connection.execute("DELETE FROM report_documents WHERE report = ?", (report,))

    def address(self, base: str, document_id: str, *, announced: bool) -> str:
        """Return an address for five minutes; ``announced`` lets the answer say that it is gzip."""
        expires = self._world.now_ms + LIVES_MS
        encoding = "gzip" if announced else "identity"
        signature = self._signature(document_id, str(expires), encoding)
        return f"{base}/documents/{document_id}?expires={expires}&encoding={encoding}&signature={signature}"

    def fetch(self, document_id: str, query: dict[str, str]) -> Download:
        """Answer a fetch; a late or forged one as Amazon S3 does."""
        expires, encoding = query.get("expires", ""), query.get("encoding", "")
        signature = self._signature(document_id, expires, encoding)
        if not hmac.compare_digest(signature, query.get("signature", "")):
            return refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        if self._world.clock.now_ms() >= int(expires):
            return refusal(403, "AccessDenied", "Request has expired")
        with self._world.lock:
            row = self._connection.execute(
                "SELECT content_type, length(body), compressed FROM report_documents WHERE document_id = ?",
                (document_id,),
            ).fetchone()
        if row is None:
            return refusal(404, "NoSuchKey", "The specified key does not exist.")
        content_type, length, compressed = row
        headers = {"content-length": str(length)}
        if compressed and encoding == "gzip":
            headers["content-encoding"] = "gzip"
        return Download(200, content_type, self._pieces(document_id, length), headers)

    def _pieces(self, document_id: str, length: int) -> Iterator[bytes]:
        for offset in range(0, length, _PIECE):
            with self._world.lock:
                row = self._connection.execute(
                    "SELECT substr(body, ?, ?) FROM report_documents WHERE document_id = ?",
                    (offset + 1, _PIECE, document_id),
                ).fetchone()
            if row is None:
                return
            yield bytes(row[0])

    def _signature(self, document_id: str, expires: str, encoding: str) -> str:
        text = f"{document_id}\n{expires}\n{encoding}".encode()
        return hmac.digest(self._key, text, hashlib.sha256).hex()


def refusal(status: int, code: str, message: str) -> Download:
    """Return an error of Amazon S3."""
    body = _REFUSAL.format(code=code, message=message).encode()
    return Download(status, "application/xml", iter([body]), {"content-length": str(len(body))})
