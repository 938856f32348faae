"""Plans end before their last step: by hand, with their event, by what else happened, and with the patient's death."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.access.service import UNSCOPED
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound
from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import OPEN, PlanState, StopReason
from app.followup_templates.rules import (
    Occurrence,
    Programme,
    StopOn,
    ends_plan,
    has_passed,
    stopped_steps,
)
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import CLAIMABLE, TaskState
from app.followups.rules import OPEN as OPEN_TASKS
from app.journal.service import Entry, append
from app.parts import Parts
from app.patients.rules import clean_text
from app.registers.models import RegisterMember
from app.texts import N_
from app.visits.models import Operation, Visit

_Happened = Mapping[int, list[tuple[int | None, Occurrence]]]
_WHOLE = {UNSCOPED: True}
_REASONS: Mapping[StopOn, StopReason] = {each: StopReason(f"stop_{each}") for each in StopOn}


def get_plan(session: Session, plan_id: int) -> FollowupPlan:
    """One plan that the session may see. Raises NotFound."""
    found = session.get(FollowupPlan, plan_id) if 0 < plan_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such follow-up plan."))
    return found


def stop_plan(session: Session, bus: Bus, plan_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Stop a plan by hand: no step of it becomes due any more (F-23). Raises InvalidInput, Conflict, NotFound."""
    access.need_write(session, Module.FOLLOWUPS)
    plan = get_plan(session, plan_id)
    told = clean_text(reason)[:300]
    if not told:
        raise InvalidInput(N_("Say why this plan is stopped."), field="reason")
    if plan.state not in OPEN:
        raise Conflict(N_("This plan has ended already."))
    end_plan(session, bus, plan, PlanState.STOPPED, reason=told, by=by, now=now)


def end_plan(
    session: Session,
    bus: Bus,
    plan: FollowupPlan,
    state: PlanState,
    *,
    reason: str | None,
    by: str | None,
    now: datetime,
) -> None:
    """Put a plan at its end and cancel what of it is open."""
    plan_id = plan.id
    plan.state, plan.reason, plan.ended_at, plan.ended_by = state, reason, now, by
    session.flush()
    followups.recall_texts(session, bus, plan_id, now)
    followups.cancel_tasks_of_plan(session, bus, plan_id, reason=reason or state.value, by=by, now=now)
    payload = {"plan_id": plan_id, "state": state.value}
    append(session, bus, [Entry(kind="followup_plan.ended", at=now, agent=by, payload=payload)])


def stop_everything(
    session: Session,
    bus: Bus,
    patient_id: int,
    *,
    reason: str = StopReason.DEATH,
    by: str | None,
    now: datetime,
) -> int:
    """A death: stop every plan of the person and cancel every open follow-up, also of lists and those on their own.

    Also what the session's viewer may not see (guard 11). Greetings and messages stop at the contact policy, which
    knows of the death. Returns how many plans and tasks ended; twice changes nothing.
    """
    plans = session.scalars(
        select(FollowupPlan).where(FollowupPlan.patient_id == patient_id, FollowupPlan.state.in_(tuple(OPEN))),
        execution_options=_WHOLE,
    ).all()
    for plan in plans:
        plan.state, plan.reason, plan.ended_at, plan.ended_by = PlanState.STOPPED, reason, now, by
    session.flush()
    tasks = session.scalars(
        select(FollowupTask.id).where(
            FollowupTask.patient_id == patient_id, FollowupTask.state.in_(tuple(sorted(OPEN_TASKS)))
        ),
        execution_options=_WHOLE,
    ).all()
    cancelled = followups.cancel_tasks(session, bus, tasks, reason=reason, by=by, now=now)
    if plans or cancelled:
        payload = {"patient_id": patient_id, "plans": len(plans), "tasks": cancelled, "reason": str(reason)}
        append(session, bus, [Entry(kind="followups.stopped", at=now, agent=by, payload=payload)])
    return len(plans) + cancelled


def apply_stops(
    session: Session, parts: Parts, plans: Sequence[tuple[FollowupPlan, Programme]], *, now: datetime
) -> int:
    """Cancel the steps that something else has made needless, and bring back those of which it was taken back.

    Returns how many tasks and plans changed. Only active plans count; what somebody has in hand is left to them.
    """
    concerned = [(plan, programme) for plan, programme in plans if programme.stops and plan.state == PlanState.ACTIVE]
    if not concerned:
        return 0
    session.flush()
    happened = _happened(session, parts, {plan.patient_id for plan, _programme in concerned})
    _recall_stopped(session, parts, concerned, happened, now)
    tasks = _tasks_of(session, [plan.id for plan, _programme in concerned])
    today = now.astimezone(parts.settings.timezone).date()
    cancelled: dict[StopReason, list[int]] = defaultdict(list)
    back: list[int] = []
    ended: list[tuple[FollowupPlan, StopOn]] = []
    for plan, programme in concerned:
        mine = _others(plan, happened)
        ending = ends_plan(programme, plan.anchor_on, mine)
        if ending is not None:
            ended.append((plan, ending))
            continue
        stopped = stopped_steps(programme, plan.anchor_on, mine)
        steps = {step.key: step for step in programme.steps}
        for task_id, key, state, reason in tasks[plan.id]:
            if key in stopped and state in CLAIMABLE:
                cancelled[_REASONS[stopped[key]]].append(task_id)
            was_stopped = state == TaskState.CANCELLED and reason in _REASONS.values()
            if was_stopped and key not in stopped and key in steps:
                back += [] if has_passed(steps[key], plan.anchor_on, today) else [task_id]
    return _carry_out(session, parts, cancelled, back, ended, now)


def _others(plan: FollowupPlan, happened: _Happened) -> list[Occurrence]:
    """What happened to the patient beside the visit that the plan itself hangs on."""
    return [each for visit_id, each in happened[plan.patient_id] if visit_id is None or visit_id != plan.visit_id]


def _recall_stopped(
    session: Session,
    parts: Parts,
    concerned: Sequence[tuple[FollowupPlan, Programme]],
    happened: _Happened,
    now: datetime,
) -> None:
    wanted = [
        (plan.id, stopped.keys())
        for plan, programme in concerned
        if (stopped := stopped_steps(programme, plan.anchor_on, _others(plan, happened)))
    ]
    for plan_id, steps in wanted:
        followups.recall_texts(session, parts.bus, plan_id, now, steps=steps)


def _carry_out(
    session: Session,
    parts: Parts,
    cancelled: Mapping[StopReason, Sequence[int]],
    back: Sequence[int],
    ended: Sequence[tuple[FollowupPlan, StopOn]],
    now: datetime,
) -> int:
    changed = followups.restore_tasks(session, parts.bus, back, now=now)
    for reason, ids in cancelled.items():
        changed += followups.cancel_tasks(session, parts.bus, ids, reason=reason, by=None, now=now)
    for plan, ending in ended:
        end_plan(session, parts.bus, plan, PlanState.STOPPED, reason=_REASONS[ending], by=None, now=now)
    return changed + len(ended)


def _tasks_of(
    session: Session, plan_ids: Collection[int]
) -> Mapping[int, list[tuple[int, str | None, str, str | None]]]:
    found: dict[int, list[tuple[int, str | None, str, str | None]]] = defaultdict(list)
    columns = (FollowupTask.plan_id, FollowupTask.id, FollowupTask.step, FollowupTask.state, FollowupTask.reason)
    query = select(*columns).where(FollowupTask.plan_id.in_(plan_ids)).order_by(FollowupTask.id)
    for plan_id, task_id, step, state, reason in session.execute(query):
        found[plan_id or 0].append((task_id, step, state, reason))
    return found


def _happened(session: Session, parts: Parts, patient_ids: Collection[int]) -> _Happened:
    """What happened to these people, each with the visit that it was."""
    zone = parts.settings.timezone
    found: dict[int, list[tuple[int | None, Occurrence]]] = defaultdict(list)

    def add(patient_id: int, visit_id: int | None, on: StopOn, at: datetime | None) -> None:
        if at is not None and at <= parts.now():
            found[patient_id].append((visit_id, Occurrence(on=on, day=at.astimezone(zone).date())))

    visits = select(Visit.id, Visit.patient_id, Visit.kind, Visit.started_at, Visit.ended_at).where(
        Visit.patient_id.in_(patient_ids), Visit.status != "withdrawn"
    )
    for row in session.execute(visits, execution_options=_WHOLE):
        add(row.patient_id, row.id, StopOn.VISIT, row.started_at)
        if row.kind == "inpatient":
            add(row.patient_id, row.id, StopOn.ADMISSION, row.started_at)
            add(row.patient_id, row.id, StopOn.DISCHARGE, row.ended_at)
    operations = select(Operation.patient_id, Operation.at).where(Operation.patient_id.in_(patient_ids))
    for patient_id, operated_at in session.execute(operations, execution_options=_WHOLE):
        add(patient_id, None, StopOn.OPERATION, operated_at)
    left = select(RegisterMember.patient_id, RegisterMember.left_at).where(
        RegisterMember.patient_id.in_(patient_ids), RegisterMember.left_at.is_not(None)
    )
    for patient_id, left_at in session.execute(left, execution_options=_WHOLE):
        add(patient_id, None, StopOn.REGISTER_LEFT, left_at)
    return found
