"""How the documents of the seller's shipments are stored. The seller made them: they have no end of their own."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.storage.tables import CoreItem
from quayside.supply_chain.document_rules import Documents


class DocumentsRecord(CoreItem):
    """Which documents a shipment has, and which it had; ``version`` counts the changes. Their files lie beside."""

    KIND: ClassVar[str] = "shipment_documents"

    documents = UnicodeAttribute()
    version = NumberAttribute()


_ENCODER = msgspec.json.Encoder()
_DOCUMENTS = msgspec.json.Decoder(Documents)


def text_of(documents: Documents) -> str:
    """Write the documents of a shipment as they are stored."""
    return _ENCODER.encode(documents).decode()


def documents_from(text: str) -> Documents:
    """Read the documents of a shipment."""
    return _DOCUMENTS.decode(text)
