"""Fulfillment Inbound: the reads of 2024-03-20, and of v0 what only it tells: units received, by shipment."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.simulator import entropy, people, shipments
from infra.simulator.answers import ApiError, Request, invalid_input, not_found
from infra.simulator.clock import DAY, iso
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.shipments import Plan, Restock
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sp_api.parameters import Offer, Pages, choices_of, instant_of, size_of
from infra.simulator.world import Seller, World

_PLAN_STATUSES = ("ACTIVE", "VOIDED", "SHIPPED")
_SHIPMENT_STATUSES = (
    "WORKING", "READY_TO_SHIP", "SHIPPED", "RECEIVING", "CANCELLED", "DELETED", "CLOSED", "ERROR", "IN_TRANSIT",
    "DELIVERED", "CHECKED_IN",
)  # fmt: skip
_WAREHOUSES = ("ABE8", "LEJ1", "PHX7", "TEB9", "ONT8")
_PAGE_V0 = 50


class InboundApi:
    """Answers from the world's restocks."""

    def __init__(self, world: World, tokens: PageTokens) -> None:
        self._world = world
        self._pages = Pages(tokens, DAY)

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {
            "listInboundPlans": self._list_plans,
            "getInboundPlan": self._get_plan,
            "listInboundPlanItems": self._list_plan_items,
            "getShipment": self._get_shipment,
            "listShipmentItems": self._list_items,
            "getShipments": self._get_shipments,
            "getShipmentItemsByShipmentId": self._get_items_by_shipment,
            "getShipmentItems": self._get_items,
        }

    # ------------------------------------------------------------------ 2024-03-20

    def _list_plans(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        now = self._world.now_ms
        status = request.first("status")
        if status is not None and status not in _PLAN_STATUSES:
            raise _bad_request(f"status: {status} is not one of {', '.join(_PLAN_STATUSES)}.")
        by_update = request.first("sortBy") == "LAST_UPDATED_TIME"
        found = [each for each in shipments.plans(self._world, seller) if status in {None, each.status(now)}]
        found.sort(
            key=lambda each: each.updated(now) if by_update else each.created,
            reverse=request.first("sortOrder") != "ASC",
        )
        page, pagination = self._cut(request, found, size_of(request, "pageSize", 10, 30))
        return 200, {"inboundPlans": [self._plan_summary(seller, each) for each in page], **pagination}

    def _get_plan(self, seller: Seller, _: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        plan, now = self._plan(seller, parameters), self._world.now_ms
        placement = {"placementOptionId": self._placement(seller, plan), "status": "ACCEPTED"}
        return 200, {
            **self._plan_summary(seller, plan),
            "packingOptions": [],
            "placementOptions": [placement],
            "shipments": [
                {"shipmentId": shipments.shipment_id(self._world, each), "status": each.status(now)}
                for each in plan.restocks
            ],
        }

    def _list_plan_items(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        plan = self._plan(seller, parameters)
        page, pagination = self._cut(request, plan.restocks, size_of(request, "pageSize", 10, 1000))
        return 200, {"items": [self._item(each) for each in page], **pagination}

    def _get_shipment(self, seller: Seller, _: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        plan, restock = self._shipment(seller, parameters)
        now, identifier = self._world.now_ms, shipments.confirmation_id(self._world, restock)
        found: dict[str, Any] = {
            "shipmentId": parameters["shipmentId"],
            "shipmentConfirmationId": identifier,
            "amazonReferenceId": entropy.letters(8, identifier, "reference"),
            "name": self._name(restock),
            "placementOptionId": self._placement(seller, plan),
            "status": restock.status(now),
            "source": {"sourceType": "SELLER_FACILITY", "address": _address(seller)},
            "destination": {"destinationType": "AMAZON_WAREHOUSE", "warehouseId": self._warehouse(restock)},
        }
        if restock.status(now) != "WORKING":
            tracking = {"boxId": f"{identifier}U000001", "trackingId": f"HP{restock.pk:012d}"}
            found["trackingDetails"] = {
                "spdTrackingDetail": {"spdTrackingItems": [{**tracking, "trackingNumberValidationStatus": "VALIDATED"}]}
            }
        return 200, found

    def _list_items(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        _, restock = self._shipment(seller, parameters)
        page, pagination = self._cut(request, [restock], size_of(request, "pageSize", 10, 1000))
        return 200, {"items": [self._item(each) for each in page], **pagination}

    # ------------------------------------------------------------------ v0

    def _get_shipments(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        found = self._asked(seller, request, ("SHIPMENT", "DATE_RANGE", "NEXT_TOKEN"))
        page, token = self._cut_v0(request, found)
        return 200, {"payload": {"ShipmentData": [self._shipment_v0(seller, each) for each in page], **token}}

    def _get_items(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        found = self._asked(seller, request, ("DATE_RANGE", "NEXT_TOKEN"))
        page, token = self._cut_v0(request, found)
        return 200, {"payload": {"ItemData": [self._item_v0(each) for each in page], **token}}

    def _get_items_by_shipment(self, seller: Seller, _: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        found = [
            each
            for each in shipments.restocks(self._world, seller)
            if shipments.confirmation_id(self._world, each) == parameters["shipmentId"]
        ]
        if not found:
            raise not_found(f"Shipment {parameters['shipmentId']} is not found.")
        return 200, {"payload": {"ItemData": [self._item_v0(each) for each in found]}}

    def _asked(self, seller: Seller, request: Request, kinds: Sequence[str]) -> list[Restock]:
        world, now = self._world, self._world.now_ms
        # MarketplaceId is required and then ignored: the answer holds the shipments of the whole region.
        if request.first("MarketplaceId") not in MARKETPLACES:
            raise invalid_input("MarketplaceId is required.")
        kind = request.first("QueryType")
        if kind not in kinds:
            raise invalid_input(f"QueryType must be one of {', '.join(kinds)}.")
        if kind == "NEXT_TOKEN":
            cursor = self._continued(request)
            kind, after, before, statuses, ids = cursor[1], cursor[2], cursor[3], set(cursor[4]), set(cursor[5])
        else:
            after, before = instant_of(request, "LastUpdatedAfter"), instant_of(request, "LastUpdatedBefore")
            statuses = set(choices_of(request, "ShipmentStatusList", _SHIPMENT_STATUSES))
            ids = set(request.listed("ShipmentIdList"))
        if kind == "DATE_RANGE":
            if after is None or before is None:
                raise invalid_input("LastUpdatedAfter and LastUpdatedBefore are required when QueryType is DATE_RANGE.")
            found = shipments.restocks(world, seller, open_after_ms=after)
            return [each for each in found if after <= each.updated(now) <= before]
        if not statuses and not ids:
            raise invalid_input("ShipmentStatusList or ShipmentIdList is required when QueryType is SHIPMENT.")
        return [
            each
            for each in shipments.restocks(world, seller)
            if (not statuses or each.status(now) in statuses)
            and (not ids or shipments.confirmation_id(world, each) in ids)
        ]

    def _continued(self, request: Request) -> list[Any]:
        # A v0 token carries its query: the call that uses it repeats nothing but MarketplaceId.
        bare = Request(request.method, request.path, {"NextToken": request.query.get("NextToken", ())})
        cursor = self._pages.cursor(bare, self._world.now_ms, "NextToken")
        if cursor is None:
            raise invalid_input("NextToken is required when QueryType is NEXT_TOKEN.")
        return cursor

    def _cut_v0(self, request: Request, found: Sequence[Restock]) -> tuple[Sequence[Restock], dict[str, str]]:
        if request.first("QueryType") == "NEXT_TOKEN":
            offset, *query = self._continued(request)
        else:
            offset, query = (
                0,
                [
                    request.first("QueryType"),
                    instant_of(request, "LastUpdatedAfter"),
                    instant_of(request, "LastUpdatedBefore"),
                    request.listed("ShipmentStatusList"),
                    request.listed("ShipmentIdList"),
                ],
            )
        if offset + _PAGE_V0 >= len(found):
            return found[offset:], {}
        bare = Request(request.method, request.path)
        token = self._pages.issue(bare, self._world.now_ms, "NextToken", (offset + _PAGE_V0, *query))
        return found[offset : offset + _PAGE_V0], {"NextToken": token}

    def _shipment_v0(self, seller: Seller, restock: Restock) -> dict[str, Any]:
        address = _address(seller)
        return {
            "ShipmentId": shipments.confirmation_id(self._world, restock),
            "ShipmentName": self._name(restock),
            "ShipFromAddress": {
                "Name": address["name"],
                "AddressLine1": address["addressLine1"],
                "City": address["city"],
                "StateOrProvinceCode": address["stateOrProvinceCode"],
                "CountryCode": address["countryCode"],
                "PostalCode": address["postalCode"],
            },
            "DestinationFulfillmentCenterId": self._warehouse(restock),
            "ShipmentStatus": restock.status(self._world.now_ms),
            "LabelPrepType": "SELLER_LABEL",
            "AreCasesRequired": False,
            "BoxContentsSource": "INTERACTIVE",
        }

    def _item_v0(self, restock: Restock) -> dict[str, Any]:
        listing = self._world.listings[restock.listing]
        return {
            "ShipmentId": shipments.confirmation_id(self._world, restock),
            "SellerSKU": listing.sku,
            "FulfillmentNetworkSKU": listing.fnsku,
            "QuantityShipped": restock.quantity,
            "QuantityReceived": restock.received(self._world.now_ms),
            "QuantityInCase": 0,
            "PrepDetailsList": [],
        }

    # ------------------------------------------------------------------ inner

    def _plan(self, seller: Seller, parameters: Mapping[str, str]) -> Plan:
        for each in shipments.plans(self._world, seller):
            if shipments.plan_id(self._world, seller, each) == parameters["inboundPlanId"]:
                return each
        raise not_found(f"Inbound plan {parameters['inboundPlanId']} is not found.")

    def _shipment(self, seller: Seller, parameters: Mapping[str, str]) -> tuple[Plan, Restock]:
        plan = self._plan(seller, parameters)
        for each in plan.restocks:
            if shipments.shipment_id(self._world, each) == parameters["shipmentId"]:
                return plan, each
        raise not_found(f"Shipment {parameters['shipmentId']} is not found in this inbound plan.")

    def _plan_summary(self, seller: Seller, plan: Plan) -> dict[str, Any]:
        now = self._world.now_ms
        return {
            "inboundPlanId": shipments.plan_id(self._world, seller, plan),
            "name": f"Restock {iso(plan.created)[:10]}",
            "marketplaceIds": [plan.marketplace_id],
            "sourceAddress": _address(seller),
            "status": plan.status(now),
            "createdAt": iso(plan.created),
            "lastUpdatedAt": iso(plan.updated(now)),
        }

    def _item(self, restock: Restock) -> dict[str, Any]:
        listing = self._world.listings[restock.listing]
        return {
            "msku": listing.sku,
            "asin": listing.asin,
            "fnsku": listing.fnsku,
            "quantity": restock.quantity,
            "labelOwner": "SELLER",
            "prepInstructions": [{"prepOwner": "SELLER", "prepType": "ITEM_NO_PREP"}],
        }

    def _placement(self, seller: Seller, plan: Plan) -> str:
        return "pl" + shipments.plan_id(self._world, seller, plan)[2:]

    def _name(self, restock: Restock) -> str:
        listing = self._world.listings[restock.listing]
        return f"{MARKETPLACES[restock.marketplace_id].country_code} {iso(restock.created)[:10]} {listing.sku}"

    def _warehouse(self, restock: Restock) -> str:
        country = MARKETPLACES[restock.marketplace_id].country_code
        if country != "US":
            return f"X{country}{1 + entropy.number(restock.pk, 'warehouse') % 4}"
        return _WAREHOUSES[entropy.number(restock.pk, "warehouse") % len(_WAREHOUSES)]

    def _cut[Thing](
        self, request: Request, found: Sequence[Thing], size: int
    ) -> tuple[Sequence[Thing], dict[str, Any]]:
        now = self._world.now_ms
        cursor = self._pages.cursor(request, now, "paginationToken")
        offset = 0 if cursor is None else int(cursor[0])
        if offset + size >= len(found):
            return found[offset:], {}
        token = self._pages.issue(request, now, "paginationToken", (offset + size,))
        return found[offset : offset + size], {"pagination": {"nextToken": token}}


def _address(seller: Seller) -> dict[str, str]:
    country = MARKETPLACES[seller.marketplaces[0]].country_code
    at = people.buyer(seller.seed, 0, country)
    return {
        "name": seller.name,
        "companyName": seller.name,
        "addressLine1": at.street,
        "city": at.city,
        "stateOrProvinceCode": at.state,
        "postalCode": at.postal_code,
        "countryCode": country,
        "phoneNumber": at.phone,
    }


def _bad_request(details: str) -> ApiError:
    return ApiError(400, "BadRequest", "Request has missing or invalid parameters and cannot be parsed.", details)
