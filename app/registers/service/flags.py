"""The flags that registers give: set and taken away by rule, and never touched where a person set them (P-33)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.errors import InvalidInput, NotFound
from app.patients.models import Patient, PatientFlag
from app.patients.rules import clean_text
from app.registers.models import Register, RegisterMember
from app.registers.rules import KEY_PATIENT
from app.texts import N_

_CHUNK = 500


def settle_flag(session: Session, flag: str, people: Sequence[int], *, reason: str, now: datetime) -> None:
    """Let these people carry the flag if a register that gives it holds them, and not if none does any more.

    A flag that somebody set by hand stays as it is.
    """
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        held = set(
            session.scalars(
                select(RegisterMember.patient_id)
                .join(Register, Register.id == RegisterMember.register_id)
                .where(RegisterMember.patient_id.in_(chunk), RegisterMember.left_at.is_(None), Register.flag == flag)
            )
        )
        flags = select(PatientFlag).where(PatientFlag.patient_id.in_(chunk), PatientFlag.flag == flag)
        flagged = {each.patient_id: each.created_by for each in session.scalars(flags)}
        rising = sorted(held - flagged.keys())
        falling = sorted(patient_id for patient_id, by in flagged.items() if by is None and patient_id not in held)
        _raise(session, flag, rising, reason, now)
        _lower(session, flag, falling)


def set_key_patient(session: Session, patient_id: int, *, is_key: bool, reason: str, by: str, now: datetime) -> None:
    """Make somebody a key patient by hand, or no longer one. Raises InvalidInput without a reason, NotFound."""
    access.need_write(session, Module.CONTACT)
    told = clean_text(reason)[:300]
    if not told:
        raise InvalidInput(N_("Give a reason."), field="reason")
    patient = session.get(Patient, patient_id) if patient_id < 2**31 else None
    if patient is None:
        raise NotFound(N_("There is no such patient."))
    patient.is_key_patient, patient.updated_at = is_key, now
    session.execute(delete(PatientFlag).where(PatientFlag.patient_id == patient_id, PatientFlag.flag == KEY_PATIENT))
    if is_key:
        session.add(PatientFlag(patient_id=patient_id, flag=KEY_PATIENT, reason=told, since=now, created_by=by))
    session.flush()


def _raise(session: Session, flag: str, people: Sequence[int], reason: str, now: datetime) -> None:
    # A key patient without a flag was made one in the record's form: that is by hand, and stays so.
    by_hand = set[int]()
    if flag == KEY_PATIENT and people:
        by_hand = set(session.scalars(select(Patient.id).where(Patient.id.in_(people), Patient.is_key_patient)))
    session.add_all(
        PatientFlag(patient_id=each, flag=flag, reason=reason[:300], since=now, created_by=None)
        for each in people
        if each not in by_hand
    )
    session.flush()
    if flag == KEY_PATIENT and people:
        _mark_key(session, people, is_key=True)


def _lower(session: Session, flag: str, people: Sequence[int]) -> None:
    if not people:
        return
    session.execute(
        delete(PatientFlag).where(
            PatientFlag.patient_id.in_(people), PatientFlag.flag == flag, PatientFlag.created_by.is_(None)
        )
    )
    if flag == KEY_PATIENT:
        _mark_key(session, people, is_key=False)


def _mark_key(session: Session, people: Sequence[int], *, is_key: bool) -> None:
    # Without the record's version: somebody who edits it at this moment loses nothing by it.
    session.execute(update(Patient).where(Patient.id.in_(people)).values(is_key_patient=is_key))
