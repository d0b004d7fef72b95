"""Whether a listing is there and can be changed now: what every change of a listing asks first."""

from quayside.catalog import store
from quayside.catalog.grid_store import Place
from quayside.connections import service as connections
from quayside.connections.rules import is_live
from quayside.kernel.errors import Conflict, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.sync.registry import LISTINGS, dataset


def why_closed(connection_id: ConnectionId) -> str:
    """Return why nothing can be changed for an account now, in words; empty when it can.

    Raises:
        NotFound: there is no such connection.
    """
    connection = connections.get(connection_id)
    if not is_live(connection.status):
        return "The Amazon account is not connected, so nothing can be changed there."
    if LISTINGS in connection.paused or not dataset(LISTINGS).is_needed(connection.features_off):
        return "Listings are switched off or paused for this account."
    return ""


def check_open(place: Place) -> None:
    """Return when a listing of the tenant in scope is there and Amazon may be asked about it.

    Raises:
        NotFound: there is no such listing.
        Conflict: the account is not connected, or its listings are switched off.
    """
    if store.listing(*place) is None:
        raise no_listing()
    closed = why_closed(place.connection_id)
    if closed:
        raise Conflict(closed, code="listings_closed", action="See the account's page under Connections.")


def no_listing() -> NotFound:
    """Return what is said when there is no such listing."""
    return NotFound("There is no such listing.", code="no_such_listing")
