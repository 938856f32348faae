"""The tree of departments."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, writing
from app.organisation import service
from app.organisation.routes.blueprint import ADMINS, pages
from app.organisation.rules import KIND_TITLES, DepartmentKind, is_within
from app.patients.phones import display_number, parse_number
from app.texts import N_


@pages.get("/admin/departments")
@allow(ADMINS)
def show_departments() -> str:
    return _show_tree({})


@pages.post("/admin/departments")
@allow(ADMINS)
def add_department() -> Response | tuple[str, int]:
    form = request.form
    try:
        with writing() as session:
            made = service.create_department(
                session,
                code=form.get("code", "").strip(),
                name=form.get("name", ""),
                kind=_kind(),
                parent_id=form.get("parent_id", type=int),
                phone=_phone(),
                now=parts().now(),
            )
            audit(session, Action.SETTING, subject=f"department:{made.id}", details={"change": "created"})
    except (InvalidInput, Conflict) as error:
        return _show_tree(errors_of(error)), 422
    flash(_("The department is there."), "success")
    return redirect(url_for("organisation.show_departments"))


@pages.get("/admin/departments/<int:department_id>")
@allow(ADMINS)
def show_department(department_id: int) -> str:
    return _show_one(department_id, {})


@pages.post("/admin/departments/<int:department_id>")
@allow(ADMINS)
def save_department(department_id: int) -> Response | tuple[str, int]:
    """Change a department and where it stands in the tree."""
    form = request.form
    try:
        with writing() as session:
            saved = service.change_department(
                session,
                department_id,
                code=form.get("code", "").strip(),
                name=form.get("name", ""),
                kind=_kind(),
                is_active=form.get("is_active") == "1",
                phone=_phone(),
            )
            parent_id = form.get("parent_id", type=int)
            if parent_id != saved.parent_id:
                service.move_department(session, department_id, parent_id)
            audit(session, Action.SETTING, subject=f"department:{department_id}", details={"change": "saved"})
    except (InvalidInput, Conflict) as error:
        return _show_one(department_id, errors_of(error)), 422
    flash(_("Saved."), "success")
    return redirect(url_for("organisation.show_departments"))


def _show_tree(errors: dict[str, str]) -> str:
    with reading() as session:
        tree = service.department_tree(session)
    return render_template(
        "organisation/departments.html",
        tree=tree,
        kinds=_kinds(),
        parents=_indented([branch for branch in tree if branch.department.is_active]),
        errors=errors,
        typed=request.form,
    )


def _show_one(department_id: int, errors: dict[str, str]) -> str:
    with reading() as session:
        department = service.get_department(session, department_id)
        tree = service.department_tree(session)
        staff = service.staff_of(session, department_id)
    above = [
        branch
        for branch in tree
        if branch.department.is_active and not is_within(branch.department.path, department.path)
    ]
    return render_template(
        "organisation/department.html",
        department=department,
        phone=display_number(department.phone) if department.phone else "",
        parents=_indented(above),
        kinds=_kinds(),
        staff=staff,
        errors=errors,
    )


def _kind() -> DepartmentKind:
    kind = request.form.get("kind")
    return DepartmentKind(kind) if kind in set(DepartmentKind) else DepartmentKind.OTHER


def _phone() -> str | None:
    typed, settings = request.form.get("phone", "").strip(), parts().settings
    if not typed:
        return None
    found = parse_number(typed, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if found is None:
        raise InvalidInput(N_("This is not a telephone number. A landline needs its area code."), field="phone")
    return found.e164


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, _(title)) for kind, title in KIND_TITLES.items()]


def _indented(branches: list[service.Branch]) -> list[tuple[str, str]]:
    """What a select offers: a select cannot be a tree, so depth is shown by spaces."""
    return [(str(each.department.id), "\u2003" * each.depth + each.department.name) for each in branches]
