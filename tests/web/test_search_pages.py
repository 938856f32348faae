"""The list of patients with its filters, and the quick search in the header."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.parts import Parts
from app.patients import service
from app.patients.service import ContactData, PatientData, PhoneData
from tests.web.browser import Browser

HOSTILE = "<script>alert(1)</script>"


def add(parts: Parts, data: PatientData) -> int:
    with parts.database.writing() as session:
        return service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=parts.now()).id


@pytest.fixture
def bob(browser_of: Callable[[str], Browser], parts: Parts) -> Browser:
    """An agent, and two people whom he may look for."""
    daughter = ContactData(name="李敏", relation="child", phones=(PhoneData(number="13700137000"),))
    add(parts, PatientData(name="王秀兰", sex="F", phones=(PhoneData(number="13800138000"),), contacts=(daughter,)))
    add(parts, PatientData(name=HOSTILE, is_key_patient=True, is_provisional=True))
    return browser_of("bob")


def test_the_quick_search_says_who_with_which_number_and_why(bob: Browser) -> None:
    part = bob.client.get("/patients/find?q=wxl").text
    assert 'href="/patients/1"' in part
    assert "王秀兰" in part and "Initials" in part and "138****8000" in part
    assert "13800138000" not in part and "138 0013 8000" not in part
    part = bob.client.get("/patients/find?q=7000").text
    assert "137****7000" in part and "Contact person" in part and "Last digits of the number" in part
    assert "Nobody found." in bob.client.get("/patients/find?q=nobody").text
    assert bob.client.get("/patients/find?q=").text.strip() == ""


def test_from_the_desk_a_record_opens_beside_it(bob: Browser) -> None:
    from_desk = {"HX-Request": "true", "HX-Current-URL": "http://localhost/desk"}
    assert 'target="_blank"' in bob.client.get("/patients/find?q=wxl", headers=from_desk).text
    assert 'target="_blank"' not in bob.client.get("/patients/find?q=wxl").text


def test_a_hostile_name_is_shown_as_text_wherever_it_is_found(bob: Browser) -> None:
    for path in ("/patients/find?q=script", "/patients?q=script", "/patients?tag=%22%3E%3Cscript%3E"):
        assert HOSTILE not in bob.client.get(path).text
    assert "&lt;script&gt;" in bob.client.get("/patients/find?q=script").text


def test_the_list_keeps_its_filters_and_order_in_the_address(bob: Browser) -> None:
    page = bob.client.get("/patients?key=1&order=name").text
    assert "&lt;script&gt;" in page and "王秀兰" not in page
    assert 'name="order" value="name"' in page and 'aria-sort="ascending"' in page
    assert 'href="/patients?key=1&amp;order=active"' in page
    page = bob.client.get("/patients?kind=patient").text
    assert 'value="patient" selected' in page and "Nobody found." in page


def test_odd_filters_find_nobody_and_break_nothing(bob: Browser) -> None:
    odd = bob.client.get("/patients?order=x&department=99999999999999999999&region=none&source=none&cursor=x")
    assert odd.status_code == 422
    odd = bob.client.get("/patients?order=x&department=99999999999999999999&region=none&source=none")
    assert (odd.status_code, "Nobody found." in odd.text) == (200, True)


def test_every_page_of_who_has_patients_has_the_quick_search(bob: Browser) -> None:
    assert 'aria-label="Find a patient"' in bob.client.get("/calls").text
