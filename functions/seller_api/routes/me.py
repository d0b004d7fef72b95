"""The member who asks, and their organisation."""

import msgspec

from quayside.accounts import service
from quayside.accounts.views import Me
from seller_api.routes.auth import Name
from seller_api.routing import Call, Routes

routes = Routes("me")


class Rename(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new name."""

    name: Name


@routes.get("/me", permission="profile")
def get_me(call: Call[None, None]) -> Me:
    """Say who is signed in and what they may do."""
    return service.me(call.principal)


@routes.patch("/me", permission="profile", body=Rename)
def rename_me(call: Call[Rename, None]) -> Me:
    """Change one's own name."""
    return service.rename_member(call.principal, name=call.body.name)


@routes.patch("/tenant", permission="tenant.manage", body=Rename)
def rename_tenant(call: Call[Rename, None]) -> Me:
    """Change the organisation's name."""
    return service.rename_tenant(call.principal, name=call.body.name)
