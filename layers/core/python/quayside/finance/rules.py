"""What transactions, settlements and fee estimates are, and the checks they must pass. Pure.

Amazon documents few of the types, statuses and fees there are. All of them are kept in Amazon's words; nothing here
knows a list of them beyond the three statuses below; ``amount_rules`` says what they are.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from quayside.kernel.money import Money

DEFERRED = "DEFERRED"
RELEASED = "RELEASED"
DEFERRED_RELEASED = "DEFERRED_RELEASED"
RELEASE = "RELEASE_TRANSACTION_ID"
"""The name under which a deferred transaction tells the one that released its money."""

_PHASE_STEP = 10**14
"""More than the milliseconds of any instant until the year 5138, so that a phase outweighs all instants."""


class UnusableFact(ValueError):
    """What Amazon sent can't be true; ``reason`` says why in words a seller can read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A part of an amount under Amazon's name for it, with its own parts. Minor units of the transaction's currency."""

    type: str
    amount_minor: int | None
    parts: "tuple[Part, ...]" = ()


class TransactionItem(msgspec.Struct, frozen=True, array_like=True):
    """What a transaction says of one SKU, or of something that is none (an adjustment, a coupon)."""

    seller_sku: str | None
    asin: str | None
    quantity: int | None
    amount_minor: int | None
    parts: tuple[Part, ...] = ()
    related: tuple[tuple[str, str], ...] = ()


class TransactionFacts(msgspec.Struct, frozen=True, array_like=True):
    """A transaction as it is stored.

    Attributes:
        type: Shipment, Refund, ServiceFee, … .
        status: DEFERRED, RELEASED, DEFERRED_RELEASED or what Amazon adds; empty when it says none.
        description: Amazon's words.
        marketplace_id: where it happened, as far as Amazon says.
        currency: of every amount in it; None when there is no amount.
        total_minor: the whole; negative when the seller pays.
        related: what it belongs to, by Amazon's names (ORDER_ID, SETTLEMENT_ID, …).
        items: what it is about.
        parts: what the whole is made of.
        deferral_reason: why the money is held back.
        matures_at: epoch seconds when it will be released.
    """

    type: str
    status: str
    description: str | None
    marketplace_id: str | None
    currency: str | None
    total_minor: int | None
    related: tuple[tuple[str, str], ...] = ()
    items: tuple[TransactionItem, ...] = ()
    parts: tuple[Part, ...] = ()
    deferral_reason: str | None = None
    matures_at: int | None = None

    def related_to(self, name: str) -> str | None:
        """Return what it belongs to under a name, None when it belongs to no such thing."""
        return next((value for each, value in self.related if each == name), None)

    @property
    def released_by(self) -> str | None:
        """The transaction that carries this one's money now.

        A deferred transaction whose release was booked as a transaction of its own must not be counted beside it.
        """
        return self.related_to(RELEASE) if self.status == DEFERRED_RELEASED else None


def transaction_version(status: str, received_milliseconds: int) -> int:
    """Return the version of a transaction's facts: the higher one is the later in its life.

    Money that was released is never deferred again, so whatever is not deferred outweighs what is, even when the
    clocks of two workers disagree on which answer came last; otherwise the later answer wins.
    """
    return (0 if status == DEFERRED else _PHASE_STEP) + received_milliseconds


def one_currency(amounts: Iterable[Money | None], what: str) -> str | None:
    """Return the currency that all amounts share, None when there is no amount.

    Raises:
        UnusableFact: there are several.
    """
    currencies = sorted({amount.currency for amount in amounts if amount is not None})
    if len(currencies) > 1:
        raise UnusableFact(f"{what} mixes the currencies {' and '.join(currencies)}.")
    return currencies[0] if currencies else None


class StatementFacts(msgspec.Struct, frozen=True, array_like=True):
    """The summary of a settlement as Amazon states it. Instants are epoch seconds; ``total_minor`` is paid out."""

    currency: str
    total_minor: int
    started_at: int | None
    ended_at: int | None
    deposited_at: int
    line: int


class LineFacts(msgspec.Struct, frozen=True, array_like=True):
    """One line of a settlement. ``posted_at`` is in epoch seconds, the amount in minor units of ``currency``."""

    transaction_type: str
    amount_type: str
    amount_description: str
    amount_minor: int
    currency: str
    posted_at: int | None
    order_id: str | None = None
    order_item_id: str | None = None
    seller_sku: str | None = None
    quantity: int | None = None
    marketplace_name: str | None = None
    shipment_id: str | None = None
    adjustment_id: str | None = None
    promotion_id: str | None = None


ControlState = Literal["loading", "balanced", "unbalanced"]


class Control(msgspec.Struct, frozen=True, array_like=True):
    """How the lines of a settlement compare with its summary.

    Attributes:
        state: ``balanced`` to the cent, ``unbalanced``, or ``loading`` as long as lines are missing.
        lines: how many lines were added up.
        sum_minor: what they add up to.
        residual_minor: the summary's total less that sum.
    """

    state: ControlState
    lines: int = 0
    sum_minor: int = 0
    residual_minor: int = 0


LOADING = Control("loading")


class Fee(msgspec.Struct, frozen=True, array_like=True):
    """One fee of an estimate in Amazon's name for it; minor units. ``final_minor`` is charged, promotions deducted."""

    type: str
    final_minor: int
    amount_minor: int | None = None
    promotion_minor: int | None = None
    tax_minor: int | None = None
    included: "tuple[Fee, ...]" = ()


class FeeFacts(msgspec.Struct, frozen=True, array_like=True):
    """Amazon's estimate of its fees on one unit, in minor units. ``asin`` is there when it was asked for by ASIN."""

    currency: str
    total_minor: int
    by_amazon: bool
    asin: str | None = None
    fees: tuple[Fee, ...] = ()

    def final_of(self, fee_type: str) -> int:
        """Return what is charged under a name, 0 when that fee is not in the estimate."""
        return sum(fee.final_minor for fee in self.fees if fee.type == fee_type)


class FeeRefusal(msgspec.Struct, frozen=True, array_like=True):
    """Why Amazon gives no estimate, in its words."""

    status: str
    code: str
    message: str


def other_fees(facts: FeeFacts, shown: Sequence[str]) -> int:
    """Return what an estimate holds besides the fees that are shown by name: total less those, so nothing is lost."""
    return facts.total_minor - sum(facts.final_of(name) for name in shown)
