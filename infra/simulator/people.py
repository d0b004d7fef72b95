"""Invented buyers: who bought an order follows from the order's number, so nobody has to be stored."""

from dataclasses import dataclass

from infra.simulator import entropy

_FIRST = (
    "Ada", "Ben", "Carla", "Dario", "Elena", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Luca", "Mara", "Nils",
    "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tilda", "Uma", "Viktor", "Wanda", "Yara", "Zeno",
)  # fmt: skip
_LAST = (
    "Alder", "Birch", "Castell", "Dorn", "Ember", "Falk", "Grove", "Holm", "Iver", "Jansen", "Keller", "Lund", "Moreau",
    "Nolan", "Ortega", "Pellegrini", "Quist", "Rossi", "Sand", "Thorne", "Ulrich", "Vance", "Winter",
    "Yilmaz", "Zeller",
)  # fmt: skip
_STREETS = ("Maple Street", "Harbour Lane", "Mill Road", "Station Avenue", "Orchard Way", "Chapel Hill", "Quay Street")
_CITIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "US": (
        ("Portland", "OR", "97209"),
        ("Austin", "TX", "78704"),
        ("Madison", "WI", "53703"),
        ("Savannah", "GA", "31401"),
    ),
    "CA": (("Halifax", "NS", "B3H 1A1"), ("Victoria", "BC", "V8W 1A1")),
    "GB": (("Bristol", "Avon", "BS1 4DJ"), ("Leeds", "West Yorkshire", "LS1 4AP")),
    "DE": (("Hamburg", "Hamburg", "20459"), ("Leipzig", "Sachsen", "04109"), ("Köln", "NRW", "50667")),
    "FR": (("Nantes", "Pays de la Loire", "44000"), ("Lyon", "Rhône", "69002")),
    "IT": (("Torino", "TO", "10121"), ("Bologna", "BO", "40121")),
    "ES": (("Valencia", "Valencia", "46001"), ("Bilbao", "Bizkaia", "48001")),
    "NL": (("Utrecht", "Utrecht", "3511 LX"), ("Groningen", "Groningen", "9712 HN")),
    "JP": (("Yokohama", "Kanagawa", "231-0023"), ("Kobe", "Hyogo", "650-0001")),
}
_ELSEWHERE = (("Central City", "Central", "10001"),)


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer and where the parcel goes."""

    name: str
    email: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str


def ships_to(seed: int, order_pk: int, country: str, marker: str = "") -> tuple[str, str, str]:
    """Return city, state or region, and postal code of an order's buyer: those of ``buyer``, found faster."""
    cities = _CITIES.get(country, _ELSEWHERE)
    city, state, code = cities[entropy.number(seed, "buyer", order_pk) // (len(_FIRST) * len(_LAST)) % len(cities)]
    return (f"{marker} City", state, f"{marker} 1") if marker else (city, state, code)


def buyer(seed: int, order_pk: int, country: str, marker: str = "") -> Buyer:
    """Return the buyer of an order; with a marker, all that is personal of the buyer holds it."""
    value = entropy.number(seed, "buyer", order_pk)

    def pick(count: int) -> int:
        nonlocal value
        value, index = divmod(value, count)
        return index

    first, last = _FIRST[pick(len(_FIRST))], _LAST[pick(len(_LAST))]
    cities = _CITIES.get(country, _ELSEWHERE)
    city, state, code = cities[pick(len(cities))]
    if marker:
        return Buyer(
            name=f"{first} {marker}",
            email=f"{marker}@marketplace.invalid",
            street=f"1 {marker} Street",
            city=f"{marker} City",
            state=state,
            postal_code=f"{marker} 1",
            country=country,
            phone=f"+00 {marker}",
        )
    return Buyer(
        name=f"{first} {last}",
        email=f"{entropy.letters(13, seed, 'mail', order_pk).lower()}@marketplace.invalid",
        street=f"{1 + pick(180)} {_STREETS[pick(len(_STREETS))]}",
        city=city,
        state=state,
        postal_code=code,
        country=country,
        phone=f"+00 555 {pick(10_000):04d}",
    )
