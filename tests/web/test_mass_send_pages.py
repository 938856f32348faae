"""Templates and mass sends as people use them in the browser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.exports.models import Export
from app.mass_sends import tasks
from app.mass_sends.models import MassSend
from app.message_templates import service as templates
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]
TEMPLATE = {
    "name": "Water",
    "kind": "notice",
    "message_kind": "care",
    "text-zh_Hans": "{name}，明天停水。",
    "text-en": "Dear {name}, no water tomorrow.",
}


@pytest.fixture
def patients(parts: Parts) -> dict[str, int]:
    """Wang has a mobile, Li has none."""
    now = parts.now()
    made = {name: Patient(name=name, created_at=now, updated_at=now) for name in ("Wang", "Li")}
    made["Wang"].phones = [PatientPhone(number="+8613800138000", kind="mobile", as_entered="-")]
    with parts.database.writing() as session:
        session.add_all(made.values())
        session.flush()
        return {name: patient.id for name, patient in made.items()}


def _post(browser: Browser, path: str, form: dict[str, Any] | None = None, **more: Any) -> Any:
    data = {"csrf_token": browser.token("/message-templates"), **(form or {})}
    return browser.client.post(path, data=data, **more)


def _template(parts: Parts, browser: Browser, **more: str) -> str:
    answer = _post(browser, "/message-templates/new", {**TEMPLATE, **more})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def _send(browser: Browser, **form: Any) -> str:
    answer = _post(browser, "/mass-sends/new", {"name": "停水", "text": "{name}，明天停水。", **form})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def _work(parts: Parts) -> None:
    for send_id in tasks.due_sends(parts):
        tasks.work_on(parts, send_id)


def _state(parts: Parts) -> str:
    with parts.database.reading() as session:
        return session.scalars(select(MassSend.state).order_by(MassSend.id.desc())).first() or ""


def test_the_ready_texts_are_listed_searched_and_opened_in_every_language(parts: Parts, browser_of: BrowserOf) -> None:
    with parts.database.writing() as session:
        templates.install_shipped(session, parts.now())
        [tip] = session.scalars(select(MessageTemplate.id).where(MessageTemplate.code == "tip.sleep"))
    browser = browser_of("bob")
    page = browser.client.get("/message-templates?q=sleep").text
    assert "Good sleep" in page
    assert "Mid-Autumn" not in page
    assert "好睡眠" in browser.client.get("/message-templates?kind=tip&lang=zh-Hans").text
    opened = browser.client.get(f"/message-templates/{tip}?lang=en").text
    assert "【示范医院】Dear Wang Xiulan, for better sleep" in opened
    assert "Edit" not in opened
    assert browser.client.get("/message-templates?kind=<x>&state=?&cursor=%00").status_code == 422


def test_a_template_goes_from_draft_to_use_through_its_buttons(parts: Parts, browser_of: BrowserOf) -> None:
    alice, dora = browser_of("alice"), browser_of("dora")
    path = _template(parts, alice, kind="tip")
    assert "Submit for approval" in alice.client.get(path).text
    _post(alice, f"{path}/submit")
    assert "Approval by a clinician – somebody else must give it" in re.sub(r"\s+", " ", alice.client.get(path).text)
    _post(alice, f"{path}/approve", {"approval": "general"})
    _post(dora, f"{path}/approve", {"approval": "clinical"})
    assert "In use" in dora.client.get(path).text
    edit = alice.client.get(f"{path}/edit").text
    version = re.search(r'name="row_version" value="(\d+)"', edit)
    assert version is not None
    changed = {**TEMPLATE, "text-en": "Dear {name}, no water today.", "row_version": version[1]}
    assert _post(alice, f"{path}/edit", changed).status_code == 303
    shown = alice.client.get(path).text
    assert "<del" in shown
    assert "<ins" in shown
    with parts.database.reading() as session:
        states = session.execute(select(TemplateVersion.number, TemplateVersion.state)).all()
        done = session.scalars(select(AuditEvent.subject).where(AuditEvent.subject.like("template:%"))).all()
    assert {tuple(row) for row in states} == {(1, "approved"), (2, "draft")}
    assert len(done) == 5


def test_the_counter_names_parts_words_and_shows_the_text_as_a_patient_reads_it(browser_of: BrowserOf) -> None:
    browser = browser_of("alice")
    form = {"kind": "promotion", "text-zh_Hans": "{name}{honorific}，根治，详情 www.x.cn " + "好" * 50}
    page = _post(browser, "/message-templates/check?language=zh_Hans", form).text
    assert "2 parts." in page
    assert "“根治” promises a cure" in page
    assert "www.x.cn" in page
    assert "【示范医院】王秀兰女士，根治" in page
    assert "拒收请回复R" in page
    assert _post(browser, "/message-templates/check?language=xx").status_code == 404


def test_a_template_with_a_hostile_text_is_shown_as_text(parts: Parts, browser_of: BrowserOf) -> None:
    browser = browser_of("alice")
    path = _template(parts, browser, name="<script>alert(1)</script>", **{"text-en": "<img src=x onerror=alert(1)>"})
    for address in (path, "/message-templates", f"{path}/edit"):
        page = browser.client.get(address).text
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page


def test_what_is_wrong_with_a_template_is_said_beside_the_field(browser_of: BrowserOf) -> None:
    answer = _post(browser_of("alice"), "/message-templates/new", {"name": "", "text-en": "x"})
    assert answer.status_code == 422
    assert "Give the template a name." in answer.text
    answer = _post(browser_of("alice"), "/message-templates/new", {**TEMPLATE, "valid_until": "soon"})
    assert "Write a date such as" in answer.text


def test_a_mass_send_is_counted_approved_sent_and_reported(
    parts: Parts, browser_of: BrowserOf, patients: dict[str, int]
) -> None:
    browser = browser_of("alice")
    people = ",".join(str(each) for each in patients.values())
    assert "2 people are chosen." in browser.client.get(f"/mass-sends/new?people={people}").text
    path = _send(browser, audience="people", people=people)
    assert "Counting" in browser.client.get(path).text
    _work(parts)
    refreshed = browser.client.get(f"{path}/progress?state=preparing")
    assert refreshed.headers["HX-Refresh"] == "true"
    page = browser.client.get(path).text
    assert "Approve: send to 1 person" in page
    assert "¥0.05" in page
    assert "No mobile number that holds" in page
    left_out = browser.client.get(f"{path}/people?exclusion=no_mobile").text
    assert "Li" in left_out
    assert "Wang" not in left_out
    _post(browser, f"{path}/approve")
    _work(parts)
    assert "Waiting to be sent" in browser.client.get(path).text
    assert "Wang" in browser.client.get(f"{path}/people?state=queued").text
    assert _state(parts) == "queued"
    assert "停水" in browser.client.get("/mass-sends").text
    with parts.database.reading() as session:
        told = session.scalars(select(AuditEvent.subject).where(AuditEvent.subject.like("mass_send:%"))).all()
    assert len(told) == 2


def test_a_promotion_shows_no_approve_button_to_its_author(
    parts: Parts, browser_of: BrowserOf, patients: dict[str, int]
) -> None:
    alice, adam = browser_of("alice"), browser_of("adam")
    path = _send(alice, audience="people", people=str(patients["Wang"]), message_kind="marketing")
    _work(parts)
    assert "Somebody else must approve it" in alice.client.get(path).text
    _post(alice, f"{path}/approve")
    assert _state(parts) == "ready"
    assert "Has not agreed to promotions" in adam.client.get(path).text


def test_a_pasted_list_and_an_uploaded_one_are_counted(parts: Parts, browser_of: BrowserOf) -> None:
    browser = browser_of("alice")
    path = _send(browser, audience="file", pasted="13912345678\n13912345678\n", text="明天停水。")
    _work(parts)
    assert "The number gets this message already" in browser.client.get(path).text
    sheet = (io.BytesIO("姓名,手机\n陈,13912345679\n".encode("gb18030")), "list.csv")
    path = _send(browser, audience="file", file=sheet)
    _work(parts)
    assert "list.csv" in browser.client.get(path).text
    _post(browser, f"{path}/approve")
    _work(parts)
    with parts.database.reading() as session:
        assert session.scalars(select(Message.text)).all() == ["【示范医院】陈，明天停水。"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"audience": "segment"}, "Choose whom the text is for."),
        ({"audience": "file"}, "Choose a file, or paste the numbers."),
        ({"audience": "file", "pasted": "no,numbers\nhere,at all"}, "No column of this list holds mobile numbers"),
        ({"audience": "people"}, "Nobody is chosen."),
        ({"audience": "staff", "text": ""}, "Write a text first."),
        ({"audience": "staff", "due_at": "tomorrow"}, "Write a time such as"),
        ({"audience": "staff", "name": ""}, "Give the mass send a name."),
        ({"audience": "segment", "segment": "99999"}, "There is no such segment."),
    ],
)
def test_what_is_wrong_with_a_mass_send_is_said_and_nothing_is_kept(
    parts: Parts, browser_of: BrowserOf, form: dict[str, str], sentence: str
) -> None:
    answer = _post(browser_of("alice"), "/mass-sends/new", {"name": "x", "text": "明天停水。", **form})
    assert answer.status_code == 422
    assert sentence in answer.text
    with parts.database.reading() as session:
        assert session.scalars(select(MassSend)).all() == []
    assert list((parts.settings.data_dir / "mass_sends").glob("*")) == []


def test_the_list_of_patients_as_it_was_filtered_is_an_audience(
    parts: Parts, browser_of: BrowserOf, patients: dict[str, int]
) -> None:
    browser = browser_of("alice")
    with parts.database.writing() as session:
        session.get_one(Patient, patients["Wang"]).is_key_patient = True
    page = browser.client.get("/mass-sends/new?of=patients&key=1").text
    assert 'name="of-key" value="1"' in page
    _send(browser, audience="people", of="patients", **{"of-key": "1"})
    with parts.database.reading() as session:
        assert session.scalars(select(MassSend.wanted)).one() == {"people": [patients["Wang"]]}


def test_stopping_and_writing_anew(parts: Parts, browser_of: BrowserOf, patients: dict[str, int]) -> None:
    browser = browser_of("alice")
    path = _send(browser, audience="people", people=str(patients["Wang"]))
    _work(parts)
    _post(browser, f"{path}/approve")
    _work(parts)
    _post(browser, f"{path}/pause")
    _work(parts)
    assert "Held" in browser.client.get(path).text
    _post(browser, f"{path}/stop")
    _work(parts)
    assert "Cancelled" in browser.client.get(path).text
    assert "明天停水" in browser.client.get(f"/mass-sends/new?like={path.rsplit('/', 1)[1]}").text
    assert "no longer in the state" in _post(browser, f"{path}/resume", follow_redirects=True).text


def test_the_report_is_exported_and_stands_in_the_log(
    parts: Parts, browser_of: BrowserOf, patients: dict[str, int]
) -> None:
    browser = browser_of("alice")
    path = _send(browser, audience="people", people=",".join(str(each) for each in patients.values()))
    _work(parts)
    form = {
        "of-of": "mass_send",
        "of-mass_send": path.rsplit("/", 1)[1],
        "reason": "Monthly report",
        "columns": ["number", "exclusion", "parts"],
    }
    assert _post(browser, "/exports/new", form).status_code == 303
    with parts.database.reading() as session:
        export = session.scalars(select(Export)).one()
    with browser.client.get(f"/exports/{export.id}/file") as content:
        sheet = load_workbook(io.BytesIO(content.data)).worksheets[0]
    assert [tuple(row) for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        ("138 0013 8000", None, 1),
        (None, "No mobile number that holds", 0),
    ]
    with parts.database.reading() as session:
        logged = session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "export")).all()
    assert f"export:{export.id}" in logged


def test_colleagues_are_chosen_by_department_role_or_name(parts: Parts, browser_of: BrowserOf) -> None:
    browser = browser_of("alice")
    assert "Only these colleagues" in browser.client.get("/mass-sends/audience?audience=staff").text
    path = _send(browser, audience="staff", usernames="bob, carol", text="{name}，今天下午培训。")
    _work(parts)
    assert "No mobile number that holds" in browser.client.get(path).text
    with parts.database.reading() as session:
        assert session.scalars(select(MassSend.message_kind)).one() == "staff"


def test_the_check_of_a_mass_send_shows_template_and_text(parts: Parts, browser_of: BrowserOf) -> None:
    with parts.database.writing() as session:
        templates.install_shipped(session, parts.now())
        version_id = session.scalars(
            select(TemplateVersion.id).join(TemplateVersion.template).where(MessageTemplate.code == "notice.thanks")
        ).one()
    browser = browser_of("alice")
    shown = _post(browser, "/mass-sends/check", {"template": str(version_id)}).text
    assert "Dear Wang Xiulan, thank you for your visit" in shown
    assert "感谢您来我院就诊" in shown
    written = _post(browser, "/mass-sends/check", {"text": "{name}，{date}停水。", "value-date": "周五"}).text
    assert "王秀兰，周五停水。" in written
    assert "Choose a template or write a text" in _post(browser, "/mass-sends/check").text
