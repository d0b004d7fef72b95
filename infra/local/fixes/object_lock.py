"""Object lock of buckets made by CloudFormation, and locks that outlast a restart.

Gap: MiniStack's provisioner drops ObjectLockEnabled and ObjectLockConfiguration, so whoever may delete removes a
version that the template locks; and it forgets until when a version is kept when it restarts. AWS locks every new
version as the configuration says, for as long as it says, and in compliance mode against everybody.
Source: AWS CloudFormation template reference, AWS::S3::Bucket; Amazon S3 user guide, "Locking objects".
"""

from typing import Any

from infra.local.patching import FixRefusedError, after_provisioning, expect, part

NAME = "object_lock"


def apply() -> None:
    """Apply the configuration after each create and update of a bucket, and save until when versions are kept."""
    s3 = part("services.s3")
    saved = expect(
        NAME, s3, "_bucket_object_lock", "_object_retention", "_object_legal_hold", "_PERSISTED_BUCKET_DICTS"
    )
    if "object_retention" in saved:
        raise FixRefusedError(NAME, "S3 saves by itself until when versions are kept")
    saved["object_retention"] = s3._object_retention
    saved["object_legal_hold"] = s3._object_legal_hold

    def finish(name: str, properties: dict[str, Any]) -> None:
        lock = configuration(properties)
        if lock is not None:
            s3._bucket_object_lock[name] = lock

    after_provisioning(NAME, "AWS::S3::Bucket", finish)


def configuration(properties: dict[str, Any]) -> dict[str, Any] | None:
    """What the emulator notes of a bucket with these properties; None for one without object lock.

    There is no way back: a bucket keeps its object lock when the template no longer speaks of it.
    """
    said = properties.get("ObjectLockConfiguration") or {}
    if str(properties.get("ObjectLockEnabled")).lower() != "true" and said.get("ObjectLockEnabled") != "Enabled":
        return None
    kept = (said.get("Rule") or {}).get("DefaultRetention")
    if not kept:
        return {"enabled": True, "default_retention": None}
    lasts = {unit: int(kept[unit]) for unit in ("Days", "Years") if unit in kept}
    return {"enabled": True, "default_retention": {"Mode": kept["Mode"], **lasts}}
