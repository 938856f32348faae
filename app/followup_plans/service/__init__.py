"""Plans: started, followed, decided, ended. Import from here."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.bus import Bus
from app.followup_plans.service.anchors import plan_anchors
from app.followup_plans.service.by_hand import (
    accept_proposal,
    decline_proposal,
    restart_plan,
    start_plan,
)
from app.followup_plans.service.closing import close_finished
from app.followup_plans.service.deciding import (
    LONGEST_NOTE,
    Notes,
    decide_none,
    decide_plan,
    escalate_decisions,
    write_notes,
)
from app.followup_plans.service.segment_starts import (
    Preview,
    begin_start,
    get_start,
    preview_start,
    running_starts,
    starts_of,
    stop_start,
    work_on_start,
)
from app.followup_plans.service.settling import settle_people
from app.followup_plans.service.stopping import get_plan, stop_everything, stop_plan
from app.followup_plans.service.sweeping import close_ended, look_again, settle_all, start_new
from app.patients.service import on_death

__all__ = [
    "LONGEST_NOTE",
    "Notes",
    "Preview",
    "accept_proposal",
    "begin_start",
    "close_ended",
    "close_finished",
    "decide_none",
    "decide_plan",
    "decline_proposal",
    "escalate_decisions",
    "get_plan",
    "get_start",
    "look_again",
    "plan_anchors",
    "preview_start",
    "restart_plan",
    "running_starts",
    "settle_all",
    "settle_people",
    "start_new",
    "start_plan",
    "starts_of",
    "stop_everything",
    "stop_plan",
    "stop_start",
    "work_on_start",
    "write_notes",
]


def _stop_on_death(session: Session, bus: Bus, patient_id: int, by: str | None, now: datetime) -> None:
    stop_everything(session, bus, patient_id, by=by, now=now)


on_death("followup_plans", _stop_on_death)
