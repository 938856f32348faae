"""What other systems say about a person's visits, in the form in which it is received.

Every row names its source: the same `source_system` and `source_key` is the same row again. `source_at` is when the
source wrote it, if it says so: an older state never replaces a newer one. `visit_key` is the visit's `source_key` in
the same system.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sourced:
    patient_id: int
    source_system: str
    source_key: str
    source_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitData(_Sourced):
    kind: str  # VisitKind of app.visits.rules
    started_at: datetime
    ended_at: datetime | None = None
    status: str = "open"  # VisitStatus of app.visits.rules
    number: str = ""
    department_id: int | None = None
    ward: str | None = None
    doctor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisData(_Sourced):
    visit_key: str | None = None
    disease: str | None = None  # a code of the list "disease"
    text: str
    is_main: bool = False
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationData(_Sourced):
    visit_key: str | None = None
    code: str | None = None
    name: str
    doctor: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicationData(_Sourced):
    visit_key: str | None = None
    drug: str
    dose: str | None = None
    quantity: str | None = None
    days: int | None = None
    amount_cents: int | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeData(_Sourced):
    """`amount_cents` is negative for a refund; `day` is the hospital's calendar day."""

    visit_key: str | None = None
    day: date
    at: datetime
    item: str
    kind: str  # ChargeKind of app.visits.rules
    amount_cents: int
    department_id: int | None = None
    doctor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamResultData:
    item: str
    value: str
    unit: str | None = None
    normal_range: str | None = None
    flag: str | None = None  # ResultFlag of app.visits.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamData(_Sourced):
    """`results` is whole: a later state of the exam replaces all of them."""

    visit_key: str | None = None
    kind: str  # ExamKind of app.visits.rules
    name: str
    package: tuple[str, ...] | None = None
    amount_cents: int | None = None
    payment: str | None = None
    summary: str | None = None
    at: datetime
    results: tuple[ExamResultData, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentData(_Sourced):
    visit_key: str | None = None
    kind: str  # DocumentKind of app.visits.rules
    title: str
    text: str | None = None
    link: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseData(_Sourced):
    """A course of treatment as HIS tells it; one that people make here has no source."""

    visit_key: str | None = None
    disease: str | None = None
    title: str
    doctor: str | None = None
    department_id: int | None = None
    starts_on: date
    planned_end_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of received rows. `ids` has one entry for each row given, in the same order."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ids: tuple[int, ...] = ()
