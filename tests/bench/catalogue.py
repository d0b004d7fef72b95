"""Which benchmarks there are, what each must report, and what it should reach.

The names, the keys and the rules are those of the benchmark specification; a benchmark that leaves a key out fails
instead of printing an object that somebody has to complete by guessing.
"""

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tests.bench.harness import Run

type Result = dict[str, object]
type Benchmark = Callable[[Run], Result]


class BrokenReportError(Exception):
    """A benchmark reported something other than what its name promises."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A figure and the value it should keep to.

    Attributes:
        path: the figure's keys from the outside in; ``*`` stands for every key of that level.
        at_most: the largest value that is good, if there is one.
        at_least: the smallest value that is good, if there is one.
    """

    path: tuple[str, ...]
    at_most: float | None = None
    at_least: float | None = None

    def misses(self, result: Mapping[str, object]) -> list[str]:
        """Return one sentence for every figure below this path that does not keep to the target."""
        sentences = []
        for name, value in _figures(result, self.path):
            if self.at_most is not None and not value <= self.at_most:
                sentences.append(f"{name} is {value:g}, more than {self.at_most:g}")
            if self.at_least is not None and not value >= self.at_least:
                sentences.append(f"{name} is {value:g}, less than {self.at_least:g}")
        return sentences


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One benchmark.

    Attributes:
        name: what is typed after ``quayside-bench``.
        title: what it measures, in a sentence.
        module: where its ``measure(run)`` is; imported only when it runs.
        keys: what its JSON object holds at least.
        targets: what the figures should reach; a miss is said on standard error and does not hide the figures.
        takes_orders: whether a file of order lines can stand in for its data set.
    """

    name: str
    title: str
    module: str
    keys: frozenset[str]
    targets: tuple[Target, ...]
    takes_orders: bool = False

    def load(self) -> Benchmark:
        """Import the benchmark."""
        return cast("Benchmark", importlib.import_module(self.module).measure)

    def check(self, result: Mapping[str, object]) -> None:
        """Make sure that ``result`` is a complete report.

        Raises:
            BrokenReportError: a promised key is missing, or a number is not finite (JSON has no such number).
        """
        missing = sorted(self.keys - set(result))
        if missing:
            raise BrokenReportError(f"{self.name} reported no {', '.join(missing)}.")
        endless = [name for name, value in _numbers(result) if not math.isfinite(value)]
        if endless:
            raise BrokenReportError(f"{self.name} reported a number that is none: {', '.join(endless)}.")

    def misses(self, result: Mapping[str, object]) -> list[str]:
        """Return a sentence for each target that ``result`` misses."""
        return [sentence for target in self.targets for sentence in target.misses(result)]


def _figures(result: object, path: Sequence[str], name: str = "") -> list[tuple[str, float]]:
    if not path:
        return [(name, float(result))] if isinstance(result, int | float) else []
    if not isinstance(result, Mapping):
        return []
    keys = list(result) if path[0] == "*" else [path[0]]
    return [
        figure
        for key in keys
        if key in result
        for figure in _figures(result[key], path[1:], f"{name}.{key}".lstrip("."))
    ]


def _numbers(value: object, name: str = "") -> list[tuple[str, float]]:
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in _numbers(inner, f"{name}.{key}".lstrip("."))]
    if isinstance(value, list | tuple):
        return [pair for index, inner in enumerate(value) for pair in _numbers(inner, f"{name}[{index}]")]
    return [(name, float(value))] if isinstance(value, int | float) else []


DATA_FUNCTIONS = (
    "seller_api", "notification_intake", "sync_worker", "metrics_roller", "schedules", "compliance_worker",
)  # fmt: skip
"""The functions that reach the store, so that a boto3 client is the least they can cost."""

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name="intake",
        title="Notifications through the real handler, against a plain loop.",
        module="tests.bench.intake",
        keys=frozenset(
            {"messages", "ours_per_cpu_second", "plain_per_cpu_second", "ratio", "write_units_per_change", "lost"}
            | {"wrong"}
        ),
        targets=(
            Target(path=("ratio",), at_least=3.0),
            Target(path=("write_units_per_change",), at_most=2.5),
            Target(path=("lost",), at_most=0),
            Target(path=("wrong",), at_most=0),
        ),
    ),
    Entry(
        name="cold-start",
        title="Import and initialisation of each function as built, relative to a bare boto3 client.",
        module="tests.bench.cold_start",
        keys=frozenset({"bare_ms", "ratios"}),
        targets=(
            *(Target(path=("ratios", name), at_most=1.5) for name in DATA_FUNCTIONS),
            Target(path=("ratios", "web_app"), at_most=0.5),
        ),
    ),
    Entry(
        name="quota",
        title="Fifty connections on Amazon's exact quotas, one with a hundred times the work, against a plain client.",
        module="tests.bench.quota",
        keys=frozenset({"used_share", "throttled", "small_p95_wait_slots", "plain"}),
        targets=(
            Target(path=("used_share",), at_least=0.98),
            Target(path=("throttled",), at_most=0),
            Target(path=("small_p95_wait_slots",), at_most=2),
        ),
    ),
    Entry(
        name="backfill",
        title="Two years and 100,000 orders from the consent page to the store, against a plain client.",
        module="tests.bench.backfill",
        keys=frozenset({"simulated_minutes", "calls", "stored", "missing", "plain"}),
        targets=(
            Target(path=("simulated_minutes",), at_most=45),
            Target(path=("calls",), at_most=150),
            Target(path=("missing",), at_most=0),
            Target(path=("doubled",), at_most=0),
            Target(path=("wrong",), at_most=0),
        ),
    ),
    Entry(
        name="freshness",
        title="A day of 10,000 orders with three changes each: how old in our store, by how many GETs.",
        module="tests.bench.freshness",
        keys=frozenset(
            {"gets_per_1000_orders", "status_age_p95_s", "price_age_p95_s", "lwa_calls_per_connection_hour"}
            | {"missing", "doubled", "wrong", "plain"}
        ),
        targets=(
            Target(path=("gets_per_1000_orders",), at_most=30),
            Target(path=("status_age_p95_s",), at_most=10),
            Target(path=("price_age_p95_s",), at_most=400),
            Target(path=("lwa_calls_per_connection_hour",), at_most=1.1),
            Target(path=("missing",), at_most=0),
            Target(path=("doubled",), at_most=0),
            Target(path=("wrong",), at_most=0),
        ),
    ),
    Entry(
        name="real-orders",
        title="A year of real purchases from Amazon's side to the seller's screen.",
        module="tests.bench.real_orders",
        keys=frozenset({"orders", "lines", "missing", "doubled", "unit_differences", "sales_differences_minor"}),
        targets=tuple(
            Target(path=(name,), at_most=0)
            for name in ("missing", "doubled", "unit_differences", "sales_differences_minor")
        ),
    ),
    Entry(
        name="erasure",
        title="A tenant with 200,000 items, erased by a worker that is killed at 20 random points.",
        module="tests.bench.erasure",
        keys=frozenset({"items", "left", "others_changed", "write_units_per_item"}),
        targets=(Target(path=("left",), at_most=0), Target(path=("others_changed",), at_most=0)),
    ),
    Entry(
        name="reconcile",
        title="Twelve months of settlements and 200,000 transactions, to the cent and by kind.",
        module="tests.bench.reconcile",
        keys=frozenset({"settlements", "max_unexplained_minor", "type_differences"}),
        targets=(
            Target(path=("max_unexplained_minor",), at_most=0),
            Target(path=("type_differences",), at_most=0),
            Target(path=("max_residual_minor",), at_most=0),
            Target(path=("unclassified_transactions",), at_most=0),
        ),
    ),
    Entry(
        name="report",
        title="A 500 MB order report through the real engine, against csv.DictReader alone.",
        module="tests.bench.report",
        keys=frozenset({"rows", "peak_memory_mb", "parse_ratio", "rows_per_s"}),
        targets=(
            Target(path=("peak_memory_mb",), at_most=400),
            Target(path=("parse_ratio",), at_least=0.4),
            Target(path=("missing",), at_most=0),
            Target(path=("wrong",), at_most=0),
        ),
    ),
    Entry(
        name="pii",
        title="10,000 orders with buyers' data over 60 days: readable before their end, by nobody after it.",
        module="tests.bench.pii",
        keys=frozenset({"readable_after_expiry", "readable_from_copy", "readable_before_expiry_share"})
        | {"kms_calls_per_1000_reads"},
        targets=(
            Target(path=("readable_after_expiry",), at_most=0),
            Target(path=("readable_from_copy",), at_most=0),
            Target(path=("readable_before_expiry_share",), at_least=1.0),
            Target(path=("kms_calls_per_1000_reads",), at_most=70),
            # Otherwise the copy would prove nothing.
            Target(path=("copy_readable_with_keys",), at_least=60),
        ),
    ),
    Entry(
        name="audit",
        title="A chain of 100,000 audit entries: verified, tampered with in five ways, written to by many at once.",
        module="tests.bench.audit",
        keys=frozenset({"entries", "verified_per_cpu_second", "tamperings", "detected", "named", "false_alarms"})
        | {"contention"},
        targets=(
            Target(path=("detected",), at_least=5),
            Target(path=("named",), at_least=5),
            Target(path=("false_alarms",), at_most=0),
            Target(path=("contention", "lost"), at_most=0),
            Target(path=("contention", "broken"), at_most=0),
        ),
    ),
    Entry(
        name="restock",
        title="A year of 500 products, ordered for by our suggestions and by three tools' formulas.",
        module="tests.bench.restock",
        keys=frozenset({"ours", "jungle_scout", "inventory_planner", "bigseller"}),
        targets=(
            Target(path=("cost_to_best",), at_most=1.0),
            Target(path=("in_stock_gain",), at_least=0.0),
        ),
    ),
    Entry(
        name="forecast",
        title="Demand of 7, 30 and 60 days from days of the past, against simple and statistical forecasters.",
        module="tests.bench.forecast",
        keys=frozenset({"series", "horizons", "worst_ratio", "ms_per_sku"}),
        targets=(
            Target(path=("horizons", "*", "ratio_to_best"), at_most=1.0),
            Target(path=("mean_of_products", "worst_ratio"), at_most=1.0),
        ),
        takes_orders=True,
    ),
    Entry(
        name="figures",
        title="A tenant with 10,000 orders and one with 1,000,000: what ninety days cost, and whether they are exact.",
        module="tests.bench.figures",
        keys=frozenset({"read_units_small", "read_units_large", "cpu_ratio", "differences"}),
        targets=(
            Target(path=("read_units_small",), at_most=12),
            Target(path=("read_units_large",), at_most=12),
            Target(path=("cpu_ratio",), at_most=1.1),
            Target(path=("differences",), at_most=0),
        ),
    ),
    Entry(
        name="reviews",
        title="100,000 orders over 60 days with all trouble: each eligible one asked once, none twice, none wrongly.",
        module="tests.bench.reviews",
        keys=frozenset({"eligible", "requested_once_share", "twice", "outside_policy", "before_close_share"})
        | {"calls_per_request", "throttled"},
        targets=(
            Target(path=("requested_once_share",), at_least=0.999),
            Target(path=("twice",), at_most=0),
            Target(path=("outside_policy",), at_most=0),
            Target(path=("before_close_share",), at_least=0.999),
            Target(path=("calls_per_request",), at_most=2.1),
            Target(path=("throttled",), at_most=0),
        ),
    ),
    Entry(
        name="feed",
        title="20,000 changes of listings by a file, a worker that dies: each applied once, each outcome told.",
        module="tests.bench.feed",
        keys=frozenset({"rows", "lost", "twice", "calls", "peak_memory_mb"}),
        targets=(
            Target(path=("lost",), at_most=0),
            Target(path=("twice",), at_most=0),
            Target(path=("unwanted",), at_most=0),
            Target(path=("throttled",), at_most=0),
            Target(path=("peak_memory_mb",), at_most=256),
        ),
    ),
    Entry(
        name="lists",
        title="10,000 products, 2,000 purchase orders, 500 shipments: what the dearest page of each costs.",
        module="tests.bench.lists",
        keys=frozenset({"products_read_units", "orders_read_units", "shipments_read_units", "pages", "lost"}),
        targets=(
            Target(path=("products_read_units",), at_most=8),
            Target(path=("orders_read_units",), at_most=8),
            Target(path=("shipments_read_units",), at_most=8),
            Target(path=("lost",), at_most=0),
        ),
    ),
    Entry(
        name="isolation",
        title="Every route attacked in every way, and what a tenant's own session costs a read.",
        module="tests.bench.isolation",
        keys=frozenset({"routes", "attacks", "successes", "warm_p50_ratio", "warm_p95_ratio"}),
        targets=(
            Target(path=("successes",), at_most=0),
            Target(path=("warm_p50_ratio",), at_most=1.15),
            Target(path=("warm_p95_ratio",), at_most=1.15),
        ),
    ),
)


def find(name: str) -> Entry:
    """Return the benchmark called ``name``.

    Raises:
        KeyError: there is none.
    """
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    raise KeyError(name)
