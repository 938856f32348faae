"""Group customers for people: the list, one group with its members, its form, and the list to paste."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.groups import service
from app.groups.rules import KIND_TEXT, GroupKind, read_lines
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.patients.models import Patient
from app.patients.routes.sections import Section, register
from app.texts import N_

pages = Blueprint("groups", __name__, url_prefix="/groups", template_folder="templates")

_ROWS = 50
_CONTACTS = 4
# 10,000 lines of a list; the body of a request is bounded by the front hall.
_LONGEST_LIST = 900_000


@pages.get("")
@allow(WITH_PATIENTS)
def show_groups() -> str:
    with reading() as session:
        groups = service.list_groups(session)
    return render_template("groups/list.html", groups=groups, **_words())


@pages.get("/new")
@allow(WITH_PATIENTS)
def show_new() -> str:
    return render_template("groups/edit.html", group=None, form={}, contacts=[{}] * _CONTACTS, errors={}, **_words())


@pages.post("/new")
@allow(WITH_PATIENTS)
def create_group() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/<int:group_id>")
@allow(WITH_PATIENTS)
def show_group(group_id: int) -> str:
    after = request.args.get("after", 0, type=int)
    with reading() as session:
        group = service.get_group(session, group_id)
        rows = service.list_members(session, group_id, after_id=max(0, min(after, 2**31 - 1)), limit=_ROWS + 1)
    return render_template(
        "groups/show.html",
        group=group,
        rows=rows[:_ROWS],
        following=rows[_ROWS - 1][0].id if len(rows) > _ROWS else None,
        may_export=viewer().grant(Module.EXPORT).can_view,
        **_words(),
    )


@pages.get("/<int:group_id>/edit")
@allow(WITH_PATIENTS)
def show_edit(group_id: int) -> str:
    with reading() as session:
        group = service.get_group(session, group_id)
    form = {
        "name": group.name,
        "kind": group.kind,
        "starts_on": group.starts_on or "",
        "ends_on": group.ends_on or "",
        "remark": group.remark,
    }
    contacts = [
        {"name": each.name, "position": each.position, "number": each.number or "", "email": each.email or ""}
        for each in group.contacts
    ]
    contacts += [{}] * max(1, _CONTACTS - len(contacts))
    return render_template("groups/edit.html", group=group, form=form, contacts=contacts, errors={}, **_words())


@pages.post("/<int:group_id>/edit")
@allow(WITH_PATIENTS)
def change_group(group_id: int) -> Response | tuple[str, int]:
    return _save(group_id)


@pages.post("/<int:group_id>/members")
@allow(WITH_PATIENTS)
def add_members(group_id: int) -> str:
    """Add everybody in a pasted list, and report line by line who was not found."""
    file = request.files.get("file")
    text = request.form.get("list", "")
    if file is not None and file.filename:
        text = _decoded(file.read(_LONGEST_LIST))
    with writing() as session:
        group = service.get_group(session, group_id)
        report = service.add_members(
            session,
            group_id,
            read_lines(text[:_LONGEST_LIST]),
            settings=parts().settings,
            by=signed_in().username,
            now=parts().now(),
        )
        audit(session, Action.IMPORT, subject=f"group:{group_id}", details={"added": report.added})
    return render_template("groups/report.html", group=group, report=report, **_words())


@pages.post("/<int:group_id>/members/<int:patient_id>/remove")
@allow(WITH_PATIENTS)
def remove_member(group_id: int, patient_id: int) -> Response:
    with writing() as session:
        service.remove_member(session, group_id, patient_id)
        audit(session, Action.CHANGE, patient_id=patient_id, subject=f"group:{group_id}")
    flash(_("The person is no longer in the group."), "success")
    return redirect(url_for(".show_group", group_id=group_id), 303)


def _save(group_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    contacts = [
        {name: form.get(f"contact{n}-{name}", "").strip() for name in ("name", "position", "number", "email")}
        for n in range(20)
        if form.get(f"contact{n}-name", "").strip()
    ]
    try:
        data = service.GroupData(
            name=form.get("name", ""),
            kind=GroupKind(form["kind"]) if form.get("kind") in set(GroupKind) else GroupKind.OTHER,
            starts_on=_day("starts_on"),
            ends_on=_day("ends_on"),
            remark=form.get("remark", ""),
            contacts=[service.ContactData(**each) for each in contacts],
        )
        with writing() as session:
            group_id = service.save_group(
                session, group_id, data, settings=parts().settings, by=signed_in().username, now=parts().now()
            ).id
    except (InvalidInput, Conflict) as error:
        errors = {str(error.fields.get("field", "name")): _(error.detail)}
        shown = [*contacts, {}]
        page = render_template(
            "groups/edit.html", group={"id": group_id}, form=form, contacts=shown, errors=errors, **_words()
        )
        return page, 422
    flash(_("The group customer was saved."), "success")
    return redirect(url_for(".show_group", group_id=group_id), 303)


def _day(name: str) -> date | None:
    text = request.form.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(N_("This is no date."), field=name) from None


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", errors="replace")


def _words() -> dict[str, Any]:
    return {
        "kinds": {kind.value: _(text) for kind, text in KIND_TEXT.items()},
        "may_write": viewer().grant(Module.CONTACT).can_write,
        "people": lambda count: ngettext("%(num)s person", "%(num)s people", count),
    }


def _groups_of(session: Session, patient: Patient) -> dict[str, Any]:
    found = service.groups_of(session, patient.id)
    return {"groups": found, "count": len(found)}


register(
    Section(
        name="groups",
        title=N_("Group customers"),
        icon="buildings",
        template="groups/_record.html",
        load=_groups_of,
        order=720,
    )
)
