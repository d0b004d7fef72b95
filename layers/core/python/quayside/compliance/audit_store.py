"""Checkpoints of the audit trail: signed objects in a bucket that lets nobody change or delete them.

A checkpoint says where chains ended at an instant. It is written once, under object lock in compliance mode, so not
even the owner of the account can take it back before its time.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from quayside.kernel.clock import format_instant
from quayside.storage import keys, proofs
from quayside.storage.audit_chain import Head
from quayside.storage.connection import bound

LIST_DAYS = 40
"""So far back the newest checkpoint is looked for before all are listed."""


class NoCheckpointBucket(ValueError):
    """AUDIT_BUCKET is not set, so there is nowhere to keep checkpoints."""


class Kept(msgspec.Struct, frozen=True):
    """One checkpoint as it lies in the bucket.

    Attributes:
        document: what was signed: ``taken_at``, and by chain ``sequence``, ``hash`` and ``at`` of its last entry.
        signature: of the document, base 64 (DER inside).
    """

    document: dict[str, Any]
    signature: str

    @property
    def taken_at(self) -> str:
        """When it was taken (ISO 8601)."""
        return str(self.document["taken_at"])

    def head(self, chain: str) -> Head | None:
        """Return where a chain ended, None when the checkpoint does not speak of it."""
        said = self.document["chains"].get(chain)
        return None if said is None else Head(int(said["sequence"]), str(said["hash"]), str(said["at"]))

    def signed_by(self, public_key_pem: str) -> bool:
        """Whether the signature is that of the key over exactly this document."""
        return proofs.verify(self.document, base64.b64decode(self.signature), public_key_pem)


def put(shard: int, taken_at: datetime, mark: str, heads: Mapping[str, Head]) -> str:
    """Sign a checkpoint and write it; return its key.

    Raises:
        NoCheckpointBucket: the function was deployed without a bucket.
        botocore.exceptions.ClientError: KMS or S3 refused, or there is one under this key.
    """
    document: dict[str, object] = {
        "kind": "audit.checkpoint",
        "taken_at": format_instant(taken_at),
        "chains": {
            chain: {"sequence": head.sequence, "hash": head.hash, "at": head.at} for chain, head in heads.items()
        },
    }
    kept = Kept(document, base64.b64encode(proofs.sign(document)).decode())
    key = keys.audit_checkpoint(shard, taken_at, mark)
    _client().put_object(Bucket=_bucket(), Key=key, Body=proofs.canonical(msgspec.to_builtins(kept)), IfNoneMatch="*")
    return key


def newest_of(chain: str, now: datetime) -> Kept | None:
    """Return the newest checkpoint that speaks of a chain, None when there is none."""
    shard = keys.audit_shard(chain)
    for since in (now - timedelta(days=LIST_DAYS), None):
        for key in reversed(list(_listed(shard, since))):
            kept = read(key)
            if kept.head(chain) is not None:
                return kept
    return None


def newest_before(chain: str, at: datetime) -> Kept | None:
    """Return the newest checkpoint of a chain that was taken before an instant, None when there is none."""
    shard = keys.audit_shard(chain)
    before = f"{keys.audit_checkpoints(shard)}{format_instant(at)}"
    for key in reversed([each for each in _listed(shard, None) if each < before]):
        kept = read(key)
        if kept.head(chain) is not None:
            return kept
    return None


def read(key: str) -> Kept:
    """Read one checkpoint.

    Raises:
        msgspec.MsgspecError: the object is no checkpoint.
    """
    content: bytes = _client().get_object(Bucket=_bucket(), Key=key)["Body"].read()
    return msgspec.json.decode(content, type=Kept)


def _listed(shard: int, since: datetime | None) -> Iterator[str]:
    prefix = keys.audit_checkpoints(shard)
    after = prefix if since is None else f"{prefix}{format_instant(since)}"
    while True:
        found = _client().list_objects_v2(Bucket=_bucket(), Prefix=prefix, StartAfter=after)
        for each in found.get("Contents", []):
            after = str(each["Key"])
            yield after
        if not found.get("IsTruncated"):
            return


def _client() -> Any:  # noqa: ANN401 - botocore makes clients at run time
    return bound().system.client("s3")


def _bucket() -> str:
    name = bound().settings.audit_bucket
    if not name:
        raise NoCheckpointBucket("AUDIT_BUCKET is not set.")
    return name
