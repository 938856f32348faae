"""What a person went through at the hospital, as HIS, LIS, PEIS and EMR tell it. Read-only here, but for courses.

Each row knows its source: `source_system` and `source_key` are unique together, so that what arrives twice changes
nothing (I-07); `source_at` is when the source wrote it, where it says so. Money is integer cents, signed: a refund is
negative.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table


class Visit(Table):
    """One outpatient, inpatient, emergency or exam visit (P-16)."""

    __tablename__ = "visit"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="started_at")
    __table_args__ = (
        UniqueConstraint("source_system", "source_key", name="uq_visit_source"),
        Index("ix_visit_patient", "patient_id", "started_at"),
        Index("ix_visit_department", "department_id", "started_at"),
        Index("ix_visit_started", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(String(12))  # outpatient, inpatient, emergency or exam
    number: Mapped[str] = mapped_column(String(40), default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    ward: Mapped[str | None] = mapped_column(String(60))
    doctor: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime]  # registration or admission
    ended_at: Mapped[datetime | None]  # discharge
    status: Mapped[str] = mapped_column(String(12), default="open")  # open, done or withdrawn
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]

    diagnoses: Mapped[list["Diagnosis"]] = relationship(order_by="Diagnosis.id")
    operations: Mapped[list["Operation"]] = relationship(order_by="Operation.at")
    medications: Mapped[list["Medication"]] = relationship(order_by="Medication.id")


class Diagnosis(Table):
    """One disease of a visit (P-11). `disease` is a code of the list "disease"; `text` is what the source wrote."""

    __tablename__ = "diagnosis"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (UniqueConstraint("source_system", "source_key", name="uq_diagnosis_source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    disease: Mapped[str | None] = mapped_column(String(40), index=True)
    text: Mapped[str] = mapped_column(String(200))
    is_main: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]


class Operation(Table):
    """One operation with its date (P-16)."""

    __tablename__ = "operation"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (UniqueConstraint("source_system", "source_key", name="uq_operation_source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    code: Mapped[str | None] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200), index=True)
    doctor: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]


class Medication(Table):
    """One drug as delivered by HIS (P-17)."""

    __tablename__ = "medication"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (UniqueConstraint("source_system", "source_key", name="uq_medication_source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    drug: Mapped[str] = mapped_column(String(200), index=True)
    dose: Mapped[str | None] = mapped_column(String(100))
    quantity: Mapped[str | None] = mapped_column(String(40))
    days: Mapped[int | None]
    amount_cents: Mapped[int | None]
    at: Mapped[datetime]
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]


class Charge(Table):
    """One charge line (P-18). Refunds are lines of their own, with a negative amount."""

    __tablename__ = "charge"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (
        UniqueConstraint("source_system", "source_key", name="uq_charge_source"),
        Index("ix_charge_patient", "patient_id", "day"),
        Index("ix_charge_day", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    day: Mapped[date]  # the hospital's calendar day
    at: Mapped[datetime]
    item: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))  # registration, drug, exam, operation, bed, material or other
    amount_cents: Mapped[int]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    doctor: Mapped[str | None] = mapped_column(String(64))
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]


class Exam(Table):
    """One physical examination (P-19) or examination result from LIS; its findings are in `results`."""

    __tablename__ = "exam"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (
        UniqueConstraint("source_system", "source_key", name="uq_exam_source"),
        Index("ix_exam_patient", "patient_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # checkup (PEIS), laboratory (LIS) or imaging
    name: Mapped[str] = mapped_column(String(200))  # the package or the test
    package: Mapped[list[Any] | None]  # what the package holds, each a text
    amount_cents: Mapped[int | None]
    payment: Mapped[str | None] = mapped_column(String(20))
    summary: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]

    results: Mapped[list["ExamResult"]] = relationship(order_by="ExamResult.position")


class ExamResult(Table):
    """One line of an exam."""

    __tablename__ = "exam_result"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    item: Mapped[str] = mapped_column(String(120))
    value: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str | None] = mapped_column(String(30))
    normal_range: Mapped[str | None] = mapped_column(String(60))
    flag: Mapped[str | None] = mapped_column(String(10))  # high, low or abnormal


class ClinicalDocument(Table):
    """A text that EMR or PACS sent: a discharge summary, a report, or a link to one (P-22, I-08)."""

    __tablename__ = "clinical_document"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (UniqueConstraint("source_system", "source_key", name="uq_clinical_document_source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # discharge_summary, report or image
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)
    link: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime]
    source_system: Mapped[str] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(80))
    source_at: Mapped[datetime | None]


class Course(Table):
    """A course of treatment, the anchor of tips and satisfaction calls (P-38)."""

    __tablename__ = "course"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id")
    __table_args__ = (
        UniqueConstraint("source_system", "source_key", name="uq_course_source"),
        Index("ix_course_patient", "patient_id", "starts_on"),
        Index("ix_course_open", "ended_on", "planned_end_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    disease: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    doctor: Mapped[str | None] = mapped_column(String(64))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    starts_on: Mapped[date]
    planned_end_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))  # nothing: from HIS
    source_system: Mapped[str | None] = mapped_column(String(20))
    source_key: Mapped[str | None] = mapped_column(String(80))
    source_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class HealthEntry(Table):
    """A dated statement on the person's health by an author (P-14). The latest of each kind is shown, all stay."""

    __tablename__ = "health_entry"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="at")
    __table_args__ = (Index("ix_health_entry_patient", "patient_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(String(20))  # condition, treatment, change or history
    text: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
