"""The settings, each with its default, limits and history."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration import service
from app.configuration.forms import errors_of
from app.configuration.routes.blueprint import ADMINS, pages
from app.configuration.rules import BY_NAME, GROUP_TITLES, read_value
from app.errors import InvalidInput, NotFound
from app.http import allow, audit, parts, reading, signed_in, writing


@pages.get("/settings")
@allow(ADMINS)
def show_settings() -> str:
    return _show({})


@pages.post("/settings/<name>")
@allow(ADMINS)
def save_setting(name: str) -> Response | tuple[str, int]:
    """Set one setting; every process follows at its next use."""
    key = BY_NAME.get(name)
    if key is None:
        raise NotFound(_("There is no such setting."))
    try:
        with writing() as session:
            new = read_value(key, request.form.get("value", ""))
            if service.set_value(session, key, new, by=signed_in().username, now=parts().now()):
                audit(session, Action.SETTING, subject=f"setting:{name}")
    except InvalidInput as error:
        return _show(errors_of(error)), 422
    flash(_("Saved. It holds from now on."), "success")
    return redirect(url_for("configuration.show_settings", _anchor=name))


@pages.post("/settings/changes/<int:change_id>/undo")
@allow(ADMINS)
def undo_change(change_id: int) -> Response:
    """Set a setting to what it was before that change."""
    with writing() as session:
        key = service.set_back(session, change_id, by=signed_in().username, now=parts().now())
        audit(session, Action.SETTING, subject=f"setting:{key.name}", details={"undone": change_id})
    flash(_("Set back."), "success")
    return redirect(url_for("configuration.show_settings", _anchor=key.name))


def _show(errors: dict[str, str]) -> str:
    with reading() as session:
        settings = service.all_settings(session)
    groups = [
        (_(title), [setting for setting in settings if setting.key.group is group])
        for group, title in GROUP_TITLES.items()
    ]
    return render_template("configuration/settings.html", groups=groups, errors=errors)
