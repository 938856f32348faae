"""The questions of an automatic call, and its answers on their way into the questionnaire's response."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.rules import PatientTold, Telling
from app.errors import Conflict, InvalidInput
from app.followups import service as followups
from app.followups.models import FollowupAttempt, FollowupTask
from app.outbound_lists.rules import KeyQuestion, key_question
from app.questionnaires import service as questionnaires
from app.questionnaires.models import QuestionnaireVersion
from app.questionnaires.rules import ResponseWay
from app.settings import Settings

log = structlog.get_logger()


def questions_for_keys(session: Session, version_id: int | None) -> list[KeyQuestion]:
    """The questions of this version that keys can answer, in order; those that they cannot are not asked."""
    version = session.get(QuestionnaireVersion, version_id) if version_id is not None else None
    if version is None:
        return []
    return [asked for each in version.questions if (asked := key_question(each)) is not None]


def record_told(session: Session, bus: Bus, told: Sequence[PatientTold], *, settings: Settings) -> None:
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
            _answer(session, bus, task, each, settings)
        elif each.telling is Telling.FINISHED and task.response_id is not None:
            # What must be answered and was not leaves the response open, for an agent to go on with.
            with contextlib.suppress(InvalidInput):
                questionnaires.complete(session, bus, task.response_id, now=each.at)


def _answer(session: Session, bus: Bus, task: FollowupTask, told: PatientTold, settings: Settings) -> None:
    questions = questions_for_keys(session, task.questionnaire_version_id)
    if not 0 < told.question <= len(questions) or task.questionnaire_version_id is None:
        return
    question = questions[told.question - 1]
    answer = question.answer(told.given)
    if answer is None:
        return
    try:
        response = questionnaires.start_response(
            session,
            bus,
            task.questionnaire_version_id,
            patient_id=task.patient_id,
            way=ResponseWay.AUTOMATIC,
            task_id=task.id,
            by=None,
            now=told.at,
        )
        if task.response_id is None:
            followups.tie_response(session, task.id, response.id)
        questionnaires.save_answer(
            session, bus, response.id, question.code, answer, zone=settings.timezone, by=None, now=told.at
        )
    except (Conflict, InvalidInput) as error:
        # Told again after the response was completed; or the version went out of use in mid-call.
        log.info("automatic_call.answer_not_kept", task=task.id, question=question.code, code=error.code)
