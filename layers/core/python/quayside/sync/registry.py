"""The dataset registry: what is read from Amazon, for which feature, under which role, how fresh, and for how long.

It is the one list behind the consent page, the data inventory and the health of a connection (AUP-2.2, AUP-3.8): a
dataset that is not here is not read.
"""

import msgspec

from quayside.amazon.operations import (
    GET_INVENTORY_SUMMARIES,
    GET_MARKETPLACE_PARTICIPATIONS,
    GET_ORDER,
    SEARCH_ORDERS,
    Operation,
    Role,
)
from quayside.storage.tables import AMAZON_DATA_DAYS

MARKETPLACES = "marketplaces"
ORDERS = "orders"
INVENTORY = "inventory"


class Dataset(msgspec.Struct, frozen=True):
    """One kind of data that is kept in sync for a connection.

    Attributes:
        key: its name in keys, commands and the API.
        title: its name for people.
        what: what is read.
        feature: which feature needs it.
        operations: the operations it is read with.
        notifications: the notification types that carry it.
        objective_seconds: how old its last success may be; 0 when it is read once.
        retention_days: how long it is kept.
        contains_personal_data: whether any of it is personal data of buyers.
    """

    key: str
    title: str
    what: str
    feature: str
    operations: tuple[Operation, ...]
    notifications: tuple[str, ...]
    objective_seconds: int
    retention_days: int
    contains_personal_data: bool

    @property
    def role(self) -> Role:
        """The SP-API role a seller grants for it."""
        return self.operations[0].role


REGISTRY: tuple[Dataset, ...] = (
    Dataset(
        key=ORDERS,
        title="Orders",
        what="Order numbers, dates, status, SKUs, quantities and prices. No buyer names, addresses or messages.",
        feature="Sales figures, the order list and the order page",
        operations=(SEARCH_ORDERS, GET_ORDER),
        notifications=("ORDER_CHANGE",),
        objective_seconds=1800,
        retention_days=AMAZON_DATA_DAYS,
        contains_personal_data=False,
    ),
    Dataset(
        key=INVENTORY,
        title="FBA stock",
        what="Units per SKU and marketplace: sellable, inbound, reserved, unsellable.",
        feature="The stock list",
        operations=(GET_INVENTORY_SUMMARIES,),
        notifications=("FBA_INVENTORY_AVAILABILITY_CHANGES",),
        objective_seconds=5400,
        retention_days=AMAZON_DATA_DAYS,
        contains_personal_data=False,
    ),
)
"""The datasets that are kept in step at intervals, as the health of a connection lists them."""

ONCE: tuple[Dataset, ...] = (
    Dataset(
        key=MARKETPLACES,
        title="Marketplaces",
        what="In which marketplaces the account sells, and its store name.",
        feature="Choosing marketplaces and naming the connection",
        operations=(GET_MARKETPLACE_PARTICIPATIONS,),
        notifications=(),
        objective_seconds=0,
        retention_days=AMAZON_DATA_DAYS,
        contains_personal_data=False,
    ),
)
"""What is read once, when an account is connected."""


class DatasetInventory(msgspec.Struct, frozen=True):
    """One line of the data inventory that a seller reads before giving consent."""

    dataset: str
    title: str
    what: str
    why_feature: str
    kept_for: str
    contains_personal_data: bool
    sp_api_role: str


def dataset(key: str) -> Dataset:
    """Return a dataset by its key.

    Raises:
        KeyError: there is none.
    """
    return _BY_KEY[key]


def data_inventory() -> tuple[DatasetInventory, ...]:
    """Return everything that is read, why, and for how long it is kept."""
    return tuple(
        DatasetInventory(
            each.key, each.title, each.what, each.feature, _kept_for(each), each.contains_personal_data, each.role
        )
        for each in (*ONCE, *REGISTRY)
    )


def _kept_for(each: Dataset) -> str:
    months = round(each.retention_days / 30.44)
    return f"{months} months, or until you disconnect"


_BY_KEY = {each.key: each for each in (*ONCE, *REGISTRY)}
