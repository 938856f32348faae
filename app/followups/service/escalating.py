"""A first follow-up that its doctor has not done in time is the department's, too (F-20)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.db import rows_changed
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, TaskRole
from app.journal.service import Entry, append


def escalate_late(session: Session, bus: Bus, now: datetime) -> int:
    """Mark the attending doctors' tasks whose time is over. They stay theirs: nothing passes on silently.

    Returns how many.
    """
    late = session.execute(
        update(FollowupTask)
        .where(
            FollowupTask.state.in_(tuple(sorted(OPEN))),
            FollowupTask.role == TaskRole.ATTENDING_DOCTOR,
            FollowupTask.late_at <= now,
            FollowupTask.escalated_at.is_(None),
        )
        .values(escalated_at=now, changed_at=now, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    count = rows_changed(late)
    if count:
        session.expire_all()
        append(session, bus, [Entry(kind="followups.escalated", at=now, payload={"count": count})])
    return count
