"""What the API shows of erasures."""

import msgspec

from quayside.compliance.erasure_records import ErasureRecord
from quayside.compliance.erasure_rules import Cause, Stage, State, share
from quayside.compliance.erasure_store import Kept, progress_of


class ErasureView(msgspec.Struct, frozen=True):
    """One erasure: why, since when, and how far it is. ``connection_id`` is null when everything is erased."""

    erasure_id: str
    connection_id: str | None
    name: str | None
    cause: Cause
    state: State
    requested_at: str
    begins_at: str
    finished_at: str | None
    stage: Stage | None
    items_total: int
    items_done: int


class DatasetCount(msgspec.Struct, frozen=True):
    """How many items of a dataset were erased."""

    dataset: str
    items: int


class ReceiptView(msgspec.Struct, frozen=True):
    """The receipt of an erasure; ``document``, ``signature`` and ``public_key`` are what anybody can check it by."""

    erasure_id: str
    connection_id: str | None
    cause: Cause
    finished_at: str
    erased: tuple[DatasetCount, ...]
    files: int
    document: str
    signature: str
    public_key: str


def erasure_view(record: ErasureRecord) -> ErasureView:
    """Return what is shown of an erasure."""
    progress = progress_of(record)
    done, total = share(progress)
    running = record.state == "running"
    return ErasureView(
        erasure_id=record.erasure_id,
        connection_id=record.connection,
        name=record.connection_name,
        cause=msgspec.convert(record.cause, Cause),
        state=msgspec.convert(record.state, State),
        requested_at=record.requested_at,
        begins_at=record.begins_at,
        finished_at=record.finished_at,
        stage=progress.stage if running else None,
        items_total=total,
        items_done=done,
    )


def receipt_view(kept: Kept) -> ReceiptView:
    """Return what is shown of a receipt."""
    receipt = kept.receipt
    return ReceiptView(
        erasure_id=receipt.receipt,
        connection_id=receipt.connection_id,
        cause=receipt.cause,
        finished_at=receipt.finished_at,
        erased=tuple(DatasetCount(dataset, items) for dataset, items in receipt.items.items()),
        files=receipt.files,
        document=kept.document,
        signature=kept.signature,
        public_key=kept.public_key,
    )
