"""The patient pages as an agent uses them."""

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.agents.models import AgentStatus
from app.calls import service as calls
from app.calls.models import Call, TelephonyCommand
from app.db import Database
from app.errors import Unavailable
from app.messages.models import Message
from app.parts import Parts
from app.patients import service
from app.patients.models import Patient
from app.patients.service import ContactData, PatientData, PhoneData
from app.recordings.models import Recording
from tests.web.conftest import Browser

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def alice(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("alice")


@pytest.fixture
def patient(parts: Parts) -> Patient:
    contact = ContactData(name="李敏", relation="child", may_be_told=True, phones=(PhoneData(number="13700137000"),))
    data = PatientData(name="王秀兰", sex="F", phones=(PhoneData(number="13800138000"),), contacts=(contact,))
    return add(parts, data)


def add(parts: Parts, data: PatientData) -> Patient:
    with parts.database.writing() as session:
        made = service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=parts.now())
        return service.get_patient(session, made.id)


def only_patient(database: Database) -> Patient:
    with database.reading() as session:
        return service.get_patient(session, 1)


def post(browser: Browser, path: str, **fields: Any) -> Any:
    return browser.client.post(path, data={"csrf_token": browser.token("/patients"), **fields})


def test_an_empty_list_says_what_to_do(alice: Browser) -> None:
    page = alice.client.get("/patients").text
    assert "No patients yet." in page
    assert "New patient" in page


def test_typing_a_name_or_number_narrows_the_list(alice: Browser, patient: Patient) -> None:
    for query in ("秀", "1380013", "138 0013 8000"):
        part = alice.client.get("/patients", query_string={"q": query}, headers={"HX-Request": "true"}).text
        assert "王秀兰" in part
        assert "<html" not in part
    assert "Nobody found." in alice.client.get("/patients?q=nobody").text


def test_a_long_list_goes_on_at_its_end(alice: Browser, parts: Parts) -> None:
    for place in range(55):
        add(parts, PatientData(name=f"P{place:02d}", is_provisional=True))
    page = alice.client.get("/patients?provisional=1").text
    assert "P54" in page
    assert "P04" not in page
    following = page.split('hx-trigger="revealed"')[0].split('hx-get="')[-1].split('"')[0].replace("&amp;", "&")
    assert "provisional=1" in following
    assert "P04" in alice.client.get(following, headers={"HX-Request": "true"}).text


def test_an_unknown_number_opens_the_form_with_the_number_filled_in(alice: Browser) -> None:
    page = alice.client.get("/patients/new?number=%2B8613812345678").text
    assert 'value="138 1234 5678"' in page


def test_a_new_patient_is_saved_and_shown(alice: Browser, parts: Parts) -> None:
    fields = {
        "name": "李四",
        "sex": "M",
        "birth_date": "1980-02-01",
        "phone": ["13800138000", ""],
        "phone_state": ["right", "right"],
        "contact_name": ["张三", ""],
        "contact_relation": ["spouse", "spouse"],
        "contact_told": ["yes", "no"],
        "contact_phones": ["13900139000、13700137000", ""],
        "contact_id": ["", ""],
    }
    answer = post(alice, "/patients/new", **fields)
    assert (answer.status_code, answer.location) == (303, "/patients/1")
    saved = only_patient(parts.database)
    assert [phone.number for phone in saved.phones] == ["+8613800138000", "+8613900139000", "+8613700137000"]
    page = alice.client.get("/patients/1").text
    for shown in ("李四", "138 0013 8000", "张三", "Spouse", "May be told about the patient"):
        assert shown in page


def test_a_faulty_form_comes_back_with_everything_that_was_typed(alice: Browser) -> None:
    answer = post(alice, "/patients/new", name=HOSTILE, phone=["", "95588"], birth_date="yesterday", remark="keep me")
    assert answer.status_code == 422
    assert "&lt;script&gt;" in answer.text
    assert HOSTILE not in answer.text
    for kept in ("95588", "keep me", "yesterday", "This date cannot be read."):
        assert kept in answer.text
    answer = post(alice, "/patients/new", name="x", phone=["", "95588"])
    assert "This is not a telephone number." in answer.text


def test_an_edit_keeps_what_the_form_does_not_show(alice: Browser, parts: Parts, patient: Patient) -> None:
    before = service.data_of(only_patient(parts.database))
    form = alice.client.get("/patients/1/edit").text
    assert 'value="138 0013 8000"' in form
    answer = post(alice, "/patients/1/edit", **sent(before, patient), remark="new")
    assert answer.status_code == 303
    after = only_patient(parts.database)
    assert service.data_of(after) == replace(before, remark="new")
    assert [phone.id for phone in after.phones] == [phone.id for phone in patient.phones]


def sent(data: PatientData, patient: Patient) -> dict[str, Any]:
    contact = patient.contacts[0]
    return {
        "row_version": patient.row_version,
        "name": data.name,
        "sex": data.sex,
        "phone": ["138 0013 8000", ""],
        "phone_state": ["right", "right"],
        "contact_id": [contact.id, ""],
        "contact_name": [contact.name, ""],
        "contact_relation": [contact.relation, "spouse"],
        "contact_told": ["yes", "no"],
        "contact_phones": ["137 0013 7000", ""],
    }


def test_who_edits_an_outdated_form_is_told_and_loses_nothing(alice: Browser, parts: Parts, patient: Patient) -> None:
    fields = {**sent(service.data_of(patient), patient), "remark": "mine", "row_version": 7}
    answer = post(alice, "/patients/1/edit", **fields)
    assert answer.status_code == 409
    assert "Somebody else changed this record meanwhile." in answer.text
    assert "mine" in answer.text


def test_a_hostile_name_is_shown_as_text(alice: Browser, parts: Parts) -> None:
    contact = ContactData(name=HOSTILE, relation="other")
    add(parts, PatientData(name=HOSTILE, remark=HOSTILE, address=HOSTILE, is_provisional=True, contacts=(contact,)))
    for path in ("/patients", "/patients/1", "/patients/1/edit"):
        page = alice.client.get(path).text
        assert HOSTILE not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_timeline_shows_the_call_with_its_recording(alice: Browser, parts: Parts, patient: Patient) -> None:
    add_call(parts, note=HOSTILE, disposition="recheck")
    page = alice.client.get("/patients/1").text
    for shown in ("Incoming call", "Answered", "1:30", "Recheck", "Alice", 'data-recording="r1"', "&lt;script&gt;"):
        assert shown in page
    assert HOSTILE not in page


def test_a_doctor_sees_the_call_and_no_player_and_no_buttons(
    browser_of: Callable[[str], Browser], parts: Parts, patient: Patient
) -> None:
    add_call(parts)
    page = browser_of("dora").client.get("/patients/1").text
    assert "Incoming call" in page
    assert "data-recording" not in page
    assert "Send message" not in page
    assert "/patients/1/call" not in page


def add_call(parts: Parts, **changes: Any) -> None:
    at = parts.now() - timedelta(hours=2)
    given: dict[str, Any] = {
        "id": "c1",
        "linkedid": "l1",
        "direction": "inbound",
        "state": "wrapped_up",
        "outcome": "answered",
        "number": "+8613800138000",
        "number_signalled": "13800138000",
        "dialled": "4000",
        "agent": "alice",
        "patient_id": 1,
        "started_at": at,
        "answered_at": at + timedelta(seconds=10),
        "ended_at": at + timedelta(seconds=100),
    }
    with parts.database.writing() as session:
        session.add(Call(**{**given, **changes}))
        session.flush()
        session.add(Recording(id="r1", call_id="c1", state="ready", source_name="s", started_at=at))


def test_new_entries_arrive_by_themselves_and_what_is_there_stays(
    alice: Browser, parts: Parts, patient: Patient
) -> None:
    add_call(parts)
    assert alice.client.get("/patients/1/timeline?newest=call-c1").status_code == 204
    with parts.database.writing() as session:
        session.add(a_message(parts))
    part = alice.client.get("/patients/1/timeline?newest=call-c1").text
    assert "is fasting needed" in part
    assert 'id="call-c1"' not in part
    assert "newest=message-1" in part


def a_message(parts: Parts, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "direction": "in",
        "kind": "care",
        "state": "new",
        "number": "+8613800138000",
        "patient_id": 1,
        "text": "is fasting needed",
        "created_at": parts.now(),
    }
    return Message(**{**given, **changes})


def test_a_message_under_way_is_looked_at_until_it_is_delivered(alice: Browser, parts: Parts, patient: Patient) -> None:
    with parts.database.writing() as session:
        session.add(a_message(parts, direction="out", state="sent"))
    page = alice.client.get("/patients/1").text
    assert "/patients/1/timeline/message/1?seen=sent-" in page
    assert alice.client.get("/patients/1/timeline/message/1?seen=sent-").status_code == 204
    with parts.database.writing() as session:
        message = session.get(Message, 1)
        assert message is not None
        message.state = "delivered"
    part = alice.client.get("/patients/1/timeline/message/1?seen=sent-").text
    assert "Delivered" in part
    assert "hx-get" not in part


def set_state(parts: Parts, state: str) -> None:
    with parts.database.writing() as session:
        session.merge(AgentStatus(id="alice", state=state, since=parts.now()))


def test_a_call_without_a_live_desk_opens_the_desk_to_dial(alice: Browser, parts: Parts, patient: Patient) -> None:
    answer = post(alice, "/patients/1/call", phone_id=patient.phones[0].id, id=str(uuid.uuid4()))
    assert (answer.status_code, answer.location) == (303, f"/desk?dial={patient.phones[0].id}")


def test_a_call_with_a_live_desk_is_ordered_once_however_often_it_is_clicked(
    alice: Browser, parts: Parts, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_state(parts, "ready")
    monkeypatch.setattr("app.calls.service.commands.COMMAND_LIFETIME", timedelta(seconds=0.2))
    order_id = str(uuid.uuid4())
    for _ in range(2):
        answer = post(alice, "/patients/1/call", phone_id=patient.phones[1].id, id=order_id)
        assert (answer.status_code, answer.location) == (303, "/patients/1")
    with parts.database.reading() as session:
        [command] = session.query(TelephonyCommand).all()
    assert (command.kind, command.agent, command.issued_by) == ("dial", "alice", "alice")
    assert command.args == {"patient_id": 1, "phone_id": patient.phones[1].id}


def test_a_call_that_cannot_be_made_says_so(
    alice: Browser, parts: Parts, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_state(parts, "ready")

    def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable("The telephone link did not answer. Nothing was done; try again.")

    monkeypatch.setattr(calls, "order", refuse)
    post(alice, "/patients/1/call", phone_id=patient.phones[0].id)
    assert "The telephone link did not answer." in alice.client.get("/patients/1").text


def test_only_a_number_of_this_patient_is_dialled(alice: Browser, parts: Parts, patient: Patient) -> None:
    add(parts, PatientData(name="other", phones=(PhoneData(number="13900139000"),)))
    for phone_id in ("", "x", "3", "99", "9" * 30):
        assert post(alice, "/patients/1/call", phone_id=phone_id).status_code == 404


def test_a_message_goes_into_the_outbox_once(alice: Browser, parts: Parts, patient: Patient) -> None:
    fields = {"text": "Please come fasting.", "phone_id": patient.phones[0].id, "id": str(uuid.uuid4())}
    for _ in range(2):
        assert post(alice, "/patients/1/message", **fields).status_code == 303
    with parts.database.reading() as session:
        [message] = session.query(Message).all()
    assert (message.direction, message.number, message.patient_id, message.kind) == ("out", "+8613800138000", 1, "care")
    assert "Please come fasting." in alice.client.get("/patients/1").text


def test_a_message_that_cannot_be_sent_gives_the_text_back(alice: Browser, patient: Patient) -> None:
    answer = post(alice, "/patients/1/message", text="x" * 5000, phone_id=patient.phones[0].id)
    assert answer.status_code == 422
    assert "x" * 5000 in answer.text


def test_nothing_is_changed_without_the_form_token(alice: Browser, patient: Patient) -> None:
    for path in ("/patients/new", "/patients/1/edit", "/patients/1/call", "/patients/1/message"):
        assert alice.client.post(path, data={"name": "x", "text": "x"}).status_code == 400


def test_nobody_is_not_found(alice: Browser) -> None:
    for path in ("/patients/77", "/patients/77/edit", "/patients/77/timeline", "/patients/77/timeline/call/x"):
        assert alice.client.get(path).status_code == 404


def test_the_list_of_calls_is_filtered_in_its_address(alice: Browser, parts: Parts, patient: Patient) -> None:
    assert "No calls here." in alice.client.get("/calls").text
    add_call(parts)
    page = alice.client.get("/calls?period=all&agent=alice&direction=inbound&outcome=answered").text
    for shown in ("王秀兰", "138 0013 8000", "1:30", "Recorded"):
        assert shown in page
    [recording] = re.findall(r'href="([^"]+)"[^>]*>(?:(?!</a>).)*Recorded</a>', page, re.DOTALL)
    assert alice.client.get(recording).status_code == 200
    assert "No calls here." in alice.client.get("/calls?period=all&agent=carol").text
    assert "王秀兰" in alice.client.get("/calls?period=nonsense&direction=sideways").text


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_page_speaks_every_language(alice: Browser, parts: Parts, patient: Patient, language: str) -> None:
    add_call(parts)
    for path in ("/patients", "/patients/new", "/patients/1", "/patients/1/edit", "/calls"):
        assert alice.client.get(f"{path}?lang={language}").status_code == 200
