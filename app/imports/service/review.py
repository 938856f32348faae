"""The rows that wait for a person: same person, another person, or left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, selectinload

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, NotFound
from app.imports.models import ReviewItem
from app.imports.rules import PatientRow, ReviewReason, ReviewState, change_of, correction_of
from app.imports.service.lookup import load_known
from app.imports.service.packing import unpack
from app.imports.service.patients import PatientIntake
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Identifier, Patient
from app.patients.service.activity import surviving_ids
from app.texts import N_

_NO_ITEM = N_("There is no such row to review.")
_DECIDED = N_("Somebody decided on this row already.")
_TAKEN = N_("Another patient already has this identifier.")
# What one press of a button decides at once; each takes a few milliseconds.
_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A row with the records that it may belong to; the second only where it fits two."""

    item: ReviewItem
    row: PatientRow
    record: Patient
    other: Patient | None


def list_questions(
    session: Session,
    *,
    reason: ReviewReason | None = None,
    run_id: int | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Question]:
    """Rows that wait, oldest first. Raises InvalidInput for a damaged cursor."""
    record, other = aliased(Patient), aliased(Patient)
    query = (
        select(ReviewItem, record, other)
        .join(record, record.id == ReviewItem.patient_id)
        .outerjoin(other, other.id == ReviewItem.other_id)
        .where(ReviewItem.state == ReviewState.OPEN)
        .order_by(ReviewItem.id)
        .limit(limit + 1)
    )
    for side in (record, other):
        query = query.options(selectinload(side.phones), selectinload(side.identifiers), selectinload(side.contacts))
    if reason:
        query = query.where(ReviewItem.reason == reason)
    if run_id:
        query = query.where(ReviewItem.run_id == run_id)
    if cursor:
        [last] = read_cursor(cursor, [int])
        query = query.where(ReviewItem.id > last)
    rows = session.execute(query).all()
    items = [
        Question(item=item, row=unpack(item.line, item.row), record=first, other=second)
        for item, first, second in rows[:limit]
    ]
    following = write_cursor(items[-1].item.id) if len(rows) > limit else None
    return Page(items=items, next_cursor=following)


def count_questions(session: Session) -> dict[ReviewReason, int]:
    """How many rows wait, by reason."""
    counts = (
        select(ReviewItem.reason, func.count()).where(ReviewItem.state == ReviewState.OPEN).group_by(ReviewItem.reason)
    )
    return {ReviewReason(reason): count for reason, count in session.execute(counts)}


def decide(
    session: Session,
    bus: Bus,
    item_id: int,
    state: ReviewState,
    *,
    record_id: int | None = None,
    is_row_right: bool = False,
    by: str,
    now: datetime,
) -> int | None:
    """Carry out what a person decided on a row; the id of the record that took it, nothing when it was left out.

    `record_id` says which of two records is the person, `is_row_right` that the row replaces what the record says
    otherwise; without it the record only takes what it did not know. Raises NotFound, and Conflict when somebody was
    first or the row cannot be taken any more.
    """
    access.need_write(session, Module.CONTACT)
    item = session.get(ReviewItem, item_id) if 0 < item_id < 2**31 else None
    if item is None:
        raise NotFound(_NO_ITEM)
    claimed = session.execute(
        update(ReviewItem)
        .where(ReviewItem.id == item_id, ReviewItem.state == ReviewState.OPEN)
        .values(state=state, decided_at=now, decided_by=by)
    )
    if rows_changed(claimed) != 1:
        raise Conflict(_DECIDED)
    row, intake = unpack(item.line, item.row), PatientIntake(bus, run_id=item.run_id, by=by, now=now)
    result: int | None = None
    try:
        if state is ReviewState.CREATED:
            result = intake.create_record(session, _without_taken(session, row, None))
        elif state is ReviewState.UPDATED:
            result = _holder(session, item, record_id or item.patient_id)
            known = load_known(session.connection(), [result])[result]
            taken = _without_taken(session, row, result)
            change = correction_of(taken, known) if is_row_right else change_of(taken, known)
            intake.update_record(session, known, change)
    except IntegrityError:
        raise Conflict(_TAKEN) from None
    session.execute(update(ReviewItem).where(ReviewItem.id == item_id).values(result_id=result))
    return result


def create_for_all(session: Session, bus: Bus, *, by: str, now: datetime) -> int:
    """Make a record for each row of which only the number fits; how many. At most some hundred at once."""
    items = select(ReviewItem.id).where(
        ReviewItem.state == ReviewState.OPEN, ReviewItem.reason == ReviewReason.SHARED_PHONE
    )
    ids = list(session.scalars(items.order_by(ReviewItem.id).limit(_MOST_AT_ONCE)))
    for item_id in ids:
        decide(session, bus, item_id, ReviewState.CREATED, by=by, now=now)
    return len(ids)


def _holder(session: Session, item: ReviewItem, record_id: int) -> int:
    if record_id not in (item.patient_id, item.other_id):
        raise NotFound(_NO_ITEM)
    return surviving_ids(session, [record_id])[record_id]


def _without_taken(session: Session, row: PatientRow, own_id: int | None) -> PatientRow:
    """The row without identifiers that another record has: that one was looked at, and is somebody else."""
    table: Any = Identifier.__table__
    columns = (table.c.system, table.c.type, table.c.value, table.c.patient_id)
    values = [value for _system, _kind, value in row.identifiers]
    rows = session.connection().execute(select(*columns).where(table.c.value.in_(values)))
    taken = {(system, kind, value) for system, kind, value, holder in rows if holder != own_id}
    return replace(row, identifiers=tuple(each for each in row.identifiers if each not in taken))
