"""The words of follow-up templates in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from app.followup_plans.service import plan_anchors
from app.followup_templates import service
from app.followup_templates.rules import (
    LATE_TEXT,
    SPECIALTIES,
    START_TEXT,
    STOP_TEXT,
    Step,
    Stop,
)
from app.followups.routes.words import kind_words, mode_words, role_words
from app.followups.rules import TaskMode
from app.message_templates.rules import LANGUAGES
from app.versions.routes import version_words

_MODE_ICONS = {
    TaskMode.SMS: "chat-left-text",
    TaskMode.PHONE: "telephone",
    TaskMode.AUTOMATIC: "robot",
    TaskMode.VISIT: "person-walking",
    TaskMode.OTHER: "check2-square",
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        **version_words(),
        "specialty_word": {code: _(text) for code, text in SPECIALTIES.items()},
        "kind_word": {str(kind): word for kind, word in kind_words().items()},
        "mode_word": {str(mode): word for mode, word in mode_words().items()},
        "mode_icon": {str(mode): icon for mode, icon in _MODE_ICONS.items()},
        "role_word": {str(role): word for role, word in role_words().items()},
        "start_word": {str(each): _(text) for each, text in START_TEXT.items()},
        "late_word": {str(each): _(text) for each, text in LATE_TEXT.items()},
        "stop_word": {str(each): _(text) for each, text in STOP_TEXT.items()},
        "anchor_word": {code: _(kind.label) for code, kind in plan_anchors().items()},
        "language_word": {"zh_Hans": "简体中文", "zh_Hant": "繁體中文", "en": "English"},
        "languages": LANGUAGES,
        "name_of": name_of,
        "title_of": title_of,
        "when_of": when_of,
        "stop_sentence": stop_sentence,
    }


def name_of(template: Any) -> str:
    """The template's name in the reader's language."""
    return service.name_of(template, str(get_locale()))


def title_of(step: Step) -> str:
    """The step's title in the reader's language, or in the one that there is."""
    return step.titles.get(str(get_locale())) or next((each for each in step.titles.values() if each), step.key)


def when_of(step: Step) -> str:
    """On which day a step is, and when it is done."""
    if step.days < 0:
        day = ngettext("%(num)s day before", "%(num)s days before", -step.days)
    else:
        day = _("day %(number)s", number=step.days)
    if not step.lead_days:
        return str(day)
    lead = ngettext("reminder %(num)s day earlier", "reminder %(num)s days earlier", step.lead_days)
    return f"{day} · {lead}"


def stop_sentence(stop: Stop) -> str:
    """What ends steps, and which."""
    happens = _(STOP_TEXT[stop.on])
    if stop.ends_plan:
        return str(_("%(event)s: the whole plan ends.", event=happens))
    kinds = "、".join(kind_words()[kind] for kind in sorted(stop.kinds)) if stop.kinds else _("every step")
    if stop.within_days is None:
        return str(_("%(event)s: these steps go: %(kinds)s.", event=happens, kinds=kinds))
    return str(
        _(
            "%(event)s: these steps go, up to %(days)s days later: %(kinds)s.",
            event=happens,
            days=stop.within_days,
            kinds=kinds,
        )
    )
