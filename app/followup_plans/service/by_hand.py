"""Plans that a person begins: on the patient page, from a proposal, again after a stop."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import PlanState, by_hand_on
from app.followup_plans.service.deciding import Notes
from app.followup_plans.service.fitting import Questionnaires, Subject, fit_tasks, new_tasks
from app.followup_plans.service.inserting import insert_plans
from app.followup_plans.service.people import Doctors, people_of
from app.followup_plans.service.settling import mark_used, only_disease
from app.followup_plans.service.stopping import end_plan, get_plan
from app.followup_templates import service as templates
from app.followup_templates.rules import plan_steps
from app.followup_templates.service import InUse
from app.followups import service as followups
from app.followups.service import NewTask
from app.journal.service import Entry, append
from app.parts import Parts
from app.patients.models import Patient
from app.patients.rules import clean_text
from app.texts import N_
from app.visits.models import Visit


def start_plan(
    session: Session, parts: Parts, patient_id: int, template_id: int, anchor_on: date, *, notes: Notes, by: str
) -> FollowupPlan:
    """Begin a template for one person, its days counted from `anchor_on`. Doing it twice begins one plan.

    Raises NotFound, Conflict when it was begun for this day already, InvalidInput when no step of it is left.
    """
    access.need_write(session, Module.FOLLOWUPS)
    now = parts.now()
    _need_living(session, patient_id)
    use = templates.version_in_use(session, template_id, parts.settings.timezone)
    made = make_plans(session, parts, use, [patient_id], anchor_on, by=by, now=now, notes=notes)
    if not made:
        raise Conflict(N_("This template was begun for this person and day already, or no step of it is left."))
    return get_plan(session, made[0])


def make_plans(
    session: Session,
    parts: Parts,
    use: InUse,
    patient_ids: Collection[int],
    anchor_on: date,
    *,
    by: str,
    now: datetime,
    notes: Notes | None = None,
) -> list[int]:
    """Begin a template for these people, at most some hundred; the ids of the plans that are new.

    The latest visit says whose patient somebody is.
    """
    zone, language = parts.settings.timezone, parts.settings.locale
    steps = plan_steps(use.programme, anchor_on, now.astimezone(zone).date())
    if not steps:
        return []
    visits = _latest_visits(session, patient_ids)
    doctors = Doctors(session)
    rows = [
        {
            "patient_id": patient_id,
            "template_id": use.template_id,
            "template_version_id": use.version_id,
            "state": PlanState.ACTIVE,
            "anchor": use.programme.anchor,
            "occasion": by_hand_on(anchor_on),
            "anchor_on": anchor_on,
            **_of_visit(visits.get(patient_id), doctors),
            "disease": only_disease(use.programme),
            "condition": notes.condition if notes else "",
            "focus": notes.focus if notes else "",
            "cautions": notes.cautions if notes else "",
            "created_at": now,
            "created_by": by,
            "started_at": now,
        }
        for patient_id in sorted(patient_ids)
    ]
    made = insert_plans(session, rows)
    questionnaires = Questionnaires(session)
    tasks: list[NewTask] = []
    for row in rows:
        plan_id = made.get((row["patient_id"], use.template_id, row["occasion"]))
        if plan_id is not None:
            subject = Subject(
                plan_id=plan_id,
                patient_id=row["patient_id"],
                anchor=use.programme.anchor,
                anchor_on=anchor_on,
                title="",
                template=use.title(language),
                doctor_account=row["doctor_account"],
                department_id=row["department_id"],
            )
            tasks += new_tasks(subject, steps, language=language, questionnaires=questionnaires)
    followups.add_tasks(session, parts.bus, tasks, zone=zone, by=by, now=now)
    mark_used(session, {use.version_id}, now)
    if made:
        payload = {"plan_ids": sorted(made.values())}
        append(session, parts.bus, [Entry(kind="followup_plans.started", at=now, agent=by, payload=payload)])
    return sorted(made.values())


def accept_proposal(session: Session, parts: Parts, plan_id: int, *, by: str) -> None:
    """Begin a plan that was proposed. Raises Conflict when it is none, InvalidInput when no step of it is left."""
    access.need_write(session, Module.FOLLOWUPS)
    plan, now, zone = get_plan(session, plan_id), parts.now(), parts.settings.timezone
    version = templates.get_version(session, plan.template_version_id or 0)
    programme, language = templates.programme_of(version), parts.settings.locale
    steps = plan_steps(programme, plan.anchor_on, now.astimezone(zone).date())
    if not steps:
        raise InvalidInput(N_("Every day of this template has passed."), field="template")
    _change(session, plan_id, PlanState.PROPOSED, state=PlanState.ACTIVE, started_at=now, decided_at=now, decided_by=by)
    session.refresh(plan)
    subject = _subject(plan, templates.name_of(version.template, language))
    tasks = new_tasks(subject, steps, language=language, questionnaires=Questionnaires(session))
    followups.add_tasks(session, parts.bus, tasks, zone=zone, by=by, now=now)
    payload = {"plan_id": plan_id, "decision": "accepted"}
    append(session, parts.bus, [Entry(kind="followup_plan.decided", at=now, agent=by, payload=payload)])


def decline_proposal(session: Session, bus: Bus, plan_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Not this plan, for a reason; it is not proposed again for this event. Raises InvalidInput, Conflict."""
    access.need_write(session, Module.FOLLOWUPS)
    told = clean_text(reason)[:300]
    if not told:
        raise InvalidInput(N_("Say why this plan is not begun."), field="reason")
    plan = get_plan(session, plan_id)
    if plan.state != PlanState.PROPOSED:
        raise Conflict(N_("This plan is no longer a proposal."))
    plan.decided_at, plan.decided_by = now, by
    end_plan(session, bus, plan, PlanState.STOPPED, reason=told, by=by, now=now)


def restart_plan(session: Session, parts: Parts, plan_id: int, *, by: str) -> None:
    """Go on with a plan that was stopped: its steps that are still to come. Raises Conflict, InvalidInput."""
    access.need_write(session, Module.FOLLOWUPS)
    plan, now = get_plan(session, plan_id), parts.now()
    if plan.template_version_id is None:
        raise Conflict(N_("Nothing was planned here. Start a template instead."))
    _need_living(session, plan.patient_id)
    version = templates.get_version(session, plan.template_version_id)
    programme, today = templates.programme_of(version), now.astimezone(parts.settings.timezone).date()
    if not plan_steps(programme, plan.anchor_on, today):
        raise InvalidInput(N_("Every day of this template has passed."), field="template")
    before = plan.reason
    _change(
        session, plan_id, PlanState.STOPPED, state=PlanState.ACTIVE, reason=None, ended_at=None, ended_by=None,
        started_at=plan.started_at or now,
    )  # fmt: skip
    session.refresh(plan)
    subject = _subject(plan, templates.name_of(version.template, parts.settings.locale))
    questionnaires = Questionnaires(session)
    fit_tasks(
        session, parts, subject, programme, questionnaires, known_on=today, now=now, also_back=frozenset({before or ""})
    )
    append(session, parts.bus, [Entry(kind="followup_plan.restarted", at=now, agent=by, payload={"plan_id": plan_id})])


def _need_living(session: Session, patient_id: int) -> None:
    query = select(Patient.deceased_at, Patient.merged_into_id).where(Patient.id == patient_id)
    found = session.execute(query).first() if 0 < patient_id < 2**31 else None
    if found is None or found.merged_into_id is not None:
        raise NotFound(N_("There is no such patient."))
    if found.deceased_at is not None:
        raise Conflict(N_("This person has died. No follow-up is planned."))
    if patient_id in people_of(session, [patient_id]).stopped:
        raise Conflict(N_("The person wants no contact at all. No follow-up is planned."))


def _change(session: Session, plan_id: int, expected: PlanState, **values: object) -> None:
    session.flush()
    changed = session.execute(
        update(FollowupPlan)
        .where(FollowupPlan.id == plan_id, FollowupPlan.state == expected)
        .values(**values, row_version=FollowupPlan.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    if rows_changed(changed) != 1:
        raise Conflict(N_("This plan is no longer in the state that the page showed. Open it again."))
    session.expire_all()


def _latest_visits(session: Session, patient_ids: Collection[int]) -> dict[int, Visit]:
    query = (
        select(Visit)
        .where(Visit.patient_id.in_(patient_ids), Visit.status != "withdrawn")
        .order_by(Visit.started_at, Visit.id)
    )
    return {visit.patient_id: visit for visit in session.scalars(query)}


def _of_visit(visit: Visit | None, doctors: Doctors) -> dict[str, Any]:
    if visit is None:
        return {"visit_id": None, "department_id": None, "ward": None, "doctor": None, "doctor_account": None}
    return {
        "visit_id": visit.id,
        "department_id": visit.department_id,
        "ward": visit.ward,
        "doctor": visit.doctor,
        "doctor_account": doctors.account_of(visit.doctor, visit.department_id),
    }


def _subject(plan: FollowupPlan, template: str) -> Subject:
    return Subject(
        plan_id=plan.id,
        patient_id=plan.patient_id,
        anchor=plan.anchor,
        anchor_on=plan.anchor_on,
        title="",
        template=template,
        doctor_account=plan.doctor_account,
        department_id=plan.department_id,
    )
