"""The pages of registers, and the key patients set by hand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS, Role
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.registers import service
from app.registers.models import Register
from app.registers.rules import KEY_PATIENT, RULE_KINDS
from app.segments.routes.editor import draft_in, editor_values
from app.segments.routes.forms import Draft, empty_draft
from app.segments.routes.words import explain
from app.segments.rules import SegmentRule, read_rule
from app.texts import N_

pages = Blueprint("registers", __name__, url_prefix="/registers", template_folder="../templates")

WITH_REGISTERS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.DOCTOR, Role.ADMIN})
_MAY_DEFINE = frozenset({Role.SUPERVISOR, Role.DOCTOR, Role.ADMIN})
_ROWS = 50


@pages.get("")
@allow(WITH_REGISTERS)
def show_registers() -> str:
    with reading() as session:
        registers = service.list_registers(session)
    return render_template("registers/list.html", registers=registers, **_rights())


@pages.get("/new")
@allow(_MAY_DEFINE)
def show_new() -> str:
    with reading() as session:
        return _form(session, None, {"flag": ""}, empty_draft(), {})


@pages.post("/new")
@allow(_MAY_DEFINE)
def create_register() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/<int:register_id>")
@allow(WITH_REGISTERS)
def show_register(register_id: int) -> str:
    """Who is on it, why and since when; with what its rule would add now."""
    before = request.args.get("before", type=int)
    with_left = request.args.get("left") == "1"
    with reading() as session:
        register = service.get_register(session, register_id)
        rule = service.rule_of(register)
        people = service.list_people(
            session,
            register_id,
            before_id=before if before and 0 < before < 2**31 else None,
            limit=_ROWS + 1,
            with_left=with_left,
        )
        return render_template(
            "registers/show.html",
            register=register,
            explanation=explain(session, rule) if rule is not None else None,
            preview=_preview(session, register_id, rule),
            people=people[:_ROWS],
            following=people[_ROWS - 1][0].id if len(people) > _ROWS else None,
            with_left=with_left,
            may_export=viewer().grant(Module.EXPORT).can_view,
            **_rights(),
        )


@pages.get("/<int:register_id>/edit")
@allow(_MAY_DEFINE)
def show_edit(register_id: int) -> str:
    with reading() as session:
        register = service.get_register(session, register_id)
        form = {
            "name": register.name,
            "description": register.description,
            "flag": register.flag or "",
            "is_active": "1" if register.is_active else "",
        }
        return _form(session, register, form, register.rule or empty_draft(), {})


@pages.post("/<int:register_id>/edit")
@allow(_MAY_DEFINE)
def change_register(register_id: int) -> Response | tuple[str, int]:
    return _save(register_id)


@pages.post("/<int:register_id>/fill")
@allow(_MAY_DEFINE)
def fill_register(register_id: int) -> Response:
    """A full run of the rule over everybody whom the user sees."""
    with writing() as session:
        register = service.get_register(session, register_id)
        joined = service.fill(session, parts().bus, register, now=parts().now(), zone=parts().settings.timezone)
        audit(session, Action.CHANGE, subject=f"register:{register_id}", details={"joined": joined})
    flash(_("%(count)s people were put on the register.", count=joined), "success")
    return redirect(url_for(".show_register", register_id=register_id), 303)


@pages.post("/<int:register_id>/people")
@allow(WITH_REGISTERS)
def join_register(register_id: int) -> Response:
    patient_id = request.form.get("patient_id", 0, type=int)
    try:
        with writing() as session:
            service.join_by_hand(
                session,
                parts().bus,
                register_id,
                patient_id if 0 < patient_id < 2**31 else 0,
                reason=request.form.get("reason", ""),
                by=signed_in().username,
                now=parts().now(),
            )
            audit(session, Action.CHANGE, patient_id=patient_id, subject=f"register:{register_id}")
    except (Conflict, InvalidInput) as error:
        flash(_(error.detail), "warning")
    else:
        flash(_("The person is on the register now."), "success")
    return redirect((request.form.get("back") == "patient" and f"/patients/{patient_id}") or _page(register_id), 303)


@pages.post("/<int:register_id>/people/<int:member_id>/leave")
@allow(WITH_REGISTERS)
def leave_register(register_id: int, member_id: int) -> Response:
    try:
        with writing() as session:
            service.leave(
                session,
                parts().bus,
                register_id,
                member_id,
                reason=request.form.get("reason", ""),
                by=signed_in().username,
                now=parts().now(),
            )
            audit(session, Action.CHANGE, subject=f"register:{register_id}", details={"member": member_id})
    except (Conflict, InvalidInput) as error:
        flash(_(error.detail), "warning")
    else:
        flash(_("The person has left the register. The reason is kept."), "success")
    return redirect(_page(register_id), 303)


@pages.post("/key-patients/<int:patient_id>")
@allow(WITH_PATIENTS)
def set_key_patient(patient_id: int) -> Response:
    """Make somebody a key patient by hand, or no longer one."""
    try:
        with writing() as session:
            service.set_key_patient(
                session,
                patient_id,
                is_key=request.form.get("key") == "1",
                reason=request.form.get("reason", ""),
                by=signed_in().username,
                now=parts().now(),
            )
            audit(session, Action.CHANGE, patient_id=patient_id, subject=f"flag:{KEY_PATIENT}")
    except InvalidInput as error:
        flash(_(error.detail), "warning")
    return redirect(url_for("patients.show_patient", patient_id=patient_id), 303)


def _page(register_id: int) -> str:
    return url_for(".show_register", register_id=register_id)


def _preview(session: Session, register_id: int, rule: SegmentRule | None) -> service.Preview | None:
    if rule is None:
        return None
    return service.preview(session, register_id, rule, now=parts().now(), zone=parts().settings.timezone)


def _save(register_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    errors: dict[str, str] = {}
    with reading() as session:
        register = service.get_register(session, register_id) if register_id is not None else None
        draft = draft_in(session, form)
    try:
        rule = read_rule(draft) if draft["root"]["parts"] else None
        data = service.RegisterData(
            name=form.get("name", ""),
            description=form.get("description", ""),
            rule=rule,
            flag=KEY_PATIENT if form.get("flag") == KEY_PATIENT else None,
            is_active=form.get("is_active") == "1",
        )
        with writing() as session:
            saved = service.save_register(session, register_id, data, by=signed_in().username, now=parts().now())
            register_id = saved.id
    except (InvalidInput, Conflict) as error:
        place = str(error.fields.get("field", "rule"))
        errors[place if place in ("name", "flag") else "rule"] = _(error.detail)
        with reading() as session:
            return _form(session, register, form.to_dict(), draft, errors), 422
    flash(_("The register was saved. Nobody was put on it yet: look below at what its rule would add."), "success")
    return redirect(_page(register_id), 303)


def _form(
    session: Session, register: Register | None, form: dict[str, str], draft: Draft, errors: dict[str, str]
) -> str:
    return render_template(
        "registers/edit.html",
        register=register,
        form=form,
        errors=errors,
        flags=[("", _(N_("None"))), (KEY_PATIENT, _(N_("Key patient")))],
        **editor_values(session, draft, only=RULE_KINDS),
    )


def _rights() -> dict[str, Any]:
    may_write = viewer().grant(Module.CLINICAL).can_write
    return {"may_write": may_write, "may_define": may_write and signed_in().role in _MAY_DEFINE}
