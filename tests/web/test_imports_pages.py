"""A list is uploaded, mapped, tried, taken in, stopped and read about again, and its doubtful rows are decided."""

import io
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEvent
from app.imports import service
from app.imports.models import ImportRun, ReviewItem
from app.parts import Parts
from app.patients.models import Patient
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]
LIST = "姓名,手机,病区,出生日期\n王秀兰,13800138000,3,1972-03-01\n<b>李四</b>,13900139000,4,\n坏号,12345,,\n"


@pytest.fixture
def alice(browser_of: BrowserOf) -> Browser:
    return browser_of("alice")


def upload(browser: Browser, text: str = LIST, name: str = "list.csv") -> str:
    file = (io.BytesIO(text.encode()), name)
    answer = browser.client.post("/imports", data={"file": file, "csrf_token": browser.token("/imports")})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def send(browser: Browser, path: str, **fields: str) -> str:
    sent = {"csrf_token": browser.token("/imports"), **fields}
    return browser.client.post(path, data=sent, follow_redirects=True).text


def columns(*fields: str, **more: str) -> dict[str, str]:
    return {**{f"column-{place}": field for place, field in enumerate(fields)}, "target": "patients", **more}


def work(parts: Parts) -> ImportRun:
    with parts.database.reading() as session:
        [run_id] = service.due_runs(session, parts.now())
    service.work_on(parts, run_id)
    with parts.database.reading() as session:
        return service.get_run(session, run_id)


def count(parts: Parts) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count(Patient.id))) or 0


def test_a_list_goes_from_upload_over_a_trial_to_the_report(parts: Parts, alice: Browser) -> None:
    place = upload(alice)
    page = alice.client.get(place).text
    assert re.findall(r'value="(\w*)" selected', page) == ["patients", "name", "phone", "", "birth_date"]
    assert "13800138000" in page
    assert "&lt;b&gt;李四&lt;/b&gt;" in page
    send(alice, f"{place}/columns", **columns("name", "phone", "remark", "birth_date", act="try"))
    assert "hx-trigger" in alice.client.get(f"{place}/progress").text
    tried = work(parts)
    assert (tried.state, tried.created, tried.rejected, count(parts)) == ("tried", 2, 1, 0)
    assert "nothing was written" in alice.client.get(place).text
    send(alice, f"{place}/start")
    done = work(parts)
    assert (done.state, done.created, done.rejected, count(parts)) == ("done", 2, 1, 2)
    assert "This is not a telephone number" in alice.client.get(place).text
    assert alice.client.get(f"{place}/progress").headers["HX-Refresh"] == "true"
    problems = alice.client.get(f"{place}/problems.csv")
    assert problems.data.decode("utf-8-sig").splitlines()[1].startswith("4,Telephone numbers,")


def test_a_saved_mapping_is_used_for_the_next_list_of_its_kind(parts: Parts, alice: Browser) -> None:
    text = "甲,乙\n王秀兰,13800138000\n"
    first = upload(alice, text)
    send(alice, f"{first}/columns", **columns("name", "phone", act="save", name="Ward list"))
    second = upload(alice, text)
    assert re.findall(r'value="(\w*)" selected', alice.client.get(second).text) == ["patients", "name", "phone"]


def test_columns_without_a_name_or_with_two_of_a_kind_are_refused(alice: Browser) -> None:
    place = upload(alice)
    missing = send(alice, f"{place}/columns", **columns("", "phone", "", "", act="start"))
    assert "Say which column holds: Name." in missing
    twice = send(alice, f"{place}/columns", **columns("name", "sex", "sex", "", act="start"))
    assert "Two columns go to the same field: Sex." in twice


@pytest.mark.parametrize(("text", "name"), [("", "empty.csv"), ("PK\x03\x04nothing", "broken.xlsx")])
def test_a_file_that_is_no_list_is_refused_in_words(alice: Browser, text: str, name: str) -> None:
    file = (io.BytesIO(text.encode()), name)
    sent = {"file": file, "csrf_token": alice.token("/imports")}
    page = alice.client.post("/imports", data=sent, follow_redirects=True)
    assert page.status_code == 200
    assert "alert-danger" in page.text


def test_a_list_larger_than_a_page_is_taken(alice: Browser) -> None:
    rows = "".join(f"P{place},138{place:08d},{'x' * 60}\n" for place in range(20_000))
    head = '--edge\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    token = alice.token("/imports")
    file = f"{head.format('file', '; filename=big.csv')}姓名,手机,备注\n{rows}\r\n--edge--"
    body = f"{head.format('csrf_token', '')}{token}\r\n{file}"
    answer = alice.client.post("/imports", data=body.encode(), content_type="multipart/form-data; boundary=edge")
    assert answer.status_code == 303


def test_only_those_over_agents_bring_lists_in_and_only_admins_connect_databases(browser_of: BrowserOf) -> None:
    bob = browser_of("bob")
    assert bob.client.get("/imports").status_code == 403
    assert bob.client.get("/duplicates/review").status_code == 403
    alice = browser_of("alice")
    sent = {"csrf_token": alice.token("/imports"), "url": "sqlite:///x", "view": "v", "key": "id"}
    assert alice.client.post("/imports/view", data=sent).status_code == 403


@pytest.mark.parametrize("path", ["/imports/99", "/imports/99/problems.csv", "/imports/99/progress"])
def test_an_import_that_is_not_there_is_told_so(alice: Browser, path: str) -> None:
    assert alice.client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("decision", "records", "name"),
    [("same", 1, "王秀兰"), ("correct", 1, "李四"), ("other", 2, "王秀兰"), ("skip", 1, "王秀兰")],
)
def test_a_doubtful_row_is_decided_by_a_person_and_audited(
    parts: Parts, alice: Browser, decision: str, records: int, name: str
) -> None:
    place = upload(alice, "姓名,手机,地址\n王秀兰,13800138000,\n李四,13800138000,杭州\n")
    send(alice, f"{place}/columns", **columns("name", "phone", "address", act="start"))
    assert work(parts).to_review == 1
    with parts.database.reading() as session:
        item_id = session.scalars(select(ReviewItem.id)).one()
    assert "李四" in alice.client.get("/duplicates/review").text
    send(alice, f"/duplicates/review/{item_id}", decision=decision)
    assert "No row waits for you" in alice.client.get("/duplicates/review").text
    again = alice.client.post(
        f"/duplicates/review/{item_id}", data={"decision": decision, "csrf_token": alice.token("/imports")},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert again.status_code == 409
    assert count(parts) == records
    with parts.database.reading() as session:
        assert session.scalars(select(Patient.name).order_by(Patient.id)).first() == name
        subjects = set(session.scalars(select(AuditEvent.subject)))
    assert subjects >= {f"review:{item_id}", "import:1"}
