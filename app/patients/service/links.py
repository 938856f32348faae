"""Ties between people (P-35), and who introduced whom (D-14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.patients.kinds import INVERSE, Introduced, LinkRelation, makes_cycle, one_way
from app.patients.models import Patient, PatientLink
from app.patients.service.reading import require_patient
from app.texts import N_

_WHOLE = {UNSCOPED: True}
# Two people who introduce each other in the same instant must not pass each other's check. SQLite has one writer
# anyway. The number is arbitrary and used for nothing else.
_INTRODUCTIONS_LOCK = 7_230_002
# A tree with more people than these is read as counts, not as names.
_MOST_INTRODUCED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tie as seen from one person: `relation` is what the other one is to this person."""

    id: int
    other_id: int
    other_name: str
    relation: LinkRelation
    may_be_told: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IntroducedPerson:
    """Somebody below an introducer in the tree; `depth` is 1 for whom the person introduced directly."""

    patient_id: int
    by_id: int
    name: str
    depth: int


def add_link(
    session: Session,
    bus: Bus,
    patient_id: int,
    other_id: int,
    relation: str,
    *,
    may_be_told: bool = False,
    by: str | None,
    now: datetime,
) -> PatientLink:
    """Tie two people: the other one is the `relation` of the patient. Both records show it.

    Raises NotFound, InvalidInput for a relation that there is not, for a tie to oneself and for introductions in a
    circle, and Conflict for a tie that is there already.
    """
    patient_id, other_id = require_patient(session, patient_id), require_patient(session, other_id)
    if relation not in set(LinkRelation):
        raise InvalidInput(N_("Choose one of the listed relations."), field="relation")
    if patient_id == other_id:
        raise InvalidInput(N_("A person cannot be tied to themselves."), field="other_id")
    from_id, kept, to_id = one_way(other_id, LinkRelation(relation), patient_id)
    if kept is LinkRelation.INTRODUCED_BY:
        _refuse_circle(session, from_id, to_id)
    same = (PatientLink.from_id == from_id, PatientLink.to_id == to_id, PatientLink.relation == kept)
    if session.scalar(select(PatientLink.id).where(*same), execution_options=_WHOLE) is not None:
        raise Conflict(N_("These two people are tied like this already."), field="other_id")
    link = PatientLink(
        from_id=from_id, to_id=to_id, relation=kept.value, may_be_told=may_be_told, created_at=now, created_by=by
    )
    session.add(link)
    session.flush()
    _journal(session, bus, patient_id, other_id, by=by, now=now)
    return link


def remove_link(session: Session, bus: Bus, patient_id: int, link_id: int, *, by: str | None, now: datetime) -> Link:
    """Untie two people; returns the tie as it was, seen from the patient. Raises NotFound."""
    patient_id = require_patient(session, patient_id)
    found = next((link for link in links_of(session, patient_id) if link.id == link_id), None)
    row = session.get(PatientLink, link_id) if found is not None else None
    if found is None or row is None:
        raise NotFound(N_("There is no such entry."))
    session.delete(row)
    session.flush()
    _journal(session, bus, patient_id, found.other_id, by=by, now=now)
    return found


def links_of(session: Session, patient_id: int) -> list[Link]:
    """Everybody to whom this person is tied, seen from this person."""
    rows = session.execute(
        select(PatientLink, Patient.name)
        .join(Patient, Patient.id != patient_id)
        .where(or_(PatientLink.from_id == patient_id, PatientLink.to_id == patient_id))
        .where(or_(Patient.id == PatientLink.from_id, Patient.id == PatientLink.to_id))
        .order_by(PatientLink.id)
    )
    return [_seen_from(patient_id, row, name) for row, name in rows]


def introduced_people(session: Session, patient_id: int) -> list[IntroducedPerson]:
    """Whom this person introduced, and whom they introduced, and so on: level by level, at most 500 people."""
    found: list[Introduced] = []
    level, depth = [patient_id], 0
    while level and len(found) < _MOST_INTRODUCED:
        depth += 1
        rows = session.execute(
            select(PatientLink.from_id, PatientLink.to_id)
            .where(PatientLink.to_id.in_(level), PatientLink.relation == LinkRelation.INTRODUCED_BY)
            .order_by(PatientLink.id)
            .limit(_MOST_INTRODUCED - len(found))
        )
        below = [Introduced(patient_id=person, by_id=by, depth=depth) for person, by in rows]
        found += below
        level = sorted({person.patient_id for person in below})
    names = _names(session, [person.patient_id for person in found])
    return [
        IntroducedPerson(patient_id=each.patient_id, by_id=each.by_id, name=names[each.patient_id], depth=each.depth)
        for each in found
        if each.patient_id in names
    ]


def _refuse_circle(session: Session, introduced: int, by: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": _INTRODUCTIONS_LOCK}, execution_options=_WHOLE
        )

    def introducers_of(people: Iterable[int]) -> Sequence[int]:
        # The whole chain counts, also through people whom the viewer may not see.
        above = select(PatientLink.to_id).where(
            PatientLink.from_id.in_(list(people)), PatientLink.relation == LinkRelation.INTRODUCED_BY
        )
        return session.scalars(above, execution_options=_WHOLE).all()

    if makes_cycle(introduced, by, introducers_of):
        raise InvalidInput(N_("That would be a circle: the one was introduced by the other already."), field="other_id")


def _seen_from(patient_id: int, row: PatientLink, name: str) -> Link:
    relation = LinkRelation(row.relation)
    is_first = row.from_id == patient_id
    return Link(
        id=row.id,
        other_id=row.to_id if is_first else row.from_id,
        other_name=name,
        relation=INVERSE[relation] if is_first else relation,
        may_be_told=row.may_be_told,
        created_at=row.created_at,
    )


def _names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    rows = session.execute(select(Patient.id, Patient.name).where(Patient.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _journal(session: Session, bus: Bus, one: int, other: int, *, by: str | None, now: datetime) -> None:
    entries = [
        journal.Entry(kind="patient.changed", at=now, agent=by, payload={"patient_id": each}) for each in (one, other)
    ]
    journal.append(session, bus, entries)
