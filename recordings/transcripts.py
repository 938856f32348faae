"""Make the transcript of a stored recording: where somebody speaks on each side, and what.

The sound is deciphered and decoded twice, in passing, and never written down: once for how loud it is, once for the
parts in which somebody speaks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.rules import (
    LONGEST_TEXT,
    Kept,
    Segment,
    Side,
    Stretch,
    TranscriptFailure,
    in_order,
    is_wording,
    stretches_of_speech,
)
from app.speech_models import SpeechModel
from recordings import sound
from recordings.recognizer import Recognizer, RecognizerError
from recordings.sealed import KeyUnknownError, SealBrokenError
from recordings.stores import StoreAwayError
from recordings.vault import Vault

log = structlog.get_logger()

_PIECE_BYTES = 256 * 1024
_STORE_AWAY = timedelta(minutes=5)
# A claim lasts ten minutes; whoever works longer says now and then that it lives.
_RENEW_SECONDS = 60.0
_LONGEST_NAME, _LONGEST_LANGUAGE = 120, 20
_FAILURES: dict[type[Exception], TranscriptFailure] = {
    FileNotFoundError: TranscriptFailure.NO_AUDIO,
    SealBrokenError: TranscriptFailure.ALTERED,
    KeyUnknownError: TranscriptFailure.KEY_UNKNOWN,
    sound.UnreadableAudioError: TranscriptFailure.UNREADABLE,
    RecognizerError: TranscriptFailure.ENGINE,
}


class ClaimLostError(Exception):
    """The recording was removed meanwhile, or another worker has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    side: Side
    stretch: Stretch
    samples: bytes


def make_transcript(parts: Parts, recording_id: str) -> None:
    """Bring one waiting transcript to made or failed, or have it tried again later.

    Harmless for one that is made, whose turn it is not, or that another worker makes: may be called twice at once.
    """
    model = parts.settings.transcription_model
    if model is None:
        return
    with parts.database.writing() as session:
        most = parts.settings.transcriptions_at_once
        claim = recordings.claim_transcript(session, recording_id, parts.now(), at_once=most)
    if claim is None:
        return
    work = _Work(parts, model, claim)
    try:
        made = work.done()
    except ClaimLostError:
        return
    except StoreAwayError:
        log.warning("transcript.store_away", recording=recording_id)
        with parts.database.writing() as session:
            recordings.transcript_postponed(session, work.claim, parts.now() + _STORE_AWAY)
    except tuple(_FAILURES) as error:
        failure = next(each for kind, each in _FAILURES.items() if isinstance(error, kind))
        log.error("transcript.failed", recording=recording_id, failure=failure.value)
        with parts.database.writing() as session:
            recordings.transcript_failed(session, parts.bus, work.claim, failure, parts.now())
    else:
        with parts.database.writing() as session:
            recordings.transcript_made(session, parts.bus, work.claim, made, parts.now())
        log.info(
            "transcript.made",
            recording=recording_id,
            segments=len(made.segments),
            speech_seconds=round(made.speech_seconds, 1),
            work_seconds=round(made.work_seconds, 1),
        )


class _Work:
    """One transcript in the making. `claim` is the one that holds now: it is renewed on the way."""

    def __init__(self, parts: Parts, model: SpeechModel, claim: recordings.TranscriptClaim) -> None:
        self._parts = parts
        self._model = model
        self.claim = claim
        self._vault = Vault(parts.settings)
        self._renewed = time.monotonic()

    def done(self) -> recordings.MadeTranscript:
        began = time.monotonic()
        stretches = self._find_speech()
        with Recognizer(self._model) as recognizer:
            segments, languages = list[Segment](), Counter[str]()
            for spoken in self._spoken(stretches):
                heard = recognizer.recognise(spoken.samples)
                if heard.language:
                    languages[heard.language] += 1
                if is_wording(heard.text):
                    at = spoken.stretch
                    segments.append(
                        Segment(side=spoken.side, start=at.start, end=at.end, text=heard.text[:LONGEST_TEXT])
                    )
                self._stay()
        return recordings.MadeTranscript(
            segments=in_order(segments),
            engine=recognizer.engine,
            model=self._model.name[:_LONGEST_NAME],
            # A model's own word, whatever it is.
            language=languages.most_common(1)[0][0][:_LONGEST_LANGUAGE] if languages else self._model.language,
            speech_seconds=sum(each.end - each.start for found in stretches.values() for each in found),
            work_seconds=time.monotonic() - began,
        )

    def _find_speech(self) -> dict[Side, list[Stretch]]:
        levels: dict[Side, list[float]] = {Side.PATIENT: [], Side.AGENT: []}
        for patient, agent in self._decoded():
            levels[Side.PATIENT] += sound.loudness(patient)
            levels[Side.AGENT] += sound.loudness(agent)
            self._stay()
        return {side: stretches_of_speech(each, sound.LEVELS_PER_SECOND) for side, each in levels.items()}

    def _spoken(self, stretches: dict[Side, list[Stretch]]) -> Iterator[_Spoken]:
        """What is said, with its samples, as soon as the sound has come so far: no more than a stretch is held."""
        waiting = {side: list(reversed(found)) for side, found in stretches.items()}
        held = {side: bytearray() for side in Side}
        begins = dict.fromkeys(Side, 0)  # where in the side, in bytes, what is held begins
        for pair in self._decoded():
            for side, samples in zip(Side, pair, strict=True):
                held[side] += samples
                while waiting[side] and _byte(waiting[side][-1].end) <= begins[side] + len(held[side]):
                    stretch = waiting[side].pop()
                    start, end = (_byte(at) - begins[side] for at in (stretch.start, stretch.end))
                    yield _Spoken(side=side, stretch=stretch, samples=bytes(held[side][start:end]))
                needed = _byte(waiting[side][-1].start) if waiting[side] else begins[side] + len(held[side])
                gone = min(max(0, needed - begins[side]), len(held[side]))
                del held[side][:gone]
                begins[side] += gone

    def _decoded(self) -> Iterator[tuple[bytes, bytes]]:
        kept: Kept = self.claim.kept
        with self._vault.opened(kept) as audio:
            pieces = (
                piece for start in range(0, audio.size, _PIECE_BYTES) for piece in audio.read(start, _PIECE_BYTES)
            )
            yield from sound.decoded(pieces)

    def _stay(self) -> None:
        if time.monotonic() - self._renewed < _RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        with self._parts.database.writing() as session:
            renewed = recordings.renew_transcript_claim(session, self.claim, self._parts.now())
        if renewed is None:
            raise ClaimLostError
        self.claim = renewed


def _byte(seconds: float) -> int:
    return round(seconds * sound.LEVELS_PER_SECOND) * (sound.BYTES_PER_SECOND // sound.LEVELS_PER_SECOND)
