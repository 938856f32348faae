"""Find evaluations, within what somebody may see, and count them. A figure and the list behind it are one condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.errors import NotFound
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT, Page, read_cursor, write_cursor
from app.quality.models import (
    CalibrationSession,
    Evaluation,
    EvaluationAnswer,
    EvaluationAppeal,
    EvaluationRemark,
    EvaluationVersion,
    ScorecardVersion,
)
from app.quality.rules import NO_QUEUE, SHOWN_TO_AGENT, EvaluationState, QualityFigure, Standing, Who
from app.recordings.models import Recording
from app.teams.models import TeamMember
from app.texts import N_

_COUNTED = Evaluation.state.in_(sorted(SHOWN_TO_AGENT))
_HAS_APPEAL = exists().where(EvaluationAppeal.evaluation_id == Evaluation.id)
CONDITIONS: Mapping[QualityFigure, ColumnElement[bool]] = {
    QualityFigure.GRADED: _COUNTED,
    QualityFigure.FATAL: and_(_COUNTED, Evaluation.is_fatal.is_(True)),
    QualityFigure.APPEALED: and_(_COUNTED, _HAS_APPEAL),
    QualityFigure.CHANGED: and_(
        _COUNTED,
        exists().where(EvaluationAppeal.evaluation_id == Evaluation.id, EvaluationAppeal.decision == "changed"),
    ),
}
"""What each figure counts, of evaluations outside calibrations."""


class Reached(StrEnum):
    """How much of an item was reached."""

    NOT_ALL = "not_all"
    NOTHING = "nothing"


_REACHED: Mapping[Reached, ColumnElement[bool]] = {
    Reached.NOT_ALL: EvaluationAnswer.share < 1,
    Reached.NOTHING: EvaluationAnswer.share == 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFilters:
    """What a list, and a figure, is narrowed to; what is empty lets everything pass. Days are those of the call.

    `team_id` and `department_id` are those of the agent now, 0 for none. `item` narrows to evaluations that answered
    this item, `reached` to those that reached less than all of it, or nothing.
    """

    first: date | None = None
    last: date | None = None
    agent: str | None = None
    grader: str | None = None
    team_id: int | None = None
    department_id: int | None = None
    queue: str | None = None
    scorecard_id: int | None = None
    state: EvaluationState | None = None
    recording_id: str | None = None
    figure: QualityFigure = QualityFigure.GRADED
    item: str | None = None
    reached: Reached | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """An evaluation as a list shows it."""

    evaluation: Evaluation
    agent_name: str
    grader_name: str
    scorecard_id: int


def standing_of(evaluation: Evaluation) -> Standing:
    """Where an evaluation stands, as the rules ask."""
    return Standing(
        state=EvaluationState(evaluation.state),
        agent=evaluation.agent,
        grader=evaluation.grader,
        number=evaluation.number,
        submitted_at=evaluation.submitted_at,
    )


def get_evaluation(session: Session, evaluation_id: int, who: Who) -> Evaluation:
    """One evaluation. Raises NotFound for one that this person may not see, or not yet."""
    found = session.get(Evaluation, evaluation_id) if 0 < evaluation_id < 2**31 else None
    if found is None or not _may_see(session, found, who):
        raise NotFound(N_("There is no such evaluation."))
    if found.agent != who.username and session.get(Recording, found.recording_id) is None:
        raise NotFound(N_("There is no such evaluation."))  # whoever grades sees what is in the scope of recordings
    return found


def list_evaluations(
    session: Session,
    filters: EvaluationFilters,
    *,
    zone: ZoneInfo,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[EvaluationRow]:
    """Submitted evaluations outside calibrations, newest call first."""
    return _page(session, _rows().where(*conditions(filters, zone)), cursor, limit)


def list_own_evaluations(
    session: Session,
    username: str,
    filters: EvaluationFilters,
    *,
    zone: ZoneInfo,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[EvaluationRow]:
    """The same of this agent's own calls, whatever the agent may hear."""
    query = _own_rows().where(Evaluation.agent == username, *conditions(filters, zone))
    return _page(session, query, cursor, limit)


def get_row(session: Session, evaluation_id: int, who: Who) -> EvaluationRow:
    """One evaluation as a list shows it. Raises NotFound for one that this person may not see, or not yet."""
    found = get_evaluation(session, evaluation_id, who)
    return _row(session.execute(_own_rows().where(Evaluation.id == found.id)).one())


def every_evaluation(session: Session, filters: EvaluationFilters, *, zone: ZoneInfo) -> Any:
    """The same evaluations, all of them, for a file."""
    query = _rows().where(*conditions(filters, zone)).order_by(Evaluation.call_at, Evaluation.id)
    return (_row(row) for row in session.execute(query.execution_options(yield_per=500)))


def own_drafts(session: Session, username: str) -> Sequence[EvaluationRow]:
    """What this grader has begun and not submitted, calibrations included."""
    query = _rows().where(Evaluation.grader == username, Evaluation.state == EvaluationState.DRAFT)
    return [_row(row) for row in session.execute(query.order_by(Evaluation.created_at))]


def evaluations_of_agent(session: Session, username: str, *, limit: int = LARGEST_LIMIT) -> Sequence[EvaluationRow]:
    """What this agent may see of the own calls, newest first."""
    query = _own_rows().where(_COUNTED, Evaluation.agent == username, Evaluation.calibration_id.is_(None))
    return [_row(row) for row in session.execute(query.order_by(Evaluation.call_at.desc()).limit(limit))]


def appeals_to_decide(session: Session, username: str) -> Sequence[EvaluationRow]:
    """Appeals that wait for somebody like this person, the oldest first."""
    query = _rows().where(*_to_decide(username)).order_by(Evaluation.changed_at)
    return [_row(row) for row in session.execute(query.limit(LARGEST_LIMIT))]


def count_appeals(session: Session, username: str) -> int:
    return _count(session, *_to_decide(username))


def count_unread(session: Session, username: str) -> int:
    """How many evaluations of this agent's calls nobody has acknowledged."""
    waiting = (EvaluationState.SUBMITTED, EvaluationState.UPHELD, EvaluationState.CHANGED)
    own = (Evaluation.agent == username, Evaluation.calibration_id.is_(None), Evaluation.state.in_(waiting))
    return session.scalar(select(func.count()).select_from(Evaluation).where(*own)) or 0


def evaluations_of_recording(session: Session, recording_id: str, who: Who) -> Sequence[EvaluationRow]:
    """What this person may see of the evaluations of one recording."""
    query = _own_rows().where(Evaluation.recording_id == recording_id, Evaluation.calibration_id.is_(None))
    query = query.where(Evaluation.state != EvaluationState.DISCARDED)
    found = [_row(row) for row in session.execute(query.order_by(Evaluation.id))]
    return [row for row in found if _may_see(session, row.evaluation, who)]


def versions_of(session: Session, evaluation_id: int) -> Sequence[EvaluationVersion]:
    """What an evaluation said, newest first."""
    query = select(EvaluationVersion).where(EvaluationVersion.evaluation_id == evaluation_id)
    return session.scalars(query.order_by(EvaluationVersion.number.desc())).all()


def remarks_of(session: Session, evaluation_id: int) -> Sequence[EvaluationRemark]:
    query = select(EvaluationRemark).where(EvaluationRemark.evaluation_id == evaluation_id)
    return session.scalars(query.order_by(EvaluationRemark.id)).all()


def appeal_of(session: Session, evaluation_id: int) -> EvaluationAppeal | None:
    return session.scalar(select(EvaluationAppeal).where(EvaluationAppeal.evaluation_id == evaluation_id))


def names(session: Session) -> dict[str, str]:
    """What everybody is called, by username."""
    return {row.username: row.display_name for row in session.execute(select(User.username, User.display_name))}


def agents_graded(session: Session) -> list[tuple[str, str]]:
    """Whose calls have evaluations that may be seen: username and name, by name."""
    seen = (
        select(Evaluation.id)
        .join(Recording, Recording.id == Evaluation.recording_id)
        .where(Evaluation.agent == User.username, Evaluation.calibration_id.is_(None), _COUNTED)
    )
    query = select(User.username, User.display_name).where(seen.exists()).order_by(User.display_name)
    return [(row.username, row.display_name) for row in session.execute(query)]


def conditions(filters: EvaluationFilters, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    """What the evaluations of a list, or of a figure, have in common."""
    found: list[ColumnElement[bool]] = [Evaluation.calibration_id.is_(None), CONDITIONS[filters.figure]]
    if filters.first is not None:
        found.append(Evaluation.call_at >= datetime.combine(filters.first, time(), zone))
    if filters.last is not None:
        found.append(Evaluation.call_at < datetime.combine(filters.last + timedelta(days=1), time(), zone))
    plain: dict[Any, Any] = {
        Evaluation.agent: filters.agent,
        Evaluation.grader: filters.grader,
        Evaluation.state: filters.state,
        Evaluation.recording_id: filters.recording_id,
    }
    found += [column == wanted for column, wanted in plain.items() if wanted is not None]
    if filters.department_id is not None:
        staff = select(User.username).where(User.department_id == (filters.department_id or None))
        found.append(Evaluation.agent.in_(staff))
    if filters.team_id is not None:
        in_team = exists().where(TeamMember.username == Evaluation.agent)
        found.append(in_team.where(TeamMember.team_id == filters.team_id) if filters.team_id else ~in_team)
    if filters.queue is not None:
        found.append(Evaluation.queue == (None if filters.queue == NO_QUEUE else filters.queue))
    if filters.scorecard_id is not None:
        wanted = select(ScorecardVersion.id).where(ScorecardVersion.scorecard_id == filters.scorecard_id)
        found.append(Evaluation.card_version_id.in_(wanted))
    if filters.item is not None:
        answer = [
            EvaluationAnswer.evaluation_id == Evaluation.id,
            EvaluationAnswer.number == Evaluation.number,
            EvaluationAnswer.item == filters.item,
            EvaluationAnswer.share.is_not(None),
        ]
        if filters.reached is not None:
            answer.append(_REACHED[filters.reached])
        found.append(exists().where(*answer))
    return found


def _page(session: Session, query: Any, cursor: str | None, limit: int) -> Page[EvaluationRow]:
    limit = max(1, min(limit, LARGEST_LIMIT))
    if cursor:
        at, last_id = read_cursor(cursor, (datetime, int))
        query = query.where(or_(Evaluation.call_at < at, and_(Evaluation.call_at == at, Evaluation.id < last_id)))
    rows = session.execute(query.order_by(Evaluation.call_at.desc(), Evaluation.id.desc()).limit(limit + 1)).all()
    items = [_row(row) for row in rows[:limit]]
    last = items[-1].evaluation if len(rows) > limit else None
    return Page(items=items, next_cursor=write_cursor(last.call_at, last.id) if last else None)


def _may_see(session: Session, evaluation: Evaluation, who: Who) -> bool:
    if evaluation.grader == who.username:
        return True
    if evaluation.state in (EvaluationState.DRAFT, EvaluationState.DISCARDED):
        return False
    if evaluation.calibration_id is not None:
        # Blind: nobody sees what the others say before the session is closed; the agent never does.
        closed = session.scalar(
            select(CalibrationSession.closed_at).where(CalibrationSession.id == evaluation.calibration_id)
        )
        return who.grades and evaluation.agent != who.username and closed is not None
    return who.grades or evaluation.agent == who.username


def _to_decide(username: str) -> tuple[ColumnElement[bool], ...]:
    others = (Evaluation.grader != username, Evaluation.agent != username)
    return Evaluation.state == EvaluationState.APPEALED, Evaluation.calibration_id.is_(None), *others


def _count(session: Session, *wanted: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Evaluation).join(Recording, Recording.id == Evaluation.recording_id)
    return session.scalar(query.where(*wanted)) or 0


def _rows() -> Any:
    # Joined with its recording, so that the scope of recordings cuts what a grader sees.
    return _own_rows().join(Recording, Recording.id == Evaluation.recording_id)


def _own_rows() -> Any:
    agent, grader = User.__table__.alias(), User.__table__.alias()
    return (
        select(Evaluation, agent.c.display_name, grader.c.display_name, ScorecardVersion.scorecard_id)
        .join(ScorecardVersion, ScorecardVersion.id == Evaluation.card_version_id)
        .outerjoin(agent, agent.c.username == Evaluation.agent)
        .outerjoin(grader, grader.c.username == Evaluation.grader)
    )


def _row(row: Any) -> EvaluationRow:
    evaluation, agent_name, grader_name, scorecard_id = row
    return EvaluationRow(
        evaluation=evaluation,
        agent_name=agent_name or evaluation.agent,
        grader_name=grader_name or evaluation.grader,
        scorecard_id=scorecard_id,
    )
