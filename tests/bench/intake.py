"""Intake: 10,000 notifications through the real handler, and through a plain loop, in turns.

Both run in this process against the same embedded AWS, in batches of the size that the template gives the intake; the
loop gains and loses nothing by it. Ours runs with the environment and the role of the deployed function, IAM enforced,
so it also assumes the role of each tenant, looks up whose a seller is, sends the orders whose money is missing to the
work queue and writes its metrics. The loop does none of that.

Write units are DynamoDB's own, read from its answers (``ReturnConsumedCapacity``, asked for on the wire) for everything
the handler writes except stock positions, per distinct order change: repeats and stale changes cost units but don't
count as changes. Lost and wrong come from reading every order back and comparing it with what the generator knows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.bench import plain_loop
from tests.bench.capacity import WriteUnits
from tests.bench.catalogue import Result
from tests.bench.comparison import compare
from tests.bench.deployment import Function, as_function, deploy, read_template
from tests.bench.embedded_aws import REGION, EmbeddedAws, embedded_aws
from tests.bench.harness import Run, Stopwatch, chunks, handlers_log, in_turns
from tests.bench.notifications import (
    SELLERS,
    WARM_UP_SELLER,
    InventoryTruth,
    LineTruth,
    OrderTruth,
    Seller,
    generate,
    sqs_event,
    subscription_id,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from quayside.kernel.ids import ConnectionId, TenantId

MESSAGES = 10_000
WARM_UP = 40
TURN = 100
"""Messages of one turn."""
SEED = 20261122
KINDS = ("ORDER_CHANGE", "FBA_INVENTORY_AVAILABILITY_CHANGES")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:intake"

type Handler = Callable[[dict[str, Any], object], Mapping[str, Any]]


class LambdaContext:
    """What a handler may ask of its invocation."""

    function_name = "notification_intake"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left, always plenty."""
        return 20_000


class Side:
    """One of the two: its handler, its clock and what it failed at."""

    def __init__(self, handler: Handler, batches: Sequence[dict[str, Any]], batch: int) -> None:
        self.watch = Stopwatch()
        self._handler = handler
        self._batch = batch
        self._turns = chunks(batches, max(1, TURN // batch))
        self.failed: list[dict[str, Any]] = []

    def turn(self, number: int) -> None:
        """Take the batches of one turn."""
        with self.watch.running():
            for batch in self._turns[number]:
                self.take(batch)

    def take(self, batch: dict[str, Any]) -> None:
        """Take one batch; what the handler reports as failed is delivered again later."""
        failures = {each["itemIdentifier"] for each in self._handler(batch, LambdaContext())["batchItemFailures"]}
        self.failed += [record for record in batch["Records"] if record["messageId"] in failures]

    def redeliver(self) -> int:
        """Deliver again what failed, as SQS does; return how many messages that were."""
        records, self.failed = self.failed, []
        for record in records:
            record["attributes"]["ApproximateReceiveCount"] = "2"
        for part in chunks(records, self._batch):
            with self.watch.running():
                self.take({"Records": list(part)})
        return len(records)


def measure(run: Run) -> Result:
    """Run both sides in turns and compare what each kept with what is true."""
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    traffic = generate(seed=SEED, deliveries=run.share(MESSAGES), until=until)
    warm_up = generate(seed=SEED + 1, deliveries=WARM_UP, until=until, sellers=(WARM_UP_SELLER,))
    batch = batch_size()
    batches = _batches(traffic.deliveries, batch)
    run.say(f"{len(traffic.deliveries)} deliveries of {len(traffic.orders)} orders; seed {SEED}.")
    with embedded_aws(run) as aws:
        functions = deploy(aws, ("NotificationIntake", "SyncWorker"))
        plain_loop.create_tables(aws.operator.client("dynamodb", endpoint_url=aws.endpoint))
        _connect(aws, functions["SyncWorker"], (*SELLERS, WARM_UP_SELLER))
        run.say("Tables, keys, queues and roles of the real template are there; nine sellers are connected.")
        intake = functions["NotificationIntake"]
        units = WriteUnits(_kind_of_write)
        with as_function(aws, intake), handlers_log(run), units.watching():
            from notification_intake.app import handler  # noqa: PLC0415 - composed in the function's environment

            ours, plain = Side(handler, batches, batch), Side(_plain_handler(aws), batches, batch)
            for event in _batches(warm_up.deliveries, batch):
                ours.take(event)
                plain.take(event)
            units.reset()
            turns = -(-len(batches) // max(1, TURN // batch))
            in_turns(ours.turn, plain.turn, turns, lambda done: _progress(run, done, turns, ours, plain))
            again = ours.redeliver()
            plain.redeliver()
        found = compare(traffic.orders, _kept_orders(aws, intake))
        positions = compare(traffic.positions, _kept_positions(aws, intake))
        by_the_loop = plain_loop.kept_orders(aws.operator.client("dynamodb", endpoint_url=aws.endpoint))
        plainly = compare(traffic.orders, (each for each in by_the_loop if each[0][0] in _measured()))
    for example in (*found.examples, *positions.examples):
        run.say(f"Difference: {example}")
    count = len(traffic.deliveries)
    return {
        "messages": count,
        "ours_per_cpu_second": round(ours.watch.rate(count), 1),
        "plain_per_cpu_second": round(plain.watch.rate(count), 1),
        "ratio": round(ours.watch.rate(count) / plain.watch.rate(count), 2),
        "write_units_per_change": round(units.units["orders"] / traffic.order_changes, 3),
        "lost": found.lost + positions.lost,
        "wrong": sum(each.wrong + each.doubled + each.extra for each in (found, positions)),
        "orders": len(traffic.orders),
        "order_changes": traffic.order_changes,
        "redelivered": again,
        "batch": batch,
        "write_units": {name: round(value, 1) for name, value in sorted(units.units.items())},
        "refused_writes": dict(sorted(units.refused.items())),
        "plain": {
            "write_units_per_change": round(units.units["plain"] / traffic.order_changes, 3),
            "lost": plainly.lost,
            "wrong": plainly.wrong + plainly.doubled + plainly.extra,
        },
    }


def batch_size() -> int:
    """Return how many messages the deployed intake gets at once."""
    events: Mapping[str, Any] = read_template()["Resources"]["NotificationIntake"]["Properties"]["Events"]
    sizes = [event["Properties"]["BatchSize"] for event in events.values() if event["Type"] == "SQS"]
    return int(sizes[0])


def _batches(bodies: Sequence[str], batch: int) -> list[dict[str, Any]]:
    return [sqs_event(part, QUEUE, batch * number) for number, part in enumerate(chunks(bodies, batch))]


def _progress(run: Run, done: int, turns: int, ours: Side, plain: Side) -> None:
    if done % 10 == 0 or done == turns:
        ratio = plain.watch.seconds / ours.watch.seconds if ours.watch.seconds else 0.0
        spent = f"ours {ours.watch.seconds:.1f} CPU s, plain {plain.watch.seconds:.1f}"
        run.say(f"Turn {done} of {turns}: {spent}, {ratio:.2f} x.")


def _plain_handler(aws: EmbeddedAws) -> Handler:
    import boto3  # noqa: PLC0415 - made only now, so that its writes are counted as well

    return plain_loop.PlainLoop(boto3.Session("test", "test", region_name=REGION), aws.endpoint).handle


def _kind_of_write(table: str, params: Mapping[str, Any]) -> str:
    if table in {plain_loop.ORDERS_TABLE, plain_loop.SEEN_TABLE}:
        return "plain"
    key = params.get("Key") or params.get("Item") or {}
    return "inventory" if "#INVENTORY#" in str(key.get("pk", {}).get("S", "")) else "orders"


def _measured() -> set[str]:
    return {seller.selling_partner_id for seller in SELLERS}


def place_of_seller(seller: Seller) -> "tuple[TenantId, ConnectionId]":
    """Return the tenant a seller belongs to in this benchmark, and its connection: a tenant each."""
    from quayside.kernel.ids import connection_id_of, tenant_id_of  # noqa: PLC0415 - the product, only when measured

    tenant_id = tenant_id_of(f"bench-{seller.selling_partner_id}")
    return tenant_id, connection_id_of(tenant_id, seller.region.upper(), seller.selling_partner_id)


def _connect(aws: EmbeddedAws, worker: Function, sellers: Sequence[Seller]) -> None:
    """Register the sellers as the worker does when an authorisation ends: whose they are, by which subscriptions."""
    with as_function(aws, worker):
        import os  # noqa: PLC0415 - the environment inside this block

        from quayside.connections.store import serve  # noqa: PLC0415 - the product, only when measured
        from quayside.kernel.settings import load_settings  # noqa: PLC0415 - as above
        from quayside.storage.connection import USES_CREDENTIALS, Store, binding  # noqa: PLC0415 - as above

        with binding(Store(load_settings(os.environ), USES_CREDENTIALS)):
            for seller in sellers:
                subscriptions = [subscription_id(seller.selling_partner_id, kind) for kind in KINDS]
                serve(seller.selling_partner_id, *place_of_seller(seller), seller.region.upper(), subscriptions)


def scan(dynamodb: "DynamoDBClient", table: str) -> Iterator[dict[str, Any]]:
    """Read a whole table as its owner may and no function can."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _sellers_by_place() -> dict[tuple[str, str], str]:
    places: dict[tuple[str, str], str] = {}
    for seller in SELLERS:
        tenant_id, connection_id = place_of_seller(seller)
        places[(str(tenant_id), str(connection_id))] = seller.selling_partner_id
    return places


def _kept_orders(aws: EmbeddedAws, intake: Function) -> Iterator[tuple[tuple[str, str], OrderTruth]]:
    from quayside.kernel.clock import format_instant  # noqa: PLC0415 - the product, only when measured
    from quayside.orders.records import lines_from, place_of  # noqa: PLC0415 - as above

    sellers = _sellers_by_place()
    for item in scan(aws.operator.client("dynamodb", endpoint_url=aws.endpoint), intake.environment["CORE_TABLE"]):
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        if not sk.startswith("ORDER#"):
            continue
        place = place_of(pk, sk)
        seller = sellers.get((pk.split("#")[1], place.connection_id))
        if seller is None:
            continue
        yield (
            (seller, place.order_id),
            OrderTruth(
                selling_partner_id=seller,
                marketplace_id=place.marketplace_id,
                order_id=place.order_id,
                purchased_at=format_instant(place.purchased_at),
                status=item["status"]["S"],
                fulfilled_by=item["fulfilled_by"]["S"],
                lines=tuple(
                    LineTruth(line.order_item_id, line.seller_sku, line.quantity_ordered, line.quantity_shipped)
                    for line in lines_from(item["lines"]["S"])
                ),
            ),
        )


def _kept_positions(aws: EmbeddedAws, intake: Function) -> Iterator[tuple[tuple[str, str, str], InventoryTruth]]:
    from quayside.storage.keys import decode  # noqa: PLC0415 - the product, only when measured

    sellers = _sellers_by_place()
    for item in scan(aws.operator.client("dynamodb", endpoint_url=aws.endpoint), intake.environment["CORE_TABLE"]):
        parts, sk = item["pk"]["S"].split("#"), item["sk"]["S"]
        seller = sellers.get((parts[1], parts[3])) if "INVENTORY" in parts else None
        if seller is None:
            continue
        marketplace_id, sku = decode(parts[4]), decode(sk.removeprefix("SKU#"))
        yield (seller, marketplace_id, sku), _position(item, seller, marketplace_id, sku)


def _position(item: Mapping[str, Any], seller: str, marketplace_id: str, sku: str) -> InventoryTruth:
    from quayside.inventory.records import quantities_from  # noqa: PLC0415 - the product, only when measured

    kept = quantities_from(item["quantities"]["S"])
    return InventoryTruth(
        selling_partner_id=seller,
        marketplace_id=marketplace_id,
        seller_sku=sku,
        fulfillable=kept.fulfillable,
        inbound_working=kept.inbound_working,
        inbound_shipped=kept.inbound_shipped,
        inbound_receiving=kept.inbound_receiving,
        unfulfillable=kept.unfulfillable,
        researching=kept.researching,
        reserved=kept.reserved_customer_orders,
    )
