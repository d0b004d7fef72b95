"""What the web app needs to know before anyone signs in."""

from typing import Literal

import msgspec

from quayside.accounts.rules import PASSWORD_RULES
from quayside.amazon.marketplaces import MARKETPLACES, Marketplace
from quayside.sync.registry import DatasetInventory, data_inventory
from seller_api.routing import Call, Routes

routes = Routes("configuration")


class Health(msgspec.Struct, frozen=True):
    """The API answers."""

    status: Literal["ok"]


class Configuration(msgspec.Struct, frozen=True):
    """What this installation is like."""

    stage: str
    mfa_mode: str
    trial_days: int
    password_rules: tuple[str, ...]
    marketplaces: tuple[Marketplace, ...]
    data_inventory: tuple[DatasetInventory, ...]


@routes.get("/health", permission="public")
def health(call: Call[None, None]) -> Health:  # noqa: ARG001 - every view has the same shape
    """Say that the API answers."""
    return Health("ok")


@routes.get("/configuration", permission="public")
def configuration(call: Call[None, None]) -> Configuration:
    """Describe this installation: password rules, marketplaces, and which data is read for what."""
    settings = call.container.settings
    return Configuration(
        stage=settings.quayside_stage,
        mfa_mode=settings.mfa_mode,
        trial_days=settings.trial_days,
        password_rules=PASSWORD_RULES,
        marketplaces=MARKETPLACES,
        data_inventory=data_inventory(),
    )
