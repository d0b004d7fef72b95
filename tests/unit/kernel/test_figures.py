from datetime import UTC, datetime
from typing import Any

import pytest

from quayside.kernel.figures import FigureInput, figure, method_card

AS_OF = datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)
CARD = method_card(
    "sales", "Sales", "sum of items", "2 + 3 = 5", inputs=[FigureInput("first", 2, "minor")], notes=["without tax"]
)
COMPLETE: dict[str, Any] = {
    "unit": "minor", "as_of": AS_OF, "state": "estimated", "source": "amazon:orders", "method": CARD, "currency": "USD",
}  # fmt: skip


def test_a_figure_carries_its_provenance() -> None:
    made = figure(5, **COMPLETE)
    assert (made.value, made.as_of, made.state, made.method.filled) == (
        5,
        "2026-11-21T10:11:12Z",
        "estimated",
        "2 + 3 = 5",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"currency": None},
        {"unit": "units"},
        {"source": " "},
        {"method": method_card("x", "X", "", "1")},
        {"method": method_card("x", "X", "a", " ")},
    ],
)
def test_a_figure_without_its_provenance_is_not_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="A figure"):
        figure(5, **{**COMPLETE, **change})


@pytest.mark.parametrize("missing", ["unit", "as_of", "state", "source", "method"])
def test_no_part_of_the_provenance_has_a_default(missing: str) -> None:
    with pytest.raises(TypeError):
        figure(5, **{name: value for name, value in COMPLETE.items() if name != missing})
