"""The supervisors' live page: what it shows, as data, and what can be ordered from it.

The data and the orders are for the page's own script, which asks as htmx does: errors come as problem documents.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf

from app.accounts import service as accounts
from app.accounts.rules import OVER_AGENTS, Role
from app.agents.rules import AgentState, NotReadyReason
from app.audit.rules import Action
from app.calls import service as calls
from app.calls.rules import CommandKind
from app.errors import InvalidInput, NotAllowed, NotFound
from app.floor import service
from app.floor.rules import SupervisionMode
from app.http import allow, audit, parts, reading, signed_in, writing
from app.texts import N_

pages = Blueprint("floor", __name__, url_prefix="/floor", template_folder="../templates")

_WISHES: Mapping[str, CommandKind] = {
    AgentState.READY.value: CommandKind.SET_READY,
    AgentState.NOT_READY.value: CommandKind.SET_NOT_READY,
}


@pages.get("")
@allow(OVER_AGENTS)
def show_floor() -> str:
    config = {
        "locale": str(get_locale()).replace("_", "-"),
        "timezone": parts().settings.timezone.key,
        "csrf_token": generate_csrf(),
        "username": signed_in().username,
    }
    return render_template("floor/floor.html", config=config)


@pages.get("/now")
@allow(OVER_AGENTS)
def show_now() -> Response:
    """Everything that the page shows. Asked for twice a second."""
    now = parts().now()
    with parts().database.reading() as session:
        figures = service.floor_figures(session, parts().settings, now)
    with reading() as session:
        people = service.floor_people(session, now)
    return jsonify(figures | people)


@pages.post("/calls/<call_id>/supervise")
@allow(OVER_AGENTS)
def supervise(call_id: str) -> Response:
    """Listen, whisper or barge: rings the own phone, or changes the mode of what it is in."""
    wished = _text("mode")
    if wished not in set(SupervisionMode):
        raise InvalidInput(N_("A supervisor listens, whispers or speaks to both."), field="mode")
    service.order_supervision(parts(), id=_order_id(), call_id=call_id, mode=SupervisionMode(wished), **_who())
    return jsonify({})


@pages.post("/calls/<call_id>/take-over")
@allow(OVER_AGENTS)
def take_over(call_id: str) -> Response:
    service.order_take_over(parts(), id=_order_id(), call_id=call_id, **_who())
    return jsonify({})


@pages.post("/stop")
@allow(OVER_AGENTS)
def stop() -> Response:
    """Leave whatever call one is in as a supervisor."""
    service.stop_supervision(parts(), id=_order_id(), by=signed_in().username)
    return jsonify({})


@pages.post("/agents/<agent>/state")
@allow(OVER_AGENTS)
def set_state(agent: str) -> Response:
    """Make an agent ready or not ready, as the API does."""
    kind = _WISHES.get(_text("state"))
    if kind is None:
        raise InvalidInput(N_("Choose one of the listed reasons."), field="state")
    args = {"reason": NotReadyReason.BY_SUPERVISOR.value} if kind is CommandKind.SET_NOT_READY else {}
    calls.order(parts(), id=_order_id(), kind=kind, args=args, agent=agent, issued_by=signed_in().username)
    return jsonify({})


@pages.post("/agents/<agent>/sign-out")
@allow(OVER_AGENTS)
def sign_out(agent: str) -> Response:
    """End every sign-in of this person's browsers; the account stays as it is."""
    with writing() as session:
        user = accounts.find_user(session, agent)
        if user is None:
            raise NotFound(N_("No such agent."))
        if user.role == Role.ADMIN and signed_in().role is not Role.ADMIN:
            raise NotAllowed(N_("Your role does not permit this."))
        ended = accounts.end_other_sessions(session, parts().bus, user.id, None, parts().now())
        audit(session, Action.ACCOUNT, subject=f"user:{user.id}", details={"signed_out": ended})
    return jsonify({"ended": ended})


@pages.post("/notices")
@allow(OVER_AGENTS)
def send_notice() -> Response:
    """A short text to one agent, or to all who are at a desk when none is named."""
    text, agent = _text("text"), _text("agent") or None
    with writing() as session:
        count = service.send_notice(
            session, parts().bus, text=text, agent=agent, by=signed_in().username, now=parts().now()
        )
    return jsonify({"sent": count})


def _who() -> dict[str, str]:
    user = signed_in()
    return {"by": user.username, "role": user.role.value, "address": request.remote_addr or ""}


def _order_id() -> str:
    """The page's own id of the order: pressed twice, it is done once."""
    try:
        return str(uuid.UUID(_text("id")))
    except ValueError:
        raise InvalidInput(N_("A command carries a UUID as its id."), field="id") from None


def _text(name: str) -> str:
    body: Any = request.get_json(silent=True)
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""
