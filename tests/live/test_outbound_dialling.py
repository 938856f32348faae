"""Lists that dial by themselves, through a real Asterisk with SIPp as patients and agents."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.calls.models import Call, TelephonyCommand
from app.configuration.models import Setting
from app.followups import tasks
from app.followups.models import FollowupAttempt, FollowupTask
from app.outbound_lists import service
from app.outbound_lists.models import OutboundList
from app.patients.models import Patient, PatientPhone
from app.questionnaires.models import Questionnaire, QuestionnaireAnswer, QuestionnaireResponse, QuestionnaireVersion
from app.recordings.models import Recording
from app.settings import Settings
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, telephony_process, wait_for_state
from tests.sip import phone_at, phone_pressing_at, phone_refusing_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

NUMBER = "+8613800138000"
QUESTIONS = [
    {
        "code": "service",
        "kind": "single",
        "texts": {"en": "How?"},
        "options": [
            {"code": "good", "texts": {"en": "good"}, "score": 2},
            {"code": "bad", "texts": {"en": "bad"}, "score": 0, "alarm": {"minutes": 30, "role": "supervisor"}},
        ],
    },
    {
        "code": "stay",
        "kind": "scale",
        "texts": {"en": "Stay?"},
        "options": [{"code": str(number), "texts": {"en": str(number)}, "score": number} for number in range(1, 6)],
        "lowest": 1,
        "highest": 5,
    },
]
# It listens to the first word for about a second before it speaks, and a key ends its introduction, which is long
# enough for the key to find it however busy this machine is.
INTRODUCTION = "We would like to ask you how your stay was, and whether there is anything that we could do better."
FIRST_KEY = (3.5, "9")


@dataclass(slots=True)
class Batch:
    """A running list on this floor, and its one patient."""

    floor: Floor
    list_id: int

    @property
    def task(self) -> FollowupTask:
        with self.floor.parts.database.reading() as session:
            return session.scalars(select(FollowupTask).where(FollowupTask.list_id == self.list_id)).one()

    @property
    def attempts(self) -> list[FollowupAttempt]:
        with self.floor.parts.database.reading() as session:
            return list(session.scalars(select(FollowupAttempt).order_by(FollowupAttempt.started_at)))

    def settled(self) -> FollowupAttempt:
        wait_for(lambda: any(each.ended_at for each in self.attempts), seconds=40, what="the end of the attempt")
        (attempt,) = self.attempts
        return attempt

    def answers(self) -> dict[str, tuple[str, float | None]]:
        with self.floor.parts.database.reading() as session:
            rows = session.scalars(select(QuestionnaireAnswer))
            return {row.question: (row.option, row.number) for row in rows}


@contextlib.contextmanager
def running(floor: Floor, **changes: Any) -> Iterator[Batch]:
    """A list for one patient that dials at any hour, and the sweeps that settle its calls."""
    parts, now = floor.parts, floor.parts.now()
    with parts.database.writing() as session:
        patient = Patient(name="Wang", created_at=now, updated_at=now)
        patient.phones = [PatientPhone(number=NUMBER, kind="mobile", as_entered="-")]
        version = QuestionnaireVersion(number=1, state="approved", questions=QUESTIONS, changed_at=now)
        version.questionnaire = Questionnaire(code="q", name="Q", purpose="satisfaction", created_at=now)
        settings = {"calls.calls_from": 0, "calls.calls_until": 24, "calls.notice": "Hi.", "calls.thanks": "Bye."}
        session.add_all([patient, version, *(Setting(key=key, value=value) for key, value in settings.items())])
        session.flush()
        values: dict[str, Any] = {
            "name": "List", "purpose": "satisfaction", "state": "preparing", "people": [patient.id],
            "script": INTRODUCTION, "dialling": "automatic", "days": [now.date().isoformat()], "agents": [],
            "opens": 0, "closes": 24, "left_out": {}, "prompts": {}, "created_at": now, "created_by": "alice",
            "questionnaire_version_id": version.id,
        }  # fmt: skip
        batch = OutboundList(**values | changes)
        session.add(batch)
        session.flush()
        made = Batch(floor, batch.id)
    service.work_on(parts, made.list_id)
    with parts.database.writing() as session:
        for task in session.scalars(select(FollowupTask)):
            task.work_at = now - timedelta(seconds=1)
    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(0.2):
            tasks.settle_attempts(parts)

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield made
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def switch(start_asterisk: Callable[..., Switch]) -> Switch:
    return start_asterisk(answer_seconds=3)


@pytest.fixture
def word(tmp_path: Path) -> Path:
    """A patient's "hello": a third of a second of sound, then silence, as A-law."""
    path = tmp_path / "word.alaw"
    path.write_bytes(bytes([0x8A, 0x8A, 0x0A, 0x0A]) * 700 + b"\xd5" * 24_000)
    return path


@pytest.fixture
def greeting(tmp_path: Path) -> Path:
    """A machine's greeting: sound without a pause."""
    path = tmp_path / "greeting.alaw"
    path.write_bytes(bytes([0x8A, 0x8A, 0x0A, 0x0A]) * 10_000)
    return path


def test_a_patient_answers_by_keys_and_the_answers_and_the_recording_belong_to_the_task(
    floor: Floor, word: Path
) -> None:
    keys = (FIRST_KEY, (1, "7"), (1.5, "1"), (1, "4"))
    with phone_pressing_at(floor.switch.patient_port, *keys, speech=word), running(floor) as batch:
        attempt = batch.settled()
        wait_for(lambda: batch.task.state == "done", what="the end of the task")
    assert (attempt.outcome, attempt.progress, attempt.agent) == ("answered", "answer", None)
    assert batch.answers() == {"service": ("good", None), "stay": ("4", None)}
    assert (batch.task.result, batch.task.attempts) == ("reached", 1)
    with floor.parts.database.reading() as session:
        (call,) = session.scalars(select(Call))
        (recording,) = session.scalars(select(Recording))
        (response,) = session.scalars(select(QuestionnaireResponse))
    assert (call.id, call.linkedid, call.direction, call.ended_by) == (
        attempt.call_id, attempt.id, "outbound", "system"
    )  # fmt: skip
    assert (call.number, call.dialled, call.patient_id) == (NUMBER, "13800138000", batch.task.patient_id)
    assert recording.call_id == call.id
    assert (floor.switch.folder / "spool/monitor" / f"{recording.source_name}.raw").stat().st_size > 16_000
    assert (response.id, response.way) == (batch.task.response_id, "automatic")
    assert response.completed_at is not None


def test_an_answer_that_alarms_hands_over_and_without_an_agent_the_task_is_for_one_to_call_back(
    floor: Floor, word: Path
) -> None:
    keys = (FIRST_KEY, (1, "2"))
    with phone_pressing_at(floor.switch.patient_port, *keys, speech=word) as patient, running(floor) as batch:
        wait_for(lambda: any(call.queued_at for call in all_calls(floor)), seconds=20, what="the queue")
        patient.stop()
        floor.switch.asterisk.console("channel request hangup all")
        attempt = batch.settled()
        wait_for(lambda: batch.task.state == "due", what="the task for an agent")
    assert (attempt.outcome, attempt.progress, batch.answers()) == ("answered", "hand_over", {"service": ("bad", None)})
    assert (batch.task.mode, batch.task.claimed_by) == ("phone", None)


def test_a_machine_is_told_apart_and_left_only_where_the_list_says_so(floor: Floor, greeting: Path) -> None:
    with phone_pressing_at(floor.switch.patient_port, speech=greeting):
        with running(floor, hangs_up_on_machines=True) as batch:
            attempt = batch.settled()
            wait_for(lambda: batch.task.state == "not_reached", what="the next try")
    assert (attempt.outcome, attempt.progress) == ("machine", "machine")
    assert batch.task.work_at - attempt.ended_at >= timedelta(hours=3)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("code", "outcome", "state"),
    [
        (486, "busy", "not_reached"),
        (603, "rejected", "not_reached"),
        (404, "wrong_number", "lost"),
        (503, "failed", "not_reached"),
        (480, "no_answer", "not_reached"),
    ],
)
def test_a_patient_who_is_not_reached_is_told_apart_by_the_cause(
    floor: Floor, code: int, outcome: str, state: str
) -> None:
    with phone_refusing_at(floor.switch.patient_port, code=code), running(floor) as batch:
        attempt = batch.settled()
        wait_for(lambda: batch.task.state == state, what=state)
    assert attempt.outcome == outcome
    with floor.parts.database.reading() as session:
        (phone,) = session.scalars(select(PatientPhone))
        kinds = list(session.scalars(select(FollowupTask.kind).order_by(FollowupTask.id)))
    is_wrong = outcome == "wrong_number"
    assert (phone.is_valid, kinds) == (not is_wrong, ["list", "other_number"] if is_wrong else ["list"])


def test_progressive_calls_ring_when_an_agent_is_ready_and_never_before(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), phone_at(floor.switch.patient_port):
        with running(floor, dialling="progressive") as batch:
            assert batch.attempts == []
            with Desks(floor, "alice"):
                began = time.monotonic()
                wait_for(lambda: all_calls(floor), what="the call")
                assert time.monotonic() - began < 1.5
                wait_for_state(floor, "alice", "talking")
                wait_for(lambda: all_calls(floor)[0].answered_at, what="the answer")
                assert (batch.task.claimed_by, batch.task.state) == ("alice", "in_progress")
                (attempt,) = batch.attempts
                assert (attempt.agent, attempt.dialling, attempt.id) == (
                    "alice", "progressive", all_calls(floor)[0].linkedid
                )  # fmt: skip


def test_telephony_that_restarts_in_mid_call_loses_neither_the_answers_nor_the_end(
    settings: Settings, switch: Switch, word: Path
) -> None:
    keys = (FIRST_KEY, (1.5, "1"), (1, "4"))
    with phone_pressing_at(switch.patient_port, *keys, speech=word):
        with floor_on(settings, switch, "alice") as floor:
            with running(floor) as batch:
                wait_for(lambda: any(call.answered_at for call in all_calls(floor)), seconds=20, what="the answer")
            linkedid = all_calls(floor)[0].linkedid
        wait_for(lambda: "answer|2|4" in (switch.folder / "log/cel-custom/wardline.csv").read_text(), seconds=20)
        floor = Floor(settings, switch)
        floor.start()
        try:
            wait_for(lambda: any(call.ended_at for call in all_calls(floor)), seconds=20, what="the end of the call")
            tasks.settle_attempts(floor.parts)
            batch.floor = floor
            assert batch.answers() == {"service": ("good", None), "stay": ("4", None)}
            assert [call.linkedid for call in all_calls(floor)] == [linkedid]
            assert [each.outcome for each in batch.attempts] == ["answered"]
            assert batch.task.state == "done"
        finally:
            floor.stop()


@pytest.mark.parametrize("point", ["claimed", "ringing", "hung up"])
def test_telephony_that_is_killed_leaves_one_truthful_attempt_and_never_two_calls(
    settings: Settings, switch: Switch, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr("app.calls.service.doubt._UNDONE_AFTER", timedelta(seconds=4))
    cel = switch.folder / "log/cel-custom/wardline.csv"
    floor = Floor(settings, switch)
    floor.add_agents("alice")
    reached = {
        "claimed": lambda: [each.state for each in orders(floor) if each.state != "waiting"],
        "ringing": lambda: [call.offered_at for call in all_calls(floor) if call.offered_at],
        "hung up": lambda: cel.exists() and "LINKEDID_END" in cel.read_text(),
    }
    with contextlib.closing(Closing(floor)), phone_refusing_at(switch.patient_port, after_seconds=0.7):
        with telephony_process(floor, "alice") as process, running(floor) as batch:
            wait_for(reached[point], seconds=20, what=point)
            process.kill()
            process.wait()
        floor.start()
        wait_for(
            lambda: tasks.settle_attempts(floor.parts) or any(each.ended_at for each in batch.attempts), seconds=30
        )
        (attempt,) = batch.attempts
        rung = (
            [line for line in cel.read_text().splitlines() if line.startswith('"CHAN_START"')] if cel.exists() else []
        )
    assert (attempt.outcome, len(rung)) in [("busy", 1), ("not_dialled", 0)]
    assert [call.linkedid for call in all_calls(floor)] == [attempt.id] * len(rung)
    assert (batch.task.state, batch.task.attempts) == ("not_reached" if rung else "due", len(rung))


@dataclass(slots=True)
class Closing:
    floor: Floor

    def close(self) -> None:
        self.floor.stop()


def orders(floor: Floor) -> list[TelephonyCommand]:
    with floor.parts.database.reading() as session:
        return list(session.scalars(select(TelephonyCommand)))
