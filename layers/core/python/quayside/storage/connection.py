"""The connection to AWS: a few sessions, one door each, and the only file that touches credentials of AWS.

*Tenant data* (Core and Vault, and KMS for credentials) is reached through one botocore session whose credentials
object is asked at signing time: it returns the session of the tenant data role that belongs to the tenant in scope,
tagged with the tenant's id and narrowed by an inline policy, and refuses to sign when no tenant is in scope.
*Documents* have a session like that of their own, with a policy that reaches nothing else.
*Coordination*, queues and application secrets are reached through one more session with the function's own role.

pynamodb keeps a connection, hence credentials, per model class. ``SharedConnection`` replaces that: every model of
tenant data uses the same object, so a forgotten scope can't fall back to somebody's credentials.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, override

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from pynamodb.connection import Connection

from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.ids import TenantId
from quayside.kernel.settings import Settings
from quayside.kernel.tenancy import current_tenant

if TYPE_CHECKING:
    from mypy_boto3_kms.client import KMSClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sts.client import STSClient

SESSION_SECONDS = 3600
"""A role assumed from a role lives an hour at most. Source: AWS IAM user guide, "role chaining"."""
REFRESH_BEFORE = timedelta(minutes=10)
CACHED_SESSIONS = 512
_CANARY_SECONDS = 900
USER_AGENT = "Quayside/0.1"
"""How the product names itself to AWS."""
_FILES = Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
"""Otherwise botocore signs addresses in the old way, which files under a customer key refuse, and for us-east-1; and
there it would name a host that is not the one of the bucket, from which alone the web app's page may be sent files."""

_ITEM_ACTIONS = (
    "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
    "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
)  # fmt: skip


class TenantAccess(NamedTuple):
    """What one function may do with a tenant's data besides its facts: the inline session policy is made of this.

    Attributes:
        vault_actions: actions on the credentials of the tenant in the Vault table; with none it is out of reach, unless
            it is among the further tables.
        kms_actions: actions on the keys below, for what names the tenant in its encryption context.
        kms_keys: settings that name the keys of credentials and of buyers' personal data. Which of the actions hold for
            which key is left to the role, as with the tables.
        raw_actions: actions on the raw files of the tenant; none keeps the bucket out of reach.
        item_actions: actions on the items of Core, and of the further tables.
        further_tables: settings that name tables whose keys of the tenant are reached like Core's. Which of the actions
            hold for which table is left to the role: STS takes 2,048 characters of inline policy and no more.
        export_actions: actions on the exports of the tenant; none keeps the bucket out of reach.
        document_actions: actions on what browsers of the tenant sent and on the documents that are kept; none keeps
            both buckets out of reach. Which of the actions hold for which is left to the role.
        lists_files: whether the names of the files it reaches are listed too.
    """

    vault_actions: tuple[str, ...] = ()
    kms_actions: tuple[str, ...] = ()
    kms_keys: tuple[str, ...] = ()
    raw_actions: tuple[str, ...] = ()
    item_actions: tuple[str, ...] = _ITEM_ACTIONS
    further_tables: tuple[str, ...] = ()
    export_actions: tuple[str, ...] = ()
    document_actions: tuple[str, ...] = ()
    lists_files: bool = True


FACTS_ONLY = TenantAccess()
"""Core alone: for the functions that have nothing to do with credentials."""
STORES_CREDENTIALS = TenantAccess(
    vault_actions=("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    kms_actions=("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    kms_keys=("vault_key_arn", "pii_key_arn"),
    further_tables=("audit_table", "pii_table", "pii_keys_table"),
    export_actions=("s3:GetObject",),
    lists_files=False,
)
"""May put credentials into the vault and destroy them, never read them; shows buyers' personal data, never writes it;
seals files for buyers; hands out links to exports."""
USES_CREDENTIALS = TenantAccess(
    kms_actions=("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    kms_keys=("vault_key_arn", "pii_key_arn"),
    raw_actions=("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    further_tables=("vault_table", "audit_table", "pii_table", "pii_keys_table"),
)
"""May read credentials and raw files, and seal buyers' personal data: the worker that calls Amazon, alone."""
KEEPS_PROMISES = TenantAccess(
    item_actions=("dynamodb:BatchWriteItem", *_ITEM_ACTIONS),
    further_tables=("pii_table", "pii_keys_table", "vault_table", "audit_table"),
    raw_actions=("s3:DeleteObject", "s3:GetObject"),
    export_actions=("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
)
"""May hand out and destroy everything of a tenant, and read no credential in clear: the compliance worker, alone."""
KEEPS_DOCUMENTS = TenantAccess(item_actions=(), document_actions=("s3:DeleteObject", "s3:GetObject", "s3:PutObject"))
"""Documents of a tenant and nothing else of it, through a session of their own: no other would have room for them."""


class TenantSession(NamedTuple):
    """Temporary credentials of the tenant data role for one tenant."""

    credentials: ReadOnlyCredentials
    expires_at: datetime


class TenantSessions(Protocol):
    """Hands out sessions of the tenant data role."""

    def open(self, tenant_id: TenantId) -> TenantSession:
        """Return fresh credentials that reach the data of ``tenant_id`` and nothing else."""
        ...


def session_policy(settings: Settings, access: TenantAccess, tenant_id: TenantId) -> str:
    """Return the inline policy of one tenant's session as JSON.

    It names the tenant's key prefix literally and lists only the tables and key actions this function uses; AWS
    grants the intersection of it and the role's own policy. ``Null`` is there because ``ForAllValues`` holds when a
    request carries no leading key at all.
    """
    partition, account = _partition_and_account(settings.tenant_role_arn)
    place = f"arn:{partition}:dynamodb:{settings.aws_region}:{account}:table"
    core = f"{place}/{settings.core_table}"
    further = [f"{place}/{getattr(settings, name)}" for name in access.further_tables]
    statements: list[dict[str, object]] = []
    if access.item_actions:
        tables = [core, f"{core}/index/lookup", *further]
        statements.append(_items_statement(access.item_actions, tables, f"T#{tenant_id}#*"))
    if access.vault_actions:
        vault = f"{place}/{settings.vault_table}"
        statements.append(_items_statement(access.vault_actions, [vault], f"T#{tenant_id}#VAULT#*"))
    reached = [getattr(settings, name) for name in access.kms_keys if getattr(settings, name)]
    if reached:
        statements.append(
            {
                "Effect": "Allow",
                "Action": list(access.kms_actions),
                "Resource": reached,
                "Condition": {"StringEquals": {"kms:EncryptionContext:tenant_id": str(tenant_id)}},
            }
        )
    files = _files_statements(settings, access, partition, tenant_id)
    statements += files
    if settings.data_key_arn:
        # What lies under a customer key is read and written with the caller's right to that key, through its service.
        services = (*(("dynamodb",) if access.item_actions else ()), *(("s3",) if files else ()))
        through = [f"{service}.{settings.aws_region}.amazonaws.com" for service in services]
        statements.append(
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": [settings.data_key_arn],
                "Condition": {"StringEquals": {"kms:ViaService": through if len(through) > 1 else through[0]}},
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _files_statements(
    settings: Settings, access: TenantAccess, partition: str, tenant_id: TenantId
) -> list[dict[str, object]]:
    wanted = (
        (settings.raw_bucket, access.raw_actions),
        (settings.exports_bucket, access.export_actions),
        (settings.uploads_bucket, access.document_actions),
        (settings.documents_bucket, access.document_actions),
    )
    reached = [(f"arn:{partition}:s3:::{bucket}", actions) for bucket, actions in wanted if bucket and actions]
    if not reached:
        return []
    files = f"T/{tenant_id}/*"
    statements: list[dict[str, object]] = [
        {"Effect": "Allow", "Action": list(actions), "Resource": [f"{bucket}/{files}"]} for bucket, actions in reached
    ]
    if not access.lists_files:
        return statements
    listing: dict[str, object] = {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [bucket for bucket, _ in reached],
        "Condition": {"StringLike": {"s3:prefix": [files]}},
    }
    return [*statements, listing]


def _items_statement(actions: Sequence[str], tables: Sequence[str], leading_key: str) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(tables),
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [leading_key]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


def _partition_and_account(role_arn: str) -> tuple[str, str]:
    parts = role_arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":  # noqa: PLR2004 - arn:partition:service:region:account:resource
        raise ValueError("TENANT_ROLE_ARN is not the ARN of a role.")
    return parts[1], parts[4]


class AssumedTenantSessions:
    """Sessions from STS: the tenant data role with the session tag ``tenant_id`` and the inline policy above."""

    def __init__(self, settings: Settings, access: TenantAccess, system: "AwsSession") -> None:
        self._settings = settings
        self._access = access
        self._system = system

    def open(self, tenant_id: TenantId) -> TenantSession:
        """Return fresh credentials for one tenant.

        Raises:
            botocore.exceptions.ClientError: STS refused, which no retry by us mends.
        """
        answer = self._system.sts.assume_role(
            RoleArn=self._settings.tenant_role_arn,
            RoleSessionName=f"tenant-{tenant_id}",
            DurationSeconds=SESSION_SECONDS,
            Policy=session_policy(self._settings, self._access, tenant_id),
            Tags=[{"Key": "tenant_id", "Value": str(tenant_id)}],
        )["Credentials"]
        return TenantSession(
            ReadOnlyCredentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], None),
            answer["Expiration"],
        )


def whole_role(system: "AwsSession", role_arn: str, tenant_id: TenantId) -> "AwsSession":
    """Return a session of a tenant role for one tenant that only the role's own policy bounds; it lives 15 minutes.

    For the canary alone, which tries that policy by itself: whatever serves a tenant has an inline policy besides.

    Raises:
        botocore.exceptions.ClientError: STS refused.
    """
    answer = system.sts.assume_role(
        RoleArn=role_arn,
        RoleSessionName=f"canary-{tenant_id}",
        DurationSeconds=_CANARY_SECONDS,
        Tags=[{"Key": "tenant_id", "Value": str(tenant_id)}],
    )["Credentials"]
    given = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    return AwsSession(system.settings, given)


class TenantCredentials(Credentials):
    """The credentials object of the tenant session: asked at signing time, it answers for the tenant in scope."""

    method = "tenant-scope"

    def __init__(self, sessions: TenantSessions, clock: Clock) -> None:
        # botocore reads these before it signs, when it sets a client up; they are never used to sign.
        super().__init__(access_key="tenant-scope", secret_key="tenant-scope", method=self.method)  # noqa: S106 - a placeholder that signs nothing
        self._sessions = sessions
        self._clock = clock
        self._lock = Lock()
        self._cached: OrderedDict[TenantId, TenantSession] = OrderedDict()

    @override
    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials of the tenant in scope, opening or renewing its session when needed.

        Raises:
            NoTenantInScope: no tenant is in scope, so nothing is signed.
        """
        tenant_id = current_tenant()
        with self._lock:
            session = self._cached.get(tenant_id)
            if session is None or session.expires_at - REFRESH_BEFORE <= self._clock.now():
                session = self._sessions.open(tenant_id)
                self._cached[tenant_id] = session
            self._cached.move_to_end(tenant_id)
            while len(self._cached) > CACHED_SESSIONS:
                self._cached.popitem(last=False)
            return session.credentials

    @override
    def get_deferred_property(self, property_name: str) -> Any:
        # The account is not part of any endpoint here (account_id_endpoint_mode is off), so it is never looked up.
        return lambda: None


class _FixedProvider(CredentialProvider):
    """Gives botocore one credentials object and nothing to fall back to."""

    METHOD = "quayside"
    CANONICAL_NAME = "quayside"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._given = credentials

    @override
    def load(self) -> Credentials:
        return self._given


class AwsSession:
    """One botocore session and its clients, each created once and when first asked for.

    With ``credentials`` the session signs with that object and never looks for others; without, it uses what the
    environment of the function provides.
    """

    def __init__(self, settings: Settings, credentials: Credentials | None = None) -> None:
        self.settings = settings
        self._session = botocore.session.Session()
        # Otherwise botocore composes the header anew for every request, an eighth of the work of a small write.
        self._session.set_default_client_config(Config(user_agent=USER_AGENT))
        if credentials is not None:
            resolver = CredentialResolver([_FixedProvider(credentials)])
            self._session.register_component("credential_provider", resolver)
        self._config = Config(
            connect_timeout=settings.aws_connect_timeout_seconds,
            read_timeout=settings.aws_read_timeout_seconds,
            retries={"total_max_attempts": settings.aws_attempts, "mode": "standard"},
            account_id_endpoint_mode="disabled",
        )
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes clients at run time
        """Return the client of an AWS service, with this session's timeouts and attempts."""
        made = self._clients.get(service)
        if made is None:
            config = self._config.merge(_FILES) if service == "s3" else self._config
            made = self._session.create_client(service, region_name=self.settings.aws_region, config=config)
            self._clients[service] = made
        return made

    def own_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials this session signs with.

        Raises:
            NoCredentialsError: the environment provides none.
        """
        found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()

    @property
    def sqs(self) -> "SQSClient":
        """The client of SQS."""
        client: SQSClient = self.client("sqs")
        return client

    @property
    def kms(self) -> "KMSClient":
        """The client of KMS."""
        client: KMSClient = self.client("kms")
        return client

    @property
    def sts(self) -> "STSClient":
        """The client of STS."""
        client: STSClient = self.client("sts")
        return client

    def dynamodb_connection(self) -> "SharedConnection":
        """Return a pynamodb connection that signs with this session."""
        return SharedConnection(self._session, self.settings)


class SharedConnection(Connection):
    """pynamodb's connection on a given botocore session, shared by all models of one door."""

    def __init__(self, session: botocore.session.Session, settings: Settings) -> None:
        super().__init__(
            region=settings.aws_region,
            connect_timeout_seconds=settings.aws_connect_timeout_seconds,
            read_timeout_seconds=settings.aws_read_timeout_seconds,
            retry_configuration={"total_max_attempts": settings.aws_attempts, "mode": "standard"},
        )
        self._given_session = session
        # The account id would become part of the host name and, with shared credentials, of the wrong tenant's.
        session.set_config_variable("account_id_endpoint_mode", "disabled")

    @property
    @override
    def session(self) -> botocore.session.Session:
        return self._given_session

    def knows(self, table_name: str) -> bool:
        """Return whether the keys of this table were told to the connection already."""
        return table_name in self._tables


class Store:
    """The doors of one process: ``tenant`` signs for the tenant in scope, ``system`` with the function's own role."""

    def __init__(
        self,
        settings: Settings,
        access: TenantAccess = FACTS_ONLY,
        *,
        clock: Clock | None = None,
        sessions: TenantSessions | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.system = AwsSession(settings)
        opened = sessions or AssumedTenantSessions(settings, access, self.system)
        self.tenant = AwsSession(settings, TenantCredentials(opened, self.clock))
        self._document_sessions = sessions or AssumedTenantSessions(settings, KEEPS_DOCUMENTS, self.system)
        self._connections: dict[str, SharedConnection] = {}

    @cached_property
    def documents(self) -> AwsSession:
        """The door to documents, for the tenant in scope: its sessions reach nothing else. Made when asked for."""
        return AwsSession(self.settings, TenantCredentials(self._document_sessions, self.clock))

    def connection(self, door: str) -> SharedConnection:
        """Return the pynamodb connection of a door, ``"tenant"`` or ``"system"``, made when first asked for."""
        made = self._connections.get(door)
        if made is None:
            made = (self.tenant if door == "tenant" else self.system).dynamodb_connection()
            self._connections[door] = made
        return made


class NoStore(RuntimeError):
    """A model was used before the composition root bound a store: a mistake in the code."""


class _Binding:
    """Which store the models of this process use."""

    store: Store | None = None


def bind(store: Store) -> Store:
    """Make all models of this process use ``store``; called once by a function's composition root."""
    _Binding.store = store
    return store


def bound() -> Store:
    """Return the store that the models use.

    Raises:
        NoStore: none was bound.
    """
    if _Binding.store is None:
        raise NoStore("No store is bound: call quayside.storage.connection.bind in the composition root.")
    return _Binding.store


@contextmanager
def binding(store: Store) -> Iterator[Store]:
    """Bind ``store`` until the block ends, then put back what was bound: for tests and tools."""
    before = _Binding.store
    _Binding.store = store
    try:
        yield store
    finally:
        _Binding.store = before
