"""The whole way of a seller, on the deployed stack, in a real browser: what they click is all that is done."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
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
    from collections.abc import Callable, Iterator
    from datetime import date

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


def test_a_campaign_is_tried_out_tested_and_sends_each_request_once(stack: Stack, page: Page) -> None:
    """What the screens say is held against what the simulated Amazon knows: the orders, and the requests it took."""
    shop = Shop.open(stack.urls.simulator, "quiet-us", "Curlew Trading", USAGE_PLAN)
    shop.answer_requests_plainly()
    rik = Person("rik@curlew.example", "Rik Moss", "Curlew Trading", "", _PASSWORD, None, shop.marketplace_ids[0])
    with closing(Amazon(stack.urls.simulator)) as amazon, closing(Member(stack.urls.api, rik)) as member:
        member.sign_in_or_up()
        connection_id = member.connect(amazon, shop.selling_partner_id)
        _comes_about("the account is subscribed", lambda: _is_subscribed(member, connection_id))
        sold = _sell_for_reviews(shop)
        told = {each["order_id"]: each["status"] for each in shop.orders()}
        _comes_about("all orders are known", lambda: _orders_of(member) == told)

        page.goto(f"{stack.urls.app}sign-in?email={rik.email}")
        _sign_in(page)
        _make_campaign(page, shop, sold)
        page.get_by_role("button", name="Test", exact=True).click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="Five days on")).to_be_visible()
        _comes_about("the orders are tested", lambda: _decided_as(member, sold.due, "tested"))
        assert _logged(page, stack, "tested") == sold.due
        _picture(page, "reviews-2-tested")
        assert shop.accepted_requests() == []

        page.goto(f"{stack.urls.app}reviews")
        page.get_by_role("link", name="Five days on").click()
        page.get_by_role("button", name="On", exact=True).click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("button", name="Requests sent")).to_be_visible()
        _comes_about("the requests go", lambda: _decided_as(member, sold.due, "sent"))
        assert _logged(page, stack, "sent") == set(shop.accepted_requests()) == sold.due
        assert _logged(page, stack, "waiting") == {sold.young}
        _picture(page, "reviews-3-sent")

        # Everything is decided once more, and nobody is asked a second time.
        before = _decision(member, sold.young)["decided_at"]
        member.put("reviews/pause", {"paused": False})
        _comes_about("all is decided anew", lambda: _decision(member, sold.young)["decided_at"] > before)
        assert sorted(shop.accepted_requests()) == sorted(sold.due)
        assert shop.calls("createProductReviewAndSellerFeedbackSolicitation") == len(sold.due)
        _write_with_a_file(member, connection_id, shop, min(sold.due))
    page.goto(f"{stack.urls.app}reviews")
    expect(page.get_by_role("button", name="Requests sent")).to_contain_text(str(len(sold.due)))
    _find_reasons(page, sold)


class _Sold(NamedTuple):
    """Orders of one SKU: due now, too young, out of Amazon's window, and one whose buyer is never to be asked."""

    sku: str
    due: set[str]
    young: str
    closed: str
    barred: str


def _sell_for_reviews(shop: Shop) -> _Sold:
    """Let a shop have sold; Amazon promises delivery within 5 days and takes requests until 30 days after that."""
    sku, other = shop.stored_skus()[:2]
    due = {shop.sold(sku, days_ago=days) for days in (14, 21, 28)}
    young, closed, barred = (shop.sold(sku, days_ago=days) for days in (8, 50, 18))
    shop.sold(other, days_ago=20)
    shop.sell_and_cancel(sku)
    return _Sold(sku, due, young, closed, barred)


def _make_campaign(page: Page, shop: Shop, sold: _Sold) -> None:
    """Bar an order, fill a campaign in, and hold its preview against the orders as Amazon knows them."""
    page.get_by_role("link", name="Reviews", exact=True).click()
    page.get_by_label("Order numbers").fill(sold.barred)
    page.get_by_role("button", name="Put on the list").click()
    expect(page.get_by_role("link", name=sold.barred)).to_be_visible()
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Name").fill("Five days on")
    page.get_by_label("Days after delivery").fill("5")
    page.get_by_label("From hour").select_option("0")
    page.get_by_label("Only these SKUs").fill(sold.sku)
    told = shop.orders()
    own = [each for each in told if {line["seller_sku"] for line in each["lines"]} == {sold.sku}]
    asked = [each for each in own if each["status"] == "SHIPPED" and each["order_id"] != sold.barred]
    assert (len(told), len(own), len(asked)) == (8, 7, 5)
    words = f"Would have asked {len(asked)}, skipped {len(own) - len(asked)}."
    expect(page.get_by_text(words, exact=True)).to_be_visible()
    expect(page.get_by_text("1 order would be none of its own")).to_be_visible()
    for why in ("Cancelled", "Do-not-solicit list"):
        expect(page.get_by_role("row", name=why)).to_contain_text("1")
    _picture(page, "reviews-1-preview")


def _write_with_a_file(member: Member, connection_id: str, shop: Shop, order_id: str) -> None:
    """Send a buyer a legal disclosure: the roles and the key let each function do its part of it, and no more."""
    place = f"orders/{order_id}/messages"
    member.put(f"connections/{connection_id}/features/messages", {"on": True})
    member.post(f"{place}/offer", {})
    _comes_about("Amazon offers messages", lambda: member.get(place)["state"] == "known")
    content, message_id = b"%PDF-1.7\n" + bytes(range(256)) * 400, "disclosure-1"
    size = int(member.get(place)["file_part_bytes"])
    parts = [content[first : first + size] for first in range(0, len(content), size)]
    assert len(parts) > 1
    for number, part in enumerate(parts):
        sent = {"number": number, "content": base64.b64encode(part).decode()}
        member.post(f"{place}/{message_id}/file-parts", sent)
    file = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    values = {"attachments": "terms.pdf"}
    message = {"message_id": message_id, "action": "legalDisclosure", "values": values, "file": file}
    member.post(place, {"message": message})
    _comes_about("the message goes", lambda: member.get(place)["messages"][0]["state"] == "sent")
    assert shop.calls("createLegalDisclosure") == 1
    # Two workers that look at once may both hand the file over, which harms nobody; one of them sends the message.
    assert shop.calls("createUploadDestinationForResource") >= 1


def _find_reasons(page: Page, sold: _Sold) -> None:
    """Search the log for an order that was left out and for one that was asked, and read why."""
    asked = min(sold.due)
    page.get_by_role("link", name="Log", exact=True).click()
    for order_id, why in ((sold.closed, "Amazon's window closed on"), (asked, "The request was sent.")):
        page.get_by_label("Search by order number").fill(order_id)
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name=order_id)).to_contain_text(why)
    page.get_by_role("link", name=asked).click()
    card = page.locator(".review-request")
    card.get_by_text("Every rule").click()
    for rule in ("It is not on your do-not-solicit list.", "It is shipped.", "“Five days on” fits."):
        expect(card).to_contain_text(rule)
    card.get_by_text("What happened").click()
    expect(card).to_contain_text("It would be sent now; the campaign is in test.")
    _picture(page, "reviews-4-reasons")


def _comes_about(what: str, seen: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_MILLISECONDS / 1000
    while not seen():
        assert time.monotonic() < until, f"It did not come about that {what}."
        time.sleep(0.5)


def _orders_of(member: Member) -> dict[str, str]:
    since = datetime.now(UTC).date() - timedelta(days=60)
    found = member.get("orders", **{"from": since.isoformat()})["orders"]
    return {each["order_id"]: each["status"] for each in found}


def _decision(member: Member, order_id: str) -> dict[str, str]:
    found: dict[str, str] = member.get(f"orders/{order_id}/review")["decision"] or {"state": "none"}
    return found


def _decided_as(member: Member, order_ids: set[str], state: str) -> bool:
    return all(_decision(member, order_id)["state"] == state for order_id in order_ids)


def _logged(page: Page, stack: Stack, state: str) -> set[str]:
    """The orders that the decision log shows in a state."""
    page.goto(f"{stack.urls.app}reviews/log?state={state}")
    expect(page.get_by_text("on this page, newest orders first")).to_be_visible()
    return set(page.locator(".orders-table .row-link").all_inner_texts())


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


# -- From an idea to profit --------------------------------------------------------------------------------------------


def _becomes(look: Callable[[], object], wanted: object) -> None:
    until = time.monotonic() + 2 * _PATIENCE_MILLISECONDS / 1000
    while (seen := look()) != wanted and time.monotonic() < until:
        time.sleep(0.5)
    assert seen == wanted


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _usd(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "USD"}


def test_an_idea_becomes_a_product_with_a_profit(stack: Stack, page: Page) -> None:
    """Lead, quotes, approval, order, two shipments, a partial receipt, a short check-in, landed cost, profit.

    The browser does what decides: it approves the lead, confirms the order, enters what arrived, matches Amazon's
    inbound shipment, takes it in, claims what is missing, enters the freight, and shows landed cost and profit. Forms
    that hold nothing but typing (lead, quotes, scenario, place of stock, rate, shipments) go through the deployed API
    as the same member, and so does what lies in the past: the order is entered late, as one that was approved and sent
    two months ago, so that the month whose profit is shown was sold from it; the screens know only today for these.

    Every figure by hand::

        quote      25.00 CNY and 12.50 CNY freight: 37.50 CNY a unit landed, at 0.14 USD for a CNY 5.25 USD
                   600 units: 22,500.00 CNY. The other quote: 5.60 USD a unit delivered, so the first is the lowest
        promise    24.99 USD price less 6.00 fees less 5.25 landed: 13.74 USD a unit, 55 % of the price
        order      600 x 25.00 CNY = 15,000.00 CNY = 2,100.00 USD: 3.50 USD a unit
        charges    freight 900.00 and duty 150.00 USD by units: 1,050.00 / 600 = 1.75 USD a unit
        landed     2,100.00 + 1,050.00 = 3,150.00 USD: 5.25 USD a unit
        own stock  460 of the 500 units by sea arrived: 460 x 5.25 = 2,415.00 USD (made for 1,610.00)
        Amazon      96 of the 100 units by air were counted in: 96 x 5.25 = 504.00 USD (made for 336.00); 4 are missing
        in stock   2,415.00 + 504.00 = 2,919.00 USD; 600 - 460 - 96 = 44 units are to come
        profit     what Amazon paid in 30 days less 5.25 USD for each unit shipped in them; what Amazon paid, units
                   and sales are read from Amazon's own books, and the margin is profit by sales
    """
    rates, history = {**USAGE_PLAN, "listTransactions": 20.0}, {"days": 60, "orders": 240}
    shop = Shop.open(stack.urls.simulator, "small-us", "Tern Goods", rates, history)
    shop.stand_still()
    market = shop.marketplace_ids[0]
    sku = max(shop.stored_skus(), key=lambda each: shop.earned(each, market, *_days())["units_shipped"])
    inbound_id = shop.check_in(sku, 100, missing=4)
    tessa = Person("tessa@tern.example", "Tessa Bird", "Tern Goods", "", _PASSWORD, None, market)
    with closing(Amazon(stack.urls.simulator)) as amazon, closing(Member(stack.urls.api, tessa)) as member:
        member.sign_in_or_up()
        connection_id = member.connect(amazon, shop.selling_partner_id)
        member.wait_for_first_orders(connection_id)
        page.goto(f"{stack.urls.app}sign-in?email={tessa.email}")
        _sign_in(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Tessa")
        # Both wait a while on a fresh account; whoever needs them now asks for them now.
        page.get_by_role("link", name="Sync", exact=True).click()
        for title in ("Transactions", "Inbound shipments"):
            _read(page, title)

        lead_id = _quoted_lead(member, connection_id, market)
        order_id = _approved(page, stack, member, lead_id, sku)
        _sent(member, order_id)
        _confirmed(page, stack, order_id)
        by_sea, by_air = _shipped(member, order_id, connection_id, market, sku)
        _received(page, stack, member, by_sea, sku)
        _documented(page, stack, member, by_sea)
        _checked_in(page, stack, member, by_air, inbound_id, sku)
        _landed(page, stack, member, order_id, sku)
        _earned(page, stack, member, shop, sku)


def _quoted_lead(member: Member, connection_id: str, market: str) -> str:
    today = datetime.now(UTC).date().isoformat()
    rate = {"day": today, "base": "CNY", "quote": "USD", "rate": "0.14", "source": "Bank of the harbour"}
    member.put("costs/rates", rate)
    target = {"connection_id": connection_id, "marketplace_id": market, "price": "24.99"}
    lead = member.post("sourcing/leads", {"name": "Brass deck lamp", "targets": [target]})
    path = f"sourcing/leads/{lead['lead_id']}"
    quote = {"supplier_name": "Ningbo Lamps", "currency": "CNY", "freight_unit": "12.50", "carton_units": 20}
    breaks = [{"from_units": 100, "unit_price": "28.00"}, {"from_units": 500, "unit_price": "25.00"}]
    lead = member.post(f"{path}/quotes", {**quote, "breaks": breaks})
    quote_id = lead["quotes"][0]["quote_id"]
    other = {"supplier_name": "Harbour Brass", "currency": "USD", "incoterm": "DDP"}
    member.post(f"{path}/quotes", {**other, "breaks": [{"from_units": 1, "unit_price": "5.60"}]})
    scenario = {"name": "By sea", "quote_id": quote_id, "units": 600, "fees": "6.00", **target}
    lead = member.post(f"{path}/scenarios", scenario)
    for event in ("research", "quote"):
        lead = member.post(f"{path}/move", {"version": lead["version"], "event": event})

    promised = lead["scenarios"][0]
    figures = [promised[name]["value"] for name in ("revenue", "fees", "landed", "profit", "margin")]
    assert figures == [2499, 600, 525, 1374, 55]
    compared = member.get(f"{path}/comparison", units="600", currency="USD")["quotes"]
    assert [(each["supplier_name"], each["is_best"]) for each in compared] == [
        ("Ningbo Lamps", True), ("Harbour Brass", False),
    ]  # fmt: skip
    assert [each["landed"]["unit_there"] for each in compared] == [_usd(525), _usd(560)]
    assert compared[0]["landed"]["total"] == {"amount_minor": 2_250_000, "currency": "CNY"}
    return str(lead["lead_id"])


def _approved(page: Page, stack: Stack, member: Member, lead_id: str, sku: str) -> str:
    page.goto(f"{stack.urls.app}sourcing/{lead_id}")
    page.get_by_label("For so many units").fill("600")
    expect(page.locator(".quote-table tbody tr").first).to_contain_text("5.25")
    _picture(page, "20-quotes")
    _press(page, "Approve…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("SKU").fill(sku)
    dialog.get_by_label("By the quote of").select_option(label="Ningbo Lamps")
    dialog.get_by_label("Units").fill("600")
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("The product", exact=True)).to_be_visible()
    _picture(page, "21-approved")
    approval = member.get(f"sourcing/leads/{lead_id}")["approval"]
    assert (approval["seller_sku"], approval["units"]) == (sku, 600)
    assert [each["profit_minor"] for each in approval["promised"]] == [1374]
    return str(approval["order_id"])


def _sent(member: Member, order_id: str) -> None:
    order = member.get(f"purchase-orders/{order_id}")
    assert (order["state"], order["total"]) == ("draft", {"amount_minor": 1_500_000, "currency": "CNY"})
    assert [(line["units"], line["unit_price"]) for line in order["lines"]] == [(600, "25.00")]
    # It is sold in the United States, so what it costs is kept in dollars.
    assert order["landed_currency"] == "USD"
    long_ago = (datetime.now(UTC).date() - timedelta(days=62)).isoformat()
    order = member.post(f"purchase-orders/{order_id}/approve", {"step": order["step"], "day": long_ago})
    assert (order["rate"]["rate"], order["rate"]["base"], order["rate"]["quote"]) == ("0.14", "CNY", "USD")
    moved = {"step": order["step"], "event": "send", "day": long_ago}
    assert member.post(f"purchase-orders/{order_id}/move", moved)["state"] == "sent"


def _confirmed(page: Page, stack: Stack, order_id: str) -> None:
    page.goto(f"{stack.urls.app}purchases/{order_id}")
    _press(page, "Mark as confirmed")
    expect(page.get_by_role("button", name="Production has started")).to_be_visible()
    _picture(page, "22-confirmed")


def _shipped(member: Member, order_id: str, connection_id: str, market: str, sku: str) -> tuple[str, str]:
    place = {"name": "Shed by the pier", "connection_id": connection_id, "marketplace_id": market}
    own = member.post("inventory/locations", place)["location_id"]
    today = datetime.now(UTC).date()

    def ship(name: str, kind: str, units: int, destination: str) -> str:
        left, there = ((today - timedelta(days=days)).isoformat() for days in (61, 60))
        leg = {"kind": kind, "actual_start": left, "actual_end": there, "tracking": f"{kind}-1"}
        line = {"seller_sku": sku, "units": units, "order_id": order_id, "line_id": "1"}
        whose = {"connection_id": connection_id, "marketplace_id": market, "destination": destination}
        card = member.post("shipments", {"name": name, "legs": [leg], "lines": [line], **whose})
        assert (card["shipment"]["units"], card["shipment"]["state"]) == (units, "arrived")
        return str(card["shipment"]["shipment_id"])

    return ship("By sea", "sea", 500, own), ship("By air", "air", 100, "amazon")


def _received(page: Page, stack: Stack, member: Member, shipment_id: str, sku: str) -> None:
    page.goto(f"{stack.urls.app}shipments/{shipment_id}")
    _press(page, "Enter what arrived…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The day it arrived").fill((datetime.now(UTC).date() - timedelta(days=60)).isoformat())
    dialog.get_by_label("Good").fill("460")
    dialog.get_by_role("button", name="Enter", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".own-table tbody tr").first).to_contain_text("460")
    _picture(page, "23-received")
    places = member.get("inventory/locations")["locations"]
    stock = member.get(f"inventory/locations/{places[0]['location_id']}/stock")
    assert [(each["seller_sku"], each["balance"]) for each in stock["balances"]] == [(sku, 460)]


def _documented(page: Page, stack: Stack, member: Member, shipment_id: str) -> None:
    """The page that is open sends files to S3 under its own policy; what is no document is refused, here or there."""
    invoice = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"
    in_disguise = {"name": "packing list.pdf", "mimeType": "application/pdf", "buffer": b"<!doctype html><p>Hello"}
    chosen = {"name": "Invoice 77.pdf", "mimeType": "application/pdf", "buffer": invoice}
    page.get_by_label("Choose files").set_input_files([in_disguise, chosen])  # type: ignore[arg-type]  # playwright's
    expect(page.get_by_role("button", name="Save Invoice 77.pdf")).to_be_visible()
    expect(page.get_by_text("holds HTML, SVG or other markup")).to_be_visible()
    path = f"shipments/{shipment_id}/documents"
    (kept,) = member.get(path)["documents"]
    assert (kept["kind"], kept["content_type"], kept["size"]) == ("commercial_invoice", "application/pdf", len(invoice))

    # S3 itself takes what the form says and nothing else, and its answer is for the page of the web app alone.
    form = member.post(path, {"name": "a.pdf", "size": len(invoice)})
    sent = {"size": invoice + b"!", "key": invoice, "type": invoice}
    other = {"key": {"key": form["fields"]["key"] + "x"}, "type": {"Content-Type": "text/html"}}
    refused = {
        what: httpx.post(form["url"], data=form["fields"] | other.get(what, {}), files={"file": content}).status_code
        for what, content in sent.items()
    }
    assert refused == {"size": 400, "key": 403, "type": 403}
    asked = {"Access-Control-Request-Method": "POST"}
    ours, theirs = (
        httpx.options(form["url"], headers={**asked, "Origin": origin}).headers.get("Access-Control-Allow-Origin")
        for origin in (stack.urls.app.rstrip("/"), "https://evil.example")
    )
    assert (ours, theirs) == (stack.urls.app.rstrip("/"), None)
    address = member.get(f"{path}/{kept['document_id']}/link")["url"]
    answer = httpx.get(address)
    assert (answer.status_code, answer.content) == (200, invoice)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert httpx.get(address.partition("?")[0]).status_code == 403

    _press(page, "Remove Invoice 77.pdf")
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("1 removed document")).to_be_visible()
    assert httpx.get(address).status_code == 404


def _checked_in(  # noqa: PLR0917  who, where and what
    page: Page, stack: Stack, member: Member, shipment_id: str, inbound_id: str, sku: str
) -> None:
    path = f"shipments/{shipment_id}/inbound"

    def most_alike() -> tuple[str, int, int] | None:
        found = member.get(f"{path}/candidates")["candidates"]
        return next(((each["inbound_id"], each["units"], each["likeness"]["percent"]) for each in found), None)

    _becomes(most_alike, (inbound_id, 100, 100))
    page.goto(f"{stack.urls.app}shipments/{shipment_id}")
    _press(page, "Match…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(inbound_id).check()
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Amazon took in 96 units more")).to_be_visible()
    _picture(page, "24-short")
    told_now = member.get(path)
    assert (told_now["missing"], told_now["to_take_in"]) == (4, {sku: 96})
    _press(page, "Enter them as arrived")
    expect(page.get_by_text("Amazon took in 96 units more")).to_have_count(0)
    _press(page, f"Claim for {sku} of {inbound_id}")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Units claimed")).to_have_value("4")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("To be filed")).to_be_visible()
    _picture(page, "25-claimed")


def _landed(page: Page, stack: Stack, member: Member, order_id: str, sku: str) -> None:
    duty = {"charge_id": "duty-of-the-lamps", "kind": "duty", "amount": "150.00", "currency": "USD"}
    covers = [{"order_id": order_id, "line_id": "1"}]
    day = datetime.now(UTC).date().isoformat()
    member.post("procurement/charges", {**duty, "day": day, "allocate_by": "units", "covers": covers})
    page.goto(f"{stack.urls.app}purchases/{order_id}")
    _press(page, "Enter a charge")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("900.00")
    dialog.get_by_label("Shared out by").select_option("units")
    dialog.get_by_role("button", name="Share it out").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".lines-table tbody")).to_contain_text("5.2500 each")
    _picture(page, "26-landed")

    order = member.get(f"purchase-orders/{order_id}")
    assert order["state"] == "partially_received"
    assert [(line["good"], line["damaged"], line["to_come"]) for line in order["lines"]] == [(556, 0, 44)]
    (cost,) = order["costs"]
    assert (cost["goods"], cost["charges"]) == (_usd(210_000), {"freight": _usd(90_000), "duty": _usd(15_000)})
    assert (cost["landed"]["value"], cost["unit"], cost["units"]) == (315_000, "5.2500", 600)
    assert cost["in_stock"] == _usd(291_900)
    lots = member.get("costs", search=sku)["lots"]
    assert sorted((each["units"], each["landed"]["amount_minor"]) for each in lots) == [(96, 50_400), (460, 241_500)]
    assert {(each["unit_cost"], each["manufacturing_unit_cost"], each["currency"]) for each in lots} == {
        ("5.25", "3.50", "USD")
    }


def _days() -> tuple[date, date]:
    """Thirty days that are over: what Amazon held back it lets go twelve days later at most, so all is told by now."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=42), today - timedelta(days=13)


def _earned(page: Page, stack: Stack, member: Member, shop: Shop, sku: str) -> None:
    market = shop.marketplace_ids[0]
    first, last = _days()
    amazons = shop.earned(sku, market, first, last)
    units, paid = amazons["units_shipped"], amazons["net_minor"]
    assert units > 0
    cost = 525 * units
    profit = paid - cost
    margin, roi = round(Fraction(100 * profit, amazons["sales_minor"])), round(Fraction(100 * profit, cost))
    days = {"period": "custom", "from": first.isoformat(), "to": last.isoformat()}

    def shown() -> dict[str, Any]:
        found = member.get(f"analytics/products/{sku}", marketplace_id=market, **days)
        result = found["result"]
        figures = {name: result[name]["value"] for name in ("goods", "others", "profit", "margin", "roi")}
        state, uncosted = result["profit"]["state"], result["uncosted_units"]
        return {"units": found["units_shipped"], "proceeds": found["proceeds"]["value"], "state": state,
                "uncosted": uncosted, **figures}  # fmt: skip

    _becomes(shown, {
        "units": units, "proceeds": paid, "state": "posted", "uncosted": 0, "goods": -cost, "others": 0,
        "profit": profit, "margin": margin, "roi": roi,
    })  # fmt: skip
    page.goto(f"{stack.urls.app}products/{market}/{sku}?{urlencode(days)}")
    expect(page.locator("button.tile", has_text="Profit")).to_contain_text(f"{abs(profit) / 100:,.2f}")
    expect(page.locator("button.tile", has_text="Margin")).to_contain_text(str(abs(margin)))
    _picture(page, "27-profit")
