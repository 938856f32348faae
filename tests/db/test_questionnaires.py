"""Questionnaires from the bank to the answers: versions that never change, answers, alarms, texts, links, sheets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts.rules import Role
from app.accounts.service import create_user
from app.calls.models import Call
from app.codes.models import CodeItem
from app.configuration.rules import PUBLIC_ADDRESS
from app.configuration.service.settings import set_value
from app.contact_policy.service import record_opt_out
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.followups.service import NewTask, add_tasks
from app.journal.models import JournalEntry
from app.mailings.service import letters_for
from app.messages.models import Message, PendingQuestion
from app.messages.service import receive_message
from app.parts import Parts
from app.questionnaires import service
from app.questionnaires.models import (
    BankQuestion,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireResponse,
    QuestionnaireVersion,
)
from app.questionnaires.rules import Given, Purpose, ResponseWay
from app.questionnaires.service.printing import draw_sheet
from tests.db.asked_people import MEALS, NOON, WISHES, WORDS, WOUND, add_people, add_questionnaire, answer

PHONE, PAPER = ResponseWay.PHONE, ResponseWay.PAPER
SMS = (MEALS, WOUND, WORDS)


def _save(parts: Parts, response_id: int, question: str, given: Any, minutes: int = 0) -> None:
    now, zone = NOON + timedelta(minutes=minutes), parts.settings.timezone
    with parts.database.writing() as session:
        service.save_answer(session, parts.bus, response_id, question, given, zone=zone, by="bob", now=now)


def _open(parts: Parts, way: ResponseWay = PHONE, *, anonymous: bool = False) -> int:
    with parts.database.writing() as session:
        people, version = add_people(session), add_questionnaire(session)
        patient = None if anonymous else people[0]
        made = service.start_response(session, parts.bus, version.id, patient_id=patient, way=way, by="bob", now=NOON)
        return made.id


def _count(parts: Parts, table: Any, *conditions: Any) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def _receive(parts: Parts, text: str, minutes: int) -> Message:
    with parts.database.writing() as session:
        return receive_message(
            session, parts.bus, number="+8613800138000", service_number="1069", text=text, settings=parts.settings,
            now=NOON + timedelta(minutes=minutes),
        )  # fmt: skip


def _texts(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return list(session.scalars(select(Message.text).where(Message.direction == "out").order_by(Message.id)))


def test_what_is_shipped_comes_once_as_drafts_and_stays_as_somebody_left_it(parts: Parts) -> None:
    with parts.database.writing() as session:
        assert service.install_shipped(session, NOON) > 70
        assert service.install_shipped(session, NOON) == 0
        assert set(session.scalars(select(QuestionnaireVersion.state))) == {"draft"}
        session.scalars(select(BankQuestion).where(BankQuestion.code == "overall")).one().texts = {"en": "Ours?"}
        service.approve_for_demo(session, NOON)
        service.install_shipped(session, NOON)
    with parts.database.reading() as session:
        clinical = service.latest_approved(session, "wound_check")
        assert clinical is not None
        assert clinical.approved_by == "doctor"
        assert service.latest_approved(session, "medication_followup") is None
        changed = session.scalars(select(BankQuestion.texts).where(BankQuestion.code == "overall")).one()
        assert changed == {"en": "Ours?"}


def test_a_used_version_is_never_changed_and_a_change_begins_the_next(parts: Parts) -> None:
    with parts.database.writing() as session:
        version = add_questionnaire(session)
        answer(session, parts, version.id, {"meals": "good"})
        session.expire_all()
        data = service.QuestionnaireData(name="Ward", purpose=Purpose.SATISFACTION, questions=["meals"])
        made = service.change_questionnaire(
            session, version.questionnaire_id, data, row_version=version.row_version, by="alice", now=NOON
        )
        assert (made.number, made.state) == (2, "draft")
        assert len(version.questions) == 5
        with pytest.raises(Conflict):
            service.change_questionnaire(session, version.questionnaire_id, data, row_version=99, by="alice", now=NOON)
        service.approve(
            session, version.questionnaire_id, row_version=made.row_version, by="alice", is_clinician=False,
            is_supervisor=True, now=NOON,
        )  # fmt: skip
        assert (version.state, made.state) == ("retired", "approved")
        with pytest.raises(Conflict):
            service.start_response(session, parts.bus, version.id, patient_id=None, way=PAPER, by="bob", now=NOON)


def test_questions_about_health_wait_for_a_clinician(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.install_shipped(session, NOON)
        wound = session.scalars(select(Questionnaire).where(Questionnaire.code == "wound_check")).one()
        with pytest.raises(NotAllowed):
            service.approve(
                session, wound.id, row_version=1, by="alice", is_clinician=False, is_supervisor=True, now=NOON
            )


def test_a_change_of_the_bank_changes_no_version_and_keeps_what_was_answered(parts: Parts) -> None:
    with parts.database.writing() as session:
        version = add_questionnaire(session)
        answer(session, parts, version.id, {"meals": "good"})
        row = service.bank_questions(session, ["meals"])["meals"]
        question = service.as_question(row)
        fewer = type(question)(code="meals", kind=question.kind, texts={"en": "Food?"}, options=question.options[:2])
        purpose: Any = "other"
        keep: dict[str, Any] = {"purpose": purpose, "disease": None, "question_id": row.id, "by": "alice", "now": NOON}
        with pytest.raises(Conflict):
            service.save_question(session, fewer, row_version=row.row_version, **keep)
        same = type(question)(code="meals", kind=question.kind, texts={"en": "Food?"}, options=question.options)
        service.save_question(session, same, row_version=row.row_version, **keep)
        assert version.questions[0]["texts"]["en"] == "The meals?"
        [use] = service.uses_of(session, "meals")
        assert use.version is version


def test_the_bank_is_searched_in_every_language_and_by_purpose(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.install_shipped(session, NOON)
        for text in ("餐食", "the MEALS", "in_meals"):
            filters = service.BankFilters(text=text)
            assert [row.code for row in service.list_bank(session, filters, limit=50).items] == ["in_meals"]
        first = service.list_bank(session, service.BankFilters(), limit=60)
        rest = service.list_bank(session, service.BankFilters(), limit=60, cursor=first.next_cursor)
        assert len({row.code for row in (*first.items, *rest.items)}) == len(service.shipped_questions())


def test_the_disease_proposes_its_questionnaire_before_the_kind_of_visit(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.install_shipped(session, NOON)
        service.approve_for_demo(session, NOON)
        session.add(CodeItem(list="disease", code="E10-E14", path="/E10-E14/", name="Diabetes"))
        session.add(CodeItem(list="disease", code="E11.9", path="/E10-E14/E11.9/", name="Diabetes 2"))
        session.flush()
        found = [
            service.questionnaire_for(session, kind, disease)
            for kind, disease in (("outpatient", "E11.9"), ("outpatient", "J06"), ("operation", None), ("none", None))
        ]
    codes = [version.questionnaire.code if version else None for version in found]
    assert codes == ["chronic_followup", "outpatient_satisfaction", "operation_satisfaction", None]


def test_answers_are_saved_one_by_one_replaced_and_taken_back(parts: Parts) -> None:
    response_id = _open(parts)
    _save(parts, response_id, "meals", "poor")
    _save(parts, response_id, "meals", "good")
    _save(parts, response_id, "meals", "good")
    _save(parts, response_id, "wishes_for", ["exams", "talks"])
    _save(parts, response_id, "fever", "37.5")
    _save(parts, response_id, "words", "谢谢")
    _save(parts, response_id, "words", "")
    with pytest.raises(InvalidInput):
        _save(parts, response_id, "fever", "99")
    with pytest.raises(NotFound):
        _save(parts, response_id, "other", "1")
    with parts.database.writing() as session:
        found = service.answers_of(session, response_id)
        assert found == {
            "meals": Given(options=("good",)),
            "wishes_for": Given(options=("talks", "exams")),
            "fever": Given(number=37.5),
        }
        done = service.complete(session, parts.bus, response_id, now=NOON)
        service.complete(session, parts.bus, response_id, now=NOON + timedelta(hours=1))
        assert (done.score, done.highest_score, done.completed_at) == (8, 8, NOON)
        assert done.dimensions == {"surroundings": [5, 5]}
        assert (done.department_id, done.ward, done.doctor) == (1, "W1", "dora")
    with pytest.raises(Conflict):
        _save(parts, response_id, "meals", "poor")
    assert _count(parts, JournalEntry, JournalEntry.kind == "questionnaire.completed") == 1


def test_nothing_answered_or_a_needed_answer_missing_completes_nothing(parts: Parts) -> None:
    with parts.database.writing() as session:
        add_questionnaire(session)
        data = service.QuestionnaireData(
            name="Two", purpose=Purpose.SATISFACTION, questions=["meals", "wound"], required=["wound"]
        )
        made = service.create_questionnaire(session, data, by="alice", now=NOON)
        version = service.approve(
            session, made.id, row_version=1, by="d", is_clinician=True, is_supervisor=False, now=NOON
        )
        with pytest.raises(InvalidInput) as error:
            answer(session, parts, version.id, {"meals": "good"})
        assert error.value.fields["field"] == "wound"


def test_for_one_task_and_for_one_paper_form_there_is_one_response(parts: Parts) -> None:
    with parts.database.writing() as session:
        [patient, *_], version = add_people(session), add_questionnaire(session)
        start: dict[str, Any] = {"patient_id": patient, "by": "bob", "now": NOON}
        first = service.start_response(session, parts.bus, version.id, way=PHONE, task_id=5, **start)
        again = service.start_response(session, parts.bus, version.id, way=PHONE, task_id=5, **start)
        form = service.start_response(session, parts.bus, version.id, way=PAPER, entry_key="k" * 36, **start)
        twice = service.start_response(session, parts.bus, version.id, way=PAPER, entry_key="k" * 36, **start)
    assert first.id == again.id
    assert form.id == twice.id != first.id


def test_an_answer_with_an_alarm_makes_one_task_at_once_for_its_role(parts: Parts) -> None:
    response_id = _open(parts)
    _save(parts, response_id, "wound", "yes")
    _save(parts, response_id, "wound", "yes")
    _save(parts, response_id, "wound", "no")
    _save(parts, response_id, "wound", "yes", minutes=5)
    with parts.database.reading() as session:
        [task] = session.scalars(select(FollowupTask))
        assert (task.kind, task.role, task.response_id) == ("alarm", "doctor", response_id)
        assert (task.due_at, task.late_at) == (NOON, NOON + timedelta(hours=1))
        assert task.title == "伤口红吗？ 红"
        assert task.department_id == 1
    assert _count(parts, JournalEntry, JournalEntry.kind == "questionnaire.alarm") == 1


def test_an_alarm_of_an_anonymous_form_calls_nobody_and_is_journalled(parts: Parts) -> None:
    _save(parts, _open(parts, PAPER, anonymous=True), "wound", "yes")
    assert _count(parts, FollowupTask) == 0
    assert _count(parts, JournalEntry, JournalEntry.kind == "questionnaire.alarm") == 1


def test_a_paper_form_is_taken_back_by_who_typed_it_with_its_alarm(parts: Parts) -> None:
    response_id = _open(parts, PAPER)
    _save(parts, response_id, "wound", "yes")
    with parts.database.writing() as session:
        service.complete(session, parts.bus, response_id, now=NOON)
        with pytest.raises(NotAllowed):
            service.undo_paper(session, parts.bus, response_id, by="carol", now=NOON)
        with pytest.raises(Conflict):
            service.undo_paper(session, parts.bus, response_id, by="bob", now=NOON + timedelta(hours=1))
        service.undo_paper(session, parts.bus, response_id, by="bob", now=NOON)
    with parts.database.reading() as session:
        assert session.scalars(select(FollowupTask.state)).all() == ["cancelled"]
        assert session.scalars(select(QuestionnaireResponse.completed_at)).all() == [None]


def _by_sms(parts: Parts, questions: Any = SMS) -> int:
    with parts.database.writing() as session:
        [patient, *_], version = add_people(session), add_questionnaire(session, questions)
        made = service.start_by_sms(
            session, parts.bus, parts.settings, version.id, patient_id=patient, by="bob", now=NOON
        )
        return made.id


def test_questions_go_by_text_one_after_the_other_until_all_are_answered(parts: Parts) -> None:
    response_id = _by_sms(parts)
    assert _receive(parts, "２", 1).state == "answered"
    assert _receive(parts, "红", 2).state == "answered"
    # Words are kept as the answer, and somebody reads them all the same.
    assert _receive(parts, "饭菜太咸", 3).state == "new"
    texts = _texts(parts)
    assert [("(1/3)" in texts[0]), ("(2/3)" in texts[1]), ("(3/3)" in texts[2])] == [True, True, True]
    assert "谢谢您的回答" in texts[3]
    with parts.database.reading() as session:
        response = service.get_response(session, response_id)
        found = service.answers_of(session, response_id)
        assert (response.score, response.highest_score, response.way) == (1, 5, "sms")
        assert found["words"].text == "饭菜太咸"
    assert _count(parts, FollowupTask, FollowupTask.kind == "alarm") == 1


def test_a_reply_that_nobody_understands_is_asked_once_more_and_then_an_agents(parts: Parts) -> None:
    response_id = _by_sms(parts)
    assert _receive(parts, "什么意思", 1).state == "answered"
    assert "没有看懂" in _texts(parts)[-1]
    assert _receive(parts, "还是不懂", 2).state == "new"
    assert len(_texts(parts)) == 2
    assert _receive(parts, "1", 3).state == "new"
    with parts.database.reading() as session:
        assert service.answers_of(session, response_id) == {}
    assert _count(parts, JournalEntry, JournalEntry.kind == "questionnaire.stopped") == 1


def test_an_opt_out_stops_the_questions(parts: Parts) -> None:
    _by_sms(parts)
    with parts.database.writing() as session:
        session.scalars(select(Message)).one().sent_at = NOON
    _receive(parts, "退订", 1)
    sent = len(_texts(parts))
    _receive(parts, "1", 2)
    assert len(_texts(parts)) == sent
    assert _count(parts, JournalEntry, JournalEntry.kind == "questionnaire.stopped") == 1


def test_after_its_time_an_answer_by_text_is_for_a_person(parts: Parts) -> None:
    response_id = _by_sms(parts)
    assert _receive(parts, "1", 73 * 60).state == "new"
    with parts.database.reading() as session:
        assert service.answers_of(session, response_id) == {}


def test_the_first_question_is_sent_once_and_never_to_who_opted_out(parts: Parts) -> None:
    with parts.database.writing() as session:
        [first, second, _], version = add_people(session), add_questionnaire(session, SMS)
        ask: dict[str, Any] = {"by": "bob", "now": NOON}
        for _ in range(2):
            service.start_by_sms(session, parts.bus, parts.settings, version.id, patient_id=first, task_id=9, **ask)
        record_opt_out(session, kind="care", channel="sms", way="call", patient_id=second, created_by="bob", now=NOON)
    assert len(_texts(parts)) == 1
    with pytest.raises(Refused), parts.database.writing() as session:
        service.start_by_sms(session, parts.bus, parts.settings, version.id, patient_id=second, **ask)
    assert _count(parts, QuestionnaireResponse) == 1


def test_long_questionnaires_do_not_go_by_text(parts: Parts) -> None:
    with pytest.raises(InvalidInput):
        _by_sms(parts, (MEALS, WISHES))
    assert _count(parts, PendingQuestion) == 0


def test_a_link_is_sent_with_a_secret_of_which_only_the_hash_is_kept(parts: Parts) -> None:
    with parts.database.writing() as session:
        [patient, *_], version = add_people(session), add_questionnaire(session)
        send: dict[str, Any] = {"patient_id": patient, "task_id": 3, "by": "bob", "now": NOON}
        with pytest.raises(Conflict):
            service.send_link(session, parts.bus, parts.settings, version.id, **send)
        set_value(session, PUBLIC_ADDRESS, "https://ask.example/", by="adam", now=NOON)
        link = service.send_link(session, parts.bus, parts.settings, version.id, **send)
        again = service.send_link(session, parts.bus, parts.settings, version.id, **send)
        assert again.address is None
        assert link.address is not None
        token = link.address.removeprefix("https://ask.example/q/")
        assert service.response_of_link(session, token).id == link.response.id
        assert token not in str(link.response.token_hash)
        for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "", "x" * 22, "../etc"):
            with pytest.raises(NotFound):
                service.response_of_link(session, wrong)
        late = NOON + timedelta(days=15)
        with pytest.raises(Conflict):
            service.save_answer(
                session, parts.bus, link.response.id, "meals", "good", zone=parts.settings.timezone, by=None, now=late
            )
    [text] = _texts(parts)
    assert link.address in text
    assert "Surgery" not in text


def test_who_refused_a_survey_is_asked_none_for_a_year_but_is_still_called_about_health(parts: Parts) -> None:
    with parts.database.writing() as session:
        people = add_people(session)
        tasks = [
            NewTask(
                patient_id=each, kind=TaskKind.SATISFACTION, mode=TaskMode.PHONE, role=TaskRole.SERVICE_CENTRE,
                title="t", due_on=NOON.date(),
            )
            for each in people
        ]  # fmt: skip
        add_tasks(session, parts.bus, tasks, zone=parts.settings.timezone, by="bob", now=NOON)
        rows = list(session.scalars(select(FollowupTask).order_by(FollowupTask.patient_id)))
        rows[0].done_at, rows[0].attitude = NOON, "refuses"
        rows[1].done_at, rows[1].result = NOON, "refused"
        session.flush()
        survey = add_questionnaire(session, SMS)
        health = add_questionnaire(session, (WOUND,), Purpose.RECOVERY, "Wound")
        assert service.may_survey(session, people, NOON + timedelta(days=1)) == {people[2]}
        assert service.may_survey(session, people, NOON + timedelta(days=400)) == set(people)
        ask: dict[str, Any] = {"patient_id": people[0], "by": "bob", "now": NOON + timedelta(hours=1)}
        with pytest.raises(Refused):
            service.start_by_sms(session, parts.bus, parts.settings, survey.id, **ask)
        service.start_by_sms(session, parts.bus, parts.settings, health.id, **ask)


def test_a_sheet_is_composed_versioned_and_printed_with_the_answers_of_its_follow_up(parts: Parts) -> None:
    with parts.database.writing() as session:
        [patient, *_], version = add_people(session), add_questionnaire(session)
        create_user(session, username="dora", display_name="Dora", role=Role.DOCTOR, password="a-good-one-1", now=NOON)
        response = service.start_response(
            session, parts.bus, version.id, patient_id=patient, way=PHONE, task_id=None, by="bob", now=NOON
        )
        zone = parts.settings.timezone
        service.save_answer(session, parts.bus, response.id, "meals", "poor", zone=zone, by="bob", now=NOON)
        data = service.SheetData(name="回访单", questions=["meals", "words"], advice={"zh_Hans": "多休息。"})
        first = service.save_sheet(session, data, by="dora", now=NOON)
        second = service.save_sheet(session, data, sheet_id=first.id, by="dora", now=NOON)
        assert (second.number, second.is_current) == (2, True)
        with pytest.raises(Conflict):
            service.save_sheet(session, data, sheet_id=first.id, by="dora", now=NOON)
        content = service.sheet_content(
            session, second, patient_id=patient, task_id=None, settings=parts.settings,
            translate=lambda text, _language: text, by="dora", now=NOON,
        )  # fmt: skip
    assert [choice.is_ticked for choice in content.items[0].choices] == [False, True, False]
    assert ("Name", "Person 0") in content.facts
    assert ("Advice", "多休息。") in content.sections
    pdf = draw_sheet(content, letters_for(parts.settings.data_dir))
    assert pdf.startswith(b"%PDF")


def test_two_answers_at_once_leave_one(parts: Parts, open_parts: Any) -> None:
    response_id, other = _open(parts), open_parts()
    _save(parts, response_id, "meals", "good")
    _save(other, response_id, "meals", "poor")
    assert _count(parts, QuestionnaireAnswer, QuestionnaireAnswer.question == "meals") == 1


def test_whose_manner_is_rated_is_who_took_the_latest_call(parts: Parts) -> None:
    manner = replace(MEALS, code="agent_manner")
    with parts.database.writing() as session:
        [patient, *_] = add_people(session)
        for number, (agent, hours) in enumerate((("bob", 30), ("carol", 2), (None, 1))):
            at = NOON - timedelta(hours=hours)
            session.add(
                Call(
                    id=f"call-{number}", linkedid=f"call-{number}", direction="inbound", state="ended", number="1",
                    number_signalled="1", dialled="4000", patient_id=patient, agent=agent, started_at=at,
                    answered_at=at if agent else None,
                )
            )  # fmt: skip
        session.flush()
        rated = answer(
            session, parts, add_questionnaire(session, (manner,)).id, {"agent_manner": "good"}, patient_id=patient
        )
        meals = answer(session, parts, add_questionnaire(session, (MEALS,)).id, {"meals": "good"}, patient_id=patient)
        assert service.get_response(session, rated).agent == "carol"
        assert service.get_response(session, meals).agent is None
