"""The work list of graders: drawn calls, claimed by one of them, and never by the agent who spoke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.accounts.models import User
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.organisation.service import OpenWork, Receiver, register_open_work
from app.quality.models import Evaluation, GradingTask, SamplingPlan
from app.quality.rules import OBJECTION_TEXT, GradingState, Objection, Who
from app.quality.service.evaluating import discard, start
from app.recordings.models import Recording
from app.texts import N_

_MOST_ROWS = 200
_GONE = N_("A colleague was faster, or this call is graded already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingRow:
    """A drawn call as the list shows it. `evaluation_id` is the draft or the evaluation that came of it."""

    task: GradingTask
    plan: str
    agent_name: str
    seconds: float | None
    evaluation_id: int | None
    is_late: bool


def list_tasks(session: Session, who: Who, *, state: GradingState | None, today: date) -> Sequence[GradingRow]:
    """The drawn calls of others: without a state those that are free or this grader's, the most urgent first."""
    newest = (
        select(Evaluation.task_id, func.max(Evaluation.id).label("id"))
        .where(Evaluation.task_id.is_not(None), Evaluation.state != "discarded")
        .group_by(Evaluation.task_id)
        .subquery()
    )
    staff = User.__table__.alias()
    query = (
        select(GradingTask, SamplingPlan.name, staff.c.display_name, Recording.seconds, newest.c.id)
        .join(Recording, Recording.id == GradingTask.recording_id)
        .join(SamplingPlan, SamplingPlan.id == GradingTask.plan_id)
        .outerjoin(staff, staff.c.username == GradingTask.agent)
        .outerjoin(newest, newest.c.task_id == GradingTask.id)
        .where(GradingTask.agent != who.username, _of(state, who.username))
        .order_by(GradingTask.due_on, GradingTask.id)
        .limit(_MOST_ROWS)
    )
    return [
        GradingRow(
            task=task,
            plan=plan,
            agent_name=name or task.agent,
            seconds=seconds,
            evaluation_id=evaluation_id,
            is_late=task.due_on < today and task.state in (GradingState.OPEN, GradingState.CLAIMED),
        )
        for task, plan, name, seconds, evaluation_id in session.execute(query)
    ]


def count_tasks(session: Session, username: str) -> int:
    """How many drawn calls wait for this grader: free ones of others, and those in hand."""
    query = (
        select(func.count()).select_from(GradingTask).join(Recording, Recording.id == GradingTask.recording_id)
    ).where(GradingTask.agent != username, _of(None, username))
    return session.scalar(query) or 0


def claim(session: Session, task_id: int, who: Who, *, now: datetime) -> Evaluation:
    """Take a drawn call and begin its evaluation. Of any number who claim one wins; the others get Conflict."""
    access.need_write(session, Module.QUALITY)
    task = _get(session, task_id)
    if task.agent == who.username:
        raise NotAllowed(OBJECTION_TEXT[Objection.OWN_CALL], reason=str(Objection.OWN_CALL))
    plan = session.get_one(SamplingPlan, task.plan_id)
    taken = session.execute(
        update(GradingTask)
        .where(GradingTask.id == task_id, GradingTask.agent != who.username)
        .where(
            or_(
                GradingTask.state == GradingState.OPEN,
                and_(GradingTask.state == GradingState.CLAIMED, GradingTask.claimed_by == who.username),
            )
        )
        .values(state=GradingState.CLAIMED, claimed_by=who.username, claimed_at=now)
    )
    if rows_changed(taken) != 1:
        raise Conflict(_GONE)
    session.refresh(task)
    return start(session, task.recording_id, who, now=now, card_id=plan.scorecard_id, task_id=task.id)


def release(session: Session, bus: Bus, task_id: int, who: Who, *, now: datetime) -> None:
    """Give a call back that one has in hand; the draft goes with it."""
    access.need_write(session, Module.QUALITY)
    task = _get(session, task_id)
    if task.state != GradingState.CLAIMED or task.claimed_by != who.username:
        raise Conflict(_GONE)
    draft = session.scalar(select(Evaluation.id).where(Evaluation.task_id == task_id, Evaluation.state == "draft"))
    if draft is not None:
        discard(session, bus, draft, who, now=now)
    task.state, task.claimed_by, task.claimed_at = GradingState.OPEN, None, None
    session.flush()


def drop(session: Session, bus: Bus, task_id: int, who: Who, reason: str, *, now: datetime) -> None:
    """Leave a drawn call out, with a reason; the draw still shows it. Raises InvalidInput, Conflict."""
    access.need_write(session, Module.QUALITY)
    task = _get(session, task_id)
    reason = reason.replace("\x00", "").strip()[:300]
    if not reason:
        raise InvalidInput(N_("Say why."), field="reason")
    if task.agent == who.username:
        raise NotAllowed(OBJECTION_TEXT[Objection.OWN_CALL], reason=str(Objection.OWN_CALL))
    if task.claimed_by == who.username and task.state == GradingState.CLAIMED:
        release(session, bus, task_id, who, now=now)
    dropped = session.execute(
        update(GradingTask)
        .where(GradingTask.id == task_id, GradingTask.state == GradingState.OPEN)
        .values(state=GradingState.DROPPED, reason=reason, done_at=now, claimed_by=who.username)
    )
    if rows_changed(dropped) != 1:
        raise Conflict(_GONE)
    session.refresh(task)


def _get(session: Session, task_id: int) -> GradingTask:
    found = session.get(GradingTask, task_id) if 0 < task_id < 2**31 else None
    if found is None or session.get(Recording, found.recording_id) is None:
        raise NotFound(N_("There is no such call to grade."))
    return found


def _of(state: GradingState | None, username: str) -> ColumnElement[bool]:
    if state is not None:
        return GradingTask.state == state
    mine = and_(GradingTask.state == GradingState.CLAIMED, GradingTask.claimed_by == username)
    return or_(GradingTask.state == GradingState.OPEN, mine)


def _count_claimed(session: Session, username: str) -> int:
    query = select(func.count()).select_from(GradingTask)
    return session.scalar(query.where(*_claimed_by(username))) or 0


def _give_back(session: Session, from_: str, _to: Receiver, _now: datetime) -> int:
    """Whoever takes over grades nothing by order: the calls wait for any grader again, the drafts are given up."""
    ids = list(session.scalars(select(GradingTask.id).where(*_claimed_by(from_))))
    session.execute(
        update(Evaluation)
        .where(Evaluation.task_id.in_(ids), Evaluation.state == "draft")
        .values(state="discarded", draft_key=None, row_version=Evaluation.row_version + 1)
    )
    session.execute(
        update(GradingTask)
        .where(GradingTask.id.in_(ids))
        .values(state=GradingState.OPEN, claimed_by=None, claimed_at=None)
    )
    return len(ids)


def _claimed_by(username: str) -> tuple[ColumnElement[bool], ...]:
    return GradingTask.claimed_by == username, GradingTask.state == GradingState.CLAIMED


register_open_work(
    OpenWork(name="grading", title=N_("Calls being graded"), count=_count_claimed, move=_give_back),
)
