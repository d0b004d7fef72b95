"""Raw files: kept once, under their tenant's prefix, from a stream of any size."""

from collections.abc import Iterator

import boto3
import msgspec
import pytest

from quayside.kernel.ids import TenantId, tenant_id_of
from quayside.kernel.tenancy import NoTenantInScope, tenant_scope
from quayside.storage.connection import Store
from quayside.storage.objects import PART_BYTES, NoBucket, RawObjects
from tests.support.aws import RAW_BUCKET, Aws, aws
from tests.support.fresh import emptied

OURS, THEIRS = tenant_id_of("ours"), tenant_id_of("theirs")


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def files(shared: Aws) -> RawObjects:
    return RawObjects(emptied(shared).store)


def key(name: str, tenant: TenantId = OURS) -> str:
    return f"T/{tenant}/connection/report/{name}"


@pytest.mark.parametrize("sizes", [(), (0,), (3,), (PART_BYTES,), (PART_BYTES - 1, 1, 1), (PART_BYTES * 2 + 7, 5)])
def test_a_file_is_kept_as_it_came(files: RawObjects, sizes: tuple[int, ...]) -> None:
    chunks = [bytes([65 + place]) * size for place, size in enumerate(sizes)]
    with tenant_scope(OURS):
        assert not files.exists(key("1"))
        assert files.put_parts(key("1"), chunks)
        assert files.exists(key("1"))
        assert b"".join(files.read(key("1"))) == b"".join(chunks)
        if sum(sizes) > 2:
            assert files.read_range(key("1"), 1, 2) == b"".join(chunks)[1:3]


@pytest.mark.parametrize("size", [3, PART_BYTES + 3])
def test_a_file_that_exists_is_left_as_it_is(files: RawObjects, size: int) -> None:
    with tenant_scope(OURS):
        assert files.put_parts(key("1"), [b"first"])
        assert not files.put_parts(key("1"), [b"x" * size])
        assert b"".join(files.read(key("1"))) == b"first"
    assert not boto3.client("s3").list_multipart_uploads(Bucket=RAW_BUCKET).get("Uploads")


@pytest.mark.parametrize("size", [3, PART_BYTES + 3])
def test_a_stream_that_breaks_off_leaves_nothing(files: RawObjects, size: int) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * size
        raise ConnectionError

    with tenant_scope(OURS):
        with pytest.raises(ConnectionError):
            files.put_parts(key("1"), breaking())
        assert not files.exists(key("1"))
    assert not boto3.client("s3").list_multipart_uploads(Bucket=RAW_BUCKET).get("Uploads")


def test_files_of_another_tenant_are_refused_before_anybody_is_asked(files: RawObjects) -> None:
    with tenant_scope(OURS):
        for call in (
            lambda: files.put_parts(key("1", THEIRS), [b""]),
            lambda: files.exists(key("1", THEIRS)),
            lambda: files.read_range(key("1", THEIRS), 0, 1),
            lambda: list(files.read(key("1", THEIRS))),
            lambda: files.delete_prefix(f"T/{THEIRS}/"),
            lambda: files.delete_prefix("T/"),
        ):
            with pytest.raises(ValueError, match="not a raw file of the tenant"):
                call()
    with pytest.raises(NoTenantInScope):
        files.exists(key("1"))


def test_deleting_a_prefix_deletes_what_is_below_it_alone(files: RawObjects) -> None:
    for tenant in (OURS, THEIRS):
        with tenant_scope(tenant):
            for number in range(3):
                files.put_parts(key(str(number), tenant), [b"x"])
    with tenant_scope(OURS):
        assert files.delete_prefix(f"T/{OURS}/connection/") == 3
        assert files.delete_prefix(f"T/{OURS}/connection/") == 0
    with tenant_scope(THEIRS):
        assert files.exists(key("1", THEIRS))


def test_a_function_without_a_bucket_says_so(shared: Aws) -> None:
    without = Store(msgspec.structs.replace(shared.settings, raw_bucket=""))
    with pytest.raises(NoBucket, match="RAW_BUCKET"):
        RawObjects(without)
