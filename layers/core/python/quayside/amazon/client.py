"""The gateway to the Selling Partner API.

python-amazon-sp-api gives operations, paths and serialisation. Everything it gets wrong is done here
(reference/sp-api.md section 7.1): the HTTP status is checked by us, so an HTML 503, an empty 429, a ``{}`` 500, a
``{"message"}`` 403 or a redirect is an error and never an empty success; tokens come from our broker; no marketplace
parameters are added; nothing retries or sleeps; nothing is logged; versions are explicit.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from quayside.amazon.errors import (
    AccessRefused,
    AmazonUnavailable,
    RequestRejected,
    RoleMissing,
    Throttled,
    TokenRefused,
    UnexpectedAnswer,
)
from quayside.amazon.inventory import InventoryPage, decode_summaries
from quayside.amazon.marketplaces import Region
from quayside.amazon.operations import (
    CREATE_DESTINATION,
    CREATE_FEED,
    CREATE_FEED_DOCUMENT,
    CREATE_REPORT,
    CREATE_SOLICITATION,
    CREATE_SUBSCRIPTION,
    CREATE_UPLOAD_DESTINATION,
    DELETE_SUBSCRIPTION,
    GET_DESTINATIONS,
    GET_FEED,
    GET_FEED_DOCUMENT,
    GET_FEEDS,
    GET_INBOUND_PLAN,
    GET_INVENTORY_SUMMARIES,
    GET_LISTINGS_ITEM,
    GET_MARKETPLACE_PARTICIPATIONS,
    GET_MESSAGING_ACTIONS,
    GET_MESSAGING_ATTRIBUTES,
    GET_MY_FEES_ESTIMATES,
    GET_ORDER,
    GET_PRODUCT_TYPE_DEFINITION,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
    GET_SHIPMENT,
    GET_SHIPMENT_ITEMS,
    GET_SHIPMENTS,
    GET_SOLICITATION_ACTIONS,
    GET_SUBSCRIPTION,
    LIST_INBOUND_PLANS,
    LIST_SHIPMENT_ITEMS,
    LIST_TRANSACTIONS,
    MESSAGES,
    PATCH_LISTINGS_ITEM,
    ROTATE_CLIENT_SECRET,
    SEARCH_CATALOG_ITEMS,
    SEARCH_LISTINGS_ITEMS,
    SEARCH_ORDERS,
    Operation,
    payload_version_of,
)
from quayside.amazon.orders import INCLUDED_DATA, Order, OrdersPage, UnreadableOrder, decode_order, decode_search
from quayside.amazon.transport import QueryValue, Reply, Transport
from quayside.amazon.turns import Turns
from quayside.kernel.clock import format_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.settings import Settings
from quayside.storage.vault import Secret

if TYPE_CHECKING:
    # Their modules are imported by the functions that need them: most commands need none of them, and a worker that
    # starts for one notification doesn't wait for a catalogue's structs.
    from quayside.amazon.catalog import CatalogItem
    from quayside.amazon.documents import DocumentAddress, ReportAnswer, ReportsPage
    from quayside.amazon.errors import AmazonError
    from quayside.amazon.feeds import FeedAnswer, NewDocument
    from quayside.amazon.fees import FeeEstimate, FeeProblem, FeeRequest
    from quayside.amazon.finances import TransactionsPage
    from quayside.amazon.inbound import (
        InboundItemsPage,
        InboundPlan,
        InboundPlansPage,
        InboundShipment,
        InboundShipmentsPage,
    )
    from quayside.amazon.listing_changes import Patch, Submission
    from quayside.amazon.listings import Listing, ListingsPage
    from quayside.amazon.messaging import OfferedMessage
    from quayside.amazon.product_types import Definition
    from quayside.amazon.recipients import RecipientOrder, RecipientsPage
    from quayside.amazon.solicitations import Requested
    from quayside.amazon.uploads import UploadDestination

_FIRST_REDIRECT, _FIRST_REFUSAL, _FIRST_FAULT = 300, 400, 500
_UNAUTHORISED, _FORBIDDEN, _TIMEOUT, _TOO_MANY = 401, 403, 408, 429


class Caller(NamedTuple):
    """For whom a call is made."""

    tenant_id: TenantId
    connection_id: ConnectionId
    region: Region


class Tokens(Protocol):
    """Gives access tokens; in production the ``TokenBroker``, whose errors are its callers'."""

    def access_token(self, tenant_id: TenantId, connection_id: ConnectionId) -> Secret:
        """Return a usable access token of a connection, for the tenant in scope."""
        ...

    def application_token(self, scope: str) -> Secret:
        """Return a usable access token of the application, for grantless operations."""
        ...


class Participation(msgspec.Struct, frozen=True):
    """A marketplace the seller is registered in."""

    marketplace_id: str
    country_code: str
    name: str
    is_participating: bool
    store_name: str


class Destination(msgspec.Struct, frozen=True, rename="camel"):
    """Where notifications go: a queue (``arn``), or the event bus of an AWS account in a region."""

    destination_id: str
    name: str = ""
    arn: str = ""
    account_id: str = ""
    aws_region: str = ""


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


class _EventBridge(msgspec.Struct, frozen=True, rename="camel"):
    account_id: str = ""
    region: str = ""


class _Resource(msgspec.Struct, frozen=True, rename="camel"):
    sqs: _Sqs | None = None
    event_bridge: _EventBridge | None = None


class _DestinationEntry(msgspec.Struct, frozen=True, rename="camel"):
    destination_id: str
    name: str = ""
    resource: _Resource | None = None

    def read(self) -> Destination:
        queue = (self.resource.sqs if self.resource else None) or _Sqs()
        bus = (self.resource.event_bridge if self.resource else None) or _EventBridge()
        return Destination(self.destination_id, self.name, queue.arn, bus.account_id, bus.region)


class _DestinationAnswer(msgspec.Struct, frozen=True):
    payload: _DestinationEntry


class _DestinationsAnswer(msgspec.Struct, frozen=True):
    payload: tuple[_DestinationEntry, ...] = ()


class _SubscriptionEntry(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: str


class _SubscriptionAnswer(msgspec.Struct, frozen=True):
    payload: _SubscriptionEntry


class _Fault(msgspec.Struct, frozen=True):
    code: str | None = None
    message: str | None = None
    details: object = None

    @property
    def said(self) -> str:
        """Return the message with its details: of most faults only those say which parameter, or why."""
        return " ".join(part for part in (self.message, self.details) if part and isinstance(part, str))


class _Faults(msgspec.Struct, frozen=True):
    errors: tuple[_Fault, ...] | None = None
    message: str | None = None


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
        TokenRefused: 401.
        RoleMissing: 403 with a code of Amazon's.
        AccessRefused: any other 403.
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
    errors = (faults.errors or ()) if faults else ()
    said = "; ".join(each.said for each in errors if each.said) or ((faults.message or "") if faults else "")
    codes = tuple(each.code for each in errors if each.code)
    kind = _kind_of(status, codes)
    raise kind(said, operation=operation.name, status=status, request_id=_request_id(reply), codes=codes)


def _kind_of(status: int, codes: tuple[str, ...]) -> "type[AmazonError]":
    if status == _TOO_MANY:
        return Throttled
    if status == _UNAUTHORISED:
        return TokenRefused
    if status == _FORBIDDEN:
        return RoleMissing if codes else AccessRefused
    if status >= _FIRST_FAULT or status == _TIMEOUT or _FIRST_REDIRECT <= status < _FIRST_REFUSAL:
        return AmazonUnavailable
    return RequestRejected


def _faults_in(reply: Reply) -> _Faults | None:
    try:
        return _faults.decode(reply.body)
    except msgspec.ValidationError:
        return _Faults()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_Send = Callable[[str, str, Mapping[str, Any], object], Reply]


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


def _library_class(library: tuple[str, str]) -> type:
    """Return the library's operation class on top of our door, imported when first needed."""
    made = _classes.get(library)
    if made is None:
        module, name = library
        made = type(f"Quayside{name}", (_Door, getattr(importlib.import_module(module), name)), {})
        _classes[library] = made
    return made


def ask(  # noqa: PLR0913, PLR0917 - the parts of a request
    operation: Operation,
    send: _Send,
    region: str,
    arguments: Sequence[str],
    named: Mapping[str, Any],
    body: object = None,
) -> Reply:
    """Build the request of an operation and send it through ``send``.

    The library builds it from ``arguments``, ``named`` and ``body``. What the library breaks (``Operation.library`` is
    None) is built here: the arguments fill the path, the named ones are the query, and ``body`` is sent as it is.
    """
    if operation.library is None:
        parts = iter(arguments)
        path = _PARAMETER.sub(lambda _: quote(next(parts), safe=""), operation.path)
        return send(operation.method, path, named, body)
    function = getattr(_library_class(operation.library)(region, send), operation.function)
    reply: Reply = function(*arguments, **named, **({} if body is None else {"body": body}))
    return reply


_PARAMETER = re.compile(r"\{\w+\}")
# Amazon's models want amounts of money as JSON numbers; this writes them with exactly their digits.
_encoder = msgspec.json.Encoder(decimal_format="number")


class AmazonClient:
    """Every call Quayside makes, typed, for one piece of work.

    A call gets its access token, takes its turn (``SlotAhead`` when it is not yet), and goes out. All functions
    raise the errors of ``quayside.amazon.errors``, and ``NoGrant`` of the broker.
    """

    def __init__(self, settings: Settings, transport: Transport, tokens: Tokens, turns: Turns) -> None:
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
        last_updated_before: datetime | None = None,
        statuses: Sequence[str] = (),
        pagination_token: str | None = None,
    ) -> OrdersPage:
        """Return a page of orders, 100 at most; exactly one of the two ``…_after`` is given.

        ``statuses`` are fulfilment statuses such as UNSHIPPED; none means all. The ``…_before`` lie at least two
        minutes in the past.
        """
        named = _given(
            marketplaceIds=list(marketplace_ids),
            includedData=list(INCLUDED_DATA),
            maxResultsPerPage=100,
            createdAfter=created_after,
            createdBefore=created_before,
            lastUpdatedAfter=last_updated_after,
            lastUpdatedBefore=last_updated_before,
            fulfillmentStatuses=list(statuses) or None,
            paginationToken=pagination_token,
        )
        return decode_search(self._call(SEARCH_ORDERS, caller, **named).body)

    def get_order(self, caller: Caller, order_id: str) -> Order | UnreadableOrder:
        """Return one order with its lines and money."""
        return decode_order(self._call(GET_ORDER, caller, order_id, includedData=list(INCLUDED_DATA)).body)

    def recipient(self, caller: Caller, order_id: str, *, with_recipient: bool) -> "RecipientOrder | UnreadableOrder":
        """Return where one order that the seller ships stands and, only when asked to, who receives it."""
        from quayside.amazon.recipients import (  # noqa: PLC0415 - few sellers' commands need it
            WITH_RECIPIENT,
            WITHOUT_RECIPIENT,
            decode_recipient,
        )

        included = WITH_RECIPIENT if with_recipient else WITHOUT_RECIPIENT
        return decode_recipient(self._call(GET_ORDER, caller, order_id, includedData=list(included)).body)

    def search_recipients(  # noqa: PLR0913 - the parts of a search
        self,
        caller: Caller,
        marketplace_ids: Sequence[str],
        *,
        statuses: Sequence[str],
        with_recipient: bool,
        created_after: datetime | None = None,
        last_updated_after: datetime | None = None,
        pagination_token: str | None = None,
    ) -> "RecipientsPage":
        """Return a page of the orders that the seller ships, 100 at most, as ``recipient`` returns one.

        Exactly one of the two ``…_after`` is given.
        """
        from quayside.amazon.recipients import (  # noqa: PLC0415 - as above
            MERCHANT,
            WITH_RECIPIENT,
            WITHOUT_RECIPIENT,
            decode_recipients,
        )

        named = _given(
            marketplaceIds=list(marketplace_ids),
            includedData=list(WITH_RECIPIENT if with_recipient else WITHOUT_RECIPIENT),
            fulfilledBy=[MERCHANT],
            fulfillmentStatuses=list(statuses),
            maxResultsPerPage=100,
            createdAfter=created_after,
            lastUpdatedAfter=last_updated_after,
            paginationToken=pagination_token,
        )
        return decode_recipients(self._call(SEARCH_ORDERS, caller, **named).body)

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

    def create_report(  # noqa: PLR0913 - the parts of a report
        self,
        caller: Caller,
        report_type: str,
        marketplace_ids: Sequence[str],
        *,
        data_start: datetime | None = None,
        data_end: datetime | None = None,
        options: Mapping[str, str] | None = None,
    ) -> str:
        """Ask for a report and return its id."""
        from quayside.amazon.documents import decode_created  # noqa: PLC0415 - only report commands need it

        named = _given(
            reportType=report_type,
            marketplaceIds=list(marketplace_ids),
            dataStartTime=data_start,
            dataEndTime=data_end,
            reportOptions=dict(options) if options else None,
        )
        return decode_created(self._call(CREATE_REPORT, caller, **named).body)

    def report(self, caller: Caller, report_id: str) -> "ReportAnswer":
        """Return how far a report is."""
        from quayside.amazon.documents import decode_report  # noqa: PLC0415 - as above

        return decode_report(self._call(GET_REPORT, caller, report_id).body)

    def reports(
        self,
        caller: Caller,
        report_types: Sequence[str],
        *,
        created_since: datetime | None = None,
        next_token: str | None = None,
        page_size: int = 100,
    ) -> "ReportsPage":
        """Return a page of the reports there are, Amazon's own and ours, of the last 90 days at most."""
        from quayside.amazon.documents import decode_reports  # noqa: PLC0415 - as above

        # With a token Amazon refuses every other parameter.
        named = (
            _given(reportTypes=list(report_types), createdSince=created_since, pageSize=page_size)
            if next_token is None
            else _given(nextToken=next_token)
        )
        return decode_reports(self._call(GET_REPORTS, caller, **named).body)

    def report_document(self, caller: Caller, document_id: str) -> "DocumentAddress":
        """Return where a report's document can be fetched for the next five minutes."""
        from quayside.amazon.documents import decode_address  # noqa: PLC0415 - as above

        return decode_address(self._call(GET_REPORT_DOCUMENT, caller, document_id).body)

    def listing(
        self,
        caller: Caller,
        seller_id: str,
        sku: str,
        marketplace_ids: Sequence[str],
        *,
        with_attributes: bool = False,
    ) -> "Listing":
        """Return a listing with its offers, quantities and issues, in Amazon's words for the first marketplace."""
        from quayside.amazon.listings import ATTRIBUTES, decode_listing  # noqa: PLC0415 - only listing commands need it
        from quayside.amazon.listings import INCLUDED_DATA as PARTS  # noqa: PLC0415 - as above

        parts = [*PARTS, ATTRIBUTES] if with_attributes else list(PARTS)
        named = _given(marketplaceIds=",".join(marketplace_ids), includedData=parts)
        return decode_listing(self._call(GET_LISTINGS_ITEM, caller, seller_id, sku, **named).body)

    def search_listings(
        self, caller: Caller, seller_id: str, marketplace_id: str, *, page_token: str | None = None
    ) -> "ListingsPage":
        """Return a page of a marketplace's listings, 20 at most; Amazon pages through no more than 1,000."""
        from quayside.amazon.listings import INCLUDED_DATA as PARTS  # noqa: PLC0415 - as above
        from quayside.amazon.listings import decode_listings  # noqa: PLC0415 - as above

        named = _given(marketplaceIds=marketplace_id, includedData=list(PARTS), pageSize=20, pageToken=page_token)
        return decode_listings(self._call(SEARCH_LISTINGS_ITEMS, caller, seller_id, **named).body)

    def listings_by_sku(
        self, caller: Caller, seller_id: str, marketplace_id: str, skus: Sequence[str]
    ) -> "tuple[Listing, ...]":
        """Return listings of a marketplace with their attributes by their SKUs; those it does not have are left out.

        Raises:
            ValueError: there are none, more than one call may ask for, or one with a comma, which separates them.
        """
        from quayside.amazon.listings import ATTRIBUTES, MAXIMUM_IDENTIFIERS, decode_listings  # noqa: PLC0415 - as above
        from quayside.amazon.listings import INCLUDED_DATA as PARTS  # noqa: PLC0415 - as above

        if not 1 <= len(skus) <= MAXIMUM_IDENTIFIERS or any("," in each for each in skus):
            raise ValueError(f"searchListingsItems takes 1 to {MAXIMUM_IDENTIFIERS} SKUs without commas.")
        named = _given(
            marketplaceIds=marketplace_id,
            identifiers=",".join(skus),
            identifiersType="SKU",
            includedData=[*PARTS, ATTRIBUTES],
            pageSize=MAXIMUM_IDENTIFIERS,
        )
        return decode_listings(self._call(SEARCH_LISTINGS_ITEMS, caller, seller_id, **named).body).listings

    def patch_listing(  # noqa: PLR0913, PLR0917 - the parts of a change
        self,
        caller: Caller,
        seller_id: str,
        sku: str,
        marketplace_id: str,
        product_type: str,
        patches: "Sequence[Patch]",
        *,
        preview: bool,
        before: Callable[[], None] | None = None,
    ) -> "Submission":
        """Change a listing in one marketplace, or only have Amazon judge the change (``preview``).

        ``before`` is called when nothing but Amazon's answer is left to wait for.

        Raises:
            AmazonUnavailable: nobody knows whether Amazon took the change.
        """
        from quayside.amazon.listing_changes import PREVIEW_MODE, decode_submission  # noqa: PLC0415 - as above

        named = _given(marketplaceIds=marketplace_id, includedData="issues", mode=PREVIEW_MODE if preview else None)
        body = {"productType": product_type, "patches": list(patches)}
        reply = self._call(PATCH_LISTINGS_ITEM, caller, seller_id, sku, body=body, before=before, **named)
        return decode_submission(reply.body)

    def product_type_definition(
        self, caller: Caller, seller_id: str, product_type: str, marketplace_id: str
    ) -> "Definition":
        """Return what Amazon asks of listings of a product type in a marketplace: its version, and where its schema is.

        The schema is that of a whole listing, with what is required, in the marketplace's own language.
        """
        from quayside.amazon.product_types import decode_definition  # noqa: PLC0415 - only edits of attributes need it

        named = _given(
            sellerId=seller_id, marketplaceIds=marketplace_id, requirements="LISTING", requirementsEnforced="ENFORCED"
        )
        return decode_definition(self._call(GET_PRODUCT_TYPE_DEFINITION, caller, product_type, **named).body)

    def create_feed_document(self, caller: Caller) -> "NewDocument":
        """Return a document for a listings feed, and the address that takes its content for five minutes."""
        from quayside.amazon.feeds import CONTENT_TYPE, decode_new_document  # noqa: PLC0415 - only files need it

        return decode_new_document(self._call(CREATE_FEED_DOCUMENT, caller, body={"contentType": CONTENT_TYPE}).body)

    def create_feed(
        self, caller: Caller, marketplace_ids: Sequence[str], document_id: str, *, before: Callable[[], None]
    ) -> str:
        """Have Amazon process a listings feed and return its id.

        ``before`` is called when nothing but Amazon's answer is left to wait for: from then on nobody knows whether
        there is a feed until this returns.

        Raises:
            AmazonUnavailable: nobody knows whether Amazon took it.
        """
        from quayside.amazon.feeds import LISTINGS_FEED, decode_created  # noqa: PLC0415 - as above

        body = {
            "feedType": LISTINGS_FEED,
            "marketplaceIds": list(marketplace_ids),
            "inputFeedDocumentId": document_id,
        }
        return decode_created(self._call(CREATE_FEED, caller, body=body, before=before).body)

    def feed(self, caller: Caller, feed_id: str) -> "FeedAnswer":
        """Return how far a feed is."""
        from quayside.amazon.feeds import decode_feed  # noqa: PLC0415 - as above

        return decode_feed(self._call(GET_FEED, caller, feed_id).body)

    def listings_feeds(self, caller: Caller, *, created_since: datetime) -> "tuple[FeedAnswer, ...]":
        """Return the newest listings feeds since an instant, 100 at most."""
        from quayside.amazon.feeds import LISTINGS_FEED, decode_feeds  # noqa: PLC0415 - as above

        named = _given(feedTypes=[LISTINGS_FEED], createdSince=created_since, pageSize=100)
        return decode_feeds(self._call(GET_FEEDS, caller, **named).body)

    def feed_document(self, caller: Caller, document_id: str) -> Secret:
        """Return where the report about a feed can be fetched for the next five minutes."""
        from quayside.amazon.feeds import decode_document  # noqa: PLC0415 - as above

        return decode_document(self._call(GET_FEED_DOCUMENT, caller, document_id).body)

    def catalog_items(self, caller: Caller, marketplace_id: str, asins: Sequence[str]) -> "tuple[CatalogItem, ...]":
        """Return the products of one marketplace by their ASINs, 20 at most; unknown ones are left out.

        Raises:
            ValueError: there are none, or more than one call may ask for.
        """
        from quayside.amazon.catalog import INCLUDED_DATA as PARTS  # noqa: PLC0415 - only the catalogue needs it
        from quayside.amazon.catalog import MAXIMUM_IDENTIFIERS, decode_items  # noqa: PLC0415 - as above

        if not 1 <= len(asins) <= MAXIMUM_IDENTIFIERS:
            raise ValueError(f"searchCatalogItems takes 1 to {MAXIMUM_IDENTIFIERS} ASINs, not {len(asins)}.")
        named = _given(
            identifiers=",".join(asins),
            identifiersType="ASIN",
            marketplaceIds=marketplace_id,
            includedData=list(PARTS),
            pageSize=MAXIMUM_IDENTIFIERS,
        )
        return decode_items(self._call(SEARCH_CATALOG_ITEMS, caller, **named).body)

    def transactions(
        self,
        caller: Caller,
        *,
        posted_after: datetime,
        posted_before: datetime | None = None,
        marketplace_id: str | None = None,
        next_token: str | None = None,
    ) -> "TransactionsPage":
        """Return a page of transactions posted in a window of at most 180 days that ends two minutes ago or earlier.

        A page may be empty and have a token all the same; the next page is asked for with the same arguments.
        """
        from quayside.amazon.finances import decode_transactions  # noqa: PLC0415 - only finance commands need it

        named = _given(
            postedAfter=posted_after, postedBefore=posted_before, marketplaceId=marketplace_id, nextToken=next_token
        )
        return decode_transactions(self._call(LIST_TRANSACTIONS, caller, **named).body)

    def fee_estimates(self, caller: Caller, requests: "Sequence[FeeRequest]") -> "tuple[FeeEstimate | FeeProblem, ...]":
        """Return Amazon's estimates of its fees, 20 at most; match them by ``identifier``.

        Raises:
            ValueError: there are none, or more than one call may ask for.
        """
        from quayside.amazon.fees import decode_estimates, request_body  # noqa: PLC0415 - only fee commands need it

        return decode_estimates(self._call(GET_MY_FEES_ESTIMATES, caller, body=request_body(requests)).body)

    def inbound_plans(self, caller: Caller, *, token: str | None = None) -> "InboundPlansPage":
        """Return a page of inbound plans, 30 at most, the ones that changed last first."""
        from quayside.amazon.inbound import decode_plans  # noqa: PLC0415 - only inbound commands need it

        named = _given(pageSize=30, sortBy="LAST_UPDATED_TIME", sortOrder="DESC", paginationToken=token)
        return decode_plans(self._call(LIST_INBOUND_PLANS, caller, **named).body)

    def inbound_plan(self, caller: Caller, plan_id: str) -> "InboundPlan":
        """Return an inbound plan with its shipments."""
        from quayside.amazon.inbound import decode_plan  # noqa: PLC0415 - as above

        return decode_plan(self._call(GET_INBOUND_PLAN, caller, plan_id).body)

    def inbound_shipment(self, caller: Caller, plan_id: str, shipment_id: str) -> "InboundShipment":
        """Return a shipment of a plan."""
        from quayside.amazon.inbound import decode_shipment  # noqa: PLC0415 - as above

        return decode_shipment(self._call(GET_SHIPMENT, caller, plan_id, shipment_id).body, plan_id)

    def inbound_shipment_items(
        self, caller: Caller, plan_id: str, shipment_id: str, *, token: str | None = None
    ) -> "InboundItemsPage":
        """Return a page of what is in a shipment of a plan, 100 at most; received quantities are in v0 only."""
        from quayside.amazon.inbound import decode_shipment_items  # noqa: PLC0415 - as above

        named = _given(pageSize=100, paginationToken=token)
        reply = self._call(LIST_SHIPMENT_ITEMS, caller, plan_id, shipment_id, **named)
        return decode_shipment_items(reply.body, shipment_id)

    def inbound_shipments_v0(
        self,
        caller: Caller,
        marketplace_id: str,
        *,
        updated_after: datetime,
        updated_before: datetime,
        next_token: str | None = None,
    ) -> "InboundShipmentsPage":
        """Return a page of shipments that changed in a window, by their confirmation ids."""
        from quayside.amazon.inbound import decode_shipments_v0  # noqa: PLC0415 - as above

        named = _changed_in(marketplace_id, updated_after, updated_before, next_token)
        return decode_shipments_v0(self._call(GET_SHIPMENTS, caller, **named).body)

    def inbound_items_v0(
        self,
        caller: Caller,
        marketplace_id: str,
        *,
        updated_after: datetime,
        updated_before: datetime,
        next_token: str | None = None,
    ) -> "InboundItemsPage":
        """Return a page of shipment items that changed in a window, with what Amazon has received of them."""
        from quayside.amazon.inbound import decode_items_v0  # noqa: PLC0415 - as above

        named = _changed_in(marketplace_id, updated_after, updated_before, next_token)
        return decode_items_v0(self._call(GET_SHIPMENT_ITEMS, caller, **named).body)

    def offers_review_request(self, caller: Caller, marketplace_id: str, order_id: str) -> bool:
        """Return whether Amazon offers to ask the buyer of an order for a review; it gives no reason when not."""
        from quayside.amazon.solicitations import REVIEW_REQUEST, offered_actions  # noqa: PLC0415 - as above

        operation = GET_SOLICITATION_ACTIONS
        reply = self._call(operation, caller, order_id, marketplaceIds=marketplace_id)
        return REVIEW_REQUEST in offered_actions(reply.body, operation.name)

    def request_review(
        self, caller: Caller, marketplace_id: str, order_id: str, *, before: Callable[[], None]
    ) -> "Requested":
        """Ask the buyer of an order for a review and return what Amazon did with it.

        ``before`` is called when nothing but Amazon's answer is left to wait for: from then on nobody knows whether
        the request went out until this returns. When ``before`` raises, nothing is sent.

        Raises:
            AmazonUnavailable: nobody knows whether Amazon did it.
        """
        from quayside.amazon.solicitations import Requested, verdict_of  # noqa: PLC0415 - as above

        try:
            self._call(CREATE_SOLICITATION, caller, order_id, before=before, marketplaceIds=marketplace_id)
        except RequestRejected as refused:
            verdict = verdict_of(refused)
            if verdict is None:
                raise
            return verdict
        return Requested.ACCEPTED

    def offered_messages(self, caller: Caller, marketplace_id: str, order_id: str) -> "tuple[OfferedMessage, ...]":
        """Return the messages Amazon allows to the buyer of an order, each with the schema of what it consists of."""
        from quayside.amazon.messaging import decode_offered  # noqa: PLC0415 - as above

        operation = GET_MESSAGING_ACTIONS
        reply = self._call(operation, caller, order_id, marketplaceIds=marketplace_id)
        return decode_offered(reply.body, operation.name)

    def buyer_language(self, caller: Caller, marketplace_id: str, order_id: str) -> str | None:
        """Return the language in which the buyer of an order wants to be written to, such as ``en-US``."""
        from quayside.amazon.messaging import decode_language  # noqa: PLC0415 - as above

        operation = GET_MESSAGING_ATTRIBUTES
        reply = self._call(operation, caller, order_id, marketplaceIds=marketplace_id)
        return decode_language(reply.body, operation.name)

    def upload_destination(  # noqa: PLR0913 - whose file it is, of what kind, and what it is for
        self, caller: Caller, marketplace_id: str, order_id: str, action: str, *, content_md5: str, content_type: str
    ) -> "UploadDestination":
        """Return where a file goes that one message to the buyer of an order is to carry; good for some minutes.

        Raises:
            RequestRejected: Amazon takes no file for that message.
        """
        from quayside.amazon.uploads import decode_destination  # noqa: PLC0415 - only files need it

        operation = CREATE_UPLOAD_DESTINATION
        reply = self._call(
            operation,
            caller,
            order_id,
            action,
            marketplaceIds=marketplace_id,
            contentMD5=content_md5,
            contentType=content_type,
        )
        return decode_destination(reply.body, operation.name)

    def send_message(  # noqa: PLR0913 - what is sent, about what, and what is done before
        self,
        caller: Caller,
        marketplace_id: str,
        order_id: str,
        action: str,
        values: Mapping[str, object],
        *,
        before: Callable[[], None],
    ) -> None:
        """Send the buyer of an order one of the messages of ``operations.MESSAGES``.

        ``before`` is called when nothing but Amazon's answer is left to wait for: from then on nobody knows whether
        the message went out until this returns. When ``before`` raises, nothing is sent.

        Raises:
            KeyError: there is no such message.
            RequestRejected: Amazon did not take it.
            AmazonUnavailable: nobody knows whether Amazon took it.
        """
        operation = MESSAGES[action]
        self._call(operation, caller, order_id, body=dict(values), before=before, marketplaceIds=marketplace_id)

    def create_destination(
        self, region: Region, name: str, queue_arn: str = "", *, account_id: str = "", aws_region: str = ""
    ) -> str:
        """Create a destination of the application in a region and return its id; 409 when there is one already.

        Args:
            region: Amazon's region.
            name: the destination's name.
            queue_arn: the queue, for the types that come by SQS.
            account_id: instead of a queue, the AWS account whose EventBridge gets the notifications.
            aws_region: and the AWS region it is in.

        Raises:
            ValueError: it is neither a queue nor an event bus, or both.
        """
        if bool(queue_arn) == bool(account_id and aws_region):
            raise ValueError("A destination is a queue, or an AWS account and its region.")
        operation = CREATE_DESTINATION
        where: dict[str, Any] = {"arn": queue_arn} if queue_arn else {"account_id": account_id, "region": aws_region}
        reply = self._call_grantless(operation, region, name=name, **where)
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
        payload_version: str | None = None,
        directive: Mapping[str, Any] | None = None,
    ) -> str:
        """Subscribe the application to a seller's notifications and return the id; 409 when it is already.

        Without a ``payload_version`` it is the one Quayside reads of that type.
        """
        operation = CREATE_SUBSCRIPTION
        version = payload_version or payload_version_of(notification_type)
        named: dict[str, Any] = {"destinationId": destination_id, "payload_version": version}
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

    def rotate_client_secret(self, region: Region, before: Callable[[], None]) -> None:
        """Ask Amazon for a new client secret, which comes to the queue that is registered for the application.

        A second request makes the secret before the present one invalid, so it must not be repeated by mistake:
        ``before`` is called when nothing stands in the way any more, right before the request is sent.

        Raises:
            RequestRejected: the application is not registered for notifications.
            AmazonUnavailable: nobody knows whether Amazon did it.
        """
        self._call_grantless(ROTATE_CLIENT_SECRET, region, before=before)

    def _call(
        self,
        operation: Operation,
        caller: Caller,
        /,
        *arguments: str,
        body: object = None,
        before: Callable[[], None] | None = None,
        **named: Any,  # noqa: ANN401 - Amazon's parameters
    ) -> Reply:
        connection_id = caller.connection_id or None
        # The access token first: getting one may take a while or fail, and a turn is used at once or lost.
        token = self._tokens.access_token(caller.tenant_id, caller.connection_id)
        self._turns.take(operation, connection_id, caller.region)
        if before is not None:
            before()
        return self._judged(operation, connection_id, caller.region, token, arguments, named, body)

    def _call_grantless(
        self,
        operation: Operation,
        region: Region,
        /,
        *arguments: str,
        before: Callable[[], None] | None = None,
        **named: Any,  # noqa: ANN401 - as above
    ) -> Reply:
        if operation.grantless_scope is None:
            raise ValueError(f"{operation.name} needs a seller.")
        token = self._tokens.application_token(operation.grantless_scope)
        self._turns.take(operation, None, region)
        if before is not None:
            before()
        return self._judged(operation, None, region, token, arguments, named, None)

    def _judged(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        operation: Operation,
        connection_id: ConnectionId | None,
        region: Region,
        token: Secret,
        arguments: Sequence[str],
        named: Mapping[str, Any],
        body: object,
    ) -> Reply:
        """Send a request and return its reply if it is a success; tell the turns what is to be learned from it."""
        try:
            reply = self._send(operation, region, token, arguments, named, body)
            rate = rate_limit_of(reply)
            if rate is not None:
                self._turns.learn(operation, connection_id, rate)
            check(reply, operation)
        except Throttled:
            self._turns.exhaust(operation, connection_id)
            self._turns.answered(operation, region, ok=True)
            raise
        except AmazonUnavailable:
            self._turns.answered(operation, region, ok=False)
            raise
        except RequestRejected:
            # Amazon is there and says no: that is no fault of its.
            self._turns.answered(operation, region, ok=True)
            raise
        self._turns.answered(operation, region, ok=True)
        return reply

    def _send(  # noqa: PLR0913, PLR0917 - as above
        self,
        operation: Operation,
        region: Region,
        token: Secret,
        arguments: Sequence[str],
        named: Mapping[str, Any],
        body: object,
    ) -> Reply:
        endpoint = self._endpoints[region].rstrip("/")

        def send(method: str, path: str, query: Mapping[str, Any], content: object) -> Reply:
            return self._transport.send(
                method,
                endpoint + _without_dots(path),
                operation=operation.name,
                query=_query(query),
                headers={
                    "x-amz-access-token": token.reveal(),
                    "accept": "application/json",
                    "content-type": "application/json",
                },
                content=_encoder.encode(content) if content else None,
            )

        return ask(operation, send, region, arguments, named, body)


def _given(**named: Any) -> dict[str, Any]:  # noqa: ANN401 - Amazon's parameters
    """Return the parameters that have a value, instants in Amazon's spelling."""
    return {
        name: format_instant(value) if isinstance(value, datetime) else value
        for name, value in named.items()
        if value is not None
    }


def _changed_in(
    marketplace_id: str, updated_after: datetime, updated_before: datetime, next_token: str | None
) -> dict[str, Any]:
    """Return the parameters of the two lists of Fulfillment Inbound v0."""
    if next_token is not None:
        return _given(QueryType="NEXT_TOKEN", MarketplaceId=marketplace_id, NextToken=next_token)
    return _given(
        QueryType="DATE_RANGE",
        MarketplaceId=marketplace_id,
        LastUpdatedAfter=updated_after,
        LastUpdatedBefore=updated_before,
    )


def _without_dots(path: str) -> str:
    """Return a path in which a SKU of dots is a name: httpx would take it for "this folder" or "the one above"."""
    return "/".join(part.replace(".", "%2E") if part in {".", ".."} else part for part in path.split("/"))


def _query(given: Mapping[str, Any]) -> dict[str, QueryValue]:
    return {name: value for name, value in given.items() if value is not None}
