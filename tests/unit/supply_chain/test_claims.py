"""What Amazon received of a shipment, what is missing, what it is like, and until when it can be claimed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.supply_chain import claim_rules
from quayside.supply_chain.claim_rules import Carried


@pytest.mark.parametrize(
    ("delivered", "until"),
    [
        (date(2026, 1, 15), date(2026, 10, 15)),
        (date(2026, 5, 31), date(2027, 2, 28)),
        (date(2027, 5, 30), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 9, 30)),
        (date(2026, 3, 1), date(2026, 12, 1)),
        (date(2026, 4, 1), date(2027, 1, 1)),
    ],
)
def test_a_claim_can_be_made_for_nine_months(delivered: date, until: date) -> None:
    assert claim_rules.claim_deadline(delivered) == until


def test_likeness_counts_common_units_and_sees_a_tracking_number_however_it_is_written() -> None:
    found = claim_rules.likeness("F1", {"A": 60, "X": 40}, {"A": 50, "B": 9}, ["1z 9 99"], ["1Z999", ""])
    assert (found.same_units, found.percent, found.same_tracking) == (50, 50, True)
    empty = claim_rules.likeness("F2", {}, {"A": 50}, [], [""])
    assert (empty.same_units, empty.percent, empty.same_tracking) == (0, 0, False)


def test_the_most_alike_comes_first_and_what_has_nothing_in_common_not_at_all() -> None:
    made = [
        claim_rules.likeness("half", {"A": 10, "X": 10}, {"A": 10}, [], []),
        claim_rules.likeness("none", {"X": 10}, {"A": 10}, [], []),
        claim_rules.likeness("tracked", {"X": 10}, {"A": 10}, ["T1"], ["T1"]),
        claim_rules.likeness("whole", {"A": 10}, {"A": 10}, [], []),
    ]
    assert [each.inbound_id for each in claim_rules.best_first(made)] == ["tracked", "whole", "half"]


@given(st.integers(0, 500), st.lists(st.integers(0, 200), min_size=1, max_size=6))
@settings(max_examples=50)
def test_shares_of_a_merged_shipment_add_up_to_what_was_received(received: int, units: list[int]) -> None:
    carried = [Carried(f"s{number}", "A", each) for number, each in enumerate(units)]
    shares = [claim_rules.shared(received, carried, each.shipment_id) for each in carried]
    assert sum(shares) == (received if sum(units) else 0)
    if sum(units):
        assert all(abs(share - received * each / sum(units)) < 1 for share, each in zip(shares, units, strict=True))


def test_evidence_says_what_is_there() -> None:
    nothing = claim_rules.evidence((), has_tracking=False)
    assert [each.there for each in nothing] == [True, False, False, False]
    whole = claim_rules.evidence(("invoice", "packing_list", "bill_of_lading"), has_tracking=False)
    assert all(each.there for each in whole)
    assert claim_rules.evidence((), has_tracking=True)[2].there
