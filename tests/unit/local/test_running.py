"""Pid files, ports, progress, the digest of what is deployed, and what the self-check accepts."""

from __future__ import annotations

import io
import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from infra.local import building, deploying, ports, processes, self_check
from infra.local.people import OPERATOR, SELLERS
from infra.local.progress import Progress
from infra.local.stack import Stack

if TYPE_CHECKING:
    import pathlib


def test_a_recycled_process_id_is_never_ours(tmp_path: pathlib.Path) -> None:
    own = processes.start_time(os.getpid())
    assert own is not None
    file = tmp_path / "aws.json"
    file.write_text(json.dumps({"name": "aws", "pid": os.getpid(), "started": own}))
    found = processes.find(file)
    assert found is not None
    assert found.alive()
    file.write_text(json.dumps({"name": "aws", "pid": os.getpid(), "started": "another time"}))
    assert processes.find(file) is None


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"name": "aws", "pid": 4194305, "started": "1"}'])
def test_a_pid_file_of_nothing_finds_nothing(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "aws.json").write_text(text)
    assert processes.find(tmp_path / "aws.json") is None
    assert processes.find(tmp_path / "missing.json") is None


def test_ports_come_from_the_environment() -> None:
    assert ports.chosen({}) == ports.Ports(8080, 4566, 9400)
    assert ports.chosen({"QUAYSIDE_PORT": "9000", "QUAYSIDE_SIMULATOR_PORT": ""}).app == 9000


def test_every_input_changes_the_digest(tmp_path: pathlib.Path) -> None:
    digests = set()
    for name in (
        "template.yaml",
        "uv.lock",
        "functions/a/app.py",
        "layers/core/python/q/x.py",
        "infra/api/openapi.yaml",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one")
        digests.add(building.digest(tmp_path))
        file.write_text("two")
        digests.add(building.digest(tmp_path))
    assert len(digests) == 10
    compiled = tmp_path / "functions" / "a" / "__pycache__" / "app.pyc"
    compiled.parent.mkdir()
    compiled.write_text("compiled")
    (tmp_path / "README.md").write_text("not deployed")
    assert building.digest(tmp_path) in digests


def test_two_starts_build_one_after_the_other(tmp_path: pathlib.Path) -> None:
    happened: list[str] = []

    def second() -> None:
        with building.alone(tmp_path):
            happened.append("second")

    with building.alone(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        # Whoever is kept out is not heard of, however long this takes; the end of the block lets it in.
        waiting.join(timeout=0.05)
        happened.append("first")
    waiting.join(timeout=10)

    assert happened == ["first", "second"]


def test_parameters_join_the_profile(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text('[local.deploy.parameters]\nparameter_overrides = ["MfaMode=optional", "LogLevel=\'DEBUG\'"]')
    assert deploying.profile_parameters(file) == {"MfaMode": "optional", "LogLevel": "DEBUG"}
    file.write_text('[local.deploy.parameters]\nparameter_overrides = "MfaMode=optional TrialDays=30"')
    assert deploying.profile_parameters(file) == {"MfaMode": "optional", "TrialDays": "30"}


def test_what_was_deployed_is_remembered(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "deployed.json"
    assert deploying.remembered(file) == {}
    deploying.remember(file, {"digest": "abc"})
    assert deploying.remembered(file) == {"digest": "abc"}
    file.write_text("[]")
    assert deploying.remembered(file) == {}


GOOD = {
    **{f"{attempt} own": "allowed" for attempt in ("get", "query", "put", "delete")},
    **{f"{attempt} other": "AccessDeniedException" for attempt in ("get", "query", "put", "delete")},
    "scan": "AccessDeniedException",
    "untagged session": "AccessDenied",
}


def test_the_self_check_accepts_isolation_alone() -> None:
    self_check.judge(GOOD)
    for attempt in GOOD:
        changed = {**GOOD, attempt: "AccessDenied" if attempt.endswith(" own") else "allowed"}
        with pytest.raises(self_check.NotIsolatedError, match=attempt):
            self_check.judge(changed)
    with pytest.raises(self_check.NotIsolatedError, match="scan"):
        self_check.judge({**GOOD, "scan": "ResourceNotFoundException"})
    with pytest.raises(self_check.NotIsolatedError, match="check itself failed"):
        self_check.judge({"errorMessage": "no such role"})


def test_progress_prints_plain_lines_where_nobody_watches() -> None:
    out = io.StringIO()
    progress = Progress(out)
    with progress.step("Building"):
        progress.detail("not shown")
    progress.say("Ready.")
    lines = out.getvalue().splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["Building …", "Ready."]
    assert "\x1b" not in out.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_how_a_step_ended() -> None:
    out = Terminal()
    progress = Progress(out)
    with progress.step("Building"):
        pass
    with pytest.raises(ValueError, match="broken"), progress.step("Deploying"):
        raise ValueError("broken")
    assert "✓ Building" in out.getvalue()
    assert "✗ Deploying" in out.getvalue()


def test_a_stack_that_never_ran(tmp_path: pathlib.Path) -> None:
    stack = Stack(tmp_path, ports.Ports(), Progress(quiet=True))
    assert stack.running() == []
    assert not stack.stop()
    assert stack.remembered_url() == "http://localhost:8080/"
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws-venv").mkdir()
    stack.reset()
    assert [path.name for path in tmp_path.iterdir()] == ["aws-venv"]


def test_the_people_are_three_sellers_and_an_operator() -> None:
    assert [person.profile for person in SELLERS] == ["small-us", "europe", "large-us"]
    assert len({person.email for person in (*SELLERS, OPERATOR)}) == 4
    assert OPERATOR.profile is None
