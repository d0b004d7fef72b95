"""Reads and writes of the documents of shipments. Every function acts for the tenant in scope."""

from typing import NamedTuple

from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.objects import DocumentObjects, Form, UploadObjects
from quayside.storage.tables import write
from quayside.supply_chain.document_records import DocumentsRecord, documents_from, text_of
from quayside.supply_chain.document_rules import LIMIT_BYTES, Document, Documents, disposition
from quayside.supply_chain.shipment_records import SELLER


class Kept(NamedTuple):
    """The documents of a shipment as they are stored; version 0 is none yet."""

    documents: Documents
    version: int


def find(shipment_id: str) -> Kept:
    """Return the documents of a shipment."""
    record = DocumentsRecord.find(keys.shipment_documents(current_tenant(), shipment_id))
    return Kept(Documents(), 0) if record is None else Kept(documents_from(record.documents), int(record.version))


def save(shipment_id: str, documents: Documents, seen: int) -> bool:
    """Write the documents of a shipment; return False, and write nothing, when they changed since they were seen."""
    model = DocumentsRecord
    actions = [model.documents.set(text_of(documents)), model.version.set(seen + 1)]
    unchanged = model.version == seen if seen else model.pk.does_not_exist()
    key = keys.shipment_documents(current_tenant(), shipment_id)
    return write(model, key, actions, unchanged, source=SELLER, returning="NONE").applied


def form(shipment_id: str, document_id: str, size: int, seconds: int) -> Form:
    """Return the form by which a browser sends the file of a document, of so many bytes, within so many seconds."""
    return UploadObjects(bound()).form(_place(shipment_id, document_id), size, seconds)


def arrived(shipment_id: str, document_id: str) -> bytes | None:
    """Return what a browser sent, a byte more than a document may have at most; None when nothing arrived."""
    files, place = UploadObjects(bound()), _place(shipment_id, document_id)
    size = files.size(place)
    if not size:
        return None if size is None else b""
    return files.read_range(place, 0, LIMIT_BYTES + 1)


def drop_upload(shipment_id: str, document_id: str) -> None:
    """Delete what a browser sent."""
    UploadObjects(bound()).delete(_place(shipment_id, document_id))


def put_file(shipment_id: str, document: Document, content: bytes) -> None:
    """Keep the file of a document; one that is there already stays, for its place says what it holds."""
    DocumentObjects(bound()).put(_kept(shipment_id, document), content, document.content_type)


def drop_file(shipment_id: str, document: Document) -> None:
    """Delete the file of a document."""
    DocumentObjects(bound()).delete(_kept(shipment_id, document))


def link(shipment_id: str, document: Document, seconds: int) -> str:
    """Return an address under which anybody saves the file of a document, for so many seconds."""
    place = _kept(shipment_id, document)
    return DocumentObjects(bound()).link(place, disposition(document.name), document.content_type, seconds)


def _place(shipment_id: str, document_id: str) -> str:
    return keys.shipment_file(current_tenant(), shipment_id, document_id)


def _kept(shipment_id: str, document: Document) -> str:
    # With the digest, for a browser may send another file under the same form while the first is being checked.
    return _place(shipment_id, f"{document.document_id}-{document.sha256}")
