"""How routes are declared: with their permission, and there is no way to declare one without.

    routes = Routes("orders")

    @routes.get("/orders", permission="orders.read", query=OrderQuery)
    def list_orders(call: Call[None, OrderQuery]) -> OrderPage:
        '''List orders, newest first.'''

A view holds no business decision: it calls one use case. ``http`` says what happens around it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from chalice.app import Request

from quayside.accounts.rules import Permission
from quayside.accounts.service import Principal
from quayside.kernel.errors import Unauthenticated

if TYPE_CHECKING:
    from seller_api.container import Container

BASE_PATH = "/api/v1"
SESSION_COOKIE = "__Host-quayside_session"
SESSION_COOKIE_SECONDS = 30 * 24 * 3600


class Call[Body, Query]:
    """One request, as a view sees it: read, authenticated and checked."""

    def __init__(
        self, container: "Container", principal: Principal | None, body: Body, query: Query, request: Request
    ) -> None:
        self.container = container
        self.body = body
        self.query = query
        self.response_headers: dict[str, str] = {}
        self._principal = principal
        self._request = request

    @property
    def principal(self) -> Principal:
        """Who asks.

        Raises:
            Unauthenticated: the route is public, so nobody is known.
        """
        if self._principal is None:
            raise Unauthenticated("Nobody is signed in.")
        return self._principal

    def path(self, name: str) -> str:
        """Return a parameter of the address."""
        return (self._request.uri_params or {})[name]

    @property
    def refresh_token(self) -> str | None:
        """The refresh token of the session cookie."""
        for part in (self._request.headers.get("cookie") or "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == SESSION_COOKIE and value:
                return str(value)
        return None

    def keep_session(self, refresh_token: str | None) -> None:
        """Set the session cookie; without a token the present one stays."""
        if refresh_token is not None:
            self._set_cookie(refresh_token, SESSION_COOKIE_SECONDS)

    def drop_session(self) -> None:
        """Remove the session cookie."""
        self._set_cookie("", 0)

    def _set_cookie(self, value: str, seconds: int) -> None:
        self.response_headers["Set-Cookie"] = (
            f"{SESSION_COOKIE}={value}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Strict"
        )


View = Callable[[Call[Any, Any]], object]


class Route(NamedTuple):
    """A declared route. ``answer`` is None when the answer has no body."""

    method: str
    path: str
    permission: Permission
    view: View
    body: type | None
    query: type | None
    status: int
    answer: Any
    tag: str

    @property
    def resource_path(self) -> str:
        """The path as API Gateway knows it."""
        return f"{BASE_PATH}{self.path}"


class Routes:
    """The routes of one feature."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Route] = []

    def route(  # noqa: PLR0913 - what a route is
        self,
        method: str,
        path: str,
        *,
        permission: Permission,
        body: type | None = None,
        query: type | None = None,
        status: int = 200,
    ) -> Callable[[View], View]:
        """Declare a route; ``permission`` can't be left out, and "public" has to be said."""

        def declare(view: View) -> View:
            answer = get_type_hints(view)["return"]
            self.all.append(
                Route(
                    method,
                    path,
                    permission,
                    view,
                    body,
                    query,
                    status,
                    None if answer is type(None) else answer,
                    self.tag,
                )
            )
            return view

        return declare

    def get(self, path: str, *, permission: Permission, query: type | None = None) -> Callable[[View], View]:
        """Declare a route that reads."""
        return self.route("GET", path, permission=permission, query=query)

    def post(
        self, path: str, *, permission: Permission, body: type | None = None, status: int = 200
    ) -> Callable[[View], View]:
        """Declare a route that acts."""
        return self.route("POST", path, permission=permission, body=body, status=status)

    def put(self, path: str, *, permission: Permission, body: type) -> Callable[[View], View]:
        """Declare a route that sets something to what is sent."""
        return self.route("PUT", path, permission=permission, body=body)

    def patch(self, path: str, *, permission: Permission, body: type) -> Callable[[View], View]:
        """Declare a route that changes."""
        return self.route("PATCH", path, permission=permission, body=body)
