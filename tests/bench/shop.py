"""One seller at the simulated Amazon and one tenant of ours, connected, on one clock moved by hand.

Events and due commands decide the steps: the clock goes to whatever comes first of what happens at Amazon, a message
that arrives, a batch the intake takes, a command whose delay is over, and the five minutes of the schedules. Code takes
no time, but for the rows of reports: every row that is stored moves the clock by the 500th part of a second.

The product's functions run with their own roles on the embedded AWS (see ``product.py``). Amazon is called in this
process, without sockets, under the models' own quotas: a usage plan of a larger seller is taken away.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tests.bench.deployment import PARAMETERS, Function, deploy
from tests.bench.embedded_aws import REGION, EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.simulator.server import Simulator
    from infra.simulator.world import Seller
    from quayside.kernel.settings import Settings
    from quayside.storage.connection import Store
    from tests.bench.product import Api, DelaysOnTheClock
    from tests.bench.simulated_amazon import SimulatedAmazon

FUNCTIONS = ("NotificationIntake", "SyncWorker", "MetricsRoller", "Schedules", "SellerApi")
ROWS_A_SECOND = 500
"""An assumption: how many rows of a report the deployed worker stores a second, eight writes at once."""
MODEL_QUOTAS = {"*": 1.0}
"""The rates of Amazon's models, whatever the seller's size."""
TICK_MS = 300_000
"""The schedules run every five minutes."""
GATHER_MS = 1000
"""The intake's queue gathers messages for a second (``MaximumBatchingWindowInSeconds`` of the template)."""
MARKETPLACE = "ATVPDKIKX0DER"
SUBJECT = "bench-owner"
REDIRECT = "https://quayside.example.com/connect/callback"


def operator(aws: EmbeddedAws) -> dict[str, str]:
    """Return the environment of the owner of the throw-away account."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def addresses(url: str) -> dict[str, str]:
    """Return the template's parameters that send a deployment to a simulator."""
    return {
        "LwaTokenUrl": f"{url}/auth/o2/token",
        "SpApiEndpointNa": f"{url}/na",
        "SpApiEndpointEu": f"{url}/eu",
        "SpApiEndpointFe": f"{url}/fe",
        "ConsentUrlTemplate": f"{url}/seller-central/{{host}}/apps/authorize/consent",
    }


def loading_seconds(rows: int) -> float:
    """Return how long the deployed worker is taken to need for storing rows of a report."""
    return rows / ROWS_A_SECOND


type MakeSeller = Callable[["Simulator"], "Seller"]


@contextmanager
def simulated(
    start: datetime, make_seller: MakeSeller, *, seed: int, deliver: Callable[[str, str], object] | None = None
) -> "Iterator[tuple[SimulatedAmazon, Simulator, Seller]]":
    """Make a simulated Amazon with one seller, at the models' quotas, for the length of the block.

    Args:
        start: when it begins.
        make_seller: makes the seller.
        seed: chooses what Amazon leaves to chance.
        deliver: takes notifications; what goes to the event bus is of listings alone, and nobody takes it.
    """
    from infra.simulator.clock import SimulatorClock  # noqa: PLC0415 - the simulator, only when measured
    from infra.simulator.server import Simulator  # noqa: PLC0415 - as above
    from tests.bench.simulated_amazon import SimulatedAmazon  # noqa: PLC0415 - as above

    clock = SimulatorClock.manual(start)
    taken = deliver or (lambda _arn, _body: None)
    simulator = Simulator(clock=clock, seed=seed, deliver=taken, deliver_event=lambda _arn, _body: None)
    try:
        seller = make_seller(simulator)
        simulator.world.change_seller(seller, rate_multipliers=MODEL_QUOTAS)
        yield SimulatedAmazon(simulator), simulator, seller
    finally:
        simulator.stop()


@contextmanager
def opened(
    aws: EmbeddedAws, start: datetime, make_seller: MakeSeller, *, seed: int, history_days: int = 730
) -> "Iterator[Shop]":
    """Make the scene of a benchmark for the length of the block.

    Args:
        aws: where the product is deployed.
        start: when it begins.
        make_seller: makes the seller in the simulator.
        seed: chooses what Amazon leaves to chance.
        history_days: how much history a connection brings.
    """
    from tests.bench.product import DelaysOnTheClock  # noqa: PLC0415 - the product, only when measured

    inbox = Inbox()
    with simulated(start, make_seller, seed=seed, deliver=inbox.put) as (amazon, simulator, seller):
        delays = DelaysOnTheClock(simulator.clock)
        with delays.active():
            functions = deploy(aws, FUNCTIONS, {**addresses(simulator.url), "HistoryDays": str(history_days)})
            yield Shop(aws, functions, amazon, simulator, seller, delays, inbox)


class Inbox:
    """Takes notifications before there is a product to take them."""

    def __init__(self) -> None:
        self.deliver: Callable[[str, str], object] = lambda _arn, _body: None

    def put(self, arn: str, body: str) -> None:
        """Take a notification."""
        self.deliver(arn, body)


class Shop:
    """The scene; see ``opened``.

    Attributes:
        listeners: are told of every notification that reaches our queue.
    """

    def __init__(  # noqa: PLR0917 - the parts of the scene
        self,
        aws: EmbeddedAws,
        functions: Mapping[str, Function],
        amazon: "SimulatedAmazon",
        simulator: "Simulator",
        seller: "Seller",
        delays: "DelaysOnTheClock",
        inbox: Inbox,
    ) -> None:
        from tests.bench.product import Product  # noqa: PLC0415 - the product, only when measured

        self.aws = aws
        self.functions = functions
        self.amazon = amazon
        self.simulator = simulator
        self.seller = seller
        self.clock = simulator.clock
        self.product = Product(aws, functions, self.clock, delays, lambda _: True, door=amazon, loaded=self._loaded)
        inbox.deliver = self._deliver
        self.listeners: list[Callable[[str], object]] = []
        self._gathering_since: int | None = None
        self._tick_ms = self.now_ms + TICK_MS
        self.tenant_id = sign_up(self.product.api_store, functions, simulator)
        self.connection_id = ""

    @property
    def now_ms(self) -> int:
        """The simulated time in epoch milliseconds."""
        return self.clock.now_ms()

    @property
    def api(self) -> "Api":
        """The API as the owner of the tenant sees it."""
        return self.product.api(SUBJECT, self.tenant_id)

    # -- Time ---------------------------------------------------------------------------------------------------------

    def step(self, until_ms: int) -> int:
        """Move to whatever comes next, at most to ``until_ms``, let it happen; return how many commands ran."""
        at_ms = max(self.now_ms, min(until_ms, self._next_ms()))
        self.simulator.advance((at_ms - self.now_ms) / 1000)
        gathered = self._gathering_since
        if gathered is not None and gathered + GATHER_MS <= at_ms:
            self._gathering_since = None
            self.product.take_in()
        if self._tick_ms <= at_ms:
            self._tick_ms += TICK_MS
            self.product.tick()
        return self.product.work()

    def run(self, until_ms: int) -> None:
        """Move to an instant, and let everything happen on the way."""
        while self.now_ms < until_ms:
            self.step(until_ms)

    def run_to(self, reached: Callable[[], bool], longest: timedelta) -> None:
        """Let everything happen until something is reached; looked at whenever commands ran.

        Raises:
            RuntimeError: it was not reached within the longest time.
        """
        ends_ms = self.now_ms + round(longest.total_seconds() * 1000)
        while not (self.step(ends_ms) and reached()):
            if self.now_ms >= ends_ms:
                raise RuntimeError(f"What was waited for did not come within {longest} of simulated time.")

    def _next_ms(self) -> int:
        gathered = None if self._gathering_since is None else self._gathering_since + GATHER_MS
        found = (self.simulator.next_ms(), self.product.next_due_ms(), gathered, self._tick_ms)
        return min(at for at in found if at is not None)

    def _deliver(self, arn: str, body: str) -> None:
        if self._gathering_since is None:
            self._gathering_since = self.now_ms
        self.product.deliver(arn, body)
        for listener in self.listeners:
            listener(body)

    def _loaded(self, rows: int) -> None:
        self.clock.advance(loading_seconds(rows))

    # -- Connecting ----------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Send the seller to the consent page and back, as the browser does; the worker does the rest later."""
        connect(self.api, self.simulator, self.seller)
        self.connection_id = self.api.get("/connections")["connections"][0]["connection_id"]

    def history_is_done(self) -> bool:
        """Return whether the product says that the whole history is stored.

        Raises:
            RuntimeError: the product says that a step of connecting failed.
        """
        steps = {each["key"]: each for each in self.api.get(f"/connections/{self.connection_id}")["steps"]}
        failed = [each for each in steps.values() if each["state"] == "failed"]
        if failed:
            raise RuntimeError(f"The connection failed: {failed}")
        done: bool = steps["history"]["state"] == "done"
        return done

    def only(self, feature: str) -> None:
        """Switch every other feature of the connection off, with the worker's role, as an operator does."""
        from quayside.kernel.ids import check_connection_id, check_tenant_id  # noqa: PLC0415 - only when measured
        from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above
        from quayside.storage.connection import binding  # noqa: PLC0415 - as above
        from quayside.sync.registry import FEATURES  # noqa: PLC0415 - as above
        from quayside.sync.service import switch_feature  # noqa: PLC0415 - as above

        with binding(self.product.worker_store), tenant_scope(check_tenant_id(self.tenant_id)):
            for each in FEATURES:
                if each.key != feature:
                    switch_feature(check_connection_id(self.connection_id), each.key, False, self.clock)  # noqa: FBT003 - the state of a switch


def sign_up(api_store: "Store", functions: Mapping[str, Function], simulator: "Simulator") -> str:
    """Make a tenant with its owner, put the application's secret where the product finds it; return the tenant."""
    from quayside.accounts import store as accounts  # noqa: PLC0415 - the product, only when measured
    from quayside.kernel.ids import MemberId, tenant_id_of  # noqa: PLC0415 - as above
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above
    from quayside.storage import vault  # noqa: PLC0415 - as above
    from quayside.storage.connection import Store, binding  # noqa: PLC0415 - as above

    tenant_id = tenant_id_of(SUBJECT)
    now = simulator.clock.now()
    with binding(api_store), tenant_scope(tenant_id):
        accounts.activate("Bench", now, now + timedelta(days=30))
        accounts.add_member(MemberId(SUBJECT), "owner@example.com", "Owner", "owner", now)
    with binding(Store(_as_operator(functions["SyncWorker"]))):
        secret = vault.Secret(simulator.application.client_secret)
        vault.put_client_secret(PARAMETERS["LwaClientId"], secret, clock=simulator.clock)
    return str(tenant_id)


def _as_operator(function: Function) -> "Settings":
    """Return a function's settings for the owner of the account, whose environment this process has."""
    from quayside.kernel.settings import load_settings  # noqa: PLC0415 - the product, only when measured

    return load_settings({**os.environ, **function.environment})


def connect(api: "Api", simulator: "Simulator", seller: "Seller") -> None:
    """Send a seller to the consent page and back, as the browser does."""
    marketplace_id = seller.marketplaces[0]
    consent = api.post("/connections/authorizations", {"marketplace_id": marketplace_id})["consent_url"]
    address = urlsplit(consent)
    form = {**dict(parse_qsl(address.query)), "selling_partner_id": seller.selling_partner_id}
    simulator.application.redirect_uris[:] = [REDIRECT]
    page = simulator.consent.decide(address.path.split("/")[2], {**form, "decision": "allow"})
    back = dict(parse_qsl(urlsplit(page.location or "").query))
    api.post(
        "/connections/callback",
        {"state": back["state"], "selling_partner_id": back["selling_partner_id"], "code": back["spapi_oauth_code"]},
    )
