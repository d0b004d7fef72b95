"""What the screens do when people work with them, and when things go wrong; against the fake API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.support import fake_sync
from tests.e2e.support.fake_api import CODE, EMAIL, PASSWORD, problem
from tests.e2e.support.fake_data import AMERICA, EUROPE
from tests.e2e.support.visit import PHONE_WIDTH

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from starlette.responses import JSONResponse

    from tests.e2e.support.fake_api import FakeQuayside
    from tests.e2e.support.visit import Visits

_POLL_MILLISECONDS = 15_000


@pytest.fixture(autouse=True)
def _patience() -> None:
    """A loaded machine draws slowly; what never comes still fails."""
    expect.set_options(timeout=15_000)


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def test_a_new_seller_signs_up_confirms_and_arrives_at_the_first_steps(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(signed_in=False).open("sign-up")
    page.get_by_label("Your name").fill("Mara Lindqvist")
    page.get_by_label("Company").fill("Tidewater Goods")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Code").fill(CODE)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Your e-mail is confirmed")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Welcome, Mara")).to_be_visible()
    assert "POST auth/sign-up" in fake.seen


def test_a_wrong_form_names_each_field_leads_to_it_and_keeps_what_was_typed(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(signed_in=False).open("sign-up")
    page.get_by_label("Your name").fill("Mara")
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_role("button", name="Create account").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(3)
    summary.get_by_role("link", name="E-mail").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value("not an address")
    expect(page.get_by_label("Your name")).to_have_value("Mara")
    assert "POST auth/sign-up" not in fake.seen


def test_what_the_server_finds_wrong_stands_at_its_field(fake: FakeQuayside, visits: Visits) -> None:
    fake.challenge = "SOFTWARE_TOKEN_MFA"
    page = visits.new(signed_in=False).open("sign-in?return=/orders")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("does not match")
    expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Code")).to_have_value("000000")
    page.get_by_label("Code").fill(CODE)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()


def test_wrong_credentials_say_what_to_do(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(signed_in=False).open("sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("E-mail or password is wrong")
    expect(page.get_by_role("alert")).to_contain_text("choose a new password")
    assert fake.token_number == 0


def test_the_keyboard_alone_signs_in_and_opens_an_order(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(signed_in=False).open("sign-in")
    page.get_by_label("E-mail").focus()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mara")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Orders", level=1)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("lamp")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Searched for “lamp”")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Searched for")).to_have_count(0)
    first = fake.orders[0]["order_id"]
    row = page.locator(".row-link").first
    for _ in range(12):
        page.keyboard.press("Tab")
        if row.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=first)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_skip_link_leads_to_the_content(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("orders")
    page.locator("body").press("Tab")
    assert _focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert _focused(page) == "main"
    assert page.url.endswith("/prod/orders")
    assert fake.seen


def test_an_address_that_is_none_says_so_and_leads_back(visits: Visits) -> None:
    page = visits.new().open("nowhere/at/all")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="Go to the overview").click()
    expect(page).to_have_url(visits.base)


def test_a_new_order_arrives_on_the_overview_without_a_reload(fake: FakeQuayside, visits: Visits) -> None:
    visit = visits.new()
    visit.page.clock.install()
    page = visit.open("?marketplace_id=")
    expect(page.get_by_text("New", exact=True)).to_have_count(0)
    order = fake.arrive()
    page.clock.run_for(_POLL_MILLISECONDS + 1000)
    latest = page.get_by_role("region", name="Latest orders").locator(".feed li").first
    expect(latest).to_contain_text(order["lines"][0]["title"])
    expect(latest).to_contain_text("New")
    expect(page.get_by_text("1 new order since you opened this page")).to_be_attached()
    assert visit.errors == []


def test_a_hidden_tab_asks_for_nothing(fake: FakeQuayside, visits: Visits) -> None:
    visit = visits.new()
    visit.page.clock.install()
    visit.page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.pretendHidden === true})")
    page = visit.open("")
    page.evaluate("window.pretendHidden = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(2000)
    fake.seen.clear()
    page.clock.run_for(5 * _POLL_MILLISECONDS)
    assert fake.seen == []
    page.evaluate("window.pretendHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    for _ in range(100):
        if "GET analytics/overview" in fake.seen:
            break
        page.clock.run_for(100)
    assert "GET analytics/overview" in fake.seen


def test_every_figure_opens_its_method_card(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("?marketplace_id=A1PA6795UKMFR9")
    tile = page.get_by_role("button", name="Sales").first
    tile.click()
    card = page.get_by_role("dialog", name="Sales")
    expect(card).to_contain_text("Sum of the item proceeds")
    expect(card).to_contain_text("Item proceeds of")
    expect(card).to_contain_text("Amazon orders")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(tile).to_be_focused()
    for button in page.locator(".tile, .inline-figure").all():
        expect(button).to_have_attribute("aria-haspopup", "dialog")
    assert fake.seen


def test_the_chart_has_a_table_behind_it_and_reads_by_arrow_keys(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("?marketplace_id=A1PA6795UKMFR9&period=7d")
    page.locator(".plots").focus()
    page.keyboard.press("End")
    expect(page.locator(".chart-read")).to_contain_text("estimated")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart-read")).to_contain_text("orders")
    page.get_by_role("button", name="Table").click()
    expect(
        page.get_by_role("region", name="Sales and units a day in EUR, as a table").locator("tbody tr")
    ).to_have_count(7)
    assert fake.seen


def test_filters_live_in_the_address_and_pages_lead_on(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("orders")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Page 2")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_label("Status").select_option("CANCELLED")
    expect(page).to_have_url(f"{visits.base}orders?status=CANCELLED")
    expect(page.get_by_text("Page 1")).to_be_visible()
    cancelled = sum(order["status"] == "CANCELLED" for order in fake.orders)
    expect(page.locator("tbody tr")).to_have_count(cancelled)
    page.reload()
    expect(page.get_by_label("Status")).to_have_value("CANCELLED")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of this page").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("order_id,purchased_at,")
    assert len(lines) == 1 + cancelled


def test_an_expired_token_is_renewed_once_for_all_calls(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("connections")
    fake.seen.clear()
    renewed = fake.token_number
    expired = problem(401, "unauthenticated", "The token has expired")
    fake.trouble["analytics"] = fake.trouble["orders"] = expired
    # From the moment the new token is out, the door opens again.
    session = fake.session

    def renew() -> JSONResponse:
        fake.trouble.clear()
        return session()

    fake.session = renew  # type: ignore[method-assign]
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("button.tile").first).to_be_visible()
    fake.session = session  # type: ignore[method-assign]
    assert fake.seen.count("POST auth/refresh") == 1
    assert fake.token_number == renewed + 1


def test_an_ended_session_leads_to_sign_in_and_back(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("connections")
    over = problem(401, "session_over", "Your session has ended")
    fake.trouble.update({"orders": over, "auth/refresh": over})
    page.get_by_role("link", name="Orders").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    fake.trouble.clear()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Orders", level=1)).to_be_visible()


def test_a_return_path_never_leaves_quayside(fake: FakeQuayside, visits: Visits) -> None:
    for number, path in enumerate(
        ("//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)")
    ):
        page = visits.new(signed_in=False, theme="light" if number % 2 else "dark").open(f"sign-in?return={path}")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Mara")
        assert page.url == visits.base
        page.evaluate("localStorage.clear()")
    assert fake.token_number == 4


def test_old_figures_stay_on_screen_when_the_server_has_trouble(fake: FakeQuayside, visits: Visits) -> None:
    visit = visits.new()
    visit.page.clock.install()
    page = visit.open("")
    value = page.locator(".tile-value").first.text_content()
    fake.trouble[""] = problem(503, "upstream_unavailable", "The figures cannot be read", "The store did not answer.")
    page.clock.run_for(_POLL_MILLISECONDS + 1000)
    expect(page.get_by_text("These figures could not be refreshed")).to_be_visible()
    expect(page.get_by_text("Quayside has trouble answering")).to_be_visible()
    assert page.locator(".tile-value").first.text_content() == value
    fake.trouble.clear()
    page.get_by_role("status").get_by_role("button", name="Try again").last.click()
    expect(page.get_by_text("These figures could not be refreshed")).to_have_count(0)


def test_amazons_code_leaves_the_address_at_once_and_is_handed_in_once(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("connect")
    page.get_by_label("Your main marketplace").select_option("A1PA6795UKMFR9")
    page.get_by_role("button", name="Continue to Amazon").click()
    page.get_by_role("link", name="Allow").click()
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible(timeout=20_000)
    assert page.url == f"{visits.base}connect/callback"
    assert fake.seen.count("POST connections/callback") == 1
    page.go_back()
    page.go_forward()
    page.wait_for_load_state()
    assert "one-time" not in page.evaluate("JSON.stringify([location.href, {...localStorage}, {...sessionStorage}])")
    assert fake.seen.count("POST connections/callback") == 1


def test_a_code_used_twice_says_so_and_offers_a_way_on(fake: FakeQuayside, visits: Visits) -> None:
    fake.used_states.add("state-2")
    page = visits.new().open(
        "connect/callback?state=state-2&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=one-time"
    )
    expect(page.get_by_role("alert")).to_contain_text("handed in before")
    page.get_by_role("link", name="Start again").click()
    expect(page.get_by_role("heading", name="Connect an Amazon account")).to_be_visible()


def test_a_signed_out_seller_signs_in_and_the_connection_goes_on(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(signed_in=False).open(
        "connect/callback?state=state-3&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=one-time"
    )
    assert "one-time" not in page.url
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible(timeout=20_000)
    assert fake.seen.count("POST connections/callback") == 1


def test_disconnecting_asks_for_the_name_and_says_what_is_destroyed(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{EUROPE}")
    page.get_by_role("button", name="Disconnect Tidewater Europe").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("destroyed")
    dialog.get_by_role("textbox").fill("something else")
    dialog.get_by_role("button", name="Disconnect now").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Type A2EUTIDEWATER1 to confirm")
    assert f"POST connections/{EUROPE}/disconnect" not in fake.seen
    dialog.get_by_role("textbox").fill("A2EUTIDEWATER1")
    dialog.get_by_role("button", name="Disconnect now").click()
    expect(page.get_by_text("This account is disconnected")).to_be_visible()
    assert fake.seen.count(f"POST connections/{EUROPE}/disconnect") == 1


def test_a_message_in_quarantine_is_tried_again(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{AMERICA}")
    expect(page.get_by_text("The message names no order")).to_be_visible()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text("The message names no order")).to_have_count(0)
    expect(page.get_by_text("A quantity is not a number")).to_be_visible()
    assert len(fake.quarantine) == 1


def test_two_step_verification_goes_on_and_off(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("settings")
    page.get_by_role("button", name="Switch on").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    expect(dialog).to_contain_text("JBSW Y3DP EHPK")
    dialog.get_by_role("textbox", name="Code").fill(CODE)
    dialog.get_by_role("button", name="Switch on").click()
    expect(dialog).to_have_count(0)
    assert fake.mfa_enabled
    page.get_by_role("button", name="Switch off").click()
    dialog.get_by_role("textbox", name="Code").fill(CODE)
    dialog.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Two-step verification is off")).to_be_visible()
    assert not fake.mfa_enabled


def test_a_chosen_theme_holds_over_a_reload_and_before_the_first_paint(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("settings")
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload(wait_until="commit")
    page.wait_for_function("() => document.body")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert fake.seen


def test_sign_out_everywhere_asks_first_and_ends_here_too(fake: FakeQuayside, visits: Visits) -> None:
    visit = visits.new()
    page = visit.open("settings")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("Signed out everywhere")).to_be_visible()
    assert "POST auth/sign-out-everywhere" in fake.seen
    visit.page.goto(visits.base + "orders")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_in_one_tab_signs_out_the_other(fake: FakeQuayside, visits: Visits) -> None:
    first, second = visits.new().open("orders"), visits.new().open("stock")
    first.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("heading", name="Sign in")).to_be_visible()
    assert fake.seen


def test_operations_are_shown_to_operators_alone(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("operations")
    expect(page.get_by_text("This page is for operators")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Operations")).to_have_count(0)
    assert "GET operations/quarantine" not in fake.seen
    fake.operator = True
    page.reload()
    expect(page.get_by_role("navigation").first.get_by_role("link", name="Operations")).to_be_visible()
    page.get_by_role("link", name="Not understood").click()
    expect(page.get_by_text("The message names no order")).to_be_visible()


def test_the_stage_without_its_slash_leads_to_the_app(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(signed_in=False).page
    page.goto(visits.base.rstrip("/"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.url == f"{visits.base}sign-in"
    assert fake.seen == ["GET configuration"]


def _row(page: Page, title: str) -> Locator:
    """Return the line of a dataset on the sync page."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=title, exact=True))


def test_a_phone_reaches_every_screen_by_its_last_tab(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new(width=PHONE_WIDTH).open("orders")
    page.get_by_role("button", name="More").click()
    sheet = page.get_by_role("dialog", name="All screens")
    on_desktop = visits.new().open("orders").locator("header nav a").all_inner_texts()
    assert sheet.get_by_role("link").all_inner_texts() == on_desktop
    sheet.get_by_role("link", name="Purchasing").click()
    expect(page.get_by_role("heading", name="Purchasing", level=1)).to_be_visible()
    expect(sheet).to_have_count(0)
    assert fake.seen


def test_the_menu_leads_to_the_account_that_needs_a_look(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open("orders")
    page.get_by_role("link", name="Sync").click()
    expect(page).to_have_url(f"{visits.base}connections/{AMERICA}/sync")
    expect(page.get_by_role("heading", name="Sync", level=1)).to_be_visible()
    expect(page.get_by_role("navigation").first.get_by_role("link", name="Sync")).to_have_attribute(
        "aria-current", "page"
    )
    page.go_back()
    expect(page.get_by_role("heading", name="Orders", level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("y")
    expect(page.get_by_role("heading", name="Sync", level=1)).to_be_focused()
    with page.expect_response(re.compile(f"/connections/{EUROPE}/sync$")):
        page.get_by_label("Account").select_option(EUROPE)
    expect(page).to_have_url(f"{visits.base}connections/{EUROPE}/sync")
    assert f"GET connections/{EUROPE}/sync" in fake.seen


def test_each_dataset_says_its_age_against_its_promise_and_why_it_is_not_kept(
    fake: FakeQuayside, visits: Visits
) -> None:
    page = visits.new().open(f"connections/{AMERICA}/sync")
    orders = _row(page, "Orders")
    expect(orders).to_contain_text("44 min old")
    expect(orders).to_contain_text("promised 30 min")
    expect(orders).to_contain_text("about 26 min left at the pace so far")
    stock = _row(page, "FBA stock")
    expect(stock).to_contain_text("Failing")
    expect(stock).to_contain_text("was not granted")
    expect(stock).to_contain_text("Connect the account again and agree to all roles.")
    expect(stock).to_contain_text("6f1c2b7e-0f2a-4d0a-9a61-1d8c0d6d7a11")
    expect(_row(page, "Transactions")).to_contain_text("too early to say when it ends")
    expect(_row(page, "Listings").first).to_contain_text("The last check brought nothing new.")
    assert fake.seen


def test_an_age_grows_while_the_page_is_open(fake: FakeQuayside, visits: Visits) -> None:
    visit = visits.new()
    visit.page.clock.install()
    page = visit.open(f"connections/{EUROPE}/sync")
    expect(_row(page, "Orders")).to_contain_text("3 min old")
    fake.trouble["connections"] = problem(503, "upstream_unavailable", "This cannot be read")
    page.clock.run_for(30 * 60 * 1000)
    expect(page.get_by_text("This could not be refreshed")).to_be_visible()
    expect(_row(page, "Orders")).to_contain_text("33 min old")


def test_a_dataset_is_paused_resumed_and_read_now(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{EUROPE}/sync")
    row = _row(page, "FBA returns")
    page.get_by_role("button", name="Pause FBA returns").click()
    expect(row).to_contain_text("Paused")
    expect(row).to_contain_text("stands still")
    page.get_by_role("button", name="Resume FBA returns").click()
    expect(row).to_contain_text("Up to date")
    run = page.get_by_role("button", name="Read FBA returns now")
    run.click()
    expect(run).to_have_text("Asked for")
    expect(run).to_be_disabled()
    expect(row).to_contain_text("any moment now")
    page.reload()
    page.get_by_role("button", name="Read FBA returns now").click()
    expect(row).to_contain_text("This is being read right now")
    base = f"POST connections/{EUROPE}/datasets/returns"
    assert [call for call in fake.seen if call.startswith("POST connections")] == [
        f"{base}/pause",
        f"{base}/resume",
        f"{base}/run",
        f"{base}/run",
    ]


def test_switching_a_feature_off_says_first_what_stops(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{EUROPE}/sync")
    switch = page.get_by_role("switch", name="Profit")
    expect(switch).to_be_checked()
    switch.click()
    dialog = page.get_by_role("dialog", name="Switch off Profit?")
    for dataset in ("Transactions", "Settlements", "FBA returns", "Fee estimates"):
        expect(dialog).to_contain_text(dataset)
    dialog.get_by_role("button", name="Keep it on").click()
    expect(switch).to_be_checked()
    assert f"PUT connections/{EUROPE}/features/profit" not in fake.seen
    switch.click()
    dialog.get_by_role("button", name="Switch off").click()
    expect(dialog).to_have_count(0)
    expect(switch).not_to_be_checked()
    expect(_row(page, "Settlements")).to_contain_text("Off")
    switch.click()
    expect(switch).to_be_checked()
    assert fake.seen.count(f"PUT connections/{EUROPE}/features/profit") == 2


def test_what_reads_personal_data_says_so_before_it_is_switched_on(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{AMERICA}/sync")
    switch = page.get_by_role("switch", name="Merchant fulfilment")
    expect(switch).not_to_be_checked()
    switch.click()
    dialog = page.get_by_role("dialog", name="Switch on Merchant fulfilment?")
    expect(dialog).to_contain_text("name, address and phone")
    dialog.get_by_role("button", name="Leave it off").click()
    assert f"PUT connections/{AMERICA}/features/merchant_fulfilment" not in fake.seen
    switch.click()
    dialog.get_by_role("button", name="Switch on").click()
    expect(switch).to_be_checked()
    switch.click()
    expect(page.get_by_role("dialog", name="Switch off Merchant fulfilment?")).to_contain_text("deleted at once")


def test_a_delivery_address_is_shown_for_a_purpose_and_hides_by_itself(fake: FakeQuayside, visits: Visits) -> None:
    own = next(
        order
        for order in fake.orders
        if (order["fulfilled_by"], order["connection_id"], order["status"]) == ("MERCHANT", EUROPE, "SHIPPED")
    )
    visit = visits.new()
    visit.page.clock.install()
    page = visit.open(f"orders/{own['order_id']}")
    looks = [each for each in fake.seen if each.endswith("/recipient")]
    assert looks == []
    card = page.get_by_role("region", name="Delivery address")
    expect(card).to_contain_text("Each look is recorded")
    card.get_by_label("What do you need it for?").select_option("packing_slip")
    card.get_by_role("button", name="Show the address").click()
    expect(card).to_contain_text("Harbour Lane")
    page.clock.run_for(61_000)
    expect(card).not_to_contain_text("Harbour Lane")
    card.get_by_role("button", name="Show the address").click()
    card.get_by_role("button", name="Hide the address").click()
    expect(card).not_to_contain_text("Harbour Lane")
    assert "Harbour" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
    assert sum(each.endswith("/recipient") for each in fake.seen) == 2


def test_who_ships_nothing_is_not_offered_the_address(fake: FakeQuayside, visits: Visits) -> None:
    fake.permissions_withheld = {"fulfilment.recipients"}
    own = next(
        order
        for order in fake.orders
        if (order["fulfilled_by"], order["connection_id"], order["status"]) == ("MERCHANT", EUROPE, "SHIPPED")
    )
    page = visits.new().open(f"orders/{own['order_id']}")
    expect(page.get_by_role("region", name="Delivery address")).to_contain_text("Your role does not show")
    expect(page.get_by_role("button", name="Show the address")).to_have_count(0)


def test_the_drawer_has_an_address_opens_by_keyboard_and_gives_the_focus_back(
    fake: FakeQuayside, visits: Visits
) -> None:
    page = visits.new().open(f"connections/{AMERICA}/sync")
    link = page.get_by_role("link", name="FBA stock")
    link.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="FBA stock")
    expect(drawer).to_contain_text("Amazon told us of a change")
    expect(page).to_have_url(f"{visits.base}connections/{AMERICA}/sync?dataset=inventory")
    drawer.get_by_role("button", name="Rows").click()
    expect(drawer.get_by_role("region", name="Rows as they are stored").locator("tbody tr")).to_have_count(16)
    page.reload()
    expect(drawer.get_by_role("button", name="Rows")).to_have_attribute("aria-pressed", "true")
    drawer.get_by_role("button", name="Next").click()
    expect(drawer).to_contain_text("TIDE-350-10")
    drawer.get_by_role("button", name="Quota").click()
    expect(drawer).to_contain_text("Get inventory summaries")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page).to_have_url(f"{visits.base}connections/{AMERICA}/sync")
    link.click()
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(link).to_be_focused()
    assert f"GET connections/{AMERICA}/datasets/inventory/rows" in fake.seen


def test_runs_show_amazons_references(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{AMERICA}/sync?dataset=orders")
    drawer = page.get_by_role("dialog", name="Orders")
    for words in ("Done", "Nothing new", "Tries again", "Refused", "Gave up", "Stopped"):
        expect(drawer.get_by_text(words, exact=True).first).to_be_visible()
    drawer.get_by_text("2 request ids").first.click()
    expect(drawer.locator(".request-id:visible")).to_have_count(2)
    drawer.get_by_role("button", name="Next").click()
    expect(drawer.get_by_text("Page 2")).to_be_visible()
    assert fake.seen.count(f"GET connections/{AMERICA}/datasets/orders/runs") >= 2


def test_a_report_proves_itself_and_is_loaded_again(fake: FakeQuayside, visits: Visits) -> None:
    page = visits.new().open(f"connections/{AMERICA}/sync")
    page.get_by_role("link", name="Reports").click()
    failed = page.get_by_role("listitem").filter(has_text="the column “seller-sku” is missing")
    expect(failed).to_contain_text("Failed")
    failed.get_by_text("Proof and details").click()
    expect(failed).to_contain_text(fake.reports[4]["sha256"])
    failed.get_by_role("button", name="again").click()
    expect(page.get_by_text("is missing")).to_have_count(0)
    loaded = page.get_by_role("listitem").filter(has_text="3 rows put aside")
    expect(loaded).to_contain_text("51,874 of 51,877 rows")
    assert f"POST connections/{AMERICA}/reports/{fake.reports[4]['report']}/replay" in fake.seen


@pytest.mark.parametrize(
    ("kind", "turn", "again"),
    [
        ("revoked", "Needs you", True),
        ("access", "Needs you", True),
        ("our_secret", "Ours to repair", False),
        ("outage", "Amazon's to repair", False),
    ],
)
def test_each_trouble_says_whose_turn_it_is(
    fake: FakeQuayside, visits: Visits, kind: str, turn: str, *, again: bool
) -> None:
    fake.connections[0]["trouble"] = fake_sync.trouble(kind, fake.now())
    title = fake.connections[0]["trouble"]["title"]
    for path in ("", f"connections/{EUROPE}", f"connections/{EUROPE}/sync", "connections"):
        page = visits.new().open(path)
        banner = page.locator(".trouble")
        expect(banner).to_have_count(1)
        expect(banner).to_contain_text(title)
        expect(banner).to_contain_text(turn)
        expect(banner.get_by_role("link", name="Connect again")).to_have_count(1 if again else 0)


def test_a_member_who_may_only_look_is_spared_the_buttons(fake: FakeQuayside, visits: Visits) -> None:
    fake.permissions_withheld = {"connections.manage"}
    page = visits.new().open(f"connections/{AMERICA}/sync")
    expect(page.get_by_role("switch")).to_have_count(0)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.get_by_role("link", name="Orders").last.click()
    drawer = page.get_by_role("dialog", name="Orders")
    expect(drawer.get_by_role("button", name="Read Orders now")).to_have_count(0)


def test_the_board_shows_operators_what_fails_and_whose_it_is(fake: FakeQuayside, visits: Visits) -> None:
    fake.operator = True
    page = visits.new().open("operations")
    expect(page.locator(".board-table tbody tr")).to_have_count(32)
    page.get_by_role("button", name="Failing").click()
    expect(page).to_have_url(f"{visits.base}operations?state=failing")
    expect(page.locator(".board-table tbody tr")).to_have_count(1)
    expect(page.locator(".board-why")).to_contain_text("was not granted")
    page.get_by_role("button", name="All", exact=True).click()
    page.locator(".board-who button").first.click()
    expect(page.get_by_text("of 1 organisation on this page")).to_be_visible()
    page.get_by_role("button", name="All organisations").click()
    expect(page.get_by_text("of 2 organisations on this page")).to_be_visible()
    assert "Tidewater" not in (page.locator(".board").text_content() or "")


def test_limits_of_approval_and_the_tolerance_are_set_and_only_shown_to_whom_may_not(
    fake: FakeQuayside, visits: Visits
) -> None:
    page = visits.new().open("purchases")
    page.get_by_role("navigation", name="Parts of Purchasing").get_by_role("link", name="Limits").click()
    buyers = page.get_by_label("Buyers may approve")
    expect(buyers).to_have_value("0.00")
    buyers.fill("a lot")
    page.get_by_label("More than ordered, percent").fill("101")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Buyers may approve: has to be an amount")
    expect(page.get_by_role("alert")).to_contain_text("from 0 to 100")
    buyers.fill("2500,50")
    page.get_by_label("More than ordered, percent").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The limits are saved")).to_be_visible()
    expect(buyers).to_have_value("2500.50")
    kept = fake.purchases.settings
    assert (kept.limits, kept.over_delivery_percent) == ({"owner": None, "admin": None, "buyer": 250_050}, 5)

    fake.permissions_withheld = {"tenant.manage"}
    page.reload()
    expect(buyers).to_have_value("2500.50")
    expect(buyers).not_to_be_editable()
    expect(page.get_by_text("Owners and admins of your organisation can change this.")).to_be_visible()


def test_a_campaign_is_made_tried_out_tested_switched_on_and_an_order_says_why(
    fake: FakeQuayside, visits: Visits
) -> None:
    page = visits.new().open("reviews")
    sent = fake.reviews.sent
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Name").fill("After a fortnight")
    page.get_by_label("Days after delivery").fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Amazon allows one review request for an order")
    expect(page.get_by_label("Name")).to_have_value("After a fortnight")
    page.get_by_label("Days after delivery").fill("14")
    expect(page.get_by_text("Would have asked 412, skipped 37.")).to_be_visible()
    expect(page.get_by_role("row", name="Refunded")).to_contain_text("19")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="After a fortnight").click()
    expect(page.get_by_role("button", name="Test", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="On", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Requests sent")).to_be_visible()
    assert fake.reviews.campaigns[-1].campaign.state == "on"
    assert fake.reviews.sent > sent
    page.get_by_role("button", name="Pause all").click()
    expect(page.get_by_text("All review requests are paused")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Log", exact=True).click()
    order_id = fake.orders[0]["order_id"]
    page.get_by_label("Search by order number").fill(order_id)
    page.get_by_role("link", name=order_id).click()
    page.get_by_text("Every rule").click()
    expect(page.get_by_text("It is not on your do-not-solicit list.")).to_be_visible()
    expect(page.get_by_text("It is shipped.")).to_be_visible()


def test_quantities_of_both_plans_and_the_unit_cost_are_decided_on_the_restock_card(
    fake: FakeQuayside, visits: Visits
) -> None:
    position = next(each for each in fake.positions if each["seller_sku"] == "LAMP-01")
    asked = "&".join(f"{name}={position[name]}" for name in ("connection_id", "marketplace_id", "seller_sku"))
    page = visits.new().open(f"stock/restock/product?{asked}")
    page.get_by_label("Unit cost, EUR").fill("4.1o")
    page.get_by_label("Quantity to send to Amazon, by your own word").fill("36")
    page.get_by_role("button", name="Save").click()
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("link")).to_have_count(2)
    page.get_by_label("Unit cost, EUR").fill("4,10")
    page.get_by_label("Why, quantity to send to Amazon").fill("Fair in May")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("it holds from the next time suggestions are worked out")).to_be_visible()
    choices = fake.restock_choices[-1]["choices"]
    assert choices["unit_cost_minor"] == 410
    assert choices["overrides"] == [{"plan": "send", "quantity": 36, "reason": "Fair in May"}]


def test_marketplaces_are_made_to_share_their_stock_by_choice(fake: FakeQuayside, visits: Visits) -> None:
    account = next(each for each in fake.connections if each["connection_id"] == EUROPE)
    first, second, third = [each["marketplace_id"] for each in account["marketplaces"]][:3]
    page = visits.new().open("stock")
    page.get_by_role("button", name="Shared stock…").click()
    dialog = page.get_by_role("dialog", name="Shared stock")
    choices = dialog.locator("form select")
    choices.nth(1).select_option(first)
    choices.nth(2).select_option(second)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("choose that one")
    choices.nth(2).select_option(first)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert fake.stock_groups == [[first, second, third]]
    page.get_by_role("button", name="Shared stock…").click()
    expect(choices.nth(1)).to_have_value(first)
    expect(choices.nth(0)).to_have_value("")
