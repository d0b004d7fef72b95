"""How procurement is stored. The seller made all of it: it has no end and goes with the organisation alone.

An order is one item with all that came of it. What is listed, what is on order of a SKU, what is to be paid and how an
order went are items of their own, written in the same transaction, so that no list reads orders.
"""

from typing import ClassVar

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from quayside.procurement.landed_rules import Charge
from quayside.procurement.rules import Content, Order, Settings
from quayside.procurement.supplier_rules import Outcome, Supplier
from quayside.storage.tables import CoreItem

SELLER = "seller"
"""The source of what the seller entered."""

_ENCODER = msgspec.json.Encoder()
_SUPPLIER = msgspec.json.Decoder(Supplier)
_ORDER = msgspec.json.Decoder(Order)
_CONTENT = msgspec.json.Decoder(Content)
_SETTINGS = msgspec.json.Decoder(Settings)
_CHARGE = msgspec.json.Decoder(Charge)
_OUTCOME = msgspec.json.Decoder(Outcome)


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is listed of an order, amounts in minor units of its currency."""

    order_id: str
    number: int
    supplier_id: str
    supplier_name: str
    state: str
    version: int
    currency: str
    total_minor: int
    ordered: int
    good: int
    lines: int
    skus: tuple[str, ...]
    expected_on: str | None
    next_due_on: str | None
    open_minor: int
    changed_at: str


class OnOrder(msgspec.Struct, frozen=True, array_like=True):
    """What is still to come of a line of an order."""

    order_id: str
    number: int
    line_id: str
    seller_sku: str
    units: int
    expected_on: str | None
    supplier_id: str
    state: str


class Due(msgspec.Struct, frozen=True, array_like=True):
    """A part of an order's price that is to be paid; ``due_on`` is None while it waits for something."""

    order_id: str
    number: int
    supplier_id: str
    supplier_name: str
    kind: str
    due_on: str | None
    waits_for: str
    currency: str
    open_minor: int


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One change of an order: what happened, who did it and when; ``day`` is when it was so, as the member says."""

    number: int
    event: str
    at: str
    by: str
    from_state: str
    to_state: str
    version: int
    day: str | None = None
    detail: str = ""


_ENTRY = msgspec.json.Decoder(Entry)
_ON_ORDER = msgspec.json.Decoder(OnOrder)
_DUE = msgspec.json.Decoder(Due)
_CHANGE = msgspec.json.Decoder(Change)


class SupplierRecord(CoreItem):
    """A supplier; ``version`` counts its changes."""

    KIND: ClassVar[str] = "supplier"

    facts = UnicodeAttribute()
    version = NumberAttribute()
    changed_at = UnicodeAttribute()

    def read(self) -> Supplier:
        """Return the supplier."""
        return _SUPPLIER.decode(self.facts)


class SupplierNameRecord(CoreItem):
    """A name that a supplier has; it lists the suppliers by name."""

    KIND: ClassVar[str] = "supplier_name"

    supplier_id = UnicodeAttribute()
    name = UnicodeAttribute()
    currency = UnicodeAttribute()
    lead_time_days = NumberAttribute(null=True)
    archived = BooleanAttribute(default=False)


class OrderRecord(CoreItem):
    """A purchase order; ``step`` counts its changes."""

    KIND: ClassVar[str] = "purchase_order"

    facts = UnicodeAttribute()
    step = NumberAttribute()
    created_at = UnicodeAttribute()
    created_by = UnicodeAttribute()

    def read(self) -> Order:
        """Return the order."""
        return _ORDER.decode(self.facts)


class EntryRecord(CoreItem):
    """What is listed of an order."""

    KIND: ClassVar[str] = "purchase_entry"

    facts = UnicodeAttribute()

    def read(self) -> Entry:
        """Return it."""
        return _ENTRY.decode(self.facts)


class ChangeRecord(CoreItem):
    """A change of an order."""

    KIND: ClassVar[str] = "purchase_change"

    facts = UnicodeAttribute()

    def read(self) -> Change:
        """Return it."""
        return _CHANGE.decode(self.facts)


class VersionRecord(CoreItem):
    """A version of what was agreed, who made it and when."""

    KIND: ClassVar[str] = "purchase_version"

    facts = UnicodeAttribute()
    at_ = UnicodeAttribute(attr_name="at")
    by = UnicodeAttribute()

    def read(self) -> Content:
        """Return it."""
        return _CONTENT.decode(self.facts)


class OnOrderRecord(CoreItem):
    """What is still to come of a line of an order."""

    KIND: ClassVar[str] = "on_order"

    facts = UnicodeAttribute()

    def read(self) -> OnOrder:
        """Return it."""
        return _ON_ORDER.decode(self.facts)


class DueRecord(CoreItem):
    """A part of an order's price that is to be paid."""

    KIND: ClassVar[str] = "payment_due"

    facts = UnicodeAttribute()

    def read(self) -> Due:
        """Return it."""
        return _DUE.decode(self.facts)


class OutcomeRecord(CoreItem):
    """How an order went."""

    KIND: ClassVar[str] = "purchase_outcome"

    facts = UnicodeAttribute()

    def read(self) -> Outcome:
        """Return it."""
        return _OUTCOME.decode(self.facts)


class ChargeRecord(CoreItem):
    """A charge and how it was shared out."""

    KIND: ClassVar[str] = "purchase_charge"

    facts = UnicodeAttribute()
    entered_at = UnicodeAttribute()

    def read(self) -> Charge:
        """Return it."""
        return _CHARGE.decode(self.facts)


class ProcurementSettingsRecord(CoreItem):
    """How a tenant orders."""

    KIND: ClassVar[str] = "purchase_settings"

    facts = UnicodeAttribute()
    step = NumberAttribute()

    def read(self) -> Settings:
        """Return the settings."""
        return _SETTINGS.decode(self.facts)


class OrderCounterRecord(CoreItem):
    """The number of the last order."""

    KIND: ClassVar[str] = "purchase_counter"

    last = NumberAttribute()


def text_of(value: msgspec.Struct) -> str:
    """Write a value as it is stored."""
    return _ENCODER.encode(value).decode()
