"""What becomes of a transcript, what it is made of, and how it reads as a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.texts import N_

LONGEST_TEXT = 2_000


class Side(StrEnum):
    """Whose channel it is. Nobody guesses who speaks."""

    PATIENT = "patient"
    AGENT = "agent"


class TranscriptState(StrEnum):
    """waiting → making → made / failed; a worker that dies leaves making, which is taken up again."""

    WAITING = "waiting"
    MAKING = "making"
    MADE = "made"
    FAILED = "failed"


class TranscriptFailure(StrEnum):
    """Why there is no transcript."""

    NO_AUDIO = "no_audio"  # the file is not in its store
    ALTERED = "altered"  # the file is not what was written
    KEY_UNKNOWN = "key_unknown"
    UNREADABLE = "unreadable"  # the converter refused the audio
    ENGINE = "engine"  # the model could not be loaded, took too long, or died


FAILURE_TEXT: Mapping[TranscriptFailure, str] = {
    TranscriptFailure.NO_AUDIO: N_("The audio of this recording is not in its store."),
    TranscriptFailure.ALTERED: N_("The stored file of this recording was changed, so it was not transcribed."),
    TranscriptFailure.KEY_UNKNOWN: N_("The key of this recording is not here. Give it in WARDLINE_RECORDINGS_KEYS."),
    TranscriptFailure.UNREADABLE: N_("The audio of this recording cannot be read."),
    TranscriptFailure.ENGINE: N_("The transcription model could not be loaded, took too long or stopped."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What one side said without a longer pause, in seconds from the recording's beginning."""

    side: Side
    start: float
    end: float
    text: str


MOST_ATTEMPTS = 3
_RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=15))


def retry_after(failure: TranscriptFailure, attempts: int) -> timedelta | None:
    """When to try again after `attempts` tries, of which the last one ended so; nothing when it is no use."""
    if failure is not TranscriptFailure.ENGINE or attempts >= MOST_ATTEMPTS:
        return None
    return _RETRY_AFTER[attempts - 1]


def is_wording(text: str) -> bool:
    """Whether a model's answer has a word in it; of noise many say a note or a dash."""
    return any(char.isalnum() for char in text)


def in_order(segments: Sequence[Segment]) -> list[Segment]:
    """As they were said; of two that began at once the patient's first."""
    return sorted(segments, key=lambda segment: (segment.start, segment.side is Side.AGENT))


def as_text(segments: Sequence[Segment], words: Mapping[Side, str]) -> str:
    """One line each: time, who, what. `words` are what the sides are called."""
    return "".join(f"[{_clock(each.start)}] {words[each.side]}: {each.text}\n" for each in segments)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
