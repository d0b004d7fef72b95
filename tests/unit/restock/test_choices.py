"""What the seller decides: own decisions first, then the defaults, and what can't be is refused with what can."""

import pytest

from quayside.restock import choice_rules
from quayside.restock.choice_rules import Choices, LegChoice, Override
from quayside.restock.rules import UnusableParameter


def test_own_decisions_come_first_then_the_defaults_then_the_standard() -> None:
    defaults = Choices(send_cover_days=45, carton_units=6)
    held = choice_rules.merged(Choices(carton_units=12, overrides=(Override("buy", 5, "fair"),)), defaults)

    assert (held.carton_units, held.send_cover_days, held.buy_cover_days) == (12, 45, 60)
    assert held.overrides[0].quantity == 5
    settings = choice_rules.settings_of(held)
    assert settings.service_level == pytest.approx(0.95)
    assert sum(leg.days for leg in settings.send_legs) == 14


@pytest.mark.parametrize(
    ("choices", "field", "allowed"),
    [
        (Choices(service_level_percent=100), "service_level_percent", "50 to 99.9"),
        (Choices(send_legs=(LegChoice("Carrier", 0),)), "send_legs", "1 to 365"),
        (Choices(send_legs=()), "send_legs", "1 to 365"),
        (Choices(buy_legs=(LegChoice("Ship", 400),)), "buy_legs[0].days", "0 to 365"),
        (Choices(buy_legs=(LegChoice(" ", 4),)), "buy_legs", "name"),
        (Choices(buy_legs=(LegChoice("x", 4),) * 11), "buy_legs", "10 legs"),
        (Choices(carton_units=0), "carton_units", "1 to 10"),
        (Choices(unit_cost_minor=0), "unit_cost_minor", "1 or more"),
        (Choices(overrides=(Override("buy", -1, "x"),)), "overrides[0].quantity", "0 to 1,000,000"),
        (Choices(overrides=(Override("buy", 1, " "),)), "overrides[0].reason", "why"),
        (Choices(overrides=(Override("buy", 1, "x"),) * 2), "overrides", "one quantity"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(choices: Choices, field: str, allowed: str) -> None:
    with pytest.raises(UnusableParameter) as refused:
        choice_rules.check(choices, Choices())
    assert refused.value.field == field
    assert allowed in refused.value.problem
