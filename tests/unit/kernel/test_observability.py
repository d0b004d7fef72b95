import json
import logging

import pytest

from quayside.kernel.observability import CountedMetrics, PowertoolsMetrics, logger


def test_only_allowed_fields_reach_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("test-allowed")
    log.info("hello", extra={"tenant_id": "t1", "buyer_name": "Jane Doe", "access_token": "Atza|x"})
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["tenant_id"] == "t1"
    assert line["dropped_fields"] == ["access_token", "buyer_name"]
    assert "Jane" not in json.dumps(line)
    assert "Atza" not in json.dumps(line)


def test_libraries_that_print_items_and_tokens_are_quiet() -> None:
    logger("test-quiet")
    for name in ("pynamodb", "sp_api", "botocore", "httpx"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_metrics_are_written_once_and_only_when_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = PowertoolsMetrics("Quayside", "test")
    metrics.flush()
    assert capsys.readouterr().out == ""
    metrics.count("OrdersApplied", 3)
    metrics.count("OrdersApplied", 4)
    metrics.flush()
    line = json.loads(capsys.readouterr().out)
    assert line["OrdersApplied"] == [3.0, 4.0]
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_the_fake_counts() -> None:
    metrics = CountedMetrics()
    metrics.count("A")
    metrics.count("A", 2)
    metrics.flush()
    assert (metrics.counts, metrics.flushed) == ({"A": 3}, 1)
