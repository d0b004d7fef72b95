"""Reads and writes erasures, and knows where every item of a tenant lies.

``partitions`` is the list of all places. A test calls every function of ``storage.keys`` that makes a key of tenant
data and demands that its partition is in the list, so a new kind of record can't be forgotten.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from pynamodb.expressions.update import Action

from quayside.amazon.marketplaces import MARKETPLACES
from quayside.amazon.operations import OPERATIONS
from quayside.compliance.erasure_records import ErasureRecord, OpenErasure, OperatorsReceipt, ReceiptRecord
from quayside.compliance.erasure_rules import KEPT_AFTER, Cause, Erased, Plan, Progress, Receipt
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.erasing import Partition, table_name
from quayside.storage.keys import Key
from quayside.storage.tables import create, every, move_on, write

MONTHS = 62
"""How far back facts by month are looked for: two years of history, 18 months of keeping, and as much again."""


class Place(NamedTuple):
    """One partition of a tenant's data, and the dataset that its items count as."""

    dataset: str
    partition: Partition


def partitions(tenant_id: TenantId, plan: Plan, *, whole_tenant: bool) -> list[Place]:
    """Return every place where items of the plan's connections can lie; always in the same order for the same plan."""
    found: list[Place] = []
    for each in plan.connections:
        found += _of_connection(tenant_id, each, plan)
    # An export of everything held this connection's data too, and its file goes.
    found.append(Place("exports", Partition("core", keys.exports(tenant_id, None))))
    # These are worked out over all connections, and anew without this one.
    found.append(Place("figures", Partition("core", keys.cost_boards(tenant_id))))
    if whole_tenant:
        found.append(Place("data_keys", Partition("pii_keys", keys.data_keys(tenant_id))))
        found.append(Place("tenant", Partition("core", keys.tenant(tenant_id).pk)))
        found.append(Place("own_stock", Partition("core", keys.own_stock(tenant_id))))
        found.append(Place("reviews", Partition("core", keys.review_settings(tenant_id))))
        found.append(Place("reviews", Partition("core", keys.do_not_solicit(tenant_id))))
        found.append(Place("costs", Partition("core", keys.costs(tenant_id))))
        found += (
            Place("procurement", Partition("core", partition(tenant_id)))
            for partition in (keys.suppliers, keys.purchases, keys.purchase_files)
        )
        found.append(Place("listings", Partition("core", keys.catalog_views(tenant_id))))
        found.append(Place("listings", Partition("core", keys.brand_tags(tenant_id))))
        found.append(Place("sourcing", Partition("core", keys.sourcing(tenant_id))))
        found.append(Place("restock_defaults", Partition("core", keys.restock_defaults(tenant_id).pk)))
        found.append(Place("shipments", Partition("core", keys.shipments(tenant_id))))
        found.append(Place("shipments", Partition("core", keys.under_way(tenant_id))))
        found.append(Place("shipments", Partition("core", keys.listed_shipments(tenant_id))))
        found.append(Place("members", Partition("core", keys.members(tenant_id))))
        found.append(Place("connections", Partition("core", keys.connections(tenant_id))))
    return found


def credential_places(tenant_id: TenantId, plan: Plan) -> list[Place]:
    """Return where the credentials of the plan's connections lie."""
    return [
        Place("credentials", Partition("vault", keys.vault(tenant_id, ConnectionId(each.connection_id))))
        for each in plan.connections
    ]


def _of_connection(tenant_id: TenantId, erased: Erased, plan: Plan) -> Iterator[Place]:
    connection_id = ConnectionId(erased.connection_id)

    def place(dataset: str, pk: str) -> Place:
        return Place(dataset, Partition("core", pk))

    months = list(_months(date.fromisoformat(plan.newest)))
    stores = [each.marketplace_id for each in MARKETPLACES if each.region == erased.region]
    stores += [each for each in erased.marketplace_ids if each not in stores]
    for store in stores:
        for month in months:
            yield place("orders", keys.orders(tenant_id, connection_id, store, month))
            yield place("returns", keys.returns(tenant_id, connection_id, store, month))
            yield place("figures", keys.product_sheets(tenant_id, connection_id, f"{month:%Y-%m}", store))
            yield place("reviews", keys.reviews(tenant_id, connection_id, store, month))
        yield place("reviews", keys.review_days(tenant_id, connection_id, store))
        yield place("inventory", keys.inventory(tenant_id, connection_id, store))
        yield place("restock", keys.restock(tenant_id, connection_id, store))
        yield place("stock_days", keys.stock_days(tenant_id, connection_id, store))
        yield place("listings", keys.listings(tenant_id, connection_id, store))
        yield place("catalog", keys.catalog_items(tenant_id, connection_id, store))
        yield place("listings", keys.catalog_lines(tenant_id, connection_id, store))
        yield place("listings", keys.listing_edits(tenant_id, connection_id, store))
        yield place("listings", keys.listing_attributes(tenant_id, connection_id, store))
        yield place("fees", keys.fee_estimates(tenant_id, connection_id, store))
        yield place("traffic", keys.traffic(tenant_id, connection_id, store))
    for month in months:
        yield place("returns", keys.returns(tenant_id, connection_id, None, month))
        yield place("transactions", keys.transactions(tenant_id, connection_id, month))
        yield place("figures", keys.product_sheets(tenant_id, connection_id, f"{month:%Y-%m}", ""))
    yield place("figures", keys.figures(tenant_id, connection_id))
    for settlement_id in plan.settlement_ids.get(erased.connection_id, ()):
        yield place("settlements", keys.settlement_lines(tenant_id, connection_id, settlement_id))
    yield place("settlements", keys.settlements(tenant_id, connection_id))
    yield Place("personal_data", Partition("pii", keys.personal_records(tenant_id, connection_id)))
    yield place("listings", keys.listing_issues(tenant_id, connection_id))
    yield place("listings", keys.listing_files(tenant_id, connection_id))
    yield place("inbound", keys.inbound(tenant_id, connection_id))
    yield place("shipments", keys.matched_inbound(tenant_id, connection_id))
    yield place("restock_choices", keys.restock_choices(tenant_id, connection_id))
    yield place("stock_links", keys.stock_links(tenant_id, connection_id).pk)
    yield place("quarantine", keys.tenant_quarantine(tenant_id, connection_id))
    yield place("reviews", keys.review_wake_ups(tenant_id, connection_id))
    yield place("reviews", keys.review_marks(tenant_id, connection_id))
    yield place("reviews", keys.review_standing(tenant_id, connection_id).pk)
    yield place("research", keys.research(tenant_id, connection_id))
    yield place("messages", keys.messages(tenant_id, connection_id))
    yield place("messages", keys.message_log(tenant_id, connection_id))
    yield place("messages", keys.open_messages(tenant_id, connection_id))
    yield Place("messages", Partition("pii", keys.message_files(tenant_id, connection_id)))
    yield place("runs", keys.runs(tenant_id, connection_id))
    yield place("reports", keys.report_runs(tenant_id, connection_id))
    yield place("health", keys.dataset_health_partition(tenant_id, connection_id))
    yield place("exports", keys.exports(tenant_id, connection_id))


def _months(newest: date) -> Iterator[date]:
    """Yield the months from a month ahead (a clock at Amazon may be ahead of ours) back to the oldest."""
    month = (newest.replace(day=28) + timedelta(days=4)).replace(day=1)
    for _ in range(MONTHS):
        yield month
        month = (month - timedelta(days=1)).replace(day=1)


def settlement_ids(connection_id: ConnectionId) -> tuple[str, ...]:
    """Return the settlements of a connection of the tenant in scope."""
    partition = Partition("core", keys.settlements(current_tenant(), connection_id))
    found = (keys.decode(item["sk"]["S"].rpartition("#")[2]) for item in _items(partition, "sk"))
    # Each once: a payout that Amazon moved to another day is stored under both.
    return tuple(dict.fromkeys(found))


def notes(tenant_id: TenantId, erased: Erased) -> Iterator[Key]:
    """Yield what functions noted about a connection among themselves, besides what is due and on the board."""
    connection_id = ConnectionId(erased.connection_id)
    yield keys.seller_connection(erased.selling_partner_id, tenant_id, connection_id)
    yield keys.access_token(tenant_id, connection_id)
    yield keys.sweep(tenant_id, connection_id)
    yield keys.lease(f"authorise:{tenant_id}:{connection_id}")
    for operation in OPERATIONS:
        yield keys.quota_bucket(bound().settings.amazon_application_id, connection_id, operation)
    for item in _items(Partition("core", keys.report_runs(tenant_id, connection_id)), "report_id"):
        if "report_id" in item:
            yield keys.report_pointer(item["report_id"]["S"])


def notes_of_tenant(tenant_id: TenantId) -> Iterator[Key]:
    """Yield what functions noted about a tenant as such: which of its data keys will have to be destroyed."""
    for item in _items(Partition("pii_keys", keys.data_keys(tenant_id)), "sk"):
        yield keys.expiring_key(tenant_id, date.fromisoformat(item["sk"]["S"].removeprefix("DAY#")))


def orders_with_personal_data(connection_id: ConnectionId) -> list[str]:
    """Return the orders of a connection of the tenant in scope that personal data is stored of."""
    partition = Partition("pii", keys.personal_records(current_tenant(), connection_id))
    return [keys.decode(item["sk"]["S"].removeprefix("ORDER#")) for item in _items(partition, "sk")]


def _items(partition: Partition, attribute: str) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {
        "TableName": table_name(partition.table),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": partition.pk}},
        "ProjectionExpression": attribute,
        "ConsistentRead": True,
    }
    client = bound().tenant.client("dynamodb")
    while True:
        answer = client.query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def member_emails() -> list[str]:
    """Return the addresses of the members of the tenant in scope, by which the identity provider knows them."""
    partition = Partition("core", keys.members(current_tenant()))
    return [item["email"]["S"] for item in _items(partition, "email") if "email" in item]


def delete_member_account(email: str) -> None:
    """Delete a person's account at the identity provider; one that is gone already is no error."""
    client = bound().system.client("cognito-idp")
    try:
        client.admin_delete_user(UserPoolId=bound().settings.user_pool_id, Username=email)
    except client.exceptions.UserNotFoundException:
        return


# -- The course --------------------------------------------------------------------------------------------------------


def open_one(  # noqa: PLR0913 - the parts of an erasure
    tenant_id: TenantId,
    erasure_id: str,
    *,
    connection_id: ConnectionId | None,
    connection_name: str | None,
    cause: Cause,
    requested_by: str,
    requested_at: datetime,
    begins_at: datetime,
) -> None:
    """Note that data is to be erased. It is listed first: an erasure that is noted is never forgotten."""
    listed = OpenErasure
    write(
        listed,
        keys.open_erasure(tenant_id, erasure_id),
        [listed.tenant_id.set(tenant_id), listed.erasure_id.set(erasure_id)],
        returning="NONE",
    )
    model = ErasureRecord
    actions: list[Action] = [
        model.tenant_id.set(tenant_id),
        model.erasure_id.set(erasure_id),
        model.cause.set(cause),
        model.requested_by.set(requested_by),
        model.requested_at.set(format_instant(requested_at)),
        model.begins_at.set(format_instant(begins_at)),
        model.state.set("waiting"),
        model.step.set(0),
    ]
    if connection_id is not None:
        actions.append(model.connection_id.set(connection_id))
    if connection_name is not None:
        actions.append(model.connection_name.set(connection_name))
    write(model, keys.erasure(tenant_id, erasure_id), actions, model.pk.does_not_exist(), returning="NONE")


def find(tenant_id: TenantId, erasure_id: str) -> ErasureRecord | None:
    """Return one erasure."""
    return ErasureRecord.find(keys.erasure(tenant_id, erasure_id))


def of_tenant(tenant_id: TenantId) -> list[ErasureRecord]:
    """Return the erasures of a tenant that are under way or ended lately."""
    return list(every(ErasureRecord, keys.erasures(tenant_id), prefix="ERASURE#"))


def not_ended() -> Iterator[OpenErasure]:
    """Yield every erasure that has not ended, of all tenants."""
    yield from every(OpenErasure, keys.OPEN_ERASURES, between=(keys.LOWEST, keys.HIGHEST))


def unlist(tenant_id: TenantId, erasure_id: str) -> None:
    """Take an erasure off the list of those that have not ended."""
    OpenErasure.remove(keys.open_erasure(tenant_id, erasure_id))


def move(record: ErasureRecord, now: datetime, actions: Sequence[Action] = ()) -> ErasureRecord | None:
    """Change an erasure, unless somebody else did since ``record`` was read; return it as it is now, None otherwise."""
    return move_on(record, [ErasureRecord.moved_at.set(format_instant(now)), *actions])


def keep(record: ErasureRecord, progress: Progress, now: datetime) -> ErasureRecord | None:
    """Store how far an erasure is; None when somebody else goes on with it."""
    return move(record, now, [ErasureRecord.progress.set(msgspec.json.encode(progress).decode())])


def end(record: ErasureRecord, state: str, now: datetime) -> None:
    """Note that an erasure ended, and take it off the list of those that have not."""
    model = ErasureRecord
    ended = move(
        record,
        now,
        [model.state.set(state), model.expires_at.set(epoch_seconds(now + KEPT_AFTER))],
    )
    if ended is not None:
        unlist(TenantId(record.tenant_id), record.erasure_id)


def progress_of(record: ErasureRecord) -> Progress:
    """Return how far an erasure is."""
    return msgspec.json.decode(record.progress, type=Progress) if record.progress else Progress()


def plan_of(record: ErasureRecord) -> Plan | None:
    """Return what an erasure erases, None until it began."""
    return msgspec.json.decode(record.plan, type=Plan) if record.plan else None


# -- Receipts ----------------------------------------------------------------------------------------------------------


class Kept(NamedTuple):
    """A receipt as it is kept."""

    receipt: Receipt
    document: str
    signature: str
    public_key: str


def put_receipt(receipt: Receipt, document: str, signature: str, public_key: str, finished_at: datetime) -> None:
    """Keep a receipt of the tenant in scope for ever; the first one of an erasure stays."""
    create(
        ReceiptRecord,
        keys.receipt(current_tenant(), finished_at, receipt.receipt),
        {"document": {"S": document}, "signature": {"S": signature}, "public_key": {"S": public_key}},
    )


def receipts() -> list[Kept]:
    """Return the receipts of the tenant in scope, oldest first."""
    found = every(ReceiptRecord, keys.receipts(current_tenant()), prefix="RECEIPT#")
    return [_kept(record) for record in found]


def operators_receipts(tenant_id: TenantId) -> list[Kept]:
    """Return the receipts of a tenant with the caller's own rights: when the tenant is gone, nobody else can."""
    found = every(OperatorsReceipt, keys.receipts(tenant_id), prefix="RECEIPT#")
    return [_kept(record) for record in found]


def _kept(record: ReceiptRecord | OperatorsReceipt) -> Kept:
    receipt = msgspec.json.decode(record.document, type=Receipt)
    return Kept(receipt, record.document, record.signature, record.public_key)
