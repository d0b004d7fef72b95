"""Notifications API v1: destinations and subscriptions, per region and application."""

import json
from typing import Any
from uuid import uuid4

from infra.simulator import filters
from infra.simulator.answers import ApiError, Request, invalid_input, not_found
from infra.simulator.application import Application
from infra.simulator.filters import FilterError
from infra.simulator.notifications import Notifications
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError
from infra.simulator.world import Seller, World

# Types with their payload version, by the way that Amazon sends them. README.md says which are ever sent.
SQS_TYPES = {
    "ORDER_CHANGE": "1.0",
    "FBA_INVENTORY_AVAILABILITY_CHANGES": "1.0",
    "REPORT_PROCESSING_FINISHED": "2020-09-04",
    "ACCOUNT_STATUS_CHANGED": "2021-01-01",
    "ANY_OFFER_CHANGED": "1.0",
    "B2B_ANY_OFFER_CHANGED": "1.0",
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": "2023-11-15",
    "DETAIL_PAGE_TRAFFIC_EVENT": "2020-09-04",
    "FBA_OUTBOUND_SHIPMENT_STATUS": "1.0",
    "FEE_PROMOTION": "1.0",
    "FEED_PROCESSING_FINISHED": "2020-09-04",
    "FULFILLMENT_ORDER_STATUS": "1.0",
    "ITEM_INVENTORY_EVENT_CHANGE": "2020-09-04",
    "ITEM_SALES_EVENT_CHANGE": "2020-09-04",
    "PRICING_HEALTH": "1.0",
    "TRANSACTION_UPDATE": "1.0",
}
EVENT_BRIDGE_TYPES = {
    "BRANDED_ITEM_CONTENT_CHANGE": "1.0",
    "ITEM_PRODUCT_TYPE_CHANGE": "1.0",
    "LISTINGS_ITEM_ISSUES_CHANGE": "2023-12-13",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": "1.0",
    "LISTINGS_ITEM_STATUS_CHANGE": "1.0",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": "1.0",
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": "2026-01-30",
}
_TYPES = SQS_TYPES | EVENT_BRIDGE_TYPES
_PAGE_LIMITS = (30, 100)
_TOKEN_LIVES_MS = 24 * 3600 * 1000


class NotificationsApi:
    """Destinations and subscriptions of the application in each region."""

    def __init__(
        self, world: World, application: Application, notifications: Notifications, tokens: PageTokens
    ) -> None:
        self._world = world
        self._connection = world.storage.connection
        self._application = application
        self._notifications = notifications
        self._tokens = tokens

    # ------------------------------------------------------------------ grantless

    def create_destination(self, region: str, request: Request) -> dict[str, Any]:
        """Create a destination. 409 when the queue has one already in this region."""
        body = _body(request)
        name, wanted = body.get("name"), body.get("resourceSpecification")
        if not isinstance(name, str) or not name:
            raise invalid_input("name is required.")
        if not isinstance(wanted, dict) or len(set(wanted) & {"sqs", "eventBridge"}) != 1:
            raise invalid_input("resourceSpecification must hold exactly one of sqs and eventBridge.")
        destination_id = str(uuid4())
        if wanted.get("sqs"):
            resource, known_as = self._sqs(wanted["sqs"])
        else:
            resource, known_as = self._event_bridge(wanted["eventBridge"])
        for each in self._destinations(region):
            if known_as in json.dumps(each["resource"]):
                raise ApiError(
                    409,
                    "Conflict",
                    "The requested resource conflict with a resource in the server.",
                    f"A destination with {'arn' if 'sqs' in resource else 'name'} {known_as} already exists "
                    f"for the application {self._application.application_id}",
                )
        document = {"name": name, "destinationId": destination_id, "resource": resource}
        self._connection.execute(
            "INSERT INTO destinations (destination_id, region, application_id, document) VALUES (?, ?, ?, ?)",
            (destination_id, region, self._application.application_id, json.dumps(document)),
        )
        self._changed()
        return document

    def get_destinations(self, region: str) -> list[dict[str, Any]]:
        """Return the application's destinations in a region."""
        return self._destinations(region)

    def get_destination(self, region: str, destination_id: str) -> dict[str, Any]:
        """Return a destination. 404 when there is none such here."""
        for each in self._destinations(region):
            if each["destinationId"] == destination_id:
                return each
        raise not_found(f"No destination with id {destination_id}")

    def delete_destination(self, region: str, destination_id: str) -> None:
        """Delete a destination. Refused while subscriptions use it."""
        self.get_destination(region, destination_id)
        used = self._connection.execute(
            "SELECT 1 FROM subscriptions WHERE destination_id = ? LIMIT 1", (destination_id,)
        ).fetchone()
        if used:
            raise ApiError(403, "Unauthorized", "The requested action is forbidden.", "Destination has subscriptions")
        self._connection.execute("DELETE FROM destinations WHERE destination_id = ?", (destination_id,))
        self._changed()

    # ------------------------------------------------------------------ subscriptions

    def create_subscription(self, region: str, seller: Seller, kind: str, request: Request) -> dict[str, Any]:
        """Subscribe a seller to a type. 409 when it is subscribed already."""
        body = _body(request)
        version = _known_type(kind)
        if body.get("payloadVersion") != version:
            raise invalid_input(
                f"payloadVersion {body.get('payloadVersion')} is not supported for {kind}: use {version}."
            )
        destination_id = body.get("destinationId")
        found = [each for each in self._destinations(region) if each["destinationId"] == destination_id]
        if not found:
            raise invalid_input(
                f"No destination with id {destination_id} for applicationId {self._application.application_id}"
            )
        wants_bridge = kind in EVENT_BRIDGE_TYPES
        if wants_bridge != ("eventBridge" in found[0]["resource"]):
            raise invalid_input(
                f"{kind} is delivered through {'Amazon EventBridge' if wants_bridge else 'Amazon SQS'} only."
            )
        directive = _directive(kind, body.get("processingDirective"))
        if self._subscriptions(region, seller, kind):
            raise ApiError(
                409,
                "StateConflict",
                "The resource specified conflicts with the current state.",
                f"Subscription already exist for notification type {kind}",
            )
        document = {"subscriptionId": str(uuid4()), "payloadVersion": version, "destinationId": destination_id}
        if directive is not None:
            document["processingDirective"] = directive
        self._connection.execute(
            "INSERT INTO subscriptions (subscription_id, region, application_id, selling_partner_id, "
            "notification_type, destination_id, document) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                document["subscriptionId"],
                region,
                self._application.application_id,
                seller.selling_partner_id,
                kind,
                destination_id,
                json.dumps(document),
            ),
        )
        self._changed()
        return document

    def get_subscription(self, region: str, seller: Seller, kind: str, request: Request) -> dict[str, Any]:
        """Return a seller's subscription to a type. 404 when it has none."""
        _known_type(kind)
        version = request.first("payloadVersion")
        for each in self._subscriptions(region, seller, kind):
            if version in {None, each["payloadVersion"]}:
                return each
        raise not_found(f"No subscription for notification type {kind}")

    def get_subscriptions(self, region: str, seller: Seller, request: Request) -> dict[str, Any]:
        """Return a page of a seller's subscriptions to one type."""
        kinds = request.listed("notificationTypes")
        if len(kinds) != 1:
            raise invalid_input("notificationTypes must name exactly one type.")
        _known_type(kinds[0])
        text = request.first("pageSize") or str(_PAGE_LIMITS[0])
        if not text.isdecimal() or not _PAGE_LIMITS[0] <= int(text) <= _PAGE_LIMITS[1]:
            raise invalid_input(f"pageSize must be between {_PAGE_LIMITS[0]} and {_PAGE_LIMITS[1]}.")
        query = {name: values for name, values in request.query.items() if name != "nextToken"}
        offset, token = 0, request.first("nextToken")
        if token is not None:
            try:
                offset = int(str(self._tokens.read(token, query, self._world.now_ms, _TOKEN_LIVES_MS)[0]))
            except TokenRefusedError as refusal:
                raise invalid_input(f"The nextToken is invalid: {refusal}.") from None
        version = request.first("payloadVersion")
        found = [
            each for each in self._subscriptions(region, seller, kinds[0]) if version in {None, each["payloadVersion"]}
        ]
        page: dict[str, Any] = {"subscriptions": found[offset : offset + int(text)]}
        if offset + int(text) < len(found):
            page["nextToken"] = self._tokens.issue(query, self._world.now_ms, (offset + int(text),))
        return page

    def get_subscription_by_id(self, region: str, kind: str, subscription_id: str) -> dict[str, Any]:
        """Return any of the application's subscriptions by id."""
        row = self._connection.execute(
            "SELECT document FROM subscriptions WHERE subscription_id = ? AND region = ? AND notification_type = ?",
            (subscription_id, region, kind),
        ).fetchone()
        if row is None:
            raise not_found(f"No subscription with id {subscription_id} for notification type {kind}")
        return dict(json.loads(row[0]))

    def delete_subscription_by_id(self, region: str, kind: str, subscription_id: str) -> None:
        """Delete any of the application's subscriptions by id."""
        self.get_subscription_by_id(region, kind, subscription_id)
        self._connection.execute("DELETE FROM subscriptions WHERE subscription_id = ?", (subscription_id,))
        self._changed()

    def send_test_notification(self, region: str, kind: str, request: Request) -> None:
        """Send a mock notification of a type to a destination (Amazon offers this in its sandbox only)."""
        body = _body(request)
        version = _known_type(kind)
        wanted = body.get("testNotification")
        if not isinstance(wanted, dict) or not wanted.get("testScenario"):
            raise invalid_input("testNotification.testScenario is required.")
        if wanted.get("payloadVersion") != version:
            raise invalid_input(f"testNotification.payloadVersion must be {version}.")
        destination = self.get_destination(region, str(body.get("destinationId")))
        if "sqs" not in destination["resource"]:
            raise invalid_input("A test notification needs a destination of kind sqs.")
        if kind not in {"ORDER_CHANGE", "FBA_INVENTORY_AVAILABILITY_CHANGES", "REPORT_PROCESSING_FINISHED"}:
            raise invalid_input(f"There is no test scenario {wanted['testScenario']} for {kind}.")
        self._notifications.send_mock(kind, region, destination["resource"]["sqs"]["arn"])
        self._world.commit()

    # ------------------------------------------------------------------ inner

    def _changed(self) -> None:
        self._notifications.reload()
        self._world.commit()

    def _destinations(self, region: str) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT document FROM destinations WHERE region = ? AND application_id = ? ORDER BY destination_id",
            (region, self._application.application_id),
        )
        return [json.loads(row[0]) for row in rows]

    def _subscriptions(self, region: str, seller: Seller, kind: str) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT document FROM subscriptions WHERE region = ? AND selling_partner_id = ? AND notification_type = ? "
            "ORDER BY subscription_id",
            (region, seller.selling_partner_id, kind),
        )
        return [json.loads(row[0]) for row in rows]

    def _sqs(self, wanted: object) -> tuple[dict[str, Any], str]:
        arn = wanted.get("arn") if isinstance(wanted, dict) else None
        if not isinstance(arn, str) or not arn.startswith("arn:aws") or ":sqs:" not in arn or len(arn.split(":")) != 6:  # noqa: PLR2004
            raise invalid_input("resourceSpecification.sqs.arn must be the ARN of an Amazon SQS queue.")
        if arn.endswith(".fifo"):
            raise invalid_input("FIFO queues are not supported: use a standard queue.")
        return {"sqs": {"arn": arn}}, arn

    def _event_bridge(self, wanted: object) -> tuple[dict[str, Any], str]:
        if not isinstance(wanted, dict) or not wanted.get("accountId") or not wanted.get("region"):
            raise invalid_input("resourceSpecification.eventBridge needs accountId and region.")
        name = f"aws.partner/sellingpartnerapi.amazon.com/{wanted['accountId']}/{self._application.application_id}"
        return {"eventBridge": {"name": name, "region": wanted["region"], "accountId": wanted["accountId"]}}, name


def _known_type(kind: str) -> str:
    if kind not in _TYPES:
        raise invalid_input(f"{kind} is not a notification type.")
    return _TYPES[kind]


def _directive(kind: str, directive: object) -> dict[str, Any] | None:
    if directive is None:
        return None
    if not isinstance(directive, dict):
        raise invalid_input("processingDirective must be an object.")
    given = {name for name in ("eventFilter", "filterExpression") if directive.get(name) is not None}
    if len(given) > 1:
        raise invalid_input("eventFilter and filterExpression are mutually exclusive.")
    try:
        if "eventFilter" in given:
            filters.check_event_filter(kind, directive["eventFilter"])
        if "filterExpression" in given:
            filters.compile_expression(str(directive["filterExpression"]))
    except FilterError as error:
        raise invalid_input(f"processingDirective: {error}.") from None
    return {name: directive[name] for name in given} or None


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise invalid_input("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid_input("The body must be a JSON object.")
    return body
