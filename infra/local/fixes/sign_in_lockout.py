"""A user is locked out after wrong passwords.

Gap: MiniStack lets anyone try passwords for ever. Cognito refuses further tries after five wrong ones, right or
wrong, for a second, and twice as long after each further failure, up to about 15 minutes; 15 minutes without a
try, or a sign-in, begin the count anew.
Source: Amazon Cognito developer guide, "Authentication flow: lockout behavior for failed sign-in attempts".
"""

import time
from http import HTTPStatus
from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "sign_in_lockout"

_FREE_TRIES = 5
_LONGEST_SECONDS = 900.0
_FLOWS = {"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"}
_COUNT, _LAST = "_wrong_passwords", "_wrong_password_at"


def apply() -> None:
    """Look at the count before a password is looked at, and keep it after."""
    cognito = part("services.cognito")
    expect(NAME, cognito, "_user_pools", "_resolve_user")

    def wrapper(original: Any) -> Any:
        def initiate(request: dict[str, Any]) -> Any:
            user = _user(cognito, request) if request.get("AuthFlow") in _FLOWS else None
            if user is None:
                return original(request)
            now = time.time()
            if now < locked_until(user, now):
                return cognito.error_response_json("NotAuthorizedException", "Password attempts exceeded", 400)
            answer = original(request)
            if answer[0] == HTTPStatus.OK:
                user.pop(_COUNT, None)
            elif "Incorrect username or password" in str(answer[2]):
                user[_COUNT], user[_LAST] = user.get(_COUNT, 0) + 1, now
            return answer

        return initiate

    wrap(NAME, cognito, "_admin_initiate_auth", wrapper)
    wrap(NAME, cognito, "_initiate_auth", wrapper)


def locked_until(user: dict[str, Any], now: float) -> float:
    """When ``user`` may try again, in epoch seconds; the past when now."""
    count, last = int(user.get(_COUNT, 0)), float(user.get(_LAST, 0.0))
    if now - last >= _LONGEST_SECONDS:
        user.pop(_COUNT, None)
        return 0.0
    if count < _FREE_TRIES:
        return 0.0
    return last + min(_LONGEST_SECONDS, 2.0 ** (count - _FREE_TRIES))


def _user(cognito: Any, request: dict[str, Any]) -> dict[str, Any] | None:
    name = (request.get("AuthParameters") or {}).get("USERNAME")
    for pool in list(cognito._user_pools.values()):
        if request.get("ClientId") in pool["_clients"]:
            user, error = cognito._resolve_user(pool, name)
            return None if error else user
    return None
