"""Review requests: what Amazon offers, and what became of one."""

import json

import pytest

from quayside.amazon.client import AmazonClient
from quayside.amazon.errors import AmazonUnavailable, RoleMissing, Throttled, UnexpectedAnswer
from quayside.amazon.solicitations import Requested
from quayside.amazon.transport import Reply
from quayside.kernel.settings import Settings
from tests.support.calls import CALLER, Line, Purse, Script

DE = "A1PA6795UKMFR9"
ORDER = "303-1234567-1234567"


def reply(status: int, *messages: str) -> Reply:
    errors = [{"code": "Unauthorized", "message": message, "details": ""} for message in messages]
    return Reply(status, {}, json.dumps({"errors": errors} if messages else {}).encode())


def client(*replies: Reply) -> tuple[AmazonClient, Script]:
    script = Script(*replies)
    return AmazonClient(Settings(), script, Purse(), Line()), script


@pytest.mark.parametrize(
    ("actions", "offers"),
    [
        ([{"href": "/x", "name": "productReviewAndSellerFeedback"}], True),
        ([], False),
        ([{"href": "/x", "name": "somethingElse"}, {"href": "/y"}], False),
    ],
)
def test_what_amazon_offers(actions: list[dict[str, str]], *, offers: bool) -> None:
    body = json.dumps({"_links": {"actions": actions, "self": {"href": "/me"}}, "_embedded": {"actions": []}})
    amazon, script = client(Reply(200, {}, body.encode()))
    assert amazon.offers_review_request(CALLER, DE, ORDER) is offers
    (sent,) = script.sent
    assert (sent.method, sent.path, sent.query) == (
        "GET", f"/solicitations/v1/orders/{ORDER}", {"marketplaceIds": DE},
    )  # fmt: skip


def test_an_answer_of_another_shape_is_no_empty_list() -> None:
    amazon, _ = client(Reply(200, {}, b"{}"))
    with pytest.raises(UnexpectedAnswer):
        amazon.offers_review_request(CALLER, DE, ORDER)


@pytest.mark.parametrize(
    ("answer", "became"),
    [
        (Reply(201, {}, b"{}"), Requested.ACCEPTED),
        (
            reply(403, "The requested solicitation is not available for this amazonOrderId."),
            Requested.NOT_AVAILABLE,
        ),
        (
            reply(
                403,
                "You can't use this feature to request a review outside the 5-30 day range after the order delivery "
                "date.",
            ),
            Requested.OUT_OF_RANGE,
        ),
    ],
)
def test_what_became_of_a_request(answer: Reply, became: Requested) -> None:
    amazon, script = client(answer)
    noted: list[int] = []
    assert amazon.request_review(CALLER, DE, ORDER, before=lambda: noted.append(len(script.sent))) is became
    assert noted == [0], "it is noted before it is sent"
    (sent,) = script.sent
    path = f"/solicitations/v1/orders/{ORDER}/solicitations/productReviewAndSellerFeedback"
    assert (sent.method, sent.path, sent.query, sent.content) == ("POST", path, {"marketplaceIds": DE}, None)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (reply(403, "Access to requested resource is denied."), RoleMissing),
        (Reply(429, {}, b""), Throttled),
        (Reply(500, {}, b"{}"), AmazonUnavailable),
    ],
)
def test_what_is_no_verdict_on_the_order_is_trouble(answer: Reply, problem: type[Exception]) -> None:
    amazon, _ = client(answer)
    with pytest.raises(problem):
        amazon.request_review(CALLER, DE, ORDER, before=lambda: None)


def test_nothing_is_sent_when_it_can_not_be_noted() -> None:
    amazon, script = client(Reply(201, {}, b"{}"))

    def fails() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        amazon.request_review(CALLER, DE, ORDER, before=fails)
    assert not script.sent
