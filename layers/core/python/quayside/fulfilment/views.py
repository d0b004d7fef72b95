"""What the API shows of recipients."""

from typing import Literal

import msgspec

from quayside.sync.views import Column

COLUMNS = (
    Column("order_id", "Order", "text"),
    Column("kept_until", "Readable until", "day"),
    Column("sealed_at", "Read from Amazon", "instant"),
    Column("source", "Source", "text"),
)
"""What the data browser shows: of which orders there is an address and until when, never the address."""

ShippingPurpose = Literal["label", "packing_slip"]
"""What a delivery address is shown for."""

AddressState = Literal["kept", "waiting", "none", "off", "by_amazon"]


class RecipientStanding(msgspec.Struct, frozen=True):
    """Whether the delivery address of an order can be shown, and why not.

    Attributes:
        order_id: the order.
        state: ``kept``: it can be shown; ``waiting``: it is read from Amazon soon; ``none``: it was deleted, or is not
            needed; ``off``: merchant fulfilment is off for the account; ``by_amazon``: Amazon ships the order.
        kept_until: the last day (UTC) on which it can be shown, ISO 8601; null unless it is kept.
        reason: why it can't be shown, in words; empty when it can.
        action: what to do about it.
        purposes: what it is shown for.
    """

    order_id: str
    state: AddressState
    kept_until: str | None
    reason: str
    action: str
    purposes: tuple[ShippingPurpose, ...] = ("label", "packing_slip")


class RecipientView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who receives an order. What Amazon did not give is left out."""

    order_id: str
    purpose: ShippingPurpose
    name: str = ""
    company_name: str = ""
    address_line1: str = ""
    address_line2: str = ""
    address_line3: str = ""
    city: str = ""
    district_or_county: str = ""
    municipality: str = ""
    state_or_region: str = ""
    postal_code: str = ""
    country_code: str = ""
    phone: str = ""
