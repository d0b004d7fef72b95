"""Messaging API v1: which messages an order may get, its buyer's language, and the messages, in Amazon's HAL.

And of the Uploads API 2020-11-01 what messages need: where their files go.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from infra.simulator.answers import Request, invalid_input, not_found
from infra.simulator.lifecycle import State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.messaging import Messageable, Messaging, schema_of
from infra.simulator.sp_api.parameters import Offer, body_of, marketplaces_of
from infra.simulator.uploads import Uploads
from infra.simulator.world import Order, Seller, UnknownThingError, World

ACTIONS = {
    "confirmCustomizationDetails": "confirmCustomizationDetails",
    "createConfirmDeliveryDetails": "confirmDeliveryDetails",
    "createConfirmOrderDetails": "confirmOrderDetails",
    "createConfirmServiceDetails": "confirmServiceDetails",
    "createDigitalAccessKey": "digitalAccessKey",
    "createUnexpectedProblem": "unexpectedProblem",
    "CreateWarranty": "warranty",
    "createLegalDisclosure": "legalDisclosure",
    "sendInvoice": "invoice",
}
"""Amazon's operations with the name of the template each sends."""
_RESOURCE = re.compile(f"messaging/v1/orders/(?P<amazonOrderId>[^/]+)/messages/(?:{'|'.join(ACTIONS.values())})")
_LANGUAGES = {"DE": "de-DE", "FR": "fr-FR", "IT": "it-IT", "ES": "es-ES", "JP": "ja-JP", "GB": "en-GB"}


class MessagingApi:
    """Answers the operations from the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.messages = Messaging(world.seed)
        self.uploads = Uploads(world)

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {
            "getMessagingActionsForOrder": self._actions,
            "GetAttributes": self._attributes,
            "createUploadDestinationForResource": self._upload,
            **{operation: partial(self._send, action) for operation, action in ACTIONS.items()},
        }

    def _actions(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[int, Any]:
        order, place = self._order(seller, request, path)
        here, query = f"/messaging/v1/orders/{order.order_id}", f"?marketplaceIds={place}"
        offered = self.messages.offers(messageable(order), self._world.now_ms)
        return 200, {
            "_links": {
                "self": {"href": f"{here}{query}"},
                "actions": [{"href": f"{here}/messages/{name}{query}", "name": name} for name in offered],
            },
            "_embedded": {
                "actions": [
                    {
                        "_links": {
                            "schema": {"href": f"{here}/messages/{name}/schema", "name": name},
                            "self": {"href": f"{here}/messages/{name}{query}", "name": name},
                        },
                        "_embedded": {
                            "schema": {
                                "_links": {"self": {"href": f"{here}/messages/{name}/schema"}},
                                "payload": schema_of(name),
                            }
                        },
                        "payload": {"name": name},
                    }
                    for name in offered
                ]
            },
        }

    def _attributes(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[int, Any]:
        _, place = self._order(seller, request, path)
        country = MARKETPLACES[place].country_code
        return 200, {"buyer": {"locale": _LANGUAGES.get(country, "en-US")}}

    def _send(self, action: str, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[int, Any]:
        order, _ = self._order(seller, request, path)
        resource = request.path.removeprefix("/")
        content_of = partial(self.uploads.content, seller, resource)
        self.messages.send(messageable(order), action, body_of(request), self._world.now_ms, content_of)
        return 201, {}

    def _upload(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[int, Any]:
        resource = path["resource"].removeprefix("/")
        found = _RESOURCE.fullmatch(resource)
        if found is None:
            raise invalid_input(f"resource: {resource} takes no uploads here.")
        self._order(seller, request, found.groupdict())
        content_md5 = (request.query.get("contentMD5") or ("",))[0]
        if not content_md5:
            raise invalid_input("contentMD5 is required.")
        destination_id, address, headers = self.uploads.create(seller, resource, content_md5)
        url = f"http://{request.headers.get('host', 'localhost')}{address}"
        return 201, {"payload": {"uploadDestinationId": destination_id, "url": url, "headers": headers}}

    def _order(self, seller: Seller, request: Request, path: Mapping[str, str]) -> tuple[Order, str]:
        (place,) = marketplaces_of(request, seller, maximum=1)
        try:
            order = self._world.order(seller, path["amazonOrderId"])
        except UnknownThingError:
            raise not_found(f"Order {path['amazonOrderId']} is not found.") from None
        if order.marketplace_id != place:
            raise invalid_input(f"The order was not placed in marketplace {place}.")
        return order, place


def messageable(order: Order) -> Messageable:
    """Return what decides about an order of the world."""
    return Messageable(order.pk, State(order.state), bool(order.by_amazon))
