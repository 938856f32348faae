"""The supervisors' live page: what it shows, what it orders, who may, and what stands in the audit log."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app import bus as bus_topics
from app.access.models import RoleGrant
from app.access.rules import Module
from app.accounts.models import User
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
from app.journal import service as journal
from app.journal.models import JournalEntry
from app.messages.models import Message
from app.organisation import service as organisation
from app.organisation.rules import DepartmentKind
from app.parts import Parts
from app.queues import service as queues
from app.queues.models import Queue, TelephonyLink
from app.recordings import service as recordings
from app.teams import service as teams
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


def post(browser: Browser, path: str, **fields: Any) -> Any:
    return browser.client.post(path, data={"csrf_token": browser.token("/wallboard"), **fields})


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


def look(page_of: PageOf) -> tuple[dict[str, Any], dict[str, Any]]:
    """The board and the floor as alice sees them now."""
    page = page_of("alice")
    page.client.emit("watch_floor", {})
    floor = page.last("floor")
    return page.last("board", lambda board: board["n"] == floor["n"]), floor


def test_the_floor_shows_callers_and_talks_with_masked_names(parts: Parts, page_of: PageOf) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    call_id = talk(parts, patient_id=patient_id, match_state="single")
    waits = ring(parts, "carol", patient_id=patient_id, match_state="confirmed", offered_at=None)
    stranger = ring(parts, "carol", number="+8613912345678", offered_at=None)
    supervision(parts, call_id, SupervisionMode.LISTEN)
    board, floor = look(page_of)
    assert [(each["id"], each["name"], each["agents"]) for each in floor["calls"]] == [(call_id, "王*明", ["bob"])]
    assert {each["id"]: each["name"] for each in floor["waiting"]} == {waits: "王*明", stranger: "139****5678"}
    (queue,) = board["queues"]
    figures = (queue["waiting"], queue["answered"], queue["abandon_rate"], queue["average_answer_seconds"])
    assert figures == (2, 1, 0.0, 7)
    assert [each["supervisor"] for each in floor["supervisions"]] == ["alice"]
    assert "王小明" not in json.dumps([board, floor], ensure_ascii=False)


def on_desk(is_stalled: bool) -> Callable[[dict[str, Any]], bool]:
    return lambda desk: desk["call"]["is_recording_stalled"] is is_stalled


def on_floor(stalled: list[str]) -> Callable[[dict[str, Any]], bool]:
    return lambda floor: [each["id"] for each in floor["calls"] if each["is_recording_stalled"]] == stalled


def test_a_call_that_is_not_being_recorded_is_told_to_its_agent_and_the_floor_until_it_goes_on(
    parts: Parts, page_of: PageOf
) -> None:
    talk(parts, "carol", number="+8613912345678")
    call_id = talk(parts)
    bob, carol, alice = page_of("bob"), page_of("carol"), page_of("alice")
    alice.client.emit("watch_floor", {})
    bob.last("desk", on_desk(False))
    for stalled in ([call_id], []):
        with parts.database.writing() as session:
            recordings.tell_stalled(session, parts.bus, stalled, parts.now())
        bob.last("desk", on_desk(bool(stalled)))
        assert len(alice.last("floor", on_floor(stalled))["calls"]) == 2
    assert all(desk["call"]["is_recording_stalled"] is False for desk in carol.seen("desk"))


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
    assert bob.client.get("/floor/history").status_code == 403
    assert (telephony.done, audited(parts)) == ([], [])


def test_a_supervisor_hears_and_sees_nobody_outside_the_own_scope(
    alice: Browser, parts: Parts, telephony: Telephony, page_of: PageOf
) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    call_id = talk(parts, patient_id=patient_id, match_state="single")
    assert page_of("bob").order("ask_help", call_id=call_id)["ok"] is True
    with parts.database.writing() as session:
        session.add_all([RoleGrant(role="supervisor", module=module.value, reach="own") for module in Module])
    assert give(alice, f"calls/{call_id}/supervise", mode="listen").status_code == 404
    assert give(alice, f"calls/{call_id}/take-over").status_code == 404
    board, floor = look(page_of)
    assert (floor["calls"], floor["help"], telephony.done, audited(parts)) == ([], [], [], [])
    assert [agent["state"] for agent in board["agent_list"] if agent["id"] == "bob"] == ["talking"]


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


def test_an_alarm_is_shown_and_texted_once_an_hour(parts: Parts, page_of: PageOf) -> None:
    with parts.database.writing() as session:
        session.add(TelephonyLink(id=1, state="up", since=parts.now(), as_of=parts.now()))
        configuration.set_value(session, ALARM_WAITING, 1, by="adam", now=parts.now())
        configuration.set_value(session, ALARM_NUMBER, "13900139000", by="adam", now=parts.now())
    for number in ("+8613800138000", "+8613800138001"):
        ring(parts, "carol", number=number, offered_at=None)
    (alarm,) = look(page_of)[0]["alarms"]
    assert (alarm["kind"], alarm["value"], alarm["limit"]) == ("waiting", 2, 1)
    assert [tasks.tell_alarms(parts) for _ in range(3)] == [1, 0, 0]
    with parts.database.reading() as session:
        (message,) = session.scalars(select(Message))
        assert session.scalar(select(Call.id).limit(1)) is not None
    assert (message.kind, message.origin, message.number) == ("staff", "alarm", "+8613900139000")


def test_an_agent_asks_for_help_and_sees_that_it_was_seen(
    alice: Browser, parts: Parts, telephony: Telephony, page_of: PageOf
) -> None:
    call_id = talk(parts)
    bob = page_of("bob")
    id = str(uuid.uuid4())
    assert bob.order("ask_help", id, call_id=call_id)["ok"] is True
    assert bob.order("ask_help", id, call_id=call_id)["ok"] is True
    assert bob.order("ask_help", call_id=call_id)["ok"] is True
    asked = bob.last("desk", lambda desk: desk["help"])["help"]
    assert (asked["id"], asked["seen_by"]) == (id, None)
    (shown,) = look(page_of)[1]["help"]
    assert (shown["agent"], shown["call_id"], shown["asked_at"]) == ("bob", call_id, asked["asked_at"])

    assert give(alice, f"help/{id}/seen").status_code == 200
    assert give(alice, f"help/{id}/seen").status_code == 200
    assert bob.last("desk", lambda desk: desk["help"] and desk["help"]["seen_at"])["help"]["seen_by"] == "Alice"
    assert bob.order("withdraw_help")["ok"] is True
    assert bob.order("withdraw_help")["ok"] is True
    assert bob.last("desk", lambda desk: desk["help"] is None)
    assert give(alice, f"help/{uuid.uuid4()}/seen").status_code == 404
    with parts.database.reading() as session:
        kinds = list(session.scalars(select(JournalEntry.kind).where(JournalEntry.kind.startswith("help."))))
        events = session.execute(select(AuditEvent.actor, AuditEvent.details).where(AuditEvent.action == "help"))
        told = [(actor, json.loads(details)["help"]) for actor, details in events]
    assert kinds == ["help.asked", "help.seen", "help.withdrawn"]
    assert told == [("bob", "asked"), ("alice", "seen"), ("bob", "withdrawn")]


def test_whoever_goes_into_the_call_has_seen_that_help_is_asked_for(
    alice: Browser, parts: Parts, telephony: Telephony, page_of: PageOf
) -> None:
    call_id = talk(parts)
    bob = page_of("bob")
    assert bob.order("ask_help", call_id=call_id)["ok"] is True
    assert give(alice, f"calls/{call_id}/supervise", mode="whisper").status_code == 200
    assert bob.last("desk", lambda desk: desk["help"] and desk["help"]["seen_at"])["help"]["seen_by"] == "Alice"


def test_a_request_for_help_ends_with_the_talk(parts: Parts, page_of: PageOf) -> None:
    call_id = talk(parts)
    bob = page_of("bob")
    assert bob.order("ask_help", call_id=call_id)["ok"] is True
    with parts.database.writing() as session:
        session.execute(update(AgentStatus).where(AgentStatus.id == "bob").values(state="wrap_up"))
        journal.append(session, parts.bus, [journal.Entry(kind="agent.changed", at=parts.now(), agent="bob")])
    assert look(page_of)[1]["help"] == []
    assert bob.last("desk", lambda desk: desk["agent"]["state"] == "wrap_up")["help"] is None
    assert bob.order("ask_help", call_id=call_id)["code"] == "conflict"
    assert page_of("carol").order("ask_help", call_id=call_id)["code"] == "conflict"


def test_a_message_to_a_team_reaches_its_agents_at_their_desks(alice: Browser, parts: Parts) -> None:
    with parts.database.writing() as session:
        early = teams.add_team(
            session, parts.bus, teams.TeamData(name="Early", leader="bob", members=["bob", "carol"]), parts.now()
        )
        session.execute(update(AgentStatus).where(AgentStatus.id.in_(["bob", "adam"])).values(state="ready"))
        team_id = early.id
    assert give(alice, "notices", text="Hello", team=team_id).json == {"sent": 1}
    assert give(alice, "notices", text="Hello", team=team_id + 1).status_code == 422


def test_queues_are_changed_for_several_agents_and_taken_back(alice: Browser, parts: Parts, page_of: PageOf) -> None:
    with parts.database.writing() as session:
        session.add(Queue(name="checkup", label="Check-up", service_level_seconds=30, service_level_target=0.8))
    changed = give(alice, "servings", agents=["bob", "carol"], queues={"checkup": 2})
    assert changed.json == {"changed": ["bob", "carol"]}
    spoken = give(alice, "servings", agents=["bob"], queues={"hotline": None}, languages=["en", "yue"])
    assert spoken.json == {"changed": ["bob"]}
    board, floor = look(page_of)
    (bob,) = [agent for agent in board["agent_list"] if agent["id"] == "bob"]
    assert (bob["queues"], bob["languages"]) == ({"checkup": 1}, ["en", "yue"])
    latest, first = floor["servings"]
    assert (latest["agents"], first["agents"], first["by"]) == (["bob"], ["bob", "carol"], "alice")
    assert give(alice, f"servings/{first['id']}/undo").status_code == 409
    assert give(alice, f"servings/{latest['id']}/undo").json == {"changed": ["bob"]}
    assert give(alice, f"servings/{latest['id']}/undo").status_code == 409
    assert give(alice, f"servings/{first['id']}/undo").json == {"changed": ["bob", "carol"]}
    with parts.database.reading() as session:
        assert queues.memberships(session) == {}
        events = session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "setting"))
        assert sorted(events) == ["agent:bob"] * 4 + ["agent:carol"] * 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"agents": [], "queues": {"hotline": 1}}, 422),
        ({"agents": ["bob"], "queues": {"hotline": None}}, 422),
        ({"agents": ["bob"], "queues": {"hotline": 9}}, 422),
        ({"agents": ["bob"], "queues": {"hotline": "1"}}, 422),
        ({"agents": ["bob"], "queues": {"nothing": 1}}, 404),
        ({"agents": ["dora"], "queues": {"hotline": 1}}, 404),
        ({"agents": "bob", "queues": {}}, 422),
        ({"agents": ["bob"], "queues": {}, "languages": ["xx"]}, 422),
        ({"agents": [{"a": 1}], "queues": []}, 422),
    ],
)
def test_an_order_that_makes_no_sense_changes_no_queue(
    alice: Browser, parts: Parts, body: dict[str, Any], status: int
) -> None:
    assert give(alice, "servings", **body).status_code == status
    with parts.database.reading() as session:
        assert queues.memberships(session) == {}


def test_the_board_says_which_team_and_site_an_agent_belongs_to(parts: Parts, page_of: PageOf) -> None:
    with parts.database.writing() as session:
        west = organisation.create_department(session, code="W", name="West", kind=DepartmentKind.SITE, now=parts.now())
        centre = organisation.create_department(
            session, code="W1", name="Centre", kind=DepartmentKind.SERVICE_CENTRE, now=parts.now(), parent_id=west.id
        )
        session.execute(update(User).where(User.username == "bob").values(department_id=centre.id))
        early = teams.add_team(
            session, parts.bus, teams.TeamData(name="Early", leader=None, members=["carol", "nobody"]), parts.now()
        )
        site, team = west.id, early.id
    board, _floor = look(page_of)
    places = {agent["id"]: (agent["team"], agent["site"]) for agent in board["agent_list"]}
    assert (places["bob"], places["carol"]) == ((None, site), (team, None))
    assert [(each["id"], each["name"]) for each in board["sites"] + board["teams"]] == [(site, "West"), (team, "Early")]


def test_only_supervisors_may_watch_the_floor(page_of: PageOf) -> None:
    bob = page_of("bob")
    bob.client.emit("watch_floor", {})
    bob.client.emit("snapshot", {"stream": "floor"})
    bob.last("board", lambda board: board["n"] > 2)
    assert bob.seen("floor") == []


@pytest.mark.parametrize(("locale", "word"), [("zh_Hant", "等候"), ("en", "wait"), (None, "等待")])
def test_an_alarm_is_written_in_the_language_of_whose_number_it_is(
    parts: Parts, people: None, locale: str | None, word: str
) -> None:
    with parts.database.writing() as session:
        session.add(TelephonyLink(id=1, state="up", since=parts.now(), as_of=parts.now()))
        session.execute(update(User).where(User.username == "alice").values(mobile="+8613900139000", locale=locale))
        configuration.set_value(session, ALARM_WAITING, 1, by="adam", now=parts.now())
        configuration.set_value(session, ALARM_NUMBER, "13900139000", by="adam", now=parts.now())
    for number in ("+8613800138000", "+8613800138001"):
        ring(parts, "carol", number=number, offered_at=None)
    assert tasks.tell_alarms(parts) == 1
    with parts.database.reading() as session:
        assert word in session.scalars(select(Message.text)).one()


def test_teams_are_made_changed_and_removed(alice: Browser, parts: Parts) -> None:
    made = post(alice, "/floor/teams/new", name=" Early  shift ", leader="alice", member=["bob", "carol"])
    assert made.status_code == 303
    with parts.database.reading() as session:
        (team,) = teams.list_teams(session)
        assert (team.name, teams.members_of(session, team.id)) == ("Early shift", ["bob", "carol"])
    again = post(alice, "/floor/teams/new", name="Early shift", leader="", member=["bob"])
    assert (again.status_code, "There is a team of this name." in again.text) == (422, True)
    assert post(alice, "/floor/teams/new", name="", member=[]).status_code == 422
    path = f"/floor/teams/{team.id}"
    assert "Early shift" in alice.client.get("/floor/teams").text
    assert post(alice, path, name="Late", leader="", member=["carol"], row_version="1").status_code == 303
    assert post(alice, path, name="Later", leader="", member=[], row_version="1").status_code == 422
    assert post(alice, f"{path}/remove").status_code == 303
    assert alice.client.get(path).status_code == 404
    with parts.database.reading() as session:
        assert teams.list_teams(session) == []


def test_the_day_so_far_is_told_by_half_hours(alice: Browser, parts: Parts) -> None:
    talk(parts)
    told = alice.client.get("/floor/history?queue=hotline&queue=nothing").json
    assert sum(step["offered"] for step in told["today"]) == 1
    assert len(told["starts"]) == len(told["week_before"]) == 48
    assert sum(step["offered"] for step in alice.client.get("/floor/history?queue=nothing").json["today"]) == 0
