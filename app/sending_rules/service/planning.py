"""What a rule will send, as rows: made from the dates, moved with them, taken back with them.

Planning again changes nothing. The rows come from the records alone, so a restart or a second scheduler harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import Conflict
from app.messages import service as messages
from app.messages.models import Message
from app.messages.rules import OutState
from app.parts import Parts
from app.patients.models import Patient
from app.segments import service as segments
from app.sending_rules.models import PlannedMessage, SendingRule
from app.sending_rules.rules import (
    Due,
    PlanState,
    Reason,
    RuleState,
    Timing,
    anchors_wanted,
    occasion_key,
    plan,
)
from app.sending_rules.service.anchors import Anchored, AnchorKind, AnchorQuery, anchor_kinds

HORIZON_DAYS = 8
"""So many days ahead are kept as rows: a week is what somebody looks through before it goes out."""
_ENDED_UNSENT = frozenset({OutState.EXPIRED, OutState.CANCELLED, OutState.FAILED})
_PIECE = 500  # one transaction; SQLite takes 32,766 values in a statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One message that a rule wishes to send."""

    patient_id: int
    occasion: str
    anchored: Anchored
    due: Due


def timing_of(rule: SendingRule) -> Timing:
    """When the rule sends, as its rules want it."""
    return Timing(days=rule.days, at=rule.at, late_days=rule.late_days)


def wishes(
    session: Session, rule: SendingRule, *, now: datetime, zone: ZoneInfo, horizon_days: int = HORIZON_DAYS
) -> Iterator[list[Wish]]:
    """What the rule wishes to send within the horizon, in pieces: to the living of its segment whom the session sees.

    What was due before the rule was switched on is not made up for.
    """
    timing = timing_of(rule)
    since, until = anchors_wanted(timing, now.astimezone(zone).date(), horizon_days)
    kind = anchor_kinds().get(rule.anchor)
    if kind is None:
        return
    query = AnchorQuery(since=since, until=until, zone=zone, filters=rule.filters)
    found = iter(_once(kind, kind.find(session, query)))
    begun = rule.activated_at or now
    while piece := list(islice(found, _PIECE)):
        people = set(session.scalars(_people(session, rule, {each.patient_id for each in piece}, now, zone)))
        made = [_wish(rule, each, timing, zone) for each in piece if each.patient_id in people]
        yield [wish for wish in made if wish.due.due_at >= begun and not wish.due.is_useless(begun)]


def plan_rule(parts: Parts, rule_id: int) -> int:
    """Bring the rows of one rule in step with the records. Returns how many changed."""
    now, zone = parts.now(), parts.settings.timezone
    changed, seen = 0, set[tuple[str, int]]()
    with parts.database.reading() as session:
        rule = session.get(SendingRule, rule_id)
        if rule is None or rule.state != RuleState.ACTIVE:
            return 0
        for piece in wishes(session, rule, now=now, zone=zone):
            seen.update((wish.occasion, wish.patient_id) for wish in piece)
            # Nearly always all is as it was: then nobody waits for the database's one writer.
            if _is_in_step(session, rule_id, piece):
                continue
            with parts.database.writing() as writer:
                changed += _bring_in_step(writer, parts.bus, rule_id, piece, now)
        window = anchors_wanted(timing_of(rule), now.astimezone(zone).date(), HORIZON_DAYS)
        has_unseen = any(_unseen(session, rule_id, seen, window, now))
    if has_unseen:
        with parts.database.writing() as session:
            changed += sum(
                take_back(session, parts.bus, row, Reason.WITHDRAWN, now)
                for row in _unseen(session, rule_id, seen, window, now)
            )
    return changed


def active_rules(session: Session) -> list[int]:
    """The rules that are switched on."""
    return list(session.scalars(select(SendingRule.id).where(SendingRule.state == RuleState.ACTIVE)))


def take_back(session: Session, bus: Bus, row: PlannedMessage, reason: Reason, now: datetime) -> bool:
    """Cancel one planned message, also out of the outbox. False when it has left, or is at its end already."""
    if row.state == PlanState.QUEUED and not _cancel_queued(session, bus, row, now):
        return False
    if row.state not in (PlanState.PLANNED, PlanState.QUEUED):
        return False
    row.state, row.reason, row.changed_at = PlanState.CANCELLED, reason, now
    return True


def values_of(wish: Wish) -> dict[str, str]:
    """What fills the text: the record's own words, and its date and time as people of the hospital write them."""
    at = wish.anchored.at
    own: Mapping[str, str] = {key: value for key, value in wish.anchored.values.items() if value}
    return {"on": wish.anchored.on.isoformat(), **({"at": at.isoformat()} if at else {}), **own}


def _once(kind: AnchorKind, found: Iterable[Anchored]) -> Iterator[Anchored]:
    """A person has one birthday and one Mid-Autumn a year, whatever the calendars say."""
    if kind.is_of_a_record:
        yield from found
        return
    seen: set[tuple[str, int]] = set()
    for each in found:
        key = (each.record, each.patient_id)
        if key not in seen:
            seen.add(key)
            yield each


def _people(session: Session, rule: SendingRule, ids: set[int], now: datetime, zone: ZoneInfo) -> Select[int]:
    people = select(Patient.id).where(
        Patient.id.in_(ids), Patient.merged_into_id.is_(None), Patient.deceased_at.is_(None)
    )
    if rule.segment_id is None:
        return people
    return people.where(Patient.id.in_(segments.members(session, rule.segment_id, now=now, zone=zone)))


def _wish(rule: SendingRule, anchored: Anchored, timing: Timing, zone: ZoneInfo) -> Wish:
    return Wish(
        patient_id=anchored.patient_id,
        occasion=occasion_key(rule.anchor, anchored.record),
        anchored=anchored,
        due=plan(timing, anchored.on, anchored.at, zone),
    )


def _rows_of(session: Session, rule_id: int, piece: Sequence[Wish]) -> dict[tuple[str, int], PlannedMessage]:
    query = select(PlannedMessage).where(
        PlannedMessage.rule_id == rule_id,
        PlannedMessage.occasion.in_({wish.occasion for wish in piece}),
        PlannedMessage.patient_id.in_({wish.patient_id for wish in piece}),
    )
    return {(row.occasion, row.patient_id): row for row in session.scalars(query)}


def _is_in_step(session: Session, rule_id: int, piece: Sequence[Wish]) -> bool:
    rows = _rows_of(session, rule_id, piece)
    return all(
        (row := rows.get((wish.occasion, wish.patient_id))) is not None and _is_same(row, wish) for wish in piece
    )


def _is_same(row: PlannedMessage, wish: Wish) -> bool:
    is_withdrawn = row.state == PlanState.CANCELLED and row.reason == Reason.WITHDRAWN
    due = (wish.due.due_at, wish.due.useless_at)
    return (row.due_at, row.useless_at) == due and row.values == values_of(wish) and not is_withdrawn


def _bring_in_step(session: Session, bus: Bus, rule_id: int, piece: Sequence[Wish], now: datetime) -> int:
    rows = _rows_of(session, rule_id, piece)
    fresh = [wish for wish in piece if (wish.occasion, wish.patient_id) not in rows]
    changed = sum(
        _move(session, bus, row, wish, now)
        for wish in piece
        if (row := rows.get((wish.occasion, wish.patient_id))) is not None
    )
    _insert(session, [_row(rule_id, wish, now) for wish in fresh])
    return changed + len(fresh)


def _move(session: Session, bus: Bus, row: PlannedMessage, wish: Wish, now: datetime) -> bool:
    """Move one planned message with its date. One that has left stays as it is: nobody is told twice."""
    if _is_same(row, wish):
        return False
    values = values_of(wish)
    came_back = row.state == PlanState.CANCELLED and row.reason == Reason.WITHDRAWN
    # A cap moves a message to another day without a word from its record; only a new date moves it back.
    if row.state == PlanState.PLANNED and row.anchor_on == wish.anchored.on and row.useless_at == wish.due.useless_at:
        row.values = values
        return False
    if row.state == PlanState.CANCELLED and not came_back:
        return False
    if row.state == PlanState.SKIPPED and row.anchor_on == wish.anchored.on:
        return False
    if row.state == PlanState.QUEUED and not _cancel_queued(session, bus, row, now):
        return False
    row.revision += row.message_id is not None
    row.state, row.reason, row.message_id = PlanState.PLANNED, None, None
    row.anchor_on, row.due_at, row.useless_at = wish.anchored.on, wish.due.due_at, wish.due.useless_at
    row.values, row.changed_at = values, now
    return True


def _cancel_queued(session: Session, bus: Bus, row: PlannedMessage, now: datetime) -> bool:
    """Take the message out of the outbox. True when it has not reached anybody and never will."""
    message = session.get(Message, row.message_id) if row.message_id is not None else None
    if message is None or (message.sent_at is None and message.state in _ENDED_UNSENT):
        return True
    try:
        messages.cancel(session, bus, message_id=message.id, agent="", now=now)
    except Conflict:
        return False
    return True


def _unseen(
    session: Session, rule_id: int, seen: set[tuple[str, int]], window: tuple[date, date], now: datetime
) -> list[PlannedMessage]:
    """What was planned for a record that is gone, moved far away, or no longer meets the rule."""
    open_rows = select(PlannedMessage).where(
        PlannedMessage.rule_id == rule_id,
        PlannedMessage.state.in_([PlanState.PLANNED, PlanState.QUEUED]),
        PlannedMessage.anchor_on >= window[0],
        PlannedMessage.anchor_on <= window[1],
        PlannedMessage.useless_at > now,
    )
    return [row for row in session.scalars(open_rows) if (row.occasion, row.patient_id) not in seen]


def _row(rule_id: int, wish: Wish, now: datetime) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "patient_id": wish.patient_id,
        "occasion": wish.occasion,
        "anchor_on": wish.anchored.on,
        "due_at": wish.due.due_at,
        "useless_at": wish.due.useless_at,
        "values": values_of(wish),
        "state": PlanState.PLANNED,
        "planned_at": now,
        "changed_at": now,
    }


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        statement = insert(PlannedMessage).on_conflict_do_nothing(index_elements=["rule_id", "occasion", "patient_id"])
        session.execute(statement, rows)
