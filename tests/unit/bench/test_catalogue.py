"""The list of benchmarks: complete reports pass, incomplete ones don't, and a missed target is said."""

import pytest

from tests.bench.catalogue import CATALOGUE, BrokenReportError, Target, find


def test_the_names_and_keys_are_those_of_the_specification() -> None:
    assert {entry.name: entry.keys for entry in CATALOGUE} == {
        "intake": {
            "messages", "ours_per_cpu_second", "plain_per_cpu_second", "ratio", "write_units_per_change",
            "lost", "wrong",
        },
        "cold-start": {"bare_ms", "ratios"},
        "backfill": {"simulated_minutes", "calls", "stored", "missing", "plain"},
        "freshness": {
            "gets_per_1000_orders", "status_age_p95_s", "price_age_p95_s", "lwa_calls_per_connection_hour", "missing",
            "doubled", "wrong", "plain",
        },
        "quota": {"used_share", "throttled", "small_p95_wait_slots", "plain"},
        "report": {"rows", "peak_memory_mb", "parse_ratio", "rows_per_s"},
        "pii": {
            "readable_after_expiry", "readable_from_copy", "readable_before_expiry_share", "kms_calls_per_1000_reads",
        },
        "audit": {
            "entries", "verified_per_cpu_second", "tamperings", "detected", "named", "false_alarms", "contention",
        },
        "reconcile": {"settlements", "max_unexplained_minor", "type_differences"},
        "erasure": {"items", "left", "others_changed", "write_units_per_item"},
        "restock": {"ours", "jungle_scout", "inventory_planner", "bigseller"},
        "forecast": {"series", "horizons", "worst_ratio", "ms_per_sku"},
        "figures": {"read_units_small", "read_units_large", "cpu_ratio", "differences"},
        "reviews": {
            "eligible", "requested_once_share", "twice", "outside_policy", "before_close_share", "calls_per_request",
            "throttled",
        },
        "feed": {"rows", "lost", "twice", "calls", "peak_memory_mb"},
        "lists": {"products_read_units", "orders_read_units", "shipments_read_units", "pages", "lost"},
        "isolation": {"routes", "attacks", "successes", "warm_p50_ratio", "warm_p95_ratio"},
        "real-orders": {"orders", "lines", "missing", "doubled", "unit_differences", "sales_differences_minor"},
    }  # fmt: skip


def test_every_benchmark_can_be_imported() -> None:
    for entry in CATALOGUE:
        assert callable(entry.load())


def test_a_report_without_a_promised_key_is_broken() -> None:
    with pytest.raises(BrokenReportError, match="bare_ms"):
        find("cold-start").check({"ratios": {}})


def test_a_report_with_a_number_that_is_none_is_broken() -> None:
    with pytest.raises(BrokenReportError, match="web_app"):
        find("cold-start").check({"bare_ms": 1.0, "ratios": {"web_app": float("nan")}})


def test_a_missed_target_is_said_and_a_met_one_is_not() -> None:
    good = {"ratio": 3.0, "write_units_per_change": 2.5, "lost": 0, "wrong": 0}
    entry = find("intake")
    assert entry.misses(good) == []
    assert entry.misses({**good, "ratio": 2.9}) == ["ratio is 2.9, less than 3"]
    assert entry.misses({**good, "wrong": 1}) == ["wrong is 1, more than 0"]


def test_a_star_stands_for_every_key() -> None:
    target = Target(path=("ratios", "*"), at_most=1.5)
    assert target.misses({"ratios": {"a": 1.5, "b": 1.6, "c": 2}}) == [
        "ratios.b is 1.6, more than 1.5",
        "ratios.c is 2, more than 1.5",
    ]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        find("none")
