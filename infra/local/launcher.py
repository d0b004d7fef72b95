"""Run the embedded AWS: MiniStack with every fix of ``infra.local.fixes``, on loopback, with its state on disk.

Started as ``python -m infra.local.launcher`` in the environment that holds MiniStack and nothing of the product,
because Lambda functions run in this very interpreter and must not find more than they ship.
"""

import argparse
import asyncio
import contextlib
import fcntl
import importlib
import logging
import os
import pathlib
import shutil
import signal
import sys
import time
from typing import Any

from infra.local.fixes import FIXES
from infra.local.patching import EXPECTED_VERSION, FixRefusedError, installed_version, part

_log = logging.getLogger("embedded_aws.iam")


def main() -> None:
    """Read the command line, apply the fixes, serve until SIGTERM or SIGINT, save, clean up."""
    arguments = _arguments()
    state: pathlib.Path = arguments.state.resolve()
    lock = _take(state, arguments.lock_wait)
    temporary = state / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for leftover in (state / "services").glob("*.json.next"):
        leftover.unlink()
    os.environ.update(environment(state, arguments.port))
    try:
        applied = apply_fixes(set(arguments.without))
    except FixRefusedError as refused:
        sys.exit(str(refused))
    log_denials()
    saver = applied.get("saved_state")
    if saver is not None:
        saver.keep_open = lock
    try:
        asyncio.run(_serve(arguments.port, arguments.door_port, saver, arguments.save_every))
    finally:
        importlib.import_module("ministack.core.lambda_runtime").reset()
        shutil.rmtree(temporary, ignore_errors=True)


def environment(state: pathlib.Path, port: int) -> dict[str, str]:
    """The settings MiniStack reads when it is imported."""
    return {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",  # pragma: allowlist secret
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_HOST": "localhost",
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(state / "objects"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state / "services"),
        "TMPDIR": str(state / "tmp"),
    }


def apply_fixes(without: set[str]) -> dict[str, Any]:
    """Apply every fix but ``without``, in the order of ``FIXES``; what each returned, by name."""
    unknown = without - set(FIXES)
    if unknown:
        sys.exit(f"There is no fix named {', '.join(sorted(unknown))}; there are: {', '.join(FIXES)}")
    if installed_version() != EXPECTED_VERSION:
        raise FixRefusedError(FIXES[0], "another version than the one every fix was written for")
    return {name: importlib.import_module(f"infra.local.fixes.{name}").apply() for name in FIXES if name not in without}


def log_denials() -> None:
    """Write every refused call to the log: who asked for what, which is what a policy is mended by."""
    evaluator = part("core.iam_evaluator")
    original = evaluator.enforce

    def enforce(access_key: str, action: str, *rest: Any, **named: Any) -> Any:
        refused = original(access_key, action, *rest, **named)
        if refused:
            who = getattr(refused, "principal_arn", "") or getattr(refused, "message", "")
            _log.warning("Denied %s on %s to %s", action, named.get("resource_arn", "*"), who)
        return refused

    evaluator.enforce = enforce


async def _serve(port: int, door_port: int | None, saver: Any, save_every: float) -> None:
    # MiniStack reads its settings at import, so nothing of it may be imported before they are set.
    front_door = importlib.import_module("infra.local.front_door")
    application = front_door.with_front_door(part("app").app, door_port)
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"127.0.0.1:{number}" for number in (port, door_port) if number]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    autosave = asyncio.create_task(saver.autosave(save_every)) if saver is not None else None
    await importlib.import_module("hypercorn.asyncio").serve(application, config, shutdown_trigger=stop.wait)
    if autosave is not None:
        autosave.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await autosave


def _take(state: pathlib.Path, wait_seconds: float) -> int:
    """Lock the state directory: two emulators over one state would each undo the other's saves."""
    state.mkdir(parents=True, exist_ok=True)
    lock = os.open(state / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                sys.exit(f"Another embedded AWS is running on {state}")
            time.sleep(0.1)
        else:
            return lock


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.launcher", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where AWS clients connect")
    parser.add_argument("--door-port", type=int, help="where the deployed API's custom domain listens")
    parser.add_argument("--state", type=pathlib.Path, required=True, help="the directory that holds all state")
    parser.add_argument("--save-every", type=float, default=5.0, help="seconds between saves while something changes")
    parser.add_argument("--lock-wait", type=float, default=30.0, help="seconds to wait for another one to end")
    parser.add_argument("--without", action="append", default=[], help="leave out one fix (to show what it does)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
