"""Calls that are led on, in the pages: what a desk may order, who is parked, and calls among colleagues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.agents.models import AgentStatus
from app.agents.rules import AgentChanged, AgentRecord, AgentState
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import CallChanged, CallEvent, CallOutcome, CallRecord, CallState, LegRecord
from app.calls.service import record_facts
from app.journal.models import JournalEntry
from app.missed_callers.models import CallbackRequest
from app.organisation.models import Department
from app.parts import Parts
from app.queues.service import board
from app.recordings.models import Recording
from tests.web.browser import Browser
from tests.web.live_page import PageOf, add_patient, ring
from tests.web.test_desk_commands import Telephony

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def telephony(parts: Parts) -> Iterator[Telephony]:
    yield Telephony(parts)


def add_department(parts: Parts, name: str, phone: str | None) -> int:
    with parts.database.writing() as session:
        made = Department(code=name, name=name, path="", phone=phone, created_at=parts.now())
        session.add(made)
        session.flush()
        made.path = f"/{made.id}/"
        return made.id


@pytest.mark.parametrize("kind", ["complete", "join_all", "back", "park", "pause_recording", "resume_recording"])
def test_an_order_about_the_own_call_is_carried_to_telephony(page_of: PageOf, telephony: Telephony, kind: str) -> None:
    assert page_of("bob").order(kind, call_id="c1")["ok"] is True
    assert telephony.done == [("bob", kind, {"call_id": "c1"})]


def test_a_colleague_is_called_by_name(page_of: PageOf, telephony: Telephony) -> None:
    assert page_of("bob").order("call_colleague", to="carol")["ok"] is True
    assert telephony.done == [("bob", "call_colleague", {"to": "carol"})]


@pytest.mark.parametrize("kind", ["consult", "transfer"])
def test_a_number_is_written_as_telephony_dials_it_and_only_if_it_may_be_dialled(
    page_of: PageOf, telephony: Telephony, kind: str
) -> None:
    bob = page_of("bob")
    assert bob.order(kind, call_id="c1", number="010-8888 6666")["ok"] is True
    assert telephony.done == [("bob", kind, {"call_id": "c1", "number": "+861088886666"})]
    assert bob.order(kind, call_id="c1", number="+8616012345678")["code"] in ("refused", "invalid_input")
    assert bob.order(kind, call_id="c1", number="+85261234567")["code"] == "refused"
    assert bob.order(kind, call_id="c1", number="carol")["code"] == "invalid_input"
    assert len(telephony.done) == 1


def test_a_department_is_reached_by_its_number_and_told_when_it_has_none(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    reachable, other = add_department(parts, "Cardiology", "+861088886666"), add_department(parts, "Office", None)
    bob = page_of("bob")
    assert bob.order("consult", call_id="c1", department_id=reachable)["ok"] is True
    assert telephony.done == [("bob", "consult", {"call_id": "c1", "department_id": reachable})]
    refused = bob.order("transfer", call_id="c1", department_id=other)
    assert (refused["code"], "no telephone" in refused["detail"]) == ("refused", True)


@pytest.mark.parametrize(
    "args",
    [{}, {"to": "carol", "number": "01088886666"}, {"to": ""}, {"to": 7}, {"department_id": "1"}, {"number": "9" * 99}],
)
def test_whom_to_lead_a_call_to_is_named_once_and_rightly(
    page_of: PageOf, telephony: Telephony, args: dict[str, Any]
) -> None:
    assert page_of("bob").order("consult", call_id="c1", **args)["code"] == "invalid_input"
    assert telephony.done == []


def test_who_is_asked_sees_the_caller_and_that_a_colleague_asks(page_of: PageOf, parts: Parts) -> None:
    add_patient(parts, "王小明", "13800138000")
    call_id = ring(parts, "bob", state=CallState.ANSWERED.value, consult="ringing", consult_with="carol")
    with parts.database.writing() as session:
        session.execute(
            update(AgentStatus)
            .where(AgentStatus.id == "carol")
            .values(state=AgentState.RINGING.value, since=parts.now(), call_id=call_id)
        )
    asked = page_of("carol").last("desk", lambda desk: desk["call"] is not None)["call"]
    assert asked["consult"] == {"state": "ringing", "with": "carol", "name": "Carol", "is_asked": True}
    assert asked["id"] == call_id
    asks = page_of("bob").last("desk", lambda desk: desk["call"] is not None)["call"]
    assert asks["consult"]["is_asked"] is False


def test_a_parked_patient_stands_on_every_desk_until_somebody_picks_the_call_up(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    carol = page_of("carol")
    assert carol.last("desk")["parked"] == []
    assert carol.order("pick_up", call_id="c1")["code"] == "conflict"
    patient_id = add_patient(parts, "王小明", "13800138000")
    record = inbound(parts, parked_at=parts.now(), parked_by="bob")
    told = [CallChanged(event=CallEvent.PARKED, at=parts.now(), call=record, agent="bob")]
    write(parts, told)
    with parts.database.writing() as session:
        session.execute(update(Call).where(Call.id == record.id).values(patient_id=patient_id, match_state="confirmed"))
        calls.record_facts(session, parts.bus, told, parts.now(), settings=parts.settings)
    (parked,) = carol.last("desk", lambda desk: desk["parked"] and desk["parked"][0]["name"])["parked"]
    assert (parked["call_id"], parked["name"], parked["by"]) == (record.id, "王小明", "Bob")
    assert carol.order("pick_up", call_id=record.id)["ok"] is True
    assert telephony.done == [("carol", "pick_up", {"call_id": record.id})]
    unparked = CallRecord(**{**as_dict(record), "parked_at": None, "parked_by": None, "agent": "carol"})
    write(parts, [CallChanged(event=CallEvent.UNPARKED, at=parts.now(), call=unparked, agent="carol")])
    assert carol.last("desk", lambda desk: desk["parked"] == [])


def test_who_led_a_call_on_may_write_about_it_until_somebody_else_has(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    record = inbound(parts, agent="carol")
    leg = LegRecord(uniqueid="l1", call_id=record.id, agent="bob", started_at=parts.now(), answered_at=parts.now())
    write(parts, [CallChanged(event=CallEvent.TRANSFERRED, at=parts.now(), call=record, agent="bob", leg=leg)])
    bob, carol, dave = page_of("bob"), page_of("carol"), page_of("alice")
    assert bob.order("save_wrap_up", call_id=record.id, disposition=None, note="Wants Tuesday.")["ok"] is True
    assert dave.order("save_wrap_up", call_id=record.id, disposition=None, note="Not mine.")["code"] == "conflict"
    assert carol.order("save_wrap_up", call_id=record.id, disposition=None, note="Has Tuesday.")["ok"] is True
    assert bob.order("save_wrap_up", call_id=record.id, disposition=None, note="Late.")["code"] == "conflict"
    assert bob.order("finish_wrap_up", call_id=record.id, disposition="transferred", note="Late.")["ok"] is True
    with parts.database.reading() as session:
        assert session.get_one(Call, record.id).note == "Has Tuesday."


def test_a_call_among_colleagues_is_its_own_direction_and_nothing_else(
    page_of: PageOf, browser_of: BrowserOf, parts: Parts
) -> None:
    at = parts.now() - timedelta(minutes=5)
    begun = CallRecord(
        id="i1", linkedid="i1", direction="internal", state=CallState.RINGING, number="", number_signalled="",
        dialled="carol", started_at=at, agent="bob",
    )  # fmt: skip
    answered = CallRecord(**{**as_dict(begun), "state": CallState.ANSWERED, "answered_at": at})
    status = AgentRecord(username="bob", state=AgentState.TALKING, reason=None, since=at, call_id="i1")
    write(
        parts,
        [
            CallChanged(event=CallEvent.STARTED, at=at, call=begun, agent="bob"),
            CallChanged(event=CallEvent.ANSWERED, at=at, call=answered, agent="bob"),
            AgentChanged(at=at, agent=status),
        ],
    )
    call = page_of("bob").last("desk", lambda desk: desk["call"] is not None)["call"]
    assert (call["direction"], call["colleague"]) == ("internal", {"id": "carol", "name": "Carol"})
    assert (call["patient"], call["candidates"], call["task_id"]) == (None, [], None)
    ended = CallRecord(
        **{
            **as_dict(answered),
            "state": CallState.WRAPPED_UP, "outcome": CallOutcome.ANSWERED,
            "ended_at": parts.now(), "ended_by": "agent",
        }
    )  # fmt: skip
    write(parts, [CallChanged(event=CallEvent.ENDED, at=parts.now(), call=ended, agent="bob")])
    with parts.database.reading() as session:
        assert session.scalars(select(Recording)).all() == []
        assert session.scalars(select(CallbackRequest)).all() == []
        assert session.get_one(Call, "i1").patient_id is None
        queues = board(session, parts.settings, parts.now())["queues"]
    assert [(queue["offered"], queue["answered"], queue["abandoned"]) for queue in queues] == [(0, 0, 0)]
    bob = browser_of("bob").client
    assert "Among colleagues" in bob.get("/calls?lang=en&direction=internal").text
    (shown,) = bob.get("/api/v1/calls?direction=internal").json["items"]
    assert (shown["direction"], shown["dialled"], shown["recording_id"]) == ("internal", "carol", None)


def test_the_journal_keeps_when_a_recording_was_paused_and_went_on(parts: Parts) -> None:
    at = parts.now()
    paused = inbound(parts, recording_paused_at=at)
    resumed = CallRecord(**{**as_dict(paused), "recording_paused_at": None})
    later = at + timedelta(seconds=7)
    write(
        parts,
        [
            CallChanged(event=CallEvent.RECORDING_PAUSED, at=at, call=paused, agent="bob"),
            CallChanged(event=CallEvent.RECORDING_RESUMED, at=later, call=resumed, agent="bob"),
        ],
    )
    with parts.database.reading() as session:
        told = [
            (entry.kind, entry.at)
            for entry in session.scalars(
                select(JournalEntry).where(JournalEntry.call_id == paused.id).order_by(JournalEntry.seq)
            )
        ]
    assert told == [("call.recording_paused", at), ("call.recording_resumed", later)]


def test_a_department_has_a_telephone_or_none(browser_of: BrowserOf, parts: Parts) -> None:
    adam = browser_of("adam")
    form = {"csrf_token": adam.token("/account"), "code": "CARD", "name": "Cardiology", "kind": "clinical"}
    assert adam.client.post("/admin/departments", data={**form, "phone": "010-8888 6666"}).status_code == 302
    with parts.database.reading() as session:
        made = session.scalars(select(Department).where(Department.code == "CARD")).one()
    assert made.phone == "+861088886666"
    path = f"/admin/departments/{made.id}"
    assert "010 8888 6666" in adam.client.get(path).text
    assert adam.client.post(path, data={**form, "is_active": "1", "phone": "no number"}).status_code == 422
    assert adam.client.post(path, data={**form, "is_active": "1", "phone": ""}).status_code == 302
    with parts.database.reading() as session:
        assert session.get_one(Department, made.id).phone is None


def inbound(parts: Parts, **changes: Any) -> CallRecord:
    at = parts.now()
    given: dict[str, Any] = {
        "id": "c9", "linkedid": "c9", "direction": "inbound", "state": CallState.ANSWERED, "number": "+8613800138000",
        "number_signalled": "13800138000", "dialled": "4000", "started_at": at, "queued_at": at, "answered_at": at,
        "queue": "hotline",
    }  # fmt: skip
    return CallRecord(**(given | changes))


def as_dict(record: CallRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in CallRecord.__dataclass_fields__}


def write(parts: Parts, facts: list[Any]) -> None:
    with parts.database.writing() as session:
        record_facts(session, parts.bus, facts, parts.now(), settings=parts.settings)
