"""Searches everything that the installation wrote for what must not be in it: personal data of buyers, and secrets.

The simulated Amazon puts a word into all personal data of its buyers. Whatever the embedded AWS keeps (logs, metrics,
queues with their dead letters, tables, streams, objects) lies in files of its state directory, as do the logs of the
programs, so a search of those files misses nothing. What is packed there (base64, gzip) is unpacked, also one in the
other. Traces lie there as Lambda sends them to X-Ray, for that is all there is of them: no function sends any itself.
"""

import base64
import binascii
import pathlib
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.local import deploying
from infra.local.seeding import Amazon

if TYPE_CHECKING:
    from infra.local.stack import Stack

BUYERS_MARKER = "zqbuyermark7"
"""What the simulated Amazon puts into buyers' data while somebody searches."""

ALWAYS: Mapping[str, str] = {
    "refresh token": "Atzr|",
    "access token": "Atza|",
    "client secret": "amzn1.oa2-cs.",  # pragma: allowlist secret
}
"""How Login with Amazon's secrets begin."""

_PACKED = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_GZIP, _ZLIB = b"\x1f\x8b", (b"\x78\x01", b"\x78\x9c", b"\x78\xda")
_DEEPEST = 4
_LARGEST_UNPACKED = 64 << 20
_SAVED_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A marker that was found: which, in which file, how often. Never what stands around it."""

    marker: str
    place: str
    count: int


@dataclass(slots=True)
class Searched:
    """What a search came to: bytes searched by part of the installation, and what was found."""

    bytes_of: Counter[str] = field(default_factory=Counter)
    hits: list[Hit] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "bytes": self.bytes_of.total(),
            "bytes_of": dict(sorted(self.bytes_of.items())),
            "hits": len(self.hits),
            "found": [{"marker": hit.marker, "place": hit.place, "count": hit.count} for hit in self.hits],
        }


def search(state: pathlib.Path, markers: Mapping[str, str]) -> Searched:
    """Search what lies below a state directory.

    Left out are the simulated Amazon, whose data it is, builds and environments, and unpacked code.

    Args:
        state: the state directory of an installation.
        markers: what to look for, by the name it is reported under.
    """
    wanted = {name: spellings(text) for name, text in markers.items()}
    found = Searched()
    for part, path in _files(state):
        content = path.read_bytes()
        found.bytes_of[part] += len(content)
        counted = Counter[str]()
        for piece in unpacked(content):
            folded = piece.lower()
            for name, texts in wanted.items():
                counted[name] += sum(folded.count(text) for text in texts)
        found.hits += [Hit(name, str(path.relative_to(state)), count) for name, count in counted.items() if count]
    return found


def spellings(text: str) -> tuple[bytes, ...]:
    """Return how a text may be written, in lower case: plain, in an address, in JSON."""
    low = text.lower()
    return tuple(dict.fromkeys(each.encode() for each in (low, low.replace("|", "%7c"), low.replace("|", "\\u007c"))))


def unpacked(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """Return a content and everything that is packed in it."""
    yield content
    if depth == _DEEPEST:
        return
    plain = _inflated(content)
    if plain is not None:
        yield from unpacked(plain, depth + 1)
        return
    for found in _PACKED.finditer(content):
        text = found.group().rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        try:
            inner = base64.b64decode(text + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue
        yield from unpacked(inner, depth + 1)


def _inflated(content: bytes) -> bytes | None:
    if content[:2] == _GZIP:
        window = 31
    elif content[:2] in _ZLIB:
        window = 15
    else:
        return None
    plain = b""
    # A file may be made of several members, one after the other.
    while content:
        inflater = zlib.decompressobj(window)
        try:
            plain += inflater.decompress(content, _LARGEST_UNPACKED)
        except zlib.error:
            return plain or None
        content = inflater.unused_data
    return plain


def search_stack(stack: "Stack", **more: str) -> Searched:
    """Search a running installation as it is once Amazon's notifications are taken in; time stands still meanwhile.

    Args:
        stack: the installation; buyers have to be marked since before their orders reached it.
        more: what to look for besides buyers' data and Amazon's secrets, by name.

    Raises:
        TimeoutError: notifications are not taken in, or the state is not saved.
    """
    outputs = stack.outputs or deploying.outputs(stack.clients) or {}
    queues = stack.clients("sqs")
    url = outputs["IntakeQueueUrl"]
    with closing(Amazon(stack.urls.simulator)) as amazon:
        amazon.pause(on=True)
        try:
            wait_drained(queues, [url])
            wait_saved(stack.state, lambda: queues.tag_queue(QueueUrl=url, Tags={"searched": str(time.time_ns())}))
            return search(stack.state, {"buyer's data": BUYERS_MARKER, **ALWAYS, **more})
        finally:
            amazon.pause(on=False)


_PARTS = {
    "cloudwatch_logs": "logs",
    "cloudwatch": "metrics",
    "sqs": "queues and dead letters",
    "dynamodb": "tables and streams",
}


def _files(state: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    for path in sorted((state / "aws" / "services").glob("*.json")):
        yield _PARTS.get(path.stem, "other services"), path
    for path in sorted((state / "aws" / "objects").rglob("*")):
        if path.is_file():
            yield "objects", path
    for path in sorted((state / "aws" / "traces").glob("*.jsonl")):
        yield "traces", path
    for path in sorted((state / "logs").glob("*.log")):
        if path.stem != "simulator":
            yield "logs", path


def wait_saved(state: pathlib.Path, change: Callable[[], object]) -> None:
    """Wait until the embedded AWS has saved everything up to now.

    A save that is under way may show an earlier moment, so it waits for a second one, each after a change.

    Raises:
        TimeoutError: nothing was saved in time.
    """
    for _ in range(2):
        before = _saved_at(state)
        change()
        until = time.monotonic() + _SAVED_SECONDS
        while _saved_at(state) == before:
            if time.monotonic() > until:
                raise TimeoutError(f"The embedded AWS saved nothing in {_SAVED_SECONDS:.0f} s.")
            time.sleep(0.2)


def _saved_at(state: pathlib.Path) -> int:
    file = state / "aws" / "services" / "sqs.json"
    return file.stat().st_mtime_ns if file.exists() else 0


def wait_drained(sqs: Any, queue_urls: Iterable[str], seconds: float = 120.0) -> None:  # clients are made at run time
    """Wait until queues hold nothing: what Amazon sent may stand in one until it is taken in, and not after.

    Raises:
        TimeoutError: one still holds something.
    """
    until = time.monotonic() + seconds
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for url in queue_urls:
        while any(
            int(each) for each in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()
        ):
            if time.monotonic() > until:
                raise TimeoutError(f"There are still messages in {url.rpartition('/')[2]}.")
            time.sleep(0.2)
