"""HTTP to Amazon: short timeouts, reused connections, no redirects, and only to the hosts that are configured."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit

from quayside.amazon.errors import AddressExpired, AmazonUnavailable
from quayside.kernel.settings import Settings

if TYPE_CHECKING:
    import httpx

    from quayside.storage.vault import Secret

USER_AGENT = "Quayside/0.1 (Language=Python)"
"""Amazon asks every application to identify itself."""

QueryValue = str | int | list[str]

CHUNK_BYTES = 262_144
"""How much of a document is in memory at once."""
_OK, _FORBIDDEN, _NOT_FOUND, _GONE = 200, 403, 404, 410
_DOWNLOAD, _UPLOAD = "download", "upload"


class Reply(NamedTuple):
    """What came back: status, headers with lower-case names, and the body as it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and returns the reply, whatever its status."""

    def send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        url: str,
        *,
        operation: str,
        query: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Send a request.

        Raises:
            AmazonUnavailable: there was no answer, or not in time.
        """
        ...


class Downloads(Protocol):
    """Fetches documents by the presigned addresses that Amazon gives."""

    def stream(self, url: "Secret") -> AbstractContextManager[Iterator[bytes]]:
        """Open a document; iterate over its bytes as they are stored, piece by piece, inside the ``with``.

        The address never shows in a log or an exception.

        Raises:
            AddressExpired: the address is no longer good: ask for a new one and begin again.
            AmazonUnavailable: there was no answer, not in time, or it ended early; also while iterating.
            HostNotAllowed: the address is not one of Amazon's document stores.
        """
        ...


class Uploads(Protocol):
    """Puts documents where the presigned addresses of Amazon say."""

    def upload(
        self, url: "Secret", content: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Put a document there; the address never shows in a log or an exception.

        Args:
            url: the presigned address.
            content: the document.
            content_type: its type.
            headers: what Amazon says to send along; where they name a type, theirs goes.

        Raises:
            AddressExpired: the address is no longer good: ask for a new one.
            AmazonUnavailable: there was no answer, or not in time.
            HostNotAllowed: the address is not one of Amazon's document stores.
        """
        ...


class HostNotAllowed(ValueError):
    """A request was meant for a host that is not one of Amazon's configured addresses."""


class HttpTransport:
    """The transport of production: one httpx client per process, made at the first request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.Client | None = None
        # The outbound hosts are an allow-list (AUP 4.3): exactly the configured endpoints, and for documents their
        # stores.
        self._endpoints = frozenset(
            _origin(url)
            for url in (settings.sp_api_endpoint_na, settings.sp_api_endpoint_eu, settings.sp_api_endpoint_fe)
        )
        self._allowed = self._endpoints | {_origin(settings.lwa_token_url)}
        self._document_hosts = tuple(
            suffix.strip().lower() for suffix in settings.report_document_hosts.split(",") if suffix.strip()
        )

    def send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        url: str,
        *,
        operation: str,
        query: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Send a request; httpx sets the Host header from the URL, path prefix and port included.

        Raises:
            AmazonUnavailable: there was no answer, or not in time.
            HostNotAllowed: the URL is not one of the configured endpoints.
        """
        import httpx  # noqa: PLC0415 - only the worker calls Amazon, and only then

        if _origin(url) not in self._allowed:
            raise HostNotAllowed(f"{_origin(url)} is not an address Quayside talks to.")
        try:
            reply = self._open().request(method, url, params=query or None, headers=headers, content=content)
        except httpx.HTTPError as problem:
            raise AmazonUnavailable(f"no answer ({type(problem).__name__})", operation=operation) from problem
        return Reply(reply.status_code, dict(reply.headers), reply.content)

    @contextmanager
    def stream(self, url: "Secret") -> Iterator[Iterator[bytes]]:
        """Open a document by its presigned address; see ``Downloads.stream``.

        At most ``CHUNK_BYTES`` of it are in memory at once, and a read timeout holds for each piece. A document that
        ends before its announced length is an error and never a short document.
        """
        import httpx  # noqa: PLC0415 - as in send

        address = self._document_address(url)
        failure = ""
        try:
            # No compression on the way: what is stored is what is hashed, and it is compressed already.
            with self._open().stream("GET", address, headers={"accept-encoding": "identity"}) as reply:
                _check_document(reply)
                yield _chunks(reply)
        except httpx.HTTPError as problem:
            failure = type(problem).__name__
        # Raised outside of the handler: the error of httpx holds the request, and that its address.
        if failure:
            raise AmazonUnavailable(f"no answer ({failure})", operation=_DOWNLOAD)

    def upload(
        self, url: "Secret", content: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Put a document by its presigned address; see ``Uploads.upload``."""
        import httpx  # noqa: PLC0415 - as in send

        address = self._document_address(url)
        sent = {"content-type": content_type, **{name.lower(): value for name, value in (headers or {}).items()}}
        failure = ""
        try:
            reply = self._open().put(address, content=content, headers=sent)
            _check_document(reply)
        except httpx.HTTPError as problem:
            failure = type(problem).__name__
        # Raised outside of the handler: as in stream.
        if failure:
            raise AmazonUnavailable(f"no answer ({failure})", operation=_UPLOAD)

    def _document_address(self, url: "Secret") -> "httpx.URL":
        """Return the address when it may be fetched: at Amazon's document stores by HTTPS, or where the API itself is.

        Raises:
            HostNotAllowed: it may not; only its host is named.
        """
        import httpx  # noqa: PLC0415 - as in send

        try:
            # The parser that sends is the one that judges: two parsers may see two hosts in one address.
            address = httpx.URL(url.reveal())
        except httpx.InvalidURL:
            address = httpx.URL("")
        port = "" if address.port is None else f":{address.port}"
        origin = f"{address.scheme}://{address.host}{port}"
        # A bucket is named in the host, or, as the store for files of messages has it, in the path.
        stored = address.scheme == "https" and not port and f".{address.host}".endswith(self._document_hosts)
        if address.userinfo or not (stored or origin in self._endpoints):
            raise HostNotAllowed(f"{origin} is not an address Quayside fetches documents from.")
        return address

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> "httpx.Client":
        if self._client is None:
            import httpx  # noqa: PLC0415 - as above

            # They log addresses, and a presigned one is a secret; also when somebody sets the root logger to DEBUG.
            for name in ("httpx", "httpcore"):
                logging.getLogger(name).setLevel(logging.WARNING)
            self._client = httpx.Client(
                timeout=httpx.Timeout(
                    self._settings.amazon_read_timeout_seconds, connect=self._settings.amazon_connect_timeout_seconds
                ),
                follow_redirects=False,
                trust_env=False,
                headers={"user-agent": USER_AGENT},
            )
        return self._client


def _check_document(reply: "httpx.Response") -> None:
    status = reply.status_code
    if status == _OK:
        return
    kind = AddressExpired if status in {_FORBIDDEN, _NOT_FOUND, _GONE} else AmazonUnavailable
    raise kind(
        "the document store did not hand it out",
        operation=_DOWNLOAD,
        status=status,
        request_id=reply.headers.get("x-amz-request-id", ""),
    )


def _chunks(reply: "httpx.Response") -> Iterator[bytes]:
    import httpx  # noqa: PLC0415 - as in send

    failure = ""
    try:
        yield from reply.iter_raw(CHUNK_BYTES)
    except httpx.HTTPError as problem:
        failure = type(problem).__name__
    if failure:
        raise AmazonUnavailable(f"it ended early ({failure})", operation=_DOWNLOAD)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
