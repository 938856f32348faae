"""What is due leaves for the outbox; what cannot go says why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app.message_templates import service as templates
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.message_templates.rules import VersionState, is_valid_on
from app.message_templates.service import Addressee, HouseValues
from app.messages import service as messages
from app.messages.rules import MessageKind, Origin, Priority, cut_text, sign_text
from app.messages.service import Outgoing
from app.parts import Parts
from app.sending_rules.models import PlannedMessage, SendingRule
from app.sending_rules.rules import Due, PlanState, Reason, RuleState, next_try
from app.sending_rules.service.planning import timing_of

_HELD_BACK = frozenset({"day_cap", "week_cap"})
"""Refusals of the contact policy that tomorrow may not give."""


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
            if row.useless_at <= now:
                _end(row, Reason.TOO_LATE, now)
            else:
                by_rule[row.rule_id].append(row)
        for mine in by_rule.values():
            _queue_rule(session, parts, mine[0].rule, mine, now)
    return len(rows)


def skip_stopped(session: Session, rule: SendingRule, now: datetime) -> None:
    """A rule was stopped for good: what it had planned does not go."""
    session.execute(
        update(PlannedMessage)
        .where(PlannedMessage.rule_id == rule.id, PlannedMessage.state == PlanState.PLANNED)
        .values(state=PlanState.CANCELLED, reason=Reason.RULE_STOPPED, changed_at=now)
    )


def _due(now: datetime) -> Select[PlannedMessage]:
    return (
        select(PlannedMessage)
        .join(SendingRule, SendingRule.id == PlannedMessage.rule_id)
        .where(
            PlannedMessage.state == PlanState.PLANNED,
            PlannedMessage.due_at <= now,
            SendingRule.state == RuleState.ACTIVE,
        )
    )


def _queue_rule(
    session: Session, parts: Parts, rule: SendingRule, rows: Sequence[PlannedMessage], now: datetime
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
    ready: list[tuple[PlannedMessage, Outgoing]] = []
    for row in rows:
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
    if refusal in _HELD_BACK:
        later = next_try(Due(due_at=row.due_at, useless_at=row.useless_at), now, timing_of(row.rule), zone)
    if later is None:
        _end(row, refusal, now)
    else:
        row.due_at, row.reason, row.changed_at = later, refusal, now


def _end(row: PlannedMessage, reason: str, now: datetime) -> None:
    row.state, row.reason, row.changed_at = PlanState.SKIPPED, str(reason), now
