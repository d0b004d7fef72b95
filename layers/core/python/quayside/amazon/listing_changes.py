"""Changes of listings as Amazon takes them, singly and in a feed, and what it answers. Pure.

Only the parts that change are sent, by Amazon's ``merge``, so that what else an offer holds (a sale price, business
prices) stays. A change names the value that is to be, never a difference: sent twice, it has the effect of once.
Sources: Amazon's model listingsItems_2021-08-01.json and its schema listings-feed-schema-v2.json.
"""

from typing import Any

import msgspec

from quayside.amazon.decoding import Reader
from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.listings import ListingIssue
from quayside.kernel.money import Money

VALID, ACCEPTED = "VALID", "ACCEPTED"
PREVIEW_MODE = "VALIDATION_PREVIEW"

type Patch = dict[str, Any]


class Submission(msgspec.Struct, frozen=True):
    """What Amazon did with a change: VALID (a preview), ACCEPTED, or INVALID, and what it finds wrong."""

    status: str
    submission_id: str
    issues: tuple[ListingIssue, ...] = ()


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    status: str
    submission_id: str = ""
    issues: tuple[ListingIssue, ...] = ()


_answer = Reader(_Answer)


def price_patch(marketplace_id: str, price: Money) -> Patch:
    """Return the patch that offers a listing at a price in one marketplace."""
    offer = {
        "marketplace_id": marketplace_id,
        "currency": price.currency,
        "our_price": [{"schedule": [{"value_with_tax": price.to_decimal()}]}],
    }
    return {"op": "merge", "path": "/attributes/purchasable_offer", "value": [offer]}


def quantity_patch(units: int) -> Patch:
    """Return the patch that offers so many units that the seller ships."""
    available = {"fulfillment_channel_code": "DEFAULT", "quantity": units}
    return {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [available]}


def decode_submission(body: bytes) -> Submission:
    """Read the answer of patchListingsItem.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    try:
        answer = _answer.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="patchListingsItem", status=200) from problem
    return Submission(answer.status, answer.submission_id, answer.issues)
