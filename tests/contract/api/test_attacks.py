"""The attack suite: every route of the table, every role, every way to be somebody else, and nothing given away."""

from collections import Counter
from collections.abc import Iterable, Iterator

import boto3
import pytest

from seller_api.app import build
from seller_api.http import register
from seller_api.routing import Call, Routes
from tests.support.attacks import Attack, Neighbours
from tests.support.aws import REGION, aws

_, ROUTES = build()
ASKED = [route for route in ROUTES if route.permission != "public"]


@pytest.fixture(scope="module")
def neighbours() -> Iterator[Neighbours]:
    with aws() as present:
        yield Neighbours(present)


def tried(neighbours: Neighbours, attacks: Iterable[Attack]) -> tuple[Counter[str], list[str]]:
    """Try all of them and return how many each route was attacked with, and in words which worked."""
    counted: Counter[str] = Counter()
    worked = []
    for attack in attacks:
        counted[f"{attack.route.method} {attack.route.path}"] += 1
        outcome = neighbours.tried(attack)
        if outcome.succeeded:
            worked.append(str(outcome))
    return counted, worked


def test_nobody_and_nobody_elses_token_gets_through(neighbours: Neighbours) -> None:
    counted, worked = tried(neighbours, neighbours.by_strangers())
    assert worked == []
    assert set(counted) == {f"{route.method} {route.path}" for route in ASKED}
    assert min(counted.values()) >= 20


def test_no_role_does_what_it_has_no_permission_for(neighbours: Neighbours) -> None:
    counted, worked = tried(neighbours, neighbours.by_roles())
    assert worked == []
    assert set(counted) == {f"{route.method} {route.path}" for route in ASKED}


def test_nothing_of_another_organisation_is_shown_or_changed(neighbours: Neighbours) -> None:
    counted, worked = tried(neighbours, neighbours.across())
    assert worked == []
    for route in ROUTES:
        places = route.path.count("{")
        assert counted[f"{route.method} {route.path}"] >= 3 + 3 * places, route


def test_the_owner_herself_is_shown_what_the_attacks_look_for(neighbours: Neighbours) -> None:
    """Otherwise there would be nothing to find: the marks, and that each kind of id is among them."""
    seller = neighbours.victim.seller
    for name in (
        "order_id",
        "connection_id",
        "entry_id",
        "report",
        "seller_sku",
        "next_cursor",
        "export_id",
        "erasure_id",
        "next_cursor",
        "address_line1",
    ):
        assert neighbours.marks & set(neighbours.learned[name]), name
    assert {seller.tenant_id, seller.connection_id, seller.selling_partner_id} <= neighbours.marks
    shown = neighbours.victim.person.call("GET", f"/orders/{neighbours.learned['order_id'][0]}")
    assert shown.status == 200
    assert [mark for mark in neighbours.marks if mark in shown.text]


leaks = Routes("leaks")


@leaks.get("/leaks/{connection_id}", permission="connections.read")
def leak(call: Call[None, None]) -> list[str]:
    """Tell whoever asks what the other organisation is called."""
    return ["Anna and Company", call.path("connection_id")[:3]]


@leaks.post("/losses/{order_id}", permission="orders.read")
def overwrite(call: Call[None, None]) -> None:
    """Take an order away, whoever's it is."""
    client = boto3.client("dynamodb", region_name=REGION)
    for each in client.scan(TableName=call.container.settings.core_table)["Items"]:
        if call.path("order_id") in each["sk"]["S"]:
            client.delete_item(TableName="CoreTable", Key={"pk": each["pk"], "sk": each["sk"]})


@leaks.get("/leaks", permission="tenant.read")
def nothing(call: Call[None, None]) -> list[str]:  # noqa: ARG001 - every view has the same shape
    """Give nothing away."""
    return []


def test_a_route_that_gives_something_away_is_found(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite can fail: a route that shows, one that changes, and one that answers for another's address."""
    assert "Anna and Company" in neighbours.marks
    made = register(neighbours.app, lambda: neighbours.container, leaks)
    monkeypatch.setattr(neighbours, "routes", made)
    _, worked = tried(neighbours, neighbours.across())
    assert any("shows Anna and Company" in each for each in worked)
    assert any("was answered as if it were one's own" in each for each in worked)
    assert any("changed what belongs to the other organisation" in each for each in worked)
    assert not any(each.startswith("GET /api/v1/leaks:") for each in worked)
    harmless = made[2]
    welcome = Attack("strangers", "oneself", harmless, harmless.resource_path, neighbours.attacker.person.claims)
    assert not neighbours.tried(welcome).succeeded
    assert neighbours.tried(welcome._replace(refused=True)).reasons == ("was not refused",)
