"""What people said about being contacted: consents and opt-outs, kept with who, when and how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.contact_policy.models import Consent, OptOut
from app.errors import Conflict, NotFound
from app.messages.rules.states import MessageKind
from app.patients.models import PatientPhone
from app.texts import N_

_WHOLE = {UNSCOPED: True}


def record_consent(
    session: Session,
    *,
    patient_id: int,
    kind: MessageKind,
    channel: str,
    is_granted: bool,
    changed_by: str | None,
    now: datetime,
) -> None:
    """Write down that the person agreed, or took it back. The newest word counts: agreeing ends an opt-out of it."""
    query = select(Consent).where(Consent.patient_id == patient_id, Consent.kind == kind, Consent.channel == channel)
    consent = session.scalar(query)
    if consent is None:
        consent = Consent(patient_id=patient_id, kind=kind, channel=channel)
        session.add(consent)
    consent.is_granted, consent.changed_at, consent.changed_by = is_granted, now, changed_by
    session.flush()
    if is_granted:
        session.execute(
            update(OptOut)
            .where(OptOut.patient_id == patient_id, OptOut.kind == kind, OptOut.channel == channel)
            .where(OptOut.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=changed_by)
        )


def record_opt_out(
    session: Session,
    *,
    kind: str,
    channel: str,
    way: str,
    created_by: str | None,
    now: datetime,
    number: str | None = None,
    patient_id: int | None = None,
    message_id: int | None = None,
    reason: str = "",
) -> list[OptOut]:
    """Write down that no message of this kind ("all": of any kind) is wanted, on this number or by this person.

    A number takes along everybody whose own number it is; what somebody else's relative has said stops the number
    alone. Returns the new rows: none when all of it stood already.
    """
    people: set[int | None] = {patient_id} if patient_id is not None else set()
    if number is not None and patient_id is None:
        own = select(PatientPhone.patient_id).where(
            PatientPhone.number == number, PatientPhone.contact_person_id.is_(None), PatientPhone.is_valid
        )
        people = set(session.scalars(own, execution_options=_WHOLE)) or {None}
    standing = select(OptOut.patient_id).where(
        OptOut.withdrawn_at.is_(None),
        OptOut.kind == kind,
        OptOut.channel == channel,
        OptOut.number == number if number is not None else OptOut.number.is_(None),
    )
    known = set(session.scalars(standing, execution_options=_WHOLE))
    rows = [
        OptOut(
            number=number,
            patient_id=person,
            kind=kind,
            channel=channel,
            way=way,
            message_id=message_id,
            reason=reason[:300],
            at=now,
            created_by=created_by,
        )
        for person in sorted(people - known, key=lambda person: person or 0)
    ]
    session.add_all(rows)
    session.flush()
    return rows


def withdraw_opt_out(session: Session, opt_out_id: int, *, patient_id: int, by: str, now: datetime) -> OptOut:
    """Messages are wanted again: on the number, whoever has it, or by the person. Raises NotFound and Conflict."""
    row = session.get(OptOut, opt_out_id)
    if row is None or row.patient_id != patient_id:
        raise NotFound(N_("There is no such opt-out."))
    if row.withdrawn_at is not None:
        raise Conflict(N_("This opt-out was withdrawn before."))
    row.withdrawn_at, row.withdrawn_by = now, by
    session.flush()
    same = [OptOut.id == row.id]
    if row.number is not None:
        same = [OptOut.number == row.number, OptOut.kind == row.kind, OptOut.channel == row.channel]
    session.execute(
        update(OptOut).where(*same, OptOut.withdrawn_at.is_(None)).values(withdrawn_at=now, withdrawn_by=by),
        execution_options={**_WHOLE, "synchronize_session": False},
    )
    session.refresh(row)
    return row


def consents_of(session: Session, patient_id: int) -> Sequence[Consent]:
    """What the person agreed to or refused, by kind and channel."""
    query = select(Consent).where(Consent.patient_id == patient_id).order_by(Consent.kind, Consent.channel)
    return session.scalars(query).all()


def opt_outs_of(session: Session, patient_id: int) -> Sequence[OptOut]:
    """Every opt-out of this person, the withdrawn ones too, newest first."""
    query = select(OptOut).where(OptOut.patient_id == patient_id).order_by(OptOut.at.desc(), OptOut.id.desc())
    return session.scalars(query).all()


def standing_opt_outs(session: Session, number: str) -> Sequence[OptOut]:
    """What stands for this number, whoever has it."""
    query = select(OptOut).where(OptOut.number == number, OptOut.withdrawn_at.is_(None)).order_by(OptOut.id)
    return session.scalars(query).all()
