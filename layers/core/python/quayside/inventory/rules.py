"""What an FBA stock position is. Pure."""

from datetime import datetime

import msgspec


class UnusablePosition(ValueError):
    """What Amazon sent can't be a stock position; ``reason`` says why in words a seller can read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Quantities(msgspec.Struct, frozen=True, array_like=True):
    """Units of one SKU in one marketplace, by what Amazon is doing with them. No unit is in two of them.

    Attributes:
        fulfillable: can be picked, packed and shipped.
        inbound_working: announced in a shipment that has not left.
        inbound_shipped: on the way.
        inbound_receiving: at the fulfilment centre, being received.
        reserved_transfer: moving between fulfilment centres.
        reserved_processing: set aside for processing.
        reserved_customer_orders: sold and not shipped yet.
        unfulfillable: damaged, expired or defective.
        researching: Amazon is looking for them.
    """

    fulfillable: int = 0
    inbound_working: int = 0
    inbound_shipped: int = 0
    inbound_receiving: int = 0
    reserved_transfer: int = 0
    reserved_processing: int = 0
    reserved_customer_orders: int = 0
    unfulfillable: int = 0
    researching: int = 0

    @property
    def total(self) -> int:
        """All units, in Amazon's network and on the way to it: the sum of all parts."""
        return sum(msgspec.structs.astuple(self))


class PositionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one source established about the stock of one SKU in one marketplace; the newest ``updated_at`` wins."""

    marketplace_id: str
    seller_sku: str
    updated_at: datetime
    quantities: Quantities
    asin: str | None = None
    fnsku: str | None = None
    title: str | None = None


def checked(facts: PositionFacts) -> PositionFacts:
    """Return the facts when they can be true.

    Raises:
        UnusablePosition: there is no SKU, or a quantity is negative.
    """
    if not facts.seller_sku:
        raise UnusablePosition("The stock position has no SKU.")
    if min(msgspec.structs.astuple(facts.quantities)) < 0:
        raise UnusablePosition(f"The stock position of {facts.seller_sku} has a negative quantity.")
    return facts


def matches(text: str, *values: str | None) -> bool:
    """Whether a search text is part of any of the values, in any letter case."""
    wanted = text.casefold()
    return any(wanted in value.casefold() for value in values if value)
