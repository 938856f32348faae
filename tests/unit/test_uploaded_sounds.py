"""Uploaded files: whatever comes, callers hear a sound of 8 kHz or nothing of it."""

from __future__ import annotations

import io
import math
import struct
import subprocess
import wave
from pathlib import Path

import imageio_ffmpeg
import pytest

from app.sounds.rules import SoundFault, clean_name
from app.sounds.service import Converted
from recordings.uploads import convert_upload


def tone(rate: int = 44_100, channels: int = 2, seconds: float = 0.5, loud: int = 9000) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (struct.pack("<h", int(loud * math.sin(place / 5))) for place in range(int(rate * seconds)))
        file.writeframes(b"".join(sample * channels for sample in samples))
    return written.getvalue()


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "ogg", "flac"])
def test_sounds_of_many_kinds_become_one_that_a_telephone_plays(tmp_path: Path, kind: str) -> None:
    source, other = tmp_path / "source.wav", tmp_path / f"other.{kind}"
    source.write_bytes(tone())
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", source, other], check=True)
    made = convert_upload(other.read_bytes(), tmp_path)
    assert isinstance(made, Converted)
    with wave.open(io.BytesIO(made.sound)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.getnframes() / 8000 == pytest.approx(made.seconds) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"Nothing but words.", SoundFault.NO_AUDIO),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", SoundFault.NO_AUDIO),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", SoundFault.NO_AUDIO),
        (tone()[:40], SoundFault.NO_AUDIO),
        (bytes(5000), SoundFault.NO_AUDIO),
        (tone(rate=8000, channels=1, loud=0), SoundFault.SILENT),
        (tone(rate=8000, channels=1, seconds=301), SoundFault.TOO_LONG),
    ],
)
def test_what_is_no_sound_or_too_long_is_told_apart_and_opens_no_other_file(
    tmp_path: Path, data: bytes, fault: SoundFault
) -> None:
    assert convert_upload(data, tmp_path) is fault


def test_a_hostile_file_name_is_only_a_name() -> None:
    assert clean_name("", "../../etc/cron.d/x.wav") == "x.wav"
    assert clean_name("  Wel\x00come\r\n home ", "x") == "Wel come home"
    assert clean_name("\u202e", "\x1b") == "-"
    assert len(clean_name("a" * 999, "")) == 120
