"""The docs screen shows the API as it is deployed: its copy of the OpenAPI document is never stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]


def _for_readers(part: Any) -> Any:
    """Return a part of the document without what is meant for API Gateway alone."""
    if isinstance(part, dict):
        return {name: _for_readers(value) for name, value in part.items() if not name.startswith("x-amazon-")}
    if isinstance(part, list):
        return [_for_readers(item) for item in part]
    return part


def test_the_copy_is_the_deployed_document() -> None:
    deployed = yaml.safe_load((ROOT / "infra" / "api" / "openapi.yaml").read_text())
    shown = json.loads((ROOT / "functions" / "web_app" / "static" / "openapi.json").read_text())
    # Every other address is for API Gateway alone: OpenAPI has no name for it.
    assert deployed["paths"].pop("/{proxy+}")
    assert shown == _for_readers(deployed)
    assert shown["paths"]
