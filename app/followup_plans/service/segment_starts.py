"""A template for everybody of a segment: looked at first, then worked off in pieces, and stopped if need be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound, WardlineError
from app.followup_plans.models import FollowupPlan, FollowupStart
from app.followup_plans.rules import PlanState, by_hand_on
from app.followup_plans.service.by_hand import make_plans
from app.followup_plans.service.people import people_of
from app.followup_templates import service as templates
from app.followup_templates.rules import plan_steps
from app.journal.service import Entry, append
from app.parts import Parts
from app.patients.models import Patient
from app.segments import service as segments
from app.segments.rules import SegmentPurpose
from app.texts import N_

log = structlog.get_logger()

RUNNING, DONE, STOPPED = "running", "done", "stopped"
_PIECE = 200
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What starting would do: how many people the segment holds, and how many of them get no plan, by reason."""

    members: int
    left_out: dict[str, int]
    tasks: int

    @property
    def plans(self) -> int:
        return self.members - sum(self.left_out.values())


def preview_start(session: Session, parts: Parts, template_id: int, segment_id: int, anchor_on: date) -> Preview:
    """Look at what starting would do; nothing is written. Raises NotFound."""
    zone, now = parts.settings.timezone, parts.now()
    use = templates.version_in_use(session, template_id, zone)
    people = list(session.scalars(_members(session, parts, segment_id).order_by(Patient.id)))
    left_out: Counter[str] = Counter()
    for begin in range(0, len(people), _CHUNK):
        _people, why_not = _able(session, template_id, anchor_on, people[begin : begin + _CHUNK])
        left_out.update(why_not)
    steps = len(plan_steps(use.programme, anchor_on, now.astimezone(zone).date()))
    if not steps:
        left_out["too_late"] = len(people) - sum(left_out.values())
    plans = len(people) - sum(left_out.values())
    return Preview(members=len(people), left_out={key: n for key, n in left_out.items() if n}, tasks=plans * steps)


def begin_start(
    session: Session, parts: Parts, template_id: int, segment_id: int, anchor_on: date, *, by: str
) -> FollowupStart:
    """Let the work begin; a sweep does it. Raises NotFound, Conflict while the same runs, InvalidInput."""
    access.need_write(session, Module.FOLLOWUPS)
    now, zone = parts.now(), parts.settings.timezone
    use = templates.version_in_use(session, template_id, zone)
    if not plan_steps(use.programme, anchor_on, now.astimezone(zone).date()):
        raise InvalidInput(N_("Every day of this template has passed."), field="anchor_on")
    running = select(FollowupStart.id).where(
        FollowupStart.template_id == template_id,
        FollowupStart.segment_id == segment_id,
        FollowupStart.anchor_on == anchor_on,
        FollowupStart.state == RUNNING,
    )
    if session.scalar(running) is not None:
        raise Conflict(N_("This template is being started for this segment already."))
    count = segments.count_members(session, segment_id, now=now, zone=zone)
    made = FollowupStart(
        template_id=template_id,
        template_version_id=use.version_id,
        segment_id=segment_id,
        anchor_on=anchor_on,
        state=RUNNING,
        members=count,
        left_out={},
        created_at=now,
        created_by=by,
    )
    session.add(made)
    session.flush()
    segments.record_use(session, segment_id, SegmentPurpose.FOLLOWUP, members=count, by=by, now=now)
    append(session, parts.bus, [Entry(kind="followup_start.begun", at=now, agent=by, payload={"start_id": made.id})])
    return made


def stop_start(session: Session, bus: Bus, start_id: int, *, by: str, now: datetime) -> None:
    """Begin no further plans; those that were begun run on. Raises NotFound, Conflict."""
    access.need_write(session, Module.FOLLOWUPS)
    found = get_start(session, start_id)
    if found.state != RUNNING:
        raise Conflict(N_("This has ended already."))
    found.state, found.ended_at = STOPPED, now
    append(session, bus, [Entry(kind="followup_start.stopped", at=now, agent=by, payload={"start_id": start_id})])


def get_start(session: Session, start_id: int) -> FollowupStart:
    """One start. Raises NotFound."""
    found = session.get(FollowupStart, start_id) if 0 < start_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such start."))
    return found


def starts_of(session: Session, template_id: int, *, limit: int = 20) -> Sequence[FollowupStart]:
    """The latest starts of a template for segments."""
    query = select(FollowupStart).where(FollowupStart.template_id == template_id)
    return session.scalars(query.order_by(FollowupStart.id.desc()).limit(limit)).all()


def running_starts(session: Session) -> list[int]:
    """What waits for the sweep."""
    return list(session.scalars(select(FollowupStart.id).where(FollowupStart.state == RUNNING)))


def work_on_start(parts: Parts, start_id: int) -> bool:
    """One piece: some hundred people more. True while there is more to do; a restart goes on where it was.

    A start whose segment or author is gone is stopped.
    """
    try:
        return _work_on(parts, start_id)
    except WardlineError as error:
        log.warning("followup_start.failed", start=start_id, error=error.code)
        with parts.database.writing() as session:
            start = session.get_one(FollowupStart, start_id)
            start.state, start.ended_at = STOPPED, parts.now()
        return False


def _work_on(parts: Parts, start_id: int) -> bool:
    now = parts.now()
    with parts.database.writing() as session:
        locked = select(FollowupStart).where(FollowupStart.id == start_id).with_for_update()
        start = session.scalars(locked).one()
        if start.state != RUNNING:
            return False
        viewer = access.viewer_for(session, start.created_by, now)
        access.bind(session, viewer, now=now, zone=parts.settings.timezone)
        people = list(
            session.scalars(
                _members(session, parts, start.segment_id)
                .where(Patient.id > start.cursor)
                .order_by(Patient.id)
                .limit(_PIECE)
            )
        )
        if not people:
            start.state, start.ended_at = DONE, now
            payload = {"start_id": start_id, "started": start.started}
            append(session, parts.bus, [Entry(kind="followup_start.done", at=now, payload=payload)])
            return False
        version = templates.get_version(session, start.template_version_id)
        use = templates.in_use(version, parts.settings.timezone)
        template_id, anchor_on, by = start.template_id, start.anchor_on, start.created_by
        left_out, started = Counter(start.left_out), start.started
        able, why_not = _able(session, template_id, anchor_on, people)
        made = make_plans(session, parts, use, able, anchor_on, by=by, now=now) if able else []
        left_out.update(why_not)
        if len(made) < len(able):
            left_out["too_late"] += len(able) - len(made)
        start = session.get_one(FollowupStart, start_id)
        start.started, start.left_out, start.cursor = started + len(made), dict(left_out), people[-1]
        return True


def _members(session: Session, parts: Parts, segment_id: int) -> Select[int]:
    return segments.members(session, segment_id, now=parts.now(), zone=parts.settings.timezone)


def _able(session: Session, template_id: int, anchor_on: date, people: Sequence[int]) -> tuple[list[int], Counter[str]]:
    """Who of these gets a plan, and how many do not, by reason."""
    mine = select(FollowupPlan.patient_id, FollowupPlan.state, FollowupPlan.occasion).where(
        FollowupPlan.patient_id.in_(people), FollowupPlan.template_id == template_id
    )
    running: set[int] = set()
    for row in session.execute(mine):
        if row.state in (PlanState.ACTIVE, PlanState.PROPOSED) or row.occasion == by_hand_on(anchor_on):
            running.add(row.patient_id)
    known = people_of(session, people)
    left_out: Counter[str] = Counter()
    able: list[int] = []
    for patient_id in people:
        if patient_id in running:
            left_out["running"] += 1
        elif patient_id in known.stopped:
            left_out["stopped"] += 1
        elif patient_id not in known.living:
            left_out["deceased"] += 1
        else:
            able.append(patient_id)
    return able, left_out
