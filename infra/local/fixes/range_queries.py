"""A query for a range of sort keys looks at that range, not at its whole partition.

Gap: MiniStack parses and evaluates the key condition anew for every item of the partition, so a page out of a month of
10,000 orders takes the better part of a second. DynamoDB seeks to the range and stops at the limit. Conditions other
than equality with BETWEEN on text keys are left to MiniStack. Source: DynamoDB developer guide, "Key condition
expressions for the Query operation".
"""

import re
from typing import Any

from infra.local.patching import part, replace_text

NAME = "range_queries"

_EACH = (
    "candidates = [it for it in candidates if _evaluate_condition(key_cond, it, eav, ean, "
    'slot="KeyConditionExpression")]'
)
_NAME = r"(#?[A-Za-z_][A-Za-z0-9_]*|#[0-9]+)"
_VALUE = r"(:[A-Za-z0-9_]+)"
_RANGE = re.compile(
    rf"\s*\(?\s*{_NAME}\s*=\s*{_VALUE}\s+AND\s+{_NAME}\s+BETWEEN\s+{_VALUE}\s+AND\s+{_VALUE}\s*\)?\s*", re.IGNORECASE
)


def apply() -> None:
    """Cut the candidates to the range before their condition is evaluated."""
    dynamodb = part("services.dynamodb")
    dynamodb._within_range = within_range
    replace_text(
        NAME,
        dynamodb,
        "_query",
        (
            _EACH,
            f"candidates, decided = _within_range(candidates, key_cond, eav, ean)\n            if not decided: {_EACH}",
        ),
    )


def within_range(
    items: list[dict[str, Any]], condition: str, values: dict[str, Any], names: dict[str, str]
) -> tuple[list[dict[str, Any]], bool]:
    """The items of a partition that lie in the range of ``condition``, and whether it is one this function decides."""
    found = _RANGE.fullmatch(condition)
    if found is None:
        return items, False
    hash_name, hash_value, range_name, low_name, high_name = found.groups()
    low, high, wanted = values.get(low_name), values.get(high_name), values.get(hash_value)
    lowest, highest = _text(low), _text(high)
    if lowest is None or highest is None or _text(wanted) is None:
        return items, False
    first, second = names.get(hash_name, hash_name), names.get(range_name, range_name)
    return [
        item for item in items if item.get(first) == wanted and lowest <= item.get(second, {}).get("S", "") <= highest
    ], True


def _text(value: Any) -> str | None:
    found = value.get("S") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
