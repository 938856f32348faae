"""The audit log for people: filtered, newest first, with the names of who did it and whose record it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.accounts.models import User
from app.audit.models import AuditEvent
from app.audit.rules import Action
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilters:
    """What the list is narrowed to; nothing means everything. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    patient_ids: tuple[int, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """An event with what is shown beside it."""

    event: AuditEvent
    actor_name: str
    patient_name: str | None


def list_events(session: Session, filters: AuditFilters, *, limit: int, cursor: str | None = None) -> Page[AuditRecord]:
    """Events newest first. Raises InvalidInput for a damaged cursor."""
    before = read_cursor(cursor, [int])[0] if cursor else None
    records = _read(session, filters, before, limit + 1)
    following = write_cursor(records[limit - 1].event.id) if len(records) > limit else None
    return Page(items=records[:limit], next_cursor=following)


def events_of(session: Session, filters: AuditFilters, *, most: int) -> Iterator[AuditRecord]:
    """At most so many events, newest first, read in batches."""
    before: int | None = None
    while most > 0:
        records = _read(session, filters, before, min(_BATCH, most))
        yield from records
        if len(records) < _BATCH:
            return
        most -= len(records)
        before = records[-1].event.id


def is_view_known(session: Session, actor: str, patient_id: int, since: datetime) -> bool:
    """Whether this user is known to have opened the record since then: a page that renews its parts is one view."""
    wanted = select(AuditEvent.id).where(
        AuditEvent.patient_id == patient_id,
        AuditEvent.actor == actor,
        AuditEvent.action == Action.VIEW,
        AuditEvent.at > since,
    )
    return session.scalar(wanted.limit(1)) is not None


def ids_of_person(session: Session, patient_id: int) -> tuple[int, ...]:
    """The id of a record with those of the records that were merged into it: who opened these, opened this person's."""
    merged = session.scalars(
        select(Patient.id).where(Patient.merged_into_id == patient_id), execution_options={UNSCOPED: True}
    )
    return (patient_id, *merged)


def _read(session: Session, filters: AuditFilters, before: Any, limit: int) -> list[AuditRecord]:
    statement = _filtered(filters)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    # Whose record it was is told even when the record is outside the reader's scope: the log itself is the grant.
    rows = session.execute(
        statement.order_by(AuditEvent.id.desc()).limit(limit), execution_options={UNSCOPED: True}
    ).all()
    return [
        AuditRecord(event=event, actor_name=name or event.actor, patient_name=patient) for event, name, patient in rows
    ]


def _filtered(filters: AuditFilters) -> Select[AuditEvent, str, str]:
    statement = (
        select(AuditEvent, User.display_name, Patient.name)
        .outerjoin(User, User.username == AuditEvent.actor)
        .outerjoin(Patient, Patient.id == AuditEvent.patient_id)
    )
    if filters.since is not None:
        statement = statement.where(AuditEvent.at >= filters.since)
    if filters.until is not None:
        statement = statement.where(AuditEvent.at < filters.until)
    if filters.patient_ids:
        statement = statement.where(AuditEvent.patient_id.in_(filters.patient_ids))
    if filters.actor is not None:
        statement = statement.where(AuditEvent.actor == filters.actor)
    if filters.action is not None:
        statement = statement.where(AuditEvent.action == filters.action)
    return statement
