"""Long lists: every page is cheap, and no entry is lost on the way to the end.

A few hundred entries show it: a page begins at its cursor, whatever lies before and behind it. ``quayside-bench lists``
walks the full numbers.
"""

from collections.abc import Callable, Iterator
from itertools import batched
from typing import Any, NamedTuple

import boto3
import pytest

from tests.bench.capacity import ReadUnits
from tests.bench.lists import NOW, member, walked, walks
from tests.support.aws import REGION, aws

SIZES = {"products": 90, "orders": 80, "shipments": 60}
PAGE_UNITS = 8


class Reader(NamedTuple):
    """A member who has long lists, and what their requests read."""

    ask: Callable[..., Any]
    units: ReadUnits


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    units = ReadUnits(reported=False)
    with units.watching(), aws() as present:
        present.clock.advance((NOW - present.clock.now()).total_seconds())
        ask, entries = member(present, SIZES)
        client = boto3.client("dynamodb", region_name=REGION)
        for some in batched(entries, 25, strict=False):
            put: Any = [{"PutRequest": {"Item": each.serialize()}} for each in some]
            client.batch_write_item(RequestItems={present.settings.core_table: put})
        yield Reader(ask, units)


@pytest.mark.parametrize("name", SIZES)
def test_every_page_of_a_list_is_cheap_and_leads_on_to_the_end(reader: Reader, name: str) -> None:
    found = [walked(reader.units, left, page) for of, left, page in walks(reader.ask, SIZES) if of == name]
    assert [lost for _, _, lost in found] == [0] * len(found)
    assert 2 < max(worst for worst, _, _ in found) <= PAGE_UNITS
    _, pages, _ = found[0]
    assert pages > 1


def test_orders_of_amazon_where_there_are_none_are_as_cheap(reader: Reader) -> None:
    def page(cursor: str | None) -> tuple[list[str], str | None]:
        answer = reader.ask("GET", "/orders", query={"limit": "100", **({} if cursor is None else {"cursor": cursor})})
        return [each["order_id"] for each in answer.json["orders"]], answer.json["next_cursor"]

    dearest, pages, lost = walked(reader.units, 0, page)
    assert dearest <= PAGE_UNITS
    assert (pages > 1, lost) == (True, 0)
