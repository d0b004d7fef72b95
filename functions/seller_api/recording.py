"""What of a request is recorded in the audit trail: every change and every refusal, by no doing of the route.

The action is named by the route: its feature and its view, such as ``connections.disconnect``. What operators do goes
to the application's chain, all else to the chain of the member's tenant.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from quayside.accounts.rules import OPERATOR_PERMISSIONS
from quayside.storage.audit_chain import AuditEvent, Outcome, is_name

if TYPE_CHECKING:
    from quayside.accounts.service import Principal
    from seller_api.routing import Route


_QUESTIONS = frozenset({"preview_campaign", "preview_order_lines"})
"""Views that change nothing, but are asked with more than an address can hold."""


def changes(route: "Route") -> bool:
    """Whether a request of this route is recorded when it succeeds: it is no GET, and no question with a body."""
    return route.method != "GET" and route.view.__name__ not in _QUESTIONS


def of_the_installation(route: "Route") -> bool:
    """Whether what the route does belongs to no tenant."""
    return route.permission in OPERATOR_PERMISSIONS


def event_of(
    route: "Route", principal: "Principal", parameters: Mapping[str, str], outcome: Outcome, code: str | None = None
) -> AuditEvent:
    """Return what is recorded of a request: the first parameter of the address is the subject, the others are details.

    A parameter that is neither a name nor an id is not kept: it may be anything that somebody typed.
    """
    given = [
        (name.removesuffix("_id"), value if is_name(value) else "unreadable") for name, value in parameters.items()
    ]
    subject = f"{given[0][0]}/{given[0][1]}" if given else f"member/{principal.member_id}"
    details = dict(given[1:])
    if code is not None:
        details["code"] = code
    return AuditEvent(
        f"{route.tag}.{route.view.__name__}",
        principal.member_id,
        subject if is_name(subject) else "unreadable",
        outcome,
        details,
    )
