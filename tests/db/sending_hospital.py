"""A hospital of a few people whose clock a test moves, with rules that send by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.duplicates import service as duplicates
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.sending_rules import service, tasks
from app.sending_rules.models import PlannedMessage
from app.sending_rules.service import RuleData
from app.visits.models import Course, Operation

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Hospital:
    """A hospital whose clock the test moves; `parts` are those of a process that has just been started."""

    def __init__(self, open_parts: Callable[[], Parts], now: datetime) -> None:
        self._open = open_parts
        self.now = now
        self._numbers = count()
        self.parts = self.restarted()

    def restarted(self) -> Parts:
        self.parts = replace(self._open(), now=lambda: self.now)
        return self.parts

    def at(self, day: str, clock: str = "08:00") -> Hospital:
        self.now = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI)
        return self

    def sweep(self) -> None:
        tasks.plan_all(self.parts)
        tasks.send_due(self.parts)

    def add_person(self, name: str = "王秀兰", mobile: str | None = "+8613800138000", sex: str = "F") -> int:
        phones = [PatientPhone(number=mobile, kind="mobile", as_entered=mobile)] if mobile else []
        with self.parts.database.writing() as session:
            person = Patient(name=name, sex=sex, created_at=self.now, updated_at=self.now, phones=phones)
            session.add(person)
            session.flush()
            return person.id

    def add_course(self, patient_id: int, ends: str) -> int:
        with self.parts.database.writing() as session:
            course = Course(
                patient_id=patient_id,
                title="理疗",
                starts_on=self.now.date(),
                planned_end_on=date.fromisoformat(ends),
                created_at=self.now,
            )
            session.add(course)
            session.flush()
            return course.id

    def add_operation(self, patient_id: int, at: str, name: str = "人流") -> int:
        with self.parts.database.writing() as session:
            operation = Operation(
                patient_id=patient_id,
                name=name,
                at=datetime.fromisoformat(at).replace(tzinfo=SHANGHAI),
                source_system="HIS",
                source_key=f"op-{patient_id}-{at}",
            )
            session.add(operation)
            session.flush()
            return operation.id

    def template(self, text: str = "{name}，您明天（{date}）复查。") -> int:
        with self.parts.database.writing() as session:
            made = MessageTemplate(
                code=f"test.{next(self._numbers)}",
                kind="recheck",
                name="复查",
                message_kind="care",
                created_at=self.now,
                versions=[TemplateVersion(number=1, state="approved", texts={"zh_Hans": text}, changed_at=self.now)],
            )
            session.add(made)
            session.flush()
            return made.id

    def rule(self, **changes: object) -> int:
        """A recheck reminder one day before the end of a course at ten, switched on."""
        template_id = self.template()
        data = RuleData(
            name="复查提醒", anchor="course_end", days=-1, at=time(10), late_days=0, template_id=template_id
        )
        data = replace(data, **changes)  # type: ignore[arg-type]
        with self.parts.database.writing() as session:
            rule_id = service.create_rule(session, data, by="alice", now=self.now).id
        self.switch_on(rule_id)
        return rule_id

    def switch_on(self, rule_id: int) -> None:
        """Somebody looks at what the rule would send, and lets it."""
        with self.parts.database.writing() as session:
            service.note_simulated(session, rule_id, by="alice", now=self.now)
            text = service.text_of(session, service.get_rule(session, rule_id), self.parts)
            service.activate(session, rule_id, text=text, by="alice", now=self.now)

    def pause(self, rule_id: int) -> None:
        with self.parts.database.writing() as session:
            service.pause(session, rule_id, by="alice", now=self.now)

    def merge(self, loser: int, *, into: int) -> None:
        with self.parts.database.writing() as session:
            duplicates.merge(
                session, self.parts.bus, winner_id=into, loser_id=loser, choices={}, by="alice", now=self.now
            )

    def change_rule(self, rule_id: int, **changes: object) -> None:
        with self.parts.database.writing() as session:
            rule = service.get_rule(session, rule_id)
            data = RuleData(
                name=rule.name,
                anchor=rule.anchor,
                days=rule.days,
                at=rule.at,
                late_days=rule.late_days,
                template_id=rule.template_id,
                filters=rule.filters,
                segment_id=rule.segment_id,
            )
            changed = replace(data, **changes)  # type: ignore[arg-type]
            service.change_rule(session, rule_id, changed, row_version=rule.row_version, by="alice", now=self.now)

    def set(self, table: type, key: int, **values: object) -> None:
        with self.parts.database.writing() as session:
            row = session.get(table, key)
            assert row is not None
            for name, value in values.items():
                setattr(row, name, value)

    def let_leave(self) -> None:
        """What is in the outbox leaves, as the gateway would let it."""
        with self.parts.database.writing() as session:
            for message in session.scalars(select(Message).where(Message.state == "queued")):
                message.state = "sent"
                for segment in message.segments:
                    segment.state = "sent"

    def sent(self) -> list[tuple[str, str, str]]:
        """Text, state and due time by the hospital's clock, of every message that was written."""
        with self.parts.database.reading() as session:
            rows = session.scalars(select(Message).order_by(Message.id)).all()
        return [(row.text, row.state, f"{row.due_at.astimezone(SHANGHAI):%m-%d %H:%M}") for row in rows if row.due_at]

    def planned(self) -> list[tuple[str, str | None, str]]:
        """State, reason and due time of every planned message."""
        with self.parts.database.reading() as session:
            rows = session.scalars(select(PlannedMessage).order_by(PlannedMessage.id)).all()
        return [(row.state, row.reason, f"{row.due_at.astimezone(SHANGHAI):%m-%d %H:%M}") for row in rows]
