"""Messages to buyers in the store and in the worker: what is allowed, sent once, taken back, settled, listed."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from quayside.amazon.errors import AddressExpired, AmazonUnavailable, RequestRejected, RoleMissing, Throttled
from quayside.amazon.messaging import OfferedMessage
from quayside.amazon.uploads import UploadDestination
from quayside.connections import service as connections
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.errors import Conflict, InvalidInput, NotFound, QuaysideError, RateLimited
from quayside.kernel.ids import MemberId
from quayside.kernel.tenancy import tenant_scope
from quayside.messages import service, store, working
from quayside.messages.rules import MOST_OF_AN_ORDER, MOST_PARTS, PART_BYTES, POLICY, FileFacts
from quayside.messages.views import MessageDraft, MessageFilePart, OrderMessages
from quayside.orders import service as orders
from quayside.storage.vault import Secret
from quayside.sync.commands import SyncCommand, decode_command
from quayside.sync.registry import BUYER_MESSAGES
from quayside.sync.service import Desk, Work
from tests.support.amazon import entropy_of
from tests.support.aws import REGION, START, Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US
from tests.support.orders import item, order_document
from tests.support.sellers import ConnectedSeller, connect
from tests.support.works import run_command

ORDER = "114-0000000-0000001"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400
"""A file of three parts."""
SECRET_WORDS = "Your lamp comes in two parcels."
USE_CASES: dict[str, Callable[[Work], None]] = {"messages.offer": working.offer, "messages.send": working.send}


class Amazon:
    """Allows what a test says, and takes every message."""

    def __init__(self) -> None:
        self.actions = ["confirmOrderDetails", "warranty", "legalDisclosure"]
        self.sent: list[tuple[str, str, dict[str, object]]] = []
        self.put: list[bytes] = []
        self.expires: list[Exception] = []
        self.fails: Exception | None = None
        self.refuses_list: Exception | None = None

    def offered_messages(self, _: object, marketplace_id: str, order_id: str) -> tuple[OfferedMessage, ...]:
        assert (marketplace_id, order_id[:3]) == (US, "114")
        if self.refuses_list is not None:
            raise self.refuses_list
        return tuple(OfferedMessage(each) for each in self.actions)

    def buyer_language(self, _: object, marketplace_id: str, order_id: str) -> str:
        assert (marketplace_id, order_id[:3]) == (US, "114")
        return "en-US"

    def send_message(
        self,
        _: object,
        place: str,
        order_id: str,
        action: str,
        values: dict[str, object],
        *,
        before: Callable[[], None],
    ) -> None:
        assert place == US
        before()
        if isinstance(self.fails, Throttled | RequestRejected):
            raise self.fails
        self.sent.append((order_id, action, values))
        if self.fails is not None:
            raise self.fails

    def upload_destination(
        self, _: object, place: str, order_id: str, action: str, *, content_md5: str, content_type: str
    ) -> UploadDestination:
        assert (place, action, content_type) == (US, "legalDisclosure", "application/pdf")
        return UploadDestination(f"{order_id}-{len(self.put)}", Secret("https://store"), {"Content-MD5": content_md5})

    def upload(self, url: Secret, content: bytes, content_type: str, headers: dict[str, str]) -> None:
        assert (url.reveal(), content_type) == ("https://store", "application/pdf")
        assert headers == {
            "Content-MD5": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        }
        self.put.append(content)
        if self.expires:
            raise self.expires.pop()


class Shop:
    """A connected seller with an order, and the worker's use cases."""

    def __init__(self, present: Aws, seller: ConnectedSeller) -> None:
        self.aws = present
        self.seller = seller
        self.amazon = Amazon()
        self.desk = Desk(present.clock, entropy_of(4))
        self.order(ORDER)
        self.switch(on=True)

    def order(self, order_id: str) -> None:
        document = order_document(
            order_id,
            purchased=format_instant(START - timedelta(days=2)),
            updated=format_instant(self.aws.clock.now()),
            items=[item(sku="SKU-1")],
            fulfillment={"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
        )
        with tenant_scope(self.seller.tenant_id):
            orders.apply_orders(
                self.seller.tenant_id,
                self.seller.connection_id,
                [document],
                received_at=self.aws.clock.now(),
                clock=self.aws.clock,
            )

    def switch(self, *, on: bool) -> None:
        with tenant_scope(self.seller.tenant_id):
            connections.change_features(self.seller.connection_id, "messages", on=on)

    def asked(self) -> list[SyncCommand]:
        return [decode_command(json.dumps(message["body"])) for message in self.aws.messages()]

    def run(self, command: SyncCommand) -> None:
        use_case = USE_CASES[command.kind]
        run_command(use_case, command, self.amazon, self.desk, self.aws.clock, uploads=self.amazon)

    def work(self) -> None:
        """Run everything that is on the queue, as the worker would."""
        for _ in range(10):
            waiting = self.asked()
            if not waiting:
                return
            for command in waiting:
                self.run(command)
        raise AssertionError("it never ends")

    def sweep(self) -> None:
        """Let the schedule come round, and run what follows."""
        self.run(self.desk.command("messages.send", self.seller.tenant_id, self.seller.connection_id, {}, "schedule"))
        self.work()

    def shown(self) -> OrderMessages:
        with tenant_scope(self.seller.tenant_id):
            return service.of_order(ORDER, None, self.aws.clock)

    def ask(self) -> OrderMessages:
        with tenant_scope(self.seller.tenant_id):
            return service.ask_offer(ORDER, None, desk=self.desk, clock=self.aws.clock)

    def write(self, text: str = SECRET_WORDS, *, message_id: str = "message-1", **parts: Any) -> OrderMessages:
        draft = MessageDraft(
            message_id,
            parts.get("action", "confirmOrderDetails"),
            parts.get("values", {"text": text}),
            parts.get("file"),
        )
        with tenant_scope(self.seller.tenant_id):
            return service.write(
                ORDER, None, draft, member_id=MemberId("anna"), desk=self.desk, clock=self.aws.clock
            )  # fmt: skip

    def part(self, content: bytes, number: int = 0, *, message_id: str = "message-1") -> MessageFilePart:
        text = base64.b64encode(content).decode()
        with tenant_scope(self.seller.tenant_id):
            return service.put_file_part(ORDER, message_id, None, number, text, self.aws.clock)

    def disclose(
        self, content: bytes = PDF, *, name: str = "terms.pdf", message_id: str = "message-1"
    ) -> OrderMessages:
        """Write a message of which the file was sent before."""
        file = FileFacts(len(content), hashlib.sha256(content).hexdigest())
        values = {"attachments": name}
        return self.write(message_id=message_id, action="legalDisclosure", values=values, file=file)

    def known(self) -> None:
        """Have Amazon say what it allows."""
        self.ask()
        self.work()

    def withdraw(self, message_id: str = "message-1") -> OrderMessages:
        with tenant_scope(self.seller.tenant_id):
            return service.withdraw(ORDER, message_id, None, desk=self.desk, clock=self.aws.clock)

    def files(self) -> list[dict[str, Any]]:
        """Return what is stored of files."""
        return [item for item in self.aws.items("pii_table") if item["kind"]["S"] == "message_file"]

    def put(self, item: dict[str, Any]) -> None:
        """Store an item of a file, as nobody in the product does."""
        boto3.client("dynamodb", region_name=REGION).put_item(TableName=self.aws.settings.pii_table, Item=item)

    def states(self) -> list[str]:
        return [each.state for each in self.shown().messages]


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def shop(shared: Aws) -> Shop:
    present = emptied(shared)
    return Shop(present, connect(present.clock, marketplaces=(US,)))


def refused(act: Callable[[], object], kind: type[QuaysideError], code: str) -> str:
    with pytest.raises(kind) as problem:
        act()
    assert problem.value.code == code
    return problem.value.detail


def test_amazon_is_asked_what_it_allows_and_the_forms_are_its_own(shop: Shop) -> None:
    assert shop.shown().state == "unasked"
    assert shop.ask().state == "asking"
    with pytest.raises(RateLimited):
        shop.ask()
    shop.work()
    shown = shop.shown()
    assert (shown.state, shown.is_good, shown.language, shown.policy) == ("known", True, "en-US", POLICY)
    assert [(each.action, len(each.fields), bool(each.not_from_here)) for each in shown.forms] == [
        ("confirmOrderDetails", 1, False), ("warranty", 3, False), ("legalDisclosure", 1, False),
    ]  # fmt: skip


def test_a_message_is_sent_once_and_its_words_pass_by_no_queue_and_end_early(shop: Shop) -> None:
    shop.known()
    assert [each.state for each in shop.write().messages] == ["waiting"]
    assert [each.state for each in shop.write().messages] == ["waiting"], "the same again is the same message"
    commands = shop.asked()
    assert [each.kind for each in commands] == ["messages.send"] * 2
    assert SECRET_WORDS not in json.dumps([each.arguments for each in commands])
    for command in commands:
        shop.run(command)
    assert shop.amazon.sent == [(ORDER, "confirmOrderDetails", {"text": SECRET_WORDS})]
    (message,) = shop.shown().messages
    assert (message.state, message.because, message.words) == ("sent", "Amazon accepted it.", {"text": SECRET_WORDS})
    with tenant_scope(shop.seller.tenant_id):
        assert store.open_messages(shop.seller.connection_id, after=None, limit=9).records == []
        (listed,) = service.log().messages
    assert (listed.state, listed.order_id, listed.words) == ("sent", ORDER, None)
    kept = [item for item in shop.aws.items() if SECRET_WORDS in json.dumps(item)]
    assert [item["kind"]["S"] for item in kept] == ["message_words"]
    shop.aws.clock.advance(timedelta(days=30).total_seconds())
    (message,) = shop.shown().messages
    assert (message.words, len(message.digest)) == (None, 64)


def test_nothing_but_what_amazon_allows_can_be_written(shop: Shop) -> None:
    refused(shop.write, Conflict, "offer_too_old")
    shop.known()
    for action in ("unexpectedProblem", "invoice", "anything"):
        said = refused(lambda action=action: shop.write(action=action), Conflict, "message_not_allowed")  # type: ignore[misc]
        assert POLICY in said
    said = refused(lambda: shop.write("Please leave a review"), InvalidInput, "message_refused")
    assert POLICY in said
    refused(lambda: shop.write(values={"text": "Hi", "subject": "Sale"}), InvalidInput, "message_refused")
    refused(lambda: shop.write(message_id="short"), InvalidInput, "invalid_input")
    shop.aws.clock.advance(timedelta(hours=25).total_seconds())
    refused(shop.write, Conflict, "offer_too_old")
    assert shop.asked() == []
    assert shop.amazon.sent == []


def test_an_order_that_changed_meanwhile_gets_no_message(shop: Shop) -> None:
    shop.known()
    shop.write()
    shop.amazon.actions = []
    shop.work()
    (message,) = shop.shown().messages
    assert (message.state, message.because) == ("refused", "Amazon no longer allows this message for the order.")
    assert shop.amazon.sent == []


def test_an_answer_that_got_lost_is_settled_by_a_member_and_never_sent_again(shop: Shop) -> None:
    shop.known()
    shop.write()
    shop.amazon.fails = AmazonUnavailable("", operation="send")
    shop.work()
    assert shop.states() == ["unclear"]
    shop.amazon.fails = None
    shop.aws.clock.advance(3600)
    shop.sweep()
    assert (shop.states(), len(shop.amazon.sent)) == (["unclear"], 1)
    shop.known()
    refused(lambda: shop.write(message_id="message-2"), Conflict, "message_unclear")
    with tenant_scope(shop.seller.tenant_id):
        found = service.log(state="unclear").messages
        assert [each.can_settle for each in found] == [True]
        after = service.settle(ORDER, "message-1", None, arrived=False, clock=shop.aws.clock)
        assert [each.state for each in after.messages] == ["refused"]
        refused(
            lambda: service.settle(ORDER, "message-1", None, arrived=True, clock=shop.aws.clock),
            Conflict,
            "message_moved",
        )
    shop.write(message_id="message-2")
    shop.work()
    assert sorted(shop.states()) == ["refused", "sent"]


def test_what_a_worker_left_behind_is_found_within_the_hour(shop: Shop) -> None:
    shop.known()
    shop.write()
    assert len(shop.asked()) == 1, "and the command is lost"
    shop.sweep()
    assert (shop.states(), len(shop.amazon.sent)) == (["sent"], 1)


def test_a_message_waits_a_day_at_most(shop: Shop) -> None:
    shop.known()
    shop.write()
    shop.asked()
    shop.aws.clock.advance(timedelta(hours=25).total_seconds())
    shop.sweep()
    assert (shop.states(), shop.amazon.sent) == (["expired"], [])


def test_a_waiting_message_is_taken_back_and_no_other(shop: Shop) -> None:
    shop.known()
    shop.write()
    with tenant_scope(shop.seller.tenant_id):
        after = shop.withdraw()
        assert [each.state for each in after.messages] == ["withdrawn"]
        refused(shop.withdraw, Conflict, "message_moved")
        refused(lambda: shop.withdraw("none"), NotFound, "message_not_found")
        refused(lambda: service.of_order("none", None, shop.aws.clock), NotFound, "order_not_found")
    shop.work()
    assert shop.amazon.sent == []


def test_amazons_refusals_are_told_and_the_right_ones_are_the_accounts(shop: Shop) -> None:
    shop.amazon.refuses_list = RequestRejected("The order is too old.", operation="actions", status=400)
    shop.known()
    shown = shop.shown()
    assert (shown.state, shown.reason, shown.forms) == ("known", "Amazon answered: The order is too old.", ())
    shop.amazon.refuses_list = RoleMissing("Denied.", operation="actions", status=403)
    shop.aws.clock.advance(120)
    shop.ask()
    with pytest.raises(RoleMissing):
        shop.work()
    shop.amazon.refuses_list = None
    shop.aws.clock.advance(120)
    shop.known()
    shop.write()
    shop.amazon.refuses_list = RequestRejected("Gone.", operation="actions", status=404)
    shop.work()
    assert shop.states() == ["refused"]


def test_switched_off_nothing_is_asked_or_written(shop: Shop) -> None:
    shop.known()
    shop.switch(on=False)
    shown = shop.shown()
    assert (shown.state, shown.forms, shown.is_good) == ("off", (), False)
    refused(shop.ask, Conflict, "messages_off")
    refused(shop.write, Conflict, "messages_off")
    assert shop.asked() == []


def test_an_order_takes_one_message_of_a_kind_at_once_and_few_in_all(shop: Shop) -> None:
    shop.known()
    shop.write()
    refused(lambda: shop.write(message_id="message-2"), Conflict, "message_under_way")
    refused(lambda: shop.write("Something else."), Conflict, "message_differs")
    shop.work()
    for number in range(2, MOST_OF_AN_ORDER + 1):
        shop.write(message_id=f"message-{number}")
        shop.work()
    refused(lambda: shop.write(message_id="message-99"), Conflict, "too_many_messages")
    assert len(shop.amazon.sent) == MOST_OF_AN_ORDER
    with tenant_scope(shop.seller.tenant_id):
        first = service.log(limit=6)
        rest = service.log(limit=6, cursor=first.next_cursor)
        rows = service.rows_view(shop.seller.connection_id, BUYER_MESSAGES, US, None, 50)
        with pytest.raises(InvalidInput):
            service.log(cursor="x")
    assert len({each.message_id for each in (*first.messages, *rest.messages)}) == MOST_OF_AN_ORDER
    assert (len(rest.messages), rest.next_cursor, len(rows.rows)) == (4, None, MOST_OF_AN_ORDER)


def test_a_file_goes_out_whole_with_its_message_and_is_gone_after_it(shop: Shop) -> None:
    shop.known()
    for number in range(3):
        shop.part(PDF[number * PART_BYTES : (number + 1) * PART_BYTES], number)
    shop.part(PDF[PART_BYTES : 2 * PART_BYTES], 1)
    assert len(shop.files()) == 3, "the same part again replaces it"
    assert not [each for each in shop.files() if PDF[:40] in each["sealed"]["B"]]
    assert {int(each["expires_at"]["N"]) for each in shop.files()} == {
        epoch_seconds(shop.aws.clock.now() + timedelta(days=2))
    }
    shop.disclose()
    shop.amazon.expires = [AddressExpired("", operation="upload")]
    shop.work()
    (message,) = shop.shown().messages
    assert (message.state, message.words, message.file_bytes) == ("sent", {"attachments": "terms.pdf"}, len(PDF))
    assert shop.amazon.put == [PDF, PDF], "an address that is no good any more is made anew"
    attached = [{"fileName": "terms.pdf", "uploadDestinationId": f"{ORDER}-1"}]
    assert shop.amazon.sent == [(ORDER, "legalDisclosure", {"attachments": attached})]
    assert shop.files() == []
    refused(lambda: shop.part(PDF[:9]), Conflict, "message_written")
    with tenant_scope(shop.seller.tenant_id):
        (listed,) = service.log().messages
    assert (listed.words, listed.file_bytes) == (None, len(PDF))


def test_a_file_that_is_none_or_not_whole_goes_with_no_message(shop: Shop) -> None:
    shop.known()
    for content in (b"MZ an executable", b"<html>", b"PK\x03\x04"):
        assert "by what it holds" in refused(lambda content=content: shop.part(content), InvalidInput, "file_refused")  # type: ignore[misc]
    for content, number in ((PDF, 0), (b"x", MOST_PARTS), (b"x", -1)):
        refused(lambda content=content, number=number: shop.part(content, number), InvalidInput, "file_too_large")  # type: ignore[misc]
    with tenant_scope(shop.seller.tenant_id):
        refused(
            lambda: service.put_file_part(ORDER, "message-1", None, 0, "no base 64!", shop.aws.clock),
            InvalidInput,
            "invalid_input",
        )
    refused(lambda: shop.part(PDF[:9], message_id="short"), InvalidInput, "invalid_input")
    refused(lambda: shop.write(action="legalDisclosure", values={"attachments": ""}), InvalidInput, "message_refused")
    values = {"attachments": "terms.pdf"}
    said = refused(lambda: shop.write(action="legalDisclosure", values=values), InvalidInput, "file_refused")
    assert "was not sent along" in said
    assert "did not arrive whole" in refused(shop.disclose, InvalidInput, "file_refused")
    shop.part(PDF[:PART_BYTES])
    shop.part(PDF[PART_BYTES : 2 * PART_BYTES], 1)
    assert "did not arrive whole" in refused(shop.disclose, InvalidInput, "file_refused")
    shop.part(PDF[2 * PART_BYTES :], 2)
    assert "its name says something else" in refused(
        lambda: shop.disclose(name="terms.png"), InvalidInput, "file_refused"
    )
    file = FileFacts(5, "0" * 64)
    said = refused(lambda: shop.write(file=file), InvalidInput, "file_refused")
    assert "has no name" in said
    assert (shop.asked(), shop.states()) == ([], [])


def test_a_file_that_was_changed_or_ended_sends_nothing(shop: Shop) -> None:
    shop.known()
    small = b"%PDF-1.7 terms"
    for number, act in enumerate(("changed", "ended", "withdrawn")):
        message_id = f"message-{number}"
        shop.part(small, message_id=message_id)
        shop.disclose(small, message_id=message_id)
        if act == "changed":
            (stored,) = shop.files()
            shop.put({**stored, "sealed": {"B": stored["sealed"]["B"][:-1] + b"x"}})
        elif act == "ended":
            # The command comes late, and the sweep has not ended the message yet.
            (stored,) = shop.files()
            shop.put({**stored, "expires_at": {"N": str(epoch_seconds(shop.aws.clock.now()))}})
        else:
            shop.withdraw(message_id)
        shop.work()
        assert shop.files() == []
    assert sorted(shop.states()) == ["refused", "refused", "withdrawn"]
    assert (shop.amazon.put, shop.amazon.sent) == ([], [])
