"""The front door of the simulated API: faults, token, quota, operation, in the order in which Amazon checks them."""

from typing import Any
from uuid import uuid4

from infra.simulator import faults as trouble
from infra.simulator.answers import Answer, ApiError, Request, json_answer, not_found, quota_exceeded, unauthorized
from infra.simulator.application import Application
from infra.simulator.faults import Faults
from infra.simulator.feeds import Feeds
from infra.simulator.lwa import ACCESS_TOKEN_LIVES_SECONDS, LoginWithAmazon
from infra.simulator.notifications import Notifications
from infra.simulator.quotas import Quotas
from infra.simulator.reports.engine import Reports
from infra.simulator.sp_api import operations, sellers
from infra.simulator.sp_api.applications import ApplicationsApi
from infra.simulator.sp_api.catalog import CatalogApi
from infra.simulator.sp_api.definitions import DefinitionsApi
from infra.simulator.sp_api.feeds import FeedsApi
from infra.simulator.sp_api.fees import FeesApi
from infra.simulator.sp_api.finances import FinancesApi
from infra.simulator.sp_api.inbound import InboundApi
from infra.simulator.sp_api.inventory import InventoryApi
from infra.simulator.sp_api.listings import ListingsApi
from infra.simulator.sp_api.messaging import MessagingApi
from infra.simulator.sp_api.notifications import NotificationsApi
from infra.simulator.sp_api.operations import Operation
from infra.simulator.sp_api.orders import OrdersApi
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sp_api.reports import OPERATION_NAMES as REPORT_OPERATIONS
from infra.simulator.sp_api.reports import ReportsApi
from infra.simulator.sp_api.solicitations import SolicitationsApi
from infra.simulator.world import Seller, UnknownThingError, World

# Where Amazon sends the usage plan's rate; it leaves the header out of 429, 413, 415 and 5xx.
_STATUSES_WITH_RATE = frozenset({200, 201, 202, 204, 400, 404})
_NO_CONTENT = 204
_SLOW_SECONDS = 3.0
GRANTLESS = "grantless"
_REVOKED = "The access token you provided is revoked, malformed or invalid."


class Gateway:
    """Answers the requests of one region's endpoint after another."""

    def __init__(  # noqa: PLR0913, PLR0917  the front door knows everyone in the house
        self,
        world: World,
        application: Application,
        lwa: LoginWithAmazon,
        quotas: Quotas,
        faults: Faults,
        notifications: Notifications,
        tokens: PageTokens,
        reports: Reports,
        feeds: Feeds,
    ) -> None:
        self._world = world
        self._application = application
        self._lwa = lwa
        self._quotas = quotas
        self._faults = faults
        self._orders = OrdersApi(world, application, tokens)
        self._inventory = InventoryApi(world, tokens)
        self._reports = ReportsApi(world, reports, tokens)
        self._notifications = NotificationsApi(world, application, notifications, tokens)
        self.applications = ApplicationsApi(world, application, notifications)
        self.solicitations = SolicitationsApi(world)
        self.messaging = MessagingApi(world)
        self.definitions = DefinitionsApi(world, tokens)
        self._offers = {
            **ListingsApi(world, tokens).offers(),
            **CatalogApi(world, tokens).offers(),
            **self.definitions.offers(),
            **FinancesApi(world, tokens).offers(),
            **FeesApi(world).offers(),
            **InboundApi(world, tokens).offers(),
            **FeedsApi(world, feeds, tokens).offers(),
            **self.solicitations.offers(),
            **self.messaging.offers(),
        }

    def handle(self, region: str, request: Request) -> Answer:
        """Answer one request to a region's endpoint."""
        with self._world.lock:
            self._world.step()
            answer = self._handle(region, request)
        return Answer(
            answer.status,
            answer.body,
            answer.content_type,
            {"x-amzn-RequestId": str(uuid4()), **answer.headers},
            answer.delay_seconds,
            answer.hang,
        )

    def _handle(self, region: str, request: Request) -> Answer:
        found = operations.find(request.method, request.path)
        if found is None:
            return not_found(f"{request.method} {request.path} is not an operation of this API.").answer()
        operation, parameters = found
        account = GRANTLESS
        try:
            seller = self._authenticate(region, operation, request)
            account = GRANTLESS if seller is None else seller.selling_partner_id
            if seller is not None and self._faults.withdraws_consent(self._world.now_ms, account):
                self._lwa.revoke(seller, at_once=True)
                raise unauthorized(_REVOKED)
            fault = self._faults.strike_api(self._world.now_ms, account, operation.name)
            if fault is not None and (answer := trouble.answer_of(fault)) is not None:
                self._quotas.count(operation.name, account, answer.status)
                return answer
            rate = self._take(operation, seller, account)
            answer = self._answer(operation, parameters, region, seller, request, rate)
            if fault is not None:
                delay = fault.delay_seconds or _SLOW_SECONDS
                answer = Answer(answer.status, answer.body, answer.content_type, answer.headers, delay)
        except ApiError as error:
            answer = error.answer()
        self._quotas.count(operation.name, account, answer.status)
        return answer

    def _authenticate(self, region: str, operation: Operation, request: Request) -> Seller | None:
        text = request.headers.get("x-amz-access-token")
        if not text:
            raise unauthorized("Access token is missing in the request header.")
        token = self._lwa.read(text)
        if token is None or token.application_id != self._application.application_id:
            raise unauthorized(_REVOKED)
        if self._world.clock.now_ms() >= token.expires_ms:
            raise unauthorized("The access token you provided has expired.")
        if operation.scope is not None:
            if token.scope is None or operation.scope not in token.scope.split():
                raise unauthorized("The operation is grantless: the access token lacks its scope.")
            return None
        if token.seller is None:
            raise unauthorized("The operation needs the authorization of a selling partner.")
        try:
            seller = self._world.seller(token.seller)
        except UnknownThingError:
            raise unauthorized(_REVOKED) from None
        if token.expires_ms - ACCESS_TOKEN_LIVES_SECONDS * 1000 < seller.tokens_ended_ms:
            raise unauthorized(_REVOKED)
        if seller.region != region:
            raise unauthorized("The access token you provided is not valid in this region.")
        return seller

    def _take(self, operation: Operation, seller: Seller | None, account: str) -> float:
        factor = 1.0
        if seller is not None:
            factor = seller.rate_multipliers.get(operation.name, seller.rate_multipliers.get("*", seller.plan))
        rate, burst = operation.rate * factor, max(1.0, operation.burst * max(1.0, factor) ** 0.5)
        now, application = self._world.now_ms, self._application.application_id
        allowed = self._quotas.take(operation.name, application, account, rate, round(burst), now)
        whole = self._quotas.application_plans.get(operation.name) or operation.application_plan
        if allowed and whole is not None:
            allowed = self._quotas.take(operation.name, application, "*", *whole, now)
        if not allowed:
            raise quota_exceeded()
        return rate

    def _answer(  # noqa: PLR0913, PLR0917  an operation may need all of these
        self,
        operation: Operation,
        parameters: dict[str, str],
        region: str,
        seller: Seller | None,
        request: Request,
        rate: float,
    ) -> Answer:
        try:
            status, document = self._operate(operation, parameters, region, seller, request)
            answer = Answer(status) if status == _NO_CONTENT else json_answer(status, document)
        except ApiError as error:
            answer = error.answer()
        headers = {"x-amzn-RateLimit-Limit": f"{rate:.10g}"} if answer.status in _STATUSES_WITH_RATE else {}
        return Answer(answer.status, answer.body, answer.content_type, headers)

    def _operate(  # noqa: C901, PLR0911  one answer per operation
        self, operation: Operation, parameters: dict[str, str], region: str, seller: Seller | None, request: Request
    ) -> tuple[int, Any]:
        if seller is None:
            return self._operate_grantless(operation, parameters, region, request)
        if operation.name in self._offers:
            return self._offers[operation.name](seller, request, parameters)
        if operation.name in REPORT_OPERATIONS:
            return self._reports.operate(operation.name, seller, parameters, request)
        match operation.name:
            case "getMarketplaceParticipations":
                return 200, {"payload": sellers.participations(seller)}
            case "searchOrders":
                return 200, self._orders.search_orders(seller, request)
            case "getOrder":
                return 200, self._orders.get_order(seller, request, parameters["orderId"])
            case "getInventorySummaries":
                payload, token = self._inventory.get_inventory_summaries(seller, request)
                return 200, {"payload": payload, "pagination": {"nextToken": token} if token else {}}
            case "createSubscription":
                kind = parameters["notificationType"]
                return 200, {"payload": self._notifications.create_subscription(region, seller, kind, request)}
            case "getSubscription":
                kind = parameters["notificationType"]
                return 200, {"payload": self._notifications.get_subscription(region, seller, kind, request)}
            case "getSubscriptions":
                return 200, {"payload": self._notifications.get_subscriptions(region, seller, request)}
            case name:
                raise AssertionError(f"operation {name} has no answer")

    def _operate_grantless(  # noqa: PLR0911  one answer per operation
        self, operation: Operation, parameters: dict[str, str], region: str, request: Request
    ) -> tuple[int, Any]:
        api = self._notifications
        kind = parameters.get("notificationType", "")
        match operation.name:
            case "createDestination":
                return 200, {"payload": api.create_destination(region, request)}
            case "getDestinations":
                return 200, {"payload": api.get_destinations(region)}
            case "getDestination":
                return 200, {"payload": api.get_destination(region, parameters["destinationId"])}
            case "deleteDestination":
                api.delete_destination(region, parameters["destinationId"])
                return 200, {}
            case "getSubscriptionById":
                return 200, {"payload": api.get_subscription_by_id(region, kind, parameters["subscriptionId"])}
            case "deleteSubscriptionById":
                api.delete_subscription_by_id(region, kind, parameters["subscriptionId"])
                return 200, {}
            case "sendTestNotification":
                api.send_test_notification(region, kind, request)
                return 200, {}
            case "rotateApplicationClientSecret":
                self.applications.rotate_client_secret()
                return _NO_CONTENT, None
            case name:
                raise AssertionError(f"operation {name} has no answer")
