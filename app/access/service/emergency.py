"""Opening a record outside one's scope in an emergency, and looking at it afterwards (break-glass)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.access.models import EmergencyOpening
from app.access.rules.emergency import MOST_TRIES, TRIES_WITHIN, Sought, Verdict, fits
from app.access.service.scoping import UNSCOPED
from app.accounts.models import User
from app.audit.models import AuditEvent
from app.audit.rules import Action
from app.bus import Bus
from app.calls.models import Call
from app.configuration import service as configuration
from app.configuration.rules import EMERGENCY_MINUTES
from app.db import rows_changed
from app.errors import Conflict, NotAllowed, NotFound
from app.journal import service as journal
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Identifier, Patient, PatientPhone
from app.patients.phones import parse_number
from app.settings import Settings
from app.texts import N_

# A number that more people than this share is nobody's key.
_MOST_HOLDERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The one record that fits, and whether it had to be opened for this user."""

    patient_id: int
    was_opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An opening with the names beside it."""

    row: EmergencyOpening
    user_name: str
    patient_name: str | None


def tries_left(session: Session, username: str, now: datetime) -> int:
    """How often this user may still try within the hour; a try that finds nothing counts as well."""
    # Locked, so that two tries in the same instant are counted one after the other.
    session.execute(select(User.id).where(User.username == username).with_for_update())
    tried = session.scalar(
        select(func.count()).where(
            AuditEvent.actor == username,
            AuditEvent.action == Action.OPEN_IN_EMERGENCY,
            AuditEvent.at > now - TRIES_WITHIN,
        )
    )
    return max(0, MOST_TRIES - (tried or 0))


def open_in_emergency(
    session: Session, bus: Bus, sought: Sought, *, reason: str, username: str, settings: Settings, now: datetime
) -> Found | None:
    """Open the one record that fits what is sought, for `minutes_open`. Nothing when none fits, or more than one.

    The session is the user's own. The caller has asked `tries_left`, and writes the audit entry, found or not.
    """
    patient_id = _find(session, sought, settings)
    if patient_id is None:
        return None
    if session.scalar(select(Patient.id).where(Patient.id == patient_id)) is not None:
        return Found(patient_id=patient_id, was_opened=False)
    opening = EmergencyOpening(
        username=username,
        patient_id=patient_id,
        reason=reason[:300],
        opened_at=now,
        ends_at=now + timedelta(minutes=minutes_open(session)),
    )
    session.add(opening)
    session.flush()
    payload = {"patient_id": patient_id, "opening_id": opening.id}
    entry = journal.Entry(kind="access.opened_in_emergency", at=now, agent=username, payload=payload)
    journal.append(session, bus, [entry])
    return Found(patient_id=patient_id, was_opened=True)


def minutes_open(session: Session) -> int:
    """For how long a record that is opened now stays open."""
    return configuration.value(session, EMERGENCY_MINUTES)


def number_of_own_call(session: Session, call_id: str, username: str) -> str:
    """The number of a call that this user has, also when its caller is outside the user's scope; else nothing."""
    wanted = select(Call.number).where(Call.id == call_id, Call.agent == username)
    found = session.scalar(wanted, execution_options={UNSCOPED: True}) if "\x00" not in call_id else None
    return found or ""


def count_unreviewed(session: Session) -> int:
    """How many openings nobody has looked at yet."""
    wanted = select(func.count()).select_from(EmergencyOpening).where(EmergencyOpening.reviewed_at.is_(None))
    return session.scalar(wanted) or 0


def list_openings(session: Session, *, only_unreviewed: bool, limit: int, cursor: str | None = None) -> Page[Opening]:
    """Openings newest first. Raises InvalidInput for a damaged cursor."""
    wanted = (
        select(EmergencyOpening, User.display_name, Patient.name)
        .outerjoin(User, User.username == EmergencyOpening.username)
        .outerjoin(Patient, Patient.id == EmergencyOpening.patient_id)
        .order_by(EmergencyOpening.id.desc())
        .limit(limit + 1)
    )
    if only_unreviewed:
        wanted = wanted.where(EmergencyOpening.reviewed_at.is_(None))
    if cursor:
        [before] = read_cursor(cursor, [int])
        wanted = wanted.where(EmergencyOpening.id < before)
    # Whoever looks at openings must see whose record it was, also outside the own scope.
    rows = session.execute(wanted, execution_options={UNSCOPED: True}).all()
    items = [
        Opening(row=row, user_name=user or row.username, patient_name=patient) for row, user, patient in rows[:limit]
    ]
    return Page(items=items, next_cursor=write_cursor(items[-1].row.id) if len(rows) > limit else None)


def review(
    session: Session, bus: Bus, opening_id: int, verdict: Verdict, note: str, *, by: str, now: datetime
) -> EmergencyOpening:
    """Say what is thought of an opening, once. Raises NotFound, Conflict, and NotAllowed for one's own opening."""
    opening = session.get(EmergencyOpening, opening_id) if 0 < opening_id < 2**31 else None
    if opening is None:
        raise NotFound(N_("There is no such opening."))
    if opening.username == by:
        raise NotAllowed(N_("Somebody else has to look at what you opened."))
    said = {"verdict": verdict.value, "review_note": note[:300] or None, "reviewed_by": by, "reviewed_at": now}
    wanted = update(EmergencyOpening).where(EmergencyOpening.id == opening_id, EmergencyOpening.reviewed_at.is_(None))
    if rows_changed(session.execute(wanted.values(said))) != 1:
        raise Conflict(N_("Somebody has looked at this opening already."))
    payload = {"opening_id": opening_id}
    journal.append(session, bus, [journal.Entry(kind="access.reviewed", at=now, agent=by, payload=payload)])
    return opening


def _find(session: Session, sought: Sought, settings: Settings) -> int | None:
    key = "".join(sought.key.split())
    number = parse_number(sought.key, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    phones = select(PatientPhone.patient_id).where(PatientPhone.number == (number.e164 if number else "-"))
    identifiers = select(Identifier.patient_id).where(Identifier.value.in_({key, key.upper()}))
    wanted = (
        select(Patient.id, Patient.name, Patient.birth_date)
        .where(or_(Patient.id.in_(phones), Patient.id.in_(identifiers)), Patient.merged_into_id.is_(None))
        .limit(_MOST_HOLDERS)
    )
    rows = session.execute(wanted, execution_options={UNSCOPED: True}).all() if key else []
    fitting = [row.id for row in rows if fits(sought, name=row.name, birth_date=row.birth_date)]
    return fitting[0] if len(fitting) == 1 else None
