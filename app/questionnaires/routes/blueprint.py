"""The blueprint of this room's pages, who may do what there, and what all of them use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS, WITH_PATIENTS, Role
from app.audit.rules import Action
from app.errors import NotFound, WardlineError
from app.http import audit, signed_in, viewer, writing
from app.questionnaires import service
from app.questionnaires.routes.words import page_words
from app.texts import N_

pages = Blueprint("questionnaires", __name__, url_prefix="/questionnaires", template_folder="../templates")

READERS = WITH_PATIENTS
ANSWERERS = AT_THE_DESK | {Role.DOCTOR}
WRITERS = OVER_AGENTS | {Role.DOCTOR}
CLINICIANS = frozenset({Role.DOCTOR, Role.ADMIN})
REPORT_READERS = OVER_AGENTS | {Role.DOCTOR, Role.QA}


def render(page: str, /, **values: Any) -> str:
    """A page of this room, with its words and what whoever looks may do."""
    shown: str = render_template(
        f"questionnaires/{page}",
        name_of=lambda each: service.name_of(each, locale()),
        locale=locale(),
        **{**page_words(), **rights(), **values},
    )
    return shown


def rights() -> dict[str, bool]:
    """What whoever looks may do."""
    role, grant = signed_in().role, viewer().grant(Module.FOLLOWUPS)
    return {
        "may_write": role in WRITERS and grant.can_write,
        "may_answer": role in ANSWERERS and grant.can_write,
        "may_report": role in REPORT_READERS and viewer().grant(Module.REPORTS).can_view,
    }


def locale() -> str:
    """The reader's language."""
    return str(get_locale())


def act(subject: str, what: str, done: str, back: str, change: Callable[[Session], object]) -> Response:
    """Do one thing, note it in the audit log, say that it was done, or why not."""
    try:
        with writing() as session:
            change(session)
            audit(session, Action.CHANGE, subject=subject, details={"state": what})
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(back, 303)
    flash(done, "success")
    return redirect(back, 303)


def sentence(error: WardlineError) -> str:
    """What an error says, in the reader's language."""
    shown: str = _(error.detail)
    return shown % error.fields if "%(" in shown else shown


def need_reports() -> None:
    """Raise NotFound for who may see no reports."""
    if not viewer().grant(Module.REPORTS).can_view:
        raise NotFound(N_("There is no such page."))


def number_in(values: Mapping[str, str], name: str) -> int | None:
    """A positive whole number of the address or a form; nothing for anything else."""
    text = values.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 11 and int(text) < 2**31 else None
