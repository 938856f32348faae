"""People to call, lists of them, and a clock that the test holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.agents.models import AgentStatus
from app.calls import service as calls
from app.calls.models import Call, TelephonyCommand
from app.followups.models import FollowupAttempt, FollowupTask
from app.outbound_lists import service
from app.outbound_lists.models import OutboundList
from app.outbound_lists.service import ListData
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.queues.models import TelephonyLink

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, noon in Shanghai


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **by: float) -> None:
        self.now += timedelta(**by)


class Calling:
    """Parts on a held clock, with short words for what a test of calls needs."""

    def __init__(self, parts: Parts) -> None:
        self.clock = Clock()
        self.parts = replace(parts, now=self.clock)
        # No espeak in tests of rules: the sounds of every list are there already.
        self.made = 0

    def people(self, count: int, **changes: Any) -> list[int]:
        """So many people with one mobile each."""
        now = self.clock.now
        made = []
        for _ in range(count):
            patient = Patient(name=f"P{self.made}", created_at=now, updated_at=now)
            number = f"+86138{self.made:08}"
            patient.phones = [PatientPhone(number=number, kind="mobile", as_entered="-", **changes)]
            made.append(patient)
            self.made += 1
        with self.parts.database.writing() as session:
            session.add_all(made)
            session.flush()
            return [patient.id for patient in made]

    def run_list(self, people: list[int], **changes: Any) -> int:
        """A list of these people that is prepared and runs."""
        list_id = self.draft(people, **changes)
        with self.parts.database.writing() as session:
            service.start(session, self.parts.bus, list_id, by="alice", now=self.clock.now)
        service.work_on(self.parts, list_id)
        return list_id

    def draft(self, people: list[int], **changes: Any) -> int:
        data: dict[str, Any] = {
            "name": "List", "purpose": "other", "segment_id": None, "people": people, "script": "Hello.",
            "dialling": "progressive", "days": [self.today],
        }  # fmt: skip
        with self.parts.database.writing() as session:
            made = service.create_list(
                session, ListData(**data | changes), by="alice", today=self.today, now=self.clock.now
            )
            return made.id

    @property
    def today(self) -> date:
        return self.clock.now.astimezone(self.parts.settings.timezone).date()

    def make_ready(self, *agents: str) -> None:
        with self.parts.database.writing() as session:
            for agent in agents:
                session.merge(AgentStatus(id=agent, state="ready", since=self.clock.now, wants_ready=True))

    def batch(self, list_id: int) -> OutboundList:
        with self.parts.database.reading() as session:
            return session.get_one(OutboundList, list_id)

    def tasks(self, list_id: int | None = None) -> list[FollowupTask]:
        query = select(FollowupTask).order_by(FollowupTask.id)
        if list_id is not None:
            query = query.where(FollowupTask.list_id == list_id)
        with self.parts.database.reading() as session:
            return list(session.scalars(query))

    def attempts(self) -> list[FollowupAttempt]:
        with self.parts.database.reading() as session:
            return list(session.scalars(select(FollowupAttempt).order_by(FollowupAttempt.started_at)))

    def orders(self) -> list[TelephonyCommand]:
        with self.parts.database.reading() as session:
            return list(session.scalars(select(TelephonyCommand).order_by(TelephonyCommand.created_at)))

    def call_ends(self, attempt: FollowupAttempt, outcome: str, **changes: Any) -> None:
        """Telephony has taken the order, and the call is over."""
        now = self.clock.now
        with self.parts.database.writing() as session:
            row = session.get_one(TelephonyCommand, attempt.id)
            row.state = "done"
            call = Call(
                id=f"call {attempt.id}"[:36], linkedid=attempt.id, direction="outbound", state="answered",
                number=attempt.number, number_signalled=attempt.number, dialled="-", started_at=attempt.started_at,
                ended_at=now, outcome=outcome, patient_id=attempt.patient_id, agent=attempt.agent,
            )  # fmt: skip
            for name, value in changes.items():
                setattr(call, name, value)
            session.add(call)
            calls.free_lines(session, [attempt.id])

    def link_is_up(self, *, minutes: float) -> None:
        now = self.clock.now
        with self.parts.database.writing() as session:
            session.merge(TelephonyLink(id=1, state="up", since=now - timedelta(minutes=minutes), as_of=now, detail=""))
