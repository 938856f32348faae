"""The life of a follow-up task: claimed by one, tried, closed, and what a result does elsewhere."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, InvalidInput, Refused
from app.followups import service
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import (
    AttemptOutcome,
    DiallingMode,
    TaskKind,
    TaskMode,
    TaskResult,
    TaskRole,
    TaskState,
    TreatmentEffect,
)
from app.followups.service import AdHocData, NewTask, ResultData
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Patient, PatientPhone
from app.patients.service import PatientData, PhoneData

REACHED = ResultData(result=TaskResult.REACHED, effect=TreatmentEffect.BETTER)


def make_person(parts: Parts, *numbers: str) -> int:
    with parts.database.writing() as session:
        data = PatientData(name="王秀兰", phones=tuple(PhoneData(number=number) for number in numbers))
        return patients.create_patient(
            session, parts.bus, data, settings=parts.settings, by="agent1", now=parts.now()
        ).id


def make_task(parts: Parts, patient_id: int, **fields: object) -> int:
    today = parts.now().astimezone(parts.settings.timezone).date()
    given: dict[str, object] = {
        "kind": TaskKind.RECOVERY,
        "mode": TaskMode.PHONE,
        "role": TaskRole.SERVICE_CENTRE,
        "title": "术后恢复",
        "due_on": today - timedelta(days=1),
    }
    with parts.database.writing() as session:
        task = NewTask(patient_id=patient_id, **(given | fields))  # type: ignore[arg-type]
        assert (
            service.add_tasks(session, parts.bus, [task], zone=parts.settings.timezone, by=None, now=parts.now()) == 1
        )
        newest = select(FollowupTask.id).order_by(FollowupTask.id.desc()).limit(1)
        task_id = session.scalars(newest).one()
        service.make_due(session, parts.bus, parts.now())
        return task_id


def task_of(parts: Parts, task_id: int) -> FollowupTask:
    with parts.database.reading() as session:
        return session.get_one(FollowupTask, task_id)


def take(parts: Parts, task_id: int, by: str = "agent1") -> bool:
    with parts.database.writing() as session:
        return service.claim(session, parts.bus, task_id, by=by, now=parts.now())


def close(parts: Parts, task_id: int, data: ResultData, by: str = "agent1") -> TaskState:
    with parts.database.writing() as session:
        return service.apply_result(session, parts.bus, parts.settings, task_id, data, by=by, now=parts.now())


def test_fifty_claims_at_once_give_one_winner(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"))
    won: list[str] = []
    start = threading.Barrier(50)

    def claim(name: str) -> None:
        start.wait()
        if take(parts, task_id, name):
            won.append(name)

    threads = [threading.Thread(target=claim, args=(f"agent{number}",)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert task_of(parts, task_id).claimed_by == won[0]


def test_a_task_that_is_somebody_elses_cannot_be_taken_nor_closed(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"), assignee="agent2")
    assert not take(parts, task_id, "agent1")
    assert take(parts, task_id, "agent2")
    with pytest.raises(Conflict):
        close(parts, task_id, REACHED, by="agent1")
    assert close(parts, task_id, REACHED, by="agent2") is TaskState.DONE


def test_a_claim_that_is_left_alone_goes_back_to_the_list(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"))
    take(parts, task_id)
    later = parts.now() + service.CLAIM_LIFETIME
    with parts.database.writing() as session:
        assert service.make_due(session, parts.bus, later) == 1
    assert (task_of(parts, task_id).state, task_of(parts, task_id).claimed_by) == (TaskState.DUE, None)


def test_a_step_waits_for_the_one_before_it(parts: Parts) -> None:
    first = make_task(parts, make_person(parts, "13800138000"))
    second = make_task(parts, task_of(parts, first).patient_id)
    with parts.database.writing() as session:
        task = session.get_one(FollowupTask, second)
        task.state, task.waits_for_id = TaskState.PLANNED, first
    with parts.database.writing() as session:
        service.make_due(session, parts.bus, parts.now())
    assert task_of(parts, second).state == TaskState.PLANNED
    take(parts, first)
    close(parts, first, REACHED)
    with parts.database.writing() as session:
        service.make_due(session, parts.bus, parts.now())
    assert task_of(parts, second).state == TaskState.DUE


def test_who_is_not_reached_is_tried_again_and_lost_after_three_tries(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"))
    states = []
    for number in range(3):
        take(parts, task_id)
        with parts.database.writing() as session:
            service.begin_attempt(
                session,
                parts.bus,
                id=f"00000000-0000-0000-0000-00000000000{number}",
                task_id=task_id,
                dialling=DiallingMode.PREVIEW,
                agent="agent1",
                phone_id=None,
                number="+8613800138000",
                now=parts.now(),
            )
        states.append(close(parts, task_id, ResultData(result=TaskResult.NOT_REACHED)))
        tried = task_of(parts, task_id)
        hour = tried.work_at.astimezone(parts.settings.timezone).hour
        assert number == 2 or (tried.work_at > parts.now() and 9 <= hour < 20)
    assert states == [TaskState.NOT_REACHED, TaskState.NOT_REACHED, TaskState.LOST]


def test_a_wrong_number_is_marked_and_the_other_one_is_tried(parts: Parts) -> None:
    patient_id = make_person(parts, "13800138000", "13900139000")
    task_id = make_task(parts, patient_id)
    take(parts, task_id)
    assert close(parts, task_id, ResultData(result=TaskResult.WRONG_NUMBER)) is TaskState.NOT_REACHED
    with parts.database.reading() as session:
        phones = session.scalars(select(PatientPhone).where(PatientPhone.patient_id == patient_id)).all()
        assert {phone.number: phone.is_valid for phone in phones} == {"+8613800138000": False, "+8613900139000": True}
        right = next(phone.id for phone in phones if phone.is_valid)
    assert task_of(parts, task_id).phone_id == right


def test_without_another_number_one_is_asked_for_and_the_task_comes_back_when_it_is_found(parts: Parts) -> None:
    patient_id = make_person(parts, "13800138000")
    task_id = make_task(parts, patient_id)
    take(parts, task_id)
    assert close(parts, task_id, ResultData(result=TaskResult.WRONG_NUMBER)) is TaskState.LOST
    with parts.database.reading() as session:
        asked = session.scalars(select(FollowupTask).where(FollowupTask.kind == TaskKind.OTHER_NUMBER)).one()
    take(parts, asked.id)
    assert close(parts, asked.id, ResultData(result=TaskResult.REACHED)) is TaskState.DONE
    assert task_of(parts, task_id).state == TaskState.DUE


def test_a_death_told_on_the_phone_is_on_record(parts: Parts) -> None:
    patient_id = make_person(parts, "13800138000")
    task_id = make_task(parts, patient_id)
    take(parts, task_id)
    close(parts, task_id, ResultData(result=TaskResult.DIED))
    with parts.database.reading() as session:
        assert session.get_one(Patient, patient_id).deceased_at is not None
    assert task_of(parts, task_id).effect == TreatmentEffect.DIED
    with parts.database.writing() as session, pytest.raises(Refused):
        data = AdHocData(patient_id=patient_id, due_at=parts.now(), mode=TaskMode.PHONE, title="再打一次")
        service.add_ad_hoc(session, parts.bus, parts.settings, data, by="agent1", now=parts.now())


def test_the_doctors_first_follow_up_needs_what_was_found_and_what_is_to_be_done(parts: Parts) -> None:
    task_id = make_task(
        parts, make_person(parts, "13800138000"), kind=TaskKind.FIRST, role=TaskRole.ATTENDING_DOCTOR, assignee="doctor"
    )
    take(parts, task_id, "doctor")
    with pytest.raises(InvalidInput):
        close(parts, task_id, REACHED, by="doctor")
    told = ResultData(result=TaskResult.REACHED, recovery="伤口愈合良好", opinion="一周后复查")
    assert close(parts, task_id, told, by="doctor") is TaskState.DONE
    done = task_of(parts, task_id)
    assert (done.done_by, done.recovery, done.opinion) == ("doctor", "伤口愈合良好", "一周后复查")
    assert done.done_at is not None


def test_a_wish_told_in_a_follow_up_is_an_open_wish_of_the_record(parts: Parts) -> None:
    patient_id = make_person(parts, "13800138000")
    task_id = make_task(parts, patient_id)
    take(parts, task_id)
    close(parts, task_id, ResultData(result=TaskResult.REACHED, wish="希望周末能复查"))
    with parts.database.reading() as session:
        assert [note.text for note in patients.notes_of(session, patient_id)] == ["希望周末能复查"]


def test_what_was_typed_is_kept_and_prolongs_the_claim(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"))
    take(parts, task_id)
    later = parts.now() + timedelta(minutes=20)
    with parts.database.writing() as session:
        assert service.keep_draft(session, task_id, {"recovery": "无发热"}, by="agent1", now=later)
        assert not service.keep_draft(session, task_id, {"recovery": "x"}, by="agent2", now=later)
    kept = task_of(parts, task_id)
    assert kept.draft == {"recovery": "无发热"}
    assert kept.claimed_until == later + service.CLAIM_LIFETIME


def test_an_attempt_that_nobody_dialled_does_not_count(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"))
    with parts.database.writing() as session:
        service.begin_attempt(
            session,
            parts.bus,
            id="00000000-0000-0000-0000-000000000009",
            task_id=task_id,
            dialling=DiallingMode.PREVIEW,
            agent="agent1",
            phone_id=None,
            number="+8613800138000",
            now=parts.now(),
        )
    assert task_of(parts, task_id).attempts == 1
    with parts.database.writing() as session:
        service.settle_attempts(session, parts.bus, parts.now() + timedelta(minutes=2))
    with parts.database.reading() as session:
        attempt = session.scalars(select(FollowupAttempt)).one()
    assert attempt.outcome == AttemptOutcome.NOT_DIALLED
    assert task_of(parts, task_id).attempts == 0


def test_a_skip_needs_a_reason_and_can_be_undone(parts: Parts) -> None:
    task_id = make_task(parts, make_person(parts, "13800138000"), due_on=date(2030, 1, 1))
    with parts.database.writing() as session, pytest.raises(InvalidInput):
        service.skip_task(session, parts.bus, task_id, reason=" ", by="agent1", now=parts.now())
    with parts.database.writing() as session:
        service.skip_task(session, parts.bus, task_id, reason="患者住院中", by="agent1", now=parts.now())
    assert task_of(parts, task_id).state == TaskState.SKIPPED
    with parts.database.writing() as session:
        service.undo_skip(session, parts.bus, task_id, by="agent1", now=parts.now())
    assert task_of(parts, task_id).state == TaskState.PLANNED
