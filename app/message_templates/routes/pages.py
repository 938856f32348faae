"""The pages of message templates: the list, one template with its versions, and the editor with its counter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS, Role
from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import InvalidInput, NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.message_templates import service
from app.message_templates.models import MessageTemplate
from app.message_templates.routes.words import page_words, sample_values
from app.message_templates.rules import (
    LANGUAGES,
    Approval,
    TemplateKind,
    diff_texts,
    fill_text,
    needed_approvals,
    object_to,
    with_opt_out,
)
from app.message_templates.service import LONGEST_TEXT, TemplateData, TemplateFilters
from app.messages.rules import MOST_UNITS, MessageKind
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.texts import N_
from app.versions import service as versions
from app.versions.rules import VersionState

pages = Blueprint("message_templates", __name__, url_prefix="/message-templates", template_folder="../templates")

READERS = AT_THE_DESK | {Role.DOCTOR}
WRITERS = OVER_AGENTS | {Role.DOCTOR}
"""Doctors write and approve what is said about health, and read the rest."""
CLINICIANS = frozenset({Role.DOCTOR, Role.ADMIN})


@pages.get("")
@allow(READERS)
def show_templates() -> str:
    """The templates that fit the filters; each with what becomes of its newest version."""
    chosen = _chosen()
    filters = TemplateFilters(
        text=chosen["q"],
        kind=TemplateKind(chosen["kind"]) if chosen["kind"] else None,
        state=VersionState(chosen["state"]) if chosen["state"] else None,
        language=chosen["language"] or None,
    )
    with reading() as session:
        page = service.list_templates(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    return _render(
        "list.html", page=page, chosen={name: value for name, value in chosen.items() if value}, languages=LANGUAGES
    )


@pages.get("/new")
@allow(WRITERS)
def show_new() -> str:
    with reading() as session:
        return _edit_page(session, None, {}, {})


@pages.post("/new")
@allow(WRITERS)
def create_template() -> Response | tuple[str, int]:
    return _save(None)


@pages.post("/check")
@allow(READERS)
def check_text() -> str:
    """The counter under one text, what speaks against it, and how a patient would read it; asked for as one types."""
    language = request.args.get("language", "")
    if language not in LANGUAGES:
        raise NotFound(N_("There is no such language."))
    form, settings = request.form, parts().settings
    kind, message_kind = _kinds(form.get("kind", ""), form.get("message_kind", ""))
    text = form.get(f"text-{language}", "")[:LONGEST_TEXT].replace("\r\n", "\n").strip()
    with reading() as session:
        house = service.house_values(session, settings)
        filled = fill_text(text, sample_values(text, language, dict(house.fields)))
        checked = service.check(
            session, filled.text, kind=kind, message_kind=message_kind, language=language, settings=settings
        )
        written = service.check(
            session, text, kind=kind, message_kind=message_kind, language=language, settings=settings
        )
    return _render(
        "_check.html",
        is_empty=not text,
        checked=checked,
        findings=written.findings,
        preview=with_opt_out(filled.text, message_kind, language, house.opt_out_words),
        most=MOST_UNITS,
        signature=settings.signature,
    )


@pages.get("/<int:template_id>")
@allow(READERS)
def show_template(template_id: int) -> str:
    """One template: its texts as a patient reads them, who said yes, and every version with what it changed."""
    with reading() as session:
        template = service.get_template(session, template_id)
        latest = template.versions[0]
        subject = service.subject_of(session, latest)
        house = service.house_values(session, parts().settings)
        who, is_clinician = signed_in().username, signed_in().role in CLINICIANS
        waiting = needed_approvals(subject) if latest.state == VersionState.SUBMITTED else ()
        department = organisation.department_names(session)
        diseases = codes.names(session, CodeList.DISEASE, [template.disease])
    return _render(
        "show.html",
        template=template,
        latest=latest,
        department=department.get(template.department_id or 0, ""),
        disease=diseases.get(template.disease or "", ""),
        previews={
            language: with_opt_out(
                fill_text(text, sample_values(text, language, dict(house.fields))).text,
                MessageKind(template.message_kind),
                language,
                house.opt_out_words,
            )
            for language, text in latest.texts.items()
        },
        waiting=[(each, object_to(subject, each, by=who, is_clinician=is_clinician)) for each in waiting],
        changes=_changes(template),
        signature=parts().settings.signature,
        in_use=versions.in_use(template.versions),
        **_rights(),
    )


@pages.get("/<int:template_id>/edit")
@allow(WRITERS)
def show_edit(template_id: int) -> str:
    with reading() as session:
        template = service.get_template(session, template_id)
        return _edit_page(session, template, _form_of(template), {})


@pages.post("/<int:template_id>/edit")
@allow(WRITERS)
def change_template(template_id: int) -> Response | tuple[str, int]:
    return _save(template_id)


@pages.post("/<int:template_id>/submit")
@allow(WRITERS)
def submit_template(template_id: int) -> Response:
    def act(session: Session) -> None:
        now = parts().now()
        service.submit(session, template_id, settings=parts().settings, by=signed_in().username, now=now)

    return _act(template_id, act, "submitted", _("The text waits for approval."))


@pages.post("/<int:template_id>/take-back")
@allow(WRITERS)
def take_back_template(template_id: int) -> Response:
    def act(session: Session) -> None:
        service.take_back(session, template_id)

    return _act(template_id, act, "taken_back", _("The text is a draft again."))


@pages.post("/<int:template_id>/approve")
@allow(WRITERS)
def approve_template(template_id: int) -> Response:
    wanted = request.form.get("approval", "")
    if wanted not in set(Approval):
        raise InvalidInput(N_("Say which approval you give."), field="approval")

    def act(session: Session) -> None:
        service.approve(
            session,
            template_id,
            Approval(wanted),
            by=signed_in().username,
            is_clinician=signed_in().role in CLINICIANS,
            now=parts().now(),
        )

    return _act(template_id, act, f"approved_{wanted}", _("Your approval was noted."))


@pages.post("/<int:template_id>/retire")
@allow(WRITERS)
def retire_template(template_id: int) -> Response:
    def act(session: Session) -> None:
        service.retire(session, template_id, by=signed_in().username, now=parts().now())

    return _act(template_id, act, "retired", _("The template is no longer in use."))


@pages.post("/<int:template_id>/remove")
@allow(WRITERS)
def remove_template(template_id: int) -> Response:
    try:
        with writing() as session:
            service.remove(session, template_id, by=signed_in().username, now=parts().now())
            audit(session, Action.CHANGE, subject=f"template:{template_id}", details={"state": "removed"})
    except WardlineError as error:
        return _back(template_id, error)
    flash(_("The template was removed."), "success")
    return redirect(url_for(".show_templates"), 303)


def _act(template_id: int, act: Callable[[Session], None], what: str, done: str) -> Response:
    try:
        with writing() as session:
            act(session)
            audit(session, Action.CHANGE, subject=f"template:{template_id}", details={"state": what})
    except NotFound:
        raise
    except WardlineError as error:
        return _back(template_id, error)
    flash(done, "success")
    return redirect(url_for(".show_template", template_id=template_id), 303)


def _back(template_id: int, error: WardlineError) -> Response:
    flash(_sentence(error), "danger")
    return redirect(url_for(".show_template", template_id=template_id), 303)


def _save(template_id: int | None) -> Response | tuple[str, int]:
    form, now, by = request.form, parts().now(), signed_in().username
    try:
        data = _data(form.to_dict())
        with writing() as session:
            if template_id is None:
                template_id = service.create_template(session, data, by=by, now=now).id
                audit(session, Action.CREATE, subject=f"template:{template_id}")
            else:
                row_version = form.get("row_version", 0, type=int)
                version = service.change_template(session, template_id, data, row_version=row_version, by=by, now=now)
                audit(session, Action.CHANGE, subject=f"template:{template_id}", details={"version": version.number})
    except NotFound:
        raise
    except WardlineError as error:
        errors = {str(error.fields.get("field", "name")): _sentence(error)}
        with reading() as session:
            template = service.get_template(session, template_id) if template_id is not None else None
            return _edit_page(session, template, form.to_dict(), errors), 422
    flash(_("The draft was saved."), "success")
    return redirect(url_for(".show_template", template_id=template_id), 303)


def _data(form: dict[str, str]) -> TemplateData:
    kind, message_kind = _kinds(form.get("kind", ""), form.get("message_kind", ""))
    department, day = form.get("department", ""), form.get("valid_until", "").strip()
    try:
        valid_until = date.fromisoformat(day) if day else None
    except ValueError:
        raise InvalidInput(N_("Write a date such as 2026-11-21."), field="valid_until") from None
    return TemplateData(
        name=form.get("name", ""),
        kind=kind,
        message_kind=message_kind,
        texts={language: form.get(f"text-{language}", "") for language in LANGUAGES},
        disease=form.get("disease", "")[:40] or None,
        department_id=int(department) if department.isascii() and department.isdecimal() else None,
        review_number=form.get("review_number", ""),
        valid_until=valid_until,
    )


def _kinds(kind: str, message_kind: str) -> tuple[TemplateKind, MessageKind]:
    found = TemplateKind(kind) if kind in set(TemplateKind) else TemplateKind.NOTICE
    if found is TemplateKind.PROMOTION:
        return found, MessageKind.MARKETING
    return found, MessageKind(message_kind) if message_kind in set(MessageKind) else MessageKind.CARE


def _form_of(template: MessageTemplate) -> dict[str, str]:
    latest = template.versions[0]
    return {
        "name": service.name_of(template, str(get_locale())),
        "kind": template.kind,
        "message_kind": template.message_kind,
        "disease": template.disease or "",
        "department": str(template.department_id or ""),
        "review_number": latest.review_number,
        "valid_until": latest.valid_until.isoformat() if latest.valid_until else "",
        "row_version": str(latest.row_version),
        **{f"text-{language}": text for language, text in latest.texts.items()},
    }


def _edit_page(session: Session, template: MessageTemplate | None, form: dict[str, str], errors: dict[str, str]) -> str:
    diseases = [(code.code, "\u2003" * code.depth + code.name) for code in codes.items(session, CodeList.DISEASE)]
    return _render(
        "edit.html",
        template=template,
        form=form,
        errors=errors,
        languages=LANGUAGES,
        longest=LONGEST_TEXT,
        diseases=[("", _("None")), *diseases],
        departments=[("", _("None")), *((str(each.id), each.name) for each in organisation.departments(session))],
    )


def _changes(template: MessageTemplate) -> dict[int, dict[str, Any]]:
    """For each version what it changed in each language, by its number."""
    found: dict[int, dict[str, Any]] = {}
    for newer, older in zip(template.versions, template.versions[1:], strict=False):
        languages = [each for each in LANGUAGES if newer.texts.get(each, "") != older.texts.get(each, "")]
        found[newer.number] = {
            each: diff_texts(older.texts.get(each, ""), newer.texts.get(each, "")) for each in languages
        }
    return found


def _chosen() -> dict[str, str]:
    """The filters in the address, only those that mean something."""
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("q", "kind", "state", "language")}
    known: dict[str, set[str]] = {"kind": set(TemplateKind), "state": set(VersionState), "language": set(LANGUAGES)}
    return {name: value if value in known.get(name, {value}) else "" for name, value in chosen.items()}


def _sentence(error: WardlineError) -> str:
    sentence: str = _(error.detail)
    return sentence % error.fields if "%(" in sentence else sentence


def _rights() -> dict[str, bool]:
    return {"may_write": signed_in().role in WRITERS and viewer().grant(Module.MESSAGES).can_write}


def _render(page: str, /, **values: Any) -> str:
    locale = str(get_locale())
    shown: str = render_template(
        f"message_templates/{page}",
        name_of=lambda each: service.name_of(each, locale),
        **{**page_words(), **_rights(), **values},
    )
    return shown
