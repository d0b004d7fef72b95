"""Kinds of seller the simulator can create: how much they sell, where, and with what history and usage plan."""

from dataclasses import dataclass, field
from types import MappingProxyType

from infra.simulator.marketplaces import BY_COUNTRY


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of seller. ``history_orders`` asks for exactly that many orders; None lets demand decide."""

    key: str
    title: str
    names: tuple[str, ...]
    region: str
    shares: MappingProxyType[str, float]
    products: int
    orders_per_day: float
    history_days: int
    history_orders: int | None = None
    merchant_fulfilled_share: float = 0.15
    rate_multipliers: MappingProxyType[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def marketplaces(self) -> tuple[str, ...]:
        """Marketplace ids, the largest first."""
        return tuple(BY_COUNTRY[country].marketplace_id for country in self.shares)


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
