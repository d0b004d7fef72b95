"""Every kind of command has its use case."""

from typing import get_args

from quayside.sync.commands import ApplicationUse, Kind
from sync_worker.use_cases import application_use_cases, use_cases


def test_every_kind_of_command_has_its_use_case() -> None:
    found = dict(use_cases())
    assert tuple(found) == get_args(Kind)
    assert len(use_cases()) == len(found)
    assert all(map(callable, found.values()))


def test_every_command_of_the_application_has_its_use_case() -> None:
    found = dict(application_use_cases())
    assert tuple(found) == get_args(ApplicationUse)
    assert all(map(callable, found.values()))
