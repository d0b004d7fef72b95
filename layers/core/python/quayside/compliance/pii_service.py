"""Use cases of expiry: destroy the data keys whose day has come, say so in a signed manifest, and check one."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from quayside.compliance import pii_rules, pii_store
from quayside.compliance.pii_rules import FIRST_PREVIOUS, Finding, Manifest
from quayside.compliance.tasks import ComplianceTask, Work, send
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import check_tenant_id
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys, proofs
from quayside.storage.pii_vault import ExpiringKey, WrappedKey, ends_at

WATCHED = timedelta(hours=6)
"""So long a key that was destroyed stays in the list, so that one made anew by a slow clock is found and destroyed."""
_NOTES_ARE_IN = timedelta(minutes=15)
"""So long after a day's end its notes are complete: a run of the task takes two minutes."""


class KeysLeft(Exception):
    """Some data keys whose day has come could not be destroyed; the task comes again."""


def expire(task: ComplianceTask, work: Work) -> None:
    """Destroy every data key whose day has begun, of all tenants; interrupted anywhere, it goes on.

    Raises:
        KeysLeft: some are left; the others are gone.
    """
    left = 0
    for shard in range(keys.DUE_SHARDS):
        for listed in pii_store.due(shard, work.clock.now().date()):
            if work.time_is_short():
                send(task)
                return
            try:
                _end(listed, work)
            except (PynamoDBException, BotoCoreError, ClientError, KeysLeft):
                # One tenant's trouble must not lengthen the life of the others' data.
                left += 1
                work.metrics.count("DataKeysLeft")
                work.log.exception("a data key could not be destroyed", extra={"tenant_id": listed.tenant_id})
    if left:
        raise KeysLeft


def _end(listed: ExpiringKey, work: Work) -> None:
    now = work.clock.now()
    tenant_id, expires_on = check_tenant_id(listed.tenant_id), date.fromisoformat(listed.expires_on)
    if now < ends_at(expires_on):
        return
    with tenant_scope(tenant_id):
        key = pii_store.wrapped_key(tenant_id, expires_on)
        if key is not None:
            pii_store.note_what_is_found(listed, key)
            WrappedKey.remove(keys.data_key(tenant_id, expires_on))
            if pii_store.wrapped_key(tenant_id, expires_on) is not None:
                raise KeysLeft
            work.metrics.count("DataKeysDestroyed")
    found: str | None = listed.found
    noted: str | None = listed.noted
    if found is not None or noted is None:
        pii_store.note_destroyed(listed, now)
    elif now >= ends_at(expires_on) + WATCHED:
        pii_store.take_from_list(listed)


def make_manifests(task: ComplianceTask, work: Work) -> None:
    """Sign the manifest of every day that has ended and has none yet, in order; run twice it makes nothing new."""
    today = (work.clock.now() - _NOTES_ARE_IN).date()
    newest = pii_store.newest_manifest(work.clock.now().date())
    if newest is None:
        day, previous = today - timedelta(days=1), FIRST_PREVIOUS
    else:
        statement = newest.manifest.statement
        day, previous = date.fromisoformat(str(statement["day"])), proofs.digest(statement)
        if statement["part"] == statement["parts"]:
            day += timedelta(days=1)
        else:
            # A run ended between two parts: the day is done again, and what is there already stays.
            first = pii_store.manifests_of(day)[0].manifest.statement
            previous = str(first["previous"])
    while day < today:
        if work.time_is_short():
            send(task)
            return
        previous = _make(day, previous)
        work.metrics.count("DataKeyManifests")
        day += timedelta(days=1)


def _make(day: date, previous: str) -> str:
    """Keep the manifest of one day and return the digest of its last statement."""
    for part in pii_rules.statements_of(day, pii_store.destroyed_on(day), previous, proofs.digest):
        pii_store.put_manifest(part)
        previous = proofs.digest(part.statement)
    return previous


def manifest_texts(day: date) -> list[str]:
    """Return the files of the manifest of one day, to be handed to whoever checks them.

    Raises:
        NotFound: none was made of that day.
    """
    found = pii_store.manifests_of(day)
    if not found:
        raise NotFound(
            f"There is no manifest of {day.isoformat()}.",
            action="Manifests are made once a day, of the days that have ended.",
        )
    return [kept.text for kept in found]


class Checked(NamedTuple):
    """What became of the check of one file."""

    name: str
    manifest: Manifest | None
    findings: tuple[Finding, ...]


def check_files(files: Sequence[tuple[str, str]], public_key_pem: str) -> tuple[list[Checked], list[Finding]]:
    """Check manifests offline with the public key alone.

    Args:
        files: name and text of each.
        public_key_pem: the public half of the proof key.

    Returns:
        what is wrong with each file, and what is missing between them.

    Raises:
        ValueError: the key is no public key of a proof key.
    """
    # Said first and clearly: a key of another kind would make every manifest look forged.
    proofs.verify({}, b"", public_key_pem)
    checked = [_check(name, text, public_key_pem) for name, text in files]
    whole = [each.manifest.statement for each in checked if each.manifest and not _forged(each.findings)]
    return checked, pii_rules.check_sequence(whole, proofs.digest)


def _check(name: str, text: str, public_key_pem: str) -> Checked:
    try:
        manifest = pii_store.read_manifest(text)
        signature = base64.b64decode(manifest.signature, validate=True)
    except (ValueError, binascii.Error) as problem:
        return Checked(name, None, (Finding("unreadable", str(problem)),))
    verify = partial(_signed_by, public_key_pem)
    return Checked(name, manifest, tuple(pii_rules.check(manifest, signature, proofs.digest, verify)))


def _signed_by(public_key_pem: str, document: Mapping[str, object], signature: bytes) -> bool:
    return proofs.verify(document, signature, public_key_pem)


def _forged(findings: Sequence[Finding]) -> bool:
    return any(each.fault == "statement" for each in findings)
