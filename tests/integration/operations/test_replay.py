"""What is in quarantine is read again as it came: through the intake, by its order, its report or its dataset."""

from collections.abc import Iterator

import pytest

from quayside.connections import service as connections
from quayside.kernel.errors import NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.operations import service as operations
from quayside.sync import report_runs
from quayside.sync.registry import MERCHANT_LISTINGS
from quayside.sync.service import Desk
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.sellers import ConnectedSeller, connect


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


@pytest.fixture
def seller(on: Aws) -> Iterator[ConnectedSeller]:
    connected = connect(on.clock)
    with tenant_scope(connected.tenant_id):
        yield connected


def aside(on: Aws, seller: ConnectedSeller, kind: str, payload: str) -> str:
    return connections.quarantine(
        tenant_id=seller.tenant_id, connection_id=seller.connection_id, received_at=on.clock.now(), type=kind,
        reason="odd", action="", payload=payload,
    )  # fmt: skip


def desk(on: Aws) -> Desk:
    return Desk(on.clock, entropy_of(1))


def asked(on: Aws) -> list[tuple[str, dict[str, str], str]]:
    return [(each["body"]["kind"], each["body"]["arguments"], each["body"]["cause"]) for each in on.messages()]


@pytest.mark.parametrize(
    ("kind", "payload", "work"),
    [
        ("orders:orders.search", '{"dataset":"orders","identity":"902-1"}', ("orders.fetch", {"order_id": "902-1"})),
        ("inventory:inventory.list", '{"dataset":"inventory","identity":"S"}', ("inventory.list", {})),
        ("finances:finances.list", "not json", ("finances.list", {})),
        ("settlements:report.find", "{}", ("report.find", {"dataset": "settlements"})),
    ],
)
def test_an_answer_is_read_anew(
    on: Aws, seller: ConnectedSeller, kind: str, payload: str, work: tuple[str, dict[str, str]]
) -> None:
    operations.replay(seller.connection_id, aside(on, seller, kind, payload), desk(on))
    assert asked(on) == [(*work, "member")]
    assert operations.quarantine_of(seller.connection_id, None).entries == ()
    assert on.messages(on.settings.intake_queue_url) == []


def test_rows_of_a_report_are_read_by_loading_it_again_once(on: Aws, seller: ConnectedSeller) -> None:
    now = on.clock.now()
    run = report_runs.create(
        seller.connection_id, MERCHANT_LISTINGS, ["ATVPDKIKX0DER"], mark="0", data_start=now, data_end=now,
        cause="schedule", now=now, state="loaded",
    )  # fmt: skip
    assert run is not None
    for line in range(3):
        aside(on, seller, "listings:report.load", f'{{"report":"{run.name}","at":"line {line}","column":""}}')
    found = operations.replay_all(seller.connection_id, "listings", desk(on))
    assert (found.taken_in, found.anew) == (0, 1)
    assert [(kind, arguments["report"]) for kind, arguments, _ in asked(on)] == [("report.request", run.name)]
    assert operations.quarantine_of(seller.connection_id, None).entries == ()


def test_a_notification_goes_through_the_intake(on: Aws, seller: ConnectedSeller) -> None:
    operations.replay(seller.connection_id, aside(on, seller, "ORDER_CHANGE", '{"a":1}'), desk(on))
    assert [each["body"] for each in on.messages(on.settings.intake_queue_url)] == [{"a": 1}]
    assert asked(on) == []


def test_what_is_not_there_is_not_found(on: Aws, seller: ConnectedSeller) -> None:
    with pytest.raises(NotFound):
        operations.replay(seller.connection_id, "nothing", desk(on))
    with pytest.raises(NotFound):
        operations.replay_all(seller.connection_id, "nothing", desk(on))
