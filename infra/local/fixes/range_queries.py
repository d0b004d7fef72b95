"""A query for a range of sort keys looks at that range, not at its whole partition.

Gap: MiniStack parses and evaluates the key condition anew for every item of the partition, so a page out of a month of
10,000 orders, or of the SKUs of a catalog, takes the better part of a second. DynamoDB seeks to the range and stops at
the limit. Equality alone, with BETWEEN and with begins_with, on text keys, is decided here, and where a page begins;
conditions of other forms are left to MiniStack. Source: DynamoDB developer guide, "Key condition expressions for the
Query operation".
"""

import re
from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple

from infra.local.patching import part, replace_text

NAME = "range_queries"

_EACH = (
    "candidates = [it for it in candidates if _evaluate_condition(key_cond, it, eav, ean, "
    'slot="KeyConditionExpression")]'
)
_CUT = f"""_order = None
            if not index_name and sk_name and sk_type == "S":
                _order = _range_order(sk_name, scan_forward, (esk or {{}}).get(sk_name))
            candidates, decided = _within_range(candidates, key_cond, eav, ean, _order)
            if not decided: {_EACH}
            elif _order: esk = None"""
_NAME = r"(#?[A-Za-z_][A-Za-z0-9_]*|#[0-9]+)"
_VALUE = r"(:[A-Za-z0-9_]+)"
_EQUALITY = re.compile(rf"\s*\(?\s*{_NAME}\s*=\s*{_VALUE}\s*\)?\s*")
_BETWEEN = re.compile(
    rf"\s*\(?\s*{_NAME}\s*=\s*{_VALUE}\s+AND\s+{_NAME}\s+BETWEEN\s+{_VALUE}\s+AND\s+{_VALUE}\s*\)?\s*", re.IGNORECASE
)
_PREFIX = re.compile(
    rf"\s*\(?\s*{_NAME}\s*=\s*{_VALUE}\s+AND\s+begins_with\s*\(\s*{_NAME}\s*,\s*{_VALUE}\s*\)\s*\)?\s*", re.IGNORECASE
)


class Order(NamedTuple):
    """How the items of a partition of a table are sorted, and behind which sort key a page begins.

    Attributes:
        attribute: the sort key, a text.
        forward: whether they ascend.
        start: the sort key behind which the page begins, as DynamoDB writes it; None for the first page.
    """

    attribute: str
    forward: bool = True
    start: Any = None


def apply() -> None:
    """Cut the candidates to the range before their condition is evaluated."""
    dynamodb = part("services.dynamodb")
    dynamodb._within_range = within_range
    dynamodb._range_order = Order
    replace_text(NAME, dynamodb, "_query", (_EACH, _CUT))


def within_range(
    items: list[dict[str, Any]],
    condition: str,
    values: dict[str, Any],
    names: dict[str, str],
    order: Order | None = None,
) -> tuple[list[dict[str, Any]], bool]:
    """The items of a partition that lie in the range of ``condition``, and whether it is one this function decides.

    With an ``order``, the items are all of one partition of a table and sorted so; of a page that begins behind a sort
    key, those before it are left out too. Without one, the items are those of an index, and each is looked at.
    """
    if found := _BETWEEN.fullmatch(condition) or _PREFIX.fullmatch(condition):
        hash_name, hash_value, range_name, *bounds = found.groups()
    elif found := _EQUALITY.fullmatch(condition):
        hash_name, hash_value, range_name, bounds = *found.groups(), "", []
    else:
        return items, False
    wanted = values.get(hash_value)
    limits = [text for bound in bounds if (text := _text(values.get(bound))) is not None]
    if _text(wanted) is None or len(limits) < len(bounds):
        return items, False
    if order is not None:
        return _cut(items, limits, order), True
    first, second = names.get(hash_name, hash_name), names.get(range_name, range_name)
    chosen = [item for item in items if item.get(first) == wanted]
    match limits:
        case [prefix]:
            chosen = [item for item in chosen if _of(item, second).startswith(prefix)]
        case [lowest, highest]:
            chosen = [item for item in chosen if lowest <= _of(item, second) <= highest]
    return chosen, True


def _cut(items: list[dict[str, Any]], limits: list[str], order: Order) -> list[dict[str, Any]]:
    """Seek to the limits and the start in sorted items."""
    ascending = items if order.forward else items[::-1]

    def key(item: dict[str, Any]) -> str:
        return _of(item, order.attribute)

    first, last = 0, len(ascending)
    match limits:
        case [prefix]:
            first = bisect_left(ascending, prefix, key=key)
            last = bisect_left(ascending, 1, first, key=lambda item: int(not key(item).startswith(prefix)))
        case [lowest, highest]:
            first = bisect_left(ascending, lowest, key=key)
            last = bisect_right(ascending, highest, first, key=key)
    start = _text(order.start)
    if start is not None and order.forward:
        first = max(first, bisect_right(ascending, start, key=key))
    elif start is not None:
        last = min(last, bisect_left(ascending, start, key=key))
    chosen = ascending[first:last]
    return chosen if order.forward else chosen[::-1]


def _of(item: dict[str, Any], name: str) -> str:
    found: str = item.get(name, {}).get("S", "")
    return found


def _text(value: Any) -> str | None:
    found = value.get("S") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
