"""Which product is under which brand: tags as they are kept, files of them, and what they make of the book."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.catalog import brand_records, brand_rules
from quayside.catalog.brand_rules import Brand, Tag, UnusableTag, read_file, tag_of, tagged

names = st.sampled_from(["Acme", "ACME", "Beacon", "Ünder", None])
skus = st.sampled_from(["A", "B", "C#1", "D"])


@pytest.mark.parametrize(
    ("brand", "kept"),
    [("  Acme   Home ", "Acme Home"), ("", None), ("   ", None), (None, None), ("U\u0308nder", "Ünder")],
)
def test_a_tag_as_it_is_kept(brand: str | None, kept: str | None) -> None:
    assert tag_of(" A ", brand) == Tag("A", kept)


@pytest.mark.parametrize(
    ("sku", "brand", "field"),
    [("", "Acme", "seller_sku"), ("x" * 41, "Acme", "seller_sku"), ("A", "x" * 61, "brand"), ("A", "a\x00b", "brand")],
)
def test_what_can_not_be_is_refused_with_its_range(sku: str, brand: str, field: str) -> None:
    with pytest.raises(UnusableTag) as refused:
        tag_of(sku, brand)
    assert refused.value.field == field


def test_a_file_is_read_row_by_row() -> None:
    rows = read_file(f"Seller SKU;Brand\nA;Acme\n;Acme\nB;{'x' * 61}\nC;\n'=D;'=Home\nE;F;G")
    assert [row.tag for row in rows] == [Tag("A", "Acme"), None, None, Tag("C", None), Tag("=D", "=Home"), None]
    assert [row.line for row in rows] == [2, 3, 4, 5, 6, 7]
    with pytest.raises(UnusableTag, match="lacks the column brand"):
        read_file("seller_sku\nA")


@settings(max_examples=50)
@given(st.lists(st.tuples(skus, names), max_size=12), st.lists(st.tuples(skus, names), max_size=12))
def test_the_last_tag_of_a_product_holds_and_a_brand_has_one_spelling(
    first: list[tuple[str, str | None]], then: list[tuple[str, str | None]]
) -> None:
    before = tagged({}, [Tag(*each) for each in first]).book
    after, changes = tagged(before, [Tag(*each) for each in then])
    said = {**dict(first), **dict(then)}
    assert {sku: brand.casefold() for sku, brand in after.items()} == {
        sku: brand.casefold() for sku, brand in said.items() if brand is not None
    }
    assert len({brand.casefold() for brand in after.values()}) == len(set(after.values()))
    assert {sku for sku, _ in changes} == {sku for sku in said if before.get(sku) != after.get(sku)}
    assert tagged(after, changes).changes == ()
    assert brand_records.unpacked(brand_records.packed(after)) == after
    assert sum(each.products for each in brand_rules.brands_of(after)) == len(after)


def test_brands_and_products_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    book = {"A": "Acme", "B": "Beacon"}
    monkeypatch.setattr(brand_rules, "MOST_BRANDS", 2)
    assert brand_rules.brands_of(tagged(book, [Tag("C", "acme")]).book) == (Brand("Acme", 2), Brand("Beacon", 1))
    with pytest.raises(UnusableTag, match="2 brands, which is the most"):
        tagged(book, [Tag("C", "Third")])
    monkeypatch.setattr(brand_rules, "MOST_TAGGED", 2)
    with pytest.raises(UnusableTag, match="2 products are"):
        tagged(book, [Tag("C", "Acme")])
