"""The words of questionnaires in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _

from app.followups.rules import TaskRole
from app.message_templates.routes.words import language_words
from app.questionnaires.rules import (
    BANK_PURPOSE_TEXT,
    DEFINITION_TEXT,
    FIGURE_TEXT,
    KIND_TEXT,
    QUESTIONNAIRE_PURPOSE_TEXT,
    WAY_TEXT,
    ChangeKind,
)
from app.questionnaires.rules.questions import DIMENSION_TEXT
from app.versions.routes import version_words


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "kind_word": {str(kind): _(text) for kind, text in KIND_TEXT.items()},
        "bank_purpose_word": {str(purpose): _(text) for purpose, text in BANK_PURPOSE_TEXT.items()},
        "purpose_word": {str(purpose): _(text) for purpose, text in QUESTIONNAIRE_PURPOSE_TEXT.items()},
        **version_words(),
        "way_word": {str(way): _(text) for way, text in WAY_TEXT.items()},
        "dimension_word": {name: _(text) for name, text in DIMENSION_TEXT.items()},
        "figure_word": {str(figure): _(text) for figure, text in FIGURE_TEXT.items()},
        "definition": {str(figure): _(text) for figure, text in DEFINITION_TEXT.items()},
        "role_word": role_words(),
        "visit_kind_word": visit_kind_words(),
        "change_word": change_words(),
        "language_word": language_words(),
        "zip_self": lambda values: [(value, value) for value in values],
        "shown_share": shown_share,
        "shown_number": shown_number,
        "shown_change": shown_change,
    }


def role_words() -> dict[str, str]:
    """Who is called by an alarm."""
    return {
        TaskRole.ATTENDING_DOCTOR.value: _("Attending doctor"),
        TaskRole.DOCTOR.value: _("A doctor of the department"),
        TaskRole.SERVICE_CENTRE.value: _("Service centre"),
        TaskRole.SUPERVISOR.value: _("Supervisor"),
    }


def visit_kind_words() -> dict[str, str]:
    """After what a questionnaire is proposed."""
    return {
        "outpatient": _("Outpatient visit"),
        "inpatient": _("Inpatient stay"),
        "emergency": _("Emergency visit"),
        "exam": _("Health examination"),
        "operation": _("Operation"),
        "discharge": _("Discharge"),
        "wound": _("Wound care"),
        "call": _("Call to us"),
    }


def change_words() -> dict[str, str]:
    """What a version changed."""
    return {
        ChangeKind.ADDED.value: _("Added"),
        ChangeKind.REMOVED.value: _("Removed"),
        ChangeKind.CHANGED.value: _("Changed"),
        ChangeKind.MOVED.value: _("Moved"),
    }


def shown_share(value: float | None) -> str:
    """A share as per cent; a dash for nothing."""
    return "–" if value is None else str(format_percent(value, "#,##0.0 %"))


def shown_number(value: float | None) -> str:
    """A figure with at most two decimals; a dash for nothing."""
    return "–" if value is None else str(format_decimal(value, "#,##0.##"))


def shown_change(value: float | None, *, is_share: bool = True) -> str:
    """The change in words that need no colour: an arrow and points."""
    if value is None:
        return "–"
    rounded = round(value * 100, 1) if is_share else round(value, 2)
    arrow = "▲" if rounded > 0 else "▼" if rounded < 0 else "="
    points = format_decimal(abs(rounded))
    return f"{arrow} {_('%(points)s points', points=points)}" if is_share else f"{arrow} {points}"
