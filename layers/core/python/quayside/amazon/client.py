"""The gateway to the Selling Partner API.

python-amazon-sp-api gives operations, paths and serialisation. Everything it gets wrong is done here
(reference/sp-api.md section 7.1): the HTTP status is checked by us, so an HTML 503, an empty 429, a ``{}`` 500, a
``{"message"}`` 403 or a redirect is an error and never an empty success; tokens come from our broker; no marketplace
parameters are added; nothing retries or sleeps; nothing is logged; versions are explicit.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from quayside.amazon.errors import (
    AccessRefused,
    AmazonUnavailable,
    RequestRejected,
    Throttled,
    UnexpectedAnswer,
)
from quayside.amazon.inventory import InventoryPage, decode_summaries
from quayside.amazon.marketplaces import Region
from quayside.amazon.operations import (
    CREATE_DESTINATION,
    CREATE_SUBSCRIPTION,
    DELETE_SUBSCRIPTION,
    GET_DESTINATIONS,
    GET_INVENTORY_SUMMARIES,
    GET_MARKETPLACE_PARTICIPATIONS,
    GET_ORDER,
    GET_SUBSCRIPTION,
    SEARCH_ORDERS,
    Operation,
)
from quayside.amazon.orders import INCLUDED_DATA, Order, OrdersPage, UnreadableOrder, decode_order, decode_search
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import QueryValue, Reply, Transport
from quayside.amazon.turns import Turns
from quayside.kernel.clock import format_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.settings import Settings

if TYPE_CHECKING:
    from quayside.amazon.errors import AmazonError

_FIRST_REDIRECT, _FIRST_REFUSAL, _FIRST_FAULT = 300, 400, 500
_UNAUTHORISED, _FORBIDDEN, _TIMEOUT, _TOO_MANY = 401, 403, 408, 429


class Caller(NamedTuple):
    """For whom a call is made."""

    tenant_id: TenantId
    connection_id: ConnectionId
    region: Region


class Participation(msgspec.Struct, frozen=True):
    """A marketplace the seller is registered in."""

    marketplace_id: str
    country_code: str
    name: str
    is_participating: bool
    store_name: str


class Destination(msgspec.Struct, frozen=True, rename="camel"):
    """Where notifications go."""

    destination_id: str
    name: str = ""
    arn: str = ""


class _Marketplace(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    country_code: str = ""
    name: str = ""


class _Participating(msgspec.Struct, frozen=True, rename="camel"):
    is_participating: bool = False


class _ParticipationEntry(msgspec.Struct, frozen=True, rename="camel"):
    marketplace: _Marketplace
    participation: _Participating
    store_name: str = ""


class _Participations(msgspec.Struct, frozen=True):
    payload: tuple[_ParticipationEntry, ...]


class _Sqs(msgspec.Struct, frozen=True):
    arn: str = ""


class _Resource(msgspec.Struct, frozen=True):
    sqs: _Sqs | None = None


class _DestinationEntry(msgspec.Struct, frozen=True, rename="camel"):
    destination_id: str
    name: str = ""
    resource: _Resource | None = None

    def read(self) -> Destination:
        return Destination(
            self.destination_id, self.name, self.resource.sqs.arn if self.resource and self.resource.sqs else ""
        )


class _DestinationAnswer(msgspec.Struct, frozen=True):
    payload: _DestinationEntry


class _DestinationsAnswer(msgspec.Struct, frozen=True):
    payload: tuple[_DestinationEntry, ...] = ()


class _SubscriptionEntry(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: str


class _SubscriptionAnswer(msgspec.Struct, frozen=True):
    payload: _SubscriptionEntry


class _Fault(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Faults(msgspec.Struct, frozen=True):
    errors: tuple[_Fault, ...] | None = None
    message: str = ""


_faults = msgspec.json.Decoder(_Faults)


def _decoded[Answer](kind: type[Answer], reply: Reply, operation: Operation) -> Answer:
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(
            str(problem), operation=operation.name, status=reply.status, request_id=_request_id(reply)
        ) from problem


def _request_id(reply: Reply) -> str:
    return reply.headers.get("x-amzn-requestid", reply.headers.get("x-amzn-request-id", ""))


def rate_limit_of(reply: Reply) -> Decimal | None:
    """Return the rate Amazon answered with, None when it gave none that makes sense."""
    text = reply.headers.get("x-amzn-ratelimit-limit", "")
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None


def check(reply: Reply, operation: Operation) -> None:
    """Raise what a reply means unless it is a success.

    Raises:
        Throttled: 429, with or without a body.
        AccessRefused: 401 or 403.
        RequestRejected: any other 4xx, or a 2xx whose body holds errors instead of an answer.
        AmazonUnavailable: 5xx, 408, a redirect, or a success that is not JSON.
    """
    status = reply.status
    faults = _faults_in(reply)
    if status < _FIRST_REDIRECT:
        if faults is None and reply.body.strip():
            raise UnexpectedAnswer(
                "the body is not JSON", operation=operation.name, status=status, request_id=_request_id(reply)
            )
        if faults is None or not faults.errors:
            return
    kind: type[AmazonError]
    if status == _TOO_MANY:
        kind = Throttled
    elif status in {_UNAUTHORISED, _FORBIDDEN}:
        kind = AccessRefused
    elif status >= _FIRST_FAULT or status == _TIMEOUT or _FIRST_REDIRECT <= status < _FIRST_REFUSAL:
        kind = AmazonUnavailable
    else:
        kind = RequestRejected
    errors = (faults.errors or ()) if faults else ()
    said = "; ".join(each.message for each in errors if each.message) or (faults.message if faults else "")
    codes = tuple(each.code for each in errors if each.code)
    raise kind(said, operation=operation.name, status=status, request_id=_request_id(reply), codes=codes)


def _faults_in(reply: Reply) -> _Faults | None:
    try:
        return _faults.decode(reply.body)
    except msgspec.ValidationError:
        return _Faults()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_Send = Callable[[str, str, Mapping[str, Any], Mapping[str, Any]], Reply]


class _Door:
    """Takes the place of the library's client below its operation classes: adds nothing, and sends by us."""

    def __init__(self, region: str, send: _Send) -> None:
        self.region = region
        self.version = None
        self.marketplace_id = None  # the library evaluates it even when the call names its own
        self._send = send

    def _request(  # noqa: PLR0913 - the library's own signature
        self,
        path: str,
        *,
        data: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: object = None,
        add_marketplace: bool = True,
        res_no_data: bool = False,
        bulk: bool = False,
        wrap_list: bool = False,
    ) -> Reply:
        del headers, add_marketplace, res_no_data, bulk, wrap_list  # what the library would do with them, we don't
        query, body = dict(params or {}), dict(data or {})
        method = query.pop("method", None) or body.pop("method", "GET")
        body.pop("method", None)
        return self._send(method, path, query, body)

    def _request_grantless_operation(
        self, path: str, *, data: Mapping[str, Any] | None = None, params: Mapping[str, Any] | None = None
    ) -> Reply:
        return self._request(path, data=data, params=params)


_classes: dict[tuple[str, str], type] = {}


def _library_class(operation: Operation) -> type:
    """Return the library's operation class on top of our door, imported when first needed."""
    made = _classes.get(operation.library)
    if made is None:
        module, name = operation.library
        made = type(f"Quayside{name}", (_Door, getattr(importlib.import_module(module), name)), {})
        _classes[operation.library] = made
    return made


def ask_library(
    operation: Operation, send: _Send, region: str, arguments: Sequence[str], named: Mapping[str, Any]
) -> Reply:
    """Let the library build the request of an operation and send it through ``send``."""
    function = getattr(_library_class(operation)(region, send), operation.function)
    reply: Reply = function(*arguments, **named)
    return reply


class AmazonClient:
    """Every call Quayside makes, typed, for one piece of work.

    A call takes its turn first (``SlotAhead`` when it is not yet), then gets its token, then goes out. All functions
    raise the errors of ``quayside.amazon.errors``, and ``NoGrant`` of the broker.
    """

    def __init__(self, settings: Settings, transport: Transport, tokens: TokenBroker, turns: Turns) -> None:
        self._endpoints: dict[Region, str] = {
            "NA": settings.sp_api_endpoint_na,
            "EU": settings.sp_api_endpoint_eu,
            "FE": settings.sp_api_endpoint_fe,
        }
        self._transport = transport
        self._tokens = tokens
        self._turns = turns

    def search_orders(  # noqa: PLR0913 - the parts of a search
        self,
        caller: Caller,
        marketplace_ids: Sequence[str],
        *,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        last_updated_after: datetime | None = None,
        pagination_token: str | None = None,
    ) -> OrdersPage:
        """Return a page of orders, 100 at most; exactly one of the two ``…_after`` is given."""
        named: dict[str, Any] = {
            "marketplaceIds": list(marketplace_ids),
            "includedData": list(INCLUDED_DATA),
            "maxResultsPerPage": 100,
        }
        for name, at in (
            ("createdAfter", created_after),
            ("createdBefore", created_before),
            ("lastUpdatedAfter", last_updated_after),
        ):
            if at is not None:
                named[name] = format_instant(at)
        if pagination_token is not None:
            named["paginationToken"] = pagination_token
        return decode_search(self._call(SEARCH_ORDERS, caller, **named).body)

    def get_order(self, caller: Caller, order_id: str) -> Order | UnreadableOrder:
        """Return one order with its lines and money."""
        return decode_order(self._call(GET_ORDER, caller, order_id, includedData=list(INCLUDED_DATA)).body)

    def inventory_summaries(
        self, caller: Caller, marketplace_id: str, *, next_token: str | None = None
    ) -> InventoryPage:
        """Return a page of FBA stock of one marketplace."""
        named: dict[str, Any] = {
            "details": "true",
            "granularityType": "Marketplace",
            "granularityId": marketplace_id,
            "marketplaceIds": marketplace_id,
        }
        if next_token is not None:
            named["nextToken"] = next_token
        return decode_summaries(self._call(GET_INVENTORY_SUMMARIES, caller, **named).body)

    def marketplace_participations(self, caller: Caller) -> tuple[Participation, ...]:
        """Return the marketplaces of the seller in the region."""
        operation = GET_MARKETPLACE_PARTICIPATIONS
        answer = _decoded(_Participations, self._call(operation, caller), operation)
        return tuple(
            Participation(
                each.marketplace.id,
                each.marketplace.country_code,
                each.marketplace.name,
                each.participation.is_participating,
                each.store_name,
            )
            for each in answer.payload
        )

    def create_destination(self, region: Region, name: str, queue_arn: str) -> str:
        """Create the application's destination in a region and return its id; 409 when there is one already."""
        operation = CREATE_DESTINATION
        reply = self._call_grantless(operation, region, name=name, arn=queue_arn)
        return _decoded(_DestinationAnswer, reply, operation).payload.destination_id

    def destinations(self, region: Region) -> tuple[Destination, ...]:
        """Return the application's destinations in a region."""
        operation = GET_DESTINATIONS
        answer = _decoded(_DestinationsAnswer, self._call_grantless(operation, region), operation)
        return tuple(each.read() for each in answer.payload)

    def create_subscription(
        self,
        caller: Caller,
        notification_type: str,
        destination_id: str,
        *,
        payload_version: str,
        directive: Mapping[str, Any] | None = None,
    ) -> str:
        """Subscribe the application to a seller's notifications and return the id; 409 when it is already."""
        operation = CREATE_SUBSCRIPTION
        named: dict[str, Any] = {"destinationId": destination_id, "payload_version": payload_version}
        if directive is not None:
            named["processingDirective"] = dict(directive)
        reply = self._call(operation, caller, notification_type, **named)
        return _decoded(_SubscriptionAnswer, reply, operation).payload.subscription_id

    def subscription(self, caller: Caller, notification_type: str) -> str:
        """Return the id of the application's subscription to a seller's notifications of a type; 404 when none."""
        operation = GET_SUBSCRIPTION
        reply = self._call(operation, caller, notification_type)
        return _decoded(_SubscriptionAnswer, reply, operation).payload.subscription_id

    def delete_subscription(self, region: Region, notification_type: str, subscription_id: str) -> None:
        """Delete a subscription; needs no seller, so it works after a disconnect too."""
        self._call_grantless(DELETE_SUBSCRIPTION, region, notification_type, subscription_id)

    def _call(self, operation: Operation, caller: Caller, *arguments: str, **named: Any) -> Reply:  # noqa: ANN401 - Amazon's parameters
        self._turns.take(operation, caller.connection_id)
        token = self._tokens.access_token(caller.tenant_id, caller.connection_id)
        reply = self._send(operation, caller.region, token.reveal(), arguments, named)
        return self._judged(operation, caller.connection_id, reply)

    def _call_grantless(self, operation: Operation, region: Region, *arguments: str, **named: Any) -> Reply:  # noqa: ANN401 - as above
        if operation.grantless_scope is None:
            raise ValueError(f"{operation.name} needs a seller.")
        self._turns.take(operation, None)
        token = self._tokens.application_token(operation.grantless_scope)
        reply = self._send(operation, region, token.reveal(), arguments, named)
        return self._judged(operation, None, reply)

    def _judged(self, operation: Operation, connection_id: ConnectionId | None, reply: Reply) -> Reply:
        rate = rate_limit_of(reply)
        if rate is not None:
            self._turns.learn(operation, connection_id, rate)
        try:
            check(reply, operation)
        except Throttled:
            self._turns.exhaust(operation, connection_id)
            raise
        return reply

    def _send(
        self, operation: Operation, region: Region, token: str, arguments: Sequence[str], named: Mapping[str, Any]
    ) -> Reply:
        endpoint = self._endpoints[region].rstrip("/")

        def send(method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any]) -> Reply:
            return self._transport.send(
                method,
                endpoint + path,
                operation=operation.name,
                query=_query(query),
                headers={"x-amz-access-token": token, "accept": "application/json", "content-type": "application/json"},
                content=msgspec.json.encode(body) if body else None,
            )

        return ask_library(operation, send, region, arguments, named)


def _query(given: Mapping[str, Any]) -> dict[str, QueryValue]:
    return {name: value for name, value in given.items() if value is not None}
