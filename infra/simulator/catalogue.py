"""Invented goods with believable names and prices, the same for the same seed."""

from dataclasses import dataclass

from infra.simulator import entropy

_PLACES = (
    "Tide", "Harbour", "Beacon", "Gull", "Anchor", "Cove", "Driftwood", "Mooring", "Pebble", "Saltmarsh", "Lantern",
    "Sailcloth", "Kelp", "Pier", "Reef", "Estuary", "Longshore", "Fathom", "Lighthouse", "Rope",
)  # fmt: skip
_GOODS = (
    ("Mug", "stoneware, 350 ml", 1499), ("Lamp", "oak and linen, dimmable", 4290),
    ("Basket", "woven cotton, 30 cm", 2450),
    ("Blanket", "merino, 130 x 180 cm", 6900), ("Towel", "organic cotton, pair", 2199),
    ("Candle", "soy wax, 40 h", 1650),
    ("Tray", "ash wood, 42 cm", 2790), ("Doormat", "recycled rope, 45 x 75 cm", 3490),
    ("Bottle", "steel, 750 ml", 2295),
    ("Apron", "waxed canvas", 3150), ("Cushion", "linen, 45 x 45 cm", 2599), ("Wall Clock", "silent, 30 cm", 3999),
    ("Tote", "heavy canvas, 18 l", 1895), ("Kettle", "enamel, 1.7 l", 4550), ("Planter", "terracotta, 20 cm", 2175),
    ("Coasters", "slate, set of 6", 1375), ("Notebook", "dotted, 192 pages", 1190),
    ("Bowls", "stoneware, set of 4", 3890),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """Something to sell. ``price_cents`` is a price in US dollars; marketplaces derive their own from it."""

    sku: str
    asin: str
    fnsku: str
    title: str
    price_cents: int


def products(count: int, seed: object) -> list[Product]:
    """Return ``count`` different products (at most 360), chosen by ``seed``."""
    combinations = [(place, good) for place in _PLACES for good in _GOODS]
    if count > len(combinations):
        raise ValueError(f"the catalogue knows {len(combinations)} products, not {count}")
    entropy.generator(seed, "catalogue").shuffle(combinations)
    found = []
    for place, (noun, detail, cents) in combinations[:count]:
        name = f"{place} {noun}"
        key = name.upper().replace(" ", "-")
        step = entropy.number(seed, name, "price") % 21 - 10
        found.append(
            Product(
                sku=key,
                asin="B0" + entropy.letters(8, seed, name, "asin"),
                fnsku="X00" + entropy.letters(7, seed, name, "fnsku"),
                title=f"{name}, {detail}",
                price_cents=cents + step * 50,
            )
        )
    return found


def local_price(price_cents: int, per_dollar: float, decimals: int) -> int:
    """Return a shop-like price in a currency's minor units for a dollar price: whole, ending in 9 where that fits."""
    value = price_cents * per_dollar / 100
    if decimals == 0:
        return max(100, round(value / 10) * 10 - 1)
    minor = round(value * 10) * 10 - 1
    return max(99, minor)


def product_type(title: str) -> str:
    """Return Amazon's product type of a title that ``products`` made; HOME for any other."""
    name = title.partition(",")[0]
    return next((noun.upper().replace(" ", "_") for noun, *_ in _GOODS if name.endswith(noun)), "HOME")


def product_types() -> frozenset[str]:
    """Return every product type there is."""
    return frozenset(noun.upper().replace(" ", "_") for noun, *_ in _GOODS) | {"HOME"}
