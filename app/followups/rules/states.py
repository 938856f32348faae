"""What a follow-up task is, and the law of its states (requirements, section 20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum


class TaskState(StrEnum):
    """planned → due → in progress → done / not reached (tried again) → lost; planned/due → skipped / cancelled."""

    PLANNED = "planned"
    DUE = "due"
    IN_PROGRESS = "in_progress"  # somebody has claimed it
    NOT_REACHED = "not_reached"  # tried, and waits for the next try
    DONE = "done"
    LOST = "lost"  # lost to contact: the tries are used up, or there is no number to try
    SKIPPED = "skipped"  # somebody left it out, with a reason
    CANCELLED = "cancelled"  # what it was for is gone


class TaskKind(StrEnum):
    RECHECK = "recheck"  # F-08
    DRESSING = "dressing"  # change of dressing (F-09)
    STITCHES = "stitches"  # removal of stitches (F-09)
    EDUCATION = "education"  # F-10
    RECOVERY = "recovery"  # F-11
    SATISFACTION = "satisfaction"  # F-15
    MEDICATION = "medication"
    FIRST = "first"  # the doctor's first follow-up (F-20)
    ROUTINE = "routine"  # any later one of a plan
    WISHES = "wishes"  # F-32
    AD_HOC = "ad_hoc"  # F-12
    LIST = "list"  # of an outbound list (F-13)
    ALARM = "alarm"  # an answer that somebody must look at within minutes
    GIVE_BACK = "give_back"  # a doctor's answer that the patient waits for (F-25)
    OTHER_NUMBER = "other_number"  # the number was wrong: another one is to be found (F-35)
    VOICEMAIL = "voicemail"  # a caller left a message


class TaskMode(StrEnum):
    SMS = "sms"
    PHONE = "phone"
    AUTOMATIC = "automatic"  # Asterisk calls and asks
    VISIT = "visit"  # face to face; a call does not count
    OTHER = "other"


class TaskRole(StrEnum):
    """Whose a task is until a person takes it."""

    ATTENDING_DOCTOR = "attending_doctor"
    DOCTOR = "doctor"  # any doctor of the department
    SERVICE_CENTRE = "service_centre"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"  # what sends and calls by itself


MOVES: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.PLANNED: frozenset({TaskState.DUE, TaskState.IN_PROGRESS, TaskState.SKIPPED, TaskState.CANCELLED}),
    TaskState.DUE: frozenset(
        {
            TaskState.PLANNED,
            TaskState.IN_PROGRESS,
            TaskState.DONE,
            TaskState.LOST,
            TaskState.SKIPPED,
            TaskState.CANCELLED,
        }
    ),
    TaskState.IN_PROGRESS: frozenset(
        {
            TaskState.DUE,  # given back, or the claim ran out
            TaskState.DONE,
            TaskState.NOT_REACHED,
            TaskState.LOST,
            TaskState.SKIPPED,
            TaskState.CANCELLED,  # a death ends it while somebody has it open
        }
    ),
    TaskState.NOT_REACHED: frozenset(
        {
            TaskState.PLANNED,
            TaskState.IN_PROGRESS,
            TaskState.DONE,
            TaskState.LOST,
            TaskState.SKIPPED,
            TaskState.CANCELLED,
        }
    ),
    TaskState.DONE: frozenset(),
    TaskState.LOST: frozenset({TaskState.DUE}),  # another number was found
    TaskState.SKIPPED: frozenset({TaskState.PLANNED, TaskState.DUE}),  # undone
    TaskState.CANCELLED: frozenset({TaskState.PLANNED}),  # what it was for came back
}
"""Every move that is allowed."""

OPEN = frozenset({TaskState.PLANNED, TaskState.DUE, TaskState.IN_PROGRESS, TaskState.NOT_REACHED})
CLAIMABLE = frozenset({TaskState.PLANNED, TaskState.DUE, TaskState.NOT_REACHED})
"""What somebody may take: also before its day, when the patient happens to be on the phone."""


class IllegalMove(ValueError):
    """A task cannot go from that state to this one."""


def require_move(current: TaskState, wanted: TaskState) -> None:
    """Raise IllegalMove when a task must not go from `current` to `wanted`."""
    if wanted not in MOVES[current]:
        raise IllegalMove(f"{current} → {wanted}")


def is_overdue(state: TaskState, late_at: datetime, now: datetime) -> bool:
    """Whether it should have been done by now. What waits for a next try is overdue, too."""
    return state in OPEN and now >= late_at
