"""Use cases of follow-up tasks. Import from here."""

from app.followups.service.attempts import begin_attempt, open_attempts, settle_attempts
from app.followups.service.escalating import escalate_late
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
from app.followups.service.texting import send_due

__all__ = [
    "CLAIM_LIFETIME",
    "NewTask",
    "add_tasks",
    "assign",
    "begin_attempt",
    "cancel_tasks",
    "cancel_tasks_of_plan",
    "claim",
    "escalate_late",
    "get_task",
    "make_due",
    "move_task",
    "open_attempts",
    "release",
    "restore_tasks",
    "send_due",
    "settle_attempts",
    "skip_task",
    "undo_skip",
]
