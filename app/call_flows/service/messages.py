"""A message that a caller left is a task for the service centre; its recording is the call's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.models import Call
from app.calls.rules import CallOutcome
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.followups.service import NewTask
from app.settings import Settings


def follow_messages(session: Session, bus: Bus, ended: Iterable[str], *, settings: Settings, now: datetime) -> int:
    """Make a task for each of these ended calls that left a message, and whose caller has a record. Returns how many.

    Doing it twice makes no second one. A caller without a number has no record; that call stands in the list of calls
    with its recording.
    """
    call_ids = list(ended)
    if not call_ids:
        return 0
    left = select(Call.id, Call.patient_id).where(
        Call.id.in_(call_ids),
        Call.outcome == CallOutcome.VOICEMAIL,
        Call.patient_id.is_not(None),
        ~exists().where(FollowupTask.kind == TaskKind.VOICEMAIL, FollowupTask.why == "call:" + Call.id),
    )
    zone = settings.timezone
    tasks = [
        NewTask(
            patient_id=patient_id,
            kind=TaskKind.VOICEMAIL,
            mode=TaskMode.PHONE,
            role=TaskRole.SERVICE_CENTRE,
            title="",
            due_on=now.astimezone(zone).date(),
            late_days=0,
            why=f"call:{call_id}",
        )
        for call_id, patient_id in session.execute(left)
        if patient_id is not None
    ]
    return followups.add_tasks(session, bus, tasks, zone=zone, by=None, now=now) if tasks else 0
