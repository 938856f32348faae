"""Follow-ups face to face: the person is expected here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, TaskMode
from app.patients.rules import PlannedDate
from app.patients.service import PlannedSource, add_planned_source


def _first(session: Session, patient_id: int, now: datetime) -> PlannedDate | None:
    query = select(func.min(FollowupTask.due_on)).where(
        FollowupTask.patient_id == patient_id,
        FollowupTask.mode == TaskMode.VISIT,
        FollowupTask.state.in_(tuple(sorted(OPEN))),
        FollowupTask.due_on >= now.date(),
    )
    found = session.scalar(query, execution_options={UNSCOPED: True})
    return PlannedDate(on=found) if found is not None else None


add_planned_source(PlannedSource(name="followups", first=_first))
