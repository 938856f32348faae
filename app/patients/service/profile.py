"""Everything about a person beyond identity and numbers: checked and written (P-09, P-10, P-13, P-20, G-08)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.codes import service as codes
from app.codes.rules import CodeList
from app.configuration import service as configuration
from app.configuration.rules import read_field
from app.errors import InvalidInput
from app.organisation.models import Department
from app.patients.kinds import Channel, Kind
from app.patients.models import Patient, PatientKind, PatientSource, PatientTag
from app.patients.rules import clean_text
from app.patients.service.data import PatientData
from app.patients.service.faults import Faults
from app.texts import N_

_LONGEST_TAG = 40
# More words than these say nothing at a glance.
_MOST_TAGS = 30
CODED = {
    "region": CodeList.REGION,
    "occupation": CodeList.OCCUPATION,
    "industry": CodeList.INDUSTRY,
    "education": CodeList.EDUCATION,
    "income_band": CodeList.INCOME_BAND,
    "economic_condition": CodeList.ECONOMIC_CONDITION,
    "member_type": CodeList.MEMBER_TYPE,
    "member_level": CodeList.MEMBER_LEVEL,
    "preferred_time": CodeList.PREFERRED_TIME,
}
"""The columns of a record that hold a code, and of which list."""
_UNKNOWN_CODE = N_("Choose one of the list.")


def check_profile(data: PatientData, faults: Faults) -> dict[str, Any]:
    """The plain columns beyond identity, cleaned. Codes are looked up by `check_codes`."""
    lines = {
        "address": 300,
        "email": 200,
        "postcode": 10,
        "work_unit": 120,
        "preferred_doctor": 64,
        "credit_rating": 10,
        "owner": 64,
    }
    columns: dict[str, Any] = {
        name: faults.line(getattr(data, name), name, longest) or None for name, longest in lines.items()
    }
    columns |= {name: faults.line(getattr(data, name), name, 40) or None for name in CODED}
    columns["remark"] = faults.paragraphs(data.remark, "remark", 2000) or None
    if columns["email"]:
        # Compared as it is stored: nobody has two mailboxes that differ in capitals alone.
        columns["email"] = columns["email"].lower()
    if columns["email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", columns["email"]):
        faults.add("email", N_("This is not an e-mail address."))
    channel = data.preferred_channel or None
    if channel is not None and channel not in set(Channel):
        faults.add("preferred_channel", _UNKNOWN_CODE)
    plain = ("has_lunar_birthday", "is_key_patient", "is_provisional", "deceased_at", "department_id")
    return columns | {name: getattr(data, name) for name in plain} | {"preferred_channel": channel}


def check_kinds(kinds: tuple[str, ...] | None, faults: Faults) -> tuple[str, ...] | None:
    """The kinds without repeats; a fault for one that there is not."""
    if kinds is not None and not set(kinds) <= set(Kind):
        faults.add("kinds", _UNKNOWN_CODE)
    return None if kinds is None else tuple(dict.fromkeys(kinds))


def check_tags(tags: tuple[str, ...] | None, faults: Faults) -> tuple[str, ...] | None:
    """The tags cleaned, without repeats."""
    if tags is None:
        return None
    cleaned = tuple(dict.fromkeys(tag for tag in map(clean_text, tags) if tag))
    if any(len(tag) > _LONGEST_TAG for tag in cleaned):
        faults.add("tags", N_("A tag has at most 40 characters."))
    if len(cleaned) > _MOST_TAGS:
        faults.add("tags", N_("At most 30 tags."))
    return cleaned


def check_codes(session: Session, columns: dict[str, Any], source: str | None, before: Patient | None) -> None:
    """Raise InvalidInput for a code or department that is not offered; what the record already holds may stay.

    A list that the hospital has not filled yet takes any code.
    """
    faults = Faults()
    given: list[tuple[str, CodeList, str | None]] = [(name, list, columns[name]) for name, list in CODED.items()]
    given.append(("source", CodeList.SOURCE, source))
    for name, list, code in given:
        if code is None or (before is not None and getattr(before, name, None) == code):
            continue
        offered = {each.code for each in codes.items(session, list)}
        if offered and code not in offered:
            faults.add(name, _UNKNOWN_CODE)
    department = columns["department_id"]
    if department is not None and (not 0 < department < 2**31 or session.get(Department, department) is None):
        faults.add("department_id", _UNKNOWN_CODE)
    faults.raise_any()


def read_custom(session: Session, given: Any, before: dict[str, Any]) -> dict[str, Any]:
    """The values of the hospital's own fields: those given replace those before. Raises InvalidInput.

    What is given is text as typed, or already a value of the field's kind. Keys that no field has are refused.
    """
    if not given:
        return before
    offered = {field.key: field for field in configuration.all_fields(session, "patient")}
    values = dict(before)
    for key, value in given.items():
        if key not in offered:
            raise InvalidInput(N_("There is no such field."), field=f"custom-{key}"[:60])
        text = str(int(value)) if isinstance(value, bool) else "" if value is None else str(value)
        if values.get(key) == value and value is not None:
            continue
        read = read_field(offered[key], text)
        values.pop(key, None)
        if read is not None:
            values[key] = read
    return values


def write_kinds(session: Session, patient_id: int, kinds: Collection[str]) -> None:
    """Make these the kinds of the person."""
    present = set(session.scalars(select(PatientKind.kind).where(PatientKind.patient_id == patient_id)))
    gone = present - set(kinds)
    if gone:
        session.execute(delete(PatientKind).where(PatientKind.patient_id == patient_id, PatientKind.kind.in_(gone)))
    session.add_all(PatientKind(patient_id=patient_id, kind=kind) for kind in kinds if kind not in present)


def write_tags(session: Session, patient_id: int, tags: Collection[str], *, by: str | None, now: datetime) -> None:
    """Make these the tags of the person; a tag that stays keeps its author and date."""
    present = set(session.scalars(select(PatientTag.tag).where(PatientTag.patient_id == patient_id)))
    gone = present - set(tags)
    if gone:
        session.execute(delete(PatientTag).where(PatientTag.patient_id == patient_id, PatientTag.tag.in_(gone)))
    new = (tag for tag in tags if tag not in present)
    session.add_all(PatientTag(patient_id=patient_id, tag=tag, created_at=now, created_by=by) for tag in new)


def add_source(session: Session, patient: Patient, source: str, *, by: str | None, now: datetime) -> None:
    """Note how the person came this time. The first one is kept for good; the latest one again adds nothing."""
    latest = session.scalar(
        select(PatientSource.source)
        .where(PatientSource.patient_id == patient.id)
        .order_by(PatientSource.at.desc(), PatientSource.id.desc())
        .limit(1)
    )
    if patient.first_source is None:
        patient.first_source = source
    if source != latest:
        session.add(PatientSource(patient_id=patient.id, source=source, at=now, created_by=by))


def propose_region(session: Session, address: str | None, numbers: Iterable[str]) -> str | None:
    """The region that the address speaks of, else the one where a mobile number was sold (P-09)."""
    found = codes.find_region(session, address) if address else None
    if found is not None or not codes.items(session, CodeList.REGION):
        return found
    for number in numbers:
        found = codes.find_region(session, _city_of(number))
        if found is not None:
            return found
    return None


def _city_of(number: str) -> str:
    # The number book of the world costs half a second and 80 MB: only a process that has to guess loads it.
    import phonenumbers
    from phonenumbers import geocoder

    place: str = geocoder.description_for_number(phonenumbers.parse(number), "zh")
    return place
