"""Delivers to Amazon SQS as the account from which Amazon sends, so that queue policies are really tested."""

import os
import threading
from collections.abc import Sequence
from typing import Any

AMAZON_ACCOUNT = "437568002678"
_BATCH = 10


class SqsDelivery:
    """Sends to queues in batches of ten.

    Args:
        endpoint: where SQS is; None reads AWS_ENDPOINT_URL, and failing that means AWS itself.
        account: the access key to send as; towards the embedded AWS a twelve-digit key is that account.
    """

    def __init__(self, endpoint: str | None = None, account: str = AMAZON_ACCOUNT) -> None:
        self._endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
        self._account = account
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._urls: dict[str, str] = {}

    def __call__(self, arn: str, bodies: Sequence[str]) -> list[str | None]:
        """Send messages to the queue of an ARN; returns None or the reason for each."""
        outcomes: list[str | None] = []
        with self._lock:
            for start in range(0, len(bodies), _BATCH):
                outcomes.extend(self._send(arn, bodies[start : start + _BATCH]))
        return outcomes

    def _send(self, arn: str, bodies: Sequence[str]) -> list[str | None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  loaded when first delivering

        try:
            client, url = self._client(arn), self._url(arn)
            answer = client.send_message_batch(
                QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
            )
        except (BotoCoreError, ClientError, ValueError) as error:
            self._urls.pop(arn, None)
            return [f"{type(error).__name__}: {error}"] * len(bodies)
        failed = {int(each["Id"]): f"{each['Code']}: {each.get('Message', '')}" for each in answer.get("Failed", ())}
        return [failed.get(number) for number in range(len(bodies))]

    def _client(self, arn: str) -> Any:  # noqa: ANN401  boto3 clients are made at run time
        import boto3  # noqa: PLC0415  loaded when first delivering
        from botocore.config import Config  # noqa: PLC0415  as above

        region = _parts(arn)[3]
        if region not in self._clients:
            self._clients[region] = boto3.Session(
                aws_access_key_id=self._account,
                aws_secret_access_key="simulator",  # noqa: S106  not a secret: the embedded AWS only reads the account
                region_name=region,
            ).client(
                "sqs",
                endpoint_url=self._endpoint,
                config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2}),
            )
        return self._clients[region]

    def _url(self, arn: str) -> str:
        if arn not in self._urls:
            _, _, _, region, account, name = _parts(arn)
            base = self._endpoint.rstrip("/") if self._endpoint else f"https://sqs.{region}.amazonaws.com"
            self._urls[arn] = f"{base}/{account}/{name}"
        return self._urls[arn]


def _parts(arn: str) -> tuple[str, str, str, str, str, str]:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sqs":  # noqa: PLR2004  an ARN of a queue has six parts
        raise ValueError(f"{arn!r} is not the ARN of a queue")
    return parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]
