"""The fields of two records beside each other, in the reader's words and masked as the reader may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect

from app.access import service as access
from app.duplicates.rules import differing
from app.http import parts, viewer
from app.patients.models import Patient
from app.patients.routes.labels import labels


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One column of both records. `is_choice`: both say something, and not the same."""

    column: str
    label: str
    first: str
    second: str
    is_choice: bool


def fields_of(first: Patient, second: Patient) -> list[FieldView]:
    """What either record says, in the order of the page."""
    one, other = _columns(first), _columns(second)
    different = set(differing(one, other))
    return [
        FieldView(
            column=column,
            label=label,
            first=_shown(column, one[column]),
            second=_shown(column, other[column]),
            is_choice=column in different,
        )
        for column, label in _labels().items()
        if one[column] not in (None, "", False) or other[column] not in (None, "", False)
    ]


def _columns(patient: Patient) -> dict[str, Any]:
    return {column.key: getattr(patient, column.key) for column in inspect(Patient).column_attrs}


def _labels() -> dict[str, str]:
    return {
        "name": _("Name"),
        "sex": _("Sex"),
        "birth_date": _("Birth date"),
        "has_lunar_birthday": _("Birthday by the lunar calendar"),
        "language": _("Language"),
        "email": _("Email"),
        "address": _("Address"),
        "postcode": _("Postcode"),
        "region": _("Region"),
        "first_source": _("Source"),
        "occupation": _("Occupation"),
        "industry": _("Industry"),
        "education": _("Education"),
        "income_band": _("Income"),
        "economic_condition": _("Economic condition"),
        "work_unit": _("Work unit"),
        "member_type": _("Member type"),
        "member_level": _("Member level"),
        "preferred_channel": _("Preferred channel"),
        "preferred_time": _("Preferred time"),
        "preferred_doctor": _("Preferred doctor"),
        "credit_rating": _("Credit rating"),
        "is_key_patient": _("Key patient"),
        "deceased_at": _("Deceased on"),
        "remark": _("Remark"),
    }


def _shown(column: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if column == "sex":
        return str(labels()["sex"].get(value, value))
    if column == "address":
        return access.address_for(viewer(), value) or ""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, datetime):
        return value.astimezone(parts().settings.timezone).strftime("%Y-%m-%d")
    return value.isoformat() if isinstance(value, date) else str(value)
