"""The pages of follow-up templates: the list, one with its steps and versions, and the editor."""

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
from app.accounts.rules import OVER_AGENTS, WITH_PATIENTS, Role
from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import InvalidInput, NotFound, WardlineError
from app.followup_plans import service as plans
from app.followup_templates import service
from app.followup_templates.models import FollowupTemplate, FollowupTemplateVersion
from app.followup_templates.routes.forms import MOST_STOPS, Draft, data_in, draft_in, draft_of, empty_draft, errors_of
from app.followup_templates.routes.words import page_words
from app.followup_templates.rules import (
    SPECIALTIES,
    STEP_KINDS,
    Fault,
    named_diseases,
    object_to,
)
from app.followup_templates.service import TemplateFilters
from app.followups.routes.words import kind_words
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.message_templates.rules import FIELD_TITLES
from app.message_templates.service import disease_names
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.registers import service as registers
from app.segments import service as segments
from app.texts import N_
from app.versions import service as versions
from app.versions.rules import VersionState

pages = Blueprint("followup_templates", __name__, url_prefix="/followup-templates", template_folder="../templates")

READERS = WITH_PATIENTS
WRITERS = OVER_AGENTS | {Role.DOCTOR}
CLINICIANS = frozenset({Role.DOCTOR})


@pages.get("")
@allow(READERS)
def list_templates() -> str:
    """The templates that fit the filters, each with its steps in brief."""
    chosen = _chosen()
    filters = TemplateFilters(
        text=chosen["q"],
        specialty=chosen["specialty"] or None,
        state=VersionState(chosen["state"]) if chosen["state"] else None,
    )
    with reading() as session:
        page = service.list_templates(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    programmes = {template.id: service.programme_of(template.versions[0]) for template in page.items}
    kept = {name: value for name, value in chosen.items() if value}
    return render("list.html", page=page, programmes=programmes, chosen=kept)


@pages.get("/new")
@allow(WRITERS)
def show_new() -> str:
    with reading() as session:
        return _edit_page(session, None, empty_draft(), [])


@pages.post("/new")
@allow(WRITERS)
def create_template() -> Response | tuple[str, int]:
    return _save(None)


@pages.post("/steps")
@allow(WRITERS)
def edit_steps() -> str:
    """The steps after one was added, removed or moved; asked for by the editor."""
    with reading() as session:
        return render("_steps.html", draft=draft_in(request.form), faults={}, **_choices(session))


@pages.get("/<int:template_id>")
@allow(READERS)
def show_template(template_id: int) -> str:
    """One template: when it starts, its steps along their days, what stops it, and every version."""
    with reading() as session:
        template = service.get_template(session, template_id)
        number = request.args.get("version", type=int)
        version = next((each for each in template.versions if each.number == number), template.versions[0])
        return render(
            "show.html",
            template=template,
            version=version,
            latest=template.versions[0],
            in_use=versions.in_use(template.versions),
            programme=service.programme_of(version),
            named=named_diseases(service.programme_of(version).steps, disease_names(session)),
            objection=_objection(session, template.versions[0]),
            filters=_filter_words(session, version),
            starts=plans.starts_of(session, template_id),
            segments={each.id: each.name for each in segments.list_segments(session)},
            today=_today(),
        )


@pages.get("/<int:template_id>/edit")
@allow(WRITERS)
def show_edit(template_id: int) -> str:
    with reading() as session:
        template = service.get_template(session, template_id)
        latest = template.versions[0]
        draft = draft_of(template, latest, service.name_of(template, str(get_locale())))
        return _edit_page(session, template, draft, [], row_version=latest.row_version)


@pages.post("/<int:template_id>/edit")
@allow(WRITERS)
def change_template(template_id: int) -> Response | tuple[str, int]:
    return _save(template_id)


@pages.post("/<int:template_id>/submit")
@allow(WRITERS)
def submit_template(template_id: int) -> Response:
    def act(session: Session) -> None:
        service.submit(session, template_id, by=signed_in().username, now=parts().now())

    return _act(template_id, act, "submitted", _("The version waits for a doctor's approval."))


@pages.post("/<int:template_id>/take-back")
@allow(WRITERS)
def take_back_template(template_id: int) -> Response:
    def act(session: Session) -> None:
        service.take_back(session, template_id)

    return _act(template_id, act, "taken_back", _("The version is a draft again."))


@pages.post("/<int:template_id>/approve")
@allow(WRITERS)
def approve_template(template_id: int) -> Response:
    day = request.form.get("since", "")
    try:
        since = date.fromisoformat(day) if day else None
    except ValueError:
        raise InvalidInput(N_("Write a date such as 2026-11-21."), field="since") from None

    def act(session: Session) -> None:
        service.approve(
            session,
            parts().bus,
            template_id,
            by=signed_in().username,
            is_clinician=signed_in().role in CLINICIANS,
            now=parts().now(),
            accepts_disease_names=request.form.get("names_disease") == "1",
            since=since,
        )

    return _act(template_id, act, "approved", _("The version is in use. Events start it from the day that you named."))


@pages.post("/<int:template_id>/retire")
@allow(WRITERS)
def retire_template(template_id: int) -> Response:
    def act(session: Session) -> None:
        service.retire(session, parts().bus, template_id, by=signed_in().username, now=parts().now())

    return _act(template_id, act, "retired", _("Nothing starts by this template any more; plans that run go on."))


@pages.post("/<int:template_id>/versions/<int:number>/restore")
@allow(WRITERS)
def restore_version(template_id: int, number: int) -> Response:
    def act(session: Session) -> None:
        service.restore_version(session, template_id, number, by=signed_in().username, now=parts().now())

    return _act(template_id, act, "restored", _("What version %(number)s says is the draft now.", number=number))


@pages.post("/<int:template_id>/remove")
@allow(WRITERS)
def remove_template(template_id: int) -> Response:
    try:
        with writing() as session:
            service.remove(session, template_id, by=signed_in().username, now=parts().now())
            audit(session, Action.CHANGE, subject=f"followup_template:{template_id}", details={"state": "removed"})
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(url_for(".show_template", template_id=template_id), 303)
    flash(_("The template was removed."), "success")
    return redirect(url_for(".list_templates"), 303)


def render(page: str, /, **values: Any) -> str:
    """A page of this room with its words and what the user may do."""
    may_write = signed_in().role in WRITERS and viewer().grant(Module.FOLLOWUPS).can_write
    shown: str = render_template(
        f"followup_templates/{page}",
        **{**page_words(), "may_write": may_write, "is_clinician": signed_in().role in CLINICIANS, **values},
    )
    return shown


def sentence(error: WardlineError) -> str:
    """What an error says, in the reader's language."""
    told: str = _(error.detail)
    return told % error.fields if "%(" in told else told


def _act(template_id: int, act: Callable[[Session], None], what: str, done: str) -> Response:
    try:
        with writing() as session:
            act(session)
            audit(session, Action.CHANGE, subject=f"followup_template:{template_id}", details={"state": what})
    except NotFound:
        raise
    except WardlineError as error:
        flash(_with_place(error), "danger")
    else:
        flash(done, "success")
    return redirect(url_for(".show_template", template_id=template_id), 303)


def _with_place(error: WardlineError) -> str:
    fault = next(iter(getattr(error, "faults", ())), None)
    if fault is None or fault.step is None:
        return sentence(error)
    return str(_("Step %(number)s: %(fault)s", number=fault.step + 1, fault=_(fault.sentence)))


def _save(template_id: int | None) -> Response | tuple[str, int]:
    draft, now, by = draft_in(request.form), parts().now(), signed_in().username
    anchors = list(plans.plan_anchors())
    row_version = request.form.get("row_version", 0, type=int)
    try:
        data = data_in(draft)
        with writing() as session:
            if template_id is None:
                template_id = service.create_template(session, data, anchors=anchors, by=by, now=now).id
                audit(session, Action.CREATE, subject=f"followup_template:{template_id}")
            else:
                version = service.change_template(
                    session, template_id, data, anchors=anchors, row_version=row_version, by=by, now=now
                )
                details = {"version": version.number}
                audit(session, Action.CHANGE, subject=f"followup_template:{template_id}", details=details)
    except NotFound:
        raise
    except WardlineError as error:
        faults = errors_of(error) if isinstance(error, InvalidInput) else [Fault(sentence=error.detail, field="name")]
        with reading() as session:
            template = service.get_template(session, template_id) if template_id is not None else None
            return _edit_page(session, template, draft, faults, row_version=row_version), 422
    flash(_("The draft was saved. Try it in the laboratory, then submit it for approval."), "success")
    return redirect(url_for(".show_template", template_id=template_id), 303)


def _edit_page(
    session: Session, template: FollowupTemplate | None, draft: Draft, faults: list[Fault], *, row_version: int = 0
) -> str:
    return render(
        "edit.html",
        template=template,
        draft=draft,
        row_version=row_version,
        errors={_place(fault): _(fault.sentence) for fault in reversed(faults)},
        faults={_place(fault): _(fault.sentence) for fault in faults},
        **_choices(session),
    )


def _place(fault: Fault) -> str:
    """The id of the field in the form."""
    if fault.step is None:
        return fault.field
    field = {"title": "title-zh_Hans", "text": "text-zh_Hans"}.get(fault.field, fault.field)
    return f"step-{fault.step}-{field}"


def _choices(session: Session) -> dict[str, Any]:
    anchors = plans.plan_anchors()
    diseases = [(code.code, "\u2003" * code.depth + code.name) for code in codes.items(session, CodeList.DISEASE)]
    return {
        "step_kinds": [kind.value for kind in STEP_KINDS],
        "kind_choices": [(kind.value, kind_words()[kind]) for kind in STEP_KINDS],
        "anchor_filters": {code: kind.filters for code, kind in anchors.items()},
        "diseases": [("", _("Every disease")), *diseases],
        "departments": [
            ("", _("Every department")),
            *((str(each.id), each.name) for each in organisation.departments(session)),
        ],
        "registers": [
            ("", _("None")),
            *((str(each.id), each.name) for each, _people in registers.list_registers(session)),
        ],
        "visit_kinds": [
            ("", _("Every kind of visit")),
            ("outpatient", _("Outpatient visit")),
            ("inpatient", _("Inpatient stay")),
            ("emergency", _("Emergency visit")),
            ("exam", _("Physical examination")),
        ],
        "questionnaires": [("", _("None")), *service.questionnaire_codes(session)],
        "field_titles": {key: _(title) for key, title in FIELD_TITLES.items()},
        "most_stops": MOST_STOPS,
    }


def _filter_words(session: Session, version: FollowupTemplateVersion) -> list[str]:
    filters, found = version.filters, []
    if filters.get("word"):
        found.append(_("named with “%(word)s”", word=filters["word"]))
    if filters.get("visit_kind"):
        kinds = dict(_choices(session)["visit_kinds"])
        found.append(kinds[filters["visit_kind"]])
    if filters.get("diseases"):
        found += list(codes.names(session, CodeList.DISEASE, filters["diseases"]).values())
    if filters.get("department_id"):
        found.append(organisation.department_names(session).get(filters["department_id"], ""))
    if filters.get("register_id"):
        names = {each.id: each.name for each, _people in registers.list_registers(session)}
        found.append(names.get(filters["register_id"], ""))
    if filters.get("one_at_a_time"):
        found.append(_("one plan at a time"))
    return [each for each in found if each]


def _objection(session: Session, latest: FollowupTemplateVersion) -> Any:
    if latest.state != VersionState.SUBMITTED:
        return None
    return object_to(
        service.subject_of(session, latest),
        by=signed_in().username,
        is_clinician=signed_in().role in CLINICIANS,
        accepts_disease_names=True,
    )


def _today() -> date:
    return parts().now().astimezone(parts().settings.timezone).date()


def _chosen() -> dict[str, str]:
    """The filters in the address, only those that mean something."""
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("q", "specialty", "state")}
    known: dict[str, set[str]] = {"specialty": set(SPECIALTIES), "state": {str(each) for each in VersionState}}
    return {name: value if value in known.get(name, {value}) else "" for name, value in chosen.items()}
