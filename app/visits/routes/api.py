"""The clinical history for programs: visits, charges, exams and courses of one patient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Date, DateTime, Integer, List, Nested, String
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.errors import NotFound
from app.http import allow, audit, viewer, writing
from app.patients.service import require_patient
from app.texts import N_
from app.visits import service
from app.visits.rules import charges_by_year, total_by_visit

api = APIBlueprint("visits_api", __name__, url_prefix="/api/v1/patients", tag="Visits")


class DiagnosisOut(Schema):
    id = Integer()
    disease = String(allow_none=True)
    text = String()
    is_main = Boolean()
    at = DateTime()


class OperationOut(Schema):
    id = Integer()
    code = String(allow_none=True)
    name = String()
    doctor = String(allow_none=True)
    at = DateTime()


class MedicationOut(Schema):
    id = Integer()
    drug = String()
    dose = String(allow_none=True)
    quantity = String(allow_none=True)
    days = Integer(allow_none=True)
    amount_cents = Integer(allow_none=True)
    at = DateTime()


class VisitOut(Schema):
    id = Integer()
    kind = String(metadata={"enum": ["outpatient", "inpatient", "emergency", "exam"]})
    number = String()
    status = String(metadata={"enum": ["open", "done", "withdrawn"]})
    department_id = Integer(allow_none=True)
    ward = String(allow_none=True)
    doctor = String(allow_none=True)
    started_at = DateTime()
    ended_at = DateTime(allow_none=True)
    total_cents = Integer(metadata={"description": "The charges of the visit, net of refunds."})
    diagnoses = List(Nested(DiagnosisOut))
    operations = List(Nested(OperationOut))
    medications = List(Nested(MedicationOut))
    source_system = String()
    source_key = String()


class VisitsOut(Schema):
    items = List(Nested(VisitOut))


class ChargeOut(Schema):
    id = Integer()
    visit_id = Integer(allow_none=True)
    item = String()
    kind = String()
    amount_cents = Integer(metadata={"description": "Negative for a refund."})
    doctor = String(allow_none=True)
    department_id = Integer(allow_none=True)


class ChargeDayOut(Schema):
    day = Date()
    total_cents = Integer()
    lines = List(Nested(ChargeOut))


class ChargeYearOut(Schema):
    year = Integer()
    total_cents = Integer()
    refund_cents = Integer()
    days = List(Nested(ChargeDayOut))


class ChargesOut(Schema):
    """Charges by year and day, newest first; every total is net of refunds."""

    total_cents = Integer()
    years = List(Nested(ChargeYearOut))


class ResultOut(Schema):
    item = String()
    value = String()
    unit = String(allow_none=True)
    normal_range = String(allow_none=True)
    flag = String(allow_none=True, metadata={"enum": ["high", "low", "abnormal"]})


class ExamOut(Schema):
    id = Integer()
    visit_id = Integer(allow_none=True)
    kind = String(metadata={"enum": ["checkup", "laboratory", "imaging"]})
    name = String()
    package = List(String(), allow_none=True)
    amount_cents = Integer(allow_none=True)
    payment = String(allow_none=True)
    summary = String(allow_none=True)
    at = DateTime()
    results = List(Nested(ResultOut))


class ExamsOut(Schema):
    items = List(Nested(ExamOut))


class CourseOut(Schema):
    id = Integer()
    visit_id = Integer(allow_none=True)
    disease = String(allow_none=True)
    title = String()
    doctor = String(allow_none=True)
    department_id = Integer(allow_none=True)
    starts_on = Date()
    planned_end_on = Date(allow_none=True)
    ended_on = Date(allow_none=True)
    source_system = String(allow_none=True)
    row_version = Integer()


class CoursesOut(Schema):
    items = List(Nested(CourseOut))


@api.get("/<int:patient_id>/visits")
@allow(WITH_PATIENTS)
@api.output(VisitsOut)
@api.doc(summary="A patient's visits with diagnoses, operations and drugs, newest first", responses=[404])
def get_visits(patient_id: int) -> dict[str, Any]:
    with _looking(patient_id, "visits") as (session, known):
        totals = total_by_visit(service.charges_of(session, known))
        fields = VisitOut().fields
        return {
            "items": [
                {
                    **{name: getattr(visit, name) for name in fields if name != "total_cents"},
                    "total_cents": totals.get(visit.id, 0),
                }
                for visit in service.visits_of(session, known)
            ]
        }


@api.get("/<int:patient_id>/charges")
@allow(WITH_PATIENTS)
@api.output(ChargesOut)
@api.doc(summary="A patient's charges by day with totals, net of refunds", responses=[404])
def get_charges(patient_id: int) -> dict[str, Any]:
    with _looking(patient_id, "charges") as (session, known):
        years = charges_by_year(service.charges_of(session, known))
    return {"total_cents": sum(year.total_cents for year in years), "years": years}


@api.get("/<int:patient_id>/exams")
@allow(WITH_PATIENTS)
@api.output(ExamsOut)
@api.doc(summary="A patient's exams with their results, newest first", responses=[404])
def get_exams(patient_id: int) -> dict[str, Any]:
    with _looking(patient_id, "exams") as (session, known):
        return {"items": service.exams_of(session, known)}


@api.get("/<int:patient_id>/courses")
@allow(WITH_PATIENTS)
@api.output(CoursesOut)
@api.doc(summary="A patient's courses of treatment, those that last first", responses=[404])
def get_courses(patient_id: int) -> dict[str, Any]:
    with _looking(patient_id, "courses") as (session, known):
        return {"items": service.courses_of(session, known)}


@contextmanager
def _looking(patient_id: int, subject: str) -> Iterator[tuple[Session, int]]:
    """A session to read this part of the record, and the id of the record that holds the person; in the audit log."""
    if not viewer().grant(Module.CLINICAL).can_view:
        raise NotFound(N_("No such patient."))
    with writing() as session:
        known = require_patient(session, patient_id)
        audit(session, Action.VIEW, patient_id=known, subject=subject)
        yield session, known
