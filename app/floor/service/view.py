"""The supervisors' floor as it is now: queues, who waits, who does what, what else is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from app.access.rules.masks import mask_name, mask_number
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.calls.models import Call
from app.calls.rules import CallState
from app.floor.models import Supervision
from app.floor.service.alarms import present_alarms
from app.followups.models import FollowupTask
from app.followups.rules import OPEN
from app.messages import service as messages
from app.outbound_lists import service as outbound_lists
from app.outbound_lists.rules import ListState
from app.patients.models import Patient
from app.queues.rules import start_of_day
from app.queues.service import board, seconds_between
from app.settings import Settings

# More than these nobody reads on one page; how many there are stands above them.
_MOST_WAITING = 50
_MOST_LISTS = 10


def floor_figures(session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    """What concerns nobody's person: queues, agents by state, alarms. In an unbound session, as the board is.

    `as_of` is when telephony last proved to be in step with Asterisk, None when it never did.
    """
    seen = board(session, settings, now)
    speed = _speed(session, settings, now)
    for queue in seen["queues"]:
        offered = queue["offered"]
        queue["asa_seconds"] = speed.get(queue["name"])
        queue["abandon_rate"] = round(queue["abandoned"] / offered, 4) if offered else None
    return {
        "at": now.astimezone(UTC).isoformat(),
        "as_of": seen["as_of"],
        "link": seen["link"],
        "queues": seen["queues"],
        "agents": seen["agent_list"],
        "alarms": present_alarms(session, seen["queues"], now),
    }


def floor_people(session: Session, now: datetime) -> dict[str, Any]:
    """What the session's viewer may see of people: who waits, whose call it is, texts, follow-ups, lists.

    Names are masked for everybody: others read this screen, too.
    """
    calls = _calls(session)
    return {
        "waiting": [_waiting(call, name) for call, name in calls if _is_waiting(call)][:_MOST_WAITING],
        "calls": {call.id: _talk(call, name) for call, name in calls if call.answered_at is not None},
        "supervisions": [
            {"supervisor": row.supervisor, "agent": row.agent, "call_id": row.call_id, "mode": row.mode}
            for row in session.scalars(select(Supervision).where(Supervision.ended_at.is_(None)))
        ],
        "own_calls": _agents_calls(session),
        "texts_waiting": messages.inbox(session)[0],
        "followups_overdue": session.scalar(
            select(func.count())
            .select_from(FollowupTask)
            .where(FollowupTask.state.in_(sorted(OPEN)), FollowupTask.late_at <= now)
        )
        or 0,
        "lists": _lists(session),
    }


def _speed(session: Session, settings: Settings, now: datetime) -> dict[str, int]:
    """The average speed of answer of today by queue, in whole seconds."""
    waited = func.avg(cast(seconds_between(session, Call.queued_at, Call.answered_at), Float))
    rows = session.execute(
        select(Call.queue, waited)
        .where(
            Call.started_at >= start_of_day(now, settings.timezone),
            Call.direction == "inbound",
            Call.queued_at.is_not(None),
            Call.answered_at.is_not(None),
        )
        .group_by(Call.queue)
    )
    return {queue: round(seconds) for queue, seconds in rows if queue is not None and seconds is not None}


def _calls(session: Session) -> list[tuple[Call, str | None]]:
    rows = session.execute(
        select(Call, Patient.name)
        .outerjoin(Patient, Patient.id == Call.patient_id)
        .where(Call.ended_at.is_(None), Call.direction != "internal")
        .order_by(Call.queued_at, Call.started_at)
        .limit(500)
    )
    return [(call, name) for call, name in rows]


def _is_waiting(call: Call) -> bool:
    return call.state == CallState.RINGING and call.direction == "inbound" and call.queued_at is not None


def _waiting(call: Call, name: str | None) -> dict[str, Any]:
    return {"id": call.id, "queue": call.queue, "since": _iso(call.queued_at), "name": _shown(call, name)}


def _talk(call: Call, name: str | None) -> dict[str, Any]:
    return {
        "id": call.id,
        "direction": call.direction,
        "name": _shown(call, name),
        "answered_at": _iso(call.answered_at),
        "is_held": call.held_at is not None,
        "is_rejoining": call.rejoining_at is not None,
    }


def _shown(call: Call, name: str | None) -> str:
    is_known = name and call.match_state in ("single", "confirmed")
    return mask_name(name or "") if is_known else mask_number(call.number) if call.number else ""


def _agents_calls(session: Session) -> dict[str, str]:
    """The call of each agent who talks."""
    rows = session.execute(
        select(AgentStatus.id, AgentStatus.call_id).where(AgentStatus.state == AgentState.TALKING.value)
    )
    return {agent: call_id for agent, call_id in rows if call_id is not None}


def _lists(session: Session) -> list[dict[str, Any]]:
    running = outbound_lists.list_lists(session, limit=_MOST_LISTS, state=ListState.RUNNING.value).items
    progress = outbound_lists.progress_of(session, [each.id for each in running])
    return [
        {"id": each.id, "name": each.name, "open": _still_open(progress[each.id]), "people": progress[each.id].all}
        for each in running
    ]


def _still_open(progress: outbound_lists.Progress) -> int:
    return sum(count for state, count in progress.states.items() if state in OPEN)


def _iso(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None
