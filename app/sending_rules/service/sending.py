"""What is due leaves for the outbox; what cannot go says why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app.contact_policy.rules import Limits, earliest_sending
from app.contact_policy.service import limits
from app.message_templates import service as templates
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.message_templates.rules import is_valid_on
from app.message_templates.service import Addressee, HouseValues
from app.messages import service as messages
from app.messages.models import Message
from app.messages.rules import MessageKind, Origin, OutState, Priority, cut_text, sign_text
from app.messages.service import Outgoing
from app.parts import Parts
from app.sending_rules.models import PlannedMessage, SendingRule
from app.sending_rules.rules import HELD_BACK, Due, PlanState, Reason, RuleState, next_try
from app.sending_rules.service.anchors import anchor_kinds
from app.sending_rules.service.planning import timing_of
from app.versions.rules import VersionState

_RECALLED_FOR = timedelta(days=3)
"""So long after a rule was switched off its messages in the outbox are looked for: longer than a server is away."""


class Text:
    """What one rule sends, ready to be filled: a version of its template and the hospital's own values."""

    def __init__(self, version: TemplateVersion, house: HouseValues, zone: ZoneInfo, signature: str) -> None:
        self.version = version
        self.kind = MessageKind(version.template.message_kind)
        self._house = house
        self._zone = zone
        self._signature = signature

    def write(self, who: Addressee, number: str, values: Mapping[str, str]) -> tuple[str, str | None]:
        """The text for one person, without the signature, or why there is none: with the field that stays empty."""
        filled, _language = templates.fill_variant(
            self.version.texts, self.kind, who, number=number, house=self._house, extra=self._shown(values)
        )
        if filled.missing:
            return filled.text, f"{Reason.EMPTY_FIELD}:{filled.missing[0]}"[:60]
        fault = sign_text(filled.text, self._signature).fault
        return filled.text, None if fault is None else Reason.BAD_TEXT

    def parts(self, text: str) -> int:
        """How many segments carry it with the signature."""
        return len(cut_text(sign_text(text, self._signature).text).pieces)

    def _shown(self, values: Mapping[str, str]) -> dict[str, str]:
        shown = {key: value for key, value in values.items() if key not in ("on", "at")}
        day = date.fromisoformat(values["on"])
        shown["date"] = f"{day.year}-{day.month:02}-{day.day:02}"
        if "at" in values:
            shown["time"] = datetime.fromisoformat(values["at"]).astimezone(self._zone).strftime("%H:%M")
        return shown


def text_of(session: Session, rule: SendingRule, parts: Parts) -> Text | None:
    """The rule's text as it may be sent today; nothing while its template is not approved, removed or out of date."""
    if rule.template_id is None:
        return None
    today = parts.now().astimezone(parts.settings.timezone).date()
    query = (
        select(TemplateVersion)
        .join(MessageTemplate, MessageTemplate.id == TemplateVersion.template_id)
        .where(
            TemplateVersion.template_id == rule.template_id,
            TemplateVersion.state == VersionState.APPROVED,
            MessageTemplate.removed_at.is_(None),
        )
        .options(selectinload(TemplateVersion.template))
    )
    version = session.scalar(query.order_by(TemplateVersion.number.desc()).limit(1))
    if version is None or not is_valid_on(version.valid_until, today):
        return None
    house = templates.house_values(session, parts.settings)
    return Text(version, house, parts.settings.timezone, parts.settings.signature)


def queue_due(parts: Parts) -> int:
    """Put what is due into the outbox, a batch. Returns how many rows were looked at; 0 when nothing is due."""
    now = parts.now()
    with parts.database.reading() as session:
        if session.scalar(_due(now).with_only_columns(PlannedMessage.id).limit(1)) is None:
            return 0
    with parts.database.writing() as session:
        rows = list(
            session.scalars(
                _due(now)
                .options(joinedload(PlannedMessage.rule))
                .order_by(PlannedMessage.due_at, PlannedMessage.id)
                .limit(messages.MOST_QUEUED)
                .with_for_update(of=PlannedMessage, skip_locked=True)
            )
        )
        by_rule: dict[int, list[PlannedMessage]] = defaultdict(list)
        for row in rows:
            if row.rule.state != RuleState.ACTIVE:
                _end(row, Reason.RULE_STOPPED, now)
            elif row.useless_at <= now:
                _end(row, Reason.TOO_LATE, now)
            else:
                by_rule[row.rule_id].append(row)
        held = limits(session)
        for mine in by_rule.values():
            _queue_rule(session, parts, mine[0].rule, mine, now, held)
    return len(rows)


def rules_with_due(session: Session, now: datetime) -> list[int]:
    """The rules that are switched on and have something due."""
    due = _due(now).with_only_columns(PlannedMessage.rule_id).where(SendingRule.state == RuleState.ACTIVE)
    return list(session.scalars(due.distinct()))


def recall_stopped(parts: Parts) -> int:
    """Take what lately stopped rules have in the outbox back to what is planned; returns how many messages.

    Who switches a rule off because its text is wrong means also the thousands that are leaving just then. When it is
    switched on again they go, with the text of that day, if they are still of use.
    """
    now = parts.now()
    with parts.database.reading() as session:
        stopped = list(
            session.scalars(
                select(SendingRule.id).where(
                    SendingRule.state != RuleState.ACTIVE,
                    SendingRule.activated_at.is_not(None),
                    SendingRule.changed_at > now - _RECALLED_FOR,
                )
            )
        )
    return sum(_recall(parts, rule_id, now) for rule_id in stopped)


def _recall(parts: Parts, rule_id: int, now: datetime) -> int:
    recalled, after = 0, 0
    waiting = (
        select(Message.id)
        .where(
            Message.origin == Origin.RULE,
            Message.origin_id == rule_id,
            Message.state == OutState.QUEUED,
        )
        .limit(1)
    )
    with parts.database.reading() as session:
        if session.scalar(waiting) is None:
            return 0
    while True:
        with parts.database.writing() as session:
            batch = messages.cancel_waiting(
                session, parts.bus, origin=Origin.RULE, origin_id=rule_id, after=after, now=now
            )
            cancelled = select(Message.id).where(
                Message.origin == Origin.RULE,
                Message.origin_id == rule_id,
                Message.id > after,
                Message.state == OutState.CANCELLED,
                Message.final_at == now,
            )
            session.execute(
                update(PlannedMessage)
                .where(PlannedMessage.state == PlanState.QUEUED, PlannedMessage.message_id.in_(cancelled))
                .values(state=PlanState.PLANNED, message_id=None, revision=PlannedMessage.revision + 1, changed_at=now)
                .execution_options(synchronize_session=False)
            )
        recalled += batch.changed
        if batch.next_after is None:
            return recalled
        after = batch.next_after


def _due(now: datetime) -> Select[PlannedMessage]:
    """What is to go now, and what was of use only while its rule was switched off."""
    is_on = SendingRule.state == RuleState.ACTIVE
    is_to_go = and_(is_on, PlannedMessage.due_at <= now)
    is_over = and_(~is_on, PlannedMessage.due_at <= now, PlannedMessage.useless_at <= now)
    return (
        select(PlannedMessage)
        .join(SendingRule, SendingRule.id == PlannedMessage.rule_id)
        .where(PlannedMessage.state == PlanState.PLANNED, or_(is_to_go, is_over))
    )


def _queue_rule(
    session: Session, parts: Parts, rule: SendingRule, rows: Sequence[PlannedMessage], now: datetime, held: Limits
) -> None:
    text = text_of(session, rule, parts)
    if text is None:
        for row in rows:
            _end(row, Reason.TEMPLATE_UNUSABLE, now)
        return
    zone = parts.settings.timezone
    ids = {row.patient_id for row in rows}
    people = templates.addressees(session, ids, today=now.astimezone(zone).date())
    numbers = messages.mobiles_of(session, ids)
    begin = earliest_sending(text.kind, now, zone, origin=Origin.RULE, limits=held)
    told = _told_by_others(session, rule, rows)
    ready: list[tuple[PlannedMessage, Outgoing]] = []
    for row in rows:
        if begin >= row.useless_at:
            # The hours in which it may leave begin again when it is of no use.
            _end(row, Reason.TOO_LATE, now)
            continue
        if (row.occasion, row.patient_id) in told:
            _end(row, Reason.SAME_OCCASION, now)
            continue
        number, who = numbers.get(row.patient_id), people.get(row.patient_id)
        if number is None or who is None:
            _end(row, Reason.NO_MOBILE, now)
            continue
        written, reason = text.write(who, number, row.values)
        if reason is not None:
            _end(row, reason, now)
            continue
        ready.append((row, _outgoing(row, number, written, text.version.id)))
    answers = messages.queue_many(
        session,
        parts.bus,
        settings=parts.settings,
        outgoing=[outgoing for _row, outgoing in ready],
        kind=text.kind,
        origin=Origin.RULE,
        origin_id=rule.id,
        priority=Priority.NORMAL,
        created_by=None,
        now=now,
    )
    for (row, _outgoing_text), answer in zip(ready, answers, strict=True):
        if answer.refusal is None:
            row.state, row.reason, row.message_id, row.changed_at = PlanState.QUEUED, None, answer.message_id, now
        else:
            _refuse(row, str(answer.refusal), now, zone)
    if ready:
        templates.mark_used(session, text.version.id, now)


def _told_by_others(session: Session, rule: SendingRule, rows: Sequence[PlannedMessage]) -> set[tuple[str, int]]:
    """Who is told of the same season by another rule (S-15): one that has done so, or else the one that is older."""
    kind = anchor_kinds().get(rule.anchor)
    if kind is None or not kind.is_once_for_all_rules:
        return set()
    other = PlannedMessage.rule_id != rule.id
    is_planned = and_(
        PlannedMessage.state == PlanState.PLANNED,
        PlannedMessage.rule_id < rule.id,
        PlannedMessage.rule_id.in_(select(SendingRule.id).where(SendingRule.state == RuleState.ACTIVE)),
    )
    query = select(PlannedMessage.occasion, PlannedMessage.patient_id).where(
        other,
        PlannedMessage.occasion.in_({row.occasion for row in rows}),
        PlannedMessage.patient_id.in_({row.patient_id for row in rows}),
        or_(PlannedMessage.state == PlanState.QUEUED, is_planned),
    )
    return {(occasion, patient_id) for occasion, patient_id in session.execute(query)}


def _outgoing(row: PlannedMessage, number: str, text: str, version_id: int) -> Outgoing:
    return Outgoing(
        number=number,
        patient_id=row.patient_id,
        text=text,
        dedup_key=f"rule:{row.id}:{row.revision}",
        due_at=row.due_at,
        expires_at=row.useless_at,
        template_version_id=version_id,
    )


def _refuse(row: PlannedMessage, refusal: str, now: datetime, zone: ZoneInfo) -> None:
    later = None
    if refusal in HELD_BACK:
        later = next_try(Due(due_at=row.due_at, useless_at=row.useless_at), now, timing_of(row.rule), zone)
    if later is None:
        _end(row, refusal, now)
    else:
        row.due_at, row.reason, row.changed_at = later, refusal, now


def _end(row: PlannedMessage, reason: str, now: datetime) -> None:
    row.state, row.reason, row.changed_at = PlanState.SKIPPED, str(reason), now
