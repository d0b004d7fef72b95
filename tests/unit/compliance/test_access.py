"""The review of access: what has to be decided, and what changed."""

import pytest

from quayside.compliance.access_rules import Account, Review, changes, findings, report

ADA = Account(
    "s1", "ada@pine.example", enabled=True, confirmed=True, created_at="2026-01-01T00:00:00Z", tenant_id="t1",
    role="owner", active=True, second_factor=True,
)  # fmt: skip


def with_(**changed: object) -> Account:
    import msgspec  # noqa: PLC0415 - only here

    return msgspec.structs.replace(ADA, **changed)


def review(*accounts: Account) -> Review:
    return Review("2026-11-22T12:00:00Z", accounts)


@pytest.mark.parametrize(
    ("account", "word"),
    [
        (with_(operator=True), "operator"),
        (with_(active=False), "does not have it as a member"),
        (with_(second_factor=False), "password alone"),
        (with_(confirmed=False, created_at="2026-11-14T00:00:00Z"), "Nobody confirmed"),
    ],
)
def test_each_thing_to_decide_is_found(account: Account, word: str) -> None:
    (found,) = findings(review(account))
    assert word in found.what
    assert found.action


@pytest.mark.parametrize(
    "account", [ADA, with_(enabled=False, active=False), with_(confirmed=False, created_at="2026-11-21T00:00:00Z")]
)
def test_what_is_in_order_is_no_finding(account: Account) -> None:
    assert findings(review(account)) == ()


def test_what_changed_since_the_last_review_is_said() -> None:
    ben, cleo = with_(subject="s2", email="ben@pine.example"), with_(subject="s3", email="cleo@pine.example")
    before, now = review(ADA, ben), review(with_(role="analyst"), cleo)
    assert changes(before, now) == (
        "new: cleo@pine.example", "gone: ben@pine.example", "role of ada@pine.example: owner, now analyst",
    )  # fmt: skip
    assert changes(now, now) == ("Nothing changed since the last review.",)
    assert "no earlier review" in changes(None, now)[0]


def test_the_report_has_a_place_to_sign_and_the_day_of_the_next_one() -> None:
    text = report(review(ADA, with_(subject="s2", operator=True)), None)
    assert "Reviewed by: ___" in text
    assert "2 accounts of 1 organisations, 1 operators" in text
    assert "2027-02-22" in text
