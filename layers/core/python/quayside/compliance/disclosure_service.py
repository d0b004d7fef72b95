"""Use cases of the log of exports: note that data was handed out, show when and to whom (AUP 4.8).

Data of a tenant leaves Quayside in one way: as an export that a member asked for. The log says of each when it was made
and whenever it was opened; it lies beside the audit trail, where nothing is changed or deleted, for 18 months.
"""

from collections.abc import Callable

from quayside.accounts import service as accounts
from quayside.compliance import disclosure_store as store
from quayside.compliance.disclosure_rules import Disclosure
from quayside.compliance.disclosure_views import DisclosuresPage, disclosure_view
from quayside.kernel.clock import Clock
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.ids import new_id


def note(disclosure: Disclosure, *, clock: Clock, entropy: Callable[[int], bytes]) -> None:
    """Note that data of the tenant in scope is handed out; called before it is, so that none goes unnoted."""
    store.put(disclosure, clock.now(), new_id(entropy))


def disclosures(cursor: str | None, limit: int) -> DisclosuresPage:
    """Return one page of the log of the tenant in scope, newest first.

    Raises:
        InvalidInput: the cursor does not belong to this list.
    """
    after = None if cursor is None else decode_cursor(cursor, 1)[0]
    if after is not None and not after.startswith(store.PREFIX):
        raise invalid_cursor()
    found = store.newest_first(after, limit)
    names = accounts.names_of_members({record.by for record in found.records})
    return DisclosuresPage(
        tuple(disclosure_view(record, names.get(record.by)) for record in found.records),
        None if found.next_sort_key is None else encode_cursor(found.next_sort_key),
    )
