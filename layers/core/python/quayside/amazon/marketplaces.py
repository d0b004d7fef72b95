"""Every marketplace of the Selling Partner API: identity, region, currency, its own time zone and Seller Central host.

Sources: Amazon's "Marketplace IDs" and "Seller Central URLs" pages (reference/sp-api.md section 2). Authorisation is
per region, but the consent page is served by the marketplace's own host. Amazon's reports for Canada close the day in
Pacific time, as those for the United States do.
"""

from typing import Literal

import msgspec

from quayside.kernel.errors import InvalidInput

Region = Literal["NA", "EU", "FE"]
REGIONS: tuple[Region, ...] = ("NA", "EU", "FE")


class Marketplace(msgspec.Struct, frozen=True):
    """One Amazon store.

    Attributes:
        marketplace_id: Amazon's id.
        country_code: ISO 3166 code of the country.
        name: the name sellers know it by.
        region: the region of the Selling Partner API that serves it.
        currency: ISO 4217 code of its prices.
        time_zone: IANA name; a day of this marketplace begins and ends there.
        seller_central_host: where its sellers sign in and give consent.
    """

    marketplace_id: str
    country_code: str
    name: str
    region: Region
    currency: str
    time_zone: str
    seller_central_host: str


_EUROPE = "sellercentral-europe.amazon.com"

_ROWS: tuple[tuple[str, str, str, Region, str, str, str], ...] = (
    ("ATVPDKIKX0DER", "US", "Amazon.com", "NA", "USD", "America/Los_Angeles", "sellercentral.amazon.com"),
    ("A2EUQ1WTGCTBG2", "CA", "Amazon.ca", "NA", "CAD", "America/Los_Angeles", "sellercentral.amazon.ca"),
    ("A1AM78C64UM0Y8", "MX", "Amazon.com.mx", "NA", "MXN", "America/Mexico_City", "sellercentral.amazon.com.mx"),
    ("A2Q3Y263D00KWC", "BR", "Amazon.com.br", "NA", "BRL", "America/Sao_Paulo", "sellercentral.amazon.com.br"),
    ("A1F83G8C2ARO7P", "GB", "Amazon.co.uk", "EU", "GBP", "Europe/London", _EUROPE),
    ("A1PA6795UKMFR9", "DE", "Amazon.de", "EU", "EUR", "Europe/Berlin", _EUROPE),
    ("A13V1IB3VIYZZH", "FR", "Amazon.fr", "EU", "EUR", "Europe/Paris", _EUROPE),
    ("APJ6JRA9NG5V4", "IT", "Amazon.it", "EU", "EUR", "Europe/Rome", _EUROPE),
    ("A1RKKUPIHCS9HS", "ES", "Amazon.es", "EU", "EUR", "Europe/Madrid", _EUROPE),
    ("A1805IZSGTT6HS", "NL", "Amazon.nl", "EU", "EUR", "Europe/Amsterdam", "sellercentral.amazon.nl"),
    ("A2NODRKZP88ZB9", "SE", "Amazon.se", "EU", "SEK", "Europe/Stockholm", "sellercentral.amazon.se"),
    ("A1C3SOZRARQ6R3", "PL", "Amazon.pl", "EU", "PLN", "Europe/Warsaw", "sellercentral.amazon.pl"),
    ("AMEN7PMS3EDWL", "BE", "Amazon.com.be", "EU", "EUR", "Europe/Brussels", "sellercentral.amazon.com.be"),
    ("A28R8C7NBKEWEA", "IE", "Amazon.ie", "EU", "EUR", "Europe/Dublin", "sellercentral.amazon.ie"),
    ("A33AVAJ2PDY3EV", "TR", "Amazon.com.tr", "EU", "TRY", "Europe/Istanbul", "sellercentral.amazon.com.tr"),
    ("A17E79C6D8DWNP", "SA", "Amazon.sa", "EU", "SAR", "Asia/Riyadh", "sellercentral.amazon.sa"),
    ("A2VIGQ35RCS4UG", "AE", "Amazon.ae", "EU", "AED", "Asia/Dubai", "sellercentral.amazon.ae"),
    ("ARBP9OOSHTCHU", "EG", "Amazon.eg", "EU", "EGP", "Africa/Cairo", "sellercentral.amazon.eg"),
    ("A21TJRUUN4KGV", "IN", "Amazon.in", "EU", "INR", "Asia/Kolkata", "sellercentral.amazon.in"),
    ("AE08WJ6YKNBMC", "ZA", "Amazon.co.za", "EU", "ZAR", "Africa/Johannesburg", "sellercentral.amazon.co.za"),
    ("A1VC38T7YXB528", "JP", "Amazon.co.jp", "FE", "JPY", "Asia/Tokyo", "sellercentral.amazon.co.jp"),
    ("A39IBJ37TRP1C6", "AU", "Amazon.com.au", "FE", "AUD", "Australia/Sydney", "sellercentral.amazon.com.au"),
    ("A19VAU5U5O7RUS", "SG", "Amazon.sg", "FE", "SGD", "Asia/Singapore", "sellercentral.amazon.sg"),
)  # fmt: skip

MARKETPLACES: tuple[Marketplace, ...] = tuple(Marketplace(*row) for row in _ROWS)
"""All marketplaces, the largest of each region first."""

_BY_ID = {each.marketplace_id: each for each in MARKETPLACES}


def marketplace(marketplace_id: str) -> Marketplace:
    """Return a marketplace by Amazon's id.

    Raises:
        InvalidInput: there is no such marketplace.
    """
    found = _BY_ID.get(marketplace_id)
    if found is None:
        raise InvalidInput(
            "There is no such marketplace.", code="unknown_marketplace", action="Choose one of the list."
        )
    return found


def find_marketplace(marketplace_id: str) -> Marketplace | None:
    """Return a marketplace by Amazon's id, None for one that Amazon added after this table was written."""
    return _BY_ID.get(marketplace_id)


def marketplaces_of(region: Region) -> tuple[Marketplace, ...]:
    """Return the marketplaces of a region."""
    return tuple(each for each in MARKETPLACES if each.region == region)
