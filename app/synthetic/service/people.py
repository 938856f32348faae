"""Write synthetic people: records, numbers, identifiers, contact persons, kinds, sources and search terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.bulk import insert_rows, keep_ids, last_id
from app.patients.models import ContactPerson, Identifier, Patient, PatientKind, PatientPhone, PatientSource
from app.patients.service.terms import index_new_names
from app.synthetic.rules import SyntheticPatient
from app.synthetic.rules.records import SyntheticPhone

_UNKNOWN_BIRTH = date(1900, 1, 1)
_PATIENT_COLUMNS = (
    "id", "name", "sex", "birth_date", "language", "email", "address", "postcode", "is_key_patient", "is_provisional",
    "region", "first_source", "occupation", "industry", "education", "income_band", "economic_condition", "work_unit",
    "member_type", "active_at", "created_at", "updated_at", "row_version",
)  # fmt: skip
_PHONE_COLUMNS = (
    "patient_id", "contact_person_id", "number", "number_reversed", "extension", "kind", "as_entered", "is_valid",
)  # fmt: skip
Row = tuple[Any, ...]


def insert_people(session: Session, records: Sequence[SyntheticPatient], *, offset: int) -> None:
    """Insert these records; record n becomes patient `offset` + n. A birth date of 1900-01-01 is stored as unknown."""
    insert_rows(session.connection(), Patient, _PATIENT_COLUMNS, (_patient(record, offset) for record in records))
    _insert_numbers(session, records, offset)
    insert_rows(
        session.connection(),
        Identifier,
        ("patient_id", "system", "type", "value", "value_reversed"),
        (
            (offset + record.number, each.system, each.type, each.value, each.value[::-1])
            for record in records
            for each in record.identifiers
        ),
    )
    insert_rows(
        session.connection(),
        PatientKind,
        ("patient_id", "kind"),
        ((offset + record.number, kind) for record in records for kind in record.kinds),
    )
    insert_rows(
        session.connection(),
        PatientSource,
        ("patient_id", "source", "at"),
        ((offset + record.number, record.source, record.created_at) for record in records if record.source),
    )
    index_new_names(session, [(offset + record.number, record.name) for record in records])
    keep_ids(session.connection(), Patient, ContactPerson)


def _insert_numbers(session: Session, records: Sequence[SyntheticPatient], offset: int) -> None:
    first = last_id(session.connection(), ContactPerson) + 1
    contacts: list[Row] = []
    phones: list[Row] = []
    for record in records:
        patient_id = offset + record.number
        phones += _phones(patient_id, None, record.phones)
        for contact in record.contacts:
            contact_id = first + len(contacts)
            contacts.append((contact_id, patient_id, contact.name, contact.relation, contact.may_be_told))
            phones += _phones(patient_id, contact_id, contact.phones)
    insert_rows(session.connection(), ContactPerson, ("id", "patient_id", "name", "relation", "may_be_told"), contacts)
    insert_rows(session.connection(), PatientPhone, _PHONE_COLUMNS, phones)


def _phones(patient_id: int, contact_id: int | None, phones: Sequence[SyntheticPhone]) -> Iterator[Row]:
    for phone in phones:
        digits = phone.number.removeprefix("+")[::-1]
        yield patient_id, contact_id, phone.number, digits, "", phone.kind, phone.as_entered, True


def _patient(record: SyntheticPatient, offset: int) -> Row:
    social = record.social
    return (
        offset + record.number,
        record.name,
        record.sex,
        None if record.birth_date == _UNKNOWN_BIRTH else record.birth_date,
        record.language,
        record.email,
        record.address,
        record.postcode,
        record.is_key_patient,
        False,
        record.region,
        record.source,
        social.occupation,
        social.industry,
        social.education,
        social.income_band,
        social.economic_condition,
        social.work_unit,
        record.member_type,
        record.created_at,
        record.created_at,
        record.created_at,
        1,
    )
