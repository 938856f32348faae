"""Lists of people: one set of columns for segments, groups, registers, birthdays and the patient list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from app.access.service import address_for, identifier_for, number_for
from app.codes import service as codes
from app.exports.rules import CellKind
from app.exports.service.registry import Arguments, Asker, Column
from app.patients.models import Patient
from app.patients.rules import IdentifierType, age_on
from app.texts import N_

# 500 patients with their phones and identifiers are about 2 MB of objects.
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person as a row, with the names of the codes that the columns show, by (list, code)."""

    patient: Patient
    names: Mapping[tuple[str, str], str]


People = Callable[[Session, Arguments, Asker], Select[int]]
"""The statement of patient ids behind a list of people."""


def count_people(people: People) -> Callable[[Session, Arguments, Asker], int]:
    """How many people such a list has."""

    def count(session: Session, arguments: Arguments, asker: Asker) -> int:
        wanted = Patient.id.in_(people(session, arguments, asker))
        return session.scalar(select(func.count()).select_from(Patient).where(wanted)) or 0

    return count


def rows_of_people(people: People) -> Callable[[Session, Arguments, Asker], Iterator[Person]]:
    """The people of such a list by their ids, some hundred at a time."""

    def rows(session: Session, arguments: Arguments, asker: Asker) -> Iterator[Person]:
        wanted = people(session, arguments, asker)
        options = (selectinload(Patient.phones), selectinload(Patient.identifiers))
        last_id = 0
        while True:
            batch = session.scalars(
                select(Patient)
                .where(Patient.id > last_id, Patient.id.in_(wanted))
                .options(*options)
                .order_by(Patient.id)
                .limit(_BATCH)
            ).all()
            names = _names_of_codes(session, batch)
            for patient in batch:
                yield Person(patient=patient, names=names)
            if len(batch) < _BATCH:
                return
            last_id = batch[-1].id
            session.expunge_all()

    return rows


def _names_of_codes(session: Session, people: Sequence[Patient]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for name in ("region", "member_type", "member_level"):
        used = codes.names(session, name, {getattr(each, name) for each in people})
        found |= {(name, code): called for code, called in used.items()}
    return found


def _of(attribute: str) -> Callable[[Person, Asker], Any]:
    return lambda person, _asker: getattr(person.patient, attribute)


def _phone(position: int) -> Callable[[Person, Asker], object]:
    def value(person: Person, asker: Asker) -> object:
        own = [phone for phone in person.patient.phones if phone.contact_person_id is None and phone.is_valid]
        return number_for(asker.viewer, own[position].number) if len(own) > position else None

    return value


def _identifier(kind: IdentifierType) -> Callable[[Person, Asker], object]:
    def value(person: Person, asker: Asker) -> object:
        found = next((each for each in person.patient.identifiers if each.type == kind and each.is_valid), None)
        return identifier_for(asker.viewer, kind, found.value) if found else None

    return value


def _code_name(attribute: str) -> Callable[[Person, Asker], object]:
    def value(person: Person, _asker: Asker) -> object:
        code = getattr(person.patient, attribute)
        return person.names.get((attribute, code), code) if code else None

    return value


_SEXES = {"F": N_("Female"), "M": N_("Male"), "U": N_("Sex unknown")}
_YES_NO = {"True": N_("Yes"), "False": N_("No")}
PEOPLE_COLUMNS: tuple[Column, ...] = (
    Column(key="name", title=N_("Name"), value=_of("name"), width=20),
    Column(key="sex", title=N_("Sex"), value=_of("sex"), words=_SEXES, width=8),
    Column(key="birth_date", title=N_("Date of birth"), value=_of("birth_date"), kind=CellKind.DAY),
    Column(
        key="age",
        title=N_("Age"),
        value=lambda person, asker: age_on(person.patient.birth_date, asker.today),
        kind=CellKind.NUMBER,
        width=6,
    ),
    Column(key="phone", title=N_("Phone"), value=_phone(0)),
    Column(key="phone2", title=N_("Second phone"), value=_phone(1)),
    Column(key="id_card", title=N_("National id card no."), value=_identifier(IdentifierType.ID_CARD), width=22),
    Column(key="outpatient", title=N_("Outpatient no."), value=_identifier(IdentifierType.OUTPATIENT)),
    Column(key="inpatient", title=N_("Inpatient no."), value=_identifier(IdentifierType.INPATIENT)),
    Column(key="card", title=N_("All-in-one card no."), value=_identifier(IdentifierType.CARD)),
    Column(
        key="address",
        title=N_("Address"),
        value=lambda person, asker: address_for(asker.viewer, person.patient.address),
        width=40,
    ),
    Column(key="postcode", title=N_("Postcode"), value=_of("postcode"), width=10),
    Column(key="region", title=N_("Region"), value=_code_name("region")),
    Column(key="member_type", title=N_("Member type"), value=_code_name("member_type")),
    Column(key="member_level", title=N_("Member level"), value=_code_name("member_level")),
    Column(
        key="key_patient",
        title=N_("Key patient"),
        value=_of("is_key_patient"),
        words=_YES_NO,
        width=10,
    ),
    Column(key="active_at", title=N_("Last active"), value=_of("active_at"), kind=CellKind.TIME),
)
