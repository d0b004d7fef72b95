"""Collecting the evidence of an incident with the operator's own rights.

Only what holds no personal data is read: states, counts, names, the error lines of logs (which are redacted when they
are written) and AWS's own trail of management calls. What can't be had is named in the notice and stops nothing.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from quayside.compliance.audit_service import every_chain
from quayside.compliance.incident_rules import Incident, Piece, notice
from quayside.kernel.clock import epoch_milliseconds
from quayside.kernel.errors import Conflict, QuaysideError
from quayside.storage import audit
from quayside.storage.audit_chain import AuditEvent
from quayside.storage.connection import bound

if TYPE_CHECKING:
    from quayside.kernel.clock import Clock

_MOST_LINES = 5000
"""How many error lines are kept of one log."""


class Kept(NamedTuple):
    """What was kept: the folder, the pieces and the draft of the notice."""

    folder: Path
    pieces: tuple[Piece, ...]
    notice: Path


def collect(incident: Incident, folder: Path, clock: "Clock") -> Kept:
    """Collect evidence into a new folder, with the hash of each piece and the draft of the notice to Amazon.

    That it was collected is recorded in the application's audit chain.

    Raises:
        Conflict: the folder exists; evidence is never written over.
        NotRecorded: the audit chain did not take the entry; what was collected is kept.
    """
    if folder.exists():
        raise Conflict(
            f"There is a folder {folder} already.", code="folder_exists", action="Name another one with --to."
        )
    pieces = tuple(_piece(name, read) for name, read in _sources(incident))
    folder.mkdir(parents=True)
    for piece in pieces:
        if not piece.problem:
            (folder / piece.name).write_bytes(piece.content)
    listed = "".join(f"{piece.sha256}  {piece.name}\n" for piece in pieces if not piece.problem)
    (folder / "SHA256SUMS").write_text(listed, encoding="utf-8")
    drafted = folder / "notice.txt"
    drafted.write_text(notice(incident, pieces), encoding="utf-8")
    counted = {"pieces": str(sum(not piece.problem for piece in pieces))}
    audit.append_application(
        AuditEvent("incident.collected", "operator", f"stack/{incident.stack}", details=counted), clock=clock
    )
    return Kept(folder, pieces, drafted)


def _piece(name: str, read: Callable[[], object]) -> Piece:
    try:
        found = read()
    except (BotoCoreError, ClientError, KeyError, QuaysideError) as problem:
        return Piece(name, b"", type(problem).__name__)
    return Piece(name, msgspec.json.format(msgspec.json.encode(found, enc_hook=str), indent=1))


def _sources(incident: Incident) -> Iterable[tuple[str, Callable[[], object]]]:
    client = bound().system.client
    stack, begins = incident.stack, incident.begins_at

    def alarms() -> object:
        found = client("cloudwatch").describe_alarms(AlarmNamePrefix=stack)["MetricAlarms"]
        names = ("AlarmName", "StateValue", "StateReason", "StateUpdatedTimestamp", "MetricName")
        return [{name: each.get(name) for name in names} for each in found]

    def alarm_history() -> object:
        answer = client("cloudwatch").describe_alarm_history(StartDate=begins, EndDate=incident.collected_at)
        return [each for each in answer["AlarmHistoryItems"] if each["AlarmName"].startswith(stack)]

    def deployed() -> object:
        (found,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        # Parameters hold no secret: the template takes none.
        return {name: found.get(name) for name in ("StackStatus", "CreationTime", "LastUpdatedTime", "Parameters")}

    def stack_events() -> object:
        events = client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return [each for each in events if each["Timestamp"].timestamp() >= begins.timestamp()]

    def queues() -> object:
        sqs = client("sqs")
        urls = sqs.list_queues(QueueNamePrefix=f"{stack}-").get("QueueUrls", [])
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return {
            url.rpartition("/")[2]: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            for url in urls
        }

    def errors() -> object:
        logs = client("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/quayside/{stack}/")["logGroups"]
        return {each["logGroupName"]: _error_lines(logs, each["logGroupName"], incident) for each in groups}

    def trail() -> object:
        answer = client("cloudtrail").lookup_events(StartTime=begins, EndTime=incident.collected_at, MaxResults=50)
        names = ("EventTime", "EventName", "EventSource", "Username", "EventId")
        return [{name: each.get(name) for name in names} for each in answer["Events"]]

    def chains() -> object:
        # The ends of all audit chains: whoever changes an entry later is found out by them.
        heads = {}
        for chain in every_chain():
            with audit.chain_scope(chain):
                heads[chain] = audit.find_head(chain)
        return heads

    return (
        ("alarms.json", alarms),
        ("alarm-history.json", alarm_history),
        ("stack.json", deployed),
        ("stack-events.json", stack_events),
        ("queues.json", queues),
        ("errors.json", errors),
        ("trail.json", trail),
        ("audit-heads.json", chains),
    )


def _error_lines(logs: Any, group: str, incident: Incident) -> list[str]:  # noqa: ANN401 - botocore makes clients at run time
    lines: list[str] = []
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=epoch_milliseconds(incident.begins_at),
        endTime=epoch_milliseconds(incident.collected_at),
        filterPattern='{ $.level = "ERROR" }',
    )
    for page in pages:
        lines += [each["message"] for each in page["events"]]
        if len(lines) >= _MOST_LINES:
            break
    return lines[:_MOST_LINES]
