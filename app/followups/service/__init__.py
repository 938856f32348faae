"""Use cases of follow-up tasks. Import from here."""

from app.followups.service.attempts import begin_attempt, open_attempts, settle_attempts
from app.followups.service.tasks import (
    CLAIM_LIFETIME,
    NewTask,
    add_tasks,
    assign,
    cancel_tasks,
    cancel_tasks_of_plan,
    claim,
    get_task,
    make_due,
    move_task,
    release,
    restore_tasks,
    skip_task,
    undo_skip,
)

__all__ = [
    "CLAIM_LIFETIME",
    "NewTask",
    "add_tasks",
    "assign",
    "begin_attempt",
    "cancel_tasks",
    "cancel_tasks_of_plan",
    "claim",
    "get_task",
    "make_due",
    "move_task",
    "open_attempts",
    "release",
    "restore_tasks",
    "settle_attempts",
    "skip_task",
    "undo_skip",
]
