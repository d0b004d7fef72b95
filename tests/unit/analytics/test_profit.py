"""Profit and loss: every amount under one heading, and the sum exact."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.analytics import profit_rules
from quayside.analytics.profit_rules import Slice, Step
from quayside.analytics.rules import Period, Standing
from quayside.finance.amount_rules import AmountKind
from quayside.finance.amount_views import GROUP_WORDS, KIND_WORDS

AS_OF = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
WHOLE = Standing(AS_OF, known=True, whole=True)

amounts = st.dictionaries(
    st.sampled_from([*map(str, AmountKind), "units_shipped", "estimated"]), st.integers(-999, 999)
)


@given(st.lists(amounts, min_size=1, max_size=3), st.none() | amounts)
def test_headings_hold_every_amount_once(columns: list[dict[str, int]], previous: dict[str, int] | None) -> None:
    found = profit_rules.headings(columns, previous, "USD", WHOLE)
    for place, column in enumerate(columns):
        money = {name: value for name, value in column.items() if profit_rules.group_of(name)}
        assert sum(heading.amounts_minor[place] for heading in found) == sum(money.values())
        proceeds = sum(heading.amounts_minor[place] for heading in found if heading.is_proceeds)
        assert proceeds == profit_rules.proceeds_minor(column)
    for heading in found:
        assert heading.total.value == sum(line.total_minor for line in heading.lines)
        assert sum(heading.amounts_minor) == heading.total.value
        if previous is not None:
            assert heading.previous_minor == sum(line.previous_minor or 0 for line in heading.lines)


def test_proceeds_show_their_parts_and_leave_tax_and_payouts_out() -> None:
    booked = {"product_sales": 2000, "referral_fee": -300, "refunded_sales": -500, "tax_collected": 160, "payout": -9}
    proceeds = profit_rules.proceeds_figure(booked, "USD", WHOLE)
    assert proceeds.value == 1200
    assert proceeds.state == "posted"
    assert proceeds.method.filled == (
        "Sales 20.00 + Refunds \N{MINUS SIGN}5.00 + Amazon fees \N{MINUS SIGN}3.00 = 12.00 USD"
    )
    assert [each.value for each in proceeds.method.inputs] == [2000, -500, -300]


@pytest.mark.parametrize(
    ("booked", "standing", "state", "value"),
    [
        ({"product_sales": 5, "estimated": 1}, WHOLE, "estimated", 5),
        ({"product_sales": 5}, Standing(AS_OF, known=True, whole=False), "estimated", 5),
        ({}, Standing(AS_OF, known=False, whole=False), "estimated", None),
        ({}, WHOLE, "posted", 0),
    ],
)
def test_what_is_deferred_or_a_part_is_called_estimated(
    booked: dict[str, int], standing: Standing, state: str, value: int | None
) -> None:
    found = profit_rules.proceeds_figure(booked, "USD", standing)
    assert (found.state, found.value) == (state, value)


@given(
    st.dates(date(2025, 1, 1), date(2026, 1, 1)),
    st.integers(0, 365),
    st.sampled_from(["total", "month", "week", "day"]),
)
def test_columns_cover_a_period_once(first: date, length: int, step: Step) -> None:
    period = Period(first, date.fromordinal(first.toordinal() + length))
    found = profit_rules.slices(period, step)
    days = [
        date.fromordinal(number)
        for each in found
        for number in range(each.first.toordinal(), each.last.toordinal() + 1)
    ]
    assert tuple(days) == period.days


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    period = Period(date(2026, 10, 30), date(2026, 11, 9))
    assert profit_rules.slices(period, "week") == (
        Slice(date(2026, 10, 30), date(2026, 11, 1)),
        Slice(date(2026, 11, 2), date(2026, 11, 8)),
        Slice(date(2026, 11, 9), date(2026, 11, 9)),
    )
    assert [each.first for each in profit_rules.slices(period, "month")] == [date(2026, 10, 30), date(2026, 11, 1)]


@pytest.mark.parametrize(
    ("days", "asked", "step"),
    [(31, "day", "day"), (32, "day", "week"), (183, "day", "month"), (182, "week", "week"), (183, "week", "month")],
)
def test_a_table_never_gets_too_wide(days: int, asked: Step, step: Step) -> None:
    period = Period(date(2026, 1, 1), date.fromordinal(date(2026, 1, 1).toordinal() + days - 1))
    assert profit_rules.step_for(period, asked) == step


@pytest.mark.parametrize("kind", list(AmountKind))
def test_a_kind_is_called_as_in_the_statement_of_a_settlement(kind: AmountKind) -> None:
    (heading,) = profit_rules.headings([{kind.value: 5}], None, "USD", WHOLE)
    assert (heading.label, heading.lines[0].label) == (GROUP_WORDS[kind.group], KIND_WORDS[kind])
