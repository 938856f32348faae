"""Steps that are texts send themselves once, in the patient's language, within hours and caps, or say why not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.configuration import service as configuration
from app.configuration.rules import CARE_PER_DAY
from app.contact_policy import service as contact_policy
from app.followup_plans import tasks
from app.followups.models import FollowupTask
from app.followups.rules import TaskMode
from app.followups.service import AdHocData, add_ad_hoc
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.db.followup_hospital import Hospital, text


@pytest.fixture
def hospital(open_parts: Callable[[], Parts]) -> Hospital:
    made = Hospital(open_parts)
    made.template([text("d10", 10)], filters={"word": "LEEP"})
    return made


def settled(hospital: Hospital) -> list[tuple[str, str | None]]:
    return [(task.state, task.reason) for task in hospital.tasks()]


def test_reminder_leaves_once_on_its_day_and_its_step_is_done(hospital: Hospital) -> None:
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "08:59").sweep()
    assert hospital.texts() == []
    hospital.at("2025-03-10", "09:00").sweep()
    hospital.restarted()
    for _ in range(3):
        hospital.sweep()
    assert hospital.texts() == [("王秀兰，请于2025-03-11来院。", "03-10 09:00")]
    [task] = hospital.tasks()
    with hospital.parts.database.reading() as session:
        message = session.scalars(select(Message)).one()
    assert (task.state, task.result, task.message_id) == ("done", "sent", message.id)
    assert (message.origin, message.origin_id, message.kind) == ("followup", task.id, "care")
    assert hospital.plans()[0].state == "done"


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("en", "+8613800138000", "王秀兰: 2025-03-11."),
        (None, "+85291234567", "王秀兰，請於2025-03-11來院。"),
    ],
)
def test_patient_is_written_to_in_their_language(
    hospital: Hospital, language: str | None, number: str, expected: str
) -> None:
    person = hospital.add_person(mobile=number, language=language)
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "10:00").sweep()
    assert [written for written, _due in hospital.texts()] == [expected]


def test_text_that_is_due_at_night_waits_for_the_morning(hospital: Hospital) -> None:
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "22:00").sweep()
    assert hospital.texts() == []
    hospital.at("2025-03-11", "06:59").sweep()
    assert hospital.texts() == []
    hospital.at("2025-03-11", "07:00").sweep()
    assert [due for _text, due in hospital.texts()] == ["03-11 07:00"]


def test_text_that_nobody_could_send_in_time_is_left_out(hospital: Hospital) -> None:
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-12", "00:00").sweep()
    assert (hospital.texts(), settled(hospital)) == ([], [("skipped", "too_late")])


def test_refusals_of_the_contact_policy_stand_on_the_step(hospital: Hospital) -> None:
    people = [hospital.add_person(str(number), f"+861380013800{number}") for number in range(3)]
    people.append(hospital.add_person("无号码", None))
    hospital.at("2025-03-01")
    for person in people:
        hospital.operate(person, "2025-03-01")
    hospital.sweep()
    with hospital.parts.database.writing() as session:
        contact_policy.record_opt_out(
            session, kind="care", channel="sms", way="person", created_by="bob", now=hospital.now, patient_id=people[0]
        )
        for phone in session.scalars(select(PatientPhone).where(PatientPhone.patient_id == people[1])):
            phone.is_valid = False
        session.get_one(Patient, people[2]).deceased_at = hospital.now
    hospital.at("2025-03-10", "10:00")
    tasks.send_texts(hospital.parts)
    assert hospital.texts() == []
    assert sorted(reason or "" for _state, reason in settled(hospital)) == [
        "deceased", "no_mobile", "opted_out", "wrong_number",
    ]  # fmt: skip


def test_texts_of_one_day_share_the_cap_and_the_rest_goes_tomorrow_while_of_use(hospital: Hospital) -> None:
    with hospital.parts.database.writing() as session:
        configuration.set_value(session, CARE_PER_DAY, 1, by="adam", now=hospital.now)
    hospital.template([text("x", 10, window_days=5, lead_days=0)], name="另一个")
    hospital.template([text("y", 10, window_days=0, lead_days=0)], name="第三个")
    person = hospital.add_person()
    hospital.at("2025-03-02").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "09:00").sweep()
    assert len(hospital.texts()) == 1
    hospital.at("2025-03-11", "09:00").sweep()
    assert len(hospital.texts()) == 2
    waiting = [(task.step, task.state, task.reason) for task in hospital.tasks() if task.state != "done"]
    assert waiting == [("y", "skipped", "day_cap")]
    hospital.at("2025-03-12", "09:00").sweep()
    assert len(hospital.texts()) == 2


def test_field_that_stays_empty_keeps_the_text_back(hospital: Hospital) -> None:
    hospital.template([text("d5", 5, texts={"zh_Hans": "{床号}", "zh_Hant": "{床号}", "en": "{床号}"})], name="x")
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01", name="其他")
    hospital.sweep()
    hospital.at("2025-03-05", "09:00").sweep()
    assert settled(hospital) == [("skipped", "empty_field:床号")]


def test_ad_hoc_text_goes_out_when_due(hospital: Hospital) -> None:
    person = hospital.add_person()
    with hospital.parts.database.writing() as session:
        due = hospital.at("2025-03-04", "15:00").now
        wanted = AdHocData(
            patient_id=person, due_at=due, mode=TaskMode.SMS, title="提醒", text="{name}{honorific}，{date}请来取报告。"
        )
        add_ad_hoc(session, hospital.bus, hospital.parts.settings, wanted, by="bob", now=hospital.now)
    hospital.sweep()
    assert hospital.texts() == [("王秀兰女士，2025-03-04请来取报告。", "03-04 15:00")]


def test_event_that_was_taken_back_sends_nothing(hospital: Hospital) -> None:
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.move_operation(operation, "2025-04-01")
    hospital.at("2025-03-10", "09:00").sweep()
    assert hospital.texts() == []
    hospital.at("2025-04-10", "09:00").sweep()
    assert hospital.texts() == [("王秀兰，请于2025-04-11来院。", "04-10 09:00")]


def test_two_gateways_of_texts_at_once_write_one(hospital: Hospital) -> None:
    people = [hospital.add_person(str(number), f"+86138001380{number:02}") for number in range(20)]
    hospital.at("2025-03-01")
    for person in people:
        hospital.operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "10:00")
    others = [hospital.restarted() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(tasks.send_texts, others))
    assert len(hospital.texts()) == 20
    with hospital.parts.database.reading() as session:
        assert set(session.scalars(select(FollowupTask.state))) == {"done"}


def test_text_that_waits_in_the_outbox_is_taken_back_with_its_event_and_goes_once_for_the_new_day(
    hospital: Hospital,
) -> None:
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "09:00").sweep()
    assert len(hospital.texts()) == 1
    hospital.move_operation(operation, "2025-03-05")
    hospital.sweep()
    hospital.at("2025-03-14", "09:00").sweep()
    with hospital.parts.database.reading() as session:
        rows = session.scalars(select(Message).order_by(Message.id)).all()
    assert [(row.state, row.text.partition("】")[2]) for row in rows] == [
        ("cancelled", "王秀兰，请于2025-03-11来院。"),
        ("queued", "王秀兰，请于2025-03-15来院。"),
    ]


def test_text_that_has_left_is_not_told_again_when_its_event_moves(hospital: Hospital) -> None:
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-10", "09:00").sweep()
    with hospital.parts.database.writing() as session:
        message = session.scalars(select(Message)).one()
        message.state, message.sent_at = "sent", hospital.now
        for segment in message.segments:
            segment.state = "sent"
    hospital.move_operation(operation, "2025-03-05")
    hospital.sweep()
    hospital.at("2025-03-14", "09:00").sweep()
    assert len(hospital.texts()) == 1
