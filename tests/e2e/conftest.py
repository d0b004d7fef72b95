"""Fixtures of the browser tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.support.browser import started_browser
from tests.e2e.support.fake_api import FakeQuayside, serve
from tests.e2e.support.visit import Visits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ARTEFACTS = Path(__file__).parents[1] / "artefacts" / "screens"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process; each test opens pages of its own."""
    with started_browser() as found:
        yield found


@pytest.fixture(scope="session")
def deployment() -> Iterator[tuple[FakeQuayside, str]]:
    """The fake deployment, below a stage path as API Gateway serves it."""
    fake = FakeQuayside(datetime.now(UTC))
    with serve(fake, "/prod") as base:
        yield fake, base


@pytest.fixture
def fake(deployment: tuple[FakeQuayside, str]) -> FakeQuayside:
    """The fake deployment's state, as it was at the start."""
    deployment[0].reset()
    return deployment[0]


@pytest.fixture(scope="session")
def shared_visits(browser: Browser, deployment: tuple[FakeQuayside, str]) -> Iterator[Visits]:
    """Browser contexts that stay signed in from one screen to the next."""
    visits = Visits(browser, deployment[1])
    yield visits
    visits.close()


@pytest.fixture
def visits(browser: Browser, deployment: tuple[FakeQuayside, str]) -> Iterator[Visits]:
    """Browser contexts of this test alone: it may sign out, switch themes and break things."""
    found = Visits(browser, deployment[1])
    yield found
    found.close()
