"""What stored facts count for, and what a change of one changes."""

from typing import Any

import pytest

from quayside.analytics.rolling_service import changes_of, read_record, return_counted, transaction_counted
from quayside.analytics.sheet_rules import Amounts, Cell, Place
from quayside.finance.records import text_of
from quayside.finance.rules import Part, TransactionFacts, TransactionItem
from quayside.kernel.clock import parse_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.storage import keys
from tests.support.notifications import US, stream_record

TENANT = TenantId("0123456789abcdefghjkmnpqrs")
C = ConnectionId("c1")


def transaction(
    *, posted: str = "2026-11-01T04:00:00Z", status: str = "RELEASED", sales: int = 2000, settlement: str = ""
) -> dict[str, Any]:
    key = keys.transaction(TENANT, C, parse_instant(posted), "t-1")
    parts = (
        Part("ProductCharges", sales),
        Part("AmazonFees", -300, (Part("Commission", -300),)),
    )
    item = TransactionItem("SKU-1", "B000000001", 2, sales - 300, parts)
    related = (("SETTLEMENT_ID", settlement),) if settlement else ()
    facts = TransactionFacts("Shipment", status, None, US, "USD", sales - 300, related, items=(item,))
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}, "facts": {"S": text_of(facts)}}


def returned(
    reason: str | None = "DEFECTIVE", units: int = 2, condition: str = "null", place: str = "null"
) -> dict[str, Any]:
    key = keys.customer_return(TENANT, C, None, parse_instant("2026-11-20T18:00:00Z"), "902-1", "SKU#1", "1")
    said = "null" if reason is None else f'"{reason}"'
    return {
        "pk": {"S": key.pk},
        "sk": {"S": key.sk},
        "facts": {"S": f"[{units},{said},{condition},null,null,null,null,null,null,{place}]"},
    }


def amounts_of(found: dict[Cell, Amounts]) -> set[tuple[str, str | None, str, str, int | None]]:
    return {
        (cell.place.month, cell.place.seller_sku, cell.day, cell.currency, amounts.get("product_sales"))
        for cell, amounts in found.items()
    }


def test_a_transaction_counts_on_its_marketplaces_day_and_lies_in_its_own_month() -> None:
    part, found = transaction_counted(transaction())
    assert part == "2026-11-01"
    assert amounts_of(found) == {
        ("2026-11", None, "2026-10-31", "USD", 2000),
        ("2026-11", "SKU-1", "2026-10-31", "USD", 2000),
    }
    (whole,) = (amounts for cell, amounts in found.items() if cell.place.seller_sku is None)
    assert whole == {"product_sales": 2000, "referral_fee": -300, "units_shipped": 2}


def test_a_transaction_counts_once_more_for_the_settlement_it_was_paid_in() -> None:
    plain = transaction_counted(transaction())[1]
    found = transaction_counted(transaction(settlement="s1"))[1]
    settled = {cell: amounts for cell, amounts in found.items() if cell.place.kind == "SETTLED"}
    assert settled == {
        Cell(Place("SETTLED", "c1", "", "2026-11", "s1"), "2026-10-31", "USD"): {
            "product_sales": 2000,
            "referral_fee": -300,
        }
    }
    assert {cell: amounts for cell, amounts in found.items() if cell not in settled} == plain


def test_deferred_money_is_counted_as_estimated_until_it_is_posted() -> None:
    _, deferred = transaction_counted(transaction(status="DEFERRED"))
    assert {amounts["estimated"] for amounts in deferred.values()} == {1}
    record = read_record(stream_record(1, transaction(status="DEFERRED"), transaction(sales=1900)))
    changes = changes_of(record)
    assert {(place.kind, place.seller_sku) for place in changes} == {("MONEY", None), ("MONEY", "SKU-1")}
    for change in changes.values():
        assert dict(change.amounts) == {("2026-10-31", "USD"): {"product_sales": -100, "estimated": -1}}
        assert not change.only_if_there


def test_a_transaction_that_is_moved_away_is_taken_back() -> None:
    changes = changes_of(read_record(stream_record(1, transaction(), None)))
    for change in changes.values():
        assert change.only_if_there
        assert dict(change.amounts)["2026-10-31", "USD"]["product_sales"] == -2000
    assert len(changes) == 2


def test_a_fact_whose_time_is_over_takes_nothing_back() -> None:
    assert changes_of(read_record(stream_record(1, transaction(), None, expired=True))) == {}
    assert changes_of(read_record(stream_record(1, returned(), None))) == {}


@pytest.mark.parametrize(("reason", "name"), [("DEFECTIVE", "DEFECTIVE"), (None, "NOT_STATED")])
def test_a_return_counts_its_units_by_reason(reason: str | None, name: str) -> None:
    part, found = return_counted(returned(reason))
    assert part == "2026-11-20"
    assert found == {
        Cell(Place("RETURNS", "c1", "", "2026-11"), "2026-11-20", ""): {name: 2},
        Cell(Place("RETURNS", "c1", "", "2026-11", "SKU#1"), "2026-11-20", ""): {name: 2},
    }
    assert return_counted(returned(reason, units=0))[1] == {}


@pytest.mark.parametrize(("place", "name"), [(f'"{US}"', f"sellable#{US}"), ("null", "sellable#")])
def test_a_unit_that_can_be_sold_again_counts_for_its_product_by_where_it_had_been_sold(place: str, name: str) -> None:
    _, found = return_counted(returned(condition='"SELLABLE"', place=place))
    assert {cell.place.seller_sku: amounts for cell, amounts in found.items()} == {
        None: {"DEFECTIVE": 2},
        "SKU#1": {"DEFECTIVE": 2, name: 2},
    }
    # Amazon looked again: it can't be sold after all.
    changes = changes_of(
        read_record(stream_record(1, returned(condition='"SELLABLE"', place=place), returned(condition='"DAMAGED"')))
    )
    assert [dict(change.amounts) for change in changes.values()] == [{("2026-11-20", ""): {name: -2}}]


def test_the_key_of_something_else_is_no_return() -> None:
    with pytest.raises(ValueError, match="not the key of a return"):
        return_counted({**returned(), "pk": {"S": "T#x#ORDERS#c#m#2026-11"}})
