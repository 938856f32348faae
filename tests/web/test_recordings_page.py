"""The page of recordings: what it lists, what it warns of, and who may check a doubtful one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.parts import Parts
from app.patients.models import Patient
from recordings.pickup import process_recording
from tests.two_sided import add_ended_call, write_raw
from tests.web.conftest import Browser

BrowserOf = Callable[[str], Browser]


def _add_patient(parts: Parts, name: str) -> int:
    now = parts.now()
    with parts.database.writing() as session:
        patient = Patient(name=name, sex="F", created_at=now, updated_at=now)
        session.add(patient)
        session.flush()
        return patient.id


def _add_short(parts: Parts) -> str:
    """A recording that is shorter than its call."""
    at = parts.now() - timedelta(seconds=90)
    write_raw(parts.settings.spool_dir, "22.1", written_at=at)
    _, recording_id = add_ended_call(parts, "22.1", answered_at=at, seconds=60)
    process_recording(parts, recording_id)
    return recording_id


def test_empty_list_says_what_will_come(browser_of: BrowserOf) -> None:
    assert "There are no recordings yet." in browser_of("quinn").client.get("/quality").text


def test_list_without_a_match_says_how_to_get_one(browser_of: BrowserOf) -> None:
    assert "No recording fits these conditions." in browser_of("quinn").client.get("/quality?agent=bob").text


def test_list_shows_who_spoke_with_whom(parts: Parts, browser_of: BrowserOf) -> None:
    patient_id = _add_patient(parts, "陈<b>素芬</b>")
    add_ended_call(parts, "22.2", answered_at=parts.now(), patient_id=patient_id)
    page = browser_of("quinn").client.get("/quality").text
    assert "陈&lt;b&gt;素芬&lt;/b&gt;" in page
    assert "Bob" in page
    assert "Being prepared" in page


def test_filters_stay_in_the_address_of_the_next_page(parts: Parts, browser_of: BrowserOf) -> None:
    at = parts.now() - timedelta(hours=2)
    for n in range(51):
        add_ended_call(parts, f"23.{n}", answered_at=at + timedelta(seconds=n))
    page = browser_of("quinn").client.get("/quality?agent=bob&direction=inbound").text
    assert page.count("wl-state") == 50
    assert "agent=bob&amp;" in page
    assert "direction=inbound" in page.partition("cursor=")[2]


@pytest.mark.parametrize(
    "query", ["from=tomorrow", "to=9999-12-31", "state=lost", "patient=99999999999", "look=2", "from=0001-01-01"]
)
def test_filter_that_makes_no_sense_does_no_harm(browser_of: BrowserOf, query: str) -> None:
    assert browser_of("quinn").client.get(f"/quality?{query}").status_code == 200


def test_damaged_cursor_is_refused(browser_of: BrowserOf) -> None:
    assert browser_of("quinn").client.get("/quality?cursor=xyz").status_code == 422


def test_doctor_does_not_see_the_page(browser_of: BrowserOf) -> None:
    assert browser_of("dora").client.get("/quality").status_code == 403


def test_doubtful_recording_is_shown_until_somebody_has_checked_it(parts: Parts, browser_of: BrowserOf) -> None:
    recording_id = _add_short(parts)
    quinn = browser_of("quinn")
    assert "1 recording is doubtful and should be checked." in quinn.client.get("/quality").text
    assert "shorter than the call" in quinn.client.get(f"/quality/{recording_id}").text
    form = {"csrf_token": quinn.token(f"/quality/{recording_id}")}
    assert quinn.client.post(f"/quality/{recording_id}/checked", data=form).status_code == 303
    assert "doubtful" not in quinn.client.get("/quality").text


def test_agent_cannot_check_a_doubtful_recording(parts: Parts, browser_of: BrowserOf) -> None:
    recording_id = _add_short(parts)
    bob = browser_of("bob")
    assert "I have checked it" not in bob.client.get(f"/quality/{recording_id}").text
    form = {"csrf_token": bob.token("/quality")}
    assert bob.client.post(f"/quality/{recording_id}/checked", data=form).status_code == 403


def test_player_appears_in_the_row(parts: Parts, browser_of: BrowserOf) -> None:
    recording_id = _add_short(parts)
    quinn = browser_of("quinn")
    assert f"/quality/{recording_id}/player" in quinn.client.get("/quality").text
    assert f'data-recording="{recording_id}"' in quinn.client.get(f"/quality/{recording_id}/player").text
