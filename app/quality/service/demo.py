"""Quality in the demo hospital: approved scorecards, some graded calls with one appeal, a plan and a calibration.

All of it is made through the services, on calls of the demo's past. Their audio is made too, two murmuring tones that
take turns: nobody's words are invented.
"""

from __future__ import annotations

import array
import math
import os
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.models import Call
from app.quality.models import Evaluation, Scorecard
from app.quality.rules import Answer, Card, Conditions, Item, Moment, PeriodKind, Sheet, Who, span_of
from app.quality.service.calibrating import SessionData, create_session
from app.quality.service.coaching import CoachingData, add_coaching
from app.quality.service.evaluating import acknowledge, appeal, finish, save_draft, start
from app.quality.service.sampling import PlanData, ask_for_draw, create_plan
from app.quality.service.scorecards import approve_card, card_of, get_version, list_cards, submit_card
from app.recordings import service as recordings
from app.recordings.models import Recording
from app.recordings.rules import RecordingState
from app.settings import Settings

_SEED = 20261128
_CALLS = 8
# Long enough to be worth grading, short enough that the audio of all is made in a second.
_SHORTEST, _LONGEST = 30, 150
_RATE = 8000
_QA, _SUPERVISOR = Who(username="qa", grades=True), Who(username="supervisor", grades=True)


def seed_demo_recordings(session: Session, bus: Bus, settings: Settings, now: datetime) -> list[str]:
    """Give some calls of the demo's past their audio, which the ordinary pick-up stores; returns the recordings' ids.

    None where there is any recording already.
    """
    if session.scalar(select(exists().where(Recording.id.is_not(None)))):
        return []
    calls, made = _past_calls(session, now), []
    for place, call in enumerate(calls):
        assert call.answered_at is not None and call.ended_at is not None
        seconds = (call.ended_at - call.answered_at).total_seconds()
        stem = f"demo-{place}"
        _write_audio(settings.spool_dir / "monitor" / f"{stem}.raw", seconds, place, now - timedelta(minutes=1))
        made.append(recordings.recording_started(session, call_id=call.id, source_name=stem, at=call.answered_at))
        recordings.recording_ended(session, bus, call_id=call.id, at=now)
    return made


def seed_demo_quality(session: Session, bus: Bus, settings: Settings, now: datetime) -> int:
    """Grade what can be heard, once; returns how many evaluations were made."""
    approve_for_demo(session, bus, now)
    if session.scalar(select(exists().where(Evaluation.id.is_not(None)))):
        return 0
    query = select(Recording.id).where(Recording.state == RecordingState.READY).order_by(Recording.started_at)
    ids = list(session.scalars(query.limit(_CALLS)))
    if len(ids) < _CALLS:
        return 0
    dice = random.Random(_SEED)
    made = [_grade(session, bus, recording_id, dice, now) for recording_id in ids[:-2]]
    _let_agents_answer(session, bus, settings, made, now)
    card = session.scalars(select(Scorecard).where(Scorecard.code == "hotline_call")).one()
    today = now.astimezone(settings.timezone).date()
    plan = PlanData(
        name="热线每周抽检", scorecard_id=None, period=PeriodKind.WEEK, per_agent=2, grade_days=7,
        conditions=Conditions(shortest=20),
    )  # fmt: skip
    made_plan = create_plan(session, plan, by="supervisor", now=now, zone=settings.timezone)
    ask_for_draw(session, made_plan.id, now=now, zone=settings.timezone)
    data = SessionData(
        name="质检校准", scorecard_id=card.id, recording_ids=tuple(ids[-2:]), graders=("qa", "supervisor"),
        due_on=span_of(PeriodKind.WEEK, today).last,
    )  # fmt: skip
    create_session(session, bus, data, _SUPERVISOR, now=now)
    return len(made)


def approve_for_demo(session: Session, bus: Bus, now: datetime) -> None:
    """Let the shipped scorecards hold, as a supervisor of the demo would."""
    for card in list_cards(session):
        if card.is_shipped and card.versions[0].state == "draft" and card.versions[0].author is None:
            submit_card(session, card.id, by="qa", now=now)
            approve_card(session, bus, card.id, by="supervisor", is_supervisor=True, now=now)


def _past_calls(session: Session, now: datetime) -> Sequence[Call]:
    query = (
        select(Call)
        .where(Call.answered_at.is_not(None), Call.ended_at.is_not(None), Call.agent.is_not(None))
        .where(Call.started_at < now - timedelta(days=3), Call.outcome == "answered")
        .order_by(Call.started_at.desc())
        .limit(400)
    )
    found = [
        call
        for call in session.scalars(query)
        if call.answered_at and call.ended_at and _SHORTEST <= (call.ended_at - call.answered_at).seconds <= _LONGEST
    ]
    return found[:_CALLS]


def _grade(session: Session, bus: Bus, recording_id: str, dice: random.Random, now: datetime) -> Evaluation:
    who = _QA if dice.random() < 0.7 else _SUPERVISOR
    evaluation = start(session, recording_id, who, now=now)
    card = card_of(get_version(session, evaluation.card_version_id))
    sheet = Sheet(
        answers={item.key: _answer(item, dice) for item in card.items}, moments=_moments(card, dice), summary=""
    )
    save_draft(session, evaluation.id, sheet, who, seen=evaluation.draft_seen, now=now)
    finish(session, bus, evaluation.id, who, now=now)
    return evaluation


def _answer(item: Item, dice: random.Random) -> Answer:
    if item.allows_na and dice.random() < 0.4:
        return Answer(is_na=True)
    if item.is_fatal:
        return Answer(value=item.high if dice.random() < 0.95 else item.low)
    return Answer(value=item.high - min(item.high - item.low, int(dice.expovariate(1.2))))


def _moments(card: Card, dice: random.Random) -> tuple[Moment, ...]:
    items = dice.sample(card.items, 2)
    return tuple(Moment(at=float(dice.randrange(3, 28)), item=item.key) for item in items)


def _let_agents_answer(
    session: Session, bus: Bus, settings: Settings, made: Sequence[Evaluation], now: datetime
) -> None:
    lowest = min(made, key=lambda each: each.total or 0)
    for each in made:
        agent = Who(username=each.agent, grades=False)
        if each is lowest:
            due_on = now.astimezone(settings.timezone).date() + timedelta(days=7)
            data = CoachingData(note="对照评分表重听这段录音，下次谈话前和组长过一遍。", due_on=due_on, moments=(5.0,))
            grader = _QA if each.grader == "qa" else _SUPERVISOR
            add_coaching(session, bus, each.id, data, grader, now=now, today=due_on - timedelta(days=7))
            appeal(session, bus, each.id, agent, "该项不适用于这通电话，请复核。", now=now)
        elif each.id % 2:
            acknowledge(session, bus, each.id, agent, now=now)


def _write_audio(path: Path, seconds: float, place: int, at: datetime) -> None:
    """Two sides in turns of two seconds, each a soft tone of its own; left the patient, right the agent.

    `at` is when the file says that it was last written to.
    """
    turns = []
    for speaks_left in (True, False):
        hertz = (180 + 12 * place) if speaks_left else (240 + 9 * place)
        both = array.array("h", bytes(4 * _RATE * 2))
        murmur = (
            int(5000 * math.sin(2 * math.pi * hertz * step / _RATE) * abs(math.sin(2.2 * math.pi * step / _RATE)))
            for step in range(2 * _RATE)
        )
        both[0 if speaks_left else 1 :: 2] = array.array("h", murmur)
        turns.append(both.tobytes())
    whole = b"".join(turns) * (int(seconds) // 4 + 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(whole[: int(seconds * _RATE) * 4])
    os.utime(path, (at.timestamp(), at.timestamp()))
