"""The token broker: one fetch for all functions, ciphertext at rest, and nobody waits."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from quayside.amazon.errors import AmazonUnavailable, Busy, OurSecretInvalid, Revoked
from quayside.amazon.tokens import NoGrant, TokenBroker, give_lease_back, take_lease
from quayside.amazon.transport import QueryValue, Reply
from quayside.kernel.ids import ConnectionId, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.vault import Purpose, Secret
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws

if TYPE_CHECKING:
    from collections.abc import Callable

T = tenant_id_of("one")
C = ConnectionId("tm19crgppmgzv9xh")


class TokenEndpoint:
    """A fake of Login with Amazon: numbers its tokens, keeps what was asked, and can be given something to do first."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.before: Callable[[], object] = lambda: None
        self.refusal: tuple[int, str] | None = None

    def send(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        query: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        assert (method, query) == ("POST", None)
        assert url.endswith("/auth/o2/token")
        assert operation.startswith("token.")
        assert headers
        self.before()
        self.asked.append({name: values[0] for name, values in parse_qs((content or b"").decode()).items()})
        if self.refusal is not None:
            return Reply(self.refusal[0], {}, json.dumps({"error": self.refusal[1]}).encode())
        return Reply(200, {}, json.dumps({"access_token": f"Atza|{len(self.asked)}", "expires_in": 3600}).encode())


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened, tenant_scope(T):
        vault.put_client_secret(opened.settings.lwa_client_id, Secret("our-secret"), clock=opened.clock)
        vault.put_credential(Secret("Atzr|1"), Purpose(T, C, vault.REFRESH_TOKEN), clock=opened.clock)
        yield opened


@pytest.fixture
def endpoint() -> TokenEndpoint:
    return TokenEndpoint()


def broker(on: Aws, endpoint: TokenEndpoint, seed: int = 1) -> TokenBroker:
    return TokenBroker(on.settings, endpoint, on.clock, entropy_of(seed))


def test_all_functions_share_one_fetch(on: Aws, endpoint: TokenEndpoint) -> None:
    brokers = [broker(on, endpoint, seed) for seed in range(3)]
    assert {each.access_token(T, C).reveal() for each in brokers for _ in range(3)} == {"Atza|1"}
    assert [asked["refresh_token"] for asked in endpoint.asked] == ["Atzr|1"]
    assert "Atza" not in str(on.items("coordination_table"))


def test_a_token_is_renewed_five_minutes_before_it_ends(on: Aws, endpoint: TokenEndpoint) -> None:
    one = broker(on, endpoint)
    one.access_token(T, C)
    on.clock.advance(3600 - 301)
    assert one.access_token(T, C).reveal() == "Atza|1"
    on.clock.advance(1)
    assert one.access_token(T, C).reveal() == "Atza|2"
    assert broker(on, endpoint).access_token(T, C).reveal() == "Atza|2"


def test_while_one_fetches_the_others_go_on_with_the_old_token(on: Aws, endpoint: TokenEndpoint) -> None:
    one, other = broker(on, endpoint, 1), broker(on, endpoint, 2)
    one.access_token(T, C)
    on.clock.advance(3600 - 200)
    seen: list[str] = []
    endpoint.before = lambda: seen.append(other.access_token(T, C).reveal())
    assert one.access_token(T, C).reveal() == "Atza|2"
    assert seen == ["Atza|1"]
    assert len(endpoint.asked) == 2


def test_without_an_old_token_the_others_come_back_later(on: Aws, endpoint: TokenEndpoint) -> None:
    one, other = broker(on, endpoint, 1), broker(on, endpoint, 2)

    def meanwhile() -> None:
        endpoint.before = lambda: None
        with pytest.raises(Busy):
            other.access_token(T, C)

    endpoint.before = meanwhile
    one.access_token(T, C)
    assert other.access_token(T, C).reveal() == "Atza|1"
    assert len(endpoint.asked) == 1


def test_a_worker_that_died_while_fetching_blocks_nobody_for_long(on: Aws, endpoint: TokenEndpoint) -> None:
    one = broker(on, endpoint, 1)

    def die() -> None:
        raise KeyboardInterrupt

    endpoint.before = die
    with pytest.raises(KeyboardInterrupt):
        one.access_token(T, C)
    endpoint.before = lambda: None
    on.clock.advance(20)
    assert broker(on, endpoint, 2).access_token(T, C).reveal() == "Atza|1"


def test_a_discarded_token_is_gone_for_all(on: Aws, endpoint: TokenEndpoint) -> None:
    one = broker(on, endpoint, 1)
    one.access_token(T, C)
    one.discard(T, C)
    assert one.access_token(T, C).reveal() == "Atza|2"


def test_without_a_grant_there_is_no_token(on: Aws, endpoint: TokenEndpoint) -> None:
    vault.destroy_credentials(T, C)
    with pytest.raises(NoGrant):
        broker(on, endpoint).access_token(T, C)
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [((400, "invalid_grant"), Revoked), ((401, "invalid_client"), OurSecretInvalid), ((503, "x"), AmazonUnavailable)],
)
def test_refusals_are_told_apart_and_the_lease_is_given_back(
    on: Aws, endpoint: TokenEndpoint, refusal: tuple[int, str], kind: type[Exception]
) -> None:
    endpoint.refusal = refusal
    with pytest.raises(kind):
        broker(on, endpoint, 1).access_token(T, C)
    endpoint.refusal = None
    assert broker(on, endpoint, 2).access_token(T, C).reveal() == "Atza|2"


def test_a_rotated_secret_is_read_after_the_first_refusal(on: Aws, endpoint: TokenEndpoint) -> None:
    one = broker(on, endpoint)
    endpoint.refusal = (401, "invalid_client")
    with pytest.raises(OurSecretInvalid):
        one.access_token(T, C)
    vault.put_client_secret(on.settings.lwa_client_id, Secret("new-secret"), clock=on.clock)
    endpoint.refusal = None
    one.access_token(T, C)
    assert [asked["client_secret"] for asked in endpoint.asked] == ["our-secret", "new-secret"]


def test_without_a_client_secret_it_is_our_fault(endpoint: TokenEndpoint) -> None:
    with aws() as on, tenant_scope(T), pytest.raises(OurSecretInvalid, match="set-secret"):
        broker(on, endpoint).application_token("scope")


def test_the_application_has_a_token_of_its_own(on: Aws, endpoint: TokenEndpoint) -> None:
    assert broker(on, endpoint, 1).application_token("a::b").reveal() == "Atza|1"
    assert broker(on, endpoint, 2).application_token("a::b").reveal() == "Atza|1"
    assert broker(on, endpoint, 2).application_token("a::c").reveal() == "Atza|2"
    assert [asked["grant_type"] for asked in endpoint.asked] == ["client_credentials"] * 2


def test_a_lease_has_one_holder_until_its_time_is_over(on: Aws) -> None:
    def take(seed: int) -> str | None:
        return take_lease("x", 20, clock=on.clock, entropy=entropy_of(seed))

    first = take(1)
    assert first is not None
    assert take(2) is None
    on.clock.advance(20)
    second = take(3)
    assert second is not None
    give_lease_back("x", first)
    assert take(4) is None
    give_lease_back("x", second)
    assert take(5) is not None
