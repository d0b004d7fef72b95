"""How a settlement's lines explain what was paid."""

from hypothesis import given
from hypothesis import strategies as st

from quayside.finance.amount_rules import AmountGroup, AmountKind
from quayside.finance.rules import Control, LineFacts, StatementFacts
from quayside.finance.settlement_rules import NAMED_AT_MOST, KindSum, Reconciliation, reconcile, residual_in_words

amounts = st.integers(-(10**12), 10**12)
NAMES = (
    ("Order", "ItemPrice", "Principal"),
    ("Order", "ItemFees", "Commission"),
    ("Refund", "ItemPrice", "Principal"),
    ("other-transaction", "other-transaction", "Entry of tomorrow"),
)


def statement(total: int, currency: str = "EUR") -> StatementFacts:
    return StatementFacts(currency, total, None, None, 1_700_000_000, 2)


def line(amount: int, name: tuple[str, str, str] = NAMES[0], currency: str = "EUR") -> LineFacts:
    return LineFacts(*name, amount, currency, 1_700_000_000)


def checked(total: int, *lines: LineFacts) -> Reconciliation:
    return reconcile(statement(total), enumerate(lines, 3))


@given(st.lists(st.tuples(amounts, st.sampled_from(NAMES)), max_size=30), amounts)
def test_what_was_paid_is_the_known_lines_and_the_residual(
    lines: list[tuple[int, tuple[str, str, str]]], total: int
) -> None:
    found = checked(total, *(line(*each) for each in lines))
    assert found.known_minor + found.residual_minor == total
    assert found.residual_minor == sum(each.amount_minor for each in found.named) + found.unread_minor
    assert sum(each.lines for each in found.kinds) == found.lines == len(lines)
    assert found.unread_minor == total - sum(amount for amount, _ in lines)


def test_lines_of_known_kinds_that_add_up_are_reconciled() -> None:
    found = checked(850, line(1000), line(-150, NAMES[1]))
    assert (found.state, found.residual_minor) == ("reconciled", 0)
    assert found.kinds == (KindSum(AmountKind.PRODUCT_SALES, 1000, 1), KindSum(AmountKind.REFERRAL_FEE, -150, 1))
    assert (found.of_group(AmountGroup.FEES), found.control) == (-150, Control("balanced", 2, 850, 0))
    assert residual_in_words(statement(850), found) == ()


def test_a_line_of_unknown_kind_is_the_residual_and_is_named() -> None:
    found = checked(1200, line(1000), line(200, NAMES[3]))
    assert (found.state, found.residual_minor, found.unread_minor) == ("explained", 200, 0)
    (named,) = found.named
    assert (named.line, named.amount_description, named.amount_minor) == (4, "Entry of tomorrow", 200)
    assert residual_in_words(statement(1200), found) == ("1 line of a kind Quayside does not know: 2.00 EUR.",)


def test_a_line_of_unknown_kind_over_nothing_is_named_too() -> None:
    found = checked(1000, line(1000), line(0, NAMES[3]))
    assert (found.state, found.residual_minor, len(found.named)) == ("explained", 0, 1)


def test_what_is_on_no_line_is_said_in_its_direction() -> None:
    for total, words in ((1001, "0.01 EUR more was paid out"), (999, "0.01 EUR less was paid out")):
        found = checked(total, line(1000))
        assert (found.state, found.control.state) == ("unexplained", "unbalanced")
        assert residual_in_words(statement(total), found) == (f"{words} than its 1 line add up to.",)


def test_a_line_in_another_currency_is_named_and_in_no_sum() -> None:
    found = checked(1000, line(1000), line(5, currency="USD"))
    assert (found.state, found.residual_minor, found.foreign) == ("unexplained", 0, 1)
    assert (found.named[0].currency, found.lines) == ("USD", 2)
    assert residual_in_words(statement(1000), found) == ("1 line in another currency than EUR, which no sum includes.",)


def test_a_long_residual_names_its_first_lines_and_counts_the_others() -> None:
    found = checked(0, *(line(1, NAMES[3]) for _ in range(NAMED_AT_MOST + 7)))
    assert (len(found.named), found.unnamed, found.unclassified_minor) == (NAMED_AT_MOST, 7, NAMED_AT_MOST + 7)
