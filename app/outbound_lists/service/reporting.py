"""How far a list is, in numbers, and the people behind each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.followups.models import FollowupAttempt, FollowupTask
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import ListState
from app.paging import Page, read_cursor, write_cursor
from app.questionnaires.models import QuestionnaireAnswer, QuestionnaireVersion

# What agents see is what runs: some dozen at most.
_MOST_RUNNING = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many follow-ups are in each state and have each result; how many calls had each outcome."""

    states: dict[str, int] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    living: int = 0

    @property
    def all(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionCount:
    """How often each answer was given to one question, by option or number, with its text by language."""

    code: str
    texts: dict[str, str]
    answers: list[tuple[dict[str, str], str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which follow-ups of a list are shown."""

    state: str | None = None
    result: str | None = None
    outcome: str | None = None
    agent: str | None = None


def list_lists(
    session: Session,
    *,
    limit: int,
    cursor: str | None = None,
    state: str | None = None,
    dialling: str | None = None,
    agent: str | None = None,
) -> Page[OutboundList]:
    """Lists, newest first. With an agent: those that run or rest and that the agent works on."""
    query = select(OutboundList).order_by(OutboundList.id.desc())
    if state:
        query = query.where(OutboundList.state == state)
    if dialling:
        query = query.where(OutboundList.dialling == dialling)
    if cursor:
        [before] = read_cursor(cursor, (int,))
        query = query.where(OutboundList.id < before)
    if agent is not None:
        query = query.where(OutboundList.state.in_((ListState.RUNNING, ListState.PAUSED))).limit(_MOST_RUNNING)
        return Page(items=[each for each in session.scalars(query) if works_on(each, agent)], next_cursor=None)
    found = list(session.scalars(query.limit(limit + 1)))
    more = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


def works_on(batch: OutboundList, agent: str) -> bool:
    """Whether this agent is one of the list's."""
    return not batch.agents or agent in batch.agents


def progress_of(session: Session, list_ids: Sequence[int]) -> dict[int, Progress]:
    """The numbers of these lists, of the people whom the session's viewer may see."""
    found = {list_id: Progress() for list_id in list_ids}
    if not list_ids:
        return found
    tasks = (
        select(FollowupTask.list_id, FollowupTask.state, FollowupTask.result, func.count())
        .where(FollowupTask.list_id.in_(list_ids))
        .group_by(FollowupTask.list_id, FollowupTask.state, FollowupTask.result)
    )
    for list_id, state, result, count in session.execute(tasks):
        assert list_id is not None  # the query asks for it
        states, results = found[list_id].states, found[list_id].results
        states[state] = states.get(state, 0) + count
        if result is not None:
            results[result] = results.get(result, 0) + count
    attempts = (
        select(FollowupTask.list_id, FollowupAttempt.outcome, FollowupAttempt.ended_at.is_(None), func.count())
        .join(FollowupTask, FollowupTask.id == FollowupAttempt.task_id)
        .where(FollowupTask.list_id.in_(list_ids))
        .group_by(FollowupTask.list_id, FollowupAttempt.outcome, FollowupAttempt.ended_at.is_(None))
    )
    living: dict[int, int] = {}
    for list_id, outcome, is_open, count in session.execute(attempts):
        assert list_id is not None
        if is_open:
            living[list_id] = living.get(list_id, 0) + count
        elif outcome is not None:
            found[list_id].outcomes[outcome] = found[list_id].outcomes.get(outcome, 0) + count
    return {
        list_id: Progress(
            states=each.states, results=each.results, outcomes=each.outcomes, living=living.get(list_id, 0)
        )
        for list_id, each in found.items()
    }


def people_in(
    session: Session, list_id: int, filters: Filters, *, limit: int, cursor: str | None = None
) -> Page[FollowupTask]:
    """The follow-ups behind a number, by id."""
    query = select(FollowupTask).where(FollowupTask.list_id == list_id).order_by(FollowupTask.id)
    if filters.state:
        query = query.where(FollowupTask.state == filters.state)
    if filters.result:
        query = query.where(FollowupTask.result == filters.result)
    if filters.agent:
        query = query.where(FollowupTask.assignee == filters.agent)
    if filters.outcome:
        query = query.where(FollowupTask.id.in_(_with_outcome(filters.outcome)))
    if cursor:
        [after] = read_cursor(cursor, (int,))
        query = query.where(FollowupTask.id > after)
    found = list(session.scalars(query.limit(limit + 1)))
    more = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


def attempts_of(session: Session, task_ids: Sequence[int]) -> dict[int, list[FollowupAttempt]]:
    """The calls for each of these follow-ups, in order."""
    found: dict[int, list[FollowupAttempt]] = {}
    query = select(FollowupAttempt).where(FollowupAttempt.task_id.in_(task_ids)).order_by(FollowupAttempt.started_at)
    for attempt in session.scalars(query):
        found.setdefault(attempt.task_id, []).append(attempt)
    return found


def answers_of(session: Session, batch: OutboundList) -> list[QuestionCount]:
    """What the people of this list answered, question by question (F-14)."""
    version = session.get(QuestionnaireVersion, batch.questionnaire_version_id or 0)
    if version is None:
        return []
    query = (
        select(QuestionnaireAnswer.question, QuestionnaireAnswer.option, QuestionnaireAnswer.number, func.count())
        .join(FollowupTask, FollowupTask.response_id == QuestionnaireAnswer.response_id)
        .where(FollowupTask.list_id == batch.id)
        .group_by(QuestionnaireAnswer.question, QuestionnaireAnswer.option, QuestionnaireAnswer.number)
    )
    given: dict[str, list[tuple[str, float | None, int]]] = {}
    for code, option, number, count in session.execute(query):
        given.setdefault(code, []).append((option, number, count))
    counted = []
    for question in version.questions:
        options = {each.get("code"): each.get("texts") or {} for each in question.get("options") or []}
        answers: list[tuple[dict[str, str], str, int]] = [
            (options.get(option, {}), option or _plain(number), count)
            for option, number, count in sorted(given.get(question.get("code"), []), key=lambda each: -each[2])
        ]
        if answers:
            counted.append(QuestionCount(code=question["code"], texts=question.get("texts") or {}, answers=answers))
    return counted


def _with_outcome(outcome: str) -> Select[Any]:
    return select(FollowupAttempt.task_id).where(FollowupAttempt.outcome == outcome)


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
