"""Reading who can get in, with the operator's own rights."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from quayside.accounts import service as accounts
from quayside.compliance.access_rules import Account, Review, report
from quayside.kernel.clock import format_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import check_tenant_id
from quayside.storage import audit
from quayside.storage.audit_chain import AuditEvent
from quayside.storage.connection import bound

if TYPE_CHECKING:
    from quayside.kernel.clock import Clock


class Written(NamedTuple):
    """A review and where it is: for people, and for the next review."""

    review: Review
    text: Path
    data: Path


def review_access(pool: str, folder: Path, previous: Path | None, clock: "Clock") -> Written:
    """Write down every account with what it may do, what has to be decided, and what changed since the last review.

    That it was reviewed is recorded in the application's audit chain.

    Args:
        pool: the user pool.
        folder: where to write.
        previous: the last review, None for the first.
        clock: the time.

    Raises:
        InvalidInput: the previous review can't be read.
        NotRecorded: the audit chain did not take the entry.
    """
    before = None if previous is None else _read(previous)
    now = clock.now()
    review = Review(format_instant(now), tuple(_accounts(pool)))
    folder.mkdir(parents=True, exist_ok=True)
    text, data = (folder / f"access-{now:%Y-%m-%d}{ending}" for ending in (".md", ".json"))
    text.write_text(report(review, before), encoding="utf-8")
    data.write_bytes(msgspec.json.format(msgspec.json.encode(review), indent=1))
    counted = {"accounts": str(len(review.accounts))}
    audit.append_application(
        AuditEvent("access.reviewed", "operator", "installation/accounts", details=counted), clock=clock
    )
    return Written(review, text, data)


def _read(path: Path) -> Review:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Review)
    except (OSError, msgspec.DecodeError) as problem:
        raise InvalidInput(f"The earlier review at {path} can't be read.", code="invalid_review") from problem


def _accounts(pool: str) -> Iterator[Account]:
    cognito = bound().system.client("cognito-idp")
    among = cognito.get_paginator("list_users_in_group").paginate(UserPoolId=pool, GroupName=accounts.OPERATORS_GROUP)
    operators = {each["Username"] for page in among for each in page["Users"]}
    for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool):
        for user in page["Users"]:
            yield _account(user, is_operator=user["Username"] in operators)


def _account(user: Mapping[str, Any], *, is_operator: bool) -> Account:
    given = {each["Name"]: each["Value"] for each in user.get("Attributes", ())}
    subject, tenant_id = given["sub"], given.get("custom:tenant_id", "")
    member = accounts.known_member(check_tenant_id(tenant_id), subject) if tenant_id else None
    return Account(
        subject=subject,
        email=given.get("email", ""),
        enabled=bool(user["Enabled"]),
        confirmed=user["UserStatus"] == "CONFIRMED",
        created_at=format_instant(user["UserCreateDate"]),
        tenant_id=tenant_id,
        role="" if member is None else member.role,
        active=member is not None and member.active,
        second_factor=member is not None and member.second_factor,
        operator=is_operator,
    )
