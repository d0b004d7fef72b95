"""Every screen, in light and dark, on a desk and on a phone: no barrier, no error, no jump, no weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import ARTEFACTS
from tests.e2e.support.fake_api import EMAIL, PASSWORD, problem
from tests.e2e.support.fake_data import AMERICA
from tests.e2e.support.visit import DESKTOP_WIDTH, PHONE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark import ParameterSet

    from tests.e2e.support.fake_api import FakeQuayside
    from tests.e2e.support.visit import Visit, Visits

FIRST_LOAD_BYTES: Final = 200 * 1024


ALL: Final = (("light", DESKTOP_WIDTH), ("light", PHONE_WIDTH), ("dark", DESKTOP_WIDTH), ("dark", PHONE_WIDTH))
"""Both themes on both widths: for each screen as such."""
SOME: Final = (("light", DESKTOP_WIDTH), ("dark", PHONE_WIDTH))
"""For further states of a screen: each theme and each width once."""


class Case(NamedTuple):
    """A screen in one of its states: how the world is, where to go, what to do there."""

    name: str
    path: str | Callable[[FakeQuayside], str]
    world: Callable[[FakeQuayside], None] = lambda _: None
    act: Callable[[Visit], None] = lambda _: None
    signed_in: bool = True
    expects_errors: bool = False
    looks: tuple[tuple[str, int], ...] = SOME


def _cases() -> list[ParameterSet]:
    """Return each case in each of its looks."""
    return [
        pytest.param(case, theme, width, id=f"{case.name}-{theme}-{width}")
        for case in CASES
        for theme, width in case.looks
    ]


def _credentials(visit: Visit) -> None:
    visit.page.get_by_label("E-mail").fill(EMAIL)
    visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.get_by_role("button", name="Continue").wait_for()
    visit.settle()


def _empty_sign_up(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Create account").click()
    visit.page.get_by_role("alert").wait_for()


def _challenge(kind: str) -> Callable[[FakeQuayside], None]:
    return lambda fake: setattr(fake, "challenge", kind)


def _short_lists(fake: FakeQuayside) -> None:
    """Enough rows to see every kind; a check of each further row would only take longer."""
    fake.orders, fake.positions = fake.orders[:24], fake.positions[:12]


def _nothing_connected(fake: FakeQuayside) -> None:
    fake.connections, fake.orders, fake.positions = [], [], []


def _out_of_order(fake: FakeQuayside) -> None:
    fake.trouble["analytics"] = problem(
        503,
        "upstream_unavailable",
        "The figures cannot be read",
        "The store did not answer.",
        "Try again in a few minutes.",
    )


def _failed_connection(fake: FakeQuayside) -> None:
    fake.connections[0].update(
        status="revoked",
        status_reason="Amazon says the permission was withdrawn",
        status_action="Connect the account again if that was not meant.",
    )


def _open_card(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Sales").first.click()
    visit.page.get_by_role("dialog").wait_for()


def _open_disconnect(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Disconnect Tidewater America").click()
    visit.page.get_by_role("dialog").wait_for()


def _open_two_step(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Switch on").click()
    visit.page.get_by_role("dialog").wait_for()
    visit.settle()


def _order(state: str) -> Callable[[FakeQuayside], str]:
    return lambda fake: (
        "orders/"
        + next(order["order_id"] for order in fake.orders if order["total_state"] == state and len(order["lines"]) > 1)
    )


def _operator(fake: FakeQuayside) -> None:
    fake.operator = True


def _finish(visit: Visit) -> None:
    visit.page.get_by_role("heading", name="Connected", exact=True).wait_for(timeout=30_000)


CASES: Final = (
    Case("sign-in", "sign-in", signed_in=False, looks=ALL),
    Case("sign-in-code", "sign-in", _challenge("SOFTWARE_TOKEN_MFA"), _credentials, signed_in=False),
    Case("sign-in-set-up-code", "sign-in", _challenge("MFA_SETUP"), _credentials, signed_in=False),
    Case("sign-in-new-password", "sign-in", _challenge("NEW_PASSWORD_REQUIRED"), _credentials, signed_in=False),
    Case("sign-up", "sign-up", signed_in=False, looks=ALL),
    Case("sign-up-problems", "sign-up", act=_empty_sign_up, signed_in=False),
    Case("confirm", f"confirm?email={EMAIL}", signed_in=False, looks=ALL),
    Case("forgot-password", "forgot-password", signed_in=False, looks=ALL),
    Case("welcome", "welcome", looks=ALL),
    Case("connect", "connect", looks=ALL),
    Case(
        "callback",
        "connect/callback?state=state-{width}{theme}&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=c",
        act=_finish,
        looks=ALL,
    ),
    Case("callback-refused", "connect/callback?state=state-1&error=access_denied"),
    Case(
        "callback-forged",
        "connect/callback?state=forged&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=c",
        expects_errors=True,
    ),
    Case("overview", "", looks=ALL),
    Case("overview-one-marketplace", "?marketplace_id=A1PA6795UKMFR9"),
    Case("overview-today", "?period=today"),
    Case("overview-method", "?marketplace_id=A1PA6795UKMFR9&period=90d", act=_open_card),
    Case("overview-nothing-connected", "", _nothing_connected),
    Case("overview-out-of-order", "", _out_of_order, expects_errors=True),
    Case("overview-permission-withdrawn", "", _failed_connection),
    Case("orders", "orders", _short_lists, looks=ALL),
    Case("orders-search", "orders?search=lamp", _short_lists),
    Case("orders-nothing-found", "orders?search=zeppelin"),
    Case("order", _order("posted"), looks=ALL),
    Case("order-price-to-come", _order("waiting")),
    Case("order-not-found", "orders/000-0000000-0000000", expects_errors=True),
    Case("stock", "stock", _short_lists, looks=ALL),
    Case("stock-empty", "stock", _nothing_connected),
    Case("connections", "connections", looks=ALL),
    Case("connections-none", "connections", _nothing_connected),
    Case("connections-permission-withdrawn", "connections", _failed_connection),
    Case("connection", f"connections/{AMERICA}", looks=ALL),
    Case("connection-disconnect", f"connections/{AMERICA}", act=_open_disconnect),
    Case("settings", "settings", looks=ALL),
    Case("settings-two-step", "settings", act=_open_two_step),
    Case("operations", "operations", _operator, looks=ALL),
    Case("docs", "docs", looks=ALL),
)


@pytest.mark.parametrize(("case", "theme", "width"), _cases())
def test_screen(case: Case, theme: str, width: int, fake: FakeQuayside, shared_visits: Visits) -> None:
    case.world(fake)
    visit = shared_visits.new(theme=theme, width=width, signed_in=case.signed_in)
    try:
        path = case.path if isinstance(case.path, str) else case.path(fake)
        page = visit.open(path.format(theme=theme, width=width))
        shift, weight = visit.shift, visit.bytes
        case.act(visit)
        visit.photograph(ARTEFACTS / f"{case.name}-{theme}-{width}.png")

        assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
        assert visit.blocked == []
        assert case.expects_errors or visit.errors == []
        assert shift == 0
        assert weight <= FIRST_LOAD_BYTES
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    finally:
        visit.page.close()


def test_every_screen_has_a_case() -> None:
    from web_app.app import SCREENS  # noqa: PLC0415 - the only test here that needs it

    names = {case.name for case in CASES}
    wanted = {
        "/": "overview",
        "/connect/callback": "callback",
        "/orders/{order_id}": "order",
        "/connections/{connection_id}": "connection",
    }
    assert {wanted.get(path, path.strip("/")) for path in SCREENS} <= names
