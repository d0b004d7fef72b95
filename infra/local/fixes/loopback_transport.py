"""A request on loopback counts as sent over TLS.

Gap: MiniStack is reached by HTTP, so ``aws:SecureTransport`` is false and policies that refuse plain HTTP (as every
queue of the product does) would refuse everything. AWS endpoints are reached by HTTPS; on one machine the loopback
interface, which no one else can listen to, stands in its place.
Source: IAM user guide, "AWS global condition context keys" (aws:SecureTransport).
"""

from typing import Any

from infra.local.patching import part, wrap

NAME = "loopback_transport"


def apply() -> None:
    """Pin every request as secure; the launcher listens on loopback alone."""

    def wrapper(original: Any) -> Any:
        def pin_request_origin(source_ip: str, secure_transport: bool) -> None:  # noqa: FBT001 - as it is called
            original(source_ip, secure_transport or source_ip in {"127.0.0.1", "::1"})

        return pin_request_origin

    wrap(NAME, part("app"), "pin_request_origin", wrapper)
