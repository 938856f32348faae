"""What one operator means by its error codes."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, writing
from app.smsc_accounts import service
from app.smsc_accounts.routes.blueprint import ADMINS, pages
from app.smsc_accounts.routes.labels import class_words


@pages.get("/admin/sms/errors/new")
@allow(ADMINS)
def show_new_table() -> str:
    return _form(None, {}, {})


@pages.post("/admin/sms/errors/new")
@allow(ADMINS)
def add_table() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/admin/sms/errors/<int:table_id>")
@allow(ADMINS)
def show_table(table_id: int) -> str:
    with reading() as session:
        table = service.get_error_table(session, table_id)
    return _form(table_id, {"name": table.name, "error_classes": service.written(table.classes)}, {})


@pages.post("/admin/sms/errors/<int:table_id>")
@allow(ADMINS)
def save_table(table_id: int) -> Response | tuple[str, int]:
    """The gateway judges by the new classes within seconds."""
    return _save(table_id)


@pages.post("/admin/sms/errors/<int:table_id>/remove")
@allow(ADMINS)
def remove_table(table_id: int) -> Response | tuple[str, int]:
    try:
        with writing() as session:
            table = service.get_error_table(session, table_id)
            typed = {"name": table.name, "error_classes": service.written(table.classes)}
            service.remove_error_table(session, parts().bus, table_id)
            audit(session, Action.SETTING, subject=f"smsc_error_table:{table_id}", details={"change": "removed"})
    except Conflict as error:
        return _form(table_id, typed, errors_of(error)), 409
    flash(_("The table is gone."), "success")
    return redirect(url_for("smsc_accounts.show_accounts"), 303)


def _save(table_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    try:
        with writing() as session:
            table = service.save_error_table(
                session, parts().bus, table_id, form.get("name", ""), form.get("error_classes", "")
            )
            audit(session, Action.SETTING, subject=f"smsc_error_table:{table.id}", details={"change": "saved"})
    except (InvalidInput, Conflict) as error:
        return _form(table_id, form, errors_of(error)), 422
    flash(_("Saved. The gateway takes it over within seconds."), "success")
    return redirect(url_for("smsc_accounts.show_accounts"), 303)


def _form(table_id: int | None, typed: Mapping[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "smsc_accounts/error_table.html", table_id=table_id, typed=typed, errors=errors, classes=class_words()
    )
