"""A person whom nobody at the desk knows, with a row in every table that holds something of a patient."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.calls.models import Call
from app.followup_plans.models import FollowupPlan
from app.followups.models import FollowupAttempt, FollowupQuestion, FollowupTask
from app.messages.models import Message
from app.patients.models import (
    ContactPerson,
    Identifier,
    Patient,
    PatientFlag,
    PatientNote,
    PatientPhone,
    PatientTag,
    PatientTie,
)
from app.quality.models import (
    CoachingTask,
    Evaluation,
    EvaluationAppeal,
    EvaluationRemark,
    EvaluationVersion,
    GradingTask,
    SampleDraw,
    SamplingPlan,
    Scorecard,
    ScorecardVersion,
)
from app.recordings.models import Recording
from app.visits.models import (
    Charge,
    ClinicalDocument,
    Course,
    Diagnosis,
    Exam,
    ExamResult,
    HealthEntry,
    Medication,
    Operation,
    Visit,
)

MARK = "Zyxwvut"
"""A word that stands in everything of the stranger, and nowhere else."""
NUMBER = "+8613912345678"


def add_stranger(session: Session, at: datetime, *, mark_contact: bool = True) -> dict[str, object]:
    """Make the person and return the ids of the rows by the names that addresses use.

    Without `mark_contact` the word stands in the clinical rows only.
    """
    word = MARK if mark_contact else "Stranger"
    patient = Patient(name=f"{word} Person", created_at=at, updated_at=at, created_by="carol", address=f"{word} Road 1")
    session.add(patient)
    session.flush()
    contact = ContactPerson(patient_id=patient.id, name=f"{word} Sister", relation="sibling")
    session.add(contact)
    session.flush()
    phone = PatientPhone(patient_id=patient.id, number=NUMBER, kind="mobile", as_entered=NUMBER)
    identifier = Identifier(patient_id=patient.id, system="HIS", type="outpatient", value=f"{word.upper()}77")
    note = PatientNote(patient_id=patient.id, kind="wish", text=f"{word} wishes", at=at, created_by="carol")
    session.add_all([phone, identifier, note])
    session.add_all(
        [
            PatientTag(patient_id=patient.id, tag=f"{word} tag", created_at=at),
            PatientFlag(patient_id=patient.id, flag="key", reason=f"{word} reason", since=at),
            PatientTie(patient_id=patient.id, kind="unit", name=f"{word} Works", created_at=at),
        ]
    )
    ids = _add_contacts(session, patient.id, word, at) | _add_clinical(session, patient.id, at)
    ids |= _add_followups(session, patient.id, word, at)
    session.flush()
    return {
        **ids,
        "patient_id": patient.id,
        "contact_id": contact.id,
        "phone_id": phone.id,
        "identifier_id": identifier.id,
        "note_id": note.id,
    }


def _add_contacts(session: Session, patient_id: int, word: str, at: datetime) -> dict[str, object]:
    call = Call(
        id="stranger-call", linkedid="stranger", direction="inbound", state="wrapped_up", number=NUMBER,
        number_signalled=NUMBER, dialled="4000", patient_id=patient_id, started_at=at, ended_at=at, agent="carol",
        outcome="answered", answered_at=at, note=f"{word} note",
    )  # fmt: skip
    session.add(call)
    session.flush()
    recording = Recording(
        id="stranger-recording", call_id=call.id, state="ready", source_name="stranger", started_at=at, seconds=3.0
    )
    message = Message(
        direction="in",
        kind="care",
        state="new",
        number=NUMBER,
        patient_id=patient_id,
        text=f"{word} text",
        created_at=at,
    )
    session.add_all([recording, message])
    session.flush()
    ids = _add_evaluation(session, word, at)
    return {**ids, "call_id": call.id, "recording_id": recording.id, "message_id": message.id}


def _add_evaluation(session: Session, word: str, at: datetime) -> dict[str, object]:
    card = Scorecard(code="strange", name="Card", created_at=at)
    card.versions = [ScorecardVersion(number=1, state="approved", changed_at=at, sections=[])]
    plan = SamplingPlan(
        name="Plan", conditions={}, period="week", per_agent=1, grade_days=1, seed="s", next_draw_at=at, created_at=at
    )
    session.add_all([card, plan])
    session.flush()
    draw = SampleDraw(
        plan_id=plan.id, first_day=at.date(), last_day=at.date(), seed="s", per_agent=1, considered=1, drawn=1,
        drawn_at=at, candidates={"carol": ["stranger-recording"]},
    )  # fmt: skip
    session.add(draw)
    session.flush()
    of_call = {"recording_id": "stranger-recording", "call_id": "stranger-call", "agent": "carol", "call_at": at}
    task = GradingTask(
        plan_id=plan.id, draw_id=draw.id, state="dropped", due_on=at.date(), reason=f"{word} noise", created_at=at,
        **of_call,
    )  # fmt: skip
    evaluation = Evaluation(
        card_version_id=card.versions[0].id, grader="quinn", direction="inbound", state="appealed", number=1,
        total=80.0, created_at=at, changed_at=at, submitted_at=at, **of_call,
    )  # fmt: skip
    session.add_all([task, evaluation])
    session.flush()
    of_it = {"evaluation_id": evaluation.id, "by": "carol", "at": at}
    coaching = CoachingTask(
        evaluation_id=evaluation.id, agent="carol", note=f"{word} practice", moments=[], due_on=at.date(), state="open",
        created_by="quinn", created_at=at,
    )  # fmt: skip
    sheet = {"answers": {}, "moments": [], "summary": f"{word} summary"}
    session.add_all(
        [
            EvaluationVersion(number=1, sheet=sheet, total=80.0, is_fatal=False, **of_it),
            EvaluationRemark(text=f"{word} remark", **of_it),
            EvaluationAppeal(reason=f"{word} appeal", **of_it),
            coaching,
        ]
    )
    session.flush()
    return {"evaluation_id": evaluation.id, "coaching_id": coaching.id, "grading_id": task.id, "draw_id": draw.id}


def _add_followups(session: Session, patient_id: int, word: str, at: datetime) -> dict[str, object]:
    plan = FollowupPlan(
        patient_id=patient_id, state="active", anchor="operation", occasion="operation:1", anchor_on=at.date(),
        doctor=f"{word} Doctor", condition=f"{word} condition", focus=f"{word} focus", created_at=at,
    )  # fmt: skip
    session.add(plan)
    session.flush()
    task = FollowupTask(
        patient_id=patient_id, plan_id=plan.id, step="s1", kind="recovery", mode="phone", title=f"{word} follow-up",
        text=f"{word} script", role="service_centre", assignee="carol", state="due", due_on=at.date(), due_at=at,
        late_at=at, work_at=at, recovery=f"{word} recovery", created_at=at, changed_at=at,
    )  # fmt: skip
    session.add(task)
    session.flush()
    attempt = FollowupAttempt(
        id="stranger-attempt", task_id=task.id, patient_id=patient_id, dialling="preview", agent="carol",
        number=NUMBER, started_at=at, ended_at=at, outcome="no_answer",
    )  # fmt: skip
    question = FollowupQuestion(
        task_id=task.id, patient_id=patient_id, text=f"{word} question", state="open", asked_by="carol", asked_at=at
    )
    session.add_all([attempt, question])
    session.flush()
    return {"plan_id": plan.id, "task_id": task.id, "question_id": question.id}


def _add_clinical(session: Session, patient_id: int, at: datetime) -> dict[str, object]:
    source = {"patient_id": patient_id, "source_system": "HIS"}
    visit = Visit(
        kind="outpatient", number=f"{MARK}1", doctor=f"{MARK} Doctor", started_at=at, source_key="v", **source
    )
    session.add(visit)
    session.flush()
    exam = Exam(kind="checkup", name=f"{MARK} package", summary=f"{MARK} sum", at=at, source_key="e", **source)
    course = Course(
        patient_id=patient_id, title=f"{MARK} course", starts_on=at.date() - timedelta(days=3), created_at=at
    )
    document = ClinicalDocument(
        kind="report", title=f"{MARK} report", text=f"{MARK} body", at=at, source_key="c", visit_id=visit.id, **source
    )
    session.add_all([exam, course, document])
    session.flush()
    more = {"visit_id": visit.id, "at": at, **source}
    session.add_all(
        [
            Diagnosis(text=f"{MARK} disease", source_key="d", **more),
            Operation(name=f"{MARK} operation", source_key="o", **more),
            Medication(drug=f"{MARK} drug", source_key="m", **more),
            Charge(item=f"{MARK} item", kind="drug", amount_cents=100, day=at.date(), source_key="f", **more),
            ExamResult(exam_id=exam.id, patient_id=patient_id, item=f"{MARK} item", value=f"{MARK} 1"),
            HealthEntry(patient_id=patient_id, kind="condition", text=f"{MARK} condition", at=at),
        ]
    )
    return {"visit_id": visit.id, "exam_id": exam.id, "course_id": course.id, "document_id": document.id}
