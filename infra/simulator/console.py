"""The simulator's own page and its files."""

from pathlib import Path

from infra.simulator.consent import document

_FOLDER = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {path.name: (path, _KINDS[path.suffix]) for path in sorted(_FOLDER.iterdir()) if path.suffix in _KINDS}


def asset(name: str) -> tuple[bytes, str] | None:
    """Return (content, media type) of one of the page's files, or None."""
    found = _FILES.get(name)
    return None if found is None else (found[0].read_bytes(), found[1])


def page() -> str:
    """Return the page from which the simulator is watched and steered."""
    body = (_FOLDER / "console.html").read_text(encoding="utf-8")
    return document("Console", body, '<script type="module" src="/assets/console.js"></script>')
