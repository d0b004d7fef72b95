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
    "Buyer Communication",
    "Product Listing",
    ROLE_DIRECT_TO_CONSUMER,
    ROLE_TAX,
)
DEFAULT_ROLES = ROLES[:5]
OLD_SECRET_LIVES_MS = 7 * DAY
SECRET_LIVES_MS = 180 * DAY


@dataclass(slots=True)
class Application:
    """A registered application. ``stage`` is ``draft`` (consent needs version=beta) or ``published``.

    ``notification_queue`` is the queue registered for what concerns the application itself. A secret expires only once
    ``secret_expires_ms`` was set: by a rotation, or by hand.
    """

    application_id: str
    client_id: str
    client_secret: str
    name: str = "Quayside"
    stage: str = "published"
    redirect_uris: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=lambda: list(DEFAULT_ROLES))
    previous_secret: str | None = None
    previous_secret_until_ms: int = 0
    notification_queue: str | None = None
    secret_expires_ms: int | None = None
    secret_expiry_told: bool = False

    def accepts(self, secret: str, now_ms: int) -> bool:
        """Return whether a client secret is the current one, or the previous one within its seven days."""
        if secrets.compare_digest(secret, self.client_secret):
            return not self._is_over(now_ms)
        return (
            self.previous_secret is not None
            and now_ms < self.previous_secret_until_ms
            and secrets.compare_digest(secret, self.previous_secret)
        )

    def expired(self, secret: str) -> bool:
        """Return whether a client secret is the previous one, or the current (call after ``accepts`` said no)."""
        known = [each for each in (self.previous_secret, self.client_secret) if each is not None]
        return any(secrets.compare_digest(secret, each) for each in known)

    def rotate(self, now_ms: int) -> None:
        """Make a new client secret; the old one stays valid for seven days."""
        self.previous_secret, self.previous_secret_until_ms = self.client_secret, now_ms + OLD_SECRET_LIVES_MS
        self.client_secret = new_secret()
        if self.secret_expires_ms is not None or self.notification_queue:
            self.set_expiry(now_ms + SECRET_LIVES_MS)

    def set_expiry(self, expires_ms: int | None) -> None:
        """Let the client secret expire at an instant, or never."""
        self.secret_expires_ms, self.secret_expiry_told = expires_ms, False

    def _is_over(self, now_ms: int) -> bool:
        return self.secret_expires_ms is not None and now_ms >= self.secret_expires_ms


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
