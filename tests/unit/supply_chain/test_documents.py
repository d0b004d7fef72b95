"""What a file is by its bytes, what it may be called, and what is refused with which words."""

import io
import zipfile
import zlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.supply_chain import document_rules as rules
from quayside.supply_chain.document_rules import Document, Documents, Unacceptable


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))


def zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "x" * 40)
    return held.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", b"x") + chunk(b"IEND")
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 picture \xff\xd9"


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (PDF, "invoice.pdf", "application/pdf"),
        (PDF, "invoice.exe", "application/pdf"),
        (PDF.replace(b"1.7", b"2.0"), "", "application/pdf"),
        (PNG, "photo", "image/png"),
        (JPEG, "photo.png", "image/jpeg"),
        # Phones put a short film behind the picture.
        (JPEG + b"\x00\x00\x00\x18ftypmp42", "photo.jpg", "image/jpeg"),
        (b"sku,units\nLAMP-01,40\n", "cartons.csv", "text/csv"),
        (b"\xef\xbb\xbfsku;units\r\nL\xc3\xa4mpchen;40\r\n", "CARTONS.CSV", "text/csv"),
        (b"sku\tunits", "cartons.tsv", "text/plain"),
        ("到港通知".encode(), "notice.txt", "text/plain"),
        (b"MZ-100, 4 cartons", "cartons.txt", "text/plain"),
        (b"BM 40 < 50 kg and 3 < 4", "weights.txt", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_are(content: bytes, name: str, found: str) -> None:
    assert rules.type_of(content, name) == found


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.pdf", "empty"),
        (b" \r\n\t", "a.txt", "nothing but blanks"),
        (PDF[:40], "a.pdf", "cut off"),
        (b"%PDF-9.9 %%EOF", "a.pdf", "cut off"),
        (PDF.replace(b"/Type", b"/OpenAction << /S /JavaScript >> /Type"), "a.pdf", "script"),
        (PDF.replace(b"/Type", b"/OpenAction << /S /Launch >> /Type"), "a.pdf", "script"),
        (PNG[:-4], "a.png", "cut off"),
        (PNG + b"PK\x03\x04", "a.png", "behind its end"),
        (JPEG[:-2], "a.jpg", "cut off"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "invoice.pdf", "HTML"),
        (b"\xef\xbb\xbf \n<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "logo.png", "SVG"),
        (b"<?xml version='1.0'?><x/>", "a.txt", "markup"),
        (b"sku,units\nLAMP,<ScRiPt src=x>", "a.csv", "markup"),
        (b"hello < IFRAME src=x>", "a.txt", "markup"),
        (b"#!/bin/sh\nrm -rf /", "a.txt", "a script"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "invoice.pdf", "a Windows program"),
        (b"\x7fELF\x02\x01\x01", "a.pdf", "a program"),
        (zipped("xl/workbook.xml", "[Content_Types].xml", "xl/vbaProject.bin"), "prices.xlsx", "macros"),
        (zipped("[Content_Types].xml", "word/document.xml"), "letter.docx", "Word, Excel"),
        (zipped("META-INF/MANIFEST.MF", "A.class"), "a.jar", "a program"),
        (zipped("invoice.pdf"), "invoices.zip", "an archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "prices.xls", "macros"),
        (b"{\\rtf1\\ansi}", "a.txt", "RTF"),
        (b"GIF89a\x01\x00", "a.gif", "GIF"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "a.webp", "WebP"),
        (b"\x00\x00\x00\x18ftypheic\x00", "IMG_0001.HEIC", "HEIC"),
        (b"II*\x00\x08\x00", "scan.tif", "TIFF"),
        ("größe".encode("utf-16"), "a.txt", "UTF-16"),
        ("größe".encode("latin-1"), "a.csv", "none of what is taken"),
        (b"sku\x00units", "a.csv", "none of what is taken"),
        (b"PNG\r\n\x1a\n", "a.png", "none of what is taken"),
    ],
)
def test_what_is_not_taken_is_named_and_says_what_helps(content: bytes, name: str, said: str) -> None:
    with pytest.raises(Unacceptable, match=said) as refused:
        rules.type_of(content, name)
    assert refused.value.action.endswith((".", "it."))


def test_a_file_is_as_large_as_it_may_be_and_no_larger() -> None:
    assert rules.type_of(b"a" * rules.LIMIT_BYTES, "a.txt") == "text/plain"
    with pytest.raises(Unacceptable, match=r"has 10\.0 MB; a document has at most 10 MB"):
        rules.type_of(b"a" * (rules.LIMIT_BYTES + 1), "a.txt")


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("Invoice 77.pdf", "Invoice 77.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\Rechnung für Mühle.pdf", "Rechnung für Mühle.pdf"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("in\x00voi\r\nce.pdf", "invoice.pdf"),
        ("Mu\u0308hle.pdf", "Mühle.pdf"),
        ('what<>:"|?*.csv', "what_______.csv"),
        (" .hidden. ", "hidden"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("箱单 第1页.pdf", "箱单 第1页.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_is_safe_on_any_system(given_name: str, kept: str) -> None:
    assert rules.clean_name(given_name) == kept


@pytest.mark.parametrize("name", ["", "   ", "...", "/", "a/", "\u202e", "\x00"])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(Unacceptable, match="no name"):
        rules.clean_name(name)


@given(st.text(min_size=1, max_size=200), st.sampled_from(sorted(rules.ENDINGS)))
def test_a_clean_name_stays_as_it_is_and_fits_into_a_header(name: str, content_type: rules.ContentType) -> None:
    try:
        kept = rules.named(rules.clean_name(name), content_type)
    except Unacceptable:
        return
    assert rules.clean_name(kept) == kept
    assert len(kept) <= rules.NAME_LETTERS
    assert kept.casefold().endswith(rules.ENDINGS[content_type])
    header = rules.disposition(kept)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize(
    ("name", "content_type", "kept"),
    [
        ("invoice.pdf", "application/pdf", "invoice.pdf"),
        ("Photo.JPEG", "image/jpeg", "Photo.JPEG"),
        ("invoice.exe", "application/pdf", "invoice.exe.pdf"),
        ("run.csv", "text/plain", "run.csv.txt"),
    ],
)
def test_a_name_ends_as_its_file_is(name: str, content_type: rules.ContentType, kept: str) -> None:
    assert rules.named(name, content_type) == kept


def test_what_was_removed_is_remembered_for_a_while() -> None:
    def made(number: int) -> Document:
        return Document(str(number), f"{number}.pdf", "other", "application/pdf", 1, "0" * 64, "2026-11-22", "anna")

    documents = Documents()
    for number in range(rules.REMOVED_KEPT + 2):
        documents = rules.attached(documents, made(number))
    first = documents.attached[0]
    for each in documents.attached[1:]:
        documents = rules.without(documents, each, "2026-11-23", "ben")
    assert documents.attached == (first,)
    assert [each.document_id for each in documents.removed] == [str(number) for number in range(rules.REMOVED_KEPT)]
