"""Lists: who is on them, when they go on, and that nobody is called twice or against the own will."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.calls import service as calls
from app.calls.models import Call, OutboundLine
from app.calls.rules import PatientTold, Telling
from app.errors import Conflict, Refused
from app.followups import service as followups
from app.followups import tasks as followup_tasks
from app.followups.models import FollowupTask
from app.followups.rules import DiallingMode, TaskResult
from app.outbound_lists import service, tasks
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.db.outbound_people import Calling


@pytest.fixture
def calling(parts: Parts) -> Calling:
    with parts.database.writing() as session:
        for name in ("alice", "bob", "carol"):
            role = Role.SUPERVISOR if name == "alice" else Role.AGENT
            accounts.create_user(
                session, username=name, display_name=name, role=role, password="correct horse", now=parts.now()
            )
    return Calling(parts)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sounds are made elsewhere: speaking takes a second."""
    monkeypatch.setattr("app.outbound_lists.service.working.make_prompts", lambda folder, texts: "0" * 32)


def change(calling: Calling, statement: Callable[[Any], None]) -> None:
    with calling.parts.database.writing() as session:
        statement(session)


def settle(calling: Calling) -> int:
    return followup_tasks.settle_attempts(calling.parts)


def test_a_list_leaves_out_who_must_not_be_called_and_says_why(calling: Calling) -> None:
    fine, dead, unwanted, foreign, wrong, silent, refuses = calling.people(7)
    first = calling.run_list([fine], purpose="other")

    def spoil(session: Any) -> None:
        session.get_one(Patient, dead).deceased_at = calling.clock.now
        phones = {phone.patient_id: phone for phone in session.scalars(select(PatientPhone))}
        phones[unwanted].do_not_call = True
        phones[foreign].number = "+85261234567"
        phones[wrong].is_valid = False
        session.delete(phones[silent])
        refused = session.get_one(Patient, refuses)
        task = FollowupTask(
            patient_id=refused.id, kind="satisfaction", mode="phone", title="-", role="service_centre", state="done",
            result=TaskResult.REFUSED, due_on=calling.today, due_at=calling.clock.now, late_at=calling.clock.now,
            work_at=calling.clock.now, created_at=calling.clock.now, changed_at=calling.clock.now,
            done_at=calling.clock.now,
        )  # fmt: skip
        session.add(task)

    change(calling, spoil)
    second = calling.run_list([fine, dead, unwanted, foreign, wrong, silent, refuses], purpose="satisfaction")
    assert calling.batch(second).left_out == {
        "on_another_list": 1, "deceased": 1, "do_not_call": 1, "number_not_allowed": 1, "no_number": 2,
        "refused_surveys": 1,
    }  # fmt: skip
    assert (calling.batch(first).state, calling.batch(first).tasks) == ("running", 1)
    assert calling.tasks(second) == []
    assert tasks.tidy(calling.parts) == 1
    assert calling.batch(second).state == "done"


def test_people_are_spread_over_days_and_agents_also_when_the_worker_died_in_between(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = calling.people(25)
    days = [calling.today, calling.today + timedelta(days=1)]
    list_id = calling.draft(people, days=days, agents=["bob", "carol"])
    monkeypatch.setattr("app.outbound_lists.service.audience.BATCH", 10)
    change(
        calling, lambda session: service.start(session, calling.parts.bus, list_id, by="alice", now=calling.clock.now)
    )
    killed = iter([None, None])

    def die(*_given: Any) -> Any:
        next(killed)
        return judged(*_given)

    judged = service.judge
    monkeypatch.setattr("app.outbound_lists.service.working.judge", die)
    with pytest.raises(StopIteration):
        service.work_on(calling.parts, list_id)
    assert (calling.batch(list_id).state, len(calling.tasks())) == ("preparing", 20)
    service.work_on(calling.parts, list_id)
    assert len(calling.tasks()) == 20  # whoever died still has it
    monkeypatch.setattr("app.outbound_lists.service.working.judge", judged)
    calling.clock.go_on(minutes=3)
    service.work_on(calling.parts, list_id)
    loads: dict[tuple[Any, Any], int] = {}
    for task in calling.tasks(list_id):
        loads[task.due_on, task.assignee] = loads.get((task.due_on, task.assignee), 0) + 1
    assert sorted(loads.values()) == [6, 6, 6, 7]
    assert (calling.batch(list_id).state, calling.batch(list_id).tasks) == ("running", 25)


def test_there_are_never_more_progressive_calls_than_free_agents(calling: Calling) -> None:
    calling.run_list(calling.people(10))
    assert service.dial_for_free_agents(calling.parts) == 0
    calling.make_ready("bob", "carol")
    assert service.dial_for_free_agents(calling.parts) == 2
    assert service.dial_for_free_agents(calling.parts) == 0
    assert sorted(each.agent or "" for each in calling.attempts()) == ["bob", "carol"]
    assert [(order.kind, order.args["task_id"]) for order in calling.orders()] == [
        ("dial", each.task_id) for each in calling.attempts()
    ]


def test_an_order_that_is_refused_gives_the_task_back_and_does_not_count(calling: Calling) -> None:
    calling.run_list(calling.people(1))
    calling.make_ready("bob")
    service.dial_for_free_agents(calling.parts)
    (order,) = calling.orders()

    def refuse(session: Any) -> None:
        assert calls.claim_command(session, order.id, calling.clock.now) is not None
        calls.finish_command(session, order.id, error="Finish the present call first.", now=calling.clock.now)

    change(calling, refuse)
    assert settle(calling) == 1
    (task,) = calling.tasks()
    assert (task.state, task.claimed_by, task.attempts) == ("due", None, 0)
    assert service.dial_for_free_agents(calling.parts) == 0
    calling.clock.go_on(minutes=2)
    assert service.dial_for_free_agents(calling.parts) == 1


def test_agents_are_left_to_those_who_wait_in_a_queue(calling: Calling) -> None:
    calling.run_list(calling.people(1))
    calling.make_ready("bob")
    waiting = Call(
        id="c", linkedid="1.1", direction="inbound", state="ringing", number="", number_signalled="", dialled="4000",
        queue="hotline", started_at=calling.clock.now, queued_at=calling.clock.now,
    )  # fmt: skip
    change(calling, lambda session: session.add(waiting))
    assert service.dial_for_free_agents(calling.parts) == 0


def test_automatic_calls_keep_to_their_number_pace_and_hours(calling: Calling, silent: None) -> None:
    list_id = calling.run_list(calling.people(40), dialling="automatic", most_at_once=3, calls_per_minute=60)
    assert service.call_patients(calling.parts) == 1
    for _ in range(5):
        calling.clock.go_on(seconds=1)
        service.call_patients(calling.parts)
    assert len(calling.attempts()) == 3
    for attempt in calling.attempts():
        calling.call_ends(attempt, "no_answer")
    assert settle(calling) == 3
    calling.clock.go_on(hours=9)  # nine in the evening
    assert service.call_patients(calling.parts) == 0
    change(calling, lambda session: service.pause(session, calling.parts.bus, list_id, by="alice", now=calling.clock()))
    calling.clock.go_on(hours=15)
    assert service.call_patients(calling.parts) == 0
    change(
        calling, lambda session: service.resume(session, calling.parts.bus, list_id, by="alice", now=calling.clock())
    )
    assert service.call_patients(calling.parts) == 2  # one, and one for the second before


def test_the_policy_is_asked_at_the_moment_of_dialling(calling: Calling, silent: None) -> None:
    stops, dies, tired, fine = calling.people(4)
    calling.run_list([stops, dies, tired, fine], dialling="automatic", calls_per_minute=600)

    def tell(session: Any) -> None:
        session.scalars(select(PatientPhone).where(PatientPhone.patient_id == stops)).one().do_not_call = True
        session.get_one(Patient, dies).deceased_at = calling.clock.now
        for number in range(3):
            task_id = session.scalars(select(FollowupTask.id).where(FollowupTask.patient_id == tired)).one()
            followups.begin_attempt(
                session, calling.parts.bus, id=f"earlier {number}", task_id=task_id, dialling=DiallingMode.PREVIEW,
                agent="bob", phone_id=None, number="+8613900000000", now=calling.clock.now,
            )  # fmt: skip
            session.flush()

    change(calling, tell)
    calling.clock.go_on(minutes=1)
    service.call_patients(calling.parts)
    assert [each.patient_id for each in calling.attempts() if each.dialling == "automatic"] == [fine]
    states = {task.patient_id: task.state for task in calling.tasks()}
    assert states == {stops: "cancelled", dies: "cancelled", tired: "lost", fine: "in_progress"}


def test_of_fifty_who_dial_the_same_person_at_once_one_does(calling: Calling) -> None:
    (person,) = calling.people(1)
    won: list[str] = []
    start = threading.Barrier(50)

    def take(name: str) -> None:
        start.wait()
        with calling.parts.database.writing() as session:
            lines = calls.lines_of(number="+8613800000000", patient_id=person)
            if calls.take_lines(session, lines, held_by=name, now=calling.clock.now):
                won.append(name)

    threads = [threading.Thread(target=take, args=(f"order {number}",)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    with calling.parts.database.reading() as session:
        assert {row.held_by for row in session.scalars(select(OutboundLine))} == set(won)


def test_several_diallers_and_an_agent_never_call_one_person_twice(calling: Calling, silent: None) -> None:
    people = calling.people(6)
    calling.run_list(people, dialling="automatic", most_at_once=50, calls_per_minute=1800)
    calling.clock.go_on(seconds=10)
    threads = [threading.Thread(target=service.call_patients, args=(calling.parts,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(6):
        calling.clock.go_on(seconds=1)
        service.call_patients(calling.parts)
    called = [each.patient_id for each in calling.attempts()]
    assert sorted(called) == sorted(people)
    assert len({order.id for order in calling.orders()}) == 6
    # A second follow-up of one of them, in an agent's hand, while the first call is on its way.
    change(calling, lambda session: session.add(own_task(calling, people[0])))
    own = calling.tasks()[-1]

    def click(session: Any) -> None:
        followups.claim(session, calling.parts.bus, own.id, by="bob", now=calling.clock.now)
        followups.prepare_dial(session, calling.parts.settings, task_id=own.id, by="bob", now=calling.clock.now)

    with pytest.raises(Conflict, match="on the telephone"):
        change(calling, click)


def own_task(calling: Calling, patient_id: int) -> FollowupTask:
    now = calling.clock.now
    return FollowupTask(
        patient_id=patient_id, kind="recovery", mode="phone", title="-", role="service_centre", state="due",
        due_on=calling.today, due_at=now, late_at=now, work_at=now, created_at=now, changed_at=now, attempts=0,
    )  # fmt: skip


def test_an_agents_click_is_refused_with_the_reason(calling: Calling) -> None:
    (person,) = calling.people(1)
    change(calling, lambda session: session.add(own_task(calling, person)))
    (task,) = calling.tasks()

    def click(by: str = "bob") -> followups.Dial:
        with calling.parts.database.writing() as session:
            return followups.prepare_dial(
                session, calling.parts.settings, task_id=task.id, by=by, now=calling.clock.now
            )

    with pytest.raises(Conflict, match="in hand first"):
        click()
    change(
        calling, lambda session: followups.claim(session, calling.parts.bus, task.id, by="bob", now=calling.clock.now)
    )
    assert (click().number, click().patient_id) == ("+8613800000000", person)
    with pytest.raises(Conflict, match="in hand first"):
        click("carol")
    calling.clock.go_on(hours=10)
    with pytest.raises(Refused) as refused:
        click()
    assert refused.value.fields["reason"] == "out_of_hours"
    calling.clock.go_on(hours=14)
    change(calling, lambda session: setattr(session.scalars(select(PatientPhone)).one(), "number", "+861681234567"))
    with pytest.raises(Refused) as refused:
        click()
    assert refused.value.fields["reason"] == "number_not_allowed"


@pytest.mark.parametrize(
    ("outcome", "state", "hours"),
    [("busy", "not_reached", 0.25), ("no_answer", "not_reached", 3), ("rejected", "not_reached", 24),
     ("failed", "not_reached", 1), ("wrong_number", "lost", None)],
)  # fmt: skip
def test_each_outcome_has_its_own_next_try(
    calling: Calling, silent: None, outcome: str, state: str, hours: float | None
) -> None:
    calling.run_list(calling.people(1), dialling="automatic")
    service.call_patients(calling.parts)
    calling.call_ends(calling.attempts()[0], outcome)
    assert settle(calling) == 1
    task = calling.tasks()[0]
    assert (task.state, task.claimed_by) == (state, None)
    if hours is not None:
        assert task.work_at == calling.clock.now + timedelta(hours=hours)
    with calling.parts.database.reading() as session:
        assert session.scalars(select(PatientPhone)).one().is_valid == (outcome != "wrong_number")
        assert session.scalar(select(func.count()).select_from(OutboundLine)) == 0


def test_who_is_not_reached_as_often_as_is_allowed_is_lost(calling: Calling, silent: None) -> None:
    calling.run_list(calling.people(1), dialling="automatic", most_attempts=2)
    for _ in range(2):
        calling.clock.now = max(calling.clock.now, calling.tasks()[0].work_at)
        assert service.call_patients(calling.parts) == 1
        calling.call_ends(calling.attempts()[-1], "busy")
        settle(calling)
    assert (calling.tasks()[0].state, calling.tasks()[0].attempts) == ("lost", 2)


def test_an_attempt_of_which_nobody_knows_stays_open_until_the_link_has_proved_that_there_was_no_call(
    calling: Calling, silent: None
) -> None:
    calling.run_list(calling.people(1), dialling="automatic")
    service.call_patients(calling.parts)
    (attempt,) = calling.attempts()
    change(calling, lambda session: calls.claim_command(session, attempt.id, calling.clock.now))
    calling.clock.go_on(minutes=10)
    assert settle(calling) == 0  # telephony died over it, and has not come back
    assert service.call_patients(calling.parts) == 0
    calling.link_is_up(minutes=0.5)
    assert settle(calling) == 0
    calling.link_is_up(minutes=2)
    assert settle(calling) == 1
    assert [each.outcome for each in calling.attempts()] == ["not_dialled"]
    assert calling.tasks()[0].attempts == 0


def test_an_order_that_nobody_took_in_time_was_never_dialled(calling: Calling, silent: None) -> None:
    calling.run_list(calling.people(1), dialling="automatic")
    service.call_patients(calling.parts)
    assert settle(calling) == 0
    calling.clock.go_on(seconds=6)
    assert settle(calling) == 1
    assert [order.state for order in calling.orders()] == ["expired"]
    with calling.parts.database.writing() as session:
        assert calls.claim_command(session, calling.orders()[0].id, calling.clock.now) is None


def test_a_machine_that_presses_keys_is_a_person(calling: Calling, silent: None) -> None:
    calling.run_list(calling.people(1), dialling="automatic")
    service.call_patients(calling.parts)
    (attempt,) = calling.attempts()
    for telling, outcome in (
        (Telling.MACHINE, "machine"),
        (Telling.HAND_OVER, "answered"),
        (Telling.MACHINE, "answered"),
    ):
        told = PatientTold(at=calling.clock.now, linkedid=attempt.id, telling=telling)
        change(
            calling,
            lambda session, told=told: service.record_told(
                session, calling.parts.bus, [told], settings=calling.parts.settings
            ),
        )
        assert calling.attempts()[0].outcome == outcome


def test_stopping_a_list_cancels_what_is_open_and_nothing_more_is_dialled(calling: Calling, silent: None) -> None:
    list_id = calling.run_list(calling.people(3), dialling="automatic", calls_per_minute=60)
    service.call_patients(calling.parts)
    change(
        calling, lambda session: service.stop(session, calling.parts.bus, list_id, by="alice", now=calling.clock.now)
    )
    calling.clock.go_on(minutes=1)
    assert service.call_patients(calling.parts) == 0
    assert tasks.tidy(calling.parts) == 3
    assert {task.state for task in calling.tasks()} == {"cancelled"}
    calling.call_ends(calling.attempts()[0], "answered")
    settle(calling)
    assert {task.state for task in calling.tasks()} == {"cancelled"}
