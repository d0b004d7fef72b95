"""The fifty orders of decisions.md, decided."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from quayside.amazon.marketplaces import find_marketplace
from quayside.kernel.money import Money
from quayside.reviews.rules import Campaign, Candidate, Product, decide

PLACES = {"US": "ATVPDKIKX0DER", "DE": "A1PA6795UKMFR9", "UK": "A1F83G8C2ARO7P", "JP": "A1VC38T7YXB528"}

CAMPAIGNS = (
    Campaign(
        campaign_id="everyone",
        name="Everyone",
        state="on",
        priority=10,
        delay_days=7,
        send_hour=10,
        marketplace_ids=(PLACES["US"], PLACES["JP"]),
    ),
    Campaign(
        campaign_id="germany",
        name="Germany, evenings",
        state="on",
        priority=5,
        delay_days=5,
        send_hour=18,
        marketplace_ids=(PLACES["DE"],),
        exclude_skus=("GIFT",),
        price_currency="EUR",
        minimum_price_minor=1500,
    ),
    Campaign(
        campaign_id="lamps",
        name="Lamps",
        state="test",
        priority=1,
        delay_days=10,
        send_hour=9,
        include_skus=("LAMP",),
    ),
    Campaign(
        campaign_id="ours",
        name="By ourselves",
        state="on",
        priority=3,
        delay_days=14,
        send_hour=8,
        marketplace_ids=(PLACES["US"],),
        channels=("MERCHANT",),
        exclude_refunded=False,
        exclude_late=False,
        maximum_age_days=25,
    ),
)


class Row(msgspec.Struct, frozen=True, rename={"number": "#", "seller_sku": "sku", "goes_out": "goes out"}):
    """One order of the table."""

    number: str
    story: str
    market: str
    status: str
    by: str
    seller_sku: str
    price: str
    delivery: str
    facts: str
    now: str
    decision: str
    goes_out: str
    reason: str


def rows() -> list[Row]:
    text = (Path(__file__).parent / "decisions.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    heads = [i for i, line in enumerate(lines) if line.startswith("| # ")]
    names = _cells(lines[heads[0]])
    return [msgspec.convert(dict(zip(names, _cells(line), strict=True)), Row) for line in lines[heads[0] + 2 :]]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _candidate(row: Row) -> Candidate:
    marketplace = find_marketplace(PLACES[row.market])
    assert marketplace is not None
    zone = ZoneInfo(marketplace.time_zone)
    facts = dict([*fact.split(" "), ""][:2] for fact in row.facts.split(", ") if fact)

    def midnight(day: str) -> datetime | None:
        return datetime.combine(date.fromisoformat(day), time(), zone).astimezone(UTC) if day else None

    first, _, last = row.delivery.partition("..")
    until = midnight(last)
    amount, _, currency = row.price.partition(" ")
    return Candidate(
        order_id=f"114-0000000-{int(row.number):07}",
        marketplace_id=PLACES[row.market],
        time_zone=marketplace.time_zone,
        status=row.status,
        fulfilled_by=row.by,
        purchased_at=midnight(facts.get("bought", "")) or _instant(row, "2026-02-27 12:00"),
        deliver_after=midnight(first),
        deliver_by=None if until is None else until + timedelta(days=1, seconds=-1),
        products=(Product(row.seller_sku),),
        price_minor=Money.from_decimal(amount, currency).amount_minor if amount else None,
        currency=currency or None,
        is_replacement="replacement" in facts,
        refunded_at=midnight(facts.get("refunded", "")),
        returned_at=midnight(facts.get("returned", "")),
        was_late="late" in facts,
        is_barred="barred" in facts,
    )


def _instant(row: Row, local: str) -> datetime:
    marketplace = find_marketplace(PLACES[row.market])
    assert marketplace is not None
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(marketplace.time_zone)).astimezone(UTC)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_order(row: Row) -> None:
    campaigns = tuple(
        msgspec.structs.replace(each, state="off") if "all off" in row.facts else each for each in CAMPAIGNS
    )

    decision = decide(_candidate(row), campaigns, _instant(row, row.now), is_paused="paused" in row.facts)

    zone = ZoneInfo(_candidate(row).time_zone)
    shown = decision.send_at if decision.outcome != "skip" else None
    goes_out = f"{shown.astimezone(zone):%Y-%m-%d %H:%M}" if shown is not None else ""
    assert (decision.outcome, goes_out, decision.because) == (row.decision, row.goes_out, row.reason)


def test_there_are_fifty() -> None:
    assert [row.number for row in rows()] == [str(number) for number in range(1, 51)]
