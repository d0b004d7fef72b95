"""Use cases of the documents of shipments: attach, list, open, remove. They act for the tenant in scope.

A browser sends a file straight to where uploads arrive, by a form that is signed for that one file. What arrived is
read as a whole, checked by its bytes and written to where documents are kept, or refused and deleted: what was checked
and what is kept are the same bytes, and nothing is handed out that was not checked. An upload that nobody attaches is
gone after a day. A document never changes; a newer one is another one.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Final

import msgspec

from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import new_id
from quayside.supply_chain import document_rules as rules
from quayside.supply_chain import document_store as store
from quayside.supply_chain import shipment_store
from quayside.supply_chain.document_rules import Document, Kind, Unacceptable
from quayside.supply_chain.document_views import DocumentLink, DocumentList, UploadForm, document_list
from quayside.supply_chain.shipment_service import not_found

UPLOAD_LIFE: Final = timedelta(minutes=5)
"""So long a file may be sent; what is on its way by then arrives."""
LINK_LIFE: Final = timedelta(minutes=5)
_ATTEMPTS: Final = 5

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300, description="What the file is called.")]


class UploadDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is to be sent: what it is called and how many bytes it has."""

    name: _Name
    size: int


class DocumentDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document as it is attached, once its file has arrived."""

    name: _Name
    kind: Kind


def list_documents(shipment_id: str) -> DocumentList:
    """List the documents of a shipment, the newest first.

    Raises:
        NotFound: there is no such shipment.
    """
    _check_shipment(shipment_id)
    return document_list(store.find(shipment_id).documents)


def begin(shipment_id: str, draft: UploadDraft, *, clock: Clock, entropy: Callable[[int], bytes]) -> UploadForm:
    """Return a form by which a browser sends the file of a document; nothing is attached yet.

    Raises:
        NotFound: there is no such shipment.
        InvalidInput: the file is empty or too large, or has no name.
        Conflict: the shipment has as many documents as it may have.
    """
    _check_shipment(shipment_id)
    try:
        rules.clean_name(draft.name)
        rules.check_size(draft.size)
    except Unacceptable as refused:
        raise _refused(refused) from None
    _check_room(store.find(shipment_id).documents)
    document_id = new_id(entropy)
    form = store.form(shipment_id, document_id, draft.size, int(UPLOAD_LIFE.total_seconds()))
    return UploadForm(document_id, form.url, form.fields, format_instant(clock.now() + UPLOAD_LIFE))


def attach(shipment_id: str, document_id: str, draft: DocumentDraft, *, member_id: str, clock: Clock) -> DocumentList:
    """Check a file that has arrived and attach it; doing so again changes nothing.

    Raises:
        NotFound: there is no such shipment, or nothing has arrived.
        InvalidInput: the file is not taken; says what it was found to be. It is deleted.
        Conflict: the shipment has as many documents as it may have, or others kept changing them.
    """
    _check_shipment(shipment_id)
    kept = store.find(shipment_id)
    if _found(kept.documents, document_id) is not None:
        return document_list(kept.documents)
    content = store.arrived(shipment_id, document_id)
    if content is None:
        raise NotFound(
            "The file has not arrived.", code="document_not_arrived", action="Send it by the form, then attach it."
        )
    try:
        document = _checked(document_id, draft, content, member_id, clock)
    except Unacceptable as refused:
        store.drop_upload(shipment_id, document_id)
        raise _refused(refused) from None
    store.put_file(shipment_id, document, content)
    for _ in range(_ATTEMPTS):
        try:
            _check_room(kept.documents)
        except Conflict:
            store.drop_file(shipment_id, document)
            store.drop_upload(shipment_id, document_id)
            raise
        made = rules.attached(kept.documents, document)
        if store.save(shipment_id, made, kept.version):
            store.drop_upload(shipment_id, document_id)
            return document_list(made)
        kept = store.find(shipment_id)
        if _found(kept.documents, document_id) is not None:
            return document_list(kept.documents)
    raise _contended()


def _checked(document_id: str, draft: DocumentDraft, content: bytes, member_id: str, clock: Clock) -> Document:
    name = rules.clean_name(draft.name)
    content_type = rules.type_of(content, name)
    return Document(
        document_id=document_id,
        name=rules.named(name, content_type),
        kind=draft.kind,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        attached_at=format_instant(clock.now()),
        attached_by=member_id,
    )


def open_one(shipment_id: str, document_id: str, *, clock: Clock) -> DocumentLink:
    """Return an address under which a document is saved, for a few minutes.

    Raises:
        NotFound: there is no such shipment or document.
    """
    _check_shipment(shipment_id)
    document = _found(store.find(shipment_id).documents, document_id)
    if document is None:
        raise _no_document()
    address = store.link(shipment_id, document, int(LINK_LIFE.total_seconds()))
    return DocumentLink(address, format_instant(clock.now() + LINK_LIFE))


def remove(shipment_id: str, document_id: str, *, member_id: str, clock: Clock) -> DocumentList:
    """Delete a document for good; that there was one, who removed it and when stays.

    Its file goes first: whoever is interrupted finds the document still listed and removes it again.

    Raises:
        NotFound: there is no such shipment or document.
        Conflict: others kept changing them.
    """
    _check_shipment(shipment_id)
    for _ in range(_ATTEMPTS):
        kept = store.find(shipment_id)
        document = _found(kept.documents, document_id)
        if document is None:
            raise _no_document()
        store.drop_file(shipment_id, document)
        made = rules.without(kept.documents, document, format_instant(clock.now()), member_id)
        if store.save(shipment_id, made, kept.version):
            return document_list(made)
    raise _contended()


def _check_shipment(shipment_id: str) -> None:
    if shipment_store.find(shipment_id) is None:
        raise not_found()


def _check_room(documents: rules.Documents) -> None:
    if len(documents.attached) >= rules.MOST:
        raise Conflict(
            f"The shipment has {rules.MOST} documents, which is as many as it may have.",
            code="documents_full",
            action="Remove one that is not needed, or put several into one PDF.",
        )


def _found(documents: rules.Documents, document_id: str) -> Document | None:
    return next((each for each in documents.attached if each.document_id == document_id), None)


def _refused(refused: Unacceptable) -> InvalidInput:
    return InvalidInput(
        refused.problem,
        code="document_refused",
        fields=(FieldProblem("file", refused.problem),),
        action=refused.action,
    )


def _no_document() -> NotFound:
    return NotFound("There is no such document.", code="document_not_found")


def _contended() -> Conflict:
    return Conflict("Others are changing these documents right now.", code="documents_contended", action="Try again.")
