"""The supervisors' floor as far as it concerns people: who waits, who talks, who asks for help, what else is open.

Names are masked for everybody: others read this screen, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.rules.masks import mask_name, mask_number
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.calls.models import Call
from app.calls.rules import CallState
from app.floor.models import Supervision
from app.floor.service.help import open_help
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, AttemptOutcome
from app.journal.service import latest_seq
from app.messages import service as messages
from app.outbound_lists import service as outbound_lists
from app.outbound_lists.rules import ListState
from app.patients.models import Patient
from app.queues.rules import start_of_day
from app.recordings import service as recordings
from app.settings import Settings
from app.teams.service import changes_of_today

# More than these nobody reads on one page; how many there are stands above them.
_MOST_WAITING = 50
_MOST_CALLS = 1000
_MOST_LISTS = 10
# Texts and lists move slowly, and counting them costs more than all calls together.
_OTHER_WORK_EVERY = timedelta(seconds=2)


class FloorPeople:
    """What one kind of viewer sees of people. Other work is kept between two readings. For one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._other: dict[str, Any] = {}
        self._other_at: datetime | None = None

    def read(self, session: Session, now: datetime) -> dict[str, Any]:
        """The `floor` of docs/desk-protocol.md without `n`, in a session that is bound to the viewer."""
        seq = latest_seq(session)
        if self._other_at is None or not timedelta(0) <= now - self._other_at < _OTHER_WORK_EVERY:
            self._other, self._other_at = _other_work(session, now), now
        return {
            "seq": seq,
            **_people(session),
            "supervisions": _supervisions(session),
            "help": open_help(session),
            "servings": changes_of_today(session, start_of_day(now, self._settings.timezone)),
            **self._other,
        }


def _people(session: Session) -> dict[str, Any]:
    """Who waits, the first of them first, and the calls that last, each with its agents."""
    agents: dict[str, list[str]] = {}
    for agent, call_id in session.execute(
        select(AgentStatus.id, AgentStatus.call_id)
        .where(AgentStatus.state == AgentState.TALKING.value, AgentStatus.call_id.is_not(None))
        .order_by(AgentStatus.id)
    ):
        agents.setdefault(call_id or "", []).append(agent)
    stalled = recordings.stalled_calls(session)
    waiting: list[dict[str, Any]] = []
    talks: list[dict[str, Any]] = []
    for row in session.execute(_CALLS):
        shown = _shown(row.match_state, row.name, row.number)
        if row.answered_at is not None:
            talks.append(
                {
                    "id": row.id,
                    "agents": agents.get(row.id, []),
                    "direction": row.direction,
                    "queue": row.queue,
                    "name": shown,
                    "answered_at": _iso(row.answered_at),
                    "is_held": row.held_at is not None,
                    "is_rejoining": row.rejoining_at is not None,
                    "is_recording_stalled": row.id in stalled,
                }
            )
        elif row.state == CallState.RINGING and row.direction == "inbound" and row.queued_at is not None:
            waiting.append({"id": row.id, "queue": row.queue, "since": _iso(row.queued_at), "name": shown})
    return {"waiting": waiting[:_MOST_WAITING], "calls": talks}


_CALLS = (
    select(
        Call.id,
        Call.direction,
        Call.state,
        Call.queue,
        Call.number,
        Call.match_state,
        Call.queued_at,
        Call.answered_at,
        Call.held_at,
        Call.rejoining_at,
        Patient.name,
    )
    .outerjoin(Patient, Patient.id == Call.patient_id)
    # By its state, which has an index: of all the calls of years only these can last.
    .where(
        Call.state.in_((CallState.RINGING.value, CallState.ANSWERED.value)),
        Call.ended_at.is_(None),
        Call.direction != "internal",
    )
    .order_by(Call.queued_at, Call.started_at)
    .limit(_MOST_CALLS)
)


def _supervisions(session: Session) -> list[dict[str, Any]]:
    return [
        {"id": row.id, "supervisor": row.supervisor, "agent": row.agent, "call_id": row.call_id, "mode": row.mode}
        for row in session.scalars(select(Supervision).where(Supervision.ended_at.is_(None)))
    ]


def _shown(match_state: str, name: str | None, number: str) -> str:
    is_known = name and match_state in ("single", "confirmed")
    return mask_name(name or "") if is_known else mask_number(number) if number else ""


def _other_work(session: Session, now: datetime) -> dict[str, Any]:
    overdue = (
        select(func.count())
        .select_from(FollowupTask)
        .where(FollowupTask.state.in_(sorted(OPEN)), FollowupTask.late_at <= now)
    )
    return {
        "texts_waiting": messages.inbox(session)[0],
        "followups_overdue": session.scalar(overdue) or 0,
        "lists": _lists(session),
    }


def _lists(session: Session) -> list[dict[str, Any]]:
    running = outbound_lists.list_lists(session, limit=_MOST_LISTS, state=ListState.RUNNING.value).items
    progress = outbound_lists.progress_of(session, [each.id for each in running])
    return [{"id": each.id, "name": each.name, **_progress(progress[each.id])} for each in running]


def _progress(progress: outbound_lists.Progress) -> dict[str, int]:
    rang = sum(count for outcome, count in progress.outcomes.items() if outcome != AttemptOutcome.NOT_DIALLED)
    return {
        "people": progress.all,
        "left": sum(count for state, count in progress.states.items() if state in OPEN),
        "dialled": rang + progress.living,
        "answered": progress.outcomes.get(AttemptOutcome.ANSWERED.value, 0),
    }


def _iso(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None
