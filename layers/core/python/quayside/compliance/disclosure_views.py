"""What the API shows of the log of exports."""

import msgspec

from quayside.compliance.disclosure_records import DisclosureRecord
from quayside.compliance.disclosure_rules import What


class DisclosureView(msgspec.Struct, frozen=True):
    """One time that data was handed out.

    Attributes:
        at: when (ISO 8601, UTC).
        what: ``export_made``: a file was made; ``export_opened``: a link to it was given, good for five minutes.
        export_id: by which export.
        connection_id: of which connection; null for everything of the organisation.
        name: what the connection was called; null for everything.
        by: the id of the member who had it done; ``by_name`` is the same for people.
        rows: how many rows the file has.
        size: how many bytes.
    """

    at: str
    what: What
    export_id: str
    connection_id: str | None
    name: str | None
    by: str
    by_name: str
    rows: int
    size: int


class DisclosuresPage(msgspec.Struct, frozen=True):
    """A page of the log of exports, newest first; kept for 18 months and never changed."""

    disclosures: tuple[DisclosureView, ...]
    next_cursor: str | None


def disclosure_view(record: DisclosureRecord, member_name: str | None) -> DisclosureView:
    """Return what is shown of one; ``member_name`` is None when the member is gone."""
    return DisclosureView(
        at=record.handed_out_at,
        what=msgspec.convert(record.what, What),
        export_id=record.export_id,
        connection_id=record.connection_id,
        name=record.connection_name,
        by=record.by,
        by_name=member_name or "A former member",
        rows=int(record.rows),
        size=int(record.size),
    )
