"""Every declared machine is drawn, as it is, and none of its states is a dead end by mistake."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import quayside
from infra import machines
from quayside.accounts.rules import PERMISSIONS_OF_ROLE
from quayside.kernel.machines import Machine


def declared() -> Iterator[Machine]:
    for module in pkgutil.walk_packages(quayside.__path__, "quayside."):
        if "rules" in module.name.rpartition(".")[2]:
            found = vars(importlib.import_module(module.name)).values()
            yield from (each for each in found if isinstance(each, Machine))


def test_the_drawings_say_what_the_code_does() -> None:
    assert machines.main(["--check"]) == 0


def test_a_drawing_that_is_stale_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(machines, "MACHINES", machines.MACHINES[:-1])
    assert machines.main(["--check"]) == 1
    assert "machines.md, machines.json" in capsys.readouterr().err


def test_every_declared_machine_is_drawn() -> None:
    assert {each.name for each in declared()} == {each.name for each in machines.MACHINES}


@pytest.mark.parametrize("machine", machines.MACHINES, ids=lambda each: str(each.name))
def test_every_state_is_reached_and_every_move_is_somebodys(machine: Machine) -> None:
    reached, waiting = set(), {machine.initial}
    while waiting:
        state = waiting.pop()
        reached.add(state)
        waiting |= {move.next_state for move in machine.moves if move.state == state} - reached
    assert reached == set(machine.words)
    assert len({(move.state, move.event) for move in machine.moves}) == len(machine.moves)
    held = frozenset[str]().union(*PERMISSIONS_OF_ROLE.values()) | {""}
    assert {move.permission for move in machine.moves} <= held
