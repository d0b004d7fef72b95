"""samconfig.toml says only what the template knows, and production is the strict one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Template

PROFILES = ("local", "sandbox", "production")


def overrides(samconfig: dict[str, Any], profile: str) -> dict[str, str]:
    """Return the parameters that a profile sets."""
    pairs = samconfig[profile]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in pairs)


def test_there_is_a_profile_for_each_stage(template: Template, samconfig: dict[str, Any]) -> None:
    assert {name for name in samconfig if name != "version"} == set(PROFILES)
    assert set(template.parameters["Stage"]["AllowedValues"]) == set(PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_sets_parameters_that_exist_to_values_they_allow(
    template: Template, samconfig: dict[str, Any], profile: str
) -> None:
    for name, value in overrides(samconfig, profile).items():
        parameter = template.parameters[name]
        assert value in map(str, parameter.get("AllowedValues", [value])), name
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value), name


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_a_stack_of_its_own_stage(samconfig: dict[str, Any], profile: str) -> None:
    assert overrides(samconfig, profile)["Stage"] == profile
    assert samconfig[profile]["global"]["parameters"]["stack_name"] == f"quayside-{profile}"


def test_the_local_profile_leaves_only_what_the_machine_decides(template: Template, samconfig: dict[str, Any]) -> None:
    missing = {name for name, parameter in template.parameters.items() if "Default" not in parameter}

    assert missing <= set(overrides(samconfig, "local"))


def test_production_has_every_protection_on(samconfig: dict[str, Any]) -> None:
    parameters = overrides(samconfig, "production")

    assert (parameters["MfaMode"], parameters["Waf"]) == ("required", "on")
    assert int(parameters["LogRetentionDays"]) >= 365
    assert samconfig["production"]["deploy"]["parameters"]["confirm_changeset"] is True


@pytest.mark.parametrize("profile", PROFILES)
def test_no_secret_is_in_a_profile(samconfig: dict[str, Any], profile: str) -> None:
    assert not [name for name in overrides(samconfig, profile) if "secret" in name.lower()]
