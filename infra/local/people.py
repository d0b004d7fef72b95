"""The people a fresh installation is filled with: three sellers and one operator."""

from dataclasses import dataclass

CONFIRMATION_CODE = "123456"
"""What the embedded mailbox always receives."""

PASSWORD = "Harbour-light-42"  # noqa: S105  # pragma: allowlist secret - opens nothing but this machine's own copy

USAGE_PLAN = {"searchOrders": 120.0, "getOrder": 4.0, "getInventorySummaries": 2.0}
"""Multiples of the usual rates, as Amazon grants to larger sellers: 50,000 orders then take minutes, not days."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs in. ``profile`` is the simulator's kind of seller; an operator sells nothing."""

    email: str
    name: str
    organisation: str
    what: str
    password: str = PASSWORD
    profile: str | None = None
    marketplace_id: str = ""
    operator: bool = False


SELLERS = (
    Person(
        email="ada@harbourandpine.example",
        name="Ada Lindqvist",
        organisation="Harbour & Pine",
        what="a small shop in the United States",
        profile="small-us",
        marketplace_id="ATVPDKIKX0DER",
    ),
    Person(
        email="jonas@nordlicht.example",
        name="Jonas Brandt",
        organisation="Nordlicht Handel",
        what="Europe, five marketplaces",
        profile="europe",
        marketplace_id="A1PA6795UKMFR9",
    ),
    Person(
        email="maria@longshore.example",
        name="Maria Okafor",
        organisation="Longshore Trading",
        what="50,000 orders of history, loading while you look",
        profile="large-us",
        marketplace_id="ATVPDKIKX0DER",
    ),
)

OPERATOR = Person(
    email="operator@quayside.example",
    name="Olga Operator",
    organisation="Quayside",
    what="runs this installation: sees Operations",
    operator=True,
)
