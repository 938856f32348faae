"""Registers themselves, and who is on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.patients.models import Patient
from app.patients.rules import clean_text
from app.registers.models import Register, RegisterMember
from app.registers.rules import check_rule
from app.registers.service.flags import settle_flag
from app.segments.rules import SegmentRule, read_rule, write_rule
from app.texts import N_

# SQLite takes 32,766 parameters in one statement.
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterData:
    """What a user says about a register. Without a rule people are put on it by hand only."""

    name: str
    description: str = ""
    rule: SegmentRule | None = None
    flag: str | None = None
    is_active: bool = True


def list_registers(session: Session) -> list[tuple[Register, int]]:
    """Every register with the number of people on it now, by name."""
    on_it = (
        select(RegisterMember.register_id, func.count().label("people"))
        .where(RegisterMember.left_at.is_(None))
        .group_by(RegisterMember.register_id)
        .subquery()
    )
    rows = session.execute(
        select(Register, func.coalesce(on_it.c.people, 0))
        .outerjoin(on_it, on_it.c.register_id == Register.id)
        .order_by(Register.name)
    )
    return [(register, people) for register, people in rows]


def get_register(session: Session, register_id: int) -> Register:
    """One register. Raises NotFound."""
    found = session.get(Register, register_id) if register_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such register."))
    return found


def save_register(session: Session, register_id: int | None, data: RegisterData, *, by: str, now: datetime) -> Register:
    """Make or change a register; nobody joins or leaves by that.

    Raises InvalidInput, Conflict for a name that is taken, NotAllowed, NotFound.
    """
    access.need_write(session, Module.CLINICAL)
    name = clean_text(data.name)[:120]
    if not name:
        raise InvalidInput(N_("Give the register a name."), field="name")
    if data.rule is not None:
        check_rule(data.rule)
    holder = session.scalar(select(Register.id).where(Register.name == name))
    if holder not in (None, register_id):
        raise Conflict(N_("Another register has this name."), field="name")
    if register_id is None:
        register = Register(created_at=now, created_by=by, flag=data.flag)
        session.add(register)
    else:
        register = get_register(session, register_id)
    if register.flag != data.flag and register_id is not None and _has_people(session, register_id):
        raise Conflict(N_("People on this register carry its flag already, so the flag stays."), field="flag")
    register.flag = data.flag
    register.name, register.description = name, clean_text(data.description)[:500]
    register.rule = write_rule(data.rule) if data.rule is not None else None
    register.is_active, register.updated_at = data.is_active, now
    session.flush()
    return register


def rule_of(register: Register) -> SegmentRule | None:
    """The rule that fills a register, when there is one."""
    return read_rule(register.rule) if register.rule is not None else None


def people_on(register_id: int) -> Select[int]:
    """The ids of who is on a register now, without merged records."""
    inside = select(RegisterMember.patient_id).where(
        RegisterMember.register_id == register_id, RegisterMember.left_at.is_(None)
    )
    return select(Patient.id).where(Patient.id.in_(inside), Patient.merged_into_id.is_(None))


def list_people(
    session: Session, register_id: int, *, before_id: int | None, limit: int, with_left: bool = False
) -> list[tuple[RegisterMember, Patient]]:
    """Who is or was on a register, the latest entry first."""
    statement = (
        select(RegisterMember, Patient)
        .join(Patient, Patient.id == RegisterMember.patient_id)
        .where(RegisterMember.register_id == register_id)
    )
    if before_id is not None:
        statement = statement.where(RegisterMember.id < before_id)
    if not with_left:
        statement = statement.where(RegisterMember.left_at.is_(None))
    rows = session.execute(statement.order_by(RegisterMember.id.desc()).limit(limit))
    return [(member, patient) for member, patient in rows]


def entries_of(session: Session, patient_id: int) -> Sequence[tuple[RegisterMember, Register]]:
    """Every register that somebody is or was on, the latest first."""
    rows = session.execute(
        select(RegisterMember, Register)
        .join(Register, Register.id == RegisterMember.register_id)
        .where(RegisterMember.patient_id == patient_id)
        .order_by(RegisterMember.joined_at.desc())
    )
    return [(member, register) for member, register in rows]


def join(
    session: Session, bus: Bus, register: Register, people: Sequence[int], *, reason: str, by: str | None, now: datetime
) -> int:
    """Put people on a register who are not on it; `by` nothing means its rule. Returns how many joined.

    Each joining is journalled as "register.joined", from which follow-up starts.
    """
    joined = 0
    wanted = list(dict.fromkeys(people))
    for start in range(0, len(wanted), _CHUNK):
        joined += _join_some(session, bus, register, wanted[start : start + _CHUNK], reason=reason, by=by, now=now)
    return joined


def join_by_hand(
    session: Session, bus: Bus, register_id: int, patient_id: int, *, reason: str, by: str, now: datetime
) -> None:
    """Put one person on a register, with a reason. Raises InvalidInput, Conflict, NotFound, NotAllowed."""
    register = get_register(session, register_id)
    access.need_write(session, Module.CLINICAL)
    told = clean_text(reason)[:300]
    if not told:
        raise InvalidInput(N_("Give a reason."), field="reason")
    person = select(Patient.id).where(Patient.id == patient_id, Patient.merged_into_id.is_(None))
    if session.scalar(person) is None:
        raise NotFound(N_("There is no such patient."))
    if join(session, bus, register, [patient_id], reason=told, by=by, now=now) == 0:
        raise Conflict(N_("This person is on the register already."))


def leave(session: Session, bus: Bus, register_id: int, member_id: int, *, reason: str, by: str, now: datetime) -> None:
    """End somebody's time on a register, with a reason. A flag that only this register gave goes with it.

    Raises InvalidInput without a reason, NotFound, NotAllowed, Conflict for who has left.
    """
    access.need_write(session, Module.CLINICAL)
    told = clean_text(reason)[:300]
    if not told:
        raise InvalidInput(N_("Leaving a register needs a reason."), field="reason")
    found = session.get(RegisterMember, member_id) if member_id < 2**31 else None
    if found is None or found.register_id != register_id:
        raise NotFound(N_("This person is not on the register."))
    if found.left_at is not None:
        raise Conflict(N_("This person has left the register already."))
    found.left_at, found.left_by, found.left_reason = now, by, told
    session.flush()
    register = get_register(session, register_id)
    if register.flag is not None:
        settle_flag(session, register.flag, [found.patient_id], reason=register.name, now=now)
    journal.append(session, bus, [_entry("register.left", register, found.patient_id, now)])


def _join_some(
    session: Session, bus: Bus, register: Register, people: list[int], *, reason: str, by: str | None, now: datetime
) -> int:
    inside = set(
        session.scalars(
            select(RegisterMember.patient_id).where(
                RegisterMember.register_id == register.id,
                RegisterMember.left_at.is_(None),
                RegisterMember.patient_id.in_(people),
            )
        )
    )
    joining = [each for each in people if each not in inside]
    session.add_all(
        RegisterMember(register_id=register.id, patient_id=each, reason=reason, joined_at=now, joined_by=by)
        for each in joining
    )
    session.flush()
    if register.flag is not None:
        settle_flag(session, register.flag, joining, reason=register.name, now=now)
    journal.append(session, bus, [_entry("register.joined", register, each, now) for each in joining])
    return len(joining)


def _entry(kind: str, register: Register, patient_id: int, now: datetime) -> journal.Entry:
    payload: dict[str, Any] = {"register_id": register.id, "patient_id": patient_id}
    return journal.Entry(kind=kind, at=now, payload=payload)


def _has_people(session: Session, register_id: int) -> bool:
    statement = select(RegisterMember.id).where(
        RegisterMember.register_id == register_id, RegisterMember.left_at.is_(None)
    )
    return session.scalar(statement.limit(1)) is not None
