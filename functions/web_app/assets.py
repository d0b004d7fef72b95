"""The files of the web application, read once and addressed by the hash of their content.

Every file is text (the font travels as base64 text), so the API needs no binary media types and compresses all of it.
One version names the whole set: a relative import inside a module stays inside its version, and what an address under
a version gives never changes, so browsers keep it for good.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_STATIC_IMPORT: Final = re.compile(r"""\b(?:from|import)\s*["'](\.{1,2}/[^"']+\.js)["']""")


class Asset(NamedTuple):
    """One file as it is sent: its text, its content type and the strong validator of its content."""

    text: str
    content_type: str
    etag: str


class AssetSet(NamedTuple):
    """All files by their path below `static`, the version that names them as a whole, and the page they belong to."""

    files: dict[str, Asset]
    version: str
    page: str


def read_assets(root: Path) -> AssetSet:
    """Read every servable file below a folder.

    Args:
        root: the folder that holds `index.html` and the asset folders, at most one level deep.

    Returns:
        The files by relative path (`main.js`, `vendor/preact.js`); what is not in it is not served, so no request can
        reach another file by its path.

    Raises:
        FileNotFoundError: the folder has no `index.html`.
    """
    files: dict[str, Asset] = {}
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        content_type = _CONTENT_TYPES.get(path.suffix)
        if content_type is None or not path.is_file():
            continue
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        digest = hashlib.sha256(content).hexdigest()
        whole.update(f"{name}:{digest}\n".encode())
        files[name] = Asset(content.decode("utf-8"), content_type, f'"{digest[:32]}"')
    page = (root / "index.html").read_text(encoding="utf-8")
    whole.update(page.encode())
    return AssetSet(files, whole.hexdigest()[:16], page)


def imported_modules(files: dict[str, Asset], *entries: str) -> list[str]:
    """Return the modules that the entries import, directly and indirectly, the entries first.

    Dynamic imports are left out: they are what the page need not wait for.

    Args:
        files: the assets by path.
        entries: paths of modules.

    Raises:
        KeyError: a module imports a file that is not there.
    """
    found: list[str] = []
    waiting = list(entries)
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        found.append(name)
        folder = name.rpartition("/")[0]
        waiting.extend(_resolve(folder, target) for target in _STATIC_IMPORT.findall(files[name].text))
    return found


def _resolve(folder: str, target: str) -> str:
    parts = folder.split("/") if folder else []
    for part in target.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
