"""Application Management API 2023-11-30, and what Amazon tells an application about its client secret.

A new secret is never in an answer: it comes to the queue that was registered for the application, and nowhere else.
"""

from infra.simulator.answers import ApiError
from infra.simulator.application import SECRET_LIVES_MS, Application
from infra.simulator.clock import DAY, iso_milliseconds
from infra.simulator.notifications import Notifications
from infra.simulator.world import World

NEW_SECRET, SECRET_EXPIRY = "APPLICATION_OAUTH_CLIENT_NEW_SECRET", "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY"
NOTICE_MS = 90 * DAY


class ApplicationsApi:
    """Rotates the client secret and warns before it expires."""

    def __init__(self, world: World, application: Application, notifications: Notifications) -> None:
        self._world = world
        self._application = application
        self._notifications = notifications

    def rotate_client_secret(self) -> None:
        """Answer rotateApplicationClientSecret. 400 unless a queue is registered for the application."""
        if not self._application.notification_queue:
            raise ApiError(
                400,
                "InvalidInput",
                "The application is not enrolled for notifications.",
                "Register a queue for the application's notifications before its client secret is rotated.",
            )
        self.rotate()
        self._world.commit()

    def rotate(self) -> None:
        """Make a new client secret; the old one lives for seven days. Tell the application's queue, if it has one."""
        now, application = self._world.now_ms, self._application
        application.rotate(now)
        expires = application.secret_expires_ms or now + SECRET_LIVES_MS
        self._notifications.tell_application(
            NEW_SECRET,
            {
                "applicationOAuthClientNewSecret": {
                    "clientId": application.client_id,
                    "newClientSecret": application.client_secret,
                    "newClientSecretExpiryTime": iso_milliseconds(expires),
                    "oldClientSecretExpiryTime": iso_milliseconds(application.previous_secret_until_ms),
                }
            },
        )

    def warn(self) -> None:
        """Tell once, 90 days ahead, that the client secret will expire."""
        application, now = self._application, self._world.now_ms
        expires = application.secret_expires_ms
        if expires is None or application.secret_expiry_told or now < expires - NOTICE_MS:
            return
        application.secret_expiry_told = True
        self._notifications.tell_application(
            SECRET_EXPIRY,
            {
                "applicationOAuthClientSecretExpiry": {
                    "clientId": application.client_id,
                    "clientSecretExpiryTime": iso_milliseconds(expires),
                    "clientSecretExpiryReason": "PERIODIC_ROTATION",
                }
            },
        )
