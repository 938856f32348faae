"""Lists that dial by themselves, through a real Asterisk with SIPp as patients and agents."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.calls.models import Call
from app.followups import tasks
from app.followups.models import FollowupAttempt, FollowupTask
from app.outbound_lists import service
from app.outbound_lists.models import OutboundList
from app.patients.models import Patient, PatientPhone
from app.quality.models import Recording
from app.questionnaires.models import Questionnaire, QuestionnaireAnswer, QuestionnaireVersion
from tests.live.conftest import Floor
from tests.live.desks import Desks, all_calls, state_of, wait_for_ended, wait_for_state
from tests.sip import phone_at, phone_pressing_at, phone_refusing_at, phone_ringing_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

NUMBER = "+8613800138000"
QUESTIONS = [
    {
        "code": "service",
        "kind": "single",
        "texts": {"en": "How was it?"},
        "options": [
            {"code": "good", "texts": {"en": "good"}, "score": 2},
            {"code": "bad", "texts": {"en": "bad"}, "score": 0, "alarm": {"minutes": 30, "role": "supervisor"}},
        ],
    },
    {"code": "stay", "kind": "scale", "texts": {"en": "And the stay?"}, "options": [], "lowest": 1, "highest": 5},
]


@dataclass(slots=True)
class Batch:
    """A running list on this floor, and its one patient."""

    floor: Floor
    list_id: int
    patient_id: int

    @property
    def task(self) -> FollowupTask:
        with self.floor.parts.database.reading() as session:
            return session.scalars(select(FollowupTask).where(FollowupTask.list_id == self.list_id)).one()

    @property
    def attempts(self) -> list[FollowupAttempt]:
        with self.floor.parts.database.reading() as session:
            return list(session.scalars(select(FollowupAttempt).order_by(FollowupAttempt.started_at)))

    def settled(self) -> FollowupAttempt:
        wait_for(lambda: any(each.ended_at for each in self.attempts), seconds=30, what="the end of the attempt")
        return self.attempts[0]


@contextlib.contextmanager
def running(floor: Floor, **changes: Any) -> Iterator[Batch]:
    """A list for one patient that dials at any hour, and the sweeps that settle its calls."""
    parts = floor.parts
    now = parts.now()
    with parts.database.writing() as session:
        patient = Patient(name="Wang", created_at=now, updated_at=now)
        patient.phones = [PatientPhone(number=NUMBER, kind="mobile", as_entered="-")]
        questionnaire = Questionnaire(code="q", name="Q", purpose="satisfaction", created_at=now)
        version = QuestionnaireVersion(
            questionnaire=questionnaire, number=1, state="approved", questions=QUESTIONS, changed_at=now
        )
        session.add_all([patient, version])
        session.flush()
        values: dict[str, Any] = {
            "name": "List", "purpose": "satisfaction", "state": "preparing", "people": [patient.id],
            "script": "Hello.", "dialling": "automatic", "days": [now.date().isoformat()], "agents": [],
            "opens": 0, "closes": 24, "left_out": {}, "prompts": {}, "created_at": now, "created_by": "alice",
            "questionnaire_version_id": version.id,
        }  # fmt: skip
        batch = OutboundList(**values | changes)
        session.add(batch)
        session.flush()
        _open_all_day(session)
        made = Batch(floor, batch.id, patient.id)
    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(0.2):
            tasks.settle_attempts(parts)

    service.work_on(parts, made.list_id)
    with parts.database.writing() as session:
        for task in session.scalars(select(FollowupTask)):
            task.work_at = now - timedelta(seconds=1)
    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield made
    finally:
        ended.set()
        thread.join()


def _open_all_day(session: Any) -> None:
    from app.configuration.models import Setting

    session.add_all([Setting(key="calls.calls_from", value=0), Setting(key="calls.calls_until", value=24)])


def test_a_patient_answers_by_keys(floor: Floor) -> None:
    with phone_pressing_at(floor.switch.patient_port, (8, "1"), (6, "4")), running(floor) as batch:
        attempt = batch.settled()
    print(attempt.outcome, attempt.progress, batch.task.state, batch.task.result)
    with floor.parts.database.reading() as session:
        for each in session.scalars(select(QuestionnaireAnswer)):
            print(each.question, each.option, each.number, each.score)
        for call in session.scalars(select(Call)):
            print(
                call.direction,
                call.outcome,
                call.ended_by,
                call.number,
                call.dialled,
                call.patient_id,
                call.answered_at,
                call.ended_at,
            )
    print(floor.switch.asterisk.console("core show channels"))
    print((floor.switch.folder / "log/cel-custom/wardline.csv").read_text())
    assert 0
