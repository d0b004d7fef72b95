"""How Amazon's own sales and traffic are stored: an item a day and SKU. Our figures are in ``sheet_records``."""

from typing import ClassVar

import msgspec

from quayside.analytics.rules import Traffic
from quayside.storage.facts import OneSourceItem
from quayside.storage.keys import decode


class TrafficRecord(OneSourceItem):
    """Sales and traffic of one SKU, or of the whole marketplace, on one day; its key says which."""

    KIND: ClassVar[str] = "sales_and_traffic"
    RENEWED: ClassVar[bool] = False


TRAFFIC_PREFIX = "DAY#"

_TRAFFIC = msgspec.json.Decoder(Traffic)


def traffic_from(text: str) -> Traffic:
    """Read stored sales and traffic."""
    return _TRAFFIC.decode(text)


def traffic_text(traffic: Traffic) -> str:
    """Write sales and traffic as they are stored."""
    return msgspec.json.encode(traffic).decode()


def traffic_day_of(sort_key: str) -> tuple[str, str | None]:
    """Read day and SKU back from a sort key; no SKU for the whole marketplace."""
    parts = sort_key.split("#")
    return parts[1], decode(parts[3]) if len(parts) == 4 else None  # noqa: PLR2004 - as storage.keys builds them
