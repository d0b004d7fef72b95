import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.kernel.sheets import UnreadableSheet, plain_cell, read_sheet, write_sheet


def cells(text: str) -> list[dict[str, str]]:
    return [row.cells for row in read_sheet(text, required=("a",), most_rows=3, decimals=("b",))]


def test_columns_stand_in_any_order_and_a_semicolon_brings_a_decimal_comma() -> None:
    assert cells("B,A\n1.5,x\n") == [{"b": "1.5", "a": "x"}]
    assert cells("\ufeffa;b\nx;1,5\n\n;\n") == [{"a": "x", "b": "1.5"}]
    assert cells("a\tb\nx\t1,5\n") == [{"a": "x", "b": "1,5"}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("b\n1\n", "lacks the column a"),
        ("", "lacks the column a"),
        ("a\n1\n2\n3\n4\n", "more than 3 rows"),
        ("a\n" + "x" * 131_073, "can't be read after line"),
        ('a\n1\n"2\n', "can't be read after line 3"),
    ],
)
def test_what_can_not_be_read_says_why(text: str, problem: str) -> None:
    with pytest.raises(UnreadableSheet, match=problem):
        cells(text)


def test_of_some_columns_one_is_enough() -> None:
    def read(text: str) -> list[str]:
        return [row.cells["a"] for row in read_sheet(text, required=("a",), most_rows=3, one_of=("b", "c"))]

    assert read("a,c\nx,1\n") == read("b,a\n1,x\n") == ["x"]
    with pytest.raises(UnreadableSheet, match="lacks a column b or c"):
        read("a,d\nx,1\n")


def test_a_row_with_too_many_cells_is_told_alone() -> None:
    rows = list(read_sheet("a,b\n1,2,3\n4,5\n", required=("a",), most_rows=9))
    assert [row.problem for row in rows] == ["has 3 cells, the header has 2", ""]


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=2, max_size=2))
def test_what_is_written_is_read_back_and_runs_nowhere(row: list[str]) -> None:
    text = write_sheet(("a", "b"), [row])
    read = [
        [plain_cell(cell) for cell in each.cells.values()] for each in read_sheet(text, required=("a",), most_rows=9)
    ]
    assert read == ([row] if any(cell.strip() for cell in row) else [])
    assert not any(line.startswith(("=", "+", "@")) for line in text.splitlines()[1:])
