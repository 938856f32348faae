"""What a rule will send, as rows: made from the dates, moved with them, taken back with them.

Planning again changes nothing. The rows come from the records alone, so a restart or a second scheduler harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Select, and_, or_, select
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
    HELD_BACK,
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

log = structlog.get_logger()

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
    is_known_before = kind.is_known_before
    while piece := list(islice(found, _PIECE)):
        people = set(session.scalars(_people(session, rule, {each.patient_id for each in piece}, now, zone)))
        made = [_wish(rule, each, timing, zone, is_known_before) for each in piece if each.patient_id in people]
        yield [wish for wish in made if wish.due.due_at >= begun]


def plan_rule(parts: Parts, rule_id: int) -> int:
    """Bring the rows of one rule in step with the records. Returns how many changed."""
    now, zone = parts.now(), parts.settings.timezone
    changed, seen = 0, set[tuple[str, int]]()
    with parts.database.reading() as session:
        rule = session.get(SendingRule, rule_id)
        if rule is None or rule.state != RuleState.ACTIVE:
            return 0
        if rule.anchor not in anchor_kinds():
            # A process that does not know the kind must not take its messages back.
            log.warning("sending_rules.anchor_unknown", rule=rule_id, anchor=rule.anchor)
            return 0
        for piece in wishes(session, rule, now=now, zone=zone):
            seen.update((wish.occasion, wish.patient_id) for wish in piece)
            # Nearly always all is as it was: then nobody waits for the database's one writer.
            if _is_in_step(session, rule_id, piece):
                continue
            with parts.database.writing() as writer:
                changed += _bring_in_step(writer, parts.bus, rule_id, piece, now)
        unseen = _open_rows(rule, now, zone)
        has_unseen = any(_unseen(session, unseen, seen))
    if has_unseen:
        with parts.database.writing() as session:
            changed += sum(
                take_back(session, parts.bus, row, Reason.WITHDRAWN, now)
                for row in _unseen(session, unseen.with_for_update(), seen)
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


def _wish(rule: SendingRule, anchored: Anchored, timing: Timing, zone: ZoneInfo, is_known_before: bool) -> Wish:
    return Wish(
        patient_id=anchored.patient_id,
        occasion=occasion_key(rule.anchor, anchored.record),
        anchored=anchored,
        due=plan(timing, anchored.on, anchored.at, zone, is_known_before=is_known_before),
    )


def rows_of(
    session: Session, rule_id: int, piece: Sequence[Wish], *, is_locking: bool = False
) -> dict[tuple[str, int], PlannedMessage]:
    """What the rule has planned for these already, by occasion and person."""
    query = (
        select(PlannedMessage)
        .where(
            PlannedMessage.rule_id == rule_id,
            PlannedMessage.occasion.in_({wish.occasion for wish in piece}),
            PlannedMessage.patient_id.in_({wish.patient_id for wish in piece}),
        )
        .order_by(PlannedMessage.id)
    )
    if is_locking:
        query = query.with_for_update()
    return {(row.occasion, row.patient_id): row for row in session.scalars(query)}


def is_decided(row: PlannedMessage | None, wish: Wish) -> bool:
    """Whether the rule has sent, left out or been kept from this message for the date that it has now."""
    if row is None or row.state == PlanState.PLANNED:
        return False
    if row.state == PlanState.CANCELLED:
        return row.reason != Reason.WITHDRAWN
    return row.state == PlanState.QUEUED or row.anchor_on == wish.anchored.on


def _is_in_step(session: Session, rule_id: int, piece: Sequence[Wish]) -> bool:
    rows = rows_of(session, rule_id, piece)
    return all(
        (row := rows.get((wish.occasion, wish.patient_id))) is not None and _is_same(row, wish) for wish in piece
    )


def _is_same(row: PlannedMessage, wish: Wish) -> bool:
    is_withdrawn = row.state == PlanState.CANCELLED and row.reason == Reason.WITHDRAWN
    due = (wish.due.due_at, wish.due.useless_at)
    is_due_then = (row.due_at, row.useless_at) == due or _is_held_back(row, wish)
    return is_due_then and row.values == values_of(wish) and not is_withdrawn


def _is_held_back(row: PlannedMessage, wish: Wish) -> bool:
    """Whether a cap moved it to another day, of which its record knows nothing; only another date moves it back."""
    is_waiting = row.state == PlanState.PLANNED and row.reason in HELD_BACK and row.due_at > wish.due.due_at
    return is_waiting and row.anchor_on == wish.anchored.on and row.useless_at == wish.due.useless_at


def _bring_in_step(session: Session, bus: Bus, rule_id: int, piece: Sequence[Wish], now: datetime) -> int:
    # Locked, so that what leaves for the outbox meanwhile is either seen here, or waits and then finds its new date.
    rows = rows_of(session, rule_id, piece, is_locking=True)
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
    if _is_held_back(row, wish):
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
    if message is None:
        return False
    if message.sent_at is not None:
        return False
    if message.state in _ENDED_UNSENT:
        return True
    try:
        messages.cancel(session, bus, message_id=message.id, agent="", now=now)
    except Conflict:
        return False
    return True


def _open_rows(rule: SendingRule, now: datetime, zone: ZoneInfo) -> Select[PlannedMessage]:
    """What is planned or in the outbox, and would be among the wishes if its date still wished for it.

    Beside the dates that are looked at these are all that fall due within the horizon: other days of the rule have
    moved the dates that are looked at, and left them behind.
    """
    first, last = anchors_wanted(timing_of(rule), now.astimezone(zone).date(), HORIZON_DAYS)
    is_looked_at = and_(PlannedMessage.anchor_on >= first, PlannedMessage.anchor_on <= last)
    return (
        select(PlannedMessage)
        .where(
            PlannedMessage.rule_id == rule.id,
            PlannedMessage.state.in_([PlanState.PLANNED, PlanState.QUEUED]),
            or_(is_looked_at, PlannedMessage.due_at < now + timedelta(days=HORIZON_DAYS)),
            PlannedMessage.useless_at > now,
        )
        .order_by(PlannedMessage.id)
    )


def _unseen(
    session: Session, open_rows: Select[PlannedMessage], seen: set[tuple[str, int]]
) -> Iterator[PlannedMessage]:
    """Those whose record is gone, has moved far away, or does not meet the rule any more."""
    return (row for row in session.scalars(open_rows) if (row.occasion, row.patient_id) not in seen)


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
