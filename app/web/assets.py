"""Links to the built style sheets and scripts, read from Vite's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, url_for
from markupsafe import Markup

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Give the templates `asset_tags("desk")`: the links of one entry of the front-end build."""
    assert app.static_folder is not None
    dist = Path(app.static_folder) / "dist"
    manifest = _read_manifest(dist)

    def asset_tags(entry: str) -> Markup:
        scripts, styles = _files_of(manifest, entry)
        links = [
            Markup('<link rel="stylesheet" href="{}">').format(url_for("static", filename=f"dist/{path}"))
            for path in styles
        ]
        links += [
            Markup('<script type="module" src="{}"></script>').format(url_for("static", filename=f"dist/{path}"))
            for path in scripts
        ]
        return Markup("\n").join(links)

    app.jinja_env.globals["asset_tags"] = asset_tags


def _read_manifest(dist: Path) -> dict[str, Any]:
    for path in (dist / "manifest.json", dist / ".vite" / "manifest.json"):
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
    log.warning("assets.not_built")
    return {}


def _files_of(manifest: dict[str, Any], entry: str) -> tuple[list[str], list[str]]:
    """The script of an entry, and its style sheets with those of all it imports."""
    chunk = next((found for found in manifest.values() if found.get("isEntry") and found.get("name") == entry), None)
    if chunk is None:
        return [], []
    styles: list[str] = []
    seen: set[str] = set()

    def collect(part: dict[str, Any]) -> None:
        for key in part.get("imports", ()):
            if key not in seen and key in manifest:
                seen.add(key)
                collect(manifest[key])
        styles.extend(path for path in part.get("css", ()) if path not in styles)

    collect(chunk)
    is_style = str(chunk["file"]).endswith(".css")
    return ([] if is_style else [chunk["file"]]), ([chunk["file"], *styles] if is_style else styles)
