"""Backfill: a seller with two years and 100,000 orders connects; how long until all are stored, by how many calls.

Ours is the product itself: consent, the worker with every dataset switched on, the intake, the schedules, the embedded
AWS with IAM, and the simulator under the quotas of Amazon's models (searchOrders one call in 178 seconds, createReport
one a minute). The plain client reads the same orders from a simulator of its own, page by page, as
``plain_client.py`` describes, and stores them in no time.

**simulated_minutes.** From the moment the seller comes back from the consent page until the product says that the
history is stored. The clock stands while code works, so the loading of reports is charged: each row moves it by the
500th part of a second, one report after the other. That rate is an assumption about the deployed worker (eight
conditional writes at once at 16 ms each). Calls take no time, on either side. For the plain client: from its first call
to its last page.

**calls.** Calls to the Selling Partner API in that time, refused ones included: those that connect the account, those
for orders, and every call for a report of whatever dataset. What only other datasets need and is read meanwhile (stock,
inbound shipments) is in ``other_calls``; asking Login with Amazon for tokens and fetching documents from their store
are ``lwa_calls`` and ``downloads``. The plain client reads orders alone, and its tokens come for nothing.

**missing, doubled, wrong.** What the table holds at that moment, compared with the simulator's orders placed before the
seller connected: the order once, with its lines by SKU, units and price.

A quick run has 5,000 orders in the same two years, not 10,000, for no more fits into its 45 seconds.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.bench.catalogue import Result
from tests.bench.comparison import compare
from tests.bench.embedded_aws import EmbeddedAws, embedded_aws
from tests.bench.harness import Run, environment, handlers_log
from tests.bench.shop import MARKETPLACE, ROWS_A_SECOND, Shop, opened, operator, simulated
from tests.bench.simulated_amazon import TOO_MANY, Call

if TYPE_CHECKING:
    from infra.simulator.server import Simulator
    from infra.simulator.world import Seller
    from tests.bench.simulated_time import Programs

ORDERS = 100_000
QUICK_ORDERS = 5_000
DAYS = 730
TOLD_DAYS = 729
"""The seller's orders are so old at most: Amazon tells nothing that is older than two years on the day it is asked."""
SEED = 20261122
PROFILE = "two-years-us"
STARTS = datetime(2030, 3, 4, 10, tzinfo=UTC)
"""Later than any day on which this runs, for the tables delete what has expired by the machine's clock."""
LONGEST = timedelta(hours=6)
OTHERS = ("/fba/", "/inbound/", "/finances/", "/catalog/", "/listings/", "/products/", "/feeds/")
"""Where APIs begin that only other datasets need."""
PAGE = 100
INCLUDED = ["PROCEEDS", "FULFILLMENT"]


@dataclass(frozen=True, order=True)
class Line:
    """What a comparison looks at of an order's line; the price is None where there is none or it counts no more."""

    seller_sku: str
    quantity: int
    item_minor: int | None


type Lines = tuple[Line, ...]


def gathered(lines: Sequence[Line]) -> Lines:
    """Add up lines of the same SKU: a report may tell one line in two rows."""
    quantities: defaultdict[str, int] = defaultdict(int)
    prices: dict[str, int | None] = {}
    for line in lines:
        quantities[line.seller_sku] += line.quantity
        known = prices.get(line.seller_sku, 0)
        prices[line.seller_sku] = None if known is None or line.item_minor is None else known + line.item_minor
    return tuple(Line(sku, quantities[sku], prices[sku]) for sku in sorted(quantities))


def measure(run: Run) -> Result:
    """Connect the seller to ours, let the plain client read the same, and compare."""
    orders = QUICK_ORDERS if run.quick else ORDERS
    # The plain client first: it needs no AWS, and neither sees anything of the other.
    plain = _plain(run, orders)
    with embedded_aws(run) as aws, handlers_log(run), environment(operator(aws)):
        return {**_ours(run, aws, orders), "plain": plain}


def _seller(orders: int) -> "Any":
    def make(simulator: "Simulator") -> "Seller":
        return simulator.world.create_seller(PROFILE, seed=SEED, history_days=TOLD_DAYS, history_orders=orders)

    return make


# -- Ours --------------------------------------------------------------------------------------------------------------


def _ours(run: Run, aws: EmbeddedAws, orders: int) -> Result:
    with opened(aws, STARTS, _seller(orders), seed=SEED, history_days=DAYS) as shop:
        truth = {order_id: lines for order_id, _, lines in true_orders(shop.simulator, shop.seller)}
        run.say(f"Amazon's side holds {len(truth)} orders of {DAYS} days; the product is deployed.")
        began_ms = shop.now_ms
        shop.amazon.forget()
        shop.connect()
        told = began_ms

        def reached() -> bool:
            nonlocal told
            if shop.now_ms - told >= 5 * 60_000:
                told = shop.now_ms
                run.say(f"{(told - began_ms) / 60_000:.0f} simulated minutes, {len(shop.amazon.calls)} calls.")
            return shop.history_is_done()

        shop.run_to(reached, LONGEST)
        minutes = (shop.now_ms - began_ms) / 60_000
        calls = list(shop.amazon.calls)
        run.say(f"The history is stored after {minutes:.1f} simulated minutes and {len(calls)} calls.")
        found = compare(truth, ((order_id, lines) for order_id, lines, _ in stored_items(shop) if order_id in truth))
        for example in found.examples:
            run.say(f"Difference: {example}")
        operations: dict[str, Any] = shop.simulator.quotas.report()
        return {
            "simulated_minutes": round(minutes, 1),
            "calls": len(calls) - others(calls),
            "stored": len(truth) - found.lost,
            "missing": found.lost,
            "doubled": found.doubled,
            "wrong": found.wrong,
            "orders": len(truth),
            "days": DAYS,
            "throttled": throttled(calls),
            "other_calls": others(calls),
            "lwa_calls": len(shop.amazon.token_calls),
            "downloads": shop.amazon.downloads,
            "calls_by_operation": {name: each["calls"] for name, each in operations.items()},
            "rows_a_second_assumed": ROWS_A_SECOND,
        }


def throttled(calls: Sequence[Call]) -> int:
    """Return how many calls were answered with 429."""
    return sum(1 for call in calls if call.status == TOO_MANY)


def others(calls: Sequence[Call]) -> int:
    """Return how many calls went to APIs that orders have no part in."""
    return sum(1 for call in calls if call.path.startswith(OTHERS))


def true_orders(simulator: "Simulator", seller: "Seller") -> Iterator[tuple[str, str, Lines]]:
    """Read the orders Amazon has by now: id, status and lines."""
    for chunk in simulator.control.truth_orders(seller.selling_partner_id):
        for order in map(json.loads, chunk.splitlines()):
            priced = order["priced"] and order["state"] != "CANCELLED"
            lines = gathered(
                [
                    Line(line["seller_sku"], line["quantity"], line["item_minor"] if priced else None)
                    for line in order["lines"]
                ]
            )
            yield order["order_id"], order["status"], lines


def stored_items(shop: Shop) -> Iterator[tuple[str, Lines, Mapping[str, Any]]]:
    """Read every order of the table back with its item as DynamoDB has it."""
    from quayside.orders.records import lines_from, place_of, prices_from  # noqa: PLC0415 - only when measured
    from tests.bench.intake import scan  # noqa: PLC0415 - as above

    client = shop.aws.operator.client("dynamodb", endpoint_url=shop.aws.endpoint)
    for item in scan(client, shop.functions["NotificationIntake"].environment["CORE_TABLE"]):
        if not item["sk"]["S"].startswith("ORDER#"):
            continue
        prices = prices_from(item["prices"]["S"]) if "prices" in item else {}
        counts = item["status"]["S"] != "CANCELLED"
        lines = gathered(
            [
                Line(
                    line.seller_sku,
                    line.quantity_ordered,
                    prices[line.order_item_id].item_minor if counts and line.order_item_id in prices else None,
                )
                for line in lines_from(item["lines"]["S"])
            ]
        )
        yield place_of(item["pk"]["S"], item["sk"]["S"]).order_id, lines, item


# -- Theirs ------------------------------------------------------------------------------------------------------------


def _plain(run: Run, orders: int) -> Result:
    from tests.bench.plain_client import PlainClient, run_side_by_side  # noqa: PLC0415 - only when measured

    with simulated(STARTS, _seller(orders), seed=SEED) as (amazon, simulator, seller):
        client = PlainClient(amazon, seller, simulator.clock)
        began_ms = simulator.clock.now_ms()
        seen: Counter[str] = Counter()

        def walk(_: "Programs") -> None:
            pages = client.pages(
                marketplaceIds=[MARKETPLACE],
                createdAfter=f"{STARTS - timedelta(days=DAYS):%Y-%m-%dT%H:%M:%SZ}",
                createdBefore=f"{STARTS - timedelta(minutes=3):%Y-%m-%dT%H:%M:%SZ}",
                maxResultsPerPage=PAGE,
                includedData=INCLUDED,
            )
            for page in pages:
                seen.update(order["orderId"] for order in page)

        run_side_by_side(simulator.clock, [walk])
        minutes = (simulator.clock.now_ms() - began_ms) / 60_000
        calls = amazon.calls
        run.say(f"The plain client has {len(seen)} orders after {minutes:.0f} simulated minutes, {len(calls)} calls.")
        return {
            "simulated_minutes": round(minutes, 1),
            "calls": len(calls),
            "stored": len(seen),
            "throttled": throttled(calls),
        }
