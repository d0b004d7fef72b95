"""The pipeline of a SKU: its units from the order to the shelf, each unit counted once. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from quayside.supply_chain.claim_rules import SHIPPED
from quayside.supply_chain.shipment_rules import Stage


class Moving(msgspec.Struct, frozen=True):
    """Units of one SKU in one open shipment, as the pipeline shows them; see ``shipment_records.UnderWay``.

    ``at_amazon`` says that Amazon's own figures count them, so that they are not counted again.
    """

    shipment_id: str
    name: str
    units: int
    stage: Stage
    arrives: date | None
    late_days: int
    at_amazon: bool


class Stages(msgspec.Struct, frozen=True):
    """Units of one SKU by where they are. ``inbound`` is on its way to Amazon or being taken in."""

    on_order: int = 0
    in_production: int = 0
    in_transit: int = 0
    at_prep: int = 0
    own_stock: int = 0
    inbound: int = 0
    available: int = 0
    reserved: int = 0
    unfulfillable: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(msgspec.structs.astuple(self))


def counted_by_amazon(inbound: Sequence[str], statuses: Mapping[str, str | None]) -> bool:
    """Whether Amazon's own figures count units: one of its inbound shipments that they are in has left."""
    return any(statuses.get(each) in SHIPPED for each in inbound)


def late_by(late_days: int, due: date | None, today: date) -> int:
    """Return by how many days units are late: as known when their shipment last changed, or by what is overdue."""
    return max(late_days, 0 if due is None else (today - due).days)


def stages(at_amazon: Stages, not_shipped: int, moving: Sequence[Moving]) -> Stages:
    """Return where all units of a SKU are.

    Args:
        at_amazon: what Amazon counts, and the seller's own places.
        not_shipped: units of purchase orders that are in no shipment yet.
        moving: units in open shipments; those that Amazon counts are left out.
    """
    own: dict[Stage, int] = {}
    for each in moving:
        if not each.at_amazon:
            own[each.stage] = own.get(each.stage, 0) + each.units
    return msgspec.structs.replace(
        at_amazon,
        on_order=max(0, not_shipped) + own.get("on_order", 0),
        in_production=own.get("in_production", 0),
        in_transit=own.get("in_transit", 0),
        at_prep=own.get("at_prep", 0),
        inbound=at_amazon.inbound + own.get("inbound", 0),
    )
