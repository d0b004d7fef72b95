"""What the Finances API 2024-06-19 answers: transactions with their parts, exact to the last digit.

Types, statuses and the names of parts stay text: Amazon documents few of them. A deferred transaction comes again when
it is released, as another one with its own id. Source: Amazon's model finances_2024-06-19.json.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from quayside.amazon.decoding import Reader, in_utc, raw_entries
from quayside.amazon.errors import UnexpectedAnswer
from quayside.kernel.money import Money

MAXIMUM_DAYS = 180
"""A search that reaches further than this is answered with nothing."""


class FinanceAmount(msgspec.Struct, frozen=True, rename="camel"):
    """Money, exact; negative when the seller pays."""

    currency_amount: Decimal
    currency_code: str

    def money(self) -> Money:
        """Return it in minor units.

        Raises:
            InvalidInput: it is finer than its currency.
        """
        return Money.from_decimal(str(self.currency_amount), self.currency_code)


class RelatedIdentifier(msgspec.Struct, frozen=True, rename="camel"):
    """What a transaction belongs to: ORDER_ID, SHIPMENT_ID, REFUND_ID, SETTLEMENT_ID, DEFERRED_TRANSACTION_ID, … ."""

    related_identifier_name: str | None = None
    related_identifier_value: str | None = None


class ItemRelatedIdentifier(msgspec.Struct, frozen=True, rename="camel"):
    """What an item of a transaction belongs to: ORDER_ADJUSTMENT_ITEM_ID, COUPON_ID, … ."""

    item_related_identifier_name: str | None = None
    item_related_identifier_value: str | None = None


class Breakdown(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an amount, with its own parts; where there are none, Amazon mostly says ``null``."""

    breakdown_type: str | None = None
    breakdown_amount: FinanceAmount | None = None
    breakdowns: "tuple[Breakdown, ...] | None" = ()


class Context(msgspec.Struct, frozen=True, rename="camel"):
    """What else is known, by ``context_type``: ProductContext, DeferredContext, TimeRangeContext, … ."""

    context_type: str | None = None
    asin: str | None = None
    sku: str | None = None
    quantity_shipped: int | None = None
    fulfillment_network: str | None = None
    deferral_reason: str | None = None
    maturity_date: datetime | None = None
    payment_type: str | None = None
    payment_method: str | None = None
    payment_reference: str | None = None
    payment_date: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    store_name: str | None = None


class TransactionItem(msgspec.Struct, frozen=True, rename="camel"):
    """One thing a transaction is about."""

    description: str | None = None
    total_amount: FinanceAmount | None = None
    related_identifiers: tuple[ItemRelatedIdentifier, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    contexts: tuple[Context, ...] = ()

    @property
    def product(self) -> Context | None:
        """The context that names the SKU, None when the item is about no product."""
        return next((each for each in self.contexts if each.sku or each.asin), None)


class SellingPartner(msgspec.Struct, frozen=True, rename="camel"):
    """Whose transaction it is."""

    selling_partner_id: str | None = None
    account_type: str | None = None
    marketplace_id: str | None = None


class MarketplaceDetails(msgspec.Struct, frozen=True, rename="camel"):
    """Where it happened."""

    marketplace_id: str | None = None
    marketplace_name: str | None = None


class Transaction(msgspec.Struct, frozen=True, rename="camel"):
    """One transaction.

    Attributes:
        transaction_id: Amazon's id.
        transaction_type: Shipment, Refund, ServiceFee, Transfer, … .
        posted_date: when it was posted, in UTC.
        transaction_status: DEFERRED, RELEASED, DEFERRED_RELEASED, … .
        description: in Amazon's words.
        total_amount: the whole of it.
        related_identifiers: what it belongs to.
        items: what it is about.
        breakdowns: what the whole is made of.
        contexts: what else is known.
    """

    transaction_id: str
    transaction_type: str
    posted_date: datetime
    transaction_status: str | None = None
    description: str | None = None
    total_amount: FinanceAmount | None = None
    selling_partner_metadata: SellingPartner | None = None
    marketplace_details: MarketplaceDetails | None = None
    related_identifiers: tuple[RelatedIdentifier, ...] = ()
    items: tuple[TransactionItem, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    contexts: tuple[Context, ...] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "posted_date", in_utc(self.posted_date))

    def identifier(self, name: str) -> str | None:
        """Return what it belongs to under a name such as ``ORDER_ID``, None when there is no such thing."""
        return next(
            (
                each.related_identifier_value
                for each in self.related_identifiers
                if each.related_identifier_name == name
            ),
            None,
        )

    @property
    def marketplace_id(self) -> str | None:
        """The marketplace it happened in, as far as Amazon says."""
        place = self.marketplace_details.marketplace_id if self.marketplace_details else None
        return place or (self.selling_partner_metadata.marketplace_id if self.selling_partner_metadata else None)


class UnreadableTransaction(msgspec.Struct, frozen=True):
    """A transaction that lacks what every transaction must have."""

    transaction_id: str
    problem: str


class TransactionsPage(msgspec.Struct, frozen=True):
    """One page of listTransactions. It may be empty and still have a ``next_token``; None after the last page."""

    transactions: tuple[Transaction, ...]
    unreadable: tuple[UnreadableTransaction, ...]
    next_token: str | None


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    transactions: msgspec.Raw = msgspec.Raw()
    next_token: str | None = None


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    payload: _Payload


class _OnlyId(msgspec.Struct, frozen=True, rename="camel"):
    transaction_id: str = ""


_answer = Reader(_Answer)
_transaction = Reader(Transaction)
_only_id = Reader(_OnlyId)


def decode_transactions(body: bytes) -> TransactionsPage:
    """Read the answer of listTransactions, transaction by transaction.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    problems: list[str] = []
    try:
        payload = _answer.read(body).payload
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="listTransactions", status=200) from problem
    entries = raw_entries(payload.transactions, "transactions", problems)
    if problems:
        raise UnexpectedAnswer(problems[0], operation="listTransactions", status=200)
    transactions: list[Transaction] = []
    unreadable: list[UnreadableTransaction] = []
    for raw in entries:
        try:
            transactions.append(_transaction.read(raw))
        except msgspec.ValidationError as problem:
            unreadable.append(UnreadableTransaction(_id_in(raw), str(problem)))
    return TransactionsPage(tuple(transactions), tuple(unreadable), payload.next_token or None)


def _id_in(raw: msgspec.Raw) -> str:
    try:
        return _only_id.read(raw).transaction_id
    except msgspec.ValidationError:
        return ""
