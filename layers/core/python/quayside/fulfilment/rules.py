"""Which orders' recipients are kept, until when, and what a change of an order means for them. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

OPEN_STATUSES = ("UNSHIPPED", "PARTIALLY_SHIPPED")
"""An order has to be shipped, so its recipient is needed."""
SHIPPED_STATUSES = ("SHIPPED",)
CANCELLED_STATUSES = ("CANCELLED", "UNFULFILLABLE")
"""Nothing will be shipped, so its recipient is nobody's business any more."""
BY_MERCHANT = "MERCHANT"
BY_AMAZON = "AMAZON"

Need = Literal["seal", "redate", "destroy"]
"""What an order's state asks for: its recipient kept, the end of that life worked out anew, or nothing left of it."""


class Parcel(NamedTuple):
    """A parcel of an order: whether it was delivered, and when it was handed to the carrier."""

    is_delivered: bool
    shipped_at: datetime | None


def need_of(status: str, fulfilled_by: str) -> Need | None:
    """Return what an order's state asks for, None when nothing: what Amazon ships is none of our business.

    An order of which it is not said who ships it is not read, but what was kept of it goes when it is cancelled.
    """
    if fulfilled_by == BY_AMAZON:
        return None
    if status in CANCELLED_STATUSES:
        return "destroy"
    if fulfilled_by != BY_MERCHANT:
        return None
    if status in OPEN_STATUSES:
        return "seal"
    return "redate" if status in SHIPPED_STATUSES else None


def life_counts_from(
    *,
    created_at: datetime,
    ship_by: datetime | None,
    deliver_by: datetime | None,
    status: str,
    parcels: Sequence[Parcel],
) -> datetime:
    """Return the instant from which Amazon's 30 days are counted (DPP 2.1).

    Once every parcel of a shipped order is delivered, the last hand-over to a carrier: Amazon says that a parcel was
    delivered, not when, and it was not delivered before it was handed over, so no life is longer than allowed. Until
    then the latest delivery that was promised, or else the latest shipment, or else the purchase.
    """
    handed_over = [parcel.shipped_at for parcel in parcels if parcel.is_delivered and parcel.shipped_at is not None]
    if status in SHIPPED_STATUSES and parcels and len(handed_over) == len(parcels):
        return max(handed_over)
    return deliver_by or ship_by or created_at
