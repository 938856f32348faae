"""A segment's rule as one statement of patient ids."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, true
from sqlalchemy.orm import Session

from app.patients.models import Patient
from app.segments.rules import Condition, ConditionKind, Group, Joint, Node, SegmentRule
from app.segments.service.clauses import Clock
from app.segments.service.conditions import express


def clock_of(now: datetime, zone: ZoneInfo) -> Clock:
    """The hospital's calendar at that moment."""
    return Clock(today=now.astimezone(zone).date(), zone=zone)


def matching(rule: SegmentRule, clock: Clock) -> Select[int]:
    """The ids of everybody whom the rule holds: merged records never, people who have died only where it says so.

    Run it in a session that is bound to a viewer, and only who the viewer may see is in it.
    """
    return select(Patient.id).where(*_everybody(rule), _expression(rule.root, clock))


def count(session: Session, rule: SegmentRule, clock: Clock) -> int:
    """How many people of the session's viewer the rule holds."""
    statement = select(func.count()).select_from(Patient).where(*_everybody(rule), _expression(rule.root, clock))
    return session.scalar(statement) or 0


def _everybody(rule: SegmentRule) -> list[ColumnElement[bool]]:
    alive = Patient.merged_into_id.is_(None)
    if rule.with_deceased or any(each.kind is ConditionKind.DECEASED for each in rule.conditions()):
        return [alive]
    return [alive, Patient.deceased_at.is_(None)]


def _expression(node: Node, clock: Clock) -> ColumnElement[bool]:
    if isinstance(node, Condition):
        return express(node, clock)
    return _joined(node, [_expression(part, clock) for part in node.parts])


def _joined(group: Group, parts: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    if not parts:
        return true()
    joined = and_(*parts) if group.joint is Joint.ALL else or_(*parts)
    return not_(joined) if group.is_negated else joined
