"""Draws the ways of Amazon's data from the dataset registry: ``python -m infra.compliance.data_flow``.

What comes from Amazon, by which calls, notifications and reports and under which role; which function takes it in; how
long it is kept, and whether any of it is personal; for which feature it is read. The drawing is generated, so that it
says what the product does and nothing else; a test fails when it is stale.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from quayside.sync.registry import FEATURES, ONCE, REGISTRY, Dataset

DRAWING = Path(__file__).parent / "data-flow.svg"

_WIDTH = 1360
_TOP = 84
_GAP = 16
_LINE = 15
_LANES = ((24, 440), (508, 160), (712, 350), (1120, 216))
"""Left edge and width of each lane: Amazon, function, what is kept, feature."""
_LETTERS = (58, 22, 46, 28)
"""How many letters a line of each lane holds."""
_TITLES = ("Amazon tells", "Taken in by", "Kept encrypted, under the tenant's keys", "Read for")
_STYLE = """
svg { background: #faf9f6; font-family: system-ui, sans-serif; font-size: 12px; }
rect { fill: #ffffff; stroke: #cfc9be; }
rect.personal { stroke: #b3261e; stroke-width: 2; }
text { fill: #4c545d; }
.title { fill: #1b1f23; font-weight: 600; font-size: 13px; }
.head { fill: #1b1f23; font-size: 15px; }
path { fill: none; stroke: #8d8779; }
@media (prefers-color-scheme: dark) {
  svg { background: #0f1419; }
  rect { fill: #161d24; stroke: #3a4754; }
  text { fill: #b3bdc7; }
  .title, .head { fill: #e9edf1; }
  path { stroke: #64717e; }
}
"""


class _Box:
    """A box of a lane: its lines of text, the first of them its title."""

    def __init__(self, lane: int, title: str, texts: Sequence[str], style: str = "") -> None:
        self.lane = lane
        self.lines = (title, *(line for text in texts for line in _wrapped(text, _LETTERS[lane])))
        self.style = style
        self.height = 14 + _LINE * len(self.lines)
        self.middle = 0

    def drawn(self, middle: int) -> Iterator[str]:
        """Return its parts, placed around a height."""
        self.middle = middle
        left, width = _LANES[self.lane]
        top = middle - self.height // 2
        style = f' class="{self.style}"' if self.style else ""
        yield f'<rect x="{left}" y="{top}" width="{width}" height="{self.height}" rx="6"{style}/>'
        for place, line in enumerate(self.lines):
            yield _text(left + 10, top + 19 + _LINE * place, line, "" if place else "title")


def drawing() -> str:
    """Return the diagram as SVG."""
    rows = [(each, _boxes(each)) for each in (*ONCE, *REGISTRY)]
    height = _TOP + sum(max(box.height for box in boxes) + _GAP for _, boxes in rows)
    features = {each.key: _Box(3, each.title, (each.what,)) for each in FEATURES}
    shown: list[str] = []
    for place, box in enumerate(features.values()):
        shown += box.drawn(_TOP + round((place + 0.5) * (height - _TOP) / len(features)))
    top = _TOP
    for each, boxes in rows:
        tallest = max(box.height for box in boxes)
        for box in boxes:
            shown += box.drawn(top + tallest // 2)
        shown += [_line(boxes[0], boxes[1]), _line(boxes[1], boxes[2])]
        shown += [_line(boxes[2], features[feature]) for feature in each.features]
        top += tallest + _GAP
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title">',
        '<title id="title">The ways of Amazon\'s data through Quayside, by dataset</title>',
        f"<style>{_STYLE}</style>",
        *(_text(left, 48, title, "head") for (left, _), title in zip(_LANES, _TITLES, strict=True)),
        *shown,
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def _boxes(each: Dataset) -> tuple[_Box, _Box, _Box]:
    calls = ", ".join(operation.name for operation in each.operations)
    functions = ["sync_worker", "notification_intake"] if each.notifications else ["sync_worker"]
    kept = f"{round(each.retention_days / 30.44)} months at most, then deleted."
    if each.kept_for:
        kept = f"Kept {each.kept_for}."
    personal = "Holds personal data of buyers." if each.contains_personal_data else "No personal data of buyers."
    return (
        _Box(0, f"Role: {each.role}", (calls, *each.notifications, *each.reports)),
        _Box(1, functions[0], functions[1:]),
        _Box(2, each.title, (each.what, f"{kept} {personal}"), "personal" if each.contains_personal_data else ""),
    )


def _line(begin: _Box, end: _Box) -> str:
    begins, ends = sum(_LANES[begin.lane]), _LANES[end.lane][0]
    bend = (begins + ends) // 2
    return f'<path d="M{begins} {begin.middle} C{bend} {begin.middle} {bend} {end.middle} {ends} {end.middle}"/>'


def _text(x: int, y: int, text: str, style: str) -> str:
    named = f' class="{style}"' if style else ""
    return f'<text x="{x}" y="{y}"{named}>{escape(text)}</text>'


def _wrapped(text: str, letters: int) -> list[str]:
    """Return a text in lines of at most so many letters; a word that is longer stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Write the drawing, or check it."""
    parser = argparse.ArgumentParser(description="Draw the ways of Amazon's data.")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    if not parser.parse_args(arguments).check:
        DRAWING.write_text(drawing(), encoding="utf-8")
        return 0
    if DRAWING.exists() and DRAWING.read_text(encoding="utf-8") == drawing():
        return 0
    sys.stderr.write(f"{DRAWING.name} is out of date: run python -m infra.compliance.data_flow\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
