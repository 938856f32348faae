"""Questionnaires as people use them: composed, approved, typed from paper, answered by link, reported, followed up."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.configuration.rules import PUBLIC_ADDRESS
from app.configuration.service.settings import set_value
from app.exports.models import Export
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.followups.service import NewTask, add_tasks
from app.parts import Parts
from app.patients.models import Identifier
from app.questionnaires import service
from app.questionnaires.models import BankQuestion, Questionnaire, QuestionnaireResponse, QuestionnaireVersion
from tests.db.asked_people import ALL, MEALS, WORDS, WOUND, add_people, add_questionnaire, answer
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def ward(parts: Parts) -> dict[str, Any]:
    """Three people of ward W1, the first two with a number, and a questionnaire in use."""
    with parts.database.writing() as session:
        people = add_people(session)
        for place, number in enumerate(("ZY001", "ZY002")):
            session.add(Identifier(patient_id=people[place], system="HIS", type="inpatient", value=number))
        version = add_questionnaire(session, ALL)
        return {"people": people, "version": version.id, "questionnaire": version.questionnaire_id}


def _post(browser: Browser, path: str, form: dict[str, Any] | None = None, **more: Any) -> Any:
    data = {"csrf_token": browser.token("/questionnaires"), **(form or {})}
    return browser.client.post(path, data=data, **more)


def _form(ward: dict[str, Any], /, **answers: Any) -> dict[str, Any]:
    given = {f"answer-{code}": value for code, value in answers.items() if code in {each.code for each in ALL}}
    other = {name: value for name, value in answers.items() if f"answer-{name}" not in given}
    return {"version_id": ward["version"], "key": str(uuid.uuid4()), **given, **other}


def _type(browser: Browser, ward: dict[str, Any], /, **answers: Any) -> Any:
    path = f"/questionnaires/{ward['questionnaire']}/paper"
    return _post(browser, path, _form(ward, **answers), headers={"Accept": "application/json"})


def test_a_questionnaire_is_composed_from_the_bank_approved_changed_and_compared(
    parts: Parts, browser_of: BrowserOf
) -> None:
    with parts.database.writing() as session:
        service.install_shipped(session, parts.now())
    alice, bob = browser_of("alice"), browser_of("bob")
    assert "Meals" not in bob.client.get("/questionnaires/new").text
    form = {"name": "Ward 3", "purpose": "satisfaction", "question": ["in_meals", "overall"], "visit_kind": "inpatient"}
    made = _post(alice, "/questionnaires/new", form)
    assert made.status_code == 303, made.text
    page = alice.client.get(made.location).text
    assert "How satisfied are you with the meals?" in page
    row_version = re.search(r'name="row_version" value="(\d+)"', page)
    assert row_version is not None
    _post(alice, f"{made.location}/approve", {"row_version": row_version[1]})
    changed = {**form, "question": ["overall", "in_meals", "in_nurses"], "row_version": "2"}
    assert _post(alice, f"{made.location}/edit", changed).status_code == 303
    page = alice.client.get(made.location).text
    assert "What changed" in page
    assert "Added:" in page
    assert "Moved:" in page
    assert _post(alice, f"{made.location}/edit", changed).status_code == 422
    assert "A newer draft waits." in bob.client.get("/questionnaires").text
    assert "Ward 3" in alice.client.get(f"{made.location}/preview?language=en").text
    assert "餐食" in alice.client.get("/questionnaires/questions?find=meals&lang=zh-Hans").text


def test_a_supervisor_cannot_approve_what_asks_about_health(parts: Parts, browser_of: BrowserOf) -> None:
    with parts.database.writing() as session:
        service.install_shipped(session, parts.now())
        [wound] = session.scalars(select(Questionnaire.id).where(Questionnaire.code == "wound_check"))
    alice, dora = browser_of("alice"), browser_of("dora")
    _post(alice, f"/questionnaires/{wound}/approve", {"row_version": "1"})
    assert "a clinician's to approve" in alice.client.get(f"/questionnaires/{wound}").text.replace("&#39;", "'")
    _post(dora, f"/questionnaires/{wound}/approve", {"row_version": "1"})
    with parts.database.reading() as session:
        state, by = session.execute(
            select(QuestionnaireVersion.state, QuestionnaireVersion.approved_by).where(
                QuestionnaireVersion.questionnaire_id == wound
            )
        ).one()
    assert (state, by) == ("approved", "dora")


def test_a_question_of_the_bank_is_made_with_scores_and_an_alarm_and_retired(
    parts: Parts, browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    form = {
        "code": "own_pain", "kind": "single", "purpose": "recovery", "text-en": "Pain?", "option-0-en": "No",
        "option-1-en": "Yes", "option-1-code": "yes", "option-1-score": "1.5", "option-1-minutes": "30",
        "option-1-role": "doctor",
    }  # fmt: skip
    made = _post(alice, "/questionnaires/bank/new", form)
    assert made.status_code == 303, made.text
    page = alice.client.get(made.location).text
    assert "A doctor of the department within 30 minutes" in page
    assert "Another question has this code." in _post(alice, "/questionnaires/bank/new", form).text
    assert _post(alice, "/questionnaires/bank/new", {**form, "code": "x", "option-1-score": "many"}).status_code == 422
    scale = {
        "code": "own_scale",
        "kind": "scale",
        "purpose": "other",
        "text-en": "How much?",
        "lowest": "0",
        "highest": "5",
    }
    assert _post(alice, "/questionnaires/bank/new", scale).status_code == 303
    _post(alice, f"{made.location}/retire", {"retired": "1"})
    assert "Pain?" not in alice.client.get("/questionnaires/bank?q=pain").text
    assert "Pain?" in alice.client.get("/questionnaires/bank?q=pain&retired=1").text
    with parts.database.reading() as session:
        options = dict(session.execute(select(BankQuestion.code, BankQuestion.options)).all())
    assert [option["code"] for option in options["own_pain"]] == ["o1", "yes"]
    assert [option["score"] for option in options["own_scale"]] == [0, 1, 2, 3, 4, 5]


def test_a_paper_form_is_saved_once_with_the_patient_of_its_number_and_taken_back(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    bob = browser_of("bob")
    assert "The meals?" in bob.client.get(f"/questionnaires/{ward['questionnaire']}/paper").text
    form = _form(ward, meals="poor", wound="yes", with_number="1", number="ZY001", ward="W9")
    path, accept = f"/questionnaires/{ward['questionnaire']}/paper", {"headers": {"Accept": "application/json"}}
    saved = [_post(bob, path, form, **accept).json for _ in range(2)]
    assert saved[0] == saved[1]
    assert "alarm" in saved[0]["notice"]
    with parts.database.reading() as session:
        [response] = session.scalars(select(QuestionnaireResponse))
        assert (response.patient_id, response.ward, response.doctor) == (ward["people"][0], "W9", "dora")
    assert _post(bob, f"/questionnaires/responses/{response.id}/undo").status_code == 200
    assert _post(browser_of("carol"), f"/questionnaires/responses/{response.id}/undo").status_code == 409
    with parts.database.reading() as session:
        assert session.scalars(select(FollowupTask.state)).all() == ["cancelled"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"with_number": "1", "number": "nobody"}, "number"),
        ({"filled_on": "2999-01-01"}, "filled_on"),
        ({"filled_on": "yesterday"}, "filled_on"),
        ({"fever": "370"}, "fever"),
    ],
)
def test_a_wrong_paper_form_is_refused_at_its_field_and_nothing_is_kept(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any], changes: dict[str, str], field: str
) -> None:
    answer = _type(browser_of("bob"), ward, meals="good", **changes)
    assert (answer.status_code, answer.json["field"]) == (422, field)
    with parts.database.reading() as session:
        assert session.scalars(select(QuestionnaireResponse)).all() == []


def test_without_its_script_the_paper_page_saves_and_keeps_the_ward(
    browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    bob = browser_of("bob")
    page = _post(bob, f"/questionnaires/{ward['questionnaire']}/paper", _form(ward, words="谢谢", ward="W7"))
    assert page.status_code == 200
    assert "Saved." in page.text
    assert 'value="W7"' in page.text


def _task(parts: Parts, ward: dict[str, Any]) -> int:
    with parts.database.writing() as session:
        now = parts.now()
        task = NewTask(
            patient_id=ward["people"][0], kind=TaskKind.SATISFACTION, mode=TaskMode.PHONE,
            role=TaskRole.SERVICE_CENTRE, title="Ask", due_on=now.date(), questionnaire_version_id=ward["version"],
        )  # fmt: skip
        add_tasks(session, parts.bus, [task], zone=parts.settings.timezone, by="alice", now=now)
        return session.scalars(select(FollowupTask.id)).one()


def test_the_questions_of_a_follow_up_are_answered_one_by_one_and_completed(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    bob, path = browser_of("bob"), f"/questionnaires/tasks/{_task(parts, ward)}"
    page = bob.client.get(path).text
    assert 'data-digit="1"' in page
    with parts.database.reading() as session:
        assert session.scalars(select(QuestionnaireResponse)).all() == []
    assert "Nothing was answered yet." in _post(bob, f"{path}/complete").text
    assert "Saved" in _post(bob, f"{path}/answers", {"question": "meals", "given": "good"}).text
    assert "An alarm was raised" in _post(bob, f"{path}/answers", {"question": "wound", "given": "yes"}).text
    wrong = _post(bob, f"{path}/answers", {"question": "fever", "given": "12"})
    assert "Write a number from 34 to 43." in wrong.text
    assert "checked" in bob.client.get(path).text
    done = _post(bob, f"{path}/complete").text
    assert "5 of 5 points" in done
    with parts.database.reading() as session:
        tied = session.scalars(select(FollowupTask.response_id).order_by(FollowupTask.id)).first()
        assert tied == session.scalars(select(QuestionnaireResponse.id)).one()
    assert "was completed already" in _post(bob, f"{path}/answers", {"question": "meals", "given": "poor"}).text


def test_answers_stand_on_the_record_and_opening_them_is_audited(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    bob, patient = browser_of("bob"), ward["people"][0]
    begun = _post(
        bob, "/questionnaires/responses", {"patient_id": patient, "version_id": ward["version"], "way": "phone"}
    )
    assert begun.status_code == 303
    assert "The meals?" in bob.client.get(begun.location).text
    assert "Ask a questionnaire" in bob.client.get(f"/patients/{patient}").text
    _post(bob, "/questionnaires/responses", {"patient_id": patient, "version_id": ward["version"], "way": "link"})
    assert "No address for patients is set" in bob.client.get(f"/patients/{patient}").text
    with parts.database.reading() as session:
        seen = session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject.like("questionnaire_response:%"))
        ).all()
    assert set(seen) == {"create", "view"}


def _link(parts: Parts, ward: dict[str, Any]) -> str:
    with parts.database.writing() as session:
        set_value(session, PUBLIC_ADDRESS, "https://ask.example", by="adam", now=parts.now())
        link = service.send_link(
            session, parts.bus, parts.settings, ward["version"], patient_id=ward["people"][0], by="bob", now=parts.now()
        )
        assert link.address is not None
        return link.address.removeprefix("https://ask.example")


def test_a_patient_answers_behind_a_link_without_a_script_and_once_only(
    parts: Parts, app: APIFlask, browser: Browser, ward: dict[str, Any]
) -> None:
    path = _link(parts, ward)
    page = browser.client.get(path)
    assert "The meals?" in page.text
    assert "Person 0" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    token = {"csrf_token": browser.token(path)}
    kept = browser.client.post(
        path, data={**token, "question": "meals", "answer-meals": "poor"}, headers={"X-Requested-With": "survey"}
    )
    assert (kept.status_code, kept.text) == (200, "")
    whole = {**token, "whole": "1", "send": "1", "answer-meals": "good", "answer-fever": "99"}
    refused = browser.client.post(path, data=whole)
    assert refused.status_code == 422
    assert "Write a number from 34 to 43." in refused.text
    sent = browser.client.post(path, data={**whole, "answer-fever": "37,5"})
    assert "Thank you, we have your answers." in sent.text
    assert "Thank you" in browser.client.get(path).text
    with parts.database.reading() as session:
        [response] = session.scalars(select(QuestionnaireResponse))
        assert (response.way, response.score, response.completed_at is not None) == ("link", 5, True)
    other = browser.client.get("/q/" + "A" * 22)
    assert (other.status_code, "leads to no questions" in other.text) == (404, True)


def test_the_page_behind_a_link_speaks_the_patients_language(parts: Parts, app: APIFlask, ward: dict[str, Any]) -> None:
    page = app.test_client().get(_link(parts, ward), headers={"Accept-Language": "en"}).text
    assert "餐食满意吗？" in page


def test_a_click_on_an_answer_lists_exactly_its_people_and_makes_follow_ups_for_them(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    with parts.database.writing() as session:
        given = zip(ward["people"], ("poor", "poor", "good"), strict=True)
        for patient, meals in given:
            answer(session, parts, ward["version"], {"meals": meals}, patient_id=patient, at=parts.now())
    alice = browser_of("alice")
    report = alice.client.get(f"/questionnaires/{ward['questionnaire']}/report?by=ward").text
    assert "W1" in report
    href = re.search(r'href="(/questionnaires/answers\?[^"]*option=poor[^"]*)"', report)
    assert href is not None
    path = href[1].replace("&amp;", "&")
    people = alice.client.get(path).text
    assert "2 responses gave this answer." in people
    assert ("Person 0" in people, "Person 2" in people) == (True, False)
    form = {"title": "Meals", "due_on": parts.now().date().isoformat(), "whom": "all"}
    target = path.replace("/answers?", "/answers/follow-ups?")
    for _ in range(2):
        assert _post(alice, target, form).status_code == 303
    assert "Already had this follow-up: 2." in alice.client.get(path).text
    one = {**form, "title": "Again", "whom": "ticked", "ids": [str(ward["people"][1])]}
    _post(alice, target, one)
    assert _post(alice, target, {**form, "whom": "ticked"}).status_code == 422
    with parts.database.reading() as session:
        tasks = session.execute(select(FollowupTask.title, FollowupTask.patient_id)).all()
    expected = [("Again", ward["people"][1]), ("Meals", ward["people"][0]), ("Meals", ward["people"][1])]
    assert sorted(tuple(row) for row in tasks) == expected


def test_an_agent_sees_no_reports_and_exports_hold_one_row_for_each_answer(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    with parts.database.writing() as session:
        answer(
            session,
            parts,
            ward["version"],
            {"meals": "poor", "words": "冷"},
            patient_id=ward["people"][0],
            at=parts.now(),
        )
    path = f"/questionnaires/{ward['questionnaire']}/report"
    assert browser_of("bob").client.get(path).status_code == 403
    alice = browser_of("alice")
    query = {"of-of": "questionnaire_answers", "of-questionnaire": ward["questionnaire"]}
    columns = {"columns": ["response", "question", "answer", "score"], "reason": "for the meeting"}
    assert _post(alice, "/exports/new", {**query, **columns}).status_code == 303
    with parts.database.reading() as session:
        [export] = session.scalars(select(Export))
    book = load_workbook(parts.settings.data_dir / "exports" / f"{export.id}.xlsx")
    rows = [tuple(cell.value for cell in row[1:]) for row in book.worksheets[0].iter_rows(min_row=2)]
    assert rows == [("餐食满意吗？", "不满意", 1), ("还有什么想说的？", "冷", None)]
    of = {"of-of": "questionnaire_people", "of-question": "meals", "of-option": "poor"}
    assert (
        _post(alice, "/exports/new", {**of, "columns": ["id", "name"], "reason": "for the meeting"}).status_code == 303
    )


def test_a_sheet_is_composed_and_printed_and_the_print_is_audited(
    parts: Parts, browser_of: BrowserOf, ward: dict[str, Any]
) -> None:
    alice, bob, task = browser_of("alice"), browser_of("bob"), _task(parts, ward)
    form = {"name": "Sheet", "question": [MEALS.code, WOUND.code, WORDS.code], "advice-en": "Rest."}
    made = _post(alice, "/questionnaires/sheets/new", form)
    assert made.status_code == 303
    again = _post(alice, f"{made.location}/edit", form)
    assert "There is a newer version" in alice.client.get(made.location).text
    pdf = bob.client.get(f"{again.location}/print?task={task}")
    assert (pdf.status_code, pdf.data[:5]) == (200, b"%PDF-")
    assert bob.client.get(f"{again.location}/print").status_code == 404
    assert browser_of("quinn").client.get(f"{again.location}/print?task={task}").status_code == 403
    with parts.database.reading() as session:
        [printed] = session.scalars(select(AuditEvent).where(AuditEvent.action == "print"))
    assert printed.patient_id == ward["people"][0]


def test_addresses_that_make_no_sense_are_answered_calmly(browser_of: BrowserOf, ward: dict[str, Any]) -> None:
    alice = browser_of("alice")
    report = f"/questionnaires/{ward['questionnaire']}/report"
    for path in (
        f"{report}?from=x&to=9999-99-99&way=?&department=-1&by=<&list=99999999999",
        "/questionnaires?state=<x>&purpose=%00",
        "/questionnaires/bank?purpose=?&q=%25",
        f"/questionnaires/{ward['questionnaire']}/preview?version=77&language=xx",
    ):
        assert alice.client.get(path).status_code == 200, path
    for path in ("/questionnaires/bank?cursor=%00", "/questionnaires/answers?question=meals&option=poor&cursor=x"):
        assert alice.client.get(path).status_code == 422, path
    for path in (
        "/questionnaires/999",
        "/questionnaires/bank/999",
        "/questionnaires/responses/999",
        "/questionnaires/answers",
    ):
        assert alice.client.get(path).status_code == 404, path
