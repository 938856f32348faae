"""Calls as people look them up afterwards: filtered, newest first, with who and the recording beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.calls.models import Call, Leg
from app.calls.rules import Fate, Part, talk_seconds
from app.errors import NotFound
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.queues.service import was_abandoned, was_answered, was_in_time, was_offered
from app.recordings.models import Recording
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilters:
    """What a list is narrowed to; nothing means everything. `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    patient_id: int | None = None
    agent: str | None = None
    direction: str | None = None
    outcome: str | None = None
    number: str | None = None  # E.164
    queue: str | None = None
    fate: Fate | None = None
    part: Part | None = None  # what became of it at `part_of`
    part_of: str | None = None  # username


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call with what is shown beside it."""

    call: Call
    patient_name: str | None
    agent_name: str | None
    recording_id: str | None
    recording_state: str | None

    @property
    def talk_seconds(self) -> int | None:
        return talk_seconds(self.call.answered_at, self.call.ended_at)


def list_calls(session: Session, filters: CallFilters, *, limit: int, cursor: str | None = None) -> Page[CallRecord]:
    """Calls newest first. Raises InvalidInput for a damaged cursor."""
    statement = _filtered(session, filters)
    if cursor:
        at, last_id = read_cursor(cursor, [datetime, str])
        statement = statement.where(or_(Call.started_at < at, and_(Call.started_at == at, Call.id < last_id)))
    rows = session.execute(statement.order_by(Call.started_at.desc(), Call.id.desc()).limit(limit + 1))
    records = [_record(*row) for row in rows]
    last = records[limit - 1].call if len(records) > limit else None
    return Page(items=records[:limit], next_cursor=write_cursor(last.started_at, last.id) if last else None)


def get_call(session: Session, call_id: str) -> CallRecord:
    """One call. Raises NotFound."""
    row = (
        session.execute(_filtered(session, CallFilters()).where(Call.id == call_id)).first()
        if "\x00" not in call_id
        else None
    )
    if row is None:
        raise NotFound(N_("No such call."))
    return _record(*row)


def agents_with_calls(session: Session) -> Sequence[tuple[str, str]]:
    """Username and display name of everybody who may have had a call, for the filter of the list."""
    rows = session.execute(select(User.username, User.display_name).order_by(User.display_name, User.username))
    return [(username, name) for username, name in rows]


def _filtered(session: Session, filters: CallFilters) -> Select[Call, str, str, str, str]:
    statement = (
        select(Call, Patient.name, User.display_name, Recording.id, Recording.state)
        .outerjoin(Patient, Patient.id == Call.patient_id)
        .outerjoin(User, User.username == Call.agent)
        .outerjoin(Recording, Recording.call_id == Call.id)
    )
    if filters.since is not None:
        statement = statement.where(Call.started_at >= filters.since)
    if filters.until is not None:
        statement = statement.where(Call.started_at < filters.until)
    plain = {
        Call.patient_id: filters.patient_id,
        Call.agent: filters.agent,
        Call.direction: filters.direction,
        Call.outcome: filters.outcome,
        Call.number: filters.number,
        Call.queue: filters.queue,
    }
    for column, value in plain.items():
        if value is not None:
            statement = statement.where(column == value)
    if filters.fate is not None:
        statement = statement.where(_of_fate(session, filters.fate))
    if filters.part is not None and filters.part_of:
        statement = statement.where(_of_part(filters.part, filters.part_of))
    return statement


def _of_fate(session: Session, fate: Fate) -> ColumnElement[bool]:
    offered = and_(was_offered(), Call.queue.is_not(None))
    match fate:
        case Fate.ANSWERED:
            return and_(offered, was_answered())
        case Fate.ABANDONED:
            return and_(offered, was_abandoned())
        case Fate.IN_TIME:
            return and_(offered, was_in_time(session))
        case Fate.OFFERED:
            return offered


def _of_part(part: Part, agent: str) -> ColumnElement[bool]:
    theirs = [Leg.call_id == Call.id, Leg.agent == agent]
    match part:
        case Part.OUTBOUND:
            return and_(Call.direction == "outbound", or_(Call.agent == agent, exists().where(*theirs)))
        case Part.ANSWERED:
            theirs.append(Leg.answered_at.is_not(None))
        case Part.MISSED:
            theirs += [Leg.answered_at.is_(None), Leg.cause == "NOANSWER"]
        case Part.REJECTED:
            theirs += [Leg.answered_at.is_(None), Leg.cause == "BUSY"]
    return and_(Call.direction == "inbound", exists().where(*theirs))


def _record(
    call: Call, patient_name: str | None, agent_name: str | None, recording_id: str | None, recording_state: str | None
) -> CallRecord:
    return CallRecord(
        call=call,
        patient_name=patient_name,
        agent_name=agent_name or call.agent,
        recording_id=recording_id,
        recording_state=recording_state,
    )
