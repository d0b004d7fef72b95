"""Read capacity: by the bytes that were read.

Gap: MiniStack reports half a unit (or one) for any read. AWS charges a unit for each started 4 KB read
consistently, half of it otherwise, over all items a Query or Scan evaluated, before filters and projections.
Source: DynamoDB developer guide, "DynamoDB read and write operations".
"""

import contextvars
import math
from typing import Any

from infra.local.patching import expect, part, replace_text, wrap

NAME = "read_capacity"

_UNIT_BYTES = 4096
_evaluated: contextvars.ContextVar[int] = contextvars.ContextVar("evaluated_bytes", default=0)


def apply() -> None:
    """Count evaluated bytes and charge for them."""
    dynamodb = part("services.dynamodb")
    expect(NAME, dynamodb, "_item_size_bytes", "_get_item_by_key", "_apply_index_projection")

    def wrapper(original: Any) -> Any:
        def paginate(items: Any, limit: Any, table: Any, index_name: Any = None) -> Any:
            page, more = original(items, limit, table, index_name)
            seen = (dynamodb._apply_index_projection(item, table, index_name) if index_name else item for item in page)
            _evaluated.set(sum(dynamodb._item_size_bytes(item) for item in seen))
            return page, more

        return paginate

    def read_units(request: dict[str, Any], table: Any, consistent: Any) -> float:
        if "Key" in request:
            size = dynamodb._item_size_bytes(dynamodb._get_item_by_key(table, request["Key"]) or {})
        else:
            size = _evaluated.get()
        return max(1, math.ceil(int(size) / _UNIT_BYTES)) * (1.0 if consistent else 0.5)

    dynamodb._read_units = read_units
    wrap(NAME, dynamodb, "_paginate_evaluated_items", wrapper)
    replace_text(
        NAME,
        dynamodb,
        "_add_consumed_capacity",
        ("table_units = 1.0 if consistent else 0.5", "table_units = _read_units(data, table, consistent)"),
    )
