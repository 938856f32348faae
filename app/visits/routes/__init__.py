"""Pages and API of the clinical history."""

from app.visits.routes.api import api
from app.visits.routes.pages import pages
from app.visits.routes.sections import register_own

register_own()

__all__ = ["api", "pages"]
