"""An embedded AWS for one test, with every fix or all but one, on free ports and in a directory of its own."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[3]
INTERPRETER = ROOT / ".local" / "aws-venv" / "bin" / "python"
REGION = "us-east-1"
ACCOUNT = "000000000000"
ROOT_SECRET = "test"  # pragma: allowlist secret

_names = itertools.count(1)
_session = boto3.Session(region_name=REGION)


def fresh(prefix: str) -> str:
    """A name no other test uses."""
    return f"{prefix}-{next(_names)}"


class Server:
    """A running embedded AWS."""

    def __init__(self, directory: pathlib.Path, without: str | None = None, save_every: float = 60.0) -> None:
        self._directory = directory
        self._without = without
        self._save_every = save_every
        self.port, self.door_port = _free_ports()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where AWS clients connect."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that answers."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Server:
        """Start and wait until it answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        command = [str(INTERPRETER), "-m", "infra.local.launcher", "--port", str(self.port)]
        command += ["--door-port", str(self.door_port), "--state", str(self._directory / "state")]
        command += ["--save-every", str(self._save_every)]
        command += ["--without", self._without] if self._without else []
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own launcher
                command, cwd=ROOT, env=kept, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        wait_until(self._answers, "the embedded AWS answers", seconds=30)
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it as a person would, and wait until its state is saved."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def log(self) -> str:
        """What it printed."""
        return (self._directory / "log").read_text(encoding="utf-8")

    def traces(self) -> list[dict[str, Any]]:
        """What functions that are traced left, oldest first."""
        file = self._directory / "state" / "traces" / "segments.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def temporary_files(self) -> list[pathlib.Path]:
        """What it keeps below its temporary directory."""
        return sorted((self._directory / "state" / "tmp").glob("*"))

    @functools.cache  # noqa: B019 - a server lives as long as its test
    def client(self, service: str, key: str = "test", secret: str = ROOT_SECRET, token: str | None = None) -> Any:
        """A boto3 client of this server; the key ``test`` is the account's root."""
        make: Any = _session.client
        return make(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=30, connect_timeout=5),
        )

    def session(self, service: str, policy: dict[str, Any], tenant: str) -> Any:
        """A client of a role that has ``policy``, in a session tagged with ``tenant_id``."""
        iam, name = self.client("iam"), fresh("role")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            ],
        }
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        document = {"Version": "2012-10-17", "Statement": [policy]}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
        given = self.client("sts").assume_role(
            RoleArn=role, RoleSessionName="test", Tags=[{"Key": "tenant_id", "Value": tenant}]
        )["Credentials"]
        return self.client(service, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def function(self, code: str, **settings: Any) -> str:
        """Create a function from Python source with ``handler``; its name."""
        name = fresh("function")
        role = self._function_role()
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive({"index.py": code})},
            Timeout=60,
            **settings,
        )
        self.client("lambda").get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
        )
        return name

    def invoke(self, name: str, event: Any = None) -> Any:
        """Call a function; its answer."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read())

    def deploy(self, resources: dict[str, Any], name: str | None = None) -> dict[str, str]:
        """Create the stack ``name`` (or update it) from ``resources``; the physical id of each logical id."""
        stack, formation = name or fresh("stack"), self.client("cloudformation")
        body = json.dumps({"Resources": resources})
        exists = any(found["StackName"] == stack for found in formation.describe_stacks()["Stacks"])
        change = formation.update_stack if exists else formation.create_stack
        change(StackName=stack, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])

        def finished() -> bool:
            status = formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
            assert "ROLLBACK" not in status, formation.describe_stack_events(StackName=stack)["StackEvents"]
            return str(status).endswith("_COMPLETE")

        wait_until(finished, f"the stack {stack} is complete")
        listed = formation.describe_stack_resources(StackName=stack)["StackResources"]
        return {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in listed}

    @functools.cache  # noqa: B019 - a server lives as long as its test
    def _function_role(self) -> str:
        trust = {
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ]
        }
        name = fresh("function-role")
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        self.client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(everything))
        return str(made["Role"]["Arn"])

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def archive(files: dict[str, str]) -> bytes:
    """A zip of text files, as Lambda takes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return packed.getvalue()


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait for ``condition`` to become true; its value. Only what never comes waits to the end: be patient."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            message = f"{seconds:.0f} s passed before {what}"
            raise TimeoutError(message)
        time.sleep(0.05)


def remains(condition: Callable[[], Any], seconds: float) -> bool:
    """Whether ``condition`` is true from now on for ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not condition():
            return False
        time.sleep(0.1)
    return True


def _free_ports() -> tuple[int, int]:
    with contextlib.ExitStack() as stack:
        found: Iterator[int] = (_bound(stack) for _ in range(2))
        first, second = found
        return first, second


def _bound(stack: contextlib.ExitStack) -> int:
    listening = stack.enter_context(socket.socket())
    listening.bind(("127.0.0.1", 0))
    return int(listening.getsockname()[1])
