"""The data half of a template: what is kept, what is left out, and that nothing a function needs is missing."""

from pathlib import Path
from typing import Any

import pytest

from tests.bench.cold_start import environment_of
from tests.bench.deployment import PARAMETERS, data_half, read_template

HEAD = {"AWSTemplateFormatVersion": "2010-09-09", "Conditions": {}, "Mappings": {}}


def template_of(**resources: dict[str, Any]) -> dict[str, Any]:
    return {
        **HEAD,
        "Parameters": {"Stage": {"Type": "String"}},
        "Globals": {"Function": {"Environment": {"Variables": {"STAGE": {"Ref": "Stage"}}}}},
        "Resources": resources,
    }


def function_of(**variables: object) -> dict[str, Any]:
    return {
        "Type": "AWS::Serverless::Function",
        "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Environment": {"Variables": variables}},
    }


TABLE = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": {"Fn::If": ["IsProduction", "Retain", "Delete"]}}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"Resource": {"Fn::Sub": "${Table.Arn}/index/lookup"}}}
API = {"Type": "AWS::ApiGateway::RestApi"}


def test_what_data_needs_is_kept_and_settings_become_outputs() -> None:
    half = data_half(
        template_of(
            Table=TABLE, Role=ROLE, Api={"Type": "AWS::ApiGateway::RestApi"}, F=function_of(T={"Ref": "Table"})
        ),
        ("F",),
    )
    assert set(half["Resources"]) == {"Table", "Role"}
    assert half["Resources"]["Table"] == {"Type": "AWS::DynamoDB::Table"}
    assert {output["Description"]: output["Value"] for output in half["Outputs"].values()} == {
        "F": {"Fn::GetAtt": ["Role", "Arn"]},
        "F STAGE": {"Ref": "Stage"},
        "F T": {"Ref": "Table"},
    }


def test_what_leans_on_something_left_out_is_left_out_too() -> None:
    leaning = {"Type": "AWS::IAM::Role", "Properties": {"Resource": {"Fn::GetAtt": ["Api", "Arn"]}}}
    further = {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Leaning"}]}}
    half = data_half(template_of(Table=TABLE, Role=ROLE, Leaning=leaning, Further=further, F=function_of()), ("F",))
    assert set(half["Resources"]) == {"Table", "Role"}


def test_a_setting_that_was_left_out_is_said() -> None:
    with pytest.raises(KeyError, match="Api"):
        data_half(template_of(Table=TABLE, Role=ROLE, F=function_of(URL={"Ref": "Api"})), ("F",))


def test_short_tags_are_read_as_their_long_forms(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("A: !Ref B\nC: !GetAtt D.E.F\nG: !Sub '${H}'\nI: !If [J, !Ref K, L]\n")
    assert read_template(path) == {
        "A": {"Ref": "B"},
        "C": {"Fn::GetAtt": ["D", "E.F"]},
        "G": {"Fn::Sub": "${H}"},
        "I": {"Fn::If": ["J", {"Ref": "K"}, "L"]},
    }


def test_the_real_template_gives_every_function_what_it_needs() -> None:
    template = read_template()
    functions = tuple(
        name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Serverless::Function"
    )
    half = data_half(template, functions)
    assert len(functions) == 7
    assert {"CoreTable", "CoordinationTable", "WorkQueue", "TenantDataRole"} <= set(half["Resources"])


def test_a_cold_start_gets_every_variable_of_the_template() -> None:
    template = read_template()
    resource = template["Resources"]["SellerApi"]
    environment = environment_of(template, resource, "seller_api")
    assert set(resource["Properties"]["Environment"]["Variables"]) <= set(environment)
    assert environment["QUAYSIDE_STAGE"] == PARAMETERS["Stage"]
    assert environment["QUAYSIDE_DOOR"] == "tenant"
    assert environment_of(template, template["Resources"]["Schedules"], "schedules")["QUAYSIDE_DOOR"] == "system"
    assert "QUAYSIDE_DOOR" not in environment_of(template, template["Resources"]["WebApp"], "web_app")
