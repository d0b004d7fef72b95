"""Which module of routes is imported for which address."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from seller_api import routes
from seller_api.app import Api, build


def asked(resource: str) -> dict[str, Any]:
    return {
        "httpMethod": "GET",
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "body": None,
        "isBase64Encoded": False,
        "stageVariables": None,
        "requestContext": {"httpMethod": "GET", "resourcePath": resource, "path": resource, "requestId": "r-1"},
    }


def test_each_address_finds_the_modules_that_declare_it_and_no_other() -> None:
    declared = defaultdict(list)
    for name in routes.MODULES:
        for first in {route.path.split("/")[1] for route in routes.of_module(name).all}:
            declared[first].append(name)
    assert {first: sorted(names) for first, names in declared.items()} == {
        first: sorted(names) for first, names in routes.MODULES_AT.items()
    }


def test_a_request_brings_its_own_feature_and_a_second_one_no_more() -> None:
    api = Api(SimpleNamespace)  # type: ignore[arg-type]  # a public route asks for nothing
    for _ in range(2):
        assert api.answer(asked("/api/v1/health"), None)["statusCode"] == 200
        assert {path.split("/")[3] for path in api.chalice.routes} == {"health", "configuration"}


@pytest.mark.parametrize("resource", ["/api/v1/nothing/{thing}", "/api/v1/", "/", "/orders"])
def test_what_nobody_declared_is_refused(resource: str) -> None:
    api = Api(SimpleNamespace)  # type: ignore[arg-type]  # as above
    assert api.answer(asked(resource), None)["statusCode"] == 405


def test_built_whole_it_has_every_route_once() -> None:
    app, declared = build()
    assert len(declared) == len({(route.method, route.path) for route in declared})
    assert {route.resource_path for route in declared} == set(app.routes)
