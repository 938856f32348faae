"""The patient form: what was typed, kept word for word until it can be saved.

Whoever sees masked numbers gets them masked in the form too; one that was left as it stood keeps the stored number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from app.errors import InvalidInput
from app.patients.models import Patient
from app.patients.phones import parse_number
from app.patients.routes.showing import Shown
from app.patients.rules import Relation, is_unnamed, read_date
from app.patients.service import ContactData, IdentifierData, PatientData, PhoneData, data_of
from app.settings import Settings
from app.texts import N_

# Longer input is refused by the checks; this only keeps a hostile form from being carried around.
_LONGEST_FIELD = 4000
_MOST_ROWS = 60
# How the record's texts are named in the form: all of them by their own names.
TEXTS = (
    "name", "sex", "language", "address", "postcode", "region", "email", "remark", "occupation", "industry",
    "education", "income_band", "economic_condition", "member_type", "member_level", "work_unit", "preferred_channel",
    "preferred_time", "preferred_doctor", "owner", "credit_rating",
)  # fmt: skip
_CHECKS = ("is_key_patient", "is_provisional", "has_lunar_birthday")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRow:
    """`use` is both, text (no calls), call (no texts) or none."""

    id: str = ""
    number: str = ""
    is_valid: bool = True
    use: str = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRow:
    type: str = "outpatient"
    value: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    id: str = ""
    name: str = ""
    relation: str = Relation.SPOUSE
    may_be_told: bool = False
    phones: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientForm:
    """Every field as text. Rows that were left empty are dropped, so that row n is entry n of the checked data.

    `texts` holds only the fields that were sent: what a form does not show stays as it is.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    birth_date: str = ""
    has_lunar_birthday: bool = False
    is_key_patient: bool = False
    is_provisional: bool = False
    deceased_on: str = ""
    department_id: str | None = None
    source: str = ""
    kinds: tuple[str, ...] | None = None
    tags: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    row_version: str = ""
    phones: list[PhoneRow] = field(default_factory=list)
    identifiers: list[IdentifierRow] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)


def form_of(
    patient: Patient, *, kinds: Sequence[str], tags: Sequence[str], zone: ZoneInfo, shown: Shown
) -> PatientForm:
    """The form filled with what the record says, as the viewer may see it."""
    texts = {name: str(getattr(patient, name) or "") for name in TEXTS}
    texts["address"] = shown.address(patient.address)
    if is_unnamed(patient.name, is_provisional=patient.is_provisional):
        texts["name"] = ""
    deceased_at = patient.deceased_at
    return PatientForm(
        texts=texts,
        birth_date=patient.birth_date.isoformat() if patient.birth_date else "",
        has_lunar_birthday=patient.has_lunar_birthday,
        is_key_patient=patient.is_key_patient,
        is_provisional=patient.is_provisional,
        deceased_on=deceased_at.astimezone(zone).date().isoformat() if deceased_at else "",
        department_id=str(patient.department_id or ""),
        kinds=tuple(kinds),
        tags="、".join(tags),
        custom={key: _typed(value) for key, value in patient.custom.items()},
        row_version=str(patient.row_version),
        phones=[
            PhoneRow(id=str(row.id), number=shown.phone(row), is_valid=row.is_valid, use=_use(row))
            for row in patient.phones
            if row.contact_person_id is None
        ],
        identifiers=[
            IdentifierRow(type=row.type, value=shown.identifier(row), system=row.system) for row in patient.identifiers
        ],
        contacts=[
            ContactRow(
                id=str(contact.id),
                name=contact.name,
                relation=contact.relation,
                may_be_told=contact.may_be_told,
                phones="、".join(shown.phone(row) for row in patient.phones if row.contact_person_id == contact.id),
            )
            for contact in patient.contacts
        ],
    )


def read_form(sent: MultiDict[str, str]) -> PatientForm:
    """The form as it was sent."""

    def text(name: str) -> str:
        return sent.get(name, "")[:_LONGEST_FIELD]

    phones = [
        PhoneRow(number=number, is_valid=state != "wrong", id=id, use=use or "both")
        for number, state, id, use in _rows(sent, "phone", "phone_state", "phone_id", "phone_use")
    ]
    identifiers = [
        IdentifierRow(type=kind, value=value, system=system)
        for value, kind, system in _rows(sent, "identifier_value", "identifier_type", "identifier_system")
    ]
    contacts = [
        ContactRow(id=id, name=name, relation=relation, may_be_told=told == "yes", phones=numbers)
        for name, numbers, relation, told, id in _rows(
            sent, "contact_name", "contact_phones", "contact_relation", "contact_told", "contact_id"
        )
    ]
    return PatientForm(
        texts={name: text(name) for name in TEXTS if name in sent},
        **{name: name in sent for name in _CHECKS},
        birth_date=text("birth_date"),
        deceased_on=text("deceased_on"),
        department_id=text("department_id") if "department_id" in sent else None,
        source=text("source"),
        kinds=tuple(sent.getlist("kind")) if "with_kinds" in sent else None,
        tags=text("tags") if "tags" in sent else None,
        custom={name[7:]: text(name) for name in sent if name.startswith("custom-")},
        row_version=text("row_version"),
        phones=[row for row in phones if row.number.strip()],
        identifiers=[row for row in identifiers if row.value.strip()],
        contacts=[row for row in contacts if row.name.strip() or row.phones.strip()],
    )


def data_in(form: PatientForm, before: Patient | None, settings: Settings, shown: Shown) -> PatientData:
    """What the form says, on top of what the record said. Raises InvalidInput for a date that is none, and for a
    masked number that was changed: it must be typed in full.
    """
    known = data_of(before) if before is not None else PatientData(name="")
    texts = {name: value.strip() or None for name, value in form.texts.items() if name not in ("name", "sex")}
    if before is not None and "address" in texts and form.texts["address"].strip() == shown.address(before.address):
        texts["address"] = before.address
    return replace(
        known,
        **texts,
        name=form.texts.get("name", ""),
        sex=form.texts.get("sex") or "U",
        birth_date=_day(form.birth_date, "birth_date"),
        has_lunar_birthday=form.has_lunar_birthday,
        is_key_patient=form.is_key_patient,
        is_provisional=form.is_provisional,
        deceased_at=_deceased_at(form, known, settings),
        department_id=known.department_id if form.department_id is None else _number(form.department_id),
        source=form.source.strip() or None,
        kinds=form.kinds,
        tags=None if form.tags is None else tuple(re.split(r"[、,，;；\n]", form.tags)),
        custom=dict(form.custom),
        phones=_phones(form, before, shown),
        identifiers=tuple(
            IdentifierData(type=row.type, value=shown.stored_identifier(before, place, row), system=row.system)
            for place, row in enumerate(form.identifiers)
        ),
        contacts=tuple(_contact(row, place, before, settings, shown) for place, row in enumerate(form.contacts)),
    )


def errors_by_row(error: InvalidInput) -> Mapping[str, str]:
    """The faults under the names that the template asks for: several numbers of a contact person share one field."""
    errors = error.fields.get("errors")
    if not isinstance(errors, dict):
        return {str(error.fields.get("field", "name")): error.detail}
    return {re.sub(r"(contacts\.\d+\.phones).*", r"\1", name): sentence for name, sentence in errors.items()}


def _phones(form: PatientForm, before: Patient | None, shown: Shown) -> tuple[PhoneData, ...]:
    return tuple(
        PhoneData(
            number=shown.stored_phone(before, place, row.id, row.number),
            is_valid=row.is_valid,
            do_not_call=row.use in ("text", "none"),
            do_not_text=row.use in ("call", "none"),
        )
        for place, row in enumerate(form.phones)
    )


def _contact(row: ContactRow, place: int, before: Patient | None, settings: Settings, shown: Shown) -> ContactData:
    contact_id = _number(row.id)
    numbers = [number for number in re.split(r"[、,，;；/\n]", row.phones) if number.strip()]
    known = {
        phone.number: phone for phone in (before.phones if before else ()) if phone.contact_person_id == contact_id
    }
    phones = []
    for number in shown.stored_contact_phones(before, place, contact_id, numbers):
        there = known.get(_e164(number, settings) or "")
        phones.append(
            PhoneData(
                number=number,
                is_valid=there.is_valid if there else True,
                do_not_call=there.do_not_call if there else False,
                do_not_text=there.do_not_text if there else False,
            )
        )
    return ContactData(
        id=contact_id, name=row.name, relation=row.relation, may_be_told=row.may_be_told, phones=tuple(phones)
    )


def _deceased_at(form: PatientForm, known: PatientData, settings: Settings) -> datetime | None:
    day = _day(form.deceased_on, "deceased_on")
    # The form knows the day only; the moment that was on record stays when the day is the same.
    if known.deceased_at and day == known.deceased_at.astimezone(settings.timezone).date():
        return known.deceased_at
    return datetime.combine(day, time(12), tzinfo=settings.timezone) if day else None


def _rows(sent: MultiDict[str, str], first: str, *others: str) -> list[tuple[str, ...]]:
    columns = [sent.getlist(name) for name in (first, *others)]
    return [
        tuple(column[place][:_LONGEST_FIELD] if place < len(column) else "" for column in columns)
        for place in range(min(len(columns[0]), _MOST_ROWS))
    ]


def _use(row: Any) -> str:
    return {(False, False): "both", (True, False): "text", (False, True): "call", (True, True): "none"}[
        (row.do_not_call, row.do_not_text)
    ]


def _typed(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _day(text: str, name: str) -> date | None:
    try:
        return read_date(text)
    except ValueError:
        raise InvalidInput(N_("This date cannot be read. Write it as 1972-03-01."), field=name) from None


def _e164(text: str, settings: Settings) -> str | None:
    number = parse_number(text.strip(), area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    return number.e164 if number else None
