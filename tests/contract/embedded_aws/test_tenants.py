"""The template's roles and the product's own sessions, on the embedded AWS: each lock alone keeps tenants apart."""

from __future__ import annotations

import json
import logging
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from quayside.compliance import canary
from quayside.compliance.tasks import ComplianceTask, Work
from quayside.kernel.clock import SystemClock
from quayside.kernel.ids import tenant_id_of
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.settings import load_settings
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.connection import KEEPS_PROMISES, Store, binding, session_policy
from tests.bench.deployment import as_function, deploy
from tests.contract.embedded_aws.server import ACCOUNT, REGION, ROOT_SECRET, fresh
from tests.support.iam import EVERYTHING, TABLES, calls_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quayside.kernel.ids import TenantId
    from tests.bench.deployment import Function
    from tests.bench.embedded_aws import EmbeddedAws
    from tests.contract.embedded_aws.server import Server

OWN, OTHER = tenant_id_of("anna"), tenant_id_of("ben")
KEEPER = "ComplianceWorker"
READS = {"GetItem": "get_item", "Query": "query", "BatchGetItem": "batch_get_item"}


@pytest.fixture(scope="module")
def keeper(complete: Server) -> tuple[EmbeddedAws, Function]:
    """The data half of the template, deployed, and the function that runs the canary."""
    operator = boto3.Session("test", ROOT_SECRET, region_name=REGION)
    place = cast("EmbeddedAws", SimpleNamespace(endpoint=complete.endpoint, operator=operator))
    return place, deploy(place, (KEEPER,))[KEEPER]


@pytest.fixture
def store(keeper: tuple[EmbeddedAws, Function]) -> Iterator[Store]:
    """The function's own store, in its own environment and with its own role."""
    place, function = keeper
    with as_function(place, function):
        made = Store(load_settings(os.environ), KEEPS_PROMISES)
        with binding(made):
            yield made


def watched() -> CountedMetrics:
    """Run the canary once and return what it counted."""
    metrics = CountedMetrics()
    log: Any = logging.getLogger("canary")
    canary.watch(ComplianceTask("canary"), Work(SystemClock(), bytes, metrics, log, lambda: False))
    return metrics


def test_the_canary_finds_every_lock_closed_and_any_that_is_open(complete: Server, store: Store) -> None:
    roles = store.settings.canary_role_arns.split(",")
    assert watched().counts == {"IsolationTried": 19 * (len(roles) + 1)}

    iam, role = complete.client("iam"), roles[0].rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="mistake", PolicyDocument=json.dumps(EVERYTHING))
    try:
        assert watched().counts["IsolationBroken"] == 18, "everything but its own is another's"
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="mistake")


def test_the_canary_takes_a_role_for_its_own_tenant_alone(store: Store) -> None:
    for role in store.settings.canary_role_arns.split(",")[:3]:
        with pytest.raises(ClientError, match="AccessDenied"):
            store.system.sts.assume_role(
                RoleArn=role, RoleSessionName="tenant", Tags=[{"Key": "tenant_id", "Value": str(OWN)}]
            )


def answer(call: Callable[..., Any], body: dict[str, Any]) -> str:
    """Return ``allowed``, or the code of the error."""
    try:
        call(**body)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "allowed"


def test_the_policy_of_a_session_narrows_a_role_that_may_do_everything(complete: Server, store: Store) -> None:
    """The second lock with the first one taken away; without it the same calls go through."""
    iam, name = complete.client("iam"), fresh("open-role")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                            "Action": ["sts:AssumeRole", "sts:TagSession"]}]}  # fmt: skip
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))

    def client(tenant_id: TenantId | None) -> Any:
        policy = {} if tenant_id is None else {"Policy": session_policy(store.settings, KEEPS_PROMISES, tenant_id)}
        given = complete.client("sts").assume_role(RoleArn=role, RoleSessionName="test", **policy)["Credentials"]
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return complete.client("dynamodb", *keys)

    core, mine, theirs, anybodys = store.settings.core_table, client(OWN), client(OTHER), client(None)
    for operation, body in calls_on(core, f"T#{OTHER}#ORDERS", OWN):
        if operation in READS and body.get("IndexName") != "another":
            method = READS[operation]
            assert answer(getattr(mine, method), body).startswith("AccessDenied"), operation
            assert answer(getattr(theirs, method), body) == "allowed" or operation == "BatchGetItem"
            assert answer(getattr(anybodys, method), body) == "allowed", "nothing but the policy refuses"
    assert answer(mine.scan, {"TableName": core}).startswith("AccessDenied")
    assert answer(anybodys.scan, {"TableName": core}) == "allowed"


def test_a_session_of_the_product_reaches_its_own_and_nothing_else(store: Store) -> None:
    """All locks together, as they are deployed, on every table the function knows."""
    with tenant_scope(OWN):
        client = store.tenant.client("dynamodb")
        tables = [getattr(store.settings, variable.lower()) for variable in TABLES.values()]
        for table in filter(None, tables):
            for operation, body in calls_on(table, f"T#{OTHER}#ORDERS", OWN):
                if operation in READS:
                    code = answer(getattr(client, READS[operation]), body)
                    assert code.startswith("AccessDenied"), (table, operation)
        own = {"TableName": store.settings.core_table, "Key": {"pk": {"S": f"T#{OWN}#ORDERS"}, "sk": {"S": "1"}}}
        assert answer(client.get_item, own) == "allowed"
        other = dict(own, Key={"pk": {"S": f"T#{OTHER}#ORDERS"}, "sk": {"S": "1"}})
        with tenant_scope(OWN):
            assert answer(client.get_item, other).startswith("AccessDenied")
    with tenant_scope(OTHER):
        assert answer(client.get_item, other) == "allowed", "one client, another tenant in scope: another session"
