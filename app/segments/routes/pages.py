"""The pages of segments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS, Role
from app.errors import Conflict, InvalidInput, NotFound
from app.http import allow, parts, reading, signed_in, viewer, writing
from app.patients.rules import age_on
from app.registers.rules import RULE_KINDS
from app.segments import service
from app.segments.models import SavedSegment
from app.segments.routes.choices import choices_of, suggest
from app.segments.routes.editor import draft_in, editor_values, result_values
from app.segments.routes.forms import Draft, empty_draft
from app.segments.routes.words import PURPOSE_TEXT, explain
from app.segments.rules import KINDS, ConditionKind, read_rule
from app.texts import N_

pages = Blueprint("segments", __name__, url_prefix="/segments", template_folder="../templates")


@pages.get("")
@allow(WITH_PATIENTS)
def show_segments() -> str:
    with reading() as session:
        segments = service.list_segments(session)
    return render_template("segments/list.html", segments=segments, **_rights())


@pages.get("/new")
@allow(WITH_PATIENTS)
def show_new() -> str:
    with reading() as session:
        return _edit_page(session, empty_draft(), segment=None, errors={})


@pages.post("/new")
@allow(WITH_PATIENTS)
def create_segment() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/<int:segment_id>")
@allow(WITH_PATIENTS)
def show_segment(segment_id: int) -> str:
    """One segment: how many it holds now, what it says, who is in it, and what it was used for."""
    settings = parts().settings
    with reading() as session:
        segment = service.get_segment(session, segment_id)
        people = service.members(session, segment_id, now=parts().now(), zone=settings.timezone)
        return render_template(
            "segments/show.html",
            segment=segment,
            count=service.count_members(session, segment_id, now=parts().now(), zone=settings.timezone),
            explanation=explain(session, read_rule(segment.rule)),
            uses=service.uses_of(session, segment_id),
            sample=service.sample(session, people),
            purposes={purpose.value: _(text) for purpose, text in PURPOSE_TEXT.items()},
            is_own=signed_in().username == segment.owner or signed_in().role is Role.ADMIN,
            **_people_words(),
            **_rights(),
        )


@pages.get("/<int:segment_id>/edit")
@allow(WITH_PATIENTS)
def show_edit(segment_id: int) -> str:
    with reading() as session:
        segment = service.get_segment(session, segment_id)
        return _edit_page(session, segment.rule, segment=segment, errors={})


@pages.post("/<int:segment_id>/edit")
@allow(WITH_PATIENTS)
def change_segment(segment_id: int) -> Response | tuple[str, int]:
    return _save(segment_id)


@pages.post("/<int:segment_id>/freeze")
@allow(WITH_PATIENTS)
def freeze_segment(segment_id: int) -> Response:
    with writing() as session:
        count = service.freeze(session, segment_id, now=parts().now(), zone=parts().settings.timezone)
    flash(_("The list is frozen with %(count)s people.", count=count), "success")
    return redirect(url_for(".show_segment", segment_id=segment_id), 303)


@pages.post("/<int:segment_id>/thaw")
@allow(WITH_PATIENTS)
def thaw_segment(segment_id: int) -> Response:
    with writing() as session:
        service.thaw(session, segment_id)
    flash(_("The rule decides again who is in it."), "success")
    return redirect(url_for(".show_segment", segment_id=segment_id), 303)


@pages.post("/<int:segment_id>/delete")
@allow(WITH_PATIENTS)
def delete_segment(segment_id: int) -> Response:
    try:
        with writing() as session:
            service.delete_segment(session, segment_id)
    except Conflict as error:
        flash(_(error.detail), "warning")
        return redirect(url_for(".show_segment", segment_id=segment_id), 303)
    flash(_("The segment was deleted."), "success")
    return redirect(url_for(".show_segments"), 303)


@pages.post("/edit")
@allow(WITH_PATIENTS)
def edit_rule() -> str:
    """The tree after a button was pressed or a kind was chosen, with its count; nothing is saved."""
    with reading() as session:
        only = RULE_KINDS if request.form.get("for") == "register" else None
        values = editor_values(session, draft_in(session, request.form), only=only)
        return render_template("segments/_rule.html", is_fragment=True, **values)


@pages.post("/count")
@allow(WITH_PATIENTS)
def count_people() -> str:
    """How many people the form's rule holds, and what it says."""
    with reading() as session:
        return render_template("segments/_result.html", **result_values(session, draft_in(session, request.form)))


@pages.post("/sample")
@allow(WITH_PATIENTS)
def show_sample() -> str:
    """Twenty people whom the form's rule holds."""
    with reading() as session:
        rule = read_rule(draft_in(session, request.form))
        people = service.sample(
            session, service.matching(rule, service.clock_of(parts().now(), parts().settings.timezone))
        )
    return render_template("segments/_sample.html", sample=people, **_people_words())


@pages.get("/choices")
@allow(WITH_PATIENTS)
def show_choices() -> str:
    """Suggestions for what is being typed into the box of a condition; htmx sends the box under its own name."""
    kind = request.args.get("of", "")
    if kind not in set(ConditionKind):
        raise NotFound(N_("This kind of condition is not known."))
    typed = next((value for name, value in request.args.items() if name.startswith("add-")), "")[:200]
    with reading() as session:
        found = suggest(choices_of(session, KINDS[ConditionKind(kind)]), typed)
    return render_template("segments/_options.html", options=found)


def _save(segment_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    name, errors = form.get("name", "").strip(), dict[str, str]()
    if not name:
        errors["name"] = _("Give the segment a name.")
    with reading() as session:
        segment = service.get_segment(session, segment_id) if segment_id is not None else None
        draft = draft_in(session, request.form)
        try:
            rule = read_rule(draft)
        except InvalidInput as error:
            errors["rule"] = _(error.detail)
        if errors:
            return _edit_page(session, draft, segment=segment, errors=errors), 422
    data = service.SegmentData(
        name=name, description=form.get("description", ""), rule=rule, is_shared=form.get("is_shared") == "1"
    )
    with writing() as session:
        if segment_id is None:
            segment_id = service.create_segment(session, data, by=signed_in().username, now=parts().now()).id
        else:
            version = form.get("row_version", 0, type=int)
            service.change_segment(session, segment_id, data, row_version=version, now=parts().now())
    flash(_("The segment was saved."), "success")
    return redirect(url_for(".show_segment", segment_id=segment_id), 303)


def _edit_page(session: Session, draft: Draft, *, segment: SavedSegment | None, errors: dict[str, str]) -> str:
    return render_template(
        "segments/edit.html",
        segment=segment,
        form=request.form,
        errors=errors,
        **editor_values(session, draft),
        **_rights(),
    )


def _people_words() -> dict[str, Any]:
    today = parts().now().astimezone(parts().settings.timezone).date()
    return {
        "age_of": lambda patient: age_on(patient.birth_date, today),
        "sexes": {"F": _("Female"), "M": _("Male"), "U": _("Sex unknown")},
    }


def _rights() -> dict[str, bool]:
    return {
        "may_write": viewer().grant(Module.CONTACT).can_write,
        "may_export": viewer().grant(Module.EXPORT).can_view,
    }
