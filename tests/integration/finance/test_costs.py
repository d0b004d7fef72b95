"""Costs in the store: the seller's own, entered once, kept without an end, and told to figures."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from quayside.finance import cost_service
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied

FIELDS = {"seller_sku": "MUG", "from_day": "2026-03-01", "units": "10", "unit_cost": "4.25", "currency": "EUR"}
HEADER = "seller_sku,from_day,units,unit_cost,currency\n"
DAY = date(2026, 3, 5)


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared))
    with tenant_scope(made.seller.tenant_id):
        yield made


def test_a_lot_is_entered_once_and_has_no_end(on: Bench) -> None:
    cost_service.add_lot(FIELDS, on.aws.clock)
    with pytest.raises(Conflict, match="entered already"):
        cost_service.add_lot(FIELDS, on.aws.clock)
    (item,) = (each for each in on.aws.items() if each["kind"]["S"] == "cost_lot")
    assert (item["source"]["S"], "expires_at" in item) == ("seller", False)
    (lot,) = cost_service.list_lots("M", None, 10).lots
    assert (lot.seller_sku, lot.unit_cost, lot.landed, lot.entered_at is not None) == (
        "MUG", "4.25", Money(4250, "EUR"), True,
    )  # fmt: skip
    cost_service.remove_lot("MUG", date(2026, 3, 1), lot.lot_id)
    with pytest.raises(NotFound):
        cost_service.remove_lot("MUG", date(2026, 3, 1), lot.lot_id)
    assert cost_service.list_lots("", None, 10).lots == ()


def test_lots_are_paged_by_sku(on: Bench) -> None:
    for sku in ("CUP", "MUG", "MUG-2", "TEA/POT"):
        cost_service.add_lot({**FIELDS, "seller_sku": sku}, on.aws.clock)
    first = cost_service.list_lots("", None, 3)
    rest = cost_service.list_lots("", first.next_cursor, 3)
    assert [lot.seller_sku for lot in (*first.lots, *rest.lots)] == ["CUP", "MUG", "MUG-2", "TEA/POT"]
    assert [lot.seller_sku for lot in cost_service.list_lots("TEA/", None, 3).lots] == ["TEA/POT"]
    with pytest.raises(InvalidInput):
        cost_service.list_lots("CUP", first.next_cursor, 3)


def test_a_preview_stores_nothing_and_says_what_an_import_does(on: Bench) -> None:
    cost_service.add_lot(FIELDS, on.aws.clock)
    text = HEADER + "MUG,2026-03-01,10,4.25,EUR\nMUG,2026-04-01,10,5,EUR\nMUG,2026-05-01,10,5,USD\nCUP,x,1,1,EUR\n"
    preview = cost_service.preview_file(text)
    assert [row.state for row in preview.rows] == ["known", "new", "refused", "refused"]
    assert preview.rows[2].problem == "currency: has to be EUR, as in the other lots of this SKU"
    assert len(cost_service.list_lots("", None, 10).lots) == 1
    assert cost_service.import_file(text, on.aws.clock) == preview
    again = cost_service.import_file(text, on.aws.clock)
    assert (again.new, again.known, again.refused) == (0, 2, 2)
    assert len(cost_service.list_lots("", None, 10).lots) == 2


def test_what_was_sold_is_costed_by_the_chosen_method(on: Bench) -> None:
    cost_service.add_lot(FIELDS, on.aws.clock)
    cost_service.add_lot({**FIELDS, "from_day": "2026-03-02", "unit_cost": "6.25"}, on.aws.clock)
    sold = {DAY: 5}
    assert cost_service.cost_of_units("MUG", 8, sold).total_minor == 2 * 425 + 3 * 625
    assert cost_service.lots_begin("MUG") == date(2026, 3, 1)
    cost_service.set_method("weighted_average")
    assert cost_service.cost_of_units("MUG", 8, sold).total_minor == 5 * 525
    cost_service.set_method("period")
    assert cost_service.list_lots("", None, 1).method == "period"
    assert cost_service.cost_of_units("MUG", 8, sold).total_minor == 5 * 625
    assert cost_service.cost_of_units("CUP", 0, sold).uncosted_units == 5


def test_other_costs_fall_on_their_days(on: Bench) -> None:
    last = DAY + timedelta(days=9)
    made = cost_service.add_other_cost(
        "Photos", "100.00", "EUR", DAY, last,
        marketplace_id=None, seller_sku=None, clock=on.aws.clock, entropy=bytes,
    )  # fmt: skip
    ((cost, minor),) = cost_service.other_costs_of(DAY, DAY + timedelta(days=3))
    assert (cost.name, minor) == ("Photos", 4000)
    assert cost_service.other_costs_of(last + timedelta(days=1), last + timedelta(days=9)) == ()
    for name, amount, until in (("", "1", DAY), ("Photos", "-1", DAY), ("Photos", "1", DAY - timedelta(days=1))):
        with pytest.raises(InvalidInput):
            cost_service.add_other_cost(
                name, amount, "EUR", DAY, until,
                marketplace_id=None, seller_sku=None, clock=on.aws.clock, entropy=bytes,
            )  # fmt: skip
    cost_service.remove_other_cost(DAY, made.cost_id)
    with pytest.raises(NotFound):
        cost_service.remove_other_cost(DAY, made.cost_id)
    assert cost_service.list_other_costs().costs == ()


def test_a_rate_has_a_day_and_a_source(on: Bench) -> None:
    cost_service.set_rate(DAY, "EUR", "USD", "1.08", "ECB", on.aws.clock)
    cost_service.set_rate(DAY, "EUR", "USD", "1.09", "ECB, corrected", on.aws.clock)
    (rate,) = cost_service.rates_between(["EUR", "USD"], "USD", DAY + timedelta(days=3), DAY + timedelta(days=5))
    assert (rate.rate, rate.source) == ("1.09", "ECB, corrected")
    assert [each.rate for each in cost_service.list_rates().rates] == ["1.09"]
    for base, quote, value, source in (("EUR", "EUR", "1", "x"), ("EUR", "USD", "0", "x"), ("EUR", "USD", "1", " ")):
        with pytest.raises(InvalidInput):
            cost_service.set_rate(DAY, base, quote, value, source, on.aws.clock)


def test_another_tenant_has_its_own_costs(shared: Aws) -> None:
    one, other = bench(emptied(shared)), bench(shared, subject="ben")
    with tenant_scope(one.seller.tenant_id):
        cost_service.add_lot(FIELDS, shared.clock)
    with tenant_scope(other.seller.tenant_id):
        assert cost_service.list_lots("", None, 10).lots == ()
        assert cost_service.lots_begin("MUG") is None
