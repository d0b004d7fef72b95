"""A whole Amazon for tests: the simulator on a loopback port with a manual clock, and the worker pointed at it.

``Stage`` plays the part of the queue and the schedule: it hands commands to the worker when their delay is over, and
moves the one clock that the worker, the ledger and the simulator share. Nothing sleeps.
"""

import heapq
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any

from aws_lambda_powertools import Logger

from infra.simulator.clock import SimulatorClock, milliseconds
from infra.simulator.server import Simulator
from infra.simulator.world import Seller
from quayside.amazon.circuits import Circuits
from quayside.amazon.ledger import Ledger
from quayside.amazon.marketplaces import Region
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import HttpTransport, Transport
from quayside.connections import service as connections
from quayside.connections.records import Connection
from quayside.kernel.clock import FixedClock
from quayside.kernel.ids import ConnectionId, MemberId, TenantId, connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.vault import Secret
from quayside.sync.commands import Kind, SyncCommand, decode_command
from quayside.sync.service import Desk, UseCase, fire_due
from quayside.sync.worker import Collaborators, Ending, Worker
from tests.support.aws import START, Aws, aws

TENANT = tenant_id_of("a-seller")
MEMBER = MemberId("member-1")
MARKETPLACE = "ATVPDKIKX0DER"


class SharedClock(FixedClock):
    """A manual clock that takes the simulator's time along."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.simulated = SimulatorClock.manual(at)
        self._ahead_ms = 0

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        super().advance(seconds)
        self.simulated.move_to(milliseconds(self.now()) + self._ahead_ms)

    def differ(self, seconds: float) -> None:
        """Let Amazon's clock be so many seconds ahead of ours (behind, when negative); neither goes back."""
        self._ahead_ms = round(seconds * 1000)
        behind = self.simulated.now_ms() - self._ahead_ms - milliseconds(self.now())
        self.advance(max(0, behind) / 1000)


def entropy_of(seed: int) -> Callable[[int], bytes]:
    """Return a source of bytes that is the same in every run."""
    return Random(seed).randbytes


class Stage:
    """A worker, its queue and Amazon."""

    def __init__(self, on: Aws, simulator: Simulator, clock: SharedClock) -> None:
        self.aws = on
        self.simulator = simulator
        self.clock = clock
        self.metrics = CountedMetrics()
        self.entropy = entropy_of(7)
        self.desk = Desk(clock, self.entropy)
        self.transport = HttpTransport(on.settings)
        self.worker = self.new_worker()
        self._waiting: list[tuple[datetime, int, SyncCommand]] = []
        self._sent = 0
        self.ended: list[tuple[SyncCommand, Ending]] = []

    def new_worker(self, *, transport: Transport | None = None, use_cases: dict[Kind, UseCase] | None = None) -> Worker:
        """Return a worker with an empty memory, as after a cold start."""
        from sync_worker.container import note_failed, note_revoked  # noqa: PLC0415 - heavy, and only for stages
        from sync_worker.use_cases import application_use_cases  # noqa: PLC0415 - as above
        from sync_worker.use_cases import use_cases as all_use_cases  # noqa: PLC0415 - as above

        sender = transport or self.transport
        log = Logger(service="test", level=logging.CRITICAL)
        return Worker(
            Collaborators(
                settings=self.aws.settings,
                transport=sender,
                downloads=self.transport,
                tokens=TokenBroker(self.aws.settings, sender, self.clock, self.entropy),
                ledger=Ledger(self.aws.settings.amazon_application_id, self.clock),
                circuits=Circuits(self.aws.settings.amazon_application_id, self.clock),
                use_cases={**all_use_cases(), **(use_cases or {})},
                application_use_cases=application_use_cases(),
                clock=self.clock,
                entropy=self.entropy,
                random=Random(3),
                metrics=self.metrics,
                logger=log,
                revoked=note_revoked(self.clock),
                failed=note_failed(self.clock),
                uploads=self.transport,
            )
        )

    def collect(self) -> list[SyncCommand]:
        """Take what is on the work queue into the waiting list and return all that waits, soonest first."""
        for message in self.aws.messages():
            import json  # noqa: PLC0415 - one use

            self._sent += 1
            due = self.clock.now().timestamp() + message["delay_seconds"]
            at = datetime.fromtimestamp(due, tz=self.clock.now().tzinfo)
            heapq.heappush(self._waiting, (at, self._sent, decode_command(json.dumps(message["body"]))))
        return [command for _, _, command in sorted(self._waiting, key=lambda each: each[:2])]

    def step(self) -> tuple[SyncCommand, Ending] | None:
        """Run the next command, moving the clock to when it is due; None when nothing waits."""
        self.collect()
        if not self._waiting:
            return None
        at, _, command = heapq.heappop(self._waiting)
        ahead = (at - self.clock.now()).total_seconds()
        if ahead > 0:
            self.clock.advance(ahead)
        ending = self.worker.run(command)
        self.ended.append((command, ending))
        return command, ending

    def run(self, *, steps: int = 400, until: Callable[[], bool] | None = None) -> int:
        """Run commands until none waits (or ``until`` holds) and return how many ran."""
        for done in range(steps):
            if until is not None and until():
                return done
            if self.step() is None:
                return done
        raise AssertionError(f"the queue is still not empty after {steps} commands: {self.collect()[:3]}")

    def tick(self, seconds: float) -> int:
        """Let time pass, and let the schedule send what is due; returns the number of commands sent."""
        self.clock.advance(seconds)
        return fire_due(clock=self.clock, entropy=self.entropy)

    def begin(
        self,
        seller: Seller,
        *,
        tenant_id: TenantId = TENANT,
        marketplace_id: str = MARKETPLACE,
        code: str | None = None,
    ) -> ConnectionId:
        """Go through consent and callback as the seller does; the worker has not run yet."""
        with tenant_scope(tenant_id):
            asked = connections.begin_authorization(
                marketplace_id, MEMBER, settings=self.aws.settings, clock=self.clock, entropy=self.entropy
            )
            state = dict(part.split("=", 1) for part in asked.consent_url.split("?", 1)[1].split("&"))["state"]
            given = code or self.simulator.lwa.issue_code(seller, self.simulator.application.redirect_uris[0])
            connection = connections.accept_callback(
                state=state,
                selling_partner_id=seller.selling_partner_id,
                code=given,
                member_id=MEMBER,
                desk=self.desk,
                clock=self.clock,
            )
        return ConnectionId(connection.connection_id)

    def connection(self, connection_id: ConnectionId, tenant_id: TenantId = TENANT) -> Connection:
        """Return a connection as it is stored now."""
        with tenant_scope(tenant_id):
            return connections.get(connection_id)

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return what Amazon counted: calls and throttled per operation."""
        return self.simulator.quotas.report()


def id_of(seller: Seller, region: Region = "NA", tenant_id: TenantId = TENANT) -> ConnectionId:
    """Return the id the seller's connection has."""
    return connection_id_of(tenant_id, region, seller.selling_partner_id)


@contextmanager
def stage(
    *, deliver: Callable[[str, str], object] | None = None, at: datetime = START, history_days: int = 60
) -> Iterator[Stage]:
    """Run a block with an in-process AWS, a simulator on a free port, and a worker between them.

    ``history_days`` says how much history a fresh connection brings: two windows unless told otherwise.
    """
    clock = SharedClock(at)
    delivered: list[tuple[str, str]] = []
    put = deliver or (lambda arn, body: delivered.append((arn, body)))
    with Simulator(clock=clock.simulated, seed=5, deliver=put, deliver_event=put) as simulator:
        application = simulator.application
        application.redirect_uris[:] = ["http://localhost/connect/callback"]
        with aws(
            clock=clock,
            lwa_client_id=application.client_id,
            amazon_application_id=application.application_id,
            lwa_token_url=f"{simulator.url}/auth/o2/token",
            sp_api_endpoint_na=f"{simulator.url}/na",
            sp_api_endpoint_eu=f"{simulator.url}/eu",
            sp_api_endpoint_fe=f"{simulator.url}/fe",
            consent_url_template=f"{simulator.url}/seller-central/{{host}}/apps/authorize/consent",
            history_days=str(history_days),
        ) as on:
            vault.put_client_secret(application.client_id, Secret(application.client_secret), clock=clock)
            opened = Stage(on, simulator, clock)
            try:
                yield opened
            finally:
                opened.transport.close()
