"""Ties between people and parts of the hospital (P-34): departments, doctors, units and schemes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.paging import Page, read_cursor, write_cursor
from app.patients.kinds import TieKind
from app.patients.models import Patient, PatientTie
from app.patients.service.faults import Faults
from app.patients.service.reading import require_patient
from app.texts import N_


def add_tie(
    session: Session,
    patient_id: int,
    *,
    kind: str,
    name: str,
    role: str = "",
    since: date | None = None,
    until: date | None = None,
    by: str | None,
    now: datetime,
) -> PatientTie:
    """Tie a person to a part of the hospital, in a role and for a time. Raises NotFound, InvalidInput."""
    patient_id = require_patient(session, patient_id)
    faults = Faults()
    if kind not in set(TieKind):
        faults.add("kind", N_("Choose one of the list."))
    called = faults.line(name, "name", 120, needed=N_("Enter the name."))
    in_role = faults.line(role, "role", 60)
    if since is not None and until is not None and until < since:
        faults.add("until", N_("The end is before the beginning."))
    faults.raise_any()
    tie = PatientTie(
        patient_id=patient_id,
        kind=kind,
        name=called,
        role=in_role,
        since=since,
        until=until,
        created_at=now,
        created_by=by,
    )
    session.add(tie)
    session.flush()
    return tie


def end_tie(session: Session, patient_id: int, tie_id: int, *, on: date) -> None:
    """Let a tie end on that day; it stays readable. Raises NotFound, InvalidInput for a day before it began."""
    tie = _tie(session, patient_id, tie_id)
    faults = Faults()
    if tie.since is not None and on < tie.since:
        faults.add("until", N_("The end is before the beginning."))
    faults.raise_any()
    tie.until = on
    session.flush()


def reopen_tie(session: Session, patient_id: int, tie_id: int) -> None:
    """Take an end back. Raises NotFound."""
    _tie(session, patient_id, tie_id).until = None
    session.flush()


def ties_of(session: Session, patient_id: int) -> Sequence[PatientTie]:
    """All ties of the person, those that hold first."""
    return session.scalars(
        select(PatientTie)
        .where(PatientTie.patient_id == patient_id)
        .order_by(PatientTie.until.is_not(None), PatientTie.kind, PatientTie.name, PatientTie.id)
    ).all()


def tied_to(
    session: Session, kind: str, name: str, *, limit: int, cursor: str | None = None
) -> Page[tuple[PatientTie, Patient]]:
    """The other side: everybody tied to that department, doctor, unit or scheme, newest tie first."""
    query = (
        select(PatientTie, Patient)
        .join(Patient, Patient.id == PatientTie.patient_id)
        .where(PatientTie.kind == kind, PatientTie.name == name, Patient.merged_into_id.is_(None))
        .order_by(PatientTie.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        [last] = read_cursor(cursor, [int])
        query = query.where(PatientTie.id < last)
    rows = [(tie, patient) for tie, patient in session.execute(query)]
    following = write_cursor(rows[limit - 1][0].id) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=following)


def tie_targets(session: Session) -> list[tuple[str, str, int]]:
    """Kind, name and number of people of everything that somebody is tied to."""
    rows = session.execute(
        select(PatientTie.kind, PatientTie.name, func.count(PatientTie.patient_id.distinct()))
        .group_by(PatientTie.kind, PatientTie.name)
        .order_by(PatientTie.kind, PatientTie.name)
        .limit(500)
    )
    return [(kind, name, count) for kind, name, count in rows]


def _tie(session: Session, patient_id: int, tie_id: int) -> PatientTie:
    patient_id = require_patient(session, patient_id)
    tie = session.get(PatientTie, tie_id) if 0 < tie_id < 2**31 else None
    if tie is None or tie.patient_id != patient_id:
        raise NotFound(N_("There is no such entry."))
    return tie
