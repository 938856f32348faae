"""Answers of the demo hospital, so that its reports have something to tell. From a seed, the same on every machine."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.questionnaires.models import QuestionnaireAnswer, QuestionnaireResponse
from app.questionnaires.rules import Given, Question, ResponseWay, score
from app.questionnaires.service.reading import latest_approved, questions_of
from app.visits.models import Visit

_SEED = 20261124
_DAYS = 60
# After which visits a questionnaire is answered, and how often.
_ASKED = (
    ("inpatient_satisfaction", "inpatient", 70),
    ("outpatient_satisfaction", "outpatient", 110),
    ("exam_satisfaction", "exam", 40),
)
_WAYS = (ResponseWay.PAPER, ResponseWay.PAPER, ResponseWay.PHONE, ResponseWay.LINK, ResponseWay.SMS)


def seed_demo_answers(session: Session, now: datetime) -> int:
    """Completed responses of the last sixty days to what is in use; none where there are any. Returns how many."""
    if session.scalar(select(exists().where(QuestionnaireResponse.id.is_not(None)))):
        return 0
    dice = random.Random(_SEED)
    made = 0
    for code, kind, count in _ASKED:
        version = latest_approved(session, code)
        if version is None:
            continue
        version.used_at = version.used_at or now
        query = select(Visit).where(Visit.kind == kind, Visit.status != "withdrawn", Visit.started_at <= now)
        visits = list(session.scalars(query.order_by(Visit.started_at.desc(), Visit.id).limit(count)))
        for place, visit in enumerate(visits):
            at = now - timedelta(days=place * _DAYS / max(1, len(visits)), minutes=dice.randrange(600))
            _add(session, dice, version.id, questions_of(version), visit, at)
        made += len(visits)
    session.flush()
    return made


def _add(
    session: Session, dice: random.Random, version_id: int, asked: tuple[Question, ...], visit: Visit, at: datetime
) -> None:
    mood = dice.choices((0.75, 0.55, 0.2), (6, 3, 1))[0]
    answers = {each.code: _given(dice, each, mood) for each in asked if each.options and dice.random() < 0.95}
    found = score(asked, answers)
    way = dice.choice(_WAYS)
    response = QuestionnaireResponse(
        version_id=version_id,
        patient_id=visit.patient_id,
        way=way,
        visit_id=visit.id,
        department_id=visit.department_id,
        ward=visit.ward,
        doctor=visit.doctor,
        score=found.total,
        highest_score=found.highest or None,
        dimensions={name: list(pair) for name, pair in found.dimensions.items()},
        alarms={},
        started_at=at - timedelta(minutes=3),
        completed_at=at,
        entered_by="agent1" if way in (ResponseWay.PAPER, ResponseWay.PHONE) else None,
    )
    session.add(response)
    session.flush()
    session.add_all(
        QuestionnaireAnswer(
            response_id=response.id,
            question=question.code,
            option=code,
            score=option.score if (option := question.option(code)) else None,
            at=at,
        )
        for question in asked
        for code in answers.get(question.code, Given()).options
    )


def _given(dice: random.Random, question: Question, mood: float) -> Given:
    """An option towards the good end for who is content: the first ones of a list, the last ones of a scale."""
    place = min(len(question.options) - 1, int(dice.expovariate(1.0) * (1.6 - mood * 1.4) * 1.5))
    options = question.options[::-1] if question.kind == "scale" else question.options
    return Given(options=(options[place].code,))
