"""Workload of follow-up staff by person and day (N-66)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import AttemptOutcome, TaskState
from app.messages.models import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDay:
    """What one person did on one day of the hospital's calendar."""

    username: str
    day: date
    done: int = 0
    calls: int = 0
    talk_seconds: int = 0
    texts: int = 0


def workload(session: Session, first: date, last: date, zone: ZoneInfo) -> list[PersonDay]:
    """By person and day, newest day first: tasks closed, calls made for tasks, their talk time, texts written."""
    since = datetime.combine(first, time(), zone)
    until = datetime.combine(last + timedelta(days=1), time(), zone)
    counts: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(username: str | None, at: datetime | None, name: str, number: int = 1) -> None:
        if username and at is not None:
            counts[username, at.astimezone(zone).date()][name] += number

    done = select(FollowupTask.done_by, FollowupTask.done_at).where(
        FollowupTask.state.in_([TaskState.DONE, TaskState.LOST]),
        FollowupTask.done_at >= since,
        FollowupTask.done_at < until,
    )
    for username, at in session.execute(done):
        add(username, at, "done")
    calls = select(FollowupAttempt.agent, FollowupAttempt.started_at, FollowupAttempt.talk_seconds).where(
        FollowupAttempt.started_at >= since,
        FollowupAttempt.started_at < until,
        FollowupAttempt.outcome.is_distinct_from(AttemptOutcome.NOT_DIALLED),
    )
    for username, at, seconds in session.execute(calls):
        add(username, at, "calls")
        add(username, at, "talk_seconds", seconds or 0)
    texts = select(Message.created_by, Message.created_at).where(
        Message.direction == "out",
        Message.created_by.is_not(None),
        Message.created_at >= since,
        Message.created_at < until,
        Message.origin.in_(["person", "reply"]),
    )
    for username, at in session.execute(texts):
        add(username, at, "texts")
    found = [PersonDay(username=name, day=day, **values) for (name, day), values in counts.items()]
    return sorted(found, key=lambda each: (-each.day.toordinal(), each.username))
