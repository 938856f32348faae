"""The sweeps of sending rules: the rows are planned, and what is due leaves."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from app.errors import WardlineError
from app.parts import Parts
from app.sending_rules import service

log = structlog.get_logger()


def plan_all(parts: Parts) -> int:
    """Bring every rule that is switched on in step with the records. Returns how many rows changed."""
    with parts.database.reading() as session:
        rules = service.active_rules(session)
    return _plan(parts, rules)


def send_due(parts: Parts) -> int:
    """Put everything that is due into the outbox, a batch at a time. Returns how many rows were looked at.

    Its rules are brought in step first: what was moved or taken back a moment ago does not go.
    """
    service.recall_stopped(parts)
    with parts.database.reading() as session:
        rules = service.rules_with_due(session, parts.now())
    _plan(parts, rules)
    looked_at = 0
    while count := service.queue_due(parts):
        looked_at += count
    return looked_at


def _plan(parts: Parts, rules: Iterable[int]) -> int:
    changed = 0
    for rule_id in rules:
        try:
            changed += service.plan_rule(parts, rule_id)
        except WardlineError as error:
            # One rule whose segment cannot be read must not keep the others from their messages.
            log.error("sending_rules.plan_failed", rule=rule_id, error=error.code)
    return changed
