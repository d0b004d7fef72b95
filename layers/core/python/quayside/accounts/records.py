"""How tenants and members are stored."""

from typing import ClassVar

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from quayside.storage.tables import CoreItem


def whole(value: float | None) -> int | None:
    """Return a stored number as a whole one, None when it is not there (pynamodb's types don't say it may not be)."""
    return None if value is None else int(value)


class TenantRecord(CoreItem):
    """A customer organisation.

    ``state`` is ``unconfirmed`` from sign-up to the first sign-in; such a record expires by itself when nobody comes.
    Instants are epoch seconds.
    """

    KIND: ClassVar[str] = "tenant"

    name = UnicodeAttribute()
    state = UnicodeAttribute()
    plan = UnicodeAttribute(null=True)
    created_at = NumberAttribute(null=True)
    trial_ends_at = NumberAttribute(null=True)


class MemberRecord(CoreItem):
    """A person of a tenant.

    ``sessions_end_at`` (epoch seconds) is set by "sign out everywhere": sessions that began up to then are over.
    """

    KIND: ClassVar[str] = "member"

    member_id = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    role = UnicodeAttribute()
    state = UnicodeAttribute()
    created_at = NumberAttribute()
    mfa_enabled = BooleanAttribute(null=True)
    sessions_end_at = NumberAttribute(null=True)
