"""What came of a follow-up, of an attempt, and what that does to the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.followups.rules.states import TaskState


class DiallingMode(StrEnum):
    PREVIEW = "preview"  # the agent sees who it is, then dials
    PROGRESSIVE = "progressive"  # dialled for an agent who is free, never more calls than free agents
    AUTOMATIC = "automatic"  # Asterisk calls, speaks, asks, and hands over to an agent on 0


class AttemptOutcome(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    WRONG_NUMBER = "wrong_number"  # the network says that the number does not exist
    MACHINE = "machine"  # an answering machine
    FAILED = "failed"
    CANCELLED = "cancelled"  # the agent hung up before the patient answered
    NOT_DIALLED = "not_dialled"  # refused, or too late: nobody's telephone rang


class TaskResult(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CALL_AGAIN = "call_again"  # the patient asked for another time
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    DIED = "died"
    SENT = "sent"  # an SMS left
    CAME = "came"  # the patient came by herself


class TreatmentEffect(StrEnum):
    CURED = "cured"
    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    DIED = "died"
    UNKNOWN = "unknown"


class Attitude(StrEnum):
    FRIENDLY = "friendly"
    NEUTRAL = "neutral"
    IMPATIENT = "impatient"
    REFUSES = "refuses"


class QuestionState(StrEnum):
    """open → answered → given; open/answered → closed."""

    OPEN = "open"
    ANSWERED = "answered"
    GIVEN = "given"
    CLOSED = "closed"


class Ending(StrEnum):
    """What a result does beyond its own task."""

    NOTHING = "nothing"
    STOP_EVERYTHING = "stop_everything"  # death: every plan, every greeting (guard 11)
    NUMBER_IS_WRONG = "number_is_wrong"  # the number is not tried again, another one is asked for
    NO_MORE_SURVEYS = "no_more_surveys"  # who refuses is not called again for surveys


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often, and after how long by outcome; between `opens` and `closes` of the day (hours), never beyond."""

    most_attempts: int = 3
    opens: int = 9
    closes: int = 20
    minutes: Mapping[AttemptOutcome, int] = field(
        default_factory=lambda: {
            AttemptOutcome.BUSY: 15,
            AttemptOutcome.NO_ANSWER: 180,
            AttemptOutcome.REJECTED: 24 * 60,
            AttemptOutcome.MACHINE: 240,
            AttemptOutcome.FAILED: 60,
            AttemptOutcome.CANCELLED: 30,
        }
    )


def ending_of(result: TaskResult, attempts: int, retry: Retry) -> tuple[TaskState, Ending]:
    """Where a result takes its task, after so many attempts, and what else it does."""
    match result:
        case TaskResult.REACHED | TaskResult.SENT | TaskResult.CAME:
            return TaskState.DONE, Ending.NOTHING
        case TaskResult.REFUSED:
            return TaskState.DONE, Ending.NO_MORE_SURVEYS
        case TaskResult.DIED:
            return TaskState.DONE, Ending.STOP_EVERYTHING
        case TaskResult.WRONG_NUMBER:
            return TaskState.LOST, Ending.NUMBER_IS_WRONG
        case TaskResult.CALL_AGAIN:
            return TaskState.NOT_REACHED, Ending.NOTHING
        case TaskResult.NOT_REACHED:
            state = TaskState.LOST if attempts >= retry.most_attempts else TaskState.NOT_REACHED
            return state, Ending.NOTHING


def next_try(outcome: AttemptOutcome, attempts: int, now: datetime, zone: ZoneInfo, retry: Retry) -> datetime:
    """When to try again: after the outcome's pause, at another hour of the day than last time, within the hours.

    The second and later tries move between morning, afternoon and evening, because who is not at home at ten is not at
    home at ten tomorrow either.
    """
    moment = (now + timedelta(minutes=retry.minutes.get(outcome, 60))).astimezone(zone)
    if outcome in (AttemptOutcome.NO_ANSWER, AttemptOutcome.MACHINE) and attempts >= 2:
        # By the count of attempts: a morning, an afternoon, an evening, a morning …
        span = max(1, retry.closes - retry.opens)
        hour = retry.opens + (span * (attempts % 3)) // 3
        day = now.astimezone(zone).date() + timedelta(days=1)
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    if moment.hour < retry.opens:
        moment = moment.replace(hour=retry.opens, minute=0, second=0, microsecond=0)
    elif moment.hour >= retry.closes:
        day = moment.date() + timedelta(days=1)
        moment = datetime(day.year, day.month, day.day, retry.opens, tzinfo=zone)
    return moment
