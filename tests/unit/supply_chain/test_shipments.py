"""Shipments of the seller's: what can be, where they stand, when they arrive, and how long legs take."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.accounts.rules import PERMISSIONS_OF_ROLE
from quayside.kernel.machines import IllegalMove
from quayside.supply_chain import lead_rules, shipment_rules
from quayside.supply_chain.lead_rules import Observation
from quayside.supply_chain.shipment_rules import (
    DECIDED,
    LEGS,
    LINES,
    MACHINE,
    Estimate,
    Event,
    Impossible,
    Leg,
    Line,
    State,
)

if TYPE_CHECKING:
    from quayside.supply_chain.shipment_rules import LegKind

TODAY = date(2026, 11, 22)
SEA = Leg("sea", "Ningbo", "Long Beach", planned_start=date(2026, 11, 1), planned_end=date(2026, 11, 30))


def day(number: int) -> date:
    return date(2026, 11, number)


def leg(kind: str = "sea", **parts: object) -> Leg:
    return msgspec.structs.replace(Leg("sea"), kind=kind, **parts)


def problem_of(legs: list[Leg]) -> tuple[str, str]:
    with pytest.raises(Impossible) as refused:
        shipment_rules.checked_legs(legs, TODAY)
    return refused.value.field, refused.value.problem


@pytest.mark.parametrize(
    ("legs", "field", "words"),
    [
        ([], "legs", "must be 1 to 12; there are 0."),
        ([Leg("sea")] * (LEGS[1] + 1), "legs", "must be 1 to 12; there are 13."),
        ([leg(carrier="x" * 81)], "legs[0].carrier", "can have 80 characters at most; it has 81."),
        ([leg(planned_start=day(5), planned_end=day(4))], "legs[0].planned_end", "is 2026-11-04, before its start"),
        ([leg(actual_start=day(5), actual_end=day(4))], "legs[0].actual_end", "is 2026-11-04, before its start"),
        ([leg(actual_end=day(4))], "legs[0].actual_start", "is missing"),
        ([leg(actual_start=day(24))], "legs[0].actual_start", "lies ahead: what happened is 2026-11-22 at the latest"),
        ([leg(planned_start=date(2036, 1, 1))], "legs[0].planned_start", "must be from 2023-11-22 to 2029-11-22"),
        ([leg(), leg(actual_start=day(3))], "legs[1].actual_start", "but the leg before it has not begun"),
        (
            [leg(actual_start=day(4)), leg(actual_start=day(3))],
            "legs[1].actual_start",
            "before the leg before it has begun on 2026-11-04",
        ),
        (
            [leg(actual_start=day(1)), leg(actual_start=day(3), actual_end=day(5))],
            "legs[1].actual_end",
            "but the leg before it has not ended",
        ),
    ],
)
def test_what_can_t_be_is_refused_with_where_and_why(legs: list[Leg], field: str, words: str) -> None:
    found = problem_of(legs)
    assert found[0] == field
    assert words in found[1]


def test_legs_may_overlap_and_their_texts_are_tidied() -> None:
    legs = [leg(actual_start=day(1), carrier="  Blue   Line "), leg("customs", actual_start=day(3))]
    assert shipment_rules.checked_legs(legs, TODAY)[0].carrier == "Blue Line"
    # The place may be a day ahead.
    shipment_rules.checked_legs([leg(actual_start=TODAY + timedelta(days=1))], TODAY)


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([], "lines"),
        ([Line(seller_sku=f"S{each}", units=1) for each in range(LINES + 1)], "lines"),
        ([Line(seller_sku=" ", units=1)], "lines[0].seller_sku"),
        ([Line(seller_sku="A", units=0)], "lines[0].units"),
        ([Line(seller_sku="A", units=10_000_001)], "lines[0].units"),
        ([Line(seller_sku="A", units=1), Line(seller_sku="A", units=2)], "lines[1].seller_sku"),
    ],
)
def test_lines_that_can_t_be_are_refused(lines: list[Line], field: str) -> None:
    with pytest.raises(Impossible) as refused:
        shipment_rules.checked_lines(lines)
    assert refused.value.field == field


def test_one_sku_of_two_orders_is_two_lines() -> None:
    lines = [Line(seller_sku="A", units=1, order_id="1", line_id="1"), Line(seller_sku="A", units=1)]
    assert shipment_rules.checked_lines(lines) == tuple(lines)


# -- States -----------------------------------------------------------------------------------------------------------


def test_every_move_is_between_known_states_by_a_permission_somebody_holds() -> None:
    held = set().union(*PERMISSIONS_OF_ROLE.values())
    moves = MACHINE.moves
    assert {move.state for move in moves} | {move.next_state for move in moves} == set(get_args(State))
    assert tuple(MACHINE.words) == get_args(State)
    assert {move.event for move in moves} == set(get_args(Event))
    assert {move.permission for move in moves} <= held
    assert len({(move.state, move.event) for move in moves}) == len(moves)


@pytest.mark.parametrize(
    ("state", "event"), [("planned", "close"), ("closed", "cancel"), ("arrived", "cancel"), ("cancelled", "close")]
)
def test_an_illegal_move_says_what_can_be_done(state: State, event: Event) -> None:
    with pytest.raises(IllegalMove) as refused:
        shipment_rules.moved(state, event)
    assert all(each in refused.value.action for each in shipment_rules.events_of(state))


@pytest.mark.parametrize(
    ("legs", "state"),
    [
        ([leg()], "planned"),
        ([leg(actual_start=day(1)), leg()], "under_way"),
        ([leg(actual_start=day(1), actual_end=day(2)), leg()], "under_way"),
        ([leg(actual_start=day(1), actual_end=day(2))], "arrived"),
    ],
)
@pytest.mark.parametrize("before", ["planned", "under_way", "arrived"])
def test_where_a_shipment_stands_follows_from_its_legs(legs: list[Leg], state: State, before: State) -> None:
    assert shipment_rules.state_of(legs, before) == state


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_legs_of_a_shipment_that_is_over_stand_still(state: State) -> None:
    with pytest.raises(Impossible, match="reopen"):
        shipment_rules.state_of([leg()], state)


@given(st.lists(st.sampled_from(sorted(get_args(Event))), max_size=12))
@settings(max_examples=50)
def test_no_sequence_of_events_leaves_the_table(events: list[Event]) -> None:
    state: State = "planned"
    for event in events:
        try:
            state = shipment_rules.moved(state, event)
        except IllegalMove:
            continue
        assert state in get_args(State)
        assert (state in shipment_rules.OPEN_STATES) or shipment_rules.events_of(state) == ("reopen",)
    assert set(shipment_rules.events_of(state)) <= DECIDED


def test_units_are_where_the_leg_is_that_began_last() -> None:
    legs = [leg("production", actual_start=day(1), actual_end=day(2)), leg("sea"), leg("prep"), leg("check_in")]
    assert shipment_rules.stage_of([leg()]) == "on_order"
    assert shipment_rules.stage_of(legs) == "in_production"
    legs[1] = leg(actual_start=day(3), actual_end=day(9))
    assert shipment_rules.stage_of(legs) == "in_transit"
    legs[2] = leg("prep", actual_start=day(10))
    assert shipment_rules.stage_of(legs) == "at_prep"


# -- When it arrives --------------------------------------------------------------------------------------------------


def test_a_leg_under_way_ends_its_measured_days_after_its_start() -> None:
    began = msgspec.structs.replace(SEA, actual_start=day(3))
    (found,) = shipment_rules.forecast([began], [Estimate(30.5, 36, 4, "lane")], TODAY)
    assert (found.end, found.end_p90, found.basis) == (date(2026, 12, 4), date(2026, 12, 9), "measured")
    assert found.late_days == 4


def test_without_measurements_it_takes_as_long_as_was_planned() -> None:
    began = msgspec.structs.replace(SEA, actual_start=day(3))
    (found,) = shipment_rules.forecast([began], [], TODAY)
    assert (found.end, found.basis, found.late_days) == (date(2026, 12, 2), "planned", 2)


def test_what_is_not_over_ends_today_at_the_earliest_and_pushes_the_rest() -> None:
    overdue = leg(actual_start=day(1), planned_start=day(1), planned_end=day(10))
    after = leg("customs", planned_start=day(11), planned_end=day(14))
    sea, customs = shipment_rules.forecast([overdue, after], [None, None], TODAY)
    assert (sea.end, sea.late_days) == (TODAY, 12)
    assert (customs.start, customs.end, customs.late_days) == (TODAY, day(25), 11)
    assert shipment_rules.arrival([sea, customs]) == (day(25), day(25))
    assert shipment_rules.late_days([overdue, after], [sea, customs]) == 12


def test_where_nothing_says_it_the_arrival_is_unknown_and_not_guessed() -> None:
    legs = [leg(actual_start=day(1)), leg("customs", planned_start=day(11), planned_end=day(14))]
    sea, customs = shipment_rules.forecast(legs, [], TODAY)
    assert (sea.start, sea.end, sea.basis) == (day(1), None, "unknown")
    assert customs.end == day(25)
    assert shipment_rules.arrival([sea, customs]) == (None, None)
    assert shipment_rules.forecast([leg()], [], TODAY)[0].start is None


def test_a_leg_with_an_end_alone_ends_then() -> None:
    legs = [leg(actual_start=day(1), planned_end=day(28)), leg("road", planned_end=day(30))]
    sea, road = shipment_rules.forecast(legs, [], TODAY)
    assert (sea.end, road.start, road.end) == (day(28), day(28), day(30))


def test_a_leg_that_ended_is_late_by_what_it_was() -> None:
    (found,) = shipment_rules.forecast([leg(actual_start=day(1), actual_end=day(9), planned_end=day(7))], [], TODAY)
    assert (found.basis, found.late_days, found.end) == ("actual", 2, day(9))


days = st.integers(0, 60)


@given(st.lists(st.tuples(days, days, days, days), min_size=1, max_size=6), st.integers(0, 3))
@settings(max_examples=50)
def test_an_arrival_is_never_past_and_never_before_the_leg_before(
    parts: list[tuple[int, int, int, int]], done: int
) -> None:
    legs, at = [], TODAY - timedelta(days=200)
    for number, (gap, planned, median, more) in enumerate(parts):
        start = at + timedelta(days=gap)
        end = start + timedelta(days=planned)
        actual = (start, min(end, TODAY)) if number < done and start <= TODAY else (None, None)
        own = leg(planned_start=start, planned_end=end, actual_start=actual[0], actual_end=actual[1])
        legs.append((own, median, more))
        at = end
    found = shipment_rules.forecast([each[0] for each in legs], [Estimate(m, m + p, 3) for _, m, p in legs], TODAY)
    ends = [each.end for each in found if each.end is not None]
    assert len(ends) == len(found)
    for (own, _, _), each in zip(legs, found, strict=True):
        assert each.end is not None
        assert each.end_p90 is not None
        assert each.start is not None
        assert each.start <= each.end <= each.end_p90
        assert own.actual_end or each.end >= TODAY


# -- Measured ---------------------------------------------------------------------------------------------------------


def seen(shipment_id: str, days: int, lane: tuple[str, str] = ("Ningbo", "Long Beach"), **parts: object) -> Observation:
    made = Observation(shipment_id, 0, day(1), days, *lane, ("anker",), ("A",))
    return msgspec.structs.replace(made, **parts)


def test_lead_times_count_from_three_observations_on() -> None:
    two = [seen("1", 20), seen("2", 30)]
    assert lead_rules.estimate(SEA, ["anker"], two) is None
    three = [*two, seen("3", 40)]
    assert lead_rules.estimate(SEA, ["anker"], three) == Estimate(30, 40, 3, "supplier and lane")


def test_of_another_supplier_the_lane_counts_and_of_another_lane_the_supplier() -> None:
    found = [seen(str(days), days) for days in (20, 30, 40)]
    lane = msgspec.structs.replace(SEA, origin="NINGBO")
    other = msgspec.structs.replace(SEA, origin="Hamburg")
    assert lead_rules.estimate(lane, ["other"], found) == Estimate(30, 40, 3, "lane")
    assert lead_rules.estimate(other, ["anker"], found) == Estimate(30, 40, 3, "supplier")
    assert lead_rules.estimate(other, ["other"], found) is None
    # Two legs without any place are not of one lane.
    nowhere = [msgspec.structs.replace(each, origin="", destination="", supplier_ids=()) for each in found]
    assert lead_rules.estimate(Leg("sea"), [], nowhere) is None


def test_the_ninetieth_percentile_is_by_nearest_rank() -> None:
    assert lead_rules.p90([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) == 90
    assert lead_rules.p90([5]) == 5


def test_a_shipment_s_legs_that_ended_are_measured_and_replace_what_it_said_before() -> None:
    legs = [leg(actual_start=day(1), actual_end=day(9)), leg("customs", actual_start=day(9))]
    found = lead_rules.observations_of("s1", legs, ["anker"], ["A"])
    assert [(kind, [each.days for each in rows]) for kind, rows in found.items()] == [("sea", [8])]
    kept = (seen("s0", 3), seen("s1", 5))
    assert [each.days for each in lead_rules.replaced(kept, "s1", found["sea"])] == [8, 3]
    many = [seen(f"x{number}", 1) for number in range(lead_rules.KEPT + 5)]
    assert len(lead_rules.replaced(many, "s1", ())) == lead_rules.KEPT


def test_measured_groups_by_kind_supplier_and_lane() -> None:
    rows = lead_rules.measured({"sea": [seen("1", 20), seen("2", 31), seen("3", 5, ("Ningbo", "Rotterdam"))]})
    assert [(row.destination, row.observations, row.median_days, row.p90_days) for row in rows] == [
        ("Long Beach", 2, 25.5, 31),
        ("Rotterdam", 1, 5, 5),
    ]


def test_a_sku_s_journeys_are_its_own_else_its_supplier_s() -> None:
    sea = [seen("1", 20), seen("2", 30, skus=("B",)), seen("3", 40)]
    customs = [seen("1", 2), seen("2", 3, skus=("B",))]
    kept: dict[LegKind, list[Observation]] = {"sea": sea, "customs": customs}
    assert sorted(lead_rules.journeys_of("A", ("sea", "customs"), kept)) == [22, 33, 40]
    assert lead_rules.journeys_of("C", ("sea", "customs"), kept) == ()
    own: dict[LegKind, list[Observation]] = {
        "sea": [seen("1", 20), seen("2", 30), seen("3", 40), seen("4", 50, skus=("B",))]
    }
    assert sorted(lead_rules.journeys_of("A", ("sea",), own)) == [20, 30, 40]
