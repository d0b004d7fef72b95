"""The files as such: nothing from elsewhere, nothing the content security policy would stop, nothing missing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from web_app import app as web_app
from web_app.assets import imported_modules, read_assets

STATIC = Path(web_app.__file__).parent / "static"
ASSETS = read_assets(STATIC)
OURS = sorted(path for path in STATIC.rglob("*.js") if path.parent.name != "vendor")
MANIFEST = json.loads((STATIC / "vendor" / "MANIFEST.json").read_text())


@pytest.mark.parametrize("entry", MANIFEST["files"], ids=lambda entry: entry["file"])
def test_a_vendored_file_is_what_its_package_published(entry: dict[str, object]) -> None:
    content = (STATIC / "vendor" / str(entry["file"])).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    published = base64.b64decode(content) if entry.get("encoding") == "base64" else content
    replacements = entry.get("replacements", [])
    assert isinstance(replacements, list)
    for change in replacements:
        published = published.replace(change["to"].encode(), change["from"].encode())
    assert hashlib.sha256(published).hexdigest() == entry["upstream_sha256"]


@pytest.mark.parametrize("entry", MANIFEST["files"], ids=lambda entry: entry["file"])
def test_a_vendored_file_has_version_source_and_licence(entry: dict[str, str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert entry["version"] in entry["source"]
    assert entry["licence"] in {"MIT", "Apache-2.0", "OFL-1.1"}
    assert len((STATIC / "vendor" / entry["licence_file"]).read_text()) > 500


def test_the_manifest_lists_every_vendored_file() -> None:
    listed = {entry["file"] for entry in MANIFEST["files"]} | {entry["licence_file"] for entry in MANIFEST["files"]}
    assert {path.name for path in (STATIC / "vendor").iterdir()} == listed | {"MANIFEST.json"}


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", page))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_module_uses_no_string_styles_no_raw_html_and_no_other_site(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r'\sstyle="', text), "a style attribute in a string is refused by the content security policy"
    assert not re.search(
        r"innerHTML|outerHTML|dangerouslySetInnerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )
    addresses = {address for address in re.findall(r"https?://[^\s`\"')]+", text) if "${" not in address}
    assert addresses == set()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_every_import_leads_to_a_file(path: Path) -> None:
    name = path.relative_to(STATIC).as_posix()
    assert imported_modules(ASSETS.files, name)[0] == name
    for target in re.findall(r"""import\(\s*["']([^"']+)["']""", path.read_text()):
        assert (path.parent / target).resolve().is_file()


def test_no_token_and_no_code_is_kept_in_the_browser() -> None:
    for path in OURS:
        text = path.read_text()
        assert "sessionStorage" not in text
        assert path.name in {"storage.js", "theme_first.js"} or "localStorage" not in text


def test_the_app_knows_the_screens_that_the_function_serves() -> None:
    text = (STATIC / "app" / "main.js").read_text()
    found = dict(re.findall(r'\{ path: "([^"]+)", load: \(\) => import\("\.\./([^"]+)"\)', text))
    assert found == dict(web_app.SCREENS)


def test_every_link_in_the_app_leads_to_a_screen() -> None:
    screens = [re.compile(re.sub(r"\{\w+\}", "[^/]+", screen)) for screen in web_app.SCREENS]
    for path in OURS:
        for target in re.findall(r'\bto="([^"]+)"', path.read_text()):
            assert any(screen.fullmatch(target) for screen in screens), f"{path.name} leads to {target}"


def test_what_a_first_visit_needs_is_light() -> None:
    heaviest = 0
    for screen in web_app.SCREENS.values():
        names = imported_modules(ASSETS.files, "app/main.js", screen)
        names += ["vendor/uplot.js", "vendor/uplot.css", "vendor/inter.woff2.txt", "app/theme_first.js", "icon.svg"]
        names += [f"styles/{name}.css" for name in ("tokens", "base", "components", "screens")]
        heaviest = max(heaviest, sum(len(gzip.compress(ASSETS.files[name].text.encode(), 6)) for name in names))
    assert heaviest <= 190 * 1024


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "app" / "main.js").write_text("one")
    first = read_assets(tmp_path).version
    (tmp_path / "app" / "main.js").write_text("two")
    second = read_assets(tmp_path).version
    (tmp_path / "index.html").write_text("another page")
    assert len({first, second, read_assets(tmp_path).version}) == 3


def test_a_missing_import_is_found_when_the_page_is_built(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "main.js").write_text('import { x } from "./gone.js";')
    with pytest.raises(KeyError):
        imported_modules(read_assets(tmp_path).files, "main.js")


CONTRAST_PAIRS = [
    (ink, ground)
    for ink in ("--ink", "--ink-2", "--ink-3", "--accent", "--good", "--warn", "--bad")
    for ground in ("--paper", "--surface", "--sunken")
] + [
    ("--good", "--good-soft"),
    ("--warn", "--warn-soft"),
    ("--bad", "--bad-soft"),
    ("--accent", "--accent-soft"),
    ("--accent-ink", "--accent"),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), CONTRAST_PAIRS)
def test_text_stands_out_from_its_ground(ink: str, ground: str, theme: int) -> None:
    tokens = dict(
        re.findall(r"(--[\w-]+): light-dark\((#\w{6}, #\w{6})\)", (STATIC / "styles" / "tokens.css").read_text())
    )
    lighter, darker = sorted((_luminance(tokens[name].split(", ")[theme]) for name in (ink, ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
