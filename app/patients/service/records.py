"""Make and change patient records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from app.access.service import viewer_of
from app.bus import Bus
from app.errors import Conflict, InvalidInput
from app.journal import service as journal
from app.patients.models import ContactPerson, Identifier, Patient, PatientPhone
from app.patients.service.activity import join_departments, settle_departments
from app.patients.service.checking import CheckedContact, CheckedPatient, CheckedPhone, check_patient
from app.patients.service.data import ContactData, IdentifierData, PatientData, PhoneData
from app.patients.service.endings import tell_death
from app.patients.service.profile import (
    CODED,
    add_source,
    check_codes,
    propose_region,
    read_custom,
    write_kinds,
    write_tags,
)
from app.patients.service.reading import get_patient
from app.patients.service.terms import index_new_names, renew_terms
from app.settings import Settings
from app.texts import N_

_PLAIN = (
    "name", "sex", "birth_date", "has_lunar_birthday", "language", "email", "address", "postcode", "remark",
    "is_key_patient", "is_provisional", "deceased_at", "work_unit", "preferred_channel", "preferred_doctor",
    "credit_rating", "department_id", "owner", *CODED,
)  # fmt: skip


def create_patient(
    session: Session, bus: Bus, data: PatientData, *, settings: Settings, by: str | None, now: datetime
) -> Patient:
    """Make a record (P-01, P-05). A provisional one needs only a name, any other also a number or an identifier.

    Raises InvalidInput as `check_patient` does, and Conflict with `fields["patient_id"]`, the holder, when another
    patient has one of the identifiers. Numbers may be shared: families do. Where no department is named, the record
    belongs to that of the session's viewer, who would lose sight of it otherwise (U-02).
    """
    viewer = viewer_of(session)
    if data.department_id is None and viewer is not None:
        data = replace(data, department_id=viewer.department)
    if not data.region and data.address:
        data = replace(data, region=propose_region(session, data.address, ()))
    patient = add_patient(session, data, settings=settings, by=by, now=now)
    entry = journal.Entry(kind="patient.created", at=now, agent=by, payload={"patient_id": patient.id})
    journal.append(session, bus, [entry])
    return patient


def add_patient(session: Session, data: PatientData, *, settings: Settings, by: str | None, now: datetime) -> Patient:
    """As `create_patient`, without an entry in the journal: for imports, which write one entry for many records."""
    checked = check_patient(data, settings=settings, today=now.astimezone(settings.timezone).date())
    has_numbers = checked.phones or checked.identifiers or any(contact.phones for contact in checked.contacts)
    if not has_numbers and not checked.is_provisional:
        raise InvalidInput(N_("Give at least one telephone number or identifier."), field="phones")
    _refuse_taken_identifiers(session, checked, own_id=None)
    custom = _check_lists(session, checked, None)
    patient = Patient(created_at=now, created_by=by, updated_at=now, custom=custom, first_source=checked.source)
    _write(patient, checked)
    session.add(patient)
    _flush(session)
    _write_lists(session, patient, checked, by=by, now=now)
    if patient.department_id is not None:
        join_departments(session, {(patient.id, patient.department_id)})
    index_new_names(session, [(patient.id, patient.name)])
    return patient


def update_patient(
    session: Session,
    bus: Bus,
    patient_id: int,
    data: PatientData,
    *,
    row_version: int | None,
    settings: Settings,
    by: str | None,
    now: datetime,
) -> Patient:
    """Make the record say what `data` says; `row_version` is the version that the person had seen, if known.

    Raises NotFound, InvalidInput, and Conflict when somebody else changed the record meanwhile or when another
    patient has one of the identifiers.
    """
    patient = get_patient(session, patient_id)
    if row_version is not None and row_version != patient.row_version:
        raise _changed_meanwhile()
    if not data.region and data.address and data.address != patient.address:
        data = replace(data, region=propose_region(session, data.address, ()))
    checked = check_patient(data, settings=settings, today=now.astimezone(settings.timezone).date())
    _refuse_taken_identifiers(session, checked, own_id=patient.id)
    home, patient.custom = patient.department_id, _check_lists(session, checked, patient)
    patient.updated_at = now
    # A change in the lists alone must count as a new version too, also within the same instant.
    flag_modified(patient, "updated_at")
    is_renamed = patient.name != checked.columns["name"]
    was_alive = patient.deceased_at is None
    with session.no_autoflush:
        _write(patient, checked)
        _write_lists(session, patient, checked, by=by, now=now)
    _flush(session)
    if is_renamed:
        renew_terms(session, [patient.id])
    if patient.department_id != home:
        settle_departments(session, {patient.id})
    session.expire(patient, ["phones", "identifiers", "contacts"])
    entry = journal.Entry(kind="patient.changed", at=now, agent=by, payload={"patient_id": patient.id})
    journal.append(session, bus, [entry])
    if was_alive and patient.deceased_at is not None:
        tell_death(session, bus, patient.id, by=by, now=now)
    return get_patient(session, patient.id)


def data_of(patient: Patient) -> PatientData:
    """What the record says now, in the form in which it can be changed."""
    plain = {name: getattr(patient, name) for name in _PLAIN}
    return PatientData(
        **plain,
        custom=patient.custom,
        phones=_phones_of(patient, None),
        identifiers=tuple(
            IdentifierData(type=each.type, value=each.value, system=each.system) for each in patient.identifiers
        ),
        contacts=tuple(
            ContactData(
                id=contact.id,
                name=contact.name,
                relation=contact.relation,
                may_be_told=contact.may_be_told,
                phones=_phones_of(patient, contact.id),
            )
            for contact in patient.contacts
        ),
    )


def _phones_of(patient: Patient, contact_id: int | None) -> tuple[PhoneData, ...]:
    return tuple(
        PhoneData(
            number=spelled(phone),
            is_valid=phone.is_valid,
            do_not_call=phone.do_not_call,
            do_not_text=phone.do_not_text,
        )
        for phone in patient.phones
        if phone.contact_person_id == contact_id
    )


def spelled(phone: PatientPhone) -> str:
    """The stored number in a form that is read back as the same number and extension."""
    return f"{phone.number} ext. {phone.extension}" if phone.extension else phone.number


def _check_lists(session: Session, checked: CheckedPatient, before: Patient | None) -> dict[str, Any]:
    check_codes(session, dict(checked.columns), checked.source, before)
    return read_custom(session, checked.custom, dict(before.custom) if before is not None else {})


def _write_lists(session: Session, patient: Patient, checked: CheckedPatient, *, by: str | None, now: datetime) -> None:
    if checked.kinds is not None:
        write_kinds(session, patient.id, checked.kinds)
    if checked.tags is not None:
        write_tags(session, patient.id, checked.tags, by=by, now=now)
    if checked.source is not None:
        add_source(session, patient, checked.source, by=by, now=now)


def _write(patient: Patient, checked: CheckedPatient) -> None:
    for name, value in checked.columns.items():
        setattr(patient, name, value)
    _write_identifiers(patient, checked)
    contacts = _write_contacts(patient, checked.contacts)
    wanted: list[tuple[CheckedPhone, ContactPerson | None]] = [(phone, None) for phone in checked.phones]
    for given, contact in zip(checked.contacts, contacts, strict=True):
        wanted += [(phone, contact) for phone in given.phones]
    _write_phones(patient, wanted)


def _write_identifiers(patient: Patient, checked: CheckedPatient) -> None:
    wanted = {(each.system, each.type, each.value) for each in checked.identifiers}
    for row in list(patient.identifiers):
        key = (row.system, row.type, row.value)
        if key not in wanted:
            patient.identifiers.remove(row)
        wanted.discard(key)
    for each in checked.identifiers:
        if (each.system, each.type, each.value) in wanted:
            patient.identifiers.append(Identifier(system=each.system, type=each.type, value=each.value))


def _write_contacts(patient: Patient, contacts: tuple[CheckedContact, ...]) -> list[ContactPerson]:
    present = {row.id: row for row in patient.contacts}
    rows = []
    for given in contacts:
        row = present.pop(given.id, None) if given.id is not None else None
        if row is None:
            row = ContactPerson(name=given.name, relation=given.relation)
            patient.contacts.append(row)
        row.name, row.relation, row.may_be_told = given.name, given.relation, given.may_be_told
        rows.append(row)
    for left in present.values():
        patient.contacts.remove(left)
    return rows


def _write_phones(patient: Patient, wanted: Iterable[tuple[CheckedPhone, ContactPerson | None]]) -> None:
    present = {(row.number, row.extension): row for row in patient.phones}
    for phone, contact in wanted:
        row = present.pop((phone.number.e164, phone.number.extension), None)
        if row is None:
            row = PatientPhone(
                number=phone.number.e164,
                extension=phone.number.extension,
                kind=phone.number.kind,
                as_entered=phone.as_entered,
            )
            patient.phones.append(row)
        row.contact_person, row.is_valid = contact, phone.is_valid
        row.do_not_call, row.do_not_text = phone.do_not_call, phone.do_not_text
    for left in present.values():
        patient.phones.remove(left)


def _refuse_taken_identifiers(session: Session, checked: CheckedPatient, *, own_id: int | None) -> None:
    for place, each in enumerate(checked.identifiers):
        holder = session.scalar(
            select(Identifier.patient_id).where(
                Identifier.system == each.system, Identifier.type == each.type, Identifier.value == each.value
            )
        )
        if holder is not None and holder != own_id:
            raise Conflict(
                N_("Another patient already has this identifier."),
                field=f"identifiers.{place}.value",
                patient_id=holder,
            )


def _flush(session: Session) -> None:
    try:
        session.flush()
    except StaleDataError:
        raise _changed_meanwhile() from None
    except IntegrityError:
        # Two people saved the same identifier in the same instant; the check before could not see the other.
        raise Conflict(N_("Another patient already has this identifier."), field="identifiers") from None


def _changed_meanwhile() -> Conflict:
    return Conflict(N_("Somebody else changed this record meanwhile. Look at the new state, then enter your changes."))
