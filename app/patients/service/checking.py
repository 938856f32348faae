"""Check what was said about a patient: all faults at once, each under the name of its field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.patients.phones import parse_number
from app.patients.rules import (
    LONGEST_NAME,
    IdentifierType,
    PhoneNumber,
    Relation,
    Sex,
    clean_text,
    is_plausible_birth_date,
    read_id_card,
)
from app.patients.service.data import ContactData, IdentifierData, PatientData, PhoneData
from app.patients.service.faults import Faults, too_long
from app.patients.service.profile import check_kinds, check_profile, check_tags
from app.settings import Settings
from app.texts import N_

# One person with more than these is a data fault, and each entry costs a row and a line on the page.
_MOST_PHONES = 20
_MOST_IDENTIFIERS = 50
_MOST_CONTACTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPhone:
    number: PhoneNumber
    as_entered: str
    is_valid: bool
    do_not_call: bool
    do_not_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedContact:
    id: int | None
    name: str
    relation: str
    may_be_told: bool
    phones: tuple[CheckedPhone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPatient:
    """`columns` holds the plain columns of the record by name; `kinds` and `tags` of None stay as they are."""

    columns: Mapping[str, Any]
    custom: Mapping[str, object]
    source: str | None
    kinds: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    phones: tuple[CheckedPhone, ...]
    identifiers: tuple[IdentifierData, ...]
    contacts: tuple[CheckedContact, ...]

    @property
    def is_provisional(self) -> bool:
        return bool(self.columns["is_provisional"])


def check_patient(data: PatientData, *, settings: Settings, today: date) -> CheckedPatient:
    """The same data cleaned, numbers normalised, sex and birth date filled from an id card (P-07).

    Raises InvalidInput: `fields["field"]` names the first fault ("name", "phones.1", "contacts.0.phones.2"),
    `fields["errors"]` all of them as {field: sentence}.
    """
    faults = Faults()
    phones = _check_phones(data.phones, "phones", settings, faults)
    contacts = _check_contacts(data.contacts, settings, faults)
    _refuse_repeats(phones, contacts, faults)
    identifiers = _check_identifiers(data.identifiers, faults)
    sex, birth_date = _from_id_card(data, identifiers)
    if sex not in set(Sex):
        faults.add("sex", N_("The sex is M, F, or U for unknown."))
    if birth_date is not None and not is_plausible_birth_date(birth_date, today):
        faults.add("birth_date", N_("The birth date is in the future or too long ago."))
    columns = {
        "name": faults.line(data.name, "name", LONGEST_NAME, needed=N_("Enter the name.")),
        "sex": sex,
        "birth_date": birth_date,
        "language": _language(data.language, faults),
        **check_profile(data, faults),
    }
    checked = CheckedPatient(
        columns=columns,
        custom=data.custom,
        source=data.source or None,
        kinds=check_kinds(data.kinds, faults),
        tags=check_tags(data.tags, faults),
        phones=phones,
        identifiers=identifiers,
        contacts=contacts,
    )
    faults.raise_any()
    return checked


def _language(value: str | None, faults: Faults) -> str | None:
    if not value:
        return None
    if len(value) > 10 or not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*", value):
        faults.add("language", N_("Give the language as a code such as zh, yue or en."))
    return value


def _check_phones(
    phones: tuple[PhoneData, ...], field: str, settings: Settings, faults: Faults
) -> tuple[CheckedPhone, ...]:
    if len(phones) > _MOST_PHONES:
        faults.add(field, N_("Too many entries."))
        return ()
    checked: dict[tuple[str, str], CheckedPhone] = {}
    for place, phone in enumerate(phones):
        number = parse_number(
            phone.number.strip(), area_code=settings.area_code, outside_prefix=settings.outside_prefix
        )
        if number is None:
            faults.add(f"{field}.{place}", N_("This is not a telephone number. A landline needs its area code."))
            continue
        entered = CheckedPhone(
            number=number,
            as_entered=clean_text(phone.number)[:60],
            is_valid=phone.is_valid,
            do_not_call=phone.do_not_call,
            do_not_text=phone.do_not_text,
        )
        checked.setdefault((number.e164, number.extension), entered)
    return tuple(checked.values())


def _check_contacts(
    contacts: tuple[ContactData, ...], settings: Settings, faults: Faults
) -> tuple[CheckedContact, ...]:
    if len(contacts) > _MOST_CONTACTS:
        faults.add("contacts", N_("Too many entries."))
        return ()
    checked = []
    for place, contact in enumerate(contacts):
        field = f"contacts.{place}"
        if contact.relation not in set(Relation):
            faults.add(f"{field}.relation", N_("Choose one of the listed relations."))
        checked.append(
            CheckedContact(
                id=contact.id,
                name=faults.line(contact.name, f"{field}.name", LONGEST_NAME, needed=N_("Enter the name.")),
                relation=contact.relation,
                may_be_told=contact.may_be_told,
                phones=_check_phones(contact.phones, f"{field}.phones", settings, faults),
            )
        )
    return tuple(checked)


def _refuse_repeats(phones: tuple[CheckedPhone, ...], contacts: tuple[CheckedContact, ...], faults: Faults) -> None:
    seen = {(phone.number.e164, phone.number.extension) for phone in phones}
    for place, contact in enumerate(contacts):
        for phone in contact.phones:
            key = (phone.number.e164, phone.number.extension)
            if key in seen:
                faults.add(f"contacts.{place}.phones", N_("This number is already in the record."))
            seen.add(key)


def _check_identifiers(identifiers: tuple[IdentifierData, ...], faults: Faults) -> tuple[IdentifierData, ...]:
    if len(identifiers) > _MOST_IDENTIFIERS:
        faults.add("identifiers", N_("Too many entries."))
        return ()
    checked = []
    for place, given in enumerate(identifiers):
        field = f"identifiers.{place}"
        if not re.fullmatch(r"[A-Za-z0-9_.\-]{1,20}", given.type):
            faults.add(f"{field}.type", N_("The type is one word of at most 20 letters."))
        value = "".join(clean_text(unicodedata.normalize("NFKC", given.value)).split()).upper()
        if not value:
            faults.add(f"{field}.value", N_("Enter the number."))
        if len(value) > 60:
            faults.add(f"{field}.value", too_long(60))
        if given.type == IdentifierType.ID_CARD and value and read_id_card(value) is None:
            faults.add(f"{field}.value", N_("This id card number is wrong: its check digit or its date does not fit."))
        system = faults.line(given.system, f"{field}.system", 20)
        checked.append(IdentifierData(type=given.type, value=value, system=system))
    return tuple(dict.fromkeys(checked))


def _from_id_card(data: PatientData, identifiers: tuple[IdentifierData, ...]) -> tuple[str, date | None]:
    sex, birth_date = data.sex or Sex.UNKNOWN, data.birth_date
    for identifier in identifiers:
        card = read_id_card(identifier.value) if identifier.type == IdentifierType.ID_CARD else None
        if card is not None:
            birth_date = birth_date or card[0]
            sex = card[1] if sex == Sex.UNKNOWN else sex
    return sex, birth_date
