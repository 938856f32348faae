"""What follow-up puts on the work list, on the timeline and into the hand-over of a colleague who leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.accounts.rules import WITH_PATIENTS, Role
from app.db import rows_changed
from app.followups.models import FollowupTask
from app.followups.rules import CLAIMABLE, OPEN, TaskKind, TaskState
from app.followups.service.listing import TaskFilters, count_tasks
from app.followups.service.questions import count_questions
from app.organisation.service import OpenWork, Receiver, register_open_work
from app.patients.service import TimelineItem, TimelineSource, add_timeline_source
from app.texts import N_
from app.worklist.service.registry import WorkItem, register

_WORKED_ON = (TaskState.DUE, TaskState.IN_PROGRESS, TaskState.NOT_REACHED, TaskState.PLANNED)


def _due(session: Session, viewer: Viewer, now: datetime) -> int:
    filters = TaskFilters(whose="mine", states=_WORKED_ON, work_until=now + timedelta(hours=12))
    return count_tasks(session, filters, viewer=viewer)


def _overdue(session: Session, viewer: Viewer, now: datetime) -> int:
    return count_tasks(session, TaskFilters(whose="mine", overdue_at=now), viewer=viewer)


def _alarms(session: Session, viewer: Viewer, _now: datetime) -> int:
    filters = TaskFilters(whose="mine", states=_WORKED_ON, kind=TaskKind.ALARM)
    return count_tasks(session, filters, viewer=viewer)


def _count_of(session: Session, username: str) -> int:
    query = select(func.count()).select_from(FollowupTask)
    return session.scalar(query.where(FollowupTask.assignee == username, FollowupTask.state.in_(sorted(OPEN)))) or 0


def _hand_over(session: Session, username: str, to: Receiver, now: datetime) -> int:
    moved = session.execute(
        update(FollowupTask)
        .where(FollowupTask.assignee == username, FollowupTask.state.in_(sorted(CLAIMABLE)))
        .values(
            assignee=to.username,
            department_id=to.department_id or FollowupTask.department_id,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    return rows_changed(moved)


def _item(task: FollowupTask) -> TimelineItem:
    texts = (task.recovery, task.opinion, task.suggestion)
    return TimelineItem(
        kind="followup",
        at=task.done_at or task.due_at,
        id=str(task.id),
        state=task.state,
        outcome=task.result,
        title=task.title,
        text="\n".join(text for text in texts if text) or None,
        agent=task.done_by,
        agent_name=task.done_by,
    )


def register_lines() -> None:
    """Let the other rooms know follow-ups. Doing it twice changes nothing."""
    register(
        WorkItem(
            label=N_("Alarming answers"),
            hint=N_("A patient gave an answer that somebody must look at within minutes."),
            icon="exclamation-octagon",
            endpoint="followups.show_today",
            arguments=(("whose", "mine"), ("kind", TaskKind.ALARM), ("when", "any")),
            roles=WITH_PATIENTS - {Role.QA},
            module=Module.FOLLOWUPS,
            count=_alarms,
        ),
        WorkItem(
            label=N_("Follow-ups due today"),
            hint=N_("Yours, and those of your pool that nobody has taken."),
            icon="calendar-check",
            endpoint="followups.show_today",
            arguments=(("whose", "mine"), ("when", "today")),
            roles=WITH_PATIENTS - {Role.QA},
            module=Module.FOLLOWUPS,
            count=_due,
        ),
        WorkItem(
            label=N_("Overdue follow-ups"),
            hint=N_("They should have been done by now."),
            icon="calendar-x",
            endpoint="followups.show_today",
            arguments=(("whose", "mine"), ("overdue", "1"), ("when", "any")),
            roles=WITH_PATIENTS - {Role.QA},
            module=Module.FOLLOWUPS,
            count=_overdue,
        ),
        WorkItem(
            label=N_("Questions of patients"),
            hint=N_("Whoever called the patient passed the question on to you or your department."),
            icon="question-circle",
            endpoint="followups.show_questions",
            roles=frozenset({Role.DOCTOR}),
            module=Module.FOLLOWUPS,
            count=lambda session, viewer, _now: count_questions(session, viewer),
        ),
    )
    register_open_work(
        OpenWork(name="followups", title=N_("Follow-ups"), count=_count_of, move=_hand_over),
    )
    add_timeline_source(
        TimelineSource(
            name="followup",
            title=N_("Follow-ups"),
            icon="calendar-check",
            module=Module.FOLLOWUPS,
            rows=select(FollowupTask).where(
                FollowupTask.state.in_([TaskState.DONE, TaskState.LOST]), FollowupTask.message_id.is_(None)
            ),
            patient=FollowupTask.patient_id,
            at=func.coalesce(FollowupTask.done_at, FollowupTask.due_at),
            key=FollowupTask.id,
            item=_item,
            template="followups/_item.html",
        )
    )
