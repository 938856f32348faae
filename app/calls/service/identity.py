"""Check who is calling: what the caller says is compared here and never sent to a page (guard 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.access.service.scoping import UNSCOPED, need_write
from app.bus import Bus
from app.calls.models import Call
from app.calls.rules import MOST_CHECKS, NEEDED_KINDS, Given, KnownIdentity, is_identified, right_kinds
from app.calls.service.notes import own_call
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.patients.models import Identifier, Patient
from app.patients.names import fold_name
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How a check came out. Which of the given identifiers were right is told to nobody when they are not enough."""

    is_verified: bool
    tries_left: int
    kinds: tuple[str, ...] = ()


def check_caller(
    session: Session, bus: Bus, *, call_id: str, agent: str, patient_id: int, given: Sequence[Given], now: datetime
) -> Checked:
    """Compare what the caller says with the record of the person whom the call is tied to, and note when it is right.

    The try counts whatever comes of it, so the transaction must be committed. The caller writes the audit entry. Raises
    NotFound, InvalidInput for fewer than two kinds, and Conflict when the call is another agent's, is over, is about
    somebody else, or has no tries left.
    """
    need_write(session, Module.CALLS)
    call = own_call(session, call_id, agent)
    if call.wrapped_up_at is not None:
        raise Conflict(N_("This call is over."))
    if call.patient_id != patient_id:
        raise Conflict(N_("This call is about somebody else."))
    if call.verified_at is not None:
        kinds = tuple((call.verified_by or "").split(","))
        return Checked(is_verified=True, tries_left=MOST_CHECKS - call.identity_checks, kinds=kinds)
    if len({each.kind for each in given if each.value.strip()}) < NEEDED_KINDS:
        raise InvalidInput(N_("Two different things are needed, such as the name and the birth date."), field="given")
    known = _known(session, patient_id)
    left = _take_try(session, call)
    right = right_kinds([Given(kind=each.kind, value=fold_name(each.value)) for each in given], known)
    if not is_identified(right):
        return Checked(is_verified=False, tries_left=left)
    kinds = tuple(sorted(right))
    call.verified_at, call.verified_by = now, ",".join(kinds)
    payload = {"patient_id": patient_id, "kinds": list(kinds)}
    journal.append(
        session, bus, [journal.Entry(kind="call.verified", at=now, call_id=call_id, agent=agent, payload=payload)]
    )
    return Checked(is_verified=True, tries_left=left, kinds=kinds)


def _take_try(session: Session, call: Call) -> int:
    # One conditional statement: two windows of one desk cannot use the same try.
    wanted = update(Call).where(Call.id == call.id, Call.identity_checks < MOST_CHECKS)
    counted = wanted.values(identity_checks=Call.identity_checks + 1).returning(Call.identity_checks)
    used = session.scalar(counted, execution_options={UNSCOPED: True})
    if used is None:
        raise Conflict(N_("The caller was wrong five times. Do not speak about the patient; ask your supervisor."))
    return MOST_CHECKS - used


def _known(session: Session, patient_id: int) -> KnownIdentity:
    patient = session.execute(select(Patient.name, Patient.birth_date).where(Patient.id == patient_id)).first()
    if patient is None:
        raise NotFound(N_("No such patient."))
    rows = session.execute(
        select(Identifier.type, Identifier.value).where(
            Identifier.patient_id == patient_id, Identifier.is_valid.is_(True)
        )
    ).all()
    return KnownIdentity(
        name=fold_name(patient.name),
        birth_date=patient.birth_date,
        id_cards=[row.value for row in rows if row.type == "id_card"],
        cards=[row.value for row in rows if row.type != "id_card"],
    )
