"""How long recordings are kept: classes, holds, what is past its time, and the proof of what was removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, not_, select, update
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.bus import Bus
from app.calls.models import Call
from app.configuration.rules import YEARS_KEPT
from app.configuration.service import value
from app.errors import Conflict, InvalidInput, NotFound
from app.followups.models import FollowupAttempt
from app.journal import service as journal
from app.recordings.models import Recording, RecordingDeletion, RecordingHold
from app.recordings.rules import KeepingClass, RecordingState, past_before
from app.recordings.rules import keeping_class as class_of_call
from app.recordings.service.transcribing import remove_transcript
from app.texts import N_

GRACE = timedelta(hours=24)
"""Between the order and the removal: whoever ordered too much can still take it back."""
MOST_AT_ONCE = 5_000
"""So many are read through by a person before they go, and written in one transaction within a second or two."""
_KEPT = (RecordingState.READY, RecordingState.DAMAGED)
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassKept:
    """One class as the page shows it. `before` is the day of call before which its time is over."""

    keeping_class: KeepingClass
    years: int
    before: datetime
    recordings: int
    past: int
    held: int
    ordered: int


def overview(session: Session, now: datetime) -> Sequence[ClassKept]:
    """Every class with its years, how many it has, how many are past their time, held, and ordered to go."""
    return [_class_kept(session, each, now) for each in KeepingClass]


def hold(
    session: Session, bus: Bus, recording_ids: Sequence[str], *, subject: str, by: str, now: datetime
) -> Sequence[RecordingHold]:
    """Keep recordings whatever their age, until somebody releases them. An order to remove them is void.

    Raises InvalidInput without a subject, NotFound, Conflict for what is gone already.
    """
    subject = " ".join(subject.replace("\x00", "").split())
    if not subject or len(subject) > _LONGEST_SUBJECT:
        raise InvalidInput(N_("Say in at most 200 characters for what this is held."), field="subject")
    made = []
    for recording_id in recording_ids:
        # The row is locked: a removal that has begun is met, and one that has not finds the hold.
        found = session.scalar(select(Recording).where(Recording.id == recording_id).with_for_update())
        if found is None:
            raise NotFound(N_("There is no such recording."))
        if found.state == RecordingState.DELETED:
            raise Conflict(N_("This recording was deleted after its time was over."))
        made.append(RecordingHold(recording_id=recording_id, subject=subject, held_at=now, held_by=by))
        order = session.get(RecordingDeletion, recording_id)
        if order is not None:
            session.delete(order)
        _tell(session, bus, "recording.held", found, by, now)
    session.add_all(made)
    session.flush()
    return made


def release(session: Session, bus: Bus, recording: Recording, hold_id: int, *, by: str, now: datetime) -> None:
    """End a hold of a recording. Others of it go on. Raises NotFound; twice changes nothing."""
    held = session.get(RecordingHold, hold_id) if 0 < hold_id < 2**31 else None
    if held is None or held.recording_id != recording.id:
        raise NotFound(N_("There is no such hold."))
    if held.released_at is None:
        held.released_at, held.released_by = now, by
        _tell(session, bus, "recording.released", recording, by, now)


def holds_of(session: Session, recording_id: str) -> Sequence[RecordingHold]:
    """Every hold of a recording, those that have ended too, newest first."""
    wanted = select(RecordingHold).where(RecordingHold.recording_id == recording_id)
    return session.scalars(wanted.order_by(RecordingHold.id.desc())).all()


def order_deletion(session: Session, keeping_class: KeepingClass, *, by: str, now: datetime) -> int:
    """Have what is past its time and not held removed, a day from now; at most 5,000 at once. Returns how many."""
    years = value(session, YEARS_KEPT[keeping_class])
    wanted = select(Recording.id).join(Call, Call.id == Recording.call_id)
    wanted = wanted.where(
        _is_of(keeping_class), Recording.started_at < past_before(now, years), Recording.state.in_(_KEPT)
    ).where(not_(_is_held()), not_(_is_ordered()))
    ids = session.scalars(wanted.order_by(Recording.started_at).limit(MOST_AT_ONCE)).all()
    session.add_all(
        RecordingDeletion(
            recording_id=recording_id, keeping_class=keeping_class, years=years, ordered_by=by, ordered_at=now
        )
        for recording_id in ids
    )
    session.flush()
    return len(ids)


def take_back_deletion(session: Session, keeping_class: KeepingClass) -> int:
    """Void what was ordered of a class and not yet removed. Returns how many stay."""
    orders = session.scalars(
        select(RecordingDeletion).where(
            RecordingDeletion.keeping_class == keeping_class, RecordingDeletion.removed_at.is_(None)
        )
    ).all()
    for order in orders:
        session.delete(order)
    session.flush()
    return len(orders)


def due_deletions(session: Session, now: datetime, limit: int) -> Sequence[str]:
    """Recordings whose removal was ordered a day ago and whom nobody holds."""
    wanted = (
        select(RecordingDeletion.recording_id)
        .join(Recording, Recording.id == RecordingDeletion.recording_id)
        .where(RecordingDeletion.removed_at.is_(None), RecordingDeletion.ordered_at <= now - GRACE, not_(_is_held()))
    )
    return session.scalars(wanted.order_by(RecordingDeletion.ordered_at).limit(limit)).all()


def begin_deletion(session: Session, recording_id: str) -> Recording | None:
    """The row, locked, of a recording that may go now; nothing when it is held after all or has gone."""
    return session.scalar(
        select(Recording)
        .where(Recording.id == recording_id, Recording.state.in_(_KEPT), not_(_is_held()))
        .with_for_update()
    )


def recording_removed(session: Session, bus: Bus, recording: Recording, now: datetime) -> None:
    """The file is gone, and its transcript goes. What it was stays on record: its checksums, its length, by whose word
    it went.
    """
    recording.state, recording.deleted_at, recording.path, recording.peaks = RecordingState.DELETED, now, None, None
    gone = {"removed_at": now, "transcript_segments": remove_transcript(session, recording.id)}
    session.execute(update(RecordingDeletion).where(RecordingDeletion.recording_id == recording.id).values(**gone))
    order = session.get(RecordingDeletion, recording.id)
    assert order is not None
    _tell(session, bus, "recording.deleted", recording, order.ordered_by, now)


def deletion_of(session: Session, recording_id: str) -> RecordingDeletion | None:
    """The order by which a recording went or is to go."""
    return session.get(RecordingDeletion, recording_id)


def class_of(session: Session, call: Call) -> KeepingClass:
    """Of which kind a call's recording is, whoever asks."""
    attempt = select(FollowupAttempt.id).where(FollowupAttempt.call_id == call.id).limit(1)
    is_followup = session.scalar(attempt, execution_options={UNSCOPED: True}) is not None
    return class_of_call(direction=call.direction, is_followup=is_followup, is_voicemail=call.outcome == "voicemail")


def _class_kept(session: Session, keeping_class: KeepingClass, now: datetime) -> ClassKept:
    years = value(session, YEARS_KEPT[keeping_class])
    before = past_before(now, years)

    def count(*conditions: ColumnElement[bool]) -> int:
        wanted = select(func.count()).select_from(Recording).join(Call, Call.id == Recording.call_id)
        return session.scalar(wanted.where(_is_of(keeping_class), Recording.state.in_(_KEPT), *conditions)) or 0

    return ClassKept(
        keeping_class=keeping_class,
        years=years,
        before=before,
        recordings=count(),
        past=count(Recording.started_at < before, not_(_is_held()), not_(_is_ordered())),
        held=count(_is_held()),
        ordered=count(_is_ordered()),
    )


def _is_of(keeping_class: KeepingClass) -> ColumnElement[bool]:
    is_voicemail = Call.outcome == "voicemail"
    is_followup = exists().where(FollowupAttempt.call_id == Call.id)
    not_voicemail = Call.outcome.is_(None) | (Call.outcome != "voicemail")
    conditions: Mapping[KeepingClass, ColumnElement[bool]] = {
        KeepingClass.VOICEMAIL: is_voicemail,
        KeepingClass.CONSULTATION: and_(not_voicemail, Call.direction == "inbound"),
        KeepingClass.FOLLOWUP: and_(not_voicemail, Call.direction != "inbound", is_followup),
        KeepingClass.OUTBOUND: and_(not_voicemail, Call.direction != "inbound", not_(is_followup)),
    }
    return conditions[keeping_class]


def _is_held() -> ColumnElement[bool]:
    return exists().where(RecordingHold.recording_id == Recording.id, RecordingHold.released_at.is_(None))


def _is_ordered() -> ColumnElement[bool]:
    return exists().where(RecordingDeletion.recording_id == Recording.id, RecordingDeletion.removed_at.is_(None))


def _tell(session: Session, bus: Bus, kind: str, recording: Recording, by: str, now: datetime) -> None:
    payload = {"recording_id": recording.id, "by": by}
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, call_id=recording.call_id, payload=payload)])
