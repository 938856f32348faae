"""A connected page, and what happens around it: calls and texts as telephony and the SMS gateway write them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apiflask import APIFlask
from flask_socketio import SocketIOTestClient
from sqlalchemy import update

from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.calls.models import Call
from app.calls.rules import CallState
from app.journal import service as journal
from app.messages import service as messages
from app.parts import Parts
from app.patients import service as patients
from app.web.app import live_of
from tests.waiting import wait_for
from tests.web.browser import Browser


class Page:
    """A connected page: remembers what came, in order."""

    def __init__(self, app: APIFlask, browser: Browser) -> None:
        self.client: SocketIOTestClient = live_of(app).socketio.test_client(app, flask_test_client=browser.client)
        self._messages: list[tuple[str, Any]] = []
        self._whole: dict[str, dict[str, Any]] = {}

    def seen(self, event: str) -> list[Any]:
        for received in self.client.get_received() if self.client.is_connected() else ():
            # The test client unpacks an event named "message", which plain `send` uses, and no other.
            args = received["args"]
            message = args[0] if isinstance(args, list) and args else args
            self._messages.append((received["name"], self._put_together(received["name"], message)))
        return [message for name, message in self._messages if name == event]

    def _put_together(self, event: str, message: Any) -> Any:
        """What the page shows after this message: of a board or floor that goes on, the rows of before with the new."""
        if event in ("board", "floor"):
            message = put_together(self._whole.get(event), message)
            self._whole[event] = message
        return message

    def last(self, event: str, when: Callable[[Any], bool] = lambda message: True, seconds: float = 15.0) -> Any:
        return wait_for(
            lambda: next((message for message in reversed(self.seen(event)) if when(message)), None),
            seconds=seconds,
            what=f"a {event}",
        )

    def order(self, kind: str, id: str | None = None, **args: Any) -> dict[str, Any]:
        command = {"id": id or str(uuid.uuid4()), "kind": kind, "args": args}
        answer = self.client.emit("command", command, callback=True)
        assert isinstance(answer, dict)
        return answer


def put_together(shown: dict[str, Any] | None, message: dict[str, Any]) -> dict[str, Any]:
    """As docs/desk-protocol.md describes it: a message with `changes` is applied to what was shown before."""
    if "changes" not in message:
        return message
    assert shown is not None, "changes came before anything that they change"
    whole = {**shown, **{name: part for name, part in message.items() if name != "changes"}}
    for name, change in message["changes"].items():
        rows = {row["id"]: row for row in shown[name]} | {row["id"]: row for row in change["set"]}
        whole[name] = [row for id, row in rows.items() if id not in change["gone"]]
    return whole


PageOf = Callable[[str], Page]


def ring(parts: Parts, agent: str, number: str = "+8613800138000", **changes: Any) -> str:
    """A call from this number rings at the agent, as telephony would write it."""
    now, call_id = parts.now(), str(uuid.uuid4())
    call = {
        "id": call_id, "linkedid": call_id, "direction": "inbound", "state": CallState.RINGING.value, "number": number,
        "number_signalled": number, "dialled": "4000", "queue": "hotline", "agent": agent, "match_state": "none",
        "started_at": now, "queued_at": now - timedelta(seconds=7), "offered_at": now,
    }  # fmt: skip
    with parts.database.writing() as session:
        session.add(Call(**(call | changes)))
        session.flush()
        session.execute(
            update(AgentStatus)
            .where(AgentStatus.id == agent)
            .values(state=AgentState.RINGING.value, since=now, call_id=call_id)
        )
        entry = journal.Entry(kind="call.offered", at=now, call_id=call_id, agent=agent)
        journal.append(session, parts.bus, [entry])
    return call_id


def add_patient(parts: Parts, name: str, number: str) -> int:
    data = patients.PatientData(name=name, phones=(patients.PhoneData(number=number),))
    with parts.database.writing() as session:
        made = patients.create_patient(session, parts.bus, data, settings=parts.settings, by="alice", now=parts.now())
        return made.id


def receive(parts: Parts, number: str, text: str) -> int:
    with parts.database.writing() as session:
        message = messages.receive_message(
            session, parts.bus, settings=parts.settings, number=number, service_number="1069", text=text,
            now=parts.now(),
        )  # fmt: skip
        return message.id
