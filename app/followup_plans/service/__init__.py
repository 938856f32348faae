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
from app.followup_plans.service.coverage import (
    GROUP_TEXT,
    Coverage,
    MandatoryGroup,
    Unplanned,
    coverage,
    list_unplanned,
)
from app.followup_plans.service.customers import (
    LIST_HINT,
    LIST_TEXT,
    Customer,
    CustomerList,
    count_customers,
    give_owner,
    list_customers,
    owners,
)
from app.followup_plans.service.deciding import (
    LONGEST_NOTE,
    Notes,
    decide_none,
    decide_plan,
    escalate_decisions,
    write_notes,
)
from app.followup_plans.service.laboratory import MOST_STARTS, Trial, try_out
from app.followup_plans.service.reading import (
    PlanFilters,
    PlanRow,
    count_decisions,
    count_escalated,
    count_plans,
    decisions_for,
    escalated_decisions,
    late_first_followups,
    list_plans,
    open_tasks_of,
    plan_row,
    plans_of,
    tasks_of,
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
    "GROUP_TEXT",
    "LIST_HINT",
    "LIST_TEXT",
    "LONGEST_NOTE",
    "MOST_STARTS",
    "Coverage",
    "Customer",
    "CustomerList",
    "MandatoryGroup",
    "Notes",
    "PlanFilters",
    "PlanRow",
    "Preview",
    "Trial",
    "Unplanned",
    "accept_proposal",
    "begin_start",
    "close_ended",
    "close_finished",
    "count_customers",
    "count_decisions",
    "count_escalated",
    "count_plans",
    "coverage",
    "decide_none",
    "decide_plan",
    "decisions_for",
    "decline_proposal",
    "escalate_decisions",
    "escalated_decisions",
    "get_plan",
    "get_start",
    "give_owner",
    "late_first_followups",
    "list_customers",
    "list_plans",
    "list_unplanned",
    "look_again",
    "open_tasks_of",
    "owners",
    "plan_anchors",
    "plan_row",
    "plans_of",
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
    "tasks_of",
    "try_out",
    "work_on_start",
    "write_notes",
]


def _stop_on_death(session: Session, bus: Bus, patient_id: int, by: str | None, now: datetime) -> None:
    stop_everything(session, bus, patient_id, by=by, now=now)


on_death("followup_plans", _stop_on_death)
