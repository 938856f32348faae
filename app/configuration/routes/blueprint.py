"""The frame of /admin. Templates of other rooms extend admin/layout.html and add their link to the menu."""

from flask import Blueprint, Flask, redirect
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from app.accounts.rules import Role
from app.configuration.menu import AdminLink, add_links, links_for
from app.http import allow, signed_in
from app.texts import N_

ADMINS = frozenset({Role.ADMIN})
pages = Blueprint("configuration", __name__, template_folder="../templates", url_prefix="/admin")

add_links(
    AdminLink(path="/admin/settings", title=N_("Settings"), icon="sliders", place=50),
    AdminLink(path="/admin/fields", title=N_("Fields of your own"), icon="input-cursor-text", place=45),
    AdminLink(path="/admin/exchange", title=N_("Export and import"), icon="arrow-left-right", place=90),
)


@pages.get("")
@allow(ADMINS)
def show_admin() -> Response:
    """The first part of the administration."""
    return redirect(_parts()[0].path)


def _parts() -> list[AdminLink]:
    return links_for(signed_in().role)


@pages.record_once
def _give_templates_the_menu(state: BlueprintSetupState) -> None:
    app = state.app
    assert isinstance(app, Flask)
    app.jinja_env.globals["admin_parts"] = _parts
