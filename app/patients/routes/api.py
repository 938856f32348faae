"""The patient record for programs: /api/v1/patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from app.access import service as access
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.patients import service
from app.patients.models import Patient
from app.patients.routes.api_schemas import PatientChanges, PatientIn, PatientOut, PatientsPage, PatientsQuery
from app.patients.routes.choices import kinds_and_tags
from app.patients.routes.showing import Shown
from app.patients.rules import age_on
from app.patients.service import ContactData, PatientData, PhoneData

api = APIBlueprint("patients_api", __name__, url_prefix="/api/v1/patients", tag="Patients")


@api.post("")
@allow(WITH_PATIENTS)
@api.input(PatientIn, arg_name="given")
@api.output(PatientOut, status_code=201)
@api.doc(summary="Make a patient record", responses=[409, 422])
def create_patient(given: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    data = PatientData(**_said(given, None))
    with writing() as session:
        patient = service.create_patient(
            session, parts().bus, data, settings=parts().settings, by=signed_in().username, now=parts().now()
        )
        audit(session, Action.CREATE, patient_id=patient.id)
        [view] = _views(session, [service.get_patient(session, patient.id)])
    return view, 201, {"Location": f"/api/v1/patients/{view['id']}"}


@api.get("")
@allow(WITH_PATIENTS)
@api.input(PatientsQuery, location="query", arg_name="query")
@api.output(PatientsPage)
@api.doc(summary="Find patients by number, name or identifier")
def list_patients(query: dict[str, Any]) -> dict[str, Any]:
    with reading() as session:
        page = service.search_patients(
            session,
            settings=parts().settings,
            query=query["q"],
            phone=query["phone"],
            limit=query["limit"],
            cursor=query["cursor"],
        )
        items = _views(session, page.items)
    return {"items": items, "next_cursor": page.next_cursor}


@api.get("/<int:patient_id>")
@allow(WITH_PATIENTS)
@api.output(PatientOut)
@api.doc(summary="One patient record", responses=[404])
def get_patient(patient_id: int) -> dict[str, Any]:
    with writing() as session:
        patient = service.get_patient(session, patient_id)
        audit(session, Action.VIEW, patient_id=patient.id)
        [view] = _views(session, [patient])
        return view


@api.patch("/<int:patient_id>")
@allow(WITH_PATIENTS)
@api.input(PatientChanges, arg_name="given")
@api.output(PatientOut)
@api.doc(summary="Change a patient record", responses=[404, 409, 422])
def update_patient(patient_id: int, given: dict[str, Any]) -> dict[str, Any]:
    row_version = given.pop("row_version", None)
    with writing() as session:
        before = service.get_patient(session, patient_id)
        patient = service.update_patient(
            session,
            parts().bus,
            before.id,
            replace(service.data_of(before), **_said(given, before)),
            row_version=row_version,
            settings=parts().settings,
            by=signed_in().username,
            now=parts().now(),
        )
        audit(session, Action.CHANGE, patient_id=patient.id)
        [view] = _views(session, [patient])
        return view


def _said(given: dict[str, Any], before: Patient | None) -> dict[str, Any]:
    """What was sent as the data of a patient: numbers that were sent as they are shown masked keep the stored ones."""
    shown = Shown(viewer())
    said = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if "phones" in said:
        said["phones"] = tuple(
            PhoneData(number=shown.stored_phone(before, place, phone.id, phone.number), **phone.words)
            for place, phone in enumerate(said["phones"])
        )
    if "identifiers" in said:
        said["identifiers"] = tuple(
            replace(each, value=shown.stored_identifier(before, place, each))
            for place, each in enumerate(said["identifiers"])
        )
    if "contacts" in said:
        said["contacts"] = tuple(
            _said_contact(contact, place, before, shown) for place, contact in enumerate(said["contacts"])
        )
    if before is not None and "address" in said and said["address"] == shown.address(before.address):
        said["address"] = before.address
    return said


def _said_contact(given: dict[str, Any], place: int, before: Patient | None, shown: Shown) -> ContactData:
    sent = given["phones"]
    numbers = shown.stored_contact_phones(before, place, given["id"], [phone.number for phone in sent])
    phones = (PhoneData(number=number, **phone.words) for number, phone in zip(numbers, sent, strict=True))
    return ContactData(**{**given, "phones": tuple(phones)})


def _views(session: Session, patients: Sequence[Patient]) -> list[dict[str, Any]]:
    ids = [patient.id for patient in patients]
    kinds, tags = kinds_and_tags(session, ids)
    return [{**_view(patient), "kinds": kinds[patient.id], "tags": tags[patient.id]} for patient in patients]


_PLAIN = tuple(
    name for name in PatientOut().fields if name not in ("url", "age", "kinds", "tags", "phones", "contacts")
)


def _view(patient: Patient) -> dict[str, Any]:
    relations = {contact.id: contact.relation for contact in patient.contacts}
    return {
        **{name: getattr(patient, name) for name in _PLAIN},
        "url": f"/patients/{patient.id}",
        "age": age_on(patient.birth_date, parts().now().astimezone(parts().settings.timezone).date()),
        "contacts": [
            {
                "id": contact.id,
                "name": contact.name,
                "relation": contact.relation,
                "may_be_told": contact.may_be_told,
                "phones": [phone.number for phone in patient.phones if phone.contact_person_id == contact.id],
            }
            for contact in patient.contacts
        ],
        "phones": [
            {
                "id": phone.id,
                "number": phone.number,
                "number_display": access.number_for(viewer(), phone.number),
                "extension": phone.extension,
                "kind": phone.kind,
                "is_valid": phone.is_valid,
                "do_not_call": phone.do_not_call,
                "do_not_text": phone.do_not_text,
                "contact_person_id": phone.contact_person_id,
                "relation": relations.get(phone.contact_person_id or 0),
            }
            for phone in patient.phones
        ],
    }
