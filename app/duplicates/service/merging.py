"""Make two records one, and take that back: nothing is lost, and the old id still finds the person (U-12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, inspect, select, update
from sqlalchemy.orm import Session, aliased

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.db import UTCDateTime, rows_changed
from app.duplicates.models import DuplicatePair, MergeLog
from app.duplicates.rules import PairState, Side, merged_values
from app.duplicates.service.moving import move_back, move_rows
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.patients.service.terms import renew_terms
from app.texts import N_

_NO_PATIENT = N_("No such patient.")
_NO_MERGE = N_("There is no such merge.")
_SAME = N_("A record cannot be merged with itself.")
_MERGED_ALREADY = N_("One of the two records was merged meanwhile. Look at the new state first.")
_UNDONE_ALREADY = N_("This merge was undone already.")
_WINNER_MERGED = N_("The surviving record was itself merged into another one afterwards. Undo that merge first.")
_CHANGED = N_("This merge can no longer be undone exactly: the old record got rows of its own meanwhile.")
_PATIENT: Any = Patient.__table__
_WHOLE = {access.UNSCOPED: True}


def merge(
    session: Session,
    bus: Bus,
    *,
    winner_id: int,
    loser_id: int,
    choices: Mapping[str, Side] | None = None,
    by: str | None,
    now: datetime,
) -> MergeLog:
    """Give everything of the loser to the winner; the loser stays for its id only.

    `choices` names the side whose value a column keeps; where it names none, the winner's stays, and what it does not
    know comes from the loser. Raises NotFound, InvalidInput for one record twice, Conflict when somebody was first.
    """
    access.need_write(session, Module.CONTACT)
    if winner_id == loser_id:
        raise InvalidInput(_SAME, field="loser_id")
    winner, loser = _visible(session, winner_id), _visible(session, loser_id)
    _lock(session, winner_id, loser_id)
    session.refresh(winner)
    session.refresh(loser)
    before = _columns(winner)
    changed = merged_values(before, _columns(loser), choices or {}) | {"updated_at": now}
    moved = move_rows(session, source=loser_id, target=winner_id)
    _set(session, winner_id, changed)
    _set(session, loser_id, {"merged_into_id": winner_id})
    log = MergeLog(
        winner_id=winner_id,
        loser_id=loser_id,
        moved=moved,
        fields={name: [_dump(before[name]), _dump(value)] for name, value in changed.items()},
        merged_at=now,
        merged_by=by,
    )
    session.add(log)
    session.flush()
    _decide_pair(session, winner_id, loser_id, PairState.MERGED, by, now)
    renew_terms(session, [winner_id, loser_id])
    _tell(session, bus, "patient.merged", log, by, now)
    session.expire_all()
    return log


def undo(session: Session, bus: Bus, merge_id: int, *, by: str | None, now: datetime) -> MergeLog:
    """Take a merge back: both records are what they were, and what came since stays with the winner.

    A column that somebody changed after the merge keeps that change and is named in `left`. Raises NotFound, and
    Conflict for a merge that was undone, or that cannot be undone exactly before a later one is.
    """
    access.need_write(session, Module.CONTACT)
    log = session.get(MergeLog, merge_id) if 0 < merge_id < 2**31 else None
    if log is None:
        raise NotFound(_NO_MERGE)
    claimed = session.execute(
        update(MergeLog)
        .where(MergeLog.id == merge_id, MergeLog.undone_at.is_(None))
        .values(undone_at=now, undone_by=by)
    )
    if rows_changed(claimed) != 1:
        raise Conflict(_UNDONE_ALREADY)
    session.refresh(log)
    winner_id, loser_id = log.winner_id, log.loser_id
    if not _bump(session, winner_id):
        raise Conflict(_WINNER_MERGED)
    if not move_back(session, log.moved, source=winner_id, target=loser_id):
        raise Conflict(_CHANGED)
    _set(session, loser_id, {"merged_into_id": None})
    log.left = _restore_fields(session, log)
    _gather_again(session, winner_id)
    session.flush()
    _decide_pair(session, winner_id, loser_id, PairState.DISMISSED, by, now)
    renew_terms(session, [winner_id, loser_id])
    _tell(session, bus, "patient.unmerged", log, by, now)
    return log


def merges_of(session: Session, patient_id: int) -> list[MergeLog]:
    """The merges of this record that hold, latest first, also those that went into it by way of another one."""
    found: list[MergeLog] = []
    level = [patient_id]
    while level:
        query = select(MergeLog).where(MergeLog.winner_id.in_(level), MergeLog.undone_at.is_(None))
        logs = list(session.scalars(query))
        found += logs
        level = [log.loser_id for log in logs]
    return sorted(found, key=lambda log: -log.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeView:
    """A merge with both records."""

    log: MergeLog
    winner: Patient
    loser: Patient


def list_merges(session: Session, *, limit: int, cursor: str | None = None) -> Page[MergeView]:
    """All merges, latest first. Raises InvalidInput for a damaged cursor."""
    winner, loser = aliased(Patient), aliased(Patient)
    query = (
        select(MergeLog, winner, loser)
        .join(winner, winner.id == MergeLog.winner_id)
        .join(loser, loser.id == MergeLog.loser_id)
        .order_by(MergeLog.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        [last] = read_cursor(cursor, [int])
        query = query.where(MergeLog.id < last)
    rows = session.execute(query).all()
    items = [MergeView(log=log, winner=kept, loser=gone) for log, kept, gone in rows[:limit]]
    return Page(items=items, next_cursor=write_cursor(items[-1].log.id) if len(rows) > limit else None)


def surviving_id(session: Session, patient_id: int) -> int:
    """The id of the record that holds the person now: the same one unless it was merged."""
    while True:
        into = session.scalar(
            select(_PATIENT.c.merged_into_id).where(_PATIENT.c.id == patient_id), execution_options=_WHOLE
        )
        if into is None:
            return patient_id
        patient_id = into


def _visible(session: Session, patient_id: int) -> Patient:
    found = session.get(Patient, patient_id) if 0 < patient_id < 2**31 else None
    if found is None:
        raise NotFound(_NO_PATIENT)
    return found


def _lock(session: Session, *patient_ids: int) -> None:
    # In one order for everybody, so that two merges of the same two records wait instead of blocking each other.
    for patient_id in sorted(patient_ids):
        if not _bump(session, patient_id):
            raise Conflict(_MERGED_ALREADY)


def _bump(session: Session, patient_id: int) -> bool:
    held = session.execute(
        update(_PATIENT)
        .where(_PATIENT.c.id == patient_id, _PATIENT.c.merged_into_id.is_(None))
        .values(row_version=_PATIENT.c.row_version + 1),
        execution_options=_WHOLE,
    )
    return rows_changed(held) == 1


def _set(session: Session, patient_id: int, values: Mapping[str, Any]) -> None:
    session.execute(update(_PATIENT).where(_PATIENT.c.id == patient_id).values(values), execution_options=_WHOLE)


def _columns(patient: Patient) -> dict[str, Any]:
    return {column.key: getattr(patient, column.key) for column in inspect(Patient).column_attrs}


def _restore_fields(session: Session, log: MergeLog) -> list[str]:
    row = (
        session.execute(select(_PATIENT).where(_PATIENT.c.id == log.winner_id), execution_options=_WHOLE)
        .mappings()
        .one()
    )
    later = select(MergeLog).where(
        MergeLog.winner_id == log.winner_id, MergeLog.id > log.id, MergeLog.undone_at.is_(None)
    )
    following = list(session.scalars(later.order_by(MergeLog.id), execution_options=_WHOLE))
    restored: dict[str, Any] = {}
    left: list[str] = []
    for name, (before, after) in log.fields.items():
        # A later merge replaced the value: undoing that one must lead to what was before both.
        next_one = next((each for each in following if name in each.fields), None)
        if next_one is not None and next_one.fields[name][0] == after:
            next_one.fields = {**next_one.fields, name: [before, next_one.fields[name][1]]}
        elif _dump(row[name]) == after:
            restored[name] = _load(name, before)
        elif name not in ("updated_at", "active_at"):
            left.append(name)
    if restored:
        _set(session, log.winner_id, restored)
    return left


def _gather_again(session: Session, winner_id: int) -> None:
    """What other merged records could not give before, because the winner had the same, goes to it now."""
    others = select(MergeLog).where(MergeLog.winner_id == winner_id, MergeLog.undone_at.is_(None)).order_by(MergeLog.id)
    for log in session.scalars(others, execution_options=_WHOLE):
        for name, keys in move_rows(session, source=log.loser_id, target=winner_id).items():
            log.moved = {**log.moved, name: [*log.moved.get(name, []), *keys]}


def _decide_pair(session: Session, one: int, other: int, state: PairState, by: str | None, now: datetime) -> None:
    first, second = sorted((one, other))
    session.execute(
        update(DuplicatePair)
        .where(DuplicatePair.first_id == first, DuplicatePair.second_id == second)
        .values(state=state, decided_at=now, decided_by=by)
    )


def _tell(session: Session, bus: Bus, kind: str, log: MergeLog, by: str | None, now: datetime) -> None:
    payload = {"patient_id": log.winner_id, "merged_id": log.loser_id, "merge_id": log.id}
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, agent=by, payload=payload)])


def _dump(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _load(name: str, value: Any) -> Any:
    kind = _PATIENT.c[name].type
    if value is not None and isinstance(kind, UTCDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if value is not None and isinstance(kind, Date) else value
