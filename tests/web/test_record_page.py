"""The record page as people use it: what is shown to whom, in how many statements, and what the forms do."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from app.access.models import RoleGrant
from app.audit.models import AuditEvent
from app.parts import Parts
from app.patients import service
from app.patients.models import Patient, PatientDraft
from app.patients.service import ContactData, IdentifierData, PatientData, PhoneData
from app.visits import service as visits
from app.visits.models import ClinicalDocument, Course
from app.visits.service import ChargeData, DiagnosisData, DocumentData, ExamData, ExamResultData, VisitData
from tests.web.browser import Browser

HOSTILE = "<script>alert(1)</script>"
NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
BrowserOf = Callable[[str], Browser]


@pytest.fixture
def patient_id(parts: Parts) -> int:
    family = (PhoneData(number="13700137000"), PhoneData(number="13700997000"))
    data = PatientData(
        name="王秀兰",
        phones=(PhoneData(number="13800138000"), PhoneData(number="13800998000")),
        identifiers=(IdentifierData(type="card", value="6200112233", system="HIS"),),
        address="杭州市西湖区文一路 18 号",
        contacts=(ContactData(name="李敏", relation="child", phones=family),),
    )
    with parts.database.writing() as session:
        return service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=NOW).id


def receive(parts: Parts, patient_id: int, count: int) -> None:
    """A history of `count` visits, each with a diagnosis, a charge and an exam, and one document."""
    source: dict[str, Any] = {"patient_id": patient_id, "source_system": "HIS"}
    at = [NOW - timedelta(days=place) for place in range(count)]
    result = ExamResultData(item="cholesterol", value="6.2", flag="high")
    with parts.database.writing() as session:
        bus, of = parts.bus, list(enumerate(at))
        visits.receive_visits(
            session,
            bus,
            [VisitData(**source, source_key=f"v{n}", kind="outpatient", started_at=t) for n, t in of],
            now=NOW,
        )
        visits.receive_diagnoses(
            session,
            bus,
            [
                DiagnosisData(**source, source_key=f"d{n}", visit_key=f"v{n}", text=f"angina {HOSTILE}", at=t)
                for n, t in of
            ],
            now=NOW,
        )
        visits.receive_charges(
            session,
            [
                ChargeData(
                    **source,
                    source_key=f"c{n}",
                    visit_key=f"v{n}",
                    day=t.date(),
                    at=t,
                    item="drug",
                    kind="drug",
                    amount_cents=1050,
                )
                for n, t in of
            ],
        )
        visits.receive_exams(
            session,
            bus,
            [
                ExamData(**source, source_key=f"e{n}", kind="laboratory", name="fats", at=t, results=(result,))
                for n, t in of
            ],
            now=NOW,
        )
        document = DocumentData(
            **source, source_key="x", kind="report", title="Echo report", text="ejection 60 %", at=NOW
        )
        visits.receive_documents(session, [document])


def post(browser: Browser, path: str, **fields: Any) -> Any:
    return browser.client.post(path, data={"csrf_token": token_of(browser), **fields})


@functools.lru_cache(maxsize=4)
def token_of(browser: Browser) -> str:
    """One token serves a whole sign-in."""
    return browser.token("/patients")


def events(parts: Parts) -> list[tuple[str, str, str]]:
    with parts.database.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.patient_id.is_not(None)).order_by(AuditEvent.id))
        return [(row.actor, row.action, row.subject) for row in rows]


@contextmanager
def counted(parts: Parts) -> Iterator[list[str]]:
    """The statements of this thread: the live pages of the application go on reading meanwhile."""
    statements: list[str] = []
    here = threading.get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.extend([statement] * (threading.get_ident() == here))

    event.listen(parts.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(parts.database.engine, "before_cursor_execute", note)


def test_a_record_of_500_items_opens_with_as_many_statements_as_a_small_one(
    browser_of: BrowserOf, parts: Parts, patient_id: int
) -> None:
    alice = browser_of("alice")
    counts = []
    for size in (1, 125):
        receive(parts, patient_id, size)
        with counted(parts) as statements:
            page = alice.client.get(f"/patients/{patient_id}").text
        counts.append(len(statements))
    assert counts[0] == counts[1] < 95
    assert HOSTILE not in page
    assert page.count("cholesterol") == 125


def test_who_may_not_see_clinical_data_does_not_see_that_it_is_there(
    browser_of: BrowserOf, parts: Parts, patient_id: int
) -> None:
    receive(parts, patient_id, 1)
    quinn = browser_of("quinn")
    page = quinn.client.get(f"/patients/{patient_id}").text
    for hidden in ("sec-visits", "sec-charges", "angina", "cholesterol", "Echo report", "fats", "field-phase"):
        assert hidden not in page
    for part in ("visits", "charges", "exams", "courses"):
        assert quinn.client.get(f"/api/v1/patients/{patient_id}/{part}").status_code == 404
    told = quinn.client.get(f"/api/v1/patients/{patient_id}/timeline").json
    assert told["items"] == []
    assert quinn.client.get(f"/patients/{patient_id}/documents/1").status_code == 404


def test_a_view_is_in_the_audit_log_and_a_document_with_its_reason(
    browser_of: BrowserOf, parts: Parts, patient_id: int
) -> None:
    receive(parts, patient_id, 1)
    dora = browser_of("dora")
    dora.client.get(f"/patients/{patient_id}")
    with parts.database.reading() as session:
        [document_id] = session.scalars(select(ClinicalDocument.id))
    path = f"/patients/{patient_id}/documents/{document_id}"
    assert "ejection" not in dora.client.get(path).text
    assert post(dora, path, reason="").status_code == 422
    assert "ejection 60 %" in post(dora, path, reason="Treatment", more="before surgery").text
    assert ("dora", "view", "") in events(parts)
    assert ("dora", "view", f"document:{document_id}") in events(parts)


def masked_form(browser: Browser, patient_id: int) -> dict[str, Any]:
    """What a browser would send of the form as it stands, with one new remark."""
    with browser.client.application.extensions["wardline"].database.reading() as session:
        patient = service.get_patient(session, patient_id)
    own = [phone for phone in patient.phones if phone.contact_person_id is None]
    return {
        "name": patient.name,
        "row_version": patient.row_version,
        "address": "杭州市西湖区****",
        "remark": "new",
        "phone": ["138****8000", "138****8000"],
        "phone_id": [str(phone.id) for phone in own],
        "phone_state": ["right", "right"],
        "identifier_type": ["card"],
        "identifier_system": ["HIS"],
        "identifier_value": ["******2233"],
        "contact_id": [str(patient.contacts[0].id)],
        "contact_name": ["李敏"],
        "contact_relation": ["child"],
        "contact_told": ["no"],
        "contact_phones": ["137****7000、137****7000"],
    }


def numbers(parts: Parts, patient_id: int) -> list[str]:
    with parts.database.reading() as session:
        patient = service.get_patient(session, patient_id)
        return [phone.number[3:] for phone in patient.phones] + [each.value for each in patient.identifiers]


def test_what_a_masked_user_leaves_as_it_stood_keeps_the_stored_numbers(
    browser_of: BrowserOf, parts: Parts, patient_id: int
) -> None:
    bob = browser_of("bob")
    before = numbers(parts, patient_id)
    page = bob.client.get(f"/patients/{patient_id}/edit").text
    assert "138****8000" in page
    assert "138 0013 8000" not in page
    assert post(bob, f"/patients/{patient_id}/edit", **masked_form(bob, patient_id)).status_code == 303
    assert numbers(parts, patient_id) == before
    with parts.database.reading() as session:
        patient = service.get_patient(session, patient_id)
        assert (patient.remark, patient.address) == ("new", "杭州市西湖区文一路 18 号")


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": ["138****8001", "138****8000"]},
        {"phone_id": ["", ""]},
        {"contact_phones": ["137****7000"]},
        {"identifier_value": ["******2234"]},
    ],
)
def test_a_masked_number_that_was_touched_is_asked_for_in_full(
    browser_of: BrowserOf, parts: Parts, patient_id: int, changes: dict[str, Any]
) -> None:
    bob = browser_of("bob")
    before = numbers(parts, patient_id)
    answer = post(bob, f"/patients/{patient_id}/edit", **{**masked_form(bob, patient_id), **changes})
    assert answer.status_code == 422
    assert "This number is hidden in part." in answer.text
    assert numbers(parts, patient_id) == before


def test_what_is_typed_is_kept_as_a_draft_until_it_is_saved_or_given_up(
    browser_of: BrowserOf, parts: Parts, patient_id: int
) -> None:
    alice, bob = browser_of("alice"), browser_of("bob")
    assert post(alice, f"/patients/{patient_id}/draft", name="half a na", row_version="1").status_code == 204
    assert 'value="half a na"' in alice.client.get(f"/patients/{patient_id}/edit").text
    assert "half a na" not in bob.client.get(f"/patients/{patient_id}/edit").text
    post(alice, f"/patients/{patient_id}/draft/discard")
    assert 'value="王秀兰"' in alice.client.get(f"/patients/{patient_id}/edit").text
    post(alice, "/patients/draft", name="new one", phone="13900139000")
    assert 'value="new one"' in alice.client.get("/patients/new").text
    assert post(alice, "/patients/new", name="new one", phone="13900139000").status_code == 303
    with parts.database.reading() as session:
        assert list(session.scalars(select(PatientDraft))) == []


def test_a_small_form_acts_and_a_refused_one_says_why(browser_of: BrowserOf, parts: Parts, patient_id: int) -> None:
    dora = browser_of("dora")
    acts: list[tuple[str, dict[str, Any]]] = [
        ("notes", {"kind": "wish", "text": f"mornings {HOSTILE}"}),
        ("notes/1/answer", {"response": "noted down"}),
        ("ties", {"kind": "doctor", "name": "Zhou", "since": "2026-01-01"}),
        ("ties/1/end", {}),
        ("ties/1/reopen", {}),
        ("health", {"kind": "history", "text": "penicillin allergy"}),
        ("courses", {"title": "blood pressure"}),
        ("courses/1/extend", {"on": "2027-01-01"}),
    ]
    for path, fields in acts:
        assert post(dora, f"/patients/{patient_id}/{path}", **fields).status_code == 303
    page = dora.client.get(f"/patients/{patient_id}").text
    for shown in (
        "mornings &lt;script&gt;",
        "noted down",
        "Zhou",
        "penicillin allergy",
        "blood pressure",
        "2027-01-01",
    ):
        assert shown in page
    post(dora, f"/patients/{patient_id}/courses/1/end", on="1999-01-01")
    assert "The end is before the beginning." in dora.client.get(f"/patients/{patient_id}").text
    assert post(dora, f"/patients/{patient_id}/courses/99/end").status_code == 404
    assert "blood pressure" not in dora.client.get("/courses").text
    assert {action for _, action, _ in events(parts)} == {"view", "change"}


def test_a_read_only_user_sees_no_button_and_is_refused(browser_of: BrowserOf, parts: Parts, patient_id: int) -> None:
    with parts.database.writing() as session:
        session.add_all(RoleGrant(role="agent", module=module, can_write=False) for module in ("contact", "clinical"))
    bob = browser_of("bob")
    page = bob.client.get(f"/patients/{patient_id}").text
    for hidden in (f"/patients/{patient_id}/edit", "Note a wish", "Link another person", "Begin a course"):
        assert hidden not in page
    for path in ("notes", "links", "ties", "health", "courses", "draft", "edit"):
        fields = {"kind": "wish", "text": "x", "title": "x", "name": "x", "other_id": "1", "phone": "13800138000"}
        assert post(bob, f"/patients/{patient_id}/{path}", **fields).status_code in (303, 403), path
    with parts.database.reading() as session:
        assert list(session.scalars(select(Course))) == []
        assert service.notes_of(session, patient_id) == []
        assert session.get_one(Patient, patient_id).name == "王秀兰"


def test_an_old_address_leads_to_the_record_that_holds_the_person(
    browser_of: BrowserOf, bearer_of: Callable[[str], dict[str, str]], parts: Parts, patient_id: int
) -> None:
    with parts.database.writing() as session:
        data = PatientData(name="x", is_provisional=True)
        old = service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=NOW)
        old.merged_into_id = patient_id
    alice = browser_of("alice")
    answer = alice.client.get(f"/patients/{old.id}")
    assert (answer.status_code, answer.location) == (302, f"/patients/{patient_id}?merged={old.id}")
    assert alice.client.get(f"/api/v1/patients/{old.id}", headers=bearer_of("alice")).json["id"] == patient_id


def test_programs_read_and_write_the_parts_of_a_record(
    browser_of: BrowserOf, bearer_of: Callable[[str], dict[str, str]], parts: Parts, patient_id: int
) -> None:
    receive(parts, patient_id, 2)
    client, headers = browser_of("alice").client, bearer_of("alice")
    root = f"/api/v1/patients/{patient_id}"

    def ask(method: str, path: str, status: int, body: Any = None) -> Any:
        answer = client.open(path, method=method, headers=headers, **({"json": body} if body else {}))
        assert answer.status_code == status, answer.text
        return answer.get_json(silent=True)

    told = ask("GET", f"{root}/charges", 200)
    assert (told["total_cents"], [day["total_cents"] for day in told["years"][0]["days"]]) == (2100, [1050, 1050])
    assert ask("GET", f"{root}/visits", 200)["items"][0]["total_cents"] == 1050
    assert ask("GET", f"{root}/exams", 200)["items"][0]["results"][0]["flag"] == "high"
    assert ask("GET", f"{root}/timeline?channel=visit&limit=1", 200)["items"][0]["phase"] == "in"
    assert ask("POST", f"{root}/notes", 201, {"kind": "wish", "text": "quiet room"})["response"] is None
    assert [note["text"] for note in ask("GET", f"{root}/notes", 200)["items"]] == ["quiet room"]
    body = {"name": "son", "phones": ["13900139000"], "kinds": ["family"], "tags": ["kind"], "birth_date": "1996-05-04"}
    son = ask("POST", "/api/v1/patients", 201, body)
    assert (son["kinds"], son["tags"], date.fromisoformat(son["birth_date"]).year) == (["family"], ["kind"], 1996)
    link = ask("POST", f"{root}/links", 201, {"other_id": son["id"], "relation": "child"})
    assert ask("GET", f"/api/v1/patients/{son['id']}/links", 200)["items"][0]["relation"] == "parent"
    ask("POST", f"{root}/links", 422, {"other_id": patient_id, "relation": "child"})
    ask("DELETE", f"{root}/links/{link['id']}", 204)
    ask("DELETE", f"{root}/links/{link['id']}", 404)


def test_another_person_is_linked_by_any_word_that_finds_only_them(
    browser_of: BrowserOf, parts: Parts, patient_id: int
) -> None:
    with parts.database.writing() as session:
        for name, number in (("赵德福", "13600136000"), ("赵德福", "13600136001")):
            data = PatientData(name=name, phones=(PhoneData(number=number),))
            service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=NOW)
    alice = browser_of("alice")
    for text in ("赵德福", "nobody", "", "999999"):
        post(alice, f"/patients/{patient_id}/links", other_id=text, relation="friend")
    post(alice, f"/patients/{patient_id}/links", other_id="136 0013 6001", relation="friend")
    with parts.database.reading() as session:
        assert [link.other_id for link in service.links_of(session, patient_id)] == [patient_id + 2]


def test_who_does_not_want_to_be_called_is_not_dialled(browser_of: BrowserOf, parts: Parts) -> None:
    data = PatientData(name="x", phones=(PhoneData(number="13800138000", do_not_call=True),))
    with parts.database.writing() as session:
        made = service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=NOW)
    alice = browser_of("alice")
    assert f"/patients/{made.id}/call" not in alice.client.get(f"/patients/{made.id}").text
    post(alice, f"/patients/{made.id}/call", phone_id="1")
    assert "does not want to be called" in alice.client.get(f"/patients/{made.id}").text
