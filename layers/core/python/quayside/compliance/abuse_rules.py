"""What an abuse case may become, what its texts may hold, and the e-mail to Amazon about it. Pure.

Source: Amazon's Acceptable Use Policy 1.3: who suspects that a seller uses the service to violate an agreement with
Amazon notifies Amazon (spapi-abuse@amazon.com) and blocks the seller.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from urllib.parse import quote

from quayside.connections.rules import SellerAccount

CaseState = Literal["open", "blocked", "closed"]
EntryKind = Literal["opened", "evidence", "blocked", "unblocked", "closed"]

AMAZON_ABUSE_ADDRESS = "spapi-abuse@amazon.com"
SHORTEST_REASON = 10
LONGEST_TEXT = 2000
MOST_ENTRIES = 40
"""So that a case of the longest texts stays well below the 400 KB of an item."""

_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


def text_problem(text: str, shortest: int) -> str | None:
    """Return what is wrong with a reason or with evidence, in words that follow its name; None when it is good."""
    length = len(text.strip())
    if length < shortest:
        return f"needs at least {shortest} characters: say what was seen"
    if length > LONGEST_TEXT:
        return f"has more than {LONGEST_TEXT} characters"
    if _ADDRESS.search(text):
        return "holds an e-mail address: leave personal data out, refer to ids of orders or requests"
    return None


class Email(NamedTuple):
    """A draft of an e-mail; nothing is sent by itself."""

    to: str
    subject: str
    body: str

    @property
    def link(self) -> str:
        """The draft as a ``mailto:`` link."""
        return f"mailto:{self.to}?subject={quote(self.subject)}&body={quote(self.body)}"


class Line(NamedTuple):
    """One line of a case: when (ISO 8601), what, and the text that was given with it."""

    at: str
    kind: EntryKind
    text: str


def email_to_amazon(  # noqa: PLR0913 - what the e-mail tells
    *,
    case_id: str,
    application_id: str,
    accounts: Sequence[SellerAccount],
    state: CaseState,
    blocked_since: str | None,
    lines: Sequence[Line],
) -> Email:
    """Draft the e-mail that tells Amazon of a case: whom it is about, what was seen, and what was done."""
    sellers = [f"- {each.selling_partner_id} ({each.region})" for each in accounts]
    done = (
        f"We blocked the seller's access to our application at {blocked_since}."
        if blocked_since
        else "The seller's access to our application is not blocked at the moment."
    )
    seen = [f"- {each.at}: {each.text}" for each in lines if each.kind in {"opened", "evidence"}]
    about = (
        "as the Acceptable Use Policy asks in section 1.3, we tell you of a selling partner who, we suspect, uses our "
        "application to violate an agreement with Amazon."
    )
    parts = [
        "Hello,",
        "",
        about,
        "",
        f"Application: {application_id or '(id of the application)'}",
        f"Our case: {case_id} ({state})",
        "Selling partners:",
        *(sellers or ["- (none is connected; add the selling partner id if you know it)"]),
        "",
        "What we saw (times are UTC):",
        *seen,
        "",
        f"What we did: {done}",
        "",
        "Please tell us what else you need.",
        "",
        "(name and role of who sends this)",
    ]
    named = ", ".join(each.selling_partner_id for each in accounts) or "a selling partner"
    return Email(AMAZON_ABUSE_ADDRESS, f"Suspected violation by {named} (case {case_id})", "\n".join(parts))
