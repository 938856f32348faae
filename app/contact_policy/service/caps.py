"""How many automatic texts and promotions a person gets on a day and in a week (guard 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select, text
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.contact_policy.rules import AUTOMATIC, Limits, Refusal, cap_for, exceeds, week_of
from app.messages.models import Message
from app.messages.rules.states import Direction, MessageKind, OutState, Priority

if TYPE_CHECKING:
    from app.contact_policy.service.asking import Recipient

_NEVER_LEFT = (OutState.CANCELLED, OutState.FAILED, OutState.EXPIRED)
# Any number that no other room uses: one counts at a time, or two would both see room for one more.
_LOCK = 7_203_114

Key = tuple[str, int | str, str]


class CapCount:
    """Counts what is queued, sent and, recipient by recipient, promised. A person is counted over all numbers."""

    def __init__(
        self, session: Session, recipients: Sequence[Recipient], limits: Limits, *, now: datetime, timezone: ZoneInfo
    ) -> None:
        self._limits, self._now, self._timezone = limits, now, timezone
        self._days: Counter[tuple[Key, date]] = Counter()
        self._weeks: Counter[tuple[Key, date]] = Counter()
        counted = [each for each in recipients if cap_for(each.kind, each.origin, each.priority, limits) is not None]
        if counted:
            self._read(session, counted)

    def take(self, recipient: Recipient) -> Refusal | None:
        """Whether one more is too many; if not, it counts from now on."""
        cap = cap_for(recipient.kind, recipient.origin, recipient.priority, self._limits)
        if cap is None:
            return None
        day = self._day(recipient.at or self._now)
        key = self._key_of(recipient)
        refusal = exceeds(cap, self._days[key, day], self._weeks[key, week_of(day)[0]])
        if refusal is None:
            self._add(recipient.patient_id, recipient.number, recipient.kind, day)
        return refusal

    def _read(self, session: Session, counted: Sequence[Recipient]) -> None:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        weeks = [week_of(self._day(each.at or self._now)) for each in counted]
        begin, end = min(week[0] for week in weeks), max(week[1] for week in weeks)
        numbers = {each.number for each in counted}
        ids = {each.patient_id for each in counted if each.patient_id is not None}
        automatic_care = and_(
            Message.kind == MessageKind.CARE, Message.origin.in_(AUTOMATIC), Message.priority != Priority.URGENT
        )
        query = select(Message.patient_id, Message.number, Message.kind, Message.due_at).where(
            Message.direction == Direction.OUT,
            Message.state.not_in(_NEVER_LEFT),
            Message.due_at >= datetime.combine(begin, time(), tzinfo=self._timezone),
            Message.due_at < datetime.combine(end, time(), tzinfo=self._timezone),
            or_(Message.number.in_(numbers), Message.patient_id.in_(ids)),
            or_(Message.kind == MessageKind.MARKETING, automatic_care),
        )
        for patient_id, number, kind, due_at in session.execute(query, execution_options={UNSCOPED: True}):
            assert due_at is not None  # the query asks for it
            self._add(patient_id, number, kind, self._day(due_at))

    def _add(self, patient_id: int | None, number: str, kind: str, day: date) -> None:
        keys: list[Key] = [("number", number, kind)]
        if patient_id is not None:
            keys.append(("person", patient_id, kind))
        for key in keys:
            self._days[key, day] += 1
            self._weeks[key, week_of(day)[0]] += 1

    def _key_of(self, recipient: Recipient) -> Key:
        if recipient.patient_id is not None:
            return ("person", recipient.patient_id, recipient.kind)
        return ("number", recipient.number, recipient.kind)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._timezone).date()
