"""Which uploaded files callers may hear."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from app.texts import N_

MOST_BYTES = 10 * 1024 * 1024
"""Five minutes of uncompressed speech at 16 kHz, or of music as MP3 at 256 kbit/s."""
MOST_SECONDS = 300
MOST_NAME = 120


class SoundState(StrEnum):
    """waiting → ready or broken."""

    WAITING = "waiting"  # to be converted
    READY = "ready"
    BROKEN = "broken"


class SoundFault(StrEnum):
    """Why a file cannot be used."""

    NO_AUDIO = "no_audio"
    TOO_LONG = "too_long"
    SILENT = "silent"


STATE_TEXT = {
    SoundState.WAITING: N_("Being converted"),
    SoundState.READY: N_("Ready"),
    SoundState.BROKEN: N_("Cannot be used"),
}
FAULT_TEXT = {
    SoundFault.NO_AUDIO: N_("This file holds no sound that we can read. WAV, MP3, M4A, FLAC and OGG are read."),
    SoundFault.TOO_LONG: N_("It is longer than five minutes."),
    SoundFault.SILENT: N_("Nothing can be heard in it."),
}
"""Labels, in English; whoever shows them translates them."""


def clean_name(written: str, file_name: str) -> str:
    """What a sound is called: as it was written, else as its file, without anything that is no text; never empty."""
    for text in (written, file_name.replace("\\", "/").rpartition("/")[2]):
        letters = (each if unicodedata.category(each)[0] not in "CZ" else " " for each in text)
        if name := " ".join("".join(letters).split())[:MOST_NAME]:
            return name
    return "-"
