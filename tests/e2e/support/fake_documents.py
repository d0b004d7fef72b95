"""Documents of shipments as the screens know them: what is sent is kept in memory and told by the product's rules."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from quayside.supply_chain import document_rules as rules
from quayside.supply_chain.document_rules import Document, Documents, RemovedDocument
from quayside.supply_chain.document_views import DocumentLink, UploadForm, document_list
from tests.e2e.support.fake_data import instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quayside.supply_chain.document_rules import Unacceptable
    from quayside.supply_chain.document_views import DocumentList

Json = dict[str, Any]


class FakeDocuments:
    """The documents of one shipment, and what was sent and is attached to none."""

    def __init__(self, now: datetime) -> None:
        at = instant(now - timedelta(days=3))
        found = (
            ("d1", "Bill of lading MSKU 482913-7.pdf", "bill_of_lading", "application/pdf", 684_211, "m1"),
            ("d2", "Commercial invoice PO-000012.pdf", "commercial_invoice", "application/pdf", 92_113, "m1"),
            ("d3", "cartons.csv", "packing_list", "text/csv", 4_210, "m2"),
        )
        gone = RemovedDocument("d0", "Commercial invoice, draft.pdf", "commercial_invoice", at, "m2")
        self._documents = Documents(
            tuple(Document(each, name, kind, of, size, "0" * 64, at, by) for each, name, kind, of, size, by in found),  # type: ignore[arg-type]  # literals
            (gone,),
        )
        self.sent: dict[str, bytes] = {}

    def take(self, name: str, body: bytes) -> None:
        """Keep the file of a form that a browser sent: its last part."""
        self.sent[name] = body.partition(b'name="file"')[2].partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]

    def answer(self, method: str, below: list[str], body: Mapping[str, Any], now: datetime) -> object:
        """Answer one call below the documents of the shipment.

        Raises:
            Unacceptable: the file is not taken.
        """
        match [method, *below]:
            case ["POST"]:
                rules.check_size(body["size"])
                name = f"n{len(self.sent) + 1}"
                self.sent[name] = b""
                return UploadForm(name, f"/prod/uploads/{name}", {"key": name}, instant(now + timedelta(minutes=5)))
            case ["PUT", name]:
                content = self.sent[name]
                found = rules.type_of(content, body["name"])
                named, digest = rules.named(rules.clean_name(body["name"]), found), hashlib.sha256(content).hexdigest()
                made = Document(name, named, body["kind"], found, len(content), digest, instant(now), "m1")
                self._documents = rules.attached(self._documents, made)
            case ["GET", name, "link"]:
                return DocumentLink(f"/prod/uploads/{name}", instant(now + timedelta(minutes=5)))
            case ["POST", name, "remove"]:
                gone = next(each for each in self._documents.attached if each.document_id == name)
                self._documents = rules.without(self._documents, gone, instant(now), "m1")
        return self.list()

    def list(self) -> DocumentList:
        """Return what is attached."""
        return document_list(self._documents)


def refusal(refused: Unacceptable) -> Json:
    """Return the answer to a file that is not taken."""
    body = {"type": "urn:quayside:problem:document_refused", "title": "Bad Request", "status": 400}
    return {
        **body,
        "code": "document_refused",
        "detail": refused.problem,
        "action": refused.action,
        "request_id": "3f1c",
    }
