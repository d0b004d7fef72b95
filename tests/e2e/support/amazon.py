"""A shop at the simulated Amazon, steered through the simulator's control API."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Shop:
    """A simulated seller."""

    simulator: str
    selling_partner_id: str
    marketplace_ids: tuple[str, ...]

    @classmethod
    def open(
        cls,
        simulator: str,
        profile: str,
        name: str,
        rates: Mapping[str, float],
        history: Mapping[str, int] | None = None,
    ) -> Shop:
        """Open a shop of a profile with the given usage plan and its history, or another one: so many days, orders."""
        wanted = {"profile": profile, "name": name} | ({} if history is None else {"history": dict(history)})
        made = _call("POST", f"{simulator}/control/sellers", wanted)
        partner = made["selling_partner_id"]
        _call("PUT", f"{simulator}/control/sellers/{partner}", {"rate_multipliers": dict(rates)})
        return cls(simulator, partner, tuple(each["marketplace_id"] for each in made["marketplaces"]))

    def sell(self) -> str:
        """Let somebody buy something now; the number of the order."""
        made = _call("POST", f"{self.simulator}/control/sellers/{self.selling_partner_id}/orders", {})
        return str(made["order_id"])

    def sell_own(self) -> str:
        """Let somebody buy, and pay, what the shop ships itself; the number of the order."""
        base = f"{self.simulator}/control/sellers/{self.selling_partner_id}"
        offers = httpx.get(f"{base}/listings", timeout=_TIMEOUT_SECONDS).raise_for_status().json()["listings"]
        sku = next(offer["sku"] for offer in offers if not offer["by_amazon"])
        made = _call("POST", f"{base}/orders", {"sku": sku})
        _call("POST", f"{base}/orders/{made['order_id']}/advance", {"to": "UNSHIPPED"})
        return str(made["order_id"])

    def stored_skus(self) -> list[str]:
        """Return the SKUs that Amazon stores."""
        base = f"{self.simulator}/control/sellers/{self.selling_partner_id}"
        offers = httpx.get(f"{base}/listings", timeout=_TIMEOUT_SECONDS).raise_for_status().json()["listings"]
        return [str(offer["sku"]) for offer in offers if offer["by_amazon"]]

    def earned(self, sku: str, marketplace_id: str, first: date, last: date) -> Counter[str]:
        """Return what a SKU brought on some days as Amazon has it: units, sales, and what Amazon pays for them."""
        base = f"{self.simulator}/control/sellers/{self.selling_partner_id}"
        answer = httpx.get(f"{base}/truth/earned/{sku}", timeout=_TIMEOUT_SECONDS).raise_for_status()
        found: Counter[str] = Counter()
        for day in answer.json()["days"]:
            if day["marketplace_id"] == marketplace_id and first <= date.fromisoformat(day["day"]) <= last:
                found.update({name: day[name] for name in ("units_shipped", "sales_minor", "net_minor")})
        return found

    def stand_still(self) -> None:
        """Let nobody buy any more, so that figures stay as they are."""
        _call("PUT", f"{self.simulator}/control/sellers/{self.selling_partner_id}", {"demand": 0})

    def check_in(self, sku: str, quantity: int, missing: int) -> str:
        """Let Amazon have counted in a shipment of the shop's, short of some units; its number at Amazon."""
        base = f"{self.simulator}/control/sellers/{self.selling_partner_id}"
        wanted = {"sku": sku, "quantity": quantity, "missing": missing}
        return str(_call("POST", f"{base}/shipments", wanted)["shipment_id"])

    def sold(self, sku: str, *, days_ago: int) -> str:
        """Let somebody have bought something some days ago, and Amazon have delivered it; the number of the order."""
        base = f"{self.simulator}/control/sellers/{self.selling_partner_id}"
        return str(_call("POST", f"{base}/orders", {"sku": sku, "days_ago": days_ago})["order_id"])

    def sell_and_cancel(self, sku: str) -> str:
        """Let somebody buy something now and change their mind; the number of the order."""
        base = f"{self.simulator}/control/sellers/{self.selling_partner_id}"
        order_id = str(_call("POST", f"{base}/orders", {"sku": sku})["order_id"])
        _call("POST", f"{base}/orders/{order_id}/advance", {"to": "CANCELLED"})
        return order_id

    def orders(self) -> list[dict[str, Any]]:
        """All orders as Amazon knows them."""
        address = f"{self.simulator}/control/sellers/{self.selling_partner_id}/truth/orders"
        told = httpx.get(address, timeout=_TIMEOUT_SECONDS).raise_for_status().text
        return [json.loads(line) for line in told.splitlines()]

    def accepted_requests(self) -> list[str]:
        """The orders for which Amazon accepted a review request, one entry each time."""
        return [str(each["order_id"]) for each in self._read("truth/solicitations")["solicitations"]]

    def calls(self, operation: str) -> int:
        """How often an operation was called for this seller, whatever came of it."""
        answer = httpx.get(f"{self.simulator}/control/calls", timeout=_TIMEOUT_SECONDS).raise_for_status().json()
        return int(answer.get(operation, {"by_account": {}})["by_account"].get(self.selling_partner_id, 0))

    def answer_requests_plainly(self) -> None:
        """Let Amazon offer a review request whenever its rules allow one, without its moods."""
        plain = {"empty_share": 0, "never_share": 0, "delayed_share": 0}
        _call("PUT", f"{self.simulator}/control/solicitations", plain)

    def _read(self, what: str) -> dict[str, Any]:
        address = f"{self.simulator}/control/sellers/{self.selling_partner_id}/{what}"
        found: dict[str, Any] = httpx.get(address, timeout=_TIMEOUT_SECONDS).raise_for_status().json()
        return found

    def grant_addresses(self) -> None:
        """Give the application the role for delivery addresses, besides those it has."""
        address = f"{self.simulator}/control/application"
        roles = httpx.get(address, timeout=_TIMEOUT_SECONDS).raise_for_status().json()["roles"]
        wanted = "Direct-to-Consumer Shipping (Restricted)"
        _call("PUT", address, {"roles": [*(role for role in roles if role != wanted), wanted]})

    def fail(self, kind: str, **terms: Any) -> None:
        """Let Amazon fail this seller in a way the simulator knows; ``wrong_secret`` fails everybody."""
        whose = {} if kind == "wrong_secret" else {"seller": self.selling_partner_id}
        _call("POST", f"{self.simulator}/control/faults", {"kind": kind, **whose, **terms})

    def mend(self) -> None:
        """Let Amazon work again."""
        _call("DELETE", f"{self.simulator}/control/faults", {})

    def withdraw(self) -> None:
        """Withdraw the seller's consent at Amazon; tokens of access die at once too."""
        _call("POST", f"{self.simulator}/control/sellers/{self.selling_partner_id}/revoke", {"at_once": True})


def _call(method: str, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = httpx.request(method, url, json=dict(body), timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
