"""Listings, finances, shipments, feeds and the application's secret: one world behind all of them. No server."""

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulator import audit, feeds, listing_life, plans, product_types, shipments, transactions
from infra.simulator import books as accounts
from infra.simulator.answers import Answer, Request
from infra.simulator.catalogue import product_type
from infra.simulator.clock import HOUR, SimulatorClock
from infra.simulator.control import Control, ControlError
from infra.simulator.event_bus import bus_arn, detail_type_of, is_bus
from infra.simulator.feeds import Feed, process
from infra.simulator.lwa import SCOPE_NOTIFICATIONS, SCOPE_ROTATION
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import exponent
from infra.simulator.postings import Kind
from infra.simulator.server import Simulator
from infra.simulator.storage import Storage
from infra.simulator.transactions import Transaction
from infra.simulator.world import Listing, Seller, World

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
US = "ATVPDKIKX0DER"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:intake"


class Post:
    """A queue and an event bus, either of which can be down."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.bus_is_down = False

    def deliver(self, arn: str, body: str) -> None:
        self.messages.append((arn, json.loads(body)))

    def deliver_event(self, arn: str, body: str) -> None:
        if self.bus_is_down:
            raise ConnectionError("the bus is away")
        self.events.append((arn, json.loads(body)))

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        """What was told of a type, each once, in the order in which it happened."""
        known: dict[str, tuple[str, dict[str, Any]]] = {}
        for _, each in (*self.messages, *self.events):
            if kind in {each.get("NotificationType"), each.get("notificationType")}:
                metadata = each.get("NotificationMetadata") or each["notificationMetadata"]
                name = metadata.get("NotificationId") or metadata["notificationId"]
                known[name] = (each.get("EventTime") or each["eventTime"], each.get("Payload") or each["payload"])
        return [payload for _, payload in sorted(known.values(), key=lambda each: each[0])]


def _simulator(post: Post, state: Path | None = None) -> Simulator:
    return Simulator(
        clock=SimulatorClock.manual(START), seed=4, deliver=post.deliver, deliver_event=post.deliver_event, state=state
    )


def _handle(
    simulator: Simulator,
    seller: Seller | None,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: object = None,
    scope: str = SCOPE_NOTIFICATIONS,
) -> Answer:
    partner = seller.selling_partner_id if seller else None
    token = simulator.lwa.issue_access_token(partner, None if seller else scope, simulator.clock.now_ms())
    parameters = {name: [value] for name, value in (query or {}).items()}
    request = Request(method, path, parameters, {"x-amz-access-token": token}, json.dumps(body).encode())
    return simulator.gateway.handle(seller.region if seller else "na", request)


def _call(simulator: Simulator, seller: Seller | None, method: str, path: str, **parts: Any) -> Any:
    answer = _handle(simulator, seller, method, path, **parts)
    assert answer.status < 300, answer.body
    return json.loads(answer.body)


def _subscribe(simulator: Simulator, seller: Seller, kind: str, version: str = "1.0", *, bus: bool = False) -> str:
    wanted = {"eventBridge": {"accountId": "123456789012", "region": "eu-west-1"}} if bus else {"sqs": {"arn": QUEUE}}
    known = _call(simulator, None, "GET", "/notifications/v1/destinations")["payload"]
    found = [each for each in known if set(each["resource"]) == set(wanted)]
    if not found:
        body = {"name": "d", "resourceSpecification": wanted}
        found = [_call(simulator, None, "POST", "/notifications/v1/destinations", body=body)["payload"]]
    simulator.clock.advance(5)
    body = {"payloadVersion": version, "destinationId": found[0]["destinationId"]}
    made = _call(simulator, seller, "POST", f"/notifications/v1/subscriptions/{kind}", body=body)
    return str(made["payload"]["subscriptionId"])


def _told(simulator: Simulator, seller: Seller, **query: str) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        parameters = {**query, **({"nextToken": token} if token else {})}
        found = _call(simulator, seller, "GET", "/finances/2024-06-19/transactions", query=parameters)["payload"]
        yield from found["transactions"]
        token = found.get("nextToken")
        if token is None:
            return
        simulator.clock.advance(2)


def _minor(money: Mapping[str, Any]) -> int:
    return int(Decimal(str(money["currencyAmount"])).scaleb(exponent(money["currencyCode"])))


# ---------------------------------------------------------------------- finances


@pytest.mark.parametrize(
    ("profile", "days", "orders"), [("small-us", None, None), ("japan", None, None), ("large-north-america", 60, 1200)]
)
def test_transactions_add_up_to_the_books_to_the_cent(profile: str, days: int | None, orders: int | None) -> None:
    simulator = _simulator(Post())
    world = simulator.world
    seller = world.create_seller(profile, history_days=days, history_orders=orders)
    simulator.advance(4 * 86_400)
    world.change_seller(seller, demand=0)
    # Everything is shipped, delivered, refunded; and two days after the last of it everything has been told.
    simulator.advance(60 * 86_400)
    earned: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    ids: set[str] = set()
    # A window of more than 180 days would be answered with nothing.
    middle = "2026-12-01T00:00:00Z"
    for each in (
        *_told(simulator, seller, postedAfter="2026-07-01T00:00:00Z", postedBefore=middle),
        *_told(simulator, seller, postedAfter=middle),
    ):
        assert each["transactionId"] not in ids
        ids.add(each["transactionId"])
        amount, currency = _minor(each["totalAmount"]), each["totalAmount"]["currencyCode"]
        if each["transactionType"] == "Transfer":
            paid[currency] += amount
            continue
        assert amount == sum(_minor(part["breakdownAmount"]) for part in each["breakdowns"])
        assert amount == sum(_minor(item["totalAmount"]) for item in each["items"])
        if each["transactionStatus"] == "DEFERRED_RELEASED":
            continue  # told again as RELEASED
        earned[currency] += amount
        for item in each["items"]:
            for group in item["breakdowns"]:
                assert _minor(group["breakdownAmount"]) == sum(
                    _minor(leaf["breakdownAmount"]) for leaf in group["breakdowns"]
                )
                for leaf in group["breakdowns"]:
                    parts[currency][f"{each['transactionType']} {leaf['breakdownType']}"] += _minor(
                        leaf["breakdownAmount"]
                    )
    assert len(ids) > 100
    for currency in {MARKETPLACES[each].currency for each in seller.marketplaces}:

        def held(account: str, currency: str = currency) -> int:
            return world.books.balance(seller.pk, account, currency)

        found = parts[currency]
        assert earned[currency] == held(accounts.BALANCE) + held(accounts.BANK)
        assert paid[currency] == held(accounts.BANK)
        assert found["Shipment OurPricePrincipal"] == -held(accounts.SALES)
        assert found["Shipment ShippingPrincipal"] == -held(accounts.SHIPPING_INCOME)
        assert -found["Shipment OurPriceDiscount"] == held(accounts.DISCOUNTS)
        assert -found["Shipment Commission"] == held(accounts.REFERRAL_FEES)
        assert -found["Shipment FBAPerUnitFulfillmentFee"] == held(accounts.FULFILMENT_FEES)
        assert -found["Refund OurPricePrincipal"] - found["Refund OurPriceDiscount"] == held(accounts.REFUNDS)
        assert found["Shipment OurPriceTax"] + found["Refund OurPriceTax"] == -held(accounts.TAX_COLLECTED)
    assert audit.check(world, seller) == []


def test_finances_are_late_by_up_to_two_days_and_never_early() -> None:
    simulator = _simulator(Post())
    world = simulator.world
    seller = world.create_seller("small-us")
    simulator.advance(86_400)
    now = world.now_ms
    found = [each for each in transactions.listed(world, seller, 0, now + 1) if isinstance(each, Transaction)]
    delays = [each.shown - each.at for each in found if not each.release]
    assert min(delays) >= 0
    assert 40 * HOUR < max(delays) <= 48 * HOUR
    missing = [each for each in found if each.shown > now]
    assert missing
    assert all(each.posted > now - 48 * HOUR for each in missing)
    told = {each["transactionId"] for each in _told(simulator, seller, postedAfter="2026-10-01T00:00:00Z")}
    assert not told & {transactions.identifier(world.seed, each) for each in missing}
    truth = simulator.control.truth_finances(seller.selling_partner_id)["finances"][0]
    assert truth["told_minor"] == sum(each.total_minor for each in found if not each.release and each.shown <= now)
    assert truth["posted_minor"] - truth["told_minor"] == sum(each.total_minor for each in missing if not each.release)
    skus = {each.sku for each in world.listings_of(seller, US)}
    brought = [day for sku in skus for day in simulator.control.truth_earned(seller.selling_partner_id, sku)["days"]]
    assert sum(day["net_minor"] for day in brought) == truth["told_minor"]


def test_held_money_is_told_again_when_it_is_let_go() -> None:
    simulator = _simulator(Post())
    world = simulator.world
    seller = world.create_seller("quiet-us")
    order = world.new_order(seller)
    while not transactions.held_back(world.seed, Kind.SHIPMENT, order.pk):
        order = world.new_order(seller)
    world.advance_order(seller, order.order_id, "SHIPPED")
    query = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order.order_id}
    simulator.advance(2 * 86_400)
    (first,) = _told(simulator, seller, **query)
    assert first["transactionStatus"] == "DEFERRED"
    assert first["contexts"][0]["deferralReason"] in {"DD7", "B2B"}
    sku = first["items"][0]["contexts"][0]["sku"]
    (held,) = simulator.control.truth_earned(seller.selling_partner_id, sku)["days"]
    simulator.advance(12 * 86_400)
    released = simulator.control.truth_earned(seller.selling_partner_id, sku)["days"][0]
    assert date.fromisoformat(released["day"]) - date.fromisoformat(held["day"]) == timedelta(days=10)
    assert {**released, "day": held["day"]} == held
    before, after = (each for each in _told(simulator, seller, **query) if each["transactionType"] == "Shipment")
    assert (before["transactionStatus"], after["transactionStatus"]) == ("DEFERRED_RELEASED", "RELEASED")
    assert before["transactionId"] == first["transactionId"] != after["transactionId"]
    assert before["totalAmount"] == after["totalAmount"]
    assert before["postedDate"] < after["postedDate"]
    names = [
        {one["relatedIdentifierName"]: one["relatedIdentifierValue"] for one in each["relatedIdentifiers"]}
        for each in (before, after)
    ]
    assert names[0]["RELEASE_TRANSACTION_ID"] == after["transactionId"]
    assert names[1]["DEFERRED_TRANSACTION_ID"] == before["transactionId"]


def test_orders_that_merchants_fulfil_are_left_out_when_the_united_states_are_named() -> None:
    simulator = _simulator(Post())
    seller = simulator.world.create_seller("small-us")
    everything = {each["transactionId"]: each for each in _told(simulator, seller, postedAfter="2026-11-01T00:00:00Z")}
    simulator.advance(60)
    named = {
        each["transactionId"] for each in _told(simulator, seller, postedAfter="2026-11-01T00:00:00Z", marketplaceId=US)
    }
    left_out = [everything[each] for each in everything if each not in named]
    networks = {item["contexts"][0]["fulfillmentNetwork"] for each in left_out for item in each["items"]}
    assert networks == {"MFN"}
    assert named


def test_every_transaction_is_announced_when_it_is_told() -> None:
    post = Post()
    simulator = _simulator(post)
    seller = simulator.world.create_seller("small-us")
    _subscribe(simulator, seller, "TRANSACTION_UPDATE")
    begun = simulator.world.now_ms
    for _ in range(4 * 24):
        simulator.advance(3600)
    simulator.advance(120)
    listed = [
        each
        for each in transactions.listed(simulator.world, seller, 0, simulator.world.now_ms)
        if isinstance(each, Transaction)
    ]
    expected = sorted(each.total_minor for each in listed if begun < each.shown <= simulator.world.now_ms - 120_000)
    found = [each["TransactionUpdateNotification"] for each in post.payloads("TRANSACTION_UPDATE")]
    amounts = sorted(round(each["TotalAmount"]["CurrencyAmount"] * 100) for each in found)
    assert len(amounts) - len(expected) in range(3)  # what was told within the last two minutes is on its way
    assert not Counter(expected) - Counter(amounts)
    assert {each["SellingPartnerMetadata"]["SellingPartnerId"] for each in found} == {seller.selling_partner_id}


# ---------------------------------------------------------------------- listings


def _listing(world: World, seller: Seller, *, by_amazon: bool) -> Listing:
    return next(each for each in world.listings_of(seller, US) if each.by_amazon == by_amazon)


def test_another_definition_is_told_to_the_sellers_of_its_marketplace_and_holds_for_their_changes() -> None:
    post = Post()
    simulator = _simulator(post)
    world = simulator.world
    seller = world.create_seller("small-us")
    world.create_seller("quiet-us")
    _subscribe(simulator, seller, "PRODUCT_TYPE_DEFINITIONS_CHANGE", bus=True)
    listing = world.listings_of(seller, US)[0]
    kind, place = product_type(listing.title), MARKETPLACES[US]
    told = Control(simulator).release_definition({"product_type": kind, "marketplace_id": US, "longest_title": 5})
    simulator.advance(60)
    assert {(each["AccountId"], each["MarketplaceId"], each["ProductTypeVersion"]) for each in post.payloads(
        "PRODUCT_TYPE_DEFINITIONS_CHANGE"
    )} == {(seller.selling_partner_id, US, told["version"])}  # fmt: skip
    entry = {"value": "A long name", "marketplace_id": US, "language_tag": place.language}
    patches = [{"op": "replace", "path": "/attributes/item_name", "value": [entry]}]
    (problem,) = feeds.patch(world, seller, [US], listing.sku, patches, world.now_ms, preview=True)
    assert problem["code"] == product_types.TOO_LONG
    for body in ({"product_type": "X"}, {"product_type": kind}, {"product_type": kind, "marketplace_id": US}):
        with pytest.raises(ControlError):
            Control(simulator).release_definition(body)


def test_listings_get_issues_lose_buyability_and_get_it_back() -> None:
    post = Post()
    simulator = _simulator(post)
    seller = simulator.world.create_seller("small-us")
    _subscribe(simulator, seller, "LISTINGS_ITEM_STATUS_CHANGE", bus=True)
    _subscribe(simulator, seller, "LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13", bus=True)
    for _ in range(60 * 6):
        simulator.advance(4 * 3600)
    issues = post.payloads("LISTINGS_ITEM_ISSUES_CHANGE")
    assert {"ERROR", "WARNING", "NONE"} == {severity for each in issues for severity in each["Severities"]}
    last: dict[str, list[str]] = {}
    for each in post.payloads("LISTINGS_ITEM_STATUS_CHANGE"):
        assert last.get(each["Sku"]) != each["Status"], "a status is told when it changes"
        last[each["Sku"]] = each["Status"]
    assert len(last) > 3
    world = simulator.world
    for sku, status in last.items():
        (listing,) = world.listings_with(seller, sku)
        assert listing_life.status(world, listing) == status
    arns = {arn for arn, _ in post.events}
    name = f"aws.partner/sellingpartnerapi.amazon.com/123456789012/{simulator.application.application_id}"
    assert arns == {f"arn:aws:events:eu-west-1:123456789012:event-bus/{name}"}
    assert post.messages == []


def test_a_listing_that_was_taken_down_sells_nothing() -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("small-us", history=False)
    for listing in world.listings_of(seller, US):
        listing_life.set_issue(world, listing, "90220", world.now_ms)
    world.clock.advance(86_400)
    world.step()
    # Issues are not lifted here: nobody planned that.
    assert world.storage.connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (0,)
    assert sum(world.lost_units.values()) > 0


def test_what_a_merchant_offers_is_used_up_and_comes_back() -> None:
    post = Post()
    simulator = _simulator(post)
    world = simulator.world
    seller = world.create_seller("quiet-us")
    _subscribe(simulator, seller, "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", bus=True)
    listing = _listing(world, seller, by_amazon=False)
    listing_life.set_quantity(world, listing, 3, world.now_ms)
    order = world.new_order(seller, sku=listing.sku, quantity=3)
    assert listing_life.quantity(world, listing) == 0
    assert listing_life.status(world, listing) == ["DISCOVERABLE"]
    with pytest.raises(ValueError, match="in stock"):
        world.new_order(seller, sku=listing.sku)
    world.advance_order(seller, order.order_id, "CANCELLED")
    assert listing_life.quantity(world, listing) == 3
    simulator.advance(300)
    assert sorted(each["Quantity"] for each in post.payloads("LISTINGS_ITEM_MFN_QUANTITY_CHANGE")) == [0, 3, 3]


def test_issues_and_their_end_survive_a_restart(tmp_path: Path) -> None:
    with_state = _simulator(Post(), tmp_path)
    seller = with_state.world.create_seller("small-us")
    listing = _listing(with_state.world, seller, by_amazon=True)
    listing_life.set_issue(with_state.world, listing, "18027", with_state.world.now_ms)
    with_state.world.schedule(with_state.world.now_ms + HOUR, seller.pk, listing_life.ISSUE_EVENT, listing.pk, "")
    with_state.stop()
    again = _simulator(Post(), tmp_path)
    found = again.world.listings[listing.pk]
    assert found.issue == "18027"
    again.advance(3700)
    assert found.issue == ""
    again.stop()


def test_a_repeated_world_has_the_same_issues_however_the_clock_is_stepped() -> None:
    seen = []
    for steps in (1, 240):
        world = World(Storage(), SimulatorClock.manual(START), seed=5)
        seller = world.create_seller("small-us")
        for _ in range(steps):
            world.clock.advance(20 * 86_400 / steps)
            world.step()
        seen.append([(each.issue, each.listed_ms, each.told) for each in world.listings_of(seller, US)])
    assert seen[0] == seen[1]
    assert any(listed for _, listed, _ in seen[0])


# ---------------------------------------------------------------------- shipments


def test_shipments_are_the_books_restocks() -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("europe")
    for _ in range(10):
        world.clock.advance(4 * 86_400)
        world.step()
        moving: Counter[tuple[int, str]] = Counter()
        for each in shipments.restocks(world, seller):
            arrived = sum(
                step[3] for step in each.steps if step[0] <= world.now_ms and step[1] == accounts.INBOUND_RECEIVING
            )
            state = {"WORKING": accounts.INBOUND_WORKING, "RECEIVING": accounts.INBOUND_RECEIVING}.get(
                each.status(world.now_ms), accounts.INBOUND_SHIPPED
            )
            if each.status(world.now_ms) != "CLOSED":
                moving[each.listing, state] += each.quantity - arrived
        for listing in world.listings.values():
            for account in (accounts.INBOUND_WORKING, accounts.INBOUND_SHIPPED, accounts.INBOUND_RECEIVING):
                assert world.books.balance(seller.pk, account, listing.units) == moving[listing.pk, account]
    closed = [each for each in shipments.restocks(world, seller) if each.status(world.now_ms) == "CLOSED"]
    short = [each.quantity - each.received(world.now_ms) for each in closed]
    assert set(short) == {0, 1}
    lost = sum(world.books.balance(seller.pk, accounts.LOST_INBOUND, each.units) for each in world.listings.values())
    assert lost == sum(each.quantity - each.received(world.now_ms) for each in closed)
    assert audit.check(world, seller) == []


def test_a_shipment_is_received_little_by_little_and_ends_closed() -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("small-us")
    restock = next(each for each in shipments.restocks(world, seller) if each.status(world.now_ms) == "CLOSED")
    moments = range(restock.created, restock.ended + HOUR, HOUR)
    states = list(dict.fromkeys(restock.status(at) for at in moments))
    assert states == ["WORKING", "SHIPPED", "IN_TRANSIT", "DELIVERED", "CHECKED_IN", "RECEIVING", "CLOSED"]
    plan = next(each for each in shipments.plans(world, seller) if restock in each.restocks)
    assert plan.status(restock.created) == "ACTIVE"
    left = max(each.steps[0][0] for each in plan.restocks)
    assert (plan.status(left - 1), plan.status(left)) == ("ACTIVE", "SHIPPED")
    assert plan.updated(restock.ended) == left
    received = [restock.received(at) for at in moments]
    assert received == sorted(received)
    assert len(set(received)) > 2
    assert [restock.updated(at) for at in moments] == sorted(restock.updated(at) for at in moments)


def test_a_shipment_can_be_counted_in_short_of_some_units() -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("quiet-us")
    listing = next(each for each in world.listings.values() if each.by_amazon)
    before = world.sellable(seller, listing)
    made = world.send_shipment(seller, listing, 100, 4)
    assert [each for each in shipments.restocks(world, seller) if each.quantity == 100] == [made]
    assert (made.status(world.now_ms), made.received(world.now_ms)) == ("CLOSED", 96)
    assert world.sellable(seller, listing) == before + 96
    assert world.books.balance(seller.pk, accounts.LOST_INBOUND, listing.units) == 4
    assert audit.check(world, seller) == []
    with pytest.raises(ValueError, match="missing"):
        world.send_shipment(seller, listing, 3, 4)


# ---------------------------------------------------------------------- feeds


def _feed(places: list[str]) -> Feed:
    return Feed(1, 1, "JSON_LISTINGS_FEED", 0, 0, 0, json.dumps(places), "d", None, None)


def _document(seller: Seller, *messages: dict[str, Any]) -> bytes:
    header = {"sellerId": seller.selling_partner_id, "version": "2.0"}
    return json.dumps({"header": header, "messages": messages}).encode()


def _message(sku: str, **attributes: object) -> dict[str, Any]:
    return {
        "messageId": 1,
        "sku": sku,
        "operationType": "PARTIAL_UPDATE",
        "productType": "HOME",
        "attributes": attributes,
    }


def _price(value: object, **offer: str) -> list[dict[str, Any]]:
    return [{"our_price": [{"schedule": [{"value_with_tax": value}]}], **offer}]


def test_a_feed_changes_price_and_quantity_for_the_orders_that_follow() -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("quiet-us")
    listing = _listing(world, seller, by_amazon=False)
    availability = [{"fulfillment_channel_code": "DEFAULT", "quantity": 7}]
    body = _document(
        seller, _message(listing.sku, purchasable_offer=_price(12.34), fulfillment_availability=availability)
    )
    outcome, report = process(world, seller, _feed([US]), body, world.now_ms)
    assert (outcome, report and report["issues"]) == ("DONE", [])
    order = world.new_order(seller, sku=listing.sku, quantity=2)
    assert world.lines(order.pk)[0].item_minor == 2468
    assert listing_life.quantity(world, listing) == 5


def test_a_quantity_for_what_amazon_holds_is_ignored_without_a_word() -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("quiet-us")
    listing = _listing(world, seller, by_amazon=True)
    held = listing_life.quantity(world, listing)
    availability = [{"fulfillment_channel_code": "DEFAULT", "quantity": 7}]
    body = _document(seller, _message(listing.sku, fulfillment_availability=availability))
    assert process(world, seller, _feed([US]), body, world.now_ms)[1]["summary"]["messagesAccepted"] == 1  # type: ignore[index]
    assert listing_life.quantity(world, listing) == held
    assert listing.offered is None


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ({"purchasable_offer": _price("dear")}, "value_with_tax"),
        ({"purchasable_offer": _price(1.005)}, "value_with_tax"),
        ({"purchasable_offer": _price(0)}, "above 0"),
        ({"purchasable_offer": _price(5, currency="EUR")}, "currency"),
        ({"fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": -1}]}, "quantity"),
    ],
)
def test_a_message_with_one_mistake_changes_nothing(attributes: dict[str, Any], word: str) -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("quiet-us")
    listing = _listing(world, seller, by_amazon=False)
    good = {
        "purchasable_offer": _price(3.21),
        "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": 9}],
    }
    before = (listing.price_minor, listing.offered)
    body = _document(seller, _message(listing.sku, **{**good, **attributes}))
    outcome, report = process(world, seller, _feed([US]), body, world.now_ms)
    assert outcome == "DONE"
    assert report is not None
    assert word in report["issues"][0]["message"]
    assert report["summary"]["messagesInvalid"] == 1
    assert (listing.price_minor, listing.offered) == before


@pytest.mark.parametrize(
    "body", [None, b"", b"[]", b'{"header": {"version": "2.0", "sellerId": "A1"}, "messages": []}']
)
def test_a_feed_that_cannot_be_read_is_fatal(body: bytes | None) -> None:
    world = World(Storage(), SimulatorClock.manual(START), seed=5)
    seller = world.create_seller("quiet-us")
    assert process(world, seller, _feed([US]), body, world.now_ms)[0] == "FATAL"


def test_a_feed_is_worked_on_across_a_restart_and_its_end_is_told(tmp_path: Path) -> None:
    post = Post()
    first = _simulator(post, tmp_path)
    seller = first.world.create_seller("quiet-us", selling_partner_id="A1FEED")
    _subscribe(first, seller, "FEED_PROCESSING_FINISHED", "2020-09-04")
    sku = _listing(first.world, seller, by_amazon=True).sku
    made = _call(first, seller, "POST", "/feeds/2021-06-30/documents", body={"contentType": "application/json"})
    path, _, query = made["url"].removeprefix("http://localhost").partition("?")
    signed = dict(part.split("=") for part in query.split("&"))
    document = path.rpartition("/")[2]
    body = _document(seller, _message(sku, purchasable_offer=_price(8.88)))
    assert first.feeds.upload(document, signed["expires"], "0" * 64, "application/json", body) == 403
    assert first.feeds.upload(document, **signed, content_type="application/json", body=body) == 200
    wanted = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": [US], "inputFeedDocumentId": document}
    feed_id = _call(first, seller, "POST", "/feeds/2021-06-30/feeds", body=wanted)["feedId"]
    first.stop()
    second = _simulator(post, tmp_path)
    second.advance(300)
    (seller,) = second.world.sellers.values()
    feed = _call(second, seller, "GET", f"/feeds/2021-06-30/feeds/{feed_id}")
    assert feed["processingStatus"] == "DONE"
    assert second.world.listings_with(seller, sku)[0].price_minor == 888
    (told,) = post.payloads("FEED_PROCESSING_FINISHED")
    assert told["feedProcessingFinishedNotification"]["resultFeedDocumentId"] == feed["resultFeedDocumentId"]
    address = _call(second, seller, "GET", f"/feeds/2021-06-30/documents/{feed['resultFeedDocumentId']}")
    result = dict(part.split("=") for part in address["url"].partition("?")[2].split("&"))
    content, _ = second.feeds.download(feed["resultFeedDocumentId"], **result) or (b"", "")
    assert json.loads(gzip.decompress(content))["header"]["feedId"] == feed_id
    second.stop()


# ---------------------------------------------------------------------- events, the application, accounts


def test_an_event_that_cannot_be_delivered_is_kept_shown_and_tried_again() -> None:
    post = Post()
    post.bus_is_down = True
    simulator = _simulator(post)
    seller = simulator.world.create_seller("quiet-us")
    _subscribe(simulator, seller, "LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13", bus=True)
    listing = _listing(simulator.world, seller, by_amazon=True)
    listing_life.set_issue(simulator.world, listing, "18448", simulator.world.now_ms)
    simulator.advance(60)
    shown = simulator.notifications.undelivered()[0]
    assert shown["error"] == "ConnectionError: the bus is away"
    assert is_bus(str(shown["destination"]))
    post.bus_is_down = False
    for _ in range(5):
        simulator.advance(600)
    assert simulator.notifications.waiting()[1] == 0
    (payload,) = post.payloads("LISTINGS_ITEM_ISSUES_CHANGE")
    assert payload["Severities"] == ["WARNING"]
    assert {detail_type_of(json.dumps(each)) for _, each in post.events} == {"LISTINGS_ITEM_ISSUES_CHANGE"}
    assert not is_bus(QUEUE)
    assert is_bus(bus_arn("us-east-1", "1", "aws.partner/x"))


def test_the_secret_is_told_to_the_queue_and_nowhere_else() -> None:
    post = Post()
    simulator = _simulator(post)
    path = "/applications/2023-11-30/clientSecret"
    assert _handle(simulator, None, "POST", path, scope=SCOPE_ROTATION).status == 400
    assert _handle(simulator, None, "POST", path).status == 403
    simulator.application.notification_queue = QUEUE
    simulator.advance(120)
    answer = _handle(simulator, None, "POST", path, scope=SCOPE_ROTATION)
    assert (answer.status, answer.body) == (204, b"")
    simulator.advance(120)
    (told,) = post.payloads("APPLICATION_OAUTH_CLIENT_NEW_SECRET")
    assert told["applicationOAuthClientNewSecret"]["newClientSecret"] == simulator.application.client_secret
    assert told["applicationOAuthClientNewSecret"]["oldClientSecretExpiryTime"].startswith("2026-11-28")
    _, message = post.messages[0]
    assert "subscriptionId" not in message["notificationMetadata"]
    assert simulator.application.client_secret not in json.dumps(simulator.control.state())


def test_an_application_is_warned_once_before_its_secret_expires() -> None:
    post = Post()
    simulator = _simulator(post)
    body = {"notification_queue": QUEUE, "secret_expires_at": "2027-03-01T00:00:00Z"}
    simulator.control.change_application(body)
    simulator.advance(9 * 86_400)
    assert post.payloads("APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY") == []
    for _ in range(4):
        simulator.advance(86_400)
    (told,) = post.payloads("APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY")
    assert told["applicationOAuthClientSecretExpiry"]["clientSecretExpiryReason"] == "PERIODIC_ROTATION"
    form = {
        "grant_type": "client_credentials", "scope": SCOPE_NOTIFICATIONS,
        "client_id": simulator.application.client_id, "client_secret": simulator.application.client_secret,
    }  # fmt: skip
    assert simulator.lwa.token(form).status == 200
    simulator.advance(100 * 86_400)
    assert b"The LWA secret token you provided has expired." in simulator.lwa.token(form).body


def test_an_account_status_names_no_seller() -> None:
    post = Post()
    simulator = _simulator(post)
    seller = simulator.world.create_seller("quiet-us")
    subscription = _subscribe(simulator, seller, "ACCOUNT_STATUS_CHANGED", "2021-01-01")
    simulator.control.set_account_status(seller.selling_partner_id, {"status": "DEACTIVATED"})
    simulator.advance(60)
    _, message = post.messages[0]
    assert seller.selling_partner_id not in json.dumps(message)
    assert message["notificationMetadata"]["subscriptionId"] == subscription
    change = {"previousAccountStatus": "NORMAL", "currentAccountStatus": "DEACTIVATED"}
    assert message["payload"]["accountStatusChangeNotification"] == change
    found = _call(simulator, seller, "GET", "/sellers/v1/marketplaceParticipations")["payload"]
    assert found[0]["participation"]["hasSuspendedListings"]


def test_consent_can_be_withdrawn_in_the_middle_of_the_work() -> None:
    simulator = _simulator(Post())
    seller = simulator.world.create_seller("quiet-us")
    refresh = simulator.lwa.authorise(seller)
    token = simulator.lwa.issue_access_token(seller.selling_partner_id, None, simulator.clock.now_ms())
    simulator.control.add_fault({"kind": "revoked_grant", "seller": seller.selling_partner_id, "count": 3})
    request = Request("GET", "/sellers/v1/marketplaceParticipations", {}, {"x-amz-access-token": token})
    statuses = [simulator.gateway.handle("na", request).status for _ in range(6)]
    assert statuses == [200, 200, 200, 403, 403, 403]
    form = {
        "grant_type": "refresh_token", "refresh_token": refresh,
        "client_id": simulator.application.client_id, "client_secret": simulator.application.client_secret,
    }  # fmt: skip
    assert b"invalid_grant" in simulator.lwa.token(form).body
    # Consent given anew makes tokens that work.
    simulator.clock.advance(1)
    assert simulator.lwa.token({**form, "refresh_token": simulator.lwa.authorise(seller)}).status == 200
    renewed = simulator.lwa.issue_access_token(seller.selling_partner_id, None, simulator.clock.now_ms())
    again = Request("GET", request.path, {}, {"x-amz-access-token": renewed})
    assert simulator.gateway.handle("na", again).status == 200


@pytest.mark.parametrize(("orders", "rate"), [(0, 1), (2_999, 1), (3_000, 2), (10_000, 4), (30_000, 8)])
def test_plans_grow_with_the_sellers_size(orders: int, rate: float) -> None:
    assert plans.factor(orders) == rate


def test_a_larger_seller_is_told_a_larger_rate() -> None:
    simulator = _simulator(Post())
    path, query = "/finances/2024-06-19/transactions", {"postedAfter": "2026-11-01T00:00:00Z"}
    small = simulator.world.create_seller("small-us")
    large = simulator.world.create_seller("small-us", history_days=20, history_orders=3500)

    def rate(seller: Seller) -> str:
        return _handle(simulator, seller, "GET", path, query=query).headers["x-amzn-RateLimit-Limit"]

    assert (rate(small), rate(large)) == ("0.5", "1")
    simulator.world.change_seller(large, rate_multipliers={"listTransactions": 3})
    assert rate(large) == "1.5"
    simulator.world.change_seller(large, rate_multipliers={}, demand=0)
    # When it sells less, its plan shrinks.
    simulator.advance(31 * 86_400)
    assert rate(large) == "0.5"
