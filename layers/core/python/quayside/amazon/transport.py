"""HTTP to Amazon: short timeouts, reused connections, no redirects, and only to the hosts that are configured."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit

from quayside.amazon.errors import AmazonUnavailable
from quayside.kernel.settings import Settings

if TYPE_CHECKING:
    import httpx

USER_AGENT = "Quayside/0.1 (Language=Python)"
"""Amazon asks every application to identify itself."""

QueryValue = str | int | list[str]


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


class HostNotAllowed(ValueError):
    """A request was meant for a host that is not one of Amazon's configured addresses."""


class HttpTransport:
    """The transport of production: one httpx client per process, made at the first request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.Client | None = None
        # The outbound hosts are an allow-list (AUP 4.3): exactly the configured endpoints.
        self._allowed = frozenset(
            _origin(url)
            for url in (
                settings.lwa_token_url,
                settings.sp_api_endpoint_na,
                settings.sp_api_endpoint_eu,
                settings.sp_api_endpoint_fe,
            )
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

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> "httpx.Client":
        if self._client is None:
            import httpx  # noqa: PLC0415 - as above

            self._client = httpx.Client(
                timeout=httpx.Timeout(
                    self._settings.amazon_read_timeout_seconds, connect=self._settings.amazon_connect_timeout_seconds
                ),
                follow_redirects=False,
                trust_env=False,
                headers={"user-agent": USER_AGENT},
            )
        return self._client


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
