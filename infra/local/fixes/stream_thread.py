"""Every stream mapping is polled by itself, beside the queues and beside the other streams.

Gap: MiniStack runs a stream's function on the one thread that also polls every queue and every other stream, so a
cold start or a slow stream function stops all other mappings. On AWS each mapping has its own pollers.
Source: AWS Lambda developer guide, "Understanding event polling and batching".
"""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from infra.local.patching import expect, part, replace_text

NAME = "stream_thread"

_PAUSE_SECONDS = 0.1
_log = logging.getLogger("embedded_aws.streams")
_own = threading.local()


def apply() -> None:
    """Take the streams out of the common loop and give each mapping a loop of its own."""
    functions = part("services.lambda_svc")
    expect(NAME, functions, "_poll_dynamodb_streams", "_poll_loop", "_iter_all_esms")
    functions._start_stream_threads = lambda: _start(functions)
    functions._own_stream_mapping = lambda: _mapping(functions, _own.mapping)
    replace_text(
        NAME,
        functions,
        "_poll_loop",
        (
            "    idle_wake = False\n    while True:",
            "    _start_stream_threads()\n    idle_wake = False\n    while True:",
        ),
        ("processed = _poll_dynamodb_streams() or processed", "pass"),
    )
    replace_text(NAME, functions, "_poll_dynamodb_streams", ("in _iter_all_esms():", "in _own_stream_mapping():"))


def _mapping(functions: Any, identity: str) -> Iterator[tuple[str, str, Any]]:
    """The mapping ``identity`` as MiniStack lists it: account, region and record; nothing once it is deleted."""
    return (found for found in functions._iter_all_esms() if found[2]["UUID"] == identity)


def _start(functions: Any) -> None:
    """Watch for stream mappings, and give each that is new a thread that ends with it."""
    polled: dict[str, threading.Thread] = {}

    def watch() -> None:
        while True:
            for _, _, mapping in functions._iter_all_esms():
                identity = mapping["UUID"]
                is_stream = ":dynamodb:" in mapping.get("EventSourceArn", "")
                if is_stream and not (identity in polled and polled[identity].is_alive()):
                    polled[identity] = threading.Thread(
                        target=_poll, args=(functions, identity), daemon=True, name=f"stream-poller-{identity}"
                    )
                    polled[identity].start()
            time.sleep(_PAUSE_SECONDS)

    threading.Thread(target=watch, daemon=True, name="stream-watcher").start()


def _poll(functions: Any, identity: str) -> None:
    _own.mapping = identity
    while any(_mapping(functions, identity)):
        try:
            more = functions._poll_dynamodb_streams()
        except Exception:  # noqa: BLE001 - logged, and the thread has to go on
            _log.exception("Polling the stream of mapping %s failed; the next pass tries again", identity)
            more = False
        if not more:
            time.sleep(_PAUSE_SECONDS)
