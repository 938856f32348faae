"""The pairs that were proposed: listed, looked at side by side, dismissed, and proposed by colleagues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.duplicates.models import DuplicatePair
from app.duplicates.rules import DuplicateReason, PairState
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.texts import N_

_NO_PAIR = N_("There is no such pair.")
_NO_PATIENT = N_("No such patient.")
_DECIDED = N_("Somebody decided on this pair already.")
_SAME = N_("A record cannot be merged with itself.")
_FIRST, _SECOND = aliased(Patient), aliased(Patient)
_PROPOSED_SCORE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """A pair with both records."""

    pair: DuplicatePair
    first: Patient
    second: Patient


def list_pairs(
    session: Session,
    *,
    reason: DuplicateReason | None = None,
    newest_first: bool = False,
    limit: int,
    cursor: str | None = None,
) -> Page[PairView]:
    """Open pairs, the likeliest or the newest first. Raises InvalidInput for a damaged cursor."""
    score, id = DuplicatePair.score, DuplicatePair.id
    query = _open(reason).options(selectinload(_FIRST.phones), selectinload(_SECOND.phones)).limit(limit + 1)
    query = query.order_by(id.desc()) if newest_first else query.order_by(score.desc(), id.desc())
    if cursor:
        last_score, last_id = read_cursor(cursor, [int, int])
        below = and_(score == last_score, id < last_id)
        query = query.where(id < last_id if newest_first else or_(score < last_score, below))
    rows = session.execute(query).all()
    items = [PairView(pair=pair, first=first, second=second) for pair, first, second in rows[:limit]]
    last = items[-1].pair if len(rows) > limit else None
    return Page(items=items, next_cursor=write_cursor(last.score, last.id) if last else None)


def count_pairs(session: Session) -> dict[DuplicateReason, int]:
    """How many pairs are open, by their strongest reason."""
    counted = _open(None).with_only_columns(DuplicatePair.reason, func.count()).group_by(DuplicatePair.reason)
    return {DuplicateReason(reason): count for reason, count in session.execute(counted)}


def get_pair(session: Session, pair_id: int) -> PairView:
    """The pair with both records and their lists. Raises NotFound, also when one was merged meanwhile."""
    query = _both().where(DuplicatePair.id == pair_id)
    for side in (_FIRST, _SECOND):
        query = query.options(selectinload(side.phones), selectinload(side.identifiers), selectinload(side.contacts))
    row = session.execute(query).one_or_none() if 0 < pair_id < 2**31 else None
    if row is None:
        raise NotFound(_NO_PAIR)
    return PairView(pair=row[0], first=row[1], second=row[2])


def pairs_of(session: Session, patient_id: int) -> Sequence[PairView]:
    """The open pairs of one record."""
    is_theirs = or_(DuplicatePair.first_id == patient_id, DuplicatePair.second_id == patient_id)
    rows = session.execute(_open(None).where(is_theirs).order_by(DuplicatePair.score.desc()).limit(20))
    return [PairView(pair=pair, first=first, second=second) for pair, first, second in rows]


def dismiss(session: Session, bus: Bus, pair_id: int, *, by: str, now: datetime) -> DuplicatePair:
    """Say that they are two people, for good. Raises NotFound, and Conflict when somebody decided otherwise."""
    return _decide(session, bus, pair_id, (PairState.OPEN, PairState.DISMISSED), by=by, now=now)


def reopen(session: Session, bus: Bus, pair_id: int, *, by: str, now: datetime) -> DuplicatePair:
    """Take a dismissal back. Raises NotFound, and Conflict when it is not dismissed."""
    return _decide(session, bus, pair_id, (PairState.DISMISSED, PairState.OPEN), by=by, now=now)


def propose(session: Session, bus: Bus, one_id: int, other_id: int, *, by: str, now: datetime) -> DuplicatePair:
    """Ask somebody who may merge to look at these two. Raises NotFound, and InvalidInput for one record twice."""
    access.need_write(session, Module.CONTACT)
    first, second = sorted((one_id, other_id))
    if first == second:
        raise InvalidInput(_SAME, field="other_id")
    for patient_id in (first, second):
        patient = session.get(Patient, patient_id) if 0 < patient_id < 2**31 else None
        if patient is None or patient.merged_into_id is not None:
            raise NotFound(_NO_PATIENT)
    is_pair = and_(DuplicatePair.first_id == first, DuplicatePair.second_id == second)
    pair = session.scalar(select(DuplicatePair).where(is_pair))
    if pair is None:
        reason = DuplicateReason.PROPOSED
        pair = DuplicatePair(first_id=first, second_id=second, reasons=[reason], reason=reason, score=_PROPOSED_SCORE)
        pair.found_at = now
        session.add(pair)
    pair.state, pair.proposed_by = PairState.OPEN, by
    session.flush()
    _tell(session, bus, pair, by, now)
    return pair


def _both() -> Select[DuplicatePair, Patient, Patient]:
    return (
        select(DuplicatePair, _FIRST, _SECOND)
        .join(_FIRST, _FIRST.id == DuplicatePair.first_id)
        .join(_SECOND, _SECOND.id == DuplicatePair.second_id)
        .where(_FIRST.merged_into_id.is_(None), _SECOND.merged_into_id.is_(None))
    )


def _open(reason: DuplicateReason | None) -> Select[DuplicatePair, Patient, Patient]:
    query = _both().where(DuplicatePair.state == PairState.OPEN)
    return query.where(DuplicatePair.reason == reason) if reason else query


def _decide(
    session: Session, bus: Bus, pair_id: int, step: tuple[PairState, PairState], *, by: str, now: datetime
) -> DuplicatePair:
    access.need_write(session, Module.CONTACT)
    pair = get_pair(session, pair_id).pair
    if pair.state != step[0]:
        raise Conflict(_DECIDED)
    pair.state, pair.decided_at, pair.decided_by = step[1], now, by
    session.flush()
    _tell(session, bus, pair, by, now)
    return pair


def _tell(session: Session, bus: Bus, pair: DuplicatePair, by: str, now: datetime) -> None:
    payload = {"pair_id": pair.id, "state": pair.state}
    journal.append(session, bus, [journal.Entry(kind="duplicates.decided", at=now, agent=by, payload=payload)])
