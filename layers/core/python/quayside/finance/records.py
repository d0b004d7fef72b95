"""How money is stored: one item a transaction, settlement, settlement line and estimated SKU."""

from typing import ClassVar, NamedTuple

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.finance.rules import (
    LOADING,
    Control,
    FeeFacts,
    FeeRefusal,
    LineFacts,
    StatementFacts,
    TransactionFacts,
)
from quayside.finance.settlement_rules import Reconciliation
from quayside.storage.facts import FactItem, OneSourceItem, said
from quayside.storage.keys import decode

TRANSACTION_PREFIX = "TRANSACTION#"
SETTLEMENT_PREFIX = "SETTLEMENT#"
LINE_PREFIX = "LINE#"
FEE_PREFIX = "SKU#"

_ENCODER = msgspec.json.Encoder()
_TRANSACTION = msgspec.json.Decoder(TransactionFacts)
_STATEMENT = msgspec.json.Decoder(StatementFacts)
_CONTROL = msgspec.json.Decoder(Control)
_RECONCILIATION = msgspec.json.Decoder(Reconciliation)
_LINE = msgspec.json.Decoder(LineFacts)
_FEE = msgspec.json.Decoder(FeeFacts)
_REFUSAL = msgspec.json.Decoder(FeeRefusal)


class TransactionRecord(OneSourceItem):
    """A transaction; its version is ``rules.transaction_version``."""

    KIND: ClassVar[str] = "transaction"
    RENEWED: ClassVar[bool] = False


class SettlementRecord(OneSourceItem):
    """A settlement: Amazon's summary, in ``control`` how its lines compare with it, in ``reconciliation`` by kind.

    ``report_id`` is the report that is being loaded, or was loaded last.
    """

    KIND: ClassVar[str] = "settlement"
    RENEWED: ClassVar[bool] = False

    control = UnicodeAttribute(null=True)
    reconciliation = UnicodeAttribute(null=True)
    report_id = UnicodeAttribute(null=True)


class SettlementLineRecord(OneSourceItem):
    """A line of a settlement, under its line in Amazon's file."""

    KIND: ClassVar[str] = "settlement_line"
    RENEWED: ClassVar[bool] = False


class FeeRecord(FactItem):
    """The fees on one SKU: Amazon's last estimate, and its last refusal to give one.

    ``estimated_at`` (epoch seconds) is when Amazon first gave the estimate that still stands.
    """

    KIND: ClassVar[str] = "fee_estimate"

    estimate = UnicodeAttribute(null=True)
    estimate_version = NumberAttribute(null=True)
    estimated_at = NumberAttribute(null=True)
    refusal = UnicodeAttribute(null=True)
    refusal_version = NumberAttribute(null=True)


def text_of(
    facts: TransactionFacts | StatementFacts | Control | Reconciliation | LineFacts | FeeFacts | FeeRefusal,
) -> str:
    """Write facts as they are stored."""
    return _ENCODER.encode(facts).decode()


def transaction_from(text: str) -> TransactionFacts:
    """Read a stored transaction."""
    return _TRANSACTION.decode(text)


def statement_from(text: str) -> StatementFacts:
    """Read the stored summary of a settlement."""
    return _STATEMENT.decode(text)


def control_from(text: str | None) -> Control:
    """Read the stored check of a settlement; one that was never checked is still loading."""
    return LOADING if text is None else _CONTROL.decode(text)


def reconciliation_from(text: str | None) -> Reconciliation | None:
    """Read what a settlement's lines add up to by kind; None for one that was not checked yet."""
    return None if text is None else _RECONCILIATION.decode(text)


def line_from(text: str) -> LineFacts:
    """Read a stored line."""
    return _LINE.decode(text)


def estimate_from(record: FeeRecord) -> FeeFacts | None:
    """Read a stored estimate, None when Amazon never gave one."""
    estimate = said(record, "estimate")
    return None if estimate is None else _FEE.decode(estimate.text)


def refusal_from(record: FeeRecord) -> FeeRefusal | None:
    """Read why Amazon gives no estimate; None when its last answer was one."""
    refusal, estimate = said(record, "refusal"), said(record, "estimate")
    if refusal is None or (estimate is not None and estimate.version >= refusal.version):
        return None
    return _REFUSAL.decode(refusal.text)


def estimated_at_of(record: FeeRecord) -> int | None:
    """Return when Amazon first gave the estimate that stands, in epoch seconds; None when there is none."""
    at: float | None = record.estimated_at
    return None if at is None else int(at)


class TransactionPlace(NamedTuple):
    """Where a transaction is kept: whose it is, and when it was posted, as ISO 8601 text."""

    connection_id: str
    posted_at: str


def transaction_place_of(pk: str, sk: str) -> TransactionPlace:
    """Read a transaction's key back into its parts.

    Raises:
        ValueError: it is not the key of a transaction.
    """
    parts = pk.split("#")
    if len(parts) != 5 or parts[2] != "TRANSACTIONS" or not sk.startswith(TRANSACTION_PREFIX):  # noqa: PLR2004 - as storage.keys builds them
        raise ValueError("That is not the key of a transaction.")
    return TransactionPlace(decode(parts[3]), posted_of(sk))


def transaction_id_of(sort_key: str) -> str:
    """Read the id back from a transaction's sort key."""
    return decode(sort_key.split("#")[2])


def posted_of(sort_key: str) -> str:
    """Read the instant back from a transaction's sort key, as ISO 8601 text."""
    return sort_key.split("#")[1]


def settlement_id_of(sort_key: str) -> str:
    """Read the id back from a settlement's sort key."""
    return decode(sort_key.split("#")[2])


def line_number_of(sort_key: str) -> int:
    """Read a line's place in Amazon's file back from its sort key."""
    return int(sort_key.removeprefix(LINE_PREFIX))


def sku_of(sort_key: str) -> str:
    """Read the SKU back from a fee estimate's sort key."""
    return decode(sort_key.removeprefix(FEE_PREFIX))
