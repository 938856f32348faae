"""From which calls a sampling plan draws, and which of those that fit it are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.calls.models import Call
from app.configuration.rules import SATISFIED_PERCENT
from app.configuration.service.settings import value
from app.quality.models import Evaluation, GradingTask, SamplingPlan, ScorecardVersion
from app.quality.rules import SHOWN_TO_AGENT, Conditions, LeftOut, Span, longest_silence, read_conditions
from app.quality.service.scorecards import cards_for
from app.questionnaires.models import QuestionnaireResponse
from app.recordings.models import Recording
from app.recordings.rules import RecordingState

# What a patient says of a call comes within days; later answers are about something else.
_ANSWERED_WITHIN = timedelta(days=14)
# An hour of peaks is 700 kB: so many at once are read when a plan asks for silence.
_PEAKS_AT_ONCE = 50
# SQLite takes no more than some thousand values in one statement.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that may be drawn."""

    recording_id: str
    call_id: str
    agent: str
    call_at: datetime


def candidates_of(
    session: Session, plan: SamplingPlan, span: Span, zone: ZoneInfo
) -> tuple[list[Candidate], dict[LeftOut, int]]:
    """The calls of the period that a plan draws from, and how many that fit it were left out, by why."""
    fitting = _fitting(session, plan, span, zone)
    reasons = _reasons(session, plan, fitting)
    left_out = Counter(reasons.values())
    return [each for each in fitting if each.recording_id not in reasons], dict(left_out)


def _reasons(session: Session, plan: SamplingPlan, fitting: Sequence[Candidate]) -> dict[str, LeftOut]:
    """Why each of these recordings is left out; of most nothing is said."""
    found: dict[str, LeftOut] = {}
    for start in range(0, len(fitting), _AT_ONCE):
        some = {each.recording_id: each.call_id for each in fitting[start : start + _AT_ONCE]}
        graded = (
            select(Evaluation.recording_id, ScorecardVersion.scorecard_id)
            .join(ScorecardVersion, ScorecardVersion.id == Evaluation.card_version_id)
            .where(Evaluation.recording_id.in_(some), Evaluation.calibration_id.is_(None))
            .where(Evaluation.state.in_(sorted(SHOWN_TO_AGENT)))
        )
        for recording_id, card_id in session.execute(graded):
            if card_id == (plan.scorecard_id or _fitting_card(session, some[recording_id])):
                found[recording_id] = LeftOut.GRADED
        drawn = select(GradingTask.recording_id).where(
            GradingTask.plan_id == plan.id, GradingTask.recording_id.in_(some)
        )
        found |= dict.fromkeys(session.scalars(drawn), LeftOut.DRAWN_BEFORE)
    return found


def _fitting_card(session: Session, call_id: str) -> int | None:
    """The scorecard that a call would be graded by where the plan names none."""
    cards = cards_for(session, session.get_one(Call, call_id))
    return cards[0][0].id if cards else None


def _fitting(session: Session, plan: SamplingPlan, span: Span, zone: ZoneInfo) -> list[Candidate]:
    wanted = read_conditions(plan.conditions)
    first = datetime.combine(span.first, time(), zone)
    last = datetime.combine(span.last + timedelta(days=1), time(), zone)
    query = (
        select(Recording.id, Recording.call_id, Call.agent, Call.started_at)
        .join(Call, Call.id == Recording.call_id)
        .where(Call.started_at >= first, Call.started_at < last, Call.agent.is_not(None))
        .where(Recording.state == RecordingState.READY, *_conditions(wanted))
        .order_by(Recording.id)
    )
    found = [
        Candidate(recording_id, call_id, agent, call_at)
        for recording_id, call_id, agent, call_at in session.execute(query)
        if agent is not None
    ]
    if wanted.low_satisfaction:
        unsatisfied = _unsatisfied(session, found)
        found = [each for each in found if each.recording_id in unsatisfied]
    if wanted.silence is not None:
        silent = set(_silent(session, [each.recording_id for each in found], wanted.silence))
        found = [each for each in found if each.recording_id in silent]
    return found


def _conditions(wanted: Conditions) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.agents:
        found.append(Call.agent.in_(wanted.agents))
    if wanted.department_id is not None:
        found.append(Call.agent.in_(select(User.username).where(User.department_id == wanted.department_id)))
    if wanted.direction:
        found.append(Call.direction == wanted.direction)
    if wanted.queues:
        found.append(Call.queue.in_(wanted.queues))
    if wanted.dispositions:
        found.append(Call.disposition.in_(wanted.dispositions))
    if wanted.shortest is not None:
        found.append(Recording.seconds >= wanted.shortest)
    if wanted.longest is not None:
        found.append(Recording.seconds <= wanted.longest)
    return found


def _unsatisfied(session: Session, candidates: Sequence[Candidate]) -> set[str]:
    """The recordings after which the patient answered a questionnaire, within days, and was not satisfied."""
    percent, answer, found = value(session, SATISFIED_PERCENT), QuestionnaireResponse, set()
    for start in range(0, len(candidates), _AT_ONCE):
        some = [each.recording_id for each in candidates[start : start + _AT_ONCE]]
        query = (
            select(Recording.id, Call.started_at, answer.completed_at)
            .join(Call, Call.id == Recording.call_id)
            .join(answer, answer.patient_id == Call.patient_id)
            .where(Recording.id.in_(some), answer.completed_at >= Call.started_at, answer.highest_score > 0)
            .where(answer.score * 100 < answer.highest_score * percent)
        )
        found |= {
            recording_id
            for recording_id, called_at, answered_at in session.execute(query)
            if answered_at is not None and answered_at - called_at <= _ANSWERED_WITHIN
        }
    return found


def _silent(session: Session, ids: Sequence[str], least: int) -> Iterator[str]:
    for start in range(0, len(ids), _PEAKS_AT_ONCE):
        some = ids[start : start + _PEAKS_AT_ONCE]
        for recording_id, peaks in session.execute(select(Recording.id, Recording.peaks).where(Recording.id.in_(some))):
            if longest_silence(peaks) >= least:
                yield recording_id
