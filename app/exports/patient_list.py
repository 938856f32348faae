"""The list of patients as an export: the same search and filters as on the page, by the same names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.exports.service import Arguments, Asker
from app.paging import LARGEST_LIMIT
from app.patients import service as patients
from app.patients.models import Patient
from app.patients.rules import clean_text
from app.patients.service import ListFilters
from app.patients.service.listing import conditions_on
from app.texts import N_

_LABELS = {
    "q": N_("Name, number or identifier"),
    "kind": N_("Kind of customer"),
    "region": N_("Region"),
    "department": N_("Department"),
    "member": N_("Member type"),
    "source": N_("Source"),
    "tag": N_("Tag"),
    "key": N_("Key patients only"),
    "provisional": N_("Records to complete only"),
}


def read(_session: Session, query: Mapping[str, str], _asker: Asker) -> dict[str, Any]:
    """The filters of the page's address."""
    return {name: text for name in _LABELS if (text := clean_text(query.get(name, ""))[:200])}


def describe(_session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    """The filters in words."""
    return [(label, str(arguments[name])) for name, label in _LABELS.items() if name in arguments]


def people(session: Session, arguments: Arguments, asker: Asker) -> Select[int]:
    """The ids of the people whom the page shows with these filters; with a search its best 500, as there."""
    filters = patients.read_filters(session, arguments)
    if "q" in arguments:
        return select(Patient.id).where(Patient.id.in_(_found(session, arguments["q"], filters, asker)))
    return select(Patient.id).where(
        Patient.merged_into_id.is_(None), *conditions_on(partial(getattr, Patient), filters)
    )


def _found(session: Session, query: str, filters: ListFilters, asker: Asker) -> list[int]:
    found: list[int] = []
    cursor: str | None = None
    while True:
        page = patients.search_patients(
            session, settings=asker.settings, query=query, filters=filters, limit=LARGEST_LIMIT, cursor=cursor
        )
        found += [patient.id for patient in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
