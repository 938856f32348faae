"""What a queue knows of its callers and agents: who talked with whom, who serves it now, how long a call takes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.calls.models import Call, Leg
from app.calls.rules import CallState
from app.kept_places.models import KeptPlace
from app.patients.models import Patient
from app.queues.models import Queue
from app.queues.rules import MAIN_QUEUE
from app.queues.service.managing import memberships

_WHOLE = {UNSCOPED: True}
_AT_WORK = (AgentState.READY, AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP)
# How long calls took an hour ago says nothing about a morning's rush; fewer than these say nothing at all.
_RECENT = timedelta(hours=2)
_MOST, _FEWEST = 30, 3


def agent_who_knows(session: Session, linkedid: str, queue: str, *, now: datetime) -> str | None:
    """Who is rung first for this caller: whoever talked with them last within the queue's days, else whoever is
    responsible for them; nobody when that agent is not ready or does not serve the queue, or it is not one person's
    number. Nor when somebody waits for one of the agent's queues already: nobody is passed for it.
    """
    days = session.scalar(select(Queue.known_days).where(Queue.name == queue))
    patient_id = session.scalar(
        select(Call.patient_id).where(Call.linkedid == linkedid, Call.match_state == "single"), execution_options=_WHOLE
    )
    if days is None or patient_id is None:
        return None
    last = session.scalar(
        select(Leg.agent)
        .join(Call, Call.id == Leg.call_id)
        .where(
            Call.patient_id == patient_id, Call.started_at > now - timedelta(days=days), Leg.answered_at.is_not(None)
        )
        .order_by(Leg.answered_at.desc())
        .limit(1),
        execution_options=_WHOLE,
    )
    agent = last or session.scalar(select(Patient.owner).where(Patient.id == patient_id), execution_options=_WHOLE)
    served = memberships(session).get(agent or "", {MAIN_QUEUE: 0})
    if agent is None or queue not in served or _is_somebody_waiting(session, list(served)):
        return None
    is_ready = select(AgentStatus.id).where(AgentStatus.id == agent, AgentStatus.state == AgentState.READY)
    return session.scalar(is_ready)


def _is_somebody_waiting(session: Session, served: list[str]) -> bool:
    on_the_line = exists().where(
        Call.ended_at.is_(None), Call.state == CallState.RINGING, Call.queue.in_(served), Call.agent.is_(None)
    )
    keeps_a_place = exists().where(KeptPlace.ended_at.is_(None), KeptPlace.queue.in_(served))
    return bool(session.scalar(select(or_(on_the_line, keeps_a_place)), execution_options=_WHOLE))


def serving(session: Session) -> dict[str, int]:
    """How many agents who are ready, in a call or after one serve each queue now."""
    served = memberships(session)
    counts = dict.fromkeys(session.scalars(select(Queue.name)), 0)
    for name in session.scalars(select(AgentStatus.id).where(AgentStatus.state.in_(_AT_WORK))):
        for queue in served.get(name, {MAIN_QUEUE: 0}):
            counts[queue] = counts.get(queue, 0) + 1
    return counts


def handle_seconds(session: Session, queue: str, now: datetime) -> float | None:
    """What a call of this queue has taken lately from its answer to the end of its wrap-up; nothing when few were."""
    ended = func.coalesce(Call.wrapped_up_at, Call.ended_at)
    rows = session.execute(
        select(Call.answered_at, ended)
        .where(
            Call.queue == queue,
            Call.started_at > now - _RECENT,
            Call.answered_at.is_not(None),
            Call.ended_at.is_not(None),
        )
        .order_by(Call.started_at.desc())
        .limit(_MOST),
        execution_options=_WHOLE,
    ).all()
    times = [(end - answered).total_seconds() for answered, end in rows if answered is not None and end is not None]
    return sum(times) / len(times) if len(times) >= _FEWEST else None
