"""Credentials, for operators: how old they are and what needs attention, never what they are."""

from quayside.compliance import credentials_service as credentials
from quayside.compliance.credentials_views import CredentialsView, RotationAsked
from quayside.sync.service import ask_for_application
from seller_api.routing import Call, Routes

routes = Routes("operations")


@routes.get("/operations/credentials", permission="operations.read")
def show_credentials(call: Call[None, None]) -> CredentialsView:
    """Show how the client secret and sellers' keys stand, what needs attention first."""
    return credentials.show_credentials(call.container.settings.lwa_client_id, call.container.clock)


@routes.post("/operations/credentials/rotate", permission="operations.act", status=202)
def rotate_client_secret(call: Call[None, None]) -> RotationAsked:
    """Ask Amazon for a new client secret, unless one is on its way or the one before is still good."""
    ask_for_application("client_secret.rotate", call.principal.member_id, clock=call.container.clock)
    return RotationAsked()
