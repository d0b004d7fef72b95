"""One complete server for the folder, and servers that lack one fix, each for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.embedded_aws.server import INTERPRETER, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded AWS as it is shipped."""
    assert INTERPRETER.exists(), "Run make sync first: the embedded AWS has an environment of its own"
    server = Server(tmp_path_factory.mktemp("complete")).start()
    yield server
    server.kill()


@pytest.fixture
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Start an embedded AWS that has every fix but the one named."""
    started: list[Server] = []

    def start(fix: str) -> Server:
        started.append(Server(tmp_path_factory.mktemp(fix), without=fix).start())
        return started[-1]

    yield start
    for server in started:
        server.kill()
