import ast
import json
import logging
import traceback
from pathlib import Path

import pytest

from quayside.kernel.observability import CountedMetrics, FunctionFailed, PowertoolsMetrics, guarded, logger

FUNCTIONS = Path(__file__).parents[3] / "functions"


def test_only_allowed_fields_reach_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("test-allowed")
    log.info("hello", extra={"tenant_id": "t1", "buyer_name": "Jane Doe", "access_token": "Atza|x"})
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["tenant_id"] == "t1"
    assert line["dropped_fields"] == ["access_token", "buyer_name"]
    assert "Jane" not in json.dumps(line)
    assert "Atza" not in json.dumps(line)


def test_words_lose_secrets_and_addresses_of_mail_and_errors_lose_their_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logger("test-words")
    try:
        int("Jane Doe, 12 Mill Road")
    except ValueError:
        log.exception("failed for %s with Atzr|IwEB-x", "jane@mail.example", extra={"reason": "Bearer abc.def"})
    text = capsys.readouterr().out.splitlines()[-1]
    line = json.loads(text)
    assert line["message"] == "failed for [removed] with [removed]"
    assert line["reason"] == "Bearer [removed]"
    assert line["error_type"] == "ValueError"
    assert line["path"].startswith("test_observability.py:")
    assert "Mill Road" not in text


def test_what_escapes_a_handler_says_its_kind_and_place_alone() -> None:
    @guarded
    def handler(event: dict[str, str], _context: object) -> str:
        return event["Jane Doe"]

    with pytest.raises(FunctionFailed, match=r"^KeyError at test_observability\.py:\d+ < ") as failed:
        handler({}, None)
    shown = "".join(traceback.format_exception(failed.value))
    assert "Jane Doe" not in shown.replace('event["Jane Doe"]', "")
    assert failed.value.__context__ is None


@pytest.mark.parametrize("app", sorted(FUNCTIONS.glob("*/app.py")), ids=lambda path: path.parent.name)
def test_every_function_that_sees_data_is_guarded(app: Path) -> None:
    if app.parent.name == "web_app":
        return  # It has no data and imports nothing of the product.
    source = ast.parse(app.read_text(encoding="utf-8"))
    guards = []
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and node.name == "handler":
            guards = [ast.unparse(each) for each in node.decorator_list]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "handler":
            guards = [ast.unparse(node.value).partition("(")[0]]
    assert guards == ["guarded"]


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
