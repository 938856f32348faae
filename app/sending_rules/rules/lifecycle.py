"""The life of a sending rule: it is tried before it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.texts import N_


class RuleState(StrEnum):
    """draft → simulated → active → paused → active; a change of text or audience makes it a draft again."""

    DRAFT = "draft"
    SIMULATED = "simulated"  # somebody has looked at what it would send
    ACTIVE = "active"
    PAUSED = "paused"


MOVES: Mapping[RuleState, frozenset[RuleState]] = {
    RuleState.DRAFT: frozenset({RuleState.SIMULATED}),
    RuleState.SIMULATED: frozenset({RuleState.ACTIVE, RuleState.DRAFT}),
    RuleState.ACTIVE: frozenset({RuleState.PAUSED}),
    RuleState.PAUSED: frozenset({RuleState.ACTIVE, RuleState.DRAFT}),
}

STATE_TEXT: Mapping[RuleState, str] = {
    RuleState.DRAFT: N_("Draft"),
    RuleState.SIMULATED: N_("Tried"),
    RuleState.ACTIVE: N_("Switched on"),
    RuleState.PAUSED: N_("Paused"),
}


def may_move(state: RuleState, to: RuleState) -> bool:
    """Whether a rule may go from one state to the other."""
    return to in MOVES[state]
