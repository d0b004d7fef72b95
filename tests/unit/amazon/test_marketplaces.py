from zoneinfo import ZoneInfo

import pytest
from sp_api.base.marketplaces import Marketplaces

from quayside.amazon.marketplaces import MARKETPLACES, REGIONS, find_marketplace, marketplace, marketplaces_of
from quayside.kernel.errors import InvalidInput
from quayside.kernel.money import Money

ENDPOINTS = {"us-east-1": "NA", "eu-west-1": "EU", "us-west-2": "FE"}


def test_the_table_has_every_marketplace_of_the_library_in_the_same_region() -> None:
    theirs = {each.marketplace_id: ENDPOINTS[each.region] for each in Marketplaces}
    ours = {each.marketplace_id: each.region for each in MARKETPLACES}
    assert ours == theirs


@pytest.mark.parametrize("each", MARKETPLACES, ids=lambda each: each.country_code)
def test_time_zone_currency_and_host_are_usable(each: object) -> None:
    found = next(one for one in MARKETPLACES if one is each)
    assert ZoneInfo(found.time_zone).key == found.time_zone
    assert Money.from_decimal("100", found.currency).amount_minor > 0
    assert found.seller_central_host.startswith("sellercentral")
    assert find_marketplace(found.marketplace_id) is found


@pytest.mark.parametrize(
    ("country", "host"),
    [
        ("US", "sellercentral.amazon.com"), ("DE", "sellercentral-europe.amazon.com"),
        ("GB", "sellercentral-europe.amazon.com"), ("PL", "sellercentral.amazon.pl"),
        ("JP", "sellercentral.amazon.co.jp"), ("BR", "sellercentral.amazon.com.br"),
    ],
)  # fmt: skip
def test_consent_is_asked_at_the_marketplaces_own_host(country: str, host: str) -> None:
    assert next(each for each in MARKETPLACES if each.country_code == country).seller_central_host == host


def test_every_region_has_marketplaces() -> None:
    assert sum(len(marketplaces_of(region)) for region in REGIONS) == len(MARKETPLACES)


def test_an_unknown_marketplace_is_refused_with_words() -> None:
    assert find_marketplace("A1NEW") is None
    with pytest.raises(InvalidInput, match="no such marketplace"):
        marketplace("A1NEW")
