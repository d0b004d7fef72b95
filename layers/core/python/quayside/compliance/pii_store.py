"""Which data keys have to be destroyed, which were, and the signed manifests of it.

The list of expiring keys and the notes of destroyed ones lie in Coordination, for the task works for all tenants.
Manifests lie in the table of the audit trail, where no role of a function may change or delete anything.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.compliance.pii_rules import DestroyedKey, Manifest
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.ids import TenantId
from quayside.storage import keys, proofs
from quayside.storage.connection import bound
from quayside.storage.pii_vault import ExpiringKey, WrappedKey
from quayside.storage.tables import ApplicationAuditItem, CoordinationItem, create, every, page, write

NOTES_KEPT_DAYS = 90
"""A note is in a signed manifest after a day or two; it is kept longer so that a fault of that task does no harm."""


class DestroyedNote(CoordinationItem):
    """That a data key was destroyed."""

    KIND = "destroyed_key"

    tenant_id = UnicodeAttribute()
    expires_on = UnicodeAttribute()
    destroyed_at = UnicodeAttribute()
    records = NumberAttribute()
    key_digest = UnicodeAttribute()


class ManifestItem(ApplicationAuditItem):
    """One part of the manifest of one day, as it was signed."""

    KIND = "personal_data_manifest"

    text = UnicodeAttribute()


class _Found(msgspec.Struct, frozen=True):
    """What a data key was before it was destroyed."""

    records: int
    key_digest: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest as it is written."""

    statement: dict[str, Any]
    entries: list[dict[str, Any]]
    signature: str


class Kept(NamedTuple):
    """A stored manifest as text, and what it says."""

    text: str
    manifest: Manifest


def due(shard: int, today: date) -> Iterator[ExpiringKey]:
    """Yield the keys of one shard whose day has begun, in the order of their days."""
    yield from every(ExpiringKey, keys.expiring(shard), between=("0", keys.expiring_until(today)))


def wrapped_key(tenant_id: TenantId, expires_on: date) -> WrappedKey | None:
    """Return a data key of the tenant in scope as it is wrapped, None when there is none. Strongly consistent."""
    key = keys.data_key(tenant_id, expires_on)
    # By a query, because the role that destroys keys has no right to read single items of this table.
    found = page(WrappedKey, key.pk, prefix=key.sk, limit=1, consistent=True).records
    return found[0] if found else None


def note_what_is_found(listed: ExpiringKey, key: WrappedKey) -> None:
    """Keep what a key covered, before it is destroyed: a task that dies in between still knows it."""
    found = _Found(int(key.records), hashlib.sha256(key.wrapped).hexdigest())
    text = msgspec.json.encode(found).decode()
    write(ExpiringKey, keys.Key(listed.pk, listed.sk), [ExpiringKey.found.set(text)], returning="NONE")
    listed.found = text


def note_destroyed(listed: ExpiringKey, now: datetime) -> None:
    """Note that a key is gone, once, however often it is tried."""
    text: str | None = listed.found
    found = _Found(0, "") if text is None else msgspec.json.decode(text, type=_Found)
    tenant_id, expires_on = TenantId(listed.tenant_id), date.fromisoformat(listed.expires_on)
    note = DestroyedNote.at(
        keys.destroyed_key(now.date(), tenant_id, expires_on, found.key_digest),
        source="quayside",
        tenant_id=listed.tenant_id,
        expires_on=listed.expires_on,
        destroyed_at=format_instant(now),
        records=found.records,
        key_digest=found.key_digest,
        expires_at=epoch_seconds(now + timedelta(days=NOTES_KEPT_DAYS)),
    )
    mark = found.key_digest or "absent"
    place = ExpiringKey.at(keys.Key(listed.pk, listed.sk))
    unnoted = ExpiringKey.noted.does_not_exist() | (ExpiringKey.noted != mark)
    try:
        with TransactWrite(connection=bound().connection("system")) as transaction:
            transaction.save(note)
            transaction.update(
                place, actions=[ExpiringKey.noted.set(mark), ExpiringKey.found.remove()], condition=unnoted
            )
    except TransactWriteError as problem:
        # Another run of the task noted the same key.
        if any(
            reason is not None and reason.code == "ConditionalCheckFailed" for reason in problem.cancellation_reasons
        ):
            return
        raise


def take_from_list(listed: ExpiringKey) -> None:
    """Forget an expiring key: it was destroyed, and its day is so long over that nobody makes another."""
    ExpiringKey.remove(keys.Key(listed.pk, listed.sk))


def destroyed_on(day: date) -> list[DestroyedKey]:
    """Return what was destroyed on one day (UTC)."""
    return [
        DestroyedKey(note.tenant_id, note.expires_on, note.destroyed_at, int(note.records), note.key_digest)
        for note in every(DestroyedNote, keys.destroyed(day))
    ]


def put_manifest(manifest: Manifest) -> bool:
    """Sign one part of a day's manifest and keep it; False when there is one already.

    Raises:
        botocore.exceptions.ClientError: KMS refused to sign.
        pynamodb.exceptions.PutError: the table refused.
    """
    day, part = date.fromisoformat(str(manifest.statement["day"])), int(str(manifest.statement["part"]))
    signature = base64.b64encode(proofs.sign(manifest.statement)).decode()
    text = text_of(manifest._replace(signature=signature))
    return create(ManifestItem, keys.manifest(day, part), {"text": {"S": text}}).applied


def manifests_of(day: date) -> list[Kept]:
    """Return the parts of the manifest of one day, in order; none when none was made."""
    prefix = keys.manifest_prefix(day)
    return [_kept(item.text) for item in every(ManifestItem, keys.manifests(day), prefix=prefix)]


def newest_manifest(today: date) -> Kept | None:
    """Return the newest part of a manifest of this year or the last, None when there is none."""
    for day in (today, date(today.year - 1, 12, 31)):
        found = page(ManifestItem, keys.manifests(day), prefix="DAY#", limit=1, newest_first=True, consistent=True)
        if found.records:
            return _kept(found.records[0].text)
    return None


def text_of(manifest: Manifest) -> str:
    """Write a manifest as a file."""
    return json.dumps(manifest._asdict(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def read_manifest(text: str) -> Manifest:
    """Read a manifest as ``text_of`` wrote it.

    Raises:
        ValueError: the text is no manifest.
    """
    try:
        found = msgspec.json.decode(text, type=_File)
    except msgspec.DecodeError as problem:
        raise ValueError(f"The file is no manifest: {problem}.") from problem
    return Manifest(found.statement, found.entries, found.signature)


def _kept(text: str) -> Kept:
    return Kept(text, read_manifest(text))
