"""Messages to buyers as Amazon keeps them: which templates an order's state allows, their schemas, and what was sent.

Amazon's model says what each template consists of, not when it is offered. Here questions about an order are offered
until it is shipped, questions about its delivery while the seller ships it, warranty and documents once it is shipped,
and an unexpected problem as long as it is not cancelled. A template stays on the list after it was used: nothing in the
model says that it goes, so nobody can tell by the list whether a message arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.simulator import entropy
from infra.simulator.answers import ApiError, invalid_input
from infra.simulator.lifecycle import SHIPPED_STATES, State

NOT_ALLOWED = "The requested message type is not available for this amazonOrderId."


def _text(longest: int, about: str) -> dict[str, Any]:
    said = f"The text to be sent to the buyer. Only links related to {about} are allowed. Do not include HTML or email "
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": f"{said}addresses."}


_FILES: dict[str, Any] = {
    "type": "array", "maxItems": 5,
    "items": {"type": "object", "required": ["fileName", "uploadDestinationId"]},
}  # fmt: skip
_SOME_FILES: dict[str, Any] = {**_FILES, "minItems": 1}
_DAY = {"type": "string", "format": "date-time"}
SCHEMAS: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "confirmCustomizationDetails": (
        {"text": _text(800, "customization details"), "attachments": _FILES}, ("text",),
    ),
    "confirmDeliveryDetails": ({"text": _text(2000, "order delivery")}, ("text",)),
    "confirmOrderDetails": ({"text": _text(2000, "order completion")}, ("text",)),
    "confirmServiceDetails": ({"text": _text(2000, "Home Service calls")}, ("text",)),
    "digitalAccessKey": ({"text": _text(400, "the digital access key"), "attachments": _FILES}, ("text",)),
    "unexpectedProblem": ({"text": _text(2000, "unexpected problem calls")}, ("text",)),
    "warranty": ({"attachments": _FILES, "coverageStartDate": _DAY, "coverageEndDate": _DAY}, ()),
    "legalDisclosure": ({"attachments": _SOME_FILES}, ("attachments",)),
    "invoice": ({"attachments": _SOME_FILES}, ("attachments",)),
}  # fmt: skip
"""Each template's fields and which of them have to be there."""


@dataclass(slots=True)
class Mood:
    """How often Amazon answers against expectation.

    Attributes:
        refused_share: of the messages that are offered and still refused.
        silent_share: of the messages that are taken and answered with an error of Amazon's own.
        outages: ranges of milliseconds in which no template is offered to anybody.
    """

    refused_share: float = 0.01
    silent_share: float = 0.0
    outages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Messageable:
    """What decides about an order: its number, its state, and who ships it."""

    number: int
    state: State
    by_amazon: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken."""

    number: int
    action: str
    at_ms: int
    body: Mapping[str, Any] = field(default_factory=dict)


class Messaging:
    """Answers for orders, and remembers what was sent."""

    def __init__(self, seed: int, mood: Mood | None = None) -> None:
        self.mood = mood or Mood()
        self.sent: list[Taken] = []
        self._seed = seed
        self._tries = 0

    def offers(self, order: Messageable, now_ms: int) -> list[str]:
        """Return the templates that an order's state allows."""
        if any(begins <= now_ms < ends for begins, ends in self.mood.outages):
            return []
        if order.state in {State.PENDING, State.CANCELLED}:
            return []
        if order.state not in SHIPPED_STATES:
            asked = ["confirmOrderDetails", "unexpectedProblem"]
            return asked if order.by_amazon else [*asked, "confirmCustomizationDetails", "confirmDeliveryDetails"]
        shipped = ["warranty", "legalDisclosure", "unexpectedProblem"]
        return shipped if order.by_amazon else [*shipped, "confirmDeliveryDetails", "invoice"]

    def send(
        self,
        order: Messageable,
        action: str,
        body: Mapping[str, Any],
        now_ms: int,
        content_of: Callable[[str], bytes | None],
    ) -> None:
        """Take a message, or refuse it. ApiError says how; ``content_of`` finds the content of an attachment."""
        if action not in self.offers(order, now_ms):
            raise ApiError(403, "Unauthorized", NOT_ALLOWED)
        _check(action, body, content_of)
        self._tries += 1
        if entropy.fraction(self._seed, "refuses a message", self._tries) < self.mood.refused_share:
            raise ApiError(403, "Unauthorized", NOT_ALLOWED)
        self.sent.append(Taken(order.number, action, now_ms, dict(body)))
        if entropy.fraction(self._seed, "loses an answer", self._tries) < self.mood.silent_share:
            raise ApiError(500, "InternalFailure", "We encountered an internal error. Please try again.")


def schema_of(action: str) -> dict[str, Any]:
    """Return the JSON schema of a template as the list of actions embeds it."""
    fields, required = SCHEMAS[action]
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": dict(fields),
        **({"required": list(required)} if required else {}),
    }


def _check(action: str, body: Mapping[str, Any], content_of: Callable[[str], bytes | None]) -> None:
    fields, required = SCHEMAS[action]
    for name in body:
        if name not in fields:
            raise invalid_input(f"{name} is not a property of {action}.")
    for name in required:
        if not body.get(name):
            raise invalid_input(f"{name} is required.")
    _check_attachments(body.get("attachments") or [], content_of)
    for name, value in body.items():
        longest = fields[name].get("maxLength")
        if fields[name]["type"] == "string" and not isinstance(value, str):
            raise invalid_input(f"{name} must be a string.")
        if longest is not None and not 1 <= len(value) <= longest:
            raise invalid_input(f"{name} must have between 1 and {longest} characters.")


def _check_attachments(attachments: object, content_of: Callable[[str], bytes | None]) -> None:
    if not isinstance(attachments, list) or len(attachments) > _FILES["maxItems"]:
        raise invalid_input(f"attachments must be a list of at most {_FILES['maxItems']}.")
    for each in attachments:
        if not isinstance(each, dict) or not all(each.get(name) for name in ("fileName", "uploadDestinationId")):
            raise invalid_input("attachments: fileName and uploadDestinationId are required.")
        if content_of(str(each["uploadDestinationId"])) is None:
            raise invalid_input(f"Attachment with ID {each['uploadDestinationId']} does not exist")
