"""Transcripts on the pages: how far they are, who may read them, what stays on record, and what is found in them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.access.rules import DEFAULT_GRANTS, Module, Reach
from app.access.service.administration import set_role_grant
from app.accounts.rules import Role
from app.audit.models import AuditEvent
from app.configuration.rules import LISTENING_NEEDS_REASON
from app.configuration.service import set_value
from app.parts import Parts
from app.patients.models import Patient
from app.patients.service import index_names
from app.quality import service as quality
from app.recordings import service as recordings
from app.recordings.models import Transcript
from app.recordings.rules import Segment, Side
from recordings.pickup import process_recording
from tests.db.graded_calls import graded
from tests.two_sided import add_ended_call, write_raw
from tests.web.conftest import Browser

BrowserOf = Callable[[str], Browser]
BearerOf = Callable[[str], dict[str, str]]
_SAID = ("您好，我想预约复查，需要空腹吗？", "不需要 <b>空腹</b>，明天上午来。")


def _stored(parts: Parts, stem: str, *, agent: str = "bob", patient_id: int | None = None) -> str:
    at = parts.now() - timedelta(seconds=60)
    write_raw(parts.settings.spool_dir, stem, written_at=at)
    _, recording_id = add_ended_call(parts, stem, answered_at=at, agent=agent, patient_id=patient_id)
    process_recording(parts, recording_id)
    return recording_id


def _transcribed(parts: Parts, recording_id: str, *said: str) -> str:
    sides = (Side.PATIENT, Side.AGENT)
    segments = [
        Segment(side=sides[place % 2], start=place * 0.5, end=place * 0.5 + 0.4, text=text)
        for place, text in enumerate(said)
    ]
    made = recordings.MadeTranscript(
        segments=segments, engine="e 1", model="m-zh", language="zh", speech_seconds=0.8, work_seconds=0.1
    )
    with parts.database.writing() as session:
        recordings.request_transcript(session, recordings.get(session, recording_id), parts.now())
        claim = recordings.claim_transcript(session, recording_id, parts.now(), at_once=1)
        assert claim is not None
        recordings.transcript_made(session, parts.bus, claim, made, parts.now())
    return recording_id


@pytest.fixture
def patient_id(app: APIFlask, parts: Parts) -> int:
    now = parts.now()
    with parts.database.writing() as session:
        patient = Patient(name="陈素芬", sex="F", created_at=now, updated_at=now)
        session.add(patient)
        session.flush()
        index_names(session, [(patient.id, patient.name)])
        return patient.id


@pytest.fixture
def recording(parts: Parts, patient_id: int) -> str:
    """bob's call with 陈素芬, with its transcript."""
    return _transcribed(parts, _stored(parts, "31.1", patient_id=patient_id), *_SAID)


def _found(browser: Browser, **filters: str) -> list[str]:
    """The recordings that the list shows."""
    page = browser.client.get("/quality", query_string=filters).text
    return re.findall(r'hx-get="/quality/([0-9a-f-]{36})/player"', page)


def _cut(parts: Parts, role: Role, module: Module, **changes: Any) -> None:
    grant = replace(DEFAULT_GRANTS[role][module], **changes)
    with parts.database.writing() as session:
        set_role_grant(session, parts.bus, role, module, grant, now=parts.now())


def _read(parts: Parts) -> list[AuditEvent]:
    with parts.database.reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == "read")))


def _want_reasons(parts: Parts) -> None:
    with parts.database.writing() as session:
        set_value(session, LISTENING_NEEDS_REASON, True, by="adam", now=parts.now())


def test_what_was_said_is_shown_when_asked_for_and_that_is_on_record_once(
    browser_of: BrowserOf, parts: Parts, recording: str, patient_id: int
) -> None:
    quinn = browser_of("quinn").client
    assert "复查" not in quinn.get(f"/quality/{recording}/transcript").text
    assert _read(parts) == []
    for _ in range(2):
        page = quinn.get(f"/quality/{recording}/transcript?read=1").text
        assert "您好，我想预约复查" in page and "&lt;b&gt;空腹&lt;/b&gt;" in page
        assert 'data-moment="0.5"' in page
    (event,) = _read(parts)
    assert (event.actor, event.patient_id, event.subject) == ("quinn", patient_id, f"transcript:{recording}")


def test_the_transcript_is_read_for_a_reason_where_the_hospital_wants_one(
    browser_of: BrowserOf, parts: Parts, recording: str, bearer_of: BearerOf
) -> None:
    _want_reasons(parts)
    quinn = browser_of("quinn").client
    page = quinn.get(f"/quality/{recording}/transcript?read=1").text
    assert "Why do you read this call?" in page and "复查" not in page
    api = f"/api/v1/recordings/{recording}/transcript"
    assert quinn.get(api, headers=bearer_of("quinn")).status_code == 409
    assert "想预约" not in quinn.get("/quality?words=复查").text
    assert "复查" in quinn.get(f"/quality/{recording}/transcript?read=1&reason=complaint+7").text
    (event,) = _read(parts)
    assert event.reason == "complaint 7"
    assert quinn.get(f"/api/v1/recordings/{recording}/audio").status_code == 200
    assert "复查" in browser_of("bob").client.get(f"/quality/{recording}/transcript?read=1").text


def test_words_are_found_in_either_script_and_lead_to_their_place(
    browser_of: BrowserOf, parts: Parts, recording: str, patient_id: int
) -> None:
    _transcribed(parts, _stored(parts, "31.2"), "Good morning", "Wait")
    quinn = browser_of("quinn")
    for words in ("預約複查", "复查 空腹", "复查需要空腹"):
        assert _found(quinn, words=words) == [recording]
    page = quinn.client.get("/quality", query_string={"words": "預約"}).text
    assert "<mark>预约</mark>" in page and f"/quality/{recording}?words=%E9%A0%90%E7%B4%84#t=0.0" in page
    assert {(event.patient_id, event.subject) for event in _read(parts)} == {(patient_id, "transcripts")}
    assert all("约" not in json.dumps(event.details) for event in _read(parts))
    assert len(_found(quinn, words="good WAIT")) == 1
    assert _found(quinn, words="goodmorning") == []
    assert len(_found(quinn, words="%")) == 2  # signs are no words


def test_words_that_stand_within_the_call_are_marked(browser_of: BrowserOf, recording: str) -> None:
    page = browser_of("quinn").client.get(f"/quality/{recording}/transcript?read=1&words=空腹").text
    assert page.count("<mark>空腹</mark>") == 2 and "Found 2 times" in page


def test_an_agent_finds_no_words_of_a_colleagues_call(browser_of: BrowserOf, parts: Parts, recording: str) -> None:
    for module in (Module.RECORDINGS, Module.CALLS):
        _cut(parts, Role.AGENT, module, reach=Reach.OWN)
    carol = browser_of("carol")
    assert _found(carol, words="复查") == []
    for address in ("transcript?read=1", "transcript.txt?reason=x"):
        assert carol.client.get(f"/quality/{recording}/{address}").status_code in (403, 404)
    assert _read(parts) == []
    assert _found(browser_of("bob"), words="复查") == [recording]


def test_taking_the_text_away_is_a_right_of_its_own_and_needs_a_reason(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    assert browser_of("quinn").client.get(f"/quality/{recording}/transcript.txt?reason=x").status_code == 403
    alice = browser_of("alice").client
    assert alice.get(f"/quality/{recording}/transcript.txt").status_code == 409
    answer = alice.get(f"/quality/{recording}/transcript.txt?reason=letter+12")
    assert answer.text.splitlines() == [f"[0:00:00] Patient: {_SAID[0]}", f"[0:00:00] Agent: {_SAID[1]}"]
    with parts.database.reading() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "download"))
    assert (event.actor, event.reason) == ("alice", "letter 12")


def test_programs_get_the_segments(browser_of: BrowserOf, bearer_of: BearerOf, parts: Parts, recording: str) -> None:
    client = browser_of("quinn").client
    answer = client.get(f"/api/v1/recordings/{recording}/transcript", headers=bearer_of("quinn")).json
    assert (answer["language"], answer["model"]) == ("zh", "m-zh")
    assert answer["segments"][0] == {"side": "patient", "start": 0.0, "end": 0.4, "text": _SAID[0]}
    assert len(_read(parts)) == 1
    other = _stored(parts, "31.3")
    assert client.get(f"/api/v1/recordings/{other}/transcript", headers=bearer_of("quinn")).status_code == 404


def test_the_page_says_what_to_do_where_there_is_no_transcript(
    browser_of: BrowserOf, parts: Parts, app: APIFlask
) -> None:
    recording = _stored(parts, "31.4")
    quinn = browser_of("quinn")
    address = f"/quality/{recording}/transcript"
    assert "Set WARDLINE_TRANSCRIPTION_MODEL" in quinn.client.get(address).text
    assert "WARDLINE_TRANSCRIPTION_MODEL" in quinn.client.get("/quality?words=anything").text
    form = {"csrf_token": quinn.token(f"/quality/{recording}")}
    assert quinn.client.post(address, data=form).status_code == 303
    with parts.database.reading() as session:
        assert [each.state for each in session.scalars(select(Transcript))] == ["waiting"]


def test_evidence_has_the_transcript(browser_of: BrowserOf, recording: str) -> None:
    alice = browser_of("alice")
    form = {"csrf_token": alice.token(f"/quality/{recording}"), "reason": "court letter 12"}
    answer = alice.client.post(f"/quality/{recording}/evidence", data=form, buffered=True)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        transcript = json.loads(archive.read("transcript.json"))
    assert [each["text"] for each in transcript["segments"]] == list(_SAID)


def test_recordings_are_found_by_the_patients_name_and_by_nothing_else_of_theirs(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    _stored(parts, "31.5")
    quinn = browser_of("quinn")
    for name in ("陈素芬", "陳素芬", "csf", "chen sufen", "素芬"):
        assert _found(quinn, name=name) == [recording], name
    for name in ("王秀兰", "13800138000", "1972-03-01", "%", "陈 素芬 王"):
        assert _found(quinn, name=name) == [], name


def test_who_may_not_see_people_learns_no_name_by_the_search(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    _cut(parts, Role.QA, Module.CONTACT, can_view=False)
    assert _found(browser_of("quinn"), name="陈素芬") == []


def test_the_score_narrows_the_list_for_those_who_grade(browser_of: BrowserOf, parts: Parts, recording: str) -> None:
    other, now = _stored(parts, "31.6"), parts.now()
    with parts.database.writing() as session:
        quality.install_shipped(session, now)
        quality.approve_for_demo(session, parts.bus, now)
    graded(parts, recording)
    quinn, bob = browser_of("quinn"), browser_of("bob")
    assert (
        _found(quinn, scored="yes") == _found(quinn, least="60") == _found(quinn, least="0", most="100") == [recording]
    )
    assert _found(quinn, scored="no") == [other]
    assert _found(quinn, most="40") == []
    assert "Score from" not in bob.client.get("/quality").text
    assert sorted(_found(bob, scored="no")) == sorted([recording, other])
