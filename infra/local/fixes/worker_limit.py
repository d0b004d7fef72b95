"""A function runs in a bounded number of processes; further calls wait for a free one.

Gap: MiniStack starts a process for every parallel call. On AWS each gets a machine of its own; here they share
this one, and a page that opens with eight requests would start eight cold processes at once and be slower for
it. Calls wait up to ten seconds and then start one more process, so a function that calls itself cannot lock up.
"""

import os
import threading
import time
from typing import Any

from infra.local.patching import part, wrap

NAME = "worker_limit"

_WAIT_SECONDS = 10.0


def apply() -> None:
    """Hold every function to ``LAMBDA_PARALLEL`` processes (the number of cores, at least two)."""
    limit = int(os.environ.get("LAMBDA_PARALLEL") or max(2, os.cpu_count() or 2))
    functions = part("services.lambda_svc")
    freed = threading.Condition()

    def acquiring(original: Any) -> Any:
        def acquire_worker(*arguments: Any, **named: Any) -> Any:
            until = time.monotonic() + _WAIT_SECONDS
            named.pop("max_concurrency", None)
            with freed:
                while (left := until - time.monotonic()) > 0:
                    worker, reason = original(*arguments, **named, max_concurrency=limit)
                    if worker is not None:
                        return worker, reason
                    freed.wait(left)
            return original(*arguments, **named)

        return acquire_worker

    def releasing(original: Any) -> Any:
        def release_worker(worker: Any) -> None:
            original(worker)
            with freed:
                freed.notify()

        return release_worker

    def holding(original: Any) -> Any:
        def concurrency(*arguments: Any, **named: Any) -> int:
            return min(limit, int(original(*arguments, **named)))

        return concurrency

    wrap(NAME, functions, "acquire_worker", acquiring)
    wrap(NAME, functions, "release_worker", releasing)
    wrap(NAME, functions, "_sqs_esm_concurrency", holding)
