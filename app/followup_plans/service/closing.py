"""The end of a plan: when its last task ends it is done, and a template that repeats begins its next round (F-31)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.db import rows_changed
from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import PlanState, round_of
from app.followup_plans.service.fitting import Questionnaires, new_tasks, subject_of
from app.followup_plans.service.inserting import insert_plans
from app.followup_plans.service.people import people_of
from app.followup_templates import service as templates
from app.followup_templates.models import FollowupTemplate
from app.followup_templates.rules import next_round, plan_steps
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import OPEN
from app.journal.service import Entry, append
from app.parts import Parts

_UNFINISHED = tuple(sorted(OPEN))


def finished_plans(session: Session, since: datetime | None) -> list[int]:
    """Active plans without an open task; with `since` only those of which a task ended from then on."""
    is_open = exists().where(FollowupTask.plan_id == FollowupPlan.id, FollowupTask.state.in_(_UNFINISHED))
    query = select(FollowupPlan.id).where(FollowupPlan.state == PlanState.ACTIVE, ~is_open)
    if since is not None:
        ended = select(FollowupTask.plan_id).where(FollowupTask.done_at >= since, FollowupTask.plan_id.is_not(None))
        query = query.where(FollowupPlan.id.in_(ended))
    return list(session.scalars(query.order_by(FollowupPlan.id)))


def close_finished(session: Session, parts: Parts, plan_ids: Collection[int], *, now: datetime) -> int:
    """Put those of these plans at their end that have no open task left, and begin what repeats.

    May be called in the transaction that ends a task, and is repeated by a sweep. Returns how many were closed.
    """
    closed = 0
    for plan_id in plan_ids:
        is_open = exists().where(FollowupTask.plan_id == plan_id, FollowupTask.state.in_(_UNFINISHED))
        done = session.execute(
            update(FollowupPlan)
            .where(FollowupPlan.id == plan_id, FollowupPlan.state == PlanState.ACTIVE, ~is_open)
            .values(state=PlanState.DONE, ended_at=now, row_version=FollowupPlan.row_version + 1),
            execution_options={"synchronize_session": False},
        )
        if rows_changed(done) != 1:
            continue
        closed += 1
        session.expire_all()
        entry = Entry(kind="followup_plan.ended", at=now, payload={"plan_id": plan_id, "state": PlanState.DONE.value})
        append(session, parts.bus, [entry])
        _repeat(session, parts, plan_id, now)
    return closed


def _repeat(session: Session, parts: Parts, plan_id: int, now: datetime) -> None:
    """The next round, once: its occasion is the event's with the round's number."""
    plan = session.get_one(FollowupPlan, plan_id)
    if plan.template_version_id is None or not people_of(session, [plan.patient_id]).may_get_plan(plan.patient_id):
        return
    programme = templates.programmes_of(session, [plan.template_version_id])[plan.template_version_id]
    zone, language = parts.settings.timezone, parts.settings.locale
    today = now.astimezone(zone).date()
    following = next_round(programme, plan.anchor_on, plan.round, today)
    if following is None:
        return
    number, anchor_on = following
    kept = (
        "patient_id", "template_id", "template_version_id", "anchor", "visit_id", "disease", "department_id", "ward",
        "doctor", "doctor_account", "condition", "focus", "cautions", "created_by",
    )  # fmt: skip
    row = {
        **{name: getattr(plan, name) for name in kept},
        "state": PlanState.ACTIVE,
        "occasion": round_of(plan.occasion, number),
        "anchor_on": anchor_on,
        "round": number,
        "created_at": now,
        "started_at": now,
    }
    made = insert_plans(session, [row])
    if not made:
        return
    fresh = session.get_one(FollowupPlan, next(iter(made.values())))
    template = session.get_one(FollowupTemplate, fresh.template_id)
    names = {template.id: templates.name_of(template, language)}
    tasks = new_tasks(
        subject_of(fresh, title="", names=names),
        plan_steps(programme, anchor_on, today),
        language=language,
        questionnaires=Questionnaires(session),
    )
    followups.add_tasks(session, parts.bus, tasks, zone=zone, by=None, now=now)
    payload = {"plan_id": fresh.id, "round": number}
    append(session, parts.bus, [Entry(kind="followup_plan.repeated", at=now, payload=payload)])
