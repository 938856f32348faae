"""What plans add to the work list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.accounts.rules import OVER_AGENTS, Role
from app.followup_plans import service
from app.followup_plans.routes.deciding import departments_of
from app.followup_plans.routes.pages import DECIDERS
from app.followup_plans.rules import PlanState
from app.texts import N_
from app.worklist.service.registry import WorkItem, register


def _decisions(session: Session, viewer: Viewer, _now: datetime) -> int:
    return service.count_decisions(
        session, username=viewer.username, departments=departments_of(viewer), sees_all=False
    )


def _escalated(session: Session, viewer: Viewer, _now: datetime) -> int:
    own = None if viewer.role in OVER_AGENTS else departments_of(viewer)
    return service.count_escalated(session, departments=own)


register(
    WorkItem(
        label=N_("Discharges to decide on"),
        hint=N_("Follow-up or none, and which: the attending doctor says so."),
        icon="box-arrow-right",
        endpoint="followup_plans.show_decisions",
        roles=frozenset({Role.DOCTOR}),
        module=Module.FOLLOWUPS,
        count=_decisions,
    ),
    WorkItem(
        label=N_("Follow-ups that came too late"),
        hint=N_("A discharge that nobody has decided on, or a first follow-up that its doctor has not done."),
        icon="arrow-up-circle",
        endpoint="followup_plans.show_escalated",
        roles=DECIDERS,
        module=Module.FOLLOWUPS,
        count=_escalated,
    ),
    WorkItem(
        label=N_("Proposed plans"),
        hint=N_("An event fits a template; somebody says whether its plan begins."),
        icon="lightbulb",
        endpoint="followup_plans.list_plans",
        arguments=(("state", PlanState.PROPOSED.value),),
        roles=DECIDERS,
        module=Module.FOLLOWUPS,
        count=lambda session, _viewer, _now: service.count_plans(session, PlanState.PROPOSED),
    ),
)
