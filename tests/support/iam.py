"""Decides as IAM decides, over the policy documents of the real template and the product's own session policies.

It knows what those documents use and nothing else: a condition operator it has never met is an error, so that no
policy is ever judged by a rule nobody thought about. Where AWS's documentation leaves a choice, the one that grants
more is taken, so what is denied here is denied there.

Sources: IAM user guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators", "Set operators for
multivalued context keys" and "IAM policy elements: Variables and tags".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from functools import cache
from typing import Any, NamedTuple

from infra.local.fixes.leading_keys import leading_keys
from quayside.kernel.ids import ALPHABET, TENANT_ID_LENGTH
from tests.support.aws import ACCOUNT, REGION, template

TABLES = {
    "CoreTable": "CORE_TABLE", "PiiTable": "PII_TABLE", "PiiKeysTable": "PII_KEYS_TABLE", "VaultTable": "VAULT_TABLE",
    "AuditTable": "AUDIT_TABLE", "CoordinationTable": "COORDINATION_TABLE", "IdempotencyTable": "IDEMPOTENCY_TABLE",
}  # fmt: skip
"""The tables of the template, and the variable that tells a function where each is."""

Document = Mapping[str, Any]
Values = Mapping[str, str | Sequence[str]]

SESSION_TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
"""What STS takes as the value of a session tag: neither ``*`` nor ``?`` nor ``#``. Source: STS API reference, "Tag"."""

EVERYTHING: Document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"""A policy that denies nothing: put in one lock's place, it shows that the other holds alone."""

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_SORT = {"S": "X"}
_HASH_KEYS = {None: "pk", "lookup": "lookup_key"}


class Request(NamedTuple):
    """One call of AWS as IAM sees it.

    Attributes:
        action: such as ``dynamodb:GetItem``.
        resources: the ARNs it touches; each has to be allowed.
        context: condition keys that the request has, by name.
    """

    action: str
    resources: Sequence[str]
    context: Values


class UnknownOperatorError(Exception):
    """A policy uses something that this evaluator does not know."""


def allowed(request: Request, *locks: Sequence[Document]) -> bool:
    """Whether a request gets through every lock: a role's own policies, and the inline policy of its session.

    AWS grants the intersection of the two; inside one lock an explicit denial wins over whatever allows.
    """
    return all(
        all(_unlocked(documents, request._replace(resources=[resource])) for resource in request.resources)
        for documents in locks
    )


def _unlocked(documents: Sequence[Document], request: Request) -> bool:
    effects = {
        statement["Effect"]
        for document in documents
        for statement in document["Statement"]
        if _applies(statement, request)
    }
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    if unknown := set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}:
        raise UnknownOperatorError(f"an element nobody expected: {', '.join(sorted(unknown))}")
    (resource,) = request.resources
    return (
        any(_like(pattern, request.action, fold=True) for pattern in _listed(statement["Action"]))
        and any(
            _like(_filled(pattern, request.context), resource) for pattern in _listed(statement.get("Resource", "*"))
        )
        and all(
            _holds(operator, key, [_filled(str(value), request.context) for value in _listed(values)], request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, key: str, patterns: Sequence[str], context: Values) -> bool:
    found = context.get(key)
    if operator == "Null":
        return (found is None) == (patterns == ["true"])
    each, _, plain = operator.rpartition(":")
    compare = _OPERATORS.get(plain)
    if compare is None or each not in {"", "ForAllValues"}:
        raise UnknownOperatorError(operator)
    values = [] if found is None else _listed(found)
    if each:
        # Of no values at all, all match: that is why "Null" has to stand beside it.
        return all(any(compare(pattern, value) for pattern in patterns) for value in values)
    return any(compare(pattern, value) for pattern in patterns for value in values)


def _filled(pattern: str, context: Values) -> str:
    """Put the request's values in the place of variables; a variable without a value matches nothing."""

    def value(match: re.Match[str]) -> str:
        found = context.get(match[1])
        return found if isinstance(found, str) else "\0"

    return _VARIABLE.sub(value, pattern)


@cache
def _pattern(pattern: str, flags: int) -> re.Pattern[str]:
    # IAM knows * and ? alone; a bracket is a bracket.
    return re.compile(translate(pattern.replace("[", "[[]")), flags)


def _like(pattern: str, value: str, *, fold: bool = False) -> bool:
    return _pattern(pattern, re.IGNORECASE if fold else 0).match(value) is not None


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringLike": _like,
    "ArnLike": _like,
}


# -- the documents of the template -------------------------------------------------------------------------------------


def arn(logical_id: str) -> str:
    """Return the ARN that a resource of the template has here: its physical name is its logical id."""
    service, place = {
        "AWS::DynamoDB::Table": ("dynamodb", "table/"),
        "AWS::IAM::Role": ("iam", "role/"),
        "AWS::KMS::Key": ("kms", "key/"),
        "AWS::S3::Bucket": ("s3", ""),
    }.get(template()["Resources"][logical_id]["Type"], ("other", ""))
    if service == "s3":
        return f"arn:aws:s3:::{logical_id}"
    return f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{place}{logical_id}"


def resolved(value: Any) -> Any:  # noqa: PLR0911 - one for each intrinsic function
    """Return a part of the template with its references filled in and ``${!…}`` become ``${…}``."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inner),) = value.items()
        if name == "Ref":
            return _reference(inner)
        if name == "Fn::GetAtt":
            logical_id, _, attribute = (inner if isinstance(inner, str) else ".".join(inner)).partition(".")
            return arn(logical_id) if attribute == "Arn" else f"{logical_id}.{attribute}"
        if name == "Fn::Sub":
            text, local = (inner, {}) if isinstance(inner, str) else inner
            given = {key: resolved(each) for key, each in local.items()}
            return re.sub(r"\$\{(!?)([^}]+)\}", lambda found: _substituted(found, given), text)
        if name == "Fn::FindInMap":
            found = template()["Mappings"]
            for key in inner:
                found = found[key]
            return found
    return {key: resolved(each) for key, each in value.items()}


def _substituted(match: re.Match[str], given: Mapping[str, str]) -> str:
    name = match[2]
    if match[1]:
        return f"${{{name}}}"
    if name in given:
        return given[name]
    logical_id, dot, attribute = name.partition(".")
    return str(resolved({"Fn::GetAtt": [logical_id, attribute]}) if dot else _reference(name))


def _reference(name: str) -> str:
    return {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws"}.get(name, name)


@cache
def role_policies(role: str) -> tuple[Document, ...]:
    """Return every policy of a role: its own, those attached to it from elsewhere, and our managed ones."""
    resources = template()["Resources"]
    properties = resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
    managed = [each["Ref"] for each in properties.get("ManagedPolicyArns", ()) if "Ref" in each]
    documents += [resources[name]["Properties"]["PolicyDocument"] for name in managed]
    documents += [
        each["Properties"]["PolicyDocument"]
        for each in resources.values()
        if each["Type"] == "AWS::IAM::Policy" and {"Ref": role} in each["Properties"]["Roles"]
    ]
    return tuple(resolved(document) for document in documents)


def roles(*, of_tenants: bool) -> Iterator[str]:
    """Return the roles of the template that a tenant's session is made of, or all others."""
    for name, each in template()["Resources"].items():
        if each["Type"] == "AWS::IAM::Role":
            trust = json.dumps(each["Properties"]["AssumeRolePolicyDocument"])
            if ("aws:RequestTag/tenant_id" in trust) == of_tenants:
                yield name


# -- requests ----------------------------------------------------------------------------------------------------------


def items_request(operation: str, body: Mapping[str, Any], tenant_id: str | None = None) -> list[Request]:
    """Return what IAM is asked for one call of DynamoDB, by the operation's name and body, once for each action.

    The leading keys are read out of the body as the embedded AWS reads them.
    """
    found = leading_keys(json.dumps(body).encode(), lambda _, index: _HASH_KEYS.get(index))
    context: dict[str, str | Sequence[str]] = {"dynamodb:LeadingKeys": found} if found else {}
    if tenant_id is not None:
        context["aws:PrincipalTag/tenant_id"] = tenant_id
    return [Request(f"dynamodb:{action}", tables, context) for action, tables in _touched(operation, body)]


def _touched(operation: str, body: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if operation == "TransactWriteItems":
        actions = {
            "Put": "PutItem",
            "Update": "UpdateItem",
            "Delete": "DeleteItem",
            "ConditionCheck": "ConditionCheckItem",
        }
        for entry in body["TransactItems"]:
            ((kind, part),) = entry.items()
            yield actions[kind], [arn(part["TableName"])]
    elif operation == "TransactGetItems":
        for entry in body["TransactItems"]:
            yield "GetItem", [arn(entry["Get"]["TableName"])]
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        yield operation, [arn(name) for name in body["RequestItems"]]
    else:
        place = arn(body["TableName"])
        yield operation, [f"{place}/index/{body['IndexName']}" if "IndexName" in body else place]


def calls_on(table: str, partition: str, own_tenant: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every way in which a call of DynamoDB can touch a partition, some of them together with one's own."""
    key, own = {"pk": {"S": partition}, "sk": _SORT}, {"pk": {"S": f"T#{own_tenant}#ORDERS"}, "sk": _SORT}
    by_key = {"TableName": table, "Key": key}
    yield "GetItem", by_key
    yield "PutItem", {"TableName": table, "Item": key}
    yield "UpdateItem", by_key
    yield "DeleteItem", by_key
    query = {
        "TableName": table, "KeyConditionExpression": "#k = :k", "ExpressionAttributeNames": {"#k": "pk"},
        "ExpressionAttributeValues": {":k": {"S": partition}},
    }  # fmt: skip
    yield "Query", query
    yield "Query", {**query, "IndexName": "lookup", "ExpressionAttributeNames": {"#k": "lookup_key"}}
    yield "Query", {**query, "IndexName": "another", "ExpressionAttributeNames": {"#k": "lookup_key"}}
    yield "BatchGetItem", {"RequestItems": {table: {"Keys": [own, key]}}}
    yield "BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": own}}, {"DeleteRequest": {"Key": key}}]}}
    change = {"UpdateExpression": "SET seen = :s", "ExpressionAttributeValues": {":s": {"S": "x"}}}
    for kind, part in (
        ("Put", {"Item": key}),
        ("Update", {"Key": key, **change}),
        ("Delete", {"Key": key}),
        ("ConditionCheck", {"Key": key, "ConditionExpression": "attribute_exists(pk)"}),
    ):
        entries = [{"Delete": {"TableName": table, "Key": own}}, {kind: {"TableName": table, **part}}]
        yield "TransactWriteItems", {"TransactItems": entries}
    yield "TransactGetItems", {"TransactItems": [{"Get": {"TableName": table, "Key": each}} for each in (own, key)]}


def neighbour_of(tenant_id: str) -> str:
    """Return the tenant id that differs in its last character alone."""
    return tenant_id[:-1] + next(letter for letter in ALPHABET if letter != tenant_id[-1])


def foreign_partitions(own: str, other: str) -> dict[str, str]:
    """Return partitions that are not one's own, by what is special about them."""
    return {
        "another tenant's": f"T#{other}#ORDERS",
        "another tenant's credentials": f"T#{other}#VAULT#C",
        "another tenant's receipts": f"T#{other}#RECEIPTS",
        "a tenant's whose id differs in the last character": f"T#{neighbour_of(own)}#ORDERS",
        "a tenant's whose id begins with one's own": f"T#{own}0#ORDERS",
        "a tenant's whose id one's own begins with": f"T#{own[:-1]}#ORDERS",
        "one's own without its end": f"T#{own}",
        "a wildcard's": "T#*#ORDERS",
        "as many wildcards as an id has characters": f"T#{'?' * TENANT_ID_LENGTH}#ORDERS",
        "one's own in capitals": f"T#{own.upper()}#ORDERS",
        "a variable's": "T#${aws:PrincipalTag/tenant_id}#ORDERS",
        "nobody's": "APPLICATION#x",
        "an empty one": "",
    }
