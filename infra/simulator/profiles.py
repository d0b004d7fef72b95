"""Kinds of seller the simulator can create: how much they sell, where, and with what history and usage plan."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from infra.simulator.marketplaces import BY_COUNTRY

MAXIMUM_HISTORY_DAYS = 730


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of seller.

    ``history_orders`` asks for exactly that many orders; None lets demand decide. ``history_in_bulk`` writes a long
    past in a few seconds (``bulk_history``).
    """

    key: str
    title: str
    names: tuple[str, ...]
    region: str
    shares: MappingProxyType[str, float]
    products: int
    orders_per_day: float
    history_days: int
    history_orders: int | None = None
    history_in_bulk: bool = False
    merchant_fulfilled_share: float = 0.15
    rate_multipliers: MappingProxyType[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def marketplaces(self) -> tuple[str, ...]:
        """Marketplace ids, the largest first."""
        return tuple(BY_COUNTRY[country].marketplace_id for country in self.shares)

    def with_history(self, days: int | None, orders: int | None) -> Self:
        """Return the profile with another past, written in bulk; None keeps what the profile says.

        Raises:
            ValueError: fewer than one day, more than Amazon keeps, or orders of a shop that nobody buys from.
        """
        if days is None and orders is None:
            return self
        if days is not None and not 1 <= days <= MAXIMUM_HISTORY_DAYS:
            raise ValueError(f"history days must be from 1 to {MAXIMUM_HISTORY_DAYS}")
        if orders is not None and (orders < 1 or not self.orders_per_day):
            raise ValueError("history orders must be 1 or more, of a profile with demand")
        return replace(self, history_days=days or self.history_days, history_orders=orders, history_in_bulk=True)


PROFILES: dict[str, Profile] = {
    each.key: each
    for each in (
        Profile(
            key="small-us", title="Small shop in the United States",
            names=("Harbor & Pine", "Saltbox Supply", "Little Pier"),
            region="na", shares=MappingProxyType({"US": 1.0}), products=12, orders_per_day=15, history_days=90,
        ),
        Profile(
            key="europe", title="European shop in five countries",
            names=("Nordlicht Handel", "Maison Estuaire", "Porto Vivo"),
            region="eu", shares=MappingProxyType({"DE": 0.4, "FR": 0.2, "IT": 0.18, "ES": 0.14, "NL": 0.08}),
            products=30, orders_per_day=40, history_days=120,
        ),
        Profile(
            key="large-us", title="Large shop in the United States", names=("Longshore Trading", "Meridian Goods"),
            region="na", shares=MappingProxyType({"US": 1.0}), products=180, orders_per_day=137, history_days=365,
            history_orders=50_000, merchant_fulfilled_share=0.08,
            # A large seller's usage plan: Amazon raises rates with business size (reference: usage plans).
            rate_multipliers=MappingProxyType({"searchOrders": 30.0, "getOrder": 4.0, "getInventorySummaries": 2.0}),
        ),
        Profile(
            key="large-north-america", title="Large shop in the United States and Canada",
            names=("Two Shores Trading", "Borderline Goods"), region="na",
            shares=MappingProxyType({"US": 0.85, "CA": 0.15}),
            products=180, orders_per_day=137, history_days=365, history_orders=50_000, merchant_fulfilled_share=0.08,
            rate_multipliers=MappingProxyType({"searchOrders": 30.0, "getOrder": 4.0, "getInventorySummaries": 2.0}),
        ),
        Profile(
            key="two-years-us", title="Shop in the United States with 100,000 orders in two years",
            names=("Breakwater Goods", "Old Harbor Mercantile"), region="na", shares=MappingProxyType({"US": 1.0}),
            products=180, orders_per_day=137, history_days=730, history_orders=100_000, history_in_bulk=True,
            merchant_fulfilled_share=0.08,
            rate_multipliers=MappingProxyType({"searchOrders": 30.0, "getOrder": 4.0, "getInventorySummaries": 2.0}),
        ),
        Profile(
            key="busy-us", title="Shop in the United States with 10,000 orders a day", names=("Great Lakes Direct",),
            region="na", shares=MappingProxyType({"US": 1.0}), products=240, orders_per_day=10_000, history_days=2,
            history_orders=20_000, history_in_bulk=True, merchant_fulfilled_share=0.05,
            rate_multipliers=MappingProxyType({"searchOrders": 90.0, "getOrder": 10.0, "getInventorySummaries": 5.0}),
        ),
        Profile(
            key="japan", title="Small shop in Japan", names=("Minato Goods",), region="fe",
            shares=MappingProxyType({"JP": 1.0}), products=10, orders_per_day=8, history_days=60,
        ),
        Profile(
            key="quiet-us", title="A shop in the United States without history or demand", names=("Quiet Pier",),
            region="na",
            shares=MappingProxyType({"US": 1.0}), products=6, orders_per_day=0, history_days=0,
        ),
    )
}  # fmt: skip
