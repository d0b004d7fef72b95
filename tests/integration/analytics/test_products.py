"""Products' days, read from their sheets."""

from collections.abc import Iterator
from datetime import date

import pytest

from quayside.analytics import sheet_store
from quayside.analytics.products_service import daily_units, daily_units_by_sku
from quayside.analytics.sheet_rules import Change, Place
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from tests.support.aws import Aws, aws
from tests.support.notifications import US

C = ConnectionId("c1")
FIRST, LAST = date(2026, 10, 10), date(2026, 11, 20)


@pytest.fixture(scope="module")
def filled() -> Iterator[Aws]:
    """Three products over two months, one of them in two currencies."""
    with aws() as present, tenant_scope(TenantId("0123456789abcdefghjkmnpqrs")):
        for number, (sku, day, currency, units) in enumerate((
            ("B 2", "2026-10-09", "USD", 9), ("B 2", "2026-10-10", "USD", 1), ("B 2", "2026-11-20", "USD", 2),
            ("B 2", "2026-11-20", "EUR", 3), ("A/1", "2026-11-02", "USD", 4), ("C", "2026-11-21", "USD", 5),
        )):  # fmt: skip
            change = Change(day, str(number), 0, {(day, currency): {"units": units, "orders": 1}})
            sheet_store.advance(Place("ORDERS", C, US, day[:7], sku), [change], present.clock.now())
        yield present


@pytest.mark.usefixtures("filled")
def test_units_of_a_product_by_day_over_months_and_currencies() -> None:
    assert daily_units(C, US, "B 2", FIRST, LAST) == {date(2026, 10, 10): 1, date(2026, 11, 20): 5}
    assert daily_units(C, US, "unknown", FIRST, LAST) == {}


@pytest.mark.usefixtures("filled")
def test_every_product_in_one_walk_that_can_be_continued() -> None:
    found = {each.seller_sku: sum(each.units.values()) for each in daily_units_by_sku(C, US, FIRST, LAST)}
    assert list(found.items()) == [("A/1", 4), ("B 2", 6), ("C", 0)]
    rest = [each.seller_sku for each in daily_units_by_sku(C, US, FIRST, LAST, after="A/1")]
    assert rest == ["B 2", "C"]
