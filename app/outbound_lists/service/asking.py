"""The questions of an automatic call, and its answers on their way into the questionnaire's response.

Everything that this room needs of questionnaires stands in this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.rules import PatientTold, Telling
from app.followups import service as followups
from app.followups.models import FollowupAttempt, FollowupTask
from app.journal.service import Entry, append
from app.outbound_lists.rules import Choice, KeyQuestion, key_question
from app.questionnaires.models import QuestionnaireAnswer, QuestionnaireResponse, QuestionnaireVersion

_WAY = "automatic"


def questions_for_keys(session: Session, version_id: int | None) -> list[KeyQuestion]:
    """The questions of this version that keys can answer, in order; those that they cannot are not asked."""
    version = session.get(QuestionnaireVersion, version_id) if version_id is not None else None
    if version is None:
        return []
    return [asked for each in version.questions if (asked := key_question(each)) is not None]


def record_told(session: Session, bus: Bus, told: Sequence[PatientTold], now: datetime) -> None:
    """Keep what automatic calls told: answers as they are given, and how far each call came.

    Telephony tells in the order of the calls, and may tell again after a gap; twice is the same as once.
    """
    for each in told:
        attempt = session.get(FollowupAttempt, each.linkedid)
        if attempt is None:
            continue  # a call of somebody's hand, or none of ours
        followups.note_telling(session, attempt, each.telling)
        task = session.get_one(FollowupTask, attempt.task_id)
        if each.telling is Telling.ANSWER:
            _answer(session, bus, task, each)
        elif each.telling is Telling.FINISHED:
            _complete(session, task, each.at)


def _answer(session: Session, bus: Bus, task: FollowupTask, told: PatientTold) -> None:
    questions = questions_for_keys(session, task.questionnaire_version_id)
    if not 0 < told.question <= len(questions):
        return
    question = questions[told.question - 1]
    answer = question.answer(told.given)
    if answer is None:
        return
    response = _response(session, task, told.at)
    _save(session, response, question, answer, told.at)
    payload = {"task_id": task.id, "question": question.code}
    append(session, bus, [Entry(kind="questionnaire.answered", at=told.at, payload=payload)])


def _response(session: Session, task: FollowupTask, at: datetime) -> QuestionnaireResponse:
    query = select(QuestionnaireResponse).where(
        QuestionnaireResponse.task_id == task.id, QuestionnaireResponse.version_id == task.questionnaire_version_id
    )
    response = session.scalars(query.limit(1)).first()
    if response is None:
        assert task.questionnaire_version_id is not None
        response = QuestionnaireResponse(
            version_id=task.questionnaire_version_id,
            patient_id=task.patient_id,
            task_id=task.id,
            way=_WAY,
            department_id=task.department_id,
            started_at=at,
        )
        session.add(response)
        session.flush()
        followups.tie_response(session, task.id, response.id)
    return response


def _save(
    session: Session, response: QuestionnaireResponse, question: KeyQuestion, answer: Choice | float, at: datetime
) -> None:
    """The newest answer to a question counts."""
    earlier = select(QuestionnaireAnswer).where(
        QuestionnaireAnswer.response_id == response.id, QuestionnaireAnswer.question == question.code
    )
    if any(each.at > at for each in session.scalars(earlier)):
        return
    session.execute(
        delete(QuestionnaireAnswer).where(
            QuestionnaireAnswer.response_id == response.id, QuestionnaireAnswer.question == question.code
        )
    )
    option, number, score = (
        (answer.option or "", answer.number, answer.score) if isinstance(answer, Choice) else ("", answer, None)
    )
    session.add(
        QuestionnaireAnswer(
            response_id=response.id,
            question=question.code,
            option=option,
            number=number,
            score=score,
            at=at,
        )
    )
    session.flush()


def _complete(session: Session, task: FollowupTask, at: datetime) -> None:
    query = select(QuestionnaireResponse).where(
        QuestionnaireResponse.task_id == task.id, QuestionnaireResponse.completed_at.is_(None)
    )
    for response in session.scalars(query):
        scores = session.scalars(
            select(QuestionnaireAnswer.score).where(
                QuestionnaireAnswer.response_id == response.id, QuestionnaireAnswer.score.is_not(None)
            )
        ).all()
        response.completed_at = at
        response.score = float(sum(score for score in scores if score is not None)) if scores else None
    session.flush()
