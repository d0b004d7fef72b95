"""The whole way of a seller, on the deployed stack, in a real browser: what they click is all that is done."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from infra.local.markers import BUYERS_MARKER, search_stack
from infra.local.people import CONFIRMATION_CODE, USAGE_PLAN, Person
from infra.local.seeding import Amazon, Member
from notification_intake.intake import SELLER_CACHE_SECONDS
from tests.e2e.conftest import ARTEFACTS
from tests.e2e.support.amazon import Shop
from tests.support.notifications import order_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from infra.local.stack import Stack

_PASSWORD: Final = "Long-pier-at-dawn-7"
_PATIENCE_MILLISECONDS: Final = 60_000
_PICTURES: Final = ARTEFACTS.parent / "journey"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser of somebody who was never here, that forgives no error of ours."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(_PATIENCE_MILLISECONDS)
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    """A shop at the simulated Amazon with some history."""
    return Shop.open(stack.urls.simulator, "small-us", "Pelican Supplies", USAGE_PLAN)


def _picture(page: Page, name: str) -> None:
    _PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=_PICTURES / f"{name}.png", full_page=True)


def _sign_up(page: Page, stack: Stack, email: str, organisation: str) -> None:
    page.goto(stack.urls.app)
    page.get_by_role("link", name="Start a free trial").click()
    page.get_by_label("Your name").fill("Pia Lund")
    page.get_by_label("Company").fill(organisation)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(_PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Code").fill(CONFIRMATION_CODE)
    page.get_by_role("button", name="Confirm").click()
    _sign_in(page)
    expect(page.get_by_role("heading", name="Welcome, Pia")).to_be_visible()


def _sign_in(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(_PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _leave_for_amazon(page: Page, marketplace_id: str) -> None:
    page.get_by_label("Your main marketplace").select_option(marketplace_id)
    page.get_by_role("button", name="Continue to Amazon").click()
    page.get_by_role("heading", name="Authorise").wait_for()


def test_a_seller_from_sign_up_to_disconnect(stack: Stack, shop: Shop, page: Page) -> None:
    _sign_up(page, stack, "pia@pelican.example", "Pelican Supplies")
    _picture(page, "1-welcome")

    page.get_by_role("link", name="Connect an Amazon account").click()
    expect(page.get_by_role("heading", name="2. What Quayside will read")).to_be_visible()
    _leave_for_amazon(page, shop.marketplace_ids[0])
    page.get_by_text("Pelican Supplies").click()
    page.get_by_role("button", name="Allow access").click()
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
    assert page.url == f"{stack.urls.app}connect/callback"
    _picture(page, "2-connected")

    page.get_by_role("link", name="Open the overview").click()
    expect(page.locator("button.tile").first).to_be_visible()
    expect(page.locator(".feed li .row-link").first).to_be_visible()
    _picture(page, "3-overview")

    # An order placed at Amazon shows without anyone doing anything: notification, intake, store, screen.
    order_id = shop.sell()
    expect(page.locator(f'.feed a[href*="{order_id}"]')).to_be_visible()
    expect(page.locator(".feed li", has=page.locator(f'a[href*="{order_id}"]'))).to_contain_text("New")
    _picture(page, "4-new-order")

    page.get_by_role("button", name="Sales").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Source")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Orders", exact=True).click()
    page.get_by_label("Search orders").fill(order_id)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Searched for “{order_id}”")).to_be_visible()
    page.locator(f'a[href*="{order_id}"]').click()
    expect(page.get_by_role("heading", name=order_id)).to_be_visible()
    expect(page.get_by_text("Where this comes from")).to_be_visible()
    _picture(page, "5-order")

    page.get_by_role("link", name="Stock").click()
    expect(page.locator(".stock-table tbody tr strong").first).to_be_visible()
    _picture(page, "6-stock")

    page.get_by_role("link", name="Connections").click()
    expect(page.get_by_text("Up to date").first).to_be_visible()
    page.get_by_role("link", name="Pelican Supplies").or_(page.get_by_role("link", name="Details")).first.click()
    page.get_by_role("button", name="Disconnect").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(shop.selling_partner_id)
    dialog.get_by_role("button", name="Disconnect now").click()
    expect(page.get_by_text("Disconnected", exact=True)).to_be_visible()
    _picture(page, "7-disconnected")


def test_trouble_at_amazon_is_explained_and_leaves_a_way_on(stack: Stack, shop: Shop, page: Page) -> None:
    _sign_up(page, stack, "olli@pelican.example", "Pelican Two")

    page.goto(f"{stack.urls.app}connect/callback?state=forged&selling_partner_id=A1&spapi_oauth_code=c")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
    assert page.url == f"{stack.urls.app}connect/callback"
    _picture(page, "8-forged")

    page.get_by_role("link", name="Start again").click()
    _leave_for_amazon(page, shop.marketplace_ids[0])
    page.get_by_role("button", name="Do not allow").click()
    expect(page.get_by_text("You did not agree on Amazon's page")).to_be_visible()
    _picture(page, "9-refused")

    page.get_by_role("link", name="Start again").click()
    _leave_for_amazon(page, shop.marketplace_ids[0])
    given: list[str] = []
    page.on("request", lambda request: given.append(request.url) if "spapi_oauth_code" in request.url else None)
    page.get_by_text("Pelican Supplies").click()
    page.get_by_role("button", name="Allow access").click()
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
    answer = {name: values[0] for name, values in parse_qs(urlsplit(given[0]).query).items()}

    # Somebody opens the address once more, for another account: the state is spent.
    page.goto(
        f"{stack.urls.app}connect/callback?state={answer['state']}&selling_partner_id=AANOTHERONE&spapi_oauth_code=c"
    )
    expect(page.get_by_role("alert")).to_contain_text("used already")
    _picture(page, "10-used-twice")


def test_each_kind_of_broken_connection_explains_itself(stack: Stack, page: Page) -> None:
    """The three are broken at Amazon's side, not in our store: an outage, our own secret, a consent withdrawn."""
    shop = Shop.open(stack.urls.simulator, "quiet-us", "Heron Goods", USAGE_PLAN)
    _sign_up(page, stack, "hedda@heron.example", "Heron Goods")
    page.get_by_role("link", name="Connect an Amazon account").click()
    _leave_for_amazon(page, shop.marketplace_ids[0])
    page.get_by_text("Heron Goods").click()
    page.get_by_role("button", name="Allow access").click()
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
    page.get_by_role("link", name="Sync", exact=True).click()
    trouble = page.locator(".trouble")
    stock = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="FBA stock", exact=True))
    expect(stock).to_contain_text("Up to date")
    expect(trouble).to_have_count(0)

    performance = page.get_by_role("switch", name="Performance")
    performance.click()
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(performance).not_to_be_checked()
    performance.click()
    expect(performance).to_be_checked()

    try:
        shop.fail("html_503", operation="getInventorySummaries")
        _read(page, "FBA stock")
        expect(trouble).to_contain_text("Amazon's to repair")
        _picture(page, "11-outage")
        shop.mend()
        expect(trouble).to_have_count(0)

        shop.fail("wrong_secret")
        # An access token lives on for up to an hour; one refusal makes the worker ask for another.
        shop.fail("message_403", operation="listTransactions", count=1)
        _read(page, "Transactions")
        expect(trouble).to_contain_text("Ours to repair")
        expect(trouble).to_contain_text("Your authorisation is fine")
        _picture(page, "12-our-secret")
    finally:
        shop.mend()

    shop.withdraw()
    _read(page, "Inbound shipments")
    expect(trouble).to_contain_text("Needs you")
    expect(trouble.get_by_role("link", name="Connect again")).to_be_visible()
    _picture(page, "13-withdrawn")


def _read(page: Page, title: str) -> None:
    """Ask for a dataset now; the same one can be asked for once a minute."""
    page.get_by_role("link", name=title, exact=True).click()
    drawer = page.get_by_role("dialog", name=title)
    drawer.get_by_role("button", name=f"Read {title} now").click()
    page.keyboard.press("Escape")


def _is_subscribed(member: Member, connection_id: str) -> bool:
    steps = member.get(f"connections/{connection_id}")["steps"]
    return any(each["key"] == "subscriptions" and each["state"] == "done" for each in steps)


def _ship_to(member: Member, connection_id: str, shop: Shop) -> None:
    """Switch merchant fulfilment on and look where an order goes: the vault then holds what is searched for, sealed."""
    shop.grant_addresses()
    member.put(f"connections/{connection_id}/features/merchant_fulfilment", {"on": True})
    # Notifications are told by which features a connection has, which is remembered for half a minute.
    time.sleep(SELLER_CACHE_SECONDS)
    own = shop.sell_own()
    until = time.monotonic() + 2 * _PATIENCE_MILLISECONDS / 1000
    found: list[dict[str, object]] = []
    while own not in {each["order_id"] for each in found}:
        assert time.monotonic() < until, "no delivery address came"
        time.sleep(0.5)
        page = member.get(f"connections/{connection_id}/datasets/recipients/rows")
        found = [dict(zip([column["key"] for column in page["columns"]], row, strict=True)) for row in page["rows"]]
    standing = member.get(f"orders/{own}/delivery")
    assert (standing["state"], standing["reason"]) == ("kept", "")
    shown = member.get(f"orders/{own}/recipient", purpose="label")
    assert BUYERS_MARKER in shown["name"]
    assert BUYERS_MARKER in shown["postal_code"]


def test_nothing_the_stack_wrote_holds_a_buyers_data_or_a_secret(stack: Stack) -> None:
    """Buyers' data at the simulated Amazon is marked; logs, metrics, traces, queues, tables, files are searched."""
    shop = Shop.open(stack.urls.simulator, "quiet-us", "Plover Trading", USAGE_PLAN)
    pim = Person("pim@plover.example", "Pim Ness", "Plover Trading", "", _PASSWORD, None, shop.marketplace_ids[0])
    sqs, intake = stack.clients("sqs"), stack.outputs["IntakeQueueUrl"]
    with closing(Amazon(stack.urls.simulator)) as amazon, closing(Member(stack.urls.api, pim)) as member:
        member.sign_in_or_up()
        connection_id = member.connect(amazon, shop.selling_partner_id)
        until = time.monotonic() + _PATIENCE_MILLISECONDS / 1000
        # A quiet shop has no orders to wait for; the next one is told as soon as the account is subscribed.
        while not _is_subscribed(member, connection_id):
            assert time.monotonic() < until, "the account was not subscribed"
            time.sleep(0.5)
        order_id = shop.sell()
        _ship_to(member, connection_id, shop)
        # What can't be applied is kept as well: a seller nobody knows, and a message that broke off.
        stray = json.dumps(order_change(seller="ANOBODY", DestinationPostalCode=f"{BUYERS_MARKER} 1"))
        for body in (stray, stray[:-40]):
            sqs.send_message(QueueUrl=intake, MessageBody=body)
        until = time.monotonic() + _PATIENCE_MILLISECONDS / 1000
        while order_id not in {each["order_id"] for each in member.get("orders", limit="10")["orders"]}:
            assert time.monotonic() < until, "the order did not arrive"
            time.sleep(0.5)
        found = search_stack(stack, password=_PASSWORD, secret=str(amazon.application()["client_secret"]))

    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    ARTEFACTS.parent.joinpath("marker-search.json").write_text(json.dumps(found.document(), indent=1), encoding="utf-8")
    # The embedded Cognito keeps what members typed; the real one keeps what can't be read back.
    hits = [hit for hit in found.hits if (hit.marker, hit.place) != ("password", "aws/services/cognito.json")]
    assert hits == []
    assert {"logs", "metrics", "queues and dead letters", "tables and streams", "objects", "traces"} <= set(
        found.bytes_of
    )


def test_signing_out_everywhere_ends_the_other_browser_too(stack: Stack, page: Page, browser: Browser) -> None:
    _sign_up(page, stack, "ute@pelican.example", "Pelican Three")
    elsewhere = browser.new_context(locale="en-GB")
    try:
        other = elsewhere.new_page()
        other.goto(f"{stack.urls.app}sign-in?email=ute@pelican.example")
        _sign_in(other)
        expect(other.get_by_role("heading", level=1)).to_contain_text("Pia")
        page.get_by_role("link", name="Settings").first.click()
        page.get_by_role("button", name="Sign out everywhere").click()
        page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
        expect(page.get_by_text("Signed out everywhere")).to_be_visible()
        other.reload()
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    finally:
        elsewhere.close()


def test_the_app_works_below_the_stage_path(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.urls.stage}sign-in")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("link", name="Start a free trial").click()
    expect(page.get_by_role("heading", name="Start your free trial")).to_be_visible()
    assert page.url == f"{stack.urls.stage}sign-up"
    page.reload()
    expect(page.get_by_role("heading", name="Start your free trial")).to_be_visible()
