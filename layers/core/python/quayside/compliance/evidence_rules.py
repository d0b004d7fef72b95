"""The table of controls: each requirement of Amazon's policies and of our own promises, and what proves it. Pure.

The table is ``infra/compliance/controls.toml``. A control is *proved* when every test that it names passed in the last
whole run of the tests, *not proved* when one failed or did not run, and *open* when it belongs to a feature that is not
built; an open one says why.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, get_args

import msgspec

from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import InvalidInput

Outcome = Literal["passed", "failed", "skipped"]
State = Literal["proved", "not proved", "open"]
STATES: tuple[State, ...] = get_args(State)
_WORST_FIRST: tuple[Outcome, ...] = ("failed", "passed", "skipped")


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the table.

    Attributes:
        id: the requirement's number: AUP, DPP or P (our promises).
        requirement: what is demanded.
        control: how it is met.
        enforced_by: where, as ``file:name``; a name of a template is a logical id.
        tests: the tests that would fail without it, as pytest names them, without parameters.
        open: why it is open; empty when it is enforced.
        remains: what of it belongs to features that are not built yet; empty when nothing does.
    """

    id: str
    requirement: str
    control: str
    enforced_by: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    open: str = ""
    remains: str = ""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    control: tuple[Control, ...]


class Record(msgspec.Struct, frozen=True):
    """What came of a whole run of the tests.

    Attributes:
        finished_at: when it ended.
        revision: the commit that was tested; ends in ``+`` when files were changed after it.
        outcomes: what came of each test by its name without parameters.
    """

    finished_at: str
    revision: str
    outcomes: dict[str, Outcome]

    @property
    def at(self) -> datetime:
        """When it ended."""
        return parse_instant(self.finished_at)


class Row(msgspec.Struct, frozen=True):
    """A control and what is known of its proof.

    Attributes:
        control: the control.
        state: whether it is proved.
        outcomes: each of its tests with what came of it; None for one that did not run.
    """

    control: Control
    state: State
    outcomes: tuple[tuple[str, Outcome | None], ...]


def read_controls(text: str) -> tuple[Control, ...]:
    """Read the table of controls.

    Raises:
        InvalidInput: it is no such table; the message names the place.
    """
    try:
        table = msgspec.convert(tomllib.loads(text), _Table)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise InvalidInput(f"The table of controls can't be read: {problem}.", code="invalid_controls") from problem
    ids = [each.id for each in table.control]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise InvalidInput(f"The table of controls names {', '.join(twice)} twice.", code="invalid_controls")
    return table.control


def read_record(text: str | bytes) -> Record:
    """Read the record of a run of the tests.

    Raises:
        InvalidInput: it is no such record.
    """
    try:
        return msgspec.convert(json.loads(text), Record)
    except (ValueError, msgspec.ValidationError) as problem:
        raise InvalidInput(f"The record of the tests can't be read: {problem}.", code="invalid_record") from problem


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what came of a test as a whole: it failed when any of its cases did, and passed when any case ran."""
    return next(each for each in _WORST_FIRST if each in outcomes)


def rows(controls: Sequence[Control], outcomes: Mapping[str, Outcome]) -> tuple[Row, ...]:
    """Return every control with what is known of its proof."""
    return tuple(_row(each, outcomes) for each in controls)


def _row(control: Control, outcomes: Mapping[str, Outcome]) -> Row:
    found = tuple((test, outcomes.get(test)) for test in control.tests)
    if control.open:
        return Row(control, "open", found)
    proved = bool(found) and all(outcome == "passed" for _, outcome in found)
    return Row(control, "proved" if proved else "not proved", found)


def unproved(controls: Sequence[Control], outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Return, for each control that a whole run should have proved and did not, what is missing."""
    return tuple(
        f"{row.control.id}: {test} {outcome or 'did not run'}"
        for row in rows(controls, outcomes)
        if row.state == "not proved"
        for test, outcome in row.outcomes or (("no test", None),)
        if outcome != "passed"
    )
