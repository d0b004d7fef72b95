"""Tenants kept apart: attacks that succeed (none), and what it costs a read to be signed for one tenant alone.

*Attacks.* The suite of tests/contract/api, whole: every route of the route table as a stranger, as each role without
the permission, and as the owner of another organisation. There the code stands alone, without IAM. Then IAM alone,
without the code: a session of the API's tenant role, made by the embedded AWS from the real template, tries every call
on partitions that are not its own, in every table.

*Cost.* The list of orders is read through the API by owners of several tenants, each time twice: with the tenant's own
session (STS, tag and inline policy, kept for its hour) and with one role that may read every tenant's rows, which is
what a product without this lock would do. Both take turns in one run and everything else is the same code. Warm: every
session was opened before. Seconds are wall clock of one request in this process, the embedded AWS included, so what it
spends on judging the longer policy counts against us; on AWS that is not the caller's time. ``cpu_ratio`` is this
process alone.
"""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from quayside.accounts import store as accounts
from quayside.kernel.clock import SystemClock, format_instant
from quayside.kernel.ids import MemberId, TenantId, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.storage.connection import STORES_CREDENTIALS, AwsSession, Store, binding
from tests.bench.catalogue import Result
from tests.bench.deployment import as_function, deploy
from tests.bench.embedded_aws import REGION, EmbeddedAws, embedded_aws
from tests.bench.harness import Run, Stopwatch, environment, handlers_log, in_turns
from tests.bench.product import Api, Part, part_of
from tests.support.attacks import Neighbours
from tests.support.aws import aws as in_process_aws
from tests.support.iam import TABLES, calls_on, foreign_partitions
from tests.support.orders import order_document
from tests.support.sellers import connect

if TYPE_CHECKING:
    from tests.bench.deployment import Function

API = "SellerApi"
TENANTS = 8
ORDERS = 20
PAGE = 10
"""Fewer than there are, so that no page has to look for more in the months before."""
READS = 1_500
PLAIN_ROLE = "quayside-bench-plain"
QUICK_STEP = 10
IN_PROCESS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "POWERTOOLS_TRACE_DISABLED": "true",
}
PERCENTILES = {"p50": 0.50, "p95": 0.95}


def measure(run: Run) -> Result:
    """Attack, then read in turns."""
    with handlers_log(run):
        routes, attacks, worked = _attacked(run)
        with embedded_aws(run) as aws:
            functions = deploy(aws, (API,))
            part = part_of(aws, functions[API], STORES_CREDENTIALS)
            # Clients are made when first used, and read where AWS is from the environment of the function.
            with as_function(aws, functions[API]):
                tried, got_through = _attacked_by_session(run, part, functions[API])
                cost = _cost(run, aws, part)
    for each in [*worked, *got_through][:10]:
        run.say(f"An attack succeeded: {each}")
    return {
        "routes": routes,
        "attacks": attacks + tried,
        "successes": len(worked) + len(got_through),
        **cost,
        "attacks_on_routes": attacks,
        "attacks_on_iam": tried,
        "tenants": TENANTS,
    }


def _attacked(run: Run) -> tuple[int, int, list[str]]:
    """Try the suite (a tenth of it in a quick run); return routes, attacks, and in words what worked."""
    with environment(IN_PROCESS), in_process_aws() as present:
        neighbours = Neighbours(present)
        attacks = list(neighbours.attacks())[:: QUICK_STEP if run.quick else 1]
        outcomes = [neighbours.tried(attack) for attack in attacks]
    routes = {(attack.route.method, attack.route.path) for attack in attacks}
    run.say(f"{len(attacks)} attacks on {len(routes)} routes, by code alone.")
    return len(routes), len(attacks), [str(each) for each in outcomes if each.succeeded]


def _attacked_by_session(run: Run, part: Part, function: "Function") -> tuple[int, list[str]]:
    """Call AWS directly with one tenant's session; return how many were tried, and in words what was not denied."""
    names = {
        logical_id: function.environment[variable]
        for logical_id, variable in TABLES.items()
        if variable in function.environment
    }
    own, other = tenant_id_of("0"), tenant_id_of("1")
    tried, worked = 0, []
    with tenant_scope(own):
        client = part.store.tenant.client("dynamodb")
        for what, partition in foreign_partitions(own, other).items():
            for table in names.values():
                for operation, body in calls_on(table, partition, own):
                    tried += 1
                    code = _refusal(getattr(client, _METHODS[operation]), body)
                    if not code.startswith("AccessDenied"):
                        worked.append(f"{operation} of {what} in {table}: {code}")
    run.say(f"{tried} calls with a tenant's session on what is not its own, by IAM alone.")
    return tried, worked


_METHODS = {
    "BatchGetItem": "batch_get_item", "BatchWriteItem": "batch_write_item", "DeleteItem": "delete_item",
    "GetItem": "get_item", "PutItem": "put_item", "Query": "query", "TransactGetItems": "transact_get_items",
    "TransactWriteItems": "transact_write_items", "UpdateItem": "update_item",
}  # fmt: skip


def _refusal(call: Callable[..., Any], body: dict[str, Any]) -> str:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only this part calls AWS itself

    try:
        call(**body)
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return "allowed"


def _cost(run: Run, aws: EmbeddedAws, part: Part) -> Result:
    """Read the same lists with and without a session of their own, in turns."""
    plain = _without_sessions(aws, part)
    subjects = [str(number) for number in range(TENANTS)]
    with binding(part.store):
        for subject in subjects:
            _settle(subject, tenant_id_of(subject))
    run.say(f"{TENANTS} tenants with {ORDERS} orders each.")
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    watches = {"ours": Stopwatch(), "plain": Stopwatch()}
    apis = {
        side: [_api(part, store, subject) for subject in subjects]
        for side, store in (("ours", part.store), ("plain", plain))
    }

    def read(side: str) -> Callable[[int], None]:
        def one(turn: int) -> None:
            api = apis[side][turn % TENANTS]
            with watches[side].running():
                began = time.perf_counter()
                found = api.get("/orders", limit=str(PAGE))
                seconds[side].append(time.perf_counter() - began)
            if len(found["orders"]) != PAGE:
                raise RuntimeError(f"{len(found['orders'])} orders were read instead of {PAGE}.")

        return one

    for turn in range(TENANTS):
        read("ours")(turn)
        read("plain")(turn)
    for side in ("ours", "plain"):
        seconds[side].clear()
        watches[side].seconds = 0.0
    reads = run.share(READS)
    in_turns(read("ours"), read("plain"), reads, lambda done: _tell(run, done, reads))
    found = {
        f"{side}_{name}_ms": round(1000 * _percentile(seconds[side], share), 2)
        for side in ("ours", "plain")
        for name, share in PERCENTILES.items()
    }
    ratios = {
        f"warm_{name}_ratio": round(found[f"ours_{name}_ms"] / found[f"plain_{name}_ms"], 3) for name in PERCENTILES
    }
    cpu = watches["ours"].seconds / watches["plain"].seconds
    return {**ratios, **found, "cpu_ratio": round(cpu, 3), "reads": reads}


def _without_sessions(aws: EmbeddedAws, part: Part) -> Store:
    """Return a store that reads every tenant's rows with one client, as a product without this lock would.

    Its role may use the table and nothing narrower is asked of IAM: the usual policy of a function.
    """
    iam = aws.operator.client("iam", endpoint_url=aws.endpoint)
    sts = aws.operator.client("sts", endpoint_url=aws.endpoint)
    account = part.settings.tenant_role_arn.split(":")[4]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    table = f"arn:aws:dynamodb:{REGION}:{account}:table/{part.settings.core_table}"
    right = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": [table, f"{table}/index/*"]}
    role = iam.create_role(RoleName=PLAIN_ROLE, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
    iam.put_role_policy(
        RoleName=PLAIN_ROLE,
        PolicyName="table",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [right]}),
    )
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="plain")["Credentials"]
    store = Store(part.settings, STORES_CREDENTIALS)
    store.system = part.store.system
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    store.tenant = AwsSession(part.settings, credentials)
    return store


def _settle(subject: str, tenant_id: TenantId) -> None:
    clock = SystemClock()
    seller = connect(clock, subject=subject, seller=f"A{subject}BENCH")
    now = clock.now()
    documents = [
        order_document(
            f"903-{int(subject):07d}-{number:07d}", purchased=format_instant(now), updated=format_instant(now)
        )
        for number in range(ORDERS)
    ]
    with tenant_scope(tenant_id):
        accounts.activate(f"Tenant {subject}", now, now)
        accounts.add_member(MemberId(subject), "owner@example.com", "Owner", "owner", now)
        orders.apply_orders(tenant_id, seller.connection_id, documents, received_at=now, clock=clock)


def _api(part: Part, store: Store, subject: str) -> Api:
    from seller_api import app as seller_api  # noqa: PLC0415 - the product, only when measured
    from seller_api.container import Container  # noqa: PLC0415 - as above

    with binding(store):
        application, _ = seller_api.build(Container(part.settings, store=store))
    claims = {
        "sub": subject,
        "aud": part.settings.user_pool_client_id,
        "token_use": "id",
        "custom:tenant_id": tenant_id_of(subject),
    }
    return Api(application, store, claims)


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _tell(run: Run, done: int, reads: int) -> None:
    if done % max(1, reads // 5) == 0:
        run.say(f"{done} of {reads} reads with each.")
