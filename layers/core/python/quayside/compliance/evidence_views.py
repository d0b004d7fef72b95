"""The evidence pack: the table of controls with its proofs, as Markdown and as a PDF document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from quayside.compliance.evidence_rules import STATES, Record, Row, State
from quayside.kernel.clock import format_instant

if TYPE_CHECKING:
    from datetime import datetime

_ASCII = str.maketrans(
    {
        "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u201c": '"', "\u201d": '"', "\u2019": "'", "\u2192": "->",
        "\u2264": "at most ", "\u2265": "at least ",
    }
)  # fmt: skip
_COLUMN = 42.0
"""Width of the column with the ids and states, in millimetres."""


class Pack(msgspec.Struct, frozen=True):
    """What an operator hands over.

    Attributes:
        written_at: when it was written.
        record: the run of the tests that it goes by; None when there is none.
        rows: every control with its proof.
    """

    written_at: "datetime"
    record: Record | None
    rows: tuple[Row, ...]

    @property
    def counts(self) -> dict[State, int]:
        """How many controls are in which state."""
        counted = Counter(row.state for row in self.rows)
        return {state: counted[state] for state in STATES}


def _basis(pack: Pack) -> str:
    if pack.record is None:
        return "No run of the tests is on record, so nothing counts as proved. Run: make test"
    return (
        f"By the run of all {len(pack.record.outcomes)} tests on revision {pack.record.revision}, "
        f"which ended at {pack.record.finished_at}."
    )


def _summary(pack: Pack) -> str:
    return ", ".join(f"{count} {state}" for state, count in pack.counts.items()) + f", of {len(pack.rows)} requirements"


def _remarks(row: Row) -> Iterator[tuple[str, Sequence[str]]]:
    control = row.control
    if control.open:
        yield "Open", (control.open,)
    if control.remains:
        yield "Not built yet", (control.remains,)
    if control.enforced_by:
        yield "Enforced by", control.enforced_by
    if row.outcomes:
        yield "Proved by", tuple(f"{test}: {outcome or 'did not run'}" for test, outcome in row.outcomes)


def markdown(pack: Pack) -> str:
    """Return the pack as a Markdown document."""
    lines = [
        "# Evidence of controls",
        "",
        f"Written {format_instant(pack.written_at)}. {_summary(pack)}.",
        "",
        _basis(pack),
        "",
        "| id | requirement | state |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {row.control.id} | {row.control.requirement} | {row.state} |" for row in pack.rows]
    for row in pack.rows:
        lines += ["", f"## {row.control.id}: {row.control.requirement}", "", f"**{row.state.capitalize()}.** "]
        lines[-1] += row.control.control
        for title, items in _remarks(row):
            lines += ["", f"{title}:", "", *(f"- {_code(item) if ':' in item else item}" for item in items)]
    return "\n".join(lines) + "\n"


def _code(item: str) -> str:
    place, colon, rest = item.rpartition(": ")
    return f"`{place}`: {rest}" if colon else f"`{item}`"


def pdf(pack: Pack) -> bytes:
    """Return the pack as a PDF document, A4, with the time it was written as its only date.

    Raises:
        ModuleNotFoundError: fpdf2 is not installed; it belongs to the dependency group ``evidence``.
    """
    from fpdf import FPDF  # noqa: PLC0415 - no function ships it

    document = FPDF(format="A4")
    document.set_creation_date(pack.written_at)
    document.set_title("Quayside: evidence of controls")
    document.set_auto_page_break(auto=True, margin=15)
    document.add_page()
    document.set_font("Helvetica", "B", 18)
    document.multi_cell(0, 9, "Evidence of controls", new_x="LMARGIN", new_y="NEXT")
    document.set_font("Helvetica", size=10)
    for text in (f"Written {format_instant(pack.written_at)}. {_summary(pack)}.", _basis(pack)):
        document.multi_cell(0, 5, _plain(text), new_x="LMARGIN", new_y="NEXT")
        document.ln(2)
    for row in pack.rows:
        # A heading stays with the text below it.
        if document.will_page_break(30):
            document.add_page()
        document.ln(3)
        document.set_font("Helvetica", "B", 11)
        document.cell(_COLUMN, 6, _plain(row.control.id))
        document.cell(0, 6, row.state.upper(), align="R", new_x="LMARGIN", new_y="NEXT")
        document.multi_cell(0, 5, _plain(row.control.requirement), new_x="LMARGIN", new_y="NEXT")
        document.set_font("Helvetica", size=9)
        document.multi_cell(0, 4.5, _plain(row.control.control), new_x="LMARGIN", new_y="NEXT")
        for title, items in _remarks(row):
            document.set_font("Helvetica", "B", 8)
            document.multi_cell(0, 4.5, title, new_x="LMARGIN", new_y="NEXT")
            document.set_font("Helvetica", size=8)
            for item in items:
                document.multi_cell(0, 4, _plain(item), new_x="LMARGIN", new_y="NEXT")
    return bytes(document.output())


def _plain(text: str) -> str:
    """Return text in the characters that every PDF reader brings a font for."""
    return text.translate(_ASCII).encode("latin-1", errors="replace").decode("latin-1")
