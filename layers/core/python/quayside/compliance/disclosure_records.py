"""What is stored of each time that a tenant's data was handed out, where it can't be changed and outlives the data."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.storage.tables import AuditItem


class DisclosureRecord(AuditItem):
    """That data was handed out.

    Attributes:
        handed_out_at: when, ISO 8601.
        what: ``export_made`` or ``export_opened``.
        export_id: by which export.
        connection_id: of which connection; absent when everything of the tenant.
        connection_name: what that was called then.
        by: who had it done: a member's id.
        rows: how many rows the file has.
        size: how many bytes.
    """

    KIND = "disclosure"

    handed_out_at = UnicodeAttribute()
    what = UnicodeAttribute()
    export_id = UnicodeAttribute()
    connection_id = UnicodeAttribute(null=True)
    connection_name = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    rows = NumberAttribute()
    size = NumberAttribute()
