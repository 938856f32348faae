"""Pages and API of duplicates, and their part of the patient page."""

from app.duplicates.routes import section  # noqa: F401
from app.duplicates.routes.api import api
from app.duplicates.routes.pages import pages

__all__ = ["api", "pages"]
