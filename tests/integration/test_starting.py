"""What a function imports before its first event: of the features none, or the ones that all its events need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDERS = sorted(
    each.name
    for each in Path(__file__).parents[2].joinpath("layers/core/python/quayside").iterdir()
    if each.joinpath("__init__.py").exists()
)
EVERYBODYS = {"kernel", "storage"}


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("seller_api.app", {"accounts"}),
        ("sync_worker.container", {"amazon", "connections", "sync"}),
        ("compliance_worker.container", {"compliance"}),
    ],
)
def test_starting_imports_no_feature_that_its_first_event_may_not_need(module: str, needed: set[str]) -> None:
    asked = f"import {module}, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True, timeout=60)  # noqa: S603 - our own modules
    imported = json.loads(done.stdout)
    assert {name for name in FOLDERS if f"quayside.{name}" in imported} == needed | EVERYBODYS
