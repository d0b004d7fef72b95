"""State machines, declared once as a table of moves: what may happen in which state, who may do it, what comes of it.

A feature declares its machine beside its rules and asks it for every move, so what is drawn in the documentation is
what the product does.
"""

from typing import NamedTuple

from quayside.kernel.errors import Conflict


class Move(NamedTuple):
    """One legal move.

    Attributes:
        state: in which state it may happen.
        event: what happens, such as ``approve``.
        permission: what a member must hold to make it happen; empty when no member does.
        next_state: the state that follows; it may be the same.
    """

    state: str
    event: str
    permission: str
    next_state: str


class Machine(NamedTuple):
    """A state machine.

    Attributes:
        name: stable name, such as ``purchase_order``.
        title: what it is of, as the documentation says it.
        words: every state in the order of a usual life, with the word that screens show for it; the first is the
            initial one.
        moves: all legal moves.
    """

    name: str
    title: str
    words: dict[str, str]
    moves: tuple[Move, ...]

    @property
    def initial(self) -> str:
        """The state that everything begins in."""
        return next(iter(self.words))

    @property
    def final(self) -> tuple[str, ...]:
        """The states that no move leaves."""
        left = {move.state for move in self.moves}
        return tuple(state for state in self.words if state not in left)

    def move(self, state: str, event: str) -> Move:
        """Return the move that ``event`` makes in ``state``.

        Raises:
            IllegalMove: there is none.
        """
        for move in self.moves:
            if (move.state, move.event) == (state, event):
                return move
        raise IllegalMove(self, state, event)

    def events_in(self, state: str) -> tuple[str, ...]:
        """Return what may happen in a state, in the order of the table."""
        return tuple(move.event for move in self.moves if move.state == state)

    def states_for(self, event: str) -> tuple[str, ...]:
        """Return the states in which something may happen, in the order of the table."""
        return tuple(move.state for move in self.moves if move.event == event)


class IllegalMove(Conflict):
    """The state does not allow this step; the error says which states do, and what may happen in this one."""

    def __init__(self, machine: Machine, state: str, event: str) -> None:
        allowed = " or ".join(machine.words[each].lower() for each in machine.states_for(event)) or "no state"
        possible = ", ".join(each.replace("_", " ") for each in machine.events_in(state)) or "nothing more"
        super().__init__(
            f"It is {machine.words[state].lower()}; '{event.replace('_', ' ')}' is possible when it is {allowed}.",
            code="illegal_move",
            action=f"Load it again. What is possible now: {possible}.",
        )
