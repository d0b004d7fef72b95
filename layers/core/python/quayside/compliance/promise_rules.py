"""Promises as people are shown them: what is demanded, how it is met, and since when that is proved. Pure.

What is promised is shipped with the product, generated from the table of controls. Whether it is proved, an operator
publishes after a whole run of the tests. A promise that was changed after that run counts as not proved, so that a
proof is never shown for something else than what was tested.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from quayside.compliance.evidence_rules import Control, Record, State, rows
from quayside.kernel.errors import InvalidInput

Group = Literal["AUP", "DPP", "P"]
"""Whose promise it is: Amazon's Acceptable Use Policy, its Data Protection Policy, or our own."""


Digest = Callable[[dict[str, object]], str]
"""Gives the SHA-256 of a document as hexadecimal digits, as ``storage.proofs.digest`` does."""


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One promise as it is shipped.

    Attributes:
        id: the requirement's number.
        requirement: what is demanded.
        control: how it is met.
        open: why it is open; empty when it is enforced.
        remains: what of it belongs to features that are not built yet; empty when nothing does.
        tests: how many tests would fail without it.
        digest: the first 16 digits of the SHA-256 of the whole control, by which a proof names what it is of.
    """

    id: str
    requirement: str
    control: str
    open: str
    remains: str
    tests: int
    digest: str

    @property
    def group(self) -> Group:
        """Whose promise it is."""
        group: Group = msgspec.convert(self.id.partition("-")[0], Group)
        return group


class Proof(msgspec.Struct, frozen=True):
    """What a run of the tests said of one promise.

    Attributes:
        id: the promise's number.
        digest: which wording, enforcement and tests it was.
        state: what came of it.
    """

    id: str
    digest: str
    state: State


class ProvedRun(msgspec.Struct, frozen=True):
    """What an operator publishes: a whole run of the tests, and what it says of each promise.

    Attributes:
        finished_at: when it ended, ISO 8601.
        revision: the commit that was tested; ends in ``+`` when files were changed after it.
        tests: how many tests ran.
        proofs: what it says of each promise.
    """

    finished_at: str
    revision: str
    tests: int
    proofs: tuple[Proof, ...]


class Standing(msgspec.Struct, frozen=True):
    """How a promise stands.

    Attributes:
        promise: the promise.
        state: whether it is proved.
        proved_at: the end of the run that proved it, None unless it is proved.
        reason: why it is not proved, None when it is.
    """

    promise: Promise
    state: State
    proved_at: str | None
    reason: str | None


def promises_of(controls: Sequence[Control], digest: Digest) -> tuple[Promise, ...]:
    """Return what is shipped of the table of controls."""
    return tuple(
        Promise(
            each.id,
            each.requirement,
            each.control,
            each.open,
            each.remains,
            len(each.tests),
            "-".join(digest(msgspec.to_builtins(each))[at : at + 4] for at in range(0, 16, 4)),
        )
        for each in controls
    )


def run_of(record: Record, controls: Sequence[Control], promises: Sequence[Promise]) -> ProvedRun:
    """Return what a run of the tests says of the promises that are shipped.

    Raises:
        InvalidInput: the promises that are shipped are not those of the table.
    """
    if [each.id for each in controls] != [each.id for each in promises]:
        raise InvalidInput(
            "The table of controls is not the one that this version ships.",
            code="other_controls",
            action="Check out the version that is deployed, run its tests, and publish that run.",
        )
    proofs = tuple(
        Proof(promise.id, promise.digest, row.state)
        for promise, row in zip(promises, rows(controls, record.outcomes), strict=True)
    )
    return ProvedRun(record.finished_at, record.revision, len(record.outcomes), proofs)


def standings(promises: Sequence[Promise], run: ProvedRun | None) -> tuple[Standing, ...]:
    """Return how each promise stands by the run that was published last; without one nothing counts as proved."""
    found = {} if run is None else {each.id: each for each in run.proofs}
    return tuple(_standing(each, found.get(each.id), run) for each in promises)


def _standing(promise: Promise, proof: Proof | None, run: ProvedRun | None) -> Standing:
    if promise.open:
        return Standing(promise, "open", None, promise.open)
    if run is None:
        return Standing(promise, "not proved", None, "No run of the tests was published for this installation.")
    if proof is None or proof.digest != promise.digest:
        reason = f"It was changed after the run of the tests that was published last, of {run.finished_at[:10]}."
        return Standing(promise, "not proved", None, reason)
    if proof.state != "proved":
        return Standing(promise, "not proved", None, f"A test of it failed or did not run on {run.finished_at[:10]}.")
    return Standing(promise, "proved", run.finished_at, None)
