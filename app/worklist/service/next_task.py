"""What an agent does next between calls: one thing, taken in hand, out of all that waits for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.bus import Bus
from app.errors import Conflict
from app.followups import service as followups
from app.followups.rules import TaskMode, TaskState
from app.followups.service import TaskFilters
from app.messages import service as messages
from app.missed_callers import service as missed_callers
from app.missed_callers.rules import Shown
from app.missed_callers.service import MissedCaller

_WAITING = (TaskState.DUE, TaskState.NOT_REACHED, TaskState.PLANNED)
# More than an agent looks at and leaves aside in a row.
_LOOKED_AT = 50


class NextKind(StrEnum):
    """What it may be, in the order in which it is worked on."""

    OWN_FOLLOWUP = "own_followup"  # the agent has it in hand
    CALLER = "caller"  # waits to be called back
    MESSAGE = "message"
    FOLLOWUP = "followup"  # theirs, or of the pool they take from


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTask:
    """`id` is the follow-up's, the caller's or the message's; `caller` is there for a caller only."""

    kind: NextKind
    id: int
    caller: MissedCaller | None = None

    @property
    def key(self) -> str:
        """What the desk sends back as `left_aside`."""
        kind = NextKind.FOLLOWUP if self.kind is NextKind.OWN_FOLLOWUP else self.kind
        return f"{kind}:{self.id}"


def take_next(
    session: Session, bus: Bus, viewer: Viewer, *, left_aside: Collection[str], now: datetime
) -> NextTask | None:
    """The next thing for this viewer, in hand from now on; nothing when nothing waits.

    What the agent left aside is passed over. The session is bound to the viewer. Of two agents who ask at once each
    gets another one.
    """
    for found in _own(session, viewer, now), _callers(session, viewer, now), _texts(session, viewer):
        for each in found:
            if each.key not in left_aside and _take(session, bus, viewer, each, now):
                return each
    for each in _followups(session, viewer, now):
        if each.key not in left_aside and _take(session, bus, viewer, each, now):
            return each
    return None


def _own(session: Session, viewer: Viewer, now: datetime) -> list[NextTask]:
    states = (TaskState.IN_PROGRESS,)
    return _tasks(session, viewer, now, TaskFilters(whose="own", states=states, work_until=now), NextKind.OWN_FOLLOWUP)


def _followups(session: Session, viewer: Viewer, now: datetime) -> list[NextTask]:
    filters = TaskFilters(whose="mine", states=_WAITING, work_until=now)
    return _tasks(session, viewer, now, filters, NextKind.FOLLOWUP)


def _tasks(session: Session, viewer: Viewer, now: datetime, filters: TaskFilters, kind: NextKind) -> list[NextTask]:
    # A text or an automatic call goes out by itself.
    by_hand = (TaskMode.PHONE, TaskMode.OTHER)
    rows = followups.list_tasks(session, filters, viewer=viewer, limit=_LOOKED_AT).items
    return [NextTask(kind=kind, id=row.task.id) for row in rows if row.task.mode in by_hand]


def _callers(session: Session, viewer: Viewer, now: datetime) -> list[NextTask]:
    if not viewer.grant(Module.CALLS).can_view:
        return []
    found: list[NextTask] = []
    for shown in (Shown.MINE, Shown.FREE):
        rows = missed_callers.list_callers(session, shown, by=viewer.username, now=now, limit=_LOOKED_AT).items
        longest_first = sorted(rows, key=lambda row: row.request.since)
        # A person outside the agent's scope is somebody else's to call.
        found += [
            NextTask(kind=NextKind.CALLER, id=row.request.id, caller=row) for row in longest_first if row.phone_id
        ]
    return found


def _texts(session: Session, viewer: Viewer) -> list[NextTask]:
    if not viewer.grant(Module.MESSAGES).can_view:
        return []
    return [NextTask(kind=NextKind.MESSAGE, id=message.id) for message in reversed(messages.inbox(session)[1])]


def _take(session: Session, bus: Bus, viewer: Viewer, task: NextTask, now: datetime) -> bool:
    """In hand from now on; false when a colleague was quicker."""
    if task.kind is NextKind.MESSAGE:
        return True
    if task.kind is not NextKind.CALLER:
        return followups.claim(session, bus, task.id, by=viewer.username, now=now)
    try:
        missed_callers.take(session, bus, task.id, by=viewer.username, now=now)
    except Conflict:
        return False
    return True
