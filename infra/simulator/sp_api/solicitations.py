"""Solicitations API v1: which request an order may get, and the request itself, in Amazon's hypertext (HAL)."""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import asdict
from typing import Any

from infra.simulator.answers import Request, invalid_input, not_found
from infra.simulator.lifecycle import SHIPPED_STATES, State
from infra.simulator.solicitations import Mood, Solicitable, Solicitations
from infra.simulator.sp_api.parameters import Offer, marketplaces_of
from infra.simulator.windows import windows_of
from infra.simulator.world import Order, Seller, UnknownThingError, World

ACTION = "productReviewAndSellerFeedback"


class _Sent(MutableMapping[int, int]):
    """When which order was asked, in the simulator's memory."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getitem__(self, number: int) -> int:
        row = self._execute("SELECT at FROM solicitations WHERE order_pk = ?", (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        return int(row[0])

    def __setitem__(self, number: int, at: int) -> None:
        self._execute("INSERT OR REPLACE INTO solicitations VALUES (?, ?)", (number, at))

    def __delitem__(self, number: int) -> None:
        self._execute("DELETE FROM solicitations WHERE order_pk = ?", (number,))

    def __iter__(self) -> Iterator[int]:
        return (int(row[0]) for row in self._execute("SELECT order_pk FROM solicitations ORDER BY at", ()))

    def __len__(self) -> int:
        return int(self._execute("SELECT count(*) FROM solicitations", ()).fetchone()[0])

    def _execute(self, statement: str, values: tuple[int, ...]) -> Any:  # noqa: ANN401 - SQLite's cursor
        return self._world.storage.connection.execute(statement, values)


class SolicitationsApi:
    """Answers the two operations from the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.requests = Solicitations(world.seed, _Sent(world), _mood(world.storage.note("solicitations")))

    def set_mood(self, mood: Mood) -> None:
        """Answer in another mood from now on, also after a restart. Called under the world's lock."""
        self.requests.mood = mood
        self._world.storage.write_note("solicitations", asdict(mood))

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {
            "getSolicitationActionsForOrder": self._actions,
            "createProductReviewAndSellerFeedbackSolicitation": self._request,
        }

    def _actions(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[int, Any]:
        order, place = self._order(seller, request, path)
        here = f"/solicitations/v1/orders/{order.order_id}"
        query = f"?marketplaceIds={place}"
        target = f"{here}/solicitations/{ACTION}"
        offered = self.requests.offers(solicitable(order), self._world.now_ms)
        return 200, {
            "_links": {
                "self": {"href": f"{here}{query}"},
                "actions": [{"href": f"{target}{query}", "name": ACTION}] if offered else [],
            },
            "_embedded": {
                "actions": [
                    {
                        "_links": {
                            "schema": {"href": f"{target}/schema", "name": ACTION},
                            "self": {"href": f"{target}{query}", "name": ACTION},
                        },
                        "_embedded": {"schema": {"_links": {"self": {"href": f"{target}/schema"}}}},
                        "payload": {"name": ACTION},
                    }
                ]
                if offered
                else []
            },
        }

    def _request(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[int, Any]:
        order, _ = self._order(seller, request, path)
        self.requests.request(solicitable(order), self._world.now_ms)
        self._world.commit()
        return 201, {}

    def _order(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[Order, str]:
        (place,) = marketplaces_of(request, seller, maximum=1)
        try:
            order = self._world.order(seller, path["amazonOrderId"])
        except UnknownThingError:
            raise not_found(f"Order {path['amazonOrderId']} is not found.") from None
        if order.marketplace_id != place:
            raise invalid_input(f"The order was not placed in marketplace {place}.")
        return order, place


def _mood(noted: dict[str, Any] | None) -> Mood:
    """Return the mood as it was noted, or the usual one."""
    return Mood() if noted is None else Mood(**{**noted, "outages": tuple(map(tuple, noted["outages"]))})


def solicitable(order: Order) -> Solicitable:
    """Return what decides about an order of the world."""
    windows = windows_of(order)
    return Solicitable(order.pk, State(order.state) in SHIPPED_STATES, windows.deliver_earliest, windows.deliver_latest)
