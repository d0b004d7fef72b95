"""Who may do what, and what a password must look like. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

Role = Literal["owner", "admin", "analyst", "buyer", "warehouse"]

Permission = Literal[
    "public",
    "profile",
    "tenant.read",
    "tenant.manage",
    "tenant.close",
    "audit.read",
    "connections.read",
    "connections.manage",
    "orders.read",
    "fulfilment.recipients",
    "inventory.read",
    "inventory.manage",
    "catalog.read",
    "catalog.manage",
    "analytics.read",
    "costs.manage",
    "procurement.read",
    "procurement.manage",
    "procurement.approve",
    "procurement.receive",
    "reviews.read",
    "reviews.manage",
    "supply_chain.read",
    "supply_chain.manage",
    "sourcing.read",
    "sourcing.manage",
    "messages.read",
    "messages.send",
    "operations.read",
    "operations.act",
]
"""Every permission a route can ask for. ``public`` asks for nobody; ``profile`` is one's own account;
``fulfilment.recipients`` shows personal data of buyers; ``procurement.approve`` ends at the limit of one's role."""

PUBLIC: Permission = "public"

ROLES: tuple[Role, ...] = get_args(Role)

_READS: frozenset[Permission] = frozenset({"profile", "tenant.read", "connections.read", "supply_chain.read"})

PERMISSIONS_OF_ROLE: dict[Role, frozenset[Permission]] = {
    "owner": _READS
    | {
        "tenant.manage",
        "tenant.close",
        "audit.read",
        "connections.manage",
        "orders.read",
        "fulfilment.recipients",
        "inventory.read",
        "inventory.manage",
        "catalog.read",
        "catalog.manage",
        "analytics.read",
        "costs.manage",
        "procurement.read",
        "procurement.manage",
        "procurement.approve",
        "procurement.receive",
        "reviews.read",
        "reviews.manage",
        "supply_chain.manage",
        "sourcing.read",
        "sourcing.manage",
        "messages.read",
        "messages.send",
    },
    "admin": _READS
    | {
        "tenant.manage",
        "audit.read",
        "connections.manage",
        "orders.read",
        "fulfilment.recipients",
        "inventory.read",
        "analytics.read",
        "inventory.manage",
        "catalog.read",
        "catalog.manage",
        "costs.manage",
        "procurement.read",
        "procurement.manage",
        "procurement.approve",
        "procurement.receive",
        "reviews.read",
        "reviews.manage",
        "supply_chain.manage",
        "sourcing.read",
        "sourcing.manage",
        "messages.read",
        "messages.send",
    },
    "analyst": _READS
    | {
        "orders.read",
        "inventory.read",
        "catalog.read",
        "analytics.read",
        "procurement.read",
        "reviews.read",
        "sourcing.read",
    },
    "buyer": _READS
    | {
        "inventory.read",
        "inventory.manage",
        "analytics.read",
        "costs.manage",
        "procurement.read",
        "procurement.manage",
        "procurement.approve",
        "procurement.receive",
        "catalog.read",
        "supply_chain.manage",
        "sourcing.read",
        "sourcing.manage",
    },
    "warehouse": _READS
    | {
        "orders.read",
        "fulfilment.recipients",
        "inventory.read",
        "inventory.manage",
        "procurement.read",
        "procurement.receive",
        "catalog.read",
        "supply_chain.manage",
    },
}
"""What each role may do in its own tenant: the least it needs (AUP-3.9)."""

_BY_NAME: Mapping[str, frozenset[Permission]] = {str(role): held for role, held in PERMISSIONS_OF_ROLE.items()}

OPERATOR_PERMISSIONS: frozenset[Permission] = frozenset({"operations.read", "operations.act"})
"""What members of the operators' group may do besides; it is a group of the user pool, not a role of a tenant."""

PASSWORD_MINIMUM_LENGTH = 12
"""DPP 1.4: at least 12 characters, mixed."""
PASSWORD_MAXIMUM_LENGTH = 256
_LONGEST_EMAIL = 254  # RFC 5321's limit of a path
_SYMBOLS = frozenset("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ")
"""What Cognito counts as a symbol. Source: Cognito developer guide, "Adding user pool password requirements"."""

PASSWORD_RULES: tuple[str, ...] = (
    "At least 12 characters",
    "A capital letter",
    "A small letter",
    "A digit",
    "A symbol, such as ! ? - or a space inside",
)


def permissions_of(role: str, *, is_operator: bool) -> frozenset[Permission]:
    """Return what a member may do; a role nobody knows may do nothing."""
    own = _BY_NAME.get(role, frozenset())
    return own | OPERATOR_PERMISSIONS if is_operator else own


def broken_password_rules(password: str) -> tuple[str, ...]:
    """Return the password rules that ``password`` breaks, in the words the sign-up page shows; none when it is good."""
    held = (
        PASSWORD_MINIMUM_LENGTH <= len(password) <= PASSWORD_MAXIMUM_LENGTH,
        any("A" <= letter <= "Z" for letter in password),
        any("a" <= letter <= "z" for letter in password),
        any("0" <= letter <= "9" for letter in password),
        any(letter in _SYMBOLS for letter in password.strip(" ")),
    )
    return tuple(rule for rule, holds in zip(PASSWORD_RULES, held, strict=True) if not holds)


def trial_ends_at(created_at: datetime, trial_days: int) -> datetime:
    """Return when a trial that began at ``created_at`` ends."""
    return created_at + timedelta(days=trial_days)


def normalise_email(text: str) -> str:
    """Return an e-mail address as accounts are known by: trimmed and in small letters."""
    return text.strip().lower()


def looks_like_email(text: str) -> bool:
    """Whether a text can be an e-mail address at all; the confirmation code proves the rest."""
    name, at, domain = text.partition("@")
    return (
        bool(name and at and "." in domain.strip(".") and len(text) <= _LONGEST_EMAIL)
        and not any(letter.isspace() or letter in ",;<>()" for letter in text)
        and "@" not in domain
    )


def groups_of(claim: object) -> frozenset[str]:
    """Read the groups claim as API Gateway writes it: a list, ``a,b`` or ``[a b]``."""
    if isinstance(claim, str):
        return frozenset(claim.strip("[]").replace(",", " ").split())
    if isinstance(claim, Iterable):
        return frozenset(str(group) for group in claim)
    return frozenset()


def session_is_over(signed_in_at: int | None, sessions_end_at: int | None) -> bool:
    """Whether a token of a session that began at ``signed_in_at`` is refused.

    After "sign out everywhere" every session that began up to that second is over; a token that doesn't say when its
    session began is refused too. Both are epoch seconds.
    """
    if sessions_end_at is None:
        return False
    return signed_in_at is None or signed_in_at <= sessions_end_at
