"""Use cases of suppliers: enter and change them, list them, and say how they did. They act for the tenant in scope."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from quayside.kernel.clock import Clock
from quayside.kernel.errors import ChangedMeanwhile, Conflict, NotFound
from quayside.kernel.figures import Figure, FigureInput, Unit, figure, method_card
from quayside.kernel.ids import new_id
from quayside.procurement import store
from quayside.procurement import supplier_store as suppliers
from quayside.procurement.rules import Terms
from quayside.procurement.supplier_rules import Contact, Score, Supplier, checked, score
from quayside.procurement.supplier_store import Kept
from quayside.procurement.supplier_views import (
    ScorecardView,
    SupplierPage,
    SupplierView,
    supplier_entry,
    supplier_view,
)

MOST_JUDGED = 50
"""A scorecard looks at so many orders, the latest."""


class SupplierTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A supplier as it is entered. ``version`` is the one that was seen when it is changed."""

    name: str
    currency: str
    terms: Terms = Terms()
    address: str = ""
    contacts: tuple[Contact, ...] = ()
    incoterm: str | None = None
    minimum_order_units: int | None = None
    lead_time_days: int | None = None
    note: str = ""
    archived: bool = False
    version: int = 0


def add_supplier(new: SupplierTerms, *, clock: Clock, entropy: Callable[[int], bytes]) -> SupplierView:
    """Enter a supplier.

    Raises:
        InvalidInput: a part of it can't be.
        Conflict: another one has the name.
    """
    supplier = _supplier(new)
    supplier_id = new_id(entropy)
    if not suppliers.put(supplier_id, supplier, None, clock.now()):
        raise _name_taken(supplier.name)
    return show(supplier_id)


def change_supplier(supplier_id: str, new: SupplierTerms, *, clock: Clock) -> SupplierView:
    """Change a supplier. Orders that were made keep what was agreed then.

    Raises:
        NotFound: there is no such supplier.
        InvalidInput: a part of it can't be.
        ChangedMeanwhile: somebody else changed it since it was seen.
        Conflict: another one has the name.
    """
    before = _kept(supplier_id)
    if before.version != new.version:
        raise _changed(new, before)
    supplier = _supplier(new)
    if not suppliers.put(supplier_id, supplier, before, clock.now()):
        now = _kept(supplier_id)
        if now.version != before.version:
            raise _changed(new, now)
        raise _name_taken(supplier.name)
    return show(supplier_id)


def _supplier(new: SupplierTerms) -> Supplier:
    parts = msgspec.structs.asdict(new)
    del parts["version"]
    return checked(Supplier(**parts))


def _changed(new: SupplierTerms, current: Kept) -> ChangedMeanwhile:
    return ChangedMeanwhile(
        f"Somebody else changed {current.supplier.name} since you opened it.",
        yours=new,
        current=supplier_view(current),
    )


def _name_taken(name: str) -> Conflict:
    return Conflict(
        f"Another supplier is called {name}.",
        code="supplier_name_taken",
        action="Choose another name, or use that one.",
    )


def show(supplier_id: str) -> SupplierView:
    """Show a supplier.

    Raises:
        NotFound: there is no such supplier.
    """
    return supplier_view(_kept(supplier_id))


def _kept(supplier_id: str) -> Kept:
    found = suppliers.find(supplier_id)
    if found is None:
        raise NotFound("There is no such supplier.", code="supplier_not_found")
    return found


def list_suppliers(search: str, cursor: str | None, limit: int) -> SupplierPage:
    """List suppliers by name, those whose name begins so.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    found, following = suppliers.browse(" ".join(search.split()), cursor, limit)
    return SupplierPage(tuple(map(supplier_entry, found)), following)


def scorecard(supplier_id: str, *, clock: Clock) -> ScorecardView:
    """Say how a supplier did over its latest orders that are received or closed.

    Raises:
        NotFound: there is no such supplier.
    """
    _kept(supplier_id)
    found = score(store.outcomes(supplier_id, MOST_JUDGED))
    return scorecard_view(supplier_id, found, clock.now())


def scorecard_view(supplier_id: str, found: Score, as_of: datetime) -> ScorecardView:
    """Return a scorecard, every figure with how it was worked out."""
    over = f"{found.orders} orders"

    def days(value: int | None, name: str, title: str, formula: str) -> Figure:
        listed = ", ".join(map(str, found.lead_days))
        filled = f"of {listed} days: {value} days" if value is not None else "No order was received yet"
        return _figure(value, "days", name, title, formula, filled, (("Orders", found.orders, "orders"),), as_of)

    def share(part: int, whole: int, name: str, title: str, formula: str) -> Figure:
        unit = "units" if name == "defects" else "orders"
        value = round(100 * part / whole) if whole else None
        filled = f"{part:,} of {whole:,} {unit} = {value} %" if whole else f"Nothing to judge by in {over}"
        inputs = ((formula.partition(" \N{DIVISION SIGN} ")[0], part, unit), (unit.capitalize(), whole, unit))
        return _figure(value, "percent", name, title, formula, filled, inputs, as_of)

    divided = "\N{DIVISION SIGN}"
    return ScorecardView(
        supplier_id,
        found.orders,
        days(found.median_days, "lead_median", "Median lead time", "Median of the days from sent to the last goods"),
        days(found.p90_days, "lead_p90", "Lead time that 9 of 10 keep", "90th percentile of the days, nearest rank"),
        share(found.on_time, found.promised, "on_time", "On time",
              f"Orders whole by their promised day {divided} orders with a promised day"),
        share(found.in_full, found.orders, "in_full", "In full",
              f"Orders with all units in good order {divided} orders"),
        share(found.damaged, found.received, "defects", "Damaged",
              f"Damaged units {divided} units that arrived"),
    )  # fmt: skip


def _figure(  # noqa: PLR0913, PLR0917 - the parts of a figure
    value: int | None,
    unit: Unit,
    name: str,
    title: str,
    formula: str,
    filled: str,
    inputs: tuple[tuple[str, int, str], ...],
    as_of: datetime,
) -> Figure:
    return figure(
        value,
        unit=unit,
        as_of=as_of,
        state="posted",
        source="Your purchase orders and receipts",
        method=method_card(
            f"procurement.{name}",
            title,
            formula,
            filled,
            inputs=tuple(FigureInput(*each) for each in inputs),
            notes=(f"Over the latest {MOST_JUDGED} orders that are received or closed, at most.",),
        ),
    )
