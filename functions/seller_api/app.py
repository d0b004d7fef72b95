"""The Lambda entry point of the seller API."""

from functools import cache
from typing import Any

from chalice.app import Chalice

from quayside.kernel.observability import guarded
from seller_api.container import Container, compose
from seller_api.http import Route, register
from seller_api.routes import ALL


def build(container: Container | None = None) -> tuple[Chalice, tuple[Route, ...]]:
    """Build the app and its routes; without a container one is composed at the first request."""
    chalice = Chalice(app_name="seller_api", configure_logs=False)
    given = container

    @cache
    def collaborators() -> Container:
        return given or compose()

    return chalice, register(chalice, collaborators, ALL)


app, ROUTES = build()


@guarded
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    answer: dict[str, Any] = app(event, context)
    return answer
