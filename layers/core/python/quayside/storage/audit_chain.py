"""The form of an audit chain: what is recorded of an event, and how each entry holds on to the one before. Pure.

An entry is canonical JSON (keys sorted, no white space, UTF-8) with the number of the entry in its chain, a random id,
the instant, the event, and the SHA-256 of the entry before it. Its own hash is the SHA-256 of that text. So whoever
changes, removes or moves an entry changes every hash after it, and any later hash that was kept elsewhere shows it.

An event never holds personal data: actors are ids of members or names of functions, subjects are typed ids, details
are names and counts. That is not left to good will: a value that has a space, an ``@`` or more than 120 characters is
refused.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from quayside.kernel.clock import format_instant

APPLICATION = "application"
"""The chain of what belongs to no tenant; every other chain is named by its tenant's id."""

FIRST_PREVIOUS = "0" * 64
"""What the first entry of a chain holds in place of the hash before it."""

Outcome = Literal["done", "refused", "failed"]

_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
_DETAIL = re.compile(r"[a-z_]+")
_VALUE = re.compile(r"[A-Za-z0-9_.:/+*=,-]{1,120}")
_MOST_DETAILS = 12


def is_name(text: str) -> bool:
    """Whether a text has the form of a name, an id or a count, and so may be part of an event."""
    return _VALUE.fullmatch(text) is not None


class AuditEvent(msgspec.Struct, frozen=True):
    """What happened, without personal data.

    Attributes:
        action: ``<what>.<did>``, for example ``connection.disconnected``.
        actor: who did it: a member's id, or the name of a function or ``operator``.
        subject: what it was done to: ``<kind>/<id>``, for example ``connection/tm19crgppmgzv9xh``.
        outcome: whether it was done, refused (not allowed) or failed.
        details: typed names and counts that say more.
    """

    action: str
    actor: str
    subject: str
    outcome: Outcome = "done"
    details: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could hold personal data.

        Raises:
            ValueError: a part has not the form of a name, an id or a count. The message never repeats the part.
        """
        if not _ACTION.fullmatch(self.action):
            raise ValueError("The action of an audit event is <what>.<did> in small letters.")
        for name, value in (("actor", self.actor), ("subject", self.subject), *self.details.items()):
            if not _DETAIL.fullmatch(name) or not is_name(value):
                raise ValueError(f"{self.action}: a part of the audit event is neither a name, an id nor a count.")
        if len(self.details) > _MOST_DETAILS:
            raise ValueError(f"{self.action}: an audit event has at most {_MOST_DETAILS} details.")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a chain, as it is written and hashed.

    Attributes:
        chain: ``application``, or the tenant's id.
        sequence: the number of the entry in its chain, from 0, without gaps.
        id: random, so that two entries are never the same text.
        at: when it was recorded (ISO 8601, UTC); never before the entry before it.
        previous: the hash of the entry before.
    """

    chain: str
    sequence: Annotated[int, msgspec.Meta(ge=0)]
    id: str
    at: str
    action: str
    actor: str
    subject: str
    outcome: Outcome
    details: dict[str, str]
    previous: str


class Head(NamedTuple):
    """Where a chain ends: number, hash and instant of its last entry."""

    sequence: int
    hash: str
    at: str


class Sealed(NamedTuple):
    """An entry with its text and the hash of the text."""

    entry: Entry
    text: str
    hash: str

    @property
    def head(self) -> Head:
        """Where the chain ends when this is its last entry."""
        return Head(self.entry.sequence, self.hash, self.entry.at)


def hash_of(text: str) -> str:
    """Return the SHA-256 of an entry's text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def seal(event: AuditEvent, chain: str, before: Head | None, at: datetime, entry_id: str) -> Sealed:
    """Make the entry that follows ``before`` (None: the first of its chain)."""
    now = format_instant(at)
    entry = Entry(
        chain=chain,
        sequence=0 if before is None else before.sequence + 1,
        id=entry_id,
        at=now if before is None else max(now, before.at),
        action=event.action,
        actor=event.actor,
        subject=event.subject,
        outcome=event.outcome,
        details=dict(event.details),
        previous=FIRST_PREVIOUS if before is None else before.hash,
    )
    text = _ENCODER.encode(entry).decode()
    return Sealed(entry, text, hash_of(text))


def read(text: str) -> Entry:
    """Read an entry from its text.

    Raises:
        msgspec.MsgspecError: the text is no entry.
    """
    return _DECODER.decode(text)


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Entry)
