"""The tenant in scope.

Every access to tenant data happens inside ``with tenant_scope(tenant_id)``: the storage connection signs with the
credentials of that tenant and refuses to sign when there is none. A scope covers one record, never a batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from quayside.kernel.ids import TenantId, check_tenant_id

_tenant: ContextVar[TenantId | None] = ContextVar("quayside_tenant", default=None)


class NoTenantInScope(RuntimeError):
    """Tenant data was reached for outside ``tenant_scope``: a mistake in the code, never the caller's."""


class TenantScopeConflict(RuntimeError):
    """A scope was opened for one tenant inside the scope of another: a mistake in the code."""


@contextmanager
def tenant_scope(tenant_id: TenantId) -> Iterator[TenantId]:
    """Act for one tenant until the block ends.

    Opening the same tenant again inside is allowed and changes nothing.

    Raises:
        TenantScopeConflict: another tenant is in scope already.
        InvalidInput: ``tenant_id`` has not the form of a tenant id.
    """
    check_tenant_id(tenant_id)
    present = _tenant.get()
    if present is not None and present != tenant_id:
        raise TenantScopeConflict("A tenant scope can't be opened inside the scope of another tenant.")
    token = _tenant.set(tenant_id)
    try:
        yield tenant_id
    finally:
        _tenant.reset(token)


def current_tenant() -> TenantId:
    """Return the tenant in scope.

    Raises:
        NoTenantInScope: none is.
    """
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise NoTenantInScope("Tenant data was reached for outside a tenant scope.")
    return tenant_id
