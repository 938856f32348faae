"""A person's clinical history for the record, each part in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.errors import NotFound
from app.patients.service.faults import Faults
from app.patients.service.reading import require_patient
from app.texts import N_
from app.visits.models import Charge, ClinicalDocument, Diagnosis, Exam, HealthEntry, Medication, Operation, Visit
from app.visits.rules import ChargeLine, HealthKind

_LONGEST_ENTRY = 2000


def visits_of(session: Session, patient_id: int) -> Sequence[Visit]:
    """All visits with diagnoses, operations and drugs, the newest first (P-16, P-17)."""
    parts = (selectinload(Visit.diagnoses), selectinload(Visit.operations), selectinload(Visit.medications))
    return session.scalars(
        select(Visit)
        .where(Visit.patient_id == patient_id)
        .options(*parts)
        .order_by(Visit.started_at.desc(), Visit.id.desc())
    ).all()


def loose_parts_of(
    session: Session, patient_id: int
) -> tuple[Sequence[Diagnosis], Sequence[Operation], Sequence[Medication]]:
    """Diagnoses, operations and drugs whose visit is not known, the newest first."""
    diagnoses = session.scalars(
        select(Diagnosis)
        .where(Diagnosis.patient_id == patient_id, Diagnosis.visit_id.is_(None))
        .order_by(Diagnosis.at.desc(), Diagnosis.id.desc())
    )
    operations = session.scalars(
        select(Operation)
        .where(Operation.patient_id == patient_id, Operation.visit_id.is_(None))
        .order_by(Operation.at.desc(), Operation.id.desc())
    )
    medications = session.scalars(
        select(Medication)
        .where(Medication.patient_id == patient_id, Medication.visit_id.is_(None))
        .order_by(Medication.at.desc(), Medication.id.desc())
    )
    return diagnoses.all(), operations.all(), medications.all()


def charges_of(session: Session, patient_id: int) -> list[ChargeLine]:
    """Every charge line, refunds among them (P-18). `app.visits.rules.charges_by_year` puts them in order."""
    columns = (
        Charge.id,
        Charge.day,
        Charge.visit_id,
        Charge.item,
        Charge.kind,
        Charge.amount_cents,
        Charge.doctor,
        Charge.department_id,
    )
    rows = session.execute(select(*columns).where(Charge.patient_id == patient_id))
    return [ChargeLine(**row._mapping) for row in rows]


def exams_of(session: Session, patient_id: int) -> Sequence[Exam]:
    """All exams with their results, the newest first (P-19)."""
    return session.scalars(
        select(Exam)
        .where(Exam.patient_id == patient_id)
        .options(selectinload(Exam.results))
        .order_by(Exam.at.desc(), Exam.id.desc())
    ).all()


def documents_of(session: Session, patient_id: int) -> Sequence[ClinicalDocument]:
    """The clinical texts of the person, the newest first: only titles; opening one is another step (P-22)."""
    return session.scalars(
        select(ClinicalDocument)
        .where(ClinicalDocument.patient_id == patient_id)
        .order_by(ClinicalDocument.at.desc(), ClinicalDocument.id.desc())
    ).all()


def get_document(session: Session, patient_id: int, document_id: int) -> ClinicalDocument:
    """One clinical text. Whoever shows it writes into the audit log who opened it and why. Raises NotFound."""
    patient_id = require_patient(session, patient_id)
    query = select(ClinicalDocument).where(
        ClinicalDocument.id == document_id, ClinicalDocument.patient_id == patient_id
    )
    document = session.scalar(query) if 0 < document_id < 2**31 else None
    if document is None:
        raise NotFound(N_("There is no such document."))
    return document


def add_health_entry(session: Session, patient_id: int, *, kind: str, text: str, by: str, now: datetime) -> HealthEntry:
    """State something on the person's health (P-14); earlier statements stay. Raises NotFound, InvalidInput."""
    patient_id = require_patient(session, patient_id)
    faults = Faults()
    if kind not in set(HealthKind):
        faults.add("kind", N_("Choose one of the list."))
    written = faults.paragraphs(text, "text", _LONGEST_ENTRY, needed=N_("Write what is known."))
    faults.raise_any()
    entry = HealthEntry(patient_id=patient_id, kind=kind, text=written, at=now, created_by=by)
    session.add(entry)
    session.flush()
    return entry


def health_of(session: Session, patient_id: int) -> dict[str, list[HealthEntry]]:
    """The statements by kind, the newest first: the first of each kind is what holds."""
    rows = session.scalars(
        select(HealthEntry)
        .where(HealthEntry.patient_id == patient_id)
        .order_by(HealthEntry.at.desc(), HealthEntry.id.desc())
    )
    found: dict[str, list[HealthEntry]] = {}
    for row in rows:
        found.setdefault(row.kind, []).append(row)
    return found
