"""Lambda functions: their errors, their processes, their limits and their batches."""

from __future__ import annotations

import concurrent.futures
import time
from typing import TYPE_CHECKING, Any

from tests.contract.embedded_aws.server import Server, fresh, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

FAILING = """
import os
class NotToday(Exception):
    pass
def handler(event, context):
    if event.get("fail"):
        raise NotToday("come back tomorrow")
    return os.getpid()
"""
SLEEPING = "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.getpid()"


def together(server: Server, name: str, count: int) -> list[Any]:
    """The answers of ``count`` calls at once."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: server.invoke(name), range(count)))


def test_an_error_keeps_its_class(complete: Server, without: Callable[[str], Server]) -> None:
    def error(server: Server) -> tuple[str, bool]:
        answer = server.invoke(server.function(FAILING), {"fail": True})
        assert answer["errorMessage"] == "come back tomorrow"
        return answer["errorType"], any("raise NotToday" in line for line in answer.get("stackTrace", []))

    assert error(complete) == ("NotToday", True)
    assert error(without("error_types")) == ("Runtime.HandlerError", False)


def test_an_invocation_leaves_a_trace_where_tracing_is_on(complete: Server, without: Callable[[str], Server]) -> None:
    def traces(server: Server) -> list[dict[str, Any]]:
        traced = server.function(FAILING, TracingConfig={"Mode": "Active"})
        for name in (traced, server.function(FAILING)):
            server.invoke(name)
            server.invoke(name, {"fail": True})
        return [each for each in server.traces() if each["name"] == traced]

    well, failed = traces(complete)
    assert "fault" not in well
    assert well["start_time"] <= well["end_time"] <= failed["start_time"]
    (raised,) = failed["cause"]["exceptions"]
    assert (raised["type"], raised["message"]) == ("NotToday", "come back tomorrow")
    assert traces(without("traces")) == []


def test_a_process_outlives_an_error(complete: Server, without: Callable[[str], Server]) -> None:
    def same_process(server: Server) -> bool:
        name = server.function(FAILING)
        before = server.invoke(name)
        server.invoke(name, {"fail": True})
        return bool(server.invoke(name) == before)

    assert same_process(complete)
    assert not same_process(without("warm_worker"))


def test_calls_wait_for_a_free_process(complete: Server, without: Callable[[str], Server]) -> None:
    assert len(set(together(complete, complete.function(SLEEPING), 5))) <= 2
    server = without("worker_limit")
    assert len(set(together(server, server.function(SLEEPING), 5))) > 2


def test_code_is_unpacked_once(complete: Server, without: Callable[[str], Server]) -> None:
    where = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return __file__"
    assert len(set(together(complete, complete.function(where), 2))) == 1
    server = without("unpacked_code")
    assert len(set(together(server, server.function(where), 2))) == 2


def test_temporary_files_end_with_the_server(tmp_path_factory: Any) -> None:
    server = Server(tmp_path_factory.mktemp("files")).start()
    server.invoke(server.function(FAILING))
    assert server.temporary_files()
    server.kill()
    assert server.temporary_files(), "a killed server leaves them"
    server.start()
    assert not [path for path in server.temporary_files() if "lambda" in path.name], "and the next start removes them"
    server.stop()
    assert not server.temporary_files()


def test_the_template_reserves_concurrency(complete: Server, without: Callable[[str], Server]) -> None:
    def reserved(server: Server) -> Any:
        resources = {
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Role": server._function_role(),
                    "Code": {"ZipFile": "def handler(event, context):\n    return 1"},
                    "ReservedConcurrentExecutions": 2,
                },
            }
        }
        name = server.deploy(resources)["Function"]
        answer = server.client("lambda").get_function_concurrency(FunctionName=name)
        return answer.get("ReservedConcurrentExecutions")

    assert reserved(complete) == 2
    assert reserved(without("reserved_concurrency")) is None


def test_batches_gather(complete: Server, without: Callable[[str], Server]) -> None:
    def sizes(server: Server) -> list[int]:
        sqs = server.client("sqs")
        queue, counted = (sqs.create_queue(QueueName=fresh("queue"))["QueueUrl"] for _ in range(2))
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        code = (
            "import boto3\n"
            "def handler(event, context):\n"
            f"    boto3.client('sqs').send_message(QueueUrl='{counted}', MessageBody=str(len(event['Records'])))"
        )
        server.client("lambda").create_event_source_mapping(
            FunctionName=server.function(code),
            EventSourceArn=arn,
            BatchSize=50,
            MaximumBatchingWindowInSeconds=1,
        )
        for first in range(0, 30, 10):
            entries = [{"Id": str(number), "MessageBody": "x"} for number in range(first, first + 10)]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        found: list[int] = []

        def complete_count() -> bool:
            answer = sqs.receive_message(QueueUrl=counted, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            found.extend(int(message["Body"]) for message in answer.get("Messages", []))
            return sum(found) == 30

        wait_until(complete_count, "all messages were handed out")
        return found

    assert sizes(complete) == [30]
    assert max(sizes(without("batching"))) <= 10


def test_a_quiet_call_does_not_wait_for_a_log_line(complete: Server, without: Callable[[str], Server]) -> None:
    """Without ``warm_worker`` each call waits 50 ms for a log line that never comes; calls of both in turns."""
    servers = {"fixed": complete, "as it was": without("warm_worker")}
    names = {which: server.function(FAILING) for which, server in servers.items()}
    best = dict.fromkeys(servers, float("inf"))
    for _ in range(15):
        for which, server in servers.items():
            started = time.monotonic()
            server.invoke(names[which])
            best[which] = min(best[which], time.monotonic() - started)

    assert best["fixed"] < best["as it was"]


def test_a_function_sees_its_own_environment(complete: Server, without: Callable[[str], Server]) -> None:
    code = "import os\ndef handler(event, context):\n    return dict(os.environ)"

    def leaked(server: Server) -> set[str]:
        found = server.invoke(server.function(code, Environment={"Variables": {"OWN": "1"}}))
        assert found["OWN"] == "1"
        assert found["AWS_REGION"] == "us-east-1"
        assert found["AWS_ENDPOINT_URL"] == server.endpoint
        return {"AUTH", "STATE_DIR", "BIND_HOST", "S3_DATA_DIR"} & set(found)

    assert not leaked(complete)
    assert leaked(without("function_environment"))
