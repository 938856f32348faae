"""The report of quality: how well, by agent, team, department, queue, scorecard and item, over time (N-64, T-09)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.organisation.service import department_names
from app.quality.models import Evaluation, EvaluationAnswer, Scorecard, ScorecardVersion
from app.quality.rules import NO_QUEUE, GroupBy, QualityFigure, step_at, steps_of
from app.quality.service.reading import CONDITIONS, EvaluationFilters, conditions, names
from app.quality.service.scorecards import card_of
from app.queues.service import queue_labels
from app.recordings.models import Recording
from app.teams.models import Team, TeamMember

_DAY = timedelta(days=1)
_Row = tuple[str, date, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of some evaluations. `mean` is nothing where none has a total."""

    counts: Mapping[QualityFigure, int]
    mean: float | None

    @property
    def fatal_share(self) -> float | None:
        graded = self.counts[QualityFigure.GRADED]
        return self.counts[QualityFigure.FATAL] / graded if graded else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """One line of the report; `key` is what the list behind it is narrowed to. `steps` are means over time.

    Which team or department an agent belongs to is what is true now: neither room remembers how it was at the call.
    """

    key: str
    figures: Figures
    before: float | None
    steps: tuple[float | None, ...]
    graded_steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One item of a scorecard: how many answers, what was reached of the best, how often nothing of it."""

    key: str
    texts: Mapping[str, str]
    is_fatal: bool
    answered: int
    share: float | None
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Everything that the page shows of a period, beside the period before."""

    now: Figures
    before: Figures
    steps: tuple[date, ...]
    over_time: tuple[float | None, ...]
    graded_over_time: tuple[int, ...]
    groups: Sequence[GroupLine]


def quality_report(
    session: Session, filters: EvaluationFilters, *, by: GroupBy, first: date, last: date, zone: ZoneInfo
) -> QualityReport:
    """The report of the calls that began between two days, both included."""
    chosen = replace(filters, first=first, last=last)
    span = last - first
    earlier = replace(filters, first=first - (span + _DAY), last=first - _DAY)
    steps = steps_of(first, last)
    rows = _rows(session, chosen, by, zone)
    means = {each.key: each.figures.mean for each in _groups(session, earlier, by, zone)}
    own: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        own[row[0]].append(row)
    groups = [
        replace(
            each,
            before=means.get(each.key),
            steps=_means(own[each.key], steps),
            graded_steps=_counts(own[each.key], steps),
        )
        for each in _groups(session, chosen, by, zone)
    ]
    return QualityReport(
        now=_figures(session, chosen, zone),
        before=_figures(session, earlier, zone),
        steps=steps,
        over_time=_means(rows, steps),
        graded_over_time=_counts(rows, steps),
        groups=groups,
    )


def item_lines(session: Session, filters: EvaluationFilters, scorecard_id: int, *, zone: ZoneInfo) -> list[ItemLine]:
    """The items of a scorecard's newest used version, over all its versions that have them, the weakest first."""
    versions = session.scalars(
        select(ScorecardVersion)
        .where(ScorecardVersion.scorecard_id == scorecard_id, ScorecardVersion.used_at.is_not(None))
        .order_by(ScorecardVersion.number.desc())
    ).all()
    items = {item.key: item for version in reversed(versions) for item in card_of(version).items}
    failed = func.sum(cast(EvaluationAnswer.share == 0, Integer))
    query = (
        select(EvaluationAnswer.item, func.count(EvaluationAnswer.share), func.avg(EvaluationAnswer.share), failed)
        .join(Evaluation, Evaluation.id == EvaluationAnswer.evaluation_id)
        .join(Recording, Recording.id == Evaluation.recording_id)
        .where(EvaluationAnswer.number == Evaluation.number)
        .where(*conditions(replace(filters, scorecard_id=scorecard_id), zone))
        .group_by(EvaluationAnswer.item)
    )
    found = [
        ItemLine(
            key=key,
            texts=items[key].texts,
            is_fatal=items[key].is_fatal,
            answered=answered,
            share=None if share is None else float(share),
            failed=int(zeros or 0),
        )
        for key, answered, share, zeros in session.execute(query)
        if key in items
    ]
    return sorted(found, key=lambda line: (line.share is None, line.share, line.key))


def _figures(session: Session, filters: EvaluationFilters, zone: ZoneInfo) -> Figures:
    row = session.execute(_from(select(*_columns()), filters, zone)).one()
    return _read(row)


def _groups(session: Session, filters: EvaluationFilters, by: GroupBy, zone: ZoneInfo) -> list[GroupLine]:
    key = _KEYS[by]
    query = _from(select(key.label("key"), *_columns()), filters, zone).group_by(key)
    found = [
        GroupLine(key=_key(by, row.key), figures=_read(row), before=None, steps=(), graded_steps=())
        for row in session.execute(query)
    ]
    return sorted(found, key=lambda line: (line.figures.mean is None, line.figures.mean, line.key))


def _rows(session: Session, filters: EvaluationFilters, by: GroupBy, zone: ZoneInfo) -> list[_Row]:
    query = _from(select(_KEYS[by], Evaluation.call_at, Evaluation.total), filters, zone)
    return [(_key(by, key), at.astimezone(zone).date(), total) for key, at, total in session.execute(query)]


def _means(rows: Sequence[_Row], steps: tuple[date, ...]) -> tuple[float | None, ...]:
    found: list[list[float]] = [[] for _ in steps]
    for _group, day, total in rows:
        if total is None:
            continue
        found[step_at(steps, day)].append(total)
    return tuple(round(sum(each) / len(each), 1) if each else None for each in found)


def _counts(rows: Sequence[_Row], steps: tuple[date, ...]) -> tuple[int, ...]:
    places = Counter(step_at(steps, day) for _group, day, _total in rows)
    return tuple(places[place] for place in range(len(steps)))


def _columns() -> list[Any]:
    return [
        *(
            func.coalesce(func.sum(cast(condition, Integer)), 0).label(str(figure))
            for figure, condition in CONDITIONS.items()
        ),
        func.avg(Evaluation.total).label("mean"),
    ]


def _from(query: Any, filters: EvaluationFilters, zone: ZoneInfo) -> Any:
    """The evaluations of the filters, joined with their recordings so that the scope of recordings cuts them."""
    return (
        query.select_from(Evaluation)
        .join(Recording, Recording.id == Evaluation.recording_id)
        .join(ScorecardVersion, ScorecardVersion.id == Evaluation.card_version_id)
        .outerjoin(User, User.username == Evaluation.agent)
        .outerjoin(TeamMember, TeamMember.username == Evaluation.agent)
        .where(*conditions(filters, zone))
    )


def _read(row: Any) -> Figures:
    counts = {figure: int(getattr(row, str(figure))) for figure in QualityFigure}
    return Figures(counts=counts, mean=None if row.mean is None else float(row.mean))


def _key(by: GroupBy, key: Any) -> str:
    if key is None:
        return NO_QUEUE if by is GroupBy.QUEUE else "0"
    return str(key)


def group_names(session: Session, by: GroupBy) -> dict[str, str]:
    """What the groups are called, by the key of their line; what belongs to none has no name."""
    if by is GroupBy.TEAM:
        return {str(id): name for id, name in session.execute(select(Team.id, Team.name).order_by(Team.name))}
    if by is GroupBy.DEPARTMENT:
        return {str(id): name for id, name in department_names(session).items()}
    if by is GroupBy.QUEUE:
        return dict(queue_labels(session))
    if by is GroupBy.SCORECARD:
        return {str(card.id): card.name for card in card_names(session).values()}
    return names(session)


def card_names(session: Session) -> dict[int, Scorecard]:
    """Every scorecard that there ever was, by id."""
    return {each.id: each for each in session.scalars(select(Scorecard))}


_KEYS: Mapping[GroupBy, Any] = {
    GroupBy.AGENT: Evaluation.agent,
    GroupBy.TEAM: TeamMember.team_id,
    GroupBy.DEPARTMENT: User.department_id,
    GroupBy.QUEUE: Evaluation.queue,
    GroupBy.SCORECARD: ScorecardVersion.scorecard_id,
    GroupBy.GRADER: Evaluation.grader,
}
