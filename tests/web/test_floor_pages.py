"""The supervisors' live page: what it shows, what it orders, who may, and what stands in the audit log."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app import bus as bus_topics
from app.access.models import RoleGrant
from app.access.rules import Module
from app.agents.models import AgentStatus
from app.audit.models import AuditEvent
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import CommandKind
from app.configuration import service as configuration
from app.configuration.rules import ALARM_NUMBER, ALARM_WAITING, TELL_AGENTS
from app.floor import tasks
from app.floor.rules import SupervisionChanged, SupervisionMode, SupervisionRecord
from app.floor.service import record_supervisions
from app.messages.models import Message
from app.parts import Parts
from app.queues.models import TelephonyLink
from tests.web.browser import Browser
from tests.web.live_page import PageOf, add_patient, ring


class Telephony:
    """Does every order at once, and remembers it."""

    def __init__(self, parts: Parts) -> None:
        self.done: list[tuple[str, str, dict[str, Any]]] = []
        self.refusal: str | None = None
        self._parts = parts
        self._lock = threading.Lock()
        parts.bus.subscribe(bus_topics.COMMANDS, self._take)

    def _take(self, hint: dict[str, Any]) -> None:
        with self._lock, self._parts.database.writing() as session:
            command = calls.claim_command(session, hint["id"], self._parts.now())
            assert command is not None
            self.done.append((command.agent, command.kind, command.args))
            calls.finish_command(session, command.id, error=self.refusal, now=self._parts.now())


@pytest.fixture
def telephony(parts: Parts) -> Iterator[Telephony]:
    yield Telephony(parts)


@pytest.fixture
def alice(app: APIFlask) -> Browser:
    browser = Browser(app)
    browser.sign_in("alice")
    return browser


def talk(parts: Parts, agent: str = "bob", **changes: Any) -> str:
    """A patient talks with this agent."""
    call_id = ring(parts, agent, state="answered", answered_at=parts.now(), **changes)
    with parts.database.writing() as session:
        session.execute(update(AgentStatus).where(AgentStatus.id == agent).values(state="talking"))
    return call_id


def give(browser: Browser, path: str, **body: Any) -> Any:
    return browser.send_json("POST", f"/floor/{path}", {"id": str(uuid.uuid4()), **body})


def supervision(parts: Parts, call_id: str, mode: SupervisionMode, *, ended: bool = False) -> None:
    """What telephony tells of alice in bob's call."""
    now = parts.now()
    record = SupervisionRecord(
        id="00000000-0000-4000-8000-000000000001", supervisor="alice", agent="bob", call_id=call_id, mode=mode,
        ordered_at=now, began_at=now, ended_at=now + timedelta(seconds=30) if ended else None,
    )  # fmt: skip
    with parts.database.writing() as session:
        record_supervisions(
            session, parts.bus, [SupervisionChanged(at=now, record=record)], key=parts.settings.secret_key
        )


def audited(parts: Parts) -> list[AuditEvent]:
    with parts.database.reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == "supervise").order_by(AuditEvent.id)))


def test_the_page_opens_for_a_supervisor(alice: Browser) -> None:
    page = alice.client.get("/floor")
    assert page.status_code == 200
    assert 'id="floor-config"' in page.text


def test_the_floor_shows_callers_and_talks_with_masked_names(alice: Browser, parts: Parts) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    call_id = talk(parts, patient_id=patient_id, match_state="single")
    waits = ring(parts, "carol", patient_id=patient_id, match_state="confirmed", offered_at=None)
    stranger = ring(parts, "carol", number="+8613912345678", offered_at=None)
    supervision(parts, call_id, SupervisionMode.LISTEN)
    now = alice.client.get("/floor/now").json
    assert now["calls"][call_id]["name"] == "王*明"
    assert now["own_calls"] == {"bob": call_id}
    assert {each["id"]: each["name"] for each in now["waiting"]} == {waits: "王*明", stranger: "139****5678"}
    (queue,) = now["queues"]
    assert (queue["waiting"], queue["answered"], queue["abandon_rate"], queue["asa_seconds"]) == (2, 1, 0.0, 7)
    assert [each["supervisor"] for each in now["supervisions"]] == ["alice"]
    assert "王小明" not in json.dumps(now, ensure_ascii=False)


def test_listening_is_ordered_for_the_supervisors_own_phone_and_audited(
    alice: Browser, parts: Parts, telephony: Telephony
) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    call_id = talk(parts, patient_id=patient_id, match_state="single")
    assert give(alice, f"calls/{call_id}/supervise", mode="whisper").status_code == 200
    assert telephony.done == [("alice", CommandKind.SUPERVISE, {"call_id": call_id, "mode": "whisper"})]
    supervision(parts, call_id, SupervisionMode.WHISPER, ended=True)
    ordered, ended = audited(parts)
    assert (ordered.actor, ordered.role, ordered.patient_id, ordered.subject) == (
        "alice",
        "supervisor",
        patient_id,
        f"call:{call_id}",
    )
    assert json.loads(ordered.details) == {"order": "supervise", "mode": "whisper", "agent": "bob"}
    told = json.loads(ended.details)
    assert (ended.patient_id, told["agent"], told["mode"]) == (patient_id, "bob", "whisper")
    assert told["from"] < told["until"]


def test_a_take_over_is_ordered_and_audited(alice: Browser, parts: Parts, telephony: Telephony) -> None:
    call_id = talk(parts)
    assert give(alice, f"calls/{call_id}/take-over").status_code == 200
    assert give(alice, "stop").status_code == 200
    assert telephony.done == [
        ("alice", CommandKind.TAKE_OVER, {"call_id": call_id}),
        ("alice", CommandKind.STOP_SUPERVISING, {}),
    ]
    assert [json.loads(each.details)["order"] for each in audited(parts)] == ["take_over"]


def test_a_refusal_is_told_in_words(alice: Browser, parts: Parts, telephony: Telephony) -> None:
    call_id = talk(parts)
    telephony.refusal = "Finish the present call first."
    refused = give(alice, f"calls/{call_id}/supervise", mode="listen")
    assert (refused.status_code, telephony.done[0][0]) == (409, "alice")
    assert give(alice, f"calls/{call_id}/supervise", mode="shout").status_code == 422
    assert give(alice, "calls/nothing/supervise", mode="listen").status_code == 404
    assert alice.send_json("POST", f"/floor/calls/{call_id}/supervise", {"mode": "listen"}).status_code == 422


def test_an_ended_call_is_not_ordered(alice: Browser, parts: Parts, telephony: Telephony) -> None:
    call_id = talk(parts, ended_at=parts.now())
    assert give(alice, f"calls/{call_id}/supervise", mode="listen").status_code == 409
    assert telephony.done == []


def test_an_agent_cannot_listen_to_anybody(app: APIFlask, parts: Parts, telephony: Telephony) -> None:
    call_id = talk(parts, "carol")
    bob = Browser(app)
    bob.sign_in("bob")
    assert give(bob, f"calls/{call_id}/supervise", mode="listen").status_code == 403
    assert bob.client.get("/floor/now").status_code == 403
    assert (telephony.done, audited(parts)) == ([], [])


def test_a_supervisor_hears_and_sees_nobody_outside_the_own_scope(
    alice: Browser, parts: Parts, telephony: Telephony
) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    call_id = talk(parts, patient_id=patient_id, match_state="single")
    with parts.database.writing() as session:
        session.add_all([RoleGrant(role="supervisor", module=module.value, reach="own") for module in Module])
    assert give(alice, f"calls/{call_id}/supervise", mode="listen").status_code == 404
    assert give(alice, f"calls/{call_id}/take-over").status_code == 404
    now = alice.client.get("/floor/now").json
    assert (now["calls"], telephony.done, audited(parts)) == ({}, [], [])
    assert [agent["state"] for agent in now["agents"] if agent["id"] == "bob"] == ["talking"]


def test_an_agent_is_told_who_is_in_the_call_as_the_hospital_wants_it(parts: Parts, page_of: PageOf) -> None:
    call_id = talk(parts)
    supervision(parts, call_id, SupervisionMode.LISTEN)
    page = page_of("bob")
    assert page.last("desk")["supervision"] == "listen"
    with parts.database.writing() as session:
        configuration.set_value(session, TELL_AGENTS, False, by="adam", now=parts.now())
    supervision(parts, call_id, SupervisionMode.LISTEN)
    assert page.last("desk", lambda desk: desk["supervision"] is None)
    supervision(parts, call_id, SupervisionMode.BARGE)
    assert page.last("desk", lambda desk: desk["supervision"] == "barge")
    supervision(parts, call_id, SupervisionMode.BARGE, ended=True)
    assert page.last("desk", lambda desk: desk["supervision"] is None)


def test_a_message_stands_on_the_desk_until_it_is_read(alice: Browser, parts: Parts, page_of: PageOf) -> None:
    page = page_of("bob")
    page.last("desk")
    assert give(alice, "notices", text="  Please   wrap up.\n", agent="bob").json == {"sent": 1}
    (notice,) = page.last("desk", lambda desk: desk["notices"])["notices"]
    assert (notice["from"], notice["text"]) == ("Alice", "Please wrap up.")
    assert page_of("carol").order("read_notice", notice_id=notice["id"])["ok"] is True
    assert page.order("read_notice", notice_id=notice["id"])["ok"] is True
    assert page.last("desk", lambda desk: desk["notices"] == [])


def test_a_message_to_all_reaches_those_at_a_desk(alice: Browser, parts: Parts) -> None:
    assert give(alice, "notices", text="Hello").status_code == 422
    with parts.database.writing() as session:
        session.execute(update(AgentStatus).where(AgentStatus.id.in_(["bob", "alice"])).values(state="ready"))
    assert give(alice, "notices", text="Hello").json == {"sent": 1}
    assert give(alice, "notices", text="Hello", agent="nobody").status_code == 404
    assert give(alice, "notices", text="x" * 301, agent="bob").status_code == 422


def test_an_agent_is_made_not_ready_and_signed_out(app: APIFlask, alice: Browser, telephony: Telephony) -> None:
    bob = Browser(app)
    bob.sign_in("bob")
    assert give(alice, "agents/bob/state", state="not_ready").status_code == 200
    assert telephony.done == [("bob", CommandKind.SET_NOT_READY, {"reason": "by_supervisor"})]
    assert give(alice, "agents/bob/sign-out").json == {"ended": 1}
    assert bob.client.get("/desk").status_code == 302
    assert give(alice, "agents/adam/sign-out").status_code == 403
    assert give(alice, "agents/nobody/sign-out").status_code == 404


def test_an_alarm_is_shown_and_texted_once_an_hour(alice: Browser, parts: Parts) -> None:
    with parts.database.writing() as session:
        session.add(TelephonyLink(id=1, state="up", since=parts.now(), as_of=parts.now()))
        configuration.set_value(session, ALARM_WAITING, 1, by="adam", now=parts.now())
        configuration.set_value(session, ALARM_NUMBER, "13900139000", by="adam", now=parts.now())
    for number in ("+8613800138000", "+8613800138001"):
        ring(parts, "carol", number=number, offered_at=None)
    (alarm,) = alice.client.get("/floor/now").json["alarms"]
    assert (alarm["kind"], alarm["value"], alarm["limit"]) == ("waiting", 2, 1)
    assert [tasks.tell_alarms(parts) for _ in range(3)] == [1, 0, 0]
    with parts.database.reading() as session:
        (message,) = session.scalars(select(Message))
        assert session.scalar(select(Call.id).limit(1)) is not None
    assert (message.kind, message.origin, message.number) == ("staff", "alarm", "+8613900139000")
