"""Leads and quotes from files: judged row by row first, entered once, with what is refused said."""

from collections.abc import Iterator

import pytest

from quayside.kernel.errors import InvalidInput, NotFound
from quayside.kernel.file_rows import ImportView
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from quayside.sourcing import file_service, lead_service, quote_service, service
from quayside.sourcing.views import LeadDraft
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import US

LEADS = """name;marketplace;price;asins;length_mm;width_mm;height_mm;weight_grams;note
Brass lamp;us;24,99;b000000001, B000000002;120;120;310;1800;'=Lamp
Rope mat;;;;;;;;
Rope mat 2;Mars;9,99;;;;;;
Rope mat 3;US;cheap;;;;;;
Rope mat 4;US;9,99;;120;;;;
"""
QUOTES = """supplier_name,currency,from_units,unit_price,incoterm,freight_unit,duty_percent,valid_until
Ningbo Lamps,cny,100,28.00,fob,12.50,6.4,2030-01-31
Harbour Brass,USD,1,5.60,DDP,,,
ningbo lamps,CNY,500,25.00,,,,
Lisbon Lamps,EUR,1,4.00,SHIP,,,
Porto Lamps,EUR,few,4.00,,,,
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US,))
    with tenant_scope(made.seller.tenant_id):
        yield made


def counts(view: ImportView) -> tuple[int, int, int]:
    return view.new, view.known, view.refused


def test_a_file_of_leads_is_judged_and_entered_once(on: Bench) -> None:
    judged = file_service.preview_leads(LEADS, clock=on.aws.clock)
    assert counts(judged) == (2, 0, 3)
    assert [each.state for each in judged.rows] == ["new", "new", "refused", "refused", "refused"]
    assert [each.says for each in judged.rows[:3]] == [
        "24.99 USD in US", "no marketplace yet",
        "marketplace “Mars” is none where you sell; name it by country, such as US",
    ]  # fmt: skip
    assert service.board(on.aws.clock).stages[0].cards == ()

    assert counts(file_service.import_leads(LEADS, clock=on.aws.clock)) == (2, 0, 3)
    assert counts(file_service.import_leads(LEADS, clock=on.aws.clock)) == (0, 2, 3)
    cards = {each.name: each for each in service.board(on.aws.clock).stages[0].cards}
    assert sorted(cards) == ["Brass lamp", "Rope mat"]
    lead = lead_service.show(cards["Brass lamp"].lead_id, on.aws.clock)
    assert (lead.targets[0].price, lead.asins, lead.note) == (
        Money(2499, "USD"), ("B000000001", "B000000002"), "=Lamp",
    )  # fmt: skip
    assert lead.package is not None
    assert (lead.package.height_mm, lead.package.weight_grams) == (310, 1800)


def test_rows_of_one_supplier_are_one_quote(on: Bench) -> None:
    lead_id = service.create(LeadDraft(name="Lamp"), clock=on.aws.clock, entropy=entropy_of(1))
    judged = file_service.preview_quotes(lead_id, QUOTES)
    assert [(each.lines, each.state) for each in judged.rows] == [
        ((2, 4), "new"), ((3,), "new"), ((5,), "refused"), ((6,), "refused"),
    ]  # fmt: skip
    assert judged.rows[0].says == "28.00 from 100, 25.00 from 500 CNY, FOB, 30 days"
    assert counts(file_service.import_quotes(lead_id, QUOTES, clock=on.aws.clock)) == (2, 0, 2)
    assert counts(file_service.import_quotes(lead_id, QUOTES, clock=on.aws.clock)) == (0, 2, 2)
    found = {each.quote.supplier_name: each.quote for each in lead_service.show(lead_id, on.aws.clock).quotes}
    assert sorted(found) == ["Harbour Brass", "Ningbo Lamps"]
    ningbo = found["Ningbo Lamps"]
    assert (ningbo.freight_unit, ningbo.duty_percent, str(ningbo.valid_until)) == ("12.50", "6.4", "2030-01-31")


def test_what_was_exported_is_known_when_it_comes_back(on: Bench) -> None:
    lead_id = service.create(LeadDraft(name="Lamp"), clock=on.aws.clock, entropy=entropy_of(6))
    leads = f"stage,name,marketplace,price,lead_id\nIdea,Lamp renamed,,,{lead_id}\nIdea,Lamp,,,nothing\n"
    judged = file_service.preview_leads(leads, clock=on.aws.clock)
    assert [(each.state, each.says) for each in judged.rows] == [
        ("known", "entered already, as it is here"), ("new", "no marketplace yet"),
    ]  # fmt: skip
    file_service.import_quotes(lead_id, QUOTES, clock=on.aws.clock)
    exported = "supplier_name,currency,from_units,unit_price,quote_id\n" + "".join(
        f"{each.quote.supplier_name},{each.quote.currency},{part.from_units},{part.unit_price},{each.quote_id}\n"
        for each in lead_service.show(lead_id, on.aws.clock).quotes
        for part in each.quote.breaks
    )
    assert counts(file_service.import_quotes(lead_id, exported, clock=on.aws.clock)) == (0, 2, 0)
    too_long = exported.replace("\n", "x" * 61 + "\n").replace("quote_id" + "x" * 61, "quote_id")
    assert {each.says for each in file_service.preview_quotes(lead_id, too_long).rows} == {
        "quote_id has at most 60 characters"
    }


def test_what_can_not_be_read_or_taken_is_said(on: Bench) -> None:
    with pytest.raises(InvalidInput, match="lacks the column name"):
        file_service.preview_leads("title\nLamp\n", clock=on.aws.clock)
    with pytest.raises(NotFound):
        file_service.preview_quotes("nothing", QUOTES)
    lead_id = service.create(LeadDraft(name="Lamp"), clock=on.aws.clock, entropy=entropy_of(2))
    many = "supplier_name,currency,from_units,unit_price\n" + "".join(f"S{each},EUR,1,4.00\n" for each in range(21))
    assert counts(file_service.preview_quotes(lead_id, many)) == (20, 0, 1)
    assert quote_service.compare(lead_id, 1, "EUR", on.aws.clock).quotes == ()


def test_cells_that_are_missing_wrong_or_too_long_are_said(on: Bench) -> None:
    leads = f"price,name,marketplace\n5\n{'9' * 25},Lamp,US\n1,Mat,US,4\n,{'x' * 4001}\n,Rug\n"
    assert [each.says for each in file_service.preview_leads(leads, clock=on.aws.clock).rows] == [
        "marketplace is needed beside a price, and in each of several rows of one lead",
        "targets[0].price is too long",
        "line 4 has 4 cells, the header has 3",
        "name is too long",
        "no marketplace yet",
    ]
    lead_id = service.create(LeadDraft(name="Lamp"), clock=on.aws.clock, entropy=entropy_of(4))
    quotes = f"supplier_name,currency,from_units,unit_price,duty_base\nA\nB,EUR,1\nC,EUR,1,{'9' * 25}\nD,EUR,1,4,tax\n"
    assert [each.says.split(":")[0] for each in file_service.preview_quotes(lead_id, quotes).rows] == [
        "from_units has to be a whole number, such as 500",
        "breaks has a price that is none",
        "breaks[0].unit_price is too long",
        "duty_base has to be one of goods, goods_and_freight",
    ]


def test_two_currencies_of_one_supplier_are_refused(on: Bench) -> None:
    lead_id = service.create(LeadDraft(name="Lamp"), clock=on.aws.clock, entropy=entropy_of(3))
    mixed = "supplier_name,currency,from_units,unit_price\nA,EUR,1,4.00\nA,USD,500,3.00\n"
    (row,) = file_service.preview_quotes(lead_id, mixed).rows
    assert (row.state, "EUR and USD" in row.says) == ("refused", True)


def test_accounts_and_days_that_are_none_are_said(on: Bench) -> None:
    other = "name,marketplace,price,account\nLamp,US,5,nobody\n"
    (row,) = file_service.preview_leads(other, clock=on.aws.clock).rows
    assert row.says == f"account has to be the one that sells there: {on.seller.selling_partner_id}"
    (row,) = file_service.preview_leads(other.replace("nobody", on.seller.connection_id), clock=on.aws.clock).rows
    assert (row.state, row.says) == ("new", "5 USD in US")
    lead_id = service.create(LeadDraft(name="Lamp"), clock=on.aws.clock, entropy=entropy_of(5))
    late = "supplier_name,currency,from_units,unit_price,valid_until\nA,EUR,1,4,31.01.2030\n"
    (row,) = file_service.preview_quotes(lead_id, late).rows
    assert row.says == "valid_until has to be a day such as 2026-11-22"
