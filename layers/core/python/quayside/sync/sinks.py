"""Where fetched facts go. Features implement these ports; the worker's composition root plugs them in.

All of them are called inside the tenant's scope. Applying the same facts again changes nothing, an older fact never
replaces a newer one, and one bad fact is ``rejected`` with its reason and never spoils the others.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from quayside.amazon.inventory import InventorySummary
from quayside.amazon.orders import Order
from quayside.kernel.clock import Clock
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.money import Money

if TYPE_CHECKING:
    from quayside.amazon.catalog import CatalogItem
    from quayside.amazon.envelopes import ListingStatusChange
    from quayside.amazon.fees import FeeEstimate, FeeProblem
    from quayside.amazon.finances import Transaction
    from quayside.amazon.inbound import InboundItem, InboundPlan, InboundShipment
    from quayside.amazon.listings import Listing
    from quayside.amazon.recipients import RecipientOrder
    from quayside.sync.service import Work


class Rejected(msgspec.Struct, frozen=True):
    """One fact that could not be stored: which, and why in words a seller can read."""

    identity: str
    reason: str


class Applied(msgspec.Struct, frozen=True):
    """What became of a page of facts.

    Attributes:
        applied: facts that changed the store.
        stale: facts that were not newer than what the store had, which is no error.
        rejected: facts that could not be stored.
    """

    applied: int
    stale: int
    rejected: tuple[Rejected, ...] = ()


class OrderSink(Protocol):
    """Stores orders, newer wins (``orders.service.apply_orders``)."""

    def __call__(
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        orders: Sequence[Order],
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store ``orders`` of one connection, received from Amazon at ``received_at``."""
        ...


class RecipientSink(Protocol):
    """Keeps recipients of orders that the seller ships (``fulfilment.service.apply_recipients``)."""

    def __call__(self, connection_id: ConnectionId, orders: "Sequence[RecipientOrder]", /, *, clock: Clock) -> Applied:
        """Seal, date anew or destroy what is known of the recipients of orders of one connection."""
        ...


class InventorySink(Protocol):
    """Stores inventory positions, newer wins (``inventory.service.apply_positions``)."""

    def __call__(  # noqa: PLR0913 - the parts of one page of one marketplace
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        marketplace_id: str,
        positions: Sequence[InventorySummary],
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store the positions of one marketplace of one connection."""
        ...


class ReportLoad(msgspec.Struct, frozen=True):
    """Which report a batch of rows comes from.

    Attributes:
        tenant_id: whose report it is.
        connection_id: of which connection.
        marketplace_ids: for which marketplaces it was made.
        report_type: Amazon's type.
        report_id: Amazon's id.
        data_start: the beginning of what it covers, None when Amazon does not say.
        data_end: its end.
        received_at: when the file was received from Amazon.
        last: whether no more rows of this report follow.
    """

    tenant_id: TenantId
    connection_id: ConnectionId
    marketplace_ids: tuple[str, ...]
    report_type: str
    report_id: str
    data_start: datetime | None
    data_end: datetime | None
    received_at: datetime
    last: bool


class ReportSink(Protocol):
    """Stores rows of one type of report."""

    def __call__(self, load: ReportLoad, rows: Sequence[Any]) -> Applied:
        """Store ``rows``, which come in the order of the file; ``load.last`` may come with no rows.

        They are the ``Row`` class of ``amazon.report_rows`` that belongs to the type of report.
        """
        ...


class PlanReport(Protocol):
    """Plans a report (``sync.reports.plan``)."""

    def __call__(  # noqa: PLR0913 - the parts of a report
        self,
        work: "Work",
        report_type: str,
        marketplace_ids: Sequence[str],
        /,
        *,
        data_start: datetime,
        data_end: datetime,
        again: bool = False,
    ) -> bool:
        """Plan a report for a window of time and ask for it to be requested from Amazon.

        Returns False, and does nothing, when a report of the same type, window and marketplaces is under way or (unless
        ``again``) was loaded already.
        """
        ...


class ListingSink(Protocol):
    """Stores listings as the Listings API shows them (``catalog.service.apply_listings``)."""

    def __call__(  # noqa: PLR0913 - the parts of one page of one marketplace
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        marketplace_id: str,
        listings: "Sequence[Listing]",
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store the listings of one marketplace of one connection."""
        ...


class ListingStatusSink(Protocol):
    """Stores what a notification says of a listing (``catalog.service.apply_status_change``)."""

    def __call__(
        self,
        connection_id: ConnectionId,
        change: "ListingStatusChange",
        /,
        *,
        event_time: datetime,
        received_at: datetime,
    ) -> Applied:
        """Store whether a listing can be bought and found, for the tenant in scope."""
        ...


class CatalogSink(Protocol):
    """Stores product attributes (``catalog.service.apply_catalog_items``)."""

    def __call__(  # noqa: PLR0913 - the parts of one answer of one marketplace
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        marketplace_id: str,
        items: "Sequence[CatalogItem]",
        *,
        asked: Sequence[str],
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store the items of one marketplace.

        ``asked`` are the ASINs Amazon was asked for; those it did not answer are remembered as read all the same, so
        that they are not asked for in every run.
        """
        ...


class KnownAsins(Protocol):
    """Tells which products to read (``catalog.service.known_asins``)."""

    def __call__(self, connection_id: ConnectionId, marketplace_id: str, unread_since: datetime, /) -> list[str]:
        """Return the ASINs of the listings of a marketplace not read since then, those never read first."""
        ...


class TransactionSink(Protocol):
    """Stores transactions (``finance.service.apply_transactions``)."""

    def __call__(
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        transactions: "Sequence[Transaction]",
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store the transactions of one page."""
        ...


class PricedSku(msgspec.Struct, frozen=True):
    """A SKU with what a fee estimate depends on."""

    sku: str
    asin: str
    price: Money
    by_amazon: bool


class PricedSkus(Protocol):
    """Tells for which SKUs fees are to be estimated (``catalog.service.priced_skus``)."""

    def __call__(
        self, connection_id: ConnectionId, marketplace_id: str, after: str | None, limit: int, /
    ) -> list[PricedSku]:
        """Return the SKUs of a marketplace that have a price, in the order of their names, after one of them."""
        ...


class FeeSink(Protocol):
    """Stores fee estimates (``finance.service.apply_fee_estimates``)."""

    def __call__(  # noqa: PLR0913 - the parts of one answer of one marketplace
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        marketplace_id: str,
        estimates: "Sequence[FeeEstimate | FeeProblem]",
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store estimates; a problem means that Amazon gives none for that SKU, and leaves an older estimate alone."""
        ...


class InboundSink(Protocol):
    """Stores plans, shipments and their items (``supply_chain.service.apply_inbound``)."""

    def __call__(  # noqa: PLR0913 - the parts of one page
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        *,
        plans: "Sequence[InboundPlan]" = (),
        shipments: "Sequence[InboundShipment]" = (),
        items: "Sequence[InboundItem]" = (),
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store what one page brought."""
        ...
