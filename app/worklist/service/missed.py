"""Callers whom nobody answered, who hung up, found nobody or left a message; and to whom nobody has spoken since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.calls.rules import MISSED
from app.patients.models import Patient, PatientPhone

# Who was not called back for a week has found another way; the list stays short enough to be worked off.
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCaller:
    """A number that is still to be called back. `phone_id` dials it where it is on a record that the viewer may see."""

    number: str
    tries: int
    last_at: datetime
    last_call_id: str
    patient_id: int | None
    patient_name: str | None
    phone_id: int | None


def count_missed_callers(session: Session, now: datetime) -> int:
    """How many numbers wait to be called back."""
    return session.scalar(select(func.count()).select_from(_missed(now).subquery())) or 0


def missed_callers(session: Session, now: datetime, *, limit: int) -> Sequence[MissedCaller]:
    """The numbers that wait, the one that tried last first, with the person whom its last call was matched to."""
    waiting = _missed(now).order_by(func.max(Call.started_at).desc()).limit(limit)
    numbers = {number: (tries, last_at) for number, tries, last_at in session.execute(waiting)}
    calls = session.execute(
        select(Call.number, Call.id, Call.patient_id, Patient.name, PatientPhone.id)
        .outerjoin(Patient, Patient.id == Call.patient_id)
        .outerjoin(PatientPhone, and_(PatientPhone.patient_id == Call.patient_id, PatientPhone.number == Call.number))
        .where(Call.number.in_(numbers), Call.started_at >= now - KEPT_FOR, Call.outcome.in_(MISSED))
        .order_by(Call.started_at)
    )
    latest = {number: (call_id, patient_id, name, phone_id) for number, call_id, patient_id, name, phone_id in calls}
    return [
        MissedCaller(
            number=number,
            tries=tries,
            last_at=last_at,
            last_call_id=latest[number][0],
            patient_id=latest[number][1] if latest[number][2] else None,
            patient_name=latest[number][2],
            phone_id=latest[number][3],
        )
        for number, (tries, last_at) in numbers.items()
    ]


def _missed(now: datetime) -> Select[str, int, datetime]:
    # Past the viewer's scope on purpose: whoever spoke to the caller, nobody needs to call back any more.
    later = Call.__table__.alias()
    spoken = exists().where(
        later.c.number == Call.number, later.c.started_at > Call.started_at, later.c.answered_at.is_not(None)
    )
    return (
        select(Call.number, func.count(), func.max(Call.started_at))
        .where(
            Call.started_at >= now - KEPT_FOR,
            Call.direction == "inbound",
            Call.outcome.in_(MISSED),
            Call.number != "",
            ~spoken,
        )
        .group_by(Call.number)
    )
