"""The blueprint that the modules here hang their views on, and their links in /admin."""

from flask import Blueprint

from app.accounts.rules import Role
from app.configuration.menu import AdminLink, add_links
from app.texts import N_

ADMINS = frozenset({Role.ADMIN})
pages = Blueprint("organisation", __name__, template_folder="../templates")
add_links(
    AdminLink(path="/admin/staff", title=N_("Staff"), icon="person-badge", place=10),
    AdminLink(path="/admin/departments", title=N_("Departments"), icon="diagram-3", place=20),
)
