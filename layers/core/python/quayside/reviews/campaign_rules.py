"""What a campaign may say. Pure.

A setting that would break Amazon's policy is refused with the policy's own sentence (AUP-4.2); one that makes no sense
is refused with the range that is allowed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.reviews.rules import CLOSES_AFTER, OPENS_AFTER, POLICY, Campaign

MOST_CAMPAIGNS = 50
MOST_PRODUCTS = 500
LONGEST_NAME = 80
LONGEST_PRODUCT = 100
"""More characters than any SKU or ASIN of Amazon's has."""
FIRST_DAY, LAST_DAY = OPENS_AFTER.days, CLOSES_AFTER.days
YOUNGEST_LIMIT, OLDEST_LIMIT = 6, 120
LAST_PRIORITY = 100
_LAST_HOUR = 23


class Place(NamedTuple):
    """A marketplace a campaign may name, and its currency."""

    marketplace_id: str
    currency: str


def check(campaign: Campaign, places: Iterable[Place]) -> None:
    """Refuse a campaign that breaks Amazon's policy or makes no sense.

    Args:
        campaign: what somebody wants to keep.
        places: the marketplaces of the seller.

    Raises:
        InvalidInput: every field that is wrong is named with what is allowed.
    """
    wrong = [*_policy_problems(campaign), *_problems(campaign, {each.marketplace_id: each for each in places})]
    if wrong:
        breaks_policy = any(POLICY in each.problem for each in wrong)
        raise InvalidInput(
            POLICY if breaks_policy else "The campaign can't be kept as it is.",
            code="against_policy" if breaks_policy else "invalid_campaign",
            fields=tuple(wrong),
        )


def _policy_problems(campaign: Campaign) -> Iterable[FieldProblem]:
    if not FIRST_DAY <= campaign.delay_days <= LAST_DAY:
        allowed = f"has to be from {FIRST_DAY} to {LAST_DAY} days after delivery. {POLICY}"
        yield FieldProblem("delay_days", allowed)


def _problems(campaign: Campaign, places: dict[str, Place]) -> Iterable[FieldProblem]:
    if not 1 <= len(campaign.name.strip()) <= LONGEST_NAME:
        yield FieldProblem("name", f"has to have 1 to {LONGEST_NAME} characters")
    if not 0 <= campaign.send_hour <= _LAST_HOUR:
        yield FieldProblem("send_hour", f"has to be from 0 to {_LAST_HOUR}")
    if not 1 <= campaign.priority <= LAST_PRIORITY:
        yield FieldProblem("priority", f"has to be from 1 (first) to {LAST_PRIORITY}")
    for place in campaign.marketplace_ids:
        if place not in places:
            yield FieldProblem("marketplace_ids", f"names {place[:20]}, where none of your accounts sells")
    age = campaign.maximum_age_days
    if age is not None and not YOUNGEST_LIMIT <= age <= OLDEST_LIMIT:
        yield FieldProblem("maximum_age_days", f"has to be from {YOUNGEST_LIMIT} to {OLDEST_LIMIT}, or left out")
    yield from _product_problems(campaign)
    yield from _price_problems(campaign, places)


def _product_problems(campaign: Campaign) -> Iterable[FieldProblem]:
    named = {
        "include_skus": campaign.include_skus,
        "exclude_skus": campaign.exclude_skus,
        "include_asins": campaign.include_asins,
        "exclude_asins": campaign.exclude_asins,
    }
    for field, values in named.items():
        if len(values) > MOST_PRODUCTS:
            yield FieldProblem(field, f"names {len(values)} products; at most {MOST_PRODUCTS} are allowed")
        if any(not 1 <= len(each) <= LONGEST_PRODUCT for each in values):
            yield FieldProblem(field, f"has an entry that is empty or longer than {LONGEST_PRODUCT} characters")
    for kind in ("skus", "asins"):
        both = sorted(set(named[f"include_{kind}"]) & set(named[f"exclude_{kind}"]))
        if both:
            yield FieldProblem(f"exclude_{kind}", f"leaves out {both[0]}, which the campaign is limited to")


def _price_problems(campaign: Campaign, places: dict[str, Place]) -> Iterable[FieldProblem]:
    low, high = campaign.minimum_price_minor, campaign.maximum_price_minor
    for field, value in (("minimum_price_minor", low), ("maximum_price_minor", high)):
        if value is not None and value < 0:
            yield FieldProblem(field, "has to be 0 or more")
    if low is not None and high is not None and low > high:
        yield FieldProblem("maximum_price_minor", "has to be at least the lowest price")
    if low is None and high is None:
        if campaign.price_currency is not None:
            yield FieldProblem("price_currency", "goes with a price; give one or leave it out")
        return
    wanted = [places[each] for each in campaign.marketplace_ids if each in places] or list(places.values())
    currencies = sorted({each.currency for each in wanted})
    if campaign.price_currency is None or (currencies and campaign.price_currency not in currencies):
        yield FieldProblem("price_currency", f"has to be one of {', '.join(currencies) or 'your currencies'}")
