"""Tones as SIPp plays them, and which of them are in a recording, twenty times a second.

Every tone is a multiple of 20 Hz, so that it fits a look of 50 ms exactly and leaks into no other.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

LOOK_SECONDS = 0.05
_RATE = 8000
_LOOK = round(_RATE * LOOK_SECONDS)
_LOUDNESS = 0.3
# Far above what music leaves in one narrow line, and half of what is sent.
_AUDIBLE = 0.15

Presence = NDArray[np.bool_]


def write_tone(path: Path, hertz: int) -> Path:
    """A second of this tone for SIPp, which begins again without a break: A-law, 8 kHz."""
    samples = np.sin(np.arange(_RATE) * 2 * math.pi * hertz / _RATE) * _LOUDNESS * 32767
    raw = ["-f", "s16le", "-ar", str(_RATE), "-ac", "1", "-i", "pipe:0"]
    _ffmpeg(*raw, "-f", "alaw", str(path), given=samples.astype("<i2").tobytes())
    return path


@dataclass(frozen=True, slots=True)
class Heard:
    """How loud each multiple of 20 Hz is in each look of 50 ms, on each side."""

    patient: NDArray[np.float64]
    other: NDArray[np.float64]
    seconds: float

    def on_patient(self, hertz: int) -> Presence:
        """In which looks the patient's side has this tone."""
        return np.asarray(self.patient[:, hertz // 20] > _AUDIBLE)

    def on_other(self, *tones: int) -> NDArray[np.int64]:
        """Which of these tones the other side has, look by look: a bit for each, 0 for none."""
        present = self.other[:, [hertz // 20 for hertz in tones]] > _AUDIBLE
        return np.asarray((present.astype(np.int64) << np.arange(len(tones))).sum(axis=1))


def hear(audio: bytes) -> Heard:
    """Decode a two-sided recording as a browser would, and listen to the whole of it."""
    raw = _ffmpeg("-i", "pipe:0", "-f", "s16le", "-ar", str(_RATE), "pipe:1", given=audio)
    both = np.frombuffer(raw, dtype="<i2").reshape(-1, 2)
    return Heard(_lines(both[:, 0]), _lines(both[:, 1]), len(both) / _RATE)


def nearest_change(looks: Sequence[int] | NDArray[np.int64] | Presence, at: float) -> float | None:
    """How far from `at` (seconds) the nearest change is; nothing when there is none."""
    changes = np.flatnonzero(np.diff(np.asarray(looks).astype(int))) + 1
    return None if not len(changes) else round(float(np.abs(changes * LOOK_SECONDS - at).min()), 2)


def _ffmpeg(*arguments: str, given: bytes) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def _lines(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    looks = samples[: len(samples) // _LOOK * _LOOK].reshape(-1, _LOOK)
    return np.asarray(np.abs(np.fft.rfft(looks, axis=1)) / (_LOOK / 2) / 32768)
