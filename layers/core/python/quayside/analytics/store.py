"""Reads and writes of Amazon's own sales and traffic. Every function acts for the tenant in scope."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from quayside.analytics.records import TRAFFIC_PREFIX, TrafficRecord, traffic_day_of, traffic_from, traffic_text
from quayside.analytics.rules import Traffic
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import facts, keys
from quayside.storage.tables import living

TRAFFIC_REPORT = "amazon:reports/GET_SALES_AND_TRAFFIC_REPORT"


def put_traffic(
    connection_id: ConnectionId,
    marketplace_id: str,
    traffic: Iterable[tuple[date, str | None, Traffic]],
    *,
    received_at: datetime,
) -> facts.Tally:
    """Store Amazon's sales and traffic by day and SKU, of the whole marketplace where there is no SKU; newer wins."""
    tenant_id = current_tenant()
    return facts.upsert(
        TrafficRecord,
        [
            facts.Fact(
                keys.traffic_day(tenant_id, connection_id, marketplace_id, day, sku),
                facts.version_of(received_at),
                traffic_text(each),
            )
            for day, sku, each in traffic
        ],
        received_at=received_at,
        source=TRAFFIC_REPORT,
    )


def browse_traffic(
    connection_id: ConnectionId, marketplace_ids: Sequence[str], cursor: str | None, limit: int
) -> facts.Browsed[TrafficRecord]:
    """Return one page of sales and traffic, marketplace by marketplace, newest day first."""
    tenant_id = current_tenant()
    shelves = [facts.Shelf(place, keys.traffic(tenant_id, connection_id, place)) for place in marketplace_ids]
    return facts.browse(TrafficRecord, shelves, prefix=TRAFFIC_PREFIX, cursor=cursor, limit=limit, newest_first=True)


def traffic_of(
    connection_id: ConnectionId, marketplace_id: str, seller_sku: str, days: Sequence[date]
) -> dict[date, Traffic]:
    """Return what Amazon says of one product on each of these days, read by their keys; days it is silent of lack."""
    tenant_id = current_tenant()
    wanted = [keys.traffic_day(tenant_id, connection_id, marketplace_id, day, seller_sku) for day in days]
    found = TrafficRecord.batch_get([(key.pk, key.sk) for key in wanted], consistent_read=False)
    return {date.fromisoformat(traffic_day_of(record.sk)[0]): traffic_from(record.facts) for record in living(found)}
