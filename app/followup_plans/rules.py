"""The states of a plan (requirements, section 20)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


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
    PlanState.DONE: frozenset(),
    PlanState.STOPPED: frozenset({PlanState.ACTIVE}),  # its event came back
}
"""Every move that is allowed."""
