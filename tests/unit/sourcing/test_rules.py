"""What a lead may say, and how it moves over the board."""

from typing import get_args

import pytest

from quayside.accounts.rules import Permission
from quayside.kernel.errors import Conflict, InvalidInput
from quayside.sourcing.rules import MACHINE, STAGES, Event, Lead, Package, Target, check

PLACES = {("c", "A1PA6795UKMFR9")}


def lead(**changed: object) -> Lead:
    return Lead(**{  # type: ignore[arg-type]
        "lead_id": "l", "name": "Bamboo lid", "stage": "idea", "created_at": "2026-11-22T10:00:00Z",
        "targets": (Target("c", "A1PA6795UKMFR9", 1999, "EUR"),), "asins": ("B000000001",),
        "package": Package(200, 120, 80, 450), **changed,
    })  # fmt: skip


def test_the_machine_knows_every_stage_and_event() -> None:
    assert tuple(MACHINE.words) == STAGES
    assert {move.event for move in MACHINE.moves} == set(get_args(Event))
    assert {move.permission for move in MACHINE.moves} <= set(get_args(Permission))
    assert MACHINE.final == ("approved",)
    assert {state for move in MACHINE.moves for state in (move.state, move.next_state)} == set(STAGES)


def test_an_illegal_move_says_what_is_legal() -> None:
    with pytest.raises(Conflict) as refused:
        MACHINE.move("idea", "approve")
    assert (refused.value.code, refused.value.action) == (
        "illegal_move",
        "Load it again. What is possible now: research, reject.",
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"note": "x" * 2001}, "note"),
        ({"targets": (Target("d", "A1PA6795UKMFR9", 1999, "EUR"),)}, "targets"),
        ({"targets": (Target("c", "A1PA6795UKMFR9", 0, "EUR"),)}, "targets"),
        ({"targets": (Target("c", "A1PA6795UKMFR9", 1, "EUR"), Target("c", "A1PA6795UKMFR9", 2, "EUR"))}, "targets"),
        ({"asins": ("B00000000",)}, "asins"),
        ({"asins": tuple(f"B{number:09d}" for number in range(21))}, "asins"),
        ({"package": Package(200, 0, 80, 450)}, "package.width_mm"),
        ({"package": Package(200, 120, 80, 2_000_001)}, "package.weight_grams"),
    ],
)
def test_a_lead_that_makes_no_sense_is_refused(changed: dict[str, object], field: str) -> None:
    check(lead(), PLACES)
    with pytest.raises(InvalidInput) as refused:
        check(lead(**changed), PLACES)
    assert [each.field for each in refused.value.fields] == [field]
