"""Changes of listings as Amazon takes them, singly and in a feed, and what it answers. Pure.

Only the parts that change are sent, by Amazon's ``merge``, so that what else an offer holds (a sale price, business
prices) stays. Of an attribute all entries of one marketplace and language are named: Amazon's ``replace`` puts them in
the place of those with the same selectors, and leaves those of other languages alone. A change names the value that is
to be, never a difference: sent twice, it has the effect of once. Sources: Amazon's model listingsItems_2021-08-01.json,
its schema listings-feed-schema-v2.json, and the selectors of Amazon's product type definition meta-schema v1.
"""

from collections.abc import Sequence
from decimal import Decimal
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


def attribute_patch(
    name: str, marketplace_id: str, language: str | None, values: Sequence[str | int | Decimal | bool]
) -> Patch:
    """Return the patch that gives an attribute these values in one marketplace and language; without any it is deleted.

    ``language`` is None for an attribute that is the same in all languages.
    """
    place = {"marketplace_id": marketplace_id, **({} if language is None else {"language_tag": language})}
    if not values:
        return {"op": "delete", "path": f"/attributes/{name}", "value": [place]}
    entries = [{"value": value, **place} for value in values]
    return {"op": "replace", "path": f"/attributes/{name}", "value": entries}


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
