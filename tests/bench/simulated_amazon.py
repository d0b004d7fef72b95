"""The simulator in this process without a network: what is sent to Amazon is handed to it, and every call is noted.

Its quotas, tokens, faults and answers are those of the served simulator; only sockets are missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

from infra.simulator.answers import Answer, Request
from infra.simulator.lwa import ACCESS_TOKEN_LIVES_SECONDS
from quayside.amazon.errors import AddressExpired, AmazonUnavailable
from quayside.amazon.transport import QueryValue, Reply

if TYPE_CHECKING:
    import httpx

    from infra.simulator.server import Simulator
    from infra.simulator.world import Seller
    from quayside.storage.vault import Secret

REGION = "na"
OK = 200
FORBIDDEN = 403
TOO_MANY = 429


@dataclass(frozen=True)
class Call:
    """One call that reached Amazon: when (epoch milliseconds), of whose account, which path, and what it answered."""

    at_ms: int
    account: str
    path: str
    status: int
    method: str = "GET"


class SimulatedAmazon:
    """Login with Amazon and the API of one region, reached by two clients.

    Attributes:
        calls: what reached the API since ``forget``.
        let_through: how many of them were answered with success.
        token_calls: when (epoch milliseconds) Login with Amazon was asked for a token since then.
        downloads: how many documents were fetched since then.
    """

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator
        self.calls: list[Call] = []
        self.let_through = 0
        self.token_calls: list[int] = []
        self.downloads = 0
        self._accounts: dict[str, str] = {}

    def forget(self) -> None:
        """Begin to count anew."""
        self.calls.clear()
        self.let_through = 0
        self.token_calls.clear()
        self.downloads = 0

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
        """Answer the product's transport."""
        del operation
        parts = urlsplit(url)
        if parts.path.endswith("/auth/o2/token"):
            self.token_calls.append(self._simulator.clock.now_ms())
            answer = self._simulator.lwa.token(dict(parse_qsl((content or b"").decode())))
        else:
            path = parts.path.removeprefix(f"/{REGION}")
            found = {name: _texts(value) for name, value in (query or {}).items()}
            answer = self._ask(method, path, found, headers or {}, content or b"")
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body)

    @contextmanager
    def stream(self, url: "Secret") -> Iterator[Iterator[bytes]]:
        """Hand out a document by its address, as the product's downloads do."""
        parts = urlsplit(url.reveal())
        found = self._simulator.reports.documents.fetch(parts.path.rsplit("/", 1)[1], dict(parse_qsl(parts.query)))
        self.downloads += 1
        if found.status != OK:
            kind = AddressExpired if found.status == FORBIDDEN else AmazonUnavailable
            raise kind("the document store did not hand it out", operation="download", status=found.status)
        yield iter(found.pieces)

    def answer(self, request: "httpx.Request") -> "httpx.Response":
        """Answer an httpx client, as the handler of its mock transport."""
        import httpx  # noqa: PLC0415 - only when measured

        query = parse_qs(request.url.query.decode(), keep_blank_values=True)
        answer = self._ask(request.method, request.url.path, query, request.headers, request.content)
        headers = {**answer.headers, "content-type": answer.content_type}
        return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)

    def access_token(self, seller: "Seller") -> tuple[str, int]:
        """Return a fresh access token of an account and when it ends, in epoch milliseconds."""
        now = self._simulator.clock.now_ms()
        token = self._simulator.lwa.issue_access_token(seller.selling_partner_id, None, now)
        return token, now + ACCESS_TOKEN_LIVES_SECONDS * 1000

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Sequence[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        lower = {name.lower(): value for name, value in headers.items()}
        answer = self._simulator.gateway.handle(REGION, Request(method, path, query, lower, body))
        at = self._simulator.clock.now_ms()
        self.calls.append(Call(at, self._account(lower.get("x-amz-access-token", "")), path, answer.status, method))
        self.let_through += answer.status == OK
        return answer

    def _account(self, token: str) -> str:
        known = self._accounts.get(token)
        if known is None:
            read = self._simulator.lwa.read(token)
            known = self._accounts[token] = (read.seller if read is not None else None) or ""
        return known


def _texts(value: QueryValue) -> list[str]:
    return value if isinstance(value, list) else [str(value)]
