"""The real transport against a server on this machine: Host header, path prefix, faults of the network, allow-list."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

import pytest

from quayside.amazon.errors import AmazonUnavailable
from quayside.amazon.transport import USER_AGENT, HostNotAllowed, HttpTransport
from quayside.kernel.settings import Settings

SEEN: list[tuple[str, str, str, str]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        SEEN.append((self.path, self.headers["Host"], self.headers["User-Agent"], str(self.client_address[1])))
        if self.path.endswith("/hang"):
            self.server.hang.wait(5)  # type: ignore[attr-defined]  # set by the fixture
        if self.path.endswith("/moved"):
            self.send_response(301)
            self.send_header("Location", "http://evil.example/")
        else:
            self.send_response(200)
        self.send_header("X-Amzn-RequestId", "r-1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hang = server.hang = threading.Event()  # type: ignore[attr-defined]  # for the handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    SEEN.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    hang.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def transport(base: str) -> Iterator[HttpTransport]:
    opened = HttpTransport(
        Settings(
            sp_api_endpoint_eu=f"{base}/eu", lwa_token_url=f"{base}/auth/o2/token", amazon_read_timeout_seconds=0.3
        )
    )
    yield opened
    opened.close()


def test_a_plain_address_with_a_path_prefix_works_and_the_connection_is_kept(
    base: str, transport: HttpTransport
) -> None:
    for _ in range(2):
        reply = transport.send("GET", f"{base}/eu/orders", operation="x", query={"a": "1", "b": ["2", "3"]})
        assert (reply.status, reply.body, reply.headers["x-amzn-requestid"]) == (200, b"{}", "r-1")
    host = base.removeprefix("http://")
    assert [seen[:3] for seen in SEEN] == [("/eu/orders?a=1&b=2&b=3", host, USER_AGENT)] * 2
    assert len({seen[3] for seen in SEEN}) == 1


def test_redirects_are_not_followed(base: str, transport: HttpTransport) -> None:
    assert transport.send("GET", f"{base}/eu/moved", operation="x").status == 301


def test_no_answer_in_time_is_amazons_fault(base: str, transport: HttpTransport) -> None:
    with pytest.raises(AmazonUnavailable, match="ReadTimeout"):
        transport.send("GET", f"{base}/eu/hang", operation="x")


def test_nobody_listening_is_amazons_fault() -> None:
    transport = HttpTransport(Settings(sp_api_endpoint_na="http://127.0.0.1:1/na"))
    with pytest.raises(AmazonUnavailable, match="ConnectError"):
        transport.send("GET", "http://127.0.0.1:1/na/x", operation="x")
    transport.close()


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "https://sellingpartnerapi-na.amazon.com.evil.example/x", "http://api.amazon.com/"]
)
def test_only_configured_hosts_are_reached(transport: HttpTransport, url: str) -> None:
    with pytest.raises(HostNotAllowed):
        transport.send("GET", url, operation="x")
