"""Keeps what came of every test of a whole run, for the evidence pack, and fails a run that left a control unproved."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from quayside.compliance.evidence_rules import Record, read_controls, unproved, worst
from quayside.compliance.evidence_service import CONTROLS, RECORD
from quayside.kernel.clock import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.compliance.evidence_rules import Outcome

ROOT = Path(__file__).parents[2]
_ENDED = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}


def name_of(nodeid: str) -> str:
    """Return the name of a test without the parameters of a case."""
    return nodeid.partition("[")[0]


class Outcomes:
    """Hears of every test; lives in the process that hands tests out."""

    def __init__(self) -> None:
        self._phases: dict[str, list[Outcome]] = {}
        self._missing: tuple[str, ...] = ()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of one case: a case that broke while it was set up or taken down failed."""
        if report.failed or report.skipped or report.when == "call":
            self._phases.setdefault(name_of(report.nodeid), []).append(report.outcome)

    def outcomes(self) -> Mapping[str, Outcome]:
        """Return what came of each test."""
        return {name: worst(phases) for name, phases in self._phases.items()}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the record of a whole run; a run of some tests proves nothing about the others."""
        chosen = session.config.option
        whole = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
        if not whole or chosen.keyword or chosen.markexpr or session.exitstatus not in _ENDED:
            return
        found = dict(self.outcomes())
        path = ROOT / RECORD
        path.parent.mkdir(parents=True, exist_ok=True)
        record = Record(format_instant(datetime.now(UTC)), revision(), found)
        path.write_bytes(msgspec.json.encode(record))
        self._missing = unproved(read_controls((ROOT / CONTROLS).read_text(encoding="utf-8")), found)
        if self._missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which controls the run did not prove."""
        for each in self._missing:
            terminalreporter.write_line(f"control not proved: {each}")


def revision() -> str:
    """Return the commit that is checked out, with a ``+`` when files were changed after it; empty without git."""

    def said(*words: str) -> str:
        answer = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607 - words of ours
        return answer.stdout.strip()

    return said("rev-parse", "HEAD") + ("+" if said("status", "--porcelain") else "")
