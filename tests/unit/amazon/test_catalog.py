import json
from decimal import Decimal
from typing import Any

import pytest

from quayside.amazon.catalog import decode_items
from quayside.amazon.errors import UnexpectedAnswer

US = "ATVPDKIKX0DER"


def item(**changes: Any) -> dict[str, Any]:
    return {
        "asin": "B1",
        "summaries": [{"marketplaceId": US, "itemName": "Lamp", "brand": "Tide", "itemClassification": "NEW_CLASS"}],
        "dimensions": [
            {
                "marketplaceId": US,
                "item": {"height": {"unit": "inches", "value": 8.661417315}, "weight": {"unit": "pounds", "value": 2}},
                "package": {"length": {"unit": "inches", "value": 12.5}, "width": {"value": 1}, "height": None},
            }
        ],
        "identifiers": [{"marketplaceId": US, "identifiers": [{"identifierType": "EAN", "identifier": "4006381"}]}],
        "images": [
            {
                "marketplaceId": US,
                "images": [
                    {"variant": "PT01", "link": "a", "width": 2000},
                    {"variant": "MAIN", "link": "b", "width": 75},
                    {"variant": "MAIN", "link": "c", "width": 500, "height": 500},
                ],
            }
        ],
        "productTypes": [{"marketplaceId": US, "productType": "LAMP"}],
        "relationships": [
            {"marketplaceId": US, "relationships": [{"type": "VARIATION", "parentAsins": ["B0"], "variationTheme": {}}]}
        ],
        "salesRanks": [
            {
                "marketplaceId": US,
                "classificationRanks": [{"classificationId": "1", "title": "Lamps", "rank": 7, "link": "x"}],
                "displayGroupRanks": [{"websiteDisplayGroup": "home", "title": "Home", "rank": 900}],
            }
        ],
        "classifications": [
            {
                "marketplaceId": US,
                "classifications": [
                    {
                        "classificationId": "3",
                        "displayName": "Lamps",
                        "parent": {"classificationId": "2", "displayName": "Home"},
                    }
                ],
            }
        ],
        **changes,
    }


def body(*items: object) -> bytes:
    return json.dumps({"numberOfResults": len(items), "items": items}).encode()


def test_a_product_by_marketplace() -> None:
    (found,) = decode_items(body(item()))
    summary, sizes, picture = found.summary_of(US), found.dimensions_of(US), found.main_image_of(US)
    assert summary is not None
    assert (summary.item_name, summary.brand, summary.item_classification) == ("Lamp", "Tide", "NEW_CLASS")
    assert sizes is not None
    assert sizes.item is not None
    assert sizes.item.height is not None
    assert (sizes.item.height.value, sizes.item.height.unit) == (Decimal("8.661417315"), "inches")
    assert sizes.package is not None
    assert sizes.package.height is None
    assert picture is not None
    assert picture.link == "c"
    assert found.product_type_of(US) == "LAMP"
    assert found.relationships[0].relationships[0].parent_asins == ("B0",)
    assert found.sales_ranks[0].classification_ranks[0].rank == 7
    parent = found.classifications[0].classifications[0].parent
    assert parent is not None
    assert parent.display_name == "Home"
    assert found.problems == ()


def test_what_a_marketplace_does_not_have_is_none() -> None:
    (found,) = decode_items(body(item()))
    assert (found.summary_of("x"), found.dimensions_of("x"), found.main_image_of("x"), found.product_type_of("x")) == (
        None, None, None, None,
    )  # fmt: skip


def test_a_bad_part_is_named_and_spoils_nothing() -> None:
    (found,) = decode_items(body(item(dimensions=[{"item": {}}], images=7, salesRanks=None)))
    assert [problem.split(":")[0] for problem in found.problems] == ["dimensions[0]", "images"]
    assert (found.asin, found.dimensions, found.sales_ranks) == ("B1", (), ())
    assert found.summary_of(US) is not None


def test_an_entry_without_an_asin_answers_nothing() -> None:
    assert [each.asin for each in decode_items(body({"summaries": []}, 7, item(), {"ASIN": "B2"}))] == ["B1", "B2"]


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"items": 7}', b'{"items": '])
def test_an_answer_that_is_none_is_amazons_fault(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        decode_items(content)
