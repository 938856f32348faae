"""Each part of the audio is asked for anew, odd parts do no harm, and no name leads out of where it belongs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.http import parse_options_header

from app.access.models import UserGrant
from app.accounts.models import User
from app.audit.models import AuditEvent
from app.calls.models import Call
from app.http import SESSION_COOKIE
from app.parts import Parts
from app.patients.models import Patient
from app.recordings import service as recordings
from app.recordings.models import Recording, RecordingDeletion
from recordings.pickup import process_recording
from tests.two_sided import add_ended_call, audio_of, write_raw
from tests.web.conftest import Browser

BrowserOf = Callable[[str], Browser]
# A name that would lead out of a folder, end a header, or end a file's name.
_NAME = '../../etc/passwd\r\nSet-Cookie: a=b\r\n\r\n"王秀兰"; filename=x.exe\u202e'


@pytest.fixture
def recording(app: APIFlask, parts: Parts) -> str:
    """A stored recording of a patient with a hostile name, whom bob spoke with."""
    at = parts.now() - timedelta(days=2)
    with parts.database.writing() as session:
        patient = Patient(name=_NAME, created_at=at, updated_at=at, created_by="bob")
        session.add(patient)
        session.flush()
        patient_id = patient.id
    write_raw(parts.settings.spool_dir, "21.1", written_at=at)
    recording_id = add_ended_call(parts, "21.1", answered_at=at, patient_id=patient_id)[1]
    process_recording(parts, recording_id)
    return recording_id


def part(client: FlaskClient, recording: str, wanted: str = "bytes=10-19", **query: str) -> Any:
    address = f"/api/v1/recordings/{recording}/audio"
    return client.get(address, headers={"Range": wanted}, query_string=query, buffered=True)


def refuse(parts: Parts, module: str) -> None:
    with parts.database.writing() as session:
        user_id = session.scalars(select(User.id).where(User.username == "alice")).one()
        session.add(UserGrant(user_id=user_id, module=module, can_view=False))


def delete(parts: Parts, recording: str) -> None:
    with parts.database.writing() as session:
        found, now = session.get_one(Recording, recording), parts.now()
        more = {"keeping_class": "consultation", "years": 3, "ordered_by": "adam"}
        session.add(RecordingDeletion(recording_id=recording, ordered_at=now, **more))
        session.flush()
        recordings.recording_removed(session, parts.bus, found, now)


def move_out_of_reach(parts: Parts, recording: str) -> None:
    with parts.database.writing() as session:
        user_id = session.scalars(select(User.id).where(User.username == "alice")).one()
        session.add(UserGrant(user_id=user_id, module="calls", reach="own"))


def close_account(parts: Parts, recording: str) -> None:
    with parts.database.writing() as session:
        session.execute(update(User).where(User.username == "alice").values(is_active=False))


@pytest.mark.parametrize(
    ("happens", "status"),
    [
        (lambda parts, _id: refuse(parts, "recordings"), 404),
        (move_out_of_reach, 404),
        (delete, 404),
        (close_account, 401),
    ],
)
def test_what_happens_between_two_parts_refuses_the_next_one(
    browser_of: BrowserOf, parts: Parts, recording: str, happens: Callable[[Parts, str], None], status: int
) -> None:
    alice = browser_of("alice").client
    assert [part(alice, recording).status_code for _ in range(2)] == [206, 206]
    happens(parts, recording)
    answer = part(alice, recording)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_who_has_signed_out_gets_no_further_part_with_the_old_cookie(browser_of: BrowserOf, recording: str) -> None:
    alice = browser_of("alice")
    cookie = alice.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    assert part(alice.client, recording).status_code == 206
    assert alice.client.post("/logout", data={"csrf_token": alice.token("/account")}).status_code == 302
    alice.client.set_cookie(SESSION_COOKIE, cookie.value)
    assert part(alice.client, recording).status_code == 401


def test_a_program_gets_no_further_part_when_its_account_is_closed(
    app: APIFlask, bearer_of: Callable[[str], dict[str, str]], parts: Parts, recording: str
) -> None:
    program = app.test_client()
    program.environ_base["HTTP_AUTHORIZATION"] = bearer_of("alice")["Authorization"]
    assert part(program, recording).status_code == 206
    close_account(parts, recording)
    assert part(program, recording).status_code == 401


def test_who_may_no_longer_take_away_gets_no_further_part_of_a_download(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    alice, more = browser_of("alice").client, {"download": "1", "reason": "court"}
    assert part(alice, recording, **more).status_code == 206
    refuse(parts, "download")
    assert part(alice, recording, **more).status_code == 403
    assert part(alice, recording).status_code == 206


def test_odd_ranges_get_a_part_the_whole_or_nothing_and_never_an_error(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    """RFC 9110, 14.2: what is no range of bytes, or more than one, may be passed over; what lies outside is 416."""
    quinn, whole = browser_of("quinn").client, audio_of(parts, recording)
    size = len(whole)
    served: dict[str, bytes] = {
        "bytes=0-0": whole[:1],
        f"bytes=-{size + 99}": whole,
        "bytes=-1": whole[-1:],
        f"bytes={size - 1}-{2**70}": whole[-1:],
        "bytes= 2-3": whole[2:4],
    }
    for wanted, expected in served.items():
        answer = part(quinn, recording, wanted)
        assert (answer.status_code, answer.data) == (206, expected), wanted
    for wanted in (f"bytes={size}-", f"bytes={2**70}-", "bytes=-0"):
        answer = part(quinn, recording, wanted)
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}"), wanted
    for wanted in (
        "bytes=0-9,20-29", "bytes=0-,0-,0-,0-", "bytes=5-2", "bytes=a-b", "bytes=", "bytes", "=", "items=0-9",
        "bytes=-", "bytes=1-2-3", "bytes=--1", "bytes=0x1-2", "bytes=0-" + "9" * 5_000, "bytes=" + "0-1," * 2_000,
    ):  # fmt: skip
        answer = part(quinn, recording, wanted)
        assert (answer.status_code, answer.data) == (200, whole), wanted


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_an_id_that_is_none_is_not_found_whatever_it_holds(browser_of: BrowserOf, recording: str) -> None:
    alice = browser_of("alice")
    token = alice.token("/account")
    wrong = [
        "%00",
        f"{recording}%00",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "a%0d%0aSet-Cookie:%20b=c",
        "x" * 4_000,
        "%ff",
        "%E2%80%AE",
    ]
    for each in wrong:
        for method, path in (
            ("GET", "/quality/{}"), ("GET", "/quality/{}/player"), ("GET", "/quality/recordings/{}"),
            ("GET", "/api/v1/recordings/{}"), ("GET", "/api/v1/recordings/{}/peaks"),
            ("GET", "/api/v1/recordings/{}/audio"), ("GET", "/api/v1/recordings/{}/audio?download=1&reason=x"),
            ("POST", "/quality/{}/checked"), ("POST", "/quality/{}/hold"), ("POST", "/quality/{}/holds/1/release"),
            ("POST", "/quality/{}/comments"), ("POST", "/quality/{}/comments/1/remove"),
            ("POST", "/quality/{}/evidence"),
        ):  # fmt: skip
            form = {"csrf_token": token, "subject": "case", "text": "x", "at": "0", "reason": "court"}
            answer = alice.client.open(path.format(each), method=method, data=form if method == "POST" else None)
            assert answer.status_code in (303, 404, 405), (method, path, each)
            assert "Set-Cookie: b" not in str(answer.headers)
            if method == "GET":
                assert answer.status_code == 404, (path, each)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_is_typed_with_a_nul_does_no_harm(browser_of: BrowserOf, parts: Parts, recording: str) -> None:
    alice = browser_of("alice")
    form = {"csrf_token": alice.token("/account"), "subject": "a\x00b", "text": "a\x00b", "at": "0", "reason": "a\x00b"}
    for act in ("hold", "comments", "evidence"):
        assert alice.client.post(f"/quality/{recording}/{act}", data=form, buffered=True).status_code in (200, 303), act
    for query in (
        "agent=%00",
        "queue=a%00",
        "number=%00",
        "marker=%00",
        "patient=%00",
        "patient=" + "9" * 5_000,
        "cursor=%00",
    ):
        assert alice.client.get(f"/quality?{query}").status_code in (200, 422), query
    assert part(alice.client, recording, reason="a\x00b", download="1").status_code == 206
    with parts.database.reading() as session:
        assert [each.subject for each in recordings.holds_of(session, recording)] == ["ab"]


def test_a_patients_name_stands_in_no_header_and_no_file_name(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    alice = browser_of("alice")
    download = part(alice.client, recording, "bytes=0-", download="1", reason="court")
    form = {"csrf_token": alice.token("/account"), "reason": _NAME}
    evidence = alice.client.post(f"/quality/{recording}/evidence", data=form, buffered=True)
    for answer, ending in ((download, ".flac"), (evidence, ".zip")):
        kind, options = parse_options_header(answer.headers["Content-Disposition"])
        assert kind == "attachment"
        assert set(options) == {"filename"}
        assert options["filename"].endswith(ending)
        assert set(options["filename"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        assert answer.headers.get("Set-Cookie") is None
        assert "etc" not in str(answer.headers)
    with zipfile.ZipFile(io.BytesIO(evidence.data)) as archive:
        names = archive.namelist()
    assert names == ["audio.flac", "recording.json", "timeline.json", "public_key.pem", "README.txt"]
    with parts.database.reading() as session:
        assert len(session.scalars(select(AuditEvent).where(AuditEvent.action == "download")).all()) == 2


def test_a_hold_and_a_comment_are_ended_at_their_own_recording_only(
    browser_of: BrowserOf, parts: Parts, recording: str
) -> None:
    """Otherwise the log would say of another recording that it was released."""
    at = parts.now() - timedelta(days=1)
    other = add_ended_call(parts, "21.2", answered_at=at)[1]
    with parts.database.writing() as session:
        found, now = session.get_one(Recording, recording), parts.now()
        [held] = recordings.hold(session, parts.bus, [recording], subject="case", by="quinn", now=now)
        said = recordings.add_comment(session, found, at_seconds=0, text="x", by="alice", now=now)
        hold_id, comment_id = held.id, said.id
    alice = browser_of("alice")
    form = {"csrf_token": alice.token("/account")}
    alice.client.post(f"/quality/{other}/holds/{hold_id}/release", data=form)
    alice.client.post(f"/quality/{other}/comments/{comment_id}/remove", data=form)
    with parts.database.reading() as session:
        assert recordings.holds_of(session, recording)[0].released_at is None
        assert len(recordings.comments(session, recording)) == 1
        assert session.scalar(select(Call.agent).where(Call.id == found.call_id)) == "bob"


def test_whoever_may_only_read_notes_nothing_as_checked(browser_of: BrowserOf, parts: Parts, recording: str) -> None:
    with parts.database.writing() as session:
        user_id = session.scalars(select(User.id).where(User.username == "alice")).one()
        session.add(UserGrant(user_id=user_id, module="recordings", can_write=False))
    alice = browser_of("alice")
    form = {"csrf_token": alice.token("/account")}
    assert alice.client.post(f"/quality/{recording}/checked", data=form).status_code == 403
