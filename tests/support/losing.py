"""A line to Amazon on which one call gets lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quayside.amazon.errors import AmazonUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quayside.amazon.transport import QueryValue, Reply, Transport


class Losing:
    """A transport that loses the first call that is meant on its way to Amazon, or Amazon's answer to it.

    Args:
        inner: the line.
        meant: whether a call is meant, by its operation and its query.
        after: whether Amazon acts before the answer is lost.
    """

    def __init__(
        self, inner: Transport, meant: Callable[[str, Mapping[str, QueryValue]], bool], *, after: bool
    ) -> None:
        self._inner = inner
        self._meant = meant
        self._after = after
        self.lost = 0

    def send(self, method: str, url: str, *, operation: str, **rest: Any) -> Reply:
        """Send a request, or lose it."""
        loses = not self.lost and self._meant(operation, rest.get("query") or {})
        if loses:
            self.lost += 1
        if loses and not self._after:
            raise AmazonUnavailable("no answer", operation=operation)
        reply = self._inner.send(method, url, operation=operation, **rest)
        if loses:
            raise AmazonUnavailable("no answer", operation=operation)
        return reply
