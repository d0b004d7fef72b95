"""What Lambda tells X-Ray of each invocation, kept as one segment document a line in ``traces/segments.jsonl``.

Gap: MiniStack takes no notice of TracingConfig. With active tracing AWS Lambda sends X-Ray a segment an invocation
by itself: which function, when, and, of one that failed, the type, the message and the stack of what it raised. So a
trace can hold what an error says, and here nobody could look.
Source: AWS Lambda developer guide, "Visualize Lambda function invocations using AWS X-Ray"; AWS X-Ray developer guide,
"X-Ray segment documents".
"""

import json
import pathlib
import secrets
import threading
import time
from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "traces"

_LARGEST_BYTES = 32 << 20
_writing = threading.Lock()


def apply() -> None:
    """Write a segment after each invocation of a function that is traced."""
    file = pathlib.Path(expect(NAME, part("core.persistence"), "STATE_DIR")).parent / "traces" / "segments.jsonl"

    def wrapper(original: Any) -> Any:
        def _execute_function(function: Any, *arguments: Any, **named: Any) -> Any:
            started = time.time()
            result = original(function, *arguments, **named)
            config = function.get("config") or function
            if (config.get("TracingConfig") or {}).get("Mode") == "Active":
                write(file, segment(config.get("FunctionName", ""), started, time.time(), result))
            return result

        return _execute_function

    wrap(NAME, part("services.lambda_svc"), "_execute_function", wrapper)


def segment(function: str, started: float, ended: float, result: Any) -> dict[str, Any]:
    """Return the segment document of one invocation; ``result`` is what the emulator makes of its end."""
    document: dict[str, Any] = {
        "name": function,
        "id": secrets.token_hex(8),
        "trace_id": f"1-{int(started):08x}-{secrets.token_hex(12)}",
        "start_time": started,
        "end_time": ended,
        "origin": "AWS::Lambda::Function",
    }
    body = result.get("body") if isinstance(result, dict) and result.get("error") else None
    if isinstance(body, dict):
        raised = {"type": body.get("errorType"), "message": body.get("errorMessage"), "stack": body.get("stackTrace")}
        document |= {"fault": True, "cause": {"exceptions": [raised]}}
    return document


def write(file: pathlib.Path, document: dict[str, Any]) -> None:
    """Add a line; a file that has become large makes place for a new one, and the one before it goes."""
    with _writing:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > _LARGEST_BYTES:
            file.replace(file.with_suffix(".old.jsonl"))
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(document, default=str) + "\n")
