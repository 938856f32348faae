"""Coaching tasks: what an agent is to practise after an evaluation, done by the agent and checked by a grader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.accounts.models import User
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.journal.service import Entry, append
from app.quality.models import CoachingTask, Evaluation
from app.quality.rules import (
    COACHING_MOVES,
    OBJECTION_TEXT,
    SHOWN_TO_AGENT,
    CoachingMove,
    CoachingState,
    EvaluationState,
    Objection,
    Who,
    object_to_coaching,
)
from app.quality.service.reading import get_evaluation
from app.quality.service.scorecards import card_of, get_version
from app.texts import N_
from app.versions import service as versions

LONGEST_NOTE = 1_000
_MOST_MOMENTS, _MOST_ROWS = 20, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachingData:
    """What is to be practised. `item` is a key of the scorecard, or empty; moments are seconds of the recording."""

    note: str
    due_on: date
    item: str = ""
    moments: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachingRow:
    """A coaching task as a list shows it, with the words of its item by language."""

    task: CoachingTask
    agent_name: str
    item_texts: dict[str, str]
    is_late: bool


def add_coaching(
    session: Session, bus: Bus, evaluation_id: int, data: CoachingData, who: Who, *, now: datetime, today: date
) -> CoachingTask:
    """Give the agent of a submitted evaluation something to practise. Raises InvalidInput, NotAllowed, Conflict."""
    access.need_write(session, Module.QUALITY)
    evaluation = get_evaluation(session, evaluation_id, who)
    if not who.grades or evaluation.agent == who.username:
        raise NotAllowed(OBJECTION_TEXT[Objection.NOT_YOURS])
    if EvaluationState(evaluation.state) not in SHOWN_TO_AGENT or evaluation.calibration_id is not None:
        raise Conflict(OBJECTION_TEXT[Objection.NO_MOVE])
    note = data.note.replace("\x00", "").strip()[:LONGEST_NOTE]
    if not note:
        raise InvalidInput(N_("Say what is to be practised."), field="note")
    if data.due_on < today:
        raise InvalidInput(N_("This day is over."), field="due_on")
    card = card_of(get_version(session, evaluation.card_version_id))
    task = CoachingTask(
        evaluation_id=evaluation.id,
        agent=evaluation.agent,
        item=data.item if card.item(data.item) else "",
        note=note,
        moments=sorted({round(each, 1) for each in data.moments if 0 <= each <= 86_400})[:_MOST_MOMENTS],
        due_on=data.due_on,
        state=CoachingState.OPEN,
        created_by=who.username,
        created_at=now,
    )
    session.add(task)
    session.flush()
    _tell(session, bus, task, "given", who, now)
    return task


def move_coaching(
    session: Session, bus: Bus, task_id: int, move: CoachingMove, who: Who, *, now: datetime, note: str = ""
) -> CoachingTask:
    """The agent has done it; a grader checks it, gives it back, or drops it. Raises NotFound, NotAllowed, Conflict."""
    task = session.get(CoachingTask, task_id) if 0 < task_id < 2**31 else None
    if task is None or not (who.grades or task.agent == who.username):
        raise NotFound(N_("There is no such coaching task."))
    objection = object_to_coaching(CoachingState(task.state), move, who, agent=task.agent)
    if objection is Objection.NO_MOVE:
        raise Conflict(N_("This task is no longer in the state that the page showed."))
    if objection is not None:
        raise NotAllowed(OBJECTION_TEXT[objection], reason=str(objection))
    task.state = COACHING_MOVES[CoachingState(task.state), move]
    if move is CoachingMove.DO:
        task.done_at, task.done_note = now, note.replace("\x00", "").strip()[:LONGEST_NOTE]
    elif move is CoachingMove.CHECK:
        task.checked_by, task.checked_at = who.username, now
    versions.flush(session)
    _tell(session, bus, task, move.value, who, now)
    return task


def list_coaching(
    session: Session, *, today: date, agent: str | None = None, evaluation_id: int | None = None, is_open: bool = False
) -> Sequence[CoachingRow]:
    """Coaching tasks, what is not finished first, then by day."""
    staff = User.__table__.alias()
    query = (
        select(CoachingTask, staff.c.display_name, Evaluation.card_version_id)
        .join(Evaluation, Evaluation.id == CoachingTask.evaluation_id)
        .outerjoin(staff, staff.c.username == CoachingTask.agent)
        .order_by(CoachingTask.state.in_((CoachingState.CHECKED, CoachingState.DROPPED)), CoachingTask.due_on)
        .order_by(CoachingTask.id)
        .limit(_MOST_ROWS)
    )
    if agent is not None:
        query = query.where(CoachingTask.agent == agent)
    if evaluation_id is not None:
        query = query.where(CoachingTask.evaluation_id == evaluation_id)
    if is_open:
        query = query.where(CoachingTask.state.in_((CoachingState.OPEN, CoachingState.DONE)))
    rows = session.execute(query).all()
    cards = {each: card_of(get_version(session, each)) for each in {row[2] for row in rows}}
    return [_row(task, name, cards[version_id].item(task.item), today) for task, name, version_id in rows]


def count_open(session: Session, agent: str) -> int:
    """How much this agent has still to practise."""
    return _count(session, CoachingTask.agent == agent, CoachingTask.state == CoachingState.OPEN)


def count_to_check(session: Session, username: str) -> int:
    """How many tasks that this grader gave are done and not checked."""
    return _count(session, CoachingTask.created_by == username, CoachingTask.state == CoachingState.DONE)


def _row(task: CoachingTask, name: str | None, item: object, today: date) -> CoachingRow:
    texts = dict(getattr(item, "texts", {}))
    is_late = task.state == CoachingState.OPEN and task.due_on < today
    return CoachingRow(task=task, agent_name=name or task.agent, item_texts=texts, is_late=is_late)


def _count(session: Session, *conditions: object) -> int:
    query = select(func.count()).select_from(CoachingTask).where(*conditions)  # type: ignore[arg-type]
    return session.scalar(query) or 0


def _tell(session: Session, bus: Bus, task: CoachingTask, what: str, who: Who, now: datetime) -> None:
    payload = {"coaching_id": task.id, "move": what}
    append(session, bus, [Entry(kind="coaching.moved", at=now, agent=who.username, payload=payload)])
