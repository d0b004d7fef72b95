"""The one application registered with the simulated Amazon: its names, secret, redirect URIs and roles."""

import secrets
from dataclasses import asdict, dataclass, field

from infra.simulator.clock import DAY
from infra.simulator.storage import Storage

APPLICATION_ID = "amzn1.sp.solution.00000000-0000-4000-8000-000000000001"
CLIENT_ID = "amzn1.application-oa2-client.quayside"
ROLE_DIRECT_TO_CONSUMER = "Direct-to-Consumer Shipping (Restricted)"
ROLE_TAX = "Tax Invoicing (Restricted)"
ROLES = (
    "Selling Partner Insights",
    "Inventory and Order Tracking",
    "Amazon Fulfillment",
    "Pricing",
    "Finance and Accounting",
    "Buyer Solicitation",
    "Product Listing",
    ROLE_DIRECT_TO_CONSUMER,
    ROLE_TAX,
)
DEFAULT_ROLES = ROLES[:5]
_OLD_SECRET_LIVES_MS = 7 * DAY


@dataclass(slots=True)
class Application:
    """A registered application. ``stage`` is ``draft`` (consent needs version=beta) or ``published``."""

    application_id: str
    client_id: str
    client_secret: str
    name: str = "Quayside"
    stage: str = "published"
    redirect_uris: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=lambda: list(DEFAULT_ROLES))
    previous_secret: str | None = None
    previous_secret_until_ms: int = 0

    def accepts(self, secret: str, now_ms: int) -> bool:
        """Return whether a client secret is the current one, or the previous one within its seven days."""
        if secrets.compare_digest(secret, self.client_secret):
            return True
        return (
            self.previous_secret is not None
            and now_ms < self.previous_secret_until_ms
            and secrets.compare_digest(secret, self.previous_secret)
        )

    def expired(self, secret: str) -> bool:
        """Return whether a client secret is the previous one (call after ``accepts`` said no)."""
        return self.previous_secret is not None and secrets.compare_digest(secret, self.previous_secret)

    def rotate(self, now_ms: int) -> None:
        """Make a new client secret; the old one stays valid for seven days."""
        self.previous_secret, self.previous_secret_until_ms = self.client_secret, now_ms + _OLD_SECRET_LIVES_MS
        self.client_secret = new_secret()


def new_secret() -> str:
    """Return a client secret in Login with Amazon's form."""
    return "amzn1.oa2-cs.v1." + secrets.token_hex(32)


def load(storage: Storage) -> Application:
    """Return the registered application, registering it with a fresh secret the first time."""
    document = storage.note("application")
    if document:
        return Application(**document)
    application = Application(APPLICATION_ID, CLIENT_ID, new_secret())
    save(storage, application)
    return application


def save(storage: Storage, application: Application) -> None:
    """Keep the application as it is now."""
    storage.write_note("application", asdict(application))
