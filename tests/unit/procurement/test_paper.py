"""An order on paper, and its lines in a file."""

import re
import zlib

import pytest

from quayside.kernel.errors import InvalidInput
from quayside.procurement.file_rules import read_lines, write_lines
from quayside.procurement.paper import Paper, PaperLine, pages_of, pdf_of, width_of, wrapped
from quayside.procurement.rules import Carton, Line, NewLine, Price


def paper(lines: int = 1, title: str = "Mug") -> Paper:
    rows = tuple(PaperLine(str(n + 1), f"MUG-{n}", title, "1,000", "1.25", "1,250.00") for n in range(lines))
    blocks = (("SUPPLIER", ("Yiwu Home",)), ("ORDER", ("Number PO-000001",)))
    return Paper("Purchase order PO-000001", "", blocks, "USD", rows, "1,250.00 USD", ("Thank you",), "Acme")


def texts(content: bytes) -> list[str]:
    found = []
    for stream in re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL):
        found += re.findall(rb"/(F\d) [\d.]+ Tf.*?<([0-9a-f]+)>", zlib.decompress(stream), re.DOTALL)
    return [bytes.fromhex(text.decode()).decode("utf-16-be" if font == b"F3" else "cp1252") for font, text in found]


def test_an_order_is_a_pdf_that_says_all_of_it() -> None:
    content = pdf_of(paper(title="Mug 杯子 für Łódź"))
    assert content.startswith(b"%PDF-1.7")
    assert content.rstrip().endswith(b"%%EOF")
    printed = "".join(texts(content))
    for words in ("Purchase order PO-000001", "Yiwu Home", "MUG-0", "Mug 杯子 für Łódź", "1,250.00", "Page 1 of 1"):
        assert words.replace(" ", "") in printed.replace(" ", "")


def test_the_same_order_gives_the_same_bytes() -> None:
    assert pdf_of(paper()) == pdf_of(paper())


def test_many_lines_take_more_pages_and_none_is_left_out() -> None:
    pages = pages_of(paper(80, "A mug that is described with a great many words " * 3))
    assert len(pages) > 3
    printed = [getattr(mark, "text", "") for page in pages for mark in page]
    assert [f"MUG-{n}" for n in range(80)] == [text for text in printed if text.startswith("MUG-")]
    assert all(mark.y > 30 for page in pages for mark in page)


def test_text_is_broken_where_it_does_not_fit_and_nothing_is_lost() -> None:
    lines = list(wrapped("x" * 100 + " end", 10, 100))
    assert "".join(lines) == "x" * 100 + "end"
    assert all(width_of(line, 10) <= 100 for line in lines)


LINES = (
    Line("1", "=MUG", "Mug, blue", 1000, Price(125), Carton(50, 400, 300, 300, 15_000)),
    Line("2", "POT", "", 300, Price(4105, 10)),
)


def test_lines_in_a_file_are_read_as_they_were_written() -> None:
    read = read_lines(write_lines(LINES, "USD"), "USD")
    assert [row.asked for row in read] == [
        NewLine("=MUG", 1000, "1.25", "Mug, blue", Carton(50, 400, 300, 300, 15_000)),
        NewLine("POT", 300, "4.105"),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("MUG;x;1", "units has to be a whole number, such as 500."),
        ("MUG;0;1", "units has to be from 1 to 10,000,000"),
        ("MUG;5;-1", "unit_price has to be a number of 0 or more with up to 6 decimal places, such as 4.25"),
        (";5;1", "seller_sku is needed, with 1 to 40 characters"),
    ],
)
def test_a_row_that_can_not_be_ordered_says_why(row: str, problem: str) -> None:
    (read,) = read_lines(f"seller_sku;units;unit_price\n{row}\n", "USD")
    assert (read.asked, read.problem) == (None, problem)


def test_a_file_with_wrong_columns_or_too_many_rows_is_refused_whole() -> None:
    with pytest.raises(InvalidInput, match="lacks the columns units, unit_price"):
        read_lines("seller_sku\nMUG\n", "USD")
    with pytest.raises(InvalidInput, match="more than 80 rows"):
        read_lines("seller_sku,units,unit_price\n" + "MUG,1,1\n" * 100_000, "USD")
