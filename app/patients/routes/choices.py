"""What the form offers: code lists in the reader's language, departments, the hospital's own fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.codes import service as codes
from app.codes.rules import CodeList
from app.configuration import service as configuration
from app.organisation.models import Department
from app.patients.models import Patient, PatientKind, PatientSource, PatientTag
from app.patients.service import CODED

Options = list[tuple[str, str]]
# In a list without folds the place in the tree is seen by its indent; ordinary spaces would collapse.
_INDENT = "　"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLists:
    """What a record holds in lists beside its columns."""

    kinds: tuple[str, ...]
    tags: tuple[str, ...]
    sources: tuple[PatientSource, ...]


def lists_of(session: Session, patient_id: int) -> RecordLists:
    """Kinds, tags and sources of one person, the latest source first."""
    kinds = session.scalars(select(PatientKind.kind).where(PatientKind.patient_id == patient_id))
    tags = session.scalars(select(PatientTag.tag).where(PatientTag.patient_id == patient_id).order_by(PatientTag.tag))
    sources = session.scalars(
        select(PatientSource).where(PatientSource.patient_id == patient_id).order_by(PatientSource.at.desc())
    )
    return RecordLists(kinds=tuple(kinds), tags=tuple(tags), sources=tuple(sources))


def code_choices(session: Session, list: CodeList) -> Options:
    """The options of a select field for a code list, a tree shown by indents."""
    return [(code.code, _INDENT * code.depth + code.name) for code in codes.items(session, list)]


def region_choices(session: Session) -> Options:
    """The regions that a form offers."""
    return code_choices(session, CodeList.REGION)


def department_choices(session: Session) -> Options:
    """The departments that are there now."""
    rows = session.execute(select(Department.id, Department.name).where(Department.is_active).order_by(Department.name))
    return [(str(id), name) for id, name in rows]


def form_choices(session: Session, patient: Patient | None) -> dict[str, Any]:
    """Everything that the form offers, by field; what the record holds stays offered also when its list dropped it."""
    offered: dict[str, Any] = {}
    for name, list in CODED.items():
        options = code_choices(session, list)
        held = getattr(patient, name) if patient is not None else None
        if held and held not in dict(options):
            options.append((held, codes.names(session, list, [held])[held]))
        offered[name] = options
    offered["source"] = code_choices(session, CodeList.SOURCE)
    offered["department_id"] = department_choices(session)
    offered["custom"] = configuration.fields(session, "patient")
    return offered


def kinds_and_tags(session: Session, patient_ids: Sequence[int]) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """The kinds and the tags of each of these people."""
    kinds: dict[int, list[str]] = {patient_id: [] for patient_id in patient_ids}
    tags: dict[int, list[str]] = {patient_id: [] for patient_id in patient_ids}
    of_kind = select(PatientKind.patient_id, PatientKind.kind).where(PatientKind.patient_id.in_(patient_ids))
    for patient_id, kind in session.execute(of_kind.order_by(PatientKind.kind)):
        kinds[patient_id].append(kind)
    of_tag = select(PatientTag.patient_id, PatientTag.tag).where(PatientTag.patient_id.in_(patient_ids))
    for patient_id, tag in session.execute(of_tag.order_by(PatientTag.tag)):
        tags[patient_id].append(tag)
    return kinds, tags
