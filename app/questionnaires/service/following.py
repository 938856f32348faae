"""From an answer to the people who gave it, and to follow-up tasks for all or some of them (Q-04)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.access.service import UNSCOPED
from app.bus import Bus
from app.errors import InvalidInput
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, TaskKind, TaskMode, TaskRole
from app.followups.service import NewTask, add_tasks
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.patients.rules import clean_text
from app.questionnaires.models import QuestionnaireResponse
from app.questionnaires.service.reporting import ReportFilters, people_query
from app.texts import N_

MOST_PEOPLE = 5_000
"""So many people get a task at once; for more an outbound list is the better way."""
_LATEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """One response behind a bar; without a patient it is an anonymous form."""

    response_id: int
    patient_id: int | None
    completed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFollowups:
    """What became of the wish: tasks made, people who had one already, people who cannot be called."""

    made: int
    had_one: int
    left_out: int


def list_answerers(
    session: Session, filters: ReportFilters, question: str, option: str, *, limit: int, cursor: str | None = None
) -> Page[Answerer]:
    """Who gave this answer, newest first: as many as the bar says."""
    query = people_query(filters, question, option)
    if cursor:
        at, last_id = read_cursor(cursor, (datetime, int))
        query = query.where(
            or_(
                QuestionnaireResponse.completed_at < at,
                (QuestionnaireResponse.completed_at == at) & (QuestionnaireResponse.id < last_id),
            )
        )
    order = (QuestionnaireResponse.completed_at.desc(), QuestionnaireResponse.id.desc())
    rows = [
        Answerer(response_id=row[0], patient_id=row[1], completed_at=row[2])
        for row in session.execute(query.order_by(*order).limit(limit + 1))
    ]
    more, rows = len(rows) > limit, rows[:limit]
    return Page(items=rows, next_cursor=write_cursor(rows[-1].completed_at, rows[-1].response_id) if more else None)


def patients_behind(session: Session, filters: ReportFilters, question: str, option: str) -> list[int]:
    """The people who gave this answer, each once. Raises InvalidInput for more than 5,000."""
    found = session.scalars(people_of(filters, question, option).distinct().limit(MOST_PEOPLE + 1)).all()
    if len(found) > MOST_PEOPLE:
        raise InvalidInput(
            N_("More than 5,000 people gave this answer. Narrow the report, or make an outbound list."), field="ids"
        )
    return sorted(patient_id for patient_id in found if patient_id is not None)


def people_of(filters: ReportFilters, question: str, option: str) -> Any:
    """The same as a query of their ids; who answered twice stands in it twice."""
    query = people_query(filters, question, option).with_only_columns(QuestionnaireResponse.patient_id)
    return query.where(QuestionnaireResponse.patient_id.is_not(None))


def make_followups(
    session: Session,
    bus: Bus,
    patient_ids: Collection[int],
    *,
    title: str,
    why: str,
    text: str = "",
    due_on: date,
    zone: ZoneInfo,
    by: str,
    now: datetime,
) -> NewFollowups:
    """A follow-up of the service centre for each of these people on this day.

    Whoever has an open one with the same title gets no second one, so that pressing twice does nothing. The dead, and
    whom the viewer may not see, get none. Raises InvalidInput without a title, without people, or for a day past.
    """
    access.need_write(session, Module.FOLLOWUPS)
    title, today = clean_text(title)[:200], now.astimezone(zone).date()
    if not title:
        raise InvalidInput(N_("Say what the follow-up is for."), field="title")
    if not today <= due_on <= today + _LATEST:
        raise InvalidInput(N_("Choose a day from today on, within a year."), field="due_on")
    wanted = set(patient_ids)
    if not wanted:
        raise InvalidInput(N_("Choose at least one person."), field="ids")
    if len(wanted) > MOST_PEOPLE:
        raise InvalidInput(N_("At most 5,000 people at once. Choose fewer."), field="ids")
    callable_ids: set[int] = set()
    busy: set[int] = set()
    for chunk in _chunks(sorted(wanted)):
        callable_ids |= set(
            session.scalars(
                select(Patient.id).where(
                    Patient.id.in_(chunk), Patient.deceased_at.is_(None), Patient.merged_into_id.is_(None)
                )
            )
        )
        busy |= set(
            session.scalars(
                select(FollowupTask.patient_id).where(
                    FollowupTask.patient_id.in_(chunk),
                    FollowupTask.kind == TaskKind.LIST,
                    FollowupTask.title == title,
                    FollowupTask.state.in_(tuple(sorted(OPEN))),
                ),
                execution_options={UNSCOPED: True},
            )
        )
    tasks = [
        NewTask(
            patient_id=patient_id,
            kind=TaskKind.LIST,
            mode=TaskMode.PHONE,
            role=TaskRole.SERVICE_CENTRE,
            title=title,
            text=text,
            why=why,
            due_on=due_on,
        )
        for patient_id in sorted(callable_ids - busy)
    ]
    made = add_tasks(session, bus, tasks, zone=zone, by=by, now=now)
    return NewFollowups(made=made, had_one=len(callable_ids & busy), left_out=len(wanted - callable_ids))


def _chunks(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + 500] for start in range(0, len(ids), 500)]
