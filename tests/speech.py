"""Real words, spoken, and a real model that understands them: what the package moonshine-voice ships for English."""

from __future__ import annotations

import array
import base64
import importlib.util
import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg

_RATE = 8000


def spoken_words() -> array.array[int]:
    """Ten seconds by a woman, as the telephone carries them: "Ever tried, ever failed, no matter. Try again …"."""
    return _on_the_telephone(_assets() / "beckett.wav")


def make_model(folder: Path) -> Path:
    """A folder with the model as it is published for sherpa-onnx, made of the package's own files."""
    folder.mkdir()
    source = _assets() / "tiny-en"
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (folder / name).symlink_to(source / name)
    lines = (f"{base64.b64encode(token).decode()} {place}\n" for place, token in enumerate(_tokens(source)))
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def _assets() -> Path:
    found = importlib.util.find_spec("moonshine_voice")
    assert found is not None and found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "assets"


def _tokens(source: Path) -> Iterator[bytes]:
    """Each token stands behind its length: one byte, or two where the first is above 127."""
    content, at = (source / "tokenizer.bin").read_bytes(), 0
    while at < len(content):
        length, at = content[at], at + 1
        if length >= 128:
            length, at = content[at] * 128 + length - 128, at + 1
        yield content[at : at + length]
        at += length


def _on_the_telephone(path: Path) -> array.array[int]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-ar", str(_RATE), "-ac", "1"]
    done = subprocess.run([*command, "-f", "s16le", "pipe:1"], capture_output=True, check=True)
    return array.array("h", done.stdout)
