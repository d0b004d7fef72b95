"""The template, samconfig.toml and the locks as plain data: what these tests read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc] # chosen at run time
    """YAML with CloudFormation's short forms, which become their long forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


class Template:
    """The parsed template, with the few questions that tests ask of it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.resources: dict[str, dict[str, Any]] = document["Resources"]
        self.parameters: dict[str, dict[str, Any]] = document["Parameters"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return logical ids and resources of one type."""
        found = {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}
        assert found, f"the template has no {kind}"
        return found

    def properties(self, name: str) -> dict[str, Any]:
        """Return the properties of a resource."""
        properties: dict[str, Any] = self.resources[name].get("Properties", {})
        return properties

    def policy_documents(self) -> dict[str, dict[str, Any]]:
        """Return every policy document of the template, wherever it stands, by its place."""
        found: dict[str, dict[str, Any]] = {}

        def walk(place: str, node: Any) -> None:
            if isinstance(node, dict):
                if "Statement" in node and "Version" in node:
                    found[place] = node
                for key, value in node.items():
                    walk(f"{place}/{key}", value)
            elif isinstance(node, list):
                for number, value in enumerate(node):
                    walk(f"{place}/{number}", value)

        for name, resource in self.resources.items():
            walk(name, resource)
        return found

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return the statements that are written into a role itself."""
        return [
            statement
            for policy in self.properties(role).get("Policies", [])
            for statement in policy["PolicyDocument"]["Statement"]
        ]


def listed(value: Any) -> list[Any]:
    """Return ``value`` as a list, as IAM reads it."""
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def template() -> Template:
    document = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader with tags
    return Template(document)


@pytest.fixture(scope="session")
def samconfig() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
