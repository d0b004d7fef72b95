"""The parts that put the product on a manual clock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quayside.kernel.clock import epoch_milliseconds
from tests.bench.intake import Side
from tests.bench.product import DelaysOnTheClock


@dataclass
class Standing:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        """Return the instant."""
        return self.at

    def now_ms(self) -> int:
        """Return it in epoch milliseconds."""
        return epoch_milliseconds(self.at)


def test_a_delay_is_taken_off_the_message_and_counted_on_the_clock() -> None:
    delays = DelaysOnTheClock(Standing(datetime(2026, 11, 22, tzinfo=UTC)))
    entries: list[dict[str, Any]] = [
        {"Id": "0", "MessageBody": "a", "DelaySeconds": 90},
        {"Id": "1", "MessageBody": "b"},
    ]
    sent: dict[str, Any] = delays._put_off(params={"QueueUrl": "queue", "Entries": entries})
    assert [entry["DelaySeconds"] for entry in sent["Entries"]] == [0, 0]
    dues = [int(entry["MessageAttributes"]["due_ms"]["StringValue"]) for entry in sent["Entries"]]
    assert dues == [1795305690000, 1795305600000]
    assert delays.sent == 2
    assert entries[0]["DelaySeconds"] == 90


def test_what_a_handler_reports_as_failed_is_delivered_again() -> None:
    seen: list[tuple[str, str]] = []

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        failures = []
        for record in event["Records"]:
            identity, count = str(record["messageId"]), record["attributes"]["ApproximateReceiveCount"]
            seen.append((identity, count))
            if identity == "b" and count == "1":
                failures.append({"itemIdentifier": identity})
        return {"batchItemFailures": failures}

    records: list[dict[str, Any]] = [
        {"messageId": name, "attributes": {"ApproximateReceiveCount": "1"}} for name in ("a", "b")
    ]
    side = Side(handler, [{"Records": records}], 50)
    side.turn(0)
    assert side.redeliver() == 1
    assert side.redeliver() == 0
    assert seen == [("a", "1"), ("b", "1"), ("b", "2")]
