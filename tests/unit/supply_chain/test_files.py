"""A file of shipments: what its rows ask for together, and what is refused with the reason."""

from datetime import date

import pytest

from quayside.kernel.errors import InvalidInput
from quayside.kernel.sheets import write_sheet
from quayside.supply_chain.file_rules import WRITTEN, FileLine, FileShipment, read_shipments, written
from quayside.supply_chain.shipment_rules import AMAZON, Leg, Line, Shipment, forecast

SEA = Leg(
    "sea",
    "Ningbo",
    "Long Beach",
    "Ocean",
    "=OL-1",
    date(2026, 11, 1),
    date(2026, 12, 1),
    date(2026, 11, 3),
    None,
)
ROAD = Leg("road")


def only(text: str) -> FileShipment:
    (asked,) = read_shipments(text)
    assert asked.draft is not None, asked.problem
    return asked.draft


def refused(rows: str, header: str = "name,sku,units,order,line,leg,by,departed") -> str:
    (asked,) = read_shipments(f"{header}\n{rows}\n")
    assert asked.draft is None
    return asked.problem


def test_rows_of_one_name_are_one_shipment_and_its_leg_is_one() -> None:
    text = (
        "\ufeffName;SKU;Units;Order;By;From;To;Carrier;Tracking;Planned departure;Planned arrival;Departed\n"
        "Autumn;A;600;PO-000001;Sea freight;Ningbo;Long Beach;Ocean;'=OL-1;2026-11-01;2026-12-01;2026-11-03\n"
        "\n"
        "AUTUMN;B;40;;sea;Ningbo;Long Beach;Ocean;'=OL-1;2026-11-01;2026-12-01;2026-11-03\n"
    )
    lines = (FileLine("PO-000001", "", "A", "", 600), FileLine("", "", "B", "", 40))
    assert only(text) == FileShipment("Autumn", "", "", AMAZON, (SEA,), lines, "")


def test_numbered_legs_go_by_their_numbers() -> None:
    found = only("name,sku,units,leg,by\nAutumn,A,1,2,road\nAutumn,,,1,check-in\nAutumn,,,2,ROAD\n")
    assert [leg.kind for leg in found.legs] == ["check_in", "road"]
    assert len(found.lines) == 1


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("Autumn,A,few,,,,sea,", "units has to be a whole number, such as 500"),
        ("Autumn,,5,,,,sea,", "sku is needed beside units or an order"),
        ("Autumn,,,,,1,sea,", "sku is needed in one row of a shipment at least"),
        ("Autumn,A,1,,,,ship,", "by has to be one of production, air, sea, road, rail, customs, prep, check_in"),
        ("Autumn,A,1,,,,sea,31.01.2027", "departed has to be a day such as 2026-11-22"),
        ("Autumn,A,1,,,1,sea,\nAutumn,B,1,,,1,air,", "leg 1 says two things; each number is one leg"),
        ("Autumn,A,1,,,1,sea,\nAutumn,B,1,,,,air,", "leg is given for all legs of a shipment or for none"),
        ("Autumn,A,1,,,,sea,,9", "line 2 has 9 cells, the header has 8"),
    ],
)
def test_what_a_row_can_not_be_is_said(rows: str, problem: str) -> None:
    assert refused(rows) == problem


def test_a_file_that_can_not_be_taken_at_all_is_refused_whole() -> None:
    with pytest.raises(InvalidInput, match="lacks the columns sku, units"):
        read_shipments("name\nAutumn\n")
    with pytest.raises(InvalidInput, match="has more than 400 rows; send it in parts"):
        read_shipments("name,sku,units\n" + "Autumn,A,1\n" * 100_000)
    with pytest.raises(InvalidInput, match="names 41 shipments; a file has 40 at most"):
        read_shipments("name,sku,units\n" + "".join(f"S{each},A,1\n" for each in range(41)))


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_written_is_read_again(count: int) -> None:
    lines = tuple(
        Line(seller_sku=f"SKU-{n}", units=n, order_id="o", line_id=str(n), order_number="PO-000001", title="=Lamp")
        for n in range(1, count + 1)
    )
    shipment = Shipment(
        name="-Autumn", connection_id="c1", marketplace_id="US", destination="shed", legs=(SEA, ROAD), state="planned"
    )
    rows = list(written("20261101-x", shipment, lines, forecast(shipment.legs, (), date(2026, 11, 22))))
    assert {len(row) for row in rows} == {len(WRITTEN)}
    assert only(write_sheet(WRITTEN, rows)) == FileShipment(
        "-Autumn", "US", "c1", "shed", (SEA, ROAD),
        tuple(FileLine("PO-000001", line.line_id, line.seller_sku, "=Lamp", line.units) for line in lines),
        "20261101-x",
    )  # fmt: skip
