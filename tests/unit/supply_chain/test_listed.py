"""What lists know of a shipment: never larger than promised, and of the same mind as the shipment itself."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.supply_chain import listed_rules, shipment_rules
from quayside.supply_chain.listed_rules import FACTS_BYTES, listed
from quayside.supply_chain.shipment_rules import LEGS, LINES, NAME, Estimate, Leg, LegKind, Shipment

TODAY = date(2026, 11, 22)
KINDS: tuple[LegKind, ...] = ("production", "air", "sea", "road", "rail", "customs", "prep", "check_in")

days = st.none() | st.integers(-1096, 1096).map(lambda number: TODAY + timedelta(days=number))
texts = st.text(max_size=NAME)
estimates = st.builds(Estimate, st.floats(0, 1096), st.floats(0, 1096), st.just(5))
legs = st.lists(
    st.builds(Leg, st.sampled_from(KINDS), texts, texts, texts, texts, days, days, days, days), max_size=LEGS[1]
)
shipments = st.builds(
    Shipment,
    name=texts, connection_id=st.just("tm19crgppmgzv9xh"), marketplace_id=st.just("ATVPDKIKX0DER"),
    destination=st.just("amazon"), state=st.sampled_from(sorted(shipment_rules.MACHINE.words)), legs=legs.map(tuple),
    estimates=st.lists(st.none() | estimates, max_size=LEGS[1]).map(tuple), units=st.integers(1, 400_000_000),
    skus=st.lists(texts, max_size=LINES).map(tuple), orders=st.lists(st.just("PO-000001"), max_size=LINES).map(tuple),
    ended_on=days,
)  # fmt: skip


def size(shipment: Shipment) -> int:
    return len(msgspec.json.encode(shipment))


@settings(max_examples=50)
@given(shipments)
def test_an_entry_is_as_small_as_promised_and_tells_what_the_shipment_tells(
    shipment: Shipment,
) -> None:
    shipment = msgspec.structs.replace(shipment, estimates=shipment.estimates[: len(shipment.legs)])
    entry = listed(shipment, size(shipment))
    assert len(msgspec.json.encode(entry)) <= FACTS_BYTES
    assert msgspec.json.decode(msgspec.json.encode(entry), type=listed_rules.Listed) == entry
    short, known = listed_rules.legs_of(entry)
    forecasts = shipment_rules.forecast(short, known, TODAY)
    assert forecasts == shipment_rules.forecast(shipment.legs, shipment.estimates, TODAY)
    for text in {"po-0", shipment.name.casefold(), *(sku.casefold() for sku in shipment.skus[-1:])}:
        assert listed_rules.says(entry, text) in {None, listed_rules.whole_says(shipment, text)}


def test_the_largest_entry_fits() -> None:
    day = TODAY
    largest = Leg("production", "寧" * NAME, "寧" * NAME, "寧" * NAME, "寧" * NAME, day, day, day, None)
    shipment = Shipment(
        name="\U00010348" * NAME, connection_id="c" * 16, marketplace_id="m" * 14, destination="amazon",
        state="under_way", legs=(largest,) * LEGS[1], estimates=(Estimate(1096, 1096, 99),) * LEGS[1],
        units=400_000_000,
        skus=tuple(f"{number:02}{'寧' * 78}" for number in range(LINES)),
        orders=tuple(f"PO-{number:06}" for number in range(LINES)), ended_on=day,
    )  # fmt: skip
    entry = listed(shipment, size(shipment))
    assert len(msgspec.json.encode(entry)) <= FACTS_BYTES
    assert entry.name == shipment.name
    assert (entry.skus, entry.orders, entry.more_orders) == (40, ("PO-000000", "PO-000001", "PO-000002"), 37)
    assert (entry.origin[-1], entry.first_sku[-1]) == ("…", "…")
    assert entry.whole_bytes > size(shipment)
    assert listed_rules.says(entry, "39寧") is None


@pytest.mark.parametrize(("text", "expected"), [("", True), ("lamp", True), ("msku", True), ("po-2", False)])
def test_a_small_shipment_is_searched_without_reading_it_whole(text: str, expected: bool) -> None:  # noqa: FBT001 - a table
    leg = Leg("sea", tracking="MSKU 482913-7")
    shipment = Shipment(
        name="Autumn", connection_id="c", marketplace_id="m", destination="amazon", legs=(leg,), skus=("LAMP-1",)
    )
    entry = listed(shipment, size(shipment))
    assert listed_rules.says(entry, text) is expected
    assert entry.whole_bytes == 0
