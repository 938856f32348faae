"""A questionnaire by SMS, question by question. The next one goes out when the answer to the last one came.

An answer is saved, and the next question queued, in the transaction that brought the reply: nothing is lost between
the two. Each question of a response has a key of its own, so that none is sent twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.configuration import service as configuration
from app.configuration.rules import SMS_ANSWER_HOURS
from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.errors import Conflict, InvalidInput, Refused
from app.journal.service import Entry, append
from app.message_templates.rules import language_for
from app.messages import service as messages
from app.messages.models import Message, PendingQuestion
from app.messages.rules import MessageKind, Origin, Priority
from app.messages.service import Reply
from app.patients.models import Patient
from app.questionnaires.models import QuestionnaireResponse
from app.questionnaires.rules import (
    SURVEYS,
    THANKS,
    Purpose,
    Question,
    QuestionKind,
    ResponseWay,
    best_text,
    goes_by_sms,
    keys_of,
    read_reply,
    sms_text,
)
from app.questionnaires.service.answering import (
    About,
    answers_of,
    complete,
    lock_response,
    save_answer,
    start_response,
)
from app.questionnaires.service.asking import may_survey
from app.questionnaires.service.reading import get_version, questions_of
from app.settings import Settings
from app.texts import N_

CONTEXT = "questionnaire"
_UNCLEAR = "unclear"
_AGAIN = ":again"


def start_by_sms(
    session: Session,
    bus: Bus,
    settings: Settings,
    version_id: int,
    *,
    patient_id: int,
    task_id: int | None = None,
    about: About | None = None,
    by: str | None,
    now: datetime,
) -> QuestionnaireResponse:
    """Ask the first question. Raises InvalidInput for a questionnaire that no texts can ask, or somebody without a
    mobile; Refused with the reason where the contact policy or an earlier refusal forbids it.
    """
    number = check_askable(session, version_id, patient_id, now)
    if not goes_by_sms(questions_of(get_version(session, version_id))):
        raise InvalidInput(N_("This questionnaire is too long for texts, or has questions that need a page."))
    waits = configuration.value(session, SMS_ANSWER_HOURS)
    response = start_response(
        session,
        bus,
        version_id,
        patient_id=patient_id,
        way=ResponseWay.SMS,
        task_id=task_id,
        about=about,
        by=by,
        now=now,
        expires_at=now + timedelta(hours=waits),
    )
    if _asked_before(session, response.id):
        return response
    refusal = _ask(session, bus, settings, response, number, now)
    if refusal is not None:
        raise Refused(REFUSAL_TEXT[refusal], reason=str(refusal))
    return response


def check_askable(session: Session, version_id: int, patient_id: int, now: datetime) -> str:
    """The mobile (E.164) to which this may go. Raises InvalidInput without one, Refused after a refusal of surveys."""
    version = get_version(session, version_id)
    is_survey = Purpose(version.questionnaire.purpose) in SURVEYS
    if is_survey and not may_survey(session, [patient_id], now):
        raise Refused(N_("This person has refused surveys. Nothing is sent."), reason="refused_surveys")
    number = messages.mobiles_of(session, [patient_id]).get(patient_id)
    if number is None:
        raise InvalidInput(N_("This person has no mobile number."), field="patient_id")
    return number


def take_reply(session: Session, bus: Bus, reply: Reply) -> bool:
    """A reply came: keep the answer and ask on; ask once more what was not understood, then leave it to an agent.

    False where a person should read the text: words, a reply that nobody understands, one that came too late.
    """
    question = _question_of(session, reply.question)
    response_id = reply.question.context_id
    if question is None or response_id is None:
        return False
    answer = reply.meaning or read_reply(question, reply.message.text)
    if answer is not None and _keep(session, bus, question, response_id, answer, reply):
        _close(reply, answer[:30])
        _go_on(session, bus, response_id, reply)
        # What a patient says in words may be more than an answer.
        return question.kind is not QuestionKind.TEXT
    key = session.scalar(select(Message.dedup_key).where(Message.id == reply.question.message_id)) or ""
    _close(reply, _UNCLEAR)
    if key.endswith(_AGAIN):
        _stop(session, bus, lock_response(session, response_id), "unclear", reply.now)
        return False
    return _go_on(session, bus, response_id, reply)


def _go_on(session: Session, bus: Bus, response_id: int, reply: Reply) -> bool:
    """Send what is to be asked next; False when nothing more is asked."""
    response, now = lock_response(session, response_id), reply.now
    if response.completed_at is not None or response.expires_at is None or response.expires_at <= now:
        return False
    try:
        refusal = _ask(session, bus, reply.settings, response, reply.question.number, now)
    except InvalidInput:
        # A question whose text cannot be sent must not keep the reply itself from being received.
        _stop(session, bus, response, "bad_text", now)
        return False
    if refusal is not None:
        _stop(session, bus, response, str(refusal), now)
    return refusal is None


def _ask(
    session: Session, bus: Bus, settings: Settings, response: QuestionnaireResponse, number: str, now: datetime
) -> Refusal | None:
    """Queue the next question; why the contact policy forbids it, or nothing."""
    version = get_version(session, response.version_id)
    questions = questions_of(version)
    answered = answers_of(session, response.id)
    language = _language(session, response.patient_id, number, settings)
    place = next((n for n, each in enumerate(questions) if each.code not in answered), None)
    if place is None:
        complete(session, bus, response.id, now=now)
        _queue(session, bus, settings, response, number, THANKS[language], f"survey:{response.id}:thanks", True, now)
        return None
    question = questions[place]
    key = f"survey:{response.id}:{question.code}"[:80]
    is_again = session.scalar(select(Message.id).where(Message.dedup_key == key)) is not None
    intro = best_text(version.intro, language) if place == 0 else ""
    text = sms_text(question, language, place=place + 1, of=len(questions), intro=intro, is_again=is_again)
    is_first = not answered and not is_again
    queued = _queue(
        session, bus, settings, response, number, text, key + _AGAIN if is_again else key, not is_first, now
    )
    if queued.refusal is not None or queued.message_id is None:
        return queued.refusal
    assert response.expires_at is not None
    asked = messages.Question(
        message_id=queued.message_id,
        keys=keys_of(question),
        context_kind=CONTEXT,
        context_id=response.id,
        expires_at=response.expires_at,
    )
    messages.ask(session, settings, [asked], now=now)
    return None


def _queue(
    session: Session,
    bus: Bus,
    settings: Settings,
    response: QuestionnaireResponse,
    number: str,
    text: str,
    key: str,
    is_answer: bool,
    now: datetime,
) -> messages.Queued:
    """Put one text into the outbox. What follows an answer of the patient's is part of a conversation: it neither waits
    for the morning nor counts as another notice.
    """
    outgoing = messages.Outgoing(
        number=number,
        patient_id=response.patient_id,
        text=text,
        dedup_key=key,
        expires_at=response.expires_at,
    )
    return messages.queue_many(
        session,
        bus,
        settings=settings,
        outgoing=[outgoing],
        kind=MessageKind.CARE,
        origin=Origin.SURVEY,
        origin_id=response.id,
        priority=Priority.URGENT if is_answer else Priority.NORMAL,
        created_by=response.entered_by,
        now=now,
    )[0]


def _keep(session: Session, bus: Bus, question: Question, response_id: int, answer: str, reply: Reply) -> bool:
    zone = reply.settings.timezone
    try:
        save_answer(session, bus, response_id, question.code, answer, zone=zone, by=None, now=reply.now)
    except (Conflict, InvalidInput):
        return False
    return True


def _question_of(session: Session, asked: PendingQuestion) -> Question | None:
    """Which question a text asked: its key says so."""
    key = session.scalar(select(Message.dedup_key).where(Message.id == asked.message_id)) or ""
    parts = key.removesuffix(_AGAIN).split(":", 2)
    response = session.get(QuestionnaireResponse, asked.context_id) if asked.context_id else None
    if len(parts) != 3 or response is None:
        return None
    version = get_version(session, response.version_id)
    return next((each for each in questions_of(version) if each.code == parts[2]), None)


def _close(reply: Reply, answer: str) -> None:
    asked = reply.question
    asked.answered_at, asked.answer, asked.answer_message_id = reply.now, answer, reply.message.id


def _stop(session: Session, bus: Bus, response: QuestionnaireResponse, reason: str, now: datetime) -> None:
    """Ask nothing more. What was answered stays, and is not counted, because nobody completed it."""
    response.expires_at = now
    session.flush()
    payload = {"response_id": response.id, "reason": reason}
    append(session, bus, [Entry(kind="questionnaire.stopped", at=now, payload=payload)])


def _asked_before(session: Session, response_id: int) -> bool:
    query = select(func.count()).where(
        PendingQuestion.context_kind == CONTEXT, PendingQuestion.context_id == response_id
    )
    return bool(session.scalar(query))


def _language(session: Session, patient_id: int | None, number: str, settings: Settings) -> str:
    spoken = session.scalar(select(Patient.language).where(Patient.id == patient_id))
    return language_for(spoken, number, settings.locale)


messages.on_reply(CONTEXT, take_reply)
