"""/admin: its frame, the settings, the fields of the hospital's own, and taking all of it along as a file."""

from app.configuration.routes import exchange, fields, settings
from app.configuration.routes.blueprint import pages

__all__ = ["exchange", "fields", "pages", "settings"]
