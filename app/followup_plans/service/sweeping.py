"""Who is looked at when: those of whom something has arrived at once, everybody once a day.

The journal tells what has arrived. What was written past it is found by a pass over the latest days every few minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.configuration.rules import FOLLOWUP_DECISIONS
from app.configuration.service import value
from app.followup_plans.models import FollowupCursor, FollowupPlan
from app.followup_plans.rules import OPEN, occasion_of
from app.followup_plans.service.anchors import DISCHARGES, people_with_events
from app.followup_plans.service.closing import close_finished, finished_plans
from app.followup_plans.service.settling import settle_people
from app.followup_templates import service as templates
from app.followup_templates.rules import Programme, StartMode
from app.followup_templates.service import InUse
from app.followups.models import FollowupTask
from app.followups.rules import OPEN as OPEN_TASKS
from app.journal.models import JournalEntry
from app.journal.service import latest_seq
from app.parts import Parts
from app.patients.models import Patient

PEOPLE_KINDS = (
    "visit.received", "clinical.received", "course.changed", "register.joined", "register.left", "patient.changed",
    "patient.merged", "patient.unmerged",
)  # fmt: skip
"""The journal entries after which somebody's plans may change; each carries `patient_id` or `patient_ids`."""
APPROVED = "followup_template.approved"
_CURSOR = 1
_ENTRIES = 2_000
_MOST_PEOPLE = 2_000  # in one turn, which takes a second: the other sweeps wait meanwhile
_PIECE = 200  # people in one transaction: on SQLite nobody else writes meanwhile
_LATELY = timedelta(days=7)
_AHEAD = timedelta(days=400)
_MARGIN = timedelta(minutes=1)


def start_new(parts: Parts) -> int:
    """Bring the plans of everybody in step of whom something has arrived since the last turn. Returns how many changed.

    The very first turn takes the journal as read: what a hospital has behind it starts nothing.
    """
    with parts.database.reading() as session:
        cursor = session.get(FollowupCursor, _CURSOR)
        latest = latest_seq(session)
        if cursor is not None and latest <= cursor.seq and not _is_switched(session, cursor):
            return 0
    with parts.database.writing() as session:
        if _locked(session, parts) is None:
            return 0
    with parts.database.reading() as session:
        cursor = session.get_one(FollowupCursor, _CURSOR)
        wanted = (*PEOPLE_KINDS, APPROVED)
        entries = session.execute(
            select(JournalEntry.seq, JournalEntry.kind, JournalEntry.payload)
            .where(JournalEntry.seq > cursor.seq, JournalEntry.seq <= latest, JournalEntry.kind.in_(wanted))
            .order_by(JournalEntry.seq)
            .limit(_ENTRIES)
        ).all()
    people: set[int] = set()
    approved: set[int] = set()
    reached = entries[-1].seq if len(entries) == _ENTRIES else latest
    for row in entries:
        if row.kind == APPROVED:
            approved.add(row.payload["template_id"])
        people.update(_people_in(row.payload))
        if len(people) >= _MOST_PEOPLE:
            reached = row.seq
            break
    changed = settle_all(parts, sorted(people))
    changed += sum(_start_template(parts, template_id) for template_id in sorted(approved))
    with parts.database.writing() as session:
        cursor = session.get_one(FollowupCursor, _CURSOR, with_for_update=True)
        cursor.seq = max(cursor.seq, reached)
    return changed


def look_again(parts: Parts) -> int:
    """Find what the journal did not tell: events of the latest days without a plan, and once a day everything.

    Returns how many changed.
    """
    with parts.database.writing() as session:
        if _locked(session, parts) is None:
            return 0
    now, zone = parts.now(), parts.settings.timezone
    today = now.astimezone(zone).date()
    with parts.database.reading() as session:
        cursor = session.get_one(FollowupCursor, _CURSOR)
        is_whole, since = cursor.whole_on != today, cursor.decisions_since
        in_use = [each for each in templates.versions_in_use(session, zone) if _starts_by_itself(each)]
    changed = 0
    for use in in_use:
        changed += settle_all(parts, _unplanned(parts, use, today, is_whole=is_whole))
    if since is not None:
        first = max(since.astimezone(zone).date(), today - (_AHEAD if is_whole else _LATELY))
        changed += settle_all(parts, _undecided(parts, first, today, zone))
    if is_whole:
        changed += settle_all(parts, _with_open_plans(parts))
        changed += settle_all(parts, _dead_with_tasks(parts))
        with parts.database.reading() as session:
            finished = finished_plans(session, None)
        changed += _close(parts, finished)
        with parts.database.writing() as session:
            session.get_one(FollowupCursor, _CURSOR, with_for_update=True).whole_on = today
    return changed


def close_ended(parts: Parts) -> int:
    """Close the plans whose last task has ended lately. Returns how many."""
    now = parts.now()
    with parts.database.reading() as session:
        cursor = session.get(FollowupCursor, _CURSOR)
        if cursor is None:
            return 0
        finished = finished_plans(session, min(cursor.closed_until, now) - _MARGIN)
    closed = _close(parts, finished)
    if now - cursor.closed_until >= _MARGIN or now < cursor.closed_until:
        with parts.database.writing() as session:
            session.get_one(FollowupCursor, _CURSOR, with_for_update=True).closed_until = now
    return closed


def settle_all(parts: Parts, patient_ids: Iterable[int]) -> int:
    """Bring the plans of these people in step, a piece at a time. Returns how many changed."""
    found, changed = iter(patient_ids), 0
    while piece := list(islice(found, _PIECE)):
        with parts.database.writing() as session:
            since = _locked(session, parts)
            if since is None:
                return changed
            changed += settle_people(session, parts, piece, decisions_since=since.decisions_since)
    return changed


def _locked(session: Session, parts: Parts) -> FollowupCursor | None:
    """The cursor, held until the transaction ends, so that two schedulers take turns; made where there is none."""
    now = parts.now()
    cursor = session.get(FollowupCursor, _CURSOR, with_for_update=True)
    is_wanted = value(session, FOLLOWUP_DECISIONS)
    if cursor is None:
        session.add(
            FollowupCursor(
                id=_CURSOR,
                seq=latest_seq(session),
                decisions_since=now if is_wanted else None,
                closed_until=now,
            )
        )
        return None
    if is_wanted != (cursor.decisions_since is not None):
        cursor.decisions_since = now if is_wanted else None
    return cursor


def _is_switched(session: Session, cursor: FollowupCursor) -> bool:
    return value(session, FOLLOWUP_DECISIONS) != (cursor.decisions_since is not None)


def _people_in(payload: Mapping[str, Any]) -> list[int]:
    single = [payload[name] for name in ("patient_id", "merged_id") if payload.get(name)]
    return [*single, *payload.get("patient_ids", ())]


def _starts_by_itself(use: InUse) -> bool:
    return use.programme.starts is not StartMode.BY_HAND


def _start_template(parts: Parts, template_id: int) -> int:
    """A version came into use: what has happened since its first day begins now."""
    zone = parts.settings.timezone
    with parts.database.reading() as session:
        in_use = [each for each in templates.versions_in_use(session, zone) if each.template_id == template_id]
    today = parts.now().astimezone(zone).date()
    return sum(
        settle_all(parts, _unplanned(parts, use, today, is_whole=True)) for use in in_use if _starts_by_itself(use)
    )


def _unplanned(parts: Parts, use: InUse, today: date, *, is_whole: bool) -> Iterator[int]:
    """Whose events of the time that counts have no plan of this template yet."""
    lately = timedelta(days=use.programme.reach_days) if is_whole else _LATELY
    first = max(use.since, today - lately)
    seen: set[int] = set()
    for patient_id in _without(parts, use.programme, use.template_id, first, today + _AHEAD):
        if patient_id not in seen:
            seen.add(patient_id)
            yield patient_id


def _without(parts: Parts, programme: Programme, template_id: int, since: date, until: date) -> Iterator[int]:
    zone = parts.settings.timezone
    with parts.database.reading() as session:
        found = iter(people_with_events(session, programme, since, until, zone))
        while piece := list(islice(found, 500)):
            keys = {(each.patient_id, occasion_of(programme.anchor, each.record)) for each in piece}
            known = select(FollowupPlan.patient_id, FollowupPlan.occasion).where(
                FollowupPlan.template_id == template_id, FollowupPlan.occasion.in_({key[1] for key in keys})
            )
            planned = {(row.patient_id, row.occasion) for row in session.execute(known)}
            yield from sorted({patient_id for patient_id, _occasion in keys - planned})


def _undecided(parts: Parts, since: date, until: date, zone: ZoneInfo) -> Iterator[int]:
    with parts.database.reading() as session:
        found = iter(people_with_events(session, DISCHARGES, since, until, zone))
        while piece := list(islice(found, 500)):
            visits = {each.visit_id for each in piece}
            known = set(session.scalars(select(FollowupPlan.visit_id).where(FollowupPlan.visit_id.in_(visits))))
            yield from sorted({each.patient_id for each in piece if each.visit_id not in known})


def _with_open_plans(parts: Parts) -> Iterator[int]:
    last = 0
    while True:
        with parts.database.reading() as session:
            query = select(FollowupPlan.patient_id).where(
                FollowupPlan.state.in_(tuple(OPEN)), FollowupPlan.patient_id > last
            )
            people = list(session.scalars(query.distinct().order_by(FollowupPlan.patient_id).limit(500)))
        if not people:
            return
        yield from people
        last = people[-1]


def _dead_with_tasks(parts: Parts) -> list[int]:
    with parts.database.reading() as session:
        query = (
            select(FollowupTask.patient_id)
            .join(Patient, Patient.id == FollowupTask.patient_id)
            .where(FollowupTask.state.in_(tuple(sorted(OPEN_TASKS))), Patient.deceased_at.is_not(None))
        )
        return sorted(set(session.scalars(query)))


def _close(parts: Parts, plan_ids: list[int]) -> int:
    closed = 0
    for begin in range(0, len(plan_ids), 100):
        with parts.database.writing() as session:
            closed += close_finished(session, parts, plan_ids[begin : begin + 100], now=parts.now())
    return closed
