"""Find recordings: one by its id, or a page of them by what they are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, undefer

from app.accounts.models import User
from app.alarms.models import Alarm
from app.alarms.rules import AlarmKind
from app.calls.models import Call
from app.errors import NotFound
from app.journal.models import JournalEntry
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT, Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.recordings.models import Recording, RecordingHold
from app.recordings.rules import RecordingState
from app.recordings.service.words import said_in
from app.texts import N_

_FEWEST_INDEXED_DIGITS = 4
_LOOK_KINDS = (
    AlarmKind.RECORDING_MISSING,
    AlarmKind.RECORDING_DOUBTFUL,
    AlarmKind.RECORDING_ALTERED,
    AlarmKind.RECORDING_STALLED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list of recordings is narrowed to; an empty filter lets everything pass. `until` is exclusive."""

    agent: str | None = None
    patient_id: int | None = None
    direction: str | None = None
    state: RecordingState | None = None
    since: datetime | None = None
    until: datetime | None = None
    needs_look: bool = False
    number: str | None = None  # E.164, or the last digits of it
    queue: str | None = None
    disposition: str | None = None
    shortest_seconds: float | None = None
    longest_seconds: float | None = None
    marker: str | None = None  # a kind of event of the call, such as held
    is_held: bool = False  # kept whatever its age
    words: Sequence[str] = ()  # folded, each of them said by somebody
    also: Sequence[ColumnElement[bool]] = ()  # what other rooms and other searches narrow it to


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingItem:
    """A recording with the call it belongs to. `needs_look`: an alarm about it is open."""

    recording: Recording
    call: Call
    patient_name: str | None
    agent_name: str | None
    needs_look: bool


def get(session: Session, recording_id: str) -> Recording:
    """The recording. Raises NotFound."""
    recording = session.get(Recording, _id_of(recording_id))
    if recording is None:
        raise NotFound(N_("There is no such recording."))
    return recording


def get_item(session: Session, recording_id: str) -> RecordingItem:
    """The recording with its call. Raises NotFound."""
    row = session.execute(_items().where(Recording.id == _id_of(recording_id))).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such recording."))
    return _item(row)


def peaks_of(session: Session, recording_id: str) -> tuple[Recording, dict[str, Any]]:
    """The recording and the peaks of its two sides. Raises NotFound; the peaks are empty while there is no audio."""
    recording = session.get(Recording, _id_of(recording_id), options=[undefer(Recording.peaks)])
    if recording is None:
        raise NotFound(N_("There is no such recording."))
    return recording, recording.peaks or {"per_second": 0, "patient": [], "agent": []}


def list_recordings(
    session: Session, filters: Filters, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[RecordingItem]:
    """A page of recordings, newest first. Raises InvalidInput for a damaged cursor."""
    limit = max(1, min(limit, LARGEST_LIMIT))
    query = _items().order_by(Recording.started_at.desc(), Recording.id.desc()).limit(limit + 1)
    query = query.where(*_conditions(filters), *said_in(session, filters.words), *filters.also)
    if cursor:
        at, recording_id = read_cursor(cursor, (datetime, str))
        query = query.where(
            or_(Recording.started_at < at, and_(Recording.started_at == at, Recording.id < recording_id))
        )
    rows = session.execute(query).all()
    items = [_item(row) for row in rows[:limit]]
    last = items[-1].recording if len(rows) > limit else None
    return Page(items=items, next_cursor=write_cursor(last.started_at, last.id) if last else None)


def needs_look(session: Session) -> dict[AlarmKind, int]:
    """How many alarms about recordings are open, by kind."""
    kinds = (*_LOOK_KINDS, AlarmKind.RECORDINGS_UNSTORED, AlarmKind.MANIFEST_BROKEN)
    rows = session.execute(
        select(Alarm.kind, func.count()).where(Alarm.kind.in_(kinds), Alarm.cleared_at.is_(None)).group_by(Alarm.kind)
    )
    return {AlarmKind(kind): count for kind, count in rows}


def source_names_stored(session: Session, source_names: Collection[str]) -> set[str]:
    """Which of these file stems have their audio stored, so that the raw file is no longer needed."""
    query = select(Recording.source_name).where(
        Recording.source_name.in_(source_names), Recording.path.is_not(None), Recording.sha256.is_not(None)
    )
    return set(session.scalars(query))


def _id_of(text: str) -> str:
    # PostgreSQL takes no NUL in a text.
    if "\x00" in text:
        raise NotFound(N_("There is no such recording."))
    return text


def _items() -> Select[Recording, Call, str, str, bool]:
    look = (
        select(Alarm.id)
        .where(Alarm.subject == Recording.call_id, Alarm.kind.in_(_LOOK_KINDS), Alarm.cleared_at.is_(None))
        .exists()
    )
    return (
        select(Recording, Call, Patient.name, User.display_name, look.label("look"))
        .join(Call, Call.id == Recording.call_id)
        .join(Patient, Patient.id == Call.patient_id, isouter=True)
        .join(User, User.username == Call.agent, isouter=True)
    )


def _conditions(filters: Filters) -> list[Any]:
    conditions: list[Any] = []
    if filters.agent:
        conditions.append(Call.agent == filters.agent)
    if filters.patient_id is not None:
        conditions.append(Call.patient_id == filters.patient_id)
    if filters.direction:
        conditions.append(Call.direction == filters.direction)
    if filters.state is not None:
        conditions.append(Recording.state == filters.state)
    if filters.since is not None:
        conditions.append(Recording.started_at >= filters.since)
    if filters.until is not None:
        conditions.append(Recording.started_at < filters.until)
    if filters.number:
        conditions.append(_has_number(filters.number))
    if filters.queue:
        conditions.append(Call.queue == filters.queue)
    if filters.disposition:
        conditions.append(Call.disposition == filters.disposition)
    if filters.shortest_seconds is not None:
        conditions.append(Recording.seconds >= filters.shortest_seconds)
    if filters.longest_seconds is not None:
        conditions.append(Recording.seconds <= filters.longest_seconds)
    if filters.marker:
        of_call = JournalEntry.call_id == Recording.call_id
        conditions.append(exists().where(of_call, JournalEntry.kind == f"call.{filters.marker}"))
    if filters.is_held:
        of_recording = RecordingHold.recording_id == Recording.id
        conditions.append(exists().where(of_recording, RecordingHold.released_at.is_(None)))
    if filters.needs_look:
        open_subjects = select(Alarm.subject).where(Alarm.kind.in_(_LOOK_KINDS), Alarm.cleared_at.is_(None))
        conditions.append(Recording.call_id.in_(open_subjects))
    return conditions


def _has_number(number: str) -> ColumnElement[bool]:
    if number.startswith("+"):
        return Call.number == number
    if len(number) < _FEWEST_INDEXED_DIGITS:
        # So many calls end so that a page is full long before the index has been read.
        return Call.number.endswith(number)
    low = number[::-1]
    return and_(Call.number_reversed >= low, Call.number_reversed < low[:-1] + chr(ord(low[-1]) + 1))


def _item(row: Sequence[Any]) -> RecordingItem:
    recording, call, patient_name, agent_name, look = row
    return RecordingItem(
        recording=recording, call=call, patient_name=patient_name, agent_name=agent_name, needs_look=bool(look)
    )
