"""Money in the store: one fact a transaction, settlements to the cent, and estimates beside refusals."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quayside.amazon.fees import Fee, FeeAmount, FeeEstimate, FeeProblem
from quayside.amazon.finances import Transaction, decode_transactions
from quayside.amazon.report_rows import SettlementRow
from quayside.finance import service, settlement_service
from quayside.finance.amount_rules import AmountKind
from quayside.finance.records import TransactionRecord, transaction_from
from quayside.finance.settlement_views import SettlementDetail
from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import NotFound
from quayside.kernel.money import Money
from quayside.kernel.tenancy import TenantScopeConflict, tenant_scope
from quayside.storage.keys import Key
from quayside.sync.sinks import Applied, Rejected
from quayside.sync.views import Cell, RowsPage
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench, table, writes
from tests.support.fresh import emptied
from tests.support.notifications import DE, US
from tests.support.sellers import connect

POSTED = "2026-11-18T10:00:00Z"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Bench:
    return bench(emptied(shared), marketplaces=(US, DE))


def amount(value: str, currency: str = "USD") -> dict[str, object]:
    return {"currencyAmount": value, "currencyCode": currency}


def transaction(
    transaction_id: str = "t-1", status: str = "RELEASED", *, posted: str = POSTED, total: str = "12.34", **more: object
) -> Transaction:
    """Return a transaction as Amazon writes it, with a buyer's words where Amazon might put some."""
    document = {
        "transactionId": transaction_id,
        "transactionType": "Shipment",
        "transactionStatus": status,
        "description": "Order Payment",
        "postedDate": posted,
        "totalAmount": amount(total),
        "marketplaceDetails": {"marketplaceId": US, "marketplaceName": "Amazon.com"},
        "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "903-1"}],
        "items": [
            {
                "description": "Ring the bell at Anna Buyer's, 10115 Berlin",
                "totalAmount": amount(total),
                "contexts": [
                    {"contextType": "ProductContext", "sku": "SKU-1", "asin": "B1", "quantityShipped": 2},
                    {"contextType": "PaymentsContext", "paymentReference": "DE89 3704 0044"},
                ],
                "breakdowns": [{"breakdownType": "ProductCharges", "breakdownAmount": amount(total)}],
            }
        ],
        "breakdowns": [
            {
                "breakdownType": "Sales",
                "breakdownAmount": amount(total),
                "breakdowns": [{"breakdownType": "NeverHeardOf", "breakdownAmount": amount(total), "breakdowns": []}],
            }
        ],
        **more,
    }
    page = decode_transactions(msgspec.json.encode({"payload": {"transactions": [document]}}))
    (read,) = page.transactions
    return read


def book(on: Bench, *transactions: Transaction, received_at: datetime | None = None) -> Applied:
    return service.apply_transactions(
        on.seller.tenant_id,
        on.seller.connection_id,
        transactions,
        received_at=received_at or on.now,
        clock=on.aws.clock,
    )


def page(
    on: Bench, dataset: str, marketplace: str | None = None, cursor: str | None = None, limit: int = 50
) -> RowsPage:
    with tenant_scope(on.seller.tenant_id):
        return service.rows_view(on.seller.connection_id, dataset, marketplace, cursor, limit)


def rows(on: Bench, dataset: str, marketplace: str | None = None) -> list[dict[str, Cell]]:
    return table(page(on, dataset, marketplace))


def booked(on: Bench) -> list[tuple[Cell, Cell, Cell]]:
    return [(row["transaction_id"], row["status"], row["posted_at"]) for row in rows(on, service.FINANCES)]


def test_a_transaction_is_shown_with_what_it_is_made_of(on: Bench) -> None:
    assert book(on, transaction()) == Applied(1, 0)
    (row,) = rows(on, service.FINANCES)
    assert row == {
        "posted_at": POSTED, "type": "Shipment", "status": "RELEASED", "description": "Order Payment",
        "order_id": "903-1", "total": Money(1234, "USD"), "skus": "SKU-1", "parts": "Sales 12.34 USD",
        "marketplace_id": US, "released_by": None, "transaction_id": "t-1",
    }  # fmt: skip


def test_nothing_personal_of_a_transaction_is_stored(on: Bench) -> None:
    book(on, transaction())
    everything = str(on.aws.items())
    for planted in ("Anna Buyer", "10115", "DE89"):
        assert planted not in everything


def test_parts_of_parts_nobody_knows_are_kept(on: Bench) -> None:
    book(on, transaction("t-2", "BRAND_NEW_STATUS", transactionType="SomethingNew"))
    (item,) = (each for each in on.aws.items() if each["kind"]["S"] == "transaction")
    facts = transaction_from(item["facts"]["S"])
    assert (facts.type, facts.status) == ("SomethingNew", "BRAND_NEW_STATUS")
    assert facts.parts[0].parts[0].type == "NeverHeardOf"
    assert (facts.items[0].seller_sku, facts.items[0].quantity, facts.items[0].amount_minor) == ("SKU-1", 2, 1234)
    assert item["source"]["S"] == "amazon:finances/2024-06-19"


def test_the_same_page_again_costs_no_write(on: Bench) -> None:
    some = [transaction(f"t-{place}") for place in range(20)]
    assert book(on, *some) == Applied(20, 0)
    on.aws.clock.advance(3600)
    with on.calls() as made:
        assert book(on, *some) == Applied(0, 20)
    assert writes(made) == 0


def test_a_deferred_transaction_that_is_released_is_one_fact_with_its_latest_status(on: Bench) -> None:
    book(on, transaction(status="DEFERRED"))
    on.aws.clock.advance(86400)
    assert book(on, transaction(status="RELEASED")) == Applied(1, 0)
    assert booked(on) == [("t-1", "RELEASED", POSTED)]


def test_a_transaction_that_amazon_moves_to_another_date_stays_one_fact(on: Bench) -> None:
    book(on, transaction(status="DEFERRED", posted="2026-10-30T00:00:00Z"))
    on.aws.clock.advance(86400)
    released = transaction(status="RELEASED", posted="2026-11-20T00:00:00Z")
    assert book(on, released) == Applied(1, 0)
    assert booked(on) == [("t-1", "RELEASED", "2026-11-20T00:00:00Z")]
    assert book(on, transaction(status="DEFERRED", posted="2026-10-30T00:00:00Z")) == Applied(0, 1)
    assert booked(on) == [("t-1", "RELEASED", "2026-11-20T00:00:00Z")]
    assert on.kinds() == {"transaction": 1}


LIFE = [
    ("DEFERRED", "2026-10-30T00:00:00Z", 0),
    ("DEFERRED", "2026-10-30T00:00:00Z", 40),
    ("RELEASED", "2026-11-20T00:00:00Z", 30),
    ("RELEASED", "2026-11-20T00:00:00Z", 50),
]
"""Answers about one transaction: what they say, and when they came by clocks that disagree by minutes."""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(LIFE), st.integers(0, 4))
def test_any_order_and_repetition_of_answers_ends_as_one_released_fact(
    on: Bench, order: Sequence[tuple[str, str, int]], repeated: int
) -> None:
    for each in [item for item in on.aws.items() if item["kind"]["S"] == "transaction"]:
        with tenant_scope(on.seller.tenant_id):
            TransactionRecord.remove(Key(each["pk"]["S"], each["sk"]["S"]))
    for status, posted, minutes in (*order, *order[:repeated]):
        book(on, transaction(status=status, posted=posted), received_at=on.now + timedelta(minutes=minutes))
    assert booked(on) == [("t-1", "RELEASED", "2026-11-20T00:00:00Z")]


def test_the_same_id_in_another_connection_is_another_transaction(on: Bench) -> None:
    book(on, transaction(posted="2026-10-30T00:00:00Z"))
    other = Bench(on.aws, connect(on.aws.clock, seller="A2ANOTHERACCOUNT"))
    book(other, transaction(posted="2026-11-20T00:00:00Z"))
    assert len(booked(on)) == len(booked(other)) == 1


def test_a_bad_transaction_is_named_and_spoils_nothing(on: Bench) -> None:
    mixed = transaction("t-2", items=[{"totalAmount": amount("1.00", "EUR")}])
    applied = book(on, transaction(), mixed, transaction("t-3", total="1.001"), transaction(""))
    assert (applied.applied, [each.identity for each in applied.rejected]) == (1, ["t-2", "t-3", ""])
    assert applied.rejected[0].reason == "The transaction t-2 mixes the currencies EUR and USD."


def test_transactions_of_years_and_marketplaces_are_paged_newest_first(on: Bench) -> None:
    dates = ["2024-12-31T23:59:59Z", "2025-06-01T00:00:00Z", "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z", POSTED]
    for place, posted in enumerate(dates):
        details = {"marketplaceId": (US, DE)[place % 2]}
        book(on, transaction(f"t-{place}", posted=posted, marketplaceDetails=details))
    first = page(on, service.FINANCES, limit=2)
    rest = page(on, service.FINANCES, cursor=first.next_cursor)
    assert [row["transaction_id"] for row in table(first) + table(rest)] == ["t-4", "t-3", "t-2", "t-1", "t-0"]
    assert rest.next_cursor is None
    assert [row["transaction_id"] for row in rows(on, service.FINANCES, DE)] == ["t-3", "t-1"]


# -- Settlements


def line(number: int, value: str | None = None, **parts: object) -> SettlementRow:
    """Return a row of a settlement: its summary when it has no amount."""
    fields: dict[str, object] = {
        "line": number, "settlement_id": "199", "is_summary": value is None, "started_at": None, "ended_at": None,
        "deposited_at": None, "total": None, "currency": "EUR", "transaction_type": "" if value is None else "Order",
        "order_id": "", "merchant_order_id": "", "adjustment_id": "", "shipment_id": "",
        "marketplace_name": "Amazon.de", "amount_type": "ItemPrice", "amount_description": "Principal", "amount": value,
        "posted_at": POSTED, "order_item_id": "", "seller_sku": "", "quantity": None, "promotion_id": "",
    }  # fmt: skip
    return msgspec.convert(fields | parts, SettlementRow, strict=False)


def summary(total: str, number: int = 2, **parts: object) -> SettlementRow:
    dates = {"started_at": "2026-11-01T00:00:00Z", "ended_at": "2026-11-15T00:00:00Z"}
    return line(number, None, total=total, deposited_at="2026-11-17T00:00:00Z", **dates, **parts)


def settle(
    on: Bench, *its_rows: SettlementRow, last: bool = True, report_id: str = "r1", received_at: datetime | None = None
) -> Applied:
    return service.apply_settlement_rows(on.load(report_id=report_id, last=last, received_at=received_at), its_rows)


def shown(on: Bench) -> SettlementDetail:
    with tenant_scope(on.seller.tenant_id):
        return settlement_service.get_settlement(on.seller.connection_id, "199")


GOOD = (summary("9.50"), line(3, "10.00"), line(4, "-0.49"), line(5, "-0.01", transaction_type="NeverHeardOf"))


def test_a_settlement_that_adds_up_is_balanced(on: Bench) -> None:
    assert settle(on, *GOOD) == Applied(4, 0)
    (row,) = rows(on, service.SETTLEMENTS)
    assert row == {
        "settlement_id": "199", "started_at": "2026-11-01T00:00:00Z", "ended_at": "2026-11-15T00:00:00Z",
        "deposited_at": "2026-11-17T00:00:00Z", "total": Money(950, "EUR"), "lines": 3, "sum": Money(950, "EUR"),
        "residual": Money(0, "EUR"), "state": "Adds up",
    }  # fmt: skip
    assert on.kinds() == {"settlement": 1, "settlement_line": 3}


def test_the_same_settlement_again_costs_no_write_and_is_checked_again(on: Bench) -> None:
    settle(on, *GOOD)
    on.aws.clock.advance(3600)
    with on.calls() as made:
        assert settle(on, *GOOD) == Applied(0, 4)
    assert writes(made) == 0


@pytest.mark.parametrize(("total", "residual"), [("9.51", 1), ("9.49", -1), ("-9.50", -1900)])
def test_a_settlement_that_is_a_cent_off_is_loaded_and_shows_its_residual(on: Bench, total: str, residual: int) -> None:
    assert settle(on, summary(total), *GOOD[1:]) == Applied(4, 0)
    (row,) = rows(on, service.SETTLEMENTS)
    assert (row["state"], row["residual"]) == ("Does not add up", Money(residual, "EUR"))
    detail = shown(on)
    assert (detail.summary.state, detail.residual.value) == ("unexplained", residual)
    assert detail.explanation[-1].endswith("was paid out than its 3 lines add up to.")
    assert settle(on, summary(total), *GOOD[1:]).rejected == ()


def test_a_reconciled_settlement_shows_its_lines_by_kind(on: Bench) -> None:
    settle(on, *GOOD)
    detail = shown(on)
    (group,) = detail.groups
    assert (group.label, group.amount.value, group.amount.state, group.kinds[0].lines) == (
        "Sales",
        950,
        "reconciled",
        3,
    )
    assert group.amount.method.filled == "Sum of 3 lines = 9.50 EUR"
    assert (detail.residual.value, detail.residual.method.filled) == (
        0,
        "9.50 EUR \N{MINUS SIGN} 9.50 EUR = 0.00 EUR",
    )
    assert (detail.explanation, detail.named) == ((), ())


def test_a_residual_is_explained_line_by_line(on: Bench) -> None:
    unknown = line(5, "-0.01", amount_type="other-transaction", amount_description="Entry of tomorrow")
    assert settle(on, *GOOD[:3], unknown) == Applied(4, 0)
    detail = shown(on)
    assert (detail.summary.state, detail.residual.value, detail.residual.state) == ("explained", -1, "posted")
    assert [(each.line, each.amount_description, each.amount) for each in detail.named] == [
        (5, "Entry of tomorrow", Money(-1, "EUR"))
    ]
    with tenant_scope(on.seller.tenant_id):
        of = (on.seller.connection_id, "199")
        page_of_kind = settlement_service.list_lines(*of, AmountKind.UNCLASSIFIED, None, 50)
        every_line = settlement_service.list_lines(*of, None, None, 2)
        assert settlement_service.reconciled_spans(on.seller.connection_id) == ()
    assert [each.line for each in page_of_kind.lines] == [5]
    assert ([each.line for each in every_line.lines], every_line.next_cursor is not None) == ([3, 4], True)


def test_a_reconciled_settlement_says_of_which_time(on: Bench) -> None:
    settle(on, *GOOD)
    with tenant_scope(on.seller.tenant_id):
        (span,) = settlement_service.reconciled_spans(on.seller.connection_id)
        listed = settlement_service.list_settlements(None, None, 50)
        with pytest.raises(NotFound):
            settlement_service.list_settlements("none", None, 50)
        with pytest.raises(NotFound):
            settlement_service.get_settlement(on.seller.connection_id, "200")
    assert span == ("EUR", parse_instant("2026-11-01T00:00:00Z"), parse_instant("2026-11-15T00:00:00Z"))
    assert [(each.settlement_id, each.state, each.residual) for each in listed.settlements] == [
        ("199", "reconciled", Money(0, "EUR"))
    ]


def test_a_settlement_that_comes_in_pieces_is_checked_with_the_last_one(on: Bench) -> None:
    assert settle(on, *GOOD[:2], last=False) == Applied(2, 0)
    assert rows(on, service.SETTLEMENTS)[0]["state"] == "Loading"
    assert settle(on, *GOOD[2:], last=False) == Applied(2, 0)
    assert settle(on) == Applied(0, 0)
    assert rows(on, service.SETTLEMENTS)[0]["state"] == "Adds up"


def test_pieces_that_come_again_after_a_crash_are_counted_once(on: Bench) -> None:
    settle(on, *GOOD[:3], last=False)
    settle(on, *GOOD[:3], last=False)
    assert settle(on, GOOD[3]).rejected == ()
    assert rows(on, service.SETTLEMENTS)[0]["sum"] == Money(950, "EUR")


def test_a_line_that_is_lost_shows_as_a_residual(on: Bench) -> None:
    applied = settle(on, *GOOD[:3], line(5, "-0.001"))
    assert [each.identity for each in applied.rejected] == ["line 5"]
    assert shown(on).residual.value == -1


def test_lines_without_their_summary_are_no_settlement(on: Bench) -> None:
    applied = settle(on, *GOOD[1:])
    assert applied.rejected == (
        Rejected("settlement 199", "The file has lines of this settlement and not its summary."),
    )
    assert rows(on, service.SETTLEMENTS) == []


def test_a_summary_without_a_date_is_refused(on: Bench) -> None:
    applied = settle(on, line(2, total="1.00"))
    assert [each.identity for each in applied.rejected] == ["line 2", "settlement 199"]


def test_a_corrected_file_puts_an_unbalanced_settlement_right(on: Bench) -> None:
    settle(on, *GOOD[:3], line(5, "-1.01"))
    on.aws.clock.advance(3600)
    assert settle(on, *GOOD, report_id="r2").rejected == ()
    assert rows(on, service.SETTLEMENTS)[0]["state"] == "Adds up"


def test_an_older_file_that_comes_late_changes_nothing(on: Bench) -> None:
    settle(on, *GOOD)
    assert settle(on, *GOOD[:3], line(5, "-1.01"), report_id="r0", received_at=on.ago(hours=1)).rejected == ()
    assert rows(on, service.SETTLEMENTS)[0]["state"] == "Adds up"


# -- Fees


def fee(name: str, value: str, *included: Fee, currency: str = "USD") -> Fee:
    return Fee(name, FeeAmount(Decimal(value), currency), None, None, None, included)


def estimate(
    sku: str = "A", total: str = "4.00", *fees: Fee, minutes: int = 0, id_type: str = "SellerSKU"
) -> FeeEstimate:
    value = sku if id_type == "SellerSKU" else "B1"
    made = parse_instant(POSTED) + timedelta(minutes=minutes)
    return FeeEstimate(sku, US, id_type, value, True, FeeAmount(Decimal(total), "USD"), made, fees)  # noqa: FBT003 - FBA


FEES = (fee("ReferralFee", "1.50"), fee("FBAFees", "2.20", fee("FBAPickAndPack", "2.20")), fee("NeverHeardOf", "0.30"))


def estimated(on: Bench, *answers: FeeEstimate | FeeProblem) -> Applied:
    return service.apply_fee_estimates(
        on.seller.tenant_id, on.seller.connection_id, US, answers, received_at=on.now, clock=on.aws.clock
    )


def test_an_estimate_is_shown_with_every_fee_in_it(on: Bench) -> None:
    assert estimated(on, estimate("A", "4.00", *FEES)) == Applied(1, 0)
    (row,) = rows(on, service.FEES)
    assert row == {
        "marketplace_id": US, "seller_sku": "A", "total": Money(400, "USD"), "referral": Money(150, "USD"),
        "fba": Money(220, "USD"), "other": Money(30, "USD"), "by_amazon": "Amazon", "estimated_at": POSTED,
        "fees": "ReferralFee 1.50 USD; FBAFees 2.20 USD; NeverHeardOf 0.30 USD", "refusal": None,
    }  # fmt: skip


def test_the_same_fees_again_cost_no_write(on: Bench) -> None:
    estimated(on, estimate("A", "4.00", *FEES))
    on.aws.clock.advance(3600)
    with on.calls() as made:
        assert estimated(on, estimate("A", "4.00", *FEES, minutes=60)) == Applied(0, 1)
    assert writes(made) == 0
    on.aws.clock.advance(3600)
    assert estimated(on, estimate("A", "4.10", *FEES, minutes=120)) == Applied(1, 0)
    assert rows(on, service.FEES)[0]["estimated_at"] == "2026-11-18T12:00:00Z"


def test_an_estimate_by_asin_is_filed_under_the_sku_that_asked(on: Bench) -> None:
    estimated(on, estimate("A", id_type="ASIN"))
    assert rows(on, service.FEES)[0]["seller_sku"] == "A"


def test_a_refusal_stands_beside_the_estimate_of_before_until_there_is_one_again(on: Bench) -> None:
    refusal = FeeProblem("A", "A", "ClientError", "InvalidParameterValue", "No such product.")
    estimated(on, estimate("A"))
    for expected in ("InvalidParameterValue: No such product.", None, "InvalidParameterValue: No such product."):
        on.aws.clock.advance(60)
        assert estimated(on, refusal if expected else estimate("A")) == Applied(1, 0)
        (row,) = rows(on, service.FEES)
        assert (row["total"], row["refusal"]) == (Money(400, "USD"), expected)


def test_trouble_of_amazons_own_says_nothing_of_the_sku(on: Bench) -> None:
    applied = estimated(
        on, FeeProblem("A", "A", "ServerError", "", "Try later."), FeeProblem("", "", "Unreadable", "", "?")
    )
    assert (applied.applied, len(applied.rejected)) == (0, 2)
    assert on.kinds() == {}


def test_an_estimate_in_two_currencies_is_refused(on: Bench) -> None:
    (rejected,) = estimated(on, estimate("A", "4.00", fee("ReferralFee", "1.00", currency="EUR"))).rejected
    assert rejected == Rejected("A", "The estimate mixes the currencies EUR and USD.")


def test_nothing_of_another_tenant_is_reached(on: Bench) -> None:
    book(on, transaction())
    settle(on, *GOOD)
    estimated(on, estimate())
    other = bench(on.aws, subject="ben")
    with tenant_scope(other.seller.tenant_id):
        for dataset in (service.FINANCES, service.SETTLEMENTS, service.FEES):
            with pytest.raises(NotFound):
                service.rows_view(on.seller.connection_id, dataset, None, None, 10)
        with pytest.raises(TenantScopeConflict):
            book(on, transaction())
        with pytest.raises(TenantScopeConflict):
            settle(on, *GOOD)
        with pytest.raises(TenantScopeConflict):
            estimated(on, estimate())
