"""Look for records that may be one person: after each change of a record, and once through all of them.

What the search proposes is kept up to date: a pair whose reasons are gone goes too, one that a person dismissed stays
dismissed. Several processes may search at once; who moves the mark by a conditional update writes.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.db import rows_changed
from app.duplicates.models import DuplicatePair, DuplicateSearch
from app.duplicates.rules import DuplicateReason, PairState, compare, score_of
from app.duplicates.service.candidates import load_candidates
from app.journal import service as journal
from app.journal.models import JournalEntry
from app.parts import Parts
from app.patients.models import Patient

_PATIENT: Any = Patient.__table__
_PAIR: Any = DuplicatePair.__table__
_MARK = 1
# Small steps: where everything is one process, calls wait for the interpreter beside them.
_BATCH = 50
_ENTRIES = 100
# A sweep shares its thread with all other sweeps.
_SECONDS = 0.25
_LOWEST_SCORE = 25

Found = dict[tuple[int, int], tuple[list[DuplicateReason], int]]


def search_changed(parts: Parts) -> int:
    """Compare the records that changed since the last look, then go on with a full run. Returns how many were compared.

    Takes about a quarter of a second at most; what is left comes the next time.
    """
    ends_at = time.monotonic() + _SECONDS
    compared = 0
    while time.monotonic() < ends_at:
        count = _step(parts)
        if not count:
            break
        compared += count
    return compared


def search_all(session: Session) -> None:
    """Begin a full run; sweeps carry it out."""
    last = session.connection().execute(select(func.max(_PATIENT.c.id))).scalar_one()
    mark = session.get(DuplicateSearch, _MARK)
    if mark is None:
        session.add(DuplicateSearch(id=_MARK, journal_seq=journal.latest_seq(session), next_id=1, last_id=last or 0))
    else:
        mark.next_id, mark.last_id = 1, last or 0


def find_pairs(session: Session, patient_ids: Collection[int]) -> Found:
    """Compare these records with all others: for each pair that may be one person its reasons and its score."""
    people, others = load_candidates(session.connection(), patient_ids)
    found: Found = {}
    for person in people:
        for other in others[person.id]:
            reasons = compare(person, other)
            score = score_of(reasons, person, other) if reasons else 0
            if score >= _LOWEST_SCORE:
                found[min(person.id, other.id), max(person.id, other.id)] = reasons, score
    return found


def keep_pairs(session: Session, patient_ids: Collection[int], found: Found, *, now: datetime) -> None:
    """Make what is proposed about these records say exactly what was found; what people decided stays."""
    connection = session.connection()
    is_theirs = or_(_PAIR.c.first_id.in_(patient_ids), _PAIR.c.second_id.in_(patient_ids))
    columns = [_PAIR.c[name] for name in ("id", "first_id", "second_id", "state", "proposed_by", "reasons", "score")]
    there = {(row.first_id, row.second_id): row for row in connection.execute(select(*columns).where(is_theirs))}
    for pair, (reasons, score) in found.items():
        old = there.get(pair)
        values = {"reasons": [*reasons], "reason": reasons[0], "score": score}
        if old is None:
            row = {"first_id": pair[0], "second_id": pair[1], "state": PairState.OPEN, "found_at": now, **values}
            connection.execute(insert(_PAIR).values(row))
        elif old.state == PairState.OPEN and (old.reasons, old.score) != ([*reasons], score):
            connection.execute(update(_PAIR).where(_PAIR.c.id == old.id).values(values))
    gone = [
        old.id
        for pair, old in there.items()
        if old.state == PairState.OPEN and old.proposed_by is None and pair not in found
    ]
    connection.execute(delete(_PAIR).where(_PAIR.c.id.in_(gone)))


def _step(parts: Parts) -> int:
    with parts.database.reading() as session:
        todo = _todo(session)
        found = find_pairs(session, todo.ids) if todo else {}
    if todo is None:
        with parts.database.writing() as session:
            search_all(session)
        return 1
    if (todo.seq, todo.next_id) == (todo.new_seq, todo.new_next_id):
        return 0
    with parts.database.writing() as session:
        same = DuplicateSearch.next_id.is_(None) if todo.next_id is None else DuplicateSearch.next_id == todo.next_id
        moved = session.execute(
            update(DuplicateSearch)
            .where(DuplicateSearch.id == _MARK, DuplicateSearch.journal_seq == todo.seq, same)
            .values(journal_seq=todo.new_seq, next_id=todo.new_next_id)
        )
        if rows_changed(moved) == 1 and todo.ids:
            keep_pairs(session, todo.ids, found, now=parts.now())
    return max(1, len(todo.ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Todo:
    """The records to compare next, and the mark before and after."""

    ids: list[int]
    seq: int
    new_seq: int
    next_id: int | None
    new_next_id: int | None


def _todo(session: Session) -> _Todo | None:
    mark = session.get(DuplicateSearch, _MARK)
    if mark is None:
        return None
    new_seq, ids = _changed_since(session, mark.journal_seq)
    new_next_id = mark.next_id
    if not ids and mark.next_id is not None:
        following = select(_PATIENT.c.id).where(_PATIENT.c.id >= mark.next_id, _PATIENT.c.id <= (mark.last_id or 0))
        ids = list(session.connection().execute(following.order_by(_PATIENT.c.id).limit(_BATCH)).scalars())
        new_next_id = ids[-1] + 1 if ids else None
    return _Todo(ids=ids, seq=mark.journal_seq, new_seq=new_seq, next_id=mark.next_id, new_next_id=new_next_id)


def _changed_since(session: Session, seq: int) -> tuple[int, list[int]]:
    rows = session.execute(
        select(JournalEntry.seq, JournalEntry.kind, JournalEntry.payload)
        .where(JournalEntry.seq > seq)
        .order_by(JournalEntry.seq)
        .limit(_ENTRIES)
    )
    ids: set[int] = set()
    for entry_seq, kind, payload in rows:
        # One entry of an import names a thousand people: enough for one step.
        if len(ids) >= _BATCH:
            break
        seq = entry_seq
        if kind.startswith("patient."):
            ids |= _people_in(payload)
    return seq, sorted(ids)


def _people_in(payload: dict[str, Any]) -> set[int]:
    ids = set(payload.get("patient_ids", ()))
    if "first_id" in payload and "last_id" in payload:
        ids |= set(range(payload["first_id"], payload["last_id"] + 1))
    return ids | {payload[name] for name in ("patient_id", "merged_id") if payload.get(name)}
