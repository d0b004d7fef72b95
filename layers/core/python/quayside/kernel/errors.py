"""Errors the product knows: each says what happened, what to do about it, and maps to one HTTP status."""

from typing import ClassVar

import msgspec


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field of a request.

    Attributes:
        field: path of the field as the sender wrote it, for example ``lines[2].quantity``.
        problem: what is wrong, in words for the sender.
    """

    field: str
    problem: str


class QuaysideError(Exception):
    """An outcome that a caller can be told about.

    Attributes:
        code: stable identifier that programs may depend on.
        detail: what happened, in words for the reader; never holds personal data or secrets.
        action: what the reader can do now.
        status: the HTTP status it maps to.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "unexpected"
    default_action: ClassVar[str] = "Try again. If it keeps happening, tell your operator."

    def __init__(self, detail: str, *, code: str | None = None, action: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.action = action or self.default_action


class InvalidInput(QuaysideError):
    """What was sent can't be accepted; ``fields`` names each field and its problem."""

    status = 400
    default_code = "invalid_input"
    default_action = "Correct the fields that are named and send it again."

    def __init__(
        self,
        detail: str,
        *,
        fields: tuple[FieldProblem, ...] = (),
        code: str | None = None,
        action: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, action=action)
        self.fields = fields


class Unauthenticated(QuaysideError):
    """Nobody is signed in, or the session has ended."""

    status = 401
    default_code = "unauthenticated"
    default_action = "Sign in and try again."


class Forbidden(QuaysideError):
    """The member is known but may not do this."""

    status = 403
    default_code = "forbidden"
    default_action = "Ask an owner or admin of your organisation."


class NotFound(QuaysideError):
    """There is no such thing for this tenant."""

    status = 404
    default_code = "not_found"
    default_action = "Check the address, or go back to the list."


class Conflict(QuaysideError):
    """Something else changed first, or the state does not allow this step."""

    status = 409
    default_code = "conflict"
    default_action = "Load it again and repeat your change."


class ChangedMeanwhile(Conflict):
    """Somebody else changed first; the answer carries both versions, so that nothing that was typed is lost.

    Attributes:
        yours: what was sent.
        current: what is stored now, as its own route would show it.
    """

    default_code = "changed_meanwhile"
    default_action = "Compare your version with the present one, then save yours again or take the present one."

    def __init__(
        self, detail: str, *, yours: object, current: object, code: str | None = None, action: str | None = None
    ) -> None:
        super().__init__(detail, code=code, action=action)
        self.yours = yours
        self.current = current


class Gone(QuaysideError):
    """It existed, but its time is over: an expired state, code or link."""

    status = 410
    default_code = "gone"
    default_action = "Start again from the beginning."


class RateLimited(QuaysideError):
    """Too many attempts; ``retry_after_seconds`` says when the next one has a chance."""

    status = 429
    default_code = "rate_limited"
    default_action = "Wait a moment and try again."

    def __init__(
        self, detail: str, *, retry_after_seconds: int = 60, code: str | None = None, action: str | None = None
    ) -> None:
        super().__init__(detail, code=code, action=action)
        self.retry_after_seconds = retry_after_seconds


class UpstreamUnavailable(QuaysideError):
    """A service that Quayside depends on did not answer."""

    status = 503
    default_code = "upstream_unavailable"
    default_action = "Try again in a few minutes."
