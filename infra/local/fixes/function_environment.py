"""A function sees its own environment and nothing of the emulator's.

Gap: MiniStack starts functions with its whole environment, so a function could lean on a variable that Lambda does
not have, and would see settings of the emulator. AWS gives the reserved variables and those of the function.
Source: AWS Lambda developer guide, "Defined runtime environment variables".
"""

import os
import tempfile

from infra.local.patching import part, replace_text

NAME = "function_environment"

# What a process on this machine needs to start at all; the rest is as Lambda sets it.
_INHERITED = ("PATH", "HOME", "SYSTEMROOT")


def apply() -> None:
    """Start workers from a small environment."""
    runtime = part("core.lambda_runtime")
    runtime._function_environment = environment
    replace_text(
        NAME,
        runtime.Worker,
        "_spawn",
        ("spawn_env = {**os.environ, **env_vars}", "spawn_env = {**_function_environment(), **env_vars}"),
    )


def environment() -> dict[str, str]:
    """What every function finds before its own variables are added."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "LANG": "en_US.UTF-8", "TZ": ":UTC", "TMPDIR": tempfile.gettempdir()}
