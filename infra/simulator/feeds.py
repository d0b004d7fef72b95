"""Feeds: documents that sellers upload, and what Amazon makes of a JSON_LISTINGS_FEED some time later.

Prices, quantities and the attributes of ``product_types`` are applied to the world's listings; other attributes are
accepted and forgotten. As at Amazon, a quantity for a listing that Amazon fulfils is ignored without a word.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.simulator import entropy, listing_life, product_types
from infra.simulator.catalogue import product_type
from infra.simulator.clock import MINUTE, SECOND
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import parse_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.simulator.world import Listing, Seller, World

LISTINGS_FEED = "JSON_LISTINGS_FEED"
EVENT, FINISHED = "feed", "FEED_PROCESSING_FINISHED"
URL_LIVES_MS = 5 * MINUTE
MAXIMUM_MESSAGES = 25_000
_COLUMNS = "pk, seller, kind, created, begun, ended, marketplaces, input, outcome, result"
_PRICE_ERROR_TIMES = 10
"""So many times its present price Amazon takes for a mistake (the threshold is the simulator's own)."""
_OPERATIONS = ("UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE")


class Feed(NamedTuple):
    """One feed. It waits until ``begun`` and is worked on until ``ended``; ``outcome`` and ``result`` come then."""

    pk: int
    seller: int
    kind: str
    created: int
    begun: int
    ended: int
    marketplaces: str
    input: str
    outcome: str | None
    result: str | None

    @property
    def feed_id(self) -> str:
        """Amazon's feed id."""
        return str(50_000_000_000 + self.pk)

    def status(self, now_ms: int) -> str:
        """Return IN_QUEUE, IN_PROGRESS, DONE or FATAL."""
        if now_ms < self.begun:
            return "IN_QUEUE"
        return "IN_PROGRESS" if self.outcome is None else self.outcome


class Feeds:
    """All feeds and their documents. ``key`` signs the addresses of documents."""

    def __init__(self, world: World, key: bytes) -> None:
        self._world = world
        self._connection = world.storage.connection
        self._key = key
        world.handlers[EVENT] = self._finish

    # ------------------------------------------------------------------ documents

    def new_document(self, seller: Seller, content_type: str) -> str:
        """Return the id of a document that can be uploaded once."""
        (count,) = self._connection.execute("SELECT COUNT(*) FROM feed_documents").fetchone()
        document_id = "amzn1.tortuga.4." + entropy.identifier(self._world.seed, "feed document", count)
        self._connection.execute(
            "INSERT INTO feed_documents VALUES (?, ?, ?, 0, NULL)", (document_id, seller.pk, content_type)
        )
        return document_id

    def owner(self, document_id: str) -> tuple[int, bool] | None:
        """Return (seller, whether its content is compressed) of a document, or None."""
        row = self._connection.execute(
            "SELECT seller, compressed FROM feed_documents WHERE document_id = ?", (document_id,)
        ).fetchone()
        return None if row is None else (int(row[0]), bool(row[1]))

    def address(self, method: str, document_id: str) -> str:
        """Return the path at which a document can be uploaded (PUT) or read (GET) for five minutes."""
        expires = self._world.now_ms + URL_LIVES_MS
        return f"/feed-documents/{document_id}?expires={expires}&signature={self._sign(method, document_id, expires)}"

    def upload(self, document_id: str, expires: str, signature: str, content_type: str, body: bytes) -> int:
        """Take a document's content and return an HTTP status: 200, or 403 as S3 has it for a wrong address."""
        with self._world.lock:
            row = self._connection.execute(
                "SELECT content_type FROM feed_documents WHERE document_id = ?", (document_id,)
            ).fetchone()
            if not self._opens("PUT", document_id, expires, signature) or row is None:
                return 403
            # The content type is signed too: another one does not fit the signature.
            if _plain(row[0]) != _plain(content_type):
                return 403
            self._connection.execute("UPDATE feed_documents SET body = ? WHERE document_id = ?", (body, document_id))
            self._world.commit()
            return 200

    def download(self, document_id: str, expires: str, signature: str) -> tuple[bytes, str] | None:
        """Return (content, content type) of a document, or None for a wrong or old address."""
        with self._world.lock:
            if not self._opens("GET", document_id, expires, signature):
                return None
            row = self._connection.execute(
                "SELECT body, content_type FROM feed_documents WHERE document_id = ? AND body IS NOT NULL",
                (document_id,),
            ).fetchone()
            return None if row is None else (bytes(row[0]), str(row[1]))

    # ------------------------------------------------------------------ feeds

    def create(self, seller: Seller, kind: str, places: Sequence[str], document_id: str) -> Feed:
        """Put a feed into the queue: it begins within a minute and takes one or two."""
        now = self._world.now_ms
        (count,) = self._connection.execute("SELECT COUNT(*) FROM feeds").fetchone()
        chance = entropy.generator(self._world.seed, "feed", count)
        begun = now + SECOND * chance.randint(5, 40)
        ended = begun + SECOND * chance.randint(20, 120)
        cursor = self._connection.execute(
            "INSERT INTO feeds (seller, kind, created, begun, ended, marketplaces, input) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (seller.pk, kind, now, begun, ended, json.dumps(list(places)), document_id),
        )
        number = int(cursor.lastrowid or 0)
        self._world.schedule(ended, seller.pk, EVENT, number)
        return self._read(number)

    def feed(self, seller: Seller, feed_id: str) -> Feed | None:
        """Return a seller's feed, or None."""
        if not feed_id.isdecimal():
            return None
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM feeds WHERE pk = ? AND seller = ?",  # noqa: S608  own columns
            (int(feed_id) - 50_000_000_000, seller.pk),
        ).fetchone()
        return None if row is None else Feed._make(row)

    def between(self, seller: Seller, since_ms: int, until_ms: int) -> list[Feed]:
        """Return a seller's feeds that were created in a time, latest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM feeds WHERE seller = ? AND created >= ? AND created <= ? "  # noqa: S608  own columns
            "ORDER BY created DESC, pk DESC",
            (seller.pk, since_ms, until_ms),
        )
        return [Feed._make(row) for row in rows]

    # ------------------------------------------------------------------ inner

    def _read(self, number: int) -> Feed:
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM feeds WHERE pk = ?",  # noqa: S608  own columns
            (number,),
        ).fetchone()
        return Feed._make(row)

    def _finish(self, at: int, seller: Seller, number: int, _: str) -> None:
        feed = self._read(number)
        row = self._connection.execute(
            "SELECT body FROM feed_documents WHERE document_id = ?", (feed.input,)
        ).fetchone()
        outcome, report = process(self._world, seller, feed, None if row is None else row[0], at)
        result = None
        if report is not None:
            result = self.new_document(seller, "application/json; charset=UTF-8")
            content = gzip.compress(json.dumps(report).encode(), mtime=0)
            self._connection.execute(
                "UPDATE feed_documents SET compressed = 1, body = ? WHERE document_id = ?", (content, result)
            )
        self._connection.execute("UPDATE feeds SET outcome = ?, result = ? WHERE pk = ?", (outcome, result, number))
        payload = {
            "sellerId": seller.selling_partner_id,
            "accountId": f"amzn1.merchant.o.{seller.selling_partner_id}",
            "feedId": feed.feed_id,
            "feedType": feed.kind,
            "processingStatus": outcome,
        }
        if result is not None:
            payload["resultFeedDocumentId"] = result
        self._world.notice(seller, FINISHED, at, {"feedProcessingFinishedNotification": payload})

    def _opens(self, method: str, document_id: str, expires: str, signature: str) -> bool:
        if not expires.isdecimal() or self._world.clock.now_ms() >= int(expires):
            return False
        return hmac.compare_digest(self._sign(method, document_id, int(expires)), signature)

    def _sign(self, method: str, document_id: str, expires: int) -> str:
        return hmac.new(self._key, f"{method}\n{document_id}\n{expires}".encode(), hashlib.sha256).hexdigest()


def places_of(feed: Feed) -> list[str]:
    """Return the marketplaces that a feed is for."""
    return [str(each) for each in json.loads(feed.marketplaces)]


def process(world: World, seller: Seller, feed: Feed, body: bytes | None, at: int) -> tuple[str, dict[str, Any] | None]:
    """Apply a listings feed and return (outcome, processing report): a feed that cannot be read is FATAL."""
    header = {"sellerId": seller.selling_partner_id, "version": "2.0", "feedId": feed.feed_id}
    document = _document(body)
    problem = _unreadable(document, seller)
    if problem:
        issues = [{"code": "4000003", "severity": "ERROR", "message": problem}]
        return "FATAL", {"header": header, "issues": issues, "summary": _summary([], issues)}
    messages: list[Any] = document["messages"]
    places = places_of(feed)
    issues = [issue for message in messages for issue in _Message(world, seller, places, at).apply(message)]
    return "DONE", {"header": header, "issues": issues, "summary": _summary(messages, issues)}


def patch(  # noqa: PLR0913, PLR0917 - the parts of a change
    world: World, seller: Seller, places: Sequence[str], sku: str, patches: object, at: int, *, preview: bool
) -> list[dict[str, Any]]:
    """Judge a change of one listing and return what is wrong with it; apply it when nothing is and it is no preview."""
    message = {"messageId": 1, "sku": sku, "operationType": "PATCH", "patches": patches}
    return _Message(world, seller, places, at).apply(message, preview=preview)


class _Message:
    """One message of a listings feed. All of it is checked before any of it is applied."""

    def __init__(self, world: World, seller: Seller, places: Sequence[str], at: int) -> None:
        self._world = world
        self._seller = seller
        self._places = places
        self._at = at
        self._problems: list[tuple[str, str, str | None]] = []
        self._changes: list[Callable[[], None]] = []
        self._deleted: dict[str, tuple[str, Any]] = {}

    def apply(self, message: object, *, preview: bool = False) -> list[dict[str, Any]]:
        if not isinstance(message, dict):
            return [{"code": "4000003", "severity": "ERROR", "message": "A message must be an object."}]
        sku = message.get("sku")
        listings = [
            each for each in self._world.listings_with(self._seller, str(sku)) if each.marketplace_id in self._places
        ]
        operation = message.get("operationType")
        if not isinstance(message.get("messageId"), int):
            self._wrong("4000003", "'messageId' is required but not supplied.")
        if operation not in _OPERATIONS:
            self._wrong("4000003", f"'operationType' must be one of {', '.join(_OPERATIONS)}.")
        elif operation == "DELETE":
            self._wrong("4000003", "The simulator does not delete listings.")
        elif not listings:
            self._wrong("8560", f"SKU {sku} does not match any listing in {', '.join(self._places)}.")
        else:
            given = self._given(message, str(operation))
            self._offers(listings, given)
            self._attributes(listings, {name: ("replace", value) for name, value in given.items()} | self._deleted)
        if not self._problems and not preview:
            for change in self._changes:
                change()
        return [
            {
                "messageId": message.get("messageId"),
                "sku": sku,
                "code": code,
                "severity": "ERROR",
                "message": words,
                **({"attributeName": attribute} if attribute else {}),
            }
            for code, words, attribute in self._problems
        ]

    def _given(self, message: dict[str, Any], operation: str) -> dict[str, Any]:
        if operation != "PATCH":
            found = message.get("attributes")
            if not isinstance(found, dict) or not found:
                self._wrong("4000003", f"'attributes' is required for {operation}.")
                return {}
            return found
        given: dict[str, Any] = {}
        patches = message.get("patches")
        if not isinstance(patches, list) or not patches:
            self._wrong("4000003", "'patches' is required for PATCH.")
            return {}
        for each in patches:
            path = str(each.get("path", "")) if isinstance(each, dict) else ""
            wanted = each.get("op") if isinstance(each, dict) else None
            if not path.startswith("/attributes/") or wanted not in {"add", "replace", "merge", "delete"}:
                self._wrong(
                    "4000003", "A patch needs op (add, replace, merge or delete) and a path below /attributes/."
                )
            elif wanted == "delete":
                self._deleted[path.removeprefix("/attributes/")] = ("delete", each.get("value"))
            else:
                given[path.removeprefix("/attributes/")] = each.get("value")
        return given

    def _attributes(self, listings: Sequence[Listing], given: dict[str, tuple[str, Any]]) -> None:
        """Judge attributes by the schema of each listing's product type, as they would be after the change."""
        given = {name: what for name, what in given.items() if name in product_types.NAMES}
        for listing in listings if given else ():
            place = MARKETPLACES[listing.marketplace_id]
            kind = product_type(listing.title)
            rules = product_types.schema(kind, place, product_types.longest_title(self._world, kind, place))
            present = product_types.attributes(listing, place)
            for name, (operation, value) in given.items():
                entries = [
                    each for each in _objects(value) if each.get("marketplace_id") in {None, listing.marketplace_id}
                ]
                if operation != "delete" and not entries:
                    # What is said of another marketplace only does not touch this one.
                    if not _objects(value):
                        self._wrong(product_types.REQUIRED_MISSING, f"'{name}' needs a value.", name)
                    continue
                change = product_types.removed if operation == "delete" else product_types.replaced
                after = change(present.get(name, []), entries)
                for code, words in product_types.problems(rules, name, after):
                    self._wrong(code, words, name)
                self._changes.append(self._set_attribute(listing, name, after))

    def _set_attribute(self, listing: Listing, name: str, entries: list[dict[str, Any]]) -> Callable[[], None]:
        return lambda: listing_life.set_attribute(self._world, listing, name, entries, self._at)

    def _offers(self, listings: Sequence[Listing], given: dict[str, Any]) -> None:
        for each in _objects(given.get("purchasable_offer")):
            for listing in listings:
                if each.get("marketplace_id") in {None, listing.marketplace_id} and "our_price" in each:
                    self._price(listing, each)
        for each in _objects(given.get("fulfillment_availability")):
            if each.get("fulfillment_channel_code") == "DEFAULT" and "quantity" in each:
                self._quantity(listings, each["quantity"])

    def _price(self, listing: Listing, offer: dict[str, Any]) -> None:
        currency = MARKETPLACES[listing.marketplace_id].currency
        attribute = "purchasable_offer.our_price"
        if offer.get("currency") not in {None, currency}:
            self._wrong("99022", f"The currency in {listing.marketplace_id} is {currency}.", attribute)
            return
        try:
            text = str(offer["our_price"][0]["schedule"][0]["value_with_tax"])
            minor = parse_amount(text, currency)
        except (KeyError, IndexError, TypeError, ValueError):
            self._wrong("99022", "'our_price' needs a schedule with 'value_with_tax', a price.", attribute)
            return
        if minor <= 0:
            self._wrong("99022", "'value_with_tax' must be above 0.", attribute)
            return
        if minor > _PRICE_ERROR_TIMES * listing.price_minor:
            self._wrong("99300", "The price is far above recent prices and could be an error.", attribute)
            return
        self._changes.append(lambda: listing_life.set_price(self._world, listing, minor, self._at))

    def _quantity(self, listings: Sequence[Listing], units: object) -> None:
        if not isinstance(units, int) or isinstance(units, bool) or units < 0:
            words = "'quantity' must be a whole number of 0 or more."
            self._wrong("90244", words, "fulfillment_availability.quantity")
            return
        for listing in listings:
            if not listing.by_amazon:
                self._changes.append(self._set_quantity(listing, units))

    def _set_quantity(self, listing: Listing, units: int) -> Callable[[], None]:
        return lambda: listing_life.set_quantity(self._world, listing, units, self._at)

    def _wrong(self, code: str, words: str, attribute: str | None = None) -> None:
        self._problems.append((code, words, attribute))


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _document(body: bytes | None) -> Any:  # noqa: ANN401  whatever JSON was uploaded
    try:
        return json.loads(body or b"")
    except ValueError:
        return None


def _unreadable(document: object, seller: Seller) -> str | None:
    if not isinstance(document, dict):
        return "The feed document was not uploaded, or is not a JSON object."
    header, messages = document.get("header"), document.get("messages")
    if not isinstance(header, dict) or header.get("version") != "2.0":
        return "'header' with version 2.0 is required."
    if header.get("sellerId") != seller.selling_partner_id:
        return "'sellerId' is not the seller who submitted the feed."
    if not isinstance(messages, list) or not 1 <= len(messages) <= MAXIMUM_MESSAGES:
        return f"'messages' must hold between 1 and {MAXIMUM_MESSAGES} messages."
    return None


def _summary(messages: Sequence[Any], issues: Sequence[dict[str, Any]]) -> dict[str, int]:
    invalid = len({(each.get("messageId"), each.get("sku")) for each in issues}) if messages else 0
    return {
        "errors": len(issues),
        "warnings": 0,
        "messagesProcessed": len(messages),
        "messagesAccepted": len(messages) - invalid,
        "messagesInvalid": invalid,
    }


def _plain(content_type: str) -> str:
    return content_type.replace(" ", "").lower()
