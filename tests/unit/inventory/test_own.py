"""The ledger of the seller's own stock: never below zero, and what was wrong is reversed and not changed."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.inventory import own_rules
from quayside.inventory.own_rules import Kind, Movement, Unmovable

KINDS: tuple[Kind, ...] = ("received", "shipped", "damaged", "found", "counted")


def add(last: Movement | None, kind: Kind, units: int) -> Movement:
    change = own_rules.change_of(kind, units, last.balance if last else 0)
    return own_rules.next_movement(last, kind, change, at="2026-11-21T10:11:12Z", by="m", note="")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-3, 40)), max_size=30))
def test_a_ledger_never_falls_below_nothing_and_adds_up(wanted: list[tuple[Kind, int]]) -> None:
    ledger: list[Movement] = []
    for kind, units in wanted:
        with suppress(Unmovable):
            ledger.append(add(ledger[-1] if ledger else None, kind, units))
    assert [each.number for each in ledger] == list(range(1, len(ledger) + 1))
    assert all(each.balance >= 0 for each in ledger)
    assert all(after.balance == before.balance + after.change for before, after in pairwise(ledger))
    assert sum(each.change for each in ledger) == (ledger[-1].balance if ledger else 0)


@pytest.mark.parametrize(
    ("kind", "units", "code"),
    [
        ("received", 0, "units_out_of_range"),
        ("received", 10_000_001, "units_out_of_range"),
        ("counted", -1, "units_out_of_range"),
        ("shipped", 11, "not_enough_stock"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(kind: Kind, units: int, code: str) -> None:
    ten = add(None, "received", 10)
    with pytest.raises(Unmovable) as refused:
        add(ten, kind, units)
    assert refused.value.code == code
    if code == "units_out_of_range":
        assert "10,000,000" in refused.value.detail


def test_a_place_holds_so_much_and_no_more() -> None:
    full = Movement(number=1, kind="received", change=1, balance=own_rules.MOST_UNITS, at="", by="")
    with pytest.raises(Unmovable, match="at most"):
        add(full, "found", 1)


def test_a_movement_is_undone_once() -> None:
    first = add(None, "received", 10)
    second = add(first, "shipped", 4)
    undone = own_rules.next_movement(second, "reversal", 4, at="", by="m", note="", reverses=2)

    assert own_rules.reversal_change(second, []) == 4
    for wanted, later, code in (
        (None, [], "movement_not_found"),
        (second, [undone], "already_reversed"),
        (undone, [], "reversal_of_reversal"),
        (add(undone, "counted", 10), [], "nothing_to_reverse"),
    ):
        with pytest.raises(Unmovable) as refused:
            own_rules.reversal_change(wanted, later)
        assert refused.value.code == code
