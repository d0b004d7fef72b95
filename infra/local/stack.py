"""The whole product on one machine: embedded AWS, simulated Amazon, the deployed template, three sellers.

Used by ``quayside-local`` and by end-to-end tests::

    with Stack.start(tmp_path, ports=free()) as stack:
        page.goto(stack.urls.app)
"""

import functools
import hashlib
import os
import pathlib
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from infra.local import building, deploying, processes, seeding
from infra.local.people import OPERATOR, SELLERS, Person
from infra.local.ports import Ports, answers, require_free
from infra.local.progress import Progress
from infra.local.self_check import prove_isolation

if TYPE_CHECKING:
    from concurrent.futures import Future

_NAMES = ("simulator", "aws")
_STOP_SECONDS = {"simulator": 15.0, "aws": 60.0}
_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Urls:
    """Where everything answers; all end with a slash but ``aws`` and ``simulator``."""

    app: str
    api: str
    stage: str
    aws: str
    simulator: str


class AlreadyRunningError(Exception):
    """A stack runs on this state directory; the message says where and how to stop it."""


class Stack:
    """A running installation in ``state``; make it with :meth:`start`."""

    def __init__(self, state: pathlib.Path, ports: Ports, progress: Progress) -> None:
        self.state = state.resolve()
        self.ports = ports
        self.progress = progress
        self.outputs: dict[str, str] = {}
        self.logins: tuple[Person, ...] = (*SELLERS, OPERATOR)
        self.members: list[seeding.Member] = []

    @classmethod
    def start(
        cls,
        state: pathlib.Path,
        ports: Ports | None = None,
        *,
        progress: Progress | None = None,
        sellers: tuple[Person, ...] = SELLERS,
    ) -> Self:
        """Build, start, deploy, prove isolation and fill; what ran before in ``state`` is found again.

        ``sellers`` may be fewer, or none, for a test that brings its own. Raises :class:`AlreadyRunningError`,
        :class:`infra.local.ports.PortTakenError`, :class:`infra.local.building.CommandFailedError`,
        :class:`infra.local.processes.ProgramEndedError`, :class:`infra.local.self_check.NotIsolatedError` and
        :class:`infra.local.seeding.SeedingError`, after stopping whatever had been started.
        """
        stack = cls(state, ports or Ports(), progress or Progress(quiet=True))
        running = stack.running()
        if running:
            raise AlreadyRunningError(
                f"Quayside is running already, at {stack.remembered_url()} "
                f"({', '.join(f'{each.name} is process {each.pid}' for each in running)}). Stop it with: make stop"
            )
        require_free(stack.ports)
        try:
            stack._start(sellers)
        except BaseException:
            stack.stop()
            raise
        return stack

    @property
    def urls(self) -> Urls:
        """Where everything answers."""
        app = f"http://localhost:{self.ports.app}/"
        aws = f"http://127.0.0.1:{self.ports.aws}"
        api_id = self.outputs.get("RestApiId", "")
        return Urls(
            app=app,
            api=f"{app}api/v1/",
            stage=f"{aws}/_aws/execute-api/{api_id}/local/",
            aws=aws,
            simulator=f"http://localhost:{self.ports.simulator}",
        )

    def clients(self, service: str) -> Any:
        """A boto3 client with an operator's rights on the embedded AWS."""
        return _client(service, self.urls.aws)

    def running(self) -> list[processes.Program]:
        """The programs of this state directory that run."""
        found = (processes.find(self.pid_file(name)) for name in _NAMES)
        return [program for program in found if program is not None]

    def stop(self) -> bool:
        """Stop what runs, waiting until its state is saved; whether anything ran. Never touches anything else."""
        stopped = False
        for name in _NAMES:
            program = processes.find(self.pid_file(name))
            if program is not None:
                stopped = True
                with self.progress.step(f"Stopping {_title(name)}"):
                    processes.stop(program, self.pid_file(name), grace_seconds=_STOP_SECONDS[name])
            else:
                self.pid_file(name).unlink(missing_ok=True)
        return stopped

    def reset(self) -> None:
        """Stop, and delete everything this installation has stored; environments and builds stay."""
        self.stop()
        for name in ("aws", "simulator", "run", "logs"):
            shutil.rmtree(self.state / name, ignore_errors=True)
        self._deployed_file().unlink(missing_ok=True)

    def log(self, name: str) -> pathlib.Path:
        """The log file of a program or of a step: aws, simulator, sync, build, deploy, secret."""
        return self.state / "logs" / f"{name}.log"

    def remembered_url(self) -> str:
        """Where the app of this state directory listens, from what was deployed last."""
        return str(deploying.remembered(self._deployed_file()).get("url") or self.urls.app)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, sellers: tuple[Person, ...]) -> None:
        step = self.progress.step
        with step("Preparing the environments of the embedded AWS and of SAM"):
            building.sync_environments(self.log("sync"))
        with step("Starting the embedded AWS and the Amazon simulator"):
            for program, port in (self._start_aws(), self._start_simulator()):
                processes.wait_ready(
                    program, functools.partial(answers, port), self.log(program.name), seconds=_READY_SECONDS
                )
        amazon = seeding.Amazon(self.urls.simulator)
        with ThreadPoolExecutor(1) as pool:
            shops = pool.submit(seeding.open_shops, amazon, sellers)
            with building.alone():
                with step("Building functions and layers"):
                    built = building.build(self.log("build"))
                self._deploy(built, amazon)
            with step("Proving that one tenant cannot reach another's data"):
                self._prove_isolation()
            self._seed(amazon, shops, sellers)

    def _start_aws(self) -> tuple[processes.Program, int]:
        command = [str(building.AWS_ENVIRONMENT / "bin" / "python"), "-m", "infra.local.launcher"]
        command += ["--port", str(self.ports.aws), "--door-port", str(self.ports.app)]
        command += ["--state", str(self.state / "aws")]
        # Functions inherit this environment, so it holds nothing that a Lambda environment does not.
        return self._start_program("aws", command, {}), self.ports.aws

    def _start_simulator(self) -> tuple[processes.Program, int]:
        command = [sys.executable, "-m", "infra.simulator.command_line"]
        command += ["--port", str(self.ports.simulator), "--state", str(self.state / "simulator")]
        environment = {"AWS_ENDPOINT_URL": self.urls.aws, "AWS_DEFAULT_REGION": deploying.REGION}
        return self._start_program("simulator", command, environment), self.ports.simulator

    def _start_program(self, name: str, command: list[str], environment: dict[str, str]) -> processes.Program:
        return processes.start(
            name,
            command,
            directory=building.ROOT,
            environment={**_plain_environment(), **environment},
            log=self.log(name),
            pid_file=self.pid_file(name),
        )

    def _deploy(self, built: str, amazon: seeding.Amazon) -> None:
        application = amazon.application()
        amazon.register_redirect(f"{self.urls.app}connect/callback")
        chosen = deploying.parameters(self.urls.simulator, self.urls.app, application)
        secret = str(application["client_secret"])
        wanted = {
            "digest": built,
            "parameters": chosen,
            "secret": hashlib.sha256(secret.encode()).hexdigest(),
            "url": self.urls.app,
        }
        found = deploying.outputs(self.clients)
        if found is None or deploying.remembered(self._deployed_file()) != wanted:
            self._deployed_file().unlink(missing_ok=True)
            with self.progress.step("Deploying the template"):
                deploying.deploy(self.urls.aws, chosen, self.log("deploy"))
            found = deploying.outputs(self.clients)
            if found is None:
                raise building.CommandFailedError(f"The stack is not complete; see {self.log('deploy')}")
            with self.progress.step("Handing over the application's client secret"):
                client_id = str(application["client_id"])
                deploying.put_client_secret(self.urls.aws, found, client_id, secret, self.log("secret"))
            deploying.map_domain(self.clients, found["RestApiId"], chosen["Stage"])
            deploying.remember(self._deployed_file(), wanted)
        amazon.register_queue(found["IntakeQueueArn"])
        self.outputs = found

    def _prove_isolation(self) -> None:
        role = deploying.physical_id(self.clients, "MetricsRollerRole")
        prove_isolation(
            self.clients,
            table=self.outputs["CoreTableName"],
            tenant_role=self.outputs["TenantRoleArn"],
            caller_role=self.clients("iam").get_role(RoleName=role)["Role"]["Arn"],
        )

    def _seed(self, amazon: seeding.Amazon, shops: "Future[dict[str, str]]", sellers: tuple[Person, ...]) -> None:
        if not sellers:
            return
        with self.progress.step("Opening the sellers' shops at the simulated Amazon"):
            opened = shops.result()
        with self.progress.step("Signing up and connecting the sellers, waiting for their first orders"):
            self.members = seeding.seed(self.urls.api, amazon, opened, sellers)
        with self.progress.step("Signing up the operator"):
            seeding.seed_operator(self.urls.api, self.clients, self.outputs["UserPoolId"])

    def pid_file(self, name: str) -> pathlib.Path:
        """Where a program's process id is kept while it runs."""
        return self.state / "run" / f"{name}.json"

    def _deployed_file(self) -> pathlib.Path:
        return self.state / "deployed.json"


def _plain_environment() -> dict[str, str]:
    return {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE") if name in os.environ
    }


@functools.cache
def _client(service: str, endpoint: str) -> Any:
    import boto3  # noqa: PLC0415 - half a second that status and stop need not wait for

    credentials = deploying.CREDENTIALS
    session = boto3.Session(
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        region_name=deploying.REGION,
    )
    # The service is a name here; the typed overloads of boto3 know it as a literal only.
    make: Any = session.client
    return make(service, endpoint_url=endpoint)


def _title(name: str) -> str:
    return {"aws": "the embedded AWS (it saves its state first)", "simulator": "the Amazon simulator"}[name]
