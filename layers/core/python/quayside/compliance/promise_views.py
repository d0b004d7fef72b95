"""What is shown of promises, of their proof and of sub-processors, to everybody."""

from typing import Literal

import msgspec

from quayside.compliance.evidence_rules import State
from quayside.compliance.promise_rules import Group, ProvedRun, Standing
from quayside.compliance.subprocessors import Subprocessor


class PromiseView(msgspec.Struct, frozen=True):
    """One promise.

    Attributes:
        id: the number of the requirement.
        group: whose it is: ``AUP`` and ``DPP`` are Amazon's policies, ``P`` are our own.
        requirement: what is demanded.
        control: how it is met.
        state: ``proved`` by tests, ``not proved``, or ``open``: it belongs to a feature that is not built.
        proved_at: the end of the run of the tests that proved it, null unless it is proved.
        reason: why it is not proved, null when it is.
        remains: what of it belongs to features that are not built, null when nothing does.
        tests: how many tests would fail without it.
    """

    id: str
    group: Group
    requirement: str
    control: str
    state: State
    proved_at: str | None
    reason: str | None
    remains: str | None
    tests: int


class RunView(msgspec.Struct, frozen=True):
    """The run of the tests that the proofs are of; ``revision`` ends in ``+`` when files were changed after it."""

    finished_at: str
    revision: str
    tests: int


class WatchView(msgspec.Struct, frozen=True):
    """A promise that this installation checks by itself every day: when last, and what came of it.

    ``state`` is ``kept``, ``broken``, or ``not yet`` when it has not been checked.
    """

    id: str
    title: str
    state: Literal["kept", "broken", "not yet"]
    at: str | None
    words: str


class PromisesPage(msgspec.Struct, frozen=True):
    """Every promise and how it stands. ``run`` is null when no run of the tests was published."""

    as_of: str
    run: RunView | None
    proved: int
    not_proved: int
    open: int
    promises: tuple[PromiseView, ...]
    watches: tuple[WatchView, ...]


class SubprocessorsPage(msgspec.Struct, frozen=True):
    """Everybody who handles sellers' data for the operator, and in which AWS region."""

    region: str
    subprocessors: tuple[Subprocessor, ...]


def promise_view(standing: Standing) -> PromiseView:
    """Return what is shown of a promise."""
    promise = standing.promise
    return PromiseView(
        id=promise.id,
        group=promise.group,
        requirement=promise.requirement,
        control=promise.control,
        state=standing.state,
        proved_at=standing.proved_at,
        reason=standing.reason,
        remains=promise.remains or None,
        tests=promise.tests,
    )


def run_view(run: ProvedRun) -> RunView:
    """Return what is shown of a run of the tests."""
    return RunView(run.finished_at, run.revision, run.tests)
