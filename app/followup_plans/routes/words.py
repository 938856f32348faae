"""The words of follow-up plans in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import REASON_TEXT, STATE_TEXT, PlanState
from app.followup_plans.service import PlanRow
from app.followups.routes.words import anchor_words
from app.followups.routes.words import page_words as task_words

_ICONS = {
    PlanState.UNDECIDED: ("question-circle", "warn"),
    PlanState.PROPOSED: ("lightbulb", "new"),
    PlanState.ACTIVE: ("arrow-right-circle", "good"),
    PlanState.DONE: ("check2-circle", "off"),
    PlanState.STOPPED: ("slash-circle", "off"),
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets: the words of plans, and those of their tasks."""
    return {
        **task_words(),
        "plan_state_word": {str(state): _(text) for state, text in STATE_TEXT.items()},
        "plan_state_icon": {str(state): icon for state, (icon, _tone) in _ICONS.items()},
        "plan_state_tone": {str(state): tone for state, (_icon, tone) in _ICONS.items()},
        "event_of": event_of,
        "template_of": template_of,
        "plan_reason": plan_reason,
    }


def event_of(plan: FollowupPlan) -> str:
    """What a plan hangs on."""
    word = anchor_words().get(plan.anchor, plan.anchor)
    return str(_("%(event)s of %(day)s", event=word, day=plan.anchor_on.isoformat()))


def template_of(row: PlanRow) -> str:
    """The template's name in the reader's language, or that none is chosen yet."""
    if row.template is None:
        return str(_("Not decided yet") if row.plan.state == PlanState.UNDECIDED else _("No follow-up"))
    return str(row.template.names.get(str(get_locale()), row.template.name))


def plan_reason(reason: str | None) -> str:
    """Why a plan stopped: a code of ours in words, or what somebody wrote."""
    known = {str(code): text for code, text in REASON_TEXT.items()}
    return str(_(known[reason]) if reason in known else reason or "")
