"""A hospital of a few people whose clock a test moves, with templates of follow-ups that a doctor has approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import User
from app.bus import Bus
from app.duplicates import service as duplicates
from app.followup_plans import tasks
from app.followup_plans.models import FollowupPlan
from app.followup_plans.service import plan_anchors
from app.followup_templates import service as templates
from app.followup_templates.rules import LateEnrolment, Programme, StartMode, Step, Stop
from app.followup_templates.service import TemplateData
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.followups.service import cancel_tasks, make_due
from app.journal.service import Entry, append
from app.messages.models import Message
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.visits.models import Course, Diagnosis, Operation, Visit

SHANGHAI = ZoneInfo("Asia/Shanghai")


def call(key: str, days: int, **more: Any) -> Step:
    """A call of the service centre on that day."""
    given: dict[str, Any] = {
        "kind": TaskKind.RECOVERY,
        "mode": TaskMode.PHONE,
        "role": TaskRole.SERVICE_CENTRE,
        "titles": {"zh_Hans": "回访", "en": "Call"},
        **more,
    }
    return Step(key=key, days=days, **given)


def text(key: str, days: int, **more: Any) -> Step:
    """A text that reminds of that day, one day before."""
    given: dict[str, Any] = {
        "kind": TaskKind.RECHECK,
        "mode": TaskMode.SMS,
        "role": TaskRole.SYSTEM,
        "titles": {"zh_Hans": "复查提醒", "en": "Reminder"},
        "texts": {
            "zh_Hans": "{name}，请于{date}来院。",
            "zh_Hant": "{name}，請於{date}來院。",
            "en": "{name}: {date}.",
        },
        "lead_days": 1,
        "window_days": 1,
        **more,
    }
    return Step(key=key, days=days, **given)


class Hospital:
    """`parts` are those of a process that has just been started. `tell` journals what came as HIS would."""

    def __init__(self, open_parts: Callable[[], Parts], now: str = "2025-02-20") -> None:
        self._open = open_parts
        self._numbers = count(1)
        self.at(now)
        self.parts = self.restarted()
        with self.parts.database.writing() as session:
            surgery = Department(code="surgery", name="外科", created_at=self.now)
            session.add(surgery)
            session.flush()
            self.department_id = surgery.id
            for username, name, role in (
                ("dora", "陈立", "doctor"),
                ("dan", "丹", "doctor"),
                ("alice", "Alice", "supervisor"),
                ("bob", "Bob", "agent"),
            ):
                session.add(
                    User(
                        username=username,
                        display_name=name,
                        role=role,
                        password_hash="-",
                        created_at=self.now,
                        department_id=surgery.id,
                    )
                )
        tasks.start(self.parts)

    def restarted(self) -> Parts:
        self.parts = replace(self._open(), now=lambda: self.now)
        return self.parts

    def at(self, day: str | date, clock: str = "08:00") -> Hospital:
        self.now = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI)
        return self

    def sweep(self) -> int:
        """Every sweep once, as they come round."""
        changed = tasks.start(self.parts) + tasks.look_again(self.parts)
        with self.parts.database.writing() as session:
            make_due(session, self.parts.bus, self.now)
        tasks.send_texts(self.parts)
        return changed + tasks.start(self.parts) + tasks.escalate(self.parts)

    @property
    def bus(self) -> Bus:
        return self.parts.bus

    def template(
        self,
        steps: Sequence[Step],
        *,
        anchor: str = "operation",
        starts: StartMode = StartMode.AUTOMATIC,
        filters: Mapping[str, Any] | None = None,
        stops: Sequence[Stop] = (),
        late: LateEnrolment = LateEnrolment.SKIP,
        name: str = "术后",
        **more: Any,
    ) -> int:
        """A template that dora has approved."""
        programme = Programme(
            anchor=anchor,
            steps=tuple(steps),
            filters=filters or {},
            starts=starts,
            stops=tuple(stops),
            late=late,
            **more,
        )
        data = TemplateData(name=name, specialty="surgery", programme=programme)
        with self.parts.database.writing() as session:
            made = templates.create_template(session, data, anchors=list(plan_anchors()), by="alice", now=self.now).id
        self.approve(made)
        return made

    def approve(self, template_id: int, **more: Any) -> None:
        with self.parts.database.writing() as session:
            templates.submit(session, template_id, by="alice", now=self.now)
            templates.approve(session, self.bus, template_id, by="dora", is_clinician=True, now=self.now, **more)

    def add_person(self, name: str = "王秀兰", mobile: str | None = "+8613800138000", **more: Any) -> int:
        phones = [PatientPhone(number=mobile, kind="mobile", as_entered=mobile)] if mobile else []
        with self.parts.database.writing() as session:
            person = Patient(name=name, sex="F", created_at=self.now, updated_at=self.now, phones=phones, **more)
            session.add(person)
            session.flush()
            return person.id

    def operate(self, patient_id: int, on: str | date, name: str = "LEEP刀手术", **more: Any) -> int:
        at = datetime.combine(self._day(on), time(9), SHANGHAI)
        return self._add(Operation(name=name, at=at, doctor="陈立", **self._source(patient_id), **more))

    def visit(self, patient_id: int, on: str | date, *, kind: str = "outpatient", **more: Any) -> int:
        at = datetime.combine(self._day(on), time(9), SHANGHAI)
        return self._add(Visit(kind=kind, started_at=at, **self._source(patient_id), **more))

    def discharge(self, patient_id: int, on: str | date, *, doctor: str | None = "陈立", disease: str = "") -> int:
        ended = datetime.combine(self._day(on), time(10), SHANGHAI)
        visit_id = self._add(
            Visit(
                kind="inpatient",
                started_at=ended - timedelta(days=5),
                ended_at=ended,
                doctor=doctor,
                department_id=self.department_id,
                ward="三病区",
                **self._source(patient_id),
            )
        )
        if disease:
            self._add(
                Diagnosis(
                    visit_id=visit_id,
                    disease=disease,
                    text=disease,
                    is_main=True,
                    at=ended,
                    **self._source(patient_id),
                )
            )
        return visit_id

    def course(self, patient_id: int, ends: str | date) -> int:
        day = self._day(ends)
        return self._add(
            Course(patient_id=patient_id, title="理疗", starts_on=day, planned_end_on=day, created_at=self.now)
        )

    def set(self, table: type[Any], key: int, **values: object) -> None:
        with self.parts.database.writing() as session:
            row = session.get_one(table, key)
            for name, value in values.items():
                setattr(row, name, value)
            session.flush()
            self.tell(session, getattr(row, "patient_id", key))

    def move_operation(self, operation_id: int, to: str | date) -> None:
        self.set(Operation, operation_id, at=datetime.combine(self._day(to), time(9), SHANGHAI))

    def merge(self, loser: int, *, into: int) -> None:
        with self.parts.database.writing() as session:
            duplicates.merge(session, self.bus, winner_id=into, loser_id=loser, choices={}, by="alice", now=self.now)

    def tell(self, session: Any, patient_id: int) -> None:
        """As HIS's link does when something came for this person."""
        append(session, self.bus, [Entry(kind="clinical.received", at=self.now, payload={"patient_ids": [patient_id]})])

    def finish(self, task_id: int, state: str = "done") -> None:
        """Somebody has done the task."""
        if state == "cancelled":
            with self.parts.database.writing() as session:
                cancel_tasks(session, self.bus, [task_id], reason="x", by="bob", now=self.now)
            return
        with self.parts.database.writing() as session:
            row = session.get_one(FollowupTask, task_id)
            row.state, row.result, row.done_at, row.done_by = state, "reached", self.now, "bob"

    def plans(self) -> list[FollowupPlan]:
        with self.parts.database.reading() as session:
            return list(session.scalars(select(FollowupPlan).order_by(FollowupPlan.id)))

    def tasks(self, plan_id: int | None = None) -> list[FollowupTask]:
        query = select(FollowupTask).order_by(FollowupTask.due_on, FollowupTask.id)
        with self.parts.database.reading() as session:
            return list(session.scalars(query if plan_id is None else query.where(FollowupTask.plan_id == plan_id)))

    def days(self, plan_id: int | None = None) -> list[tuple[str | None, str, str]]:
        """Step, day and state of each task."""
        return [(task.step, task.due_on.isoformat(), task.state) for task in self.tasks(plan_id)]

    def texts(self) -> list[tuple[str, str]]:
        """Every text in the outbox, and when it is due by the hospital's clock."""
        with self.parts.database.reading() as session:
            rows = session.scalars(select(Message).order_by(Message.id)).all()
        return [
            (row.text.partition("】")[2], f"{row.due_at.astimezone(SHANGHAI):%m-%d %H:%M}")
            for row in rows
            if row.due_at
        ]

    def _source(self, patient_id: int) -> dict[str, Any]:
        return {"patient_id": patient_id, "source_system": "HIS", "source_key": str(next(self._numbers))}

    def _add(self, row: Any) -> int:
        with self.parts.database.writing() as session:
            session.add(row)
            session.flush()
            self.tell(session, row.patient_id)
            return int(row.id)

    def _day(self, day: str | date) -> date:
        return day if isinstance(day, date) else date.fromisoformat(day)
