"""The stages of an erasure, what its receipt says, and when it begins. Pure.

An erasure counts what there is, destroys it, and reads everything back; only when nothing is found does it make a
receipt. What is found is destroyed again. Each stage can be repeated from its beginning, so it may die anywhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

import msgspec

Cause = Literal["disconnect", "revocation", "disuse", "failure", "closure", "request"]
"""Why data is erased: a member disconnected, the seller withdrew at Amazon, the key was of no use for 90 days, an
account could not be authorised, the account of the tenant is closed, Amazon asked."""
State = Literal["waiting", "running", "done", "withdrawn"]
Stage = Literal["count", "notes", "credentials", "members", "facts", "files", "read_back", "receipt"]
STAGES: tuple[Stage, ...] = get_args(Stage)

QUIET = timedelta(minutes=10)
"""Between the stop of a connection and the first deletion: longer than any function runs."""
GRACE = timedelta(days=7)
"""How long data of an ended connection waits for its seller to take it along, well inside the 30 days of DPP 1.7."""
RECOVERY = timedelta(days=14)
"""How long the recovery copies of the table of facts reach back: then even they hold nothing. As the template says."""
WAITS: frozenset[Cause] = frozenset({"disconnect", "revocation", "disuse", "failure"})
"""Causes after which a seller may still want the data."""
KEPT_AFTER = timedelta(days=90)
"""How long the course of an erasure can be looked at after it ended; its receipt is kept longer."""


class Erased(msgspec.Struct, frozen=True):
    """A connection whose data is erased, as it was when the erasure began."""

    connection_id: str
    region: str
    selling_partner_id: str
    marketplace_ids: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """What is erased; written down once, because the records it was read from are erased too.

    Attributes:
        connections: the connections.
        settlement_ids: the settlements of each connection, whose lines lie in a partition each.
        newest: the latest month (any day of it, ISO 8601) that facts can be of.
    """

    connections: tuple[Erased, ...]
    settlement_ids: Mapping[str, tuple[str, ...]]
    newest: str


class Progress(msgspec.Struct, frozen=True):
    """How far an erasure is.

    Attributes:
        stage: which stage is under way.
        position: how many of the stage's partitions are through.
        found: items of each partition that is not empty, by its place in the list.
        counts: items of each dataset that there were.
        files: raw files and exports that there were.
        notes: notes of the functions that were destroyed.
        again: how often something was found when everything was read back.
    """

    stage: Stage = "count"
    position: int = 0
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    files: int = 0
    notes: int = 0
    again: int = 0


class Share(NamedTuple):
    """How much is done: items destroyed of those there were."""

    done: int
    total: int


def begins_at(cause: Cause, stopped_at: datetime) -> datetime:
    """Return when an erasure begins: after a week when a connection ended, else as soon as all is quiet."""
    return stopped_at + (GRACE if cause in WAITS else QUIET)


def next_stage(stage: Stage) -> Stage:
    """Return the stage that follows."""
    return STAGES[STAGES.index(stage) + 1]


def share(progress: Progress) -> Share:
    """Return how much of the items is destroyed."""
    total = sum(progress.counts.values())
    if STAGES.index(progress.stage) < STAGES.index("facts"):
        return Share(0, total)
    if progress.stage != "facts":
        return Share(total, total)
    return Share(sum(count for place, count in progress.found.items() if int(place) < progress.position), total)


def counted(progress: Progress, datasets: Sequence[str], counts: Mapping[int, int]) -> Progress:
    """Return the progress with counts of further partitions, by their place in ``datasets``.

    What is found when everything is read back is what an interrupted stage left or a late message wrote; it was not
    counted before and is added.
    """
    found, total = dict(progress.found), dict(progress.counts)
    for place, count in counts.items():
        if count:
            found[str(place)] = count
            total[datasets[place]] = total.get(datasets[place], 0) + count
    return msgspec.structs.replace(progress, found=found, counts=total)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed: what was erased, for whom, why and when, and that nothing was found afterwards.

    Attributes:
        receipt: the id of the erasure.
        tenant_id: whose data it was.
        connection_id: of which connection; None for everything.
        cause: why.
        requested_at: when it was asked for, ISO 8601.
        began_at: when the first thing was destroyed.
        finished_at: when everything had been read back.
        items: items that were erased, by dataset.
        files: raw files and exports that were erased.
        credentials_destroyed: whether the keys and tokens to the seller's account are gone.
        found_afterwards: items and files found by reading back: 0.
        recovery_copies_end_at: until when recovery copies made before can hold what was erased.
    """

    receipt: str
    tenant_id: str
    connection_id: str | None
    cause: Cause
    requested_at: str
    began_at: str
    finished_at: str
    items: dict[str, int]
    files: int
    credentials_destroyed: bool
    found_afterwards: int
    recovery_copies_end_at: str
