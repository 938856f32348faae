"""Raise and clear alarms."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.alarms.models import Alarm
from app.alarms.rules import AlarmKind
from app.db import rows_changed


def raise_alarm(session: Session, kind: AlarmKind, subject: str, at: datetime) -> None:
    """Raise the alarm, or count it once more when it is already open. `subject` is an id."""
    counted = session.execute(
        update(Alarm)
        .where(Alarm.kind == kind, Alarm.subject == subject, Alarm.cleared_at.is_(None))
        .values(count=Alarm.count + 1)
    )
    if rows_changed(counted) == 0:
        session.add(Alarm(kind=kind, subject=subject, raised_at=at))


def clear_alarm(session: Session, kind: AlarmKind, subject: str, at: datetime) -> None:
    """Clear the alarm if it is open."""
    session.execute(
        update(Alarm)
        .where(Alarm.kind == kind, Alarm.subject == subject, Alarm.cleared_at.is_(None))
        .values(cleared_at=at)
    )


def open_alarms(session: Session, limit: int = 100) -> list[Alarm]:
    """The alarms that nobody has cleared, newest first."""
    query = select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at.desc()).limit(limit)
    return list(session.scalars(query))
