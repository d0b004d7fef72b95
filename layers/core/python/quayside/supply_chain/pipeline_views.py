"""What the API shows of the pipeline."""

from datetime import date

import msgspec

from quayside.kernel.clock import Clock
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.supply_chain.pipeline_rules import Moving, Stages

SOURCE = "Your purchase orders and shipments, your own stock, and FBA stock as Amazon tells it"
STAGE_WORDS = {
    "on_order": "On order", "in_production": "In production", "in_transit": "In transit", "at_prep": "At prep",
    "own_stock": "Own stock", "inbound": "Inbound to FBA", "available": "Available", "reserved": "Reserved",
    "unfulfillable": "Unfulfillable",
}  # fmt: skip


class PipelineLine(msgspec.Struct, frozen=True):
    """One SKU from the order to the shelf.

    Attributes:
        stages: its units by where they are; each unit once.
        total: all of them, with where they are.
        moving: what is under way, shipment by shipment; units that Amazon counts are marked.
        arrives: the first day on which some of it arrives; None when nothing is known to.
        late_days: by how many days the latest of them is late.
    """

    seller_sku: str
    title: str | None
    asin: str | None
    stages: Stages
    total: Figure
    moving: tuple[Moving, ...]
    arrives: date | None
    late_days: int


class PipelinePage(msgspec.Struct, frozen=True):
    """A page of the pipeline of one marketplace, in the order of the SKUs.

    ``whole_orders`` is False when there are more open order lines than are read at once: SKUs that were only ordered,
    and are neither at Amazon nor in a shipment, may then be missing from the list.
    """

    lines: tuple[PipelineLine, ...]
    next_cursor: str | None
    whole_orders: bool


def total_figure(found: Stages, clock: Clock) -> Figure:
    """Return all units of a SKU with where they are."""
    parts = [(STAGE_WORDS[name], int(getattr(found, name))) for name in Stages.__struct_fields__]
    filled = " + ".join(f"{label.lower()} {units:,}" for label, units in parts if units) or "nothing anywhere"
    return figure(
        found.total,
        unit="units",
        as_of=clock.now(),
        state="estimated",
        source=SOURCE,
        method=method_card(
            "pipeline.total",
            "In the pipeline",
            "Units on order, on the way, in your own places and at Amazon; each unit once",
            f"{filled} = {found.total:,} units",
            inputs=[FigureInput(label, units, "units") for label, units in parts],
            notes=(
                "Units of a shipment count as Amazon's once an inbound shipment that it is matched with has left.",
                "What is ordered and in no shipment yet is not of a marketplace, so it shows in each.",
            ),
        ),
    )
