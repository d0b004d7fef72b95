"""Start programs that outlive their starter, find them again, and stop exactly those.

A pid file holds the process id and when that process started, so that a recycled id is never taken for it.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_LOG_TAIL_LINES = 15
_START_TIME_FIELD = 19  # field 22 of /proc/<pid>/stat, counted after the name in parentheses


@dataclass(frozen=True, slots=True)
class Program:
    """A process of ours: ``started`` is the operating system's word for its start, comparable by equality only."""

    name: str
    pid: int
    started: str

    def alive(self) -> bool:
        """Whether it still runs, as itself and not as a zombie or another process with its id."""
        return start_time(self.pid) == self.started


class ProgramEndedError(Exception):
    """A program ended before it was ready; the message holds the end of its log."""


def start(  # noqa: PLR0913 - a process has this many sides
    name: str,
    command: Sequence[str],
    *,
    directory: pathlib.Path,
    environment: Mapping[str, str],
    log: pathlib.Path,
    pid_file: pathlib.Path,
) -> Program:
    """Start ``command`` in a session of its own, so that a Ctrl-C in this terminal reaches us and not it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    program = Program(name, process.pid, start_time(process.pid) or "")
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = pid_file.with_suffix(".next")
    unfinished.write_text(json.dumps({"name": name, "pid": program.pid, "started": program.started}))
    unfinished.replace(pid_file)
    return program


def find(pid_file: pathlib.Path) -> Program | None:
    """The program of a pid file, when it runs."""
    try:
        found = json.loads(pid_file.read_text())
        program = Program(found["name"], int(found["pid"]), found["started"])
    except (OSError, ValueError, KeyError):
        return None
    return program if program.alive() else None


def stop(program: Program, pid_file: pathlib.Path, *, grace_seconds: float) -> bool:
    """Ask ``program`` and its group to end and wait; killed after ``grace_seconds``. Whether it ended by itself."""
    willing = True
    if program.alive():
        os.kill(program.pid, signal.SIGTERM)
        if not wait_until(lambda: not program.alive(), grace_seconds):
            willing = False
            if program.alive():
                os.kill(program.pid, signal.SIGKILL)
                wait_until(lambda: not program.alive(), grace_seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # Its own children: the group was made by start() and has its id.
        os.killpg(program.pid, signal.SIGTERM)
    pid_file.unlink(missing_ok=True)
    return willing


def wait_ready(program: Program, ready: Callable[[], bool], log: pathlib.Path, *, seconds: float) -> None:
    """Wait until ``ready()``; :class:`ProgramEndedError` with the end of its log when it ends or takes too long."""
    until = time.monotonic() + seconds
    while not ready():
        if not program.alive():
            raise ProgramEndedError(f"{program.name} ended. Its last words ({log}):\n{tail(log)}")
        if time.monotonic() > until:
            raise ProgramEndedError(f"{program.name} was not ready in {seconds:.0f} s. {log}:\n{tail(log)}")
        time.sleep(0.05)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for ``condition``; whether it came true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def tail(log: pathlib.Path) -> str:
    """The last lines of a log file."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(f"    {line}" for line in lines[-_LOG_TAIL_LINES:])


def start_time(pid: int) -> str | None:
    """When a process started, as the operating system tells it; ``None`` when there is no such live process."""
    with contextlib.suppress(ChildProcessError):
        # Our own child that has ended stays visible until it is waited for.
        os.waitpid(pid, os.WNOHANG)
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        if pathlib.Path("/proc/self/stat").exists():
            return None
    except ProcessLookupError:
        return None
    else:
        fields = text.rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[_START_TIME_FIELD]
    listed = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not listed or listed.startswith("Z") else listed.partition(" ")[2].strip()
