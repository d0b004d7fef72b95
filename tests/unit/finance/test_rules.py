"""What money is as Amazon books it, and the checks it must pass."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.finance import rules
from quayside.finance.records import text_of, transaction_from
from quayside.finance.rules import (
    Control,
    Fee,
    FeeFacts,
    LineFacts,
    Part,
    StatementFacts,
    TransactionFacts,
    TransactionItem,
    UnusableFact,
)
from quayside.kernel.money import Money

amounts = st.integers(-(10**12), 10**12)


def statement(total: int, currency: str = "EUR") -> StatementFacts:
    return StatementFacts(currency, total, None, None, 1_700_000_000, 2)


def line(amount: int, currency: str = "EUR") -> LineFacts:
    return LineFacts("Order", "ItemPrice", "Principal", amount, currency, 1_700_000_000)


@given(st.lists(amounts, max_size=50))
def test_lines_that_add_up_are_balanced_to_the_cent(minors: list[int]) -> None:
    checked = rules.control(statement(sum(minors)), [line(each) for each in minors])
    assert checked == Control("balanced", len(minors), sum(minors), 0)


@given(st.lists(amounts, max_size=50), amounts.filter(bool))
def test_a_single_cent_too_much_or_too_little_is_named(minors: list[int], residual: int) -> None:
    checked = rules.control(statement(sum(minors) + residual), [line(each) for each in minors])
    assert (checked.state, checked.residual_minor) == ("unbalanced", residual)
    assert checked.sum_minor + checked.residual_minor == statement(sum(minors) + residual).total_minor


@pytest.mark.parametrize(
    ("total", "lines", "words"),
    [
        (1000, [400, 599], "The 2 lines add up to 9.99 EUR, the statement says 10.00 EUR: 0.01 EUR missing."),
        (-5, [5], "The 1 lines add up to 0.05 EUR, the statement says -0.05 EUR: 0.10 EUR too much."),
    ],
)
def test_the_residual_in_words(total: int, lines: list[int], words: str) -> None:
    said = statement(total)
    checked = rules.control(said, [line(each) for each in lines])
    assert rules.residual_in_words(said, checked) == f"{words} Its lines are kept and not counted."


def test_a_line_in_another_currency_does_not_count_as_the_same_money() -> None:
    with pytest.raises(UnusableFact, match="USD stands on a statement in EUR"):
        rules.control(statement(10), [line(10, "USD")])


@given(
    st.integers(0, 4 * 10**12),
    st.integers(0, 4 * 10**12),
    st.sampled_from(["RELEASED", "DEFERRED_RELEASED", "NEW", ""]),
)
def test_released_money_is_never_deferred_again_whatever_the_clocks_say(one: int, other: int, status: str) -> None:
    assert rules.transaction_version(status, one) > rules.transaction_version("DEFERRED", other)


@given(st.integers(0, 4 * 10**12), st.integers(1, 10**6), st.sampled_from(["RELEASED", "DEFERRED", "NEW"]))
def test_within_one_phase_the_later_answer_wins(received: int, later: int, status: str) -> None:
    assert rules.transaction_version(status, received + later) > rules.transaction_version(status, received)


def facts(status: str, *related: tuple[str, str]) -> TransactionFacts:
    return TransactionFacts("Shipment", status, None, None, "USD", 1, related)


@pytest.mark.parametrize(
    ("transaction", "released_by"),
    [
        (facts("DEFERRED_RELEASED", ("RELEASE_TRANSACTION_ID", "t-2")), "t-2"),
        (facts("DEFERRED_RELEASED", ("ORDER_ID", "1")), None),
        (facts("RELEASED", ("RELEASE_TRANSACTION_ID", "t-2")), None),
        (facts("DEFERRED", ("ORDER_ID", "1")), None),
    ],
)
def test_which_transaction_carries_the_money_now(transaction: TransactionFacts, released_by: str | None) -> None:
    assert transaction.released_by == released_by


def test_amounts_of_one_fact_share_a_currency() -> None:
    assert rules.one_currency([None, Money(1, "USD"), Money(2, "USD")], "It") == "USD"
    assert rules.one_currency([None], "It") is None
    with pytest.raises(UnusableFact, match="It mixes the currencies EUR and USD"):
        rules.one_currency([Money(1, "USD"), Money(1, "EUR")], "It")


parts = st.recursive(
    st.builds(Part, st.text(max_size=5), st.none() | amounts),
    lambda inner: st.builds(Part, st.text(max_size=5), amounts, st.lists(inner, max_size=3).map(tuple)),
    max_leaves=8,
)


@given(st.lists(parts, max_size=4).map(tuple), st.text(max_size=9), st.text(max_size=9))
def test_a_transaction_of_any_type_and_depth_comes_back_as_it_went_in(
    made_of: tuple[Part, ...], kind: str, status: str
) -> None:
    item = TransactionItem("SKU", None, 2, 5, made_of, (("COUPON_ID", "c"),))
    went_in = TransactionFacts(kind, status, None, "A1", "USD", 5, (("ORDER_ID", "1"),), (item,), made_of, "DD7", 7)
    assert transaction_from(text_of(went_in)) == went_in


@given(st.dictionaries(st.sampled_from(["ReferralFee", "FBAFees", "NewFee", "Other"]), amounts))
def test_shown_fees_and_the_rest_make_the_total(fees: dict[str, int]) -> None:
    estimate = FeeFacts("USD", sum(fees.values()), True, fees=tuple(Fee(name, minor) for name, minor in fees.items()))  # noqa: FBT003 - who ships does not matter here
    shown = ("ReferralFee", "FBAFees")
    assert sum(estimate.final_of(name) for name in shown) + rules.other_fees(estimate, shown) == estimate.total_minor


def test_a_fact_written_by_older_code_is_still_read() -> None:
    short = msgspec.json.encode(["Shipment", "RELEASED", None, None, "USD", 5]).decode()
    assert transaction_from(short) == TransactionFacts("Shipment", "RELEASED", None, None, "USD", 5)
