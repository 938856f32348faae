"""What a timeline is made of: one source for each kind of entry. Other rooms add theirs with `add_timeline_source`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.accounts.models import User
from app.calls.models import Call
from app.calls.rules import talk_seconds
from app.errors import InvalidInput
from app.messages.models import Message
from app.organisation.models import Department
from app.paging import read_cursor, write_cursor
from app.recordings.models import Recording
from app.recordings.rules import RecordingState
from app.texts import N_
from app.visits.models import Exam, Operation, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """One entry. `kind` is the name of its source; fields that only other kinds have are empty.

    `phase` is pre, in or post (G-07), nothing for somebody who may not know about visits.
    """

    kind: str
    at: datetime
    id: str
    phase: str | None = None
    direction: str = ""  # inbound or outbound, for calls and messages
    number: str = ""
    agent: str | None = None
    agent_name: str | None = None
    state: str = ""
    outcome: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    disposition: str | None = None
    note: str | None = None
    recording_id: str | None = None
    recording_state: str | None = None
    text: str | None = None
    message_kind: str | None = None
    error: str | None = None
    title: str | None = None  # what it was, in the source's own words
    detail: str | None = None  # where or with whom

    @property
    def is_settled(self) -> bool:
        """False while the entry will still change: a call that lasts, audio being fetched, a text under way."""
        if self.kind == "message":
            return self.state not in _UNDER_WAY
        fetching = self.recording_state in (RecordingState.RECORDING, RecordingState.WAITING)
        return self.kind != "call" or (self.ended_at is not None and not fetching)


_UNDER_WAY = ("queued", "sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page ended: the moment, kind and id of its last entry."""

    at: datetime
    kind: str
    id: str

    @classmethod
    def read(cls, cursor: str) -> Place:
        """The place in a cursor. Raises InvalidInput for one that is damaged."""
        at, kind, entry = read_cursor(cursor, [datetime, str, str])
        assert isinstance(at, datetime)
        return cls(at=at, kind=str(kind), id=str(entry))

    def write(self) -> str:
        return write_cursor(self.at, self.kind, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineSource:
    """One kind of entry. `rows` selects them for one patient id; `item` makes an entry of a row.

    `at` and `key` are the columns that the rows are paged by, newest first: `key` is unique among the rows. `title` and
    `icon` are for the filter; `template` shows an entry, where the plain one (title, detail, text) does not do.
    """

    name: str
    title: str
    icon: str
    module: Module
    rows: Any
    patient: Any
    at: Any
    key: Any
    item: Callable[..., TimelineItem]
    template: str = "patients/_item_plain.html"

    def newest(self, session: Session, patient_id: int, before: Place | None, limit: int) -> list[TimelineItem]:
        """The newest entries of that patient that come after `before` on the way back in time."""
        page = self.rows.where(self.patient == patient_id).order_by(self.at.desc(), self.key.desc()).limit(limit)
        if before is not None:
            page = page.where(self._follows(before))
        return [self.item(*row) for row in session.execute(page)]

    def one(self, session: Session, patient_id: int, entry: str) -> TimelineItem | None:
        """The entry with that id as it is now, if it is this patient's."""
        if "\x00" in entry or (self._counts() and not _is_number(entry)):
            return None
        key = int(entry) if self._counts() else entry
        row = session.execute(self.rows.where(self.patient == patient_id, self.key == key)).first()
        return self.item(*row) if row is not None else None

    def _follows(self, place: Place) -> ColumnElement[bool]:
        earlier: ColumnElement[bool] = self.at < place.at
        if place.kind == self.name:
            if self._counts() and not _is_number(place.id):
                detail = N_("This page address is damaged. Start again from the first page.")
                raise InvalidInput(detail, field="cursor")
            return or_(earlier, and_(self.at == place.at, self.key < (int(place.id) if self._counts() else place.id)))
        # At the same instant kinds follow each other by name, backwards: the cursor needs one fixed order, whichever.
        return or_(earlier, self.at == place.at) if self.name < place.kind else earlier

    def _counts(self) -> bool:
        return self.key.type.python_type is int


def add_timeline_source(source: TimelineSource) -> None:
    """Put one more kind of entry on every timeline. The same name again replaces it."""
    SOURCES[source.name] = source


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _call_item(call: Call, recording_id: str | None, recording_state: str | None, name: str | None) -> TimelineItem:
    return TimelineItem(
        kind="call",
        at=call.started_at,
        id=call.id,
        direction=call.direction,
        number=call.number,
        agent=call.agent,
        agent_name=name or call.agent,
        state=call.state,
        outcome=call.outcome,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_seconds=talk_seconds(call.answered_at, call.ended_at),
        disposition=call.disposition,
        note=call.note,
        recording_id=recording_id,
        recording_state=recording_state,
    )


def _message_item(message: Message, name: str | None) -> TimelineItem:
    return TimelineItem(
        kind="message",
        at=message.created_at,
        id=str(message.id),
        direction="inbound" if message.direction == "in" else "outbound",
        number=message.number,
        agent=message.created_by,
        agent_name=name or message.created_by,
        state=message.state,
        text=message.text,
        message_kind=message.kind,
        error=message.error_code,
    )


def _visit_item(visit: Visit, department: str | None) -> TimelineItem:
    parts = (department, visit.ward, visit.doctor)
    return TimelineItem(
        kind="visit",
        at=visit.started_at,
        id=str(visit.id),
        state=visit.status,
        outcome=visit.kind,
        ended_at=visit.ended_at,
        detail=" · ".join(part for part in parts if part) or None,
    )


def _operation_item(operation: Operation) -> TimelineItem:
    return TimelineItem(
        kind="operation", at=operation.at, id=str(operation.id), title=operation.name, detail=operation.doctor
    )


def _exam_item(exam: Exam) -> TimelineItem:
    return TimelineItem(kind="exam", at=exam.at, id=str(exam.id), outcome=exam.kind, title=exam.name, text=exam.summary)


SOURCES: dict[str, TimelineSource] = {}
add_timeline_source(
    TimelineSource(
        name="call",
        title=N_("Calls"),
        icon="telephone",
        module=Module.CALLS,
        rows=select(Call, Recording.id, Recording.state, User.display_name)
        .outerjoin(Recording, Recording.call_id == Call.id)
        .outerjoin(User, User.username == Call.agent),
        patient=Call.patient_id,
        at=Call.started_at,
        key=Call.id,
        item=_call_item,
        template="patients/_item_call.html",
    )
)
add_timeline_source(
    TimelineSource(
        name="message",
        title=N_("Messages"),
        icon="chat-left-text",
        module=Module.MESSAGES,
        rows=select(Message, User.display_name).outerjoin(User, User.username == Message.created_by),
        patient=Message.patient_id,
        at=Message.created_at,
        key=Message.id,
        item=_message_item,
        template="patients/_item_message.html",
    )
)
add_timeline_source(
    TimelineSource(
        name="visit",
        title=N_("Visits"),
        icon="hospital",
        module=Module.CLINICAL,
        rows=select(Visit, Department.name).outerjoin(Department, Department.id == Visit.department_id),
        patient=Visit.patient_id,
        at=Visit.started_at,
        key=Visit.id,
        item=_visit_item,
        template="patients/_item_visit.html",
    )
)
add_timeline_source(
    TimelineSource(
        name="operation",
        title=N_("Operations"),
        icon="bandaid",
        module=Module.CLINICAL,
        rows=select(Operation),
        patient=Operation.patient_id,
        at=Operation.at,
        key=Operation.id,
        item=_operation_item,
    )
)
add_timeline_source(
    TimelineSource(
        name="exam",
        title=N_("Exams"),
        icon="clipboard2-pulse",
        module=Module.CLINICAL,
        rows=select(Exam),
        patient=Exam.patient_id,
        at=Exam.at,
        key=Exam.id,
        item=_exam_item,
    )
)
