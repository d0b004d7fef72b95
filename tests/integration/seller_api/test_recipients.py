"""Who may see where an order goes, what for, and that each look leaves a trace."""

from collections.abc import Iterator
from datetime import date

import pytest

from quayside.accounts.records import MemberRecord
from quayside.connections import service as connections
from quayside.kernel.ids import MemberId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.storage import audit_chain, keys, pii_vault
from quayside.storage.pii_vault import OrderReference, PersonalData
from quayside.storage.tables import write
from quayside.sync.registry import MERCHANT_FULFILMENT
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.orders import order_document
from tests.support.seller_world import Person, SellerWorld
from tests.support.sellers import ConnectedSeller, connect

OWN, AMAZONS, SHIPPED = "111-0000000-0000001", "111-0000000-0000002", "111-0000000-0000003"
ADDRESS = {"name": "Mx Planted", "address_line1": "1 Planted Street", "city": "Hull", "postal_code": "QX99 9XQ"}
ENDS = date(2026, 12, 20)
LABEL = {"purpose": "label"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def market(shared: Aws) -> SellerWorld:
    return SellerWorld(emptied(shared))


@pytest.fixture
def anna(market: SellerWorld) -> Person:
    return market.person().sign_up()


@pytest.fixture
def seller(market: SellerWorld, anna: Person) -> ConnectedSeller:
    """Return an account with merchant fulfilment on, and an order of each kind."""
    clock = market.aws.clock
    connected = connect(clock, subject=market.identity.accounts[anna.email].subject)
    kinds = ((OWN, "MERCHANT", "UNSHIPPED"), (AMAZONS, "AMAZON", "UNSHIPPED"), (SHIPPED, "MERCHANT", "SHIPPED"))
    documents = [
        order_document(order_id, fulfillment={"fulfillmentStatus": status, "fulfilledBy": by})
        for order_id, by, status in kinds
    ]
    orders.apply_orders(connected.tenant_id, connected.connection_id, documents, received_at=clock.now(), clock=clock)
    switch(connected, on=True)
    return connected


def switch(seller: ConnectedSeller, *, on: bool) -> None:
    with tenant_scope(seller.tenant_id):
        connections.change_features(seller.connection_id, MERCHANT_FULFILMENT, on=on)


def keep(market: SellerWorld, seller: ConnectedSeller) -> None:
    with tenant_scope(seller.tenant_id):
        place = OrderReference(seller.connection_id, OWN)
        data, clock = PersonalData(ADDRESS), market.aws.clock
        assert pii_vault.put(place, data, expires_on=ENDS, source="amazon:orders", clock=clock)


def become(anna: Person, role: str) -> None:
    member_id = MemberId(anna.world.identity.accounts[anna.email].subject)
    with tenant_scope(anna.tenant_id):
        write(MemberRecord, keys.member(anna.tenant_id, member_id), [MemberRecord.role.set(role)])


def looks(market: SellerWorld) -> list[tuple[str, str, str]]:
    """Return who looked, what for and how that ended, by the audit trail."""
    entries = [
        audit_chain.read(each["text"]["S"])
        for each in market.aws.items("audit_table")
        if each["kind"]["S"] == "audit_entry"
    ]
    return [
        (each.subject, each.details["purpose"], each.details["result"])
        for each in entries
        if each.action == "personal_data.read"
    ]


def test_an_address_is_shown_for_a_purpose_and_each_look_is_recorded(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    keep(market, seller)
    standing = anna.call("GET", f"/orders/{OWN}/delivery").json
    assert (standing["state"], standing["kept_until"]) == ("kept", "2026-12-19")
    assert standing["purposes"] == ["label", "packing_slip"]
    answer = anna.call("GET", f"/orders/{OWN}/recipient", query=LABEL)
    assert answer.status == 200
    assert answer.json == {"order_id": OWN, "purpose": "label", **ADDRESS}
    assert answer.headers["cache-control"] == "no-store"
    assert looks(market) == [(f"order/{OWN}", "label", "shown")]


def test_standing_and_order_page_hold_nothing_of_the_address(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    keep(market, seller)
    rows = anna.call("GET", f"/connections/{seller.connection_id}/datasets/recipients/rows")
    assert rows.json["rows"] == [[OWN, "2026-12-19", "2026-11-21T10:11:12Z", "amazon:orders"]]
    seen = [rows, *(anna.call("GET", path) for path in ("/orders", f"/orders/{OWN}", f"/orders/{OWN}/delivery"))]
    for answer in seen:
        assert answer.status == 200
        assert "Planted" not in answer.text
    assert looks(market) == []


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("warehouse", 200), ("analyst", 403)])
def test_only_those_who_ship_see_it(
    market: SellerWorld, anna: Person, seller: ConnectedSeller, role: str, status: int
) -> None:
    keep(market, seller)
    become(anna, role)
    answer = anna.call("GET", f"/orders/{OWN}/recipient", query=LABEL)
    assert answer.status == status
    assert ("Planted" in answer.text) == (status == 200)


@pytest.mark.parametrize("query", [{}, {"purpose": ""}, {"purpose": "tax"}, {"purpose": "marketing"}])
def test_without_a_purpose_that_amazon_allows_nothing_is_shown(
    market: SellerWorld, anna: Person, seller: ConnectedSeller, query: dict[str, str]
) -> None:
    keep(market, seller)
    answer = anna.call("GET", f"/orders/{OWN}/recipient", query=query)
    assert answer.status == 400
    assert "purpose" in answer.json["detail"]
    assert looks(market) == []


@pytest.mark.parametrize(
    ("order_id", "refusal", "state"),
    [
        (OWN, (404, "no_personal_data"), "waiting"),
        (SHIPPED, (404, "no_personal_data"), "none"),
        (AMAZONS, (409, "shipped_by_amazon"), "by_amazon"),
        ("111-9999999-9999999", (404, "order_not_found"), None),
    ],
)
def test_what_is_not_there_says_why(
    anna: Person, seller: ConnectedSeller, order_id: str, refusal: tuple[int, str], state: str | None
) -> None:
    assert seller.connection_id
    answer = anna.call("GET", f"/orders/{order_id}/recipient", query=LABEL)
    assert (answer.status, answer.json["code"]) == refusal
    standing = anna.call("GET", f"/orders/{order_id}/delivery")
    assert standing.json.get("state") == state
    assert (standing.status == 404) == (state is None)
    if state is not None:
        assert standing.json["reason"]


def test_switched_off_nothing_is_shown_even_while_it_is_being_deleted(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    keep(market, seller)
    switch(seller, on=False)
    answer = anna.call("GET", f"/orders/{OWN}/recipient", query=LABEL)
    assert (answer.status, answer.json["code"]) == (409, "merchant_fulfilment_off")
    assert anna.call("GET", f"/orders/{OWN}/delivery").json["state"] == "off"
    assert looks(market) == []


def test_after_its_day_it_is_gone_and_that_is_recorded(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    keep(market, seller)
    market.aws.clock.advance((pii_vault.ends_at(ENDS) - market.aws.clock.now()).total_seconds())
    anna.authorised()
    answer = anna.call("GET", f"/orders/{OWN}/recipient", query=LABEL)
    assert (answer.status, answer.json["code"]) == (410, "personal_data_expired")
    assert looks(market) == [(f"order/{OWN}", "label", "personal_data_expired")]
