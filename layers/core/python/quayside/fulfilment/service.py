"""Use cases of merchant fulfilment: keep who receives an order, show it for a purpose, and let go of it in time.

Only orders that the seller ships itself, of connections that switched merchant fulfilment on. What is personal lives
in the vault alone (``storage.pii_vault``): here it passes from Amazon's answer into it, and from it to whoever may see
it, with a purpose and a trace.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from quayside.connections import service as connections
from quayside.fulfilment import rules
from quayside.fulfilment.rules import Need, Parcel
from quayside.fulfilment.views import COLUMNS, RecipientStanding, RecipientView, ShippingPurpose
from quayside.kernel.clock import Clock
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.service import get_order
from quayside.storage import keys, pii_vault
from quayside.storage.pii_vault import OrderReference, PersonalData, Reading, expiry_day
from quayside.sync.registry import MERCHANT_FULFILMENT, RECIPIENTS
from quayside.sync.sinks import Applied
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from quayside.amazon.orders import Order
    from quayside.amazon.recipients import RecipientOrder
    from quayside.connections.records import Connection
    from quayside.orders.views import OrderDetail
    from quayside.sync.commands import Kind
    from quayside.sync.service import Work
    from quayside.sync.sinks import OrderSink

SOURCE = "amazon:orders/2026-01-01"
_FORGOTTEN_AT_ONCE = 100


# -- Keeping it --------------------------------------------------------------------------------------------------------


class Command(NamedTuple):
    """A command to send to the worker."""

    kind: "Kind"
    arguments: "Mapping[str, str]"


def command_for(order_id: str, status: str, fulfilled_by: str) -> Command | None:
    """Return what the worker has to do for the recipient of an order that changed, None when nothing."""
    need = rules.need_of(status, fulfilled_by)
    if need is None:
        return None
    if need == "destroy":
        return Command("personal_data.destroy", {"order_id": order_id})
    return Command("recipients.fetch", {"order_id": order_id, **({"shipped": "yes"} if need == "redate" else {})})


def apply_recipients(connection_id: ConnectionId, found: "Sequence[RecipientOrder]", /, *, clock: Clock) -> Applied:
    """Seal, date anew or destroy what is known of the recipients of orders of a connection of the tenant in scope.

    Applying the same again changes nothing but the moment of sealing.

    Raises:
        PersonalDataUnavailable: the vault did not answer or refused; nothing is stored in clear.
    """
    applied = stale = 0
    for order in found:
        need = rules.need_of(order.status, order.fulfilled_by)
        if need is not None and _apply(OrderReference(connection_id, order.order_id), order, need, clock):
            applied += 1
        else:
            stale += 1
    return Applied(applied, stale)


def _apply(place: OrderReference, order: "RecipientOrder", need: Need, clock: Clock) -> bool:
    if need == "destroy":
        return pii_vault.destroy(place)
    counts_from = rules.life_counts_from(
        created_at=order.created_at,
        ship_by=order.ship_by,
        deliver_by=order.deliver_by,
        status=order.status,
        parcels=[Parcel(each.is_delivered, each.shipped_at) for each in order.packages],
    )
    expires_on = expiry_day(counts_from)
    if need == "redate":
        return pii_vault.redate(place, expires_on=expires_on, clock=clock)
    if order.address is None:
        return False
    data = PersonalData(order.address.fields())
    return pii_vault.put(place, data, expires_on=expires_on, source=SOURCE, clock=clock)


def with_recipients(sink: "OrderSink") -> "OrderSink":
    """Return a sink of orders that also lets go at once of the recipients of those that turn out to be cancelled."""

    def store_orders(
        tenant_id: TenantId,
        connection_id: ConnectionId,
        orders: "Sequence[Order]",
        *,
        received_at: "datetime",
        clock: Clock,
    ) -> Applied:
        applied = sink(tenant_id, connection_id, orders, received_at=received_at, clock=clock)
        cancelled = [
            each.order_id
            for each in orders
            if each.fulfillment is not None
            and rules.need_of(each.fulfillment.fulfillment_status, each.fulfillment.fulfilled_by or "") == "destroy"
        ]
        if cancelled:
            with tenant_scope(tenant_id):
                if _is_on(connections.live(connection_id)):
                    for order_id in cancelled:
                        pii_vault.destroy(OrderReference(connection_id, order_id))
        return applied

    return store_orders


def destroy_recipient(work: "Work") -> None:
    """``personal_data.destroy``: let go of the recipient of one order at once; there may be none."""
    pii_vault.destroy(OrderReference(work.connection_id, work.command.arguments["order_id"]))


def forget_recipients(work: "Work") -> None:
    """``personal_data.forget``: let go of all recipients of a connection for which merchant fulfilment is off.

    A hundred at once, then with another command. Interrupted anywhere, it comes again.
    """
    if _is_on(connections.live(work.connection_id)):
        # Switched on again meanwhile, so the recipients are needed.
        return
    after = work.command.arguments.get("after")
    found = pii_vault.kept_of(work.connection_id, after=after, limit=_FORGOTTEN_AT_ONCE)
    for each in found.kept:
        pii_vault.destroy(OrderReference(work.connection_id, each.order_id))
    if found.next_sort_key is not None:
        work.follow_up("personal_data.forget", {"after": found.next_sort_key})


def _is_on(connection: "Connection | None") -> bool:
    return connection is not None and MERCHANT_FULFILMENT not in connection.features_off


# -- Showing it --------------------------------------------------------------------------------------------------------

_BY_AMAZON = "Amazon ships this order, so its delivery address is not read."
_OFF = "Merchant fulfilment is switched off for this account, so delivery addresses are not read."
_SWITCH_ON = "An owner or admin can switch it on under Sync."


def standing(order_id: str, connection_id: str | None, clock: Clock) -> RecipientStanding:
    """Say whether the delivery address of an order of the tenant in scope can be shown; shows nothing of it.

    Raises:
        NotFound: there is no such order.
        InvalidInput: the connection id is none.
    """
    order = get_order(order_id, connection_id)
    if order.fulfilled_by == rules.BY_AMAZON:
        return RecipientStanding(order.order_id, "by_amazon", None, _BY_AMAZON, "")
    place = _place_of(order)
    if not _is_on(connections.get(place.connection_id)):
        return RecipientStanding(order.order_id, "off", None, _OFF, _SWITCH_ON)
    kept_until = pii_vault.life_ends_on(place, clock=clock)
    if kept_until is not None:
        return RecipientStanding(order.order_id, "kept", _last_day(kept_until), "", "")
    return _not_kept(order)


def _not_kept(order: "OrderDetail") -> RecipientStanding:
    need = rules.need_of(order.status, order.fulfilled_by or "")
    if need != "seal":
        reason = {
            "destroy": "The order is cancelled, so its delivery address was deleted.",
            "redate": "The order is shipped, and its delivery address is deleted or was never read.",
            None: "Amazon gives no delivery address of an order in this state.",
        }[need]
        return RecipientStanding(order.order_id, "none", None, reason, "")
    health = connections.health_of(ConnectionId(order.connection_id)).get(RECIPIENTS)
    failure: str | None = health.failure_reason if health else None
    action: str | None = health.failure_action if health else None
    if failure is not None:
        return RecipientStanding(order.order_id, "waiting", None, failure, action or "")
    reason = "The delivery address was not read from Amazon yet."
    return RecipientStanding(order.order_id, "waiting", None, reason, "It is usually here within minutes.")


def recipient(
    order_id: str, connection_id: str | None, *, purpose: ShippingPurpose, member_id: str, clock: Clock
) -> RecipientView:
    """Show who receives an order of the tenant in scope, and record who looked and what for.

    Raises:
        NotFound: there is no such order, or no delivery address of it is kept.
        InvalidInput: the connection id is none.
        Conflict: Amazon ships it, or merchant fulfilment is off for its account.
        PersonalDataExpired: the address was deleted: its time is over.
        PersonalDataUnavailable: the vault did not answer or refused.
        PersonalDataDamaged: what is stored is not what was sealed.
        NotRecorded: the audit trail can't be written, so nothing is shown.
    """
    order = get_order(order_id, connection_id)
    if order.fulfilled_by == rules.BY_AMAZON:
        raise Conflict(_BY_AMAZON, code="shipped_by_amazon", action="Look at the order in Seller Central.")
    place = _place_of(order)
    if not _is_on(connections.get(place.connection_id)):
        raise Conflict(_OFF, code="merchant_fulfilment_off", action=_SWITCH_ON)
    found = pii_vault.read(place, Reading(member_id, purpose), clock=clock)
    return RecipientView(order.order_id, purpose, **found.reveal())


def _place_of(order: "OrderDetail") -> OrderReference:
    return OrderReference(ConnectionId(order.connection_id), order.order_id)


def rows_view(
    connection_id: ConnectionId,
    dataset: str,
    marketplace_id: str | None,  # noqa: ARG001 - as all data browsers; what is kept does not say its marketplace
    cursor: str | None,
    limit: int,
) -> RowsPage:
    """Return of which orders of a connection of the tenant in scope the address is kept, and until when; no address.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    after = decode_cursor(cursor, 1)[0] if cursor else None
    if after is not None and not after.startswith(keys.PERSONAL_RECORD):
        raise invalid_cursor()
    found = pii_vault.kept_of(connection_id, after=after, limit=limit)
    rows = tuple((each.order_id, _last_day(each.expires_on), each.sealed_at, each.source) for each in found.kept)
    following = None if found.next_sort_key is None else encode_cursor(found.next_sort_key)
    return RowsPage(COLUMNS, rows, following, reach.as_of)


def _last_day(expires_on: date) -> str:
    """Return the last day on which something can be read that ends as ``expires_on`` begins."""
    return (expires_on - timedelta(days=1)).isoformat()
