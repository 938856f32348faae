"""Group customers: made, changed, filled from a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from app.access import service as access
from app.access.rules import Module
from app.errors import Conflict, InvalidInput, NotFound
from app.groups.models import CustomerGroup, GroupContact, GroupMember
from app.groups.rules import GroupKind, MemberLine, MemberReport
from app.patients.models import Identifier, Patient, PatientPhone
from app.patients.phones import parse_number
from app.patients.rules import clean_text
from app.settings import Settings
from app.texts import N_

# SQLite takes 32,766 parameters in one statement.
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactData:
    """Somebody at a group customer. `number` in any spelling."""

    name: str
    position: str = ""
    number: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupData:
    """What a user says about a group customer."""

    name: str
    kind: GroupKind
    starts_on: date | None = None
    ends_on: date | None = None
    remark: str = ""
    contacts: Sequence[ContactData] = ()


def list_groups(session: Session) -> list[tuple[CustomerGroup, int]]:
    """Every group customer with the number of its members, by name."""
    members = (
        select(GroupMember.group_id, func.count().label("members"))
        .join(Patient, Patient.id == GroupMember.patient_id)
        .where(Patient.merged_into_id.is_(None))
        .group_by(GroupMember.group_id)
        .subquery()
    )
    rows = session.execute(
        select(CustomerGroup, func.coalesce(members.c.members, 0))
        .outerjoin(members, members.c.group_id == CustomerGroup.id)
        .order_by(CustomerGroup.name)
    )
    return [(group, count) for group, count in rows]


def get_group(session: Session, group_id: int) -> CustomerGroup:
    """One group customer with its contact persons. Raises NotFound."""
    options = selectinload(CustomerGroup.contacts)
    found = session.get(CustomerGroup, group_id, options=[options]) if group_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such group customer."))
    return found


def save_group(
    session: Session, group_id: int | None, data: GroupData, *, settings: Settings, by: str, now: datetime
) -> CustomerGroup:
    """Make or change a group customer. Raises InvalidInput, Conflict for a name that is taken, NotAllowed, NotFound."""
    access.need_write(session, Module.CONTACT)
    name = clean_text(data.name)[:120]
    if not name:
        raise InvalidInput(N_("Give the group a name."), field="name")
    if data.starts_on and data.ends_on and data.starts_on > data.ends_on:
        raise InvalidInput(N_("The contract ends before it begins."), field="ends_on")
    holder = session.scalar(select(CustomerGroup.id).where(CustomerGroup.name == name))
    if holder not in (None, group_id):
        raise Conflict(N_("Another group customer has this name."), field="name")
    contacts = [_contact(each, settings) for each in data.contacts if each.name.strip()]
    if group_id is None:
        group = CustomerGroup(created_at=now, created_by=by)
        session.add(group)
    else:
        group = get_group(session, group_id)
    group.name, group.kind, group.updated_at = name, data.kind, now
    group.starts_on, group.ends_on, group.remark = data.starts_on, data.ends_on, clean_text(data.remark)[:500]
    group.contacts = contacts
    session.flush()
    return group


def members_of(group_id: int) -> Select[int]:
    """The ids of a group's members, without merged records."""
    inside = select(GroupMember.patient_id).where(GroupMember.group_id == group_id)
    return select(Patient.id).where(Patient.id.in_(inside), Patient.merged_into_id.is_(None))


def list_members(session: Session, group_id: int, *, after_id: int, limit: int) -> list[tuple[Patient, GroupMember]]:
    """Members by id from `after_id` on, with their phones."""
    rows = session.execute(
        select(Patient, GroupMember)
        .join(GroupMember, GroupMember.patient_id == Patient.id)
        .where(GroupMember.group_id == group_id, Patient.id > after_id, Patient.merged_into_id.is_(None))
        .options(selectinload(Patient.phones))
        .order_by(Patient.id)
        .limit(limit)
    )
    return [(patient, member) for patient, member in rows]


def groups_of(session: Session, patient_id: int) -> Sequence[CustomerGroup]:
    """The group customers that somebody belongs to."""
    inside = select(GroupMember.group_id).where(GroupMember.patient_id == patient_id)
    return session.scalars(select(CustomerGroup).where(CustomerGroup.id.in_(inside)).order_by(CustomerGroup.name)).all()


def add_members(
    session: Session, group_id: int, lines: Iterable[MemberLine], *, settings: Settings, by: str, now: datetime
) -> MemberReport:
    """Put on the group everybody whom exactly one of the numbers or identifiers names. Twice changes nothing."""
    get_group(session, group_id)
    access.need_write(session, Module.CONTACT)
    report, wanted = MemberReport(), list(lines)
    inside = set(session.scalars(select(GroupMember.patient_id).where(GroupMember.group_id == group_id)))
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        holders = _holders(session, chunk, settings)
        for line in chunk:
            found = holders.get(line.wanted, set())
            if len(found) != 1:
                (report.ambiguous if found else report.unknown).append(line.position)
                continue
            [patient_id] = found
            if patient_id in inside:
                report.known += 1
                continue
            inside.add(patient_id)
            report.added += 1
            session.add(
                GroupMember(
                    group_id=group_id, patient_id=patient_id, number=line.member_number, created_at=now, created_by=by
                )
            )
    return report


def remove_member(session: Session, group_id: int, patient_id: int) -> None:
    """Take somebody off the group. Raises NotFound when the person is not in it."""
    found = session.get(GroupMember, (group_id, patient_id)) if max(group_id, patient_id) < 2**31 else None
    if found is None:
        raise NotFound(N_("This person is not in the group."))
    session.delete(found)


def _contact(data: ContactData, settings: Settings) -> GroupContact:
    number = None
    if data.number.strip():
        parsed = parse_number(
            data.number.strip()[:60], area_code=settings.area_code, outside_prefix=settings.outside_prefix
        )
        if parsed is None:
            raise InvalidInput(N_("This is not a telephone number."), field="contacts")
        number = parsed.e164
    return GroupContact(
        name=clean_text(data.name)[:120],
        position=clean_text(data.position)[:120],
        number=number,
        email=clean_text(data.email)[:200] or None,
    )


def _holders(session: Session, lines: Sequence[MemberLine], settings: Settings) -> dict[str, set[int]]:
    """Whom each wanted text names: first as an identifier, else as a number of the person's own."""
    texts = {line.wanted for line in lines}
    found: dict[str, set[int]] = {}
    values: dict[str, list[str]] = {}
    for text in texts:
        values.setdefault(text.upper().replace(" ", ""), []).append(text)
    for value, patient_id in session.execute(
        select(Identifier.value, Identifier.patient_id).where(Identifier.value.in_(list(values)))
    ):
        for text in values[value]:
            found.setdefault(text, set()).add(patient_id)
    numbers: dict[str, list[str]] = {}
    for text in texts - found.keys():
        parsed = parse_number(text, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
        if parsed is not None:
            numbers.setdefault(parsed.e164, []).append(text)
    for number, patient_id in session.execute(
        select(PatientPhone.number, PatientPhone.patient_id).where(
            PatientPhone.number.in_(list(numbers)), PatientPhone.contact_person_id.is_(None), PatientPhone.is_valid
        )
    ):
        for text in numbers[number]:
            found.setdefault(text, set()).add(patient_id)
    return found
