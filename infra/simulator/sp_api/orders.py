"""Orders API 2026-01-01: searchOrders and getOrder.

Sections appear only when ``includedData`` names them; buyers and addresses only for an application with the role,
absent silently.
"""

from collections.abc import Sequence
from typing import Any

from infra.simulator import people
from infra.simulator.answers import ApiError, Request, invalid_input, not_found
from infra.simulator.application import ROLE_DIRECT_TO_CONSUMER, Application
from infra.simulator.clock import DAY, HOUR, MINUTE, instant, iso, parse
from infra.simulator.lifecycle import FULFILLMENT_STATUS, State
from infra.simulator.marketplaces import MARKETPLACES, Marketplace
from infra.simulator.money import amount_text, money
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError
from infra.simulator.windows import order_item_id, windows_of
from infra.simulator.world import BUSINESS, PRIME, Line, Order, Seller, UnknownThingError, World

INCLUDED_DATA = frozenset(
    [
        "BUYER",
        "RECIPIENT",
        "PROCEEDS",
        "EXPENSE",
        "PROMOTION",
        "CANCELLATION",
        "FULFILLMENT",
        "PACKAGES",
        "TAX",
        "PAYMENT",
        "FULFILLMENT_ORDERS",
    ]
)
STATUSES = (
    "PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE",
)  # fmt: skip
TOKEN_LIVES_MS = 24 * HOUR
MAXIMUM_PAGE = 100
MAXIMUM_MARKETPLACES = 50
_BEFORE_MARGIN_MS = 2 * MINUTE
_HISTORY_MS = 2 * 365 * DAY
_PARAMETERS = frozenset(
    [
        "createdAfter",
        "createdBefore",
        "lastUpdatedAfter",
        "lastUpdatedBefore",
        "fulfillmentStatuses",
        "marketplaceIds",
        "fulfilledBy",
        "maxResultsPerPage",
        "paginationToken",
        "includedData",
    ]
)


class OrdersApi:
    """Answers the two operations from the world."""

    def __init__(self, world: World, application: Application, tokens: PageTokens) -> None:
        self._world = world
        self._application = application
        self._tokens = tokens

    def get_order(self, seller: Seller, request: Request, order_id: str) -> dict[str, Any]:
        """Return one order. 404 when this seller has none such."""
        included = _included(request)
        try:
            order = self._world.order(seller, order_id)
        except UnknownThingError:
            raise not_found(f"Order {order_id} is not found.") from None
        if order.created < self._world.now_ms - _HISTORY_MS:
            raise not_found(f"Order {order_id} is not found.")
        return {"order": self.document(order, self._world.lines(order.pk), included)}

    def search_orders(self, seller: Seller, request: Request) -> dict[str, Any]:
        """Return a page of orders, by the time they were created or last updated."""
        now = self._world.now_ms
        by, after, before = _window(request, now)
        statuses = _choices(request, "fulfillmentStatuses", STATUSES)
        fulfilled_by = _choices(request, "fulfilledBy", ("MERCHANT", "AMAZON"))
        places = request.listed("marketplaceIds")
        if len(places) > MAXIMUM_MARKETPLACES:
            raise invalid_input(f"marketplaceIds accepts at most {MAXIMUM_MARKETPLACES} values.")
        unknown = [place for place in places if place not in MARKETPLACES]
        if unknown:
            raise invalid_input(f"marketplaceIds: {unknown[0]} is not a marketplace.")
        size = _page_size(request)
        included = _included(request)
        query = {name: values for name, values in request.query.items() if name in _PARAMETERS - {"paginationToken"}}
        last = (after - 1, 2**62)
        token = request.first("paginationToken")
        if token is not None:
            try:
                cursor = self._tokens.read(token, query, now, TOKEN_LIVES_MS)
            except TokenRefusedError as refusal:
                raise invalid_input(f"The paginationToken is invalid: {refusal}.") from None
            before, last = int(str(cursor[0])), (int(str(cursor[1])), int(str(cursor[2])))
        orders = self._page(seller, by, before, last, places, statuses, fulfilled_by, size + 1)
        page = orders[:size]
        lines = self._world.lines_of(page)
        answer: dict[str, Any] = {"orders": [self.document(each, lines[each.pk], included) for each in page]}
        if len(orders) > size:
            final = page[-1]
            answer["pagination"] = {"nextToken": self._tokens.issue(query, now, (before, getattr(final, by), final.pk))}
        answer["createdBefore" if by == "created" else "lastUpdatedBefore"] = iso(before)
        return answer

    def _page(  # noqa: PLR0913, PLR0917  a search has this many conditions
        self,
        seller: Seller,
        by: str,
        before: int,
        last: tuple[int, int],
        places: Sequence[str],
        statuses: Sequence[str],
        fulfilled_by: Sequence[str],
        limit: int,
    ) -> list[Order]:
        conditions = ["seller = ?", f"({by}, pk) > (?, ?)", f"{by} <= ?", "created >= ?"]
        values: list[object] = [seller.pk, *last, before, self._world.now_ms - _HISTORY_MS]
        if places:
            conditions.append(f"marketplace_id IN ({','.join('?' * len(places))})")
            values += places
        if statuses:
            states = [int(state) for state, status in FULFILLMENT_STATUS.items() if status in statuses]
            conditions.append(f"state IN ({','.join('?' * len(states))})")
            values += states
        if len(fulfilled_by) == 1:
            conditions.append("by_amazon = ?")
            values.append(int(fulfilled_by[0] == "AMAZON"))
        rows = self._world.storage.connection.execute(
            f"SELECT * FROM orders WHERE {' AND '.join(conditions)} ORDER BY {by}, pk LIMIT ?",  # noqa: S608  own column names
            [*values, limit],
        )
        return [Order._make(row) for row in rows]

    def document(self, order: Order, lines: Sequence[Line], included: frozenset[str]) -> dict[str, Any]:
        """Return an order as Amazon's model describes it, with the sections that were asked for."""
        marketplace = MARKETPLACES[order.marketplace_id]
        currency = marketplace.currency
        status = FULFILLMENT_STATUS[State(order.state)]
        found: dict[str, Any] = {
            "orderId": order.order_id,
            "createdTime": iso(order.created),
            "lastUpdatedTime": iso(order.updated),
            "programs": [
                name for flag, name in ((BUSINESS, "AMAZON_BUSINESS"), (PRIME, "PRIME")) if order.flags & flag
            ],
            "salesChannel": {
                "channelName": "AMAZON",
                "marketplaceId": order.marketplace_id,
                "marketplaceName": marketplace.name,
            },
            "orderItems": [self._item(order, line, currency, included) for line in lines],
        }
        if "BUYER" in included and (buyer := self._buyer(order, marketplace)):
            found["buyer"] = buyer
        if "RECIPIENT" in included:
            found["recipient"] = {"deliveryAddress": self._address(order, marketplace)}
        if "PROCEEDS" in included and order.priced:
            found["proceeds"] = _order_proceeds(lines, currency)
        if "PAYMENT" in included and order.priced:
            total = money(sum(map(_line_total, lines)), currency)
            found["payment"] = {"paymentExecutions": [{"paymentMethod": "Standard", "paymentAmount": total}]}
        if "FULFILLMENT" in included:
            found["fulfillment"] = _fulfillment(order, status)
        if "PACKAGES" in included and not order.by_amazon and order.shipped_at is not None:
            found["packages"] = [_package(order, lines)]
        return found

    def _item(self, order: Order, line: Line, currency: str, included: frozenset[str]) -> dict[str, Any]:
        listing = self._world.listings[line.listing]
        product: dict[str, Any] = {
            "asin": listing.asin,
            "title": listing.title,
            "sellerSku": listing.sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
        }
        if order.priced and line.quantity:
            # A unit's price is rounded to the currency's minor unit; the line's ITEM subtotal is exact.
            product["price"] = {"unitPrice": money(round(line.item_minor / line.quantity), currency)}
        item: dict[str, Any] = {
            "orderItemId": order_item_id(line),
            "quantityOrdered": line.quantity,
            "product": product,
        }
        if "PROCEEDS" in included and order.priced:
            item["proceeds"] = {
                "proceedsTotal": money(_line_total(line), currency),
                "breakdowns": _breakdowns([line], currency),
            }
        if "PROMOTION" in included and line.discount_minor:
            item["promotion"] = {"breakdowns": [{"promotionId": f"QS-PROMO-{listing.sku}"}]}
        if "CANCELLATION" in included and order.state == State.CANCELLED:
            by = order.note or "AMAZON"
            item["cancellation"] = {"cancellationExecution": {"cancelledBy": by, "cancelReason": "BUYER_CANCELLED"}}
            if by == "BUYER":
                item["cancellation"]["cancellationRequest"] = {
                    "requester": "BUYER",
                    "cancelReason": "ORDERED_BY_MISTAKE",
                }
        if "FULFILLMENT" in included:
            left = 0 if order.state == State.CANCELLED else line.quantity - line.shipped
            item["fulfillment"] = {"quantityFulfilled": line.shipped, "quantityUnfulfilled": left}
        if "TAX" in included and line.tax_minor:
            item["tax"] = {
                "taxCollections": [
                    {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."},
                ]
            }
        return item

    def _buyer(self, order: Order, marketplace: Marketplace) -> dict[str, str]:
        buyer = people.buyer(self._world.seed, order.pk, marketplace.country_code, self._world.buyers_marker)
        found: dict[str, str] = {}
        if ROLE_DIRECT_TO_CONSUMER in self._application.roles:
            found["buyerName"] = buyer.name
            if not order.by_amazon:
                found["buyerEmail"] = buyer.email
        if order.flags & BUSINESS:
            found["buyerCompanyName"] = f"{buyer.name.split()[-1]} & Co."
        return found

    def _address(self, order: Order, marketplace: Marketplace) -> dict[str, str]:
        buyer = people.buyer(self._world.seed, order.pk, marketplace.country_code, self._world.buyers_marker)
        found = {
            "city": buyer.city,
            "stateOrRegion": buyer.state,
            "countryCode": buyer.country,
            "addressType": "COMMERCIAL" if order.flags & BUSINESS else "RESIDENTIAL",
        }
        if ROLE_DIRECT_TO_CONSUMER in self._application.roles:
            found |= {
                "name": buyer.name,
                "addressLine1": buyer.street,
                "postalCode": buyer.postal_code,
                "phone": buyer.phone,
            }
        return found


def _line_total(line: Line) -> int:
    return line.item_minor + line.tax_minor + line.shipping_minor - line.discount_minor


def _breakdowns(lines: Sequence[Line], currency: str) -> list[dict[str, Any]]:
    # A discount is negative, so that the breakdowns add up to the total.
    sums = (
        ("ITEM", sum(each.item_minor for each in lines)),
        ("TAX", sum(each.tax_minor for each in lines)),
        ("SHIPPING", sum(each.shipping_minor for each in lines)),
        ("DISCOUNT", -sum(each.discount_minor for each in lines)),
    )
    return [
        {"type": kind, "subtotal": {"amount": amount_text(minor, currency), "currencyCode": currency}}
        for kind, minor in sums
        if minor or kind == "ITEM"
    ]


def _order_proceeds(lines: Sequence[Line], currency: str) -> dict[str, Any]:
    return {"grandTotal": money(sum(map(_line_total, lines)), currency), "breakdowns": _breakdowns(lines, currency)}


def _fulfillment(order: Order, status: str) -> dict[str, Any]:
    windows = windows_of(order)
    return {
        "fulfillmentStatus": status,
        "fulfilledBy": "AMAZON" if order.by_amazon else "MERCHANT",
        "fulfillmentServiceLevel": "SECOND_DAY" if order.flags & PRIME else "STANDARD",
        "shipByWindow": {
            "earliestDateTime": iso(windows.ship_earliest),
            "latestDateTime": iso(windows.ship_latest),
        },
        "deliverByWindow": {
            "earliestDateTime": iso(windows.deliver_earliest),
            "latestDateTime": iso(windows.deliver_latest),
        },
    }


def _package(order: Order, lines: Sequence[Line]) -> dict[str, Any]:
    shipped_at = order.shipped_at or order.updated
    return {
        "packageReferenceId": str(order.pk),
        "createdTime": iso(shipped_at),
        "packageStatus": {"status": "DELIVERED" if order.delivered_at else "IN_TRANSIT"},
        "carrier": "Harbour Parcel",
        "shipTime": iso(shipped_at),
        "shippingService": "Ground",
        "trackingNumber": f"HP{order.pk:012d}",
        "packageItems": [
            {"orderItemId": order_item_id(line), "quantity": line.shipped} for line in lines if line.shipped
        ],
    }


def _included(request: Request) -> frozenset[str]:
    return frozenset(_choices(request, "includedData", tuple(sorted(INCLUDED_DATA))))


def _choices(request: Request, name: str, allowed: Sequence[str]) -> list[str]:
    values = request.listed(name)
    for value in values:
        if value not in allowed:
            raise invalid_input(f"{name}: {value} is not one of {', '.join(allowed)}.")
    return values


def _page_size(request: Request) -> int:
    text = request.first("maxResultsPerPage")
    if text is None:
        return MAXIMUM_PAGE
    if not text.isdecimal() or not 1 <= int(text) <= MAXIMUM_PAGE:
        raise invalid_input(f"maxResultsPerPage must be between 1 and {MAXIMUM_PAGE}.")
    return int(text)


def _time(request: Request, name: str) -> int | None:
    text = request.first(name)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return parse(text.replace(" ", "+"))
    except ValueError:
        raise invalid_input(f"{name}: {text} is not an ISO 8601 date.") from None


def _window(request: Request, now: int) -> tuple[str, int, int]:
    created, updated = _time(request, "createdAfter"), _time(request, "lastUpdatedAfter")
    if (created is None) == (updated is None):
        raise invalid_input("Exactly one of createdAfter and lastUpdatedAfter is required.")
    created_before, updated_before = _time(request, "createdBefore"), _time(request, "lastUpdatedBefore")
    if created is not None and updated_before is not None:
        raise invalid_input("lastUpdatedBefore cannot be used with createdAfter.")
    if updated is not None and created_before is not None:
        raise invalid_input("createdBefore cannot be used with lastUpdatedAfter.")
    by, after = ("created", created) if created is not None else ("updated", updated)
    before = created_before if by == "created" else updated_before
    name = "createdBefore" if by == "created" else "lastUpdatedBefore"
    latest = now - _BEFORE_MARGIN_MS
    if after is None:
        raise ApiError(500, "InternalFailure", "unreachable")
    if before is None:
        return by, after, latest
    if before > latest:
        raise invalid_input(
            f"{name} must be at least two minutes before the time of the request ({instant(now):%FT%TZ})."
        )
    if before < after:
        raise invalid_input(f"{name} must be equal to or after {name.replace('Before', 'After')}.")
    return by, after, before
