"""When credentials are renewed, warned about and deleted."""

from datetime import datetime, timedelta

import pytest

from quayside.compliance import credentials_rules as rules
from quayside.connections.rules import last_used, reminder, use_verdict
from quayside.kernel.clock import parse_instant

NOW = parse_instant("2026-11-21T10:00:00Z")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("issued", "valid_days", "requested", "state"),
    [
        (0, None, None, "fresh"),
        (149.9, None, None, "fresh"),
        (150, None, None, "due"),
        (10, 29.9, None, "due"),
        (5, 1, None, "fresh"),  # the one before is still good: rotating now would end it
        (7, 1, None, "due"),
        (164.1, None, None, "overdue"),
        (150, None, 0.01, "requested"),
        (150, None, 0.05, "overdue"),
        (150, None, 1.01, "due"),
    ],
)
def test_a_client_secret_is_rotated_a_month_before_its_time_and_never_within_the_week(
    issued: float, valid_days: float | None, requested: float | None, state: str
) -> None:
    verdict = rules.secret_verdict(
        issued_at=ago(issued),
        valid_until=None if valid_days is None else NOW + timedelta(days=valid_days),
        requested_at=None if requested is None else ago(requested),
        now=NOW,
    )
    assert verdict.state == state


@pytest.mark.parametrize(
    ("issued", "requested", "may"), [(7, None, True), (6.9, None, False), (9, 0.9, False), (9, 1.1, True)]
)
def test_a_second_rotation_never_ends_the_secret_in_use(issued: float, requested: float | None, *, may: bool) -> None:
    asked = None if requested is None else ago(requested)
    assert rules.may_rotate(issued_at=ago(issued), requested_at=asked, now=NOW) is may


@pytest.mark.parametrize(
    ("granted", "uses", "standing"),
    [
        (59.9, [], "used"),
        (60, [], "unused"),
        (200, [59], "used"),
        (200, [80, 60], "unused"),
        (200, [89.9], "unused"),
        (200, [90], "to_delete"),
        (90, [], "to_delete"),
    ],
)
def test_a_key_is_warned_about_at_60_days_without_use_and_deleted_at_90(
    granted: float, uses: list[float], standing: str
) -> None:
    used = {f"role {number}": ago(days) for number, days in enumerate(uses)}
    assert use_verdict(last_used(ago(granted), used), NOW) == standing


def test_a_credential_is_encrypted_anew_when_the_key_was_rotated_or_half_a_year_went_by() -> None:
    assert not rules.needs_rewrap(ago(179), None, NOW)
    assert rules.needs_rewrap(ago(180), None, NOW)
    assert rules.needs_rewrap(ago(10), ago(9), NOW)
    assert not rules.needs_rewrap(ago(9), ago(10), NOW)


@pytest.mark.parametrize(
    ("left", "due"), [(31, None), (30, 30), (14.1, 30), (14, 14), (7, 7), (1.1, 7), (1, 1), (0.1, 1), (0, 0), (-3, 0)]
)
def test_a_seller_is_reminded_30_14_7_and_1_days_before_an_authorisation_ends(left: float, due: int | None) -> None:
    assert reminder(NOW + timedelta(days=left), NOW) == due
