"""Reads and writes of brands. Every function acts for the tenant in scope."""

from collections.abc import Callable
from datetime import datetime

from quayside.catalog.brand_records import BrandBookRecord, packed, unpacked
from quayside.catalog.brand_rules import Book, Tagged
from quayside.kernel.clock import format_instant
from quayside.kernel.errors import Conflict
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import write

MOST_BYTES = 360_000
"""An item of DynamoDB has at most 400 kilobytes, with its keys and names."""
_RACES = 5


def record(*, consistent: bool = False) -> BrandBookRecord | None:
    """Return the stored book: one read, of about a kilobyte a hundred products."""
    return BrandBookRecord.find(keys.brand_book(current_tenant()), consistent=consistent)


def book(*, consistent: bool = False) -> dict[str, str]:
    """Return the brand of each product that has one."""
    found = record(consistent=consistent)
    return {} if found is None else unpacked(found.book)


def change(decide: Callable[[Book], Tagged], member_id: str, now: datetime) -> Tagged:
    """Change the book as ``decide`` says of what is stored; asked again when somebody else changed it meanwhile.

    Raises:
        Conflict: the book would get too large, or others kept changing it.
    """
    model = BrandBookRecord
    for _ in range(_RACES):
        found = record(consistent=True)
        decided = decide({} if found is None else unpacked(found.book))
        if not decided.changes:
            return decided
        data = packed(decided.book)
        if len(data) > MOST_BYTES:
            raise Conflict(
                "So many products can't be put under brands.",
                code="too_many_brand_tags",
                action="Take products out of their brands that are no longer sold.",
            )
        step = 0 if found is None else int(found.step)
        actions = [
            model.book.set(data),
            model.step.set(step + 1),
            model.changed_at.set(format_instant(now)),
            model.changed_by.set(member_id),
        ]
        condition = model.step == step if step else model.pk.does_not_exist()
        if write(model, keys.brand_book(current_tenant()), actions, condition, returning="NONE").applied:
            return decided
    raise Conflict("Others change the brands at the same time.", code="brands_contended", action="Try again.")
