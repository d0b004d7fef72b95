"""Logs, metrics and errors that can't leak.

Logs carry an allow-list of fields: anything else given as ``extra`` is dropped and only its name is reported. Events,
payloads and headers are never logged, and the libraries that print them when asked to are pinned to WARNING
(pynamodb prints items, sp_api prints access tokens). What an exception says is never logged either, because it may
quote data: its kind and its place are.
"""

import functools
import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, override

from quayside.kernel.redaction import redacted

if TYPE_CHECKING:
    from types import TracebackType

    from aws_lambda_powertools import Logger

ALLOWED_FIELDS = frozenset(
    {
        "action", "attempt", "attributes", "cause", "code", "command_id", "connection_id", "count", "dataset",
        "delay_seconds", "duration_ms", "entry_id", "error_type", "kind", "location", "marketplace_id",
        "notification_id", "notification_type", "operation", "outcome", "path", "quarantined", "reason", "region",
        "request_id", "resource", "rows", "stale", "applied", "status", "step", "tenant_id", "wait_milliseconds",
        "dropped_fields",
    }
)  # fmt: skip
"""Every field a log line may carry besides Powertools' own; none can hold personal data or a secret."""

_CHATTY = ("botocore", "boto3", "pynamodb", "sp_api", "httpx", "httpcore", "urllib3")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "xray_trace_id"}


class AllowedFieldsOnly(logging.Filter):
    """Removes from a record every extra field that is not on the allow-list, and says which.

    Of an exception it leaves the kind and the place; words it leaves without secrets and addresses of mail.
    """

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        dropped = [name for name in vars(record) if name not in _STANDARD and name not in ALLOWED_FIELDS]
        for name in dropped:
            delattr(record, name)
        if dropped:
            record.dropped_fields = sorted(dropped)
        for name in ALLOWED_FIELDS & vars(record).keys():
            value = getattr(record, name)
            if isinstance(value, str):
                setattr(record, name, redacted(value))
        record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info:
            kind, _, trace = record.exc_info
            record.error_type = "unknown" if kind is None else kind.__name__
            record.path = place_of(trace)
            record.exc_info = record.exc_text = None
        return True


def place_of(trace: "TracebackType | None") -> str:
    """Return where an exception came from, the innermost place first, as names of files and numbers of lines."""
    frames = reversed(traceback.extract_tb(trace))
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)


def place_of_error(problem: BaseException) -> str:
    """Return where an exception was raised, as name of file and number of line: the innermost place alone."""
    return place_of(problem.__traceback__).split(" < ", 1)[0]


class FunctionFailed(Exception):
    """An invocation failed; says what kind of error it was and where, never what was said."""


def guarded[Event, Context, Answer](handler: Callable[[Event, Context], Answer]) -> Callable[[Event, Context], Answer]:
    """Let a Lambda handler fail without words: the runtime logs the message of what escapes, and it may quote data."""

    @functools.wraps(handler)
    def run(event: Event, context: Context) -> Answer:
        try:
            return handler(event, context)
        except Exception as problem:  # noqa: BLE001 - whatever escapes must not speak
            failed = f"{type(problem).__name__} at {place_of(problem.__traceback__)}"
        # Outside of the handler, so that the error carries no other one along.
        raise FunctionFailed(failed)

    return run


def logger(service: str, level: str = "INFO") -> "Logger":
    """Return the structured logger of a function, with the allow-list in place and noisy libraries quiet."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - paid for by functions that log, not by importers

    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    made = Logger(service=service, level=level, log_uncaught_exceptions=False)
    if not any(isinstance(present, AllowedFieldsOnly) for present in made._logger.filters):  # noqa: SLF001 - Powertools delegates all else but hides its filters
        made.addFilter(AllowedFieldsOnly())
    return made


class Metrics(Protocol):
    """Counts what happened; the names are the ones alarms and the dashboard use."""

    def count(self, name: str, value: int = 1) -> None:
        """Add ``value`` to the metric ``name`` of this invocation."""
        ...

    def flush(self) -> None:
        """Write what was counted, once, at the end of an invocation."""
        ...


class PowertoolsMetrics:
    """Metrics in CloudWatch's embedded format, one line per invocation, no tenant in any dimension."""

    def __init__(self, namespace: str, service: str) -> None:
        from aws_lambda_powertools import Metrics as Recorder  # noqa: PLC0415 - as in logger()

        self._recorder = Recorder(namespace=namespace, service=service)

    def count(self, name: str, value: int = 1) -> None:
        """Add ``value`` to the metric ``name``."""
        self._recorder.add_metric(name=name, unit="Count", value=value)

    def flush(self) -> None:
        """Write the line when anything was counted."""
        if self._recorder.metric_set:
            self._recorder.flush_metrics()


class CountedMetrics:
    """Metrics kept in memory: the fake for tests and the collector for benchmarks."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.flushed = 0

    def count(self, name: str, value: int = 1) -> None:
        """Add ``value`` to the metric ``name``."""
        self.counts[name] = self.counts.get(name, 0) + value

    def flush(self) -> None:
        """Remember that an invocation ended."""
        self.flushed += 1
