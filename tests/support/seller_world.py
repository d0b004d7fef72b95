"""The seller API on an in-process AWS: people who sign up and ask, as a browser and API Gateway would."""

from collections.abc import Mapping
from typing import Any

import msgspec

from quayside.kernel.clock import epoch_seconds
from quayside.kernel.ids import TenantId, tenant_id_of
from quayside.kernel.observability import CountedMetrics
from seller_api.app import build
from seller_api.container import Container
from tests.support.api import Answer, caller
from tests.support.aws import Aws
from tests.support.identity import CLIENT_ID, CODE, FakeIdentityProvider

PASSWORD = "Correct-Horse-9"


class Person:
    """Somebody with a browser: keeps the session cookie and asks with the token's claims."""

    def __init__(self, world: "SellerWorld", email: str) -> None:
        self.world = world
        self.email = email
        self.cookie = ""
        self.claims: dict[str, object] | None = None

    def call(self, method: str, path: str, body: object = None, query: Mapping[str, str] | None = None) -> Answer:
        """Send a request, and keep the cookie that comes back."""
        answer = self.world.call(
            method, f"/api/v1{path}", body=body, query=query, claims=self.claims, headers={"cookie": self.cookie}
        )
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer

    def sign_up(self, organisation: str = "Anna & Co", name: str = "Anna") -> "Person":
        """Create an account, confirm it and sign in."""
        body = {"email": self.email, "password": PASSWORD, "name": name, "organisation": organisation}
        assert self.call("POST", "/auth/sign-up", body).status == 201
        assert self.call("POST", "/auth/confirm", {"email": self.email, "code": CODE}).status == 204
        return self.sign_in()

    def sign_in(self) -> "Person":
        """Sign in, as the browser does, and take over the claims that the authoriser would find."""
        answer = self.call("POST", "/auth/sign-in", {"email": self.email, "password": PASSWORD})
        assert answer.status == 200, answer.text
        return self.authorised()

    def authorised(self) -> "Person":
        """Take the claims of a session that began now."""
        account = self.world.identity.accounts[self.email]
        self.claims = self.world.identity.claims(account, epoch_seconds(self.world.aws.clock.now()))
        return self

    @property
    def tenant_id(self) -> TenantId:
        """The tenant this person created."""
        return tenant_id_of(self.world.identity.accounts[self.email].subject)


class SellerWorld:
    """A seller API with an identity provider in memory."""

    def __init__(self, present: Aws, **settings: Any) -> None:
        self.aws = present
        self.identity = FakeIdentityProvider(present.clock)
        self.metrics = CountedMetrics()
        given = msgspec.structs.replace(present.settings, user_pool_client_id=CLIENT_ID, **settings)
        self.container = Container(
            given, clock=present.clock, store=present.store, identity=self.identity, metrics=self.metrics
        )
        self.app, self.routes = build(self.container)
        self.call = caller(self.app)

    def person(self, email: str = "anna@example.com") -> Person:
        """Return somebody who is not signed in."""
        return Person(self, email)
