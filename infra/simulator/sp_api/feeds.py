"""Feeds API 2021-06-30: documents and feeds. JSON_LISTINGS_FEED is the one type that is offered."""

from collections.abc import Mapping
from typing import Any

from infra.simulator import feeds as processing
from infra.simulator.answers import Request, invalid_input, not_found
from infra.simulator.clock import DAY, iso
from infra.simulator.feeds import Feed, Feeds
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sp_api.parameters import Offer, Pages, body_of, choices_of, instant_of, size_of, strings_of
from infra.simulator.world import Seller, World

RETAINED_MS = 90 * DAY
_STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")


class FeedsApi:
    """Takes feeds and tells what became of them."""

    def __init__(self, world: World, feeds: Feeds, tokens: PageTokens) -> None:
        self._world = world
        self._feeds = feeds
        self._pages = Pages(tokens, DAY)

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {
            "createFeedDocument": self._create_document,
            "getFeedDocument": self._get_document,
            "createFeed": self._create,
            "getFeed": self._get,
            "getFeeds": self._list,
        }

    def _create_document(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        content_type = body_of(request).get("contentType")
        if not isinstance(content_type, str) or not content_type:
            raise invalid_input("contentType is required.")
        document_id = self._feeds.new_document(seller, content_type)
        self._world.commit()
        return 201, {"feedDocumentId": document_id, "url": _url(request, self._feeds.address("PUT", document_id))}

    def _get_document(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        document_id = parameters["feedDocumentId"]
        owner = self._feeds.owner(document_id)
        if owner is None or owner[0] != seller.pk:
            raise not_found(f"Feed document {document_id} is not found.")
        found = {"feedDocumentId": document_id, "url": _url(request, self._feeds.address("GET", document_id))}
        return 200, found | ({"compressionAlgorithm": "GZIP"} if owner[1] else {})

    def _create(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        body = body_of(request)
        if body.get("feedType") != processing.LISTINGS_FEED:
            raise invalid_input(f"feedType: {body.get('feedType')} is not supported, use {processing.LISTINGS_FEED}.")
        places = strings_of(body, "marketplaceIds")
        for place in places:
            if place not in seller.marketplaces:
                raise invalid_input(f"The seller does not participate in marketplace {place}.")
        document_id = str(body.get("inputFeedDocumentId"))
        owner = self._feeds.owner(document_id)
        if owner is None or owner[0] != seller.pk:
            raise invalid_input(f"inputFeedDocumentId: there is no feed document {document_id}.")
        feed = self._feeds.create(seller, processing.LISTINGS_FEED, places, document_id)
        self._world.commit()
        return 202, {"feedId": feed.feed_id}

    def _get(self, seller: Seller, _: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        feed = self._feeds.feed(seller, parameters["feedId"])
        if feed is None or feed.created < self._world.now_ms - RETAINED_MS:
            raise not_found(f"Feed {parameters['feedId']} is not found.")
        return 200, self._document(feed)

    def _list(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        now = self._world.now_ms
        bare = Request(request.method, request.path, {"nextToken": request.query.get("nextToken", ())})
        cursor = self._pages.cursor(bare, now, "nextToken")
        if cursor is not None:
            if set(request.query) != {"nextToken"}:
                raise invalid_input("nextToken must be the only parameter.")
            offset, size, since, until, kinds, places, statuses = cursor
        else:
            kinds = request.listed("feedTypes")
            if not 1 <= len(kinds) <= 10:  # noqa: PLR2004  the model's maximum
                raise invalid_input("feedTypes (at most 10) or nextToken is required.")
            offset, size, places = 0, size_of(request, "pageSize", 10, 100), request.listed("marketplaceIds")
            statuses = choices_of(request, "processingStatuses", _STATUSES)
            since = max(instant_of(request, "createdSince") or 0, now - RETAINED_MS)
            until = instant_of(request, "createdUntil") or now
        found = [
            each
            for each in self._feeds.between(seller, since, until)
            if each.kind in kinds
            and (not statuses or each.status(now) in statuses)
            and (not places or any(place in each.marketplaces for place in places))
        ]
        answer: dict[str, Any] = {"feeds": [self._document(each) for each in found[offset : offset + size]]}
        if offset + size < len(found):
            following = (offset + size, size, since, until, kinds, places, statuses)
            answer["nextToken"] = self._pages.issue(Request("GET", request.path), now, "nextToken", following)
        return 200, answer

    def _document(self, feed: Feed) -> dict[str, Any]:
        now = self._world.now_ms
        found: dict[str, Any] = {
            "feedId": feed.feed_id,
            "feedType": feed.kind,
            "marketplaceIds": processing.places_of(feed),
            "createdTime": iso(feed.created),
            "processingStatus": feed.status(now),
        }
        if now >= feed.begun:
            found["processingStartTime"] = iso(feed.begun)
        if feed.outcome is not None:
            found["processingEndTime"] = iso(feed.ended)
        if feed.result is not None:
            found["resultFeedDocumentId"] = feed.result
        return found


def _url(request: Request, path: str) -> str:
    return f"http://{request.headers.get('host', 'localhost')}{path}"
