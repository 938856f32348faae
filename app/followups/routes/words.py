"""The words of follow-ups in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.followup_plans.rules import REASON_TEXT
from app.followup_templates.models import FollowupTemplate
from app.followups.models import FollowupTask
from app.followups.rules import (
    NO_DIAL_TEXT,
    AttemptOutcome,
    Attitude,
    DiallingMode,
    QuestionState,
    TaskKind,
    TaskMode,
    TaskResult,
    TaskRole,
    TaskState,
    TreatmentEffect,
    is_overdue,
)
from app.followups.service import DIALLER, TaskRow
from app.http import parts
from app.sending_rules.routes.words import reason_sentence
from app.sending_rules.rules import Reason as SendingReason

_ICONS = {
    TaskState.PLANNED: ("calendar3", ""),
    TaskState.DUE: ("bell", "new"),
    TaskState.IN_PROGRESS: ("person-workspace", "new"),
    TaskState.NOT_REACHED: ("telephone-x", "warn"),
    TaskState.DONE: ("check2-circle", "good"),
    TaskState.LOST: ("person-x", "bad"),
    TaskState.SKIPPED: ("skip-forward", "off"),
    TaskState.CANCELLED: ("slash-circle", "off"),
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "state_word": state_words(),
        "state_icon": {state.value: icon for state, (icon, _tone) in _ICONS.items()},
        "state_tone": {state.value: tone for state, (_icon, tone) in _ICONS.items()},
        "kind_word": kind_words(),
        "mode_word": mode_words(),
        "role_word": role_words(),
        "result_word": result_words(),
        "effect_word": effect_words(),
        "attitude_word": attitude_words(),
        "outcome_word": outcome_words(),
        "dialling_word": dialling_words(),
        "question_word": question_words(),
        "title_of": title_of,
        "why_of": why_of,
        "overdue": overdue,
        "reason_word": reason_word,
        "who": who,
    }


def state_words() -> dict[str, str]:
    """Label of each state."""
    return {
        TaskState.PLANNED: _("Planned"),
        TaskState.DUE: _("Due"),
        TaskState.IN_PROGRESS: _("In progress"),
        TaskState.NOT_REACHED: _("Not reached yet"),
        TaskState.DONE: _("Done"),
        TaskState.LOST: _("Lost to follow-up"),
        TaskState.SKIPPED: _("Left out"),
        TaskState.CANCELLED: _("Cancelled"),
    }


def kind_words() -> dict[str, str]:
    """Label of each kind of task."""
    return {
        TaskKind.RECHECK: _("Recheck"),
        TaskKind.DRESSING: _("Dressing change"),
        TaskKind.STITCHES: _("Stitch removal"),
        TaskKind.EDUCATION: _("Health education"),
        TaskKind.RECOVERY: _("Call: recovery"),
        TaskKind.SATISFACTION: _("Call: satisfaction"),
        TaskKind.MEDICATION: _("Medication"),
        TaskKind.FIRST: _("First physician follow-up"),
        TaskKind.ROUTINE: _("Follow-up"),
        TaskKind.WISHES: _("Call: wishes"),
        TaskKind.AD_HOC: _("Ad hoc follow-up"),
        TaskKind.LIST: _("Outbound list"),
        TaskKind.ALARM: _("Alarming answer"),
        TaskKind.GIVE_BACK: _("Give a doctor's answer back"),
        TaskKind.OTHER_NUMBER: _("Find another number"),
        TaskKind.VOICEMAIL: _("Call back: left a message"),
    }


def mode_words() -> dict[str, str]:
    """Label of each mode."""
    return {
        TaskMode.SMS: _("SMS"),
        TaskMode.PHONE: _("Call"),
        TaskMode.AUTOMATIC: _("Automatic call"),
        TaskMode.VISIT: _("Face to face"),
        TaskMode.OTHER: _("Other"),
    }


def role_words() -> dict[str, str]:
    """Label of each role that tasks are for."""
    return {
        TaskRole.ATTENDING_DOCTOR: _("Attending doctor"),
        TaskRole.DOCTOR: _("Doctor of the department"),
        TaskRole.SERVICE_CENTRE: _("Patient service centre"),
        TaskRole.SUPERVISOR: _("Supervisor"),
        TaskRole.SYSTEM: _("By itself"),
    }


def result_words() -> dict[str, str]:
    """Label of each result."""
    return {
        TaskResult.REACHED: _("Reached"),
        TaskResult.NOT_REACHED: _("Not reached"),
        TaskResult.CALL_AGAIN: _("Call again later"),
        TaskResult.REFUSED: _("Refused"),
        TaskResult.WRONG_NUMBER: _("Wrong number"),
        TaskResult.DIED: _("Has died"),
        TaskResult.SENT: _("Sent"),
        TaskResult.CAME: _("Came in person"),
    }


def effect_words() -> dict[str, str]:
    """Label of each treatment effect (F-29)."""
    return {
        TreatmentEffect.CURED: _("Cured"),
        TreatmentEffect.BETTER: _("Better"),
        TreatmentEffect.SAME: _("The same"),
        TreatmentEffect.WORSE: _("Worse"),
        TreatmentEffect.DIED: _("Died"),
        TreatmentEffect.UNKNOWN: _("Not known"),
    }


def attitude_words() -> dict[str, str]:
    """Label of each attitude on the phone (Q-07)."""
    return {
        Attitude.FRIENDLY: _("Friendly"),
        Attitude.NEUTRAL: _("Neutral"),
        Attitude.IMPATIENT: _("Impatient"),
        Attitude.REFUSES: _("Wants no such calls"),
    }


def outcome_words() -> dict[str, str]:
    """Label of each outcome of an attempt."""
    return {
        AttemptOutcome.ANSWERED: _("Answered"),
        AttemptOutcome.NO_ANSWER: _("No answer"),
        AttemptOutcome.BUSY: _("Busy"),
        AttemptOutcome.REJECTED: _("Rejected"),
        AttemptOutcome.WRONG_NUMBER: _("Number does not exist"),
        AttemptOutcome.MACHINE: _("Answering machine"),
        AttemptOutcome.FAILED: _("Failed"),
        AttemptOutcome.CANCELLED: _("Cancelled by the agent"),
        AttemptOutcome.NOT_DIALLED: _("Not dialled"),
    }


def dialling_words() -> dict[str, str]:
    """Label of each way of dialling."""
    return {
        DiallingMode.PREVIEW: _("Preview: look, then dial"),
        DiallingMode.PROGRESSIVE: _("Progressive: dialled for whoever is free"),
        DiallingMode.AUTOMATIC: _("Automatic: asked by keypad"),
    }


def question_words() -> dict[str, str]:
    """Label of each state of a question to a doctor."""
    return {
        QuestionState.OPEN: _("Waits for a doctor"),
        QuestionState.ANSWERED: _("Answered, not given back yet"),
        QuestionState.GIVEN: _("Given back"),
        QuestionState.CLOSED: _("Closed"),
    }


def anchor_words() -> dict[str, str]:
    """What a plan hangs on, in a word."""
    return {
        "visit": _("Visit"),
        "discharge": _("Discharge"),
        "operation": _("Operation"),
        "course_end": _("End of the course"),
        "exam": _("Examination"),
        "register": _("Register"),
        "fixed_date": _("Chosen day"),
    }


def title_of(task: FollowupTask) -> str:
    """What a task is about; those that the product makes itself have their kind's name."""
    if task.kind in (TaskKind.GIVE_BACK, TaskKind.OTHER_NUMBER, TaskKind.VOICEMAIL):
        return kind_words()[task.kind]
    return task.title


def why_of(row: TaskRow) -> str:
    """Why a task exists: which event, which template, which day of it (F-24)."""
    task, plan = row.task, row.plan
    if plan is not None:
        sentence = _(
            "%(event)s of %(day)s · %(template)s · day %(number)s",
            event=anchor_words().get(plan.anchor, plan.anchor),
            day=plan.anchor_on.isoformat(),
            template=template_name(row.template),
            number=(task.due_on - plan.anchor_on).days,
        )
        return str(sentence)
    if row.list_name is not None:
        return str(_("Outbound list: %(name)s", name=row.list_name))
    if task.kind == TaskKind.GIVE_BACK:
        return str(_("A doctor answered the patient's question."))
    if task.kind == TaskKind.OTHER_NUMBER:
        return str(_("The number on record is somebody else's."))
    if task.kind == TaskKind.VOICEMAIL:
        return str(_("The patient called and left a message; it stands in the timeline with its recording."))
    if task.kind == TaskKind.ALARM:
        return str(_("An answer in a questionnaire that somebody must look at."))
    return str(_("Planned by hand by %(who)s.", who=task.created_by or _("a program")))


def reason_word(reason: str | None) -> str | None:
    """Why a task was closed without a talk: a code of ours in words, or what somebody wrote."""
    if reason is None:
        return None
    known = {
        **{str(code): _(sentence) for code, sentence in REASON_TEXT.items()},
        "wrong_number": _("The number is somebody else's."),
        "not_reached": _("All tries were used up."),
        "list_stopped": _("The outbound list was stopped."),
        **{str(refusal): _(text) for refusal, text in NO_DIAL_TEXT.items()},
    }
    if reason in known:
        return str(known[reason])
    if reason.partition(":")[0] in set(SendingReason):
        return reason_sentence(reason)
    refusal = REFUSAL_TEXT.get(Refusal(reason)) if reason in set(Refusal) else None
    return str(_(refusal) if refusal else reason)


def template_name(template: FollowupTemplate | None) -> str:
    """The template's name in the reader's language."""
    if template is None:
        return str(_("Without a template"))
    return str(template.names.get(str(get_locale()), template.name))


def overdue(task: FollowupTask) -> bool:
    """Whether it should have been done by now."""
    return is_overdue(TaskState(task.state), task.late_at, parts().now())


def who(username: str | None) -> str:
    """Who did it; the dialler and the sweeps have no name of their own."""
    if username is None:
        return str(_("by itself"))
    return str(_("Automatic call")) if username == DIALLER else username
