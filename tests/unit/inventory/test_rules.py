"""What an FBA stock position is."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.inventory import rules
from quayside.inventory.records import quantities_from, text_of
from quayside.inventory.rules import PositionFacts, Quantities, UnusablePosition

quantities = st.builds(Quantities, *(st.integers(0, 10**6) for _ in range(9)))


def facts(sku: str, stock: Quantities) -> PositionFacts:
    return PositionFacts(
        marketplace_id="m", seller_sku=sku, updated_at=datetime(2026, 11, 1, tzinfo=UTC), quantities=stock
    )


@given(quantities)
def test_the_total_is_the_sum_of_all_parts(stock: Quantities) -> None:
    assert stock.total == sum(getattr(stock, name) for name in Quantities.__struct_fields__)


@given(quantities)
def test_quantities_come_back_from_the_store_as_they_went_in(stock: Quantities) -> None:
    assert quantities_from(text_of(stock)) == stock


@given(quantities, st.sampled_from(Quantities.__struct_fields__), st.integers(-100, -1))
def test_a_negative_quantity_is_refused(stock: Quantities, part: str, value: int) -> None:
    with pytest.raises(UnusablePosition, match="SKU-1"):
        rules.checked(facts("SKU-1", msgspec.structs.replace(stock, **{part: value})))
    assert rules.checked(facts("SKU-1", stock)).quantities == stock


def test_a_position_needs_a_sku() -> None:
    with pytest.raises(UnusablePosition):
        rules.checked(facts("", Quantities()))


@pytest.mark.parametrize(
    ("text", "values", "found"),
    [
        ("coffee", ("SKU", None, "Dark COFFEE beans"), True),
        ("STRASSE", ("straße",), True),
        ("tea", ("SKU", None, "Coffee"), False),
        ("sku-1", ("SKU-100",), True),
    ],
)
def test_searching_ignores_letter_case(text: str, values: tuple[str | None, ...], *, found: bool) -> None:
    assert rules.matches(text, *values) == found
