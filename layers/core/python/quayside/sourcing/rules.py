"""What a lead is, which stages it goes through, and what it may say. Pure.

A lead is a product that may be sold one day. It stands at one stage of the board and moves by ``MACHINE`` alone;
approval makes it a product with a SKU and a first purchase order, so it has a use case of its own.
"""

import re
from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.machines import Machine, Move

Stage = Literal["idea", "researching", "quoted", "sampling", "approved", "rejected"]
Event = Literal["research", "set_aside", "quote", "sample", "reject", "reopen", "approve"]
STAGES: tuple[Stage, ...] = get_args(Stage)

MOST_TARGETS = 10
MOST_ASINS = 20
"""As many products as one call of Amazon's catalogue takes."""
LONGEST_NAME = 120
LONGEST_SKU = 40
"""Source: Amazon's listing templates, "Seller SKU: 1 to 40 characters"."""
LONGEST_NOTE = 2000
LONGEST_REASON = 300
MOST_MINOR = 10**10
LONGEST_SIDE_MM = 10_000
HEAVIEST_GRAMS = 2_000_000
_ASIN = re.compile(r"[A-Z0-9]{10}")
_MANAGE = "sourcing.manage"
MACHINE = Machine(
    name="lead",
    title="Lead",
    words={
        "idea": "Idea",
        "researching": "Researching",
        "quoted": "Quoted",
        "sampling": "Sampling",
        "approved": "Approved",
        "rejected": "Rejected",
    },
    moves=(
        Move("idea", "research", _MANAGE, "researching"),
        Move("idea", "reject", _MANAGE, "rejected"),
        Move("researching", "set_aside", _MANAGE, "idea"),
        Move("researching", "quote", _MANAGE, "quoted"),
        Move("researching", "reject", _MANAGE, "rejected"),
        Move("quoted", "research", _MANAGE, "researching"),
        Move("quoted", "sample", _MANAGE, "sampling"),
        Move("quoted", "approve", _MANAGE, "approved"),
        Move("quoted", "reject", _MANAGE, "rejected"),
        Move("sampling", "quote", _MANAGE, "quoted"),
        Move("sampling", "approve", _MANAGE, "approved"),
        Move("sampling", "reject", _MANAGE, "rejected"),
        Move("rejected", "reopen", _MANAGE, "idea"),
    ),
)
"""How a lead goes over the board; an approved one is a product and moves no more."""


class Target(msgspec.Struct, frozen=True):
    """Where a lead is to be sold, by which account, and at which price (what the buyer pays), in minor units."""

    connection_id: str
    marketplace_id: str
    price_minor: int
    currency: str


class Package(msgspec.Struct, frozen=True):
    """How big and how heavy one packed unit is: millimetres and grams."""

    length_mm: int
    width_mm: int
    height_mm: int
    weight_grams: int


class Promised(msgspec.Struct, frozen=True):
    """What a scenario promised for one unit on the day of approval, in minor units; None where it was not known."""

    scenario_id: str
    name: str
    connection_id: str
    marketplace_id: str
    currency: str
    price_minor: int
    net_minor: int
    fees_minor: int | None
    landed_minor: int | None
    returns_minor: int
    ads_minor: int
    other_minor: int
    profit_minor: int | None
    margin_percent: int | None


class Approval(msgspec.Struct, frozen=True):
    """How a lead became a product.

    Attributes:
        seller_sku: the SKU it is sold under.
        quote_id: whose price was taken.
        units: of the first order.
        order_id: the first purchase order; None between the decision and the order's draft.
        approved_at: when, ISO 8601.
        approved_by: the member's id.
        promised: what the scenarios said on that day.
    """

    seller_sku: str
    quote_id: str
    units: int
    order_id: str | None
    approved_at: str
    approved_by: str
    promised: tuple[Promised, ...]


class Lead(msgspec.Struct, frozen=True):
    """A product that may be sold one day.

    Attributes:
        lead_id: its id.
        name: what it is.
        stage: where it stands on the board.
        created_at: since when, ISO 8601.
        targets: where it is to be sold; the first counts for the board.
        asins: products of Amazon's catalogue that it is compared with; the first stands in for it in fee estimates.
        package: one packed unit.
        note: the seller's words.
        reason: why it was rejected.
        approval: how it became a product.
    """

    lead_id: str
    name: str
    stage: Stage
    created_at: str
    targets: tuple[Target, ...] = ()
    asins: tuple[str, ...] = ()
    package: Package | None = None
    note: str = ""
    reason: str = ""
    approval: Approval | None = None


def check(lead: Lead, places: Iterable[tuple[str, str]]) -> None:
    """Refuse a lead that makes no sense.

    Args:
        lead: what somebody wants to keep.
        places: the connection and marketplace of every place where the seller sells.

    Raises:
        InvalidInput: every field that is wrong is named with what is allowed.
    """
    wrong = tuple(_problems(lead, set(places)))
    if wrong:
        raise InvalidInput("The lead can't be kept as it is.", code="invalid_lead", fields=wrong)


def _problems(lead: Lead, places: set[tuple[str, str]]) -> Iterable[FieldProblem]:
    if not 1 <= len(lead.name.strip()) <= LONGEST_NAME:
        yield FieldProblem("name", f"has to have 1 to {LONGEST_NAME} characters")
    if len(lead.note) > LONGEST_NOTE:
        yield FieldProblem("note", f"has at most {LONGEST_NOTE:,} characters")
    yield from _target_problems(lead, places)
    if len(lead.asins) > MOST_ASINS:
        yield FieldProblem("asins", f"names {len(lead.asins)} products; at most {MOST_ASINS} are allowed")
    wrong = next((each for each in lead.asins if _ASIN.fullmatch(each) is None), None)
    if wrong is not None:
        yield FieldProblem("asins", f"“{wrong[:20]}” is no ASIN: ten capital letters and digits, such as B0EXAMPLE1")
    if lead.package is not None:
        yield from _package_problems(lead.package)


def _target_problems(lead: Lead, places: set[tuple[str, str]]) -> Iterable[FieldProblem]:
    if len(lead.targets) > MOST_TARGETS:
        yield FieldProblem("targets", f"names {len(lead.targets)} marketplaces; at most {MOST_TARGETS} are allowed")
    named = [(each.connection_id, each.marketplace_id) for each in lead.targets]
    if len(set(named)) < len(named):
        yield FieldProblem("targets", "names a marketplace twice")
    for target in lead.targets:
        if (target.connection_id, target.marketplace_id) not in places:
            yield FieldProblem("targets", f"names {target.marketplace_id[:20]}, where that account does not sell")
        if not 0 < target.price_minor <= MOST_MINOR:
            yield FieldProblem("targets", "has to have prices above 0")


def _package_problems(package: Package) -> Iterable[FieldProblem]:
    sides = {"length_mm": package.length_mm, "width_mm": package.width_mm, "height_mm": package.height_mm}
    for field, millimetres in sides.items():
        if not 1 <= millimetres <= LONGEST_SIDE_MM:
            yield FieldProblem(f"package.{field}", f"has to be from 1 to {LONGEST_SIDE_MM:,} millimetres")
    if not 1 <= package.weight_grams <= HEAVIEST_GRAMS:
        yield FieldProblem("package.weight_grams", f"has to be from 1 to {HEAVIEST_GRAMS:,} grams")
