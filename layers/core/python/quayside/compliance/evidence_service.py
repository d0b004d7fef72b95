"""Writing the evidence pack."""

from pathlib import Path
from typing import TYPE_CHECKING

from quayside.compliance.evidence_rules import read_controls, read_record, rows
from quayside.compliance.evidence_views import Pack, markdown, pdf
from quayside.kernel.errors import NotFound

if TYPE_CHECKING:
    from quayside.kernel.clock import Clock

CONTROLS = Path("infra/compliance/controls.toml")
RECORD = Path("tests/artefacts/outcomes.json")


def pack_of(controls: Path, record: Path, clock: "Clock") -> Pack:
    """Put the table of controls and the record of the last whole run of the tests together.

    Args:
        controls: the table.
        record: the record; without one nothing counts as proved.
        clock: the time.

    Raises:
        NotFound: there is no table there.
        InvalidInput: the table or the record can't be read.
    """
    try:
        table = read_controls(controls.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise NotFound(
            f"There is no table of controls at {controls}.",
            code="no_controls",
            action="Run it in a checkout of Quayside, or say where the table is with --controls.",
        ) from problem
    found = read_record(record.read_bytes()) if record.exists() else None
    return Pack(clock.now(), found, rows(table, found.outcomes if found else {}))


def write(pack: Pack, folder: Path) -> tuple[Path, Path]:
    """Write a pack into a folder, as Markdown and as PDF, and return where they are.

    Raises:
        NotFound: the library that writes PDF is not installed.
    """
    try:
        document = pdf(pack)
    except ModuleNotFoundError as problem:
        raise NotFound(
            "The library that writes PDF is not installed.",
            code="no_pdf_library",
            action="Install it with: uv sync --frozen --group evidence",
        ) from problem
    folder.mkdir(parents=True, exist_ok=True)
    text, printed = folder / "evidence.md", folder / "evidence.pdf"
    text.write_text(markdown(pack), encoding="utf-8")
    printed.write_bytes(document)
    return text, printed
