"""Visits and operations that other systems have told of ahead of time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.patients.rules import PlannedDate
from app.patients.service import PlannedSource, add_planned_source
from app.visits.models import Operation, Visit

_WHOLE = {UNSCOPED: True}


def _first(session: Session, patient_id: int, now: datetime) -> PlannedDate | None:
    visit = select(func.min(Visit.started_at)).where(
        Visit.patient_id == patient_id, Visit.started_at > now, Visit.status == "open"
    )
    operation = select(func.min(Operation.at)).where(Operation.patient_id == patient_id, Operation.at > now)
    found = [at for query in (visit, operation) if (at := session.scalar(query, execution_options=_WHOLE)) is not None]
    if not found:
        return None
    first = min(found).astimezone(now.tzinfo)
    return PlannedDate(on=first.date(), at=first.time() if first.hour or first.minute else None)


add_planned_source(PlannedSource(name="visits", first=_first))
