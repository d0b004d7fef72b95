"""Blocks: tenants that may do nothing until an operator lifts the block.

A block stands in Coordination under the tenant's id alone, so that every function can ask for it with its own role and
without the tenant's scope: the API when somebody asks, the intake and the worker before they touch anything of the
tenant's, the token broker before it hands out a token. Readers are strongly consistent: a block holds from the moment
it was written.
"""

from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import DeleteError

from quayside.kernel.clock import format_instant
from quayside.kernel.ids import TenantId
from quayside.storage import keys
from quayside.storage.tables import CoordinationItem, condition_failed, write


class TenantBlock(CoordinationItem):
    """That a tenant is blocked: for which abuse case, why (in words its members are shown), since when (ISO 8601)."""

    KIND = "tenant_block"

    tenant_id = UnicodeAttribute()
    case_id = UnicodeAttribute()
    reason = UnicodeAttribute()
    since = UnicodeAttribute()


class Block(NamedTuple):
    """A block that stands."""

    case_id: str
    reason: str
    since: str


def block_of(tenant_id: TenantId) -> Block | None:
    """Return the block of a tenant, None when there is none. Strongly consistent; needs no tenant in scope."""
    found = TenantBlock.find(keys.tenant_block(tenant_id))
    return None if found is None else Block(found.case_id, found.reason, found.since)


def put_block(tenant_id: TenantId, case_id: str, reason: str, now: datetime) -> bool:
    """Block a tenant for a case; return False when it is blocked for another. Doing it again changes nothing.

    Raises:
        ValueError: there is no reason.
    """
    if not reason.strip():
        raise ValueError("A block needs a reason.")
    model = TenantBlock
    written = write(
        model,
        keys.tenant_block(tenant_id),
        [
            model.tenant_id.set(tenant_id),
            model.case_id.set(case_id),
            model.reason.set(reason),
            model.since.set(model.since | format_instant(now)),
        ],
        model.pk.does_not_exist() | (model.case_id == case_id),
        source="operator",
        returning="NONE",
    )
    return written.applied


def lift_block(tenant_id: TenantId, case_id: str) -> None:
    """Lift the block that stands for a case; one that is gone, or stands for another case, is left alone."""
    key = keys.tenant_block(tenant_id)
    try:
        TenantBlock.at(key).delete(condition=TenantBlock.case_id == case_id)
    except DeleteError as problem:
        if not condition_failed(problem):
            raise
