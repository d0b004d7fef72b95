import pytest

from quayside.kernel.clock import parse_instant
from quayside.storage.audit_chain import FIRST_PREVIOUS, AuditEvent, hash_of, read, seal

AT = parse_instant("2026-11-21T10:11:12Z")
EVENT = AuditEvent("connection.disconnected", "b1a5-01", "connection/tm19crgppmgzv9xh", details={"b": "2", "a": "1"})


def test_the_text_of_an_entry_is_canonical() -> None:
    sealed = seal(EVENT, "application", None, AT, "0123456789abcdef")
    assert sealed.text == (
        '{"action":"connection.disconnected","actor":"b1a5-01","at":"2026-11-21T10:11:12Z","chain":"application",'
        '"details":{"a":"1","b":"2"},"id":"0123456789abcdef","outcome":"done","previous":"' + FIRST_PREVIOUS + '",'
        '"sequence":0,"subject":"connection/tm19crgppmgzv9xh"}'
    )
    assert sealed.hash == hash_of(sealed.text)
    assert read(sealed.text) == sealed.entry


def test_an_entry_follows_the_one_before_and_time_does_not_run_backwards() -> None:
    first = seal(EVENT, "application", None, AT, "a")
    second = seal(EVENT, "application", first.head, parse_instant("2026-11-21T10:11:00Z"), "b")
    assert (second.entry.sequence, second.entry.previous, second.entry.at) == (1, first.hash, first.entry.at)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("action", "Signed in"),
        ("actor", "anna@example.com"),
        ("actor", ""),
        ("subject", "Anna Miller"),
        ("subject", "order/1\n"),
        ("details", {"email": "anna@example.com"}),
        ("details", {"street": "Main Street 1"}),
        ("details", {"Total": "1"}),
        ("details", {"token": "x" * 121}),
        ("details", {f"count_{'a' * number}": "1" for number in range(1, 14)}),
    ],
)
def test_what_could_be_personal_is_refused_and_not_repeated(part: str, value: str | dict[str, str]) -> None:
    parts = {"action": "member.renamed", "actor": "m", "subject": "member/m", part: value}
    with pytest.raises(ValueError, match="audit event") as raised:
        AuditEvent(**parts)  # type: ignore[arg-type]  # wrong on purpose
    assert "anna" not in str(raised.value).lower()
