"""The life of a transcript, from the stored recording to its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased, undefer

from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict
from app.journal import service as journal
from app.patients.names import fold_name
from app.recordings.models import Recording, Transcript, TranscriptSegment
from app.recordings.rules import (
    MOST_ATTEMPTS,
    Kept,
    RecordingState,
    Segment,
    Side,
    TranscriptFailure,
    TranscriptState,
    retry_after,
)
from app.recordings.service.storing import kept
from app.recordings.service.word_index import add_words, remove_words
from app.texts import N_

_LEASE = timedelta(minutes=10)
# A queued task that was lost is queued again after this; so is one that found another in the making.
_QUEUE_AGAIN_AFTER = timedelta(seconds=30)
_STORED = (RecordingState.READY, RecordingState.DAMAGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptClaim:
    """A transcript that this worker alone makes until `until`. `attempts` counts this one."""

    kept: Kept
    call_id: str
    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTranscript:
    """What a model understood. `speech_seconds` are those of both sides together."""

    segments: Sequence[Segment]
    engine: str
    model: str
    language: str | None
    speech_seconds: float
    work_seconds: float


def transcript_of(session: Session, recording_id: str) -> Transcript | None:
    """The transcript of a recording, whatever its state."""
    return session.scalar(select(Transcript).where(Transcript.recording_id == recording_id))


def segments_of(session: Session, recording_id: str) -> list[Segment]:
    """What was said, in its order."""
    wanted = select(TranscriptSegment).where(TranscriptSegment.recording_id == recording_id)
    return [segment_of(row) for row in session.scalars(wanted.order_by(TranscriptSegment.place))]


def segment_of(row: TranscriptSegment) -> Segment:
    """A row as the rules take it."""
    return Segment(side=Side(row.side), start=row.start, end=row.end, text=row.text)


def is_any_to_transcribe(session: Session, now: datetime, *, since: datetime) -> bool:
    """Whether anything is to be done; asked without taking the write lock."""
    return session.scalar(select(Recording.id).where(*_without(since)).limit(1)) is not None or (
        session.scalar(select(Transcript.recording_id).where(_is_due(now)).limit(1)) is not None
    )


def adopt_untranscribed(session: Session, now: datetime, *, since: datetime, limit: int = 100) -> None:
    """Have a transcript made of each recording stored after `since` that has none."""
    found = session.scalars(select(Recording.id).where(*_without(since)).order_by(Recording.stored_at).limit(limit))
    session.add_all(_waiting(recording_id, now) for recording_id in found.all())
    session.flush()


def request_transcript(session: Session, recording: Recording, now: datetime) -> None:
    """Have a transcript made of this recording, or tried once more. Raises Conflict where there is no audio."""
    if recording.state not in _STORED or recording.path is None:
        raise Conflict(N_("There is no audio for this recording."))
    found = transcript_of(session, recording.id)
    if found is None:
        session.add(_waiting(recording.id, now))
    elif found.state == TranscriptState.FAILED:
        found.state, found.due_at, found.attempts, found.failure = TranscriptState.WAITING, now, 0, None
    session.flush()


def take_due_transcripts(session: Session, now: datetime, *, at_once: int) -> list[str]:
    """The ids of recordings whose transcript is to be queued now: newest first, and no more than may be made at once.

    One whose workers died again and again is given up.
    """
    lost = and_(Transcript.state == TranscriptState.MAKING, Transcript.claimed_until <= now)
    session.execute(
        update(Transcript)
        .where(lost, Transcript.attempts >= MOST_ATTEMPTS)
        .values(state=TranscriptState.FAILED, failure=TranscriptFailure.ENGINE, due_at=None, claimed_until=None)
    )
    free = at_once - (session.scalar(_count_made_now(now)) or 0)
    if free <= 0:
        return []
    wanted = select(Transcript.recording_id).join(Recording, Recording.id == Transcript.recording_id)
    due = session.scalars(wanted.where(_is_due(now)).order_by(Recording.started_at.desc()).limit(free)).all()
    session.execute(
        update(Transcript).where(Transcript.recording_id.in_(due)).values(due_at=now + _QUEUE_AGAIN_AFTER),
        execution_options={"synchronize_session": False},
    )
    return list(due)


def claim_transcript(session: Session, recording_id: str, now: datetime, *, at_once: int) -> TranscriptClaim | None:
    """Take a transcript to make it. Nothing when it is made, another worker has it, or so many are being made.

    On PostgreSQL two that ask in the same instant may both get theirs; nothing but the time suffers.
    """
    until = now + _LEASE
    made_now = _count_made_now(now).scalar_subquery()
    is_free = or_(
        Transcript.state == TranscriptState.WAITING,
        and_(Transcript.state == TranscriptState.MAKING, Transcript.claimed_until <= now),
    )
    claimed = session.execute(
        update(Transcript)
        .where(Transcript.recording_id == recording_id, is_free, made_now < at_once)
        .values(state=TranscriptState.MAKING, claimed_until=until, attempts=Transcript.attempts + 1),
        execution_options={"synchronize_session": False},
    )
    if rows_changed(claimed) != 1:
        return None
    wanted = select(Recording, Transcript.attempts).join(Transcript, Transcript.recording_id == Recording.id)
    recording, attempts = session.execute(wanted.where(Recording.id == recording_id)).one()
    if recording.path is None:
        session.execute(delete(Transcript).where(Transcript.recording_id == recording_id))
        return None
    return TranscriptClaim(kept=kept(recording), call_id=recording.call_id, attempts=attempts, until=until)


def renew_transcript_claim(session: Session, claim: TranscriptClaim, now: datetime) -> TranscriptClaim | None:
    """Keep a claim for longer. Nothing when it was lost: the recording is gone, or another worker has it."""
    until = now + _LEASE
    renewed = _finish(session, claim, claimed_until=until)
    return replace(claim, until=until) if renewed else None


def transcript_made(session: Session, bus: Bus, claim: TranscriptClaim, made: MadeTranscript, now: datetime) -> None:
    """Keep the words. Nothing is kept when the claim was lost."""
    is_ours = _finish(
        session,
        claim,
        state=TranscriptState.MADE,
        due_at=None,
        claimed_until=None,
        failure=None,
        engine=made.engine,
        model=made.model,
        language=made.language,
        made_at=now,
        speech_seconds=made.speech_seconds,
        work_seconds=made.work_seconds,
        search_text=" ".join(folded_words(" ".join(each.text for each in made.segments))),
    )
    if not is_ours:
        return
    rows = [
        {
            "recording_id": claim.kept.id,
            "place": place,
            "side": each.side,
            "start": each.start,
            "end": each.end,
            "text": each.text,
        }
        for place, each in enumerate(made.segments)
    ]
    if rows:
        session.execute(insert(TranscriptSegment), rows)
    add_words(session, session.scalars(_with_words(claim.kept.id)).one())
    _tell(session, bus, "recording.transcribed", claim, now)


def transcript_failed(
    session: Session, bus: Bus, claim: TranscriptClaim, failure: TranscriptFailure, now: datetime
) -> None:
    """Have it tried again later, or give it up and say why."""
    wait = retry_after(failure, claim.attempts)
    if wait is not None:
        _finish(session, claim, state=TranscriptState.WAITING, due_at=now + wait, claimed_until=None)
    elif _finish(session, claim, state=TranscriptState.FAILED, due_at=None, claimed_until=None, failure=failure):
        _tell(session, bus, "recording.not_transcribed", claim, now)


def transcript_postponed(session: Session, claim: TranscriptClaim, due_at: datetime) -> None:
    """Give the claim back as if it had not been taken."""
    values = {"state": TranscriptState.WAITING, "claimed_until": None, "attempts": claim.attempts - 1}
    _finish(session, claim, due_at=due_at, **values)


def remove_transcript(session: Session, recording_id: str) -> int | None:
    """Remove a transcript with all its words. Returns how many segments it had; nothing where there was none."""
    found = session.scalar(_with_words(recording_id))
    if found is None:
        return None
    if found.state == TranscriptState.MADE:
        remove_words(session, found)
    removed = session.execute(delete(TranscriptSegment).where(TranscriptSegment.recording_id == recording_id))
    session.delete(found)
    session.flush()
    return rows_changed(removed)


def folded_words(text: str) -> list[str]:
    """The words of a text as they are looked for: 简体, small letters, without signs."""
    return [folded for word in text.split() if (folded := fold_name(word))]


def _with_words(recording_id: str) -> Select[Transcript]:
    wanted = select(Transcript).where(Transcript.recording_id == recording_id)
    return wanted.options(undefer(Transcript.search_text)).execution_options(populate_existing=True)


def _waiting(recording_id: str, now: datetime) -> Transcript:
    return Transcript(recording_id=recording_id, state=TranscriptState.WAITING, due_at=now)


def _without(since: datetime) -> tuple[ColumnElement[bool], ...]:
    has_one = select(Transcript.recording_id).where(Transcript.recording_id == Recording.id).exists()
    return Recording.stored_at >= since, Recording.state.in_(_STORED), Recording.path.is_not(None), ~has_one


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(Transcript.state == TranscriptState.WAITING, Transcript.due_at <= now),
        and_(Transcript.state == TranscriptState.MAKING, Transcript.claimed_until <= now, Transcript.due_at <= now),
    )


def _count_made_now(now: datetime) -> Select[int]:
    other = aliased(Transcript)
    return select(func.count()).where(other.state == TranscriptState.MAKING, other.claimed_until > now)


def _finish(session: Session, claim: TranscriptClaim, **values: object) -> bool:
    finished = session.execute(
        update(Transcript)
        .where(
            Transcript.recording_id == claim.kept.id,
            Transcript.state == TranscriptState.MAKING,
            Transcript.claimed_until == claim.until,
        )
        .values(**values),
        execution_options={"synchronize_session": False},
    )
    return rows_changed(finished) == 1


def _tell(session: Session, bus: Bus, kind: str, claim: TranscriptClaim, now: datetime) -> None:
    payload = {"recording_id": claim.kept.id}
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, call_id=claim.call_id, payload=payload)])
