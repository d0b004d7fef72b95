"""What is stored of proofs: each run of the tests that an operator published, where nothing can be changed."""

from pynamodb.attributes import UnicodeAttribute

from quayside.storage.tables import ApplicationAuditItem


class ProvedRunItem(ApplicationAuditItem):
    """A whole run of the tests and what it says of each promise, as JSON."""

    KIND = "proved_run"

    text = UnicodeAttribute()
