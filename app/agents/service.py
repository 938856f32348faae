"""Agents as others see them, and the desks' orders that are done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.agents.models import AgentStatus, DeskCommand, DeskKeys
from app.agents.rules import CHOSEN_REASONS, AgentRecord, AgentState, NotReadyReason, chosen_keys
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import InvalidInput, NotFound
from app.texts import N_

# A desk repeats an order within seconds, or after a reload; a day is far beyond both.
_REMEMBER_COMMANDS = timedelta(days=1)

# Reasons of ours are no entries of the hospital's list, and "ready" is no reason.
_RESERVED = {*NotReadyReason, AgentState.READY} - set(CHOSEN_REASONS)
REASON_TEXT: Mapping[NotReadyReason, str] = {
    NotReadyReason.BREAK: N_("Break"),
    NotReadyReason.MEAL: N_("Meal"),
    NotReadyReason.TRAINING: N_("Training"),
    NotReadyReason.OTHER: N_("Other"),
    NotReadyReason.SIGNED_IN: N_("Just signed in"),
    NotReadyReason.MISSED_CALL: N_("After a missed call"),
    NotReadyReason.REJECTED_CALL: N_("After a rejected call"),
    NotReadyReason.DESK_LOST: N_("Desk did not answer"),
    NotReadyReason.BY_SUPERVISOR: N_("Set by a supervisor"),
}


def chosen_reasons(session: Session, *, translate: Callable[[str], str] = str) -> dict[str, str]:
    """The reasons that agents choose among, by code and in the order of the list; our own while the list is empty."""
    listed = {each.code: each.name for each in codes.items(session, CodeList.NOT_READY_REASON)}
    offered = {code: name for code, name in listed.items() if code not in _RESERVED}
    return offered or {reason.value: translate(REASON_TEXT[reason]) for reason in CHOSEN_REASONS}


def reason_names(session: Session, *, translate: Callable[[str], str] = str) -> dict[str, str]:
    """The name of each reason that an agent may have, the product's own and those no longer offered included."""
    ours = {reason.value: translate(text) for reason, text in REASON_TEXT.items()}
    listed = {each.code: each.name for each in codes.all_items(session, CodeList.NOT_READY_REASON)}
    return ours | {code: name for code, name in listed.items() if code not in _RESERVED}


def require_reason(session: Session, reason: object) -> str:
    """The reason, when agents may choose it. Raises InvalidInput."""
    if not isinstance(reason, str) or (reason not in set(CHOSEN_REASONS) and reason not in chosen_reasons(session)):
        raise InvalidInput(N_("Choose one of the listed reasons."), field="reason")
    return reason


def keys_of(session: Session, username: str) -> dict[str, str]:
    """The keys of the desk that this agent changed, by action."""
    row = session.get(DeskKeys, username)
    return dict(row.keys) if row else {}


def save_keys(session: Session, username: str, given: Mapping[str, object]) -> dict[str, str]:
    """Keep these keys for the agent, whichever browser they use. Raises InvalidInput. Returns what differs."""
    keys = chosen_keys(given)
    if keys is None:
        raise InvalidInput(N_("Each action has a key of its own, with Ctrl and Shift or another pair, or an F key."))
    session.merge(DeskKeys(username=username, keys=keys))
    session.flush()
    return keys


def list_agents(session: Session, *, limit: int, after: str | None = None) -> list[dict[str, Any]]:
    """The live states of the agents by id, from the one after `after` on."""
    query = (
        select(AgentStatus, User.display_name)
        .outerjoin(User, User.username == AgentStatus.id)
        .where((User.id.is_(None)) | (User.is_active.is_(True)))
        .order_by(AgentStatus.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(AgentStatus.id > after)
    return [_view(status, name) for status, name in session.execute(query)]


def all_records(session: Session) -> list[AgentRecord]:
    """Every agent's stored state: what a new telephony process takes over."""
    return [
        AgentRecord(
            username=row.id,
            state=AgentState(row.state),
            reason=row.reason,
            since=row.since,
            call_id=row.call_id,
            wrap_up_until=row.wrap_up_until,
            wants_ready=row.wants_ready,
            rest_reason=row.rest_reason,
            next_status=row.next_status,
        )
        for row in session.scalars(select(AgentStatus).order_by(AgentStatus.id))
    ]


def agent_view(session: Session, agent: str) -> dict[str, Any]:
    """The live state of one agent. Raises NotFound."""
    row = session.execute(
        select(AgentStatus, User.display_name)
        .outerjoin(User, User.username == AgentStatus.id)
        .where(AgentStatus.id == agent)
    ).one_or_none()
    if row is None:
        raise NotFound("No such agent.")
    return _view(row[0], row[1])


def earlier_result(session: Session, *, id: str, agent: str, kind: str) -> dict[str, Any] | None:
    """The result of this order when it was done before. Raises InvalidInput when the id belongs to another order."""
    found = session.get(DeskCommand, id)
    if found is None:
        return None
    if (found.agent, found.kind) != (agent, kind):
        raise InvalidInput("This command id was used for another command.", field="id")
    return found.result


def remember_result(session: Session, *, id: str, agent: str, kind: str, result: dict[str, Any], now: datetime) -> None:
    """Keep the result in the same transaction as the effect. A second order with this id fails on its key."""
    session.execute(delete(DeskCommand).where(DeskCommand.at < now - _REMEMBER_COMMANDS))
    session.add(DeskCommand(id=id, agent=agent, kind=kind, result=result, at=now))
    session.flush()


def _view(status: AgentStatus, name: str | None) -> dict[str, Any]:
    return {
        "id": status.id,
        "name": name or status.id,
        "state": status.state,
        "reason": status.reason,
        "since": status.since.isoformat(),
        "call_id": status.call_id,
        "wrap_up_until": status.wrap_up_until.isoformat() if status.wrap_up_until else None,
    }
