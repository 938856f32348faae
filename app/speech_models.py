"""Which speech model lies in a folder, told by its files alone. What loads it is recordings/recognizer.py."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# An ONNX file says at its end what it is; the means and deviations that stand there too take some 20 kB.
_TAIL_BYTES = 256 * 1024
_LANGUAGES = frozenset({"zh", "en", "yue", "ja", "ko"})


class SpeechModelKind(StrEnum):
    """The families of models that are known here, each with a way of its own to be loaded."""

    SENSE_VOICE = "sense_voice"
    PARAFORMER = "paraformer"
    WHISPER = "whisper"
    MOONSHINE = "moonshine"  # three or four parts
    MOONSHINE_2 = "moonshine_2"  # encoder and merged decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModel:
    """A model that can be loaded. `files` are its parts in the order in which its kind takes them, the tokens last."""

    kind: SpeechModelKind
    name: str
    files: tuple[Path, ...]
    language: str | None  # where the folder's name has one and no other


_PARTS = {
    SpeechModelKind.MOONSHINE_2: (r"encoder_model\.ort", r"decoder_model_merged\.ort", r"tokens\.txt"),
    SpeechModelKind.MOONSHINE: (
        r"preprocess\.onnx",
        r"encode(\.int8)?\.onnx",
        r"uncached_decode(\.int8)?\.onnx",
        r"cached_decode(\.int8)?\.onnx",
        r"tokens\.txt",
    ),
    SpeechModelKind.WHISPER: (
        r"[\w.-]+-encoder(\.int8)?\.onnx",
        r"[\w.-]+-decoder(\.int8)?\.onnx",
        r"[\w.-]+-tokens\.txt",
    ),
    # Both lie in files of the same names.
    SpeechModelKind.SENSE_VOICE: (r"model(\.int8)?\.onnx", r"tokens\.txt"),
    SpeechModelKind.PARAFORMER: (r"model(\.int8)?\.onnx", r"tokens\.txt"),
}
_SAID_INSIDE = {SpeechModelKind.SENSE_VOICE: b"sense_voice", SpeechModelKind.PARAFORMER: b"paraformer"}


def recognise_model(folder: Path) -> SpeechModel | None:
    """The model in a folder; nothing when its files are those of none that is known."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        for kind, parts in _PARTS.items():
            files = tuple(folder / name for part in parts if (name := _best(part, names)))
            if len(files) == len(parts) and _says(files[0], _SAID_INSIDE.get(kind, b"")):
                return SpeechModel(kind=kind, name=folder.name, files=files, language=_language(folder.name))
    except OSError:
        return None
    return None


def _best(pattern: str, names: list[str]) -> str | None:
    """Of a model in two precisions the smaller one, which is as good on the telephone and twice as fast."""
    found = [name for name in names if re.fullmatch(pattern, name)]
    return min(found, key=lambda name: (".int8." not in name, name), default=None)


def _says(path: Path, word: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return word in file.read()


def _language(name: str) -> str | None:
    named = _LANGUAGES.intersection(re.split(r"[-_.]", name.lower()))
    return next(iter(named)) if len(named) == 1 else None
