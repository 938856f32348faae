"""What somebody has typed and not saved yet, kept for that person until it is saved or given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.patients.models import PatientDraft

Fields = Sequence[tuple[str, str]]
# The form has some 150 fields; more than this is not from it.
_MOST_FIELDS = 600


def keep_draft(session: Session, username: str, patient_id: int | None, fields: Fields, now: datetime) -> None:
    """Keep the fields of the form as they stand: one draft for each user and record, the latest."""
    row = session.get(PatientDraft, (username, _place(patient_id)))
    if row is None:
        row = PatientDraft(username=username, place=_place(patient_id), patient_id=patient_id)
        session.add(row)
    row.fields = [list(field) for field in fields[:_MOST_FIELDS]]
    row.saved_at = now
    session.flush()


def draft_of(session: Session, username: str, patient_id: int | None) -> PatientDraft | None:
    """The draft of this user for this record, or for a new one; nothing when there is none."""
    return session.get(PatientDraft, (username, _place(patient_id)))


def drop_draft(session: Session, username: str, patient_id: int | None) -> None:
    """Give the draft up. Nothing happens when there is none."""
    session.execute(
        delete(PatientDraft).where(PatientDraft.username == username, PatientDraft.place == _place(patient_id))
    )


def _place(patient_id: int | None) -> str:
    return "new" if patient_id is None else str(patient_id)
