"""What every page of this room uses: who asks, the words in the reader's language, and how an act ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS, WITH_RECORDINGS
from app.audit.rules import Action
from app.calls.rules import DISPOSITION_TEXT
from app.errors import InvalidInput, NotFound, WardlineError
from app.followups.routes.words import kind_words
from app.http import audit, parts, signed_in, viewer, writing
from app.quality import service
from app.quality.rules import (
    COACHING_TEXT,
    FIGURE_TEXT,
    GRADING_TEXT,
    LEFT_OUT_TEXT,
    LEVEL_TEXT,
    MEANING_TEXT,
    PERIOD_TEXT,
    PROBLEM_TEXT,
    STATE_TEXT,
    WORTH_TEXT,
    ItemKind,
    Who,
    in_language,
    worth,
)
from app.texts import N_
from app.versions.routes import version_words

pages = Blueprint("quality", __name__, url_prefix="/quality", template_folder="../templates")

GRADERS = service.GRADERS
READERS = WITH_RECORDINGS
_KIND_TEXT = {
    ItemKind.YES_NO: N_("Yes or no"),
    ItemKind.SCALE: N_("Scale"),
    ItemKind.POINTS: N_("Points"),
}
_STATE_TONE = {
    "draft": "queued", "submitted": "new", "appealed": "warn", "upheld": "good", "changed": "good",
    "acknowledged": "good", "discarded": "off", "open": "new", "claimed": "talking", "done": "good", "dropped": "off",
    "checked": "good",
}  # fmt: skip
_STATE_ICON = {
    "draft": "pencil", "submitted": "send-check", "appealed": "chat-square-quote", "upheld": "shield-check",
    "changed": "arrow-repeat", "acknowledged": "check2-all", "discarded": "trash", "open": "circle",
    "claimed": "person-workspace", "done": "check2", "dropped": "slash-circle", "checked": "check2-all",
}  # fmt: skip


def who() -> Who:
    """Whoever asks, as the rules of evaluations ask."""
    user = signed_in()
    return Who(username=user.username, grades=user.role in GRADERS)


def need_view() -> None:
    """Raise NotFound for somebody whose grant hides evaluations."""
    if not viewer().grant(Module.QUALITY).can_view:
        raise NotFound(N_("There is no such page."))


def render(page: str, /, **values: Any) -> str:
    """A page of this room with its words and what the user may do. Raises NotFound where the grant hides it all."""
    need_view()
    role, grant = signed_in().role, viewer().grant(Module.QUALITY)
    shown: str = render_template(
        f"quality/{page}",
        **{
            **page_words(),
            "grades": role in GRADERS,
            "may_grade": role in GRADERS and grant.can_write,
            "may_approve": role in OVER_AGENTS and grant.can_write,
            "may_export": viewer().grant(Module.EXPORT).can_view,
            "me": signed_in().username,
            **values,
        },
    )
    return shown


def page_words() -> dict[str, Any]:
    """The words of every template of this room."""
    language = str(get_locale())
    return {
        **version_words(),
        "evaluation_word": {str(each): _(text) for each, text in STATE_TEXT.items()},
        "grading_word": {str(each): _(text) for each, text in GRADING_TEXT.items()},
        "coaching_word": {str(each): _(text) for each, text in COACHING_TEXT.items()},
        "tone": _STATE_TONE,
        "state_icons": _STATE_ICON,
        "kind_word": {str(each): _(text) for each, text in _KIND_TEXT.items()},
        "period_word": {str(each): _(text) for each, text in PERIOD_TEXT.items()},
        "left_out_word": {str(each): _(text) for each, text in LEFT_OUT_TEXT.items()},
        "level_word": {str(each): _(text) for each, text in LEVEL_TEXT.items()},
        "problem_word": {str(each): _(text) for each, text in PROBLEM_TEXT.items()},
        "worth_of": lambda alpha: _(WORTH_TEXT[worth(alpha)]),
        "figure_word": {str(each): _(text) for each, text in FIGURE_TEXT.items()},
        "meaning": {str(each): _(text) for each, text in MEANING_TEXT.items()},
        "direction_word": {"inbound": _("Incoming"), "outbound": _("Outgoing")},
        "disposition_word": {code: _(text) for code, text in DISPOSITION_TEXT.items()},
        "followup_word": {str(kind): word for kind, word in kind_words().items()},
        "language_word": {"zh_Hans": "简体中文", "zh_Hant": "繁體中文", "en": "English"},
        "text_of": lambda texts: in_language(texts, language),
        "name_of": lambda card: service.name_of(card, language),
        "points": points,
        "percent": lambda share: "–" if share is None else format_percent(share, "#,##0.0 %"),
        "number": format_decimal,
        "clock": clock,
    }


def points(value: float | None) -> str:
    """A score as people read it: `86.5`; a dash for none."""
    return "–" if value is None else str(format_decimal(round(value, 1)))


def clock(seconds: float) -> str:
    """A place in a recording: `1:05`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def sentence(error: WardlineError) -> str:
    """What an error says, in the reader's language."""
    told: str = _(error.detail)
    return told % error.fields if "%(" in told else told


def act(
    do: Callable[[Session], str | None],
    subject: str,
    what: str,
    done: str,
    *,
    to: str,
    action: Action = Action.CHANGE,
    details: dict[str, Any] | None = None,
) -> Response:
    """One act: done, audited, told, and back to a page. What was refused is told there; NotFound stays NotFound.

    `do` may return the address to go to instead of `to`.
    """
    need_view()
    try:
        with writing() as session:
            to = do(session) or to
            audit(session, action, subject=subject, details={"move": what, **(details or {})})
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
    else:
        if done:
            flash(done, "success")
    return redirect(to, 303)


def today() -> date:
    """The hospital's day."""
    return parts().now().astimezone(parts().settings.timezone).date()


def day_in(text: str, field: str) -> date:
    """A day that was typed. Raises InvalidInput."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if 1990 <= day.year <= 2100:
            return day
    raise InvalidInput(N_("Write a date such as 2026-11-21."), field=field)


def day_of(name: str) -> date | None:
    """A day of the address; what is no day is as if it were not there."""
    with suppress(InvalidInput):
        return day_in(request.args.get(name, ""), name)
    return None


def number_of(name: str) -> int | None:
    """A number of the address that an id may be."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def word_of(name: str) -> str | None:
    """A word of the address, cut to what a column holds."""
    return request.args.get(name, "").replace("\x00", "")[:64] or None
