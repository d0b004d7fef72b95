"""State is saved every few seconds while something changes, and all of it at once.

Gap: MiniStack writes its state on a clean end only, so a crash loses everything since the start. AWS loses
nothing that it has acknowledged; here a crash loses at most the interval. A save is made by a forked copy of the
process, which sees one moment of the memory, so requests go on meanwhile; files take their names together at
the end, so services never disagree about the moment.
"""

import asyncio
import copy
import json
import logging
import os
import pathlib
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "saved_state"

_log = logging.getLogger("embedded_aws.state")
_READING = ("Get", "BatchGet", "Query", "Scan", "Describe", "List", "Head")
_DEADLINE_SECONDS = 120
# A save of much state takes seconds of one core; it must not take more than a fifth of the time.
_REST_PER_SAVE = 4.0
_FIRST_INHERITED_DESCRIPTOR = 3


class Saver:
    """Knows whether something changed and writes the state of all services."""

    def __init__(self, directory: pathlib.Path, services: Callable[[], dict[str, Any]]) -> None:
        self._directory = directory
        self._services = services
        self._changed = threading.Event()
        self._saving_pid = 0
        self._idle = threading.Event()
        self._idle.set()
        self.keep_open: int | None = None

    def change(self) -> None:
        """Something changed since the last save."""
        self._changed.set()

    def save(self, services: dict[str, Any]) -> None:
        """Write the state of ``services`` now, in this process; a save under way elsewhere is given up first."""
        if self._saving_pid:
            os.kill(self._saving_pid, signal.SIGKILL)
            self._idle.wait(_DEADLINE_SECONDS)
        write(self._directory, services)
        self._changed.clear()

    async def autosave(self, interval_seconds: float) -> None:
        """Save whenever something changed, at most once in ``interval_seconds``, until cancelled."""
        pause = interval_seconds
        while True:
            await asyncio.sleep(pause)
            if not self._changed.is_set():
                pause = interval_seconds
                continue
            self._changed.clear()
            started = time.monotonic()
            status = await asyncio.get_running_loop().run_in_executor(None, self._collect, self._fork())
            took = time.monotonic() - started
            pause = max(interval_seconds, took * _REST_PER_SAVE)
            if status:
                self._changed.set()
                _log.error("Saving the state failed (status %s); trying again in %.0f s", status, pause)
            else:
                _log.info("State saved in %.2f s", took)

    def _fork(self) -> int:
        self._idle.clear()
        with warnings.catch_warnings():
            # The copy touches data and files only; the locks it needs are held by no request on this thread.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            self._save_and_end()
        self._saving_pid = pid
        return pid

    def _save_and_end(self) -> None:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_DEADLINE_SECONDS)
            # Listening sockets and the workers' pipes belong to the parent alone.
            kept = self.keep_open
            if kept is not None:
                os.closerange(_FIRST_INHERITED_DESCRIPTOR, kept)
                os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
            # This memory is a copy already.
            vars(copy)["deepcopy"] = _itself
            # Code that the previous save refers to has to stay until this one has taken its place.
            part("services.lambda_svc")._prune_orphan_code_blobs = lambda _referenced: None
            write(self._directory, self._services())
            status = 0
        finally:
            os._exit(status)

    def _collect(self, pid: int) -> int:
        _, status = os.waitpid(pid, 0)
        self._saving_pid = 0
        self._idle.set()
        return status


def apply() -> Saver:
    """Replace the save at the end, and notice changes. The launcher runs the returned saver."""
    application = part("app")
    persistence = part("core.persistence")
    expect(NAME, persistence, "_json_default", "_state_format_version", "STATE_DIR")
    services = expect(NAME, application, "save_all", "_build_persistence_save_dict")
    saver = Saver(pathlib.Path(persistence.STATE_DIR), services)
    application.save_all = saver.save

    def serving(original: Any) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and _writes(scope):
                saver.change()
            await original(scope, receive, send)

        return app

    def executing(original: Any) -> Any:
        def execute_function(*arguments: Any, **named: Any) -> Any:
            try:
                return original(*arguments, **named)
            finally:
                saver.change()

        return execute_function

    wrap(NAME, application, "app", serving)
    wrap(NAME, part("services.lambda_svc"), "_execute_function", executing)
    return saver


def write(directory: pathlib.Path, services: dict[str, Any]) -> None:
    """Write one JSON file a service into ``directory``; every file is complete before the first takes its name."""
    persistence = part("core.persistence")
    directory.mkdir(parents=True, exist_ok=True)
    ready: list[tuple[pathlib.Path, pathlib.Path]] = []
    for name, get_state in services.items():
        state = get_state()
        if state is None:
            continue
        document = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
        unfinished = directory / f"{name}.json.next"
        unfinished.write_text(json.dumps(document, default=persistence._json_default), encoding="utf-8")
        ready.append((unfinished, directory / f"{name}.json"))
    for unfinished, final in ready:
        unfinished.replace(final)


def _itself(value: Any, _memo: Any = None) -> Any:
    return value


def _writes(scope: Any) -> bool:
    if scope["method"] in {"GET", "HEAD", "OPTIONS"} or scope["path"].startswith("/_ministack"):
        return False
    target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"").decode("latin-1")
    return not target.rpartition(".")[2].startswith(_READING)
