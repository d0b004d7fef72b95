"""Fill an installation the way people fill it: through the public API and Amazon's consent page, over HTTP."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from infra.local.people import CONFIRMATION_CODE, OPERATOR, SELLERS, USAGE_PLAN, Person

_FIRST_ORDERS_SECONDS = 90.0
_HALF_MADE_SECONDS = 15.0
# The first call of each function starts its process; on a busy machine that takes a while.
_TIMEOUT_SECONDS = 60.0
_HISTORY_TIMEOUT_SECONDS = 300.0


class SeedingError(Exception):
    """The product or the simulator did not answer as a person would expect; the message holds the answer."""


class Amazon:
    """The simulated Amazon, seen by its control API and its consent page."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=_HISTORY_TIMEOUT_SECONDS)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def application(self) -> dict[str, Any]:
        """The registered application: its ids and its client secret."""
        return _json(self._client.get("/control/application"))

    def register_redirect(self, uri: str) -> None:
        """Make ``uri`` the address to which the consent page sends sellers back."""
        _json(self._client.put("/control/application", json={"redirect_uris": [uri]}))

    def register_queue(self, arn: str) -> None:
        """Make a queue the one to which news of the application itself goes, such as a new client secret."""
        _json(self._client.put("/control/application", json={"notification_queue": arn}))

    def mark_buyers(self, marker: str) -> None:
        """Put a word into the personal data of all buyers; an empty one ends it."""
        _json(self._client.put("/control/buyers", json={"marker": marker}))

    def pause(self, *, on: bool) -> None:
        """Let Amazon's time stand still, or go on."""
        _json(self._client.put("/control/clock", json={"paused": on}))

    def sell(self) -> int:
        """Let somebody buy something from every seller now; how many sellers that were."""
        sellers = _json(self._client.get("/control/state"))["sellers"]
        for each in sellers:
            _json(self._client.post(f"/control/sellers/{each['selling_partner_id']}/orders", json={}))
        return len(sellers)

    def seller(self, person: Person) -> str:
        """The selling partner id of a person's shop, which is opened with its history when it is missing."""
        for found in _json(self._client.get("/control/state"))["sellers"]:
            if found["name"] == person.organisation:
                return str(found["selling_partner_id"])
        wanted = {"profile": person.profile, "name": person.organisation}
        made = str(_json(self._client.post("/control/sellers", json=wanted))["selling_partner_id"])
        _json(self._client.put(f"/control/sellers/{made}", json={"rate_multipliers": USAGE_PLAN}))
        return made

    def consent(self, consent_url: str, selling_partner_id: str) -> dict[str, str]:
        """Press Allow on the consent page; what Amazon hands to the application's callback."""
        fields = dict(parse_qsl(urlsplit(consent_url).query))
        fields |= {"selling_partner_id": selling_partner_id, "decision": "allow"}
        answer = self._client.post(consent_url, data=fields, follow_redirects=False)
        if answer.status_code not in {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}:
            raise SeedingError(f"The consent page answered {answer.status_code}: {answer.text[:500]}")
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


class Member:
    """A person at the product's public API."""

    def __init__(self, api_url: str, person: Person) -> None:
        self.person = person
        self._client = httpx.Client(base_url=api_url, timeout=_TIMEOUT_SECONDS)
        self.me: dict[str, Any] = {}

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def sign_in_or_up(self) -> None:
        """Sign in; someone who has no account yet makes one first."""
        if not self._sign_in():
            person = self.person
            signed_up = self._client.post(
                "auth/sign-up",
                json={
                    "email": person.email,
                    "password": person.password,
                    "name": person.name,
                    "organisation": person.organisation,
                },
            )
            # A conflict means an earlier attempt got this far without confirming.
            if signed_up.status_code != HTTPStatus.CONFLICT:
                _json(signed_up)
            _json(self._client.post("auth/confirm", json={"email": person.email, "code": CONFIRMATION_CODE}))
            if not self._sign_in():
                raise SeedingError(f"{person.email} cannot sign in after signing up")

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read from the API."""
        return _json(self._client.get(path, params=query))

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Do something through the API."""
        return _json(self._client.post(path, json=body))

    def put(self, path: str, body: object) -> dict[str, Any]:
        """Set something through the API."""
        return _json(self._client.put(path, json=body))

    def connect(self, amazon: Amazon, selling_partner_id: str) -> str:
        """Connect the person's Amazon account unless it is connected; the connection's id."""
        existing = self._connection_of(selling_partner_id)
        if existing is not None:
            return existing
        wanted = {"marketplace_id": self.person.marketplace_id}
        begun = _json(self._client.post("connections/authorizations", json=wanted))
        given = amazon.consent(begun["consent_url"], selling_partner_id)
        callback = {
            "state": given["state"],
            "selling_partner_id": given["selling_partner_id"],
            "code": given["spapi_oauth_code"],
        }
        return str(_json(self._client.post("connections/callback", json=callback))["connection_id"])

    def _connection_of(self, selling_partner_id: str) -> str | None:
        """A connection of this shop that works; one that an interrupted start left half-made is given some seconds."""
        until = time.monotonic() + _HALF_MADE_SECONDS
        while True:
            found = [
                each
                for each in self.get("connections")["connections"]
                if each["selling_partner_id"] == selling_partner_id and each["status"] in {"authorising", "connected"}
            ]
            if not found:
                return None
            if found[0]["status"] == "connected":
                return str(found[0]["connection_id"])
            if time.monotonic() > until:
                return None
            time.sleep(0.5)

    def wait_for_first_orders(self, connection_id: str) -> None:
        """Wait until the connection's first orders are on screen; :class:`SeedingError` when it fails."""
        until = time.monotonic() + _FIRST_ORDERS_SECONDS
        connection: dict[str, Any] = {}
        while time.monotonic() < until:
            connection = self.get(f"connections/{connection_id}")
            if connection["status"] in {"failed", "revoked"}:
                break
            if connection["status"] == "connected" and self.get("orders", limit="1")["orders"]:
                return
            time.sleep(0.5)
        steps = [f"{step['key']}: {step['state']} {step.get('detail') or ''}" for step in connection.get("steps", [])]
        raise SeedingError(
            f"{self.person.organisation} has no orders after {_FIRST_ORDERS_SECONDS:.0f} s. "
            f"Its connection is {connection.get('status')} ({connection.get('status_reason')}); {'; '.join(steps)}"
        )

    def _sign_in(self) -> bool:
        answer = self._client.post("auth/sign-in", json={"email": self.person.email, "password": self.person.password})
        if answer.status_code in {
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.FORBIDDEN,
        }:
            return False
        session = _json(answer)
        if session.get("kind") != "session":
            raise SeedingError(f"{self.person.email} is asked for {session.get('challenge')}")
        self._client.headers["Authorization"] = f"Bearer {session['id_token']}"
        self.me = session.get("me") or {}
        return True


def open_shops(amazon: Amazon, sellers: Iterable[Person] = SELLERS) -> dict[str, str]:
    """The selling partner id of each seller's shop, by e-mail; missing ones are opened, which takes a while."""
    return {person.email: amazon.seller(person) for person in sellers}


def seed(api_url: str, amazon: Amazon, shops: dict[str, str], sellers: tuple[Person, ...] = SELLERS) -> list[Member]:
    """Sign up and connect every seller, and wait for the first orders of each; safe to repeat."""

    def bring(person: Person) -> Member:
        member = Member(api_url, person)
        member.sign_in_or_up()
        connection_id = member.connect(amazon, shops[person.email])
        member.wait_for_first_orders(connection_id)
        return member

    with ThreadPoolExecutor(len(sellers)) as pool:
        return list(pool.map(bring, sellers))


def seed_operator(api_url: str, clients: Any, user_pool_id: str, person: Person = OPERATOR) -> None:
    """An account for whoever runs the installation, in the group that opens Operations."""
    Member(api_url, person).sign_in_or_up()
    clients("cognito-idp").admin_add_user_to_group(
        UserPoolId=user_pool_id, Username=person.email, GroupName="operators"
    )


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        request = answer.request
        raise SeedingError(f"{request.method} {request.url} answered {answer.status_code}: {answer.text[:800]}")
    if not answer.content:
        return {}
    found = answer.json()
    if not isinstance(found, dict):
        raise SeedingError(f"{answer.request.url} answered something other than an object")
    return found
