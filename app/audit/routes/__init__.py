"""Pages and API of the audit log."""

from app.audit.routes.api import api
from app.audit.routes.pages import pages

__all__ = ["api", "pages"]
