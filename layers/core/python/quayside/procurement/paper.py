"""A purchase order on paper: A4 pages as PDF, written with pydyf (BSD licence, pure Python, 23 kilobytes).

Text stands in Helvetica, one of the fonts that every reader of PDF has. What it can't write (Chinese, Cyrillic, Greek)
stands in STSong-Light by the CMap UniGB-UTF16-H, which readers bring along: no font is shipped or embedded.
Source: ISO 32000-1, 9.6.2.2 (standard fonts) and 9.7.5.2 (predefined CMaps); widths: Adobe's AFM of Helvetica.
"""

import io
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pydyf

_WIDE, _HIGH, _MARGIN = 595, 842, 48
_FOOT = 60
_WIDTHS = dict(
    zip(
        map(chr, range(32, 127)),
        (
            278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
            556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
            500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
            556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
            278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
        ),
        strict=True,
    )
)  # fmt: skip
_USUAL_WIDTH, _FULL_WIDTH = 556, 1000


class PaperLine(NamedTuple):
    """A line of the table, every cell as text."""

    number: str
    seller_sku: str
    title: str
    units: str
    unit_price: str
    amount: str


class Paper(NamedTuple):
    """What is printed.

    Attributes:
        title: the heading, with the order's number.
        standing: a word below it, such as a draft's warning; may be empty.
        blocks: heading and lines of text each, two beside each other.
        currency: of the amounts.
        lines: the table.
        total: below it.
        notes: paragraphs below that.
        foot: on every page.
    """

    title: str
    standing: str
    blocks: tuple[tuple[str, tuple[str, ...]], ...]
    currency: str
    lines: tuple[PaperLine, ...]
    total: str
    notes: tuple[str, ...]
    foot: str


class _Text(NamedTuple):
    x: float
    y: float
    size: float
    text: str
    bold: bool = False


class _Rule(NamedTuple):
    y: float


_Mark = _Text | _Rule


def _simple(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def width_of(text: str, size: float) -> float:
    """Return how wide a text is in points."""
    total = 0
    for character in text:
        base = unicodedata.normalize("NFD", character)[0]
        total += _WIDTHS.get(base, _USUAL_WIDTH if _simple(character) else _FULL_WIDTH)
    return total * size / 1000


def wrapped(text: str, size: float, width: float) -> Iterator[str]:
    """Return a text in lines that fit; a word that is too long is cut, nothing is left out."""
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            candidate = f"{line} {word}".strip()
            if width_of(candidate, size) <= width:
                line = candidate
                continue
            if line:
                yield line
            line = word
            while width_of(line, size) > width:
                cut = next(at for at in range(len(line), 0, -1) if at == 1 or width_of(line[:at], size) <= width)
                yield line[:cut]
                line = line[cut:]
        yield line


_COLUMNS = (("Line", 0, False), ("SKU", 30, False), ("Description", 138, False), ("Units", 340, True),
            ("Unit price", 415, True), ("Amount", 499, True))  # fmt: skip
"""Heading, place from the left margin (of the right edge when numbers stand there), and whether they do."""
_SMALL, _BODY, _LARGE = 8.0, 9.5, 18.0
_LEAD = 13


def pages_of(paper: Paper) -> list[list[_Mark]]:
    """Lay an order out over as many pages as it takes; every page repeats the heading of the table."""
    pages: list[list[_Mark]] = [[]]
    y = _opening(paper, pages[0])
    y = _table_head(pages[-1], paper, y)
    for line in paper.lines:
        rows = list(wrapped(line.title, _BODY, 165)) or [""]
        skus = list(wrapped(line.seller_sku, _BODY, 103))
        height = max(len(rows), len(skus)) * _LEAD + 4
        if y - height < _FOOT:
            pages.append([])
            y = _table_head(pages[-1], paper, _HIGH - _MARGIN)
        cells = (line.number, "", "", line.units, line.unit_price, line.amount)
        for (_, place, right), cell in zip(_COLUMNS, cells, strict=True):
            pages[-1].append(_cell(cell, place, y, right=right))
        for place, texts in ((30, skus), (138, rows)):
            for row, text in enumerate(texts):
                pages[-1].append(_Text(_MARGIN + place, y - row * _LEAD, _BODY, text))
        y -= height
    closing = [_Text(_MARGIN, 0, _BODY, text) for note in paper.notes for text in wrapped(note, _BODY, 499)]
    if y - 40 < _FOOT:
        pages.append([])
        y = _HIGH - _MARGIN
    pages[-1].append(_Rule(y + 8))
    pages[-1].append(_cell(f"Total {paper.total}", 499, y - 8, right=True, bold=True))
    y -= 34
    for note in closing:
        if y < _FOOT:
            pages.append([])
            y = _HIGH - _MARGIN
        pages[-1].append(note._replace(y=y))
        y -= _LEAD
    for number, page in enumerate(pages, 1):
        page.append(_Text(_MARGIN, 34, _SMALL, paper.foot))
        page.append(_cell(f"Page {number} of {len(pages)}", 499, 34, right=True, size=_SMALL))
    return pages


def _opening(paper: Paper, page: list[_Mark]) -> float:
    y: float = _HIGH - _MARGIN - 10
    page.append(_Text(_MARGIN, y, _LARGE, paper.title, bold=True))
    if paper.standing:
        y -= 20
        page.append(_Text(_MARGIN, y, _BODY, paper.standing, bold=True))
    y -= 30
    for pair in range(0, len(paper.blocks), 2):
        deepest = y
        for place, (heading, texts) in enumerate(paper.blocks[pair : pair + 2]):
            x = _MARGIN + place * 255
            page.append(_Text(x, y, _SMALL, heading, bold=True))
            lines = [line for text in texts for line in wrapped(text, _BODY, 235)]
            page += (_Text(x, y - (row + 1) * _LEAD, _BODY, line) for row, line in enumerate(lines))
            deepest = min(deepest, y - (len(lines) + 1) * _LEAD)
        y = deepest - 12
    return y


def _table_head(page: list[_Mark], paper: Paper, y: float) -> float:
    for heading, place, right in _COLUMNS:
        text = f"{heading}, {paper.currency}" if heading in {"Unit price", "Amount"} else heading
        page.append(_cell(text, place, y, right=right, bold=True, size=_SMALL))
    page.append(_Rule(y - 6))
    return y - 20


def _cell(  # noqa: PLR0913 - the parts of a cell
    text: str, place: float, y: float, *, right: bool, bold: bool = False, size: float = _BODY
) -> _Text:
    x = _MARGIN + place - (width_of(text, size) * (1.06 if bold else 1) if right else 0)
    return _Text(x, y, size, text, bold)


def pdf_of(paper: Paper) -> bytes:
    """Return an order as a PDF file; the same order gives the same bytes."""
    import pydyf  # noqa: PLC0415 - only who prints pays for loading it

    document = pydyf.PDF()
    fonts = _fonts(document)
    for page in pages_of(paper):
        stream = pydyf.Stream(compress=True)
        for mark in page:
            _draw(stream, mark)
        document.add_object(stream)
        document.add_page(
            pydyf.Dictionary(
                {
                    "Type": "/Page",
                    "Parent": document.pages.reference,
                    "MediaBox": pydyf.Array([0, 0, _WIDE, _HIGH]),
                    "Contents": stream.reference,
                    "Resources": pydyf.Dictionary({"Font": fonts}),
                }
            )
        )
    document.info["Title"] = pydyf.String(paper.title)
    document.info["Producer"] = pydyf.String("Quayside")
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def _fonts(document: "pydyf.PDF") -> "pydyf.Dictionary":
    import pydyf  # noqa: PLC0415 - as pdf_of

    def simple(name: str) -> str:
        font = pydyf.Dictionary(
            {"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{name}", "Encoding": "/WinAnsiEncoding"}
        )
        document.add_object(font)
        return str(font.reference.decode())

    descriptor = pydyf.Dictionary(
        {"Type": "/FontDescriptor", "FontName": "/STSong-Light", "Flags": 4, "ItalicAngle": 0, "Ascent": 880,
         "Descent": -120, "CapHeight": 880, "StemV": 93, "FontBBox": pydyf.Array([-25, -254, 1000, 880])}
    )  # fmt: skip
    document.add_object(descriptor)
    glyphs = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/CIDFontType0",
            "BaseFont": "/STSong-Light",
            "CIDSystemInfo": pydyf.Dictionary({"Registry": "(Adobe)", "Ordering": "(GB1)", "Supplement": 5}),
            "FontDescriptor": descriptor.reference,
            "DW": _FULL_WIDTH,
        }
    )
    document.add_object(glyphs)
    whole = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": "/STSong-Light-UniGB-UTF16-H",
            "Encoding": "/UniGB-UTF16-H",
            "DescendantFonts": pydyf.Array([glyphs.reference]),
        }
    )
    document.add_object(whole)
    return pydyf.Dictionary({"F1": simple("Helvetica"), "F2": simple("Helvetica-Bold"), "F3": whole.reference.decode()})


def _draw(stream: "pydyf.Stream", mark: _Mark) -> None:
    if isinstance(mark, _Rule):
        stream.set_line_width(0.5)
        stream.move_to(_MARGIN, mark.y)
        stream.line_to(_WIDE - _MARGIN, mark.y)
        stream.stroke()
        return
    x = mark.x
    for simple, characters in groupby(mark.text, _simple):
        run = "".join(characters)
        stream.begin_text()
        stream.set_font_size(("F2" if mark.bold else "F1") if simple else "F3", mark.size)
        stream.set_text_matrix(1, 0, 0, 1, round(x, 2), round(mark.y, 2))
        raw = run.encode("cp1252" if simple else "utf-16-be").hex()
        stream.show_text(f"<{raw}>".encode())
        stream.end_text()
        x += width_of(run, mark.size)
