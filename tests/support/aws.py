"""An in-process AWS with the tables, queues and keys of the real template.

The resources are read from ``template.yaml``, so a table that is changed there is changed in the tests. moto enforces
neither IAM nor TTL nor throttling: what depends on those is tested against the embedded AWS.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import msgspec
import yaml
from botocore.credentials import ReadOnlyCredentials
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto import mock_aws
from moto.kms.models import kms_backends

from quayside.kernel.clock import Clock, FixedClock, parse_instant
from quayside.kernel.ids import TenantId
from quayside.kernel.settings import Settings, load_settings
from quayside.storage.connection import USES_CREDENTIALS, Store, TenantAccess, TenantSession, binding
from tests.support import quick_moto

quick_moto.apply()

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION = "us-east-1"
ACCOUNT = "123456789012"
RAW_BUCKET = "raw-files"
EXPORTS_BUCKET = "exports"
UPLOADS_BUCKET = "uploads"
DOCUMENTS_BUCKET = "documents"
AUDIT_BUCKET = "checkpoints-of-the-audit-trail"
START = parse_instant("2026-11-21T10:11:12Z")

_TABLES = {
    "CoreTable": "core_table", "PiiTable": "pii_table", "PiiKeysTable": "pii_keys_table", "VaultTable": "vault_table",
    "AuditTable": "audit_table", "CoordinationTable": "coordination_table", "IdempotencyTable": "idempotency_table",
}  # fmt: skip


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (``!Ref X``) as ``{"Ref": "X"}``."""


def _short_form(loader: _TemplateLoader, suffix: str, node: yaml.Node) -> object:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # only mappings are left


_TemplateLoader.add_multi_constructor("!", _short_form)


@cache
def template() -> dict[str, Any]:
    """Return the template as plain data, short forms spelt out."""
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _TemplateLoader)  # noqa: S506 - a SafeLoader with tags
    return loaded


def resource(logical_id: str) -> dict[str, Any]:
    """Return the properties of one resource of the template."""
    properties: dict[str, Any] = template()["Resources"][logical_id]["Properties"]
    return properties


class OpenedSessions:
    """Stands in for STS: remembers for which tenants a session was opened and lets a test decide how long it lives."""

    def __init__(self, clock: Clock, lives_seconds: int = 3600) -> None:
        self._clock = clock
        self.lives_seconds = lives_seconds
        self.opened: list[TenantId] = []

    def open(self, tenant_id: TenantId) -> TenantSession:
        """Return credentials that name the tenant."""
        self.opened.append(tenant_id)
        at = parse_instant(self._clock.now().isoformat())
        return TenantSession(
            ReadOnlyCredentials(f"AKIA{tenant_id[:12].upper()}", "secret", f"token-{len(self.opened)}", None),
            at.fromtimestamp(at.timestamp() + self.lives_seconds, tz=at.tzinfo),
        )


class Aws(msgspec.Struct):
    """What a test needs of the AWS it runs on."""

    settings: Settings
    store: Store
    clock: FixedClock
    sessions: OpenedSessions

    def messages(self, queue_url: str | None = None, *, clear: bool = True) -> list[dict[str, Any]]:
        """Return all messages of a queue (the work queue by default): body as JSON, delay and message group."""
        from moto.sqs.models import sqs_backends  # noqa: PLC0415 - moto's own store, with no network

        backend = sqs_backends[ACCOUNT][REGION]
        name = (queue_url or self.settings.work_queue_url).rsplit("/", 1)[1]
        queue = backend.queues[name]
        found = list(queue._messages)
        if clear:
            queue._messages.clear()
        return [
            {
                "body": json.loads(each.body),
                # A message without a delay is delayed until 1970.
                "delay_seconds": max(0, round((each.delayed_until - float(str(each.sent_timestamp))) / 1000)),
                "group": getattr(each, "group_id", None),
            }
            for each in found
        ]

    def items(self, table: str = "core_table") -> list[dict[str, Any]]:
        """Return every item of a table, as DynamoDB writes it; only tests may look at a table this way."""
        client = boto3.client("dynamodb", region_name=REGION)
        found = client.scan(TableName=getattr(self.settings, table), ConsistentRead=True)
        return [dict(item) for item in found["Items"]]


def _create_tables(names: Sequence[str]) -> None:
    client = boto3.client("dynamodb", region_name=REGION)
    for logical_id in names:
        given = resource(logical_id)
        described = {
            name: given[name]
            for name in ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
            if name in given
        }
        client.create_table(TableName=logical_id, **described)


def _proof_key(kms: Any) -> str:
    made = kms.create_key(**{name: resource("ProofKey")[name] for name in ("KeySpec", "KeyUsage")})["KeyMetadata"]
    # moto takes a digest for a message and hashes it again, so its signature would be of something else.
    key: Any = kms_backends[ACCOUNT][REGION].keys[made["KeyId"]]
    own = key.private_key.private_key
    key.private_key.sign = lambda digest, _algorithm: own.sign(digest, ec.ECDSA(Prehashed(SHA256())))
    return str(made["Arn"])


@contextmanager
def aws(*, access: TenantAccess = USES_CREDENTIALS, clock: FixedClock | None = None, **overrides: str) -> Iterator[Aws]:
    """Run a block on an in-process AWS with the template's tables, queues and vault key, and bind a store to it.

    Args:
        access: what the function under test may do with credentials.
        clock: the time; stands at ``START`` unless given.
        overrides: environment variables to add or replace, by lower-case name of the setting.
    """
    the_clock = clock or FixedClock(START)
    with mock_aws():
        _create_tables(list(_TABLES))
        sqs = boto3.client("sqs", region_name=REGION)
        work = sqs.create_queue(QueueName="work")["QueueUrl"]
        intake = sqs.create_queue(QueueName="intake")["QueueUrl"]
        compliance = sqs.create_queue(QueueName="compliance")["QueueUrl"]
        given_up = sqs.create_queue(QueueName="intake-dead-letters")["QueueUrl"]
        kms = boto3.client("kms", region_name=REGION)
        key = kms.create_key()["KeyMetadata"]["Arn"]
        for bucket in (RAW_BUCKET, EXPORTS_BUCKET, UPLOADS_BUCKET, DOCUMENTS_BUCKET, AUDIT_BUCKET):
            boto3.client("s3", region_name=REGION).create_bucket(Bucket=bucket)
        environ = {
            "AWS_DEFAULT_REGION": REGION,
            "WORK_QUEUE_URL": work,
            "INTAKE_QUEUE_URL": intake,
            "INTAKE_DEAD_LETTER_QUEUE_URL": given_up,
            "INTAKE_QUEUE_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:intake",
            "VAULT_KEY_ARN": key,
            "PII_KEY_ARN": kms.create_key()["KeyMetadata"]["Arn"],
            "PROOF_KEY_ARN": _proof_key(kms),
            "COMPLIANCE_QUEUE_URL": compliance,
            "RAW_BUCKET": RAW_BUCKET,
            "EXPORTS_BUCKET": EXPORTS_BUCKET,
            "UPLOADS_BUCKET": UPLOADS_BUCKET,
            "DOCUMENTS_BUCKET": DOCUMENTS_BUCKET,
            "AUDIT_BUCKET": AUDIT_BUCKET,
            "TENANT_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/tenant",
            "AMAZON_APPLICATION_ID": "amzn1.sp.solution.00000000-0000-4000-8000-000000000001",
            "LWA_CLIENT_ID": "amzn1.application-oa2-client.quayside",
            **{setting.upper(): logical_id for logical_id, setting in _TABLES.items()},
            **{name.upper(): value for name, value in overrides.items()},
        }
        settings = load_settings(environ)
        sessions = OpenedSessions(the_clock)
        store = Store(settings, access, clock=the_clock, sessions=sessions)
        with binding(store):
            yield Aws(settings, store, the_clock, sessions)
