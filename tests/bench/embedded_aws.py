"""The embedded AWS of one run: started on a free port in a folder of its own, gone afterwards.

It is the project's own launcher with every fix, so IAM is enforced and capacity is counted as DynamoDB does. It keeps
no state between runs and saves none while we measure.
"""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local import building
from tests.bench.harness import REPOSITORY, NotMeasurableError, Run

if TYPE_CHECKING:
    from boto3.session import Session

REGION = "us-east-1"
ACCOUNT = "000000000000"
INTERPRETER = building.AWS_ENVIRONMENT / "bin" / "python"
"""The environment of the embedded AWS, which a benchmark sets up when nobody did."""

_START_SECONDS = 40.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class EmbeddedAws:
    """A running embedded AWS.

    Attributes:
        endpoint: where every AWS service answers.
        process: the server.
        log: what it says.
    """

    endpoint: str
    process: subprocess.Popen[bytes]
    log: Path

    @cached_property
    def operator(self) -> "Session":
        """A session of the account's owner, who sets things up and looks at the result; no handler ever gets it."""
        import boto3  # noqa: PLC0415 - only benchmarks that need AWS pay for it

        return boto3.Session("test", "test", region_name=REGION)


@contextmanager
def embedded_aws(run: Run, *, without: Sequence[str] = ()) -> Iterator[EmbeddedAws]:
    """Start an embedded AWS for the length of the block.

    Args:
        run: the run it is for; its state lives in the run's own folder.
        without: names of fixes to leave out.

    Raises:
        NotMeasurableError: it could not be installed or did not start; the text says why.
    """
    if not INTERPRETER.exists():
        run.say("Installing the embedded AWS, once.")
        try:
            building.sync_embedded_aws(run.scratch / "sync.log")
        except building.CommandFailedError as problem:
            raise NotMeasurableError(f"the embedded AWS could not be installed: {problem}") from problem
    port = free_port()
    log = run.scratch / "embedded-aws.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own launcher
            [str(INTERPRETER), "-m", "infra.local.launcher", "--port", str(port),
             "--state", str(run.scratch / "embedded-aws"), "--save-every", "86400",
             *(f"--without={fix}" for fix in without)],
            cwd=REPOSITORY,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(run.scratch)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _await(process, endpoint, log)
        run.say(f"The embedded AWS answers on port {port}.")
        yield EmbeddedAws(endpoint, process, log)
    finally:
        _stop(process)


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310 - loopback
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise NotMeasurableError(f"the embedded AWS did not start: {log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and everything it started; both are in a session of their own."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)
