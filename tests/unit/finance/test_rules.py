"""What money is as Amazon books it, and the checks it must pass."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.finance import rules
from quayside.finance.records import text_of, transaction_from
from quayside.finance.rules import (
    Fee,
    FeeFacts,
    Part,
    TransactionFacts,
    TransactionItem,
    UnusableFact,
)
from quayside.kernel.money import Money

amounts = st.integers(-(10**12), 10**12)


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
