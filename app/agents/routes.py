"""The API's live states of the agents, and the order to change one."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from app.accounts.rules import AT_THE_DESK, EVERYONE, OVER_AGENTS
from app.agents import service
from app.agents.rules import AgentState, NotReadyReason
from app.calls.rules import CommandKind
from app.calls.service import order
from app.errors import InvalidInput, NotAllowed
from app.http import allow, parts, reading, signed_in

api = APIBlueprint("agents", __name__, url_prefix="/api/v1/agents", tag="Agents")

_TIME = {"format": "date-time"}


class Agent(Schema):
    id = String(required=True)
    name = String(required=True)
    state = String(required=True, metadata={"enum": [state.value for state in AgentState]})
    reason = String(
        required=True,
        allow_none=True,
        metadata={"description": f"{', '.join(NotReadyReason)}, or a reason of the hospital's own list."},
    )
    since = String(required=True, metadata=_TIME)
    call_id = String(required=True, allow_none=True)
    wrap_up_until = String(required=True, allow_none=True, metadata=_TIME)


class AgentList(Schema):
    items = List(Nested(Agent), required=True)
    next_cursor = String(required=True, allow_none=True)


class AgentPage(Schema):
    limit = Integer(load_default=100, validate=Range(1, 500))
    cursor = String(load_default=None, validate=Length(1, 64))


class StateWish(Schema):
    state = String(required=True, validate=OneOf([AgentState.READY.value, AgentState.NOT_READY.value]))
    reason = String(load_default=None, allow_none=True, validate=Length(1, 40))


@api.get("")
@allow(EVERYONE)
@api.input(AgentPage, location="query", arg_name="page")
@api.output(AgentList)
@api.doc(summary="Live states of all agents")
def list_agents(page: dict[str, Any]) -> dict[str, Any]:
    with reading() as session:
        found = service.list_agents(session, limit=page["limit"] + 1, after=page["cursor"])
    items = found[: page["limit"]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > len(items) else None}


@api.get("/<agent>/state")
@allow(EVERYONE)
@api.output(Agent)
@api.doc(summary="Live state of one agent", responses={404: "No such agent."})
def show_state(agent: str) -> dict[str, Any]:
    with reading() as session:
        return service.agent_view(session, agent)


@api.put("/<agent>/state")
@allow(AT_THE_DESK)
@api.input(StateWish, arg_name="wish")
@api.output(Agent)
@api.doc(
    summary="Make an agent ready or not ready",
    description="Agents for themselves; supervisors and administrators for anyone.",
    responses={404: "No such agent.", 409: "The agent's desk cannot take this now.", 503: "No telephone link."},
)
def set_state(agent: str, wish: dict[str, Any]) -> dict[str, Any]:
    user = signed_in()
    is_own = agent == user.username
    if not is_own and user.role not in OVER_AGENTS:
        raise NotAllowed("You may change your own state only.")
    with reading() as session:
        service.agent_view(session, agent)
        if wish["reason"]:
            service.require_reason(session, wish["reason"])
    kind, args = CommandKind.SET_READY, {}
    if wish["state"] == AgentState.NOT_READY:
        kind = CommandKind.SET_NOT_READY
        args = {"reason": wish["reason"] or (NotReadyReason.OTHER if is_own else NotReadyReason.BY_SUPERVISOR).value}
    elif wish["reason"]:
        raise InvalidInput("A reason belongs to not ready only.", field="reason")
    order(parts(), id=str(uuid.uuid4()), kind=kind, args=args, agent=agent, issued_by=user.username)
    with reading() as session:
        return service.agent_view(session, agent)
