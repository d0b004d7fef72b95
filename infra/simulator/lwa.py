"""Login with Amazon: authorisation codes, refresh tokens, access tokens, and the exact words of its refusals."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from infra.simulator import faults as trouble
from infra.simulator.answers import Answer, json_answer
from infra.simulator.application import Application
from infra.simulator.clock import MINUTE
from infra.simulator.faults import Faults
from infra.simulator.storage import Storage
from infra.simulator.world import Seller, World

CODE_LIVES_MS = 5 * MINUTE
ACCESS_TOKEN_LIVES_SECONDS = 3600
SCOPE_NOTIFICATIONS = "sellingpartnerapi::notifications"
SCOPE_ROTATION = "sellingpartnerapi::client_credential:rotation"
SCOPES = frozenset({SCOPE_NOTIFICATIONS, SCOPE_ROTATION, "sellingpartnerapi::shipments:track"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token says: for which application, which seller (None: grantless), which scope, until when."""

    application_id: str
    seller: str | None
    scope: str | None
    expires_ms: int


class LoginWithAmazon:
    """Issues and reads tokens.

    Access tokens are signed and kept nowhere, as they outlive a revoked grant by up to an hour.
    """

    def __init__(self, world: World, storage: Storage, application: Application, faults: Faults) -> None:
        self._world = world
        self._storage = storage
        self._application = application
        self._faults = faults
        key = storage.note("token_key")
        if key is None:
            key = secrets.token_hex(32)
            storage.write_note("token_key", key)
        self._key = bytes.fromhex(key)

    def issue_code(self, seller: Seller, redirect_uri: str) -> str:
        """Return an authorisation code that can be exchanged once within five minutes."""
        code = "AN" + secrets.token_urlsafe(15).replace("-", "x").replace("_", "y")[:18]
        with self._world.lock:
            self._storage.connection.execute(
                "INSERT INTO codes (code, client_id, selling_partner_id, redirect_uri, expires) VALUES (?, ?, ?, ?, ?)",
                (
                    code,
                    self._application.client_id,
                    seller.selling_partner_id,
                    redirect_uri,
                    self._world.clock.now_ms() + CODE_LIVES_MS,
                ),
            )
            self._world.commit()
        return code

    def revoke(self, seller: Seller, *, at_once: bool = False) -> int:
        """Revoke a seller's grants and return how many there were.

        Live access tokens work until they expire, or (``at_once``) not any more.
        """
        with self._world.lock:
            if at_once:
                seller.tokens_ended_ms = self._world.clock.now_ms() + 1
                self._world.save_seller(seller)
            cursor = self._storage.connection.execute(
                "UPDATE grants SET revoked = 1 WHERE selling_partner_id = ? AND revoked = 0",
                (seller.selling_partner_id,),
            )
            self._storage.connection.execute(
                "UPDATE codes SET used = 1 WHERE selling_partner_id = ?", (seller.selling_partner_id,)
            )
            self._world.commit()
            return cursor.rowcount

    def grants(self, seller: Seller) -> int:
        """Return how many live grants a seller has given."""
        row = self._storage.connection.execute(
            "SELECT COUNT(*) FROM grants WHERE selling_partner_id = ? AND revoked = 0", (seller.selling_partner_id,)
        ).fetchone()
        return int(row[0])

    def authorise(self, seller: Seller) -> str:
        """Return a refresh token at once, as self-authorisation in Seller Central does."""
        with self._world.lock:
            return self._grant(seller.selling_partner_id)

    def token(self, form: Mapping[str, str]) -> Answer:
        """Answer a token request (the form's fields)."""
        with self._world.lock:
            now = self._world.clock.now_ms()
            answer = self._token(form, now)
            headers = {"Cache-Control": "no-store", "x-amzn-RequestId": str(uuid4()), **answer.headers}
            return replace(answer, headers=headers)

    def read(self, token: str) -> AccessToken | None:
        """Return what a genuine access token says, expired or not; None for any other text."""
        try:
            prefix, encoded = token.split("|", 1)
            raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError:
            return None
        if prefix != "Atza" or not hmac.compare_digest(self._sign(raw[32:]), raw[:32]):
            return None
        document = json.loads(raw[32:])
        return AccessToken(document["a"], document["s"], document["c"], document["e"])

    def issue_access_token(self, seller: str | None, scope: str | None, now_ms: int) -> str:
        """Return an access token that lives an hour of simulated time."""
        expires = now_ms + ACCESS_TOKEN_LIVES_SECONDS * 1000
        document = {
            "a": self._application.application_id,
            "s": seller,
            "c": scope,
            "e": expires,
            "n": secrets.token_hex(8),
        }
        raw = json.dumps(document).encode()
        return "Atza|" + base64.urlsafe_b64encode(self._sign(raw) + raw).decode().rstrip("=")

    def _sign(self, raw: bytes) -> bytes:
        return hmac.digest(self._key, raw, hashlib.sha256)

    def _token(self, form: Mapping[str, str], now: int) -> Answer:
        seller = self._seller_of(form)
        fault = self._faults.strike_token(now, seller)
        if fault is not None and fault.kind == "wrong_secret":
            return _refusal(401, "invalid_client", "Client authentication failed")
        if fault is not None and (answer := trouble.answer_of(fault)) is not None:
            return answer
        answer = self._grant_token(form, now)
        if fault is None:
            return answer
        return Answer(answer.status, answer.body, answer.content_type, answer.headers, fault.delay_seconds or 3.0)

    def _grant_token(self, form: Mapping[str, str], now: int) -> Answer:  # noqa: PLR0911  one answer per refusal
        for name in ("grant_type", "client_id", "client_secret"):
            if not form.get(name):
                return _refusal(400, "invalid_request", f"The request is missing a required parameter : {name}")
        if form["client_id"] != self._application.client_id:
            return _refusal(401, "invalid_client", "Client authentication failed")
        if not self._application.accepts(form["client_secret"], now):
            expired = self._application.expired(form["client_secret"])
            words = "The LWA secret token you provided has expired." if expired else "Client authentication failed"
            return _refusal(401, "invalid_client", words)
        match form["grant_type"]:
            case "authorization_code":
                return self._exchange_code(form, now)
            case "refresh_token":
                return self._refresh(form, now)
            case "client_credentials":
                return self._grantless(form, now)
            case _:
                words = "The authorization grant type is not supported by the authorization server"
                return _refusal(400, "unsupported_grant_type", words)

    def _exchange_code(self, form: Mapping[str, str], now: int) -> Answer:
        if not form.get("code"):
            return _refusal(400, "invalid_request", "The request is missing a required parameter : code")
        row = self._storage.connection.execute(
            "SELECT selling_partner_id, redirect_uri, expires, used FROM codes WHERE code = ? AND client_id = ?",
            (form["code"], form["client_id"]),
        ).fetchone()
        if row is None or row[3] or now >= row[2]:
            return _refusal(400, "invalid_grant", "The request has an invalid grant parameter : code")
        if form.get("redirect_uri") and form["redirect_uri"] != row[1]:
            return _refusal(400, "invalid_grant", "The request has an invalid grant parameter : redirect_uri")
        self._storage.connection.execute("UPDATE codes SET used = 1 WHERE code = ?", (form["code"],))
        return _tokens(self.issue_access_token(row[0], None, now), self._grant(row[0]))

    def _refresh(self, form: Mapping[str, str], now: int) -> Answer:
        if not form.get("refresh_token"):
            return _refusal(400, "invalid_request", "The request is missing a required parameter : refresh_token")
        row = self._storage.connection.execute(
            "SELECT selling_partner_id, revoked FROM grants WHERE refresh_token = ? AND client_id = ?",
            (form["refresh_token"], form["client_id"]),
        ).fetchone()
        if row is None or row[1]:
            words = (
                "The request has an invalid grant parameter : refresh_token. "
                "User may have revoked or didn't grant the permission."
            )
            return _refusal(400, "invalid_grant", words)
        return _tokens(self.issue_access_token(row[0], None, now), form["refresh_token"])

    def _grantless(self, form: Mapping[str, str], now: int) -> Answer:
        if not form.get("scope"):
            return _refusal(400, "invalid_request", "The request is missing a required parameter : scope")
        if any(scope not in SCOPES for scope in form["scope"].split()):
            return _refusal(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed")
        return _tokens(self.issue_access_token(None, form["scope"], now), None)

    def _grant(self, selling_partner_id: str) -> str:
        refresh_token = "Atzr|" + secrets.token_urlsafe(160)
        self._storage.connection.execute(
            "INSERT INTO grants (refresh_token, client_id, selling_partner_id, created) VALUES (?, ?, ?, ?)",
            (refresh_token, self._application.client_id, selling_partner_id, self._world.clock.now_ms()),
        )
        self._world.commit()
        return refresh_token

    def _seller_of(self, form: Mapping[str, str]) -> str | None:
        if form.get("refresh_token"):
            query, key = "SELECT selling_partner_id FROM grants WHERE refresh_token = ?", form["refresh_token"]
        else:
            query, key = "SELECT selling_partner_id FROM codes WHERE code = ?", form.get("code", "")
        row = self._storage.connection.execute(query, (key,)).fetchone()
        return None if row is None else str(row[0])


def _tokens(access_token: str, refresh_token: str | None) -> Answer:
    document: dict[str, object] = {"access_token": access_token}
    if refresh_token is not None:
        document["refresh_token"] = refresh_token
    document |= {"token_type": "bearer", "expires_in": ACCESS_TOKEN_LIVES_SECONDS}
    return json_answer(200, document)


def _refusal(status: int, error: str, description: str) -> Answer:
    return json_answer(status, {"error_description": description, "error": error})
