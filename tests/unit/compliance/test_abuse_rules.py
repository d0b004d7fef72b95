"""What an abuse case may hold, and what Amazon is told."""

import pytest

from quayside.compliance.abuse_rules import LONGEST_TEXT, Line, email_to_amazon, text_problem
from quayside.connections.rules import SellerAccount

LINES = [
    Line("2026-11-20T09:00:00Z", "opened", "Asks buyers of 41 orders for good reviews."),
    Line("2026-11-20T09:05:00Z", "evidence", "Request ids 1-a and 1-b, both on 19 November."),
    Line("2026-11-20T09:06:00Z", "blocked", "Blocked while Amazon looks at it."),
]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Asks buyers for reviews.", None),
        ("          too short        ", "needs at least 10 characters"),
        ("", "needs at least 10 characters"),
        ("x" * LONGEST_TEXT, None),
        ("x" * (LONGEST_TEXT + 1), "has more than 2000 characters"),
        ("Wrote to buyer jane@example.com twice.", "holds an e-mail address"),
    ],
)
def test_a_reason_says_something_and_nothing_personal(text: str, problem: str | None) -> None:
    found = text_problem(text, 10)
    assert (found is None) if problem is None else (found or "").startswith(problem)


def test_the_email_says_who_what_was_seen_and_what_was_done() -> None:
    email = email_to_amazon(
        case_id="case1",
        application_id="amzn1.sp.solution.1",
        accounts=[SellerAccount("A1SELLER", "NA"), SellerAccount("A1SELLER", "EU")],
        state="blocked",
        blocked_since="2026-11-20T09:06:00Z",
        lines=LINES,
    )
    assert email.to == "spapi-abuse@amazon.com"
    assert "A1SELLER" in email.subject
    for told in ("amzn1.sp.solution.1", "A1SELLER (NA)", "A1SELLER (EU)", "41 orders", "1-a and 1-b", "09:06:00Z"):
        assert told in email.body
    # Why the operator decided is shown to the seller; Amazon is told what was seen.
    assert "while Amazon looks" not in email.body
    assert email.link.startswith("mailto:spapi-abuse@amazon.com?subject=Suspected%20violation")


def test_the_email_of_a_case_without_block_or_account_does_not_pretend() -> None:
    email = email_to_amazon(
        case_id="case1", application_id="", accounts=[], state="open", blocked_since=None, lines=LINES[:1]
    )
    assert "is not blocked at the moment" in email.body
    assert "none is connected" in email.body
