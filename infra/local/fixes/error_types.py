"""The class of an exception that leaves a Lambda handler.

Gap: MiniStack answers ``Runtime.HandlerError`` for every exception. AWS answers the exception's class name as
``errorType`` and its stack trace. Source: AWS Lambda developer guide, "Lambda function errors in Python".
"""

from infra.local.patching import part, replace_constant, replace_text

NAME = "error_types"


def apply() -> None:
    """Carry the class and the trace from the worker to the answer."""
    replace_constant(
        NAME,
        part("core.lambda_runtime"),
        "_PYTHON_WORKER_SCRIPT",
        '"error": str(e), "trace": traceback.format_exc()',
        '"error": str(e), "etype": type(e).__name__, "trace": traceback.format_exc()',
    )
    replace_text(
        NAME,
        part("services.lambda_svc"),
        "_execute_function_warm",
        ('error_type = "Runtime.HandlerError"', 'error_type = result.get("etype") or "Runtime.HandlerError"'),
        (
            '"errorType": error_type,',
            '"errorType": error_type, "stackTrace": (result.get("trace") or "").splitlines(),',
        ),
    )
