"""Files on their way from a member to a buyer: ciphertext in the Pii table, in parts, for a day or two.

Such a file may name its buyer, as an invoice does. So each part is sealed with AES-256-GCM under a data key of its own;
KMS wraps that key with tenant and day of expiry as encryption context, and it lies beside what it opens. The table has
no copies of any kind: a part that is deleted is gone. Whoever reads refuses what has ended by the clock, deleted or
not.

A part is bound to tenant, connection, order, message and number: copied to another place it does not open. What it is a
part of is for others to know; here is no more than bytes. ``cryptography`` is imported when it is first needed.
"""

import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from quayside.kernel.clock import Clock, epoch_seconds, from_epoch_seconds
from quayside.kernel.errors import UpstreamUnavailable
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.tables import PiiItem, every

_NONCE_BYTES = 12
Entropy = Callable[[int], bytes]


class FileUnavailable(UpstreamUnavailable):
    """The key service did not answer or refused; nothing is stored in clear."""

    default_code = "file_unavailable"

    def __init__(self) -> None:
        super().__init__("The file can't be kept or opened at the moment.")


class FileReference(NamedTuple):
    """Which message of the tenant in scope a file belongs to."""

    connection_id: ConnectionId
    order_id: str
    message_id: str


class PartFacts(NamedTuple):
    """What is known of a part without opening it."""

    number: int
    size: int
    content_type: str


class SealedPart(PiiItem):
    """A part of a file as ciphertext, with the key that opens it as KMS wrapped it.

    Attributes:
        size: of the part in clear, in bytes.
        content_type: what the file is, by its first part; empty on others.
    """

    KIND = "message_file"

    number = NumberAttribute()
    size = NumberAttribute()
    content_type = UnicodeAttribute()
    wrapped = BinaryAttribute(legacy_encoding=False)
    sealed = BinaryAttribute(legacy_encoding=False)


def put_part(  # noqa: PLR0913 - the parts of one write
    file: FileReference,
    number: int,
    content: bytes,
    *,
    content_type: str,
    ends_at: datetime,
    entropy: Entropy = os.urandom,
) -> None:
    """Seal and store one part of a file for the tenant in scope; the same part again replaces it.

    Raises:
        FileUnavailable: KMS did not answer or refused.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see the module's words

    made = _kms("generate_data_key", epoch_seconds(ends_at), KeySpec="AES_256")
    nonce = entropy(_NONCE_BYTES)
    SealedPart.at(
        keys.message_file_part(current_tenant(), *file, number),
        number=number,
        size=len(content),
        content_type=content_type,
        wrapped=made["CiphertextBlob"],
        sealed=nonce + AESGCM(made["Plaintext"]).encrypt(nonce, content, _bound_to(file, number)),
        expires_at=epoch_seconds(ends_at),
    ).save()


def parts(file: FileReference, *, clock: Clock) -> list[PartFacts]:
    """Return what is known of the parts of a file that are there, in their order; none of them is opened."""
    return [PartFacts(int(each.number), int(each.size), each.content_type) for each in _records(file, clock)]


def read(file: FileReference, *, clock: Clock) -> bytes | None:
    """Return a file, put together of the parts that are there; None when there is none, or one does not open.

    Raises:
        FileUnavailable: KMS did not answer or refused.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see the module's words
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    content = bytearray()
    found = _records(file, clock)
    for each in found:
        cipher = AESGCM(_kms("decrypt", int(each.expires_at or 0), CiphertextBlob=each.wrapped)["Plaintext"])
        nonce, sealed = each.sealed[:_NONCE_BYTES], each.sealed[_NONCE_BYTES:]
        try:
            content += cipher.decrypt(nonce, sealed, _bound_to(file, int(each.number)))
        except (InvalidTag, ValueError):
            return None
    return bytes(content) if found else None


def destroy(file: FileReference) -> int:
    """Delete a file at once; return how many parts it had."""
    place = keys.message_files(current_tenant(), file.connection_id)
    prefix = keys.message_file(file.order_id, file.message_id)
    found = [keys.Key(each.pk, each.sk) for each in every(SealedPart, place, prefix=prefix)]
    for key in found:
        SealedPart.remove(key)
    return len(found)


def _records(file: FileReference, clock: Clock) -> list[SealedPart]:
    place = keys.message_files(current_tenant(), file.connection_id)
    prefix = keys.message_file(file.order_id, file.message_id)
    now = clock.now()
    return [each for each in every(SealedPart, place, prefix=prefix) if not each.expired(now)]


def _bound_to(file: FileReference, number: int) -> bytes:
    return json.dumps([current_tenant(), *file, number]).encode()


def context_of(tenant_id: TenantId, ends_at: int) -> dict[str, str]:
    """Return the KMS encryption context of a part's data key; the key serves nobody who names no day of expiry.

    Args:
        tenant_id: whose file it is.
        ends_at: when it ends, epoch seconds.
    """
    expires_on = from_epoch_seconds(ends_at).date().isoformat()
    return {"tenant_id": tenant_id, "expires_on": expires_on, "purpose": "message_file"}


def _kms(action: str, ends_at: int, **given: Any) -> Any:  # noqa: ANN401 - botocore makes clients at run time
    store = bound()
    context = context_of(current_tenant(), ends_at)
    try:
        return getattr(store.tenant.kms, action)(KeyId=store.settings.pii_key_arn, EncryptionContext=context, **given)
    except (BotoCoreError, ClientError) as problem:
        raise FileUnavailable from problem
