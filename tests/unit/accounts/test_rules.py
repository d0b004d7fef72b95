"""Who may do what, passwords, and sessions that are over."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.accounts import rules

ROLES_THAT_MAY = {
    "profile": "owner admin analyst buyer warehouse",
    "tenant.read": "owner admin analyst buyer warehouse",
    "tenant.manage": "owner admin",
    "tenant.close": "owner",
    "audit.read": "owner admin",
    "connections.read": "owner admin analyst buyer warehouse",
    "connections.manage": "owner admin",
    "orders.read": "owner admin analyst warehouse",
    "fulfilment.recipients": "owner admin warehouse",
    "inventory.read": "owner admin analyst buyer warehouse",
    "inventory.manage": "owner admin buyer warehouse",
    "catalog.read": "owner admin analyst buyer warehouse",
    "catalog.manage": "owner admin",
    "analytics.read": "owner admin analyst buyer",
    "costs.manage": "owner admin buyer",
    "procurement.read": "owner admin analyst buyer warehouse",
    "procurement.manage": "owner admin buyer",
    "procurement.approve": "owner admin buyer",
    "procurement.receive": "owner admin buyer warehouse",
    "reviews.read": "owner admin analyst",
    "reviews.manage": "owner admin",
    "supply_chain.read": "owner admin analyst buyer warehouse",
    "supply_chain.manage": "owner admin buyer warehouse",
    "sourcing.read": "owner admin analyst buyer",
    "sourcing.manage": "owner admin buyer",
    "messages.read": "owner admin",
    "messages.send": "owner admin",
}


@pytest.mark.parametrize("role", rules.ROLES)
def test_each_role_may_do_exactly_what_the_table_says(role: str) -> None:
    expected = {permission for permission, roles in ROLES_THAT_MAY.items() if role in roles.split()}
    assert rules.permissions_of(role, is_operator=False) == expected


def test_an_unknown_role_may_do_nothing() -> None:
    assert rules.permissions_of("intruder", is_operator=False) == frozenset()


def test_no_role_of_a_tenant_makes_an_operator() -> None:
    for role in rules.ROLES:
        own = rules.permissions_of(role, is_operator=False)
        assert not own & rules.OPERATOR_PERMISSIONS
        assert rules.permissions_of(role, is_operator=True) == own | rules.OPERATOR_PERMISSIONS


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Correct-Horse-9", ()),
        ("Correct Horse 9 Battery", ()),
        ("Short-9a", (0,)),
        ("correct-horse-9", (1,)),
        ("CORRECT-HORSE-9", (2,)),
        ("Correct-Horse-x", (3,)),
        ("CorrectHorse99", (4,)),
        (" CorrectHorse99 ", (4,)),
        ("", (0, 1, 2, 3, 4)),
        ("A" * 257 + "a-9", (0,)),
    ],
)
def test_a_weak_password_names_the_rules_it_breaks(password: str, broken: tuple[int, ...]) -> None:
    assert rules.broken_password_rules(password) == tuple(rules.PASSWORD_RULES[place] for place in broken)


@pytest.mark.parametrize(
    ("text", "is_address"),
    [
        ("anna@example.com", True),
        ("a.b+c@sub.example.co.uk", True),
        ("anna@example", False),
        ("@example.com", False),
        ("anna@", False),
        ("anna", False),
        ("an na@example.com", False),
        ("anna@exa@mple.com", False),
        ("anna@example.com, eve@example.com", False),
        ("a" * 250 + "@example.com", False),
    ],
)
def test_only_what_can_be_an_address_is_taken(text: str, *, is_address: bool) -> None:
    assert rules.looks_like_email(text) == is_address


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("operators", {"operators"}),
        ("[operators admins]", {"operators", "admins"}),
        ("operators,admins", {"operators", "admins"}),
        (["operators"], {"operators"}),
        ("", set()),
        (None, set()),
    ],
)
def test_groups_are_read_however_the_authoriser_writes_them(claim: object, groups: set[str]) -> None:
    assert rules.groups_of(claim) == groups


@given(st.integers(0, 2**33), st.integers(0, 2**33))
def test_sessions_that_began_up_to_a_sign_out_everywhere_are_over(began: int, ended: int) -> None:
    assert rules.session_is_over(began, ended) == (began <= ended)
    assert not rules.session_is_over(began, None)
    assert rules.session_is_over(None, ended)


def test_a_trial_ends_after_its_days() -> None:
    began = datetime(2026, 2, 27, 12, 0, tzinfo=UTC)
    assert rules.trial_ends_at(began, 7) == datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
