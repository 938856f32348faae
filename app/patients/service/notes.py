"""What a person wished, thought or met, with the answer (G-11, P-21): written once, answered once, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.codes import service as codes
from app.codes.rules import CodeList
from app.db import rows_changed
from app.errors import Conflict, NotFound
from app.journal import service as journal
from app.patients.kinds import NoteKind
from app.patients.models import PatientNote
from app.patients.service.faults import Faults
from app.patients.service.reading import require_patient
from app.texts import N_

_LONGEST = 2000


def category_list(kind: str) -> CodeList:
    """The list from which the category of such a note comes: a wish has a service subject (G-09)."""
    return CodeList.SERVICE_SUBJECT if kind == NoteKind.WISH else CodeList.OPINION_CATEGORY


def add_note(
    session: Session,
    bus: Bus,
    patient_id: int,
    *,
    kind: str,
    text: str,
    category: str | None = None,
    call_id: str | None = None,
    visit_id: int | None = None,
    by: str,
    now: datetime,
) -> PatientNote:
    """Note a wish, opinion, suggestion or problem. Raises NotFound, and InvalidInput with all faults by field."""
    patient_id = require_patient(session, patient_id)
    faults = Faults()
    if kind not in set(NoteKind):
        faults.add("kind", N_("Choose one of the list."))
    offered = {each.code for each in codes.items(session, category_list(kind))}
    if category and offered and category not in offered:
        faults.add("category", N_("Choose one of the list."))
    written = faults.paragraphs(text, "text", _LONGEST, needed=N_("Write what was said."))
    faults.raise_any()
    note = PatientNote(
        patient_id=patient_id,
        kind=kind,
        category=category or None,
        text=written,
        at=now,
        created_by=by,
        call_id=call_id,
        visit_id=visit_id,
    )
    session.add(note)
    session.flush()
    _journal(session, bus, note.id, patient_id, by=by, now=now)
    return note


def answer_note(
    session: Session, bus: Bus, patient_id: int, note_id: int, response: str, *, by: str, now: datetime
) -> None:
    """Keep the answer. Raises NotFound, InvalidInput, and Conflict when it was answered already."""
    faults = Faults()
    written = faults.paragraphs(response, "response", _LONGEST, needed=N_("Write the answer."))
    faults.raise_any()
    patient_id = require_patient(session, patient_id)
    of_person = (PatientNote.id == note_id, PatientNote.patient_id == patient_id)
    if not 0 < note_id < 2**31 or session.scalar(select(PatientNote.id).where(*of_person)) is None:
        raise NotFound(N_("There is no such entry."))
    claimed = session.execute(
        update(PatientNote)
        .where(*of_person, PatientNote.answered_at.is_(None))
        .values(response=written, answered_at=now, answered_by=by)
    )
    if rows_changed(claimed) != 1:
        raise Conflict(N_("Somebody has answered this already."))
    _journal(session, bus, note_id, patient_id, by=by, now=now)


def notes_of(session: Session, patient_id: int) -> Sequence[PatientNote]:
    """All notes on the person: open wishes first, then the newest first."""
    rows = session.scalars(
        select(PatientNote)
        .where(PatientNote.patient_id == patient_id)
        .order_by(PatientNote.at.desc(), PatientNote.id.desc())
    ).all()
    return sorted(rows, key=lambda note: not is_open_wish(note))


def is_open_wish(note: PatientNote) -> bool:
    """True for a wish that nobody has answered."""
    return note.kind == NoteKind.WISH and note.answered_at is None


def _journal(session: Session, bus: Bus, note_id: int, patient_id: int, *, by: str, now: datetime) -> None:
    payload = {"patient_id": patient_id, "note_id": note_id}
    journal.append(session, bus, [journal.Entry(kind="note.changed", at=now, agent=by, payload=payload)])
