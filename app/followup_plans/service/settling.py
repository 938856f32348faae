"""Plans in step with the records (F-36): begun once for each event, moved and stopped with it, begun again with it.

Everything is worked out for some people at a time from what is on record now, so that doing it again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import (
    OPEN,
    RESTARTABLE,
    PlanState,
    StopReason,
    decision_of,
    is_of_a_record,
    occasion_of,
    root_of,
)
from app.followup_plans.service.anchors import events_of
from app.followup_plans.service.deciding import open_decisions, settle_decisions
from app.followup_plans.service.fitting import Questionnaires, Subject, fit_tasks, new_tasks, subject_of
from app.followup_plans.service.inserting import insert_plans
from app.followup_plans.service.people import Doctors, People, diseases_of, people_of
from app.followup_plans.service.stopping import apply_stops, end_plan, stop_everything
from app.followup_templates import service as templates
from app.followup_templates.models import FollowupTemplate, FollowupTemplateVersion
from app.followup_templates.rules import Programme, StartMode, plan_steps
from app.followup_templates.service import InUse
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import TaskRole
from app.journal.service import Entry, append
from app.parts import Parts
from app.sending_rules.service.anchors import Anchored

_UNSENT_FOR = timedelta(days=3)  # longer than a server is away
_UNTIED = {"synchronize_session": False}


@dataclass(slots=True)
class _Look:
    """What is known of some people at one moment; asked once for all of their plans."""

    session: Session
    parts: Parts
    now: datetime
    today: date
    people: People
    plans: list[FollowupPlan]
    known: frozenset[tuple[int, int, str]]  # person, template and occasion of each of them
    doctors: Doctors
    questionnaires: Questionnaires
    names: Mapping[int, str]
    changed: int = 0


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A plan to be made."""

    use: InUse
    anchored: Anchored
    occasion: str


def settle_people(
    session: Session, parts: Parts, patient_ids: Collection[int], *, decisions_since: datetime | None
) -> int:
    """Bring the plans of these people, at most some hundred, in step with their records. Returns how many changed.

    The session is bound to nobody and writes. Discharges from `decisions_since` on wait for a decision.
    """
    now, zone = parts.now(), parts.settings.timezone
    people = people_of(session, patient_ids)
    dead = _with_something_open(session, people.dead)
    changed = sum(stop_everything(session, parts.bus, each, by=None, now=now) > 0 for each in dead)
    in_use = templates.versions_in_use(session, zone)
    plans = _plans_of(session, people.living)
    if not in_use and not plans and decisions_since is None:
        return changed
    look = _Look(
        session=session,
        parts=parts,
        now=now,
        today=now.astimezone(zone).date(),
        people=people,
        plans=plans,
        known=frozenset((plan.patient_id, plan.template_id, plan.occasion) for plan in plans),
        doctors=Doctors(session),
        questionnaires=Questionnaires(session),
        names=_names(session, parts.settings.locale),
        changed=changed,
    )
    programmes = _programmes(session, look, in_use)
    _follow_events(look, programmes)
    _start_fresh(look, in_use)
    look.changed += settle_decisions(session, parts, look.plans, people, doctors=look.doctors, now=now)
    if decisions_since is not None:
        look.changed += open_decisions(
            session, parts, people, look.plans, since=decisions_since, doctors=look.doctors, now=now
        )
    pairs = [
        (plan, programmes[plan.template_version_id or 0])
        for plan in _plans_of(session, people.living)
        if plan.template_version_id in programmes
    ]
    look.changed += apply_stops(session, parts, pairs, now=now)
    return look.changed


def _with_something_open(session: Session, patient_ids: Collection[int]) -> list[int]:
    if not patient_ids:
        return []
    plans = select(FollowupPlan.patient_id).where(
        FollowupPlan.patient_id.in_(patient_ids), FollowupPlan.state.in_(tuple(OPEN))
    )
    tasks = select(FollowupTask.patient_id).where(
        FollowupTask.patient_id.in_(patient_ids),
        FollowupTask.state.in_(("planned", "due", "in_progress", "not_reached")),
    )
    return sorted({*session.scalars(plans), *session.scalars(tasks)})


def _plans_of(session: Session, patient_ids: Collection[int]) -> list[FollowupPlan]:
    query = select(FollowupPlan).where(FollowupPlan.patient_id.in_(patient_ids)).order_by(FollowupPlan.id)
    return list(session.scalars(query.execution_options(populate_existing=True))) if patient_ids else []


def _names(session: Session, locale: str) -> dict[int, str]:
    query = select(FollowupTemplate.id, FollowupTemplate.name, FollowupTemplate.names)
    return {row.id: str(row.names.get(locale, row.name)) for row in session.execute(query)}


def _programmes(session: Session, look: _Look, in_use: Sequence[InUse]) -> dict[int, Programme]:
    """The versions that these people's plans follow, and those in use."""
    known = {use.version_id: use.programme for use in in_use}
    others = {plan.template_version_id for plan in look.plans if plan.template_version_id} - known.keys()
    return {**known, **templates.programmes_of(session, sorted(others))}


def _follow_events(look: _Look, programmes: Mapping[int, Programme]) -> None:
    """What has begun already goes on, moves, stops or comes back with its event."""
    by_version: dict[int, list[FollowupPlan]] = defaultdict(list)
    for plan in look.plans:
        if plan.template_version_id in programmes and is_of_a_record(plan.occasion) and _may_change(plan, look.now):
            by_version[plan.template_version_id or 0].append(plan)
    for version_id, plans in by_version.items():
        programme = programmes[version_id]
        found = events_of(look.session, programme, {plan.patient_id for plan in plans}, look.parts.settings.timezone)
        events = {(occasion_of(programme.anchor, each.record), each.patient_id): each for each in found}
        for plan in plans:
            if not root_of(plan.occasion).startswith(f"{programme.anchor}:"):
                continue  # a decision: its discharge is looked at where decisions are
            event = events.get((root_of(plan.occasion), plan.patient_id))
            look.changed += _follow(look, plan, programme, event)


def _may_change(plan: FollowupPlan, now: datetime) -> bool:
    if plan.state == PlanState.DONE:
        return plan.ended_at is not None and plan.ended_at > now - _UNSENT_FOR
    if plan.state == PlanState.STOPPED:
        is_by_itself = plan.ended_by is None or plan.reason == StopReason.DEATH
        return plan.reason in RESTARTABLE and is_by_itself
    return plan.state in (PlanState.PROPOSED, PlanState.ACTIVE)


def _follow(look: _Look, plan: FollowupPlan, programme: Programme, event: Anchored | None) -> bool:
    session, bus = look.session, look.parts.bus
    if plan.state == PlanState.DONE and not _reopen(look, plan, event):
        return False
    if event is None:
        if plan.state == PlanState.STOPPED:
            return False
        reason = StopReason.REGISTER_LEFT if programme.anchor == "register" else StopReason.WITHDRAWN
        end_plan(session, bus, plan, PlanState.STOPPED, reason=reason, by=None, now=look.now)
        return True
    came_back = plan.state == PlanState.STOPPED
    has_moved = plan.round == 1 and plan.anchor_on != event.on
    has_other_doctor = _write_doctor(look, plan, event)
    if not came_back and not has_moved:
        return has_other_doctor
    if came_back:
        plan.state = PlanState.ACTIVE if plan.started_at is not None else PlanState.PROPOSED
        plan.reason = plan.ended_at = plan.ended_by = None
    if plan.round == 1:
        plan.anchor_on = event.on
    session.flush()
    if plan.state == PlanState.ACTIVE:
        subject = subject_of(plan, title=event.title, names=look.names)
        fit_tasks(session, look.parts, subject, programme, look.questionnaires, known_on=look.today, now=look.now)
    kind = "followup_plan.restarted" if came_back else "followup_plan.moved"
    append(session, bus, [Entry(kind=kind, at=look.now, payload={"plan_id": plan.id})])
    return True


def _reopen(look: _Look, plan: FollowupPlan, event: Anchored | None) -> bool:
    """A plan is not done whose last text waits in the outbox while its event goes or moves."""
    is_as_it_was = event is not None and (plan.round > 1 or plan.anchor_on == event.on)
    if is_as_it_was or not followups.recall_texts(look.session, look.parts.bus, plan.id, look.now):
        return False
    plan.state, plan.ended_at = PlanState.ACTIVE, None
    look.session.flush()
    return True


def _write_doctor(look: _Look, plan: FollowupPlan, event: Anchored) -> bool:
    """Another attending doctor takes over what is the attending doctor's."""
    doctor = event.values.get("doctor") or None
    if plan.doctor == doctor or doctor is None:
        return False
    account = look.doctors.account_of(doctor, event.department_id)
    plan.doctor, plan.doctor_account, plan.department_id = doctor, account, event.department_id
    look.session.flush()
    theirs = look.session.scalars(
        select(FollowupTask.id).where(
            FollowupTask.plan_id == plan.id, FollowupTask.role == TaskRole.ATTENDING_DOCTOR.value
        )
    ).all()
    followups.assign(look.session, look.parts.bus, theirs, to=account, by="", now=look.now)
    return True


def _start_fresh(look: _Look, in_use: Sequence[InUse]) -> None:
    """Begin, or propose, what a new event begins by itself."""
    able = {each for each in look.people.living if look.people.may_get_plan(each)}
    fresh: list[_Fresh] = []
    for use in in_use:
        if use.programme.starts is StartMode.BY_HAND or not able:
            continue
        zone = look.parts.settings.timezone
        begun: dict[int, list[tuple[date, date | None]]] = _times_of(look, use.template_id)
        for anchored in events_of(look.session, use.programme, able, zone):
            if not _is_fresh(look, use, anchored, begun[anchored.patient_id]):
                continue
            fresh.append(_Fresh(use, anchored, occasion_of(use.programme.anchor, anchored.record)))
            begun[anchored.patient_id].append((anchored.on, None))
    if fresh:
        look.changed += _make(look, fresh)


def _times_of(look: _Look, template_id: int) -> dict[int, list[tuple[date, date | None]]]:
    """From when to when each of these people had a plan of this template; what was taken back counts for nothing."""
    zone = look.parts.settings.timezone
    found: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    for plan in look.plans:
        is_void = plan.state == PlanState.STOPPED and plan.reason in RESTARTABLE
        if plan.template_id == template_id and not is_void:
            ended = plan.ended_at.astimezone(zone).date() if plan.ended_at is not None else None
            found[plan.patient_id].append((plan.anchor_on, ended))
    return found


def _is_fresh(look: _Look, use: InUse, anchored: Anchored, begun: Sequence[tuple[date, date | None]]) -> bool:
    occasion = occasion_of(use.programme.anchor, anchored.record)
    if anchored.on < use.since or (anchored.patient_id, use.template_id, occasion) in look.known:
        return False
    # The doctor may have chosen this template for this discharge.
    decision = decision_of(anchored.visit_id or 0)
    if use.programme.anchor == "discharge" and (anchored.patient_id, use.template_id, decision) in look.known:
        return False
    if use.programme.is_one_at_a_time and any(
        first <= anchored.on and (last is None or anchored.on <= last) for first, last in begun
    ):
        return False
    return bool(plan_steps(use.programme, anchored.on, look.today))


def _make(look: _Look, fresh: Sequence[_Fresh]) -> int:
    session, parts = look.session, look.parts
    diseases = diseases_of(session, {each.anchored.visit_id for each in fresh if each.anchored.visit_id is not None})
    rows = [_row(look, each, diseases) for each in fresh]
    made = insert_plans(session, rows)
    tasks = []
    for each, row in zip(fresh, rows, strict=True):
        plan_id = made.get((each.anchored.patient_id, each.use.template_id, each.occasion))
        if plan_id is None or row["state"] != PlanState.ACTIVE:
            continue
        subject = Subject(
            plan_id=plan_id,
            patient_id=each.anchored.patient_id,
            anchor=each.use.programme.anchor,
            anchor_on=each.anchored.on,
            title=each.anchored.title,
            template=each.use.title(parts.settings.locale),
            doctor_account=row["doctor_account"],
            department_id=each.anchored.department_id,
        )
        steps = plan_steps(each.use.programme, each.anchored.on, look.today)
        tasks += new_tasks(subject, steps, language=parts.settings.locale, questionnaires=look.questionnaires)
    followups.add_tasks(session, parts.bus, tasks, zone=parts.settings.timezone, by=None, now=look.now)
    mark_used(session, {each.use.version_id for each in fresh}, look.now)
    payload = {"plan_ids": sorted(made.values())}
    append(session, parts.bus, [Entry(kind="followup_plans.started", at=look.now, payload=payload)])
    return len(made)


def mark_used(session: Session, version_ids: Collection[int], now: datetime) -> None:
    """Note that plans came of these versions, for the first time."""
    session.execute(
        update(FollowupTemplateVersion)
        .where(FollowupTemplateVersion.id.in_(version_ids), FollowupTemplateVersion.used_at.is_(None))
        .values(used_at=now),
        execution_options=_UNTIED,
    )


def only_disease(programme: Programme) -> str | None:
    """The disease that a template is for, where it is for one."""
    named = programme.filters.get("diseases") or []
    return str(named[0]) if len(named) == 1 else None


def _row(look: _Look, each: _Fresh, diseases: Mapping[int, str]) -> dict[str, Any]:
    anchored, use = each.anchored, each.use
    doctor = anchored.values.get("doctor") or None
    is_active = use.programme.starts is StartMode.AUTOMATIC
    return {
        "patient_id": anchored.patient_id,
        "template_id": use.template_id,
        "template_version_id": use.version_id,
        "state": PlanState.ACTIVE if is_active else PlanState.PROPOSED,
        "anchor": use.programme.anchor,
        "occasion": each.occasion,
        "anchor_on": anchored.on,
        "visit_id": anchored.visit_id,
        "disease": anchored.disease or diseases.get(anchored.visit_id or 0) or only_disease(use.programme),
        "department_id": anchored.department_id,
        "ward": anchored.ward,
        "doctor": doctor,
        "doctor_account": look.doctors.account_of(doctor, anchored.department_id),
        "created_at": look.now,
        "started_at": look.now if is_active else None,
    }
