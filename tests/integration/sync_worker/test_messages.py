"""Messages to buyers by the worker against the simulated Amazon: over HTTP, with its templates, quotas and refusals."""

import base64
import hashlib

from infra.simulator.messaging import Mood
from quayside.connections import service as connections
from quayside.kernel.ids import MemberId
from quayside.kernel.tenancy import tenant_scope
from quayside.messages import service
from quayside.messages.rules import FileFacts
from quayside.messages.views import MessageDraft, MessageView, OrderMessages
from tests.support.amazon import TENANT, Stage, stage


def test_a_message_reaches_amazon_once_in_its_own_template_and_within_its_quota() -> None:
    with stage() as on:
        world = on.simulator.world
        seller = world.create_seller("quiet-us", selling_partner_id="A1MESSAGES")
        amazon = on.simulator.gateway.messaging.messages
        amazon.mood = Mood(refused_share=0)
        order_id = world.new_order(seller, may_fail=False).order_id
        world.advance_order(seller, order_id, "UNSHIPPED")
        delivered = world.new_order(seller, may_fail=False).order_id
        world.advance_order(seller, delivered, "DELIVERED")
        connection_id = on.begin(seller)
        on.run()
        for each in (order_id, delivered):
            on.desk.ask("orders.fetch", TENANT, connection_id, cause="member", order_id=each)
        on.run()

        def ask() -> OrderMessages:
            with tenant_scope(TENANT):
                service.ask_offer(order_id, None, desk=on.desk, clock=on.clock)
            on.run()
            with tenant_scope(TENANT):
                return service.of_order(order_id, None, on.clock)

        def write(number: int, action: str, text: str) -> OrderMessages:
            draft = MessageDraft(f"message-{number}", action, {"text": text})
            with tenant_scope(TENANT):
                service.write(order_id, None, draft, member_id=MemberId("anna"), desk=on.desk, clock=on.clock)
            on.run()
            with tenant_scope(TENANT):
                return service.of_order(order_id, None, on.clock)

        with tenant_scope(TENANT):
            connections.change_features(connection_id, "messages", on=True)
        offered = ask()
        assert {"confirmOrderDetails", "unexpectedProblem"} <= {each.action for each in offered.forms}
        assert offered.language == "en-US"
        for number in range(8):
            write(number, "unexpectedProblem", f"Part {number} is late.")
        assert [each.body["text"] for each in amazon.sent] == [f"Part {number} is late." for number in range(8)]
        assert _disclosed(on, delivered, b"%PDF-1.7 what the law asks for").state == "sent"
        assert (amazon.sent.pop().action, on.simulator.gateway.messaging.uploads.puts) == ("legalDisclosure", 1)
        amazon.mood = Mood(refused_share=0, silent_share=1)
        (lost, *_) = write(8, "unexpectedProblem", "The answer to this one is lost.").messages
        assert (lost.state, len(amazon.sent)) == ("unclear", 9)
        amazon.mood = Mood(refused_share=1)
        (refused, *_) = write(9, "confirmOrderDetails", "Which colour?").messages
        assert (refused.state, len(amazon.sent)) == ("refused", 9)
        assert (
            refused.because == "Amazon refused it: The requested message type is not available for this amazonOrderId."
        )
        world.advance_order(seller, order_id, "CANCELLED")
        on.clock.advance(120)
        assert ask().forms == ()
        assert sum(each["throttled"] for each in on.calls().values()) == 0


def _disclosed(on: Stage, order_id: str, content: bytes) -> MessageView:
    """Send the buyer of an order a document, by way of Amazon's store; return the message."""
    with tenant_scope(TENANT):
        service.ask_offer(order_id, None, desk=on.desk, clock=on.clock)
    on.run()
    file = FileFacts(len(content), hashlib.sha256(content).hexdigest())
    draft = MessageDraft("disclosure", "legalDisclosure", {"attachments": "terms.pdf"}, file)
    with tenant_scope(TENANT):
        service.put_file_part(order_id, "disclosure", None, 0, base64.b64encode(content).decode(), on.clock)
        service.write(order_id, None, draft, member_id=MemberId("anna"), desk=on.desk, clock=on.clock)
    on.run()
    with tenant_scope(TENANT):
        (message,) = service.of_order(order_id, None, on.clock).messages
    return message
