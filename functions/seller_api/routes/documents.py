"""Documents of the seller's shipments: invoices, packing lists, bills of lading, declarations."""

import secrets

from quayside.supply_chain import document_service as service
from quayside.supply_chain.document_service import DocumentDraft, UploadDraft
from quayside.supply_chain.document_views import DocumentLink, DocumentList, UploadForm
from seller_api.routing import Call, Routes

routes = Routes("shipments")


@routes.get("/shipments/{shipment_id}/documents", permission="supply_chain.read")
def list_documents(call: Call[None, None]) -> DocumentList:
    """List the documents of a shipment, the newest first, and what may be attached."""
    return service.list_documents(call.path("shipment_id"))


@routes.post("/shipments/{shipment_id}/documents", permission="supply_chain.manage", body=UploadDraft, status=201)
def begin_document(call: Call[UploadDraft, None]) -> UploadForm:
    """Get a form by which the file of a document is sent, of exactly the size that is said."""
    return service.begin(call.path("shipment_id"), call.body, clock=call.container.clock, entropy=secrets.token_bytes)


@routes.put("/shipments/{shipment_id}/documents/{document_id}", permission="supply_chain.manage", body=DocumentDraft)
def attach_document(call: Call[DocumentDraft, None]) -> DocumentList:
    """Check the file that was sent, and attach it; what is not taken is deleted."""
    return service.attach(
        call.path("shipment_id"),
        call.path("document_id"),
        call.body,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.get("/shipments/{shipment_id}/documents/{document_id}/link", permission="supply_chain.read")
def open_document(call: Call[None, None]) -> DocumentLink:
    """Get an address under which a document is saved, for a few minutes."""
    return service.open_one(call.path("shipment_id"), call.path("document_id"), clock=call.container.clock)


@routes.post("/shipments/{shipment_id}/documents/{document_id}/remove", permission="supply_chain.manage")
def remove_document(call: Call[None, None]) -> DocumentList:
    """Delete a document for good."""
    return service.remove(
        call.path("shipment_id"),
        call.path("document_id"),
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )
