"""A handler's exception does not end its process, and an invocation that logs nothing does not wait for logs.

Gap: MiniStack kills the worker after any exception (the next call is cold) and waits 50 ms for a first log
line. On AWS the environment stays warm after a handled function error, and logs are not waited for.
Source: AWS Lambda developer guide, "Understanding the Lambda execution environment lifecycle".
"""

from infra.local.patching import part, replace_constant, replace_text

NAME = "warm_worker"


def apply() -> None:
    """Mark answers of a living process, keep that process, and shorten the wait."""
    runtime = part("core.lambda_runtime")
    replace_constant(
        NAME,
        runtime,
        "_PYTHON_WORKER_SCRIPT",
        '"trace": traceback.format_exc()})',
        '"trace": traceback.format_exc(), "alive": True})',
    )
    replace_text(
        NAME,
        runtime.Worker,
        "invoke",
        (
            'if response.get("status") == "error":',
            'if response.get("status") == "error" and not response.get("alive"):',
        ),
        ("self._drain_stderr_bounded()", "self._drain_stderr_bounded(first_line_wait=0.003)"),
    )
