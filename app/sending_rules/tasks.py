"""The sweeps of sending rules: the rows are planned, and what is due leaves."""

from __future__ import annotations

from app.parts import Parts
from app.sending_rules import service


def plan_all(parts: Parts) -> int:
    """Bring every rule that is switched on in step with the records. Returns how many rows changed."""
    with parts.database.reading() as session:
        rules = service.active_rules(session)
    return sum(service.plan_rule(parts, rule_id) for rule_id in rules)


def send_due(parts: Parts) -> int:
    """Put everything that is due into the outbox, a batch at a time. Returns how many rows were looked at."""
    looked_at = 0
    while count := service.queue_due(parts):
        looked_at += count
    return looked_at
