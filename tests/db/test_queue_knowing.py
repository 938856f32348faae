"""What a queue knows: who talked with a caller, how long calls take, when somebody is expected."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.agents.models import AgentStatus
from app.call_flows import service as call_flows
from app.call_flows.models import CallFlow, CallFlowVersion
from app.call_flows.rules import Flow, to_document
from app.calls.models import Call, Leg
from app.followups.models import FollowupTask
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Patient
from app.patients.rules import PlannedDate
from app.queues import service
from app.queues.models import Queue
from app.visits.models import Operation, Visit
from tests.db.outbound_people import Calling


class Knowing(Calling):
    def call(self, id: str, *, minutes_ago: float, **changes: Any) -> None:
        at = self.clock.now - timedelta(minutes=minutes_ago)
        given = {
            "id": id, "linkedid": id, "direction": "inbound", "state": "ringing", "number": "+8613800000000",
            "number_signalled": "-", "dialled": "4000", "started_at": at,
        }  # fmt: skip
        with self.parts.database.writing() as session:
            session.add(Call(**given | changes))

    def talked(self, id: str, agent: str, *, minutes_ago: float, seconds: float = 60, **changes: Any) -> None:
        at = self.clock.now - timedelta(minutes=minutes_ago)
        end = at + timedelta(seconds=seconds)
        values = {"queue": "hotline", "state": "wrapped_up", "answered_at": at, "ended_at": end, "outcome": "answered"}
        self.call(id, minutes_ago=minutes_ago, **values | changes)
        with self.parts.database.writing() as session:
            session.add(Leg(uniqueid=id, call_id=id, agent=agent, started_at=at, answered_at=at))

    def who(self, linkedid: str = "now") -> str | None:
        with self.parts.database.reading() as session:
            return service.agent_who_knows(session, linkedid, "hotline", now=self.clock.now)


@pytest.fixture
def knowing(parts: Parts) -> Knowing:
    with parts.database.writing() as session:
        service.ensure_queues(session, parts.settings, "Hotline")
        session.get_one(Queue, "hotline").known_days = 7
        for name in ("bob", "carol"):
            accounts.create_user(
                session, username=name, display_name=name, role=Role.AGENT, password="correct horse", now=parts.now()
            )
    return Knowing(parts)


def test_who_talked_last_within_the_days_is_rung_first_when_ready_and_nobody_waits(knowing: Knowing) -> None:
    (her,) = knowing.people(1)
    known = {"patient_id": her, "match_state": "single"}
    knowing.call("now", minutes_ago=0, **known)
    assert knowing.who() is None
    knowing.talked("1", "carol", minutes_ago=3000, **known)
    knowing.talked("2", "bob", minutes_ago=2000, **known)
    assert knowing.who() is None  # not ready
    knowing.make_ready("bob", "carol")
    assert knowing.who() == "bob"
    knowing.call("other", minutes_ago=1, queue="hotline", queued_at=knowing.clock.now)
    assert knowing.who() is None  # nobody is passed for it
    with knowing.parts.database.writing() as session:
        session.get_one(Call, "other").ended_at = knowing.clock.now
        session.get_one(AgentStatus, "bob").state = "talking"
    assert knowing.who() is None
    with knowing.parts.database.writing() as session:
        session.get_one(AgentStatus, "bob").state = "ready"
    knowing.clock.go_on(days=8)
    assert knowing.who() is None


def test_without_a_last_talk_it_is_whoever_is_responsible_and_a_shared_number_is_nobodys(knowing: Knowing) -> None:
    (her,) = knowing.people(1)
    knowing.make_ready("carol")
    with knowing.parts.database.writing() as session:
        session.get_one(Patient, her).owner = "carol"
    knowing.call("now", minutes_ago=0, patient_id=her, match_state="single")
    knowing.call("shared", minutes_ago=0, match_state="several")
    assert (knowing.who(), knowing.who("shared"), knowing.who("no such call")) == ("carol", None, None)


def test_how_long_a_call_takes_is_known_from_three_recent_ones_with_their_wrap_up(knowing: Knowing) -> None:
    def told() -> float | None:
        with knowing.parts.database.reading() as session:
            return service.handle_seconds(session, "hotline", knowing.clock.now)

    knowing.talked("1", "bob", minutes_ago=30, seconds=60)
    knowing.talked("2", "bob", minutes_ago=20, seconds=120)
    assert told() is None
    end = knowing.clock.now - timedelta(minutes=10) + timedelta(seconds=180)
    knowing.talked("3", "bob", minutes_ago=10, seconds=60, wrapped_up_at=end)
    assert told() == pytest.approx(120)
    knowing.clock.go_on(hours=3)
    assert told() is None
    knowing.make_ready("bob")
    with knowing.parts.database.reading() as session:
        assert service.serving(session) == {"hotline": 1}


def test_the_next_date_is_the_earliest_that_any_room_has_planned(knowing: Knowing) -> None:
    her, other = knowing.people(2)
    now = knowing.clock.now.astimezone(knowing.parts.settings.timezone)
    day = now.date()

    def planned(patient_id: int = her, at: datetime = now) -> PlannedDate | None:
        with knowing.parts.database.reading() as session:
            return patients.next_planned(session, patient_id, at)

    def visit(key: str, at: datetime, **changes: Any) -> None:
        given = {"kind": "outpatient", "source_system": "HIS", "source_key": key, "started_at": at, "patient_id": her}
        with knowing.parts.database.writing() as session:
            session.add(Visit(**given | changes))

    assert planned() is None
    visit("past", now - timedelta(days=1))
    visit("withdrawn", now + timedelta(hours=1), status="withdrawn")
    visit("next", now.replace(hour=15, minute=30) + timedelta(days=9))
    assert planned() == PlannedDate(on=day + timedelta(days=9), at=time(15, 30))
    with knowing.parts.database.writing() as session:
        operation = {"name": "-", "source_system": "HIS", "source_key": "o", "at": now + timedelta(days=5)}
        session.add(Operation(patient_id=her, **operation))
        task = FollowupTask(
            patient_id=her, kind="adhoc", mode="visit", title="-", role="service_centre", state="planned",
            due_on=day + timedelta(days=2), due_at=now, late_at=now, work_at=now, created_at=now, changed_at=now,
        )  # fmt: skip
        session.add(task)
    assert planned() == PlannedDate(on=day + timedelta(days=2))
    assert planned(at=now + timedelta(days=3)) == PlannedDate(on=day + timedelta(days=5), at=time(now.hour, now.minute))
    assert planned(other) is None


def test_a_caller_is_told_of_an_appointment_only_where_a_way_in_says_so_and_the_number_is_theirs_alone(
    knowing: Knowing,
) -> None:
    (her,) = knowing.people(1)
    now = knowing.clock.now.astimezone(knowing.parts.settings.timezone)
    with knowing.parts.database.writing() as session:
        given = {"kind": "outpatient", "source_system": "HIS", "source_key": "v", "patient_id": her}
        session.add(Visit(started_at=datetime(2026, 3, 9, 9, 30, tzinfo=now.tzinfo), **given))

    def told(number: str) -> str:
        with knowing.parts.database.reading() as session:
            return call_flows.known_caller(session, number, now=now).appointment

    assert told("+8613800000000") == ""
    with knowing.parts.database.writing() as session:
        session.add(CallFlow(id=1, name="f", live_number=1, created_at=now))
        session.flush()
        document = to_document(Flow(language="en", tells_appointment=True))
        session.add(CallFlowVersion(flow_id=1, number=1, document=document, changed_at=now))
    assert told("+8613800000000") == "Your next appointment is on March 9 at 9:30."
    assert told("+8613900000000") == ""
