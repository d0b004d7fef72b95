"""Writes beside each other: in the order they were asked for, and all for the tenant in scope."""

import pytest

from quayside.kernel.tenancy import current_tenant, tenant_scope
from quayside.storage.facts import in_parallel
from tests.support.amazon import TENANT


@pytest.mark.parametrize("count", [0, 3, 40])
def test_all_are_done_in_the_scope_of_the_caller(count: int) -> None:
    with tenant_scope(TENANT):
        done = list(in_parallel(lambda number: (current_tenant(), number), range(count)))
    assert done == [(TENANT, number) for number in range(count)]


def test_what_goes_wrong_is_raised() -> None:
    def put(number: int) -> int:
        if number == 30:
            raise LookupError(number)
        return number

    with pytest.raises(LookupError):
        list(in_parallel(put, range(40)))
