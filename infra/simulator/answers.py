"""Requests and answers of the simulated Amazon, free of any web framework, and Amazon's error bodies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``query`` keeps repeated parameters; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def first(self, name: str) -> str | None:
        """Return a query parameter's first value, or None when it is absent or empty."""
        values = self.query.get(name) or ()
        return values[0] if values and values[0] != "" else None

    def listed(self, name: str) -> list[str]:
        """Return a query parameter as a list: repeated, comma-separated, or both."""
        return [part for value in self.query.get(name, ()) for part in value.split(",") if part != ""]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, sent after ``delay_seconds`` real seconds; ``hang`` never answers until the caller gives up."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    hang: bool = False


class ApiError(Exception):
    """An error that Amazon reports in its error list."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(f"{status} {code}: {message} {details}")
        self.status, self.code, self.message, self.details = status, code, message, details

    def answer(self) -> Answer:
        """Return the error as Amazon's body."""
        return json_answer(
            self.status, {"errors": [{"code": self.code, "message": self.message, "details": self.details}]}
        )


def invalid_input(details: str) -> ApiError:
    """Return Amazon's 400 for a parameter it cannot accept; ``details`` says which and why."""
    return ApiError(400, "InvalidInput", "Request has missing or invalid parameters and cannot be parsed.", details)


def not_found(details: str = "") -> ApiError:
    """Return Amazon's 404."""
    return ApiError(404, "NotFound", "The requested resource is not found.", details)


def unauthorized(details: str) -> ApiError:
    """Return Amazon's 403 for an access token it does not accept."""
    return ApiError(403, "Unauthorized", "Access to requested resource is denied.", details)


def quota_exceeded() -> ApiError:
    """Return Amazon's 429."""
    return ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")


def json_answer(status: int, document: object, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), JSON, headers or {})
