"""What one unit would earn: price, Amazon's fees, landed cost, allowances for returns and advertising. Pure.

    revenue  = price / (1 + tax included in it)
    profit   = revenue - Amazon's fees - landed cost - returns - advertising - other costs
    margin   = profit / revenue
    ROI      = profit / landed cost
    break-even ACoS  = (profit + advertising) / revenue: the share of an advertised sale that its click may cost
    break-even price = the least price at which profit is not negative, when the fees that are a share of the price
                       stay that share and all other fees and costs stay as they are

Returns and advertising are shares of revenue. Every amount is rounded half to even to a minor unit before amounts are
put together, so that what a card shows adds up. Source of the fees: Amazon's Product Fees API, or the seller's word.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput

MOST_SCENARIOS = 12
LONGEST_NAME = 80
MOST_MINOR = 10**10
MOST_UNITS = 10_000_000
WHOLE = 10_000
"""Shares are kept in hundredths of a percent; this is all of it."""
SHARES_OF_PRICE = frozenset({"ReferralFee", "DigitalServicesFee", "VariableClosingFee"})
"""Amazon's fees that are a share of the price; the others do not move with it."""


class Scenario(msgspec.Struct, frozen=True):
    """One way a lead may be sold; amounts in minor units of the marketplace's currency, shares in basis points.

    Attributes:
        scenario_id: its id.
        name: the seller's name for it.
        connection_id: by which account.
        marketplace_id: where.
        price_minor: what a buyer pays, tax included.
        by_amazon: whether Amazon ships it (FBA).
        units: of one purchase; decides the price break.
        quote_id: whose price counts; None takes ``landed_minor``.
        landed_minor: the landed cost of one unit by the seller's own word.
        fees_minor: Amazon's fees by the seller's own word; None takes Amazon's estimate.
        tax_basis_points: tax included in the price, in hundredths of a percent of the price without it.
        returns_basis_points: the return allowance.
        ads_basis_points: the advertising allowance.
        other_minor: any other cost of a unit.
    """

    scenario_id: str
    name: str
    connection_id: str
    marketplace_id: str
    price_minor: int
    by_amazon: bool = True
    units: int = 1
    quote_id: str | None = None
    landed_minor: int | None = None
    fees_minor: int | None = None
    tax_basis_points: int = 0
    returns_basis_points: int = 0
    ads_basis_points: int = 0
    other_minor: int = 0


class Fee(msgspec.Struct, frozen=True, array_like=True):
    """One fee of a unit at the scenario's price: Amazon's name for it, and how much, in minor units."""

    name: str
    minor: int


class Estimate(msgspec.Struct, frozen=True):
    """What one unit would earn, in minor units; None where a part of it is not known.

    Attributes:
        price_minor: what the buyer pays.
        tax_minor: the tax in it.
        net_minor: the revenue: the price without tax.
        fees: Amazon's fees, each; None when they are not known.
        landed_minor: what the unit costs landed; None when that is not known.
        returns_minor: the allowance for returns.
        ads_minor: the allowance for advertising.
        other_minor: other costs.
        break_even_price_minor: None when it is not known, or no price would do.
        has_no_break_even: no price would do: the shares take all of it.
    """

    price_minor: int
    tax_minor: int
    net_minor: int
    fees: tuple[Fee, ...] | None
    landed_minor: int | None
    returns_minor: int
    ads_minor: int
    other_minor: int
    break_even_price_minor: int | None
    has_no_break_even: bool

    @property
    def fees_minor(self) -> int | None:
        """All fees together."""
        return None if self.fees is None else sum(fee.minor for fee in self.fees)

    @property
    def profit_minor(self) -> int | None:
        """What is left of a unit."""
        fees = self.fees_minor
        if fees is None or self.landed_minor is None:
            return None
        taken = fees + self.landed_minor + self.returns_minor + self.ads_minor + self.other_minor
        return self.net_minor - taken

    @property
    def margin_percent(self) -> int | None:
        """Profit in whole percent of revenue, halves to even."""
        return _share(self.profit_minor, self.net_minor)

    @property
    def roi_percent(self) -> int | None:
        """Profit in whole percent of the landed cost, halves to even."""
        return _share(self.profit_minor, self.landed_minor)

    @property
    def break_even_acos_percent(self) -> int | None:
        """The share of an advertised sale that its advertising may cost, in whole percent; rounded down."""
        profit = self.profit_minor
        if profit is None or self.net_minor <= 0:
            return None
        return 100 * (profit + self.ads_minor) // self.net_minor


def _share(part: int | None, whole: int | None) -> int | None:
    return None if part is None or whole is None or whole <= 0 else round(Fraction(100 * part, whole))


def estimate(scenario: Scenario, fees: Sequence[Fee] | None, landed: Fraction | None) -> Estimate:
    """Return what one unit would earn.

    Args:
        scenario: how it is sold.
        fees: Amazon's fees at exactly that price; None when they are not known.
        landed: the landed cost of a unit in minor units of the marketplace's currency; None when it is not known.
    """
    taxed = 1 + Fraction(scenario.tax_basis_points, WHOLE)
    net = round(scenario.price_minor / taxed)
    price, has_none = _break_even(scenario, fees, landed, taxed)
    return Estimate(
        price_minor=scenario.price_minor,
        tax_minor=scenario.price_minor - net,
        net_minor=net,
        fees=None if fees is None else tuple(fees),
        landed_minor=None if landed is None else round(landed),
        returns_minor=_part(net, scenario.returns_basis_points),
        ads_minor=_part(net, scenario.ads_basis_points),
        other_minor=scenario.other_minor,
        break_even_price_minor=price,
        has_no_break_even=has_none,
    )


def _part(net: int, basis_points: int) -> int:
    return round(Fraction(net * basis_points, WHOLE))


def _break_even(
    scenario: Scenario, fees: Sequence[Fee] | None, landed: Fraction | None, taxed: Fraction
) -> tuple[int | None, bool]:
    """Return the least price that loses nothing, and whether there is none."""
    if fees is None or landed is None:
        return None, False
    moving = sum(fee.minor for fee in fees if fee.name in SHARES_OF_PRICE)
    fixed = sum(fee.minor for fee in fees) - moving + landed + scenario.other_minor
    allowed = 1 - Fraction(scenario.returns_basis_points + scenario.ads_basis_points, WHOLE)
    kept = allowed / taxed - Fraction(moving, scenario.price_minor)
    if kept <= 0:
        return None, True
    return ceil(fixed / kept), False


def check(scenario: Scenario) -> None:
    """Refuse a scenario that makes no sense.

    Raises:
        InvalidInput: every field that is wrong is named with what is allowed.
    """
    wrong = tuple(_problems(scenario))
    if wrong:
        raise InvalidInput("The scenario can't be kept as it is.", code="invalid_scenario", fields=wrong)


def _problems(scenario: Scenario) -> Iterable[FieldProblem]:
    if not 1 <= len(scenario.name.strip()) <= LONGEST_NAME:
        yield FieldProblem("name", f"has to have 1 to {LONGEST_NAME} characters")
    if not 0 < scenario.price_minor <= MOST_MINOR:
        yield FieldProblem("price", "has to be above 0")
    if not 1 <= scenario.units <= MOST_UNITS:
        yield FieldProblem("units", f"has to be from 1 to {MOST_UNITS:,}")
    if scenario.quote_id is not None and scenario.landed_minor is not None:
        yield FieldProblem("landed_unit", "goes without a quote; leave one of the two out")
    amounts = {"landed_unit": scenario.landed_minor, "fees": scenario.fees_minor, "other_unit": scenario.other_minor}
    for field, minor in amounts.items():
        if minor is not None and not 0 <= minor <= MOST_MINOR:
            yield FieldProblem(field, "has to be 0 or more")
    yield from _share_problems(scenario)


def _share_problems(scenario: Scenario) -> Iterable[FieldProblem]:
    shares = {
        "tax_percent": scenario.tax_basis_points,
        "returns_percent": scenario.returns_basis_points,
        "ads_percent": scenario.ads_basis_points,
    }
    for field, points in shares.items():
        if not 0 <= points <= WHOLE:
            yield FieldProblem(field, "has to be from 0 to 100")
    if scenario.returns_basis_points + scenario.ads_basis_points > WHOLE:
        yield FieldProblem("ads_percent", "has to be, together with returns, at most 100")
