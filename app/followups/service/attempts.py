"""Attempts to reach somebody: written before anything is dialled, settled by what telephony knows afterwards.

Whatever process dies between claim, dial, answer and record, the attempt's id is the id of its order and of its call:
one row, one call, and the call says what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.models import Call, TelephonyCommand
from app.calls.rules import CallOutcome, talk_seconds
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import AttemptOutcome, DiallingMode
from app.journal.service import Entry, append

# An order lives five seconds; an attempt of which telephony knows nothing after this was never dialled.
_UNDIALLED_AFTER = timedelta(seconds=60)
_PIECE = 500
_OF_CALL = {
    CallOutcome.ANSWERED: AttemptOutcome.ANSWERED,
    CallOutcome.NO_ANSWER: AttemptOutcome.NO_ANSWER,
    CallOutcome.BUSY: AttemptOutcome.BUSY,
    CallOutcome.REJECTED: AttemptOutcome.REJECTED,
    CallOutcome.WRONG_NUMBER: AttemptOutcome.WRONG_NUMBER,
    CallOutcome.FAILED: AttemptOutcome.FAILED,
    CallOutcome.AGENT_CANCELLED: AttemptOutcome.CANCELLED,
    CallOutcome.ABANDONED: AttemptOutcome.ANSWERED,  # an automatic call that was answered and left in the queue
}


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


def settle_attempts(session: Session, bus: Bus, now: datetime) -> list[FollowupAttempt]:
    """Note what telephony knows of the open attempts. Returns those that have just ended.

    An attempt that nobody's telephone rang for does not count against the task.
    """
    attempts = open_attempts(session)
    if not attempts:
        return []
    ids = [attempt.id for attempt in attempts]
    calls = {call.linkedid: call for call in session.scalars(select(Call).where(Call.linkedid.in_(ids)))}
    orders = {row.id: row for row in session.scalars(select(TelephonyCommand).where(TelephonyCommand.id.in_(ids)))}
    ended = []
    for attempt in attempts:
        call = calls.get(attempt.id)
        if call is not None:
            attempt.call_id = call.id
            attempt.agent = attempt.agent or call.agent
            if call.ended_at is not None and call.outcome is not None:
                attempt.outcome = attempt.outcome or _OF_CALL[CallOutcome(call.outcome)]
                attempt.ended_at = call.ended_at
                attempt.talk_seconds = talk_seconds(call.answered_at, call.ended_at)
                ended.append(attempt)
            continue
        order = orders.get(attempt.id)
        is_refused = order is not None and order.state in ("failed", "expired")
        if is_refused or now - attempt.started_at > _UNDIALLED_AFTER:
            attempt.outcome, attempt.ended_at = AttemptOutcome.NOT_DIALLED, now
            session.execute(
                update(FollowupTask)
                .where(FollowupTask.id == attempt.task_id, FollowupTask.attempts > 0)
                .values(attempts=FollowupTask.attempts - 1, row_version=FollowupTask.row_version + 1),
                execution_options={"synchronize_session": False},
            )
            ended.append(attempt)
    session.flush()
    if ended:
        payload = {"count": len(ended)}
        append(session, bus, [Entry(kind="followup.attempts_ended", at=now, payload=payload)])
    return ended
