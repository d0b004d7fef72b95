"""What the API shows of the documents of shipments."""

import msgspec

from quayside.supply_chain.document_rules import ACCEPTED, LIMIT_BYTES, MOST, Document, Documents, RemovedDocument


class DocumentList(msgspec.Struct, frozen=True):
    """The documents of a shipment, the newest first, and what may be attached.

    Attributes:
        documents: what is attached.
        removed: what was removed last, with when and by whom.
        most: a shipment has so many documents at most.
        limit_bytes: a document has so many bytes at most.
        accepted: which kinds of files are taken, in words.
    """

    documents: tuple[Document, ...]
    removed: tuple[RemovedDocument, ...]
    most: int
    limit_bytes: int
    accepted: str


class UploadForm(msgspec.Struct, frozen=True):
    """Where to send a file, until ``expires_at``: POST ``fields``, then the file as ``file``, as multipart/form-data.

    It takes that one file, of the size that was said, and nobody can read it there. ``document_id`` then attaches it.
    """

    document_id: str
    url: str
    fields: dict[str, str]
    expires_at: str


class DocumentLink(msgspec.Struct, frozen=True):
    """An address that gives whoever has it the document, until ``expires_at``."""

    url: str
    expires_at: str


def document_list(documents: Documents) -> DocumentList:
    """Return what is shown of the documents of a shipment."""
    return DocumentList(documents.attached, documents.removed, MOST, LIMIT_BYTES, ACCEPTED)
