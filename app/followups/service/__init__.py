"""Use cases of follow-up tasks. Import from here."""

from app.followups.service.adhoc import AdHocData, add_ad_hoc
from app.followups.service.attempts import begin_attempt, open_attempts, settle_attempts
from app.followups.service.escalating import escalate_late
from app.followups.service.listing import (
    TaskFilters,
    TaskRow,
    count_tasks,
    list_tasks,
    open_tasks_of,
    task_row,
    tasks_of_plan,
)
from app.followups.service.questions import (
    answer_question,
    ask_doctor,
    count_questions,
    get_question,
    give_back,
    questions_for,
    questions_of_task,
)
from app.followups.service.results import ResultData, apply_result, keep_draft, last_attempt, retry_of
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
    "AdHocData",
    "NewTask",
    "ResultData",
    "TaskFilters",
    "TaskRow",
    "add_ad_hoc",
    "add_tasks",
    "answer_question",
    "apply_result",
    "ask_doctor",
    "assign",
    "begin_attempt",
    "cancel_tasks",
    "cancel_tasks_of_plan",
    "claim",
    "count_questions",
    "count_tasks",
    "escalate_late",
    "get_question",
    "get_task",
    "give_back",
    "keep_draft",
    "last_attempt",
    "list_tasks",
    "make_due",
    "move_task",
    "open_attempts",
    "open_tasks_of",
    "questions_for",
    "questions_of_task",
    "release",
    "restore_tasks",
    "retry_of",
    "send_due",
    "settle_attempts",
    "skip_task",
    "task_row",
    "tasks_of_plan",
    "undo_skip",
]
