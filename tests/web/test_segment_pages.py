"""Segments, exports, envelopes, registers and groups as people use them in the browser."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.exports.models import Export
from app.mailings.models import Mailing
from app.parts import Parts
from app.patients.models import Identifier, Patient, PatientPhone
from app.registers.models import Register
from app.segments.models import SavedSegment, SegmentUse
from app.segments.rules import ConditionKind
from tests.web.conftest import Browser

BrowserOf = Callable[[str], Browser]
ID_CARD = "330106197203011224"
_STRANGE_FORMS: list[dict[str, str]] = [
    {},
    {"parts-0": "99999999999"},
    {"parts-0": "-1", "act": "remove:0"},
    {"parts-0": "1", "kind-0-0": "<script>", "act": "add:0-0-0-0-0-0"},
    {"parts-0": "1", "kind-0-0": "age", "low-0-0": "1e999999", "act": "group:9"},
    {"parts-0": "1", "kind-0-0": "created", "days-0-0": "999999"},
    {"parts-0": "1", "kind-0-0": "region", "codes-0-0": "x" * 500, "add-0-0": "\x00"},
]


@pytest.fixture
def people_on_record(parts: Parts) -> dict[str, int]:
    """Wang with everything, Li without an address, and one whose name is a formula."""
    now = parts.now()
    made = {
        "wang": Patient(
            name="王秀兰", sex="F", birth_date=date(1972, 3, 1), address="杭州市西湖区文三路478号", postcode="310012"
        ),
        "li": Patient(name="李明", sex="M", birth_date=date(1990, 1, 5)),
        "formula": Patient(name='=HYPERLINK("http://evil")', sex="U", address="+1-2"),
    }
    for position, patient in enumerate(made.values()):
        patient.created_at = patient.updated_at = now
        number = f"+861380013800{position}"
        patient.phones = [PatientPhone(number=number, kind="mobile", as_entered=number)]
    made["wang"].identifiers = [Identifier(type="id_card", value=ID_CARD)]
    with parts.database.writing() as session:
        session.add_all(made.values())
        session.flush()
        return {name: patient.id for name, patient in made.items()}


def _everybody_form(**more: str) -> dict[str, str]:
    return {"parts-0": "0", "op-0": "and", **more}


def _post(browser: Browser, path: str, form: dict[str, Any], **more: Any) -> Any:
    return browser.client.post(path, data={"csrf_token": browser.token("/segments"), **form}, **more)


def _saved(parts: Parts, browser: Browser) -> int:
    _post(browser, "/segments/new", _everybody_form(name="Everybody"))
    with parts.database.reading() as session:
        return session.scalars(select(SavedSegment.id)).one()


def _exported(parts: Parts, browser: Browser, of: dict[str, str], **more: Any) -> Any:
    form = {f"of-{name}": value for name, value in of.items()} | {"reason": "Yearly letter", **more}
    form.setdefault("columns", ["name", "phone", "id_card", "address", "birth_date"])
    answer = _post(browser, "/exports/new", form)
    assert answer.status_code == 303, answer.text
    with parts.database.reading() as session:
        export = session.scalars(select(Export)).one()
    with browser.client.get(f"/exports/{export.id}/file") as content:
        assert content.status_code == 200
        return load_workbook(io.BytesIO(content.data))


def test_count_follows_the_conditions(people_on_record: dict[str, int], browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    condition = {"parts-0": "1", "kind-0-0": "sex", "was-0-0": "sex", "codes-0-0": "F"}
    assert 'data-count="1"' in _post(alice, "/segments/count", condition).text
    assert 'data-count="2"' in _post(alice, "/segments/count", condition | {"not-0-0": "1"}).text


def test_condition_that_is_not_complete_is_told_and_not_counted(browser_of: BrowserOf) -> None:
    answer = _post(browser_of("alice"), "/segments/count", {"parts-0": "1", "kind-0-0": "age", "low-0-0": "old"})
    assert answer.status_code == 200
    assert "A limit is a number." in answer.text


def test_forms_that_no_page_sends_do_no_harm(browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    token = {"csrf_token": alice.token("/segments")}
    for form in _STRANGE_FORMS:
        assert alice.client.post("/segments/edit", data=form | token).status_code == 200, form


def test_every_kind_of_condition_can_be_chosen(browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    token = {"csrf_token": alice.token("/segments")}
    for kind in ConditionKind:
        form = {"parts-0": "1", "kind-0-0": kind.value, "was-0-0": "age"} | token
        assert f'value="{kind}" selected' in alice.client.post("/segments/edit", data=form).text


def test_segment_is_saved_shown_frozen_and_used(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    segment_id = _saved(parts, alice)
    assert "3 people" in alice.client.get(f"/segments/{segment_id}").text
    assert "frozen with 3 people" in _post(alice, f"/segments/{segment_id}/freeze", {}, follow_redirects=True).text
    assert "王秀兰" in alice.client.get(f"/segments/{segment_id}").text


def test_segment_without_a_name_comes_back_with_its_conditions(browser_of: BrowserOf) -> None:
    answer = _post(browser_of("alice"), "/segments/new", {"parts-0": "1", "kind-0-0": "sex", "codes-0-0": "F"})
    assert answer.status_code == 422
    assert "Give the segment a name." in answer.text
    assert 'value="F" checked' in answer.text


def test_segment_of_somebody_else_is_not_there(parts: Parts, browser_of: BrowserOf) -> None:
    segment_id = _saved(parts, browser_of("alice"))
    assert browser_of("bob").client.get(f"/segments/{segment_id}").status_code == 404
    assert browser_of("bob").client.get("/segments/99999999999999").status_code == 404


def test_export_has_text_cells_and_no_formulas(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    book = _exported(parts, alice, {"of": "segment", "segment": str(_saved(parts, alice))})
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert rows[0][:3] == ["王秀兰", "138 0013 8000", ID_CARD]
    assert rows[2][0] == '=HYPERLINK("http://evil")'
    kinds = {cell.data_type for row in book.worksheets[0].iter_rows(min_row=2, max_col=4) for cell in row if cell.value}
    assert kinds == {"s"}


def test_last_sheet_says_who_took_the_list_and_why(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    book = _exported(parts, browser_of("alice"), {"of": "patients"})
    told = {row[0].value: row[1].value for row in book.worksheets[-1].iter_rows()}
    assert (told["Made for"], told["Reason"], told["Rows"]) == ("alice", "Yearly letter", "3")


def test_export_is_audited_and_counts_as_a_use(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    _exported(parts, alice, {"of": "segment", "segment": str(_saved(parts, alice))})
    with parts.database.reading() as session:
        whole = select(AuditEvent).where(AuditEvent.action == "export", AuditEvent.patient_id.is_(None))
        event = session.scalars(whole).one()
        assert (event.actor, event.reason) == ("alice", "Yearly letter")
        assert '"rows":3' in event.details.replace(" ", "")
        assert session.scalars(select(SegmentUse.members)).one() == 3


def test_export_needs_a_reason(people_on_record: dict[str, int], browser_of: BrowserOf) -> None:
    answer = _post(browser_of("alice"), "/exports/new", {"of-of": "patients", "columns": "name", "reason": " "})
    assert answer.status_code == 422
    assert "Say in a few words what the list is for." in answer.text


def test_who_may_not_export_is_refused(people_on_record: dict[str, int], browser_of: BrowserOf) -> None:
    bob = browser_of("bob")
    assert bob.client.get("/exports/new?of=patients").status_code == 403
    form = {"of-of": "patients", "columns": "name", "reason": "Curiosity"}
    assert _post(bob, "/exports/new", form).status_code == 403


def test_file_is_for_who_made_it_only(parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf) -> None:
    _exported(parts, browser_of("alice"), {"of": "patients"})
    with parts.database.reading() as session:
        export_id = session.scalars(select(Export.id)).one()
    assert browser_of("adam").client.get(f"/exports/{export_id}/file").status_code == 404
    assert browser_of("alice").client.get("/exports/nonsense/file").status_code == 404


def test_first_envelope_is_shown_and_who_gets_none_is_listed(
    people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    page = browser_of("alice").client.get(f"/mailings/envelopes?patient={people_on_record['wang']}").text
    assert "王秀兰 女士 收" in page
    without = browser_of("alice").client.get(f"/mailings/envelopes?patient={people_on_record['li']}").text
    assert "No address" in without


def test_printed_envelope_is_noted_on_the_person_and_audited(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    form = {"patient": str(people_on_record["wang"]), "format": "ZL", "purpose": "New year"}
    answer = _post(browser_of("alice"), "/mailings/envelopes", form)
    assert answer.data.startswith(b"%PDF")
    with parts.database.reading() as session:
        mailing = session.scalars(select(Mailing)).one()
        assert (mailing.patient_id, mailing.item, mailing.state) == (people_on_record["wang"], "New year", "sent")
        assert session.scalars(select(AuditEvent.reason).where(AuditEvent.action == "print")).one() == "New year"


def test_print_of_many_envelopes_stands_in_the_log_of_everybody_who_got_one(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    form = {"segment": str(_saved(parts, alice)), "format": "ZL", "purpose": "New year"}
    assert _post(alice, "/mailings/envelopes", form).data.startswith(b"%PDF")
    with parts.database.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "print").order_by(AuditEvent.id)).all()
    whole, *each = events
    assert {event.patient_id for event in each} == {people_on_record["wang"], people_on_record["formula"]}
    assert {(event.subject, event.reason) for event in each} == {(whole.subject, "New year")}
    assert (whole.patient_id, whole.details) == (None, '{"left_out": 1, "people": 2}')


def test_who_sees_masked_addresses_prints_none(people_on_record: dict[str, int], browser_of: BrowserOf) -> None:
    form = {"patient": str(people_on_record["wang"]), "format": "ZL", "purpose": "New year"}
    assert _post(browser_of("bob"), "/mailings/envelopes", form).status_code == 403


def test_second_gift_on_one_occasion_warns_and_can_be_given_all_the_same(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    gift = {"patient": str(people_on_record["wang"]), "occasion": "birthday", "item": "Cake", "day": "2026-03-01"}
    assert _post(alice, "/mailings/new", gift).status_code == 303
    warned = _post(alice, "/mailings/new", gift | {"item": "Flowers"})
    assert warned.status_code == 409
    assert "Cake" in warned.text
    assert _post(alice, "/mailings/new", gift | {"item": "Flowers", "is_warned": "birthday"}).status_code == 303
    assert "Flowers" in alice.client.get(f"/patients/{people_on_record['wang']}").text


def test_birthdays_cross_the_new_year_and_can_be_kept_as_a_list(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    page = alice.client.get("/birthdays?since=2026-12-30&until=2027-01-06").text
    assert "李明" in page
    assert "王秀兰" not in page
    kept = _post(alice, "/birthdays/keep", {"since": "2026-12-30", "until": "2027-01-06"}, follow_redirects=True)
    assert "kept as a segment: 1 people" in kept.text


def test_range_of_birthdays_that_makes_no_sense_is_told(browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    for query in ["since=x", "since=2026-01-01&until=2020-01-01", "since=2026-01-01&until=2029-01-01"]:
        page = alice.client.get(f"/birthdays?{query}")
        assert page.status_code == 200
        assert 'role="alert"' in page.text


def test_group_takes_its_people_from_a_pasted_list(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    made = _post(
        alice,
        "/groups/new",
        {"name": "Steel works", "kind": "contract_unit", "contact0-name": "赵", "contact0-number": "0571 8888 6666"},
    )
    path = made.headers["Location"]
    report = _post(alice, f"{path}/members", {"list": f"138-0013-8000, A1\n{ID_CARD}\n\n13900000000\nnonsense"})
    assert "Added: 1 person." in report.text
    assert "4, 5" in report.text
    assert "王秀兰" in alice.client.get(path).text


def test_register_is_made_with_a_rule_and_filled(
    parts: Parts, people_on_record: dict[str, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    rule = {"parts-0": "1", "kind-0-0": "age", "was-0-0": "age", "low-0-0": "50"}
    made = _post(alice, "/registers/new", {"name": "Elders", "is_active": "1", "flag": "key_patient", **rule})
    path = made.headers["Location"]
    assert "1 of them would be added" in alice.client.get(path).text
    assert "1 people were put on the register" in _post(alice, f"{path}/fill", {}, follow_redirects=True).text
    with parts.database.reading() as session:
        assert session.scalars(select(Patient.id).where(Patient.is_key_patient)).all() == [people_on_record["wang"]]


def test_register_without_conditions_is_for_hands_only(parts: Parts, browser_of: BrowserOf) -> None:
    _post(browser_of("alice"), "/registers/new", {"name": "By hand", "parts-0": "0"})
    with parts.database.reading() as session:
        assert session.scalars(select(Register.rule)).one() is None


def test_empty_pages_say_what_to_do(browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    for path in ["/segments", "/birthdays", "/mailings", "/registers", "/groups", "/exports"]:
        page = alice.client.get(path)
        assert page.status_code == 200
        assert "text-center text-body-secondary py-5" in page.text
        assert "nav-link active" in page.text


def test_unknown_ids_are_not_found(browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    for path in [
        "/groups/9999999999",
        "/registers/9999999999",
        "/mailings/envelopes?segment=9",
        "/mailings/new?patient=x",
        "/exports/new?of=nothing",
        "/exports/new?of=group&group=99999999999",
    ]:
        assert alice.client.get(path).status_code == 404, path
