"""What members made, handed over row by row: a page of records at a time, each of them as many rows as it holds."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from quayside.storage.tables import CoreItem, page
from quayside.sync.views import Cell, Column, ColumnKind, RowsPage

MOST_RECORDS = 100
"""So many records are read at once: the largest, an order with all that came of it, has some tens of kilobytes."""

type Row = tuple[Cell, ...]


class Rows(NamedTuple):
    """How the rows of a dataset are made.

    Attributes:
        model: the records they stand in; others under the same prefix are passed over.
        prefix: what the sort keys of the records begin with.
        columns: what the cells mean.
        rows: returns the rows of a record.
    """

    model: type[CoreItem]
    prefix: str
    columns: tuple[Column, ...]
    rows: Callable[[Any], Iterable[Row]]


def columns(**kinds: tuple[str, ColumnKind]) -> tuple[Column, ...]:
    """Return columns by key: what each is called and holds."""
    return tuple(Column(key, title, kind) for key, (title, kind) in kinds.items())


def rows_page(made_of: Rows, pk: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of the rows of a partition. It ends with a record, so its last one may go beyond ``limit``.

    Args:
        made_of: how rows are made.
        pk: the partition.
        cursor: where the page before ended.
        limit: so many rows, and at most one record's more.
    """
    model = made_of.model
    found = page(model, pk, limit=min(limit, MOST_RECORDS), prefix=made_of.prefix, after=cursor)
    rows: list[Row] = []
    following = found.next_sort_key
    for place, record in enumerate(found.records, 1):
        if record.kind == model.KIND:
            rows += made_of.rows(record)
        if len(rows) >= limit and place < len(found.records):
            following = record.sk
            break
    return RowsPage(made_of.columns, tuple(rows), following, None)
