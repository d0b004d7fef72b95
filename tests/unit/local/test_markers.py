"""The search for what must not be written finds it wherever and however it is written."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from infra.local.markers import ALWAYS, BUYERS_MARKER, search

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = f"Ada {BUYERS_MARKER}, 1 Mill Road".encode()
WAYS = {
    "plain": PLAIN,
    "upper case": PLAIN.upper(),
    "base64": base64.b64encode(PLAIN),
    "base64 for addresses": base64.urlsafe_b64encode(b"\xff\xfe" + PLAIN),
    "gzip": gzip.compress(PLAIN),
    "second member": gzip.compress(b"nothing") + gzip.compress(PLAIN),
    "gzip in base64 in JSON": json.dumps({"B": base64.b64encode(gzip.compress(PLAIN)).decode()}).encode(),
    "zlib": zlib.compress(PLAIN),
}


@pytest.mark.parametrize("content", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "place", ["aws/services/sqs.json", "aws/objects/raw/T/a/b", "logs/aws.log", "aws/traces/segments.jsonl"]
)
def test_a_marker_is_found_however_it_is_packed(tmp_path: Path, place: str, content: bytes) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found = search(tmp_path, {"buyer": BUYERS_MARKER})
    assert [(hit.marker, hit.place) for hit in found.hits] == [("buyer", place)]
    assert found.document()["bytes"] == len(content)
    assert "Mill Road" not in json.dumps(found.document())


@pytest.mark.parametrize("text", ["Atzr|Iw", "refresh_token=Atzr%7CIw", '"Atzr\\u007cIw"'])
def test_a_secret_is_found_in_an_address_and_in_json_too(tmp_path: Path, text: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "aws.log").write_text(text)
    assert [hit.marker for hit in search(tmp_path, ALWAYS).hits] == ["refresh token"]


def test_what_is_amazons_own_is_not_searched(tmp_path: Path) -> None:
    for place in ("simulator/world.db", "logs/simulator.log", "aws/tmp/code.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(PLAIN)
    assert search(tmp_path, {"buyer": BUYERS_MARKER}).document() == {
        "bytes": 0, "bytes_of": {}, "hits": 0, "found": [],
    }  # fmt: skip
