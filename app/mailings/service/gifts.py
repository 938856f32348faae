"""Gifts and letters: planned, sent, come back; one occasion a year (P-29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.errors import Conflict, InvalidInput, NotFound
from app.mailings.models import Mailing
from app.mailings.rules import MOVES, MailingKind, MailingState
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.patients.rules import clean_text
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingData:
    """What a user says about a gift or letter. `day` is when it goes, or went."""

    kind: MailingKind
    occasion: str
    item: str
    day: date
    state: MailingState
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingRow:
    """One mailing with the name of the person it is for."""

    mailing: Mailing
    patient_name: str


def given_already(session: Session, patient_id: int, occasion: str, day: date) -> Mailing | None:
    """What this person got on the same occasion in the same year; a thing that came back does not count."""
    return session.scalar(
        select(Mailing)
        .where(
            Mailing.patient_id == patient_id,
            Mailing.occasion == clean_text(occasion)[:40],
            Mailing.day >= date(day.year, 1, 1),
            Mailing.day <= date(day.year, 12, 31),
            Mailing.state != MailingState.RETURNED,
        )
        .order_by(Mailing.day.desc(), Mailing.id.desc())
        .limit(1)
    )


def add_mailing(
    session: Session, patient_id: int, data: MailingData, *, is_warned: bool, by: str, now: datetime
) -> Mailing:
    """Note a gift or letter. Raises Conflict when the occasion was given this year and the user was not warned yet.

    Raises NotFound for an unknown person, InvalidInput, NotAllowed.
    """
    access.need_write(session, Module.CONTACT)
    occasion, item = clean_text(data.occasion)[:40], clean_text(data.item)[:200]
    if not occasion:
        raise InvalidInput(N_("Choose the occasion."), field="occasion")
    if not item:
        raise InvalidInput(N_("Say what is sent."), field="item")
    if session.scalar(select(Patient.id).where(Patient.id == patient_id, Patient.merged_into_id.is_(None))) is None:
        raise NotFound(N_("There is no such patient."))
    earlier = given_already(session, patient_id, occasion, data.day)
    if earlier is not None and not is_warned:
        raise Conflict(
            N_("This person got “%(item)s” on the same occasion this year, on %(day)s. Save again to add it."),
            field="occasion",
            item=earlier.item,
            day=earlier.day.isoformat(),
        )
    made = Mailing(
        patient_id=patient_id,
        kind=data.kind,
        occasion=occasion,
        item=item,
        day=data.day,
        state=data.state,
        remark=clean_text(data.remark)[:300],
        sender=by,
        created_at=now,
        created_by=by,
    )
    session.add(made)
    session.flush()
    return made


def move_mailing(session: Session, mailing_id: int, state: MailingState, *, day: date) -> Mailing:
    """Say that a mailing was sent, or came back. Raises NotFound, NotAllowed, Conflict for no such move."""
    access.need_write(session, Module.CONTACT)
    found = session.get(Mailing, mailing_id) if mailing_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such mailing."))
    if state not in MOVES[MailingState(found.state)]:
        raise Conflict(N_("This mailing is not in a state that permits this."))
    if state is MailingState.SENT:
        found.day = day
    found.state = state
    return found


def list_mailings(
    session: Session, *, occasion: str = "", state: str = "", limit: int, cursor: str | None = None
) -> Page[MailingRow]:
    """Mailings by day, the latest first."""
    statement = select(Mailing, Patient.name).join(Patient, Patient.id == Mailing.patient_id)
    if cursor:
        day, mailing_id = read_cursor(cursor, [str, int])
        at = _day(str(day))
        statement = statement.where((Mailing.day < at) | ((Mailing.day == at) & (Mailing.id < mailing_id)))
    if occasion:
        statement = statement.where(Mailing.occasion == occasion)
    if state:
        statement = statement.where(Mailing.state == state)
    rows = session.execute(statement.order_by(Mailing.day.desc(), Mailing.id.desc()).limit(limit + 1)).all()
    items = [MailingRow(mailing=mailing, patient_name=name) for mailing, name in rows[:limit]]
    last = items[-1].mailing if len(rows) > limit else None
    return Page(items=items, next_cursor=write_cursor(last.day.isoformat(), last.id) if last else None)


def mailings_of(session: Session, patient_id: int) -> Sequence[Mailing]:
    """Everything sent to one person, the latest first."""
    statement = select(Mailing).where(Mailing.patient_id == patient_id)
    return session.scalars(statement.order_by(Mailing.day.desc(), Mailing.id.desc()).limit(200)).all()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            N_("This page address is damaged. Start again from the first page."), field="cursor"
        ) from None
