"""The fields that the hospital adds to its records."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration import service
from app.configuration.forms import errors_of
from app.configuration.routes.blueprint import ADMINS, pages
from app.configuration.rules import ENTITIES, KIND_TITLES, Field, FieldKind
from app.errors import Conflict, InvalidInput, NotFound
from app.http import allow, audit, parts, reading, writing

_NEW = Field(key="", label="", kind=FieldKind.TEXT)


@pages.get("/fields")
@allow(ADMINS)
def show_fields() -> str:
    """Every field, entity by entity."""
    with reading() as session:
        found = [(entity, _(title), service.all_fields(session, entity)) for entity, title in ENTITIES.items()]
    return render_template("configuration/fields.html", entities=found, kinds=_kinds())


@pages.get("/fields/<entity>/new")
@allow(ADMINS)
def show_new_field(entity: str) -> str:
    return _show(entity, _NEW, {}, is_new=True)


@pages.get("/fields/<entity>/<key>")
@allow(ADMINS)
def show_field(entity: str, key: str) -> str:
    return _show(entity, _find(entity, key), {}, is_new=False)


@pages.post("/fields/<entity>/new")
@allow(ADMINS)
def add_field(entity: str) -> Response | tuple[str, int]:
    """Add a field; its key and kind stay as they are from then on."""
    form = request.form
    kind = FieldKind(form["kind"]) if form.get("kind") in set(FieldKind) else FieldKind.TEXT
    field = _from_form(form.get("key", "").strip(), kind, is_offered=True)
    with reading() as session:
        if any(each.key == field.key for each in service.all_fields(session, entity)):
            return _show(entity, field, {"key": _("There is a field with this key.")}, is_new=True), 422
    return _save(entity, field, is_new=True)


@pages.post("/fields/<entity>/<key>")
@allow(ADMINS)
def change_field(entity: str, key: str) -> Response | tuple[str, int]:
    """Change what may change of a field, and offer it or no longer."""
    stored = _find(entity, key)
    return _save(entity, _from_form(key, stored.kind, is_offered=request.form.get("is_offered") == "1"), is_new=False)


@pages.post("/fields/<entity>/<key>/move")
@allow(ADMINS)
def move_field(entity: str, key: str) -> Response:
    with writing() as session:
        service.move_field(session, entity, key, up=request.form.get("to") == "up")
    return redirect(url_for("configuration.show_fields"))


def _save(entity: str, field: Field, *, is_new: bool) -> Response | tuple[str, int]:
    try:
        with writing() as session:
            service.save_field(session, entity, field, now=parts().now())
            audit(session, Action.SETTING, subject=f"field:{entity}.{field.key}")
    except (InvalidInput, Conflict) as error:
        return _show(entity, field, errors_of(error), is_new=is_new), 422
    flash(_("Saved. Forms show it from now on."), "success")
    return redirect(url_for("configuration.show_fields"))


def _show(entity: str, field: Field, errors: dict[str, str], *, is_new: bool) -> str:
    if entity not in ENTITIES:
        raise NotFound(_("This record takes no further fields."))
    return render_template(
        "configuration/field.html",
        entity=entity,
        entity_title=_(ENTITIES[entity]),
        field=field,
        errors=errors,
        is_new=is_new,
        kinds=_kinds(),
    )


def _find(entity: str, key: str) -> Field:
    with reading() as session:
        found = next((field for field in service.all_fields(session, entity) if field.key == key), None)
    if found is None:
        raise NotFound(_("There is no such field."))
    return found


def _from_form(key: str, kind: FieldKind, *, is_offered: bool) -> Field:
    form = request.form
    lines = [" ".join(line.split()) for line in form.get("options", "").splitlines()]
    return Field(
        key=key,
        label=form.get("label", ""),
        kind=kind,
        options=tuple(line for line in lines if line) if kind is FieldKind.CHOICE else (),
        help=form.get("help", ""),
        is_required=form.get("is_required") == "1",
        is_offered=is_offered,
    )


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, _(title)) for kind, title in KIND_TITLES.items()]
