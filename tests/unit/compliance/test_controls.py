"""The table of controls points to what exists: files, names in them, tests. That they ran, the run itself says."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quayside.compliance.evidence_rules import read_controls
from quayside.compliance.evidence_service import CONTROLS

if TYPE_CHECKING:
    from quayside.compliance.evidence_rules import Control

ROOT = Path(__file__).parents[3]
TABLE = read_controls((ROOT / CONTROLS).read_text(encoding="utf-8"))
REQUIREMENTS = (
    "AUP-1.1", "AUP-1.3", "AUP-2.2", "AUP-2.4", "AUP-2.9", "AUP-2.10", "AUP-3.1\u20133.3", "AUP-3.4", "AUP-3.5",
    "AUP-3.8", "AUP-3.9", "AUP-3.10", "AUP-4.1", "AUP-4.2", "AUP-4.3", "AUP-4.4, 4.6", "AUP-4.8", "AUP-5.1\u20135.3",
    "DPP-1.2", "DPP-1.3", "DPP-1.4", "DPP-1.4.2", "DPP-1.5", "DPP-1.6", "DPP-1.7", "DPP-1.8", "DPP-2.1", "DPP-2.4",
    "DPP-2.5", "DPP-2.6", "DPP-2.7", "P-1", "P-2", "P-3", "P-4", "P-5",
)  # fmt: skip
"""Every row of Amazon's policies and of our promises, in their order. A row leaves the table only by leaving here."""


@cache
def _names(path: Path) -> frozenset[str]:
    """Return what a module defines, methods as ``Class.method``."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)


def _defines(place: str) -> bool:
    file, colon, name = place.partition(":")
    path = ROOT / file
    if not path.is_file():
        return False
    if not colon:
        return True
    if path.suffix == ".py":
        return name in _names(path)
    text = path.read_text(encoding="utf-8")
    return f"\n  {name}:\n" in text if file == "template.yaml" else name in text


def test_the_table_has_every_requirement_once_and_in_order() -> None:
    assert tuple(each.id for each in TABLE) == REQUIREMENTS


@pytest.mark.parametrize("control", TABLE, ids=lambda control: control.id)
def test_a_control_is_enforced_and_tested_or_open_with_its_reason(control: Control) -> None:
    assert control.requirement
    assert control.control
    assert bool(control.open) != bool(control.enforced_by and control.tests)
    assert [place for place in control.enforced_by if not _defines(place)] == []
    for test in control.tests:
        file, _, name = test.partition("::")
        assert file.startswith("tests/"), test
        assert _defines(f"{file}:{name}"), test


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert _defines("template.yaml:PiiTable")
    assert not _defines("template.yaml:NoTable")
    assert not _defines("layers/core/python/quayside/amazon/client.py:NoSuch")
    assert not _defines("tests/unit/no_such_file.py:test_x")
