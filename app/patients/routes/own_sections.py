"""The sections of the patient page that this room itself brings."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Module
from app.codes import service as codes
from app.codes.rules import CodeList
from app.configuration import service as configuration
from app.http import viewer
from app.patients import service
from app.patients.kinds import NoteKind
from app.patients.models import ContactPerson, Patient, PatientPhone
from app.patients.routes.choices import code_choices, department_choices, lists_of
from app.patients.routes.sections import Section, register
from app.patients.rules import PhoneKind
from app.texts import N_


def takes_texts(phone: PatientPhone, patient: Patient, contacts: dict[int, ContactPerson]) -> bool:
    """True when a text about the patient may go to this number: who may not be told gets none (P-15, P-08)."""
    contact = contacts.get(phone.contact_person_id or 0)
    may_know = contact is None or contact.may_be_told
    is_open = phone.is_valid and not phone.do_not_text and phone.kind == PhoneKind.MOBILE
    return may_know and is_open and patient.deceased_at is None


def _numbers(session: Session, patient: Patient) -> dict[str, Any]:
    contacts = {contact.id: contact for contact in patient.contacts}
    return {
        "contacts": contacts,
        "textable": [phone for phone in patient.phones if takes_texts(phone, patient, contacts)],
    }


def _identity(session: Session, patient: Patient) -> dict[str, Any]:
    lists = lists_of(session, patient.id)
    fields = (
        {field.key: field.label for field in configuration.all_fields(session, "patient")} if patient.custom else {}
    )
    return {
        "lists": lists,
        "source_names": codes.names(session, CodeList.SOURCE, [source.source for source in lists.sources]),
        "custom": [(fields.get(key, key), value) for key, value in patient.custom.items()],
    }


def _notes(session: Session, patient: Patient) -> dict[str, Any]:
    notes = service.notes_of(session, patient.id)
    used = {note.category for note in notes}
    names = codes.names(session, CodeList.SERVICE_SUBJECT, used)
    names |= codes.known_names(session, CodeList.OPINION_CATEGORY, used)
    return {
        "notes": notes,
        "count": len(notes),
        "open_wishes": sum(map(service.is_open_wish, notes)),
        "category_names": names,
        "subjects": code_choices(session, CodeList.SERVICE_SUBJECT),
        "categories": code_choices(session, CodeList.OPINION_CATEGORY),
        "kinds": list(NoteKind),
    }


def _relations(session: Session, patient: Patient) -> dict[str, Any]:
    links = service.links_of(session, patient.id)
    ties = service.ties_of(session, patient.id)
    introduced = service.introduced_people(session, patient.id)
    can_write = viewer().grant(Module.CONTACT).can_write
    return {
        "links": links,
        "ties": ties,
        "introduced": introduced,
        "introduced_directly": sum(person.depth == 1 for person in introduced),
        "department_names": [name for _, name in department_choices(session)] if can_write else [],
        "count": len(links) + len(ties),
    }


def register_own() -> None:
    """Put this room's sections on the page."""
    register(
        Section(
            name="numbers",
            title=N_("Contact"),
            icon="telephone",
            template="patients/_numbers.html",
            load=_numbers,
            order=10,
        )
    )
    register(
        Section(
            name="wishes",
            title=N_("Wishes"),
            icon="chat-heart",
            template="patients/_notes.html",
            load=_notes,
            order=20,
        )
    )
    register(
        Section(
            name="identity",
            title=N_("Personal data"),
            icon="person-vcard",
            template="patients/_identity.html",
            load=_identity,
            order=80,
        )
    )
    register(
        Section(
            name="relations",
            title=N_("Family and ties"),
            icon="diagram-3",
            template="patients/_relations.html",
            load=_relations,
            order=85,
        )
    )
