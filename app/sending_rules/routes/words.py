"""The words of sending rules in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import format_date, ngettext
from flask_babel import gettext as _

from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.sending_rules.models import SendingRule
from app.sending_rules.rules import STATE_TEXT, PlanState, Reason
from app.sending_rules.service import anchor_kinds

_ICONS = {
    "draft": "pencil",
    "simulated": "eyeglasses",
    "active": "broadcast",
    "paused": "pause-circle",
    PlanState.PLANNED: "hourglass-split",
    PlanState.QUEUED: "send",
    PlanState.SKIPPED: "skip-forward",
    PlanState.CANCELLED: "slash-circle",
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "rule_state": {str(state): _(text) for state, text in STATE_TEXT.items()},
        "plan_state": plan_states(),
        "state_icon": {str(state): icon for state, icon in _ICONS.items()},
        "anchor_word": {code: _(kind.label) for code, kind in anchor_kinds().items()},
        "reason_sentence": reason_sentence,
        "when_sentence": when_sentence,
        "shown_day": lambda day: format_date(day, "yyyy-MM-dd"),
    }


def plan_states() -> dict[str, str]:
    """The states of a planned message."""
    return {
        PlanState.PLANNED.value: _("Planned"),
        PlanState.QUEUED.value: _("Handed to the outbox"),
        PlanState.SKIPPED.value: _("Not sent"),
        PlanState.CANCELLED.value: _("Taken back"),
    }


def reason_sentence(code: str | None) -> str:
    """Why a planned message does not go; nothing when it does."""
    sentences = {
        Reason.TOO_LATE.value: _("It was no use any more when it could have gone."),
        Reason.NO_MOBILE.value: _("No mobile number is on record."),
        Reason.EMPTY_FIELD.value: _("A field of the text could not be filled."),
        Reason.BAD_TEXT.value: _("The filled text cannot be sent."),
        Reason.TEMPLATE_UNUSABLE.value: _("The rule's template was not approved or out of date."),
        Reason.WITHDRAWN.value: _("Its date was taken back or moved away."),
        Reason.BY_HAND.value: _("Somebody took it back."),
        Reason.RULE_STOPPED.value: _("The rule was stopped."),
    }
    if code is None:
        return ""
    what, _colon, field = code.partition(":")
    if what == Reason.EMPTY_FIELD and field:
        return str(_("The field {%(field)s} of the text could not be filled.", field=field))
    if code in set(Refusal):
        return str(_(REFUSAL_TEXT[Refusal(code)]))
    return str(sentences.get(code, code))


def when_sentence(rule: SendingRule) -> str:
    """When the rule sends, as a sentence."""
    clock = rule.at.strftime("%H:%M")
    if rule.days == 0:
        return str(_("On the day itself at %(clock)s", clock=clock))
    if rule.days < 0:
        return str(
            ngettext("%(num)s day before at %(clock)s", "%(num)s days before at %(clock)s", -rule.days, clock=clock)
        )
    return str(ngettext("%(num)s day after at %(clock)s", "%(num)s days after at %(clock)s", rule.days, clock=clock))
