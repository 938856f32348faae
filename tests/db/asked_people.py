"""A few people, a questionnaire in use, and answers: what the tests of questionnaires begin with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.questionnaires import service
from app.questionnaires.models import BankQuestion, QuestionnaireVersion
from app.questionnaires.rules import (
    Alarm,
    BankPurpose,
    Option,
    Purpose,
    Question,
    QuestionKind,
    Raw,
    ResponseWay,
)
from app.visits.models import Visit

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""Noon at the hospital, a Tuesday."""
MOBILE = "+8613800138000"
MEALS = Question(
    code="meals",
    kind=QuestionKind.SINGLE,
    texts={"zh_Hans": "餐食满意吗？", "en": "The meals?"},
    dimension="surroundings",
    options=(
        Option(code="good", texts={"zh_Hans": "满意", "en": "Satisfied"}, score=5),
        Option(code="poor", texts={"zh_Hans": "不满意", "en": "Dissatisfied"}, score=1),
        Option(code="not_used", texts={"zh_Hans": "没有用到", "en": "Not used"}),
    ),
)
WOUND = Question(
    code="wound",
    kind=QuestionKind.SINGLE,
    texts={"zh_Hans": "伤口红吗？", "en": "Is the wound red?"},
    options=(
        Option(code="no", texts={"zh_Hans": "不红", "en": "No"}),
        Option(code="yes", texts={"zh_Hans": "红", "en": "Yes"}, alarm=Alarm(minutes=60, role="doctor")),
    ),
)
WISHES = Question(
    code="wishes_for",
    kind=QuestionKind.MULTIPLE,
    texts={"zh_Hans": "希望哪些服务？", "en": "Which services?"},
    options=(
        Option(code="talks", texts={"en": "Talks"}, score=1),
        Option(code="exams", texts={"en": "Examinations"}, score=2),
    ),
)
FEVER = Question(code="fever", kind=QuestionKind.NUMBER, texts={"zh_Hans": "体温？"}, lowest=34, highest=43)
WORDS = Question(code="words", kind=QuestionKind.TEXT, texts={"zh_Hans": "还有什么想说的？", "en": "Anything else?"})
ALL = (MEALS, WOUND, WISHES, FEVER, WORDS)


def add_people(session: Session, count: int = 3) -> list[int]:
    """People with a mobile each and a finished stay on ward W1 of department 1 with doctor dora."""
    session.add(Department(id=1, code="surgery", name="Surgery", path="/1/", created_at=NOON))
    session.flush()
    made = [
        Patient(
            name=f"Person {n}",
            created_at=NOON,
            updated_at=NOON,
            phones=[PatientPhone(number=f"+861380013800{n}", kind="mobile", as_entered="-")],
        )
        for n in range(count)
    ]
    session.add_all(made)
    session.flush()
    for patient in made:
        session.add(
            Visit(
                patient_id=patient.id, kind="inpatient", department_id=1, ward="W1", doctor="dora",
                started_at=NOON.replace(day=20), status="done", source_system="HIS", source_key=str(patient.id),
            )
        )  # fmt: skip
    session.flush()
    return [patient.id for patient in made]


def add_questionnaire(
    session: Session, questions: tuple[Question, ...] = ALL, purpose: Purpose = Purpose.SATISFACTION, name: str = "Ward"
) -> QuestionnaireVersion:
    """A questionnaire of these questions, approved."""
    known = set(session.scalars(select(BankQuestion.code)))
    for question in questions:
        if question.code not in known:
            service.save_question(session, question, purpose=BankPurpose.OTHER, disease=None, by="alice", now=NOON)
    data = service.QuestionnaireData(name=name, purpose=purpose, questions=[each.code for each in questions])
    made = service.create_questionnaire(session, data, by="alice", now=NOON)
    return service.approve(
        session,
        made.id,
        row_version=made.versions[0].row_version,
        by="dora",
        is_clinician=True,
        is_supervisor=False,
        now=NOON,
    )


def answer(
    session: Session,
    parts: Parts,
    version_id: int,
    given: Mapping[str, Raw],
    *,
    patient_id: int | None = None,
    way: ResponseWay = ResponseWay.PAPER,
    at: datetime = NOON,
    about: service.About | None = None,
    agent: str | None = None,
    completes: bool = True,
) -> int:
    """One response with these answers, completed at `at`."""
    response = service.start_response(
        session,
        parts.bus,
        version_id,
        patient_id=patient_id,
        way=way,
        about=about,
        agent=agent,
        by="bob",
        now=at,
    )
    for question, raw in given.items():
        zone = parts.settings.timezone
        service.save_answer(session, parts.bus, response.id, question, raw, zone=zone, by="bob", now=at)
    if completes:
        service.complete(session, parts.bus, response.id, by="bob", now=at)
    return response.id
