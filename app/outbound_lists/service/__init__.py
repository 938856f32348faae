"""Outbound lists: written, counted, prepared, dialled, steered, reported. Import from here."""

from app.outbound_lists.service.asking import questions_for_keys, record_told
from app.outbound_lists.service.audience import BATCH, Preview, days_of, judge, preview
from app.outbound_lists.service.calling import call_patients, dial_for_free_agents
from app.outbound_lists.service.reporting import (
    Filters,
    Progress,
    QuestionCount,
    answers_of,
    attempts_of,
    list_lists,
    people_in,
    progress_of,
    works_on,
)
from app.outbound_lists.service.steering import (
    LONGEST_SCRIPT,
    MOST_A_MINUTE,
    MOST_AT_ONCE,
    MOST_CHOSEN,
    ListData,
    create_list,
    get_list,
    pause,
    resume,
    start,
    stop,
)
from app.outbound_lists.service.working import due_lists, tidy, work_on

__all__ = [
    "BATCH",
    "LONGEST_SCRIPT",
    "MOST_AT_ONCE",
    "MOST_A_MINUTE",
    "MOST_CHOSEN",
    "Filters",
    "ListData",
    "Preview",
    "Progress",
    "QuestionCount",
    "answers_of",
    "attempts_of",
    "call_patients",
    "create_list",
    "days_of",
    "dial_for_free_agents",
    "due_lists",
    "get_list",
    "judge",
    "list_lists",
    "pause",
    "people_in",
    "preview",
    "progress_of",
    "questions_for_keys",
    "record_told",
    "resume",
    "start",
    "stop",
    "tidy",
    "work_on",
    "works_on",
]
