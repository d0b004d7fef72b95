"""What every route shares: who asks, may they, is the input good, and how an outcome becomes an HTTP answer.

Each declared route (``routing``) gets a wrapper, which resolves the principal, checks the permission, reads body and
query strictly into structs, opens the tenant scope, and maps domain errors to problem+json.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import Chalice, Request, Response

from quayside.accounts.rules import PUBLIC, Permission
from quayside.accounts.service import Principal, claims_from, principal_of
from quayside.kernel.errors import (
    ChangedMeanwhile,
    FieldProblem,
    Forbidden,
    Gone,
    InvalidInput,
    QuaysideError,
    RateLimited,
    Unauthenticated,
)
from quayside.kernel.observability import place_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.audit_chain import Outcome
from seller_api.recording import changes, event_of, of_the_installation
from seller_api.routing import Call, Route, Routes

if TYPE_CHECKING:
    from seller_api.container import Container

MAXIMUM_BODY_BYTES = 64 * 1024

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}

_JSON = "application/json"
_PROBLEM_JSON = "application/problem+json"
_ENCODER = msgspec.json.Encoder()


class Versions(msgspec.Struct, frozen=True):
    """What two people made of the same thing: what was sent, and what is stored now, as its own route shows it."""

    yours: Any
    current: Any


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error, as RFC 9457 asks, with a stable code and what to do about it.

    ``versions`` holds both when somebody else changed first.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    action: str
    request_id: str
    fields: tuple[FieldProblem, ...] = ()
    versions: Versions | None = None


def register(app: Chalice, container: "Callable[[], Container]", routes: Routes) -> tuple[Route, ...]:
    """Put the declared routes of a feature into a Chalice app and return them."""
    for route in routes.all:
        entry = app.route(route.resource_path, methods=[route.method], name=route.view.__name__, content_types=[])
        entry(_endpoint(app, container, route))
    return tuple(routes.all)


def _endpoint(app: Chalice, container: "Callable[[], Container]", route: Route) -> Callable[..., Response]:
    # Chalice passes the address's parameters by name; a view asks its call for them instead.
    def endpoint(**_parameters: str) -> Response:
        request = app.current_request
        if request is None:  # pragma: no cover - Chalice sets it before it calls a view
            raise RuntimeError("A view was called without a request.")
        try:
            return _answer(container(), route, request)
        except QuaysideError as error:
            return problem_response(error, _request_id(request))
        except Exception:  # noqa: BLE001 - the last door: Chalice would answer 500 in a shape of its own and tell nobody
            return _unexpected(container, route, request)

    endpoint.__name__ = route.view.__name__
    return endpoint


def _answer(container: "Container", route: Route, request: Request) -> Response:
    principal = None if route.permission == PUBLIC else _authenticated(container, request)
    with _recorded(container, route, request, principal):
        if principal is not None:
            require(principal, route.permission)
        body = None if route.body is None else _read_body(request, route.body)
        query = _read_query(request, route.query)
        call: Call[Any, Any] = Call(container, principal, body, query, request)
        result = route.view(call)
    headers: dict[str, str | list[str]] = {**SECURITY_HEADERS, **call.response_headers}
    if route.answer is None:
        return Response("", headers, HTTPStatus.NO_CONTENT)
    return Response(_ENCODER.encode(result).decode(), {"Content-Type": _JSON, **headers}, route.status)


@contextmanager
def _recorded(container: "Container", route: Route, request: Request, principal: Principal | None) -> Iterator[None]:
    """Act for the tenant of whoever asks, and record what they changed and what they were refused.

    The use cases of public routes learn only on the way who is asking, so they record what they did themselves.
    """
    if principal is None:
        yield
        return

    def record(outcome: Outcome, code: str | None = None) -> None:
        event = event_of(route, principal, request.uri_params or {}, outcome, code)
        container.record(event, application=of_the_installation(route))

    with tenant_scope(principal.tenant_id):
        try:
            yield
        except (Forbidden, Gone) as refused:
            record("refused", refused.code)
            raise
        if changes(route):
            record("done")


def _authenticated(container: "Container", request: Request) -> Principal:
    claims = (request.context.get("authorizer") or {}).get("claims")
    if not claims:
        raise Unauthenticated("You are not signed in.")
    found = claims_from(claims, container.settings.user_pool_client_id)
    return principal_of(found, container.find_member, container.find_block)


def require(principal: Principal, permission: Permission) -> None:
    """Let a member through who holds a permission.

    Raises:
        Forbidden: they do not.
    """
    if permission not in principal.permissions:
        raise Forbidden(f"Your role, {principal.role}, does not include this ({permission}).", code="not_permitted")


def _read_body(request: Request, shape: type) -> object:
    """Read a JSON body into a struct: unknown and missing fields, and wrong types, are named.

    Only JSON is taken, which a foreign site's form can't send: one more lock besides the cookie's SameSite.

    Raises:
        InvalidInput: it is no JSON of that shape.
    """
    content_type = str(request.headers.get("content-type") or "")
    if content_type.partition(";")[0].strip().lower() != _JSON:
        raise InvalidInput(
            "The body has to be JSON.",
            code="not_json",
            action="Send it with the header Content-Type: application/json.",
        )
    raw = request.raw_body or b""
    if len(raw) > MAXIMUM_BODY_BYTES:
        raise InvalidInput("The body is too large.", code="body_too_large", action="Send less at once.")
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as problem:
        raise _invalid(problem, "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(
            "The body is not valid JSON.", code="malformed_json", action="Correct the JSON and send it again."
        ) from None


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route that takes none."""


def _read_query(request: Request, shape: type | None) -> object:
    given: dict[str, list[str]] = request.to_original_event().get("multiValueQueryStringParameters") or {}
    repeated = sorted(name for name, values in given.items() if len(values) > 1)
    if repeated:
        raise InvalidInput(
            f"{', '.join(repeated)}: given more than once.",
            fields=tuple(FieldProblem(name, "is given more than once") for name in repeated),
        )
    try:
        values = {name: values[0] for name, values in given.items()}
        return msgspec.convert(values, shape or NoQuery, strict=False)
    except msgspec.ValidationError as problem:
        raise _invalid(problem, "address") from None


# msgspec says what is wrong in words only. These are the ones that name the field inside the sentence; a contract test
# holds them against the installed version.
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def _invalid(problem: msgspec.ValidationError, place: str) -> InvalidInput:
    text = str(problem)
    at = _PLACE.search(text)
    parent = at["path"].lstrip(".") if at else ""
    words = _PLACE.sub("", text)
    unknown, missing = _UNKNOWN.match(words), _MISSING.match(words)
    found = unknown or missing
    if found is not None:
        field = f"{parent}.{found['field']}".lstrip(".")
        what = "is not known here" if unknown else "is missing"
        code = "unknown_field" if unknown else "missing_field"
    else:
        field = parent or place
        what = words[:1].lower() + words[1:]
        code = "invalid_field"
    return InvalidInput(f"{field}: {what}.", code=code, fields=(FieldProblem(field, what),))


def problem_response(error: QuaysideError, request_id: str) -> Response:
    """Return the answer for a domain error."""
    problem = Problem(
        type=f"urn:quayside:problem:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        code=error.code,
        detail=error.detail,
        action=error.action,
        request_id=request_id,
        fields=error.fields if isinstance(error, InvalidInput) else (),
        versions=Versions(error.yours, error.current) if isinstance(error, ChangedMeanwhile) else None,
    )
    headers: dict[str, str | list[str]] = {"Content-Type": _PROBLEM_JSON, **SECURITY_HEADERS}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return Response(_ENCODER.encode(problem).decode(), headers, error.status)


def _request_id(request: Request) -> str:
    return str(request.context.get("requestId") or "")


def _unexpected(container: "Callable[[], Container]", route: Route, request: Request) -> Response:
    """Answer what nobody foresaw: where it happened is logged, never what was said, which may be personal."""
    kind, _, trace = sys.exc_info()
    request_id = _request_id(request)
    observed = container()
    observed.metrics.count("ApiUnexpectedErrors")
    observed.logger.error(
        "A request failed unexpectedly",
        extra={
            "error_type": "unknown" if kind is None else kind.__name__,
            "location": place_of(trace),
            "path": route.resource_path,
            "request_id": request_id,
        },
    )
    observed.metrics.flush()
    error = QuaysideError("Something failed on our side.", code="unexpected")
    return problem_response(error, request_id)
