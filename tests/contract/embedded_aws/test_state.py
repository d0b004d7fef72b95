"""What a crash costs, and what a fix does when the emulator is not the one it was written for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.local.fixes import FIXES
from tests.contract.embedded_aws import server as module
from tests.contract.embedded_aws.server import INTERPRETER, ROOT, Server, wait_until

if TYPE_CHECKING:
    import pathlib


def test_a_crash_loses_at_most_the_interval(tmp_path: pathlib.Path) -> None:
    def survives(name: str, fix: str | None) -> bool:
        server = Server(tmp_path / name, without=fix, save_every=0.3).start()
        try:
            server.client("sqs").create_queue(QueueName="kept")
            server.client("dynamodb").create_table(
                TableName="kept",
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            )
            for number in range(500):
                server.client("dynamodb").put_item(TableName="kept", Item={"pk": {"S": str(number)}})
            saved = tmp_path / name / "state" / "services" / "dynamodb.json"
            with contextlib.suppress(TimeoutError):
                wait_until(
                    lambda: saved.exists() and '"499"' in saved.read_text(),
                    "it is saved",
                    seconds=10 if fix is None else 2,
                )
            server.kill()
            server.start()
            with contextlib.suppress(ClientError):
                server.client("sqs").get_queue_url(QueueName="kept")
                found = server.client("dynamodb").scan(TableName="kept", Select="COUNT", ConsistentRead=True)
                return bool(found["Count"] == 500)
            return False
        finally:
            server.kill()

    assert survives("complete", None)
    assert not survives("gap", "saved_state")


def test_saving_does_not_hold_requests_up(tmp_path: pathlib.Path) -> None:
    """Stop the process that saves in the middle of its work: whoever asks the server meanwhile is answered."""
    server = Server(tmp_path, save_every=0.1).start()
    try:
        client = server.client("dynamodb")
        client.create_table(
            TableName="busy",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )

        def write(number: int) -> None:
            client.put_item(TableName="busy", Item={"pk": {"S": str(number)}, "text": {"S": "x" * 20_000}})

        for number in range(500):
            write(number)
        saving: list[int] = []

        def caught() -> bool:
            write(0)  # without a change there is nothing to save
            saving[:] = [pid for pid in _children(server) if _stop(pid)]
            return bool(saving)

        wait_until(caught, "a save is stopped")
        for number in range(500, 550):
            write(number)
        assert "Item" in client.get_item(TableName="busy", Key={"pk": {"S": "549"}}, ConsistentRead=True)
        assert set(saving) <= set(_children(server)), "the save went on, so nothing was shown"
        for pid in saving:
            os.kill(pid, signal.SIGCONT)
    finally:
        server.kill()


def _children(server: Server) -> list[int]:
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.split() for line in told.stdout.splitlines())
    return [int(pid) for pid, parent in pairs if int(parent) == server.pid]


def _stop(pid: int) -> bool:
    """Stop a process and return whether it is stopped; one that has ended meanwhile is not."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    told = subprocess.run(  # noqa: S603 - our own words
        ["ps", "-o", "stat=", "-p", str(pid)],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip().startswith("T")


def test_two_servers_do_not_share_a_state(tmp_path: pathlib.Path) -> None:
    server = Server(tmp_path).start()
    try:
        command = [str(INTERPRETER), "-m", "infra.local.launcher", "--port", "1", "--state", str(tmp_path / "state")]
        second = subprocess.run(  # noqa: S603 - our own launcher
            [*command, "--lock-wait", "0.1"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
        )
        assert second.returncode != 0
        assert "Another embedded AWS is running" in second.stderr
    finally:
        server.kill()


def test_a_fix_refuses_another_emulator() -> None:
    """Change the emulator's text under a fix, in a process of its own, and read what the launcher would say."""
    code = (
        "from infra.local import patching, launcher\n"
        "functions = patching.part('services.lambda_svc')\n"
        "functions._poll_loop = lambda: None\n"
        "try:\n    launcher.apply_fixes(set())\n"
        "except patching.FixRefusedError as refused:\n    print(refused)\n"
    )
    said = subprocess.run(  # noqa: S603 - our own launcher
        [str(INTERPRETER), "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    ).stdout
    assert "stream_thread" in said
    assert "MiniStack 1.5.33" in said
    assert "no longer contains" in said


def test_another_version_is_refused() -> None:
    code = (
        "from infra.local import patching, launcher\n"
        "launcher.installed_version = patching.installed_version = lambda: '9.9.9'\n"
        "try:\n    launcher.apply_fixes(set())\n"
        "except patching.FixRefusedError as refused:\n    print(refused)\n"
    )
    said = subprocess.run(  # noqa: S603 - our own launcher
        [str(INTERPRETER), "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    ).stdout
    assert "1.5.33" in said
    assert "9.9.9" in said


def test_every_fix_has_a_test_that_goes_without_it() -> None:
    here = module.ROOT / "tests" / "contract" / "embedded_aws"
    text = "\n".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))
    untested = [name for name in FIXES if f'without("{name}")' not in text and f'"gap", "{name}")' not in text]
    assert not untested
    folder = module.ROOT / "infra" / "local" / "fixes"
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(FIXES)
