"""Amazon's marketplaces as the simulator knows them: id, region, currency, time zone and Seller Central host."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One Amazon marketplace. ``tax_rate`` is the share charged on top of the price, 0 where prices include tax."""

    marketplace_id: str
    country_code: str
    name: str
    domain: str
    currency: str
    language: str
    region: str
    time_zone: str
    host: str
    tax_rate: float
    prices_per_dollar: float

    @property
    def zone(self) -> ZoneInfo:
        """The marketplace's own time zone: its days begin and end there."""
        return ZoneInfo(self.time_zone)


_EUROPE = "sellercentral-europe.amazon.com"
_ROWS = (
    ("ATVPDKIKX0DER", "US", "Amazon.com", "USD", "en_US", "na", "America/Los_Angeles",
     "sellercentral.amazon.com", 0.0825, 1.0),
    ("A2EUQ1WTGCTBG2", "CA", "Amazon.ca", "CAD", "en_CA", "na", "America/Los_Angeles",
     "sellercentral.amazon.ca", 0.13, 1.36),
    ("A1AM78C64UM0Y8", "MX", "Amazon.com.mx", "MXN", "es_MX", "na", "America/Mexico_City",
     "sellercentral.amazon.com.mx", 0.0, 18.5),
    ("A2Q3Y263D00KWC", "BR", "Amazon.com.br", "BRL", "pt_BR", "na", "America/Sao_Paulo",
     "sellercentral.amazon.com.br", 0.0, 5.4),
    ("A1F83G8C2ARO7P", "GB", "Amazon.co.uk", "GBP", "en_GB", "eu", "Europe/London",
     _EUROPE, 0.0, 0.82),
    ("A1PA6795UKMFR9", "DE", "Amazon.de", "EUR", "de_DE", "eu", "Europe/Berlin",
     _EUROPE, 0.0, 0.95),
    ("A13V1IB3VIYZZH", "FR", "Amazon.fr", "EUR", "fr_FR", "eu", "Europe/Paris",
     _EUROPE, 0.0, 0.97),
    ("APJ6JRA9NG5V4", "IT", "Amazon.it", "EUR", "it_IT", "eu", "Europe/Rome",
     _EUROPE, 0.0, 0.96),
    ("A1RKKUPIHCS9HS", "ES", "Amazon.es", "EUR", "es_ES", "eu", "Europe/Madrid",
     _EUROPE, 0.0, 0.94),
    ("A1805IZSGTT6HS", "NL", "Amazon.nl", "EUR", "nl_NL", "eu", "Europe/Amsterdam",
     "sellercentral.amazon.nl", 0.0, 0.99),
    ("A2NODRKZP88ZB9", "SE", "Amazon.se", "SEK", "sv_SE", "eu", "Europe/Stockholm",
     "sellercentral.amazon.se", 0.0, 10.9),
    ("A1C3SOZRARQ6R3", "PL", "Amazon.pl", "PLN", "pl_PL", "eu", "Europe/Warsaw",
     "sellercentral.amazon.pl", 0.0, 4.1),
    ("AMEN7PMS3EDWL", "BE", "Amazon.com.be", "EUR", "fr_BE", "eu", "Europe/Brussels",
     "sellercentral.amazon.com.be", 0.0, 0.98),
    ("A28R8C7NBKEWEA", "IE", "Amazon.ie", "EUR", "en_IE", "eu", "Europe/Dublin",
     "sellercentral.amazon.ie", 0.0, 0.98),
    ("A33AVAJ2PDY3EV", "TR", "Amazon.com.tr", "TRY", "tr_TR", "eu", "Europe/Istanbul",
     "sellercentral.amazon.com.tr", 0.0, 41.0),
    ("A17E79C6D8DWNP", "SA", "Amazon.sa", "SAR", "ar_AE", "eu", "Asia/Riyadh",
     "sellercentral.amazon.sa", 0.0, 3.75),
    ("A2VIGQ35RCS4UG", "AE", "Amazon.ae", "AED", "ar_AE", "eu", "Asia/Dubai",
     "sellercentral.amazon.ae", 0.0, 3.67),
    ("ARBP9OOSHTCHU", "EG", "Amazon.eg", "EGP", "ar_AE", "eu", "Africa/Cairo",
     "sellercentral.amazon.eg", 0.0, 49.0),
    ("A21TJRUUN4KGV", "IN", "Amazon.in", "INR", "en_IN", "eu", "Asia/Kolkata",
     "sellercentral.amazon.in", 0.0, 86.0),
    ("AE08WJ6YKNBMC", "ZA", "Amazon.co.za", "ZAR", "en_ZA", "eu", "Africa/Johannesburg",
     "sellercentral.amazon.co.za", 0.0, 18.0),
    ("A1VC38T7YXB528", "JP", "Amazon.co.jp", "JPY", "ja_JP", "fe", "Asia/Tokyo",
     "sellercentral.amazon.co.jp", 0.0, 150.0),
    ("A39IBJ37TRP1C6", "AU", "Amazon.com.au", "AUD", "en_AU", "fe", "Australia/Sydney",
     "sellercentral.amazon.com.au", 0.0, 1.52),
    ("A19VAU5U5O7RUS", "SG", "Amazon.sg", "SGD", "en_SG", "fe", "Asia/Singapore",
     "sellercentral.amazon.sg", 0.0, 1.34),
)  # fmt: skip

MARKETPLACES: dict[str, Marketplace] = {
    row[0]: Marketplace(
        marketplace_id=row[0], country_code=row[1], name=row[2], domain=f"www.{row[2].lower()}", currency=row[3],
        language=row[4], region=row[5], time_zone=row[6], host=row[7], tax_rate=row[8], prices_per_dollar=row[9],
    )
    for row in _ROWS
}  # fmt: skip
BY_COUNTRY: dict[str, Marketplace] = {each.country_code: each for each in MARKETPLACES.values()}
REGIONS = ("na", "eu", "fe")


def marketplaces_of_host(host: str) -> tuple[Marketplace, ...]:
    """Return the marketplaces that sign in at a Seller Central host; empty for an unknown host."""
    return tuple(each for each in MARKETPLACES.values() if each.host == host)
