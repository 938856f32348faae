"""What a person says about a patient, before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneData:
    """A number as somebody wrote it."""

    number: str
    is_valid: bool = True
    do_not_call: bool = False
    do_not_text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierData:
    type: str
    value: str
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactData:
    """A contact person with numbers as somebody wrote them; `id` names one that the record already has."""

    id: int | None = None
    name: str
    relation: str
    may_be_told: bool = False
    phones: tuple[PhoneData, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientData:
    """All that a person may say about a patient. The lists are whole: what is not in them is removed.

    `kinds` and `tags` of None stay as they are. `source` is how the person came this time: the first one is kept for
    good, a later one is added with its date (P-10). `custom` holds the values of the hospital's own fields by key.
    """

    name: str
    sex: str = "U"
    birth_date: date | None = None
    has_lunar_birthday: bool = False
    language: str | None = None
    email: str | None = None
    address: str | None = None
    postcode: str | None = None
    region: str | None = None
    remark: str | None = None
    is_key_patient: bool = False
    is_provisional: bool = False
    deceased_at: datetime | None = None
    occupation: str | None = None
    industry: str | None = None
    education: str | None = None
    income_band: str | None = None
    economic_condition: str | None = None
    member_type: str | None = None
    member_level: str | None = None
    work_unit: str | None = None
    preferred_channel: str | None = None
    preferred_time: str | None = None
    preferred_doctor: str | None = None
    credit_rating: str | None = None
    department_id: int | None = None
    owner: str | None = None
    custom: Mapping[str, object] = field(default_factory=dict)
    source: str | None = None
    kinds: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    phones: tuple[PhoneData, ...] = ()
    identifiers: tuple[IdentifierData, ...] = ()
    contacts: tuple[ContactData, ...] = ()
