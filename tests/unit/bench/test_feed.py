"""What the benchmark of files of changes counts: rows lost, rows applied twice, refused rows that were applied."""

from tests.bench.feed import Change, Difference, csv_of, difference

GOOD = Change(line=2, seller_sku="A", price_minor=1005, quantity=None, is_refused=False)
STOCKED = Change(line=3, seller_sku="B", price_minor=990, quantity=7, is_refused=False)
REFUSED = Change(line=4, seller_sku="C", price_minor=99_000, quantity=None, is_refused=True)
CHANGES = (GOOD, STOCKED, REFUSED)
APPLIED = {"A": 1, "B": 1}
STANDING = {"A": (1005, 3), "B": (990, 7), "C": (500, None)}
TOLD = {2: "accepted", 3: "accepted", 4: "rejected"}


def test_a_file_whose_rows_all_came_true_has_no_difference() -> None:
    assert difference(CHANGES, APPLIED, STANDING, TOLD) == Difference(lost=0, twice=0, unwanted=0)


def test_a_row_is_lost_when_amazon_did_not_apply_it_or_the_product_does_not_tell() -> None:
    assert difference(CHANGES, {"A": 1}, STANDING, TOLD).lost == 1
    assert difference(CHANGES, APPLIED, {**STANDING, "B": (990, 6)}, TOLD).lost == 1
    assert difference(CHANGES, APPLIED, {**STANDING, "A": (1004, 3)}, TOLD).lost == 1
    assert difference(CHANGES, APPLIED, STANDING, {**TOLD, 4: "accepted"}).lost == 1
    assert difference(CHANGES, APPLIED, STANDING, {}).lost == 3


def test_what_amazon_applied_twice_or_was_to_refuse_is_counted() -> None:
    assert difference(CHANGES, {**APPLIED, "A": 2}, STANDING, TOLD).twice == 1
    assert difference(CHANGES, {**APPLIED, "C": 1}, STANDING, TOLD).unwanted == 1


def test_the_file_has_one_line_a_change() -> None:
    assert csv_of(CHANGES) == "seller_sku,price,quantity\nA,10.05,\nB,9.90,7\nC,990.00,\n"
