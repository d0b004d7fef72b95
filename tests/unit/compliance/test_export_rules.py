"""How the rows of an export are written, and what an export is as time passes."""

import csv
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from quayside.compliance.export_rules import (
    KEPT,
    LINK_LIFE,
    STANDS_STILL,
    FileEntry,
    Heading,
    Packed,
    State,
    as_table,
    directory,
    header,
    neutral,
    state_at,
    table_row,
)
from quayside.compliance.export_sources import WALKERS
from quayside.kernel.money import Money
from quayside.storage.connection import REFRESH_BEFORE
from seller_api.routes.sync import BROWSERS
from tests.support.aws import START

HEADINGS = (Heading("title"), Heading("total", is_money=True), Heading("units"), Heading("cancelled"))


def line(**values: object) -> dict[str, object]:
    return msgspec.json.decode(msgspec.json.encode({"connection_id": "c1", **values}), type=dict[str, object])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠x"])  # noqa: RUF001 - wide forms
def test_what_looks_like_a_formula_is_made_a_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Lamp", "Lamp = light", "2026-11-21T10:11:12Z", "'=1"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert neutral(text) == text


def test_a_row_names_money_by_amount_and_currency_and_leaves_unknown_cells_empty() -> None:
    assert header(HEADINGS) == ["connection_id", "title", "total", "total_currency", "units", "cancelled"]
    full = line(title="=cmd()", total=Money(-1999, "USD"), units=-3, cancelled=True)
    assert table_row(full, HEADINGS) == ["c1", "'=cmd()", "-19.99", "USD", "-3", "true"]
    assert table_row(line(total=Money(7, "JPY"), units=0.5), HEADINGS) == ["c1", "", "7", "JPY", "0.5", ""]
    assert table_row(line(), HEADINGS) == ["c1", "", "", "", "", ""]


def test_a_table_is_read_back_as_it_was_written() -> None:
    rows = [["connection_id", "title"], ["c1", 'A "lamp", blue\nand a shade']]
    assert list(csv.reader(io.StringIO(as_table(rows).decode(), newline=""))) == rows


@pytest.mark.parametrize(
    ("state", "after", "shown"),
    [
        ("waiting", timedelta(), "waiting"),
        ("running", STANDS_STILL - timedelta(seconds=1), "running"),
        ("running", STANDS_STILL, "failed"),
        ("waiting", STANDS_STILL, "failed"),
        ("ready", KEPT - timedelta(seconds=1), "ready"),
        ("ready", KEPT, "ended"),
        ("failed", 2 * KEPT, "failed"),
    ],
)
def test_an_export_ends_and_one_that_stands_still_has_failed(state: State, after: timedelta, shown: State) -> None:
    ends_at = START + KEPT if state == "ready" else None
    assert state_at(state, ends_at, START, START + after) == shown


def test_a_link_ends_before_the_session_that_signed_it() -> None:
    assert LINK_LIFE < REFRESH_BEFORE


def test_everything_that_can_be_browsed_is_exported() -> None:
    assert {walker.dataset for walker in WALKERS.values()} == set(BROWSERS)


@pytest.mark.parametrize("large", [0, 5 << 30])
def test_a_zip_of_any_size_says_where_each_file_is(tmp_path: Path, large: int) -> None:
    """The content may be of nothing: what is looked at is the directory, of files as large as they say."""
    packed = [
        Packed(FileEntry("orders.csv", "orders", 1, 3 * large + 7, "0"), "k1", large + 20, large + 5, 0xDEADBEEF, 8),
        Packed(FileEntry("fées.jsonl", "fees", 1, 9, "0"), "k2", 30, 4, 5, 8 | 0x800),
    ]
    path = tmp_path / "export.zip"
    with path.open("wb") as file:
        file.truncate(large + 50)
        file.seek(large + 50)
        file.write(directory(packed, START))

    with zipfile.ZipFile(path) as archive:
        first, second = archive.infolist()

    assert (first.filename, first.header_offset, first.file_size) == ("orders.csv", 0, 3 * large + 7)
    assert (first.compress_size, first.CRC) == (large + 5, 0xDEADBEEF)
    assert (second.filename, second.header_offset, second.file_size) == ("fées.jsonl", large + 20, 9)
    assert second.date_time == START.timetuple()[:6]
