"""What agents add to a call: who it was, what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.service.scoping import UNSCOPED
from app.bus import Bus
from app.calls.models import Call, Leg
from app.calls.rules import DISPOSITION_TEXT
from app.calls.service.dispositions import dispositions
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.journal.models import JournalEntry
from app.patients.models import Patient
from app.patients.service import touch


def save_wrap_up(
    session: Session, bus: Bus, *, call_id: str, agent: str, disposition: str | None, note: str | None, now: datetime
) -> None:
    """Keep what came of a call. May be called while it lasts, and again. Raises NotFound, InvalidInput, Conflict.

    Who has led the call on or parked it may still write, until somebody else has.
    """
    if disposition and disposition not in DISPOSITION_TEXT and disposition not in dispositions(session):
        raise InvalidInput("Choose one of the listed dispositions.", field="disposition")
    if note and len(note) > 4000:
        raise InvalidInput("A note has at most 4,000 characters.", field="note")
    call = session.get(Call, call_id, execution_options={UNSCOPED: True})
    if call is None or not _may_note(session, call, agent):
        call = own_call(session, call_id, agent)
    call.disposition, call.note = disposition or None, note or None
    journal.append(session, bus, [journal.Entry(kind="call.noted", at=now, call_id=call_id, agent=agent)])


def pick_patient(session: Session, bus: Bus, *, call_id: str, agent: str, patient_id: int, now: datetime) -> None:
    """Tie the call to a person on the agent's word. Raises NotFound, Conflict."""
    call = own_call(session, call_id, agent)
    if session.scalar(select(Patient.id).where(Patient.id == patient_id)) is None:
        raise NotFound("No such patient.")
    if call.patient_id != patient_id:
        call.verified_at = call.verified_by = None
    call.patient_id, call.match_state = patient_id, "confirmed"
    touch(session, patient_id, call.started_at)
    payload = {"patient_id": patient_id}
    journal.append(
        session, bus, [journal.Entry(kind="call.identified", at=now, call_id=call_id, agent=agent, payload=payload)]
    )


def own_call(session: Session, call_id: str, agent: str) -> Call:
    """The call that this agent has, also when the caller is outside the agent's scope. Raises NotFound, Conflict."""
    call = session.get(Call, call_id, execution_options={UNSCOPED: True})
    if call is None:
        raise NotFound("No such call.")
    if call.agent != agent:
        raise Conflict("This call is with another agent.")
    return call


def _may_note(session: Session, call: Call, agent: str) -> bool:
    part = select(Leg.uniqueid).where(Leg.call_id == call.id, Leg.agent == agent, Leg.answered_at.is_not(None))
    if session.scalar(part.limit(1)) is None:
        return False
    noted = select(JournalEntry.agent).where(JournalEntry.call_id == call.id, JournalEntry.kind == "call.noted")
    last = session.scalar(noted.order_by(JournalEntry.seq.desc()).limit(1), execution_options={UNSCOPED: True})
    return call.agent == agent or last in (None, agent)
