"""The states of a plan (requirements, section 20)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.texts import N_


class PlanState(StrEnum):
    """undecided (after a discharge) or proposed → active → done / stopped with a reason."""

    UNDECIDED = "undecided"
    PROPOSED = "proposed"
    ACTIVE = "active"
    DONE = "done"
    STOPPED = "stopped"


MOVES: Mapping[PlanState, frozenset[PlanState]] = {
    PlanState.UNDECIDED: frozenset({PlanState.ACTIVE, PlanState.STOPPED}),
    PlanState.PROPOSED: frozenset({PlanState.ACTIVE, PlanState.STOPPED}),
    PlanState.ACTIVE: frozenset({PlanState.DONE, PlanState.STOPPED}),
    PlanState.DONE: frozenset({PlanState.ACTIVE}),  # its last text was taken back before it had left
    PlanState.STOPPED: frozenset({PlanState.ACTIVE, PlanState.PROPOSED}),  # its event came back
}
"""Every move that is allowed."""

OPEN = frozenset({PlanState.UNDECIDED, PlanState.PROPOSED, PlanState.ACTIVE})

STATE_TEXT: Mapping[PlanState, str] = {
    PlanState.UNDECIDED: N_("Undecided"),
    PlanState.PROPOSED: N_("Proposed"),
    PlanState.ACTIVE: N_("Active"),
    PlanState.DONE: N_("Done"),
    PlanState.STOPPED: N_("Stopped"),
}


class StopReason(StrEnum):
    """Why a plan was stopped, or a task of it cancelled, by itself. Whoever stops one by hand writes a reason."""

    WITHDRAWN = "withdrawn"  # its event was taken back, or does not fit the template any more
    MOVED = "moved"  # its event moved, and the step's day has passed
    DEATH = "deceased"
    REGISTER_LEFT = "register_left"
    VISIT = "stop_visit"
    OPERATION = "stop_operation"
    ADMISSION = "stop_admission"
    DISCHARGE = "stop_discharge"
    LEFT_REGISTER = "stop_register_left"


REASON_TEXT: Mapping[StopReason, str] = {
    StopReason.WITHDRAWN: N_("Its event was taken back."),
    StopReason.MOVED: N_("Its event moved, and this day has passed."),
    StopReason.DEATH: N_("The patient has died."),
    StopReason.REGISTER_LEFT: N_("The patient left the register."),
    StopReason.VISIT: N_("The patient came to a visit."),
    StopReason.OPERATION: N_("The patient was operated on."),
    StopReason.ADMISSION: N_("The patient was admitted."),
    StopReason.DISCHARGE: N_("The patient was discharged."),
    StopReason.LEFT_REGISTER: N_("The patient left a register."),
}
RESTARTABLE = frozenset({StopReason.WITHDRAWN, StopReason.DEATH, StopReason.REGISTER_LEFT})
"""What is taken back when its event is there again, or when a death was recorded by mistake."""
