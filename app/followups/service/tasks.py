"""The life of a task, up to somebody working on it. This room alone writes tasks; plans and lists order here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app.access.rules import Module
from app.access.service import need_write
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.followups.models import FollowupTask
from app.followups.rules import CLAIMABLE, OPEN, TaskKind, TaskMode, TaskRole, TaskState
from app.journal.service import Entry, append
from app.texts import N_

CLAIM_LIFETIME = timedelta(minutes=30)
"""Whoever leaves a task open for longer without saving anything gives it back."""
_UNFINISHED = tuple(sorted(OPEN))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """One task to be made. `waits_for_step` is the step of the same plan whose end frees it (F-22).

    `late_days` is for how many days after `due_on` it still counts as in time.
    """

    patient_id: int
    kind: TaskKind
    mode: TaskMode
    role: TaskRole
    title: str
    due_on: date
    at: time = time(9)
    late_days: int = 3
    text: str = ""
    why: str = ""
    plan_id: int | None = None
    step: str | None = None
    list_id: int | None = None
    assignee: str | None = None
    department_id: int | None = None
    questionnaire_version_id: int | None = None
    phone_id: int | None = None
    waits_for_step: str | None = None
    late_at: datetime | None = None  # when minutes count; else the end of the last day in time
    response_id: int | None = None  # the answers that it came from


def add_tasks(
    session: Session, bus: Bus, tasks: Sequence[NewTask], *, zone: ZoneInfo, by: str | None, now: datetime
) -> int:
    """Make these tasks; those of a step or list that exist already stay as they are. Returns how many are new.

    A constant number of statements for each five hundred. Nobody dead or merged away gets a task: the caller asks.
    """
    need_write(session, Module.FOLLOWUPS)
    table: Any = FollowupTask.__table__
    made = 0
    for start in range(0, len(tasks), 500):
        rows = [_row(task, zone, by, now) for task in tasks[start : start + 500]]
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        # Past the ORM, whose bookkeeping of a row costs more than its insert.
        statement = insert(table).on_conflict_do_nothing().returning(table.c.id)
        made += len(session.connection().execute(statement, rows).all())
    plans = {task.plan_id: task for task in tasks if task.waits_for_step is not None}
    if plans:
        _tie_steps(session, [task for task in tasks if task.waits_for_step is not None])
    if made:
        append(session, bus, [Entry(kind="followups.added", at=now, agent=by, payload={"count": made})])
    return made


def move_task(
    session: Session,
    task_id: int,
    *,
    due_on: date,
    at: time,
    late_days: int,
    zone: ZoneInfo,
    why: str | None = None,
) -> bool:
    """Move a task that nobody has worked on yet, with what it is told to be for. False when it is past moving."""
    due_at, late_at = _moments(due_on, at, late_days, zone)
    told = {} if why is None else {"why": why[:300]}
    return _update(
        session,
        [task_id],
        states=(TaskState.PLANNED, TaskState.DUE),
        state=TaskState.PLANNED,
        due_on=due_on,
        due_at=due_at,
        late_at=late_at,
        work_at=due_at,
        **told,
    )


def cancel_tasks(
    session: Session, bus: Bus, task_ids: Collection[int], *, reason: str, by: str | None, now: datetime
) -> int:
    """Cancel those that are still open, also one that somebody has in hand. Returns how many."""
    return _close(session, bus, task_ids, TaskState.CANCELLED, OPEN, reason=reason, by=by, now=now)


def cancel_tasks_of_plan(
    session: Session, bus: Bus, plan_id: int, *, reason: str, by: str | None, now: datetime
) -> int:
    """Cancel every open task of a plan: no step of a closed plan can become due (F-23)."""
    ids = session.scalars(
        select(FollowupTask.id).where(FollowupTask.plan_id == plan_id, FollowupTask.state.in_(_UNFINISHED))
    ).all()
    return cancel_tasks(session, bus, ids, reason=reason, by=by, now=now)


def restore_tasks(session: Session, bus: Bus, task_ids: Collection[int], *, now: datetime) -> int:
    """Plan again what was cancelled because its event had gone, and the event came back. Returns how many."""
    count = 0
    for task_id in task_ids:
        count += _update(
            session,
            [task_id],
            states=(TaskState.CANCELLED,),
            state=TaskState.PLANNED,
            reason=None,
            done_at=None,
            done_by=None,
            changed_at=now,
        )
    if count:
        append(session, bus, [Entry(kind="followups.restored", at=now, payload={"count": count})])
    return count


def skip_task(session: Session, bus: Bus, task_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Leave a task out. Raises InvalidInput without a reason, Conflict when it is past skipping, NotFound."""
    if not reason.strip():
        raise InvalidInput(N_("Say why this follow-up is left out."), field="reason")
    get_task(session, task_id)
    states = (TaskState.PLANNED, TaskState.DUE, TaskState.NOT_REACHED, TaskState.IN_PROGRESS)
    if _close(session, bus, [task_id], TaskState.SKIPPED, states, reason=reason.strip()[:300], by=by, now=now) != 1:
        raise Conflict(N_("This follow-up is closed already."))


def undo_skip(session: Session, bus: Bus, task_id: int, *, by: str, now: datetime) -> None:
    """Take a skip back. Raises Conflict when it was not skipped."""
    get_task(session, task_id)
    undone = _update(
        session,
        [task_id],
        states=(TaskState.SKIPPED,),
        state=TaskState.PLANNED,
        reason=None,
        done_at=None,
        done_by=None,
        changed_at=now,
    )
    if not undone:
        raise Conflict(N_("This follow-up was not left out."))
    append(session, bus, [Entry(kind="followup.restored", at=now, agent=by, payload={"task_id": task_id})])


def get_task(session: Session, task_id: int) -> FollowupTask:
    """One task that the session may see. Raises NotFound."""
    found = session.get(FollowupTask, task_id) if 0 < task_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such follow-up."))
    return found


def make_due(session: Session, bus: Bus, now: datetime) -> int:
    """planned → due for all whose time has come and that wait for no other step; claims that ran out are given back.

    Returns how many changed. A task whose plan is closed was cancelled with it, so it cannot become due.
    """
    blocker = aliased(FollowupTask)
    waits = exists().where(blocker.id == FollowupTask.waits_for_id, blocker.state.in_(_UNFINISHED))
    due = session.execute(
        update(FollowupTask)
        .where(FollowupTask.state == TaskState.PLANNED, FollowupTask.work_at <= now, ~waits)
        .values(state=TaskState.DUE, changed_at=now, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    given_back = session.execute(
        update(FollowupTask)
        .where(FollowupTask.state == TaskState.IN_PROGRESS, FollowupTask.claimed_until <= now)
        .values(
            state=TaskState.DUE,
            claimed_by=None,
            claimed_until=None,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    changed = _count(due) + _count(given_back)
    if changed:
        append(session, bus, [Entry(kind="followups.due", at=now, payload={"count": changed})])
    return changed


def claim(session: Session, bus: Bus, task_id: int, *, by: str, now: datetime) -> bool:
    """Take a task in hand: of any number of claims one wins. True for the winner, also when it is theirs already.

    What is assigned to somebody else cannot be taken; a supervisor assigns it first.
    """
    is_free = or_(
        and_(FollowupTask.state.in_(tuple(sorted(CLAIMABLE)))),
        and_(FollowupTask.state == TaskState.IN_PROGRESS, FollowupTask.claimed_until <= now),
        and_(FollowupTask.state == TaskState.IN_PROGRESS, FollowupTask.claimed_by == by),
    )
    taken = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id == task_id, is_free, or_(FollowupTask.assignee.is_(None), FollowupTask.assignee == by))
        .values(
            state=TaskState.IN_PROGRESS,
            claimed_by=by,
            claimed_until=now + CLAIM_LIFETIME,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    if _count(taken) != 1:
        return False
    session.expire_all()
    append(session, bus, [Entry(kind="followup.claimed", at=now, agent=by, payload={"task_id": task_id})])
    return True


def release(session: Session, bus: Bus, task_id: int, *, by: str, now: datetime) -> None:
    """Give a task back unworked. Nothing happens when it is not theirs."""
    given_back = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id == task_id, FollowupTask.state == TaskState.IN_PROGRESS, FollowupTask.claimed_by == by)
        .values(
            state=TaskState.DUE,
            claimed_by=None,
            claimed_until=None,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    if _count(given_back):
        session.expire_all()
        append(session, bus, [Entry(kind="followup.released", at=now, agent=by, payload={"task_id": task_id})])


def assign(session: Session, bus: Bus, task_ids: Sequence[int], *, to: str | None, by: str, now: datetime) -> int:
    """Give tasks that nobody has in hand to `to`, or to the pool. Returns how many."""
    given = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id.in_(task_ids), FollowupTask.state.in_(tuple(sorted(CLAIMABLE))))
        .values(assignee=to, changed_at=now, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    count = _count(given)
    if count:
        session.expire_all()
        append(session, bus, [Entry(kind="followups.assigned", at=now, agent=by, payload={"count": count})])
    return count


def _row(task: NewTask, zone: ZoneInfo, by: str | None, now: datetime) -> dict[str, Any]:
    due_at, late_at = _moments(task.due_on, task.at, task.late_days, zone)
    return {
        "patient_id": task.patient_id,
        "plan_id": task.plan_id,
        "step": task.step,
        "list_id": task.list_id,
        "kind": task.kind,
        "mode": task.mode,
        "title": task.title[:200],
        "text": task.text,
        "why": task.why[:300],
        "role": task.role,
        "assignee": task.assignee,
        "department_id": task.department_id,
        "questionnaire_version_id": task.questionnaire_version_id,
        "phone_id": task.phone_id,
        "response_id": task.response_id,
        "state": TaskState.PLANNED,
        "due_on": task.due_on,
        "due_at": due_at,
        "late_at": task.late_at or late_at,
        "work_at": due_at,
        "attempts": 0,
        "recovery": "",
        "opinion": "",
        "suggestion": "",
        "wish": "",
        "draft": {},
        "created_at": now,
        "created_by": by,
        "changed_at": now,
        "row_version": 1,
    }


def _moments(due_on: date, at: time, late_days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    # Through UTC and back: a wall time that a change of clocks leaves out is the moment after the gap.
    due_at = datetime.fromtimestamp(datetime.combine(due_on, at, zone).timestamp(), tz=zone)
    late_on = due_on + timedelta(days=late_days + 1)
    late_at = datetime.fromtimestamp(datetime.combine(late_on, time(), zone).timestamp(), tz=zone)
    return due_at, max(late_at, due_at)


def _tie_steps(session: Session, tasks: Sequence[NewTask]) -> None:
    plan_ids = {task.plan_id for task in tasks}
    found = session.execute(
        select(FollowupTask.plan_id, FollowupTask.step, FollowupTask.id).where(FollowupTask.plan_id.in_(plan_ids))
    )
    ids = {(row.plan_id, row.step): row.id for row in found}
    ties = [
        {"id": ids[task.plan_id, task.step], "waits_for_id": ids[task.plan_id, task.waits_for_step]}
        for task in tasks
        if (task.plan_id, task.step) in ids and (task.plan_id, task.waits_for_step) in ids
    ]
    table: Any = FollowupTask.__table__
    for tie in ties:
        session.execute(
            update(FollowupTask).where(table.c.id == tie["id"]).values(waits_for_id=tie["waits_for_id"]),
            execution_options={"synchronize_session": False},
        )


def _update(session: Session, task_ids: Collection[int], *, states: Collection[TaskState], **values: Any) -> bool:
    changed = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id.in_(task_ids), FollowupTask.state.in_(tuple(states)))
        .values(**values, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    return _count(changed) == len(task_ids)


def _close(
    session: Session,
    bus: Bus,
    task_ids: Collection[int],
    state: TaskState,
    states: Collection[TaskState],
    *,
    reason: str,
    by: str | None,
    now: datetime,
) -> int:
    if not task_ids:
        return 0
    closed = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id.in_(task_ids), FollowupTask.state.in_(tuple(states)))
        .values(
            state=state,
            reason=reason[:300],
            claimed_by=None,
            claimed_until=None,
            done_at=now,
            done_by=by,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    count = _count(closed)
    if count:
        payload = {"state": state.value, "count": count, "task_id": next(iter(task_ids)) if count == 1 else None}
        append(session, bus, [Entry(kind="followups.closed", at=now, agent=by, payload=payload)])
    return count


def _count(result: Any) -> int:
    return rows_changed(result)


def tie_response(session: Session, task_id: int, response_id: int) -> None:
    """Note to which response the answers of this task go."""
    session.execute(
        update(FollowupTask)
        .where(FollowupTask.id == task_id)
        .values(response_id=response_id, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
