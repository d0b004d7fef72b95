"""The audit trail of the organisation."""

from typing import Annotated, Literal

import msgspec

from quayside.compliance import audit_service
from quayside.compliance.audit_service import Filters
from quayside.compliance.audit_views import AuditPage
from seller_api.routing import Call, Routes

routes = Routes("audit")

_Instant = Annotated[str, msgspec.Meta(max_length=40, description="ISO 8601 with its offset.")]


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries to show."""

    since: Annotated[_Instant, msgspec.Meta(description="Only entries from this instant on (ISO 8601).")] | None = None
    until: Annotated[_Instant, msgspec.Meta(description="Only entries up to this instant (ISO 8601).")] | None = None
    area: (
        Annotated[str, msgspec.Meta(max_length=40, description="What comes before the point of the action.")] | None
    ) = None
    actor: Annotated[str, msgspec.Meta(max_length=120, description="Id of the member who did it.")] | None = None
    outcome: Literal["done", "refused", "failed"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


@routes.get("/audit", permission="audit.read", query=AuditQuery)
def list_audit_entries(call: Call[None, AuditQuery]) -> AuditPage:
    """List what was done in the organisation and by whom, newest first; kept for 18 months and never changed."""
    query = call.query
    filters = Filters(since=query.since, until=query.until, area=query.area, actor=query.actor, outcome=query.outcome)
    return audit_service.entries(filters, query.cursor, query.limit)
