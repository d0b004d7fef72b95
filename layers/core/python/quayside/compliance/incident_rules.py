"""What is kept of an incident, and the notice to Amazon. Pure.

Amazon's Data Protection Policy 1.6 asks for a notice to security@amazon.com within 24 hours of noticing, and for
evidence whose hands are known: each piece is kept with its SHA-256.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.kernel.clock import format_instant
from quayside.kernel.redaction import redacted

NOTIFY_WITHIN = timedelta(hours=24)
AMAZON = "security@amazon.com"


class Piece(NamedTuple):
    """One piece of evidence.

    Attributes:
        name: the file it is kept in.
        content: what was found; empty when it could not be had.
        problem: why it could not be had, empty when it could.
    """

    name: str
    content: bytes
    problem: str = ""

    @property
    def sha256(self) -> str:
        """The hash of its content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


class Incident(NamedTuple):
    """What is known of an incident.

    Attributes:
        stack: the installation.
        noticed_at: when its first sign was noticed; the 24 hours begin there.
        begins_at: since when evidence is collected.
        collected_at: when it was collected.
        what: what was noticed, in words, without personal data.
        application_id: the application at Amazon.
    """

    stack: str
    noticed_at: datetime
    begins_at: datetime
    collected_at: datetime
    what: str
    application_id: str

    @property
    def notify_by(self) -> datetime:
        """Until when Amazon has to be told."""
        return self.noticed_at + NOTIFY_WITHIN


def time_left(incident: Incident) -> timedelta:
    """Return how much of the 24 hours was left when the evidence was collected; negative when they are over."""
    return incident.notify_by - incident.collected_at


def notice(incident: Incident, pieces: Sequence[Piece]) -> str:
    """Return the draft of the notice to Amazon, with what is known and the gaps to fill.

    Of the words that were typed, tokens, secrets and addresses of mail are taken out.
    """
    left = time_left(incident)
    hours = abs(left.total_seconds()) / 3600
    deadline = f"{hours:.1f} hours left" if left > timedelta(0) else f"OVERDUE by {hours:.1f} hours"
    begins = format_instant(incident.begins_at)
    lines = [
        f"To: {AMAZON}",
        f"Subject: Security incident, application {incident.application_id or '(application id)'}",
        "",
        f"(Draft. Send by {format_instant(incident.notify_by)}: {deadline} when this was written.",
        "Fill in what stands in brackets, say what is not known yet, and delete these lines.)",
        "",
        f"We noticed a security incident on {format_instant(incident.noticed_at)}.",
        "",
        f"What was noticed: {redacted(incident.what)}",
        "Amazon data concerned: (which datasets, of how many sellers; whether personal data of buyers is among it)",
        "Since when, and whether it still goes on: (…)",
        "What was done to contain it: (…)",
        "What is done next, and by when: (…)",
        "Who leads the response: (name, telephone)",
        "",
        f"Evidence collected at {format_instant(incident.collected_at)}, by SHA-256; it begins at {begins}:",
        *(f"  {piece.sha256}  {piece.name}" for piece in pieces if not piece.problem),
        *(f"  not available: {piece.name} ({piece.problem})" for piece in pieces if piece.problem),
    ]
    return "\n".join(lines) + "\n"
