"""Use cases of sending rules. Import from here."""

from app.sending_rules.service.anchors import Anchored, AnchorKind, AnchorQuery, anchor_kinds, register
from app.sending_rules.service.editing import (
    RuleData,
    RuleFigures,
    activate,
    cancel_planned,
    change_rule,
    create_rule,
    figures,
    get_rule,
    list_rules,
    note_simulated,
    pause,
)
from app.sending_rules.service.planning import HORIZON_DAYS, active_rules, plan_rule
from app.sending_rules.service.reading import PlannedFilters, list_planned
from app.sending_rules.service.sending import queue_due, recall_stopped, rules_with_due, text_of
from app.sending_rules.service.shipping import install_shipped
from app.sending_rules.service.simulating import SIMULATED_DAYS, Simulation, simulate

__all__ = [
    "HORIZON_DAYS",
    "SIMULATED_DAYS",
    "AnchorKind",
    "AnchorQuery",
    "Anchored",
    "PlannedFilters",
    "RuleData",
    "RuleFigures",
    "Simulation",
    "activate",
    "active_rules",
    "anchor_kinds",
    "cancel_planned",
    "change_rule",
    "create_rule",
    "figures",
    "get_rule",
    "install_shipped",
    "list_planned",
    "list_rules",
    "note_simulated",
    "pause",
    "plan_rule",
    "queue_due",
    "recall_stopped",
    "register",
    "rules_with_due",
    "simulate",
    "text_of",
]
