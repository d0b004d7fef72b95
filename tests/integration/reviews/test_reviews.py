"""Review requests in the store and in the worker: the book's contract, planning, sending, refunds, the log."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
import pytest

from quayside.amazon.errors import AmazonUnavailable
from quayside.amazon.finances import RelatedIdentifier, Transaction
from quayside.amazon.report_rows import ReturnRow
from quayside.amazon.solicitations import Requested
from quayside.kernel.clock import format_instant
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.reviews import service, store, working
from quayside.reviews.rules import POLICY, Candidate
from quayside.reviews.sending import Standing, WakeUp
from quayside.reviews.views import CampaignDraft
from quayside.sync import service as sync
from quayside.sync.commands import SyncCommand, decode_command
from quayside.sync.service import Desk, Work
from quayside.sync.sinks import Applied, ReportLoad
from tests.support.amazon import entropy_of
from tests.support.aws import START, Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import DE, US
from tests.support.orders import item, order_document
from tests.support.reviews import MemoryBook
from tests.support.sellers import ConnectedSeller, connect
from tests.support.works import run_command

BOUGHT = START - timedelta(days=12)
USE_CASES: dict[str, Callable[[Work], None]] = {"reviews.send": working.send, "reviews.plan": working.plan}


class Amazon:
    """Offers a request for every order once, or does what a test says."""

    def __init__(self) -> None:
        self.accepted: list[str] = []
        self.asked: list[str] = []
        self.offers: Callable[[str], bool] = lambda order_id: order_id not in self.accepted
        self.loses_answers = False

    def offers_review_request(self, _: object, marketplace_id: str, order_id: str) -> bool:
        assert marketplace_id in {US, DE}
        self.asked.append(order_id)
        return self.offers(order_id)

    def request_review(self, _: object, marketplace_id: str, order_id: str, *, before: Callable[[], None]) -> Requested:
        assert marketplace_id in {US, DE}
        before()
        if order_id in self.accepted:
            return Requested.NOT_AVAILABLE
        self.accepted.append(order_id)
        if self.loses_answers:
            raise AmazonUnavailable("", operation="create")
        return Requested.ACCEPTED


class Shop:
    """A connected seller with orders, and the worker's use cases."""

    def __init__(self, present: Aws, seller: ConnectedSeller) -> None:
        self.aws = present
        self.seller = seller
        self.amazon = Amazon()
        self.desk = Desk(present.clock, entropy_of(4))

    def order(
        self, number: int, *, bought: datetime = BOUGHT, place: str = US, status: str = "SHIPPED", dates: bool = True
    ) -> str:
        order_id = f"114-0000000-{number:07}"
        window = {
            "earliestDateTime": format_instant(bought + timedelta(days=1)),
            "latestDateTime": format_instant(bought + timedelta(days=3)),
        }
        document = order_document(
            order_id,
            marketplace=place,
            purchased=format_instant(bought),
            updated=format_instant(self.aws.clock.now()),
            items=[item(sku=f"SKU-{number}", currency="USD" if place == US else "EUR")],
            fulfillment={
                "fulfillmentStatus": status,
                "fulfilledBy": "AMAZON",
                **({"deliverByWindow": window} if dates else {}),
            },
        )
        with tenant_scope(self.seller.tenant_id):
            orders.apply_orders(
                self.seller.tenant_id,
                self.seller.connection_id,
                [document],
                received_at=self.aws.clock.now(),
                clock=self.aws.clock,
            )
        return order_id

    def campaign(self, **parts: Any) -> str:
        draft = CampaignDraft(**{"name": "All", "state": "on", "send_hour": 1, **parts})
        with tenant_scope(self.seller.tenant_id):
            return service.create_campaign(draft, clock=self.aws.clock, entropy=entropy_of(8)).campaign_id

    def work(self, *, cause: Any = "schedule") -> None:
        """Let the schedule ask once, and run everything that follows, as the queue would."""
        waiting = [self.desk.command("reviews.send", self.seller.tenant_id, self.seller.connection_id, {}, cause)]
        for _ in range(60):
            if not waiting:
                return
            waiting += self.run(waiting.pop(0))
        raise AssertionError(waiting)

    def work_until_fetches(self) -> list[SyncCommand]:
        """Let the schedule ask twice, run what follows but the fetching of orders, and return what would be fetched."""
        fetches: list[SyncCommand] = []
        for _ in range(2):  # what planning wakes is decided by the second look
            waiting = [
                self.desk.command("reviews.send", self.seller.tenant_id, self.seller.connection_id, {}, "schedule")
            ]
            while waiting:
                for command in self.run(waiting.pop(0)):
                    (fetches if command.kind == "orders.fetch" else waiting).append(command)
        return fetches

    def run(self, command: SyncCommand) -> list[SyncCommand]:
        run_command(USE_CASES[command.kind], command, self.amazon, self.desk, self.aws.clock)
        return [decode_command(json.dumps(message["body"])) for message in self.aws.messages()]

    def passes(self, **time: float) -> None:
        """Let time pass, with a look at the end."""
        self.aws.clock.advance(timedelta(**time).total_seconds())
        self.work()

    def log(self, **filters: Any) -> dict[str, str]:
        with tenant_scope(self.seller.tenant_id):
            return {each.order_id: each.state for each in service.decisions(self.aws.clock, **filters).decisions}


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def shop(shared: Aws) -> Shop:
    present = emptied(shared)
    return Shop(present, connect(present.clock, marketplaces=(US,)))


# -- The book's contract -----------------------------------------------------------------------------------------------

WAKE = WakeUp("114-0000000-0000001", US, BOUGHT, START)
CANDIDATE = Candidate(
    order_id=WAKE.order_id,
    marketplace_id=US,
    time_zone="America/Los_Angeles",
    status="SHIPPED",
    fulfilled_by="AMAZON",
    purchased_at=BOUGHT,
)


@pytest.fixture(params=["memory", "store"])
def book(request: pytest.FixtureRequest, shop: Shop) -> Iterator[MemoryBook | store.Book]:
    """Either book; what is promised holds for both."""
    with tenant_scope(shop.seller.tenant_id):
        if request.param == "memory":
            yield MemoryBook(lambda _: CANDIDATE)
        else:
            yield store.Book(shop.seller.connection_id, lambda _: CANDIDATE)


def test_a_book_keeps_its_promises(book: MemoryBook | store.Book) -> None:
    waiting = Standing(state="waiting", decided_at=START, send_at=START, look_at=START + timedelta(hours=1))
    assert book.standing(WAKE) is None
    assert book.candidate(WAKE) == CANDIDATE
    book.wake(WAKE)
    book.wake(WAKE)
    assert book.due(START, 5) == [WAKE]
    assert book.due(START - timedelta(seconds=1), 5) == []

    assert book.keep(WAKE, None, waiting)
    assert book.standing(WAKE) == waiting
    assert not book.keep(WAKE, None, msgspec.structs.replace(waiting, because="I was first"))
    sending = msgspec.structs.replace(waiting, state="sending", step=1, look_at=START + timedelta(hours=2))
    assert book.keep(WAKE, waiting, sending)
    assert not book.keep(WAKE, waiting, msgspec.structs.replace(sending, because="so was I"))
    assert book.standing(WAKE) == sending
    sent = msgspec.structs.replace(sending, state="sent", step=2, look_at=None)
    assert not book.keep(WAKE, waiting, sent)
    assert book.keep(WAKE, sending, sent)

    assert [each.wakes_at for each in book.due(START + timedelta(days=1), 5)] == [
        START, START + timedelta(hours=1), START + timedelta(hours=2),
    ]  # fmt: skip
    assert len(book.due(START + timedelta(days=1), 2)) == 2
    book.done(WAKE)
    book.done(WAKE)
    assert WAKE not in book.due(START + timedelta(days=1), 5)


# -- The worker --------------------------------------------------------------------------------------------------------


def test_an_order_is_planned_asked_and_counted_once(shop: Shop) -> None:
    first, young = shop.order(1), shop.order(2, bought=START - timedelta(days=4))
    shop.order(3, status="CANCELLED")
    shop.work()
    assert shop.log() == {}, "without a campaign nothing is planned"
    shop.campaign()
    shop.work()
    shop.work()
    assert shop.amazon.accepted == [first]
    assert shop.log() == {first: "sent", young: "waiting", "114-0000000-0000003": "skipped"}
    assert shop.log(state="sent") == {first: "sent"}
    assert shop.log(search=young) == {young: "waiting"}
    with tenant_scope(shop.seller.tenant_id):
        home = service.home(shop.aws.clock, days=30)
        detail = service.decision_of(first, None, shop.aws.clock)
    assert [figure.value for figure in home.figures] == [1, 1, 1, 50]
    assert sum(each.planned for each in home.calendar) == 1
    assert next(each.day for each in home.calendar if each.planned) == f"{START + timedelta(days=6):%Y-%m-%d}"
    assert detail.decision is not None
    assert detail.decision.answer == "Amazon accepted the request."
    assert detail.now == "Nothing more happens: a buyer is asked once at most."
    assert [step.what for step in detail.course][-1] == "The request was sent."

    shop.passes(days=6)
    assert sorted(shop.amazon.accepted) == [first, young]
    with tenant_scope(shop.seller.tenant_id):
        home = service.home(shop.aws.clock, days=30)
    assert [figure.value for figure in home.figures] == [2, 0, 1, 67]
    assert not [each for each in shop.aws.items() if each["kind"]["S"] == "review_wake_up"]


def test_a_lost_answer_is_found_out(shop: Shop) -> None:
    order_id = shop.order(1)
    shop.campaign()
    shop.amazon.loses_answers = True
    with pytest.raises(AmazonUnavailable):
        shop.work()
    assert shop.log() == {order_id: "waiting"} or shop.log() == {order_id: "sending"}
    for days in (1, 1, 3, 3):
        shop.passes(days=days)
    assert shop.amazon.accepted == [order_id]
    assert shop.log() == {order_id: "sent"}


def test_refunds_and_returns_that_come_in_change_what_waits_at_once(shop: Shop) -> None:
    young = START - timedelta(days=4)
    refunded, returned, other = (shop.order(number, bought=young) for number in (1, 2, 3))
    shop.campaign()
    shop.work()
    shop.work()
    refund = Transaction("t-1", "Refund", START, related_identifiers=(RelatedIdentifier("ORDER_ID", refunded),))
    sale = Transaction("t-2", "Shipment", START, related_identifiers=(RelatedIdentifier("ORDER_ID", other),))
    given: list[object] = []

    def sink(*arguments: object, **_: object) -> Applied:
        given.append(arguments[-1])
        return Applied(2, 0)

    seller = shop.seller
    noted = working.noting_refunds(cast("Any", sink))(
        seller.tenant_id, seller.connection_id, [refund, sale], received_at=START, clock=shop.aws.clock
    )
    row = msgspec.convert(
        {
            "line": 1, "returned_at": START, "order_id": returned, "seller_sku": "S", "asin": "A", "fnsku": "F",
            "title": "T", "quantity": 1, "fulfilment_centre": "X", "disposition": "SELLABLE", "reason": "R",
            "status": "S", "license_plate": "L",
        },
        ReturnRow,
    )  # fmt: skip
    load = ReportLoad(seller.tenant_id, seller.connection_id, (US,), "R", "1", None, None, START, last=True)
    working.noting_returns(cast("Any", sink))(load, [row])
    assert noted == Applied(2, 0)
    assert given == [[refund, sale], [row]]
    shop.work()
    assert shop.log() == {refunded: "skipped", returned: "skipped", other: "waiting"}
    shop.passes(days=7)
    assert shop.amazon.accepted == [other]


def test_barred_orders_are_never_asked_and_may_be_let_in_again(shop: Shop) -> None:
    young = START - timedelta(days=4)
    one, two = (shop.order(number, bought=young) for number in (1, 2))
    shop.campaign()
    shop.work()
    shop.work()
    with tenant_scope(shop.seller.tenant_id):
        page = service.bar([one, f" {two} ", one], by="anna", clock=shop.aws.clock)
        assert [each.order_id for each in page.orders] == [one, two]
        assert service.bar([one], by="anna", clock=shop.aws.clock) == page
        with pytest.raises(InvalidInput, match="no order id"):
            service.bar(["no-such"], by="anna", clock=shop.aws.clock)
        with pytest.raises(InvalidInput, match="1 to 100"):
            service.bar([], by="anna", clock=shop.aws.clock)
        assert service.decision_of(one, None, shop.aws.clock).barred
    shop.work()
    assert shop.log() == {one: "skipped", two: "skipped"}
    with tenant_scope(shop.seller.tenant_id):
        assert [each.order_id for each in service.unbar(two, shop.aws.clock).orders] == [one]
    shop.passes(days=7)
    assert shop.amazon.accepted == [two]


def test_paused_nothing_goes_out_and_afterwards_everything_does(shop: Shop) -> None:
    order_id = shop.order(1)
    shop.campaign()
    with tenant_scope(shop.seller.tenant_id):
        service.pause(paused=True, clock=shop.aws.clock)
    shop.work()
    shop.work()
    assert shop.amazon.asked == []
    assert shop.log() == {order_id: "waiting"}
    with tenant_scope(shop.seller.tenant_id):
        assert service.home(shop.aws.clock, days=7).paused
        service.pause(paused=False, clock=shop.aws.clock)
    shop.work()
    shop.work()
    assert shop.amazon.accepted == [order_id]


def test_a_test_logs_and_sends_nothing_until_it_is_switched_on(shop: Shop) -> None:
    order_id = shop.order(1)
    campaign_id = shop.campaign(state="test")
    shop.work()
    shop.work()
    assert (shop.log(), shop.amazon.asked) == ({order_id: "tested"}, [])
    with tenant_scope(shop.seller.tenant_id):
        (view,) = service.campaigns().campaigns
        on = msgspec.structs.replace(view.campaign, state="on")
        changed = service.change_campaign(campaign_id, view.version, on, clock=shop.aws.clock)
        with pytest.raises(Conflict):
            service.change_campaign(campaign_id, view.version, on, clock=shop.aws.clock)
    assert changed.version == view.version + 1
    shop.work()
    shop.work()
    assert (shop.log(), shop.amazon.accepted) == ({order_id: "sent"}, [order_id])
    with tenant_scope(shop.seller.tenant_id):
        assert service.remove_campaign(campaign_id).campaigns == ()
        with pytest.raises(NotFound):
            service.remove_campaign(campaign_id)
        with pytest.raises(NotFound):
            service.change_campaign(campaign_id, 1, on, clock=shop.aws.clock)


def test_a_setting_is_acted_on_at_once_unless_review_requests_are_paused(shop: Shop) -> None:
    order_id = shop.order(1)
    shop.campaign()
    with tenant_scope(shop.seller.tenant_id):
        service.decide_soon(shop.aws.clock)
    (asked,) = [decode_command(json.dumps(message["body"])) for message in shop.aws.messages()]
    assert (asked.kind, asked.cause) == ("reviews.send", "member")
    waiting = [asked]
    while waiting:
        waiting += shop.run(waiting.pop(0))
    assert shop.amazon.accepted == [order_id]
    with tenant_scope(shop.seller.tenant_id):
        sync.pause(shop.seller.connection_id, "review_requests", "anna", shop.aws.clock)
        service.decide_soon(shop.aws.clock)
    assert shop.aws.messages() == []


def test_orders_that_come_in_late_are_found_at_a_later_look(shop: Shop) -> None:
    shop.campaign()
    shop.work()
    late = shop.order(1, bought=START - timedelta(days=13, hours=20))
    shop.passes(hours=1)
    assert shop.log() == {}
    shop.passes(hours=6)
    shop.work()
    assert shop.log() == {late: "waiting"} or shop.amazon.accepted == [late]


def test_more_orders_than_fit_a_command_are_all_decided(shop: Shop) -> None:
    ids = {shop.order(number) for number in range(1, 15)}
    shop.campaign()
    shop.work()
    shop.work()
    assert set(shop.amazon.accepted) == ids
    assert len(shop.amazon.accepted) == 14
    with tenant_scope(shop.seller.tenant_id):
        first = service.decisions(shop.aws.clock, limit=10)
        second = service.decisions(shop.aws.clock, limit=10, cursor=first.next_cursor)
        rows = service.rows_view(shop.seller.connection_id, "review_requests", None, None, 50)
        with pytest.raises(InvalidInput):
            service.decisions(shop.aws.clock, cursor="x")
    assert {each.order_id for each in (*first.decisions, *second.decisions)} == ids
    assert second.next_cursor is None
    assert {row[0] for row in rows.rows} == ids


# -- Campaigns and preview ---------------------------------------------------------------------------------------------


def test_a_campaign_that_breaks_the_policy_is_not_kept(shop: Shop) -> None:
    with pytest.raises(InvalidInput) as refused:
        shop.campaign(delay_days=3)
    assert refused.value.detail == POLICY
    with tenant_scope(shop.seller.tenant_id):
        assert service.campaigns().campaigns == ()


def test_a_preview_says_what_would_have_been_and_why_not(shop: Shop) -> None:
    for number in range(1, 8):
        shop.order(number, bought=START - timedelta(days=6 * number))
    shop.order(8, status="CANCELLED")
    shop.order(9, bought=START - timedelta(days=95))
    with tenant_scope(shop.seller.tenant_id):
        for number, days in ((3, 1), (4, 15)):
            # One was refunded before its request would have gone out, one long after.
            bought = START - timedelta(days=6 * number)
            store.mark(
                shop.seller.connection_id,
                f"114-0000000-{number:07}",
                "refunded_at",
                bought + timedelta(days=days),
                START,
            )
        found = service.preview(CampaignDraft(name="Try", exclude_skus=("SKU-5",)), None, None, shop.aws.clock)
        shop_wide = service.preview(CampaignDraft(name="Try", include_skus=("SKU-1",)), None, None, shop.aws.clock)
        with pytest.raises(InvalidInput):
            service.preview(CampaignDraft(name="Try", delay_days=40), None, None, shop.aws.clock)
    assert (found.examined, found.would_send, found.not_its_own, found.other_campaign) == (8, 5, 1, 0)
    assert {each.rule: each.count for each in found.skipped} == {"refunded": 1, "cancelled": 1}
    assert found.next_cursor is None
    assert (shop_wide.would_send, shop_wide.not_its_own) == (1, 6)


def test_a_preview_leaves_to_other_campaigns_what_is_theirs(shop: Shop) -> None:
    shop.order(1)
    shop.order(2)
    shop.campaign(name="First", priority=1, include_skus=("SKU-1",))
    with tenant_scope(shop.seller.tenant_id):
        found = service.preview(CampaignDraft(name="Second"), None, None, shop.aws.clock)
    assert (found.would_send, found.other_campaign) == (1, 1)


def test_an_order_that_is_not_here_has_no_decision(shop: Shop) -> None:
    with tenant_scope(shop.seller.tenant_id), pytest.raises(NotFound):
        service.decision_of("114-9999999-9999999", None, shop.aws.clock)


def test_delivery_dates_of_an_order_known_from_a_report_are_asked_for_once_if_a_campaign_wants_it(shop: Shop) -> None:
    """A report names no delivery dates; what no campaign wants is not fetched for them."""
    wanted, unwanted = shop.order(1, dates=False), shop.order(2, dates=False)
    shop.campaign(include_skus=("SKU-1",))
    asked = shop.work_until_fetches()
    assert [(each.arguments["order_id"], each.arguments["mode"]) for each in asked] == [(wanted, "history")]
    assert shop.log() == {wanted: "waiting", unwanted: "waiting"}
    shop.aws.clock.advance(timedelta(days=1, minutes=1).total_seconds())
    assert shop.work_until_fetches() == [], "it is asked for once"
    shop.aws.clock.advance(1)
    shop.order(1)
    shop.passes(days=1, minutes=1)
    assert shop.amazon.accepted == [wanted]
