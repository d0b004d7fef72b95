"""Amazon's answers about review requests: which it offers for an order, and what became of one. Pure.

Source: Amazon's model solicitations.json. That an order has no request to offer is an empty list without a reason; and
two refusals, which Amazon words under one code, are verdicts on the order and no trouble of the account: a request was
made or is not available (amzn/selling-partner-api-models#19), and the day is outside the range (#779 there).
"""

import re
from enum import StrEnum

import msgspec

from quayside.amazon.errors import AccessRefused, RequestRejected, UnexpectedAnswer

REVIEW_REQUEST = "productReviewAndSellerFeedback"
"""The one kind of request there is: it asks for a review of the product and for feedback on the seller."""


class Requested(StrEnum):
    """What Amazon did with a request."""

    ACCEPTED = "accepted"
    NOT_AVAILABLE = "not_available"
    """It was made before, by whomever, or Amazon does not allow one for this order."""
    OUT_OF_RANGE = "out_of_range"
    """By the dates that Amazon goes by, which may be other than it told, the day is too early or too late."""


class _Link(msgspec.Struct, frozen=True):
    name: str = ""


class _Links(msgspec.Struct, frozen=True):
    actions: tuple[_Link, ...]


class _Actions(msgspec.Struct, frozen=True):
    links: _Links = msgspec.field(name="_links")


_ACTIONS = msgspec.json.Decoder(_Actions)
# The only place where Amazon's words decide: both refusals have the code and status of a missing role.
_NOT_AVAILABLE = re.compile(r"requested solicitation is not available", re.IGNORECASE)
_OUT_OF_RANGE = re.compile(r"outside the \S+ day range", re.IGNORECASE)


def offered_actions(body: bytes, operation: str) -> tuple[str, ...]:
    """Return the names of the actions Amazon offers for an order; none means no, without a reason.

    Raises:
        UnexpectedAnswer: the answer is not what Amazon's model promises.
    """
    try:
        found = _ACTIONS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnexpectedAnswer(str(problem), operation=operation) from problem
    return tuple(each.name for each in found.links.actions)


def verdict_of(refused: RequestRejected) -> Requested | None:
    """Return what a refusal says about the order, None when it is about something else."""
    if not isinstance(refused, AccessRefused):
        return None
    if _NOT_AVAILABLE.search(refused.said):
        return Requested.NOT_AVAILABLE
    return Requested.OUT_OF_RANGE if _OUT_OF_RANGE.search(refused.said) else None
