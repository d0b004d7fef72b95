"""Our own client drives every operation of its table against the simulator, and both tables agree.

Amazon's SDK drives the same operations next door, so what both read is what Amazon's models promise.
"""

import gzip
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Protocol

import pytest

from infra.simulator.sp_api import operations as simulated
from quayside.amazon.client import AmazonClient, Caller
from quayside.amazon.documents import DONE
from quayside.amazon.errors import AddressExpired, RequestRejected, RoleMissing
from quayside.amazon.fees import FeeEstimate, FeeProblem, FeeRequest
from quayside.amazon.operations import OPERATIONS, REPORT_ROLES
from quayside.amazon.transport import HttpTransport
from quayside.kernel.ids import ConnectionId, TenantId, tenant_id_of
from quayside.kernel.money import Money
from quayside.kernel.settings import Settings
from quayside.storage.vault import Secret
from tests.contract.simulator.conftest import QUEUE, START, Stage
from tests.support.calls import Line

US = "ATVPDKIKX0DER"
CALLER = Caller(tenant_id_of("one"), ConnectionId("tm19crgppmgzv9xh"), "NA")
SELLER = "A1CONTRACTTEST"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"


class SellersTokens:
    """Gives the one seller's token, or the application's."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._refresh_token = stage.simulator.lwa.authorise(stage.seller)

    def access_token(self, tenant_id: TenantId, connection_id: ConnectionId) -> Secret:
        """Return a fresh token of the seller."""
        del tenant_id, connection_id
        return Secret(self._stage.token(grant_type="refresh_token", refresh_token=self._refresh_token)["access_token"])

    def application_token(self, scope: str) -> Secret:
        """Return a fresh token of the application."""
        return Secret(self._stage.token(grant_type="client_credentials", scope=scope)["access_token"])


@pytest.fixture
def transport(stage: Stage) -> Iterator[HttpTransport]:
    url = stage.simulator.url
    opened = HttpTransport(
        Settings(
            sp_api_endpoint_na=f"{url}/na", sp_api_endpoint_eu=f"{url}/eu", sp_api_endpoint_fe=f"{url}/fe",
            lwa_token_url=f"{url}/auth/o2/token",
        )
    )  # fmt: skip
    yield opened
    opened.close()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def client(stage: Stage, transport: HttpTransport, line: Line) -> AmazonClient:
    url = stage.simulator.url
    settings = Settings(sp_api_endpoint_na=f"{url}/na", sp_api_endpoint_eu=f"{url}/eu", sp_api_endpoint_fe=f"{url}/fe")
    return AmazonClient(settings, transport, SellersTokens(stage), line)


class Page(Protocol):
    """One page of a list."""

    @property
    def next_token(self) -> str | None:
        """Continues the list, None after the last page."""
        ...

    @property
    def unreadable(self) -> tuple[object, ...]:
        """What could not be read."""
        ...


def pages[One: Page](fetch: Callable[[str | None], One]) -> list[One]:
    """Return all pages of a list, none of which holds anything that can't be read."""
    found = [fetch(None)]
    while found[-1].next_token is not None:
        assert len(found) < 200
        found.append(fetch(found[-1].next_token))
    assert not [page.unreadable for page in found if page.unreadable]
    return found


def skus(stage: Stage) -> set[str]:
    return {each.sku for each in stage.simulator.world.listings_of(stage.seller, US)}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_both_tables_say_the_same(name: str) -> None:
    ours = OPERATIONS[name]
    theirs = next(each for each in simulated.OPERATIONS if each.name == name)
    # What Amazon calls the resource of an upload is itself a path; ours is that of a message.
    before, resource, _ = theirs.path.partition("{resource}")
    path = before + (ours.path.removeprefix(before) if resource else "")
    assert (theirs.method, path, theirs.scope) == (ours.method, ours.path, ours.grantless_scope)
    assert (theirs.rate, theirs.burst) == (float(ours.rate), ours.burst)
    assert theirs.application_rate == (None if ours.application_rate is None else float(ours.application_rate))


def test_orders_by_status_and_window(client: AmazonClient) -> None:
    search = partial(
        client.search_orders,
        CALLER,
        [US],
        last_updated_after=START - timedelta(days=9),
        last_updated_before=START - timedelta(days=2),
    )
    every, shipped = search(), search(statuses=["SHIPPED"])
    assert every.orders
    assert not every.unreadable + shipped.unreadable
    assert {each.fulfillment.fulfillment_status for each in shipped.orders if each.fulfillment} == {"SHIPPED"}
    assert all(each.last_updated_time < START - timedelta(days=2) for each in every.orders)


def test_a_report_from_asking_to_its_last_byte(stage: Stage, client: AmazonClient, transport: HttpTransport) -> None:
    start = START - timedelta(days=3)
    report_id = client.create_report(CALLER, LISTINGS, [US], data_start=start, data_end=START)
    begun = client.report(CALLER, report_id)
    assert (begun.report_type, begun.marketplace_ids, begun.is_finished) == (LISTINGS, (US,), False)
    stage.simulator.advance(600)
    done = client.report(CALLER, report_id)
    assert (done.status, done.is_finished) == (DONE, True)
    assert done.document_id is not None
    assert done.created is not None
    assert done.processing_ended is not None
    assert done.created < done.processing_ended
    address = client.report_document(CALLER, done.document_id)
    assert (address.document_id, address.compression) == (done.document_id, "GZIP")
    with transport.stream(address.url) as chunks:
        text = gzip.decompress(b"".join(chunks)).decode()
    assert all(sku in text for sku in skus(stage))
    stage.simulator.advance(301)
    with pytest.raises(AddressExpired), transport.stream(address.url) as chunks:
        next(chunks)
    (found,) = client.reports(CALLER, [LISTINGS], created_since=START - timedelta(hours=1)).reports
    assert found == done


def test_reports_that_amazon_made_are_found_page_by_page(client: AmazonClient) -> None:
    first = client.reports(CALLER, [SETTLEMENT], page_size=3)
    assert len(first.reports) == 3
    assert first.next_token is not None
    rest = client.reports(CALLER, [SETTLEMENT], next_token=first.next_token)
    assert rest.reports
    assert not {each.report_id for each in first.reports} & {each.report_id for each in rest.reports}
    assert not first.unreadable + rest.unreadable


def test_listings_one_by_one_and_in_pages(stage: Stage, client: AmazonClient) -> None:
    found = pages(lambda token: client.search_listings(CALLER, SELLER, US, page_token=token))
    seen = [each for page in found for each in page.listings]
    assert {each.sku for each in seen} == skus(stage)
    assert {page.total for page in found} == {len(seen)}
    assert not [each.problems for each in seen if each.problems]
    known = seen[0]
    one = client.listing(CALLER, SELLER, known.sku, [US])
    assert one.summary_of(US) == known.summary_of(US)
    price = one.price_of(US)
    assert price is not None
    assert price.money().currency == "USD"
    for sku in ("no such/sku %20 {x}", ".."):
        with pytest.raises(RequestRejected) as refused:
            client.listing(CALLER, SELLER, sku, [US])
        assert refused.value.status == 404


def test_products_by_their_asins(stage: Stage, client: AmazonClient) -> None:
    asins = sorted({each.asin for each in stage.simulator.world.listings_of(stage.seller, US)})[:19]
    found = client.catalog_items(CALLER, US, [*asins, "B0UNKNOWN0"])
    assert sorted(each.asin for each in found) == asins
    assert not [each.problems for each in found if each.problems]
    for each in found:
        summary, sizes = each.summary_of(US), each.dimensions_of(US)
        assert summary is not None
        assert summary.item_name
        assert sizes is not None


def test_transactions_to_the_last_page(client: AmazonClient) -> None:
    after, before = START - timedelta(days=20), START - timedelta(minutes=3)
    found = pages(lambda token: client.transactions(CALLER, posted_after=after, posted_before=before, next_token=token))
    seen = [each for page in found for each in page.transactions]
    assert len(seen) > 20
    assert len({each.transaction_id for each in seen}) == len(seen)
    assert all(after <= each.posted_date < before for each in seen)
    shipments = [each for each in seen if each.identifier("ORDER_ID")]
    assert shipments
    for each in shipments:
        assert each.total_amount is not None
        assert each.total_amount.money().currency == "USD"


def test_fees_of_what_there_is_and_what_there_is_not(stage: Stage, client: AmazonClient) -> None:
    sku = min(skus(stage))
    requests = [
        FeeRequest("known", US, "SellerSKU", sku, Money(1999, "USD"), by_amazon=True),
        FeeRequest("unknown", US, "SellerSKU", "no such sku", Money(1999, "USD"), by_amazon=True),
    ]
    found = {each.identifier: each for each in client.fee_estimates(CALLER, requests)}
    known, unknown = found["known"], found["unknown"]
    assert isinstance(known, FeeEstimate)
    assert known.id_value == sku
    assert 0 < known.total.money().amount_minor < 1999
    assert sum(each.final_fee.money().amount_minor for each in known.fees) == known.total.money().amount_minor
    assert isinstance(unknown, FeeProblem)
    assert unknown.code


def test_inbound_shipments_of_both_apis_are_the_same_ones(client: AmazonClient) -> None:
    plans = [each for page in pages(lambda token: client.inbound_plans(CALLER, token=token)) for each in page.plans]
    assert plans
    assert [each.last_updated_at for each in plans] == sorted((each.last_updated_at for each in plans), reverse=True)
    plan = client.inbound_plan(CALLER, plans[-1].inbound_plan_id)
    shipment = client.inbound_shipment(CALLER, plan.inbound_plan_id, plan.shipments[0].shipment_id)
    sent = client.inbound_shipment_items(CALLER, plan.inbound_plan_id, shipment.shipment_id)
    assert sent.items
    after, before = START - timedelta(days=400), START
    shipments = pages(
        lambda token: client.inbound_shipments_v0(
            CALLER, US, updated_after=after, updated_before=before, next_token=token
        )
    )
    assert shipment.confirmation_id in {each.confirmation_id for page in shipments for each in page.shipments}
    items = pages(
        lambda token: client.inbound_items_v0(CALLER, US, updated_after=after, updated_before=before, next_token=token)
    )
    received = {(each.shipment_id, each.seller_sku): each for page in items for each in page.items}
    for item in sent.items:
        known = received[str(shipment.confirmation_id), item.seller_sku]
        assert known.quantity_shipped == item.quantity_shipped
        assert known.quantity_received is not None
        assert item.quantity_received is None


def test_subscriptions_at_the_versions_we_read(stage: Stage, client: AmazonClient) -> None:
    queue = client.create_destination("NA", "intake", QUEUE)
    bus = client.create_destination("NA", "bus", account_id="123456789012", aws_region="us-east-1")
    assert {(each.arn, each.account_id) for each in client.destinations("NA")} == {(QUEUE, ""), ("", "123456789012")}
    for kind in ("ORDER_CHANGE", "REPORT_PROCESSING_FINISHED", "TRANSACTION_UPDATE", "ACCOUNT_STATUS_CHANGED"):
        created = client.create_subscription(CALLER, kind, queue)
        assert client.subscription(CALLER, kind) == created
    stage.simulator.advance(5)
    for kind in ("LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_ISSUES_CHANGE"):
        assert client.create_subscription(CALLER, kind, bus)
        with pytest.raises(RequestRejected) as refused:
            client.create_subscription(CALLER, kind, bus)
        assert refused.value.status == 409


def test_the_rate_is_learned_from_every_operation(client: AmazonClient, line: Line) -> None:
    client.inbound_plans(CALLER)
    client.search_listings(CALLER, SELLER, US)
    rates = [(name, rate) for name, _, rate in line.learned]
    assert rates == [("listInboundPlans", Decimal(2)), ("searchListingsItems", Decimal(5))]
    assert line.answers == [("listInboundPlans", "NA", True), ("searchListingsItems", "NA", True)]


def test_a_token_for_another_region_is_refused_as_amazon_does(client: AmazonClient) -> None:
    with pytest.raises(RoleMissing) as refused:
        client.inbound_plans(CALLER._replace(region="EU"))
    assert (refused.value.status, refused.value.codes) == (403, ("Unauthorized",))


def test_every_report_we_read_is_one_that_amazon_makes() -> None:
    from infra.simulator.reports import engine  # noqa: PLC0415 - only this test looks inside

    assert set(REPORT_ROLES) <= {*engine.KINDS}
