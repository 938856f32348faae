"""What a caller meets, in the pages: who keeps a place, a queue's settings, recordings in a way in."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.call_flows import service as call_flows
from app.calls.models import Call
from app.kept_places.models import KeptPlace
from app.parts import Parts
from app.queues import service as queues
from app.sounds import service as sounds
from recordings.uploads import process_upload
from tests.unit.test_uploaded_sounds import tone
from tests.web.browser import Browser
from tests.web.test_call_flow_pages import FORM as FLOW
from tests.web.test_call_flow_pages import begin, send
from tests.web.test_queue_pages import FORM as QUEUE

NUMBER = "+8613800138000"


@pytest.fixture
def place(parts: Parts) -> int:
    now = parts.now()
    with parts.database.writing() as session:
        session.add(
            Call(
                id="c", linkedid="c", direction="inbound", state="abandoned", outcome="callback", number=NUMBER,
                number_signalled="-", dialled="4000", started_at=now, queue="hotline",
            )
        )  # fmt: skip
        session.flush()
        row = KeptPlace(
            call_id="c", number=NUMBER, queue="hotline", urgency="usual", entered_at=now - timedelta(minutes=3),
            asked_at=now, next_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_a_kept_place_is_counted_on_the_board_shown_to_agents_and_cancelled_with_a_reason(
    parts: Parts, browser_of: Callable[[str], Browser], place: int
) -> None:
    bob, alice = browser_of("bob"), browser_of("alice")
    (board,) = alice.client.get("/api/v1/queues").get_json()["items"]
    assert (board["callbacks"], board["waiting"], board["abandoned"]) == (1, 0, 0)
    page = bob.client.get("/work/kept-places").text
    assert "138****8000" in page and "138 0013 8000" not in page and "Patient service centre" in page
    assert "Keep their place <span>1</span>" in bob.client.get("/work/missed-callers").text
    path = f"/work/kept-places/{place}/cancel"
    assert send(bob, path, {"reason": " "}).status_code == 303
    assert "Say in at most 300 characters" in bob.client.get("/work/kept-places").text
    assert send(bob, path, {"reason": "<b>came</b> in person"}).status_code == 303
    page = bob.client.get("/work/kept-places").text
    assert "Cancelled by hand" in page and "&lt;b&gt;came&lt;/b&gt; in person" in page
    assert alice.client.get("/api/v1/queues").get_json()["items"][0]["callbacks"] == 0
    assert send(bob, "/work/kept-places/9999/cancel", {"reason": "x"}).status_code == 404


def test_a_queue_says_what_its_callers_are_offered_and_told(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    told = {"offers_callback": "1", "tells_wait": "1", "known_days": "30", "when_empty": "tell"}
    assert send(alice, "/queues/manage/new", QUEUE | told).status_code == 303
    with parts.database.reading() as session:
        row = queues.get_queue(session, "vip")
        assert (row.offers_callback, row.tells_wait, row.known_days, row.when_empty) == (True, True, 30, "tell")
    wrong = QUEUE | {"row_version": "1", "known_days": "999"}
    answer = send(alice, "/queues/manage/vip", wrong)
    assert answer.status_code == 422 and "This number is outside its limits." in answer.text
    assert send(alice, "/queues/manage/vip", QUEUE | {"row_version": "1", "music": "77"}).status_code == 422
    assert send(alice, "/queues/manage/vip", QUEUE | {"row_version": "1"}).status_code == 303
    with parts.database.reading() as session:
        row = queues.get_queue(session, "vip")
        assert (row.offers_callback, row.tells_wait, row.known_days, row.when_empty) == (False, False, None, "wait")


def test_a_recording_is_uploaded_heard_and_said_in_place_of_a_text_and_played_as_music(
    parts: Parts, browser_of: Callable[[str], Browser]
) -> None:
    alice = browser_of("alice")
    form = {"name": "Welcome", "file": (io.BytesIO(tone()), "../../etc/passwd.wav")}
    answer = alice.client.post("/sounds", data=form | {"csrf_token": alice.token("/account")})
    assert answer.status_code == 303
    (sound_id,) = sounds.due_sounds(parts)
    assert "Being converted" in alice.client.get("/sounds").text
    process_upload(parts, sound_id)
    rows = alice.client.get("/sounds", headers={"HX-Request": "true"}).text
    assert "Welcome" in rows and "<html" not in rows and "hx-get" not in rows
    heard = alice.client.get(f"/sounds/{sound_id}/audio", headers={"Range": "bytes=0-3"})
    assert (heard.status_code, heard.data, heard.mimetype) == (206, b"RIFF", "audio/wav")
    draft = begin(alice)
    flow = FLOW | {
        "row_version": "1", "act": "live", "greeting-en": "", "greeting-sound-en": str(sound_id),
        "for_key": "urgent:hotline", "tells_appointment": "1",
    }  # fmt: skip
    assert send(alice, draft, flow).status_code == 303
    with parts.database.reading() as session:
        (live,) = call_flows.live_flows(session).values()
    assert (live.greeting_sounds, str(live.for_key), live.tells_appointment) == (
        {"en": sound_id}, "urgent:hotline", True,
    )  # fmt: skip
    page = alice.client.get(draft.removesuffix("/draft")).text
    assert "Key patients, while somebody is there" in page and f"/sounds/{sound_id}/audio" in page
    assert send(alice, "/queues/manage/new", QUEUE | {"music": str(sound_id)}).status_code == 303


def test_a_file_that_is_too_large_or_none_is_refused_in_words(
    browser_of: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sounds.service.MOST_BYTES", 1000)
    alice = browser_of("alice")
    token = alice.token("/account")
    answer = alice.client.post("/sounds", data={"csrf_token": token})
    assert answer.status_code == 422 and "Choose a file first." in answer.text
    large = {"csrf_token": token, "file": (io.BytesIO(bytes(1001)), "x.wav")}
    answer = alice.client.post("/sounds", data=large)
    assert answer.status_code == 422 and "The file is larger than 10 MB." in answer.text
    assert alice.client.get("/sounds/12/audio").status_code == 404
