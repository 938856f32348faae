"""At discharge the attending doctor decides: no follow-up, with a reason, or a plan with notes (F-17 to F-19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.configuration.rules import FOLLOWUP_DECISION_HOURS, FOLLOWUP_NOTES
from app.configuration.service import value
from app.db import rows_changed
from app.errors import Conflict, InvalidInput
from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import PlanState, StopReason, decision_of, occasion_of
from app.followup_plans.service.anchors import DISCHARGES, events_of
from app.followup_plans.service.fitting import Questionnaires, Subject, fit_tasks, new_tasks
from app.followup_plans.service.inserting import insert_plans
from app.followup_plans.service.people import Doctors, People, diseases_of
from app.followup_plans.service.stopping import end_plan, get_plan
from app.followup_templates import service as templates
from app.followup_templates.rules import plan_steps
from app.followups import service as followups
from app.journal.service import Entry, append
from app.parts import Parts
from app.patients.rules import clean_text
from app.sending_rules.service.anchors import Anchored
from app.texts import N_

LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What the doctor writes for whoever calls (F-19)."""

    condition: str = ""
    focus: str = ""
    cautions: str = ""


def open_decisions(
    session: Session,
    parts: Parts,
    people: People,
    plans: Sequence[FollowupPlan],
    *,
    since: datetime,
    doctors: Doctors,
    now: datetime,
) -> int:
    """Let each inpatient discharge since then wait for its doctor, unless a template began for it by itself."""
    able = [each for each in people.living if people.may_get_plan(each)]
    found = [
        each for each in events_of(session, DISCHARGES, able, parts.settings.timezone) if each.at and each.at >= since
    ]
    if not found:
        return 0
    known = {(plan.patient_id, plan.occasion) for plan in plans}
    started = select(FollowupPlan.patient_id, FollowupPlan.occasion).where(
        FollowupPlan.patient_id.in_({each.patient_id for each in found}), FollowupPlan.anchor == "discharge"
    )
    known |= {(row.patient_id, row.occasion) for row in session.execute(started)}
    waiting = [
        each
        for each in found
        if not known & {(each.patient_id, occasion) for occasion in (_decision(each), _event(each))}
    ]
    if not waiting:
        return 0
    hours = timedelta(hours=value(session, FOLLOWUP_DECISION_HOURS))
    diseases = diseases_of(session, {each.visit_id for each in waiting if each.visit_id is not None})
    rows = [
        {
            "patient_id": each.patient_id,
            "template_id": 0,
            "state": PlanState.UNDECIDED,
            "anchor": "discharge",
            "occasion": _decision(each),
            "anchor_on": each.on,
            "visit_id": each.visit_id,
            "disease": diseases.get(each.visit_id or 0),
            "department_id": each.department_id,
            "ward": each.ward,
            "doctor": each.values.get("doctor") or None,
            "doctor_account": doctors.account_of(each.values.get("doctor"), each.department_id),
            "decide_by": now + hours,
            "created_at": now,
        }
        for each in waiting
    ]
    made = insert_plans(session, rows)
    append(session, parts.bus, [Entry(kind="followup_decisions.opened", at=now, payload={"count": len(made)})])
    return len(made)


def settle_decisions(
    session: Session,
    parts: Parts,
    plans: Sequence[FollowupPlan],
    people: People,
    *,
    doctors: Doctors,
    now: datetime,
) -> int:
    """Decisions and what was decided move and stop with their discharge. Returns how many changed."""
    mine = [plan for plan in plans if plan.occasion.startswith("decision:") and _may_follow(plan)]
    if not mine:
        return 0
    zone = parts.settings.timezone
    found = events_of(session, DISCHARGES, {plan.patient_id for plan in mine}, zone)
    events = {(_decision(each), each.patient_id): each for each in found}
    changed = 0
    for plan in mine:
        root = plan.occasion.partition("~")[0]
        event = events.get((root, plan.patient_id))
        if event is None and plan.state != PlanState.STOPPED:
            end_plan(session, parts.bus, plan, PlanState.STOPPED, reason=StopReason.WITHDRAWN, by=None, now=now)
            changed += 1
        elif event is not None:
            changed += _follow(session, parts, plan, event, doctors, now)
    return changed


def decide_none(session: Session, bus: Bus, plan_id: int, *, reason: str, by: str, now: datetime) -> None:
    """No follow-up for this discharge, for this reason. Raises InvalidInput, Conflict when decided, NotFound."""
    access.need_write(session, Module.FOLLOWUPS)
    told = clean_text(reason)[:300]
    if not told:
        raise InvalidInput(N_("Say why there is no follow-up."), field="reason")
    get_plan(session, plan_id)
    _claim(session, plan_id, state=PlanState.STOPPED, reason=told, ended_at=now, ended_by=by, by=by, now=now)
    payload = {"plan_id": plan_id, "decision": "none"}
    append(session, bus, [Entry(kind="followup_plan.decided", at=now, agent=by, payload=payload)])


def decide_plan(
    session: Session, parts: Parts, plan_id: int, *, template_id: int, notes: Notes, by: str, now: datetime
) -> None:
    """This template for this discharge, with the doctor's notes.

    Raises InvalidInput without notes where the hospital wants them, Conflict when it was decided or the template runs
    for this discharge already, NotFound.
    """
    access.need_write(session, Module.FOLLOWUPS)
    checked = check_notes(session, notes)
    plan = get_plan(session, plan_id)
    zone, language = parts.settings.timezone, parts.settings.locale
    use = templates.version_in_use(session, template_id, zone)
    twice = select(FollowupPlan.id).where(
        FollowupPlan.patient_id == plan.patient_id,
        FollowupPlan.template_id == template_id,
        FollowupPlan.occasion.in_((plan.occasion, f"discharge:{plan.visit_id}")),
    )
    if session.scalar(twice) is not None:
        raise Conflict(N_("This template runs already for this discharge."))
    today = now.astimezone(zone).date()
    steps = plan_steps(use.programme, plan.anchor_on, today)
    if not steps:
        raise InvalidInput(N_("Every day of this template has passed."), field="template")
    _claim(
        session,
        plan_id,
        state=PlanState.ACTIVE,
        template_id=template_id,
        template_version_id=use.version_id,
        condition=checked.condition,
        focus=checked.focus,
        cautions=checked.cautions,
        started_at=now,
        by=by,
        now=now,
    )
    session.refresh(plan)
    subject = _subject(plan, use.title(language))
    tasks = new_tasks(subject, steps, language=language, questionnaires=Questionnaires(session))
    followups.add_tasks(session, parts.bus, tasks, zone=zone, by=by, now=now)
    payload = {"plan_id": plan_id, "decision": "plan", "template_id": template_id}
    append(session, parts.bus, [Entry(kind="followup_plan.decided", at=now, agent=by, payload=payload)])


def write_notes(session: Session, bus: Bus, plan_id: int, notes: Notes, *, by: str, now: datetime) -> None:
    """Change the doctor's notes of a plan. Raises InvalidInput, NotFound, NotAllowed."""
    access.need_write(session, Module.FOLLOWUPS)
    plan = get_plan(session, plan_id)
    checked = check_notes(session, notes)
    plan.condition, plan.focus, plan.cautions = checked.condition, checked.focus, checked.cautions
    append(session, bus, [Entry(kind="followup_plan.noted", at=now, agent=by, payload={"plan_id": plan_id})])


def check_notes(session: Session, notes: Notes) -> Notes:
    """The notes as they are kept. Raises InvalidInput for one that is missing where the hospital wants all three."""
    kept = {
        name: text.replace("\r\n", "\n").replace("\x00", "").strip()
        for name, text in (("condition", notes.condition), ("focus", notes.focus), ("cautions", notes.cautions))
    }
    for name, text in kept.items():
        if len(text) > LONGEST_NOTE:
            raise InvalidInput(N_("This text is too long."), field=name)
    missing = next((name for name, text in kept.items() if not text), None)
    if missing is not None and value(session, FOLLOWUP_NOTES):
        raise InvalidInput(N_("Write condition, focus and cautions: whoever calls needs them."), field=missing)
    return Notes(**kept)


def escalate_decisions(session: Session, bus: Bus, now: datetime) -> int:
    """What its doctor has not decided in time is the department's, too (F-17). Returns how many."""
    late = session.execute(
        update(FollowupPlan)
        .where(
            FollowupPlan.state == PlanState.UNDECIDED,
            FollowupPlan.decide_by <= now,
            FollowupPlan.escalated_at.is_(None),
        )
        .values(escalated_at=now, row_version=FollowupPlan.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    count = rows_changed(late)
    if count:
        append(session, bus, [Entry(kind="followup_decisions.escalated", at=now, payload={"count": count})])
    return count


def _claim(session: Session, plan_id: int, *, by: str, now: datetime, **values: object) -> None:
    """Of two who decide at once, one does."""
    session.flush()
    taken = session.execute(
        update(FollowupPlan)
        .where(FollowupPlan.id == plan_id, FollowupPlan.state == PlanState.UNDECIDED)
        .values(**values, decided_at=now, decided_by=by, row_version=FollowupPlan.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    if rows_changed(taken) != 1:
        raise Conflict(N_("This discharge was decided already. Open its plan."))
    session.expire_all()


def _may_follow(plan: FollowupPlan) -> bool:
    if plan.state == PlanState.STOPPED:
        return plan.reason in (StopReason.WITHDRAWN, StopReason.DEATH) and plan.template_id != 0
    return plan.state in (PlanState.UNDECIDED, PlanState.ACTIVE)


def _follow(
    session: Session, parts: Parts, plan: FollowupPlan, event: Anchored, doctors: Doctors, now: datetime
) -> bool:
    doctor = event.values.get("doctor") or None
    came_back, has_moved = plan.state == PlanState.STOPPED, plan.round == 1 and plan.anchor_on != event.on
    if plan.state == PlanState.UNDECIDED and doctor != plan.doctor:
        plan.doctor, plan.doctor_account = doctor, doctors.account_of(doctor, event.department_id)
        plan.department_id = event.department_id
        has_moved = True
    if not came_back and not has_moved:
        return False
    plan.anchor_on = event.on if plan.round == 1 else plan.anchor_on
    if came_back:
        plan.state, plan.reason, plan.ended_at, plan.ended_by = PlanState.ACTIVE, None, None, None
    session.flush()
    if plan.state == PlanState.ACTIVE and plan.template_version_id is not None:
        version = templates.get_version(session, plan.template_version_id)
        subject = _subject(plan, templates.name_of(version.template, parts.settings.locale))
        today: date = now.astimezone(parts.settings.timezone).date()
        programme = templates.programme_of(version)
        fit_tasks(session, parts, subject, programme, Questionnaires(session), known_on=today, now=now)
    return True


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


def _decision(each: Anchored) -> str:
    return decision_of(each.visit_id or 0)


def _event(each: Anchored) -> str:
    return occasion_of("discharge", each.record)
