"""What each figure counts, as one condition on a task: the number and the list behind it cannot differ."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, exists

from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import AttemptOutcome, TaskKind, TaskMode, TaskState


class TaskFigure(StrEnum):
    """A figure that is a number of tasks."""

    DUE = "due"
    ATTEMPTED = "attempted"
    REACHED = "reached"
    DONE = "done"
    IN_TIME = "in_time"
    FIRST_CALL = "first_call"
    LOST = "lost"
    LEFT_OUT = "left_out"
    OPEN = "open"


# A text that leaves by itself is nobody's follow-up; what was cancelled or makes work of its own was never due.
_COUNTED = and_(
    FollowupTask.mode != TaskMode.SMS,
    FollowupTask.state != TaskState.CANCELLED,
    FollowupTask.kind.not_in([TaskKind.GIVE_BACK, TaskKind.OTHER_NUMBER, TaskKind.ALARM, TaskKind.VOICEMAIL]),
)
_DIALLED = exists().where(
    FollowupAttempt.task_id == FollowupTask.id,
    FollowupAttempt.outcome.is_distinct_from(AttemptOutcome.NOT_DIALLED),
)
_DONE = FollowupTask.state == TaskState.DONE
_REACHED = FollowupTask.reached_at.is_not(None)

CONDITIONS: Mapping[TaskFigure, Any] = {
    TaskFigure.DUE: _COUNTED,
    TaskFigure.ATTEMPTED: and_(_COUNTED, (_DIALLED | _DONE | _REACHED)),
    TaskFigure.REACHED: and_(_COUNTED, _REACHED),
    TaskFigure.DONE: and_(_COUNTED, _DONE),
    TaskFigure.IN_TIME: and_(_COUNTED, _DONE, FollowupTask.done_at <= FollowupTask.late_at),
    TaskFigure.FIRST_CALL: and_(_COUNTED, _REACHED, FollowupTask.attempts <= 1),
    TaskFigure.LOST: and_(_COUNTED, FollowupTask.state == TaskState.LOST),
    TaskFigure.LEFT_OUT: and_(_COUNTED, FollowupTask.state == TaskState.SKIPPED),
    TaskFigure.OPEN: and_(
        _COUNTED,
        FollowupTask.state.in_([TaskState.PLANNED, TaskState.DUE, TaskState.IN_PROGRESS, TaskState.NOT_REACHED]),
    ),
}
