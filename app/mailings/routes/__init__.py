"""Birthdays, envelopes, gifts and letters for people."""

from app.mailings.routes import birthdays, envelopes, record
from app.mailings.routes.pages import pages

__all__ = ["birthdays", "envelopes", "pages", "record"]
