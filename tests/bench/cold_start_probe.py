"""Runs in a fresh interpreter that sees nothing but the folders it is given: starts one thing and reports the cost.

Started as ``python -I -S cold_start_probe.py TARGET FOLDER…``, never imported by the project. The folders stand on the
path in the order of Lambda's: the function's own, the layers', then the standard library, and the runtime's boto3 last.

TARGET is ``bare`` for what we compare with, or a handler such as ``seller_api.app.handler``. A function is started as
far as it gets without a network: its module is imported and its handler taken, as Lambda does before the first event,
and then what the first event would make is made too: the container is composed and the store's client created. So a
function that put its work off until the first event would gain nothing.
"""

import sys
import time


def main() -> None:
    """Start what the command line names; print CPU and wall milliseconds and the number of modules imported."""
    target, *folders, runtime = sys.argv[1:]
    # The first place is the probe's own folder, which would let a function find the project's modules.
    sys.path[:] = [*folders, *sys.path[1:], runtime]
    modules = len(sys.modules)
    cpu, wall = time.process_time(), time.perf_counter()
    if target == "bare":
        bare()
        imported = time.process_time()
    else:
        imported = function(target)
    cpu_end, wall_end = time.process_time(), time.perf_counter()
    print(
        f'{{"cpu_ms": {(cpu_end - cpu) * 1000:.3f}, "import_ms": {(imported - cpu) * 1000:.3f}, '
        f'"wall_ms": {(wall_end - wall) * 1000:.3f}, "modules": {len(sys.modules) - modules}}}'
    )


def bare() -> None:
    """Do what we compare with: a DynamoDB client as boto3's own documentation makes one."""
    import boto3  # noqa: PLC0415 - the import is what is measured

    boto3.client("dynamodb")


def function(target: str) -> float:
    """Start a function and return the CPU seconds at which its import was over."""
    import importlib  # noqa: PLC0415 - part of what is measured
    import os  # noqa: PLC0415 - as above

    module, name = target.rsplit(".", 1)
    getattr(importlib.import_module(module), name)
    imported = time.process_time()
    if "QUAYSIDE_DOOR" in os.environ:
        compose = getattr(importlib.import_module(f"{module.split('.', 1)[0]}.container"), "compose", None)
        # Without it the function composed itself at import.
        if compose is not None:
            compose()
        connection = importlib.import_module("quayside.storage.connection")
        # pynamodb makes its client when it is first looked at.
        _ = connection.bound().connection(os.environ["QUAYSIDE_DOOR"]).client
    return imported


if __name__ == "__main__":
    main()
