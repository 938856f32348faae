"""The letters of envelopes: Noto Sans SC and TC in many small pieces, as the front-end build brings them.

A piece is opened only when one of its letters is needed, cut to those letters, and set to the regular weight. A
hospital may add fonts for rare letters of its own: TrueType files in the folder `fonts` of the data directory.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable
from pathlib import Path

import app

_BUILT = Path(next(iter(app.__path__))) / "web" / "static" / "dist" / "fonts"
_WEIGHT = 400


class Letters:
    """Which font piece holds a letter. Safe to keep as long as the files stay."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._piece_of: dict[int, Path] = {}
        for path in files:
            for code in _letters_in(path):
                self._piece_of.setdefault(code, path)

    def missing(self, text: str) -> list[str]:
        """The letters of a text that no font has, each once."""
        return [letter for letter in dict.fromkeys(text) if ord(letter) not in self._piece_of]

    def runs(self, text: str) -> list[tuple[Path, str]]:
        """The text cut where the font changes. Letters that no font has are left out."""
        runs: list[tuple[Path, str]] = []
        for letter in text:
            piece = self._piece_of.get(ord(letter))
            if piece is None:
                continue
            if runs and runs[-1][0] == piece:
                runs[-1] = piece, runs[-1][1] + letter
            else:
                runs.append((piece, letter))
        return runs


def letters_for(data_dir: Path) -> Letters:
    """All letters that this installation can print."""
    own = sorted((data_dir / "fonts").glob("*.ttf")) if (data_dir / "fonts").is_dir() else []
    return Letters([*sorted(_BUILT.glob("*/*.woff2")), *own])


def cut(path: Path, letters: Iterable[str]) -> bytes:
    """The font file as TrueType with these letters only."""
    from fontTools import subset  # fontTools takes a third of a second, which only printing should wait for
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with TTFont(path) as font:
        wanted = subset.Options(layout_features=[], notdef_outline=True)
        cutter = subset.Subsetter(wanted)
        cutter.populate(text="".join(letters))
        cutter.subset(font)
        if "fvar" in font:
            instantiateVariableFont(font, {"wght": _WEIGHT}, inplace=True)
        font.flavor = None
        written = io.BytesIO()
        font.save(written)
        return written.getvalue()


# Reading the tables of the 200 pieces took 0.4 s here; they do not change while a process runs.
@functools.lru_cache(maxsize=1024)
def _letters_in(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())
