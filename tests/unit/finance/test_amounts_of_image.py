"""A stored transaction as the table's stream shows it."""

from datetime import date
from typing import Any

import pytest

from quayside.finance.amount_rules import AmountKind
from quayside.finance.records import text_of
from quayside.finance.rules import Part, TransactionFacts
from quayside.finance.service import amounts_of_image
from quayside.kernel.clock import parse_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.storage import keys

TENANT = TenantId("0123456789abcdefghjkmnpqrs")


def image(marketplace_id: str | None) -> dict[str, Any]:
    key = keys.transaction(TENANT, ConnectionId("c1"), parse_instant("2026-03-05T04:00:00Z"), "t#1")
    facts = TransactionFacts(
        "ServiceFee", "RELEASED", None, marketplace_id, "USD", -5, parts=(Part("FBAStorageFee", -5),)
    )
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}, "facts": {"S": text_of(facts)}}


@pytest.mark.parametrize(("place", "day"), [("ATVPDKIKX0DER", date(2026, 3, 4)), (None, date(2026, 3, 5))])
def test_its_day_is_one_of_its_marketplace_and_of_utc_when_there_is_none(place: str | None, day: date) -> None:
    found = amounts_of_image(image(place))
    (only,) = found.amounts
    assert (found.connection_id, only.day, only.amounts) == ("c1", day, ((AmountKind.STORAGE_FEE, -5),))


def test_another_item_of_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="not the key of a transaction"):
        amounts_of_image({**image(None), "pk": {"S": "T#x#ORDERS#c1#2026-03"}})
