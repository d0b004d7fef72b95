"""Reading parameters and bodies of requests, refusing as Amazon does: with the name and what is wrong."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.simulator.answers import Request, invalid_input
from infra.simulator.clock import parse
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError
from infra.simulator.world import Seller

type Offer = Callable[[Seller, Request, Mapping[str, str]], tuple[int, Any]]
"""What an operation with a seller's token is answered with: (status, document), given its path parameters."""


def instant_of(request: Request, name: str) -> int | None:
    """Return an ISO 8601 parameter as epoch milliseconds, or None."""
    text = request.first(name)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return parse(text.replace(" ", "+"))
    except ValueError:
        raise invalid_input(f"{name}: {text} is not an ISO 8601 date.") from None


def choices_of(request: Request, name: str, allowed: Sequence[str]) -> list[str]:
    """Return a list parameter all of whose values are allowed."""
    values = request.listed(name)
    for value in values:
        if value not in allowed:
            raise invalid_input(f"{name}: {value} is not one of {', '.join(allowed)}.")
    return values


def size_of(request: Request, name: str, default: int, maximum: int) -> int:
    """Return a page size between 1 and ``maximum``."""
    text = request.first(name)
    if text is None:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= maximum:
        raise invalid_input(f"{name} must be between 1 and {maximum}.")
    return int(text)


def marketplaces_of(request: Request, seller: Seller, *, name: str = "marketplaceIds", maximum: int = 50) -> list[str]:
    """Return the marketplaces that a request names; they must be some of the seller's."""
    places = request.listed(name)
    if not 1 <= len(places) <= maximum:
        raise invalid_input(f"{name} must name {'exactly one marketplace' if maximum == 1 else 'a marketplace'}.")
    for place in places:
        if place not in seller.marketplaces:
            raise invalid_input(f"The seller does not participate in marketplace {place}.")
    return places


def body_of(request: Request) -> dict[str, Any]:
    """Return a request's body, which must be a JSON object."""
    document = _json(request)
    if not isinstance(document, dict):
        raise invalid_input("The body must be a JSON object.")
    return document


def list_of(request: Request) -> list[Any]:
    """Return a request's body, which must be a JSON list."""
    document = _json(request)
    if not isinstance(document, list):
        raise invalid_input("The body must be a JSON list.")
    return document


def strings_of(body: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts that a body must hold."""
    found = body.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise invalid_input(f"{name} must be a list of texts.")
    return found


class Pages:
    """Offsets into a list as page tokens, bound to the query that made them."""

    def __init__(self, tokens: PageTokens, lives_ms: int) -> None:
        self._tokens = tokens
        self._lives_ms = lives_ms

    def cursor(self, request: Request, now_ms: int, name: str) -> list[Any] | None:
        """Return what the token in parameter ``name`` holds, or None without one."""
        token = request.first(name)
        if token is None:
            return None
        try:
            return self._tokens.read(token, _query(request, name), now_ms, self._lives_ms)
        except TokenRefusedError as refusal:
            raise invalid_input(f"The {name} is invalid: {refusal}.") from None

    def issue(self, request: Request, now_ms: int, name: str, cursor: Sequence[object]) -> str:
        """Return a token for the page that begins at ``cursor``."""
        return self._tokens.issue(_query(request, name), now_ms, cursor)


def _query(request: Request, name: str) -> dict[str, Sequence[str]]:
    return {each: values for each, values in request.query.items() if each != name}


def _json(request: Request) -> object:
    try:
        return json.loads(request.body)
    except ValueError:
        raise invalid_input("The body is not valid JSON.") from None
