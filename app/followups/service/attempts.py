"""Attempts to reach somebody: written before anything is dialled, settled by what telephony knows afterwards.

Whatever process dies between claim, dial, answer and record, the attempt's id is the id of its order and of its call:
one row, one call, and the call says what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls import service as calls
from app.calls.models import Call, Leg, TelephonyCommand
from app.calls.rules import CallOutcome, Telling, talk_seconds
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import AttemptOutcome, DiallingMode
from app.journal.service import Entry, append

_PIECE = 500
_OF_CALL = {
    CallOutcome.ANSWERED: AttemptOutcome.ANSWERED,
    CallOutcome.NO_ANSWER: AttemptOutcome.NO_ANSWER,
    CallOutcome.BUSY: AttemptOutcome.BUSY,
    CallOutcome.REJECTED: AttemptOutcome.REJECTED,
    CallOutcome.WRONG_NUMBER: AttemptOutcome.WRONG_NUMBER,
    CallOutcome.FAILED: AttemptOutcome.FAILED,
    CallOutcome.AGENT_CANCELLED: AttemptOutcome.CANCELLED,
    CallOutcome.CLOSED: AttemptOutcome.FAILED,  # of inbound calls only, as are the next two
    CallOutcome.VOICEMAIL: AttemptOutcome.FAILED,
    CallOutcome.CALLBACK: AttemptOutcome.FAILED,
    CallOutcome.ABANDONED: AttemptOutcome.ANSWERED,  # an automatic call that was answered and left in the queue
}
_RANK = {
    Telling.HUMAN: 1,
    Telling.MACHINE: 1,
    Telling.SKIPPED: 2,
    Telling.FINISHED: 3,
    Telling.ANSWER: 4,
    Telling.HAND_OVER: 5,
}
_BY_HAND = frozenset({Telling.ANSWER, Telling.HAND_OVER})


def begin_attempt(
    session: Session,
    bus: Bus,
    *,
    id: str,
    task_id: int,
    dialling: DiallingMode,
    agent: str | None,
    phone_id: int | None,
    number: str,
    now: datetime,
) -> None:
    """Write an attempt in the transaction that orders it. `id` is the order's id, a UUID; the same id again raises."""
    patient_id = session.scalars(select(FollowupTask.patient_id).where(FollowupTask.id == task_id)).one()
    session.add(
        FollowupAttempt(
            id=id,
            task_id=task_id,
            patient_id=patient_id,
            dialling=dialling,
            agent=agent,
            phone_id=phone_id,
            number=number,
            started_at=now,
        )
    )
    session.execute(
        update(FollowupTask)
        .where(FollowupTask.id == task_id)
        .values(attempts=FollowupTask.attempts + 1, changed_at=now, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    payload = {"task_id": task_id, "dialling": dialling.value}
    append(session, bus, [Entry(kind="followup.attempted", at=now, agent=agent, payload=payload)])


def open_attempts(session: Session, limit: int = _PIECE) -> Sequence[FollowupAttempt]:
    """The attempts of which nobody knows yet how they ended, oldest first."""
    query = select(FollowupAttempt).where(FollowupAttempt.ended_at.is_(None))
    return session.scalars(query.order_by(FollowupAttempt.started_at).limit(limit)).all()


def dialled_numbers(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Whom these attempts call, as E.164."""
    if not ids:
        return {}
    query = select(FollowupAttempt.id, FollowupAttempt.number).where(FollowupAttempt.id.in_(ids))
    return dict(session.execute(query).all())


def note_telling(session: Session, attempt: FollowupAttempt, telling: Telling) -> None:
    """Keep the most that an automatic call has told; keys that were pressed prove that no machine took the call."""
    known = Telling(attempt.progress) if attempt.progress else None
    if known is None or _RANK[telling] > _RANK[known]:
        attempt.progress = telling
    if telling is Telling.MACHINE and attempt.progress == Telling.MACHINE:
        attempt.outcome = AttemptOutcome.MACHINE
    elif telling in _BY_HAND and attempt.outcome == AttemptOutcome.MACHINE:
        attempt.outcome = AttemptOutcome.ANSWERED
    session.flush()


def settle_attempts(session: Session, bus: Bus, now: datetime) -> list[FollowupAttempt]:
    """Note what telephony knows of the open attempts. Returns those that have just ended.

    An attempt that nobody's telephone rang for does not count against the task.
    """
    attempts = open_attempts(session)
    if not attempts:
        return []
    ids = [attempt.id for attempt in attempts]
    known = {call.linkedid: call for call in session.scalars(select(Call).where(Call.linkedid.in_(ids)))}
    orders = {row.id: row for row in session.scalars(select(TelephonyCommand).where(TelephonyCommand.id.in_(ids)))}
    talkers = _talkers(session, [call.id for call in known.values()])
    is_link_proved = calls.is_link_proved(session, now)
    ended = []
    for attempt in attempts:
        call = known.get(attempt.id)
        if call is not None:
            if _settle_by_call(attempt, call, talkers.get(call.id)):
                ended.append(attempt)
        elif calls.was_never_done(
            session, orders.get(attempt.id), attempt.started_at, now, is_link_proved=is_link_proved
        ):
            attempt.outcome, attempt.ended_at = AttemptOutcome.NOT_DIALLED, now
            session.execute(
                update(FollowupTask)
                .where(FollowupTask.id == attempt.task_id, FollowupTask.attempts > 0)
                .values(attempts=FollowupTask.attempts - 1, row_version=FollowupTask.row_version + 1),
                execution_options={"synchronize_session": False},
            )
            calls.free_lines(session, [attempt.id])
            ended.append(attempt)
    session.flush()
    if ended:
        session.expire_all()
        payload = {"count": len(ended)}
        append(session, bus, [Entry(kind="followup.attempts_ended", at=now, payload=payload)])
    return ended


def _settle_by_call(attempt: FollowupAttempt, call: Call, talker: str | None) -> bool:
    attempt.call_id = call.id
    if attempt.dialling == DiallingMode.AUTOMATIC:
        # The call's own agent may be one who was only rung.
        attempt.agent = talker
    if call.ended_at is None or call.outcome is None:
        return False
    attempt.outcome = attempt.outcome or _OF_CALL[CallOutcome(call.outcome)]
    if attempt.outcome == AttemptOutcome.MACHINE and talker is not None:
        attempt.outcome = AttemptOutcome.ANSWERED
    attempt.ended_at = call.ended_at
    attempt.talk_seconds = talk_seconds(call.answered_at, call.ended_at)
    return True


def _talkers(session: Session, call_ids: Sequence[str]) -> dict[str, str]:
    """Who talked last in each call."""
    if not call_ids:
        return {}
    query = select(Leg.call_id, Leg.agent).where(Leg.call_id.in_(call_ids), Leg.answered_at.is_not(None))
    return dict(session.execute(query.order_by(Leg.answered_at)).all())
