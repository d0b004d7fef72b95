"""Delivers to Amazon EventBridge, for the notification types that Amazon sends no other way.

Amazon delivers as a partner: to the event bus that a customer made for the partner event source, with a source that
begins with ``aws.partner/``. Nobody but a partner can: PutEvents refuses every source that begins with ``aws.`` with
NotAuthorizedForSourceException, at AWS and in the embedded AWS alike. So this one puts onto a bus of one's own choice,
with a source that differs from Amazon's in its first word. A rule that looks at ``detail-type`` cannot tell.
"""

import json
import os
import threading
from collections.abc import Sequence
from typing import Any

DEFAULT_BUS = "quayside-local-amazon"
DEFAULT_SOURCE_PREFIX = "simulator.partner/sellingpartnerapi.amazon.com"
AMAZONS_SOURCE_PREFIX = "aws.partner/sellingpartnerapi.amazon.com"
_BATCH = 10


def bus_arn(region: str, account: str, source_name: str) -> str:
    """Return where a destination's notifications go: the bus that its owner makes for the partner event source."""
    return f"arn:aws:events:{region}:{account}:event-bus/{source_name}"


def is_bus(arn: str) -> bool:
    """Return whether a destination's ARN is that of an event bus."""
    return arn.split(":")[2:3] == ["events"]


def detail_type_of(body: str) -> str:
    """Return the notification type of a message in either casing."""
    document = json.loads(body)
    return str(document.get("NotificationType") or document.get("notificationType"))


class EventBridgeDelivery:
    """Puts events in batches of ten.

    Args:
        endpoint: where EventBridge is; None reads AWS_ENDPOINT_URL, and failing that means AWS itself.
        bus: the name of the bus in the destination's account and region.
        source_prefix: stands for ``aws.partner/sellingpartnerapi.amazon.com`` in an event's source.
    """

    def __init__(
        self, endpoint: str | None = None, *, bus: str = DEFAULT_BUS, source_prefix: str = DEFAULT_SOURCE_PREFIX
    ) -> None:
        self._endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
        self._bus = bus
        self._source_prefix = source_prefix
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._found: set[tuple[str, str]] = set()

    def __call__(self, arn: str, bodies: Sequence[str]) -> list[str | None]:
        """Put notifications as events onto the bus of a destination; returns None or the reason for each."""
        outcomes: list[str | None] = []
        with self._lock:
            for start in range(0, len(bodies), _BATCH):
                outcomes.extend(self._put(arn, bodies[start : start + _BATCH]))
        return outcomes

    def _put(self, arn: str, bodies: Sequence[str]) -> list[str | None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  loaded when first delivering

        _, _, _, region, account, resource = arn.split(":", 5)
        source = resource.removeprefix("event-bus/").replace(AMAZONS_SOURCE_PREFIX, self._source_prefix, 1)
        entries = [
            {"EventBusName": self._bus, "Source": source, "DetailType": detail_type_of(body), "Detail": body}
            for body in bodies
        ]
        try:
            client = self._client(region, account)
            self._find_bus(client, region, account)
            answer = client.put_events(Entries=entries)
        except (BotoCoreError, ClientError, ValueError) as error:
            self._found.discard((region, account))
            return [f"{type(error).__name__}: {error}"] * len(bodies)
        return [
            f"{each['ErrorCode']}: {each.get('ErrorMessage', '')}" if each.get("ErrorCode") else None
            for each in answer["Entries"]
        ]

    def _find_bus(self, client: Any, region: str, account: str) -> None:  # noqa: ANN401  as the client below
        # PutEvents takes events for a bus that does not exist, and drops them.
        if (region, account) not in self._found:
            client.describe_event_bus(Name=self._bus)
            self._found.add((region, account))

    def _client(self, region: str, account: str) -> Any:  # noqa: ANN401  boto3 clients are made at run time
        import boto3  # noqa: PLC0415  loaded when first delivering
        from botocore.config import Config  # noqa: PLC0415  as above

        if (region, account) not in self._clients:
            # Towards the embedded AWS a twelve-digit access key is that account; at AWS the caller's own keys count.
            session = boto3.Session(
                aws_access_key_id=account if self._endpoint else None,
                aws_secret_access_key="simulator" if self._endpoint else None,
                region_name=region,
            )
            self._clients[region, account] = session.client(
                "events",
                endpoint_url=self._endpoint,
                config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2}),
            )
        return self._clients[region, account]
