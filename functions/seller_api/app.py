"""The Lambda entry point of the seller API."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from chalice.app import Chalice

from quayside.kernel.observability import guarded
from seller_api import routes
from seller_api.container import Container, compose
from seller_api.http import register
from seller_api.routing import BASE_PATH, Route

_MADE_AHEAD = frozenset({"snap-start", "provisioned-concurrency"})
"""How Lambda says that it starts a process before any request waits for it."""


class Api:
    """The Chalice app, and which modules of routes are in it by now."""

    def __init__(self, container: Callable[[], Container]) -> None:
        self.chalice = Chalice(app_name="seller_api", configure_logs=False)
        self._container = container
        self._routes: dict[str, tuple[Route, ...]] = {}

    def bring(self, modules: Sequence[str]) -> tuple[Route, ...]:
        """Put the routes of modules into the app, each once, and return them all."""
        for name in modules:
            if name not in self._routes:
                self._routes[name] = register(self.chalice, self._container, routes.of_module(name))
        return tuple(route for name in modules for route in self._routes[name])

    def answer(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Answer one request of API Gateway; of an address that nobody declared Chalice says so."""
        first = event["requestContext"]["resourcePath"].removeprefix(f"{BASE_PATH}/").partition("/")[0]
        self.bring(routes.MODULES_AT.get(first, ()))
        answer: dict[str, Any] = self.chalice(event, context)
        return answer


def build(container: Container | None = None) -> tuple[Chalice, tuple[Route, ...]]:
    """Build the app with every route, and return both; without a container one is composed at the first request."""
    api = Api(cache(lambda: container or compose()))
    return api.chalice, api.bring(routes.MODULES)


_api = Api(cache(compose))
if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in _MADE_AHEAD:
    _api.bring(routes.MODULES)


@guarded
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    return _api.answer(event, context)
