"""The blueprint that the modules here hang their views on, and their link in /admin."""

from flask import Blueprint

from app.accounts.rules import Role
from app.configuration.menu import AdminLink, add_links
from app.texts import N_

ADMINS = frozenset({Role.ADMIN})
pages = Blueprint("smsc_accounts", __name__, template_folder="../templates")
add_links(AdminLink(path="/admin/sms", title=N_("SMS centres"), icon="broadcast", place=30))
