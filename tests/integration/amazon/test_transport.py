"""The real transport against a server on this machine: Host header, path prefix, faults of the network, allow-list."""

import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

import pytest

from quayside.amazon.errors import AddressExpired, AmazonError, AmazonUnavailable
from quayside.amazon.transport import CHUNK_BYTES, USER_AGENT, HostNotAllowed, HttpTransport
from quayside.kernel.settings import Settings
from quayside.storage.vault import Secret

SEEN: list[tuple[str, str, str, str]] = []
DOCUMENT = bytes(range(256)) * 8192
SIGNED = "?X-Amz-Signature=a-signature-that-nobody-may-see"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/documents/"):
            self._document(self.path.removeprefix("/documents/").split("?")[0])
            return
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

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        encryption = self.headers.get("X-Amz-Server-Side-Encryption", "")
        SEEN.append(
            (self.path, self.headers["Content-Type"], self.headers.get("Content-MD5", ""), f"{encryption} {body}")
        )
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _document(self, which: str) -> None:
        SEEN.append((self.path, self.headers["Accept-Encoding"], self.headers.get("X-Amz-Access-Token", ""), ""))
        status = {"expired": 403, "gone": 404, "busy": 503, "moved": 302}.get(which, 200)
        self.send_response(status)
        self.send_header("X-Amz-Request-Id", "s3-1")
        if which == "moved":
            self.send_header("Location", "/documents/whole")
        if which == "packed":
            self.send_header("Content-Encoding", "gzip")
        if which == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n")
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(DOCUMENT)))
        self.end_headers()
        with suppress(ConnectionError):
            if which == "silent":
                self.wfile.write(DOCUMENT[:1000])
                self.wfile.flush()
                self.server.hang.wait(5)  # type: ignore[attr-defined]  # as above
            self.wfile.write(DOCUMENT if which in {"whole", "packed"} else DOCUMENT[: len(DOCUMENT) // 2])
        self.close_connection = True

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hang = server.hang = threading.Event()  # type: ignore[attr-defined]  # for the handler
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
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


def fetched(transport: HttpTransport, url: str) -> list[bytes]:
    with transport.stream(Secret(url)) as chunks:
        return list(chunks)


def test_a_document_comes_in_pieces_as_it_is_stored(base: str, transport: HttpTransport) -> None:
    for which in ("whole", "packed"):
        pieces = fetched(transport, f"{base}/documents/{which}{SIGNED}")
        assert b"".join(pieces) == DOCUMENT
        assert {len(piece) for piece in pieces} == {CHUNK_BYTES}
    # No compression on the way, and our token is not for document stores.
    assert {seen[1:3] for seen in SEEN} == {("identity", "")}


@pytest.mark.parametrize(
    ("which", "kind", "words"),
    [
        ("expired", AddressExpired, "status 403, request s3-1"),
        ("gone", AddressExpired, "status 404"),
        ("busy", AmazonUnavailable, "status 503"),
        ("moved", AmazonUnavailable, "status 302"),
        ("short", AmazonUnavailable, "ended early"),
        ("chunked", AmazonUnavailable, "ended early"),
        ("silent", AmazonUnavailable, "ended early .ReadTimeout."),
    ],
)
def test_a_document_that_does_not_come_whole_is_an_error(
    base: str, transport: HttpTransport, which: str, kind: type[AmazonError], words: str
) -> None:
    with pytest.raises(AmazonError, match=words) as caught:
        fetched(transport, f"{base}/documents/{which}{SIGNED}")
    assert type(caught.value) is kind


@pytest.mark.parametrize("which", ["whole", "expired", "short", "silent", "moved"])
def test_the_address_of_a_document_shows_nowhere(
    base: str, transport: HttpTransport, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    try:
        fetched(transport, f"{base}/documents/{which}{SIGNED}")
    except AmazonError as problem:
        shown = "".join(traceback.format_exception(problem)) + repr(vars(problem))
        held: BaseException | None = problem
        while held is not None:
            assert not hasattr(held, "request")
            held = held.__cause__ or held.__context__
    assert "a-signature" not in shown + caplog.text
    assert "/documents/" not in caplog.text


def test_a_document_may_be_left_halfway(base: str, transport: HttpTransport) -> None:
    with transport.stream(Secret(f"{base}/documents/whole")) as chunks:
        first = next(chunks)
    assert first == DOCUMENT[:CHUNK_BYTES]
    assert b"".join(fetched(transport, f"{base}/documents/whole")) == DOCUMENT


def test_a_file_goes_with_the_headers_that_amazon_signed(base: str, transport: HttpTransport) -> None:
    headers = {"Content-MD5": "digest==", "x-amz-server-side-encryption": "aws:kms"}
    transport.upload(Secret(f"{base}/put{SIGNED}"), b"%PDF-", "application/pdf", headers)
    transport.upload(Secret(f"{base}/put{SIGNED}"), b"{}", "application/json")
    assert [seen[1:] for seen in SEEN] == [
        ("application/pdf", "digest==", "aws:kms %PDF-"), ("application/json", "", " {}"),
    ]  # fmt: skip


def test_nobody_listening_is_a_document_store_that_does_not_answer() -> None:
    transport = HttpTransport(Settings(sp_api_endpoint_na="http://127.0.0.1:1/na"))
    with pytest.raises(AmazonUnavailable, match="ConnectError"):
        fetched(transport, f"http://127.0.0.1:1/documents/x{SIGNED}")
    transport.close()


ELSEWHERE = [
    "https://evil.example/report",
    "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com.evil.example/x",
    "https://s3.amazonaws.com.evil.example/x",
    "https://ec2-1-2-3-4.compute.amazonaws.com/x",
    "http://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/x",
    "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com:8443/x",
    "https://name@tortuga-prod-eu.s3-eu-west-1.amazonaws.com/x",
    "https://evil.example\\@tortuga-prod-eu.s3-eu-west-1.amazonaws.com/x",
    "https://127.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "https://exa mple/\x00",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_documents_come_from_amazons_stores_alone(transport: HttpTransport, url: str) -> None:
    with pytest.raises(HostNotAllowed) as caught:
        fetched(transport, url and url + SIGNED)
    assert "a-signature" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "tortuga-prod-na.s3-external-1.amazonaws.com", "tortuga-prod-eu.s3-eu-west-1.amazonaws.com",
        "tortuga-prod-fe.s3-us-west-2.amazonaws.com", "TORTUGA-prod-na.S3.amazonaws.com", "s3.amazonaws.com",
    ],
)  # fmt: skip
def test_amazons_stores_are_known(transport: HttpTransport, host: str) -> None:
    assert transport._document_address(Secret(f"https://{host}/x{SIGNED}")).host == host.lower()


def test_other_stores_can_be_set() -> None:
    transport = HttpTransport(Settings(report_document_hosts=" .documents.example , "))
    allowed = transport._document_address
    assert allowed(Secret("https://eu.documents.example/x")).host == "eu.documents.example"
    for url in ("https://tortuga-prod-na.s3.amazonaws.com/x", "https://evil-documents.example/"):
        with pytest.raises(HostNotAllowed):
            allowed(Secret(url))
    with pytest.raises(HostNotAllowed):
        HttpTransport(Settings(report_document_hosts=""))._document_address(Secret("https://a.s3.amazonaws.com/"))
