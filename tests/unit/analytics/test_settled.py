"""A settlement's lines beside the transactions that name it: what differs, and nothing evened out."""

from datetime import UTC, datetime

from quayside.analytics.settled_rules import compared, difference_figure, posted_of
from quayside.finance.amount_rules import AmountKind

AS_OF = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SETTLED = {AmountKind.PRODUCT_SALES: 2000, AmountKind.REFERRAL_FEE: -300, AmountKind.PAYOUT: -900}


def test_sheets_of_months_add_up_in_one_currency() -> None:
    sheets = [
        {"USD": {"2026-10-31": {"product_sales": 1500}}},
        {"EUR": {"2026-11-01": {"product_sales": 9}}, "USD": {"2026-11-01": {"product_sales": 500}}},
    ]
    assert posted_of(sheets, "USD") == {"product_sales": 2000}
    assert posted_of(sheets, "CAD") == {}


def test_the_same_money_twice_differs_nowhere_and_payouts_are_left_out() -> None:
    kinds = compared(SETTLED, {"product_sales": 2000, "referral_fee": -300, "payout": -1700})
    assert [(each.kind, each.difference_minor) for each in kinds] == [("product_sales", 0), ("referral_fee", 0)]
    found = difference_figure(kinds, "USD", AS_OF, whole=True)
    assert (found.value, found.state) == (0, "posted")


def test_what_either_lacks_is_named_though_the_sums_are_the_same() -> None:
    kinds = compared(SETTLED, {"product_sales": 2000, "fulfilment_fee": -300})
    assert {each.kind: each.difference_minor for each in kinds if each.difference_minor} == {
        AmountKind.REFERRAL_FEE: -300,
        AmountKind.FULFILMENT_FEE: 300,
    }
    found = difference_figure(kinds, "USD", AS_OF, whole=False)
    assert (found.value, found.state, found.method.inputs[2].value) == (0, "estimated", 2)
    assert found.method.filled == "17.00 \N{MINUS SIGN} 17.00 = 0.00 USD"
    assert any(note.startswith("A part of the whole") for note in found.method.notes)
