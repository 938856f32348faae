"""What the quality room puts on people's work list."""

from __future__ import annotations

from app.access.rules import Module
from app.accounts.rules import WITH_RECORDINGS, Role
from app.quality.service.calibrating import count_to_judge
from app.quality.service.coaching import count_open, count_to_check
from app.quality.service.grading import count_tasks
from app.quality.service.reading import count_appeals, count_unread
from app.texts import N_
from app.worklist.service import WorkItem, register

GRADERS = frozenset({Role.SUPERVISOR, Role.QA, Role.ADMIN})
"""Who grades, decides on appeals and checks coaching; never on their own calls."""

register(
    WorkItem(
        label=N_("Calls to grade"),
        hint=N_("They were drawn by lot and nobody has them in hand, or you have."),
        icon="clipboard-check",
        endpoint="quality.show_tasks",
        roles=GRADERS,
        module=Module.QUALITY,
        count=lambda session, viewer, _now: count_tasks(session, viewer.username),
    ),
    WorkItem(
        label=N_("Appeals to decide"),
        hint=N_("An agent objects to an evaluation that a colleague of yours made."),
        icon="chat-square-quote",
        endpoint="quality.show_appeals",
        roles=GRADERS,
        module=Module.QUALITY,
        count=lambda session, viewer, _now: count_appeals(session, viewer.username),
    ),
    WorkItem(
        label=N_("Recordings to calibrate"),
        hint=N_("You take part in a blind calibration and have not judged them yet."),
        icon="bullseye",
        endpoint="quality.show_calibrations",
        roles=GRADERS,
        module=Module.QUALITY,
        count=lambda session, viewer, _now: count_to_judge(session, viewer.username),
    ),
    WorkItem(
        label=N_("Coaching to check"),
        hint=N_("Agents say that they have done what you gave them."),
        icon="person-check",
        endpoint="quality.show_coaching",
        roles=GRADERS,
        module=Module.QUALITY,
        count=lambda session, viewer, _now: count_to_check(session, viewer.username),
    ),
    WorkItem(
        label=N_("Evaluations of your calls"),
        hint=N_("Read them, then acknowledge them or appeal."),
        icon="clipboard-data",
        endpoint="quality.show_mine",
        roles=WITH_RECORDINGS,
        module=Module.QUALITY,
        count=lambda session, viewer, _now: count_unread(session, viewer.username),
    ),
    WorkItem(
        label=N_("Coaching for you"),
        hint=N_("What you are to practise after an evaluation."),
        icon="mortarboard",
        endpoint="quality.show_coaching",
        roles=WITH_RECORDINGS,
        module=Module.QUALITY,
        count=lambda session, viewer, _now: count_open(session, viewer.username),
    ),
)
