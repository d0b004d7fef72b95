"""Files: what Amazon's reports said, kept as proof of every row; exports; documents that people attach.

A tenant's files lie under ``T/<tenant id>/`` and are reached with that tenant's session alone, as its items are. A file
is written once: whoever creates one says so (``If-None-Match: *``), and a file that exists is never replaced.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, override

from botocore.exceptions import ClientError

from quayside.kernel.tenancy import current_tenant
from quayside.storage.keys import raw_prefix

if TYPE_CHECKING:
    from quayside.storage.connection import Store

PART_BYTES = 5 << 20
"""The smallest part of an upload that S3 takes, but for the last. Source: Amazon S3 user guide, "multipart limits"."""
UNCHECKED = "application/octet-stream"
"""The type of what nobody has looked at: a browser that got it would save it and show nothing."""
_CHUNK_BYTES = 1 << 20
_DELETED_AT_ONCE = 1000
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_EXISTS = "PreconditionFailed"


class NoBucket(ValueError):
    """The setting that names the bucket is empty, so there is nowhere to keep such files."""


class Form(NamedTuple):
    """A form by which a browser sends one file: where to, and what goes before the file."""

    url: str
    fields: dict[str, str]


class RawObjects:
    """The raw files of the tenant in scope. Every function refuses a key that is not below the tenant's prefix."""

    _SETTING = "raw_bucket"
    """The setting that names the bucket."""

    def __init__(self, store: "Store") -> None:
        """Use the door of ``store`` that leads to these files.

        Raises:
            NoBucket: the function was deployed without a bucket.
        """
        bucket: str = getattr(store.settings, self._SETTING)
        if not bucket:
            raise NoBucket(f"{self._SETTING.upper()} is not set.")
        self._store = store
        self._bucket = bucket

    @property
    def _client(self) -> Any:  # noqa: ANN401 - botocore makes clients at run time
        return self._store.tenant.client("s3")

    def put_parts(self, key: str, chunks: Iterable[bytes]) -> bool:
        """Write a file from a stream, five megabytes in memory at most; return False when the file exists already.

        Whatever ``chunks`` raises comes through, and nothing of the file is left.
        """
        _check(key)
        waiting = bytearray()
        upload: _Upload | None = None
        try:
            for chunk in chunks:
                waiting += chunk
                if len(waiting) >= PART_BYTES:
                    upload = upload or _Upload(self._client, self._bucket, key)
                    upload.add(bytes(waiting))
                    waiting.clear()
            if upload is None:
                return self._put(key, bytes(waiting))
            if waiting:
                upload.add(bytes(waiting))
        except BaseException:
            if upload is not None:
                upload.abort()
            raise
        return upload.complete()

    def _put(self, key: str, content: bytes, **headers: str) -> bool:
        """Write a file unless there is one under this key, and return whether it was written."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*", **headers)
        except ClientError as problem:
            if _code(problem) == _EXISTS:
                return False
            raise
        return True

    def _signed(self, key: str, disposition: str, content_type: str, seconds: int) -> str:
        """Return an address of a file, answered with these headers for ``seconds``."""
        _check(key)
        wanted = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": disposition,
            "ResponseContentType": content_type,
        }
        address: str = self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)
        return address

    def exists(self, key: str) -> bool:
        """Return whether a file is there."""
        _check(key)
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as problem:
            if _code(problem) in _ABSENT:
                return False
            raise
        return True

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Return ``length`` bytes of a file from ``offset`` on."""
        _check(key)
        wanted = f"bytes={offset}-{offset + length - 1}"
        content: bytes = self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)["Body"].read()
        return content

    def read(self, key: str) -> Iterator[bytes]:
        """Yield a file from its beginning to its end, a megabyte at a time."""
        _check(key)
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        while chunk := body.read(_CHUNK_BYTES):
            yield chunk

    def count(self, prefix: str) -> int:
        """Return how many files have a key that begins so."""
        _check(prefix)
        request = {"Bucket": self._bucket, "Prefix": prefix, "MaxKeys": _DELETED_AT_ONCE}
        total = 0
        while True:
            found = self._client.list_objects_v2(**request)
            total += int(found["KeyCount"])
            if not found.get("IsTruncated"):
                return total
            request["ContinuationToken"] = found["NextContinuationToken"]

    def delete_prefix(self, prefix: str, stop: Callable[[], bool] = lambda: False) -> int:
        """Delete every file whose key begins so, and return how many; ``stop`` may end it after a thousand."""
        _check(prefix)
        deleted = 0
        while True:
            # Always the first page anew, for what is deleted leaves the list.
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=_DELETED_AT_ONCE)
            keys = [entry["Key"] for entry in found.get("Contents", [])]
            for key in keys:
                self._client.delete_object(Bucket=self._bucket, Key=key)
            deleted += len(keys)
            if not keys or not found.get("IsTruncated") or stop():
                return deleted


class ExportObjects(RawObjects):
    """The exports of the tenant in scope: files like the raw ones, in a bucket that empties itself after a week."""

    _SETTING = "exports_bucket"

    def link(self, key: str, file_name: str, seconds: int) -> str:
        """Return an address under which anybody gets the file for ``seconds``, saved as ``file_name``.

        It is signed with the session of the tenant in scope, so ``seconds`` must be less than
        ``connection.REFRESH_BEFORE``, for which every session that is handed out still lives.
        """
        return self._signed(key, f'attachment; filename="{file_name}"', "application/zip", seconds)


class _DocumentObjects(RawObjects):
    """Files that people attach, reached through the door to documents alone."""

    @property
    @override
    def _client(self) -> Any:
        return self._store.documents.client("s3")

    def delete(self, key: str) -> None:
        """Delete a file; deleting one that is not there is no error."""
        _check(key)
        self._client.delete_object(Bucket=self._bucket, Key=key)


class UploadObjects(_DocumentObjects):
    """What browsers of the tenant in scope sent and nobody has looked at, in a bucket that empties itself after a day.

    A browser writes here by a form that is signed for one key, one type and one size; nothing here is ever handed out.
    """

    _SETTING = "uploads_bucket"

    def form(self, key: str, size: int, seconds: int) -> Form:
        """Return a form by which a browser sends a file of ``size`` bytes within ``seconds``, and no other.

        It is signed with the session of the tenant in scope, so ``seconds`` must be less than
        ``connection.REFRESH_BEFORE``, for which every session that is handed out still lives. S3 refuses what is larger
        or smaller, another key and another type; the file is encrypted as the bucket says.
        """
        _check(key)
        kind = {"Content-Type": UNCHECKED}
        made = self._client.generate_presigned_post(
            Bucket=self._bucket,
            Key=key,
            Fields=dict(kind),
            Conditions=[kind, ["content-length-range", size, size]],
            ExpiresIn=seconds,
        )
        return Form(str(made["url"]), {name: str(value) for name, value in made["fields"].items()})

    def size(self, key: str) -> int | None:
        """Return how many bytes have arrived under a key; None when nothing has.

        By the list, for who asks S3 for a file that is not there is told so only with rights to the whole bucket.
        """
        _check(key)
        found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return next((int(each["Size"]) for each in found.get("Contents", []) if each["Key"] == key), None)


class DocumentObjects(_DocumentObjects):
    """Documents of the tenant in scope that were checked: each is written once, and read by links that soon expire."""

    _SETTING = "documents_bucket"

    def put(self, key: str, content: bytes, content_type: str) -> bool:
        """Keep a document; return False when there is one under this key already, which stays."""
        _check(key)
        return self._put(key, content, ContentType=content_type)

    def link(self, key: str, disposition: str, content_type: str, seconds: int) -> str:
        """Return an address under which anybody gets the document for ``seconds``, and saves it.

        Args:
            key: which one.
            disposition: the header Content-Disposition of the answer.
            content_type: the header Content-Type of the answer.
            seconds: for how long; less than ``connection.REFRESH_BEFORE``.
        """
        return self._signed(key, disposition, content_type, seconds)


class _Upload:
    """One upload in parts, begun when the first part is there."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:  # noqa: ANN401 - as above
        self._client = client
        self._bucket = bucket
        self._key = key
        self._id = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        self._parts: list[dict[str, object]] = []

    def add(self, content: bytes) -> None:
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, PartNumber=number, Body=content
        )
        part: dict[str, object] = {"PartNumber": number, "ETag": answer["ETag"]}
        # S3 wants the checksum again that the client sent with the part.
        if "ChecksumCRC32" in answer:
            part["ChecksumCRC32"] = answer["ChecksumCRC32"]
        self._parts.append(part)

    def complete(self) -> bool:
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                MultipartUpload={"Parts": self._parts},
                IfNoneMatch="*",
            )
        except ClientError as problem:
            self.abort()
            if _code(problem) == _EXISTS:
                return False
            raise
        return True

    def abort(self) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._id)


def _check(key: str) -> None:
    # The tenant's session would be refused as well; this says why before anything is sent.
    if not key.startswith(raw_prefix(current_tenant())):
        raise ValueError("That is not a raw file of the tenant in scope.")


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))
