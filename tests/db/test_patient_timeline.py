"""One patient's calls and messages in one order of time."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.calls.models import Call
from app.errors import InvalidInput, NotFound
from app.messages.models import Message
from app.parts import Parts
from app.patients import service
from app.patients.service import PatientData
from app.recordings.models import Recording

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.fixture
def patient_id(parts: Parts) -> int:
    with parts.database.writing() as session:
        data = PatientData(name="王秀兰", is_provisional=True)
        return service.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=NOW).id


def add_call(parts: Parts, patient_id: int | None, at: datetime, **changes: Any) -> str:
    id = str(uuid.uuid4())
    given: dict[str, Any] = {
        "id": id,
        "linkedid": id,
        "direction": "inbound",
        "state": "wrapped_up",
        "outcome": "answered",
        "number": "+8613800138000",
        "number_signalled": "013800138000",
        "dialled": "4000",
        "agent": "agent1",
        "patient_id": patient_id,
        "started_at": at,
        "answered_at": at + timedelta(seconds=8),
        "ended_at": at + timedelta(seconds=98),
    }
    with parts.database.writing() as session:
        session.add(Call(**{**given, **changes}))
    return id


def add_message(parts: Parts, patient_id: int | None, at: datetime, **changes: Any) -> str:
    given: dict[str, Any] = {
        "direction": "in",
        "kind": "care",
        "state": "new",
        "number": "+8613800138000",
        "patient_id": patient_id,
        "text": "hello",
        "created_at": at,
    }
    with parts.database.writing() as session:
        message = Message(**{**given, **changes})
        session.add(message)
        session.flush()
        return str(message.id)


def read(parts: Parts, patient_id: int, limit: int = 50, cursor: str | None = None) -> Any:
    with parts.database.reading() as session:
        return service.timeline(session, patient_id, limit=limit, cursor=cursor)


def test_calls_and_messages_are_in_one_order_newest_first(parts: Parts, patient_id: int) -> None:
    first = add_call(parts, patient_id, NOW - timedelta(days=3))
    second = add_message(parts, patient_id, NOW - timedelta(days=2))
    third = add_call(parts, patient_id, NOW - timedelta(days=1))
    add_call(parts, None, NOW)
    assert [item.id for item in read(parts, patient_id).items] == [third, second, first]


def test_a_call_shows_its_length_outcome_and_recording(parts: Parts, patient_id: int) -> None:
    id = add_call(parts, patient_id, NOW, disposition="recheck", note="Recheck in March")
    with parts.database.writing() as session:
        session.add(Recording(id="r1", call_id=id, state="ready", source_name="s", started_at=NOW, attempts=0))
    [item] = read(parts, patient_id).items
    assert (item.duration_seconds, item.outcome, item.disposition, item.note) == (
        90,
        "answered",
        "recheck",
        "Recheck in March",
    )
    assert (item.recording_id, item.recording_state, item.agent, item.is_settled) == ("r1", "ready", "agent1", True)


def test_what_will_still_change_is_not_settled(parts: Parts, patient_id: int) -> None:
    add_call(parts, patient_id, NOW, ended_at=None)
    add_message(parts, patient_id, NOW - timedelta(minutes=1), direction="out", state="sent")
    add_message(parts, patient_id, NOW - timedelta(minutes=2), direction="out", state="delivered")
    assert [item.is_settled for item in read(parts, patient_id).items] == [False, False, True]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
def test_pages_neither_repeat_nor_lose_an_entry_even_of_the_same_instant(
    parts: Parts, patient_id: int, limit: int
) -> None:
    for place in range(6):
        at = NOW - timedelta(days=place // 3)
        add_call(parts, patient_id, at)
        add_message(parts, patient_id, at)
    whole = [item.id for item in read(parts, patient_id).items]
    paged: list[str] = []
    page = read(parts, patient_id, limit)
    paged += [item.id for item in page.items]
    while page.next_cursor:
        page = read(parts, patient_id, limit, page.next_cursor)
        paged += [item.id for item in page.items]
    assert len(whole) == 12
    assert paged == whole


def test_one_entry_can_be_looked_at_again(parts: Parts, patient_id: int) -> None:
    call_id, message_id = add_call(parts, patient_id, NOW), add_message(parts, patient_id, NOW)
    foreign = add_message(parts, None, NOW)
    with parts.database.reading() as session:
        assert service.timeline_item(session, patient_id, "call", call_id).kind == "call"
        assert service.timeline_item(session, patient_id, "message", message_id).text == "hello"
        for kind, item_id in [
            ("message", foreign),
            ("call", "x"),
            ("call", "\x00"),
            ("fax", "1"),
            ("message", "9" * 30),
        ]:
            with pytest.raises(NotFound):
                service.timeline_item(session, patient_id, kind, item_id)


def test_the_timeline_of_nobody_is_not_found(parts: Parts) -> None:
    with pytest.raises(NotFound):
        read(parts, 77)


def test_a_damaged_cursor_is_refused(parts: Parts, patient_id: int) -> None:
    with pytest.raises(InvalidInput):
        read(parts, patient_id, cursor="bm8")
