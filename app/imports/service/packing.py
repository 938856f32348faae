"""A cleaned row as plain values, to be stored until a person decides on it."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import Any

from app.imports.rules import ContactRow, PatientRow
from app.patients.rules import PhoneKind, PhoneNumber


def pack(row: PatientRow) -> dict[str, Any]:
    """The row as plain values, to be stored."""
    contact = row.contact
    return {
        "name": row.name,
        "folded": row.folded,
        "sex": row.sex,
        "birth_date": row.birth_date.isoformat() if row.birth_date else None,
        "values": row.values,
        "phones": [_pack_phone(phone) for phone in row.phones],
        "identifiers": [list(each) for each in row.identifiers],
        "contact": [contact.name, contact.relation, [_pack_phone(each) for each in contact.phones]]
        if contact
        else None,
        "source_time": row.source_time.isoformat() if row.source_time else None,
    }


def unpack(line: int, stored: dict[str, Any]) -> PatientRow:
    """The row that was packed."""
    contact, birth_date, source_time = stored["contact"], stored["birth_date"], stored["source_time"]
    return PatientRow(
        line=line,
        name=stored["name"],
        folded=stored["folded"],
        sex=stored["sex"],
        birth_date=date.fromisoformat(birth_date) if birth_date else None,
        values=stored["values"],
        phones=tuple(_phone(each) for each in stored["phones"]),
        identifiers=tuple((system, kind, value) for system, kind, value in stored["identifiers"]),
        contact=contact
        and ContactRow(name=contact[0], relation=contact[1], phones=tuple(_phone(each) for each in contact[2])),
        source_time=datetime.fromisoformat(source_time) if source_time else None,
    )


def fingerprint(row: PatientRow) -> str:
    """The same for the same row, whichever list and line it stands in."""
    return hashlib.sha256(json.dumps(pack(row), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _pack_phone(phone: PhoneNumber) -> dict[str, str]:
    return {"e164": phone.e164, "extension": phone.extension, "kind": phone.kind, "display": phone.display}


def _phone(stored: dict[str, str]) -> PhoneNumber:
    return PhoneNumber(**{**stored, "kind": PhoneKind(stored["kind"])})  # type: ignore[arg-type]
