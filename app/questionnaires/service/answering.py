"""Answers, whichever way they come: begun, saved one by one, completed. Every way goes through here (Q-08)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.access.service import UNSCOPED
from app.bus import Bus
from app.calls.models import Call
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.followups.service import tie_response
from app.journal.service import Entry, append
from app.questionnaires.models import QuestionnaireAnswer, QuestionnaireResponse, QuestionnaireVersion
from app.questionnaires.rules import (
    Given,
    Question,
    Raw,
    ResponseWay,
    missing_answers,
    read_given,
    score,
    score_answer,
)
from app.questionnaires.service.alarms import raise_alarms, withdraw_alarms
from app.questionnaires.service.reading import get_version, questions_of
from app.texts import N_
from app.versions.rules import VersionState
from app.visits.models import Visit

# A paper form that was typed wrongly is noticed at once; later it is part of what was reported.
_UNDONE_WITHIN = timedelta(minutes=30)
# A visit longer ago says nothing about whom the answers are about.
_VISIT_COUNTS_FOR = timedelta(days=180)
_CALL_COUNTS_FOR = timedelta(days=30)
ABOUT_AGENTS = "agent_"
"""The codes of questions about whoever took a call begin so."""
_WHOLE = {UNSCOPED: True}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom and what the answers are about. What is left out is taken from the visit, else from the latest one."""

    visit_id: int | None = None
    department_id: int | None = None
    ward: str | None = None
    doctor: str | None = None


def start_response(
    session: Session,
    bus: Bus,
    version_id: int,
    *,
    patient_id: int | None,
    way: ResponseWay,
    task_id: int | None = None,
    about: About | None = None,
    agent: str | None = None,
    by: str | None,
    now: datetime,
    entry_key: str | None = None,
    expires_at: datetime | None = None,
    token_hash: str | None = None,
) -> QuestionnaireResponse:
    """Begin to answer. For one task and version there is one response: what is begun already is gone on with.

    `agent` is whose manner on the phone is rated; left out, it is who took the person's latest call (Q-13). Raises
    Conflict for a version that is not in use, NotFound.
    """
    access.need_write(session, Module.FOLLOWUPS)
    begun = _begun(session, version_id, task_id, entry_key)
    if begun is not None:
        return begun
    version = get_version(session, version_id)
    if version.state != VersionState.APPROVED:
        raise Conflict(N_("This version is not in use. Choose the one that is."))
    about = _completed(session, about or About(), patient_id, now)
    made = QuestionnaireResponse(
        version_id=version.id,
        patient_id=patient_id,
        task_id=task_id,
        way=way,
        visit_id=about.visit_id,
        department_id=about.department_id,
        ward=_cut(about.ward, 60),
        doctor=_cut(about.doctor, 64),
        agent=agent or _agent_rated(session, questions_of(version), patient_id, now),
        dimensions={},
        alarms={},
        started_at=now,
        entered_by=by,
        entry_key=entry_key,
        expires_at=expires_at,
        token_hash=token_hash,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        # The same form came twice at once; the first one is it.
        begun = _begun(session, version_id, task_id, entry_key)
        if begun is None:
            raise
        return begun
    session.execute(
        update(QuestionnaireVersion)
        .where(QuestionnaireVersion.id == version.id, QuestionnaireVersion.used_at.is_(None))
        .values(used_at=now),
        execution_options={"synchronize_session": False},
    )
    if task_id is not None:
        tie_response(session, task_id, made.id)
    payload = {"response_id": made.id, "version_id": version_id, "way": str(way), "task_id": task_id}
    append(session, bus, [Entry(kind="questionnaire.started", at=now, agent=by, payload=payload)])
    return made


def save_answer(
    session: Session,
    bus: Bus,
    response_id: int,
    question: str,
    given: Raw,
    *,
    zone: ZoneInfo,
    by: str | None,
    now: datetime,
) -> Given:
    """Keep one answer; the same again changes nothing, another one replaces it, nothing takes it back.

    An answer that carries an alarm makes its follow-up task at once. Raises InvalidInput with the question's code as
    the field, Conflict for a response that is completed or over, NotFound.
    """
    return save_answers(session, bus, response_id, {question: given}, zone=zone, by=by, now=now)[question]


def save_answers(
    session: Session,
    bus: Bus,
    response_id: int,
    answers: Mapping[str, Raw],
    *,
    zone: ZoneInfo,
    by: str | None,
    now: datetime,
) -> dict[str, Given]:
    """As save_answer, for several at once: all of them are kept, or none."""
    access.need_write(session, Module.FOLLOWUPS)
    response = open_response(session, response_id, now)
    questions = {question.code: question for question in questions_of(get_version(session, response.version_id))}
    if not questions.keys() >= answers.keys():
        raise NotFound(N_("There is no such question."))
    read = {code: read_given(questions[code], raw) for code, raw in answers.items()}
    session.execute(
        delete(QuestionnaireAnswer).where(
            QuestionnaireAnswer.response_id == response.id, QuestionnaireAnswer.question.in_(read)
        ),
        execution_options={"synchronize_session": False},
    )
    session.add_all(row for code, given in read.items() for row in _rows(response.id, questions[code], given, now))
    session.flush()
    for code, given in read.items():
        raise_alarms(session, bus, response, questions[code], given, zone=zone, by=by, now=now)
    return read


def complete(
    session: Session, bus: Bus, response_id: int, *, by: str | None = None, now: datetime, at: datetime | None = None
) -> QuestionnaireResponse:
    """End a response and score it; doing it twice changes nothing. `at` is when it was answered, if not now.

    Raises InvalidInput that names a question which must be answered, or when nothing was answered at all; NotFound.
    """
    access.need_write(session, Module.FOLLOWUPS)
    response = lock_response(session, response_id)
    if response.completed_at is not None:
        return response
    questions = questions_of(get_version(session, response.version_id))
    answers = answers_of(session, response.id)
    missing = missing_answers(questions, answers)
    if missing:
        raise InvalidInput(N_("This question must be answered."), field=missing[0].code)
    if not answers:
        raise InvalidInput(N_("Nothing was answered yet."), field=questions[0].code)
    found = score(questions, answers)
    changed = session.execute(
        update(QuestionnaireResponse)
        .where(QuestionnaireResponse.id == response.id, QuestionnaireResponse.completed_at.is_(None))
        .values(
            completed_at=at or now,
            score=found.total if found.is_scored else None,
            highest_score=found.highest if found.is_scored else None,
            dimensions={name: list(each) for name, each in found.dimensions.items()},
            row_version=QuestionnaireResponse.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    session.refresh(response)
    if rows_changed(changed) == 1:
        payload = {"response_id": response.id, "way": response.way, "task_id": response.task_id}
        append(session, bus, [Entry(kind="questionnaire.completed", at=now, agent=by, payload=payload)])
    return response


def answers_of(session: Session, response_id: int) -> dict[str, Given]:
    """What was answered so far, by the question's code."""
    rows = session.scalars(
        select(QuestionnaireAnswer)
        .where(QuestionnaireAnswer.response_id == response_id)
        .order_by(QuestionnaireAnswer.id)
    )
    found: dict[str, Given] = {}
    for row in rows:
        before = found.get(row.question, Given())
        options = (*before.options, row.option) if row.option else before.options
        found[row.question] = replace(before, options=options, number=row.number, text=row.text)
    return found


def get_response(session: Session, response_id: int) -> QuestionnaireResponse:
    """One response that the session may see. Raises NotFound."""
    found = session.get(QuestionnaireResponse, response_id) if 0 < response_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There are no such answers."))
    return found


def responses_of(session: Session, patient_id: int, limit: int = 50) -> list[QuestionnaireResponse]:
    """A person's responses, newest first."""
    query = (
        select(QuestionnaireResponse)
        .where(QuestionnaireResponse.patient_id == patient_id)
        .order_by(QuestionnaireResponse.started_at.desc(), QuestionnaireResponse.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def undo_paper(session: Session, bus: Bus, response_id: int, *, by: str, now: datetime) -> None:
    """Take back a paper form that one has just typed oneself, with the alarms that it raised.

    Raises Conflict for another way or one that is older than half an hour, NotAllowed for somebody else's, NotFound.
    """
    response = lock_response(session, response_id)
    if response.entered_by != by:
        raise NotAllowed(N_("Somebody else typed this form."))
    if response.way != ResponseWay.PAPER or now - response.started_at > _UNDONE_WITHIN:
        raise Conflict(N_("Only a form typed within the last half hour can be taken back."))
    if response.expires_at is not None:
        return
    withdraw_alarms(session, bus, response, by=by, now=now)
    # What was typed stays, and counts nowhere: it is neither completed nor open.
    response.completed_at = response.score = response.highest_score = None
    response.dimensions, response.expires_at = {}, now
    session.flush()
    payload = {"response_id": response_id}
    append(session, bus, [Entry(kind="questionnaire.withdrawn", at=now, agent=by, payload=payload)])


def lock_response(session: Session, response_id: int) -> QuestionnaireResponse:
    """One response, held until the transaction ends: two answers at once come one after the other. Raises NotFound."""
    query = select(QuestionnaireResponse).where(QuestionnaireResponse.id == response_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True)) if 0 < response_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There are no such answers."))
    return found


def open_response(session: Session, response_id: int, now: datetime) -> QuestionnaireResponse:
    """One response that still takes answers, held. Raises Conflict for one that is completed or over, NotFound."""
    response = lock_response(session, response_id)
    if response.completed_at is not None:
        raise Conflict(N_("This questionnaire was completed already."))
    if response.expires_at is not None and response.expires_at <= now:
        raise Conflict(N_("The time for answering this questionnaire is over."))
    return response


def _begun(
    session: Session, version_id: int, task_id: int | None, entry_key: str | None
) -> QuestionnaireResponse | None:
    if entry_key is not None:
        return session.scalar(select(QuestionnaireResponse).where(QuestionnaireResponse.entry_key == entry_key))
    if task_id is None:
        return None
    query = select(QuestionnaireResponse).where(
        QuestionnaireResponse.task_id == task_id, QuestionnaireResponse.version_id == version_id
    )
    return session.scalar(query.order_by(QuestionnaireResponse.id.desc()).limit(1))


def _completed(session: Session, about: About, patient_id: int | None, now: datetime) -> About:
    """What the visit says of department, ward and doctor, where nobody said it. Not cut by anybody's scope: an agent
    who sees no visits must not make the report of the department wrong.
    """
    query = select(Visit.id, Visit.department_id, Visit.ward, Visit.doctor, Visit.patient_id)
    if about.visit_id is not None:
        query = query.where(Visit.id == about.visit_id)
    elif patient_id is not None:
        query = query.where(
            Visit.patient_id == patient_id,
            Visit.status != "withdrawn",
            Visit.started_at <= now,
            Visit.started_at > now - _VISIT_COUNTS_FOR,
        ).order_by(Visit.started_at.desc(), Visit.id.desc())
    else:
        return about
    visit = session.execute(query.limit(1), execution_options=_WHOLE).first()
    if visit is None or (patient_id is not None and visit.patient_id != patient_id):
        return replace(about, visit_id=None)
    return About(
        visit_id=visit.id,
        department_id=about.department_id or visit.department_id,
        ward=about.ward or visit.ward,
        doctor=about.doctor or visit.doctor,
    )


def _agent_rated(session: Session, questions: Sequence[Question], patient_id: int | None, now: datetime) -> str | None:
    """Who took the latest call of this person, where the questions ask about that. Not cut by anybody's scope."""
    if patient_id is None or not any(question.code.startswith(ABOUT_AGENTS) for question in questions):
        return None
    query = (
        select(Call.agent)
        .where(
            Call.patient_id == patient_id,
            Call.direction == "inbound",
            Call.agent.is_not(None),
            Call.answered_at.is_not(None),
            Call.started_at <= now,
            Call.started_at > now - _CALL_COUNTS_FOR,
        )
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(1)
    )
    return session.scalar(query, execution_options=_WHOLE)


def _rows(response_id: int, question: Question, given: Given, now: datetime) -> list[QuestionnaireAnswer]:
    if given.options:
        return [
            QuestionnaireAnswer(
                response_id=response_id, question=question.code, option=code, score=_worth(question, code), at=now
            )
            for code in given.options
        ]
    if given.is_empty:
        return []
    return [
        QuestionnaireAnswer(
            response_id=response_id, question=question.code, option="", number=given.number, text=given.text, at=now
        )
    ]


def _worth(question: Question, code: str) -> float | None:
    found = score_answer(question, Given(options=(code,)))
    return found[0] if found else None


def _cut(text: str | None, longest: int) -> str | None:
    return (text or "").strip()[:longest] or None
