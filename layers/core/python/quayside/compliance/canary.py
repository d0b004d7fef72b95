"""The canary: every hour the deployed stack is asked, through each tenant role, for what belongs to another tenant.

Every session is made for a tenant that is nobody's, and everything it asks for beyond its own is that of another tenant
that is nobody's either, so that even a lock that is open shows no one's data; a scan asks for a count. Only reads are
tried. What is let through is counted as ``IsolationBroken``, which somebody is woken for; a session that can't even
read its own proves nothing, so then the task fails and comes again.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from quayside.compliance.tasks import ComplianceTask, Work
from quayside.kernel.ids import TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys
from quayside.storage.connection import Store, bound, whole_role

if TYPE_CHECKING:
    from quayside.kernel.settings import Settings

OWN = TenantId("0canary0canary0canary0cana")
"""The tenant of the canary's sessions. No person can have it: tenant ids are digests."""
OTHER = TenantId("0canary0canary0canary0canb")
"""The tenant whose data the canary asks for."""

_SORT_KEY = "CANARY"
_BROKEN = "a tenant's session reached another tenant's data"

Clients = Callable[[str], Any]


class CanaryFailedError(RuntimeError):
    """A session could not do what it may do, so nothing it was denied proves anything. Names the role and the call."""


class Finding(NamedTuple):
    """One attempt and how it ended.

    Attributes:
        attempt: what was asked for.
        is_own: whether the session may have it.
        answer: ``allowed``, or the code of the error.
    """

    attempt: str
    is_own: bool
    answer: str

    @property
    def is_denied(self) -> bool:
        """Whether AWS refused for lack of a right; any other error says nothing about rights."""
        return self.answer.startswith("AccessDenied")


def watch(_task: ComplianceTask, work: Work) -> None:
    """Try every tenant role by its own policy alone, and the session that this function itself works with.

    Raises:
        CanaryFailedError: a session could not read its own, or an attempt ended in neither success nor refusal.
        botocore.exceptions.ClientError: STS gave no session.
    """
    broken = False
    for role, clients in _sessions(bound()):
        found = list(findings(clients, bound().settings))
        work.metrics.count("IsolationTried", len(found))
        for each in found:
            if each.answer == "allowed" and not each.is_own:
                broken = True
                work.metrics.count("IsolationBroken")
                work.log.error(_BROKEN, extra={"action": each.attempt, "path": role})
        unclear = [each for each in found if each.answer != "allowed" and (each.is_own or not each.is_denied)]
        if unclear and not broken:
            raise CanaryFailedError(f"{role}: {unclear[0].attempt} ended with {unclear[0].answer}")


def findings(clients: Clients, settings: "Settings") -> Iterator[Finding]:
    """Try one session; ``clients`` gives its client of an AWS service."""
    for is_own, (attempt, call) in _attempts(clients, settings):
        try:
            call()
        except ClientError as error:
            yield Finding(attempt, is_own, error.response.get("Error", {}).get("Code", "unknown"))
        else:
            yield Finding(attempt, is_own, "allowed")


def _sessions(store: Store) -> Iterator[tuple[str, Clients]]:
    for arn in store.settings.canary_role_arns.split(","):
        yield arn.rpartition("/")[2], whole_role(store.system, arn, OWN).client
    with tenant_scope(OWN):
        yield "the session of compliance_worker", store.tenant.client


def _attempts(clients: Clients, settings: "Settings") -> Iterator[tuple[bool, tuple[str, Callable[[], object]]]]:
    dynamodb = clients("dynamodb")
    core, own, other = settings.core_table, keys.members(OWN), keys.members(OTHER)
    yield True, ("get of its own", partial(dynamodb.get_item, TableName=core, Key=_key(own)))
    for name in ("core_table", "vault_table", "pii_table", "pii_keys_table", "audit_table"):
        table = getattr(settings, name)
        yield False, (f"get in {name}", partial(dynamodb.get_item, TableName=table, Key=_key(other)))
        yield False, (f"query of {name}", partial(dynamodb.query, TableName=table, **_of(other, "pk")))
        yield False, (f"scan of {name}", partial(dynamodb.scan, TableName=table, Limit=1, Select="COUNT"))
    index = partial(dynamodb.query, TableName=core, IndexName="lookup", **_of(other, "lookup_key"))
    yield False, ("query of the index", index)
    both = {core: {"Keys": [_key(own), _key(other)]}}
    yield False, ("batch with its own", partial(dynamodb.batch_get_item, RequestItems=both))
    files = partial(clients("s3").list_objects_v2, Bucket=settings.raw_bucket, Prefix=f"T/{OTHER}/", MaxKeys=1)
    yield False, ("list of raw files", files)


def _key(partition: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": partition}, "sk": {"S": _SORT_KEY}}


def _of(partition: str, attribute: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": attribute},
        "ExpressionAttributeValues": {":key": {"S": partition}},
        "Limit": 1,
    }
