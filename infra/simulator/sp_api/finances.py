"""Finances API 2024-06-19: listTransactions.

Breakdown names are those seen in production (secondary sources): ``ProductCharges`` / ``OurPricePrincipal``, ``Tax`` /
``OurPriceTax``, ``AmazonFees`` / ``Commission`` and ``FBAPerUnitFulfillmentFee``, ``MarketplaceFacilitatorTax-…``.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from infra.simulator import settlements, transactions
from infra.simulator.answers import Request, invalid_input
from infra.simulator.clock import DAY, MINUTE, iso
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import amount_text
from infra.simulator.postings import Kind
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sp_api.parameters import Offer, Pages, choices_of, instant_of
from infra.simulator.transactions import Transaction, Transfer
from infra.simulator.world import Line, Order, Seller, UnknownThingError, World, fulfilment_fee, referral_fee

PAGE = 100
WIDEST_WINDOW_MS = 180 * DAY
_MARGIN_MS = 2 * MINUTE
_UNITED_STATES = "ATVPDKIKX0DER"
_STATUSES = (transactions.DEFERRED, transactions.RELEASED, transactions.DEFERRED_RELEASED)

type Parts = list[tuple[str, list[tuple[str, int]]]]


class FinancesApi:
    """Tells what was posted, as late as Amazon does."""

    def __init__(self, world: World, tokens: PageTokens) -> None:
        self._world = world
        self._pages = Pages(tokens, DAY)

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {"listTransactions": self._list}

    def _list(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        now = self._world.now_ms
        statuses = choices_of(request, "transactionStatus", _STATUSES)
        place = request.first("marketplaceId")
        if place is not None and place not in MARKETPLACES:
            raise invalid_input(f"marketplaceId: {place} is not a marketplace.")
        related = request.first("relatedIdentifierName")
        if related is not None:
            found: list[Transaction | Transfer] = self._of_order(seller, request, related)
            token = None
        else:
            found, token = self._page(seller, request, now)
        # The page is cut before it is filtered: it can be short or empty although there are more.
        wanted = [
            each for each in found if self._is_shown(each, now) and (not statuses or self._status(each) in statuses)
        ]
        documents = list(self._documents(seller, wanted, place))
        return 200, {"payload": {"transactions": documents, **({"nextToken": token} if token else {})}}

    def _page(self, seller: Seller, request: Request, now: int) -> tuple[list[Transaction | Transfer], str | None]:
        after, before = _window(request, now)
        skip = 0
        cursor = self._pages.cursor(request, now, "nextToken")
        if cursor is not None:
            after, before, skip = (int(each) for each in cursor)
        elif before - after > WIDEST_WINDOW_MS:
            return [], None
        candidates = list(islice(transactions.listed(self._world, seller, after, before), skip, skip + PAGE + 1))
        if len(candidates) <= PAGE:
            return candidates, None
        page, following = candidates[:PAGE], candidates[PAGE]
        if following.posted == after:
            skip += PAGE
        else:
            skip = sum(1 for each in page if each.posted == following.posted)
        return page, self._pages.issue(request, now, "nextToken", (following.posted, before, skip))

    def _of_order(self, seller: Seller, request: Request, related: str) -> list[Transaction | Transfer]:
        if related != "ORDER_ID":
            raise invalid_input("relatedIdentifierName: only ORDER_ID can be used as a filter here.")
        try:
            order = self._world.order(seller, request.first("relatedIdentifierValue") or "")
        except UnknownThingError:
            return []
        return list(transactions.of_order(self._world, seller, order))

    @staticmethod
    def _is_shown(each: Transaction | Transfer, now: int) -> bool:
        return isinstance(each, Transfer) or each.shown <= now

    def _status(self, each: Transaction | Transfer) -> str:
        if isinstance(each, Transfer):
            return transactions.RELEASED
        return transactions.status(self._world.seed, each, self._world.now_ms)

    def _documents(
        self, seller: Seller, found: Sequence[Transaction | Transfer], place: str | None
    ) -> Iterator[dict[str, Any]]:
        numbers = list({each.order_pk for each in found if isinstance(each, Transaction)})
        orders = {number: self._world.order_by_pk(number) for number in numbers}
        lines = self._world.lines_of(list(orders.values()))
        for each in found:
            if isinstance(each, Transfer):
                home = next(one for one in seller.marketplaces if MARKETPLACES[one].currency == each.currency)
                if place in {None, home}:
                    yield _transfer(seller, home, each)
                continue
            order = orders[each.order_pk]
            if place is not None and place != order.marketplace_id:
                continue
            # Amazon: do not name the marketplace to get the US orders that merchants fulfil.
            if place == _UNITED_STATES and not order.by_amazon:
                continue
            yield self._transaction(seller, each, order, lines[order.pk])

    def _transaction(self, seller: Seller, found: Transaction, order: Order, lines: Sequence[Line]) -> dict[str, Any]:
        seed, currency = self._world.seed, found.currency
        status = self._status(found)
        shipment = found.kind is Kind.SHIPMENT
        chosen = [line for line in lines if line.position in found.positions]
        parts = [(line, _parts(line, found.kind, by_amazon=bool(order.by_amazon))) for line in chosen]
        event = str(14_000_000_000_000 + found.order_pk * 97 + min(found.positions))
        related = [("ORDER_ID", order.order_id), ("SHIPMENT_ID" if shipment else "REFUND_ID", event)]
        if found.settlement is not None:
            related.append(("SETTLEMENT_ID", settlements.by_number(self._world, found.settlement).settlement_id))
        if status == transactions.DEFERRED_RELEASED:
            related.append(("RELEASE_TRANSACTION_ID", transactions.identifier(seed, found, release=True)))
        if found.release:
            related.append(("DEFERRED_TRANSACTION_ID", transactions.identifier(seed, found, release=False)))
        return {
            "sellingPartnerMetadata": _metadata(seller, order.marketplace_id),
            "relatedIdentifiers": _related(related),
            "transactionType": "Shipment" if shipment else "Refund",
            "transactionId": transactions.identifier(seed, found),
            "transactionStatus": status,
            "description": "Order Payment" if shipment else "Refund Order",
            "postedDate": iso(found.posted),
            "totalAmount": _money(found.total_minor, currency),
            "marketplaceDetails": _marketplace(order.marketplace_id),
            "items": [self._item(order, line, each, currency) for line, each in parts],
            "breakdowns": _summed([each for _, each in parts], currency, refunded=not shipment),
            "contexts": [
                {
                    "contextType": "DeferredContext",
                    "deferralReason": found.reason,
                    "maturityDate": iso(found.at + transactions.HELD_MS),
                }
            ]
            if found.reason
            else [],
        }

    def _item(self, order: Order, line: Line, parts: Parts, currency: str) -> dict[str, Any]:
        listing = self._world.listings[line.listing]
        adjustment = str(6_000_000_000_000 + line.order_pk * 1000 + line.position)
        return {
            "description": listing.title,
            "totalAmount": _money(_total(parts), currency),
            "relatedIdentifiers": [
                {"itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID", "itemRelatedIdentifierValue": adjustment}
            ],
            "breakdowns": [
                {
                    "breakdownType": name,
                    "breakdownAmount": _money(sum(minor for _, minor in leaves), currency),
                    "breakdowns": [_leaf(name, leaf, minor, currency) for leaf, minor in leaves],
                }
                for name, leaves in parts
            ],
            "contexts": [
                {
                    "contextType": "ProductContext",
                    "asin": listing.asin,
                    "sku": listing.sku,
                    "quantityShipped": line.quantity,
                    "fulfillmentNetwork": "AFN" if order.by_amazon else "MFN",
                }
            ],
        }


def _parts(line: Line, kind: Kind, *, by_amazon: bool) -> Parts:
    sign = 1 if kind is Kind.SHIPMENT else -1
    parts: Parts = [
        ("Tax", [("OurPriceTax", sign * line.tax_minor)]),
        ("ProductCharges", [("OurPricePrincipal", sign * line.item_minor)]),
        ("PromoRebates", [("OurPriceDiscount", -sign * line.discount_minor)]),
        ("MarketplaceWithheldTax", [("MarketplaceFacilitatorTax-Principal", -sign * line.tax_minor)]),
    ]
    if kind is Kind.SHIPMENT:
        fees = [("Commission", -referral_fee(line))]
        if by_amazon:
            fees.append(("FBAPerUnitFulfillmentFee", -fulfilment_fee(line)))
        parts += [("Shipping", [("ShippingPrincipal", line.shipping_minor)]), ("AmazonFees", fees)]
    return [(name, leaves) for name, leaves in parts if name == "ProductCharges" or any(minor for _, minor in leaves)]


def _total(parts: Parts) -> int:
    return sum(minor for _, leaves in parts for _, minor in leaves)


def _leaf(parent: str, name: str, minor: int, currency: str) -> dict[str, Any]:
    base = [{"breakdownType": "Base", "breakdownAmount": _money(minor, currency), "breakdowns": []}]
    return {
        "breakdownType": name,
        "breakdownAmount": _money(minor, currency),
        "breakdowns": base if parent == "AmazonFees" else [],
    }


def _summed(parts: Sequence[Parts], currency: str, *, refunded: bool) -> list[dict[str, Any]]:
    sums: dict[str, int] = {}
    for each in parts:
        for name, leaves in each:
            sums[name] = sums.get(name, 0) + sum(minor for _, minor in leaves)
    groups = {"Sales": {name: minor for name, minor in sums.items() if name != "AmazonFees"}}
    groups["Expenses"] = {name: minor for name, minor in sums.items() if name == "AmazonFees"}
    return [
        {
            "breakdownType": f"Refunded {group}" if refunded else group,
            "breakdownAmount": _money(sum(found.values()), currency),
            "breakdowns": [
                {"breakdownType": name, "breakdownAmount": _money(minor, currency), "breakdowns": None}
                for name, minor in found.items()
            ],
        }
        for group, found in groups.items()
    ]


def _transfer(seller: Seller, place: str, found: Transfer) -> dict[str, Any]:
    return {
        "sellingPartnerMetadata": _metadata(seller, place),
        "relatedIdentifiers": _related([("SETTLEMENT_ID", found.settlement_id)]),
        "transactionType": "Transfer",
        "transactionId": transactions.transfer_identifier(found),
        "transactionStatus": transactions.RELEASED,
        "description": "Disbursement",
        "postedDate": iso(found.posted),
        "totalAmount": _money(found.total_minor, found.currency),
        "marketplaceDetails": _marketplace(place),
        "items": [],
        "breakdowns": [
            {"breakdownType": "Expenses", "breakdownAmount": _money(0, found.currency), "breakdowns": []},
            {
                "breakdownType": "FundTransfer",
                "breakdownAmount": _money(found.total_minor, found.currency),
                "breakdowns": [],
            },
        ],
        "contexts": [],
    }


def _metadata(seller: Seller, place: str) -> dict[str, str]:
    return {
        "sellingPartnerId": seller.selling_partner_id,
        "accountType": "Standard Orders",
        "marketplaceId": place,
    }


def _marketplace(place: str) -> dict[str, str]:
    return {"marketplaceId": place, "marketplaceName": MARKETPLACES[place].name}


def _related(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"relatedIdentifierName": name, "relatedIdentifierValue": value} for name, value in pairs]


def _money(minor: int, currency: str) -> dict[str, Any]:
    return {"currencyCode": currency, "currencyAmount": float(amount_text(minor, currency))}


def _window(request: Request, now: int) -> tuple[int, int]:
    after, before = instant_of(request, "postedAfter"), instant_of(request, "postedBefore")
    latest = now - _MARGIN_MS
    if after is None:
        raise invalid_input("postedAfter is required unless a related identifier is given.")
    if after > latest:
        raise invalid_input("postedAfter must be more than two minutes before the time of the request.")
    if before is None:
        return after, latest
    if before > latest:
        raise invalid_input("postedBefore must be more than two minutes before the time of the request.")
    if before <= after:
        raise invalid_input("postedBefore must be later than postedAfter.")
    return after, before
