"""An item is kept too long when its end has long passed, is too far away or is not there."""

import pytest

from quayside.compliance.retention_rules import Held, Limits, added, judged

LIMITS = Limits(now=1000, overdue_before=900, furthest=2000)


@pytest.mark.parametrize(
    ("end", "held"),
    [
        (None, Held(1, endless=1)),
        (899, Held(1, overdue=1)),
        (900, Held(1, ended=1)),
        (1000, Held(1, ended=1)),
        (1001, Held(1, next_end=1001)),
        (2000, Held(1, next_end=2000)),
        (2001, Held(1, too_long=1, next_end=2001)),
    ],
)
def test_an_item_is_judged_by_its_end(end: int | None, held: Held) -> None:
    assert judged([end], LIMITS) == held
    assert held.broken == held.overdue + held.too_long + held.endless


def test_counts_add_up_and_the_earliest_end_stays() -> None:
    whole = judged([None, 899, 950, 1500, 1200, 2001], LIMITS)
    parts = judged([None, 1500, 2001], LIMITS).plus(judged([899, 950, 1200], LIMITS))

    assert whole == parts == Held(6, 1, 1, 1, 1, 1200)
    assert Held().plus(Held()) == Held()
    assert added({"b": Held(1)}, {"a": Held(2), "b": Held(3)}) == {"a": Held(2), "b": Held(4)}
