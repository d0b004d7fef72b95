"""What Amazon is asked for a lead, and in which order. Pure.

For each marketplace the products it is compared with, all in one call of the catalogue, then Amazon's fees at every
price that counts, up to twenty a call. Amazon estimates fees of products it knows, so the first product that a lead is
compared with stands in for it.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

import msgspec

from quayside.sourcing.calculator_rules import Fee, Scenario
from quayside.sourcing.rules import Lead

FEES_A_CALL = 20
"""Source: Amazon's model productFeesV0.json, getMyFeesEstimates takes 1 to 20 requests."""
ASKED_AGAIN_AFTER = timedelta(minutes=1)
READ_AGAIN_AFTER = timedelta(days=4)
"""How old facts grow before they are read again by themselves."""
FOLLOWED_FOR = timedelta(days=90)
"""For how long after somebody asked facts are read again by themselves."""
STANDS_STILL = timedelta(hours=1)
"""Reading that did not move for so long is taken to have stopped."""

Channel = Literal["AMAZON", "MERCHANT"]


class Priced(NamedTuple):
    """What fees depend on: the product, where, at which price in the marketplace's currency, and who ships."""

    marketplace_id: str
    asin: str
    channel: Channel
    price_minor: int


class ProductCall(NamedTuple):
    """One call of the catalogue."""

    marketplace_id: str
    asins: tuple[str, ...]


class FeesCall(NamedTuple):
    """One call for fees."""

    wanted: tuple[Priced, ...]


Call = ProductCall | FeesCall


class Measures(msgspec.Struct, frozen=True, array_like=True):
    """Length, width, height and weight as Amazon writes them, such as ``12.5 inches``; None where it says nothing."""

    length: str | None = None
    width: str | None = None
    height: str | None = None
    weight: str | None = None


class ProductFacts(msgspec.Struct, frozen=True):
    """What Amazon's catalogue says of a product in one marketplace; ``found`` is false when it does not know it."""

    found: bool
    title: str | None = None
    brand: str | None = None
    category: str | None = None
    rank: int | None = None
    rank_in: str | None = None
    package: Measures | None = None


class FeesFacts(msgspec.Struct, frozen=True):
    """Amazon's estimate of its fees of one unit; without an estimate ``problem`` holds Amazon's words."""

    currency: str
    fees: tuple[Fee, ...] = ()
    problem: str = ""


def wanted_fees(lead: Lead, scenarios: Iterable[Scenario], connection_id: str) -> tuple[Priced, ...]:
    """Return the fees that count for a lead at a connection: of its targets and of its scenarios, each once."""
    if not lead.asins:
        return ()
    asin = lead.asins[0]
    found = [
        Priced(each.marketplace_id, asin, "AMAZON", each.price_minor)
        for each in lead.targets
        if each.connection_id == connection_id
    ]
    found += [
        Priced(each.marketplace_id, asin, channel_of(each), each.price_minor)
        for each in scenarios
        if each.connection_id == connection_id and each.fees_minor is None
    ]
    return tuple(dict.fromkeys(found))


def channel_of(scenario: Scenario) -> Channel:
    """Return who ships in a scenario."""
    return "AMAZON" if scenario.by_amazon else "MERCHANT"


def calls(lead: Lead, scenarios: Sequence[Scenario], connection_id: str) -> tuple[Call, ...]:
    """Return the calls that are made for a lead at a connection, in their order; none when it names no product."""
    if not lead.asins:
        return ()
    named = [each.marketplace_id for each in lead.targets if each.connection_id == connection_id]
    named += [each.marketplace_id for each in scenarios if each.connection_id == connection_id]
    fees = wanted_fees(lead, scenarios, connection_id)
    return (
        *(ProductCall(place, lead.asins) for place in dict.fromkeys(named)),
        *(FeesCall(fees[start : start + FEES_A_CALL]) for start in range(0, len(fees), FEES_A_CALL)),
    )


def connections_of(lead: Lead, scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """Return the connections that a lead is to be sold by, each once."""
    named = [each.connection_id for each in lead.targets] + [each.connection_id for each in scenarios]
    return tuple(dict.fromkeys(named))
