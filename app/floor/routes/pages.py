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
from app.http import allow, audit, parts, signed_in, writing
from app.patients.routes.labels import language_choices
from app.queues.rules import MOST_PENALTY
from app.teams import service as teams
from app.texts import N_

pages = Blueprint("floor", __name__, url_prefix="/floor", template_folder="../templates")

_MOST_QUEUES, _MOST_AGENTS = 100, 1000
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
        "languages": [{"code": code, "label": label} for code, label in language_choices().items() if code],
        "most_level": MOST_PENALTY + 1,
    }
    return render_template("floor/floor.html", config=config)


@pages.get("/history")
@allow(OVER_AGENTS)
def show_history() -> Response:
    """The half hours of today beside those of a week ago, of the queues in the address or of all."""
    named = frozenset(request.args.getlist("queue")[:_MOST_QUEUES]) or None
    # Of the whole floor, as the board beside it.
    with parts().database.reading() as session:
        return jsonify(service.day_history(session, parts().settings, named, parts().now()))


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
    """A short text to one agent, or to all of a team or of the floor who are at a desk."""
    text, agent = _text("text"), _text("agent") or None
    with writing() as session:
        count = service.send_notice(
            session,
            parts().bus,
            text=text,
            agent=agent,
            team=_number("team"),
            by=signed_in().username,
            now=parts().now(),
        )
    return jsonify({"sent": count})


@pages.post("/help/<id>/seen")
@allow(OVER_AGENTS)
def see_help(id: str) -> Response:
    """Tell an agent who asks for help that somebody has seen it."""
    user, key = signed_in(), parts().settings.secret_key
    with writing() as session:
        service.see_help(session, parts().bus, id, by=user.username, role=user.role.value, key=key, now=parts().now())
    return jsonify({})


@pages.post("/servings")
@allow(OVER_AGENTS)
def change_servings() -> Response:
    """Which queues the named agents serve, with which level, and what they speak; what is not named stays.

    `queues` holds a level by queue, or null where they no longer serve it; `languages` is a list, or missing.
    """
    body = _body()
    with writing() as session:
        changed = teams.change_serving(
            session,
            parts().bus,
            id=_order_id(),
            agents=_names(body.get("agents"), "agents"),
            wanted=_levels(body.get("queues")),
            languages=frozenset(_names(body["languages"], "languages")) if "languages" in body else None,
            by=signed_in().username,
            now=parts().now(),
        )
        for agent in changed:
            audit(session, Action.SETTING, subject=f"agent:{agent}", details={"change": "queues"})
    return jsonify({"changed": changed})


@pages.post("/servings/<id>/undo")
@allow(OVER_AGENTS)
def undo_servings(id: str) -> Response:
    """Take one change of who serves what back."""
    with writing() as session:
        agents = teams.undo_serving(session, parts().bus, id[:36], by=signed_in().username, now=parts().now())
        for agent in agents:
            audit(session, Action.SETTING, subject=f"agent:{agent}", details={"change": "queues", "undone": True})
    return jsonify({"changed": agents})


def _who() -> dict[str, str]:
    user = signed_in()
    return {"by": user.username, "role": user.role.value, "address": request.remote_addr or ""}


def _order_id() -> str:
    """The page's own id of the order: pressed twice, it is done once."""
    try:
        return str(uuid.UUID(_text("id")))
    except ValueError:
        raise InvalidInput(N_("A command carries a UUID as its id."), field="id") from None


def _body() -> Mapping[str, Any]:
    body: Any = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _text(name: str) -> str:
    value = _body().get(name)
    return value if isinstance(value, str) else ""


def _number(name: str) -> int | None:
    value = _body().get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def _names(value: object, field: str) -> list[str]:
    if not isinstance(value, list) or len(value) > _MOST_AGENTS or not all(isinstance(each, str) for each in value):
        raise InvalidInput(N_("A required field is empty."), field=field)
    return sorted({each[:64] for each in value})


def _levels(value: object) -> dict[str, int | None]:
    """Levels count from 1, penalties from 0."""
    given = value if isinstance(value, dict) else {}
    found: dict[str, int | None] = {}
    for queue, level in given.items():
        if level is not None and (not isinstance(level, int) or not 1 <= level <= MOST_PENALTY + 1):
            raise InvalidInput(N_("This number is outside its limits."), field="queues")
        found[str(queue)[:40]] = None if level is None else level - 1
    return found
