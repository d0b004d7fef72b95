"""Long lists: every page is cheap, and no entry is lost on the way to the end.

A few hundred entries show it: a page begins at its cursor, whatever lies before and behind it. ``quayside-bench lists``
walks the full numbers.
"""

from collections.abc import Iterator
from itertools import batched
from typing import Any

import boto3
import pytest

from quayside.kernel.tenancy import tenant_scope
from tests.bench.capacity import ReadUnits
from tests.bench.lists import NOW, PLACES, walked, walks
from tests.support import lists
from tests.support.aws import REGION, aws
from tests.support.datasets import bench

SIZES = {"products": 120, "orders": 100, "shipments": 60}
PAGE_UNITS = 8


@pytest.fixture(scope="module")
def units() -> Iterator[ReadUnits]:
    """What reading costs a seller who has long lists."""
    counted = ReadUnits(reported=False)
    with counted.watching(), aws() as present:
        made = bench(present, marketplaces=tuple(PLACES))
        of = made.seller
        present.clock.advance((NOW - present.clock.now()).total_seconds())
        entries = [
            *lists.products(of.tenant_id, of.connection_id, PLACES, SIZES["products"]),
            *lists.orders(of.tenant_id, SIZES["orders"]),
            *lists.shipments(of.tenant_id, of.connection_id, PLACES[0], NOW.date(), SIZES["shipments"]),
        ]
        client = boto3.client("dynamodb", region_name=REGION)
        for some in batched(entries, 25, strict=False):
            put: Any = [{"PutRequest": {"Item": each.serialize()}} for each in some]
            client.batch_write_item(RequestItems={present.settings.core_table: put})
        with tenant_scope(of.tenant_id):
            yield counted


@pytest.mark.parametrize("name", SIZES)
def test_every_page_of_a_list_is_cheap_and_leads_on_to_the_end(units: ReadUnits, name: str) -> None:
    found = [walked(units, expected, page) for of, expected, page in walks(SIZES) if of == name]
    assert [lost for _, _, lost in found] == [0] * len(found)
    assert 0 < max(worst for worst, _, _ in found) <= PAGE_UNITS
    # A filter that leaves nothing does not end before everything was looked at.
    assert min(pages for _, pages, _ in found[:1]) > 1
