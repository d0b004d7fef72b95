"""What stops a whole connection is explained: three causes that look alike from outside, and a fourth."""

import msgspec
import pytest

from quayside.connections.records import Connection, Trouble, no_steps
from quayside.connections.rules import TroubleKind
from quayside.connections.views import trouble_view
from quayside.sync.registry import REGISTRY

SINCE = "2026-11-21T10:11:12Z"
CONNECTION = Connection(
    connection_id="c1",
    selling_partner_id="A1",
    region="NA",
    name="Shop",
    status="connected",
    status_reason="",
    status_action="",
    authorised_by="m",
    begun_with="s",
    began_at="2026-11-01T00:00:00Z",
    connected_at="2026-11-01T00:01:00Z",
    authorisation_expires_at=None,
    marketplaces=(),
    steps=no_steps(),
    subscriptions={},
)


def test_no_trouble_is_no_banner() -> None:
    assert trouble_view(CONNECTION, REGISTRY) is None


def test_a_withdrawn_authorisation_is_the_sellers_to_mend() -> None:
    revoked = msgspec.structs.replace(CONNECTION, status="revoked", status_since=SINCE)
    found = trouble_view(revoked, REGISTRY)
    assert found is not None
    assert (found.kind, found.since, found.action) == ("revoked", SINCE, "Connect the account again.")
    assert "withdrawn in Seller Central" in found.detail


@pytest.mark.parametrize(
    ("kind", "operation", "said", "action"),
    [
        ("our_secret", "", "Your authorisation is fine, nothing is lost", "Nothing to do: the operator has been told."),
        ("outage", "getInventorySummaries", "fails for: FBA stock.", "Nothing to do: it catches up by itself."),
        ("outage", "somethingElse", "fails for: some data.", "Nothing to do: it catches up by itself."),
        (
            "access",
            "listTransactions",
            "does not cover: Transactions. It needs Amazon's role “Finance and Accounting”. Amazon's request id: r1.",
            "Connect the account again as its primary user. If it stays so, tell support the request id.",
        ),
    ],
)
def test_each_trouble_says_what_happened_and_what_to_do(
    kind: TroubleKind, operation: str, said: str, action: str
) -> None:
    troubled = msgspec.structs.replace(CONNECTION, trouble=Trouble(kind, SINCE, operation, "r1"))
    found = trouble_view(troubled, REGISTRY)
    assert found is not None
    assert (found.kind, found.since, found.action) == (kind, SINCE, action)
    assert said in found.detail


def test_a_connection_that_is_over_is_in_no_trouble() -> None:
    over = msgspec.structs.replace(CONNECTION, status="disconnected", trouble=Trouble("outage", SINCE))
    assert trouble_view(over, REGISTRY) is None


def test_the_explanations_differ() -> None:
    kinds: tuple[TroubleKind, ...] = ("our_secret", "outage", "access")
    shown = [
        trouble_view(msgspec.structs.replace(CONNECTION, trouble=Trouble(kind, SINCE, "searchOrders")), REGISTRY)
        for kind in kinds
    ]
    shown.append(trouble_view(msgspec.structs.replace(CONNECTION, status="revoked"), REGISTRY))
    assert len({each.title for each in shown if each}) == 4
    assert len({each.detail for each in shown if each}) == 4
