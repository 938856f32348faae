"""What programs send and get as a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apiflask import Schema
from apiflask.fields import Boolean, Date, DateTime, Dict, Field, Integer, List, Nested, String
from apiflask.validators import Length, Range
from marshmallow import ValidationError, post_load

from app.http_fields import ShownAddress, ShownIdentifier, ShownNumber
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.patients.kinds import Kind
from app.patients.service import IdentifierData

_PHONE_WORDS = {"is_valid": True, "do_not_call": False, "do_not_text": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPhone:
    """A number as it was sent, before one that is shown masked is looked up."""

    number: str
    id: str = ""
    words: Mapping[str, bool] = field(default_factory=dict)


class PhoneIn(Field):  # type: ignore[type-arg]
    """A number as text in any spelling, or an object. With `id` it may be the number as it was shown, also masked."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> SentPhone:
        if isinstance(value, str):
            return SentPhone(number=value)
        if isinstance(value, dict) and isinstance(value.get("number"), str):
            words = {name: value.get(name, default) for name, default in _PHONE_WORDS.items()}
            if all(isinstance(word, bool) for word in words.values()):
                return SentPhone(number=value["number"], id=str(value.get("id", "")), words=words)
        raise ValidationError("A telephone number is a text, or an object with number and is_valid.")


_PHONE_SCHEMA = {
    "oneOf": [
        {"type": "string", "example": "138 0013 8000"},
        {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "number": {"type": "string"},
                **{name: {"type": "boolean"} for name in _PHONE_WORDS},
            },
        },
    ]
}


class IdentifierIn(Schema):
    type = String(required=True, metadata={"example": "outpatient"})
    value = String(required=True)
    system = String(load_default="")

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> IdentifierData:
        return IdentifierData(**data)


class ContactIn(Schema):
    id = Integer(load_default=None, allow_none=True)
    name = String(required=True)
    relation = String(required=True, metadata={"description": "What this person is to the patient, such as child."})
    may_be_told = Boolean(load_default=False)
    phones = List(PhoneIn(metadata=_PHONE_SCHEMA), load_default=list)


_CODE = {"description": "A code of the hospital's list."}


class PatientChanges(Schema):
    """Only what is sent is changed; a list that is sent replaces the whole list."""

    name = String()
    sex = String(metadata={"enum": ["M", "F", "U"]})
    birth_date = Date(allow_none=True)
    has_lunar_birthday = Boolean()
    language = String(allow_none=True)
    email = String(allow_none=True)
    address = String(allow_none=True)
    postcode = String(allow_none=True)
    region = String(allow_none=True, metadata=_CODE)
    remark = String(allow_none=True)
    is_key_patient = Boolean()
    is_provisional = Boolean()
    deceased_at = DateTime(allow_none=True, format="iso")
    occupation = String(allow_none=True, metadata=_CODE)
    industry = String(allow_none=True, metadata=_CODE)
    education = String(allow_none=True, metadata=_CODE)
    income_band = String(allow_none=True, metadata=_CODE)
    economic_condition = String(allow_none=True, metadata=_CODE)
    member_type = String(allow_none=True, metadata=_CODE)
    member_level = String(allow_none=True, metadata=_CODE)
    work_unit = String(allow_none=True)
    preferred_channel = String(allow_none=True, metadata={"enum": ["call", "sms", "email", "web"]})
    preferred_time = String(allow_none=True, metadata=_CODE)
    preferred_doctor = String(allow_none=True)
    credit_rating = String(allow_none=True)
    department_id = Integer(allow_none=True)
    owner = String(allow_none=True, metadata={"description": "The user in whose care the patient is."})
    source = String(
        allow_none=True, metadata={"description": "How the person came this time; the first one is kept for good."}
    )
    kinds = List(String(metadata={"enum": [kind.value for kind in Kind]}))
    tags = List(String())
    custom = Dict(keys=String(), metadata={"description": "Values of the hospital's own fields, by their keys."})
    phones = List(PhoneIn(metadata=_PHONE_SCHEMA), metadata={"description": "The patient's own numbers."})
    identifiers = List(Nested(IdentifierIn))
    contacts = List(Nested(ContactIn))
    row_version = Integer(metadata={"description": "The version you have seen; another one is answered with 409."})


class PatientIn(PatientChanges):
    name = String(required=True)

    class Meta:
        exclude = ("row_version",)


class PhoneOut(Schema):
    id = Integer()
    number = ShownNumber()
    number_display = String()
    extension = String()
    kind = String()
    is_valid = Boolean()
    do_not_call = Boolean()
    do_not_text = Boolean()
    contact_person_id = Integer(allow_none=True)
    relation = String(allow_none=True)


class IdentifierOut(Schema):
    type = String()
    value = ShownIdentifier()
    system = String()


class ContactOut(Schema):
    id = Integer()
    name = String()
    relation = String()
    may_be_told = Boolean()
    phones = List(ShownNumber())


class PatientOut(Schema):
    id = Integer()
    url = String()
    name = String()
    sex = String()
    birth_date = Date(allow_none=True)
    has_lunar_birthday = Boolean()
    age = Integer(allow_none=True)
    language = String(allow_none=True)
    email = String(allow_none=True)
    postcode = String(allow_none=True)
    region = String(allow_none=True)
    first_source = String(allow_none=True)
    occupation = String(allow_none=True)
    industry = String(allow_none=True)
    education = String(allow_none=True)
    income_band = String(allow_none=True)
    economic_condition = String(allow_none=True)
    member_type = String(allow_none=True)
    member_level = String(allow_none=True)
    work_unit = String(allow_none=True)
    preferred_channel = String(allow_none=True)
    preferred_time = String(allow_none=True)
    preferred_doctor = String(allow_none=True)
    credit_rating = String(allow_none=True)
    department_id = Integer(allow_none=True)
    owner = String(allow_none=True)
    kinds = List(String())
    tags = List(String())
    custom = Dict(keys=String())
    address = ShownAddress(allow_none=True)
    remark = String(allow_none=True)
    is_key_patient = Boolean()
    is_provisional = Boolean()
    deceased_at = DateTime(allow_none=True)
    phones = List(Nested(PhoneOut))
    identifiers = List(Nested(IdentifierOut))
    contacts = List(Nested(ContactOut))
    created_at = DateTime()
    updated_at = DateTime()
    row_version = Integer()


class PatientsQuery(Schema):
    q = String(load_default="", validate=Length(max=200))
    phone = String(load_default="", validate=Length(max=200))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class PatientsPage(Schema):
    items = List(Nested(PatientOut))
    next_cursor = String(allow_none=True)
