import contextvars

import pytest

from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import TenantId, tenant_id_of
from quayside.kernel.tenancy import NoTenantInScope, TenantScopeConflict, current_tenant, tenant_scope

ONE, OTHER = tenant_id_of("one"), tenant_id_of("other")


def test_outside_a_scope_there_is_no_tenant() -> None:
    with pytest.raises(NoTenantInScope):
        current_tenant()


def _fail_inside(tenant_id: TenantId) -> None:
    with tenant_scope(tenant_id):
        assert current_tenant() == tenant_id
        raise RuntimeError("boom")


def test_a_scope_ends_with_its_block_even_when_the_block_fails() -> None:
    with pytest.raises(RuntimeError, match="boom"):
        _fail_inside(ONE)
    with pytest.raises(NoTenantInScope):
        current_tenant()


def test_the_same_tenant_may_nest() -> None:
    with tenant_scope(ONE):
        with tenant_scope(ONE):
            assert current_tenant() == ONE
        assert current_tenant() == ONE


def test_another_tenant_may_not_nest() -> None:
    with tenant_scope(ONE):
        with pytest.raises(TenantScopeConflict), tenant_scope(OTHER):
            pass
        assert current_tenant() == ONE


def test_a_scope_needs_a_real_tenant_id() -> None:
    with pytest.raises(InvalidInput), tenant_scope(TenantId("*")):
        pass


def test_a_scope_does_not_leak_into_another_context() -> None:
    with tenant_scope(ONE), pytest.raises(NoTenantInScope):
        contextvars.Context().run(current_tenant)
