"""What is noted when data is handed out. Pure."""

from typing import Literal

import msgspec

What = Literal["export_made", "export_opened"]
"""A file was made of the data, or somebody was given a link that opens the file."""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """One handing-out of data.

    Attributes:
        what: what happened.
        export_id: by which export.
        connection_id: of which connection; None for everything of the tenant.
        connection_name: what it is called; None for everything.
        by: the id of the member who had it done.
        rows: how many rows the file has.
        size: how many bytes.
    """

    what: What
    export_id: str
    connection_id: str | None
    connection_name: str | None
    by: str
    rows: int
    size: int
