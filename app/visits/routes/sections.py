"""The clinical sections of the patient page. Who may not see clinical data does not see that they are there."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Module
from app.codes import service as codes
from app.codes.rules import CodeList
from app.organisation.service import department_names
from app.patients.models import Patient
from app.patients.routes.choices import code_choices, department_choices
from app.patients.routes.sections import Section, register
from app.texts import N_
from app.visits import service
from app.visits.routes.labels import clinical_labels
from app.visits.rules import HealthKind, charges_by_year, total_by_visit


def _health(session: Session, patient: Patient) -> dict[str, Any]:
    entries = service.health_of(session, patient.id)
    return {"words": clinical_labels(), "entries": entries, "kinds": list(HealthKind)}


def _visits(session: Session, patient: Patient) -> dict[str, Any]:
    visits = service.visits_of(session, patient.id)
    diagnoses, operations, medications = service.loose_parts_of(session, patient.id)
    used = {diagnosis.disease for visit in visits for diagnosis in visit.diagnoses}
    used |= {diagnosis.disease for diagnosis in diagnoses}
    return {
        "words": clinical_labels(),
        "visits": visits,
        "count": len(visits),
        "departments": department_names(session),
        "diseases": codes.names(session, CodeList.DISEASE, used),
        "totals": total_by_visit(service.charges_of(session, patient.id)),
        "loose_diagnoses": diagnoses,
        "loose_operations": operations,
        "loose_medications": medications,
    }


def _courses(session: Session, patient: Patient) -> dict[str, Any]:
    courses = service.courses_of(session, patient.id)
    return {
        "courses": courses,
        "count": len(courses),
        "departments": department_names(session),
        "diseases": codes.names(session, CodeList.DISEASE, {course.disease for course in courses}),
        "offered_diseases": code_choices(session, CodeList.DISEASE),
        "offered_departments": department_choices(session),
    }


def _exams(session: Session, patient: Patient) -> dict[str, Any]:
    exams = service.exams_of(session, patient.id)
    return {"words": clinical_labels(), "exams": exams, "count": len(exams)}


def _charges(session: Session, patient: Patient) -> dict[str, Any]:
    lines = service.charges_of(session, patient.id)
    years = charges_by_year(lines)
    return {
        "words": clinical_labels(),
        "years": years,
        "total": sum(year.total_cents for year in years),
        "count": len(lines),
    }


def _documents(session: Session, patient: Patient) -> dict[str, Any]:
    documents = service.documents_of(session, patient.id)
    return {"words": clinical_labels(), "documents": documents, "count": len(documents)}


def register_own() -> None:
    """Put this room's sections on the page."""
    parts = (
        ("health", N_("Health"), "heart-pulse", _health, 30),
        ("visits", N_("Visits"), "hospital", _visits, 40),
        ("courses", N_("Courses"), "arrow-repeat", _courses, 50),
        ("exams", N_("Exams"), "clipboard2-pulse", _exams, 60),
        ("charges", N_("Charges"), "receipt", _charges, 70),
        ("documents", N_("Documents"), "file-earmark-medical", _documents, 75),
    )
    for name, title, icon, load, order in parts:
        register(
            Section(
                name=name,
                title=title,
                icon=icon,
                template=f"visits/_{name}.html",
                load=load,
                order=order,
                module=Module.CLINICAL,
            )
        )
