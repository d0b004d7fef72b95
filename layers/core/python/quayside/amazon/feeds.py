"""Feeds API 2021-06-30: a listings feed as Amazon reads it, and what it answers. Pure.

A message of the feed changes one listing by its number; Amazon's report names the numbers it refuses. Sources: Amazon's
model feeds_2021-06-30.json and its schemas listings-feed-schema-v2.json and listings-feed-processing-report-schema.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from quayside.amazon.decoding import Reader
from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.listing_changes import Patch
from quayside.storage.vault import Secret

LISTINGS_FEED = "JSON_LISTINGS_FEED"
CONTENT_TYPE = "application/json; charset=UTF-8"
DONE, FATAL, CANCELLED = "DONE", "FATAL", "CANCELLED"
MOST_MESSAGES = 25_000
"""So many messages Amazon takes in one feed. Source: "Listings feed: best practices", limits."""


class NewDocument(msgspec.Struct, frozen=True):
    """A document that may be uploaded once, and where: whoever has the address can write it, so it is a secret."""

    document_id: str
    url: Secret


class FeedAnswer(msgspec.Struct, frozen=True):
    """How far a feed is: IN_QUEUE, IN_PROGRESS, DONE, FATAL or CANCELLED."""

    feed_id: str
    feed_type: str
    status: str
    marketplace_ids: tuple[str, ...] = ()
    created: datetime | None = None
    document_id: str | None = None


class RefusedMessage(msgspec.Struct, frozen=True):
    """What Amazon finds wrong with one message. ``number`` is None for what is wrong with the feed as a whole."""

    number: int | None
    severity: str
    code: str
    message: str


class ProcessingReport(msgspec.Struct, frozen=True):
    """What became of a feed: how many messages Amazon processed, and what it refuses."""

    processed: int
    issues: tuple[RefusedMessage, ...] = ()


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    feed_document_id: str
    url: str
    compression_algorithm: str | None = None


class _Created(msgspec.Struct, frozen=True, rename="camel"):
    feed_id: str


class _Feed(msgspec.Struct, frozen=True, rename="camel"):
    feed_id: str
    feed_type: str
    processing_status: str
    marketplace_ids: tuple[str, ...] | None = None
    created_time: datetime | None = None
    result_feed_document_id: str | None = None

    def read(self) -> FeedAnswer:
        return FeedAnswer(
            self.feed_id,
            self.feed_type,
            self.processing_status,
            self.marketplace_ids or (),
            self.created_time,
            self.result_feed_document_id,
        )


class _Feeds(msgspec.Struct, frozen=True, rename="camel"):
    feeds: tuple[_Feed, ...]


class _Issue(msgspec.Struct, frozen=True, rename="camel"):
    severity: str
    message: str
    code: str = ""
    message_id: int | None = None


class _Summary(msgspec.Struct, frozen=True, rename="camel"):
    messages_processed: int = 0


class _Report(msgspec.Struct, frozen=True, rename="camel"):
    issues: tuple[_Issue, ...] = ()
    summary: _Summary = _Summary()


_document = Reader(_Document)
_created = Reader(_Created)
_feed = Reader(_Feed)
_feeds = Reader(_Feeds)
_report = Reader(_Report)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def message_of(number: int, sku: str, product_type: str, patches: Iterable[Patch]) -> dict[str, Any]:
    """Return the message that changes one listing."""
    return {
        "messageId": number,
        "sku": sku,
        "operationType": "PATCH",
        "productType": product_type,
        "patches": list(patches),
    }


def feed_body(seller_id: str, messages: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a listings feed piece by piece, one message a piece."""
    header = {"sellerId": seller_id, "version": "2.0", "issueLocale": "en_US"}
    yield b'{"header":' + _ENCODER.encode(header) + b',"messages":['
    for index, message in enumerate(messages):
        yield (b"," if index else b"") + _ENCODER.encode(message)
    yield b"]}"


def _read[Answer: msgspec.Struct](reader: Reader[Answer], body: bytes, operation: str) -> Answer:
    try:
        return reader.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation=operation, status=200) from problem


def decode_new_document(body: bytes) -> NewDocument:
    """Read the answer of createFeedDocument.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    found = _read(_document, body, "createFeedDocument")
    return NewDocument(found.feed_document_id, Secret(found.url))


def decode_document(body: bytes) -> Secret:
    """Return where the document of getFeedDocument's answer can be fetched for five minutes.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    return Secret(_read(_document, body, "getFeedDocument").url)


def decode_created(body: bytes) -> str:
    """Return the feed id of createFeed's answer.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    return _read(_created, body, "createFeed").feed_id


def decode_feed(body: bytes) -> FeedAnswer:
    """Read the answer of getFeed.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    return _read(_feed, body, "getFeed").read()


def decode_feeds(body: bytes) -> tuple[FeedAnswer, ...]:
    """Read a page of getFeeds.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    return tuple(each.read() for each in _read(_feeds, body, "getFeeds").feeds)


def decode_processing_report(body: bytes) -> ProcessingReport:
    """Read the report that Amazon writes about a processed feed.

    Raises:
        UnexpectedAnswer: the body is no such report.
    """
    found = _read(_report, body, "getFeedDocument")
    issues = tuple(RefusedMessage(each.message_id, each.severity, each.code, each.message) for each in found.issues)
    return ProcessingReport(found.summary.messages_processed, issues)
