"""What is promised, how each promise stands, and who else handles data: open to everybody."""

from quayside.compliance import promise_service as promises
from quayside.compliance.promise_views import PromisesPage, SubprocessorsPage
from seller_api.routing import Call, Routes

routes = Routes("promises")


@routes.get("/promises", permission="public")
def show_promises(call: Call[None, None]) -> PromisesPage:
    """Show every promise about sellers' and buyers' data, whether it is proved and since when, and the daily checks."""
    return promises.show(call.container.clock)


@routes.get("/subprocessors", permission="public")
def show_subprocessors(call: Call[None, None]) -> SubprocessorsPage:
    """Show everybody who handles sellers' data for the operator of this installation, and which data."""
    return promises.show_subprocessors(call.container.settings.aws_region)
