"""Use cases of promises: show them with their proof, show who else handles data, publish a run of the tests."""

from datetime import date, timedelta
from pathlib import Path

from quayside.compliance import pii_store, promise_store, retention_store
from quayside.compliance.evidence_rules import State, read_controls, read_record
from quayside.compliance.promise_rules import ProvedRun, Standing, run_of, standings
from quayside.compliance.promise_views import (
    PromisesPage,
    SubprocessorsPage,
    WatchView,
    promise_view,
    run_view,
)
from quayside.compliance.subprocessors import SUBPROCESSORS
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import NotFound
from quayside.storage.keys import DUE_SHARDS

_LOOKED_BACK = timedelta(days=2)
"""A daily check that is older has stopped, and is shown as none."""


def show(clock: Clock) -> PromisesPage:
    """Return every promise with its proof, and the checks that this installation makes every day."""
    now = clock.now()
    run = promise_store.newest_run()
    found = standings(promise_store.shipped(), run)
    return PromisesPage(
        as_of=format_instant(now),
        run=None if run is None else run_view(run),
        proved=_count(found, "proved"),
        not_proved=_count(found, "not proved"),
        open=_count(found, "open"),
        promises=tuple(promise_view(each) for each in found),
        watches=(_keys_destroyed(now.date()), _nothing_kept_too_long(now.date())),
    )


def _count(found: tuple[Standing, ...], state: State) -> int:
    return sum(each.state == state for each in found)


# Counts over all sellers would tell each of them about the others (AUP 4.4), so what is shown is that, and when.


def _keys_destroyed(today: date) -> WatchView:
    newest = pii_store.newest_manifest(today)
    day = None if newest is None else str(newest.manifest.statement["day"])
    title = "Keys of expired buyers' data destroyed"
    if day is None or date.fromisoformat(day) < today - _LOOKED_BACK:
        words = "No manifest of the last days is there yet; one is signed for every day after it ended."
        return WatchView("DPP-2.1", title, "not yet", day, words)
    return WatchView(
        "DPP-2.1", title, "kept", day, "Every key whose day had come is destroyed, and the manifest signed."
    )


def _nothing_kept_too_long(today: date) -> WatchView:
    title = "Nothing of Amazon's is older than 18 months"
    whole = [each for each in retention_store.results(today - _LOOKED_BACK, today) if each.shards == DUE_SHARDS]
    if not whole:
        words = "No count of the last days is complete yet; everything is counted once a day."
        return WatchView("DPP-1.7", title, "not yet", None, words)
    newest = whole[0]
    if any(held.broken for held in newest.held.values()):
        return WatchView("DPP-1.7", title, "broken", newest.day.isoformat(), "Something is; the operator was alarmed.")
    return WatchView("DPP-1.7", title, "kept", newest.day.isoformat(), "Everything was counted, and nothing is.")


def show_subprocessors(region: str) -> SubprocessorsPage:
    """Return everybody who handles sellers' data for the operator; ``region`` is where this installation runs."""
    return SubprocessorsPage(region, SUBPROCESSORS)


def publish(controls: Path, record: Path) -> tuple[ProvedRun, bool]:
    """Publish what a whole run of the tests says of the promises; return it, and whether it was new.

    Raises:
        NotFound: there is no table of controls or no record there.
        InvalidInput: one can't be read, or the table is not the one that this version ships.
    """
    try:
        table, run = read_controls(controls.read_text(encoding="utf-8")), read_record(record.read_bytes())
    except FileNotFoundError as problem:
        raise NotFound(
            f"There is no {problem.filename}.",
            code="no_record",
            action="Run it in a checkout of Quayside after make test, or name the files with --controls and --record.",
        ) from problem
    proved = run_of(run, table, promise_store.shipped())
    return proved, promise_store.publish(proved)
