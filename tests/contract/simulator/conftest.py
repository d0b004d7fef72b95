"""A simulator on a free loopback port, and Amazon's own SDK pointed at it."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from infra.simulator.clock import SimulatorClock
from infra.simulator.lwa import SCOPE_NOTIFICATIONS
from infra.simulator.server import Simulator
from infra.simulator.world import Seller

# Amazon's SDK has escape sequences that Python 3.13 warns about when it first compiles them.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)
    from spapi import SPAPIClient, SPAPIConfig

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUEUE = "arn:aws:sqs:us-east-1:000000000000:intake"


@dataclass
class Stage:
    """A running simulator with one small seller, and ways to call it."""

    simulator: Simulator
    seller: Seller
    delivered: list[tuple[str, str]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    closing: ExitStack = field(default_factory=ExitStack)

    @property
    def client(self) -> httpx.Client:
        client = httpx.Client(base_url=self.simulator.url, timeout=20)
        self.closing.callback(client.close)
        return client

    def token(self, **form: str) -> dict[str, Any]:
        application = self.simulator.application
        with self.client as client:
            answer = client.post(
                "/auth/o2/token",
                data={"client_id": application.client_id, "client_secret": application.client_secret, **form},
            )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def seller_headers(self) -> dict[str, str]:
        refresh_token = self.simulator.lwa.authorise(self.seller)
        token = self.token(grant_type="refresh_token", refresh_token=refresh_token)
        return {"x-amz-access-token": token["access_token"]}

    def grantless_headers(self) -> dict[str, str]:
        token = self.token(grant_type="client_credentials", scope=SCOPE_NOTIFICATIONS)
        return {"x-amz-access-token": token["access_token"]}

    def sdk(self, api: Any, *, grantless: bool = False, region: str = "na", scope: str = SCOPE_NOTIFICATIONS) -> Any:
        application = self.simulator.application
        config = SPAPIConfig(
            client_id=application.client_id,
            client_secret=application.client_secret,
            refresh_token=None if grantless else self.simulator.lwa.authorise(self.seller),
            scope=scope if grantless else None,
        )
        client = SPAPIClient(
            config,
            oauth_endpoint=f"{self.simulator.url}/auth/o2/token",
            endpoint=f"{self.simulator.url}/{region}",
        )
        self.closing.callback(client.api_client.rest_client.pool_manager.clear)
        return api(client.api_client)


@pytest.fixture
def stage() -> Iterator[Stage]:
    delivered: list[tuple[str, str]] = []
    events: list[tuple[str, str]] = []
    simulator = Simulator(
        clock=SimulatorClock.manual(START),
        seed=11,
        deliver=lambda arn, body: delivered.append((arn, body)),
        deliver_event=lambda arn, body: events.append((arn, body)),
    )
    seller = simulator.world.create_seller("small-us", selling_partner_id="A1CONTRACTTEST")
    with simulator:
        stage = Stage(simulator, seller, delivered, events)
        with stage.closing:
            yield stage
