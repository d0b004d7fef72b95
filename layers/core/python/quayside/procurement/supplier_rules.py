"""Suppliers: what is known of them, and how they did. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from math import ceil
from statistics import median
from typing import NamedTuple

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.money import Money
from quayside.procurement.rules import INCOTERMS, Order, Terms, term_problems

LONGEST_NAME, LONGEST_LINE, LONGEST_TEXT = 120, 200, 1000
MOST_CONTACTS = 10
MOST_SUPPLIERS = 2000
_MOST_UNITS, _MOST_LEAD_DAYS = 10_000_000, 730


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person at the supplier's, whom the seller entered."""

    name: str
    email: str = ""
    phone: str = ""
    role: str = ""


class Supplier(msgspec.Struct, frozen=True):
    """A supplier.

    Attributes:
        name: as it is printed; no two suppliers have the same.
        currency: of its prices.
        terms: when it is paid.
        address: as it is printed.
        contacts: its people.
        incoterm: usual one.
        minimum_order_units: it makes no fewer; None when nobody said.
        lead_time_days: it takes so long, as the seller entered it; None when nobody said.
        note: the seller's words.
        archived: whether it is left out of lists.
    """

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


def checked(supplier: Supplier) -> Supplier:
    """Return a supplier as it is kept.

    Raises:
        InvalidInput: a part is missing or out of its range; each is named.
    """
    clean = msgspec.structs.replace(supplier, name=" ".join(supplier.name.split()))
    Money.from_decimal("0", clean.currency)
    problems = list(_problems_of(clean))
    if problems:
        raise InvalidInput("The supplier can't be kept like this.", fields=tuple(problems), code="invalid_supplier")
    return clean


def _problems_of(supplier: Supplier) -> Iterable[FieldProblem]:
    if not 1 <= len(supplier.name) <= LONGEST_NAME:
        yield FieldProblem("name", f"is needed, with 1 to {LONGEST_NAME} characters")
    for name in ("address", "note"):
        if len(getattr(supplier, name)) > LONGEST_TEXT:
            yield FieldProblem(name, f"has at most {LONGEST_TEXT:,} characters")
    if supplier.incoterm is not None and supplier.incoterm not in INCOTERMS:
        yield FieldProblem("incoterm", f"has to be one of {', '.join(INCOTERMS)}")
    least = supplier.minimum_order_units
    if least is not None and not 1 <= least <= _MOST_UNITS:
        yield FieldProblem("minimum_order_units", f"has to be from 1 to {_MOST_UNITS:,}")
    days = supplier.lead_time_days
    if days is not None and not 0 <= days <= _MOST_LEAD_DAYS:
        yield FieldProblem("lead_time_days", f"has to be from 0 to {_MOST_LEAD_DAYS}")
    yield from term_problems(supplier.terms)
    yield from _contact_problems(supplier.contacts)


def _contact_problems(contacts: Sequence[Contact]) -> Iterable[FieldProblem]:
    if len(contacts) > MOST_CONTACTS:
        yield FieldProblem("contacts", f"are at most {MOST_CONTACTS}")
    for place, contact in enumerate(contacts):
        if not contact.name.strip():
            yield FieldProblem(f"contacts[{place}].name", "is needed")
        for name in ("name", "email", "phone", "role"):
            if len(getattr(contact, name)) > LONGEST_LINE:
                yield FieldProblem(f"contacts[{place}].{name}", f"has at most {LONGEST_LINE} characters")


# -- How they did ------------------------------------------------------------------------------------------------------


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How an order went that is received or closed.

    Attributes:
        order_id: which.
        number: its number.
        sent_on: when it was sent.
        expected_on: when it was promised; None when it was not.
        first_on: when the first goods arrived.
        last_on: when the last ones did.
        ordered: units.
        good: units that arrived well.
        damaged: units that did not.
    """

    order_id: str
    number: int
    sent_on: date
    expected_on: date | None
    first_on: date
    last_on: date
    ordered: int
    good: int
    damaged: int


def outcome_of(order: Order) -> Outcome | None:
    """Return how an order went; None while it is not received, and when nothing of it ever arrived."""
    sent = order.days.get("sent")
    if order.state not in {"received", "closed"} or sent is None or not order.counted:
        return None
    arrived = [receipt.received_on for receipt in order.counted]
    return Outcome(
        order.order_id,
        order.number,
        sent,
        order.content.expected_on,
        min(arrived),
        max(arrived),
        sum(line.units for line in order.lines),
        sum(order.good(line.line_id) for line in order.lines),
        sum(order.damaged(line.line_id) for line in order.lines),
    )


class Score(NamedTuple):
    """How a supplier did. A share is None without anything to judge by.

    Attributes:
        orders: how many were judged.
        lead_days: from sent to the last goods, order by order, sorted.
        promised: how many had a promised day.
        on_time: how many of those arrived whole until then.
        in_full: how many brought all units that were ordered, in good order.
        received: units that arrived.
        damaged: how many of those were damaged.
    """

    orders: int
    lead_days: tuple[int, ...]
    promised: int
    on_time: int
    in_full: int
    received: int
    damaged: int

    @property
    def median_days(self) -> int | None:
        """The median lead time, whole days, a half rounded up."""
        return ceil(median(self.lead_days)) if self.lead_days else None

    @property
    def p90_days(self) -> int | None:
        """The lead time that nine of ten orders keep within: nearest rank."""
        return self.lead_days[ceil(0.9 * len(self.lead_days)) - 1] if self.lead_days else None


def score(outcomes: Sequence[Outcome]) -> Score:
    """Return how a supplier did over some orders."""
    promised = [each for each in outcomes if each.expected_on is not None]
    return Score(
        len(outcomes),
        tuple(sorted((each.last_on - each.sent_on).days for each in outcomes)),
        len(promised),
        sum(each.expected_on is not None and each.last_on <= each.expected_on for each in promised),
        sum(each.good >= each.ordered for each in outcomes),
        sum(each.good + each.damaged for each in outcomes),
        sum(each.damaged for each in outcomes),
    )
