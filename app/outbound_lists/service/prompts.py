"""What an automatic call says, as sounds that Asterisk plays: made once for the same words, and never half."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from app.errors import Unavailable
from app.texts import N_

# A sentence of two hundred characters is spoken in a second; what takes longer hangs.
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A sound that somebody has recorded: its SHA-256, and how to come by the WAV."""

    sha256: str
    load: Callable[[], bytes]


def make_prompts(spool_dir: Path, texts: Mapping[str, str], recorded: Mapping[str, Recorded] | None = None) -> str:
    """Speak these texts, by the name of each sound, into a folder below the spool. Returns the folder's name.

    `recorded` are sounds that are not spoken but copied there. The folder is named after the words and appears when it
    is whole: made twice it is the same. Raises Unavailable when this machine cannot speak.
    """
    said: dict[str, str] = dict(texts)
    said |= {sound: f"sha256:{each.sha256}" for sound, each in (recorded or {}).items()}
    words = json.dumps(dict(sorted(said.items())), ensure_ascii=False)
    name = hashlib.sha256(words.encode()).hexdigest()[:32]
    folder = spool_dir / "prompts" / name
    if folder.is_dir():
        return name
    espeak = shutil.which("espeak-ng") or ""
    if texts and not espeak:
        raise Unavailable(N_("This machine cannot speak: espeak-ng is missing. Install it and prepare the list again."))
    growing = folder.with_name(f".{secrets.token_hex(8)}")
    growing.mkdir(parents=True)
    try:
        for sound, text in texts.items():
            _speak(espeak, text, growing / f"{sound}.wav")
        for sound, each in (recorded or {}).items():
            (growing / f"{sound}.wav").write_bytes(each.load())
        growing.rename(folder)
    except FileExistsError:
        pass  # Somebody else was as fast.
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(growing, ignore_errors=True)
    return name


def _speak(espeak: str, text: str, target: Path) -> None:
    voice = "cmn" if re.search("[\u4e00-\u9fff]", text) else "en"
    spoken = target.with_suffix(".spoken.wav")
    # A pipe, so that a text that begins with a dash is not taken for an option.
    command = [espeak, "-v", voice, "-s", "150", "-w", str(spoken), "--stdin"]
    _run(command, text.encode() or b" ")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    # Asterisk plays 8 kHz, 16 bit, one channel as it is.
    _run([ffmpeg, "-v", "error", "-y", "-i", str(spoken), "-ar", "8000", "-ac", "1", "-c:a", "pcm_s16le", str(target)])
    spoken.unlink()


def _run(command: list[str], given: bytes = b"") -> None:
    try:
        subprocess.run(command, input=given, check=True, capture_output=True, timeout=_PATIENCE_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Unavailable(N_("The words of the calls could not be spoken. Prepare the list again.")) from None
