"""The notice of an incident: its deadline, its evidence, and no secret in its words."""

from datetime import timedelta

from quayside.compliance.incident_rules import Incident, Piece, notice, time_left
from quayside.kernel.clock import parse_instant

NOTICED = parse_instant("2026-11-22T09:30:00Z")


def incident(hours_later: float) -> Incident:
    return Incident(
        "quayside-production",
        NOTICED,
        NOTICED - timedelta(days=1),
        NOTICED + timedelta(hours=hours_later),
        "A token Atzr|IwEBx was seen by jane@mail.example",
        "amzn1.sp.solution.1",
    )


def test_amazon_is_told_within_24_hours_of_noticing() -> None:
    assert time_left(incident(2)) == timedelta(hours=22)
    text = notice(incident(2), ())
    assert "To: security@amazon.com" in text
    assert "Send by 2026-11-23T09:30:00Z: 22.0 hours left" in text
    assert "OVERDUE by 1.0 hours" in notice(incident(25), ())


def test_the_notice_names_its_evidence_by_hash_and_what_could_not_be_had() -> None:
    text = notice(incident(2), (Piece("alarms.json", b"[]"), Piece("trail.json", b"", "AccessDenied")))
    assert "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945  alarms.json" in text
    assert "not available: trail.json (AccessDenied)" in text


def test_no_secret_and_no_address_of_mail_that_was_typed_is_in_the_notice() -> None:
    text = notice(incident(2), ())
    assert "Atzr" not in text
    assert "jane@" not in text
