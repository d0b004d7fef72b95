import pytest

from quayside.kernel.machines import IllegalMove, Machine, Move

DOOR = Machine(
    "door",
    "A door",
    {"shut": "Shut", "open": "Open", "gone": "Gone"},
    (Move("shut", "open", "keys", "open"), Move("open", "shut", "", "shut"), Move("open", "take_away", "keys", "gone")),
)


def test_a_machine_knows_where_it_begins_and_ends() -> None:
    assert DOOR.initial == "shut"
    assert DOOR.final == ("gone",)


def test_a_legal_move_is_found_with_who_may_make_it() -> None:
    assert DOOR.move("shut", "open") == Move("shut", "open", "keys", "open")
    assert DOOR.events_in("open") == ("shut", "take_away")


def test_an_illegal_move_says_when_it_would_be_legal_and_what_is_possible_now() -> None:
    with pytest.raises(IllegalMove) as refused:
        DOOR.move("shut", "take_away")
    assert refused.value.detail == "It is shut; 'take away' is possible when it is open."
    assert refused.value.action == "Load it again. What is possible now: open."
    assert refused.value.status == 409


def test_nothing_happens_after_the_end() -> None:
    with pytest.raises(IllegalMove, match="'paint' is possible when it is no state"):
        DOOR.move("gone", "paint")
