"""Streams and queues are polled side by side.

Gap: MiniStack runs a stream's function on the one thread that also polls every queue, so a cold start or a
slow stream function stops all queue mappings. On AWS each mapping has its own pollers.
Source: AWS Lambda developer guide, "Understanding event polling and batching".
"""

import logging
import threading
import time
from typing import Any

from infra.local.patching import expect, part, replace_text

NAME = "stream_thread"

_PAUSE_SECONDS = 0.1
_log = logging.getLogger("embedded_aws.streams")


def apply() -> None:
    """Take the streams out of the common loop and give them their own."""
    functions = part("services.lambda_svc")
    expect(NAME, functions, "_poll_dynamodb_streams", "_poll_loop")
    functions._start_stream_thread = lambda: _start(functions)
    replace_text(
        NAME,
        functions,
        "_poll_loop",
        (
            "    idle_wake = False\n    while True:",
            "    _start_stream_thread()\n    idle_wake = False\n    while True:",
        ),
        ("processed = _poll_dynamodb_streams() or processed", "pass"),
    )


def _start(functions: Any) -> None:
    def run() -> None:
        while True:
            try:
                more = functions._poll_dynamodb_streams()
            except Exception:  # noqa: BLE001 - logged, and the thread has to go on
                _log.exception("Polling the streams failed; the next pass tries again")
                more = False
            if not more:
                time.sleep(_PAUSE_SECONDS)

    threading.Thread(target=run, daemon=True, name="stream-poller").start()
