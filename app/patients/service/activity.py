"""When somebody was last in contact, and to which departments the person belongs. The only writer of both facts.

Scopes look at them (U-02, U-03), so whoever attaches a visit, a call or a message to a person says so here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.patients.models import Patient, PatientDepartment
from app.visits.models import Visit

# It is the system that notes these facts, also when an agent who may only read takes the call.
_WHOLE = {UNSCOPED: True}
_PATIENT: Any = Patient.__table__
_MEMBERSHIP: Any = PatientDepartment.__table__
_LATER = (
    update(_PATIENT)
    .where(_PATIENT.c.id == bindparam("patient"), _PATIENT.c.active_at < bindparam("moment"))
    .values(active_at=bindparam("moment"))
)
# SQLite takes 32,766 values in one statement; this many ids keep well below and are one page of work.
_CHUNK = 500


def touch(session: Session, patient_id: int, at: datetime, department_id: int | None = None) -> None:
    """Somebody had to do with this person at that moment, for a visit also with that department."""
    touch_all(session, [(patient_id, at, department_id)])


def touch_all(session: Session, contacts: Iterable[tuple[int, datetime, int | None]]) -> None:
    """As `touch`, for many contacts at once: (patient, moment, department or nothing)."""
    latest: dict[int, datetime] = {}
    memberships: set[tuple[int, int]] = set()
    for patient_id, at, department_id in contacts:
        latest[patient_id] = max(at, latest.get(patient_id, at))
        if department_id is not None:
            memberships.add((patient_id, department_id))
    if not latest:
        return
    session.flush()
    moments = [{"patient": patient_id, "moment": at} for patient_id, at in sorted(latest.items())]
    session.execute(_LATER, moments, execution_options=_WHOLE)
    join_departments(session, memberships)


def join_departments(session: Session, memberships: Collection[tuple[int, int]]) -> None:
    """Let these people, as (patient, department), belong to these departments; who belongs already stays."""
    if not memberships:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [{"patient_id": patient, "department_id": department} for patient, department in sorted(memberships)]
    session.execute(insert(_MEMBERSHIP).on_conflict_do_nothing(), rows, execution_options=_WHOLE)


def settle_departments(session: Session, patient_ids: Collection[int]) -> None:
    """Make these people belong to exactly their home department and those of their visits, withdrawn ones left out.

    Called when a source takes back a visit or moves it, and when a home department changes.
    """
    session.flush()
    ordered = sorted(patient_ids)
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        home = select(Patient.id, Patient.department_id).where(Patient.department_id.is_not(None))
        visited = select(Visit.patient_id, Visit.department_id).where(
            Visit.department_id.is_not(None), Visit.status != "withdrawn"
        )
        rows = session.execute(
            union_all(home.where(Patient.id.in_(chunk)), visited.where(Visit.patient_id.in_(chunk)).distinct()),
            execution_options=_WHOLE,
        )
        wanted = {(patient, department) for patient, department in rows if department is not None}
        session.execute(delete(_MEMBERSHIP).where(_MEMBERSHIP.c.patient_id.in_(chunk)), execution_options=_WHOLE)
        join_departments(session, wanted)


def surviving_ids(session: Session, patient_ids: Collection[int]) -> dict[int, int]:
    """For each id the id of the record that holds the person now: another one after a merge. Unknown ids are absent."""
    found: dict[int, int] = {}
    ordered = sorted(set(patient_ids))
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        rows = session.execute(
            select(_PATIENT.c.id, _PATIENT.c.merged_into_id).where(_PATIENT.c.id.in_(chunk)), execution_options=_WHOLE
        )
        found |= {patient: winner or patient for patient, winner in rows}
    moved = {winner for patient, winner in found.items() if winner != patient}
    if moved:
        # A chain of merges is short; each round follows all of its links by one step.
        further = surviving_ids(session, moved)
        found = {patient: further.get(winner, winner) for patient, winner in found.items()}
    return found
