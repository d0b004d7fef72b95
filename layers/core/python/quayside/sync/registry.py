"""The dataset registry: what is read from Amazon, for which feature, under which role, how fresh, and for how long.

It is the one list behind the consent page, the data inventory, the planner and the health of a connection (AUP-2.2,
AUP-3.8): a dataset that is not here is not read, and one that no switched-on feature needs is not read either.
"""

from collections.abc import Collection
from typing import Literal, get_args

import msgspec

from quayside.amazon.operations import (
    CREATE_FEED,
    CREATE_FEED_DOCUMENT,
    CREATE_REPORT,
    CREATE_SOLICITATION,
    CREATE_UPLOAD_DESTINATION,
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
    LIST_INBOUND_PLANS,
    LIST_SHIPMENT_ITEMS,
    LIST_TRANSACTIONS,
    MESSAGES,
    PATCH_LISTINGS_ITEM,
    REPORT_ROLES,
    SEARCH_CATALOG_ITEMS,
    SEARCH_LISTINGS_ITEMS,
    SEARCH_ORDERS,
    Operation,
    Role,
)
from quayside.storage.tables import AMAZON_DATA_DAYS
from quayside.sync.commands import Kind

MARKETPLACES = "marketplaces"
ORDERS = "orders"
INVENTORY = "inventory"
LISTINGS = "listings"
CATALOG_ITEMS = "catalog_items"
FINANCES = "finances"
SETTLEMENTS = "settlements"
RETURNS = "returns"
FEES = "fees"
INBOUND_SHIPMENTS = "inbound_shipments"
SALES_AND_TRAFFIC = "sales_and_traffic"
RESTOCK_ADVICE = "restock_advice"
RECIPIENTS = "recipients"
REVIEW_REQUESTS = "review_requests"
BUYER_MESSAGES = "buyer_messages"
PRODUCT_RESEARCH = "product_research"

ORDERS_BY_ORDER_DATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
ORDERS_BY_LAST_UPDATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
MERCHANT_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
CUSTOMER_RETURNS = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
RESTOCK_RECOMMENDATIONS = "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"

Feature = Literal[
    "sales",
    "stock",
    "listings",
    "profit",
    "performance",
    "merchant_fulfilment",
    "reviews",
    "messages",
    "sourcing",
]
MERCHANT_FULFILMENT: Literal["merchant_fulfilment"] = "merchant_fulfilment"
BUYER_MESSAGING: Literal["messages"] = "messages"
ALL_FEATURES: tuple[Feature, ...] = get_args(Feature)

_HOUR = 3600
_DAY = 24 * _HOUR


class FeatureTerms(msgspec.Struct, frozen=True):
    """A feature that a seller can switch off for a connection.

    Attributes:
        key: its name in the API.
        title: its name for people.
        what: what is missing when it is off.
        caution: what to know before it is switched on; empty when it is on from the beginning.
    """

    key: Feature
    title: str
    what: str
    caution: str = ""


FEATURES: tuple[FeatureTerms, ...] = (
    FeatureTerms("sales", "Sales", "Sales figures, the order list and the order page"),
    FeatureTerms("stock", "Stock", "The stock list, shipments on their way to Amazon, and its restock recommendations"),
    FeatureTerms("listings", "Listings", "Listings, their issues and product attributes"),
    FeatureTerms("profit", "Profit", "Amazon's fees, payouts, refunds and returns"),
    FeatureTerms("performance", "Performance", "Sessions, conversion and buy-box share"),
    FeatureTerms(
        MERCHANT_FULFILMENT,
        "Merchant fulfilment",
        "Delivery addresses of the orders you ship yourself",
        "Quayside then reads name, address and phone of whoever receives an order you ship yourself. They are "
        "encrypted under a key that is destroyed 30 days after delivery, are shown for a label or a packing slip only, "
        "and each look is recorded. Switching it off deletes them at once.",
    ),
    FeatureTerms("reviews", "Reviews", "Review requests through Amazon, by the campaigns you make"),
    FeatureTerms(
        BUYER_MESSAGING,
        "Messages",
        "Messages to buyers by the templates Amazon allows for an order",
        "Owners and admins can then write to the buyers of your orders, by Amazon's own templates alone and under "
        "Amazon's rules. What they write is kept for 30 days, who wrote when and what became of it for 18 months. "
        "Quayside never writes by itself.",
    ),
    FeatureTerms("sourcing", "Sourcing", "Amazon's facts and fee estimates of products you look into"),
)
"""Every feature, in the order of the page."""


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of data that is kept in sync for a connection.

    Attributes:
        key: its name in keys, commands and the API.
        title: its name for people.
        what: what is read.
        purpose: what it is read for, in words for people.
        features: which features need it; when all of them are off it is not read.
        operations: the operations it is read with, the most used first.
        notifications: the notification types that carry it or tell that it changed.
        reports: the report types it is read from.
        source: where it comes from, in words for people.
        refresh_kind: the command its due job sends.
        refresh_seconds: how often.
        first_after_seconds: how long after an account is connected it is first read; 0 is at once. What needs many of
            Amazon's reports or calls waits until recent orders are in.
        check_seconds: how often it is checked in full while notifications bring its changes; 0 when none carry them.
        overlap_seconds: how far a run reaches back behind the last one, for what Amazon shows late.
        history_days: how far back its history is fetched; 0 when Amazon only tells the present.
        per_marketplace: whether it is read marketplace by marketplace.
        objective_seconds: how old its last success may be; 0 when it is read once.
        retention_days: how long it is kept.
        contains_personal_data: whether any of it is personal data of buyers.
        restricted_role: the SP-API role that its personal data needs besides those of its operations.
        kept_for: for how long it is kept, in words; empty when ``retention_days`` says it.
    """

    key: str
    title: str
    what: str
    purpose: str
    features: tuple[Feature, ...]
    operations: tuple[Operation, ...]
    notifications: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    source: str
    refresh_kind: Kind
    refresh_seconds: int
    first_after_seconds: int = 0
    check_seconds: int = 0
    overlap_seconds: int = 0
    history_days: int = 0
    per_marketplace: bool = False
    objective_seconds: int
    retention_days: int = AMAZON_DATA_DAYS
    contains_personal_data: bool = False
    restricted_role: Role | None = None
    kept_for: str = ""

    @property
    def role(self) -> Role:
        """The SP-API role a seller grants for it."""
        if self.restricted_role is not None:
            return self.restricted_role
        return REPORT_ROLES[self.reports[0]] if self.reports else self.operations[0].role

    def is_needed(self, features_off: Collection[str]) -> bool:
        """Return whether a feature that is on needs it."""
        return not self.features or any(feature not in features_off for feature in self.features)


REGISTRY: tuple[Dataset, ...] = (
    Dataset(
        key=ORDERS,
        title="Orders",
        what="Order numbers, dates, status, SKUs, quantities and prices. No buyer names, addresses or messages.",
        purpose="Sales figures, the order list and the order page",
        features=("sales", MERCHANT_FULFILMENT),
        operations=(SEARCH_ORDERS, GET_ORDER, CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT),
        notifications=("ORDER_CHANGE",),
        reports=(ORDERS_BY_ORDER_DATE, ORDERS_BY_LAST_UPDATE),
        source="Amazon tells us about each change; checked against Amazon's report twice a day",
        refresh_kind="orders.search",
        refresh_seconds=900,
        check_seconds=12 * _HOUR,
        overlap_seconds=900,
        history_days=730,
        objective_seconds=1800,
    ),
    Dataset(
        key=INVENTORY,
        title="FBA stock",
        what="Units per SKU and marketplace: sellable, inbound, reserved, unsellable.",
        purpose="The stock list",
        features=("stock",),
        operations=(GET_INVENTORY_SUMMARIES,),
        notifications=("FBA_INVENTORY_AVAILABILITY_CHANGES",),
        source="Amazon tells us about each change; listed in full at intervals",
        refresh_kind="inventory.list",
        refresh_seconds=1800,
        check_seconds=6 * _HOUR,
        per_marketplace=True,
        objective_seconds=5400,
    ),
    Dataset(
        key=LISTINGS,
        title="Listings",
        what="SKUs, titles, prices, quantities, status and issues of your listings; all texts of those you edit.",
        purpose="The listings, their issues, and matching orders to products",
        features=("listings",),
        operations=(
            GET_LISTINGS_ITEM,
            SEARCH_LISTINGS_ITEMS,
            PATCH_LISTINGS_ITEM,
            GET_PRODUCT_TYPE_DEFINITION,
            CREATE_REPORT,
            GET_REPORT_DOCUMENT,
            CREATE_FEED_DOCUMENT,
            CREATE_FEED,
            GET_FEED,
            GET_FEEDS,
            GET_FEED_DOCUMENT,
        ),
        notifications=(
            "LISTINGS_ITEM_STATUS_CHANGE",
            "LISTINGS_ITEM_ISSUES_CHANGE",
            "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
            "PRODUCT_TYPE_DEFINITIONS_CHANGE",
        ),
        reports=(MERCHANT_LISTINGS,),
        source="Amazon's listings report twice a day; Amazon tells us about status and issues in between",
        refresh_kind="listings.refresh",
        refresh_seconds=12 * _HOUR,
        first_after_seconds=300,
        per_marketplace=True,
        objective_seconds=26 * _HOUR,
    ),
    Dataset(
        key=CATALOG_ITEMS,
        title="Product attributes",
        what="Title, brand, category, size and weight of the products you list.",
        purpose="Product names and pictures, fees and restock by size",
        features=("listings",),
        operations=(SEARCH_CATALOG_ITEMS,),
        source="Amazon's catalog, a part every day",
        refresh_kind="catalog.refresh",
        refresh_seconds=_DAY,
        first_after_seconds=1800,
        per_marketplace=True,
        objective_seconds=8 * _DAY,
    ),
    Dataset(
        key=FINANCES,
        title="Transactions",
        what="What Amazon paid or charged for orders, refunds and services, with amounts and dates.",
        purpose="Profit: what an order really brought",
        features=("profit",),
        operations=(LIST_TRANSACTIONS,),
        notifications=("TRANSACTION_UPDATE",),
        source="Amazon's transactions every four hours, and when Amazon tells us of new ones",
        refresh_kind="finances.list",
        refresh_seconds=4 * _HOUR,
        first_after_seconds=_HOUR,
        overlap_seconds=6 * _HOUR,
        history_days=730,
        objective_seconds=8 * _HOUR,
    ),
    Dataset(
        key=SETTLEMENTS,
        title="Settlements",
        what="The lines of Amazon's settlement statements.",
        purpose="Profit: matching payouts to the cent",
        features=("profit",),
        operations=(GET_REPORTS, GET_REPORT_DOCUMENT),
        reports=(SETTLEMENT,),
        source="Amazon's settlement reports, looked for twice a day",
        refresh_kind="report.find",
        refresh_seconds=12 * _HOUR,
        first_after_seconds=_HOUR,
        history_days=90,
        objective_seconds=26 * _HOUR,
    ),
    Dataset(
        key=RETURNS,
        title="FBA returns",
        what="Returned units per SKU with reason and condition. No buyer comments.",
        purpose="Return rates and their reasons, and what returns cost",
        features=("profit",),
        operations=(CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT),
        reports=(CUSTOMER_RETURNS,),
        source="Amazon's returns report twice a day",
        refresh_kind="returns.refresh",
        refresh_seconds=12 * _HOUR,
        first_after_seconds=_HOUR,
        overlap_seconds=3 * _DAY,
        history_days=365,
        objective_seconds=26 * _HOUR,
    ),
    Dataset(
        key=FEES,
        title="Fee estimates",
        what="Amazon's estimate of its fees for each SKU at its present price.",
        purpose="Profit before Amazon has posted the real fees",
        features=("profit",),
        operations=(GET_MY_FEES_ESTIMATES,),
        source="Amazon's fee estimates, every four days",
        refresh_kind="fees.estimate",
        refresh_seconds=4 * _DAY,
        first_after_seconds=2 * _HOUR,
        per_marketplace=True,
        objective_seconds=8 * _DAY,
    ),
    Dataset(
        key=INBOUND_SHIPMENTS,
        title="Inbound shipments",
        what="Shipments to Amazon: status, SKUs, units sent and received.",
        purpose="Stock on its way, and units that went missing",
        features=("stock",),
        operations=(
            GET_SHIPMENTS,
            GET_SHIPMENT_ITEMS,
            LIST_INBOUND_PLANS,
            GET_INBOUND_PLAN,
            GET_SHIPMENT,
            LIST_SHIPMENT_ITEMS,
        ),
        source="Amazon's inbound plans and shipments, every hour and a half",
        refresh_kind="inbound.list",
        refresh_seconds=5400,
        first_after_seconds=600,
        overlap_seconds=_DAY,
        history_days=365,
        objective_seconds=3 * _HOUR,
    ),
    Dataset(
        key=SALES_AND_TRAFFIC,
        title="Sales and traffic",
        what="Sessions, page views, conversion and buy-box share per SKU and day.",
        purpose="Product performance",
        features=("performance",),
        operations=(CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT),
        reports=(TRAFFIC,),
        source="Amazon's sales and traffic report, once a day for each marketplace",
        refresh_kind="traffic.refresh",
        refresh_seconds=_DAY,
        first_after_seconds=2 * _HOUR,
        overlap_seconds=2 * _DAY,
        history_days=60,
        per_marketplace=True,
        objective_seconds=50 * _HOUR,
    ),
    Dataset(
        key=RESTOCK_ADVICE,
        title="Amazon's restock recommendations",
        what="Units Amazon itself would send per SKU, by when, and how long stock lasts by its own reckoning.",
        purpose="Amazon's recommendation beside ours in the restock list",
        features=("stock",),
        operations=(CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT),
        reports=(RESTOCK_RECOMMENDATIONS,),
        source="Amazon's restock report, once a day for each marketplace",
        refresh_kind="advice.refresh",
        refresh_seconds=_DAY,
        first_after_seconds=2 * _HOUR,
        per_marketplace=True,
        objective_seconds=50 * _HOUR,
    ),
    Dataset(
        key=RECIPIENTS,
        title="Delivery addresses",
        what="Name, address and phone of whoever receives an order you ship yourself. Nothing for orders Amazon ships.",
        purpose="Labels and packing slips, only once you switch merchant fulfilment on",
        features=(MERCHANT_FULFILMENT,),
        operations=(GET_ORDER, SEARCH_ORDERS),
        source="Amazon, when an order of yours changes; all open orders are gone through every six hours",
        refresh_kind="recipients.find",
        refresh_seconds=6 * _HOUR,
        first_after_seconds=300,
        overlap_seconds=_HOUR,
        objective_seconds=14 * _HOUR,
        retention_days=90,
        contains_personal_data=True,
        restricted_role="Direct-to-Consumer Shipping (Restricted)",
        kept_for="until 30 days after delivery, or until you switch it off or disconnect",
    ),
    Dataset(
        key=REVIEW_REQUESTS,
        title="Review requests",
        what="For each order whether Amazon offers a review request, and its answer to one. No buyer is named.",
        purpose="Asking buyers for reviews through Amazon, once an order, by the campaigns you make",
        features=("reviews",),
        operations=(GET_SOLICITATION_ACTIONS, CREATE_SOLICITATION),
        source="Amazon, when an order's time has come; looked at every quarter of an hour",
        refresh_kind="reviews.send",
        refresh_seconds=900,
        first_after_seconds=900,
        objective_seconds=2 * _HOUR,
    ),
    Dataset(
        key=BUYER_MESSAGES,
        title="Messages to buyers",
        what="Which messages Amazon allows for an order, in which language, and its answer to one. No buyer is named.",
        purpose="Writing to the buyer of an order by Amazon's templates, only once you switch messages on",
        features=(BUYER_MESSAGING,),
        operations=(GET_MESSAGING_ACTIONS, GET_MESSAGING_ATTRIBUTES, *MESSAGES.values(), CREATE_UPLOAD_DESTINATION),
        source="Amazon, when a member asks or writes; what was left open is looked at every hour",
        refresh_kind="messages.send",
        refresh_seconds=_HOUR,
        first_after_seconds=_HOUR,
        objective_seconds=3 * _HOUR,
    ),
    Dataset(
        key=PRODUCT_RESEARCH,
        title="Product research",
        what="Title, category, rank and size of products you compare with, and Amazon's fees at the prices you enter.",
        purpose="Sourcing: what a product you may sell would earn",
        features=("sourcing",),
        operations=(SEARCH_CATALOG_ITEMS, GET_MY_FEES_ESTIMATES),
        source="Amazon's catalogue and fee estimates, when you ask; every four days for 90 days after that",
        refresh_kind="research.refresh",
        refresh_seconds=_DAY,
        first_after_seconds=_DAY,
        objective_seconds=2 * _DAY,
    ),
)
"""The datasets that are kept in step at intervals, as the health of a connection lists them."""


class Routine(msgspec.Struct, frozen=True):
    """Work on what is stored already, without asking Amazon, that comes back at intervals for every connection.

    Attributes:
        job: its name in the list of what is due.
        kind: the command it sends.
        every_seconds: how often.
        first_after_seconds: how long after an account was connected.
        after_report: a type of report; whenever one is stored, the work is done besides.
        after_history: whether it is done besides when the orders of the past are all there.
    """

    job: str
    kind: Kind
    every_seconds: int
    first_after_seconds: int
    after_report: str = ""
    after_history: bool = False


ROUTINES: tuple[Routine, ...] = (
    Routine("stock_days", "stock.look", 6 * _HOUR, 1800),
    Routine("suggestions", "suggestions.compute", _DAY, 3 * _HOUR, after_history=True),
    Routine("catalog_grid", "grid.compute", 3 * _HOUR, 900, after_report=MERCHANT_LISTINGS),
)
"""Stock is looked at four times a day, so that what a day ended with is at most six hours old. Suggestions are worked
out once a day, the first time when the orders of the past are there, which they are worked out from. The catalog's grid
is put together anew every three hours, for stock, costs and packages, and when all listings were read; a listing that
changes is put into it at once."""

ONCE: tuple[Dataset, ...] = (
    Dataset(
        key=MARKETPLACES,
        title="Marketplaces",
        what="In which marketplaces the account sells, and its store name.",
        purpose="Choosing marketplaces and naming the connection",
        features=(),
        operations=(GET_MARKETPLACE_PARTICIPATIONS,),
        source="Amazon, once when the account is connected",
        refresh_kind="connection.authorise",
        refresh_seconds=0,
        objective_seconds=0,
    ),
)
"""What is read once, when an account is connected."""


class DatasetInventory(msgspec.Struct, frozen=True):
    """One line of the data inventory that a seller reads before giving consent."""

    dataset: str
    title: str
    what: str
    why_feature: str
    kept_for: str
    contains_personal_data: bool
    sp_api_role: str


def dataset(key: str) -> Dataset:
    """Return a dataset by its key.

    Raises:
        KeyError: there is none.
    """
    return _BY_KEY[key]


def dataset_of_report(report_type: str) -> Dataset | None:
    """Return the dataset that is read from a type of report, None when there is none."""
    return _BY_REPORT.get(report_type)


def refresh_arguments(each: Dataset) -> dict[str, str]:
    """Return the arguments of the command that brings a dataset up to date."""
    if each.key == ORDERS:
        return {"mode": "reconcile"}
    return {"dataset": each.key} if each.refresh_kind == "report.find" else {}


def data_inventory() -> tuple[DatasetInventory, ...]:
    """Return everything that is read, why, and for how long it is kept."""
    return tuple(
        DatasetInventory(
            each.key, each.title, each.what, each.purpose, _kept_for(each), each.contains_personal_data, each.role
        )
        for each in (*ONCE, *REGISTRY)
    )


def _kept_for(each: Dataset) -> str:
    if each.kept_for:
        return each.kept_for
    months = round(each.retention_days / 30.44)
    return f"{months} months, or until you disconnect"


_BY_KEY = {each.key: each for each in (*ONCE, *REGISTRY)}
_BY_REPORT = {report_type: each for each in REGISTRY for report_type in each.reports}
