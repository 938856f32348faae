"""Reports over completed responses: by group, by question, by answer, and the people behind each number (Q-03, Q-04).

All counting is the database's. A session that is bound to a viewer counts what that viewer may see, so that the list
behind a number has as many people as the number says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, select
from sqlalchemy.orm import Session

from app.configuration import service as configuration
from app.configuration.rules import SATISFIED_PERCENT
from app.followups.models import FollowupTask
from app.questionnaires.models import QuestionnaireAnswer, QuestionnaireResponse, QuestionnaireVersion
from app.questionnaires.rules import AnswerCount, Measure, Question, QuestionFigures, QuestionKind, share
from app.questionnaires.service.reading import get_questionnaire, questions_of
from app.reports.rules import Period

Response, Answer = QuestionnaireResponse, QuestionnaireAnswer


class GroupBy(StrEnum):
    DEPARTMENT = "department"
    WARD = "ward"
    DOCTOR = "doctor"
    AGENT = "agent"
    WAY = "way"
    QUESTIONNAIRE = "questionnaire"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilters:
    """What is counted. `questionnaire_id` is nothing where an item is counted across questionnaires (Q-06)."""

    period: Period
    zone: ZoneInfo
    questionnaire_id: int | None = None
    way: str | None = None
    department_id: int | None = None
    ward: str | None = None
    doctor: str | None = None
    agent: str | None = None
    list_id: int | None = None

    @property
    def before(self) -> ReportFilters:
        """The same for the period just before."""
        return replace(self, period=self.period.previous)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """One group with its figures now and before. `key` is an id, a name or a code; nothing where nobody said it."""

    key: str | None
    now: Measure
    before: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemGroup:
    """One item's answers in one group: how many answered, and the mean."""

    key: str | None
    answered: int
    mean: float | None
    before: float | None


def measure(session: Session, filters: ReportFilters) -> Measure:
    """All responses that fit, counted together."""
    row = session.execute(_counted(session, condition_of(filters))).one()
    return _measure(row)


def by_group(session: Session, filters: ReportFilters, group: GroupBy) -> list[GroupFigures]:
    """The figures of each group, the largest first, beside those of the period before."""
    found = {which.period: _grouped(session, which, group) for which in (filters, filters.before)}
    now, before = found[filters.period], found[filters.before.period]
    figures = [
        GroupFigures(key=key, now=each, before=before.get(key, Measure())) for key, each in now.items() if each.count
    ]
    return sorted(figures, key=lambda each: (-each.now.count, each.key or ""))


def by_question(session: Session, filters: ReportFilters, questions: Sequence[Question]) -> list[QuestionFigures]:
    """Count, mean and the share of each answer, beside the period before; in the order of the questions."""
    now = _answers(session, filters, questions)
    before = _answers(session, filters.before, questions)
    return [_figures(question, now, before) for question in questions]


def item_by_group(session: Session, filters: ReportFilters, question: Question, group: GroupBy) -> list[ItemGroup]:
    """One item in each group, across every questionnaire that asks it (Q-06, Q-13)."""
    found = {}
    for which in (filters, filters.before):
        column = _group_column(group)
        query = _joined(which, column, _count_answered(question), *_sums(), code=question.code).group_by(column)
        found[which.period] = {
            _key(row[0]): (row[1], _mean(question, row[1], row[2:])) for row in session.execute(query)
        }
    before = found[filters.before.period]
    groups = [
        ItemGroup(key=key, answered=answered, mean=mean, before=before.get(key, (0, None))[1])
        for key, (answered, mean) in found[filters.period].items()
    ]
    return sorted(groups, key=lambda each: (-each.answered, each.key or ""))


def people_query(filters: ReportFilters, question: str, option: str) -> Any:
    """Exactly the responses behind an answer's bar: id, patient, time. One person may have answered more than once."""
    return (
        select(Response.id, Response.patient_id, Response.completed_at)
        .join(Answer, Answer.response_id == Response.id)
        .where(condition_of(filters), Answer.question == question, Answer.option == option)
    )


def words_of(
    session: Session, filters: ReportFilters, question: str, limit: int = 100
) -> list[tuple[QuestionnaireAnswer, QuestionnaireResponse]]:
    """What people wrote, newest first."""
    query = (
        select(Answer, Response)
        .join(Response, Answer.response_id == Response.id)
        .where(condition_of(filters), Answer.question == question, Answer.text.is_not(None))
        .order_by(Response.completed_at.desc(), Answer.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def known_values(session: Session, questionnaire_id: int | None) -> dict[str, list[str]]:
    """The wards, doctors and agents that responses name, for the filters."""
    found = {}
    for name, column in (("ward", Response.ward), ("doctor", Response.doctor), ("agent", Response.agent)):
        query = select(column).distinct().where(column.is_not(None), Response.completed_at.is_not(None))
        if questionnaire_id is not None:
            query = query.where(Response.version_id.in_(_versions(questionnaire_id)))
        found[name] = sorted(value for value in session.scalars(query.limit(200)) if value)
    return found


def questions_asked(session: Session, questionnaire_id: int) -> list[Question]:
    """Every question of a questionnaire's versions that were used or are in use, as the newest of them asks it."""
    found: dict[str, Question] = {}
    for version in get_questionnaire(session, questionnaire_id).versions:
        if version.used_at is not None or version.approved_at is not None:
            for question in questions_of(version):
                found.setdefault(question.code, question)
    return list(found.values())


def condition_of(filters: ReportFilters) -> ColumnElement[bool]:
    """What a response must satisfy to be counted."""
    conditions: list[ColumnElement[bool]] = [
        Response.completed_at >= filters.period.start(filters.zone),
        Response.completed_at < filters.period.end(filters.zone),
    ]
    if filters.questionnaire_id is not None:
        conditions.append(Response.version_id.in_(_versions(filters.questionnaire_id)))
    if filters.department_id is not None:
        conditions.append(Response.department_id == filters.department_id)
    if filters.list_id is not None:
        of_list = select(FollowupTask.id).where(FollowupTask.list_id == filters.list_id)
        conditions.append(Response.task_id.in_(of_list))
    named = {Response.way: filters.way, Response.ward: filters.ward, Response.doctor: filters.doctor}
    for column, wanted in (*named.items(), (Response.agent, filters.agent)):
        if wanted:
            conditions.append(column == wanted)
    return and_(*conditions)


def _versions(questionnaire_id: int) -> Select[Any]:
    return select(QuestionnaireVersion.id).where(QuestionnaireVersion.questionnaire_id == questionnaire_id)


def _counted(session: Session, condition: ColumnElement[bool], *first: Any) -> Select[Any]:
    percent = configuration.value(session, SATISFIED_PERCENT)
    is_scored = Response.highest_score > 0
    is_satisfied = and_(is_scored, Response.score * 100 >= Response.highest_score * percent)
    return select(
        *first,
        func.count(Response.id),
        func.sum(case((is_scored, 1), else_=0)),
        func.sum(case((is_scored, Response.score), else_=0.0)),
        func.sum(case((is_scored, Response.highest_score), else_=0.0)),
        func.sum(case((is_satisfied, 1), else_=0)),
    ).where(condition)


def _measure(row: Any) -> Measure:
    count, scored, points, highest, satisfied = row
    return Measure(
        count=count, scored=scored or 0, points=points or 0.0, highest=highest or 0.0, satisfied=satisfied or 0
    )


def _grouped(session: Session, filters: ReportFilters, group: GroupBy) -> dict[str | None, Measure]:
    column = _group_column(group)
    query = _counted(session, condition_of(filters), column)
    if group is GroupBy.QUESTIONNAIRE:
        query = query.join(QuestionnaireVersion, QuestionnaireVersion.id == Response.version_id)
    return {_key(row[0]): _measure(row[1:]) for row in session.execute(query.group_by(column))}


def _group_column(group: GroupBy) -> Any:
    return {
        GroupBy.DEPARTMENT: Response.department_id,
        GroupBy.WARD: Response.ward,
        GroupBy.DOCTOR: Response.doctor,
        GroupBy.AGENT: Response.agent,
        GroupBy.WAY: Response.way,
        GroupBy.QUESTIONNAIRE: QuestionnaireVersion.questionnaire_id,
    }[group]


def _key(value: Any) -> str | None:
    return None if value is None else str(value)


def _joined(filters: ReportFilters, *columns: Any, code: str | None = None) -> Select[Any]:
    query = (
        select(*columns)
        .select_from(Response)
        .join(Answer, Answer.response_id == Response.id)
        .join(QuestionnaireVersion, QuestionnaireVersion.id == Response.version_id)
        .where(condition_of(filters))
    )
    return query if code is None else query.where(Answer.question == code)


def _sums() -> tuple[Any, ...]:
    return func.sum(Answer.score), func.count(Answer.score), func.sum(Answer.number), func.count(Answer.number)


def _count_answered(question: Question) -> Any:
    is_many = question.kind is QuestionKind.MULTIPLE
    return func.count(distinct(Answer.response_id)) if is_many else func.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What the database counted: rows by question and option, and how many answered where several options may be."""

    rows: Mapping[str, Mapping[str, tuple[Any, ...]]]
    answered: Mapping[str, int]


def _answers(session: Session, filters: ReportFilters, questions: Sequence[Question]) -> _Answers:
    columns = (Answer.question, Answer.option, func.count(), *_sums())
    rows: dict[str, dict[str, tuple[Any, ...]]] = {}
    query = (
        select(*columns)
        .select_from(Response)
        .join(Answer, Answer.response_id == Response.id)
        .where(condition_of(filters))
        .group_by(Answer.question, Answer.option)
    )
    for code, option, *figures in session.execute(query):
        rows.setdefault(code, {})[option] = tuple(figures)
    many = [question.code for question in questions if question.kind is QuestionKind.MULTIPLE]
    answered: dict[str, int] = {}
    if many:
        counted = (
            select(Answer.question, func.count(distinct(Answer.response_id)))
            .select_from(Response)
            .join(Answer, Answer.response_id == Response.id)
            .where(condition_of(filters), Answer.question.in_(many))
            .group_by(Answer.question)
        )
        answered = {row[0]: row[1] for row in session.execute(counted)}
    return _Answers(rows=rows, answered=answered)


def _figures(question: Question, now: _Answers, before: _Answers) -> QuestionFigures:
    count, mean = _of_question(question, now)
    count_before, mean_before = _of_question(question, before)
    counts, counts_before = now.rows.get(question.code, {}), before.rows.get(question.code, {})
    return QuestionFigures(
        code=question.code,
        answered=count,
        answered_before=count_before,
        mean=mean,
        mean_before=mean_before,
        answers=tuple(
            AnswerCount(
                option=option.code,
                count=(chosen := counts.get(option.code, (0,))[0]),
                share=share(chosen, count),
                before=share(counts_before.get(option.code, (0,))[0], count_before),
            )
            for option in question.options
        ),
    )


def _of_question(question: Question, counted: _Answers) -> tuple[int, float | None]:
    rows = counted.rows.get(question.code, {})
    answered = counted.answered.get(question.code, 0)
    if question.kind is not QuestionKind.MULTIPLE:
        answered = sum(row[0] for row in rows.values())
    sums = [sum(row[place] or 0 for row in rows.values()) for place in range(1, 5)]
    return answered, _mean(question, answered, sums)


def _mean(question: Question, answered: int, sums: Sequence[Any]) -> float | None:
    """Of scores by answer, of several choices by whoever answered, of numbers the numbers."""
    score, scores, number, numbers = sums
    if question.kind is QuestionKind.NUMBER:
        return float(number) / numbers if numbers else None
    if not scores:
        return None
    return float(score) / (answered if question.kind is QuestionKind.MULTIPLE else scores)
