"""Amazon as a script, for tests of single calls: given replies, every request kept, no network.

``Script`` is a transport, ``Line`` gives every call its turn, ``Purse`` gives every call a token. All of them keep what
they were asked for.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from quayside.amazon.client import AmazonClient, Caller
from quayside.amazon.errors import AmazonError
from quayside.amazon.marketplaces import Region
from quayside.amazon.operations import Operation
from quayside.amazon.transport import QueryValue, Reply
from quayside.kernel.ids import ConnectionId, TenantId, tenant_id_of
from quayside.kernel.settings import Settings
from quayside.storage.vault import Secret

CONNECTION = ConnectionId("tm19crgppmgzv9xh")
CALLER = Caller(tenant_id_of("one"), CONNECTION, "EU")
TOKEN = "Atza|a-token-that-nobody-may-see"
EU = "https://sellingpartnerapi-eu.amazon.com"


class Sent(NamedTuple):
    """One request."""

    method: str
    url: str
    operation: str
    query: dict[str, QueryValue]
    headers: dict[str, str]
    content: bytes | None

    @property
    def path(self) -> str:
        """The address below the region's endpoint."""
        return self.url.removeprefix(EU)

    def body(self) -> Any:
        """Return the body as Python sees it, numbers exactly."""
        return None if self.content is None else json.loads(self.content, parse_float=Decimal)


class Script:
    """A transport that answers with what it was given, the last reply again and again."""

    def __init__(self, *replies: Reply | AmazonError) -> None:
        self._replies = list(replies)
        self.sent: list[Sent] = []

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
        """Keep the request and return the next reply."""
        self.sent.append(Sent(method, url, operation, dict(query or {}), dict(headers or {}), content))
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, AmazonError):
            raise reply
        return reply


class Line:
    """Turns that are always due."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, ConnectionId | None, Region | None]] = []
        self.learned: list[tuple[str, ConnectionId | None, Decimal]] = []
        self.exhausted: list[tuple[str, ConnectionId | None]] = []
        self.answers: list[tuple[str, Region, bool]] = []

    def take(self, operation: Operation, connection_id: ConnectionId | None, region: Region | None = None) -> None:
        """Keep who took a turn."""
        self.taken.append((operation.name, connection_id, region))

    def learn(self, operation: Operation, connection_id: ConnectionId | None, rate: Decimal) -> None:
        """Keep the rate."""
        self.learned.append((operation.name, connection_id, rate))

    def exhaust(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Keep that the bucket is empty."""
        self.exhausted.append((operation.name, connection_id))

    def answered(self, operation: Operation, region: Region, *, ok: bool) -> None:
        """Keep whether Amazon answered."""
        self.answers.append((operation.name, region, ok))


class Purse:
    """Tokens without a broker."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def access_token(self, tenant_id: TenantId, connection_id: ConnectionId) -> Secret:
        """Return the token."""
        self.asked.append(f"{tenant_id}/{connection_id}")
        return Secret(TOKEN)

    def application_token(self, scope: str) -> Secret:
        """Return the token."""
        self.asked.append(scope)
        return Secret(TOKEN)


class Calls(NamedTuple):
    """A client on a script."""

    client: AmazonClient
    script: Script
    line: Line
    purse: Purse

    @property
    def sent(self) -> Sequence[Sent]:
        """The requests so far."""
        return self.script.sent


def calls(*replies: Reply | AmazonError, line: Line | None = None) -> Calls:
    """Return a client that gets these replies, the last one again and again."""
    script, line, purse = Script(*replies), line or Line(), Purse()
    return Calls(AmazonClient(Settings(), script, purse, line), script, line, purse)


def reply(content: object, status: int = 200, **headers: str) -> Reply:
    """Return a reply with a JSON body; header names with ``_`` for ``-``."""
    named = {"x-amzn-requestid": "r-1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Reply(status, named, json.dumps(content).encode())
