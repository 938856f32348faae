"""Write sending rules, try them, switch them on and off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.exc import StaleDataError

from app.access import service as access
from app.access.rules import Module
from app.access.service import UNSCOPED
from app.bus import Bus
from app.contact_policy.rules import hours_for
from app.contact_policy.service import limits
from app.errors import Conflict, InvalidInput, NotFound
from app.message_templates import service as templates
from app.messages.rules import MessageKind, Origin, Priority
from app.patients.rules import clean_text
from app.segments import service as segments
from app.sending_rules.models import PlannedMessage, SendingRule
from app.sending_rules.rules import MOST_DAYS, PlanState, Reason, RuleState, may_move
from app.sending_rules.service.anchors import anchor_kinds
from app.sending_rules.service.planning import take_back
from app.sending_rules.service.sending import Text
from app.texts import N_

_CHANGED = N_("Somebody changed this rule meanwhile. Open it again and repeat your change.")
_LATEST_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleData:
    """What a user says about a rule. `days` before the date are negative."""

    name: str
    anchor: str
    days: int
    at: time
    late_days: int
    template_id: int | None
    segment_id: int | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFigures:
    """How one rule is doing: what is planned for the next days, and what became of the last thirty days' messages."""

    planned: int = 0
    sent: int = 0
    skipped: int = 0
    next_at: datetime | None = None


def list_rules(session: Session) -> Sequence[SendingRule]:
    """Every rule, those that are switched on first, then by name."""
    query = select(SendingRule).options(joinedload(SendingRule.template), joinedload(SendingRule.segment))
    is_off = SendingRule.state != RuleState.ACTIVE
    return session.scalars(query.order_by(is_off, SendingRule.name, SendingRule.id)).all()


def figures(session: Session, since: datetime) -> dict[int, RuleFigures]:
    """The figures of every rule that has planned something, of what was due since that moment."""
    rows = session.execute(
        select(PlannedMessage.rule_id, PlannedMessage.state, func.count(), func.min(PlannedMessage.due_at))
        .where(PlannedMessage.due_at >= since)
        .group_by(PlannedMessage.rule_id, PlannedMessage.state)
    )
    counts: dict[int, dict[str, int]] = {}
    next_at: dict[int, datetime] = {}
    for rule_id, state, count, first_at in rows:
        counts.setdefault(rule_id, {})[state] = count
        if state == PlanState.PLANNED:
            next_at[rule_id] = first_at
    return {
        rule_id: RuleFigures(
            planned=each.get(PlanState.PLANNED, 0),
            sent=each.get(PlanState.QUEUED, 0),
            skipped=each.get(PlanState.SKIPPED, 0),
            next_at=next_at.get(rule_id),
        )
        for rule_id, each in counts.items()
    }


def get_rule(session: Session, rule_id: int) -> SendingRule:
    """One rule. Raises NotFound."""
    found = session.get(SendingRule, rule_id) if 0 < rule_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such rule."))
    return found


def create_rule(session: Session, data: RuleData, *, by: str, now: datetime) -> SendingRule:
    """Make a rule as a draft. Raises InvalidInput, NotFound, NotAllowed."""
    access.need_write(session, Module.MESSAGES)
    made = SendingRule(
        state=RuleState.DRAFT, created_at=now, created_by=by, changed_at=now, changed_by=by, **_columns(session, data)
    )
    session.add(made)
    session.flush()
    return made


def change_rule(
    session: Session, rule_id: int, data: RuleData, *, row_version: int, by: str, now: datetime
) -> SendingRule:
    """Change a rule. Other days or another time hold for what has not been sent yet, and it stays switched on (S-20);
    another text, date or audience makes it a draft, which has to be tried again, and so do other days before it was
    switched on.

    Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    access.need_write(session, Module.MESSAGES)
    rule = get_rule(session, rule_id)
    if rule.row_version != row_version:
        raise Conflict(_CHANGED)
    columns = _columns(session, data)
    audience = ("anchor", "filters", "segment_id", "template_id")
    other = {name for name in audience if getattr(rule, name) != columns[name]}
    is_other_time = any(getattr(rule, name) != columns[name] for name in ("days", "at", "late_days"))
    for name, value in columns.items():
        setattr(rule, name, value)
    if is_other_time:
        # What a cap holds back until tomorrow is planned anew as well.
        session.execute(
            update(PlannedMessage)
            .where(PlannedMessage.rule_id == rule_id, PlannedMessage.state == PlanState.PLANNED)
            .values(reason=None)
            .execution_options(**{UNSCOPED: True}, synchronize_session=False)
        )
    if other or (is_other_time and rule.state == RuleState.SIMULATED):
        rule.state = RuleState.DRAFT
    if other - {"template_id"}:
        rule.activated_at = rule.activated_by = None  # for others it begins when it is switched on again
    rule.changed_at, rule.changed_by = now, by
    _flush(session)
    return rule


def note_simulated(session: Session, rule_id: int, *, by: str, now: datetime) -> None:
    """Somebody has looked at what the rule would send; from now on it may be switched on."""
    access.need_write(session, Module.MESSAGES)
    rule = get_rule(session, rule_id)
    if rule.state == RuleState.DRAFT:
        rule.state = RuleState.SIMULATED
    rule.simulated_at, rule.simulated_by = now, by
    _flush(session)


def activate(session: Session, rule_id: int, *, text: Text | None, by: str, now: datetime) -> SendingRule:
    """Switch a rule on. `text` is what it would send now. Raises Conflict that says what is missing.

    A rule that was paused or whose text was changed goes on where it stopped: with all that is still of use.
    """
    access.need_write(session, Module.MESSAGES)
    rule = get_rule(session, rule_id)
    if text is None:
        raise Conflict(N_("This rule has no approved template. Choose one, or have its text approved."))
    _move(rule, RuleState.ACTIVE, N_("Look first at what this rule would send."))
    _need_open_hour(session, rule.at, text.kind)
    if rule.activated_at is None:
        rule.activated_at, rule.activated_by = now, by
    rule.changed_at, rule.changed_by = now, by
    _flush(session)
    return rule


def pause(session: Session, rule_id: int, *, by: str, now: datetime) -> SendingRule:
    """Switch a rule off for a while: what it has planned waits. Raises Conflict."""
    access.need_write(session, Module.MESSAGES)
    rule = get_rule(session, rule_id)
    _move(rule, RuleState.PAUSED, N_("This rule is not switched on."))
    rule.changed_at, rule.changed_by = now, by
    _flush(session)
    return rule


def cancel_planned(session: Session, bus: Bus, planned_id: int, *, now: datetime) -> PlannedMessage:
    """Take one planned message back by hand. Raises NotFound, NotAllowed, or Conflict when it has left."""
    access.need_write(session, Module.MESSAGES)
    row = session.scalar(select(PlannedMessage).where(PlannedMessage.id == planned_id)) if planned_id < 2**31 else None
    if row is None:
        raise NotFound(N_("There is no such message."))
    if not take_back(session, bus, row, Reason.BY_HAND, now):
        raise Conflict(N_("It is too late: this message has left, or is leaving now."))
    return row


def _columns(session: Session, data: RuleData) -> dict[str, Any]:
    name = clean_text(data.name)[:120]
    if not name:
        raise InvalidInput(N_("Give the rule a name."), field="name")
    kind = anchor_kinds().get(data.anchor)
    if kind is None:
        raise InvalidInput(N_("Choose a date that the message hangs on."), field="anchor")
    if not -MOST_DAYS <= data.days <= MOST_DAYS:
        raise InvalidInput(N_("At most %(most)s days before or after."), field="days", most=MOST_DAYS)
    if not 0 <= data.late_days <= _LATEST_DAYS:
        raise InvalidInput(N_("From 0 to %(most)s days."), field="late_days", most=_LATEST_DAYS)
    if data.template_id is not None:
        template = templates.get_template(session, data.template_id)
        _need_open_hour(session, data.at, MessageKind(template.message_kind))
    filters = {key: value for key, value in data.filters.items() if key in kind.filters and value}
    if "month_day" in kind.filters:
        _need_day(str(filters.get("month_day", "")))
    if data.segment_id is not None:
        segments.get_segment(session, data.segment_id)
    return {
        "name": name,
        "anchor": data.anchor,
        "filters": filters,
        "days": data.days,
        "at": data.at,
        "late_days": data.late_days,
        "template_id": data.template_id,
        "segment_id": data.segment_id,
    }


def _need_open_hour(session: Session, at: time, kind: MessageKind) -> None:
    hours = hours_for(kind, Origin.RULE, Priority.NORMAL, limits(session))
    if hours is not None and not hours.opens <= at.hour < hours.closes:
        raise InvalidInput(
            N_("Such messages may leave from %(opens)s to %(closes)s o'clock. Choose a time between them."),
            field="at",
            opens=hours.opens,
            closes=hours.closes,
        )


def _need_day(month_day: str) -> None:
    try:
        # 29 February is no day of every year.
        datetime.strptime(f"2023-{month_day}", "%Y-%m-%d")
    except ValueError:
        raise InvalidInput(N_("Write a day of the year such as 10-15."), field="month_day") from None


def _move(rule: SendingRule, to: RuleState, otherwise: str) -> None:
    if not may_move(RuleState(rule.state), to):
        raise Conflict(otherwise)
    rule.state = to


def _flush(session: Session) -> None:
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(_CHANGED) from None
