"""Use cases of the pipeline: where every unit of a SKU is, and what restock needs to know of it.

They act for the tenant in scope.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from quayside.connections import service as connections
from quayside.inventory import own_service as own_stock
from quayside.inventory import service as inventory
from quayside.inventory.service import StockNow
from quayside.kernel.clock import Clock
from quayside.kernel.cursors import decode_cursor, encode_cursor
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.procurement import order_service
from quayside.procurement.views import OpenLine
from quayside.storage import keys
from quayside.supply_chain import lead_rules, pipeline_rules, shipment_service
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain import store as amazon
from quayside.supply_chain.pipeline_rules import Moving, Stages
from quayside.supply_chain.pipeline_views import PipelineLine, PipelinePage, total_figure
from quayside.supply_chain.records import shipment_from
from quayside.supply_chain.shipment_records import UnderWay

if TYPE_CHECKING:
    from quayside.supply_chain.lead_rules import Observation
    from quayside.supply_chain.shipment_rules import LegKind

_ROWS = 500
"""So many units under way, by SKU and shipment, one page reads at most."""


def list_pipeline(
    connection_id: ConnectionId, marketplace_id: str, cursor: str | None, limit: int, *, clock: Clock
) -> PipelinePage:
    """List SKUs of one marketplace from the order to the shelf, in the order of the SKUs.

    Raises:
        NotFound: there is no such connection, or it does not sell there.
        InvalidInput: the cursor is not one of ours.
    """
    if marketplace_id not in connections.get(connection_id).marketplace_ids:
        raise NotFound("This account does not sell there.", code="marketplace_not_connected")
    after = decode_cursor(cursor, 1)[0] if cursor else ""
    mark = keys.inventory_position(current_tenant(), connection_id, marketplace_id, after).sk if after else None
    stocks, following = inventory.stock_after(connection_id, marketplace_id, mark, limit)
    until = stocks[-1].seller_sku if stocks and following is not None else None
    rows, more = store.under_way_between(after, until, _ROWS)
    if more:  # the last SKU that was read may have more, and those behind it were not read
        until = rows[-1][0]
        rows = [row for row in rows if row[0] != until]
    every = order_service.all_open_orders()
    known = {each.seller_sku: each for each in stocks}
    skus = {*known, *(sku for sku, each in rows if _is_of(each, connection_id, marketplace_id)), *(every or {})}
    wanted = sorted((sku for sku in skus if _between(sku, after, until, whole=not more)), key=keys.encode)
    shown = wanted[:limit]
    lines = _lines(connection_id, marketplace_id, shown, known, rows, every, clock)
    goes_on = bool(shown) and (len(wanted) > limit or following is not None or more)
    return PipelinePage(tuple(lines), encode_cursor(shown[-1]) if goes_on else None, every is not None)


def _between(sku: str, after: str, until: str | None, *, whole: bool) -> bool:
    name = keys.encode(sku)
    below = until is None or (name <= keys.encode(until) if whole else name < keys.encode(until))
    return below and (not after or name > keys.encode(after))


def _is_of(each: UnderWay, connection_id: ConnectionId, marketplace_id: str) -> bool:
    return (each.connection_id, each.marketplace_id) == (connection_id, marketplace_id)


def _lines(  # noqa: PLR0913, PLR0917 - what a page is made of
    connection_id: ConnectionId,
    marketplace_id: str,
    skus: Sequence[str],
    known: Mapping[str, StockNow],
    rows: Sequence[tuple[str, UnderWay]],
    every: Mapping[str, Sequence[OpenLine]] | None,
    clock: Clock,
) -> Iterable[PipelineLine]:
    today = shipment_service.today_of(marketplace_id, clock.now())
    orders = order_service.open_orders(skus) if every is None else every
    own = own_stock.units_by_sku(connection_id, marketplace_id, skus)
    here = [each for _, each in rows if _is_of(each, connection_id, marketplace_id)]
    statuses = _statuses(connection_id, here)
    for sku in skus:
        all_of_it = [each for name, each in rows if name == sku]
        moving = tuple(
            Moving(
                each.shipment_id,
                each.name,
                each.units,
                each.stage,
                each.arrives,
                pipeline_rules.late_by(each.late_days, each.due, today),
                pipeline_rules.counted_by_amazon(each.inbound, statuses),
            )
            for each in all_of_it
            if _is_of(each, connection_id, marketplace_id)
        )
        ordered = sum(line.units for line in orders.get(sku, ()))
        not_shipped = ordered - sum(each.ordered for each in all_of_it)
        stock = known.get(sku)
        there = _at_amazon(stock, sum(units for _, units in own.get(sku, ())))
        found = pipeline_rules.stages(there, not_shipped, moving)
        arrivals = [each.arrives for each in moving if each.arrives is not None and not each.at_amazon]
        yield PipelineLine(
            sku,
            stock.title if stock else None,
            stock.asin if stock else None,
            found,
            total_figure(found, clock),
            moving,
            min(arrivals, default=None),
            max((each.late_days for each in moving if not each.at_amazon), default=0),
        )


def _statuses(connection_id: ConnectionId, moving: Iterable[UnderWay]) -> dict[str, str | None]:
    wanted = {inbound_id for each in moving for inbound_id in each.inbound}
    return {
        inbound_id: facts.receiving_status or facts.status
        for inbound_id, record in amazon.shipments(connection_id, wanted).items()
        for facts in (shipment_from(record),)
    }


def _at_amazon(stock: StockNow | None, own_units: int) -> Stages:
    if stock is None:
        return Stages(own_stock=own_units)
    each = stock.quantities
    return Stages(
        own_stock=own_units,
        inbound=each.inbound_working + each.inbound_shipped + each.inbound_receiving,
        available=each.fulfillable,
        reserved=each.reserved_transfer + each.reserved_processing + each.reserved_customer_orders,
        unfulfillable=each.unfulfillable + each.researching,
    )


# -- For restock -------------------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """Units that will arrive, and when: in the seller's own stock, or straight at Amazon."""

    units: int
    expected_on: date
    to_amazon: bool


class Supply:
    """What is under way and how long ways take, for one run of restock: what was measured is read once."""

    def __init__(self) -> None:
        """Read what was measured of every kind of leg."""
        self._observed: Mapping[LegKind, tuple[Observation, ...]] = shipment_service.observations()

    def due(self, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> tuple[Due, ...]:
        """Return units of a SKU that will arrive for a marketplace and that Amazon does not count yet.

        Units in shipments count where these go, by the day they arrive. Units that are ordered and in no shipment
        count, by the day their order expects them, where the SKU is sold in one marketplace alone. What has no day is
        left out: it can't be reckoned with.
        """
        moving = store.under_way_of(seller_sku)
        here = [each for each in moving if _is_of(each, connection_id, marketplace_id)]
        statuses = _statuses(connection_id, here)
        found = [
            Due(each.units, each.arrives, each.to_amazon)
            for each in here
            if each.arrives is not None and not pipeline_rules.counted_by_amazon(each.inbound, statuses)
        ]
        shipped = sum(each.ordered for each in moving)
        lines = order_service.open_orders([seller_sku]).get(seller_sku, ())
        if lines and self._sold_in(seller_sku) == [(connection_id, marketplace_id)]:
            # What is in shipments is taken off the lines that are expected first.
            for line in sorted(lines, key=lambda each: each.expected_on or "9999"):
                left = max(0, line.units - shipped)
                shipped = max(0, shipped - line.units)
                if left and line.expected_on is not None:
                    found.append(Due(left, date.fromisoformat(line.expected_on), to_amazon=False))
        return tuple(found)

    def days_of(self, seller_sku: str, leg: str) -> tuple[int, ...]:
        """Return how many days the legs took that a leg of restock names, for this SKU; none when too few are known."""
        kinds = lead_rules.kinds_named(leg)
        return lead_rules.journeys_of(seller_sku, kinds, self._observed) if kinds else ()

    def _sold_in(self, seller_sku: str) -> list[tuple[ConnectionId, str]]:
        return [
            (ConnectionId(each.connection_id), marketplace_id)
            for each in connections.all_connections()
            for marketplace_id in each.marketplace_ids
            if inventory.stock_now(ConnectionId(each.connection_id), marketplace_id, seller_sku) is not None
        ]
