"""Audio and waveform over HTTP: who may hear them, in which parts, and what is kept about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from apiflask import APIFlask

from app.journal.service import read_since
from app.parts import Parts
from app.recordings import service as recordings
from recordings.pickup import process_recording
from tests.two_sided import add_ended_call, audio_of, write_raw
from tests.web.conftest import Browser

BearerOf = Callable[[str], dict[str, str]]


@pytest.fixture
def ready(app: APIFlask, parts: Parts) -> str:
    """The id of a recording of two seconds that is ready."""
    at = parts.now() - timedelta(seconds=60)
    write_raw(parts.settings.spool_dir, "21.1", written_at=at)
    _, recording_id = add_ended_call(parts, "21.1", answered_at=at)
    process_recording(parts, recording_id)
    return recording_id


@pytest.fixture
def whole(ready: str, parts: Parts) -> bytes:
    """The audio of that recording."""
    return audio_of(parts, ready)


@pytest.fixture
def waiting(app: APIFlask, parts: Parts) -> str:
    """The id of a recording whose file has not been picked up."""
    return add_ended_call(parts, "21.2", answered_at=parts.now())[1]


def _plays(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return [entry["payload"]["by"] for entry in read_since(session, 0) if entry["kind"] == "recording.played"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-", 0, None), ("bytes=100-199", 100, 200), ("bytes=-50", -50, None), ("bytes=500-999999999", 500, None)],
)
def test_part_of_the_audio_is_served(
    browser_of: Callable[[str], Browser], ready: str, whole: bytes, asked: str, start: int, stop: int | None
) -> None:
    answer = browser_of("quinn").client.get(
        f"/api/v1/recordings/{ready}/audio", headers={"Range": asked}, buffered=True
    )
    assert answer.status_code == 206
    assert answer.data == whole[start:stop]
    assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")
    assert answer.headers["Content-Type"] == "audio/flac"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_whole_audio_is_served_without_a_range(app: APIFlask, bearer_of: BearerOf, ready: str, whole: bytes) -> None:
    answer = app.test_client().get(f"/api/v1/recordings/{ready}/audio", headers=bearer_of("bob"), buffered=True)
    assert (answer.status_code, answer.data) == (200, whole)
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_head_tells_the_size_only(app: APIFlask, bearer_of: BearerOf, ready: str, whole: bytes) -> None:
    answer = app.test_client().head(f"/api/v1/recordings/{ready}/audio", headers=bearer_of("bob"), buffered=True)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(whole))


def test_part_behind_the_end_is_416(app: APIFlask, bearer_of: BearerOf, ready: str, whole: bytes) -> None:
    headers = bearer_of("bob") | {"Range": f"bytes={len(whole)}-"}
    answer = app.test_client().get(f"/api/v1/recordings/{ready}/audio", headers=headers, buffered=True)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=abc", "lines=1-2", "bytes=9-2"])
def test_range_that_makes_no_sense_is_ignored_or_416(
    app: APIFlask, bearer_of: BearerOf, ready: str, asked: str
) -> None:
    headers = bearer_of("bob") | {"Range": asked}
    assert app.test_client().get(f"/api/v1/recordings/{ready}/audio", headers=headers, buffered=True).status_code in (
        200,
        416,
    )


def test_part_of_another_version_is_not_mixed_in(app: APIFlask, bearer_of: BearerOf, ready: str, whole: bytes) -> None:
    client, address = app.test_client(), f"/api/v1/recordings/{ready}/audio"
    etag = client.get(address, headers=bearer_of("bob"), buffered=True).headers["ETag"]
    same = client.get(address, headers=bearer_of("bob") | {"Range": "bytes=0-9", "If-Range": etag}, buffered=True)
    other = client.get(
        address, headers=bearer_of("bob") | {"Range": "bytes=0-9", "If-Range": '"another"'}, buffered=True
    )
    assert (same.status_code, same.data) == (206, whole[:10])
    assert (other.status_code, other.data) == (200, whole)


@pytest.mark.parametrize("suffix", ["", "/audio", "/peaks"])
def test_doctor_hears_nothing(app: APIFlask, bearer_of: BearerOf, ready: str, suffix: str) -> None:
    answer = app.test_client().get(f"/api/v1/recordings/{ready}{suffix}", headers=bearer_of("dora"), buffered=True)
    assert answer.status_code == 403


@pytest.mark.parametrize("suffix", ["", "/audio", "/peaks"])
def test_nobody_hears_anything_without_signing_in(app: APIFlask, ready: str, suffix: str) -> None:
    assert app.test_client().get(f"/api/v1/recordings/{ready}{suffix}").status_code == 401


@pytest.mark.parametrize("suffix", ["", "/audio", "/peaks"])
@pytest.mark.parametrize("wrong", ["nope", "..%2f..%2fwardline.db", "%0a", "x" * 500])
def test_unknown_recording_is_404(app: APIFlask, bearer_of: BearerOf, wrong: str, suffix: str) -> None:
    answer = app.test_client().get(f"/api/v1/recordings/{wrong}{suffix}", headers=bearer_of("bob"), buffered=True)
    assert answer.status_code == 404


@pytest.mark.parametrize("suffix", ["/audio", "/peaks"])
def test_recording_in_preparation_is_409(app: APIFlask, bearer_of: BearerOf, waiting: str, suffix: str) -> None:
    answer = app.test_client().get(f"/api/v1/recordings/{waiting}{suffix}", headers=bearer_of("bob"), buffered=True)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"


def test_facts_of_a_recording(app: APIFlask, bearer_of: BearerOf, ready: str, whole: bytes) -> None:
    facts = app.test_client().get(f"/api/v1/recordings/{ready}", headers=bearer_of("bob"), buffered=True).json
    assert (facts["id"], facts["state"], facts["seconds"], facts["bytes"]) == (ready, "ready", 2.0, len(whole))
    assert facts["findings"] == []
    assert len(facts["sha256"]) == 64


def test_waveform_has_a_side_each(app: APIFlask, bearer_of: BearerOf, ready: str) -> None:
    peaks = app.test_client().get(f"/api/v1/recordings/{ready}/peaks", headers=bearer_of("bob"), buffered=True).json
    assert peaks == {
        "seconds": 2.0,
        "per_second": 20,
        "patient": [0.5] * 40,
        "agent": [0.5] * 40,
        "markers": [],
        "needs_reason": False,
    }


def test_listening_is_on_record_once_for_all_its_parts(
    app: APIFlask, parts: Parts, bearer_of: BearerOf, ready: str
) -> None:
    client, address = app.test_client(), f"/api/v1/recordings/{ready}/audio"
    client.head(address, headers=bearer_of("alice"), buffered=True)
    for start in (0, 100, 50):
        client.get(address, headers=bearer_of("bob") | {"Range": f"bytes={start}-"}, buffered=True)
    client.get(address, headers=bearer_of("quinn") | {"Range": "bytes=10-"}, buffered=True)
    assert _plays(parts) == ["bob", "quinn"]


def test_file_that_has_vanished_is_told_and_shown(
    app: APIFlask, parts: Parts, bearer_of: BearerOf, browser_of: Callable[[str], Browser], ready: str
) -> None:
    with parts.database.reading() as session:
        path = recordings.get(session, ready).path
    assert path is not None
    (parts.settings.recordings_dir / path).unlink()
    assert (
        app.test_client().get(f"/api/v1/recordings/{ready}/audio", headers=bearer_of("bob"), buffered=True).status_code
        == 404
    )
    assert "1 call has no recording." in browser_of("quinn").client.get("/quality").text
