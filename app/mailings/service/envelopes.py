"""From people to envelopes: who gets one, who is left out and why, and what is noted of it (P-28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.errors import InvalidInput, NotAllowed
from app.mailings.models import EnvelopePrint, Mailing
from app.mailings.rules import (
    FORMATS,
    Addressee,
    MailingKind,
    MailingState,
    Sender,
    Sheet,
    address_key,
    joined,
    lay_out,
    titled_name,
)
from app.mailings.service.fonts import Letters
from app.patients.models import Patient
from app.patients.rules import age_on, clean_text
from app.texts import N_

# With 6,000 different characters, far more than a real list has, 1,000 envelopes took 13 s of processor time here.
MOST_ENVELOPES = 1_000


class LeftOut(StrEnum):
    """Why somebody gets no envelope."""

    DECEASED = "deceased"
    NO_ADDRESS = "no_address"
    NO_LETTER = "no_letter"  # a rare character that no font has


LEFT_OUT_TEXT = {
    LeftOut.DECEASED: N_("Has died"),
    LeftOut.NO_ADDRESS: N_("No address"),
    LeftOut.NO_LETTER: N_("A rare character cannot be printed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeWish:
    """How the envelopes are to be. `is_joined`: people at one address get one together."""

    format: str
    purpose: str
    sender: Sender
    is_joined: bool


@dataclass(slots=True, kw_only=True)
class Envelopes:
    """The envelopes, whom each of them is for, and who was left out."""

    sheets: list[Sheet] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    left_out: list[tuple[Patient, LeftOut]] = field(default_factory=list)


def make_envelopes(
    session: Session,
    people: Select[int],
    wish: EnvelopeWish,
    letters: Letters,
    *,
    today: date,
    limit: int | None = None,
) -> Envelopes:
    """Lay out an envelope for each of these people who has a printable address.

    With a `limit`, only so many people are looked at. Raises NotAllowed for who sees addresses masked, InvalidInput for
    an unknown format or more than 1,000 people.
    """
    viewer = access.viewer_of(session)
    if viewer is not None and viewer.is_masked:
        raise NotAllowed(N_("You see addresses with their end hidden, so you cannot print envelopes."))
    size = FORMATS.get(wish.format)
    if size is None:
        raise InvalidInput(N_("Choose a format of envelope."), field="format")
    if limit is None:
        _check_number(session, people)
    statement = select(Patient).where(Patient.id.in_(people)).order_by(Patient.postcode, Patient.id).limit(limit)
    made = Envelopes()
    by_address: dict[str, list[Addressee]] = {}
    for patient in session.scalars(statement):
        to = _addressee(patient, today)
        problem = LeftOut.DECEASED if patient.deceased_at is not None else _problem(to, letters)
        if problem is not None:
            made.left_out.append((patient, problem))
            continue
        made.people.append(patient.id)
        key = address_key(to) if wish.is_joined else str(patient.id)
        by_address.setdefault(key, []).append(to)
    made.sheets = [lay_out(joined(group), wish.sender, size) for group in by_address.values()]
    return made


def record_print(
    session: Session,
    made: Envelopes,
    wish: EnvelopeWish,
    *,
    segment_id: int | None,
    today: date,
    by: str,
    now: datetime,
) -> EnvelopePrint:
    """Note on each person that an envelope was printed, and for what. Raises InvalidInput without a purpose."""
    access.need_write(session, Module.CONTACT)
    purpose = clean_text(wish.purpose)[:200]
    if not purpose:
        raise InvalidInput(N_("Say what the envelopes are for."), field="purpose")
    printed = EnvelopePrint(
        purpose=purpose,
        format=wish.format,
        segment_id=segment_id,
        envelopes=len(made.sheets),
        left_out=len(made.left_out),
        at=now,
        by=by,
    )
    session.add(printed)
    session.flush()
    session.add_all(
        Mailing(
            patient_id=patient_id,
            kind=MailingKind.ENVELOPE,
            occasion=purpose[:40],
            item=purpose,
            day=today,
            state=MailingState.SENT,
            print_id=printed.id,
            sender=by,
            created_at=now,
            created_by=by,
        )
        for patient_id in made.people
    )
    return printed


def prints(session: Session, limit: int = 50) -> Sequence[EnvelopePrint]:
    """The latest prints, newest first."""
    return session.scalars(select(EnvelopePrint).order_by(EnvelopePrint.id.desc()).limit(limit)).all()


def _check_number(session: Session, people: Select[int]) -> None:
    count = session.scalar(select(func.count()).select_from(Patient).where(Patient.id.in_(people))) or 0
    if count > MOST_ENVELOPES:
        raise InvalidInput(N_("At most 1,000 envelopes are printed at once. Narrow the list."), field="segment")


def _addressee(patient: Patient, today: date) -> Addressee:
    name = titled_name(patient.name, patient.sex, age_on(patient.birth_date, today))
    return Addressee(names=(name,), address=(patient.address or "").strip(), postcode=(patient.postcode or "").strip())


def _problem(to: Addressee, letters: Letters) -> LeftOut | None:
    if not to.address:
        return LeftOut.NO_ADDRESS
    if letters.missing("".join((*to.names, to.address, to.postcode)).replace(" ", "")):
        return LeftOut.NO_LETTER
    return None
